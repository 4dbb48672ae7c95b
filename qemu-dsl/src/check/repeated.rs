//! Properties that a text sets twice: by QEMU's own name, and by the option of a statement, which calls them otherwise.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Hardware;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for option in hardware.options.iter().filter(|option| !option.is_arg) {
        for (property, name) in option.written_names() {
            let own = option.named().find_map(|(other, own)| {
                own.written.filter(|written| other == property && written.name.is_none())
            });
            let value = option.get(property).and_then(|value| value.written).map(|written| written.value);
            if let Some(own) = own {
                diagnostics.push(
                    Diagnostic::error(Code::RepeatedOption, format!("`{property}` is set twice"))
                        .label(name, "by QEMU's own name")
                        .label(own.value, "by the statement's option")
                        .help(Remedy::new("leave out one of them").remove(name.to(value.unwrap_or(name)))),
                );
            }
        }
    }
}
