//! PCI addresses: no two devices sit at one, and devices share a slot only where the first of them allows it.

use std::collections::HashMap;

use crate::check::schema::driver;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::Placement;
use crate::model::Vm;
use crate::statement::arg::Arg;
use crate::statement::global::Global;
use crate::statement::knobs::NoDefaults;
use crate::statement::machine::{self, Known, Machine};
use crate::statement::vga::{Adapter, Vga};

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    let machine = vm.get::<Machine>().map_or(machine::DEFAULT, |machine| machine.kind_of.0.as_str());
    // Of the guest that runs nothing is known here.
    let known = machine::known(machine).filter(|_| !vm.is_fragment);
    let root = known.and_then(|known| known.buses.first()).copied().unwrap_or("");
    let own = known.filter(|_| !root.is_empty()).map_or_else(Vec::new, |known| own(known, vm));
    let mut slots: HashMap<(&str, u8), [Option<&Placement>; 8]> = HashMap::new();
    for placement in &vm.placements {
        // A device without a bus sits on the machine's first.
        let bus = placement.bus.as_ref().map_or(root, |bus| bus.as_str());
        let addr = placement.addr;
        let function = addr.function.unwrap_or(0);
        let functions = slots.entry((bus, addr.slot)).or_default();
        let Some(place) = functions.get_mut(usize::from(function)) else {
            continue;
        };
        if let Some(first) = place {
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
                .label(first.addr.span, "first here")
                .help("give each its own slot, or function"),
            );
            continue;
        }
        *place = Some(placement);
        // A list of what each machine has can't be complete: a warning.
        let taken = own.iter().find(|own| bus == root && own.slot == addr.slot && own.has(function));
        if let Some(taken) = taken {
            diagnostics.push(
                Diagnostic::warning(
                    Code::AddressInUse,
                    format!("the machine `{machine}` has {} at `{}`", taken.what, addr.value),
                )
                .at(addr.span)
                .help(taken.cure),
            );
        }
    }
    if !sets_multifunction(vm) {
        let mut shared: Vec<_> = slots.values().filter_map(|functions| lonely(functions)).collect();
        // In the order of the source, whatever the map's.
        shared.sort_by_key(|(other, _)| other.statement);
        diagnostics.extend(shared.into_iter().map(|(other, first)| {
            Diagnostic::error(
                Code::SingleFunction,
                format!(
                    "the device at function 0 has the slot for itself, and another is at `{}`",
                    other.addr.value
                ),
            )
            .label(other.addr.span, "shares its slot")
            .label(first.addr.span, "has the slot for itself")
            .help("write `multifunction=on` for the device at function 0, or take another slot")
        }));
    }
}

/// What the machine itself has in a slot of its first bus.
struct Own {
    slot: u8,
    /// At all functions, where it is none.
    function: Option<u8>,
    what: &'static str,
    cure: &'static str,
}

impl Own {
    fn has(&self, function: u8) -> bool {
        self.function.is_none_or(|own| own == function)
    }
}

fn own(known: &Known, vm: &Vm) -> Vec<Own> {
    let usb = vm.get::<Machine>().is_some_and(|machine| machine.is_on("usb"));
    let usb = if usb { known.usb } else { &[] };
    let mut own: Vec<_> = known
        .taken
        .iter()
        .chain(usb)
        .map(|&(slot, function)| Own {
            slot,
            function,
            what: "a device of its own",
            cure: "take another slot, or leave out `addr=`",
        })
        .collect();
    let defaults = by_default(vm).into_iter().zip(known.free..);
    own.extend(defaults.map(|((what, cure), slot)| Own { slot, function: Some(0), what, cure }));
    own
}

/// What QEMU adds by itself, in the order in which it takes free slots.
fn by_default(vm: &Vm) -> Vec<(&'static str, &'static str)> {
    let bare = vm.get::<NoDefaults>().is_some();
    // An argument of QEMU's own may change all of it.
    if vm.get::<Arg>().is_some() {
        return Vec::new();
    }
    let drivers = || vm.statements.iter().filter_map(|entry| driver(&*entry.values));
    let has_vga = match vm.get::<Vga>() {
        Some(vga) => vga.adapter.value != Adapter::None,
        // Those whose presence makes QEMU add none.
        None => !bare && !drivers().any(|driver| driver.0.to_ascii_lowercase().contains("vga")),
    };
    let has_nic = !bare && !vm.statements.iter().any(|entry| entry.spec.keyword == "netdev");
    let vga = (
        "the graphics adapter that QEMU adds by itself",
        "take another slot, or write `nodefaults` or `vga none`",
    );
    let nic = (
        "the network device that QEMU adds by itself",
        "take another slot, or write `nodefaults` or `netdev none`",
    );
    has_vga.then_some(vga).into_iter().chain(has_nic.then_some(nic)).collect()
}

/// Whether a `global` makes devices share their slots.
fn sets_multifunction(vm: &Vm) -> bool {
    vm.all::<Global>()
        .any(|(_, global)| global.properties.iter().any(|property| property.name.ends_with(".multifunction")))
}

/// The first device that shares the slot of one at function 0 that doesn't allow it, and that one.
fn lonely<'p>(functions: &[Option<&'p Placement>; 8]) -> Option<(&'p Placement, &'p Placement)> {
    let [first, others @ ..] = functions;
    let first = first.filter(|first| !first.multifunction)?;
    Some((others.iter().copied().flatten().next()?, first))
}
