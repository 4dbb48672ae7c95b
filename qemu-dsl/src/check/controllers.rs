//! Controllers: a device that names no bus needs one to sit on.

use crate::analyse::Vm;
use crate::analyse::ids::Provides;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::statement::virtio_serial;

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    if virtio_serial::first_controller(vm).is_some() || !vm.complete {
        return;
    }
    for (statement, wants) in &vm.ids.implicit {
        let Some(entry) = vm.statements.get(*statement).filter(|_| *wants == Provides::VirtioSerial) else {
            continue;
        };
        diagnostics.push(
            Diagnostic::warning(Code::UnknownBus, "there is no virtio-serial controller to sit on")
                .at(entry.head)
                .help("add `virtio-serial`"),
        );
    }
}
