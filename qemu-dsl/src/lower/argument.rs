//! What statements print: options as lists of names and values, and how QEMU's arguments have them.

use crate::Span;
use crate::plan::optlist;
use crate::plan::{Arg, Piece};
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

pub(super) fn piece(text: &str) -> Piece {
    Piece::Text(text.to_owned().into())
}

/// An option's values as its argument has them.
fn list(items: Vec<Item>) -> Vec<Piece> {
    optlist::write(items.into_iter().map(|item| (item.name, item.value)))
}
