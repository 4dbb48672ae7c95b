//! `dimm`

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::ids::{Id, id_kinds};
use crate::model::{Maybe as _, Val};
use crate::print::Lowering;
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Virtio;
use crate::statement::ram::{self, Ram, Rom, on};
use crate::value::{OnOff, PowerSize, Size};

statement! {
    /// Memory beside the machine's own.
    STATEMENT reserved "dimm" many pluggable Devices [Dimm, VirtioMemory]
    example "machine q35 nvdimm\nmemory 512M slots=1 max=2G\ndimm nvdimm path=\"/var/lib/nv0\" size=1G"
}

id_kinds! {
    /// The ids of memory modules.
    DimmId "dimm"
    /// The ids of what holds their memory.
    MemdevId "mem"
}

form! {
    /// A memory module. The machine needs a free slot for it: `memory ... slots=1 max=4G`.
    Dimm kinds [
        "nvdimm": "memory that keeps its contents, in a file; the machine needs `nvdimm`",
        "pc-dimm": "ordinary memory",
    ] {
        /// Its id.
        id "id": Id<DimmId>,
        /// The id of the object that holds its memory. Without `size=` it is another statement's.
        memdev "memdev": Id<MemdevId>,
        /// How much of it.
        size "size": Option<Val<Size>>,
    }
    groups [ram: Ram]
    opens device [(Kind::Device, "{}")]
}

form! {
    /// Memory by a virtio device. It needs no slot, but room: `memory ... max=4G`.
    VirtioMemory kinds [
        "virtio-mem": "of which the guest has more or less, as it is told while it runs",
        "virtio-pmem": "a file that the guest has in its memory, and flushes",
    ] {
        /// The device's id.
        id "id": Id<DimmId>,
        /// The id of the object that holds its memory. Without `size=` it is another statement's.
        memdev "memdev": Id<MemdevId>,
        /// How much of it at most.
        size "size": Option<Val<Size>>,
        /// How much of it the guest shall have. Without it: nothing, until a command says otherwise.
        requested_size "requested-size": Option<Val<Size>> { kinds: &["virtio-mem"] },
        /// In blocks of this size it comes and goes: a power of two.
        block_size "block-size": Option<Val<Size>> { kinds: &["virtio-mem"] },
        /// The hypervisor has several slots for it, and uses as few as it needs.
        dynamic_memslots "dynamic-memslots": Option<Val<OnOff>> {
            kinds: &["virtio-mem"],
        },
    } with Virtio
    groups [ram: Ram]
    opens device [(Kind::Device, "{}-pci")]
}

/// The object of a module.
type Holder<'d> = ram::Holder<'d, MemdevId>;

impl Holder<'_> {
    fn check(&self, kind: &str, cx: &mut Checking<'_>) {
        let what = format!("`{} {kind}`", cx.entry.spec.keyword);
        let is_file = matches!(kind, "nvdimm" | "virtio-pmem");
        if is_file && !self.is_elsewhere() && self.ram.path.is_none() {
            let diagnostic = Diagnostic::error(Code::MissingOption, format!("{what} needs `path=`"));
            cx.missing("path", diagnostic.at(cx.entry.head).help("add `path=` and a file's path"));
        }
        self.check_size(&what, cx);
        self.ram.check(self.size.known().map(|size| size.bytes), cx);
    }
}

impl Dimm {
    const fn holder(&self) -> Holder<'_> {
        Holder { memdev: &self.memdev, size: &self.size, ram: &self.ram }
    }

    /// What the guest is told of memory that it can't write.
    fn unarmed(&self) -> Option<&'static str> {
        let is_told = self.device.iter().any(|property| property.name.value == "unarmed");
        let is_rom = on(self.ram.readonly) && !self.ram.rom.is(|rom| *rom == Rom::Off);
        (self.kind.as_str() == "nvdimm" && is_rom && !is_told).then_some("on")
    }
}

impl Form for Dimm {
    fn check(&self, cx: &mut Checking<'_>) {
        self.holder().check(&self.kind, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-device")
            .word(&self.kind)
            .set("id", &self.id)
            .set("memdev", &self.memdev)
            .set("unarmed", self.unarmed())
            .written_out(&self.device);
        self.holder().lower(self.ram.prealloc, out);
    }
}

impl VirtioMemory {
    const fn holder(&self) -> Holder<'_> {
        Holder { memdev: &self.memdev, size: &self.size, ram: &self.ram }
    }
}

impl Form for VirtioMemory {
    fn check(&self, cx: &mut Checking<'_>) {
        self.holder().check(&self.kind, cx);
        if self.kind.as_str() != "virtio-mem" {
            return;
        }
        let is_rom = !self.ram.rom.is(|rom| *rom == Rom::Off);
        if let Some(readonly) = self.ram.readonly.known().filter(|readonly| readonly.0 && is_rom) {
            let diagnostic =
                Diagnostic::error(Code::ExclusiveOptions, "`virtio-mem` takes no memory that it can't write");
            cx.report(diagnostic.at(readonly.span).help("leave out `readonly`"));
        }
        if let Some(block) = &self.block_size {
            cx.wants::<PowerSize>(block);
        }
        let Some(block) = self.block_size.known().filter(|block| block.bytes.is_power_of_two()) else {
            return;
        };
        for (name, size) in [("size", &self.size), ("requested-size", &self.requested_size)] {
            if let Some(size) = size.known().filter(|size| size.bytes % block.bytes != 0) {
                let message = format!("`{name}` is no whole number of blocks of {} bytes", block.bytes);
                let whole = size.bytes.checked_next_multiple_of(block.bytes).unwrap_or(block.bytes);
                let diagnostic = Diagnostic::error(Code::OutOfRange, message).at(size.span);
                cx.report(
                    diagnostic.help(
                        Remedy::new(format!("write `{whole}`, or another multiple of it"))
                            .replace(size.span, whole.to_string()),
                    ),
                );
            }
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        // Of what comes and goes, the device takes it at once.
        let by_device = self.kind.as_str() == "virtio-mem" && out.has(&changes::VIRTIO_MEM_PREALLOC);
        let (device, object) = if by_device { (self.ram.prealloc, None) } else { (None, self.ram.prealloc) };
        let driver = out.virtio(&self.kind, &self.pci);
        out.device(&driver)
            .set("id", &self.id)
            .set("memdev", &self.memdev)
            .set("requested-size", &self.requested_size)
            .set("block-size", &self.block_size)
            .set("dynamic-memslots", self.dynamic_memslots)
            .set("prealloc", device)
            .virtio(&self.pci)
            .written_out(&self.device);
        self.holder().lower(object, out);
    }
}
