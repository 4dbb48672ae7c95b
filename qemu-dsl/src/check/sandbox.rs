//! What QEMU's own filter of system calls forbids, and another option makes it do.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy, Severity};
use crate::hardware::{Hardware, QemuOption, Value};
use crate::qemu::changes;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(sandbox) = hardware.all("sandbox").last() else { return };
    let is_denied = |name: &str| sandbox.get(name).filter(|value| value.text == "deny");
    let head = hardware.head(sandbox.statement);
    let user = hardware.all("runas").chain(hardware.all("run-with").filter(|option| option.mentions("user")));
    let elevate = sandbox.get("elevateprivileges").filter(|value| value.text != "allow");
    if let (Some(denied), Some(user)) = (elevate, user.last()) {
        let at = user.get("user").or_else(|| user.first()).map_or(head, |user| user.span_or(head));
        let help = Remedy::new("start QEMU as that user, or allow it: `elevateprivileges=allow`");
        let forbids = denied.span_or(head);
        diagnostics.push(
            Diagnostic::error(
                Code::ExclusiveOptions,
                format!("`elevateprivileges={}` forbids that QEMU becomes another user", denied.text),
            )
            .label(at, "another user")
            .label(forbids, "forbids that")
            .help(if sandbox.is_arg { help } else { help.replace(forbids, "allow") }),
        );
    }
    daemonize(sandbox, hardware, diagnostics);
    if let Some(spawn) = is_denied("spawn") {
        let forbids = spawn.span_or(head);
        for option in hardware.options {
            let Some((severity, at, what)) = starts_program(option, hardware) else { continue };
            let help = Remedy::new("allow it, `spawn=allow`, or do without that program");
            diagnostics.push(
                Diagnostic::new(severity, Code::ExclusiveOptions, format!("`spawn=deny` forbids {what}"))
                    .label(at, "starts a program")
                    .label(forbids, "forbids that")
                    .help(if sandbox.is_arg { help } else { help.replace(forbids, "allow") }),
            );
        }
    }
}

/// QEMU goes to the background by a process of its own, whose session it is: from 6.0 on the filter is there before.
fn daemonize(sandbox: &QemuOption<'_>, hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(daemonize) = hardware.all("daemonize").next() else { return };
    if !changes::SANDBOX_FIRST.is_in(hardware.vm.target.version) {
        return;
    }
    let head = hardware.head(sandbox.statement);
    for name in ["elevateprivileges", "spawn"] {
        let Some(denied) = sandbox.get(name).filter(|value| value.text != "allow") else { continue };
        let forbids = denied.span_or(head);
        let help = Remedy::new(format!("leave out `daemonize`, or allow it: `{name}=allow`"));
        let message = format!("`{name}={}` forbids that QEMU goes to the background", denied.text);
        diagnostics.push(
            Diagnostic::error(Code::ExclusiveOptions, message)
                .label(hardware.head(daemonize.statement), "to the background")
                .label(forbids, "forbids that")
                .help(if sandbox.is_arg { help } else { help.replace(forbids, "allow") }),
        );
    }
}

/// Where an option has QEMU start another program, and what that is. It is a warning where that is later than at the start.
fn starts_program(
    option: &QemuOption<'_>,
    hardware: &Hardware<'_>,
) -> Option<(Severity, Span, &'static str)> {
    let head = hardware.head(option.statement);
    let first = option.first()?;
    let at = |value: Value<'_>| value.span_or(head);
    match (option.name, first.text) {
        ("netdev", "bridge") => Some((Severity::Error, head, "QEMU's helper for bridges")),
        ("netdev", "passt") => Some((Severity::Error, head, "the program `passt`")),
        ("netdev", "tap") => {
            let is_given = ["fd", "fds"].into_iter().any(|name| option.mentions(name));
            let script = option.get("script");
            let runs = option.mentions("helper") || script.is_none_or(|script| script.text != "no");
            (runs && !is_given).then_some((Severity::Error, head, "the script that sets up the interface"))
        }
        ("netdev", "user") => {
            let smb = option.get("smb").map(at);
            let forward =
                || option.named().find(|(name, value)| *name == "guestfwd" && value.text.contains("-cmd:"));
            let at = smb.or_else(|| forward().map(|(_, value)| at(value)))?;
            Some((Severity::Warning, at, "what the guest's connections are to start"))
        }
        ("incoming", uri) if uri.starts_with("exec:") => Some((Severity::Error, at(first), "the command")),
        _ => None,
    }
}
