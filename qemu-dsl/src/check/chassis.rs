//! Chassis numbers: no two bridges have the same, no two root ports the same with the same slot.

use std::collections::HashMap;

use crate::Span;
use crate::bind::Sort;
use crate::bind::tie::{self, AND_SLOT};
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware};
use crate::plan::Piece;
use crate::print::piece;
use crate::schema::Lookup;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashMap::new();
    for (sort, name, span) in hardware.devices.iter().filter_map(|device| numbers(device, hardware)) {
        let known = name.iter().map(|piece| match piece {
            Piece::Text(text) => Some(&**text),
            Piece::Id(slot) => hardware.vm.ids.names.get(*slot as usize).map(String::as_str),
            _ => None,
        });
        let Some(name) = known.collect::<Option<String>>() else { continue };
        let (code, message, help) = sort.twice(&name);
        // A loop has two at one place.
        if let Some(first) = seen.get(&(sort.clone(), name.clone())) {
            diagnostics.push(
                Diagnostic::error(code, message)
                    .label(span, "again here")
                    .label(*first, "first here")
                    .help(help),
            );
        } else {
            seen.insert((sort, name), span);
        }
    }
}

/// The numbers by which QEMU or a guest tells a device from others of its sort, as a message names them, and where the text has
/// them.
pub(crate) fn numbers(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<(Sort, Vec<Piece>, Span)> {
    let option = hardware.option_of(device)?;
    let head = hardware.head(device.statement);
    let number = |name: &str| {
        let item = option.item(name)?;
        let span = item.written.map_or(head, |written| written.value);
        let value = match tie::number(item.plain()) {
            Some(number) => vec![piece(number.to_string())],
            None => item.value.to_vec(),
        };
        Some((value, span))
    };
    if let Some((chassis, span)) = number("chassis_nr") {
        return Some((Sort::BridgeChassis, chassis, span));
    }
    if !is_port(device) {
        return None;
    }
    let none = || vec![piece("0")];
    let (slot, _) = number("slot").unwrap_or_else(|| (none(), head));
    let (mut name, span) = number("chassis").unwrap_or_else(|| (none(), head));
    name.push(piece(AND_SLOT));
    name.extend(slot);
    Some((Sort::PortChassis, name, span))
}

/// Whether it is a port of PCI Express, which QEMU registers by its chassis and slot.
fn is_port(device: &Device<'_>) -> bool {
    // Only few provide a bus.
    let may_be = device.buses().is_none_or(|mut buses| buses.next().is_some());
    let has = |name: &str| device.ty.as_ref().is_some_and(|ty| matches!(ty.property(name), Lookup::Known(_)));
    may_be && has("chassis") && has("slot")
}
