//! `virtio-serial`

use crate::analyse::args::{Id, IdKind};
use crate::analyse::ids::{Provides, Space};
use crate::lowering::Lowering;
use crate::node::Node;
use crate::spec::{Form, form};
use crate::statement::pci::Pci;
use crate::types::{OnOff, Text};

/// The ids of controllers: each offers the bus `ID.0`.
#[derive(Debug)]
pub(crate) struct SerialBus;

impl IdKind for SerialBus {
    const SPACE: Space = Space::Device;
    const PREFIX: &'static str = "serial";
    const PROVIDES: Provides = Provides::VirtioSerial;
}

form! {
    /// A virtio-serial controller.
    VirtioSerial {
        /// Its id. Its bus is called `ID.0`.
        id "id": Id<SerialBus>,
        /// QEMU's device.
        driver "driver": Option<Node<Text>> { default: "virtio-serial-pci" },
        /// Speaks only the protocol of virtio before 1.0.
        disable_modern "disable-modern": Option<Node<OnOff>>,
    } with Pci
}

impl Form for VirtioSerial {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-device")
            .word_or(&self.driver, "virtio-serial-pci")
            .truth("disable-modern", &self.disable_modern)
            .set("id", &self.id)
            .pci(&self.pci);
    }
}
