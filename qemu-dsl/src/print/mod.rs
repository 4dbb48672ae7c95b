//! What statements print into: options, as lists of names and values, of which each knows where the text says so.
//!
//! All that looks at a VM as a whole reads these options: `hardware` sees devices in them, the checks what is wrong,
//! `lower` writes them as arguments or as commands. So there is one way to say what a statement means.

mod argument;
mod emit;
mod lowering;
mod pieces;

use crate::Span;
use crate::model::{Entry, Vm};
use crate::plan::{FdSlot, Text, When};
use crate::table::Section;

pub(crate) use argument::{Argument, FD_SETS, Item, Printed, Written, piece};
pub(crate) use emit::{As, Emit, Shown, number, text};
pub(crate) use lowering::{Lowering, OptionArg, sides};
pub(crate) use pieces::Pieces;

/// What prints a statement.
pub(crate) type Print = fn(&Entry, &mut Lowering<'_>);

/// A file descriptor that a statement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The number of the statement.
    pub(crate) statement: usize,
    pub(crate) slot: FdSlot,
}

/// What all statements print, in the order of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// The program to run, where a statement names one.
    pub(crate) program: Option<Text>,
    pub(crate) arguments: Vec<Argument>,
    /// The file descriptors, in the order in which the statements ask for them.
    pub(crate) fds: Vec<Asked>,
}

/// Lets all statements print.
pub(crate) fn print(vm: &Vm, print: Print) -> Output {
    let entries = vm.statements.iter().enumerate();
    print_entries(vm, print, entries.map(|(number, entry)| (number, None, entry)))
}

/// Lets these entries print, each as of the statement of this number and of one of its shapes.
pub(crate) fn print_entries<'e>(
    vm: &Vm,
    print: Print,
    entries: impl Iterator<Item = (usize, Option<When>, &'e Entry)>,
) -> Output {
    let mut out = Lowering {
        vm,
        program: None,
        statement: 0,
        round: 0,
        // A device and its backend, mostly.
        arguments: Vec::with_capacity(2 * vm.statements.len()),
        fds: Vec::new(),
        section: Section::Nowhere,
        head: Span::default(),
        span: Span::default(),
        when: None,
        room: Vec::with_capacity(1),
    };
    for (statement, when, entry) in entries {
        out.statement = statement;
        out.round = entry.round;
        out.section = entry.spec.section;
        out.head = entry.head;
        out.span = entry.span;
        out.when = when;
        print(entry, &mut out);
    }
    let Lowering { program, arguments, fds, .. } = out;
    let set = vm.program.clone().map(|program| vec![piece(program)].into());
    Output { program: set.or(program), arguments, fds }
}
