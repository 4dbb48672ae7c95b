//! `blockdev`

use crate::hardware::Checking;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::statement::passthrough::check_id;
use crate::table::Bare;

statement! {
    /// Any block node of QEMU.
    STATEMENT reserved "blockdev" many pluggable Devices [Blockdev]
    example "blockdev null-co node-name=disk0 size=1G"
}

form! {
    /// Any block node of QEMU.
    Blockdev any "a block driver, such as `file`, `qcow2` or `nbd`" {
    } open properties: Bare::On, "Any property of the driver: `name=value`, also dotted (`file.driver=`). `backing=null` is no backing file, whatever the image names."
}

impl Form for Blockdev {
    fn check(&self, cx: &mut Checking<'_>) {
        check_id(&self.properties, "node-name", cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-blockdev").set("driver", &self.kind).written_out(&self.properties);
    }
}
