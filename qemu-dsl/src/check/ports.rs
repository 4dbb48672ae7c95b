//! Ports of the host that are forwarded to the guest: each once.

use crate::bind::Sort;
use crate::diagnostic::Diagnostic;
use crate::hardware::Hardware;
use crate::value::Forwarded;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: Vec<(Forwarded, crate::Span)> = Vec::new();
    for network in hardware.all("netdev").chain(hardware.all("nic")) {
        let head = hardware.head(network.statement);
        let rules = network.named().filter(|(name, _)| *name == "hostfwd");
        for (_, rule) in rules {
            let Some(forwarded) = Forwarded::of(rule.text) else { continue };
            let span = rule.span_or(head);
            match seen.iter().find(|(other, _)| other.collides(forwarded)) {
                Some((_, first)) => {
                    let (code, message, help) = Sort::HostPort.twice(rule.text);
                    diagnostics.push(
                        Diagnostic::error(code, message)
                            .label(span, "again here")
                            .label(*first, "first here")
                            .help(help),
                    );
                }
                None => seen.push((forwarded, span)),
            }
        }
    }
}
