//! `param`, which is read before the others: it says something about the text.

use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};

statement! {
    /// A value that is given from outside: `--set disk=/x.img`. It is used as `file={disk}` and inside strings.
    STATEMENT reserved "param" many settled Nowhere [Param]
    example "param image: path = \"root.qcow2\"\ndisk file={image} format=qcow2"
}

form! {
    /// Behind `=` stands its default; without one it must be set. The types are:
    Param {}
}

impl Form for Param {
    fn lower(&self, _: &mut Lowering<'_>) {}
}
