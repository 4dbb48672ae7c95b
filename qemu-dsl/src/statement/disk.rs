//! `disk` and `cdrom`: a drive of the host, and the device through which the guest sees it.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::ids::{Backend, Id, OptionalId, id_kinds};
use crate::model::{Maybe, Property, Val};
use crate::print::Lowering;
use crate::qemu::board::Transport;
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::drive::{Drive, Layers, Of};
use crate::statement::form::{Form, form, group, statement};
use crate::statement::pci::Virtio;
use crate::statement::single::single;
use crate::statement::throttle_group::OF_DRIVES;
use crate::statement::vhost_user::behind_socket;
use crate::value::{BusName, DiskSerial, Driver, OnOff, Path, Text, UInt, choice};

statement! {
    /// A disk: a file and the device through which the guest sees it.
    DISK reserved "disk" many pluggable Devices [Disk, DiskOf, DiskOfProcess, DiskOfKernel]
    example "disk file=root.qcow2 format=qcow2 aio=threads"
}

statement! {
    /// A drive for CDs and DVDs, and what is in it.
    CDROM "cdrom" many pluggable Devices [Cdrom, CdromOf]
    example "cdrom file=install.iso bootindex=0"
}

id_kinds! {
    /// The ids of drives.
    DiskId "disk" of "drive"
    /// The ids of the sockets of disks that another process serves.
    DiskSocketId "disk" of "chardev"
    /// The ids of drives for CDs.
    CdromId "cd" of "drive"
}

choice! {
    /// What the drive is connected to.
    Interface { None "none": "the statement's device", Scsi "scsi": "a SCSI controller that the machine adds" }
}

/// A device's place in the order of booting.
type BootIndex = UInt<0, 2_147_483_647>;

form! {
    /// A disk of virtio-blk, or of the device that `driver=` names: a file, and the device through which the guest sees it.
    Disk {
        /// Its id: that of the drive, and where it is written of the device too.
        id "id": Id<DiskId>,
        /// The drive's id, where that isn't the device's. Without `file=` the drive is another statement's, such as a
        /// `blockdev`'s.
        drive "drive": OptionalId<DiskId>,
        /// The drive's id, where that isn't the device's, and the drive is a block node: of one more can be said, such as
        /// `backing.driver=`.
        node_name "node-name": OptionalId<DiskId> { excludes: &["drive"] },
        /// The file or block device.
        file "file": Option<Val<Path>> { required: true, instead: &["drive", "url", "file.driver"] },
        /// The serial number that the guest sees: up to 20 bytes.
        serial "serial": Option<Val<Text>>,
        /// Its place in the order in which firmware tries to boot, from 0.
        bootindex "bootindex": Option<Val<BootIndex>>,
        /// The device.
        driver "driver": Option<Val<Driver>> { default: "virtio-blk" },
        /// What the drive is connected to.
        interface "if": Option<Val<Interface>> { default: "none" },
        /// Whether the guest may send SCSI commands to the host's device.
        scsi "scsi": Option<Val<OnOff>> { change: Some(&changes::VIRTIO_BLK_SCSI) },
        /// Whether the guest may switch the write cache.
        wce "wce": Option<Val<OnOff>>,
        /// Speaks only the protocol of virtio before 1.0.
        disable_modern "disable-modern": Option<Val<OnOff>>,
    } with Virtio
    groups [host: Drive]
    opens device [(Kind::Device, "virtio-blk-pci"), (Kind::Blockdev, "qcow2"), (Kind::Blockdev, "raw")] also OF_DRIVES
}

