//! The machine: there is one, and it takes the CPUs and the graphics adapter.

use crate::bind::Sort;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hardware::Hardware;
use crate::schema::{self, Kind};

/// Options that not all QEMUs have for all machines, and what each is about.
const NOT_ALL: &[(&str, &str)] = &[
    ("acpitable", "ACPI tables"),
    ("fw_cfg", "device `fw_cfg`"),
    ("numa", "NUMA nodes"),
    ("smbios", "SMBIOS tables"),
];

/// Reports options that QEMU hasn't for this machine.
pub(super) fn options(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for (name, what) in NOT_ALL {
        let taken = hardware.all(name).filter_map(|option| not_taken(hardware, option.statement, name, what));
        diagnostics.extend(taken);
    }
}

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if hardware.vm.complete && !hardware.is_uncertain {
        diagnostics.extend(missing(hardware));
        diagnostics.extend(cpus(hardware));
        diagnostics.extend(vga(hardware));
    }
}

/// What is said where QEMU has no machine by itself, and the text names none.
fn missing(hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let arch = hardware.vm.target.arch;
    if !hardware.board.name.is_empty() || schema::all(arch).is_empty() {
        return None;
    }
    let usual = hardware.board.others("virtio-bus");
    let machine = usual.first().copied().unwrap_or("none");
    let message = format!("QEMU for {arch} has no machine by itself");
    let missing = Diagnostic::error(Code::MissingMachine, message).help(format!("add `machine {machine}`"));
    Some(match hardware.vm.arch {
        Some(span) => missing.at(span),
        None => missing,
    })
}

/// What is said of an option that QEMU doesn't have for this architecture, or that is about what the machine hasn't.
fn not_taken(hardware: &Hardware<'_>, statement: usize, name: &str, what: &str) -> Option<Diagnostic> {
    let board = &hardware.board;
    let is_sure = hardware.vm.complete && !hardware.is_uncertain;
    let (code, message) = if !board.knows(name) {
        let arch = hardware.vm.target.arch;
        (Code::WrongArchitecture, format!("QEMU for {arch} takes no {what}"))
    } else if is_sure && board.lacks(name) {
        (Code::IgnoredOption, format!("the machine `{}` has no {what}", board.name))
    } else {
        return None;
    };
    Some(Diagnostic::error(code, message).at(hardware.head(statement)).help("leave it out"))
}

/// How many CPUs the machine takes.
pub(crate) fn max_cpus(hardware: &Hardware<'_>) -> Option<u64> {
    let machine = &hardware.board.name;
    // Between two schemas, what both say is certain.
    let schemas = schema::around(hardware.vm.asked_target);
    let limits: Option<Vec<_>> =
        schemas.iter().map(|schema| schema.find(Kind::Machine, machine)?.max_cpus()).collect();
    limits?.into_iter().max().map(u64::from)
}

/// What is said of more CPUs than the machine takes.
fn cpus(hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let mut all = hardware.all("smp");
    let smp = all.next().filter(|smp| !smp.is_arg && all.next().is_none())?;
    let value = ["maxcpus", "cpus"].into_iter().find_map(|name| smp.get(name)).or_else(|| smp.first())?;
    let cpus: u64 = value.text.parse().ok()?;
    let limit = max_cpus(hardware)?;
    if cpus <= limit {
        return None;
    }
    let schemas = schema::around(hardware.vm.asked_target);
    let is_newer = schemas.last().is_some_and(|newest| newest.version() < hardware.vm.asked_target.version);
    let severity = if is_newer { Severity::Warning } else { Severity::Error };
    let (code, message, help) = Sort::Cpus.beyond(&hardware.board.name, limit, cpus);
    let diagnostic = Diagnostic::new(severity, code, message);
    let help = match smp.get("maxcpus") {
        Some(_) => format!("write at most `maxcpus={limit}`, or choose another machine"),
        None => help,
    };
    Some(diagnostic.at(value.span_or(hardware.head(smp.statement))).help(help))
}

/// What is said of a graphics adapter that the machine has no place for.
fn vga(hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let vga = hardware.all("vga").find(|vga| !vga.is_arg && hardware.board.ignores_vga())?;
    let adapter = vga.first().filter(|adapter| adapter.text != "none")?;
    let message = format!("the machine `{}` has no place for `vga`", hardware.board.name);
    Some(
        Diagnostic::error(Code::IgnoredOption, message)
            .at(adapter.span_or(hardware.head(vga.statement)))
            .help("write `device virtio-gpu-pci` in place of it"),
    )
}
