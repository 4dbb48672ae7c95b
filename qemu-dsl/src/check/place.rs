//! Where virtio devices sit: each by a transport that QEMU has for it, and at a place of that transport's.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy, Severity};
use crate::hardware::{Device, Hardware};
use crate::model::{Maybe, Val};
use crate::qemu::board;
use crate::schema::{self, Kind};
use crate::source::Node;
use crate::statement;
use crate::statement::pci::{Transport, Virtio};
use crate::value::ValueType;
use crate::{Arch, Span};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for device in &hardware.devices {
        let Some(place) = place(device.statement, hardware) else { continue };
        let lacking = transport(place).and_then(|written| lacking(device, written, hardware));
        match lacking {
            Some(lacking) => diagnostics.push(lacking),
            // Of a device that the text names, the schema tells.
            None if device.ty.is_some() && is_named(device, hardware) => {}
            None => elsewhere(device, place, hardware, diagnostics),
        }
    }
}

/// What a statement says of where its virtio device sits.
fn place<'p>(statement: usize, hardware: &Hardware<'p>) -> Option<&'p Virtio> {
    statement::meaning(hardware.entry(statement)?)?.place()
}

/// Whether a statement says how its device is attached: what there isn't of these is reported here.
pub(super) fn says_how(statement: usize, hardware: &Hardware<'_>) -> bool {
    place(statement, hardware).is_some_and(|place| place.transport.is_some())
}

/// Whether the text names the device.
fn is_named(device: &Device<'_>, hardware: &Hardware<'_>) -> bool {
    let made = hardware.option_of(device).and_then(|option| option.made());
    made.is_some_and(|made| made.written.is_some())
}

/// How a statement says that its device is attached.
fn transport(place: &Virtio) -> Option<&Node<Transport>> {
    place.transport.known()
}

/// Where a statement says how its device is attached.
pub(super) fn transport_of(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<Span> {
    Some(transport(place(device.statement, hardware)?)?.span)
}

/// What is wrong where no QEMU for this architecture attaches a device so.
fn lacking(device: &Device<'_>, written: &Node<Transport>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let target = hardware.vm.asked_target;
    let own = written.value.attaches();
    let base = own.device(device.driver)?;
    let schemas = schema::around(target);
    let has = |transport: board::Transport| {
        let driver = transport.driver(base);
        match transport {
            board::Transport::Ccw if target.arch != Arch::S390x => false,
            _ => {
                schemas.is_empty()
                    || schemas.iter().any(|schema| schema.find(Kind::Device, &driver).is_some())
            }
        }
    };
    if has(own) {
        return None;
    }
    let all = Transport::TYPE.choices.iter().filter_map(|(word, _)| Transport::parse(word).ok());
    let others: Vec<_> = all.filter(|other| has(other.attaches())).collect();
    let words: Vec<_> = others.iter().map(|other| format!("`{other}`")).collect();
    let help = Remedy::new(format!("leave it out, or write one of {}", words.join(", ")));
    let message = format!("QEMU for {} has no `{}`", target.arch, device.driver);
    // Of a QEMU newer than all that are known they are no proof.
    let is_newer = matches!(schemas, [only] if only.version() != target.version);
    let severity = if is_newer { Severity::Warning } else { Severity::Error };
    let diagnostic = Diagnostic::new(severity, Code::UnknownDevice, message).at(written.span);
    let diagnostic = Diagnostic { by_schema: true, ..diagnostic };
    Some(diagnostic.help(match others.first() {
        Some(other) => help.replace(written.span, other.as_str()),
        None => help,
    }))
}

/// Reports what of a place isn't one for how a device is attached.
fn elsewhere(
    device: &Device<'_>,
    place: &Virtio,
    hardware: &Hardware<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let printed = |name: &str| hardware.option_of(device)?.get(name)?.written.map(|written| written.value);
    let Some((by, is_pci, is_ccw)) = attached(device) else { return };
    let pci = &place.pci;
    let written = [
        ("addr", is_pci, pci.addr.as_ref().map(Val::span)),
        ("multifunction", is_pci, pci.multifunction.as_ref().map(Val::span)),
        ("disable-modern", is_pci, printed("disable-modern")),
        ("bus", !is_ccw, pci.bus.as_ref().map(Val::span)),
        ("devno", is_ccw, place.devno.as_ref().map(Val::span)),
    ];
    for (name, is_right, span) in written {
        let Some(span) = span.filter(|_| !is_right) else { continue };
        let message = format!("the device `{}` sits on {by}, and has no `{name}`", device.name());
        let help = match name {
            "devno" => "leave it out: channels are how devices of s390x are attached",
            _ if is_ccw => "leave it out: its place among the channels is its `devno=`",
            _ => "leave it out: only a device that is attached by PCI has it",
        };
        diagnostics.push(Diagnostic::error(Code::UnknownOption, message).at(span).help(help));
    }
}

/// On what a device sits, and whether that is a PCI bus, or channels.
fn attached(device: &Device<'_>) -> Option<(&'static str, bool, bool)> {
    match device.bus_sort() {
        Some("PCI" | "PCIE" | "CXL") => Some(("a PCI bus", true, false)),
        Some("virtual-css-bus") => Some(("channels", false, true)),
        Some("virtio-bus") => Some(("a bus of virtio", false, false)),
        Some(_) => Some(("another bus", false, false)),
        None if device.ty.is_some() => None,
        // Of other architectures the names tell.
        None if device.driver.ends_with("-ccw") => Some(("channels", false, true)),
        None => board::Transport::Mmio
            .device(device.driver)
            .map(|_| ("a bus of virtio", false, false))
            .or_else(|| device.driver.contains("-pci").then_some(("a PCI bus", true, false))),
    }
}
