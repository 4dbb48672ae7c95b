//! `disk`

use crate::model::ids::{Backend, Id, IdKind, OptionalId};

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::{Maybe, Val};
use crate::plan::{FdSource, Piece, Show};
use crate::print::{As, FD_SETS, Lowering, text};
use crate::qemu::board::Transport;
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::passthrough::check_node_name;
use crate::statement::pci::Virtio;
use crate::value::{Driver, FdFlag, Format, OnOff, Path, Text, UInt, choice, is_windows_path};

statement! {
    /// A disk: a file and the device through which the guest sees it.
    STATEMENT reserved "disk" many pluggable Devices [Disk]
    example "disk file=root.qcow2 format=qcow2 aio=threads"
}

/// The ids of drives.
#[derive(Debug)]
pub(crate) struct DiskId;

impl IdKind for DiskId {
    const PREFIX: &'static str = "disk";
    const BACKEND: &'static str = "drive";
}

choice! {
    /// How the host's file is read and written.
    Aio { Threads "threads": "by threads", Native "native": "by Linux's own asynchronous I/O, past the cache", IoUring "io_uring": "by io_uring" }
}

choice! {
    /// How the host caches.
    Cache {
        Writeback "writeback": "reads and writes",
        None "none": "nothing on the host",
        Writethrough "writethrough": "reads only",
        Directsync "directsync": "nothing at all",
        Unsafe "unsafe": "everything, and ignores flushes"
    }
}

choice! {
    /// What the drive is connected to.
    Interface { None "none": "the statement's device", Scsi "scsi": "a SCSI controller that the machine adds" }
}

