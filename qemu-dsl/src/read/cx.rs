//! What the reading of a statement has at hand.

use std::borrow::Cow;

use super::params::Params;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::ids::{BusUse, Definition, Ids, Provides, Reference, Space};
use crate::model::{Flaws, Placement};
use crate::qemu::changes::Change;
use crate::source::Node;
use crate::syntax::{Part, Value, ValueForm};
use crate::table::Table;
use crate::{Span, Version};

/// What the reading of a statement has at hand.
pub(crate) struct Cx<'a> {
    pub(crate) source: &'a str,
    pub(crate) table: Table,
    pub(crate) target: Version,
    /// Whether these are devices for a guest that runs, not a VM.
    pub(crate) is_fragment: bool,
    pub(crate) ids: Ids,
    pub(crate) placements: Vec<Placement>,
    /// The VM's name.
    pub(crate) name: Option<String>,
    /// The number of the statement that is being read.
    pub(crate) statement: usize,
    /// What is wrong with it so far.
    pub(crate) flaws: Flaws,
    /// Whether a reserved word has just been reported: `for x in y` is one mistake.
    pub(super) after_reserved: bool,
    pub(super) params: &'a Params,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

/// A value with its holes filled.
pub(crate) struct Resolved<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Where the parameter is declared that the whole value comes from.
    pub(crate) declared: Option<Span>,
}

impl Cx<'_> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The text of a value, its holes filled. `None` where an error has been reported.
    pub(crate) fn resolve<'v>(&mut self, value: &'v Value<'_>) -> Option<Resolved<'v>> {
        let resolved = match &value.form {
            ValueForm::Broken => return None,
            ValueForm::Bare(text) => Resolved { text: Cow::Borrowed(*text), declared: None },
            ValueForm::Quoted(parts) => match parts.as_slice() {
                [] => Resolved { text: Cow::Borrowed(""), declared: None },
                [Part::Text(text)] => Resolved { text: Cow::Borrowed(text), declared: None },
                _ => {
                    Resolved { text: Cow::Owned(self.params.join(parts, self.diagnostics)?), declared: None }
                }
            },
            ValueForm::Hole(hole) => {
                let filled = self.params.fill(*hole, self.diagnostics)?;
                Resolved { text: Cow::Owned(filled.value.to_owned()), declared: Some(filled.declared) }
            }
        };
        if resolved.text.contains('\0') {
            self.report(
                Diagnostic::error(Code::Inexpressible, "no argument of a program can contain a zero byte")
                    .at(value.span)
                    .help("leave it out"),
            );
            return None;
        }
        Some(resolved)
    }

    /// The source's own text.
    pub(crate) fn source_of(&self, span: Option<Span>) -> &str {
        span.and_then(|span| self.source.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// Reports what the target makes of something that came or went. `value` is what it is set to.
    pub(crate) fn version(&mut self, change: &Change, value: Option<&str>, span: Span) {
        if let Some(diagnostic) = version_diagnostic(change, value, span, self.target) {
            self.report(diagnostic);
        }
    }

    /// Tells of an id. `in_use` says that the statement itself uses what it defines.
    pub(crate) fn define(
        &mut self,
        space: Space,
        name: String,
        span: Span,
        provides: Provides,
        in_use: bool,
    ) {
        let statement = self.statement;
        self.ids.definitions.push(Definition { space, name, span, statement, provides, in_use });
    }

    /// Tells that this device sits on a bus, which `wants` provides. Without a name it is the first of its sort.
    pub(crate) fn sit(&mut self, bus: Option<&Node<String>>, wants: Provides) {
        let statement = self.statement;
        match bus {
            Some(bus) => {
                self.ids.buses.push(BusUse { name: bus.value.clone(), span: bus.span, statement, wants });
            }
            None => self.ids.implicit.push((statement, wants)),
        }
    }

    /// Tells that this is a virtio-serial controller, on which a port sits that names no bus.
    pub(crate) fn control_serial(&mut self) {
        let statement = self.statement;
        self.ids.serial_controllers.push(statement);
    }

    pub(crate) fn refer(&mut self, space: Space, name: &Node<String>) {
        self.ids.references.push(Reference { space, name: name.value.clone(), span: name.span });
    }
}

fn version_diagnostic(
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
