//! From what statements print to a template of arguments, or to a fragment of commands. It cannot fail: what can't be
//! printed was refused before.

mod argv;
mod json;
mod order;
mod qmp;
mod rules;

use std::borrow::Cow;

use crate::Span;
use crate::bind::{Blank, Blanks, Choice, Hole, Part, Rule};
use crate::model::{OpenPart, Vm};
use crate::plan::{Fragment, GeneratedId, Template};
use crate::print::{Output, piece};

pub(crate) use argv::late_in_json;
pub(crate) use order::order;
pub(crate) use rules::rules;

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

/// What hangs on the values that come later.
pub(crate) fn blanks(vm: &Vm, ids: &[GeneratedId], choices: Vec<Choice>, rules: Vec<Rule>) -> Blanks {
    let mut holes: Vec<Hole> = Vec::new();
    for part in vm.blanks.iter().flat_map(|(_, blank)| &blank.parts) {
        if let OpenPart::Hole(name, span) = part {
            holes.push(Hole { name: name.clone().into(), span: *span });
        }
    }
    holes.sort_by_key(|hole| hole.span.start);
    holes.dedup();
    let hole = |span: Span| holes.iter().position(|hole| hole.span == span).unwrap_or_default() as u32;
    let blanks = vm.blanks.iter().map(|(_, blank)| Blank {
        kind: blank.kind,
        parts: blank
            .parts
            .iter()
            .map(|part| match part {
                OpenPart::Text(text) => Part::Text(text.clone().into()),
                OpenPart::Hole(_, span) => Part::Hole(hole(*span)),
            })
            .collect(),
        name: blank.name.clone().into(),
        optional: blank.optional,
        is_id: blank.is_id,
        span: blank.span,
    });
    let mut taken: Vec<_> = vm.ids.taken().map(|id| id.clone().into()).collect();
    taken.sort();
    let mut order: Vec<_> = (0..ids.len() as u32).collect();
    // Those of plugged devices that name none come last.
    order.sort_by_key(|slot| vm.ids.places.get(*slot as usize).copied().unwrap_or(u32::MAX));
    Blanks {
        blanks: blanks.collect(),
        choices: choices.into(),
        rules: rules.into(),
        taken: taken.into(),
        order: order.into(),
        holes: holes.into(),
    }
}
