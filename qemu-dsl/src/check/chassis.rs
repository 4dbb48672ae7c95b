//! Chassis numbers: no two bridges have the same, no two root ports the same with the same slot.

use std::collections::HashMap;

use crate::Span;
use crate::bind::Sort;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware};
use crate::schema::Lookup;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashMap::new();
    for (sort, name, span) in hardware.devices.iter().filter_map(|device| numbers(device, hardware)) {
        let (code, message, help) = sort.twice(&name);
        let first = *seen.entry((sort, name)).or_insert(span);
        if first != span {
            diagnostics.push(
                Diagnostic::error(code, message)
                    .label(span, "again here")
                    .label(first, "first here")
                    .help(help),
            );
        }
    }
}

/// The numbers by which QEMU or a guest tells a device from others of its sort, as a message names them, and where the text has
/// them.
pub(crate) fn numbers(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<(Sort, String, Span)> {
    let is_concerned = hardware.get(device, "chassis_nr").is_some() || is_port(device);
    let is_open = |name| hardware.is_open(device, name);
    if !is_concerned || ["chassis_nr", "chassis", "slot"].into_iter().any(is_open) {
        return None;
    }
    let head = hardware.head(device.statement);
    let number = |name: &str| {
        let value = hardware.get(device, name)?;
        Some((number(value.text)?, value.span_or(head)))
    };
    if let Some((chassis, span)) = number("chassis_nr") {
        return Some((Sort::BridgeChassis, chassis.to_string(), span));
    }
    if !is_port(device) {
        return None;
    }
    let slot = number("slot").map_or(0, |(slot, _)| slot);
    let (chassis, span) = number("chassis").unwrap_or((0, head));
    Some((Sort::PortChassis, format!("{chassis} and the slot {slot}"), span))
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
