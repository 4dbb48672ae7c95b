//! From a typed VM to a template, or from devices to a fragment. It cannot fail: what can't be printed was refused before.
//!
//! Statements print options: lists of names and values. This room alone knows how these are written as QEMU's arguments:
//! their order, what separates and escapes values, which form the target wants, how file descriptors are numbered.
//! `qmp.rs` writes the same options as QMP's commands.

mod argument;
mod emit;
mod lowering;
mod order;
mod qmp;

use std::borrow::Cow;

use crate::Span;
use crate::model::{Entry, Vm};
use crate::plan::{Fragment, Piece, Template};
use crate::table::Section;

use argument::Argument;
pub(crate) use argument::FD_SETS;
pub(crate) use emit::{Emit, FilePath, Shown, text};
pub(crate) use lowering::{Lowering, OptionArg};
use order::order;
pub(crate) use order::owners;

/// The program that runs where no statement names one.
const PROGRAM: &str = "qemu-system-x86_64";

/// What prints a statement.
pub(crate) type Print = fn(&Entry, &mut Lowering<'_>);

/// Prints `vm`.
pub(crate) fn lower(vm: &Vm, print: Print) -> Template {
    let mut out = statements(vm, print);
    // Stable: within a section the order is that of the source.
    out.arguments.sort_by_key(|argument| argument.section);
    Template {
        target: vm.target,
        program: vec![Piece::Text(out.program.unwrap_or_else(|| PROGRAM.to_owned()).into())].into(),
        args: out.arguments.into_iter().flat_map(Argument::print).collect(),
        fds: out.fds.into(),
        ids: vm.ids.generated.clone().into(),
        places: Cow::Borrowed(&[]),
    }
}

/// Writes devices for a guest that runs.
pub(crate) fn lower_devices(vm: &Vm, print: Print) -> Fragment {
    let out = statements(vm, print);
    let mut ids = vm.ids.generated.clone();
    let steps = qmp::steps(out.arguments, vm.target, &mut ids);
    Fragment {
        target: vm.target,
        steps: steps.into(),
        fds: out.fds.into(),
        ids: ids.into(),
        places: Cow::Borrowed(&[]),
    }
}

/// What the statements print.
fn statements(vm: &Vm, print: Print) -> Lowering<'_> {
    let mut out = Lowering {
        vm,
        name: vm.name.as_deref(),
        program: None,
        arguments: Vec::new(),
        fds: Vec::new(),
        section: Section::Nowhere,
        span: Span::default(),
    };
    for index in order(vm) {
        if let Some(entry) = vm.statements.get(index) {
            out.section = entry.spec.section;
            out.span = entry.span;
            print(entry, &mut out);
        }
    }
    out
}
