//! `object`

use crate::hardware::Checking;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::statement::passthrough::{check_id, needs_id};
use crate::table::Bare;

statement! {
    /// Any object of QEMU.
    STATEMENT reserved "object" many pluggable Devices [Object]
    example "object rng-random id=random0 filename=\"/dev/urandom\""
}

form! {
    /// Any object of QEMU.
    Object any "an object's type, such as `rng-random`; `qemu-system-x86_64 -object help` lists them" {
    } open properties: Bare::On, "Any property of the object: `name=value`. `id=` is required. What is in a list or a \
                                  struct has a dotted name (`limits.bps-total=4M`): QEMU then gets JSON."
}

impl Form for Object {
    fn check(&self, cx: &mut Checking<'_>) {
        check_id(&self.properties, "id", cx);
        needs_id(&self.properties, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-object").word(&self.kind).written_out(&self.properties);
    }
}
