//! Options as QEMU's arguments.

use crate::plan::optlist::{self, Escape};
use crate::plan::{Arg, Piece};
use crate::print::{Argument, Item, Printed, piece};

/// The arguments for what a statement prints at once.
pub(super) fn print(argument: Argument) -> impl Iterator<Item = Arg> {
    let span = argument.span;
    let texts = match argument.printed {
        Printed::Word(text) => [Some(text), None],
        Printed::Option { flag, escape, items } => [Some(vec![piece(flag)]), Some(list(escape, items))],
    };
    texts.into_iter().flatten().map(move |text| Arg { text: text.into(), span })
}

/// An option's values as its argument has them.
fn list(escape: Escape, items: Vec<Item>) -> Vec<Piece> {
    optlist::write(escape, items.into_iter().map(|item| (item.name, item.value)))
}
