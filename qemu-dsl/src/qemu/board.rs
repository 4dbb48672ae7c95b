//! Machines: which buses and devices of its own each has, and how virtio devices are attached to it.
//!
//! The schema has the buses of each machine type as it is by itself. What hangs on its properties stands here, and what it
//! has on its PCI bus.

use super::changes;
use crate::plan::{Arch, Target};
use crate::schema::{self, Kind};

/// A bus of the machine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwnBus {
    pub(crate) name: &'static str,
    /// QEMU's type of the bus.
    pub(crate) ty: &'static str,
}

/// How virtio devices are attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Pci,
    PciTransitional,
    PciNonTransitional,
    Mmio,
    Ccw,
}

/// Devices that have no suffix where they are attached by MMIO.
const BARE_BY_MMIO: &[&str] = &[
    "vhost-scsi",
    "vhost-user-blk",
    "vhost-user-gpu",
    "vhost-user-input",
    "vhost-user-rng",
    "vhost-user-scsi",
    "virtio-mem",
    "virtio-pmem",
];

impl Transport {
    pub(crate) const ALL: [Self; 5] =
        [Self::Pci, Self::PciTransitional, Self::PciNonTransitional, Self::Mmio, Self::Ccw];

    /// The driver of a virtio device by this transport: `virtio-net-pci` of `virtio-net`.
    pub(crate) fn driver(self, device: &str) -> String {
        let suffix = if self.is_bare(device) { "" } else { self.suffix() };
        [device, suffix].concat()
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Pci => "-pci",
            Self::PciTransitional => "-pci-transitional",
            Self::PciNonTransitional => "-pci-non-transitional",
            Self::Mmio => "-device",
            Self::Ccw => "-ccw",
        }
    }

    /// Whether a device's driver is called as it.
    fn is_bare(self, device: &str) -> bool {
        self == Self::Mmio && BARE_BY_MMIO.contains(&device)
    }

    /// The virtio device that this is the driver of by this transport, if it is: `virtio-net` of `virtio-net-pci`.
    pub(crate) fn device(self, driver: &str) -> Option<&str> {
        if self.is_bare(driver) {
            return Some(driver);
        }
        driver.strip_suffix(self.suffix()).filter(|device| !self.is_bare(device))
    }
}

/// A slot of a PCI bus and perhaps one of its functions.
type Slot = (u8, Option<u8>);

/// What QEMU doesn't tell of a machine type.
#[derive(Debug)]
struct Known {
    /// The buses that come with its property `usb`.
    usb_buses: &'static [OwnBus],
    /// Those that come with its property `pcie`.
    pcie_buses: &'static [OwnBus],
    /// Those that come with certain CPUs of the host.
    host_buses: &'static [OwnBus],
    /// Slots and functions of its first PCI bus where the machine itself has devices.
    taken: &'static [Slot],
    /// Those where it has USB controllers, with its property `usb`.
    usb_taken: &'static [Slot],
    /// The first slot of that bus that is free: what QEMU adds by itself comes there.
    free: u8,
    /// Whether QEMU adds a graphics adapter to that bus.
    adds_vga: bool,
    /// Whether QEMU adds a network device to that bus.
    adds_nic: bool,
    /// Whether it has no graphics adapter, whatever `vga` says.
    ignores_vga: bool,
    /// The levels of CPUs that it has beside sockets, cores and threads.
    levels: Option<&'static [&'static str]>,
    /// Whether it takes memory modules only where firmware tells the guest of them by ACPI.
    modules_by_acpi: bool,
    /// How many serial and parallel ports it has.
    serial_ports: Option<usize>,
    parallel_ports: Option<usize>,
    /// The options of QEMU's that are about what it hasn't.
    lacks: &'static [&'static str],
}

const fn bus(name: &'static str, ty: &'static str) -> OwnBus {
    OwnBus { name, ty }
}

const USB: &[OwnBus] = &[bus("usb-bus.0", "usb-bus")];

