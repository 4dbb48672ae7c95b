//! `controller`

use crate::hardware::Checking;
use crate::model::Val;
use crate::model::ids::{Id, OptionalId, id_kinds};
use crate::print::{Emit as _, Lowering};
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::{OwnPlace, Pci, Usb, Virtio};
use crate::statement::single::{DeviceId, single};
use crate::statement::vhost_user::behind_socket;
use crate::value::{BusName, IdText, PciSlot, Text};

statement! {
    /// What offers a bus to others: of USB, SCSI, disks or smart cards. Its kind is QEMU's device, its bus is called `ID.0`.
    STATEMENT "controller" many pluggable Devices [
        OfPci, Ich9, VirtioScsi, VhostScsi, VhostUserScsi, Nvme, OfIsa, OfUsb,
    ]
    example "controller virtio-scsi id=scsi0\ncontroller qemu-xhci p2=8 p3=8\ninput usb-tablet"
}

id_kinds! {
    /// The ids of controllers that another one is named by, or a disk's serial number.
    ControllerId "controller" of "chardev"
}

single! {
    /// A controller on PCI.
    OfPci kinds [
        "qemu-xhci": "USB 3, 2 and 1: for each guest that isn't very old",
        "nec-usb-xhci": "the same as NEC makes it",
        "usb-ehci": "USB 2",
        "ich9-usb-ehci1": "USB 2, as a part of Intel's ICH9: `ich9-usb` has all parts",
        "piix3-usb-uhci": "USB 1, as a part of Intel's PIIX3",
        "piix4-usb-uhci": "USB 1, as a part of Intel's PIIX4",
        "pci-ohci": "USB 1, as OHCI",
        "lsi": "SCSI, as LSI's 53C895A",
        "lsi53c895a": "the same",
        "lsi53c810": "SCSI, as LSI's 53C810",
        "megasas": "SCSI, as LSI's MegaRAID SAS 1078",
        "megasas-gen2": "SCSI, as LSI's MegaRAID SAS 2108",
        "mptsas1068": "SCSI, as LSI's SAS1068",
        "pvscsi": "SCSI, as VMware has it",
        "am53c974": "SCSI, as AMD's Am53C974",
        "ahci": "SATA",
        "ich9-ahci": "the same, as a part of Intel's ICH9",
        "piix3-ide": "IDE, as a part of Intel's PIIX3",
        "sdhci-pci": "SD cards",
    ] prints "{}" {} with Pci;

    /// SCSI, for which the host's kernel does the work (vhost-scsi).
    VhostScsi kinds ["vhost-scsi": "SCSI by virtio, which the host's kernel serves"] prints "{}" {
        /// The name of the host's target: `naa.` and 16 hexadecimal digits.
        wwpn "wwpn": Val<Text>,
    } with Virtio;

    /// A controller that the machine has in one place.
    OfIsa kinds ["isa-fdc": "floppy disks, for a machine that has no such controller"]
        settled "QEMU takes `controller isa-fdc` at its start only: put it into the VM's text" prints "{}" {} with OwnPlace;

    /// A controller that is a device of USB itself.
    OfUsb kinds [
        "usb-bot": "SCSI, as USB sticks have it",
        "usb-ccid": "smart cards",
        "usb-uas": "SCSI, as fast USB disks have it",
    ] prints "{}" {} with Usb;
}

behind_socket! {
    /// SCSI, for which another process of the host does the work. It needs to share the guest's memory: `memory 2G share`.
    VhostUserScsi ControllerId kinds ["vhost-user-scsi": "SCSI by virtio, which another process serves"]
        prints "{}" {} with Virtio;
}

form! {
    /// SCSI by virtio.
    VirtioScsi kinds ["virtio-scsi": "SCSI by virtio: for many disks, and for each guest that has its driver"] {
        /// Its id.
        id "id": OptionalId<DeviceId>,
        /// The id of an `iothread` that does its work. Several share it.
        iothread "iothread": Vec<Val<IdText>>,
    } with Virtio
    opens device [(Kind::Device, "virtio-scsi-pci")]
}

impl Form for VirtioScsi {
    fn check(&self, cx: &mut Checking<'_>) {
        if let [_, second, ..] = self.iothread.as_slice() {
            cx.version(&changes::SCSI_IOTHREADS, None, second.span());
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let (one, several) = match self.iothread.as_slice() {
            [_, _, ..] if out.has(&changes::SCSI_IOTHREADS) => (None, self.iothread.as_slice()),
            threads => (threads.first(), [].as_slice()),
        };
        let driver = out.virtio("virtio-scsi", &self.pci);
        out.device(&driver)
            .set("id", &self.id.0)
            .set("iothread", one)
            .each("iothread-vq-mapping", "iothread", several)
            .virtio(&self.pci)
            .written_out(&self.device);
    }
}

form! {
    /// A controller of NVMe disks, which is a disk itself where it has a `drive=`.
    Nvme kinds ["nvme": "NVMe"] {
        /// Its id.
        id "id": Id<ControllerId>,
        /// Its serial number.
        serial "serial": Option<Val<Text>> { default: "the id" },
    } with Pci
    opens device [(Kind::Device, "nvme")]
}

impl Form for Nvme {
    fn lower(&self, out: &mut Lowering<'_>) {
        let option = out.device("nvme").set("id", &self.id);
        let option = match &self.serial {
            Some(serial) => option.set("serial", serial),
            None => option.set("serial", &self.id),
        };
        option.pci(&self.pci).written_out(&self.device);
    }
}

form! {
    /// USB 2 and 1 as Intel's ICH9 has them: a controller of USB 2 and three companions for older devices, in one slot.
    Ich9 kinds ["ich9-usb": "USB 2 and 1, as Intel's ICH9 has them"]
    settled "QEMU takes `controller ich9-usb` at its start only: write `controller qemu-xhci`" {
        /// The id of the controller of USB 2.
        id "id": Id<ControllerId>,
        /// The PCI bus it sits on.
        bus "bus": Option<Val<BusName>>,
        /// Its slot, in hexadecimal. The companions are its functions 0, 1 and 2, the controller is its function 7.
        addr "addr": Option<Val<PciSlot>> { default: "1d" },
    }
}

/// The companions: their functions, and the first of the ports that each serves.
const COMPANIONS: [(&str, &str, &str); 3] =
    [("ich9-usb-uhci1", ".0", "0"), ("ich9-usb-uhci2", ".1", "2"), ("ich9-usb-uhci3", ".2", "4")];

impl Form for Ich9 {
    fn lower(&self, out: &mut Lowering<'_>) {
        let at = |function: &str| {
            let mut addr = Vec::new();
            if !self.addr.emit(&mut addr) {
                "1d".emit(&mut addr);
            }
            function.emit(&mut addr);
            addr
        };
        out.device("ich9-usb-ehci1")
            .set("id", &self.id)
            .set("bus", &self.bus)
            .set("addr", at(".7").as_slice());
        let mut master = Vec::new();
        self.id.emit(&mut master);
        ".0".emit(&mut master);
        for (driver, function, first) in COMPANIONS {
            out.device(driver)
                .set("masterbus", master.as_slice())
                .set("firstport", first)
                .set("bus", &self.bus)
                .set("addr", at(function).as_slice())
                .set("multifunction", (function == ".0").then_some("on"));
        }
    }
}
