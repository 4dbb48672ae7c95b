//! The compiler's schemas are what QEMU says of itself.

use std::path::Path;
use std::process::Command;

use crate::outcome::{Outcome, Stop};
use crate::qemu::Qemu;

/// `scripts/schema` finds no difference. What this QEMU has no module for it leaves out.
pub(crate) fn is_what_qemu_says(qemu: &Qemu) -> Outcome {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/schema");
    if Command::new("python3").arg("--version").output().is_err() {
        return Err(Stop::lacking("python3"));
    }
    let output = Command::new("python3").arg(script).arg("--check").arg(&qemu.program).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => Ok(()),
        Some(2) => Err(Stop::lacking(format!("no schema is of QEMU {}", qemu.version))),
        _ => Err(Stop::failed(format!("{said}{}", String::from_utf8_lossy(&output.stderr)))),
    }
}
