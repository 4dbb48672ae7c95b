//! Files for the firmware and the guest: each has a name of its own.

use crate::bind::Sort;
use crate::diagnostic::Diagnostic;
use crate::hardware::Hardware;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = Vec::new();
    for file in hardware.all("fw_cfg") {
        let Some(name) = file.get("name").or_else(|| file.first()) else { continue };
        let at = name.span_or(hardware.head(file.statement));
        match seen.iter().find(|(other, _)| *other == name.text) {
            Some((_, first)) => {
                let (code, message, help) = Sort::File.twice(name.text);
                diagnostics.push(
                    Diagnostic::error(code, message)
                        .label(at, "again here")
                        .label(*first, "first here")
                        .help(help),
                );
            }
            None => seen.push((name.text, at)),
        }
    }
}
