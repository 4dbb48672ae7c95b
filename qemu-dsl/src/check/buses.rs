//! Buses: each that a device names is there, and of the right sort; and where it names none, there is one.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Device, Hardware, Value};
use crate::qemu::board::ROOTS;
use crate::suggest::did_you_mean;

const PCI: &str = "PCI";
const SERIAL: &str = "virtio-serial-bus";

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for device in &hardware.devices {
        diagnostics.extend(match hardware.get(device, "bus") {
            Some(bus) => unknown(device, &bus, hardware),
            None if hardware.is_open(device, "bus") => None,
            None => homeless(device, hardware),
        });
    }
    cycles(hardware, diagnostics);
}

/// What is wrong with the bus that a device names.
fn unknown(device: &Device, bus: &Value<'_>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let name = &*bus.text;
    // A path through QEMU's tree of devices names more than can be known here.
    if name.starts_with('/') {
        return None;
    }
    let wants = device.bus_sort();
    let board = &hardware.board;
    if let Some((_, offer)) = hardware.provider(name)
        && wants.is_none_or(|wants| offer.sort == wants)
    {
        return None;
    }
    let own = board.buses().find(|own| own.name == name);
    if own.is_some_and(|own| wants.is_none_or(|wants| own.sort == wants)) {
        return None;
    }
    let numbered = name.rsplit_once('.').filter(|(_, number)| number.parse::<u32>().is_ok());
    let owner = hardware.by_id(name).or_else(|| hardware.by_id(numbered?.0));
    // A device whose buses aren't known.
    if owner.is_some_and(|owner| !owner.is_plain()) && hardware.provider(name).is_none() {
        return None;
    }
    // It may be in the guest, or in a file that QEMU reads.
    if hardware.is_uncertain || hardware.vm.is_fragment && owner.is_none() {
        return None;
    }
    let lost = |name: &str| hardware.vm.ids.lost.contains(name);
    if lost(name) || numbered.is_some_and(|(device, _)| lost(device)) {
        return None;
    }
    if owner.is_none() && is_unsure(name, numbered.is_some(), wants, hardware) {
        return None;
    }
    let span = bus.span_or(hardware.head(device.statement));
    let elsewhere = hardware.definitions.iter().find(|definition| definition.name == name);
    let diagnostic = match (owner, elsewhere) {
        (Some(owner), _) => {
            Diagnostic::error(Code::UnknownBus, format!("`{name}` is no bus for this device"))
                .label(span, "the bus")
                .label(id_span(owner, hardware), "what it names")
        }
        (None, Some(other)) => Diagnostic::error(
            Code::WrongId,
            format!("`{name}` is the id of {}, not a bus", other.namespace.what()),
        )
        .label(span, "must be a bus")
        .label(other.span, format!("is {}", other.namespace.what())),
        (None, None) if own.is_some() => {
            Diagnostic::error(Code::UnknownBus, format!("`{name}` is no bus for this device")).at(span)
        }
        (None, None) => {
            Diagnostic::error(Code::UnknownBus, format!("nothing provides the bus `{name}`")).at(span)
        }
    };
    Some(diagnostic.help(remedy(name, span, wants, hardware)))
}

/// Whether a bus of this name may be there nevertheless.
fn is_unsure(name: &str, is_numbered: bool, wants: Option<&str>, hardware: &Hardware<'_>) -> bool {
    let is_known = hardware.board.is_known();
    match wants {
        Some(PCI) => !is_known,
        Some(SERIAL) => hardware.of_sort(name).is_some(),
        // QEMU numbers the buses of devices without an id by their sort: `scsi.0`.
        Some(_) => !is_known || hardware.of_sort(name).is_some(),
        None => !is_known || is_numbered && !ROOTS.contains(&name),
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
        sort => format!("{} provides one", controllers(sort)),
    };
    did_you_mean(name, span, candidates.iter().map(String::as_str)).unwrap_or_else(|| {
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
fn controllers(sort: &str) -> &'static str {
    match sort {
        SERIAL => "`virtio-serial`",
        "SCSI" => "a controller such as `device virtio-scsi-pci id=scsi0`",
        "usb-bus" => "a controller such as `device qemu-xhci id=usb0`, or `usb` of `machine`,",
        "IDE" => "a controller such as `device ich9-ahci id=sata0`",
        "HDA" => "a controller such as `device intel-hda id=hda0`",
        "ccid-bus" => "`device usb-ccid id=ccid0`",
        _ => "another machine",
    }
}

/// What is wrong where a device names no bus and there is none for it.
fn homeless(device: &Device, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let vm = hardware.vm;
    if vm.is_fragment || !vm.complete || hardware.is_uncertain || device.is_arg {
        return None;
    }
    let sort = device.bus_sort()?;
    if hardware.offers(sort) || hardware.board_has(sort) || hardware.has("usb") {
        return None;
    }
    let head = hardware.head(device.statement);
    match sort {
        SERIAL => Some(
            Diagnostic::warning(Code::UnknownBus, "there is no virtio-serial controller to sit on")
                .at(head)
                .help("add `virtio-serial`"),
        ),
        "SCSI" | "usb-bus" | "HDA" | "ccid-bus" if hardware.board.is_known() => Some(
            Diagnostic::error(Code::UnknownBus, format!("there is no {} for this device", bus_name(sort)))
                .at(head)
                .help(format!("add {}", controllers(sort).trim_end_matches(','))),
        ),
        PCI if hardware.board.is_known() => Some(
            Diagnostic::error(
                Code::UnknownBus,
                format!("the machine `{}` has no PCI bus for this device", hardware.board.name),
            )
            .at(head)
            .help(match hardware.board.name.as_str() {
                "microvm" => "add `pcie` to `machine`: `machine microvm pcie=on`",
                _ => "choose another machine, such as `machine q35`, or another device",
            }),
        ),
        _ => None,
    }
}

fn bus_name(sort: &str) -> &str {
    match sort {
        "SCSI" => "SCSI bus",
        "usb-bus" => "USB bus",
        "HDA" => "HDA bus",
        "ccid-bus" => "reader of smart cards",
        sort => sort,
    }
}

/// Where a device's id stands.
fn id_span(device: &Device, hardware: &Hardware<'_>) -> Span {
    let head = hardware.head(device.statement);
    hardware.get(device, "id").map_or(head, |id| id.span_or(head))
}

/// Devices that sit on each other's bus.
fn cycles(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let owners: Vec<_> =
        hardware.devices.iter().map(|device| Some(hardware.number(hardware.owner(device)?))).collect();
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
