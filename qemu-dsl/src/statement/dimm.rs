//! `dimm`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::model::ids::{Id, id_kinds};
use crate::print::{Lowering, sides};
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::value::{Path, Size};

statement! {
    /// A memory module backed by a file.
    STATEMENT reserved "dimm" many pluggable Devices [Dimm]
    example "machine q35 nvdimm\nmemory 512M slots=1 max=2G\ndimm nvdimm path=\"/var/lib/nv0\" size=1G"
}

id_kinds! {
    /// The ids of memory modules.
    DimmId "dimm"
    /// The ids of what holds their memory.
    MemdevId "mem"
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
        /// The file. In a folder QEMU makes a file without a name, whose contents are lost at the end.
        path "path": Val<Path>,
        /// How much of it.
        size "size": Val<Size>,
    }
    opens properties [(Kind::Object, OBJECT), (Kind::Device, "{}")]
}

/// What holds the memory.
const OBJECT: &str = "memory-backend-file";

impl Form for Dimm {
    fn check(&self, cx: &mut Checking<'_>) {
        if let Some(size) = self.size.known().filter(|size| size.bytes == 0) {
            cx.report(
                Diagnostic::error(Code::OutOfRange, "a memory module of no size")
                    .at(size.span)
                    .help("write a size such as `1G`"),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let (object, device) = sides(Kind::Object, OBJECT, &self.properties);
        out.option("-device")
            .word(&self.kind)
            .set("id", &self.id)
            .set("memdev", &self.memdev)
            .written_out(device);
        out.option("-object")
            .word(OBJECT)
            .set("id", &self.memdev)
            .set("mem-path", &self.path)
            .set("size", &self.size)
            .written_out(object);
    }
}
