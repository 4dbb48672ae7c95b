//! `target` and `param`: statements about the text. They are read before the others, by `analyse`.

use crate::lowering::Lowering;
use crate::node::Node;
use crate::spec::{Form, form};
use crate::types::Text;

form! {
    /// Which QEMU the output is for.
    Target {
        /// Two numbers, such as `7.2`: from 2.10 on. What lies between the versions that were measured follows from
        /// the table of changes.
        version "version": Node<Text> { head: true },
    }
}

impl Form for Target {
    fn lower(&self, _: &mut Lowering<'_>) {
        // Its value was read with the text as a whole.
        let _ = &self.version;
    }
}

form! {
    /// Behind `=` stands its default; without one it must be set. The types are:
    Param {}
}

impl Form for Param {
    fn lower(&self, _: &mut Lowering<'_>) {}
}