form! {
    /// A disk on another bus than PCI: a file, and the device through which the guest sees it.
    DiskOf kinds [
        "scsi": "on a SCSI bus, such as that of `controller virtio-scsi`",
        "ide": "on an IDE or AHCI bus; `pc` and `q35` have one",
        "nvme": "an NVMe controller with one namespace",
        "nvme-ns": "a namespace of a `controller nvme`",
        "usb": "on a USB bus",
        "sd": "a card in an SD slot",
        "floppy": "a floppy disk; `pc` has a drive",
        "scsi-block": "a SCSI device of the host, of which the guest sees the blocks as they are",
        "scsi-generic": "a SCSI device of the host, to which the guest's commands go",
    ] {
        /// Its id: that of the drive, and where it is written of the device too.
        id "id": Id<DiskId>,
        /// The drive's id, where that isn't the device's. Without `file=` the drive is another statement's, such as a
        /// `blockdev`'s.
        drive "drive": OptionalId<DiskId>,
        /// The drive's id, where that isn't the device's, and the drive is a block node: of one more can be said, such as
        /// `backing.driver=`.
        node_name "node-name": OptionalId<DiskId> { excludes: &["drive"] },
        /// The file or block device.
        file "file": Option<Val<Path>> { required: true, instead: &["drive", "url", "file.driver"] },
        /// The serial number that the guest sees. Of `nvme`, which has none by itself, it is the drive's id where it is absent.
        serial "serial": Option<Val<Text>> { kinds: &["scsi", "ide", "nvme", "usb"] },
        /// Its place in the order in which firmware tries to boot, from 0.
        bootindex "bootindex": Option<Val<BootIndex>> {
            kinds: &["scsi", "ide", "nvme", "nvme-ns", "usb", "scsi-block", "scsi-generic"],
        },
        /// The bus it sits on: `ID.0` of a controller. Without it: the first one of its sort.
        bus "bus": Option<Val<BusName>>,
    }
    groups [host: Drive]
    opens device [
        (Kind::Device, "scsi-hd"),
        (Kind::Device, "ide-hd"),
        (Kind::Device, "nvme"),
        (Kind::Device, "nvme-ns"),
        (Kind::Device, "usb-storage"),
        (Kind::Device, "sd-card"),
        (Kind::Device, "floppy"),
        (Kind::Device, "scsi-block"),
        (Kind::Device, "scsi-generic"),
        (Kind::Blockdev, "qcow2"),
        (Kind::Blockdev, "raw"),
    ] also OF_DRIVES
}

behind_socket! {
    /// A disk of virtio-blk that another process of the host serves, such as SPDK. It needs to share the guest's memory:
    /// `memory 2G share`.
    DiskOfProcess DiskSocketId kinds ["vhost-user": "a process of the host, by its socket"] prints "vhost-user-blk" {
        /// Its place in the order in which firmware tries to boot, from 0.
        bootindex "bootindex": Option<Val<BootIndex>>,
    } with Virtio;
}

single! {
    /// A disk of virtio-blk that the host's kernel or hardware serves, by vDPA.
    DiskOfKernel kinds ["vdpa": "a device of the host's, by vDPA"] prints "vhost-vdpa-device" {
        /// The host's device: `/dev/vhost-vdpa-0`.
        vhostdev "vhostdev": Val<Path>,
        /// Its place in the order in which firmware tries to boot, from 0.
        bootindex "bootindex": Option<Val<BootIndex>>,
    } with Virtio;
}

group! {
    /// What all drives for CDs have.
    Disc {
        /// Its id: that of the drive, and where it is written of the device too.
        id "id": Id<CdromId>,
        /// The id of what is in it, where that isn't the device's. Without `file=` it is another statement's.
        drive "drive": OptionalId<CdromId>,
        /// The drive's id, where that isn't the device's, and the drive is a block node: of one more can be said, such as
        /// `backing.driver=`.
        node_name "node-name": OptionalId<CdromId> { excludes: &["drive"] },
        /// The file or the host's drive. Without it the drive is empty.
        file "file": Option<Val<Path>>,
        /// Its place in the order in which firmware tries to boot, from 0.
        bootindex "bootindex": Option<Val<BootIndex>>,
        /// The bus it sits on: `ID.0` of a controller. Without it: the first one of its sort.
        bus "bus": Option<Val<BusName>>,
    }
}

form! {
    /// A drive for CDs and DVDs on the machine's IDE bus, or without one on a SCSI bus.
    Cdrom {}
    groups [disc: Disc, host: Drive]
    opens device [(Kind::Device, "ide-cd"), (Kind::Device, "scsi-cd"), (Kind::Blockdev, "raw")]
}

