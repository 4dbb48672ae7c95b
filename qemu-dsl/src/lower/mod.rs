//! From what statements print to a template of arguments, or to a fragment of commands. It cannot fail: what can't be
//! printed was refused before.

mod argv;
mod json;
mod order;
mod qmp;

use std::borrow::Cow;

use crate::model::Vm;
use crate::plan::{Fragment, Piece, Template};
use crate::print::Output;

pub(crate) use order::order;

/// Writes a VM's arguments, the statements' among each other in this order.
pub(crate) fn template(vm: &Vm, output: Output, order: &[usize]) -> Template {
    let mut output = order::arrange(output, order);
    // Stable: within a section the order stays.
    output.arguments.sort_by_key(|argument| argument.section);
    Template {
        target: vm.target,
        program: vec![Piece::Text(
            output.program.unwrap_or_else(|| vm.target.arch.program().to_owned()).into(),
        )]
        .into(),
        args: argv::args(output.arguments, vm.target).into(),
        fds: output.fds.into_iter().map(|asked| asked.slot).collect(),
        ids: vm.ids.generated.clone().into(),
        places: Cow::Borrowed(&[]),
    }
}

/// Writes devices for a guest that runs.
pub(crate) fn fragment(vm: &Vm, output: Output, order: &[usize]) -> Fragment {
    let output = order::arrange(output, order);
    let mut ids = vm.ids.generated.clone();
    let fds = output.fds.into_iter().map(|asked| asked.slot).collect();
    let steps = qmp::steps(output.arguments, vm.target, &mut ids);
    let places = Cow::Borrowed(&[][..]);
    Fragment { target: vm.target, steps: steps.into(), fds, ids: ids.into(), places }
}
