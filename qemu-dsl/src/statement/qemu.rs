//! `qemu`

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::Path;

statement! {
    /// The program to run.
    STATEMENT reserved "qemu" once settled Nowhere [Qemu]
    example "qemu \"/opt/qemu/bin/qemu-system-x86_64\""
}

form! {
    /// The program to run. Without it: `qemu-system-ARCH` for the target's architecture, found by `PATH`. Only `qemu-dslc run`
    /// executes it. A name such as `qemu-system-aarch64` says the architecture, where `target` doesn't.
    Qemu {
        /// The program: a path, or a name to be found by `PATH`.
        path "path": Val<Path> { positional: true },
    }
}

impl Form for Qemu {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.program(&self.path);
    }
}
