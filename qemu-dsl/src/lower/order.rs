//! The order of devices.

use std::collections::HashMap;

use crate::model::Vm;
use crate::model::ids::{Provides, provider};

/// The statements in the order of the source, but a device that owns a bus before those that use it: QEMU creates
/// devices in the order of its arguments.
pub(super) fn order(vm: &Vm) -> Vec<usize> {
    let owners = owners(vm);
    let mut order = Vec::with_capacity(vm.statements.len());
    let mut done = vec![false; vm.statements.len()];
    for start in 0..vm.statements.len() {
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
pub(crate) fn owners(vm: &Vm) -> Vec<Option<usize>> {
    let mut providers = HashMap::new();
    for definition in vm.ids.definitions.iter().filter(|definition| definition.provides != Provides::Nothing)
    {
        providers.entry(definition.name.as_str()).or_insert(definition);
    }
    let mut owners = vec![None; vm.statements.len()];
    // Without a name it is the first controller, wherever that stands.
    if let Some(first) = vm.ids.serial_controllers.first().copied() {
        for (statement, wants) in &vm.ids.implicit {
            if *wants == Provides::VirtioSerial
                && let Some(place) = owners.get_mut(*statement)
            {
                *place = Some(first);
            }
        }
    }
    for bus in &vm.ids.buses {
        let owner =
            provider(&bus.name, |name| providers.get(name).copied(), |definition| definition.provides);
        if let (Some(owner), Some(place)) = (owner, owners.get_mut(bus.statement)) {
            *place = Some(owner.statement);
        }
    }
    owners
}
