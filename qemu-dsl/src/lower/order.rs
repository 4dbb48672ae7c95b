//! The order of devices.

use crate::hardware::Hardware;
use crate::plan::Piece;
use crate::print::{Argument, Output, Printed};

/// The statements in the order of the source, but a device that owns a bus before those that use it: QEMU creates
/// devices in the order of its arguments.
pub(crate) fn order(hardware: &Hardware<'_>) -> Vec<usize> {
    let owners = owners(hardware);
    let mut order = Vec::with_capacity(owners.len());
    let mut done = vec![false; owners.len()];
    for start in 0..owners.len() {
        // Up the chain of buses as far as it is not printed yet, then down again. A chain that bites its tail is an
        // error elsewhere; here it only must not turn forever.
        let mut chain = Vec::new();
        let mut at = Some(start);
        while let Some(index) = at {
            match done.get_mut(index) {
                Some(seen @ false) => *seen = true,
                _ => break,
            }
            chain.push(index);
            at = owners.get(index).copied().flatten();
        }
        order.extend(chain.into_iter().rev());
    }
    order
}

/// For each statement, the one that provides its bus.
fn owners(hardware: &Hardware<'_>) -> Vec<Option<usize>> {
    let mut owners = vec![None; hardware.vm.statements.len()];
    for device in &hardware.devices {
        if let (Some(owner), Some(place)) = (hardware.owner(device), owners.get_mut(device.statement)) {
            *place = Some(owner.statement);
        }
    }
    owners
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
        Printed::Option { items, .. } => items.iter_mut().flat_map(|item| &mut item.value).collect(),
    };
    for piece in pieces {
        if let Piece::Fd(slot) = piece
            && let Some(number) = numbers.get(*slot as usize)
        {
            *slot = *number;
        }
    }
}
