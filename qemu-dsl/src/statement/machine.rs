//! `machine`

use crate::read::Cx;
use crate::model::ids::Space;
use crate::lower::Lowering;
use crate::source::Node;
use crate::table::{Bare};
use crate::statement::form::{Form, form, statement};
use crate::model::{Property};
use crate::value::MachineType;

statement! {
    /// The machine: its type and its properties.
    STATEMENT "machine" once settled Machine [Machine]
    example "machine q35 accel=kvm:tcg kernel_irqchip"
}

form! {
    /// The machine: its type and its properties.
    Machine {
        /// The machine type, such as `q35`, `pc` or `microvm`; `qemu-system-x86_64 -machine help` lists them.
        kind_of "type": Node<MachineType> { positional: true },
    } open properties: Bare::Flag,
        "Any property of the machine type, such as `accel=kvm:tcg`, `kernel_irqchip`, `nvdimm`, `hpet=off`."
}

/// What is known of a machine type.
#[derive(Debug)]
pub(crate) struct Known {
    /// Its own PCI buses.
    pub(crate) buses: &'static [&'static str],
    /// Its own buses of other sorts.
    pub(crate) others: &'static [&'static str],
    /// Slots and functions of its first bus where the machine itself has devices.
    pub(crate) taken: &'static [(u8, Option<u8>)],
    /// Those where it has USB controllers, with its property `usb`.
    pub(crate) usb: &'static [(u8, Option<u8>)],
    /// The first slot of that bus that is free: the graphics adapter and the network device that QEMU adds by itself
    /// come there.
    pub(crate) free: u8,
}

// As `info qtree` and `info pci` list them, from 5.2 to 11.1.
const PC: Known = Known {
    buses: &["pci.0"],
    others: &["ide.0", "ide.1", "isa.0", "i2c", "floppy-bus.0"],
    taken: &[(0, None), (1, None)],
    usb: &[],
    free: 2,
};
const Q35: Known = Known {
    buses: &["pcie.0"],
    others: &["ide.0", "ide.1", "ide.2", "ide.3", "ide.4", "ide.5", "isa.0", "i2c"],
    taken: &[(0, None), (0x1f, Some(0)), (0x1f, Some(2)), (0x1f, Some(3))],
    usb: &[(0x1d, Some(0)), (0x1d, Some(1)), (0x1d, Some(2)), (0x1d, Some(7))],
    free: 1,
};
const ISAPC: Known =
    Known { buses: &[], others: &["ide.0", "ide.1", "isa.0", "floppy-bus.0"], taken: &[], usb: &[], free: 0 };
const NONE: Known = Known { buses: &[], others: &[], taken: &[], usb: &[], free: 0 };

/// The first PCI buses of all machine types that are known.
pub(crate) const ROOTS: &[&str] = &["pci.0", "pcie.0"];

/// The machine type that QEMU for x86 takes by itself.
pub(crate) const DEFAULT: &str = "pc";

/// What is known of the machine type `name`, if anything.
pub(crate) fn known(name: &str) -> Option<&'static Known> {
    match name {
        "pc" => Some(&PC),
        "q35" => Some(&Q35),
        "isapc" => Some(&ISAPC),
        "none" => Some(&NONE),
        _ if name.starts_with("pc-q35-") => Some(&Q35),
        _ if name.starts_with("pc-i440fx-") => Some(&PC),
        _ => None,
    }
}

impl Machine {
    /// The property of this name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name.value == name)
    }

    /// Whether a boolean property is switched on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.property(name).is_some_and(|property| matches!(property.text(), "on" | "yes" | "true"))
    }
}

impl Form for Machine {
    fn register(&self, cx: &mut Cx<'_>) {
        if let Some(backend) = self.property("memory-backend") {
            cx.refer(Space::Object, &Node::new(backend.text().to_owned(), backend.value_span()));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let backend = crate::statement::memory::backend(out);
        out.option("-machine")
            .word(&self.kind_of)
            .properties(&self.properties)
            .set("memory-backend", backend);
    }
}
