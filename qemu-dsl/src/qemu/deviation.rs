//! What came or went with a version of QEMU.

use super::changes::Change;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::{Span, Version};

/// What there is to say about something that came or went with a version, where the target is `target`. `value` is what it is
/// set to.
pub(crate) fn deviation(
    change: &Change,
    value: Option<&str>,
    span: Span,
    target: Version,
) -> Option<Diagnostic> {
    let what = change.what.trim_end_matches(',');
    let help = (!change.instead.is_empty()).then_some(change.instead);
    if let (Some(becomes), Some(deprecated)) = (change.becomes, change.deprecated)
        && deprecated <= target
    {
        return Some(
            Diagnostic::warning(Code::Deprecated, format!("{what} is deprecated since QEMU {deprecated}"))
                .at(span)
                .help(format!("the output says `{becomes}`: write that")),
        );
    }
    if let (true, Some(removed)) = (change.is_removed(target), change.removed) {
        return Some(if value.is_some() && value == change.default {
            Diagnostic::advice(Code::Removed, format!("{what} is left out: QEMU {removed} removed it"))
                .at(span)
                .help("it says what is the default there, and can be taken out of the text")
        } else {
            Diagnostic::error(
                Code::Removed,
                format!("QEMU {target} no longer has {what} (removed in {removed})"),
            )
            .at(span)
            .maybe_help(help)
        });
    }
    if let (true, Some(deprecated)) = (change.is_deprecated(target), change.deprecated) {
        return Some(
            Diagnostic::warning(Code::Deprecated, format!("{what} is deprecated since QEMU {deprecated}"))
                .at(span)
                .maybe_help(help),
        );
    }
    match change.since {
        Some(since) if since > target => Some(
            Diagnostic::error(Code::NotYet, format!("QEMU {target} has no {what} yet (since {since})"))
                .at(span)
                .help(format!("leave it out, or write `target {since}` or newer")),
        ),
        _ => None,
    }
}
