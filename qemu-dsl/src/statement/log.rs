//! `log`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::{LogItems, Path, Ranges};

statement! {
    /// What QEMU writes down of itself and of the guest.
    STATEMENT "log" once settled Behaviour [Log]
    example "log \"guest_errors,unimp\" file=\"/var/log/web.log\""
}

form! {
    /// What QEMU writes down of itself and of the guest.
    Log {
        /// What, with `,` between several: `guest_errors` is what the guest does wrong, `unimp` what QEMU's devices can't do,
        /// `in_asm` the guest's code; `qemu-system-x86_64 -d help` lists them.
        items "items": Val<LogItems> {
            positional: true,
            words: &[
                ("invalid_mem", &changes::LOG_INVALID_MEM),
                ("op_plugin", &changes::LOG_OP_PLUGIN),
                ("plugin", &changes::PLUGINS),
                ("tid", &changes::LOG_TID),
                ("vpu", &changes::LOG_VPU),
            ],
        },
        /// The file, in place of standard error. Of `%d` the process's number takes the place.
        file "file": Option<Val<Path>>,
        /// The guest's addresses that it is about, such as `0x8000..0x8fff`.
        filter "filter": Option<Val<Ranges>>,
    }
}

impl Form for Log {
    fn check(&self, cx: &mut Checking<'_>) {
        let Some(items) = self.items.known().filter(|_| cx.has(&changes::LOG_TID)) else { return };
        let Some(item) = items.0.split(',').find(|item| matches!(*item, "all" | "tid")) else { return };
        let has_place = |path: &Path| path.0.contains("%d");
        let (at, help) = match &self.file {
            Some(Val::Known(file)) if !has_place(file) => {
                (file.span, "write `%d` in the file's name, for the thread's number")
            }
            None => (items.span, "add `file=` with `%d` in the file's name, for the thread's number"),
            Some(_) => return,
        };
        let message = format!("`{item}` gives each thread a file of its own");
        cx.missing("file", Diagnostic::error(Code::MissingOption, message).at(at).help(help));
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-d", &self.items);
        out.value("-D", &self.file);
        out.value("-dfilter", &self.filter);
    }
}
