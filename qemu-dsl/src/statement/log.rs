//! `log`

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::{LogItems, Path, Text};

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
        items "items": Val<LogItems> { positional: true },
        /// The file, in place of standard error. Of `%d` the process's number takes the place.
        file "file": Option<Val<Path>>,
        /// The guest's addresses that it is about, such as `0x8000..0x8fff`.
        filter "filter": Option<Val<Text>>,
    }
}

impl Form for Log {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-d", &self.items);
        out.value("-D", &self.file);
        out.value("-dfilter", &self.filter);
    }
}
