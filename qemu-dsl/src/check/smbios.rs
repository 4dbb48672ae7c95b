//! SMBIOS tables of PCI devices, which must be there.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy, Severity};
use crate::hardware::{Hardware, Namespace};
use crate::qemu::changes;
use crate::suggest::did_you_mean;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if hardware.is_uncertain || !hardware.vm.complete {
        return;
    }
    // QEMU refuses the VM, or leaves out the table without a word.
    let refuses = changes::SMBIOS_DEVICES.is_in(hardware.vm.target.version);
    let severity = if refuses { Severity::Error } else { Severity::Warning };
    for table in hardware.all("smbios") {
        for value in ["pcidev", "pci_device"].into_iter().filter_map(|name| table.get(name)) {
            let at = value.span_or(hardware.head(table.statement));
            if hardware.by_id(value.text).is_some() {
                continue;
            }
            let ids = hardware.devices.iter().filter_map(|device| device.id);
            let help = did_you_mean(value.text, at, ids)
                .unwrap_or_else(|| Remedy::new(Namespace::Device.definition(value.text)));
            let message = format!("no device has the id `{}`", value.text);
            diagnostics.push(Diagnostic::new(severity, Code::UnknownId, message).at(at).help(help));
        }
    }
}
