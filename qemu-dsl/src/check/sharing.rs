//! Shared memory: what another process of the host does for the guest needs the guest's memory.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Device, Hardware, QemuOption};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if hardware.vm.complete && !hardware.is_uncertain && !is_shared(hardware) {
        diagnostics.extend(needing(hardware).map(|(_, wrong)| wrong));
    }
}

/// The statements that need shared memory, and what is wrong where there is none.
pub(crate) fn needing(hardware: &Hardware<'_>) -> impl Iterator<Item = (usize, Diagnostic)> {
    let backends = hardware.all("netdev").filter_map(|netdev| {
        let kind = netdev.first()?.text;
        let by_vhost = || netdev.get("vhost-user").is_some_and(|by_vhost| by_vhost.is_on());
        (kind == "vhost-user" || kind == "passt" && by_vhost()).then_some((netdev, kind))
    });
    let objects = hardware
        .all("object")
        .filter(|object| object.first().is_some_and(|ty| ty.text == "cryptodev-vhost-user"));
    let devices = hardware.devices.iter().filter(|device| needs_memory(device));
    let statements = backends
        .map(|(netdev, kind)| (netdev.statement, format!("netdev {kind}")))
        .chain(objects.map(|object| (object.statement, "cryptodev-vhost-user".to_owned())))
        .chain(devices.map(|device| (device.statement, device.name().to_owned())));
    statements.map(|(statement, what)| {
        let diagnostic = Diagnostic::error(
            Code::UnsharedMemory,
            format!("the process behind `{what}` can't reach the guest's memory"),
        )
        .at(hardware.head(statement));
        let memory = hardware.all("m").find(|memory| !memory.is_arg);
        let wrong = match memory.and_then(|memory| hardware.entry(memory.statement)) {
            Some(memory) => diagnostic.label(memory.head, "the guest's own").help(
                Remedy::new("share it: add `share` to `memory`, or `hugepages`")
                    .insert(memory.span.end, " share"),
            ),
            None => diagnostic.help("share it: `memory 2G share`, or `hugepages`"),
        };
        (statement, wrong)
    })
}

/// Whether another process of the host does a device's work.
fn needs_memory(device: &Device<'_>) -> bool {
    let name = device.name();
    // QEMU itself serves it.
    name.starts_with("vhost-user-") && !name.starts_with("vhost-user-test")
}

/// Whether the guest's RAM is shared with other processes of the host.
pub(crate) fn is_shared(hardware: &Hardware<'_>) -> bool {
    let backend = hardware.machine("memory-backend");
    let shares = |object: &QemuOption<'_>| object.get("share").is_some_and(|share| share.is_on());
    hardware.all("object").any(|object| {
        // By `-numa`, any object can be the RAM.
        let is_ram =
            backend.as_ref().is_none_or(|ram| object.get("id").is_some_and(|id| id.text == ram.text));
        shares(object) && is_ram
    }) || hardware.all("mem-path").any(|path| path.is_arg)
}
