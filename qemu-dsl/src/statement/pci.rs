//! Where a device sits on a PCI bus.

use crate::analyse::Cx;
use crate::analyse::args::{Args, Bus, IdKind};
use crate::analyse::ids::{Provides, Space};
use crate::node::Node;
use crate::spec::{Field, Opt};
use crate::types::PciAddr;

/// What provides a PCI bus.
#[derive(Debug)]
pub(crate) struct PciBus;

impl IdKind for PciBus {
    const SPACE: Space = Space::Device;
    const PREFIX: &'static str = "bridge";
    const PROVIDES: Provides = Provides::Pci;
}

/// The options that every PCI device has.
#[derive(Debug)]
pub(crate) struct Pci {
    pub(crate) bus: Option<Node<String>>,
    pub(crate) addr: Option<Node<PciAddr>>,
}

/// A device's place on a PCI bus.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) statement: usize,
    pub(crate) bus: Option<Node<String>>,
    pub(crate) addr: Node<PciAddr>,
}

impl Pci {
    pub(crate) const OPTIONS: &'static [Opt] = &[
        Opt::of::<Bus<PciBus>>(
            "bus",
            " The PCI bus it sits on: the machine's (`pci.0` of `pc`, `pcie.0` of `q35`), or a bridge's id.\n",
        ),
        Opt::of::<Option<Node<PciAddr>>>(
            "addr",
            " Its place on the bus: `slot` or `slot.function`, in hexadecimal. Without it QEMU takes a free one.\n",
        ),
    ];

    pub(crate) fn read(args: &mut Args<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        let bus = Bus::<PciBus>::take(args.slot("bus"), cx);
        let addr: Option<Option<Node<PciAddr>>> = Field::take(args.slot("addr"), cx);
        let pci = Self {
            bus: bus?.0,
            addr: addr?,
        };
        pci.place(cx);
        Some(pci)
    }

    /// Tells where the device sits, for the check that no other does.
    pub(crate) fn place(&self, cx: &mut Cx<'_>) {
        if let Some(addr) = self.addr {
            let statement = cx.statement;
            cx.placements.push(Placement {
                statement,
                bus: self.bus.clone(),
                addr,
            });
        }
    }
}