form! {
    /// A disk: a file and the device through which the guest sees it.
    Disk {
        /// Its id: that of the drive, and where it is written of the device too.
        id "id": Id<DiskId>,
        /// The drive's id, where that isn't the device's.
        drive "drive": OptionalId<DiskId>,
        /// The file or block device.
        file "file": Val<Path>,
        /// The file is opened before QEMU starts, which gets it as a file descriptor: it needs no right of its own to open
        /// it. Whatever else the image refers to, such as a backing file, QEMU opens. A block device can't be had so, but by
        /// a guest that runs (`devices!`): QEMU would take it for a file, and refuse it.
        fd "fd": Option<Val<FdFlag>>,
        /// The format of the file, such as `raw` or `qcow2`. Without it QEMU guesses, and a guest can mislead it.
        format "format": Option<Val<Format>>,
        /// How the file is read and written. `native` needs a direct cache, which it switches on where `cache=` is
        /// absent.
        aio "aio": Option<Val<Aio>>,
        /// How the host caches.
        cache "cache": Option<Val<Cache>>,
        /// The guest can't write.
        readonly "readonly": Option<Val<OnOff>>,
        /// The serial number that the guest sees: up to 20 bytes.
        serial "serial": Option<Val<Text>>,
        /// Its place in the order in which firmware tries to boot, from 0.
        bootindex "bootindex": Option<Val<UInt<0, 2_147_483_647>>>,
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
    opens device [(Kind::Device, "virtio-blk-pci")]
}

impl Disk {
    fn is_native(&self) -> bool {
        self.aio.is(|aio| *aio == Aio::Native)
    }

    /// Whether the host caches in one of these ways.
    fn caches(&self, ways: &[Cache]) -> bool {
        self.cache.is(|cache| ways.contains(cache))
    }

    /// What a block node needs beyond a drive.
    fn check_node(&self, cx: &mut Checking<'_>) {
        if self.format.is_none() {
            let diagnostic = Diagnostic::error(
                Code::MissingOption,
                "`disk` needs its `format=` to be plugged into a guest",
            )
            .at(cx.entry.head)
            .help("add `format=raw` or `format=qcow2`: QEMU guesses none here");
            cx.missing("format", diagnostic);
        }
        if let Some(id) = self.id.name.known() {
            check_node_name(id, id.span, cx);
        }
    }

    /// Prints the drive as block nodes, which a guest that runs can be given. The file's node has from the other what is
    /// not its own.
    fn lower_node(
        &self,
        drive: &Backend<'_, DiskId>,
        direct: bool,
        fd: Option<Piece>,
        out: &mut Lowering<'_>,
    ) {
        out.option("-blockdev")
            .set("driver", &self.format)
            .set("node-name", drive)
            .set("read-only", &self.readonly)
            .set("cache.direct", direct.then_some("on"))
            .set("cache.no-flush", self.caches(&[Cache::Unsafe]).then_some("on"))
            .set("file.filename", fd.is_none().then_some(&self.file))
            .set_prefixed("file.filename", FD_SETS, fd)
            .set("file.aio", &self.aio);
    }
}

impl Form for Disk {
    fn check(&self, cx: &mut Checking<'_>) {
        if cx.vm.is_fragment {
            self.check_node(cx);
        } else if self.format.is_none() {
            let diagnostic = Diagnostic::warning(Code::GuessedFormat, "QEMU guesses the format of this disk")
                .at(self.file.span())
                .help("add `format=raw` or `format=qcow2`: a guest could write another format's header to a raw disk");
            cx.missing("format", diagnostic);
        }
        let is_taken = |path: &Path| Show::FilePath.text(&path.0) != path.0 && !is_windows_path(&path.0);
        if let Some(path) = self.file.known().filter(|path| is_taken(path) && !cx.vm.is_fragment) {
            cx.report(
                Diagnostic::warning(
                    Code::ProtocolInPath,
                    format!("`{}` is taken as the name of a file", path.0),
                )
                .at(path.span)
                .help("for a disk behind a protocol use `blockdev` and `device`; write `./` before a file's name"),
            );
        }
        if let (true, Some(cache)) = (self.is_native(), self.cache.known())
            && !matches!(cache.value, Cache::None | Cache::Directsync)
        {
            let aio = self.aio.map_or(cache.span, |aio| aio.span());
            cx.report(
                Diagnostic::error(Code::NativeAio, format!("`aio=native` can't go with `cache={cache}`"))
                    .label(aio, "needs a direct cache")
                    .label(cache.span, "is not")
                    .help("write `cache=none`, or `aio=threads`"),
            );
        }
        if let Some(serial) =
            self.serial.known().filter(|serial| serial.0.len() > 20 && self.driver.is_none())
        {
            cx.report(
                Diagnostic::error(
                    Code::NameTooLong,
                    format!(
                        "the serial number has {} bytes, {} too many",
                        serial.0.len(),
                        serial.0.len() - 20
                    ),
                )
                .at(serial.span)
                .help("virtio-blk shows the guest at most 20 bytes"),
            );
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
                .help(changes::DRIVE_INTERFACE.instead),
            );
        }
        if let (Some(aio), false) =
            (self.aio.known().filter(|aio| aio.value == Aio::IoUring), cx.has(&changes::AIO_IO_URING))
        {
            let target = cx.target();
            cx.report(
                Diagnostic::error(Code::NotYet, format!("QEMU {target} has no `aio=io_uring` yet"))
                    .at(aio.span)
                    .help("write `aio=threads` or `aio=native`"),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let scsi = self.scsi.filter(|_| out.has(&changes::VIRTIO_BLK_SCSI));
        // The seed's QEMU fell back to threads where it could not, as that of no guest does that runs.
        let native =
            self.is_native() && self.cache.is_none() && (out.plugs() || !out.has(&changes::SHORT_BOOLEANS));
        let direct = native || self.caches(&[Cache::None, Cache::Directsync]);
        let readonly = self.readonly.is(|readonly| readonly.0);
        let source = FdSource::File { path: text(&self.file), readonly, direct };
        let fd = out.fd(self.fd, source, &self.id);
        if let Some(fd) = &fd {
            // A set for each, called like its one member. QEMU takes from it what is open as it would open the file.
            out.option("-add-fd").set("fd", fd).set("set", fd).set("opaque", &self.file);
        }
        // QEMU would look for one that can only be read at first.
        let at_once = fd.is_some() && !readonly && out.has(&changes::AUTO_READ_ONLY);
        // Of a node, this is the device's to say.
        let writethrough = out.plugs() && self.caches(&[Cache::Writethrough, Cache::Directsync]);
        // On a PCI bus it has a shorter name, too, which is printed for all versions.
        let is_short = self.pci.transport.is_none() && out.transport(&self.pci) == Transport::Pci;
        let driver = if is_short { "virtio-blk".to_owned() } else { out.virtio("virtio-blk", &self.pci) };
        let drive = self.drive.or(&self.id);
        let id = out.id_of_device(&self.id);
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
            .written_out(&self.device);
        if out.plugs() {
            return self.lower_node(&drive, direct, fd, out);
        }
        out.option("-drive")
            .set("id", &drive)
            .set("file", fd.is_none().then_some(As(Show::FilePath, &self.file)))
            .set_prefixed("file", FD_SETS, fd)
            .set("aio", &self.aio)
            .set("format", &self.format)
            .set("cache", &self.cache)
            .set("cache.direct", native.then_some("on"))
            .set("readonly", &self.readonly)
            .set("auto-read-only", at_once.then_some("off"))
            .set_or("if", &self.interface, "none");
    }
}
