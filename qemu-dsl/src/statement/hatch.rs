//! `device`, `object`, `chardev` and `blockdev`: whatever QEMU has that the language has no word for.

use crate::analyse::Cx;
use crate::analyse::args::is_id;
use crate::analyse::ids::{Provides, Space, too_long_for_node};
use crate::changes;
use crate::check::Checking;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::lowering::Lowering;
use crate::node::Node;
use crate::spec::{Bare, Form, Property, PropertyValue, form};
use crate::statement::pci::Pci;
use crate::types::{Kind as _, OnOff, PciAddr};

form! {
    /// Any device of QEMU. Its properties are printed in the order of the source.
    Device any "a device of QEMU, such as `virtio-rng-pci`; `qemu-system-x86_64 -device help` lists them" {
    } open properties: Bare::Nothing, "Any property of the device: `name=value`."
}

form! {
    /// Any object of QEMU.
    Object any "an object's type, such as `rng-random`; `qemu-system-x86_64 -object help` lists them" {
    } open properties: Bare::Nothing, "Any property of the object: `name=value`. `id=` is required."
}

form! {
    /// Any character device's backend of QEMU.
    Chardev any "a backend, such as `stdio`, `file` or `socket`; `qemu-system-x86_64 -chardev help` lists them" {
    } open properties: Bare::Nothing, "Any property of the backend: `name=value`. `id=` is required."
}

form! {
    /// Any block node of QEMU.
    Blockdev any "a block driver, such as `file`, `qcow2` or `nbd`" {
    } open properties: Bare::Nothing, "Any property of the driver: `name=value`, also dotted (`file.driver=`)."
}

/// The text of a property, with its place.
fn text<'p>(properties: &'p [Property], name: &str) -> Option<&'p Node<String>> {
    properties.iter().find(|property| property.name.value == name).and_then(|property| {
        match &property.value {
            PropertyValue::Text(text) => Some(text),
            PropertyValue::Flag | PropertyValue::Feature { .. } => None,
        }
    })
}

fn define(properties: &[Property], name: &str, space: Space, provides: Provides, cx: &mut Cx<'_>) {
    if let Some(id) = text(properties, name) {
        if !is_id(id) {
            cx.report(
                Diagnostic::error(Code::WrongType, format!("`{}` is not an id", id.escape_debug()))
                    .at(id.span)
                    .help("write ASCII letters, digits, `-`, `.` and `_`, a letter first"),
            );
        } else if name == "node-name"
            && let Some(diagnostic) = too_long_for_node(id, id.span)
        {
            cx.report(diagnostic);
        }
        cx.define(space, id.value.clone(), id.span, provides, false);
    }
}

/// Properties of devices that name something by its id.
pub(crate) const REFERENCES: &[(&str, Space)] = &[
    ("netdev", Space::Netdev),
    ("chardev", Space::Chardev),
    ("drive", Space::Drive),
    ("fsdev", Space::Fsdev),
    ("memdev", Space::Object),
    ("iothread", Space::Object),
    ("rng", Space::Object),
    ("cryptodev", Space::Object),
];

/// Of these the ones after which a device is called that is plugged into a guest and has no id of its own: each connects
/// one device.
pub(crate) const NAMING: &[&str] = &["netdev", "drive"];

fn refer(properties: &[Property], cx: &mut Cx<'_>) {
    for (name, space) in REFERENCES {
        if let Some(id) = text(properties, name) {
            cx.refer(*space, id);
        }
    }
}

impl Form for Device {
    fn register(&self, cx: &mut Cx<'_>) {
        define(&self.properties, "id", Space::Device, Provides::Unknown, cx);
        if let (true, None) = (cx.is_fragment, text(&self.properties, "id"))
            && let Some(id) = NAMING.iter().find_map(|name| text(&self.properties, name))
        {
            cx.define(Space::Device, id.value.clone(), id.span, Provides::Unknown, false);
        }
        if changes::DEVICE_VMCOREINFO.is_about(&self.kind) {
            cx.version(&changes::DEVICE_VMCOREINFO, None, self.kind.span);
        }
        refer(&self.properties, cx);
        let bus = text(&self.properties, "bus");
        cx.sit(bus, Provides::Unknown);
        // On other buses `addr` means something else: only what reads as a PCI address can be at odds with one.
        if let Some(addr) = text(&self.properties, "addr")
            && let Ok(parsed) = PciAddr::parse(addr)
        {
            let multifunction = text(&self.properties, "multifunction")
                .and_then(|value| Some(Node::new(OnOff::parse(value).ok()?, value.span)));
            Pci { bus: bus.cloned(), addr: Some(Node::new(parsed, addr.span)), multifunction }.place(cx);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-device").word(&self.kind).properties(&self.properties);
    }
}

impl Object {
    /// The property of this name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name.value == name)
    }

    /// The object's id.
    pub(crate) fn id(&self) -> Option<&str> {
        text(&self.properties, "id").map(|id| id.as_str())
    }
}

fn needs_id(properties: &[Property], cx: &mut Checking<'_>) {
    if text(properties, "id").is_none() {
        let diagnostic =
            Diagnostic::error(Code::MissingOption, format!("`{}` needs `id=`", cx.entry.spec.keyword))
                .at(cx.entry.head)
                .help("add `id=` and a name by which others refer to it");
        cx.report(diagnostic);
    }
}

impl Form for Object {
    fn register(&self, cx: &mut Cx<'_>) {
        define(&self.properties, "id", Space::Object, Provides::Nothing, cx);
    }

    fn check(&self, cx: &mut Checking<'_>) {
        needs_id(&self.properties, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-object").word(&self.kind).properties(&self.properties);
    }
}

impl Form for Chardev {
    fn register(&self, cx: &mut Cx<'_>) {
        define(&self.properties, "id", Space::Chardev, Provides::Nothing, cx);
        for change in [&changes::CHARDEV_TTY, &changes::CHARDEV_PARPORT] {
            if change.is_about(&self.kind) {
                cx.version(change, None, self.kind.span);
            }
        }
        if let Some(reconnect) = self.properties.iter().find(|property| property.name.value == "reconnect") {
            cx.version(&changes::RECONNECT, None, reconnect.name.span);
        }
    }

    fn check(&self, cx: &mut Checking<'_>) {
        needs_id(&self.properties, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let becomes = [&changes::CHARDEV_TTY, &changes::CHARDEV_PARPORT]
            .into_iter()
            .find(|change| change.is_about(&self.kind))
            .and_then(|change| change.becomes_in(out.target()));
        out.option("-chardev").word(becomes.unwrap_or(&self.kind)).properties(&self.properties);
    }
}

impl Form for Blockdev {
    fn register(&self, cx: &mut Cx<'_>) {
        define(&self.properties, "node-name", Space::Drive, Provides::Nothing, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-blockdev").set("driver", &self.kind).properties(&self.properties);
    }
}
