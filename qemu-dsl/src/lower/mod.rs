//! From what statements print to a template of arguments, or to a fragment of commands. It cannot fail: what can't be
//! printed was refused before.

mod argv;
mod json;
mod order;
mod qmp;
mod ties;

use std::borrow::Cow;

use crate::Span;
use crate::bind::{Blank, BlankPart, Blanks, Choice, Hole, Tie, Written};
use crate::model::{OpenPart, Vm};
use crate::plan::{FdSlot, Fragment, GeneratedId, Template};
use crate::print::{Asked, Output, piece};

pub(crate) use argv::{late_in_json, late_option};
pub(crate) use order::order;
pub(crate) use ties::{late_ties, ties};

/// Writes a VM's arguments, the statements' among each other in this order.
pub(crate) fn template(vm: &Vm, output: Output, order: &[usize]) -> Template {
    let mut output = order::arrange(output, order);
    // Stable: within a section the order stays.
    if !output.arguments.is_sorted_by_key(|argument| argument.section) {
        output.arguments.sort_by_key(|argument| argument.section);
    }
    Template {
        target: vm.target,
        program: output.program.unwrap_or_else(|| vec![piece(vm.target.arch.program())].into()),
        args: argv::args(output.arguments, vm.target, vm.extent.is_partial(), |statement| {
            vm.block_of(statement)
        })
        .into(),
        fds: fds(vm, output.fds),
        ids: vm.ids.generated.clone().into(),
        places: Cow::Borrowed(&[]),
    }
}

/// Writes devices for a guest that runs.
pub(crate) fn fragment(vm: &Vm, output: Output, order: &[usize]) -> Fragment {
    let output = order::arrange(output, order);
    let mut ids = vm.ids.generated.clone();
    let fds = fds(vm, output.fds);
    let steps = qmp::steps(output.arguments, vm.target, &mut ids, |statement| vm.block_of(statement));
    let places = Cow::Borrowed(&[][..]);
    Fragment { target: vm.target, steps: steps.into(), fds, ids: ids.into(), places }
}

fn fds(vm: &Vm, asked: Vec<Asked>) -> Cow<'static, [FdSlot]> {
    let slot = |Asked { statement, slot }| FdSlot {
        block: vm.block_of(statement),
        statement: statement as u32,
        ..slot
    };
    asked.into_iter().map(slot).collect()
}

/// What hangs on the values that come later.
pub(crate) fn blanks(vm: &Vm, ids: &[GeneratedId], choices: Vec<Choice>, ties: Vec<Tie>) -> Blanks {
    let mut holes: Vec<Hole> = Vec::new();
    for (_, blank) in vm.blanks.iter() {
        let block = vm.rounds.block(blank.round);
        for part in &blank.parts {
            if let OpenPart::Hole { name, span, optional } = part {
                holes.push(Hole { name: name.clone().into(), span: *span, optional: *optional, block });
            }
        }
    }
    holes.sort_by_key(|hole| (hole.span.start, hole.block));
    holes.dedup();
    let hole = |span: Span, block: u32| {
        holes.iter().position(|hole| hole.span == span && hole.block == block).unwrap_or_default() as u32
    };
    let blanks = vm.blanks.iter().map(|(_, blank)| Blank {
        kind: blank.kind,
        parts: blank
            .parts
            .iter()
            .map(|part| match part {
                OpenPart::Text(text) => BlankPart::Text(text.clone().into()),
                OpenPart::Hole { span, .. } => BlankPart::Hole(hole(*span, vm.rounds.block(blank.round))),
            })
            .collect(),
        name: blank.name.clone().into(),
        optional: blank.optional,
        is_id: blank.is_id,
        span: blank.span,
        block: vm.rounds.block(blank.round),
    });
    let mut taken: Vec<_> =
        vm.ids.taken().map(|(id, block)| Written { text: id.clone().into(), block }).collect();
    taken.sort();
    let mut order: Vec<_> = (0..ids.len() as u32).collect();
    // Those of plugged devices that name none come last.
    order.sort_by_key(|slot| vm.ids.step_of(*slot));
    Blanks {
        blocks: vm.rounds.blocks().to_vec().into(),
        blanks: blanks.collect(),
        choices: choices.into(),
        ties: ties.into(),
        taken: taken.into(),
        order: order.into(),
        holes: holes.into(),
    }
}
