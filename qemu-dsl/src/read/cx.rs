//! What the reading of a statement has at hand.

use std::borrow::Cow;

use super::params::{Fill, Filled, Params, Scope, Text};
use crate::diagnostic::Diagnostic;
use crate::model::ids::Ids;
use crate::model::{Blank, Blanks, Extent, Flaws, Open, OpenPart, Rounds, State, States};
use crate::qemu::changes::Change;
use crate::qemu::deviation;
use crate::syntax::{Part, Value, ValueForm};
use crate::table::Table;
use crate::value::{Kind, Refusal};
use crate::{Span, Target};

/// What the reading of a statement has at hand.
pub(crate) struct Cx<'a> {
    pub(crate) source: &'a str,
    pub(crate) table: Table,
    pub(crate) target: Target,
    pub(super) extent: Extent,
    pub(crate) ids: Ids,
    /// What is wrong with it so far.
    pub(crate) flaws: Flaws,
    /// Whether a value comes later on which hangs what the VM consists of.
    pub(crate) shape_is_open: bool,
    pub(crate) blanks: Blanks,
    pub(super) rounds: &'a Rounds,
    /// The round that is read.
    pub(crate) round: u32,
    /// What is taken for values that come later.
    pub(super) states: &'a States,
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
    /// It comes later.
    Open(Vec<OpenPart>),
    /// There is none, as if the option had not been written.
    Absent,
}

impl<'a> Cx<'a> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Goes on with a step, in a round.
    pub(super) fn enter(&mut self, step: usize, round: u32) {
        self.round = round;
        self.ids.step = step;
        self.ids.round = round;
        self.ids.block = self.rounds.block(round);
    }

    /// The text of a value, its holes filled. `None` where an error has been reported.
    pub(crate) fn resolve<'v>(&mut self, value: &'v Value<'_>) -> Option<Resolved<'v>>
    where
        'a: 'v,
    {
        let scope = self.scope();
        let (text, holes) = match &value.form {
            ValueForm::Broken => return None,
            ValueForm::Bare(text) => (Cow::Borrowed(*text), Vec::new()),
            ValueForm::Text(text) => (Cow::Borrowed(&**text), Vec::new()),
            ValueForm::Parts(parts) => {
                let text = match self.params.join(parts, scope, self.diagnostics)? {
                    Text::Known(text) => text,
                    Text::Open(parts) => return Some(Resolved::Open(parts)),
                };
                let holes = parts.iter().filter_map(|part| match part {
                    Part::Hole(hole) => match self.params.fill(*hole, scope, &mut Vec::new())? {
                        Fill::Known(filled) => Some(filled),
                        Fill::Open(_) | Fill::Absent => None,
                    },
                    Part::Text(_) => None,
                });
                (text, holes.collect())
            }
            ValueForm::Hole(hole) => match self.params.fill(*hole, scope, self.diagnostics)? {
                Fill::Known(filled) => (Cow::Owned(filled.value.to_owned()), vec![filled]),
                Fill::Open(parts) => return Some(Resolved::Open(parts)),
                Fill::Absent => return Some(Resolved::Absent),
            },
        };
        if text.contains('\0') {
            let (code, message, help) = Refusal::zero_byte().say("", "", false, "");
            self.report(Diagnostic::error(code, message).at(value.span).help(help.unwrap_or_default()));
            return None;
        }
        Some(Resolved::Known { text, holes })
    }

    fn scope(&self) -> Scope<'a> {
        Scope { rounds: Some(self.rounds), round: self.round }
    }

    /// What is taken for the value at `span`, if it comes later.
    pub(super) fn state(&self, span: Span) -> Option<State> {
        self.states.get(&self.blanks.at(self.round, span)?).copied()
    }

    /// Whether there is no value, and need be none.
    pub(super) fn is_absent(&self, value: &Value<'_>) -> bool {
        self.params.is_absent(value, self.scope())
    }

    /// A value that comes later: the option's name, and whether it says how something is called.
    pub(super) fn open(
        &mut self,
        parts: Vec<OpenPart>,
        kind: Kind,
        (name, is_id): (&str, bool),
        optional: bool,
        span: Span,
    ) -> Open {
        // Of a text with holes in it there always is some.
        let optional = optional && matches!(parts.as_slice(), [OpenPart::Hole { .. }]);
        let name = format!("`{name}`");
        let blank = self.blanks.number(Blank {
            kind,
            parts,
            name,
            optional,
            is_id,
            span,
            step: self.ids.step,
            round: self.round,
        });
        let is_fixed = matches!(self.states.get(&blank), Some(State::Present));
        Open { span, blank, optional: optional && !is_fixed }
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

/// Whether an option of this name says how something is called, or by which number others know it.
pub(super) fn names_an_id(option: &str) -> bool {
    matches!(option, "id" | "chardev" | "memdev" | "node-name" | "backend" | "chassis")
}
