//! A real QEMU that goes to the background.

use std::fs;
use std::time::Duration;

use qemu_runtime::{
    Cause, Guest, Plan, ShutdownPolicy, ShutdownReason, ShutdownStep, Spawn, SpawnError, User,
};

use crate::host::{Lacking, at_rest, need_root, open_files, state_of, threads, until};
use crate::stand_in;

crate::tests! {
    it_is_started_detached_only
    it_is_found_where_it_went
    its_own_file_is_used
    it_runs_as_another_user
    what_never_gets_there_says_why
    what_hangs_on_its_way_is_ended
}

fn plan(more: &[&str]) -> Plan {
    let args = ["-M", "none", "-nodefaults", "-display", "none", "-daemonize"];
    Plan::new("qemu-system-x86_64", args.iter().chain(more).copied(), vec![])
}

/// The parent of a process.
fn parent_of(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().parse().unwrap()
}

fn it_is_started_detached_only() -> Result<(), Lacking> {
    let before = at_rest();
    let error = Guest::spawn(&plan(&[])).unwrap_err();
    assert!(matches!(error, SpawnError::Daemonizes), "{error}");
    assert!(error.to_string().contains("start it detached"), "{error}");
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}

fn it_is_found_where_it_went() -> Result<(), Lacking> {
    let before = at_rest();
    let guest = Spawn::new(&plan(&[])).detached().start().unwrap();
    let pid = guest.id();
    assert_ne!(parent_of(pid), std::process::id());
    // It is what speaks, and what is ended.
    assert_eq!(guest.status().unwrap().status, "running");
    assert_eq!(guest.wait_timeout(Duration::ZERO), None);
    let shutdown = guest.shutdown(&ShutdownPolicy::new().powerdown(None)).unwrap();
    assert_eq!((shutdown.step, shutdown.exit.status()), (ShutdownStep::Quit, None));
    assert_eq!(shutdown.exit.cause(), Cause::Shutdown(ShutdownReason::Quit));
    assert!(matches!(state_of(pid), None | Some('Z')));
    drop(guest);
    until("all is as it was", || (open_files(), threads()) == before);

    // Its signals, too.
    let guest = Spawn::new(&plan(&[])).detached().spawn().unwrap();
    guest.kill().unwrap();
    assert_eq!(guest.wait().cause(), Cause::Unknown);
    Ok(())
}

fn its_own_file_is_used() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&["-pidfile", "its.pid"]);
    let guest = Spawn::new(&plan).detached().current_dir(folder.path()).spawn().unwrap();
    let written = fs::read_to_string(folder.path().join("its.pid")).unwrap();
    assert_eq!(written.trim(), guest.id().to_string());
    // Detached it stays, whatever becomes of its value.
    let (pid, pidfd) = (guest.id(), guest.pidfd().try_clone_to_owned().unwrap());
    drop(guest);
    assert!(matches!(state_of(pid), Some('S' | 'R' | 'D')));
    rustix::process::pidfd_send_signal(&pidfd, rustix::process::Signal::TERM).unwrap();
    until("it has ended", || state_of(pid).is_none());
    assert!(!folder.path().join("its.pid").exists());
    Ok(())
}

fn it_runs_as_another_user() -> Result<(), Lacking> {
    need_root()?;
    let guest = Spawn::new(&plan(&[])).detached().user(User::new(65534, 65534)).start().unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", guest.id())).unwrap();
    assert!(status.contains("Uid:\t65534\t65534"), "{status}");
    guest.kill().unwrap();
    guest.wait();
    Ok(())
}

fn what_never_gets_there_says_why() -> Result<(), Lacking> {
    let before = at_rest();
    match Spawn::new(&plan(&["-device", "no-such"])).detached().spawn().unwrap_err() {
        SpawnError::Daemon { exit } => {
            assert_eq!(exit.cause(), Cause::Failed(1));
            assert!(exit.stderr_text().contains("'no-such' is not a valid device model name"), "{exit}");
        }
        other => panic!("{other}"),
    }
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}

fn what_hangs_on_its_way_is_ended() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let before = at_rest();
    let args = [
        "launcher-that-hangs",
        pid_file.to_str().unwrap(),
        "-daemonize",
        "-pidfile",
        pid_file.to_str().unwrap(),
    ];
    let hanging = stand_in::plan(&args, vec![]);
    let spawn = || Spawn::new(&hanging).detached().daemon_timeout(Duration::from_millis(500)).spawn();
    let daemon = || fs::read_to_string(&pid_file).ok()?.trim().parse::<u32>().ok();
    match spawn().unwrap_err() {
        SpawnError::Daemon { exit } => assert_eq!(exit.cause(), Cause::Signal(libc::SIGKILL)),
        other => panic!("{other}"),
    }
    // On a machine that is busy it may not have got that far.
    if let Some(daemon) = daemon() {
        until("it is ended", || matches!(state_of(daemon), None | Some('Z')));
    }
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}
