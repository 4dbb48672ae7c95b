//! Buses: each that a device names is there, and of the right sort; and where it names none, there is one.

use super::place;
use crate::Span;
use crate::bind::tie::{self, NAME};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Device, Hardware, Value};
use crate::model::Extent;
use crate::print::Item;
use crate::qemu::board::{Board, ROOTS};
use crate::suggest::did_you_mean;

const PCI: &str = "PCI";
const SERIAL: &str = "virtio-serial-bus";

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for device in &hardware.devices {
        // What one part lacks another may have.
        if !hardware.vm.extent.is_partial() {
            // The schema says what plugs into what.
            diagnostics.extend(wrong(device, hardware).map(|wrong| Diagnostic { by_schema: true, ..wrong }));
        }
    }
    cycles(hardware, diagnostics);
}

/// What is wrong where nothing else has the bus that a device needs.
pub(crate) fn wrong(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    match hardware.get(device, "bus") {
        Some(bus) => unknown(device, &bus, hardware),
        None if hardware.is_open(device, "bus") => None,
        None => homeless(device, hardware),
    }
}

/// What is wrong where nothing has the bus whose name comes later.
pub(crate) fn unknown_late(device: &Device<'_>, bus: &Item, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    // What is known of no device can be on any bus.
    let wants = device.bus_sort()?;
    if hardware.is_uncertain || hardware.vm.is_fragment {
        return None;
    }
    let span = bus.late_span().unwrap_or_else(|| hardware.head(device.statement));
    let diagnostic =
        Diagnostic::error(Code::UnknownBus, format!("nothing provides the bus `{NAME}`")).at(span);
    Some(diagnostic.help(remedy(NAME, span, Some(wants), hardware)))
}

/// What is wrong with the bus that a device names.
fn unknown(device: &Device<'_>, bus: &Value<'_>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let name = bus.text;
    // A path through QEMU's tree of devices names more than can be known here.
    if name.starts_with('/') {
        return None;
    }
    let wants = device.bus_sort();
    if device.ty.as_ref().is_some_and(|ty| ty.is_creatable() && ty.bus().is_none()) {
        let message = format!("the device `{}` sits on no bus", device.name());
        let span = bus.span_or(hardware.head(device.statement));
        return Some(Diagnostic::error(Code::UnknownBus, message).at(span).help("leave out `bus=`"));
    }
    let board = &hardware.board;
    let is_part = hardware.vm.extent == Extent::Part;
    if let Some((_, offer)) = hardware.provider(name)
        && wants.is_none_or(|wants| hardware.takes(offer.ty(), wants))
    {
        return None;
    }
    let own = board.buses().find(|own| own.name == name);
    if own.is_some_and(|own| wants.is_none_or(|wants| hardware.takes(own.ty, wants))) {
        return None;
    }
    let numbered = name.rsplit_once('.').filter(|(_, number)| number.parse::<u32>().is_ok());
    let owner = hardware.named(name).next();
    // A device whose buses aren't known.
    if owner.is_some_and(|owner| owner.buses().is_none()) && hardware.provider(name).is_none() {
        return None;
    }
    // It may be in the guest, or in a file that QEMU reads.
    if hardware.is_uncertain || hardware.vm.is_fragment && owner.is_none() {
        return None;
    }
    let is_lost = |name: &str| hardware.vm.ids.may_be_lost(name);
    if is_lost(name) || numbered.is_some_and(|(device, _)| is_lost(device)) {
        return None;
    }
    if owner.is_none() && !is_part && is_unsure(name, device, hardware) {
        return None;
    }
    let span = bus.span_or(hardware.head(device.statement));
    let elsewhere = hardware.definitions.iter().find(|definition| definition.name == name);
    let (code, message) = tie::no_bus(name);
    let diagnostic = match (owner, elsewhere) {
        (Some(owner), _) => Diagnostic::error(code, message)
            .label(span, "the bus")
            .label(id_span(owner, hardware), "what it names"),
        (None, Some(other)) => Diagnostic::error(
            Code::WrongId,
            format!("`{name}` is the id of {}, not a bus", other.namespace.what()),
        )
        .label(span, "must be a bus")
        .label(other.span, format!("is {}", other.namespace.what())),
        (None, None) if own.is_some() => Diagnostic::error(code, message).at(span),
        (None, None) => {
            Diagnostic::error(Code::UnknownBus, format!("nothing provides the bus `{name}`")).at(span)
        }
    };
    Some(diagnostic.help(remedy(name, span, wants, hardware)))
}

