//! Controllers: a device that names no bus needs one to sit on.

use crate::analyse::Vm;
use crate::analyse::ids::Provides;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::statement::hatch::Device;
use crate::statement::port::{Console, Port};
use crate::statement::virtio_serial::VirtioSerial;

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    // A controller of another sort may come by `device`.
    let controller = vm.get::<VirtioSerial>().is_some()
        || vm
            .all::<Device>()
            .any(|(_, device)| device.kind.starts_with("virtio-serial"));
    if controller || !vm.complete {
        return;
    }
    for (statement, wants) in &vm.ids.implicit {
        let Some(entry) = vm
            .statements
            .get(*statement)
            .filter(|_| *wants == Provides::VirtioSerial)
        else {
            continue;
        };
        let form: &dyn std::any::Any = &*entry.form;
        let driver = match (form.downcast_ref::<Port>(), form.downcast_ref::<Console>()) {
            (Some(port), _) => port.driver.as_ref(),
            (_, Some(console)) => console.driver.as_ref(),
            (None, None) => None,
        };
        // A device of another sort, such as `isa-serial`, sits elsewhere.
        if driver.is_none_or(|driver| driver.0.starts_with("virt")) {
            diagnostics.push(
                Diagnostic::warning(Code::UnknownBus, "there is no virtio-serial controller to sit on")
                    .at(entry.head)
                    .help("add `virtio-serial`"),
            );
        }
    }
}
