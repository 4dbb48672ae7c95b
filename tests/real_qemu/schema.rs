//! The compiler's schemas are what QEMU says of itself.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};

use crate::outcome::{Outcome, Stop, ensure};
use crate::qemu::{PATIENCE, Qemu};

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

/// However the script ends, its QEMUs do.
pub(crate) fn leaves_no_qemu(qemu: &Qemu) -> Outcome {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/schema");
    if Command::new("python3").arg("--version").output().is_err() {
        return Err(Stop::lacking("python3"));
    }
    for signal in [Signal::TERM, Signal::KILL] {
        let folder = tempfile::tempdir()?;
        let (program, pids) = (folder.path().join("qemu"), folder.path().join("pids"));
        // By another process: a file that this one has open for writing, maybe in a child of another test, is busy.
        let text =
            format!("#!/bin/sh\necho $$ >>{}\nexec {} \"$@\"\n", pids.display(), qemu.program.display());
        let mut written = Command::new("sh");
        written.args(["-c", "printf %s \"$1\" >\"$0\" && chmod +x \"$0\""]);
        ensure!(written.arg(&program).arg(text).status()?.success(), "the program is not written")?;
        let mut asking = Command::new("python3");
        asking.arg(&script).arg("--to").arg(folder.path()).arg(&program).stderr(Stdio::null());
        let mut asking = asking.spawn()?;
        // The first tells where its modules are, the second is asked.
        let started = || fs::read_to_string(&pids).unwrap_or_default().lines().count() > 1;
        let is_there = |pid: &str| Path::new("/proc").join(pid).join("exe").exists();
        wait_for(started, "no QEMU was started")?;
        kill_process(Pid::from_child(&asking), signal)?;
        asking.wait()?;
        let started = fs::read_to_string(&pids)?;
        wait_for(|| !started.lines().any(is_there), "a QEMU is left")?;
    }
    Ok(())
}

/// Waits until something holds, for so long that only what hangs gets there.
fn wait_for(holds: impl Fn() -> bool, otherwise: &str) -> Outcome {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        ensure!(Instant::now() < end, "{otherwise}")?;
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
