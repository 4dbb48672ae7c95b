//! What is done where nobody resets a watchdog: one thing for all of them, the last that QEMU is told.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Hardware, QemuOption};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let said = |option: &QemuOption<'_>| match option.name {
        "watchdog-action" => Some(option.first()?.span_or(hardware.head(option.statement))),
        _ => Some(option.get("watchdog")?.span_or(hardware.head(option.statement))),
    };
    let options =
        hardware.options.iter().filter(|option| matches!(option.name, "watchdog-action" | "action"));
    let mut actions = options.filter_map(said);
    if let (Some(first), Some(again)) = (actions.next(), actions.next()) {
        diagnostics.push(
            Diagnostic::error(Code::ExclusiveOptions, "all watchdogs have one action in common")
                .label(again, "again here")
                .label(first, "first here")
                .help(Remedy::new("leave out one of them")),
        );
    }
}
