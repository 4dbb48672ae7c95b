//! What QEMU makes something only beside, or never: another device, another property, another machine.
//!
//! QEMU says these when it makes the thing, and nowhere before: no introspection has them.

use super::needs::{has_default, listed};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware, QemuOption};
use crate::model::Extent;
use crate::qemu::{changes, deviation};
use crate::schema::{self, Kind, Lookup};
use crate::value::whole_number;

/// Devices, and those without which they are refused.
const DEVICES: &[(&str, &str)] = &[("hv-syndbg", "vmbus-bridge"), ("pvrdma", "vmxnet3")];

/// Devices, and what the machine must have switched on for them.
const BY_MACHINE: &[(&str, &str)] = &[("pxb-cxl", "cxl")];

/// Devices that sit at one address alone.
const AT: &[(&str, &str)] = &[("vfio-pci-igd-lpc-bridge", "1f.0")];

/// Backends of character devices, and the options of QEMU's without which they are refused.
const BACKENDS: &[(&str, &str)] = &[("spiceport", "spice")];

/// Devices without a bus, and the families of machines that take them. Others of these are for other architectures.
const SYSTEM: &[(&str, &[&str])] = &[
    ("amd-iommu", &["q35"]),
    ("intel-iommu", &["q35"]),
    ("ramfb", &["pc", "q35", "microvm"]),
    ("uefi-vars-x64", &["pc", "q35"]),
    ("vmbus-bridge", &["pc", "q35"]),
];

/// Options and what they make, the properties without which QEMU does nothing: one of these.
const ONE_OF: &[(&str, &str, &[&str])] = &[
    ("device", "ccid-card-emulated", &["backend"]),
    ("device", "pxb", &["bus_nr"]),
    ("device", "vfio-user-pci", &["socket"]),
    ("device", "vhost-user-device", &["virtio-id"]),
    ("device", "vhost-user-device-pci", &["virtio-id"]),
    ("device", "vhost-user-test-device", &["virtio-id"]),
    ("device", "vhost-user-test-device-pci", &["virtio-id"]),
    ("device", "virtio-iommu-device", &["primary-bus"]),
    ("device", "xen-pvdevice", &["device-id"]),
    ("object", "filter-redirector", &["indev", "outdev"]),
    ("object", "secret", &["file", "data"]),
    ("object", "tls-cipher-suites", &["priority"]),
    ("object", "tls-creds-psk", &["dir"]),
    ("object", "tls-creds-x509", &["dir"]),
];

/// Options and what they make, properties, and those without which these are refused.
const PROPERTIES: &[(&str, &str, &str, &str)] = &[
    ("chardev", "socket", "host", "port"),
    ("device", "cxl-type3", "memdev", "lsa"),
    ("device", "cxl-type3", "persistent-memdev", "lsa"),
    ("device", "nvme-subsys", "fdp", "fdp.nruh"),
    ("device", "vfio-pci-nohotplug", "ramfb", "display"),
    ("device", "virtio-balloon", "free-page-hint", "iothread"),
    ("object", "memory-backend-file", "rom", "readonly"),
];

/// Options and what they make, and two properties that exclude each other.
const EXCLUSIVE: &[(&str, &str, &str, &str)] =
    &[("device", "nvme", "drive", "subsys"), ("object", "secret", "data", "file")];

/// Options and what they make, and values of properties that QEMU lists, and refuses.
const REFUSED: &[(&str, &str, &str, &str)] = &[
    ("device", "isa-fdc", "fallback", "auto"),
    ("device", "mc146818rtc", "lost_tick_policy", "delay"),
    ("object", "memory-backend-shm", "share", "off"),
];

/// Options and what they make, a property, and the other one that must have this value where it is given.
const ONLY_WITH: &[(&str, &str, &str, &str, &str)] =
    &[("object", "tls-creds-psk", "username", "endpoint", "client")];

/// Options and what they make, and the numbers that QEMU takes of those that fit into a property.
const RANGES: &[(&str, &str, &str, std::ops::RangeInclusive<u64>)] = &[
    ("object", "cryptodev-backend-builtin", "queues", 1..=1),
    ("device", "vhost-user-device", "virtio-id", 1..=0xffff),
    ("device", "vhost-user-test-device", "virtio-id", 1..=0xffff),
    ("device", "virtio-rng", "max-bytes", 0..=i64::MAX as u64),
    ("device", "xen-pvdevice", "device-id", 0..=0xfffe),
];

