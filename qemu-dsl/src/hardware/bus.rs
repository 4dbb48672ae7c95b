//! Buses: which devices offer which.

use crate::schema::Type;

/// A bus that a device offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// QEMU's type of the bus: `PCI`, `usb-bus`.
    pub(crate) sort: &'static str,
    names: Names,
}

/// How the buses of a device `ID` are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// `ID`
    Own,
    /// `ID.0`, `ID.1`, ..., so many.
    Numbered(u32),
}

impl Offer {
    /// The names of the buses of the device `id`.
    pub(super) fn names(self, id: &str) -> Vec<String> {
        match self.names {
            Names::Own => vec![id.to_owned()],
            Names::Numbered(count) => (0..count).map(|number| format!("{id}.{number}")).collect(),
        }
    }

    /// Whether the bus is called as the device, or by this number behind its name.
    pub(super) fn is_called(self, number: Option<u32>) -> bool {
        match (self.names, number) {
            (Names::Own, None) => true,
            (Names::Numbered(count), Some(number)) => number < count,
            _ => false,
        }
    }
}

/// What a row of the table is about: all drivers that begin so, or one.
enum Drivers {
    Prefix(&'static str),
    One(&'static str),
}

use Drivers::{One, Prefix};
use Names::{Numbered, Own};

/// As `info qtree` of 5.2 to 11.1 shows them.
const OFFERS: &[(Drivers, &str, Names)] = &[
    (One("pci-bridge"), "PCI", Own),
    (One("pci-bridge-seat"), "PCI", Own),
    (One("pcie-pci-bridge"), "PCI", Own),
    (One("i82801b11-bridge"), "PCI", Own),
    (One("pcie-root-port"), "PCI", Own),
    (One("ioh3420"), "PCI", Own),
    (One("x3130-upstream"), "PCI", Own),
    (One("xio3130-downstream"), "PCI", Own),
    (One("pxb"), "PCI", Own),
    (One("pxb-pcie"), "PCI", Own),
    (One("pxb-cxl"), "PCI", Own),
    (One("cxl-rp"), "PCI", Own),
    (One("cxl-upstream"), "PCI", Own),
    (One("cxl-downstream"), "PCI", Own),
    (Prefix("virtio-serial"), "virtio-serial-bus", Numbered(1)),
    (Prefix("virtio-scsi"), "SCSI", Numbered(1)),
    (Prefix("vhost-scsi"), "SCSI", Numbered(1)),
    (Prefix("vhost-user-scsi"), "SCSI", Numbered(1)),
    (Prefix("lsi53c"), "SCSI", Numbered(1)),
    (Prefix("megasas"), "SCSI", Numbered(1)),
    (Prefix("mptsas"), "SCSI", Numbered(1)),
    (One("am53c974"), "SCSI", Numbered(1)),
    (One("dc390"), "SCSI", Numbered(1)),
    (One("pvscsi"), "SCSI", Numbered(1)),
    (One("usb-bot"), "SCSI", Numbered(1)),
    (One("usb-uas"), "SCSI", Numbered(1)),
    (One("ich9-ahci"), "IDE", Numbered(6)),
    (One("ahci"), "IDE", Numbered(6)),
    (Prefix("piix3-ide"), "IDE", Numbered(2)),
    (Prefix("piix4-ide"), "IDE", Numbered(2)),
    (One("cmd646-ide"), "IDE", Numbered(2)),
    (One("via-ide"), "IDE", Numbered(2)),
    (One("isa-ide"), "IDE", Numbered(1)),
    (Prefix("ich9-usb-"), "usb-bus", Numbered(1)),
    (Prefix("piix3-usb-"), "usb-bus", Numbered(1)),
    (Prefix("piix4-usb-"), "usb-bus", Numbered(1)),
    (Prefix("vt82c686b-usb-"), "usb-bus", Numbered(1)),
    (One("qemu-xhci"), "usb-bus", Numbered(1)),
    (One("nec-usb-xhci"), "usb-bus", Numbered(1)),
    (One("usb-ehci"), "usb-bus", Numbered(1)),
    (One("pci-ohci"), "usb-bus", Numbered(1)),
    (One("usb-ccid"), "ccid-bus", Numbered(1)),
    (One("intel-hda"), "HDA", Numbered(1)),
    (One("ich9-intel-hda"), "HDA", Numbered(1)),
    (One("sdhci-pci"), "sd-bus", Own),
    (One("nvme"), "nvme-bus", Own),
    (One("nvme-subsys"), "nvme-bus", Own),
    (One("isa-fdc"), "floppy-bus", Numbered(1)),
];

/// The buses that a driver offers.
pub(super) fn offers(driver: &str, ty: Option<&Type>) -> impl Iterator<Item = Offer> + use<> {
    let driver = ty.map_or(driver, |ty| ty.name());
    let row = OFFERS.iter().find(|(drivers, ..)| match drivers {
        Prefix(prefix) => driver.starts_with(prefix),
        One(name) => driver == *name,
    });
    row.map(|(_, sort, names)| Offer { sort, names: *names }).into_iter()
}

/// The sort of the bus that QEMU calls so where the device has no id.
pub(super) fn sort_called(name: &str) -> Option<&'static str> {
    Some(match name {
        "scsi" => "SCSI",
        "usb-bus" => "usb-bus",
        "virtio-serial-bus" => "virtio-serial-bus",
        _ => return None,
    })
}
