//! Chassis numbers: no two bridges have the same, no two root ports the same with the same slot.

use std::collections::HashMap;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware};
use crate::schema::Lookup;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut bridges = HashMap::new();
    let mut ports = HashMap::new();
    for device in hardware.devices.iter() {
        let is_concerned = hardware.get(device, "chassis_nr").is_some() || is_port(device);
        let is_open = |name| hardware.is_open(device, name);
        if !is_concerned || ["chassis_nr", "chassis", "slot"].into_iter().any(is_open) {
            continue;
        }
        let head = hardware.head(device.statement);
        let number = |name: &str| {
            let value = hardware.get(device, name)?;
            Some((number(value.text)?, value.span_or(head)))
        };
        if let Some((chassis, span)) = number("chassis_nr") {
            let first = *bridges.entry(chassis).or_insert(span);
            if first != span {
                diagnostics.push(
                    Diagnostic::error(
                        Code::DuplicateChassis,
                        format!("two bridges have the chassis number {chassis}"),
                    )
                    .label(span, "again here")
                    .label(first, "first here")
                    .help("give each bridge a number of its own"),
                );
            }
        } else if is_port(device) {
            let chassis = number("chassis");
            let slot = number("slot").map_or(0, |(slot, _)| slot);
            let (chassis, span) = chassis.unwrap_or((0, head));
            let first = *ports.entry((chassis, slot)).or_insert(span);
            if first != span {
                diagnostics.push(
                    Diagnostic::error(
                        Code::DuplicateChassis,
                        format!("two ports have the chassis number {chassis} and the slot {slot}"),
                    )
                    .label(span, "again here")
                    .label(first, "first here")
                    .help("give each port a number of its own: `chassis=1`, `chassis=2`"),
                );
            }
        }
    }
}

/// Whether it is a port of PCI Express, which QEMU registers by its chassis and slot.
fn is_port(device: &Device<'_>) -> bool {
    // Only few provide a bus.
    let may_be = device.buses().is_none_or(|mut buses| buses.next().is_some());
    let has = |name: &str| device.ty.as_ref().is_some_and(|ty| matches!(ty.property(name), Lookup::Known(_)));
    may_be && has("chassis") && has("slot")
}

/// A number as QEMU reads it.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
