//! CPUs: such as can be numbered, and all of the machine's model.

use crate::Arch;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Hardware;
use crate::schema::{self, Kind, Type};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let vm = hardware.vm;
    if vm.is_fragment || !vm.complete || hardware.is_uncertain {
        return;
    }
    let schemas = schema::around(vm.asked_target);
    let machines: Vec<_> =
        schemas.iter().filter_map(|schema| schema.find(Kind::Machine, &hardware.board.name)).collect();
    // What one of two schemas doesn't know may be otherwise.
    if !machines.is_empty() && machines.len() == schemas.len() {
        // More than the machine takes is an error elsewhere.
        let most = machines.iter().filter_map(Type::max_cpus).max();
        too_many(hardware, most, diagnostics);
        of_another_model(hardware, &machines, diagnostics);
    }
}

/// The largest number of a CPU's APIC without x2APIC. That of all is taken by broadcasts.
const APICS: u64 = 255;

fn too_many(hardware: &Hardware<'_>, most: Option<u32>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(smp) = hardware.all("smp").last() else { return };
    let Some(cpus) = smp.get("maxcpus").or_else(|| smp.first()).or_else(|| smp.get("cpus")) else { return };
    let Ok(count) = cpus.text.parse::<u64>() else { return };
    let is_taken = most.is_none_or(|most| count <= u64::from(most));
    if is_taken && count > APICS && lacks_x2apic(hardware) {
        diagnostics.push(
            Diagnostic::warning(Code::TooManyCpus, format!("without x2APIC there are at most {APICS} CPUs"))
                .at(cpus.span_or(hardware.head(smp.statement)))
                .help("TCG has it from QEMU 9.0 on, with `cpu max`; KVM has it for all models"),
        );
    }
}

/// Whether CPUs certainly have no x2APIC. KVM gives it to them.
fn lacks_x2apic(hardware: &Hardware<'_>) -> bool {
    let cpu = hardware.all("cpu").last();
    let is_max = cpu.is_some_and(|cpu| cpu.first().is_some_and(|model| model.text == "max"));
    let is_named = cpu.is_some_and(|cpu| cpu.named().any(|(name, _)| name == "x2apic"));
    matches!(hardware.vm.target.arch, Arch::X86_64 | Arch::I386)
        && hardware.accelerators() == ["tcg"]
        && !is_max
        && !is_named
}

/// CPUs that stand as devices, as for those that are plugged later.
fn of_another_model(hardware: &Hardware<'_>, machines: &[Type], diagnostics: &mut Vec<Diagnostic>) {
    let suffix = hardware.vm.target.arch.cpu_suffix();
    let named = hardware.all("cpu").last().and_then(|cpu| cpu.first());
    for device in hardware.devices.iter().filter(|device| !device.is_arg) {
        let Some(model) = device.name().strip_suffix(suffix).filter(|_| device.ty.is_some()) else {
            continue;
        };
        let is_other = |machine: &Type| match &named {
            Some(named) => named.text != model,
            None => machine.default_cpu().is_some_and(|cpu| cpu != model),
        };
        if machines.iter().all(is_other) {
            let own = named.as_ref().map(|named| named.text.to_string());
            let own = own.or_else(|| machines.last()?.default_cpu().map(str::to_owned)).unwrap_or_default();
            diagnostics.push(
                Diagnostic::error(Code::NotCreatable, format!("the machine's CPUs are of the model `{own}`"))
                    .label(hardware.head(device.statement), "another model")
                    .help(format!("write `{own}{suffix}`, or `cpu {model}`")),
            );
        }
    }
}
