//! What statements print: options as lists of names and values, and how QEMU's arguments have them.

use crate::Span;
use crate::plan::{Arg, Escape, Piece};
use crate::table::Section;

/// What stands before the number of a set of file descriptors where QEMU takes it for a file.
pub(crate) const FD_SETS: &str = "/dev/fdset/";

/// What a statement prints at once.
pub(super) struct Argument {
    pub(super) section: Section,
    pub(super) span: Span,
    pub(super) printed: Printed,
}

pub(super) enum Printed {
    /// An argument of its own.
    Word(Vec<Piece>),
    /// An option and the list of its values.
    Option { flag: &'static str, items: Vec<Item> },
}

/// A value in an option's list, not escaped, and its name. The first may have none.
pub(super) struct Item {
    pub(super) name: Option<String>,
    pub(super) value: Vec<Piece>,
}

impl Argument {
    pub(super) fn print(self) -> impl Iterator<Item = Arg> {
        let texts = match self.printed {
            Printed::Word(text) => [Some(text), None],
            Printed::Option { flag, items } => [Some(vec![piece(flag)]), Some(list(items))],
        };
        texts.into_iter().flatten().map(move |text| Arg { text: text.into(), span: self.span })
    }
}

/// An option's values as its argument has them.
pub(super) fn list(items: Vec<Item>) -> Vec<Piece> {
    let mut text = Vec::new();
    for Item { name, value } in items {
        if !text.is_empty() {
            append(&mut text, ",");
        }
        if let Some(name) = name {
            append(&mut text, &name);
            append(&mut text, "=");
        }
        for piece in value {
            match piece {
                Piece::Text(more) => append(&mut text, &Escape::Comma.apply(&more)),
                piece => text.push(piece),
            }
        }
    }
    text
}

pub(super) fn append(text: &mut Vec<Piece>, more: &str) {
    if let Some(Piece::Text(last)) = text.last_mut() {
        last.to_mut().push_str(more);
    } else {
        text.push(piece(more));
    }
}

pub(super) fn piece(text: &str) -> Piece {
    Piece::Text(text.to_owned().into())
}
