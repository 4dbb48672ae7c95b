//! Secrets that stand in QEMU's command line.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Hardware, QemuOption};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    // A guest that runs gets them by QMP, which nobody else sees.
    if hardware.vm.is_fragment {
        return;
    }
    let is_visible = |object: &&QemuOption<'_>| {
        let is_secret = object.first().is_some_and(|ty| ty.text == "secret");
        // One that is encrypted by another one may be seen.
        is_secret && !object.is_arg && !object.mentions("keyid")
    };
    for object in hardware.all("object").filter(is_visible) {
        if let Some(data) = object.item("data").and_then(|data| data.written) {
            let message = "whoever sees the list of the host's processes sees this secret";
            let diagnostic = Diagnostic::warning(Code::VisibleSecret, message).at(data.value);
            diagnostics.push(diagnostic.help("put it into a file that only QEMU's user reads: `file=`"));
        }
    }
}