/// What tells the size of a character device's screen: others than `vc` have none.
const SCREEN: &[&str] = &["cols", "height", "rows", "width"];

/// Pairs of a machine's properties: those, and these without which they are refused.
const MACHINES: &[(&str, &str)] = &[("append", "kernel"), ("initrd", "kernel"), ("pflash1", "pflash0")];

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let globals: Vec<_> = hardware.all("global").collect();
    for option in hardware.options.iter().filter(|option| !option.is_arg) {
        properties(option, hardware, diagnostics);
        block_sizes(option, &globals, diagnostics);
    }
    let vm = hardware.vm;
    if vm.extent != Extent::Whole || !vm.complete || hardware.is_uncertain {
        return;
    }
    for option in hardware.all("chardev").filter(|option| !option.is_arg) {
        let Some(backend) = option.first() else { continue };
        let needed = BACKENDS.iter().find(|(name, needed)| backend.text == *name && !hardware.has(needed));
        if let (Some((name, needed)), Some(written)) = (needed, backend.written) {
            let message = format!("the character device's backend `{name}` needs `-{needed}`");
            let diagnostic = Diagnostic::error(Code::MissingOption, message).at(written.value);
            diagnostics.push(diagnostic.help(format!("add `display {needed} ...`")));
        }
    }
    for device in hardware.devices.iter().filter(|device| !device.is_arg) {
        if let Some((name, address)) = AT.iter().find(|(name, _)| device.name() == *name)
            && !hardware.is_open(device, "addr")
            && hardware.get(device, "addr").is_none_or(|addr| addr.text != *address)
        {
            let head = hardware.head(device.statement);
            let at = hardware.get(device, "addr").map_or(head, |addr| addr.span_or(head));
            diagnostics.push(
                Diagnostic::error(Code::OutOfRange, format!("the device `{name}` sits at `{address}` alone"))
                    .at(at)
                    .help(format!("write `addr={address}`")),
            );
        }
        diagnostics.extend(alone(device, hardware).or_else(|| elsewhere(device, hardware)));
    }
    for (name, needed) in MACHINES {
        if let Some(written) = hardware.written_machine(name)
            && hardware.machine(needed).is_none()
            && !hardware.has(needed)
        {
            diagnostics.push(
                Diagnostic::error(Code::MissingOption, format!("`{name}` needs `{needed}=`"))
                    .at(written.name.unwrap_or(written.value))
                    .help(format!("add `{needed}=`")),
            );
        }
    }
}

