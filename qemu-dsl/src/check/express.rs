//! PCI and PCI Express: what sits on one of them only, and what virtio devices are there.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware};
use crate::schema::{self, Kind};

/// Where a device is on PCI.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// On a bus that is no PCI Express.
    Conventional,
    /// On a root of PCI Express.
    Root,
    /// Behind a port of it.
    Port,
}

/// Bridges that are roots of their own, and whether they sit on PCI Express.
const EXPANDERS: &[(&str, bool)] = &[("pxb", false), ("pxb-pcie", true), ("pxb-cxl", true)];

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if hardware.vm.is_fragment || !hardware.vm.complete {
        return;
    }
    for device in hardware.devices.iter().filter(|device| !device.is_arg) {
        diagnostics.extend(expander(device, hardware).or_else(|| virtio(device, hardware)));
    }
}

/// None where it isn't known.
fn place(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<Place> {
    if device.bus_sort() != Some("PCI") {
        return None;
    }
    let own = |name: &str| hardware.board.buses().find(|own| own.name == name).map(|own| own.ty);
    let (ty, is_own) = match hardware.get(device, "bus") {
        None => (own(hardware.board.root()?)?, true),
        Some(bus) => match own(bus.text) {
            Some(ty) => (ty, true),
            None => (hardware.provider(bus.text)?.1.ty(), false),
        },
    };
    Some(match hardware.takes(ty, "PCIE") {
        false => Place::Conventional,
        true if is_own || ty.starts_with("pxb-") => Place::Root,
        true => Place::Port,
    })
}

fn expander(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let (name, is_express) = EXPANDERS.iter().find(|(name, _)| device.name() == *name)?;
    let place = place(device, hardware)?;
    let (sort, other) =
        if *is_express { ("PCI Express", "pxb") } else { ("PCI that is no PCI Express", "pxb-pcie") };
    ((place != Place::Conventional) != *is_express).then(|| {
        Diagnostic::error(Code::UnknownBus, format!("`{name}` sits on a bus of {sort}"))
            .at(hardware.head(device.statement))
            .help(format!("name such a bus, or write `{other}`"))
    })
}

/// What is wrong with a virtio device behind an IOMMU that drivers from before virtio 1.0 can use, too.
fn virtio(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let platform = hardware.get(device, "iommu_platform").filter(|value| value.is_on())?;
    if hardware.is_open(device, "disable-legacy") {
        return None;
    }
    let place = place(device, hardware)?;
    let name = device.name();
    let plain = name.strip_suffix("-transitional").filter(|name| !name.ends_with("-non"));
    // All others are of virtio 1.0 alone.
    let schema = schema::nearest(hardware.vm.target);
    let has_legacy = plain.is_some() || schema.find(Kind::Device, &format!("{name}-transitional")).is_some();
    let is_legacy = match hardware.get(device, "disable-legacy") {
        Some(value) if value.text != "auto" => !value.is_on(),
        // Behind a port there is no room for its registers.
        _ => plain.is_some() || place != Place::Port,
    };
    (has_legacy && is_legacy).then(|| {
        Diagnostic::error(Code::ExclusiveOptions, "an IOMMU takes virtio 1.0 alone")
            .at(platform.span_or(hardware.head(device.statement)))
            .help(match plain {
                Some(plain) => format!("write `{plain}-non-transitional`"),
                None => "add `disable-legacy=on`, or name the bus of a `pcie-root-port`".to_owned(),
            })
    })
}
