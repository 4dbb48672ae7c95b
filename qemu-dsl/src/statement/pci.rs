//! Where a device sits: on a PCI or USB bus, a virtio device on one of the machine's transports, or where the machine has it.

use crate::model::ids::id_kinds;
use crate::print::OptionArg;

use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::board;
use crate::read::Args;
use crate::read::Cx;
use crate::read::{Field, Slot};
use crate::table::OptionSpec;
use crate::value::{BusName, ChannelDevice, OnOff, PciAddr, Text, choice};

/// Where a device sits, which hangs on its sort.
pub(crate) trait Place {
    /// The driver of the device `name`, which by each transport is another one.
    fn driver(&self, name: &str, _out: &Lowering<'_>) -> String {
        name.to_owned()
    }

    /// Prints where it is.
    fn print<'o>(&self, option: OptionArg<'o>) -> OptionArg<'o>;
}

id_kinds! {
    /// What provides a PCI bus.
    PciBus "bridge"
}

/// The options that every PCI device has.
#[derive(Debug)]
pub(crate) struct Pci {
    pub(crate) bus: Option<Val<BusName>>,
    pub(crate) addr: Option<Val<PciAddr>>,
    pub(crate) multifunction: Option<Val<OnOff>>,
}

impl Pci {
    pub(crate) const OPTIONS: &'static [OptionSpec] = &Self::SPECS;

    const SPECS: [OptionSpec; 3] = [
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

impl Place for Pci {
    fn print<'o>(&self, option: OptionArg<'o>) -> OptionArg<'o> {
        option.pci(self)
    }
}

/// The options that every USB device has.
#[derive(Debug)]
pub(crate) struct Usb {
    pub(crate) bus: Option<Val<BusName>>,
    pub(crate) port: Option<Val<Text>>,
}

impl Usb {
    pub(crate) const OPTIONS: &'static [OptionSpec] = &[
        OptionSpec::of::<Option<Val<BusName>>>(
            "bus",
            " The USB bus it sits on: `ID.0` of a `controller`. Without it: the first one.\n",
        ),
        OptionSpec::of::<Option<Val<Text>>>(
            "port",
            " The port of that bus: `1`, or `1.2` for the second port of a hub at the first. Without it QEMU takes a free one.\n",
        ),
    ];

    pub(crate) fn read(args: &mut Args<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        Some(Self {
            bus: Field::take(Slot::of(args, "bus"), cx)?,
            port: Field::take(Slot::of(args, "port"), cx)?,
        })
    }
}

impl Place for Usb {
    fn print<'o>(&self, option: OptionArg<'o>) -> OptionArg<'o> {
        option.set("bus", &self.bus).set("port", &self.port)
    }
}

/// The option that every smart card has.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) bus: Option<Val<BusName>>,
}

impl Reader {
    pub(crate) const OPTIONS: &'static [OptionSpec] = &[OptionSpec::of::<Option<Val<BusName>>>(
        "bus",
        " The reader that it is in: `ID.0` of a `controller usb-ccid`. Without it: the first one.\n",
    )];

    pub(crate) fn read(args: &mut Args<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        Some(Self { bus: Field::take(Slot::of(args, "bus"), cx)? })
    }
}

impl Place for Reader {
    fn print<'o>(&self, option: OptionArg<'o>) -> OptionArg<'o> {
        option.set("bus", &self.bus)
    }
}

/// No option says where a device is that the machine has in one place alone.
#[derive(Debug)]
pub(crate) struct OwnPlace;

impl OwnPlace {
    pub(crate) const OPTIONS: &'static [OptionSpec] = &[];

    pub(crate) const fn read(_: &mut Args<'_, '_>, _: &mut Cx<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl Place for OwnPlace {
    fn print<'o>(&self, option: OptionArg<'o>) -> OptionArg<'o> {
        option
    }
}

choice! {
    /// How a virtio device is attached.
    Transport {
        Pci "pci": "by PCI, both by virtio 1.0 and by the protocol before it",
        PciTransitional "pci-transitional": "the same, on whichever PCI bus",
        PciNonTransitional "pci-non-transitional": "by PCI, by virtio 1.0 alone",
        Mmio "mmio": "by a part of memory (`microvm`, `virt`)",
        Ccw "ccw": "by a channel (s390x)"
    }
}

impl Transport {
    /// The same as a machine has it.
    pub(crate) const fn attaches(self) -> board::Transport {
        match self {
            Self::Pci => board::Transport::Pci,
            Self::PciTransitional => board::Transport::PciTransitional,
            Self::PciNonTransitional => board::Transport::PciNonTransitional,
            Self::Mmio => board::Transport::Mmio,
            Self::Ccw => board::Transport::Ccw,
        }
    }
}

/// The options that every virtio device has.
#[derive(Debug)]
pub(crate) struct Virtio {
    pub(crate) transport: Option<Val<Transport>>,
    pub(crate) pci: Pci,
    pub(crate) devno: Option<Val<ChannelDevice>>,
}

impl Virtio {
    pub(crate) const OPTIONS: &'static [OptionSpec] = &{
        let [bus, addr, multifunction] = Pci::SPECS;
        [
            bus,
            addr,
            multifunction,
            OptionSpec {
                excludes: &["driver"],
                ..OptionSpec::of::<Option<Val<Transport>>>(
                    "transport",
                    " How it is attached. Without it: as the machine attaches virtio devices.\n",
                )
            },
            OptionSpec::of::<Option<Val<ChannelDevice>>>(
                "devno",
                " Its number as a device of channels, on s390x.\n",
            ),
        ]
    };

    pub(crate) fn read(args: &mut Args<'_, '_>, cx: &mut Cx<'_>) -> Option<Self> {
        Some(Self {
            pci: Pci::read(args, cx)?,
            transport: Field::take(Slot::of(args, "transport"), cx)?,
            devno: Field::take(Slot::of(args, "devno"), cx)?,
        })
    }
}

impl Place for Virtio {
    fn driver(&self, name: &str, out: &Lowering<'_>) -> String {
        out.virtio(name, self)
    }

    fn print<'o>(&self, option: OptionArg<'o>) -> OptionArg<'o> {
        option.virtio(self)
    }
}

impl Lowering<'_> {
    /// The driver of a virtio device, as it is attached: `virtio-net-pci` of `virtio-net`.
    pub(crate) fn virtio(&self, device: &str, place: &Virtio) -> String {
        self.transport(place).driver(device)
    }

    /// How a virtio device is attached.
    pub(crate) fn transport(&self, place: &Virtio) -> board::Transport {
        let written = place.transport.as_ref().and_then(Val::known);
        written.map_or_else(|| self.vm.facts.board.transport(), |written| written.value.attaches())
    }
}

impl OptionArg<'_> {
    /// Where a virtio device sits on its bus.
    pub(crate) fn virtio(self, place: &Virtio) -> Self {
        self.pci(&place.pci).set("devno", &place.devno)
    }

    /// Where a device sits on its bus.
    pub(crate) fn pci(self, pci: &Pci) -> Self {
        self.set("bus", &pci.bus).addr(pci)
    }

    /// The same without the bus, which another place in the argument has.
    pub(crate) fn addr(self, pci: &Pci) -> Self {
        self.set("addr", &pci.addr).set("multifunction", &pci.multifunction)
    }
}
