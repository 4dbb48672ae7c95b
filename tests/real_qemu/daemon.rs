//! A QEMU that goes to the background: nobody's child, it is found by its own file, and ended.

use std::fs;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use qemu_runtime::qmp::{Qmp, QmpOptions};
use qemu_runtime::{Plan, Spawn, Stdio};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::json;

use crate::outcome::{Outcome, ensure, equal, some};
use crate::qemu::Qemu;
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(30);

/// Starts a text that makes `{dir}/qmp.sock` and `{dir}/pid`, talks to what is in the background, and ends it.
pub(crate) fn run(qemu: &Qemu, text: &str, world: &World) -> Outcome {
    let compiled = qemu.compile(text, world);
    let mut args: Vec<_> = compiled.args().into_iter().map(str::to_owned).collect();
    args.push("-S".into());
    let plan = Plan::new(&*qemu.program.to_string_lossy(), args.iter().cloned(), vec![]);
    let _kill = Kill(world);
    // It is there once what is in the background is ready.
    let guest = Spawn::new(&plan).current_dir(world.path()).stdout(Stdio::Null).detached().spawn()?;
    let stderr = guest.stderr();
    ensure!(stderr.is_empty(), "{}\n{args:#?}", String::from_utf8_lossy(&stderr))?;
    let pid: u32 = fs::read_to_string(world.file("pid"))?.trim().parse()?;
    equal("process", guest.id(), pid)?;
    ensure!(is_ours(pid, world), "{pid} is another process")?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
    ensure!(parent != Some(&std::process::id().to_string()), "it is a child of this process")?;

    let qmp = Qmp::new(UnixStream::connect(world.file("qmp.sock"))?, QmpOptions::new().timeout(PATIENCE))?;
    let status = qmp.execute_raw("query-status", json!({}))?;
    equal("status", status.get("status"), Some(&json!("prelaunch")))?;
    qmp.execute_raw("quit", json!({}))?;
    some(guest.wait_timeout(PATIENCE), "its end")?;
    Ok(())
}

/// Whether a process has the folder among its arguments. One that has ended has none.
fn is_ours(pid: u32, world: &World) -> bool {
    let dir = world.path().to_string_lossy();
    let args = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&args).contains(&*dir)
}

/// Kills what is left, whatever went wrong.
struct Kill<'w>(&'w World);

impl Drop for Kill<'_> {
    fn drop(&mut self) {
        let entries = fs::read_dir("/proc").into_iter().flatten();
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        for pid in pids.filter(|pid| is_ours(*pid, self.0)) {
            if let Some(Ok(process)) =
                Pid::from_raw(pid.cast_signed()).map(|pid| pidfd_open(pid, PidfdFlags::empty()))
            {
                // It may end by itself this moment.
                let _ = pidfd_send_signal(process, Signal::KILL);
            }
        }
    }
}
