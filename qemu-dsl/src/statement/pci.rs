//! Where a device sits on a PCI bus.

use crate::model::ids::IdKind;
use crate::print::OptionArg;

use crate::model::Val;
use crate::read::Args;
use crate::read::Cx;
use crate::read::{Field, Slot};
use crate::table::OptionSpec;
use crate::value::{BusName, OnOff, PciAddr};

/// What provides a PCI bus.
#[derive(Debug)]
pub(crate) struct PciBus;

impl IdKind for PciBus {
    const PREFIX: &'static str = "bridge";
}

/// The options that every PCI device has.
#[derive(Debug)]
pub(crate) struct Pci {
    pub(crate) bus: Option<Val<BusName>>,
    pub(crate) addr: Option<Val<PciAddr>>,
    pub(crate) multifunction: Option<Val<OnOff>>,
}

impl Pci {
    pub(crate) const OPTIONS: &'static [OptionSpec] = &[
        OptionSpec::of::<Option<Val<BusName>>>(
            "bus",
            " The PCI bus it sits on: the machine's (`pci.0` of `pc`, `pcie.0` of `q35`), or a bridge's id.\n",
        ),
        OptionSpec::of::<Option<Val<PciAddr>>>(
            "addr",
            " Its place on the bus: `slot` or `slot.function`, in hexadecimal. Without it QEMU takes a free one.\n",
        ),
        OptionSpec::of::<Option<Val<OnOff>>>(
            "multifunction",
            " Whether the other functions of its slot may have devices too: the device at function 0 says so.\n",
        ),
    ];

    pub(crate) fn read(args: &mut Args<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        Some(Self {
            bus: Field::take(Slot::of(args, "bus"), cx)?,
            addr: Field::take(Slot::of(args, "addr"), cx)?,
            multifunction: Field::take(Slot::of(args, "multifunction"), cx)?,
        })
    }
}

impl OptionArg<'_> {
    /// Where a device sits on its bus.
    pub(crate) fn pci(self, pci: &Pci) -> Self {
        self.set("bus", &pci.bus).addr(pci)
    }

    /// The same without the bus, which another place in the argument has.
    pub(crate) fn addr(self, pci: &Pci) -> Self {
        self.set("addr", &pci.addr).set("multifunction", &pci.multifunction)
    }
}
