//! The order of statements.

use crate::bind;
use crate::hardware::{Definition, Hardware, Namespace};
use crate::plan::Piece;
use crate::print::{Argument, Output, Printed};

/// The statements in the order of the source, but each behind those that it needs: QEMU creates what is of one sort in the
/// order of its arguments.
pub(crate) fn order(hardware: &Hardware<'_>) -> Vec<usize> {
    bind::order(&needs(hardware))
}

/// For each statement those that it needs: the one that provides its bus, and what it refers to, where that is of the same
/// sort. Unlike ones have an order of their own.
fn needs(hardware: &Hardware<'_>) -> Vec<Vec<usize>> {
    let mut needs = vec![Vec::new(); hardware.vm.statements.len()];
    let mut add = |of: usize, needed: usize| {
        if let Some(needs) = needs.get_mut(of).filter(|_| of != needed) {
            needs.push(needed);
        }
    };
    for (device, owner) in hardware.devices.iter().zip(&hardware.owners) {
        if let Some(owner) = owner.and_then(|owner| hardware.devices.get(owner)) {
            add(device.statement, owner.statement);
        }
    }
    for reference in &hardware.references {
        let definition = reference.definition.and_then(|number| hardware.definitions.get(number));
        let option = hardware.options.get(reference.option).map(|option| option.name);
        if let Some(needed) = definition.filter(|_| option == reference.namespace.option()) {
            add(reference.statement, needed.statement);
        }
    }
    // What a device is called on s390x stands before it.
    for zpci in hardware.devices.iter().filter(|device| device.name() == "zpci") {
        let is_target = |definition: &&Definition<'_>| {
            definition.namespace == Namespace::Device
                && hardware.get(zpci, "target").is_some_and(|target| target.text == definition.name)
        };
        if let Some(target) = hardware.definitions.iter().find(is_target) {
            add(target.statement, zpci.statement);
        }
    }
    needs
}

/// Brings what the statements print into an order. File descriptors are numbered by it.
pub(super) fn arrange(mut output: Output, order: &[usize]) -> Output {
    if order.is_sorted() {
        return output;
    }
    let mut rank = vec![0; order.len()];
    for (place, statement) in order.iter().enumerate() {
        if let Some(rank) = rank.get_mut(*statement) {
            *rank = place;
        }
    }
    let rank_of = |statement: usize| rank.get(statement).copied().unwrap_or(usize::MAX);
    output.arguments.sort_by_key(|argument| rank_of(argument.statement));
    let mut slots: Vec<_> = output.fds.into_iter().enumerate().collect();
    slots.sort_by_key(|(_, asked)| rank_of(asked.statement));
    let mut numbers = vec![0; slots.len()];
    for (new, (old, _)) in (0u32..).zip(&slots) {
        if let Some(number) = numbers.get_mut(*old) {
            *number = new;
        }
    }
    for argument in &mut output.arguments {
        renumber(argument, &numbers);
    }
    output.fds = slots.into_iter().map(|(_, asked)| asked).collect();
    output
}

fn renumber(argument: &mut Argument, numbers: &[u32]) {
    let pieces: Vec<&mut Piece> = match &mut argument.printed {
        Printed::Word(pieces) => pieces.iter_mut().collect(),
        Printed::Option { items, .. } => items.iter_mut().flat_map(|item| item.value.iter_mut()).collect(),
    };
    for piece in pieces {
        if let Piece::Fd(slot) = piece
            && let Some(number) = numbers.get(*slot as usize)
        {
            *slot = *number;
        }
    }
}
