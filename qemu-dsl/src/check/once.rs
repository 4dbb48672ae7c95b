//! Devices of which a VM has one.

use std::collections::HashMap;

use crate::Span;
use crate::bind::Sort;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Device, Hardware};
use crate::qemu::board::Transport;

/// Devices that QEMU refuses twice, without their transport.
const ONCE: &[&str] = &["pvpanic", "virtio-balloon", "vmcoreinfo", "vmgenid"];

/// Adapters with VGA, of which a guest uses one. QEMU takes several.
const VGA: &[&str] = &[
    "VGA",
    "ati-vga",
    "cirrus-vga",
    "isa-cirrus-vga",
    "isa-vga",
    "qxl-vga",
    "vhost-user-vga",
    "virtio-vga",
    "virtio-vga-gl",
    "vmware-svga",
];

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashMap::new();
    for (name, device) in hardware.devices.iter().filter_map(|device| Some((only(device)?, device))) {
        let again = hardware.head(device.statement);
        // A loop has two at one place.
        if let Some(first) = seen.get(name).copied() {
            let (code, message, help) = Sort::Device.twice(name);
            let help = Remedy::new(help);
            diagnostics.push(
                Diagnostic::error(code, message).label(again, "again here").label(first, "first here").help(
                    match hardware.entry(device.statement) {
                        Some(entry) => help.remove(entry.span),
                        None => help,
                    },
                ),
            );
        } else {
            seen.insert(name, again);
        }
    }
    let adapters = || hardware.devices.iter().filter(|device| VGA.contains(&device.name()));
    let by_option = hardware.all("vga").find(|vga| vga.first().is_some_and(|vga| vga.text != "none"));
    let by_option = by_option.zip(adapters().next()).map(|(vga, device)| (device.statement, vga.statement));
    if let Some((again, first)) = by_option.or_else(|| twice(adapters(), hardware)) {
        diagnostics.push(
            Diagnostic::warning(Code::ExclusiveOptions, "the guest has two adapters with VGA")
                .label(hardware.head(again), "this")
                .label(hardware.head(first), "and this")
                .help("leave out one of them, or take one without VGA: `gpu virtio-gpu`, `bochs-display`, `secondary-vga` or `qxl`"),
        );
    }
}

/// What a device is of which a VM has one.
pub(crate) fn only(device: &Device<'_>) -> Option<&'static str> {
    let driver = device.name();
    let is_driver_of =
        |name: &str| Transport::ALL.iter().any(|transport| transport.device(driver) == Some(name));
    // `pvpanic-pci` is another device.
    let is_it = |name: &&&str| driver == **name || (name.starts_with("virtio") && is_driver_of(name));
    ONCE.iter().find(is_it).copied()
}

/// The statements of the second and the first of devices. What stands in a loop may be one.
fn twice<'d, 'p: 'd>(
    mut devices: impl Iterator<Item = &'d Device<'p>>,
    hardware: &Hardware<'_>,
) -> Option<(usize, usize)> {
    let head = |device: &Device<'_>| -> Span { hardware.head(device.statement) };
    let first = devices.next()?;
    let again = devices.find(|device| head(device) != head(first))?;
    Some((again.statement, first.statement))
}
