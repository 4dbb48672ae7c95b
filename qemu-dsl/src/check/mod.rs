//! Checks that concern more than one statement: one file a noun. They look at devices, ids and options, not at statements.
//!
//! What concerns one statement alone stands in the statement's file.

pub(crate) mod accel;
pub(crate) mod address;
pub(crate) mod buses;
pub(crate) mod chassis;
mod cids;
mod companions;
mod cpus;
pub(crate) mod dimms;
pub(crate) mod display;
mod express;
mod fw_cfg;
pub(crate) mod ids;
mod loader;
mod locking;
pub(crate) mod machine;
pub(crate) mod macs;
mod members;
mod needs;
pub(crate) mod numa;
pub(crate) mod once;
mod place;
mod ports;
mod repeated;
mod rounds;
mod sandbox;
mod schema;
mod secret;
pub(crate) mod sharing;
mod smbios;
pub(crate) mod terminal;
pub(crate) mod units;
mod watchdog;

use crate::diagnostic::Diagnostic;
use crate::hardware::{Checking, Hardware};
use crate::statement;
use crate::value::Kind;

/// What values must be that come later, each by its blank, where more is known of one than where it is read: they are looked at
/// by the same as those that are written. `are_checked` says whether it is an error what QEMU's schema has otherwise.
pub(crate) fn late(hardware: &Hardware<'_>, are_checked: bool) -> Vec<(u32, Kind)> {
    let vm = hardware.vm;
    let mut late = schema::late(hardware, are_checked);
    for entry in &vm.statements {
        if let Some(form) = statement::meaning(entry) {
            let diagnostics = &mut Vec::new();
            form.check(&mut Checking { vm, hardware, entry, diagnostics, late: &mut late });
        }
    }
    late
}

/// Reports what is wrong with a VM, or with devices for a guest that runs.
pub(crate) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let vm = hardware.vm;
    for entry in &vm.statements {
        if let Some(form) = statement::meaning(entry) {
            form.check(&mut Checking { vm, hardware, entry, diagnostics, late: &mut Vec::new() });
        }
    }
    ids::check(hardware, diagnostics);
    buses::check(hardware, diagnostics);
    address::check(hardware, diagnostics);
    macs::check(hardware, diagnostics);
    express::check(hardware, diagnostics);
    chassis::check(hardware, diagnostics);
    cids::check(hardware, diagnostics);
    rounds::check(hardware, diagnostics);
    ports::check(hardware, diagnostics);
    members::check(hardware, diagnostics);
    once::check(hardware, diagnostics);
    repeated::check(hardware, diagnostics);
    units::check(hardware, diagnostics);
    loader::check(hardware, diagnostics);
    locking::check(hardware, diagnostics);
    accel::check(hardware, diagnostics);
    sandbox::check(hardware, diagnostics);
    secret::check(hardware, diagnostics);
    watchdog::check(hardware, diagnostics);
    smbios::check(hardware, diagnostics);
    display::check(hardware, diagnostics);
    fw_cfg::check(hardware, diagnostics);
    terminal::check(hardware, diagnostics);
    if !vm.target_is_open {
        place::check(hardware, diagnostics);
        machine::options(hardware, diagnostics);
    }
    let others = diagnostics.len();
    if !vm.target_is_open {
        schema::check(hardware, diagnostics);
        if !vm.is_fragment {
            machine::check(hardware, diagnostics);
        }
    }
    cpus::check(hardware, diagnostics);
    companions::check(hardware, diagnostics);
    diagnostics.iter_mut().skip(others).for_each(|diagnostic| diagnostic.by_schema = true);
    // What devices for a guest that runs need may be there.
    if !vm.is_fragment {
        dimms::check(hardware, diagnostics);
        sharing::check(hardware, diagnostics);
        numa::check(hardware, diagnostics);
    }
}
