//! Values that come later: what each must be, and where it stands.

use std::collections::HashMap;

use crate::Span;
use crate::value::Kind;

/// A part of a text that comes later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpenPart {
    Text(String),
    /// A hole: its name, where it stands, and whether its value may be left away.
    Hole {
        name: String,
        span: Span,
        optional: bool,
    },
}

/// A value that comes later.
#[derive(Debug)]
pub(crate) struct Blank {
    pub(crate) kind: Kind,
    pub(crate) parts: Vec<OpenPart>,
    /// What a message calls it.
    pub(crate) name: String,
    /// Whether there may be none.
    pub(crate) optional: bool,
    pub(crate) is_id: bool,
    pub(crate) span: Span,
    /// The step of its statement, and the round in which that stands.
    pub(crate) step: usize,
    pub(crate) round: u32,
}

/// What is taken for a value that comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// That there is none, as if the option had not been written.
    Absent,
    /// That there is one.
    Present,
    /// That it is this word.
    Word(&'static str),
}

/// What is taken for the values of a statement, by number.
pub(crate) type States = HashMap<u32, State>;

/// The values of a text that come later. Each is told by its round and by where it stands, as a statement may be read
/// several times.
#[derive(Debug, Default)]
pub(crate) struct Blanks {
    all: Vec<Blank>,
    by_place: HashMap<(u32, u32), u32>,
}

impl Blanks {
    /// The number of a value, which is noted when it is read for the first time.
    pub(crate) fn number(&mut self, blank: Blank) -> u32 {
        *self.by_place.entry((blank.round, blank.span.start)).or_insert_with(|| {
            self.all.push(blank);
            self.all.len() as u32 - 1
        })
    }

    /// The number of the value that stands at `span` in a round.
    pub(crate) fn at(&self, round: u32, span: Span) -> Option<u32> {
        self.by_place.get(&(round, span.start)).copied()
    }

    /// Leaves out all but so many.
    pub(super) fn truncate(&mut self, blanks: usize) {
        self.all.truncate(blanks);
    }

    /// Says what a value must be, where that is found out later than where it is read.
    pub(crate) fn is_of(&mut self, number: u32, kind: Kind) {
        if let Some(blank) = self.all.get_mut(number as usize) {
            blank.kind = kind;
        }
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Blank> {
        self.all.get(number as usize)
    }

    /// Whether a value may be file descriptors of a program's.
    pub(crate) fn takes_fds(&self, number: u32) -> bool {
        self.get(number).is_some_and(|blank| matches!(blank.kind, Kind::Fd | Kind::Fds))
    }

    /// All of them, in the order of their numbers.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (u32, &Blank)> {
        self.all.iter().enumerate().map(|(number, blank)| (number as u32, blank))
    }

    /// Those of a step.
    pub(crate) fn of(&self, step: usize) -> Vec<u32> {
        self.iter().filter(|(_, blank)| blank.step == step).map(|(number, _)| number).collect()
    }
}