// As `info qtree` and `info pci` list them, from 5.2 to 11.1.
const PC: Known = Known {
    usb_buses: USB,
    taken: &[(0, None), (1, Some(0)), (1, Some(1)), (1, Some(3))],
    usb_taken: &[(1, Some(2))],
    free: 2,
    adds_vga: true,
    adds_nic: true,
    levels: Some(&["dies", "modules"]),
    serial_ports: Some(4),
    parallel_ports: Some(3),
    ..OTHER
};
const Q35: Known = Known {
    usb_buses: USB,
    taken: &[(0, None), (0x1f, Some(0)), (0x1f, Some(2)), (0x1f, Some(3))],
    usb_taken: &[(0x1d, Some(0)), (0x1d, Some(1)), (0x1d, Some(2)), (0x1d, Some(7))],
    free: 1,
    adds_vga: true,
    adds_nic: true,
    levels: Some(&["dies", "modules"]),
    serial_ports: Some(4),
    parallel_ports: Some(3),
    ..OTHER
};
const MICROVM: Known = Known {
    usb_buses: USB,
    pcie_buses: &[bus("pcie.0", "PCIE")],
    taken: &[(0, None)],
    ignores_vga: true,
    serial_ports: Some(1),
    parallel_ports: Some(0),
    ..OTHER
};
const VIRT: Known = Known {
    taken: &[(0, None)],
    free: 1,
    adds_nic: true,
    ignores_vga: true,
    levels: Some(&["clusters"]),
    modules_by_acpi: true,
    ..OTHER
};
const RISCV_VIRT: Known = Known {
    taken: &[(0, None)],
    free: 1,
    ignores_vga: true,
    levels: Some(&[]),
    serial_ports: Some(1),
    parallel_ports: Some(0),
    ..OTHER
};
// Its network device is no PCI device.
const CCW: Known = Known {
    host_buses: &[bus("ap-bus", "ap-bus")],
    ignores_vga: true,
    levels: Some(&["drawers", "books"]),
    serial_ports: Some(2),
    parallel_ports: Some(0),
    lacks: &["fw_cfg", "numa"],
    ..OTHER
};
const VERSATILE: Known = Known { taken: &[(11, None)], free: 12, ..OTHER };
const OTHER: Known = Known {
    usb_buses: &[],
    pcie_buses: &[],
    host_buses: &[],
    taken: &[],
    usb_taken: &[],
    free: 0,
    adds_vga: false,
    adds_nic: false,
    ignores_vga: false,
    levels: None,
    modules_by_acpi: false,
    serial_ports: None,
    parallel_ports: None,
    lacks: &[],
};

/// What is known of a machine type beside what QEMU tells, and the name of the newest one of its family.
fn known(arch: Arch, name: &str) -> (&'static Known, &str) {
    let family = |prefix: &str| name.starts_with(prefix);
    match (arch, name) {
        (Arch::X86_64 | Arch::I386, "pc") => (&PC, name),
        (Arch::X86_64 | Arch::I386, _) if family("pc-i440fx-") => (&PC, "pc"),
        (Arch::X86_64 | Arch::I386, "q35") => (&Q35, name),
        (Arch::X86_64 | Arch::I386, _) if family("pc-q35-") => (&Q35, "q35"),
        (Arch::X86_64 | Arch::I386, "microvm") => (&MICROVM, name),
        (Arch::Aarch64 | Arch::Arm, "virt") => (&VIRT, name),
        (Arch::Aarch64 | Arch::Arm, _) if family("virt-") => (&VIRT, "virt"),
        (Arch::Riscv64 | Arch::Riscv32, "virt") => (&RISCV_VIRT, name),
        (Arch::S390x, "s390-ccw-virtio") => (&CCW, name),
        (Arch::S390x, _) if family("s390-ccw-virtio-") => (&CCW, "s390-ccw-virtio"),
        (Arch::Aarch64 | Arch::Arm, "versatilepb" | "versatileab") => (&VERSATILE, name),
        _ => (&OTHER, name),
    }
}

/// The names that the first PCI buses of machines have, and no other buses.
pub(crate) const ROOTS: &[&str] = &["pci.0", "pcie.0"];

