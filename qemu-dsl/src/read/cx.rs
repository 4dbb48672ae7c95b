//! What the reading of a statement has at hand.

use std::borrow::Cow;

use super::params::{Filled, Params};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::ids::Ids;
use crate::model::{Facts, Flaws};
use crate::qemu::changes::Change;
use crate::qemu::deviation;
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
    pub(crate) facts: Facts,
    /// What is wrong with it so far.
    pub(crate) flaws: Flaws,
    pub(super) params: &'a Params,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

/// A value with its holes filled.
pub(crate) struct Resolved<'a> {
    pub(crate) text: Cow<'a, str>,
    /// The holes in it.
    pub(crate) holes: Vec<Filled<'a>>,
}

impl<'a> Cx<'a> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The text of a value, its holes filled. `None` where an error has been reported.
    pub(crate) fn resolve<'v>(&mut self, value: &'v Value<'_>) -> Option<Resolved<'v>>
    where
        'a: 'v,
    {
        let resolved = match &value.form {
            ValueForm::Broken => return None,
            ValueForm::Bare(text) => Resolved { text: Cow::Borrowed(*text), holes: Vec::new() },
            ValueForm::Text(text) => Resolved { text: Cow::Borrowed(text), holes: Vec::new() },
            ValueForm::Parts(parts) => {
                let text = self.params.join(parts, self.diagnostics)?;
                let holes = parts.iter().filter_map(|part| match part {
                    Part::Hole(hole) => self.params.fill(*hole, &mut Vec::new()),
                    Part::Text(_) => None,
                });
                Resolved { text: Cow::Owned(text), holes: holes.collect() }
            }
            ValueForm::Hole(hole) => {
                let filled = self.params.fill(*hole, self.diagnostics)?;
                Resolved { text: Cow::Owned(filled.value.to_owned()), holes: vec![filled] }
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
        if let Some(diagnostic) = deviation(change, value, span, self.target) {
            self.report(diagnostic);
        }
    }
}
