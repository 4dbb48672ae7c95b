//! `bios`

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::Path;

statement! {
    /// The firmware, in place of the machine's own.
    STATEMENT reserved "bios" once settled Bios [Bios]
    example "bios \"bios-256k.bin\""
}

form! {
    /// The firmware, in place of the machine's own.
    Bios {
        /// The image: a path, or a name that QEMU finds in its data folder.
        path "path": Val<Path> { positional: true },
    }
}

impl Form for Bios {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-bios", &self.path);
    }
}
