//! Accelerators: they are named by the machine, or by options of their own.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Hardware;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.extend(host(hardware));
    let Some(accel) = hardware.all("accel").next() else { return };
    let Some(machine) = hardware.written_machine("accel") else { return };
    let name = machine.name.unwrap_or(machine.value);
    let property = name.to(machine.value);
    let help =
        Remedy::new("leave out `accel=` of the machine: the first accelerator is taken that the host has");
    diagnostics.push(
        twice()
            .label(hardware.head(accel.statement), "this")
            .label(property, "and this")
            .help(if property == machine.value { help } else { help.remove(property) }),
    );
}

/// That it is said twice.
pub(crate) fn twice() -> Diagnostic {
    Diagnostic::error(Code::ExclusiveOptions, "`accel` and `machine accel=` exclude each other")
        .help("leave out one of them")
}

/// What is wrong with a CPU that is there by the host's virtualisation alone.
fn host(hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let vm = hardware.vm;
    if vm.extent.is_partial() || !vm.complete || hardware.is_uncertain {
        return None;
    }
    let mut cpus = hardware.all("cpu").filter(|cpu| !cpu.is_arg);
    let (statement, model) = cpus.find_map(|cpu| Some((cpu.statement, cpu.first()?)))?;
    let accelerators = hardware.accelerators();
    if model.text != "host" || accelerators.iter().all(|name| has_host_cpu(name)) {
        return None;
    }
    let diagnostic = if accelerators.iter().any(|name| has_host_cpu(name)) {
        Diagnostic::warning(Code::HostCpuWithoutKvm, "where KVM is missing, the CPU `host` is missing too")
            .help("write `cpu max` for whatever the accelerator can do, or leave out the other accelerators")
    } else {
        without_host()
    };
    let diagnostic = diagnostic.at(model.span_or(hardware.head(statement)));
    let accel = hardware.machine("accel").and_then(|accel| accel.written);
    Some(match accel {
        Some(written) => diagnostic.label(written.value, "another accelerator"),
        None => diagnostic,
    })
}

/// That nothing has the host's CPU.
pub(crate) fn without_host() -> Diagnostic {
    Diagnostic::error(Code::HostCpuWithoutKvm, "the CPU `host` needs KVM")
        .help("write `machine q35 accel=kvm`, or `cpu max` for whatever the accelerator can do")
}

/// Whether an accelerator has the host's CPU.
pub(crate) fn has_host_cpu(accelerator: &str) -> bool {
    matches!(accelerator, "kvm" | "hvf" | "nvmm")
}
