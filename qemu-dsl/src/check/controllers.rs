//! Controllers: a device that names no bus needs one to sit on.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::Vm;
use crate::model::ids::Provides;

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    if !vm.ids.serial_controllers.is_empty() || !vm.complete {
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