/// The machine that a VM has.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    /// What it is for.
    target: Target,
    /// Its type; no name where QEMU has no machine by itself.
    pub(crate) name: String,
    known: &'static Known,
    /// Its buses, where these are known.
    buses: Option<Vec<OwnBus>>,
    /// The types of its buses, and those that they are made of.
    sorts: Vec<&'static str>,
    has_usb: bool,
}

impl PartialEq for Board {
    fn eq(&self, other: &Self) -> bool {
        // The rest follows from these.
        let key = |board: &Self| (board.target, board.name.clone(), board.buses.clone(), board.has_usb);
        key(self) == key(other)
    }
}

impl Eq for Board {}

impl Board {
    /// The machine that QEMU takes by itself.
    pub(crate) fn default_of(target: Target) -> Self {
        let own = schema::all(target.arch).first().and_then(|_| schema::nearest(target).default_machine());
        let name = own.map_or("", |machine| machine.name());
        // As it is called in all versions.
        let name = if name.starts_with("pc-i440fx-") { "pc" } else { name };
        Self::new(target, name, |_| false)
    }

    /// The machine of a type. `is_on` tells whether a property is switched on.
    pub(crate) fn new(target: Target, name: &str, is_on: impl Fn(&str) -> bool) -> Self {
        let (known, newest) = known(target.arch, name);
        let (has_usb, has_pcie) = (is_on("usb"), is_on("pcie"));
        let pcie = if has_pcie { known.pcie_buses } else { &[] };
        let usb = if has_usb { known.usb_buses } else { &[] };
        let schema = schema::nearest(target);
        // A version between those that are known has machine types of its own.
        let own = schema::all(target.arch).first().and_then(|_| {
            let find = |name| schema.find(Kind::Machine, name).filter(|machine| machine.buses().is_some());
            find(name).or_else(|| find(newest))
        });
        let buses = own.and_then(|own| own.buses()).map(|own| {
            let own = own.filter_map(|own| Some(bus(own.fixed_name()?, own.ty())));
            let others = usb.iter().chain(known.host_buses);
            pcie.iter().copied().chain(own).chain(others.copied()).collect()
        });
        let added = pcie.iter().chain(usb).chain(known.host_buses).filter(|_| own.is_some());
        let added = added.flat_map(|bus| schema.bus_sorts(bus.ty));
        let sorts = own.iter().flat_map(|own| own.bus_sorts()).copied().chain(added).collect();
        Self { target, name: name.to_owned(), known, buses, sorts, has_usb }
    }

    /// Another machine for the same target.
    pub(crate) fn other(&self, name: &str, is_on: impl Fn(&str) -> bool) -> Self {
        Self::new(self.target, name, is_on)
    }

    /// Whether its buses are known.
    pub(crate) const fn is_known(&self) -> bool {
        self.buses.is_some()
    }

    /// Its own buses.
    pub(crate) fn buses(&self) -> impl Iterator<Item = OwnBus> {
        self.buses.iter().flatten().copied()
    }

    /// Whether it has a bus that takes what plugs into `sort`.
    pub(crate) fn has(&self, sort: &str) -> bool {
        self.sorts.contains(&sort)
    }

