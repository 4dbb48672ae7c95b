//! `virtio-serial`

use crate::analyse::Vm;
use crate::analyse::args::{Id, IdKind};
use crate::analyse::ids::{Provides, Space};
use crate::lowering::Lowering;
use crate::node::Node;
use crate::spec::{Form, form};
use crate::statement::hatch::Device;
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
    /// A virtio-serial controller, which offers the bus `ID.0` to ports and consoles.
    VirtioSerial {
        /// Its id. Its bus is called `ID.0`.
        id "id": Id<SerialBus>,
        /// QEMU's device.
        driver "driver": Option<Node<Text>> { default: "virtio-serial-pci" },
        /// Speaks only the protocol of virtio before 1.0.
        disable_modern "disable-modern": Option<Node<OnOff>>,
    } with Pci
}

/// The number of the statement that makes the first virtio-serial controller, be it of another sort by `device`.
pub(crate) fn first_controller(vm: &Vm) -> Option<usize> {
    vm.statements.iter().position(|entry| {
        let form: &dyn std::any::Any = &*entry.form;
        form.is::<VirtioSerial>()
            || form.downcast_ref::<Device>().is_some_and(|device| device.kind.starts_with("virtio-serial"))
    })
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