form! {
    /// A drive for CDs and DVDs on a bus of this sort.
    CdromOf kinds [
        "ide": "on an IDE or AHCI bus; `pc` and `q35` have one",
        "scsi": "on a SCSI bus, such as that of `controller virtio-scsi`",
        "usb": "on a USB bus",
    ] {}
    groups [disc: Disc, host: Drive]
    opens device [(Kind::Device, "ide-cd"), (Kind::Device, "scsi-cd"), (Kind::Blockdev, "raw")]
}

impl Form for Disk {
    fn check(&self, cx: &mut Checking<'_>) {
        let interface = self.interface.as_ref().map(Val::span);
        let (layers, _) = Layers::of(named(&self.node_name), &self.device);
        self.host.check(&self.file, self.id.name.known(), true, interface, &layers, cx);
        if let Some(serial) = self.serial.as_ref().filter(|_| self.driver.is_none()) {
            cx.wants::<DiskSerial>(serial);
        }
        if let Some(interface) = self.interface.known().filter(|interface| interface.value != Interface::None)
            && !cx.has(&changes::DRIVE_INTERFACE)
        {
            cx.report(
                Diagnostic::error(
                    Code::Removed,
                    format!(
                        "`if={interface}` connects the drive to a device of the machine, not to this one"
                    ),
                )
                .at(interface.span)
                .help("write `disk scsi` in its place"),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let scsi = self.scsi.filter(|_| out.has(&changes::VIRTIO_BLK_SCSI));
        let drive = drive(&self.node_name, &self.drive, &self.id);
        let (layers, device) = Layers::of(named(&self.node_name), &self.device);
        let none = "none";
        let of = self.host.source(&self.file, &layers).map(|source| Of {
            layers: &layers,
            drive: &drive,
            device: &self.id,
            source,
            format: None,
            is_readonly: false,
            interface: if self.interface.is_some() { &self.interface } else { &none },
        });
        let fd = of.and_then(|of| self.host.fd(of, out));
        // Of a node, this is the device's to say.
        let is_node = of.is_some() && (out.plugs() || self.host.node(&layers).is_some());
        let writethrough = is_node && self.host.writes_through();
        // On a PCI bus it has a shorter name, too, which is printed for all versions.
        let is_short = self.pci.transport.is_none() && out.transport(&self.pci) == Transport::Pci;
        let driver = if is_short { "virtio-blk".to_owned() } else { out.virtio("virtio-blk", &self.pci) };
        let id = device_id(&self.id, of.is_some(), out);
        out.option("-device")
            .word_or(&self.driver, &driver)
            .truth("disable-modern", &self.disable_modern)
            .set("drive", &drive)
            .set("id", id)
            .set("scsi", scsi)
            .set("config-wce", &self.wce)
            .set("serial", &self.serial)
            .set("bootindex", &self.bootindex)
            .set("write-cache", writethrough.then_some("off"))
            .virtio(&self.pci)
            .written_out(device.iter().copied());
        if let Some(of) = of {
            self.host.lower(of, fd, out);
        }
    }
}

/// What a drive is called.
fn drive<'i, K>(node: &'i OptionalId<K>, drive: &'i OptionalId<K>, id: &'i Id<K>) -> Backend<'i, K> {
    if node.0.is_some() { node.or(id) } else { drive.or(id) }
}

/// Where the text says that a drive is a block node.
fn named<K>(node: &OptionalId<K>) -> Option<Span> {
    node.0.as_ref().map(Val::span)
}

/// The id of a device, which has its drive's where that is of the same statement.
fn device_id<'i>(id: &'i Id<DiskId>, has_drive: bool, out: &Lowering<'_>) -> Option<&'i Id<DiskId>> {
    if has_drive { out.id_of_device(id) } else { out.id_of_own(id) }
}

/// The device of a kind of disks.
fn driver(kind: &str) -> &str {
    match kind {
        "scsi" => "scsi-hd",
        "ide" => "ide-hd",
        "usb" => "usb-storage",
        "sd" => "sd-card",
        other => other,
    }
}