/// Whether a bus of this name may be there nevertheless.
fn is_unsure(name: &str, device: &Device<'_>, hardware: &Hardware<'_>) -> bool {
    let is_known = hardware.board.is_known();
    // QEMU numbers the buses of devices without an id by their sort: `scsi.0`.
    let by_sort = hardware.of_sort(name, device).is_some();
    match device.bus_sort() {
        Some(SERIAL) => by_sort,
        Some(_) => !is_known || by_sort,
        None => {
            let is_numbered = name.rsplit_once('.').is_some_and(|(_, number)| number.parse::<u32>().is_ok());
            !is_known || is_numbered && !ROOTS.contains(&name)
        }
    }
}

fn remedy(name: &str, span: Span, wants: Option<&str>, hardware: &Hardware<'_>) -> Remedy {
    let board = &hardware.board;
    let sort = wants.unwrap_or(PCI);
    let offered = hardware.devices.iter().flat_map(|device| hardware.buses_of(device, sort));
    let mut candidates: Vec<String> = offered.collect();
    candidates.extend(board.buses_of(sort).map(str::to_owned));
    candidates.sort();
    let help = match sort {
        SERIAL => "a port sits on `ID.0` of a `virtio-serial`".to_owned(),
        PCI => "a bridge provides a bus of its own name".to_owned(),
        sort => format!("{} provides one", controllers(sort, board).unwrap_or("another machine")),
    };
    // What comes later is no word that was meant otherwise.
    let meant = || did_you_mean(name, span, candidates.iter().map(String::as_str));
    (name != NAME).then(meant).flatten().unwrap_or_else(|| {
        let machine = &board.name;
        let own: Vec<_> = board.buses_of(sort).collect();
        match own.as_slice() {
            [_, ..] if sort != PCI => {
                let own: Vec<_> = own.iter().map(|bus| format!("`{bus}`")).collect();
                format!("the machine `{machine}` provides {}", own.join(", ")).into()
            }
            _ if sort != PCI => help.into(),
            [bus] => {
                Remedy::new(format!("the machine `{machine}` provides `{bus}`; {help}")).replace(span, *bus)
            }
            [] if board.is_known() => format!("the machine `{machine}` has no PCI bus; {help}").into(),
            _ => help.into(),
        }
    })
}

/// Devices that offer buses of a sort, as a remedy names them.
fn controllers(sort: &str, board: &Board) -> Option<&'static str> {
    Some(match sort {
        SERIAL => "`virtio-serial`",
        "SCSI" => "a controller such as `controller virtio-scsi id=scsi0`",
        "usb-bus" if board.has_usb_by_property() => {
            "a controller such as `controller qemu-xhci id=usb0`, or `usb` of `machine`,"
        }
        "usb-bus" => "a controller such as `controller qemu-xhci id=usb0`",
        "IDE" => "a controller such as `controller ich9-ahci id=sata0`",
        "HDA" => "a controller such as `device intel-hda id=hda0`",
        "ccid-bus" => "`controller usb-ccid id=ccid0`",
        "nvme-bus" => "`controller nvme id=nvme0`",
        "vmbus" => "`device vmbus-bridge`",
        _ => return None,
    })
}

/// What is wrong where a device names no bus and there is none for it.
fn homeless(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let vm = hardware.vm;
    if device.is_arg {
        return None;
    }
    let sort = device.bus_sort()?;
    if vm.extent == Extent::Part {
        // Whatever it sits on is the base's, or in another part.
        let is_there = sort == "System" || sort.starts_with("xen-");
        return (!is_there).then(|| no_bus(device, sort, hardware));
    }
    if vm.is_fragment || !vm.complete {
        return None;
    }
    let head = hardware.head(device.statement);
    if sort == SERIAL && !hardware.offers(sort) {
        return Some(
            Diagnostic::warning(Code::UnknownBus, "there is no virtio-serial controller to sit on")
                .at(head)
                .help("add `virtio-serial`"),
        );
    }
    let by_usb = sort == "usb-bus" && hardware.has("usb");
    if hardware.may_have(sort, device) || by_usb || sort.starts_with("xen-") && may_be_xen(hardware) {
        return None;
    }
    Some(no_bus(device, sort, hardware))
}

