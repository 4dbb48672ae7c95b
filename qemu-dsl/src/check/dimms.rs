//! Memory modules: each needs a slot, and the machine must know its sort.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::Vm;
use crate::statement::dimm::Dimm;
use crate::statement::machine::Machine;
use crate::statement::memory::Memory;

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    if !vm.complete {
        return;
    }
    let slots = vm.get::<Memory>().and_then(|memory| memory.slots).map_or(0, |slots| slots.0);
    let nvdimm = vm.get::<Machine>().is_some_and(|machine| machine.is_on("nvdimm"));
    for ((entry, dimm), number) in vm.all::<Dimm>().zip(1u64..) {
        // Reported once: for the first that finds no slot.
        if number == slots + 1 {
            diagnostics.push(
                Diagnostic::error(
                    Code::DimmWithoutSlots,
                    if slots == 0 {
                        "there are no slots for memory modules".to_owned()
                    } else {
                        format!("there are more memory modules than slots ({slots})")
                    },
                )
                .at(entry.head)
                .help("give `memory` enough, and a maximum: `memory 2G slots=2 max=4G`"),
            );
        }
        if dimm.kind.value == "nvdimm" && !nvdimm {
            diagnostics.push(
                Diagnostic::error(Code::DimmWithoutNvdimm, "the machine has no NVDIMMs")
                    .at(entry.head)
                    .help("add `nvdimm` to `machine`: `machine q35 nvdimm`"),
            );
        }
    }
}
