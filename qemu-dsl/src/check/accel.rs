//! Accelerators: they are named by the machine, or by options of their own.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Hardware;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(accel) = hardware.all("accel").next() else { return };
    let Some(machine) = hardware.written_machine("accel") else { return };
    let name = machine.name.unwrap_or(machine.value);
    let property = name.to(machine.value);
    let help =
        Remedy::new("leave out `accel=` of the machine: the first accelerator is taken that the host has");
    diagnostics.push(
        Diagnostic::error(Code::ExclusiveOptions, "`accel` and `machine accel=` exclude each other")
            .label(hardware.head(accel.statement), "this")
            .label(property, "and this")
            .help(if property == machine.value { help } else { help.remove(property) }),
    );
}
