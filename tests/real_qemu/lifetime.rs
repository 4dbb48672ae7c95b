//! A guest's end with that of the program that runs it.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use qemu_dsl::{Options, Version};
use qemu_runtime::{Plan, Spawn};
use rustix::process::{Pid, Signal, kill_process};

use crate::outcome::{Outcome, ensure, equal, some};
use crate::qemu::Qemu;
use crate::world::{World, quoted};

const PATIENCE: Duration = Duration::from_secs(30);

/// A VM that has this QEMU.
fn text(qemu: &Qemu) -> Outcome<String> {
    Ok(format!("qemu {} machine none nodefaults arg \"-display\" \"none\"", quoted(&qemu.program)?))
}

/// QEMU is told to see to it, where it can.
pub(crate) fn is_bound_by_qemu(qemu: &Qemu) -> Outcome {
    let options = Options { target: qemu.version.into(), ..Options::default() };
    let compiled = qemu_dsl::compile(&text(qemu)?, &options);
    let plan = Plan::of(some(compiled.template, "plan")?);
    let guest = Spawn::new(&plan).exit_with_parent().start()?;
    let args = fs::read(format!("/proc/{}/cmdline", guest.id()))?;
    let told = String::from_utf8_lossy(&args).contains("exit-with-parent=on");
    equal("told", told, qemu.version >= Version::new(11, 1))
}

/// The program is killed, and can do nothing about it.
pub(crate) fn ends_with_its_program(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let (file, pid_file) = (world.file("lifetime.vm"), world.file("lifetime.pid"));
    fs::write(&file, text(qemu)?)?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_qemu-dslc"))
        .arg("run")
        .arg(&file)
        .args(["--target", &qemu.version.to_string(), "--pidfile"])
        .arg(&pid_file)
        .stdin(Stdio::null())
        .spawn()?;
    let pid = wait_for(|| Pid::from_raw(fs::read_to_string(&pid_file).ok()?.trim().parse().ok()?));
    program.kill()?;
    program.wait()?;
    let pid = some(pid, "process")?;
    let gone = wait_for(|| is_gone(pid).then_some(())).is_some();
    if !gone {
        kill_process(pid, Signal::KILL)?;
    }
    ensure!(gone, "QEMU has outlived its program")
}

fn is_gone(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}

fn wait_for<T>(mut what: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match what() {
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            found => return found,
        }
    }
}
