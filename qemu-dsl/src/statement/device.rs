//! `device`

use crate::hardware::Checking;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::statement::passthrough::check_id;
use crate::table::Bare;

statement! {
    /// Any device of QEMU.
    STATEMENT reserved "device" many pluggable Devices [Device]
    example "device virtio-rng-pci id=rng0"
}

form! {
    /// Any device of QEMU. Its properties are printed in the order of the source.
    Device any "a device of QEMU, such as `virtio-rng-pci`; `qemu-system-x86_64 -device help` lists them" {
    } open properties: Bare::On, "Any property of the device: `name=value`. What is in a list or a struct has a dotted name \
                                  (`iothread-vq-mapping.0.iothread=io0`): QEMU then gets JSON, and all devices behind it as \
                                  well, so that their order stays."
}

impl Form for Device {
    fn check(&self, cx: &mut Checking<'_>) {
        check_id(&self.properties, "id", cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-device").word(&self.kind).properties(&self.properties);
    }
}
