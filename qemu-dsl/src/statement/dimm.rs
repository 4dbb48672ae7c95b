//! `dimm`

use crate::analyse::args::{Id, IdKind};
use crate::analyse::ids::Space;
use crate::check::Checking;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::lowering::Lowering;
use crate::node::Node;
use crate::spec::{Form, form};
use crate::statement::machine::Machine;
use crate::statement::memory::Memory;
use crate::types::{Path, Size};

/// The ids of memory modules.
#[derive(Debug)]
pub(crate) struct DimmId;

impl IdKind for DimmId {
    const SPACE: Space = Space::Device;
    const PREFIX: &'static str = "dimm";
}

/// The ids of what holds their memory.
#[derive(Debug)]
pub(crate) struct MemdevId;

impl IdKind for MemdevId {
    const SPACE: Space = Space::Object;
    const PREFIX: &'static str = "mem";
}

form! {
    /// A memory module backed by a file. The machine needs a free slot for it: `memory ... slots=1 max=4G`.
    Dimm kinds [
        "nvdimm": "memory that keeps its contents; the machine needs `nvdimm`",
        "pc-dimm": "ordinary memory",
    ] {
        /// Its id.
        id "id": Id<DimmId>,
        /// The id of the object that holds its memory.
        memdev "memdev": Id<MemdevId>,
        /// The file. Of a folder QEMU uses a file in it that is deleted at once.
        path "path": Node<Path>,
        /// How much of it.
        size "size": Node<Size>,
    }
}

impl Form for Dimm {
    fn check(&self, cx: &mut Checking<'_>) {
        let place = cx.entry.head;
        if self.size.bytes == 0 {
            cx.report(
                Diagnostic::error(Code::OutOfRange, "a memory module of no size")
                    .at(self.size.span)
                    .help("write a size such as `1G`"),
            );
        }
        if !cx.vm.complete {
            return;
        }
        let slots = cx
            .vm
            .get::<Memory>()
            .and_then(|memory| memory.slots)
            .map_or(0, |slots| slots.0);
        let before = cx
            .vm
            .all::<Self>()
            .take_while(|(entry, _)| entry.head.start <= place.start)
            .count();
        // Reported once: for the first that finds no slot.
        if before as u64 == slots + 1 {
            cx.report(
                Diagnostic::error(
                    Code::DimmWithoutSlots,
                    if slots == 0 {
                        "there are no slots for memory modules".to_owned()
                    } else {
                        format!("there are more memory modules than slots ({slots})")
                    },
                )
                .at(place)
                .help("give `memory` enough, and a maximum: `memory 2G slots=2 max=4G`"),
            );
        }
        if self.kind.value == "nvdimm"
            && !cx
                .vm
                .get::<Machine>()
                .is_some_and(|machine| machine.is_on("nvdimm"))
        {
            cx.report(
                Diagnostic::error(Code::DimmWithoutNvdimm, "the machine has no NVDIMMs")
                    .at(place)
                    .help("switch them on: `machine q35 nvdimm`"),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-device")
            .word(&self.kind)
            .set("id", &self.id)
            .set("memdev", &self.memdev);
        out.option("-object")
            .word("memory-backend-file")
            .set("id", &self.memdev)
            .set("mem-path", &self.path)
            .set("size", &self.size);
    }
}
