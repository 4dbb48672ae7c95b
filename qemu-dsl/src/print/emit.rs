//! Values that can stand in an argument.

use std::fmt::Display;

use crate::Span;
use crate::model::Val;
use crate::model::ids::Id;
use crate::plan::optlist::{append, append_own};
use crate::plan::{Piece, Text};
use crate::source::Node;
use crate::value::Path;

/// A value that can stand in an argument.
pub(crate) trait Emit {
    /// Appends the value as it is, not escaped. Whether there is one.
    fn emit(&self, text: &mut Vec<Piece>) -> bool;

    /// Where the text has it, if it does.
    fn span(&self) -> Option<Span> {
        None
    }

    /// Whether the value comes later. Then nothing stands in for it, and nothing is printed in the end.
    fn is_open(&self) -> bool {
        false
    }
}

impl<T> Emit for Val<T>
where
    Node<T>: Emit,
{
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        self.known().is_none_or(|value| value.emit(text))
    }

    fn span(&self) -> Option<Span> {
        Some(self.span())
    }

    fn is_open(&self) -> bool {
        self.known().is_none()
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

    fn is_open(&self) -> bool {
        self.as_ref().is_some_and(Emit::is_open)
    }
}

impl<T: Emit + ?Sized> Emit for &T {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        (**self).emit(text)
    }

    fn span(&self) -> Option<Span> {
        (**self).span()
    }

    fn is_open(&self) -> bool {
        (**self).is_open()
    }
}

impl<K> Emit for Id<K> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        match self.slot {
            Some(slot) => {
                text.push(Piece::Id(slot));
                true
            }
            None => self.name.emit(text),
        }
    }

    fn span(&self) -> Option<Span> {
        self.slot.is_none().then_some(self.name.span())
    }

    fn is_open(&self) -> bool {
        self.name.is_open()
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

/// A file's path in an option that would take `x:` at its beginning for a protocol.
pub(crate) struct FilePath<'p>(pub(crate) &'p Val<Path>);

impl FilePath<'_> {
    /// Whether QEMU would read the path as a protocol and its address.
    pub(crate) fn has_protocol(&self) -> bool {
        self.0.known().and_then(|path| path.0.split('/').next()).is_some_and(|first| first.contains(':'))
    }
}

impl Emit for FilePath<'_> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        if self.has_protocol() {
            append(text, "./");
        }
        self.0.emit(text)
    }

    fn span(&self) -> Option<Span> {
        Some(self.0.span())
    }

    fn is_open(&self) -> bool {
        self.0.is_open()
    }
}

/// A value as a text of its own.
pub(crate) fn text(value: &dyn Emit) -> Text {
    let mut text = Vec::new();
    value.emit(&mut text);
    text.into()
}
