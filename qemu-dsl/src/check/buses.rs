//! Buses: each that a device names is provided, by a device or by the machine.

use std::collections::HashMap;

use crate::check::schema::driver;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::lower::owners;
use crate::model::Vm;
use crate::model::ids::{BusUse, Definition, Provides, Space, provider};
use crate::schema::{Kind, Schema};
use crate::statement::machine::{self, Known, Machine, ROOTS};
use crate::suggest::did_you_mean;

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    let machine = vm.get::<Machine>().map_or(machine::DEFAULT, |machine| machine.kind_of.0.as_str());
    let known = machine::known(machine);
    let devices: HashMap<&str, &Definition> = vm
        .ids
        .definitions
        .iter()
        .filter(|definition| definition.space == Space::Device)
        .map(|definition| (definition.name.as_str(), definition))
        .collect();
    for bus in &vm.ids.buses {
        if let Some(diagnostic) = unknown(bus, machine, known, &devices, vm) {
            diagnostics.push(diagnostic);
        }
    }
    cycles(vm, diagnostics);
}

fn unknown(
    bus: &BusUse,
    machine: &str,
    known: Option<&Known>,
    devices: &HashMap<&str, &Definition>,
    vm: &Vm,
) -> Option<Diagnostic> {
    let name = bus.name.as_str();
    // A path through QEMU's tree of devices names more than can be known here.
    if name.starts_with('/') {
        return None;
    }
    let wants = sort(bus, vm);
    let numbered = name.rsplit_once('.').filter(|(_, number)| number.parse::<u32>().is_ok());
    let find = |name: &str| devices.get(name).copied();
    match (provider(name, find, |device| device.provides).map(|device| device.provides), wants) {
        (Some(Provides::Unknown), _)
        | (Some(Provides::Pci), Provides::Pci | Provides::Unknown)
        | (Some(Provides::VirtioSerial), Provides::VirtioSerial | Provides::Unknown) => return None,
        _ => {}
    }
    let owner = find(name).or_else(|| find(numbered?.0));
    // It may be in the guest.
    if vm.is_fragment && owner.is_none() {
        return None;
    }
    let lost = |name: &str| vm.ids.lost.contains(name);
    if lost(name) || numbered.is_some_and(|(device, _)| lost(device)) {
        return None;
    }
    let is_pci = known.is_some_and(|known| known.buses.contains(&name));
    let is_other = known.is_some_and(|known| known.others.contains(&name));
    let by_machine = is_pci || is_other;
    match wants {
        Provides::Unknown if by_machine => return None,
        Provides::Pci if is_pci => return None,
        _ => {}
    }
    // QEMU numbers the buses of devices without an id by their sort: `scsi.0`. And a machine that is not known
    // has buses that are not known.
    let unsure = match wants {
        Provides::Unknown => numbered.is_some() && !(known.is_some() && ROOTS.contains(&name)),
        Provides::Pci => known.is_none(),
        Provides::VirtioSerial | Provides::Nothing => name == "virtio-serial-bus.0",
    };
    if unsure && owner.is_none() {
        return None;
    }
    let candidates = devices
        .values()
        .filter_map(|device| match device.provides {
            Provides::Pci if wants != Provides::VirtioSerial => Some(device.name.clone()),
            Provides::VirtioSerial if wants != Provides::Pci => Some(format!("{}.0", device.name)),
            _ => None,
        })
        .chain(
            known
                .filter(|_| wants != Provides::VirtioSerial)
                .map_or(&[][..], |known| known.buses)
                .iter()
                .map(|bus| (*bus).to_owned()),
        );
    let mut candidates: Vec<_> = candidates.collect();
    candidates.sort();
    let elsewhere = vm.ids.definitions.iter().find(|definition| definition.name == name);
    let diagnostic = match (owner, elsewhere) {
        (Some(owner), _) => {
            Diagnostic::error(Code::UnknownBus, format!("`{name}` is no bus for this device"))
                .label(bus.span, "the bus")
                .label(owner.span, "what it names")
        }
        (None, Some(other)) => Diagnostic::error(
            Code::WrongId,
            format!("`{name}` is the id of {}, not a bus", other.space.what()),
        )
        .label(bus.span, "must be a bus")
        .label(other.span, format!("is {}", other.space.what())),
        (None, None) => Diagnostic::error(
            Code::UnknownBus,
            if by_machine {
                format!("`{name}` is no bus for this device")
            } else {
                format!("nothing provides the bus `{name}`")
            },
        )
        .at(bus.span),
    };
    let help = match wants {
        Provides::VirtioSerial => "a port sits on `ID.0` of a `virtio-serial`",
        _ => "a bridge provides a bus of its own name",
    };
    let buses = known.map(|known| known.buses);
    let candidates = candidates.iter().map(String::as_str);
    let help = did_you_mean(name, bus.span, candidates).unwrap_or_else(|| match buses {
        _ if wants == Provides::VirtioSerial => help.into(),
        Some([own]) => {
            let words = format!("the machine `{machine}` provides `{own}`; {help}");
            Remedy::new(words).replace(bus.span, *own)
        }
        Some([]) => format!("the machine `{machine}` has no PCI bus; {help}").into(),
        _ => help.into(),
    });
    Some(diagnostic.help(help))
}

/// What sort of bus a device must sit on. A statement for PCI devices may name a device of another sort.
fn sort(bus: &BusUse, vm: &Vm) -> Provides {
    let named = vm.statements.get(bus.statement).and_then(|entry| driver(&*entry.values));
    let elsewhere = named.is_some_and(|driver| {
        let schema = Schema::of_or_oldest(vm.target);
        let plugs = schema.find(Kind::Device, &driver.0).and_then(|device| device.bus());
        plugs != Some("PCI")
    });
    if bus.wants == Provides::Pci && elsewhere { Provides::Unknown } else { bus.wants }
}

/// Devices that sit on each other's bus.
fn cycles(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    let owners = owners(vm);
    // 0: not seen; otherwise the number of the walk that saw it.
    let mut seen = vec![0usize; owners.len()];
    for start in 0..owners.len() {
        let walk = start + 1;
        let mut at = Some(start);
        while let Some(index) = at {
            match seen.get_mut(index) {
                Some(mark @ 0) => *mark = walk,
                Some(mark) if *mark == walk => {
                    if let Some(bus) = vm.ids.buses.iter().find(|bus| bus.statement == index) {
                        diagnostics.push(
                            Diagnostic::error(Code::BusCycle, "this device sits behind itself")
                                .at(bus.span)
                                .help("name the machine's bus, or that of another bridge"),
                        );
                    }
                    break;
                }
                _ => break,
            }
            at = owners.get(index).copied().flatten();
        }
    }
}
