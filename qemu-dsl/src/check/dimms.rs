//! Memory modules: each needs a slot, and the machine must know its sort.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let by_arg = hardware.all("m").any(|memory| memory.is_arg || memory.is_open("slots"));
    if !hardware.vm.complete || hardware.is_uncertain || by_arg {
        return;
    }
    let slots = hardware.all("m").find_map(|memory| memory.get("slots")?.text.parse().ok()).unwrap_or(0u64);
    let nvdimm = hardware.machine("nvdimm").is_some_and(|nvdimm| nvdimm.is_on());
    // Before a machine knew its RAM by name, that was printed as a module of its own.
    let is_written =
        |device: &Device| hardware.option_of(device).and_then(|option| option.first()?.written).is_some();
    let modules = hardware
        .devices
        .iter()
        .filter(|device| matches!(device.name(), "pc-dimm" | "nvdimm") && is_written(device));
    let has_room = hardware.all("m").any(|memory| memory.mentions("maxmem"));
    let memory =
        |device: &&Device| ["virtio-mem", "virtio-pmem"].iter().any(|name| device.name().starts_with(name));
    if let Some(device) = hardware.devices.iter().filter(|device| !device.is_arg && !has_room).find(memory) {
        diagnostics.push(
            Diagnostic::error(Code::MemoryMax, "there is no room for more memory")
                .at(hardware.head(device.statement))
                .help("give `memory` a maximum: `memory 2G max=4G`"),
        );
    }
    for (device, number) in modules.zip(1u64..) {
        let head = hardware.head(device.statement);
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
                .at(head)
                .help("give `memory` enough, and a maximum: `memory 2G slots=2 max=4G`"),
            );
        }
        if device.name() == "nvdimm" && !nvdimm {
            diagnostics.push(
                Diagnostic::error(Code::DimmWithoutNvdimm, "the machine has no NVDIMMs")
                    .at(head)
                    .help("add `nvdimm` to `machine`: `machine q35 nvdimm`"),
            );
        }
    }
}
