//! The devices that arguments name, and where they are in QEMU's tree of objects.

use qemu_dsl::{Target, schema};
use serde_json::{Value, json};

use crate::arguments::{Argument, List, is};
use crate::outcome::{Outcome, ensure, equal, some};
use crate::qemu::Running;

/// A device of an argument `-device`.
#[derive(Debug)]
pub(crate) struct Device {
    /// The driver, as the argument has it.
    pub(crate) kind: String,
    pub(crate) list: List,
    /// Where it is.
    pub(crate) path: String,
}

/// The devices of the arguments, in their order.
pub(crate) fn all(qemu: &Running<'_>, arguments: &[Argument]) -> Outcome<Vec<Device>> {
    let mut nameless = 0;
    let devices = arguments.iter().filter(|argument| argument.flag == "-device").map(|argument| {
        let list = argument.list.clone();
        let kind = some(list.get("driver").or(Some(&list.first)), "driver")?.to_owned();
        let path = match list.get("id") {
            Some(id) => format!("/machine/peripheral/{id}"),
            None => {
                // QEMU makes them in the order of the arguments, and numbers them.
                let number = nameless;
                nameless += 1;
                format!("/machine/peripheral-anon/device[{number}]")
            }
        };
        Ok(Device { kind, list, path })
    });
    let devices: Vec<_> = devices.collect::<Outcome<_>>()?;
    for (folder, count) in [("peripheral", devices.len() - nameless), ("peripheral-anon", nameless)] {
        let children = qemu.list(&format!("/machine/{folder}"))?;
        let children: Vec<_> = children.into_iter().filter(|(_, kind)| kind.starts_with("child<")).collect();
        ensure!(children.len() == count, "{folder} has {children:?}, and not {count}")?;
    }
    Ok(devices)
}

impl Device {
    /// The type, the place, each property, and that QEMU has realized it.
    pub(crate) fn examine(&self, qemu: &Running<'_>) -> Outcome {
        let get = |property: &str| qemu.get(&self.path, property);
        let own = get("type")?;
        // It may have another name, too: `virtio-blk` is `virtio-blk-pci`.
        let own = own.as_str().unwrap_or_default();
        let target = Target::new(qemu.qemu.arch, qemu.qemu.version);
        let known = schema::nearest(target).find(schema::Kind::Device, &self.kind);
        ensure!(own == self.kind || known.is_some_and(|known| own == known.name()), "type: {own}")?;
        equal("realized", get("realized")?, json!(true))?;
        for (name, value) in &self.list.items {
            match name.as_str() {
                "id" | "driver" => {}
                "bus" => {
                    let bus = get("parent_bus")?;
                    let name = bus.as_str().and_then(|bus| bus.rsplit('/').next());
                    equal("bus", name, Some(value.as_str()))?;
                }
                "addr" if self.kind != "loader" => {
                    let (slot, function) = value.split_once('.').unwrap_or((value, "0"));
                    let number = |digits| u64::from_str_radix(digits, 16);
                    equal("addr", get("addr")?, json!(number(slot)? * 8 + number(function)?))?;
                }
                "memdev" | "rng" | "iothread" | "cryptodev" => {
                    equal(name, get(name)?, json!(format!("/objects/{value}")))?;
                }
                // QEMU turns it round.
                "data" if self.list.get("data-be") == Some("on") => {}
                // QEMU has made one.
                "guid" if value == "auto" => {
                    ensure!(get(name)?.as_str().is_some_and(|own| own.len() == 36), "{name}")?;
                }
                // A node has no name here where its backend has one.
                "drive" => {
                    let own = get(name)?;
                    ensure!(own == json!(value) || own == json!(""), "{name}: {own}")?;
                }
                _ => {
                    let own = get(name)?;
                    ensure!(is(value, &own), "{name} is set to {value}, and is {own}")?;
                }
            }
        }
        Ok(())
    }
}

/// The paths of all objects of a type, the machine's own too.
pub(crate) fn of_type(qemu: &Running<'_>, kind: &str) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec!["/machine".to_owned()];
    while let Some(folder) = folders.pop() {
        for (name, own) in qemu.list(&folder)? {
            let Some(own) = own.strip_prefix("child<").and_then(|own| own.strip_suffix('>')) else {
                continue;
            };
            let path = format!("{folder}/{name}");
            if own == kind {
                found.push(path.clone());
            }
            // What holds no devices: memory, and lines of interrupts, of which there are hundreds.
            if !matches!(own, "memory-region" | "qemu:memory-region" | "irq" | "iommu-memory-region") {
                folders.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The value of a property in each device of a type, in the order of the arguments.
pub(crate) fn values(
    devices: &[Device],
    qemu: &Running<'_>,
    kind: &str,
    property: &str,
) -> Outcome<Vec<Value>> {
    let own = devices.iter().filter(|device| device.kind == kind);
    own.map(|device| qemu.get(&device.path, property)).collect()
}