impl Form for DiskOf {
    fn check(&self, cx: &mut Checking<'_>) {
        let (layers, _) = Layers::of(named(&self.node_name), &self.device);
        self.host.check(&self.file, self.id.name.known(), true, None, &layers, cx);
        let readonly = self.host.readonly.known().filter(|readonly| readonly.0);
        if let (Some(readonly), "ide") = (readonly, self.kind.as_str()) {
            let help = Remedy::new("use another kind, such as `disk scsi`, or leave it out");
            let message = "a disk on an IDE bus can't be read-only";
            cx.report(Diagnostic::error(Code::IgnoredOption, message).at(readonly.span).help(help));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let drive = drive(&self.node_name, &self.drive, &self.id);
        let (layers, device) = Layers::of(named(&self.node_name), &self.device);
        let of = self.host.source(&self.file, &layers).map(|source| Of {
            layers: &layers,
            drive: &drive,
            device: &self.id,
            source,
            format: None,
            is_readonly: false,
            interface: &"none",
        });
        let fd = of.and_then(|of| self.host.fd(of, out));
        let kind = self.kind.as_str();
        let is_node = of.is_some() && (out.plugs() || self.host.node(&layers).is_some());
        let writethrough = is_node && self.host.writes_through() && kind != "sd";
        let id = device_id(&self.id, of.is_some(), out);
        let option =
            out.option("-device").word(driver(kind)).set("drive", &drive).set("id", id).set("bus", &self.bus);
        let option = match (kind, &self.serial) {
            ("nvme", None) => option.set("serial", &drive),
            (_, serial) => option.set("serial", serial),
        };
        option
            .set("bootindex", self.bootindex)
            .set("write-cache", writethrough.then_some("off"))
            .written_out(device.iter().copied());
        if let Some(of) = of {
            self.host.lower(of, fd, out);
        }
    }
}

impl Disc {
    fn check(&self, host: &Drive, properties: &[Property], cx: &mut Checking<'_>) {
        let (layers, _) = Layers::of(named(&self.node_name), properties);
        host.check(&self.file, self.id.name.known(), false, None, &layers, cx);
    }

    /// Prints it as this device, behind the bridge from USB that it may need.
    fn lower(
        &self,
        host: &Drive,
        properties: &[Property],
        device: &str,
        is_usb: bool,
        out: &mut Lowering<'_>,
    ) {
        let drive = drive(&self.node_name, &self.drive, &self.id);
        let (layers, properties) = Layers::of(named(&self.node_name), properties);
        let of = host.source(&self.file, &layers).map(|source| Of {
            layers: &layers,
            drive: &drive,
            device: &self.id,
            source,
            format: Some("raw"),
            is_readonly: true,
            interface: &"none",
        });
        let fd = of.and_then(|of| host.fd(of, out));
        if is_usb {
            out.option("-device").word("usb-bot").set("id", &self.id).set("bus", &self.bus);
        }
        let own = out.id_of_own(&self.id);
        let option = out.option("-device").word(device);
        let option =
            if is_usb { option.set_behind("bus", &self.id, ".0") } else { option.set("bus", &self.bus) };
        let is_there = of.is_some() || self.drive.0.is_some();
        let option = option.set("drive", is_there.then_some(&drive));
        let option = if is_usb { option } else { option.set("id", own) };
        option.set("bootindex", self.bootindex).written_out(properties.iter().copied());
        if let Some(of) = of {
            host.lower(of, fd, out);
        }
    }
}

impl Form for Cdrom {
    fn check(&self, cx: &mut Checking<'_>) {
        self.disc.check(&self.host, &self.device, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let board = &out.vm.facts.board;
        // Where nothing is known of the machine, it is a PC.
        let has_ide = board.has("IDE") || !board.is_known();
        let device = if has_ide { "ide-cd" } else { "scsi-cd" };
        self.disc.lower(&self.host, &self.device, device, false, out);
    }
}

impl Form for CdromOf {
    fn check(&self, cx: &mut Checking<'_>) {
        self.disc.check(&self.host, &self.device, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let kind = self.kind.as_str();
        let device = if kind == "ide" { "ide-cd" } else { "scsi-cd" };
        self.disc.lower(&self.host, &self.device, device, kind == "usb", out);
    }
}
