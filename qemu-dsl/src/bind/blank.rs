//! Holes, and the places for their values.

use std::borrow::Cow;
use std::ffi::OsStr;

use crate::Span;
use crate::plan::Place;
use crate::plan::packed::packed;
use crate::value::Kind;

/// What a text has where a value comes later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// What stands between its braces: a parameter's name, or Rust.
    pub name: Cow<'static, str>,
    /// Where it stands, braces included.
    pub span: Span,
    /// Whether its value may be left away where it has a name.
    pub optional: bool,
    /// The number of the block in which it stands, from 1; 0 is the whole text.
    pub block: u32,
}

/// A part of a blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlankPart {
    /// Text that is known.
    Text(Cow<'static, str>),
    /// The value of this hole.
    Hole(u32),
}

/// A place in the output for a value that comes later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blank {
    /// What the value must be.
    pub kind: Kind,
    /// What it consists of.
    pub parts: Cow<'static, [BlankPart]>,
    /// What a message calls it: an option's name in backticks.
    pub name: Cow<'static, str>,
    /// Whether there may be none: the option is then as good as not written.
    pub optional: bool,
    /// Whether it is an id, which no generated one may be.
    pub is_id: bool,
    /// Where the text has it.
    pub span: Span,
    /// The number of the block in which it stands, from 1; 0 is the whole text.
    pub block: u32,
}

/// What the text says itself, and in which block: 0 is the whole text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// The text.
    pub text: Cow<'static, str>,
    /// The number of the block.
    pub block: u32,
}

packed! {
    struct Hole { name, span, optional, block }
    struct Written { text, block }
    enum BlankPart { Text(text), Hole(hole) }
    struct Blank { kind, parts, name, optional, is_id, span, block }
    struct Choice { blanks, refused, block }
    struct RefusedShape { shape, code, message, help }
}

impl Blank {
    /// The hole that is all of it.
    pub fn hole(&self) -> Option<u32> {
        match *self.parts {
            [BlankPart::Hole(hole)] => Some(hole),
            _ => None,
        }
    }

    /// The first hole in it.
    pub(super) fn first_hole<'h>(&self, holes: &'h [Hole]) -> Option<&'h Hole> {
        self.parts.iter().find_map(|part| match part {
            BlankPart::Hole(hole) => holes.get(*hole as usize),
            BlankPart::Text(_) => None,
        })
    }

    /// How many states a choice tells apart, where this is one of those that decide.
    pub(super) fn states(&self) -> u32 {
        let words = self.kind.words().map_or(1, Iterator::count) as u32;
        words + u32::from(self.optional)
    }

    /// Which of them it is in with this value.
    pub(super) fn state(&self, value: Option<&OsStr>) -> u32 {
        let Some(value) = value else { return self.states() - 1 };
        self.kind.words().and_then(|mut words| words.position(|word| value == word)).unwrap_or(0) as u32
    }
}

/// Shapes of a statement, of which the values of some blanks choose one. Its number is made of their states, the first
/// blank's counting most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The blanks that decide.
    pub blanks: Cow<'static, [u32]>,
    /// The shapes that are wrong, and why.
    pub refused: Cow<'static, [RefusedShape]>,
    /// The number of the block in which the statement stands, from 1; 0 is the whole text.
    pub block: u32,
}

/// A shape that a statement can't have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedShape {
    /// Its number.
    pub shape: u32,
    /// The code of the mistake.
    pub code: Cow<'static, str>,
    /// What is wrong.
    pub message: Cow<'static, str>,
    /// What to do about it.
    pub help: Cow<'static, str>,
}

/// The place of a hole.
pub(super) fn place_of<'p>(places: &'p [Place], hole: &Hole) -> Option<&'p Place> {
    places.iter().find(|place| place.span == hole.span)
}
