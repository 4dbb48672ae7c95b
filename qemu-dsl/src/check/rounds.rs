//! Values that come later, and are the same whatever they are: a loop's that don't hang on its variable, each round has.

use std::collections::HashMap;

use crate::Span;
use crate::bind::Sort;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware, QemuOption, defined_by};
use crate::model::OpenPart;
use crate::print::Item;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    // What two expressions of a program give, nobody knows.
    if hardware.vm.has_expressions {
        return;
    }
    let mut seen: HashMap<(Sort, String), Span> = HashMap::new();
    let mut said: Option<Span> = None;
    let mut add = |sort: Sort, item: &Item, more: String| {
        let (Some(span), Some((shown, key))) = (item.late_span(), value(item, hardware)) else { return };
        let (code, message, help) = sort.twice(&shown);
        let key = (sort, key + &more);
        let Some(first) = seen.get(&key).copied() else {
            seen.insert(key, span);
            return;
        };
        // The same id, of a device and of its backend.
        if said.replace(span) != Some(span) {
            diagnostics.push(
                Diagnostic::error(code, message)
                    .label(span, "again here")
                    .label(first, "first here")
                    .help(help),
            );
        }
    };
    for option in hardware.options {
        for item in option.items() {
            if let Some(of) = item.name.as_deref().and_then(|name| defined_by(option.name, name)) {
                add(Sort::Id { of: of.what().into() }, item, String::new());
            }
        }
    }
    for device in &hardware.devices {
        let Some(option) = hardware.option_of(device) else { continue };
        for item in option.items() {
            let Some((sort, other)) = item.name.as_deref().and_then(|name| taken(name, device, option))
            else {
                continue;
            };
            // The same address on two buses is two.
            match option.item(other) {
                None => add(sort, item, String::new()),
                Some(other) => {
                    if let Some((_, other)) = value(other, hardware) {
                        add(sort, item, format!(" {other}"));
                    }
                }
            }
        }
    }
}

/// What a device has for itself by its property of this name, and which other property it is told from others by.
fn taken(name: &str, device: &Device<'_>, option: &QemuOption<'_>) -> Option<(Sort, &'static str)> {
    match name {
        // Of a pair one stands in for the other.
        "mac" if !["failover", "failover_pair_id"].iter().any(|name| option.mentions(name)) => {
            Some((Sort::Mac, ""))
        }
        "guest-cid" => Some((Sort::Cid, "")),
        "addr" if device.has_pci_address() => Some((Sort::Address, "bus")),
        "chassis_nr" => Some((Sort::BridgeChassis, "")),
        "chassis" => Some((Sort::PortChassis, "slot")),
        _ => None,
    }
}

/// A value as it is written, and what is the same for values that are the same.
fn value(item: &Item, hardware: &Hardware<'_>) -> Option<(String, String)> {
    let vm = hardware.vm;
    let Some(late) = item.late else {
        return Some((item.plain().to_owned(), item.plain().to_owned()));
    };
    let blank = vm.blanks.get(late.blank)?;
    let (mut shown, mut key) = (String::new(), String::new());
    for part in &blank.parts {
        match part {
            OpenPart::Text(text) => {
                shown += text;
                key += &format!("{text:?}");
            }
            OpenPart::Hole { name, optional: false, .. } => {
                shown += &format!("{{{name}}}");
                key += &format!("{{{name} {:?}}}", vm.rounds.element(blank.round, name));
            }
            // There may be none, and none is no address.
            OpenPart::Hole { .. } => return None,
        }
    }
    Some((shown, key))
}
