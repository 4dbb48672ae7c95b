//! PCI addresses: no two devices sit at one.

use std::collections::HashMap;

use crate::analyse::Vm;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::node::Node;
use crate::statement::machine::{self, Machine};
use crate::types::PciAddr;

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    let machine = vm.get::<Machine>().map_or(machine::DEFAULT, |machine| machine.kind_of.0.as_str());
    // Of the guest that runs nothing is known here.
    let known = machine::known(machine).filter(|_| !vm.is_fragment);
    let root = known.and_then(|known| known.buses.first()).copied().unwrap_or("");
    let mut taken: HashMap<(&str, u8, u8), Node<PciAddr>> = HashMap::new();
    for placement in &vm.placements {
        // A device without a bus sits on the machine's first.
        let bus = placement.bus.as_ref().map_or(root, |bus| bus.as_str());
        let addr = placement.addr;
        let function = addr.function.unwrap_or(0);
        if let Some(first) = taken.get(&(bus, addr.slot, function)) {
            diagnostics.push(
                Diagnostic::error(
                    Code::AddressInUse,
                    if bus.is_empty() {
                        format!("two devices at the address `{}`", addr.value)
                    } else {
                        format!("two devices at the address `{}` of the bus `{bus}`", addr.value)
                    },
                )
                .label(addr.span, "again here")
                .label(first.span, "first here")
                .help("give each its own slot, or function"),
            );
            continue;
        }
        taken.insert((bus, addr.slot, function), addr);
        // A list of what each machine has can't be complete: a warning.
        let own = known.filter(|_| bus == root && !root.is_empty()).is_some_and(|known| {
            known.taken.iter().any(|(slot, own)| *slot == addr.slot && own.is_none_or(|own| own == function))
        });
        if own {
            diagnostics.push(
                Diagnostic::warning(
                    Code::AddressInUse,
                    format!("the machine `{machine}` has a device of its own at `{}`", addr.value),
                )
                .at(addr.span)
                .help("take another slot, or leave out `addr=`"),
            );
        }
    }
}
