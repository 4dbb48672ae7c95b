//! Whether memory is locked: one statement says it.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Hardware, QemuOption};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let says_it = |option: &&QemuOption<'_>| {
        !option.is_arg
            && matches!(option.name, "overcommit" | "realtime")
            && ["mem-lock", "mlock"].into_iter().any(|name| option.mentions(name))
    };
    let mut statements =
        hardware.options.iter().filter(says_it).filter_map(|option| hardware.entry(option.statement));
    if let (Some(first), Some(second)) = (statements.next(), statements.next()) {
        // They differ: each of the two statements stands but once.
        let old =
            [first, second].into_iter().find(|entry| entry.spec.keyword == "realtime").unwrap_or(second);
        diagnostics.push(
            Diagnostic::error(
                Code::ExclusiveOptions,
                "`realtime` and `overcommit` both say whether memory is locked",
            )
            .label(second.head, "this")
            .label(first.head, "and this")
            .help(Remedy::new("leave out `realtime`").remove(old.span)),
        );
    }
}
