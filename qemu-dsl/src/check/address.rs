//! PCI addresses: no two devices sit at one, and devices share a slot only where the first of them allows it.
//!
//! **A warning for the addresses of a machine's own devices**: which these are depends on properties and versions.

use std::collections::HashMap;

use crate::Span;
use crate::bind::{Sort, tie};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware};
use crate::value::{PciAddr, ValueType as _};

/// A device's place on a PCI bus.
#[derive(Clone, Copy)]
struct Placement<'h> {
    device: usize,
    bus: Option<&'h str>,
    addr: PciAddr,
    span: Span,
    /// Whether other functions of its slot may have devices.
    multifunction: bool,
}

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let placements = hardware.devices.iter().enumerate();
    let mut placements =
        placements.filter_map(|(number, device)| placement(number, device, hardware)).peekable();
    if placements.peek().is_none() {
        return;
    }
    let board = &hardware.board;
    let machine = &board.name;
    // Of the guest that runs nothing is known here, nor of the base.
    let root = board.root().filter(|_| hardware.vm.extent.has_machine()).unwrap_or("");
    let own = if root.is_empty() { Vec::new() } else { own(hardware) };
    let mut slots: HashMap<(&str, u8), [Option<Placement<'_>>; 8]> = HashMap::new();
    for placement in placements {
        let Placement { bus, addr, span, .. } = placement;
        // A device without a bus sits on the machine's first.
        let bus = bus.unwrap_or(root);
        let is_root = bus == root;
        let function = addr.function.unwrap_or(0);
        let functions = slots.entry((bus, addr.slot)).or_default();
        let Some(place) = functions.get_mut(usize::from(function)) else {
            continue;
        };
        if let Some(first) = place {
            let name = tie::address(addr, Some(bus).filter(|bus| !bus.is_empty()));
            let (code, message, help) = Sort::Address.twice(&name);
            diagnostics.push(
                Diagnostic::error(code, message)
                    .label(span, "again here")
                    .label(first.span, "first here")
                    .help(help),
            );
            continue;
        }
        *place = Some(placement);
        // A list of what each machine has can't be complete: a warning.
        let taken = own.iter().find(|own| is_root && own.slot == addr.slot && own.has(function));
        if let Some(taken) = taken {
            diagnostics.push(
                Diagnostic::warning(
                    Code::AddressInUse,
                    format!("the machine `{machine}` has {} at `{addr}`", taken.what),
                )
                .at(span)
                .help(taken.remedy),
            );
        }
    }
    if !sets_multifunction(hardware) {
        let mut shared: Vec<_> = slots.values().filter_map(lonely).collect();
        // In the order of the source, whatever the map's.
        shared.sort_by_key(|(other, _)| other.device);
        diagnostics.extend(shared.into_iter().map(|(other, first)| {
            let (code, message, help) = tie::lonely(&other.addr.to_string());
            Diagnostic::error(code, message)
                .label(other.span, "shares its slot")
                .label(first.span, "has the slot for itself")
                .help(help)
        }));
    }
}

fn placement<'h>(number: usize, device: &Device<'_>, hardware: &'h Hardware<'_>) -> Option<Placement<'h>> {
    let addr = hardware.get(device, "addr")?;
    let is_open = |name| hardware.is_open(device, name);
    if !device.has_pci_address() || is_open("bus") || is_open("multifunction") {
        return None;
    }
    Some(Placement {
        device: number,
        bus: hardware.get(device, "bus").map(|bus| bus.text),
        addr: PciAddr::parse(addr.text).ok()?,
        span: addr.span_or(hardware.head(device.statement)),
        multifunction: hardware.get(device, "multifunction").is_some_and(|value| value.is_on()),
    })
}

/// What the machine itself has in a slot of its first bus.
struct Own {
    slot: u8,
    /// At all functions, where it is none.
    function: Option<u8>,
    what: &'static str,
    remedy: &'static str,
}

impl Own {
    fn has(&self, function: u8) -> bool {
        self.function.is_none_or(|own| own == function)
    }
}

fn own(hardware: &Hardware<'_>) -> Vec<Own> {
    let board = &hardware.board;
    let taken = board.taken().map(|(slot, function)| Own {
        slot,
        function,
        what: "a device of its own",
        remedy: "take another slot, or leave out `addr=`",
    });
    let defaults = by_default(hardware).into_iter().zip(board.first_free()..);
    let defaults = defaults.map(|((what, remedy), slot)| Own { slot, function: Some(0), what, remedy });
    taken.chain(defaults).collect()
}

/// What QEMU adds by itself, in the order in which it takes free slots.
fn by_default(hardware: &Hardware<'_>) -> Vec<(&'static str, &'static str)> {
    // An argument of QEMU's own may change all of it.
    if hardware.options.iter().any(|option| option.is_arg) {
        return Vec::new();
    }
    let is_bare = hardware.is_bare();
    // Those whose presence makes QEMU add none.
    let is_vga = |device: &Device<'_>| device.driver.to_ascii_lowercase().contains("vga");
    let has_vga = match hardware.all("vga").next() {
        Some(vga) => vga.first().is_some_and(|adapter| adapter.text != "none"),
        None => hardware.board.adds_vga() && !is_bare && !hardware.devices.iter().any(is_vga),
    };
    let has_nic = hardware.board.adds_nic() && !is_bare && !hardware.has("netdev") && !hardware.has("net");
    let vga = (
        "the graphics adapter that QEMU adds by itself",
        "take another slot, or write `nodefaults` or `vga none`",
    );
    let nic = (
        "the network device that QEMU adds by itself",
        "take another slot, or write `nodefaults` or `netdev none`",
    );
    has_vga.then_some(vga).into_iter().chain(has_nic.then_some(nic)).collect()
}

/// Whether a `global` makes devices share their slots.
pub(crate) fn sets_multifunction(hardware: &Hardware<'_>) -> bool {
    hardware.all("global").any(|global| {
        global.named().any(|(name, value)| {
            name.ends_with(".multifunction") || (name == "property" && value.text == "multifunction")
        })
    })
}

/// The first device that shares the slot of one at function 0 that doesn't allow it, and that one.
fn lonely<'h>(functions: &[Option<Placement<'h>>; 8]) -> Option<(Placement<'h>, Placement<'h>)> {
    let [first, others @ ..] = functions;
    let first = first.filter(|first| !first.multifunction)?;
    Some((others.iter().copied().flatten().next()?, first))
}
