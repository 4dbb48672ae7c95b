//! `pidfile`

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::Path;

statement! {
    /// A file with QEMU's process number.
    STATEMENT "pidfile" once settled Behaviour [PidFile]
    example "pidfile \"/run/web.pid\""
}

form! {
    /// A file with QEMU's process number, which QEMU locks while it runs, and removes at its end.
    PidFile {
        /// The file.
        path "path": Val<Path> { positional: true },
    }
}

impl Form for PidFile {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-pidfile", &self.path);
    }
}
