//! Files for the firmware and the guest: each has a name of its own.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Hardware;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = Vec::new();
    for file in hardware.all("fw_cfg") {
        let Some(name) = file.get("name").or_else(|| file.first()) else { continue };
        let at = name.span_or(hardware.head(file.statement));
        match seen.iter().find(|(other, _)| *other == name.text) {
            Some((_, first)) => diagnostics.push(
                Diagnostic::error(Code::DuplicateId, format!("`{}` is the name of another file", name.text))
                    .label(at, "again here")
                    .label(*first, "first here")
                    .help("give each a name of its own"),
            ),
            None => seen.push((name.text, at)),
        }
    }
}
