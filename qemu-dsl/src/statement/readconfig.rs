//! `readconfig`

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::Path;

statement! {
    /// A file with options of QEMU's, of which nothing is checked.
    STATEMENT "readconfig" many settled Behaviour [ReadConfig]
    example "readconfig \"/etc/qemu/q35-virtio.cfg\""
}

form! {
    /// A file with options of QEMU's, of which nothing is checked: what it defines can be referred to.
    ReadConfig {
        /// The file.
        path "path": Val<Path> { positional: true },
    }
}

impl Form for ReadConfig {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-readconfig", &self.path);
    }
}