/// That there is no bus of a sort for a device.
fn no_bus(device: &Device<'_>, sort: &str, hardware: &Hardware<'_>) -> Diagnostic {
    let head = hardware.head(device.statement);
    let machine = &hardware.board.name;
    match controllers(sort, &hardware.board) {
        Some(controllers) => {
            Diagnostic::error(Code::UnknownBus, format!("there is no {} for this device", bus_name(sort)))
                .at(head)
                .help(format!("add {}", controllers.trim_end_matches(',')))
        }
        None => {
            let the = if machine.is_empty() {
                "the machine".to_owned()
            } else {
                format!("the machine `{machine}`")
            };
            let message = format!("{the} has no {} for this device", bus_name(sort));
            let diagnostic = Diagnostic::error(Code::UnknownBus, message);
            if let Some(transport) = place::transport_of(device, hardware) {
                return diagnostic.at(transport).help(match hardware.board.has(PCI) {
                    true => Remedy::new("write `transport=pci`, or leave it out").replace(transport, "pci"),
                    false => "leave it out: then it is attached as the machine does it".into(),
                });
            }
            diagnostic.at(head).help(match (sort, machine.as_str()) {
                (PCI, "microvm") => "add `pcie` to `machine`: `machine microvm pcie=on`".to_owned(),
                ("virtio-bus", _) => {
                    let name = device.name();
                    format!("write that for PCI: `{}-pci`", name.strip_suffix("-device").unwrap_or(name))
                }
                _ => other_machine(sort, hardware),
            })
        }
    }
}

/// Whether there may be what guests of Xen have: QEMU is one's device model, or KVM plays Xen.
fn may_be_xen(hardware: &Hardware<'_>) -> bool {
    let options = hardware.all("accel").chain(hardware.all("machine"));
    hardware.accelerators().contains(&"xen")
        || options.into_iter().any(|option| option.mentions("xen-version"))
        || hardware.board.name.starts_with("xen")
}

/// What to do where only another machine has a bus.
fn other_machine(sort: &str, hardware: &Hardware<'_>) -> String {
    let machines = hardware.board.others(sort);
    match machines.as_slice() {
        [] => "take another device".to_owned(),
        [machine, ..] => format!("choose another machine, such as `machine {machine}`, or another device"),
    }
}

fn bus_name(sort: &str) -> String {
    match sort {
        "PCI" => "PCI bus",
        "IDE" => "IDE bus",
        "ISA" => "ISA bus",
        "SCSI" => "SCSI bus",
        "usb-bus" => "USB bus",
        "HDA" => "HDA bus",
        "ccid-bus" => "reader of smart cards",
        sort => return format!("bus of the type `{sort}`"),
    }
    .to_owned()
}

/// Where a device's id stands.
fn id_span(device: &Device<'_>, hardware: &Hardware<'_>) -> Span {
    let head = hardware.head(device.statement);
    hardware.get(device, "id").map_or(head, |id| id.span_or(head))
}

/// Devices that sit on each other's bus.
fn cycles(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let owners = &hardware.owners;
    // 0: not seen; otherwise the number of the walk that saw it.
    let mut seen = vec![0usize; owners.len()];
    for start in 0..owners.len() {
        let walk = start + 1;
        let mut at = Some(start);
        while let Some(index) = at {
            match seen.get_mut(index) {
                Some(mark @ 0) => *mark = walk,
                Some(mark) if *mark == walk => {
                    if let Some(device) = hardware.devices.get(index)
                        && let Some(bus) = hardware.get(device, "bus")
                    {
                        diagnostics.push(
                            Diagnostic::error(Code::BusCycle, "this device sits behind itself")
                                .at(bus.span_or(hardware.head(device.statement)))
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
