//! Drives of IDE: how many a bus has room for, and which is where.

use std::collections::HashMap;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware};
use crate::value::whole_number;

pub(crate) const IDE: &str = "IDE";

/// The drives on each bus, by unit.
type Taken<'h> = HashMap<String, HashMap<u64, &'h Device<'h>>>;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    // What a `drive` puts there by itself takes room, too; whatever it is, what is found here is wrong without it.
    let mut taken = Taken::new();
    for device in hardware.devices.iter().filter(|device| device.bus_sort() == Some(IDE)) {
        let Some((bus, room)) = bus(device, hardware) else { continue };
        if hardware.is_open(device, "unit") {
            continue;
        }
        let on_bus = taken.entry(bus.clone()).or_default();
        // -1 is none, however it is written.
        let is_none = |text: &str| whole_number(text).is_none_or(|unit| unit as u32 == u32::MAX);
        let written = hardware.get(device, "unit").filter(|unit| !is_none(unit.text));
        let unit = match &written {
            Some(unit) => whole_number(unit.text),
            None => Some(u64::from(on_bus.contains_key(&0))),
        };
        let Some(unit) = unit else { continue };
        let head = hardware.head(device.statement);
        let at = hardware.get(device, "bus").map_or(head, |bus| bus.span_or(head));
        let at = written.as_ref().map_or(at, |unit| unit.span_or(head));
        let other = on_bus.get(&unit).or_else(|| on_bus.get(&0)).filter(|_| unit < room || written.is_none());
        let other = other.map(|other| hardware.head(other.statement));
        if unit < room && !on_bus.contains_key(&unit) {
            on_bus.insert(unit, device);
            continue;
        }
        let drives = if room == 1 { "one drive".to_owned() } else { format!("{room} drives") };
        let message = format!("the bus `{bus}` has room for {drives}");
        diagnostics.push(match other {
            Some(other) => Diagnostic::error(Code::AddressInUse, message)
                .at(at)
                .label(other, "here already")
                .help(remedy(&taken, hardware)),
            None => {
                let units = if room == 1 { "its unit is 0" } else { "its units are 0 and 1" };
                Diagnostic::error(Code::OutOfRange, message).at(at).help(units)
            }
        });
    }
}

/// The bus that a drive is on, and how many that takes. None where that isn't known.
fn bus(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<(String, u64)> {
    match hardware.get(device, "bus") {
        Some(bus) => {
            let name = bus.text.to_owned();
            match hardware.provider(&name) {
                Some((provider, _)) => Some((name, room(provider))),
                None => own(hardware).find(|(own, _)| *own == name).map(|(_, room)| (name, room)),
            }
        }
        // QEMU takes the first that it finds, whether there is room or not: of the machine's own the last one, and before those
        // one of a controller that is plugged in.
        None if hardware.is_open(device, "bus") || hardware.is_uncertain || hardware.offers(IDE) => None,
        None => own(hardware).max().map(|(last, room)| (last.to_owned(), room)),
    }
}

/// The machine's own buses of IDE, and how many drives each takes.
pub(crate) fn own(hardware: &Hardware<'_>) -> impl Iterator<Item = (&'static str, u64)> {
    let own: Vec<_> = hardware.board.buses_of(IDE).collect();
    // A PC's own are for two each, the many of a newer one are SATA's, and so are those of ARM's boards.
    let room = if own.len() == 2 { 2 } else { 1 };
    own.into_iter().map(move |bus| (bus, room))
}

/// How many drives each bus of a controller takes.
pub(crate) fn room(controller: &Device<'_>) -> u64 {
    if controller.name().contains("ahci") { 1 } else { 2 }
}

/// Where there is more room.
fn remedy(taken: &Taken<'_>, hardware: &Hardware<'_>) -> String {
    let own = hardware.board.buses_of(IDE).map(str::to_owned);
    let mut all = own.chain(hardware.devices.iter().flat_map(|device| hardware.buses_of(device, IDE)));
    match all.find(|bus| taken.get(bus).is_none_or(HashMap::is_empty)) {
        Some(free) => format!("put it elsewhere: `bus={free}`"),
        None => "put it elsewhere: `controller ich9-ahci id=sata0` has the buses `sata0.0` to `sata0.5`"
            .to_owned(),
    }
}
