//! Chassis numbers: no two bridges have the same.

use std::collections::HashMap;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::Vm;
use crate::statement::bridge::Pci;

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashMap::new();
    for (_, bridge) in vm.all::<Pci>() {
        let chassis = bridge.chassis;
        let first = *seen.entry(chassis.value.0).or_insert(chassis.span);
        if first != chassis.span {
            diagnostics.push(
                Diagnostic::error(
                    Code::DuplicateChassis,
                    format!("two bridges have the chassis number {chassis}"),
                )
                .label(chassis.span, "again here")
                .label(first, "first here")
                .help("give each bridge a number of its own"),
            );
        }
    }
}
