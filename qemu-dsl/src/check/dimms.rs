//! Memory modules: each needs a slot, and the machine must know its sort.

use crate::Span;
use crate::bind::Sort;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware, QemuOption};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let by_arg = hardware.all("m").any(|memory| memory.is_arg || memory.is_open("slots"));
    if !hardware.vm.complete || hardware.is_uncertain || by_arg {
        return;
    }
    let slots = hardware.all("m").find_map(|memory| memory.get("slots")?.text.parse().ok()).unwrap_or(0u64);
    let nvdimm = hardware.machine("nvdimm").is_some_and(|nvdimm| nvdimm.is_on());
    let modules = modules(hardware);
    let has_room = hardware.all("m").any(|memory| memory.mentions("maxmem"));
    // On a bus of virtio's own they have no place in the guest's memory.
    let memory = |device: &&Device<'_>| {
        device.bus_sort() == Some("PCI")
            && ["virtio-mem", "virtio-pmem"].iter().any(|name| device.name().starts_with(name))
    };
    if let Some(device) = hardware.devices.iter().filter(|device| !device.is_arg && !has_room).find(memory) {
        diagnostics.push(
            Diagnostic::error(Code::MemoryMax, "there is no room for more memory")
                .at(hardware.head(device.statement))
                .help("give `memory` a maximum: `memory 2G max=4G`"),
        );
    }
    if let Some(first) = modules.clone().next() {
        diagnostics.extend(without_acpi(hardware).map(|wrong| wrong.at(hardware.head(first.statement))));
    }
    for (device, number) in modules.zip(1u64..) {
        let head = hardware.head(device.statement);
        // Reported once: for the first that finds no slot.
        if number == slots + 1 {
            let (code, message, help) = Sort::Slots.beyond("", slots, number);
            diagnostics.push(Diagnostic::error(code, message).at(head).help(help));
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

/// The memory modules.
pub(crate) fn modules<'d, 'p>(
    hardware: &'d Hardware<'p>,
) -> impl Iterator<Item = &'d Device<'p>> + Clone + use<'d, 'p> {
    // Before a machine knew its RAM by name, that was printed as a module of its own.
    let is_written =
        |device: &Device<'_>| hardware.option_of(device).and_then(|option| option.first()?.written).is_some();
    let devices = hardware.devices.iter();
    devices.filter(move |device| matches!(device.name(), "pc-dimm" | "nvdimm") && is_written(device))
}

/// What is wrong where a machine takes modules by ACPI, and has none.
fn without_acpi(hardware: &Hardware<'_>) -> Option<Diagnostic> {
    if !hardware.board.modules_by_acpi() {
        return None;
    }
    let machine = &hardware.board.name;
    if let Some(acpi) = hardware.machine("acpi").filter(|acpi| acpi.text == "off") {
        return Some(
            Diagnostic::error(
                Code::ExclusiveOptions,
                format!("without ACPI `{machine}` takes no memory modules"),
            )
            .label(acpi.span_or(Span::default()), "switched off here")
            .help("leave out `acpi=off`"),
        );
    }
    let has_flash = |option: &QemuOption<'_>| option.mentions("pflash0") || option.mentions("firmware");
    let is_firmware = |option: &QemuOption<'_>| match option.name {
        "bios" | "pflash" => true,
        "drive" => option.get("if").is_some_and(|interface| interface.text == "pflash"),
        "machine" | "M" => has_flash(option),
        _ => false,
    };
    let has_firmware = hardware.options.iter().any(is_firmware);
    (!has_firmware).then(|| {
        Diagnostic::error(
            Code::MissingOption,
            format!("without firmware `{machine}` takes no memory modules: it is told of them by ACPI"),
        )
        .help("add firmware: `bios \"/usr/share/qemu-efi-aarch64/QEMU_EFI.fd\"`, or `pflash0` of `machine`")
    })
}

#[cfg(test)]
mod tests {
    use crate::{Code, Options, Version, compile};

    #[test]
    fn persistent_memory_takes_room_on_pci_alone() {
        let codes = |machine: &str, driver: &str| -> Vec<Code> {
            let text = format!(
                "machine {machine}\nobject memory-backend-ram id=m size=16M\ndevice {driver} memdev=m"
            );
            let options = Options { target: Version::new(5, 2).into(), ..Options::default() };
            compile(&text, &options).diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
        };
        assert_eq!(codes("microvm", "virtio-pmem"), []);
        assert_eq!(codes("q35", "virtio-pmem-pci"), [Code::MemoryMax]);
    }
}
