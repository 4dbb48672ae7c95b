//! Values that can stand in an argument.

use std::fmt::Display;

use crate::Span;
use crate::model::ids::{Backend, Id, Numbered};
use crate::model::{Open, Val};
use crate::plan::optlist::{self, Escape, append, append_own};
use crate::plan::{Number, Piece, Show, Text};
use crate::source::Node;

/// A value that can stand in an argument.
pub(crate) trait Emit {
    /// Appends the value as it is, not escaped. Whether there is one.
    fn emit(&self, text: &mut Vec<Piece>) -> bool;

    /// Where the text has it, if it does.
    fn span(&self) -> Option<Span> {
        None
    }

    /// The value, if it comes later.
    fn open(&self) -> Option<Open> {
        None
    }
}

impl<T> Emit for Val<T>
where
    Node<T>: Emit,
{
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        match self {
            Self::Known(value) => value.emit(text),
            Self::Open(open) => blank(*open, Show::Plain).emit(text),
        }
    }

    fn span(&self) -> Option<Span> {
        Some(self.span())
    }

    fn open(&self) -> Option<Open> {
        match self {
            Self::Known(_) => None,
            Self::Open(open) => Some(*open),
        }
    }
}

impl<T: Display> Emit for Node<T> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        Shown(&self.value).emit(text)
    }

    fn span(&self) -> Option<Span> {
        Some(self.span)
    }
}

impl<T: Emit> Emit for Option<T> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        self.as_ref().is_some_and(|value| value.emit(text))
    }

    fn span(&self) -> Option<Span> {
        self.as_ref()?.span()
    }

    fn open(&self) -> Option<Open> {
        self.as_ref()?.open()
    }
}

impl<T: Emit + ?Sized> Emit for &T {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        (**self).emit(text)
    }

    fn span(&self) -> Option<Span> {
        (**self).span()
    }

    fn open(&self) -> Option<Open> {
        (**self).open()
    }
}

impl<K> Emit for Id<K> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        match self.slot {
            Some(slot) => {
                optlist::push(text, Piece::Id(slot));
                true
            }
            None => self.name.emit(text),
        }
    }

    fn span(&self) -> Option<Span> {
        self.slot.is_none().then_some(self.name.span())
    }

    fn open(&self) -> Option<Open> {
        self.name.open()
    }
}

impl<T: Display> Emit for Numbered<T> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        match self.slot {
            Some(slot) => Piece::Id(slot).emit(text),
            None => self.given.emit(text),
        }
    }

    fn span(&self) -> Option<Span> {
        Emit::span(&self.given)
    }

    fn open(&self) -> Option<Open> {
        Emit::open(&self.given)
    }
}

impl<K> Emit for Backend<'_, K> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        match self {
            Self::Own(name) => name.emit(text),
            Self::OfDevice(id) => id.emit(text),
        }
    }

    fn span(&self) -> Option<Span> {
        match self {
            Self::Own(name) => Emit::span(*name),
            Self::OfDevice(id) => Emit::span(*id),
        }
    }

    fn open(&self) -> Option<Open> {
        match self {
            Self::Own(name) => Emit::open(*name),
            Self::OfDevice(id) => Emit::open(*id),
        }
    }
}

impl Emit for str {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        append(text, self);
        true
    }
}

impl Emit for String {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        self.as_str().emit(text)
    }
}

impl Emit for [Piece] {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        text.extend_from_slice(self);
        true
    }
}

impl Emit for Piece {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        [self.clone()].emit(text)
    }
}

/// Whatever can be displayed.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Display> Emit for Shown<T> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        append_own(text, self.0.to_string());
        true
    }
}

/// A value that is printed otherwise than it is written.
pub(crate) struct As<'v, T>(pub(crate) Show, pub(crate) &'v Val<T>);

impl<T: Display> Emit for As<'_, T> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        match self.1 {
            Val::Known(value) => self.0.text(&value.to_string()).emit(text),
            Val::Open(open) => blank(*open, self.0).emit(text),
        }
    }

    fn span(&self) -> Option<Span> {
        Some(self.1.span())
    }

    fn open(&self) -> Option<Open> {
        self.1.open()
    }
}

/// The place of a value that comes later. How it is escaped is said where it is printed.
fn blank(open: Open, show: Show) -> Piece {
    Piece::Blank { blank: open.blank, escape: Escape::Raw, show }
}

/// The number of a value, for a file descriptor's source.
pub(crate) fn number<T>(value: &Val<T>, of: impl FnOnce(&T) -> u64) -> Number {
    match value {
        Val::Known(value) => Number::Known(of(value)),
        Val::Open(open) => Number::Blank(open.blank),
    }
}

/// A value as a text of its own.
pub(crate) fn text(value: &dyn Emit) -> Text {
    let mut text = Vec::new();
    value.emit(&mut text);
    text.into()
}
