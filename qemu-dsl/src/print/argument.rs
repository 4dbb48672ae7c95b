//! What statements print: options as lists of names and values.

use std::borrow::Cow;

use super::Pieces;
use crate::Span;
use crate::model::Open;
use crate::plan::optlist::Escape;
use crate::plan::{Piece, When};
use crate::table::Section;

/// What stands before the number of a set of file descriptors where QEMU takes it for a file.
pub(crate) const FD_SETS: &str = "/dev/fdset/";

/// What a statement prints at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Argument {
    /// The number of the statement.
    pub(crate) statement: usize,
    pub(crate) section: Section,
    pub(crate) span: Span,
    /// The shape of its statement that it belongs to, if not to all.
    pub(crate) when: Option<When>,
    pub(crate) printed: Printed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Printed {
    /// An argument of its own.
    Word(Vec<Piece>),
    /// An option and the list of its values.
    Option { flag: Cow<'static, str>, escape: Escape, items: Vec<Item> },
}

/// A value in an option's list, not escaped, and its name. The first may have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) value: Pieces,
    /// The blank of the value, if that comes later.
    pub(crate) late: Option<Late>,
    /// Where the text says so, if it does.
    pub(crate) written: Option<Written>,
}

/// The blank of a value that comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Late {
    pub(crate) blank: u32,
    /// Whether there may be none: then the item is left out.
    optional: bool,
}

impl From<Open> for Late {
    fn from(open: Open) -> Self {
        Self { blank: open.blank, optional: open.optional }
    }
}

/// Where the text has an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Its name. What a statement calls otherwise than QEMU has none.
    pub(crate) name: Option<Span>,
    pub(crate) value: Span,
}

impl Item {
    /// The value, where it is a text and nothing else.
    pub(crate) fn plain(&self) -> &str {
        match &*self.value {
            [Piece::Text(text)] => text,
            _ => "",
        }
    }

    /// The blank without whose value it isn't there.
    pub(crate) fn given(&self) -> Option<u32> {
        self.late.filter(|late| late.optional).map(|late| late.blank)
    }

    /// Where the text has the value, if that comes later.
    pub(crate) fn late_span(&self) -> Option<Span> {
        self.late.and(self.written).map(|written| written.value)
    }
}

pub(crate) fn piece(text: impl Into<Cow<'static, str>>) -> Piece {
    Piece::Text(text.into())
}
