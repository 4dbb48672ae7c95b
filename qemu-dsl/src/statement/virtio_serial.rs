//! `virtio-serial`

use crate::model::ids::{Id, id_kinds};

use crate::model::Val;
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::Virtio;
use crate::value::{Driver, OnOff};

statement! {
    /// A virtio-serial controller, which offers the bus `ID.0` to ports and consoles.
    STATEMENT reserved "virtio-serial" many pluggable Devices [VirtioSerial]
    example "virtio-serial id=serial0"
}

id_kinds! {
    /// The ids of controllers: each offers the bus `ID.0`.
    SerialBus "serial"
}

form! {
    /// A virtio-serial controller, which offers the bus `ID.0` to ports and consoles.
    VirtioSerial {
        /// Its id. Its bus is called `ID.0`.
        id "id": Id<SerialBus>,
        /// QEMU's device.
        driver "driver": Option<Val<Driver>> { default: "virtio-serial-pci" },
        /// Speaks only the protocol of virtio before 1.0.
        disable_modern "disable-modern": Option<Val<OnOff>>,
    } with Virtio
    opens device [(Kind::Device, "virtio-serial-pci")]
}

impl Form for VirtioSerial {
    fn lower(&self, out: &mut Lowering<'_>) {
        let driver = out.virtio("virtio-serial", &self.pci);
        out.option("-device")
            .word_or(&self.driver, &driver)
            .truth("disable-modern", &self.disable_modern)
            .set("id", &self.id)
            .virtio(&self.pci)
            .written_out(&self.device);
    }
}