    /// Its own buses that take what plugs into `sort`.
    pub(crate) fn buses_of(&self, sort: &str) -> impl Iterator<Item = &'static str> {
        let schema = schema::nearest(self.target);
        self.buses().filter(move |bus| schema.bus_is(bus.ty, sort)).map(|bus| bus.name)
    }

    /// Whether its property `usb` brings USB.
    pub(crate) fn has_usb_by_property(&self) -> bool {
        !self.known.usb_buses.is_empty()
    }

    /// Machine types that many use and that have a bus of a sort.
    pub(crate) fn others(&self, sort: &str) -> Vec<&'static str> {
        let usual = ["q35", "pc", "virt", "s390-ccw-virtio"].into_iter().filter(|name| *name != self.name);
        usual.filter(|name| Self::new(self.target, name, |_| false).has(sort)).collect()
    }

    /// Its first PCI bus.
    pub(crate) fn root(&self) -> Option<&'static str> {
        self.buses_of("PCI").next()
    }

    /// Slots and functions of its first PCI bus where the machine itself has devices.
    pub(crate) fn taken(&self) -> impl Iterator<Item = Slot> + use<> {
        let usb = if self.has_usb { self.known.usb_taken } else { &[] };
        self.known.taken.iter().chain(usb).copied()
    }

    /// The first slot of that bus that is free at first.
    pub(crate) fn first_free(&self) -> u8 {
        self.known.free
    }

    /// Whether QEMU adds a graphics adapter to that bus.
    pub(crate) fn adds_vga(&self) -> bool {
        self.known.adds_vga
    }

    /// Whether QEMU adds a network device to that bus.
    pub(crate) fn adds_nic(&self) -> bool {
        self.known.adds_nic
    }

    /// Whether it is a PC with Intel's ICH9.
    pub(crate) fn is_q35(&self) -> bool {
        self.name == "q35" || self.name.starts_with("pc-q35-")
    }

    /// Whether it has no graphics adapter, whatever `vga` says.
    pub(crate) fn ignores_vga(&self) -> bool {
        self.known.ignores_vga
    }

    /// The levels of CPUs that it has beside sockets, cores and threads, where these are known.
    pub(crate) fn levels(&self) -> Option<&'static [&'static str]> {
        self.known.levels
    }

    /// Whether it takes memory modules only where firmware tells the guest of them by ACPI.
    pub(crate) fn modules_by_acpi(&self) -> bool {
        self.known.modules_by_acpi
    }

    /// How many serial ports it has, where that is known. More are not there, and QEMU says nothing.
    pub(crate) fn serial_ports(&self) -> Option<usize> {
        self.known.serial_ports
    }

    /// The same of parallel ports.
    pub(crate) fn parallel_ports(&self) -> Option<usize> {
        self.known.parallel_ports
    }

    /// Whether QEMU for its architecture knows an option.
    pub(crate) fn knows(&self, option: &str) -> bool {
        let Target { arch, version } = self.target;
        let is_x86 = matches!(arch, Arch::X86_64 | Arch::I386);
        match option {
            "acpitable" => is_x86,
            "smbios" if matches!(arch, Arch::Riscv32 | Arch::Riscv64) => changes::SMBIOS_RISCV.is_in(version),
            "smbios" => is_x86 || matches!(arch, Arch::Aarch64 | Arch::Arm | Arch::Loongarch64),
            _ => true,
        }
    }

    /// Whether it lacks what an option is about.
    pub(crate) fn lacks(&self, option: &str) -> bool {
        self.known.lacks.contains(&option)
    }

    /// The device that a serial port of its own is, where it can be plugged in as one.
    pub(crate) fn serial_device(&self) -> Option<&'static str> {
        match self.target.arch {
            Arch::X86_64 | Arch::I386 => Some("isa-serial"),
            Arch::S390x => Some("sclpconsole"),
            Arch::Ppc64 => Some("spapr-vty"),
            _ => None,
        }
    }

    /// The same of a parallel port.
    pub(crate) fn parallel_device(&self) -> Option<&'static str> {
        matches!(self.target.arch, Arch::X86_64 | Arch::I386).then_some("isa-parallel")
    }

    /// The device that a TPM is.
    pub(crate) fn tpm_device(&self) -> &'static str {
        match self.target.arch {
            Arch::X86_64 | Arch::I386 => "tpm-tis",
            Arch::Ppc64 => "tpm-spapr",
            _ => "tpm-tis-device",
        }
    }

    /// How virtio devices are attached where nothing says so.
    pub(crate) fn transport(&self) -> Transport {
        let is_mmio = !self.has("PCI") && self.has("virtio-bus");
        match self.target.arch {
            Arch::S390x => Transport::Ccw,
            _ if is_mmio => Transport::Mmio,
            _ => Transport::Pci,
        }
    }
}
