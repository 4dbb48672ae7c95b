//! `fw_cfg`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::{FwCfgName, IdText, Path, Text};

statement! {
    /// A text or file for the firmware and the guest, by QEMU's device for that (fw_cfg).
    STATEMENT "fw_cfg" many settled FwCfg [FwCfg]
    example "fw_cfg opt/com.example/greeting string=hello"
}

form! {
    /// A text or file for the firmware and the guest, by QEMU's device for that (fw_cfg). Linux shows it in
    /// `/sys/firmware/qemu_fw_cfg/by_name/`.
    FwCfg {
        /// Its name. What begins with `opt/` is for users; all else is QEMU's own.
        name "name": Val<FwCfgName> { positional: true },
        /// The text.
        string "string": Option<Val<Text>> { excludes: &["file", "gen_id"] },
        /// The file, which QEMU reads when it starts.
        file "file": Option<Val<Path>> { excludes: &["gen_id"] },
        /// The id of the `object` that makes it.
        gen_id "gen_id": Option<Val<IdText>> { change: Some(&changes::FW_CFG_GEN_ID) },
    }
}

impl Form for FwCfg {
    fn check(&self, cx: &mut Checking<'_>) {
        if self.string.is_none() && self.file.is_none() && self.gen_id.is_none() {
            let diagnostic = Diagnostic::error(Code::MissingOption, "`fw_cfg` needs what it gives the guest");
            cx.missing(
                "string",
                diagnostic.at(cx.entry.head).help("add `string=` and a text, or `file=` and a path"),
            );
        }
        if let Some(name) = self.name.known().filter(|name| !name.0.starts_with("opt/")) {
            let message = format!("`{}` may be a name of QEMU's own", name.0);
            let diagnostic = Diagnostic::warning(Code::OutOfRange, message).at(name.span);
            cx.report(diagnostic.help("names of users begin with `opt/`"));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-fw_cfg")
            .set("name", &self.name)
            .set("string", &self.string)
            .set("file", &self.file)
            .set("gen_id", &self.gen_id);
    }
}
