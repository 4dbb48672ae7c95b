//! Machine types: which buses and devices of its own each has, and how virtio devices are attached to it.

/// A bus of the machine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwnBus {
    pub(crate) name: &'static str,
    /// QEMU's type of the bus.
    pub(crate) sort: &'static str,
}

/// How virtio devices are attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Pci,
    Mmio,
}

impl Transport {
    /// The driver of a virtio device by this transport: `virtio-net-pci` of `virtio-net`.
    pub(crate) fn driver(self, device: &str) -> String {
        let suffix = match self {
            Self::Pci => "pci",
            Self::Mmio => "device",
        };
        format!("{device}-{suffix}")
    }
}

/// A slot of a PCI bus and perhaps one of its functions.
type Slot = (u8, Option<u8>);

/// A machine type, as far as it is known.
#[derive(Debug)]
struct Known {
    buses: &'static [OwnBus],
    /// Those that come with its property `usb`.
    usb_buses: &'static [OwnBus],
    /// Those that come with its property `pcie`.
    pcie_buses: &'static [OwnBus],
    /// Slots and functions of its first PCI bus where the machine itself has devices.
    taken: &'static [Slot],
    /// Those where it has USB controllers, with its property `usb`.
    usb_taken: &'static [Slot],
    /// The first slot of that bus that is free: the graphics adapter and the network device that QEMU adds by itself
    /// come there.
    free: u8,
}

const fn bus(name: &'static str, sort: &'static str) -> OwnBus {
    OwnBus { name, sort }
}

const USB: &[OwnBus] = &[bus("usb-bus.0", "usb-bus")];

// As `info qtree` and `info pci` list them, from 5.2 to 11.1.
const PC: Known = Known {
    buses: &[
        bus("pci.0", "PCI"),
        bus("ide.0", "IDE"),
        bus("ide.1", "IDE"),
        bus("isa.0", "ISA"),
        bus("i2c", "i2c-bus"),
        bus("floppy-bus.0", "floppy-bus"),
    ],
    usb_buses: USB,
    pcie_buses: &[],
    taken: &[(0, None), (1, Some(0)), (1, Some(1)), (1, Some(3))],
    usb_taken: &[(1, Some(2))],
    free: 2,
};
const Q35: Known = Known {
    buses: &[
        bus("pcie.0", "PCI"),
        bus("ide.0", "IDE"),
        bus("ide.1", "IDE"),
        bus("ide.2", "IDE"),
        bus("ide.3", "IDE"),
        bus("ide.4", "IDE"),
        bus("ide.5", "IDE"),
        bus("isa.0", "ISA"),
        bus("i2c", "i2c-bus"),
    ],
    usb_buses: USB,
    pcie_buses: &[],
    taken: &[(0, None), (0x1f, Some(0)), (0x1f, Some(2)), (0x1f, Some(3))],
    usb_taken: &[(0x1d, Some(0)), (0x1d, Some(1)), (0x1d, Some(2)), (0x1d, Some(7))],
    free: 1,
};
const ISAPC: Known = Known {
    buses: &[
        bus("ide.0", "IDE"),
        bus("ide.1", "IDE"),
        bus("isa.0", "ISA"),
        bus("floppy-bus.0", "floppy-bus"),
    ],
    ..NONE
};
const MICROVM: Known = Known {
    buses: &[bus("isa.0", "ISA")],
    usb_buses: USB,
    pcie_buses: &[bus("pcie.0", "PCI")],
    taken: &[(0, None)],
    ..NONE
};
const NONE: Known =
    Known { buses: &[], usb_buses: &[], pcie_buses: &[], taken: &[], usb_taken: &[], free: 0 };

/// What is known of the machine type `name`, if anything.
fn known(name: &str) -> Option<&'static Known> {
    match name {
        "pc" => Some(&PC),
        "q35" => Some(&Q35),
        "isapc" => Some(&ISAPC),
        "microvm" => Some(&MICROVM),
        "none" => Some(&NONE),
        _ if name.starts_with("pc-q35-") => Some(&Q35),
        _ if name.starts_with("pc-i440fx-") => Some(&PC),
        _ => None,
    }
}

/// The first PCI buses of all machine types that are known.
pub(crate) const ROOTS: &[&str] = &["pci.0", "pcie.0"];

/// The machine type that QEMU for x86 takes by itself.
const DEFAULT: &str = "pc";

/// The machine that a VM has.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    /// Its type.
    pub(crate) name: String,
    known: Option<&'static Known>,
    has_usb: bool,
    has_pcie: bool,
}

impl Default for Board {
    fn default() -> Self {
        Self::new(DEFAULT, |_| false)
    }
}

impl Board {
    /// The machine of a type. `is_on` tells whether a property is switched on.
    pub(crate) fn new(name: &str, is_on: impl Fn(&str) -> bool) -> Self {
        Self { name: name.to_owned(), known: known(name), has_usb: is_on("usb"), has_pcie: is_on("pcie") }
    }

    /// Whether its buses are known.
    pub(crate) const fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// Its own buses, the first PCI bus before all others.
    pub(crate) fn buses(&self) -> impl Iterator<Item = OwnBus> + use<> {
        let (usb, pcie) = (self.has_usb, self.has_pcie);
        self.known.into_iter().flat_map(move |known| {
            let usb = if usb { known.usb_buses } else { &[] };
            let pcie = if pcie { known.pcie_buses } else { &[] };
            pcie.iter().chain(known.buses).chain(usb).copied()
        })
    }

    /// Its own buses of a sort.
    pub(crate) fn buses_of(&self, sort: &str) -> impl Iterator<Item = &'static str> {
        self.buses().filter(move |bus| bus.sort == sort).map(|bus| bus.name)
    }

    /// Its first PCI bus.
    pub(crate) fn root(&self) -> Option<&'static str> {
        self.buses_of("PCI").next()
    }

    /// Slots and functions of its first PCI bus where the machine itself has devices.
    pub(crate) fn taken(&self) -> impl Iterator<Item = Slot> + use<> {
        let usb = self.has_usb;
        self.known.into_iter().flat_map(move |known| {
            let usb = if usb { known.usb_taken } else { &[] };
            known.taken.iter().chain(usb).copied()
        })
    }

    /// The first slot of that bus that is free at first.
    pub(crate) fn first_free(&self) -> u8 {
        self.known.map_or(0, |known| known.free)
    }

    /// How virtio devices are attached where nothing says so.
    pub(crate) fn transport(&self) -> Transport {
        if self.known.is_some_and(|known| !known.pcie_buses.is_empty()) && !self.has_pcie {
            Transport::Mmio
        } else {
            Transport::Pci
        }
    }
}
