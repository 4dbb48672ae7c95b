//! Shared memory: what another process of the host does for the guest needs the guest's memory.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Device, Hardware, Namespace, QemuOption};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if hardware.vm.complete && !hardware.is_uncertain && sharing(hardware).next().is_none() {
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
        .filter(|object| object.first().is_some_and(|ty| ty.text == "cryptodev-vhost-user"))
        .filter(|object| !speaks_to_nobody(hardware, object));
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
        // Where it is that of nodes, these share it.
        let is_nodes = |option: &&QemuOption<'_>| !option.is_arg && option.mentions("memdev");
        let node = hardware.all("numa").find(is_nodes);
        let memory = node.or_else(|| hardware.all("m").find(|memory| !memory.is_arg));
        let wrong = match memory.and_then(|memory| hardware.entry(memory.statement)) {
            Some(memory) => {
                let help = match memory.spec.keyword {
                    "numa" => "share it: add `share` to each `numa node`",
                    _ => "share it: add `share` to `memory`, or `hugepages`",
                };
                let help = Remedy::new(help).insert(memory.span.end, " share");
                diagnostic.label(memory.head, "the guest's own").help(help)
            }
            None => diagnostic.help("share it: `memory 2G share`, or `hugepages`"),
        };
        (statement, wrong)
    })
}

/// Whether an object's character device is none that leads to another process. QEMU starts with one.
fn speaks_to_nobody(hardware: &Hardware<'_>, object: &QemuOption<'_>) -> bool {
    let chardev = object.get("chardev").and_then(|id| hardware.definition(Namespace::Chardev, id.text));
    let option = chardev.and_then(|chardev| hardware.options.get(chardev.option));
    option.and_then(QemuOption::first).is_some_and(|kind| kind.text != "socket")
}

/// Whether another process of the host does a device's work.
fn needs_memory(device: &Device<'_>) -> bool {
    let name = device.name();
    // QEMU itself serves it.
    name.starts_with("vhost-user-") && !name.starts_with("vhost-user-test")
}

/// The options by which the guest's RAM is shared with other processes of the host.
pub(crate) fn sharing<'h>(hardware: &'h Hardware<'_>) -> impl Iterator<Item = &'h QemuOption<'h>> {
    let by_machine = hardware.machine("memory-backend").map(|ram| ram.text);
    let by_nodes: Vec<_> = hardware.all("numa").filter_map(|node| Some(node.get("memdev")?.text)).collect();
    let shares = |object: &&QemuOption<'_>| match object.get("share") {
        Some(share) => share.is_on(),
        None => {
            object.first().is_some_and(|ty| matches!(ty.text, "memory-backend-memfd" | "memory-backend-shm"))
        }
    };
    // It is that of the machine, or that of the nodes. Otherwise no object is.
    let is_ram = move |object: &&QemuOption<'_>| {
        object.get("id").is_some_and(|id| by_machine == Some(id.text) || by_nodes.contains(&id.text))
    };
    let objects = hardware.all("object").filter(shares).filter(is_ram);
    objects.chain(hardware.all("mem-path").filter(|path| path.is_arg))
}
