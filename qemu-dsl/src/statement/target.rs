//! `target`, which is read before the others: it says something about the text.

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::Text;

statement! {
    /// Which QEMU the output is for. Without it: the newest that is known, for x86_64.
    STATEMENT reserved "target" once settled Nowhere [Target]
    example "target 7.2"
}

form! {
    /// Which QEMU the output is for.
    Target {
        /// Two numbers, such as `7.2`: from 2.10 on. What lies between the versions that were measured follows from
        /// the table of changes. An architecture may stand in front, or alone: `aarch64-7.2`, `aarch64`.
        version "version": Val<Text> { positional: true },
    }
}

impl Form for Target {
    fn lower(&self, _: &mut Lowering<'_>) {
        // Its value was read with the text as a whole.
        let _ = &self.version;
    }
}
