//! `acpitable`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::{Path, Text, UInt};

statement! {
    /// An ACPI table beside QEMU's own.
    STATEMENT "acpitable" many settled AcpiTables [AcpiTable]
    example "acpitable sig=SLIC data=\"/etc/vm/slic.bin\""
}

form! {
    /// An ACPI table beside QEMU's own.
    AcpiTable {
        /// What stands behind the table's header, in a file; of several, with `:` between, one after the other.
        data "data": Option<Val<Path>> { excludes: &["file"] },
        /// The whole table with its header, in a file; the options change that.
        file "file": Option<Val<Path>>,
        /// The table's signature, of four letters.
        sig "sig": Option<Val<Text>>,
        /// Its revision.
        rev "rev": Option<Val<UInt<0, 0xff>>>,
        /// Who made it, in up to six letters.
        oem_id "oem_id": Option<Val<Text>>,
        /// What it is called by who made it, in up to eight letters.
        oem_table_id "oem_table_id": Option<Val<Text>>,
        /// Its revision by who made it.
        oem_rev "oem_rev": Option<Val<UInt<0, { u32::MAX as u64 }>>>,
        /// What compiled it, in up to four letters.
        asl_compiler_id "asl_compiler_id": Option<Val<Text>>,
        /// The revision of that.
        asl_compiler_rev "asl_compiler_rev": Option<Val<UInt<0, { u32::MAX as u64 }>>>,
    }
}

impl Form for AcpiTable {
    fn check(&self, cx: &mut Checking<'_>) {
        if self.data.is_none() && self.file.is_none() {
            let diagnostic = Diagnostic::error(Code::MissingOption, "`acpitable` needs what is in the table");
            cx.missing("data", diagnostic.at(cx.entry.head).help("add `data=` or `file=` and a file's path"));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-acpitable")
            .set("sig", &self.sig)
            .set("rev", &self.rev)
            .set("oem_id", &self.oem_id)
            .set("oem_table_id", &self.oem_table_id)
            .set("oem_rev", &self.oem_rev)
            .set("asl_compiler_id", &self.asl_compiler_id)
            .set("asl_compiler_rev", &self.asl_compiler_rev)
            .set("data", &self.data)
            .set("file", &self.file);
    }
}
