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
use crate::{Span, Target};

/// What the reading of a statement has at hand.
pub(crate) struct Cx<'a> {
    pub(crate) source: &'a str,
    pub(crate) table: Table,
    pub(crate) target: Target,
    /// Whether these are devices for a guest that runs, not a VM.
    pub(crate) is_fragment: bool,
    pub(crate) ids: Ids,
    pub(crate) facts: Facts,
    /// What is wrong with it so far.
    pub(crate) flaws: Flaws,
    /// Whether a value comes later on which hangs what the VM consists of.
    pub(crate) shape_is_open: bool,
    pub(super) params: &'a Params,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

/// A value with its holes filled.
pub(crate) enum Resolved<'a> {
    Known {
        text: Cow<'a, str>,
        /// The holes in it.
        holes: Vec<Filled<'a>>,
    },
    /// A parameter in it has no value yet.
    Open,
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
        let (text, holes) = match &value.form {
            ValueForm::Broken => return None,
            ValueForm::Bare(text) => (Cow::Borrowed(*text), Vec::new()),
            ValueForm::Text(text) => (Cow::Borrowed(&**text), Vec::new()),
            ValueForm::Parts(parts) => {
                let Some(text) = self.params.join(parts, self.diagnostics)? else {
                    return Some(Resolved::Open);
                };
                let holes = parts.iter().filter_map(|part| match part {
                    Part::Hole(hole) => self.params.fill(*hole, &mut Vec::new())?,
                    Part::Text(_) => None,
                });
                (Cow::Owned(text), holes.collect())
            }
            ValueForm::Hole(hole) => {
                let Some(filled) = self.params.fill(*hole, self.diagnostics)? else {
                    return Some(Resolved::Open);
                };
                (Cow::Owned(filled.value.to_owned()), vec![filled])
            }
        };
        if text.contains('\0') {
            self.report(
                Diagnostic::error(Code::Inexpressible, "no argument of a program can contain a zero byte")
                    .at(value.span)
                    .help("leave it out"),
            );
            return None;
        }
        Some(Resolved::Known { text, holes })
    }

    /// The source's own text.
    pub(crate) fn source_of(&self, span: Option<Span>) -> &str {
        span.and_then(|span| self.source.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// Reports what the target makes of something that came or went. `value` is what it is set to.
    pub(crate) fn version(&mut self, change: &Change, value: Option<&str>, span: Span) {
        if let Some(diagnostic) = deviation(change, value, span, self.target.version) {
            self.report(diagnostic);
        }
    }
}