/// What is wrong with properties of what an option makes.
fn properties(option: &QemuOption<'_>, hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(first) = option.first() else { return };
    let Some(head) = first.written.map(|written| written.value) else { return };
    // By one name for all of a family: `virtio-balloon-pci`, `virtio-balloon-device`.
    let is_of = |name: &str| {
        first.text.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let makes = |of: &str, name: &str| option.name == of && is_of(name);
    let is_default = |property: &str| has_default(property, |ty| first.text == ty, hardware);
    let is_empty = |property: &str| option.get(property).is_some_and(|value| value.text.is_empty());
    let has = |property: &str| option.mentions(property) && !is_empty(property) || is_default(property);
    for (of, name, needed) in ONE_OF.iter().filter(|(of, name, _)| makes(of, name) && first.text == *name) {
        if !needed.iter().any(|property| has(property)) {
            let needed = listed(needed, "or");
            diagnostics.push(
                Diagnostic::error(Code::MissingOption, format!("the {of} `{name}` needs {needed}"))
                    .at(head)
                    .help(format!("add {needed}")),
            );
        }
    }
    for (_, _, property, needed) in PROPERTIES.iter().filter(|(of, name, ..)| makes(of, name)) {
        let is_set = option.get(property).is_some_and(|value| !matches!(value.text, "off" | "auto"));
        if is_set && !has(needed) {
            diagnostics.push(
                Diagnostic::error(Code::MissingOption, format!("`{property}` needs `{needed}=`"))
                    .at(head)
                    .help(format!("add `{needed}=`")),
            );
        }
    }
    for (_, _, one, other) in EXCLUSIVE.iter().filter(|(of, name, ..)| makes(of, name)) {
        if option.mentions(one) && option.mentions(other) {
            diagnostics.push(
                Diagnostic::error(
                    Code::ExclusiveOptions,
                    format!("`{one}` and `{other}` exclude each other"),
                )
                .at(head)
                .help("leave out one of them"),
            );
        }
    }
    for (_, _, property, value) in REFUSED.iter().filter(|(of, name, ..)| makes(of, name)) {
        if let Some(given) = option.get(property).filter(|given| given.text == *value) {
            let message = format!("`{property}` can't be `{value}`, though QEMU lists it");
            let diagnostic = Diagnostic::error(Code::WrongType, message).at(given.span_or(head));
            diagnostics.push(diagnostic.help("write another value, or leave it out"));
        }
    }
    for (_, _, property, other, value) in ONLY_WITH.iter().filter(|(of, name, ..)| makes(of, name)) {
        let given = option.get(other).filter(|given| given.text != *value);
        if let (Some(given), true) = (given, option.mentions(property)) {
            let message = format!("`{property}` goes with `{other}={value}` alone");
            let diagnostic = Diagnostic::error(Code::ExclusiveOptions, message).at(given.span_or(head));
            diagnostics.push(diagnostic.help(format!("leave out `{property}=`, or write `{other}={value}`")));
        }
    }
    for (of, _, property, range) in RANGES.iter().filter(|(of, name, ..)| makes(of, name)) {
        // What fits no property of this type has been reported.
        let fits = |text: &str| match option.ty.map(|ty| ty.property(property)) {
            Some(Lookup::Known(known)) => {
                known.ty().accepts(text) && (*of != "object" || !text.starts_with('-'))
            }
            _ => true,
        };
        if let Some(given) = option.get(property).filter(|given| fits(given.text))
            && whole_number(given.text).is_some_and(|number| !range.contains(&number))
        {
            let message = format!("`{property}` can't be `{}`", given.text);
            let help = match (range.start(), range.end()) {
                (one, other) if one == other => format!("write `{one}`, or leave it out"),
                (least, most) => format!("write a whole number from {least} to {most}"),
            };
            diagnostics.push(Diagnostic::error(Code::OutOfRange, message).at(given.span_or(head)).help(help));
        }
    }
    if option.name == "chardev"
        && first.text != "vc"
        && changes::CHARDEV_SCREEN.is_in(hardware.vm.target.version)
    {
        for (name, given) in option.named().filter(|(name, _)| SCREEN.contains(&&**name)) {
            let message = format!("the backend `{}` has no screen", first.text);
            let diagnostic = Diagnostic::error(Code::ExclusiveOptions, message).at(given.span_or(head));
            diagnostics.push(diagnostic.help(format!("leave out `{name}=`: `vc` has one")));
        }
    }
    let is_server = option.is_open("server") || option.get("server").is_some_and(|server| server.is_on());
    if option.name == "chardev"
        && first.text == "socket"
        && !is_server
        && let Some(wait) = option.get("wait")
    {
        let at = wait.written.and_then(|written| written.name).unwrap_or(head);
        diagnostics.extend(deviation(&changes::CHARDEV_WAIT, None, at, hardware.vm.target.version));
    }
    if option.name == "object" {
        policy(option, first.text, hardware, diagnostics);
    }
}

/// What is wrong where a device stands without another one, or without the machine's support.
fn alone(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let name = device.name();
    let is_there = |wanted: &str| hardware.devices.iter().any(|device| device.name() == wanted);
    let is_on = |wanted: &str| hardware.machine(wanted).is_some_and(|value| value.is_on());
    let other = DEVICES.iter().find(|(of, needed)| name == *of && !is_there(needed));
    let other = other.map(|(_, needed)| format!("the device `{needed}`"));
    let support = BY_MACHINE.iter().find(|(of, needed)| name == *of && !is_on(needed));
    let needed = other.or_else(|| support.map(|(_, needed)| format!("`machine` with `{needed}=on`")))?;
    Some(
        Diagnostic::error(Code::MissingOption, format!("the device `{name}` needs {needed}"))
            .at(hardware.head(device.statement))
            .help(format!("add {needed}")),
    )
}

/// What is wrong where the machine is none for a device.
fn elsewhere(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<Diagnostic> {
    let name = device.name();
    let head = hardware.head(device.statement);
    let machine = &hardware.board.name;
    let family = match machine.as_str() {
        "pc" | "q35" | "isapc" | "microvm" => machine,
        _ if machine.starts_with("pc-q35-") => "q35",
        _ if machine.starts_with("pc-i440fx-") => "pc",
        _ => return None,
    };
    let refused = || {
        let message = format!("the machine `{machine}` takes no `{name}`");
        Diagnostic::error(Code::NotCreatable, message).at(head)
    };
    if name.starts_with("virtio-iommu-pci") && !changes::VIRTIO_IOMMU_PC.is_in(hardware.vm.target.version) {
        return Some(refused().help("it does from QEMU 7.0 on"));
    }
    if device.bus_sort() != Some("System") || !device.ty.as_ref()?.is_creatable() {
        return None;
    }
    let families = SYSTEM.iter().find(|(of, _)| name == *of).map_or(&[][..], |(_, families)| families);
    (!families.contains(&family)).then(|| {
        let help = match families {
            [] => "leave it out: it is for another architecture".to_owned(),
            families => format!("it needs `machine {}`", families.join("` or `machine ")),
        };
        refused().help(help)
    })
}

/// Where a memory backend's policy has no nodes to be of, or nodes have no policy.
fn policy(object: &QemuOption<'_>, ty: &str, hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let ty = schema::nearest(hardware.vm.target).find(Kind::Object, ty);
    if !ty.is_some_and(|ty| ty.is_a("memory-backend")) {
        return;
    }
    let policy = object.get("policy");
    let has_policy =
        object.is_open("policy") || policy.as_ref().is_some_and(|policy| policy.text != "default");
    let has_nodes = object.mentions("host-nodes");
    let policy = policy.and_then(|policy| policy.written).map(|written| written.value);
    let nodes = object.named().find(|(name, _)| name.starts_with("host-nodes"));
    let nodes = nodes.and_then(|(_, nodes)| nodes.written).map(|written| written.value);
    let (span, message, help) = match (policy, nodes) {
        (Some(policy), None) if has_policy && !has_nodes => {
            (policy, "a policy of memory needs `host-nodes=`", "name the host's NUMA nodes: `host-nodes=0`")
        }
        (_, Some(nodes)) if !has_policy => (
            nodes,
            "the default policy of memory takes no `host-nodes=`",
            "say what to do with them: `policy=bind`",
        ),
        _ => return,
    };
    diagnostics.push(Diagnostic::error(Code::MissingOption, message).at(span).help(help));
}

/// Where a disk's logical blocks are larger than its physical ones, or a floppy disk's are not of 512 bytes. Without a word
/// QEMU asks the host's disk for these, and takes 512 bytes for all else.
fn block_sizes(option: &QemuOption<'_>, globals: &[&QemuOption<'_>], diagnostics: &mut Vec<Diagnostic>) {
    let Some(driver) = option.first().filter(|_| option.name == "device") else { return };
    let driver = driver.text;
    let size = |name: &str| {
        let default = || globals.iter().find_map(|global| global.get(&format!("{driver}.{name}")));
        let value = option.get(name).or_else(default)?;
        Some((bytes(value.text)?, value.written?.value))
    };
    let (logical, physical) = (size("logical_block_size"), size("physical_block_size"));
    if driver == "floppy"
        && let Some((_, span)) = [logical, physical].into_iter().flatten().find(|(size, _)| *size != SECTOR)
    {
        let diagnostic = Diagnostic::error(Code::OutOfRange, "a floppy disk's blocks are of 512 bytes");
        diagnostics.push(diagnostic.at(span).help("leave it out"));
        return;
    }
    let Some((logical, span)) = logical else { return };
    let message = "a disk's logical blocks aren't larger than its physical ones";
    let help = format!("set both: `physical_block_size={logical}`");
    match physical {
        Some((physical, _)) if physical != 0 && physical < logical => {
            diagnostics.push(Diagnostic::error(Code::OutOfRange, message).at(span).help(help));
        }
        None if logical > SECTOR && !option.mentions("physical_block_size") => {
            let message = format!("{message}, which are of 512 bytes, mostly");
            diagnostics.push(Diagnostic::warning(Code::OutOfRange, message).at(span).help(help));
        }
        _ => {}
    }
}

/// The size of a block where nothing tells another one.
const SECTOR: u64 = 512;

/// The bytes of a small size.
fn bytes(text: &str) -> Option<u64> {
    let (digits, factor) = text.strip_suffix(['k', 'K']).map_or((text, 1), |digits| (digits, 1024));
    let (digits, radix) = digits.strip_prefix("0x").map_or((digits, 10), |digits| (digits, 16));
    u64::from_str_radix(digits, radix).ok()?.checked_mul(factor)
}
