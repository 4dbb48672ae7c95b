//! A real QEMU that goes to the background.

use std::fs;
use std::time::Duration;

use qemu_runtime::{
    Cause, Guest, Plan, Sandbox, ShutdownPolicy, ShutdownReason, ShutdownStep, Spawn, SpawnError, User, vm,
};

use crate::host::{Lacking, at_rest, need_root, open_files, state_of, threads, until};
use crate::stand_in;

crate::tests! {
    it_is_started_detached_only
    it_is_found_where_it_went
    its_own_file_is_used
    it_runs_as_another_user
    what_never_gets_there_says_why
    a_status_that_was_lost_is_no_failure
    a_file_that_another_daemon_has_is_refused
    a_file_that_says_nothing_is_named
    a_sandbox_that_keeps_it_is_refused
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
    // QEMU takes the last.
    let plan = plan(&["-pidfile", "no.pid", "-pidfile", "its.pid"]);
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

/// Runs `test` while the kernel forgets children as they end.
#[expect(unsafe_code, reason = "handlers of signals have no safe form")]
fn without_statuses<T>(test: impl FnOnce() -> T) -> T {
    // SAFETY: no handler is set, but what there was.
    let before = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let result = test();
    // SAFETY: as above.
    unsafe { libc::signal(libc::SIGCHLD, before) };
    result
}

fn a_status_that_was_lost_is_no_failure() -> Result<(), Lacking> {
    let guest = without_statuses(|| Spawn::new(&plan(&[])).detached().start()).unwrap();
    assert_eq!(guest.status().unwrap().status, "running");
    guest.kill().unwrap();
    guest.wait();
    // Nor does it hide one.
    let plan = plan(&["-device", "no-such"]);
    match without_statuses(|| Spawn::new(&plan).detached().spawn()).unwrap_err() {
        SpawnError::Daemon { exit } => {
            assert_eq!(exit.status(), None);
            assert!(exit.stderr_text().contains("'no-such' is not a valid device model name"), "{exit}");
        }
        other => panic!("{other}"),
    }
    Ok(())
}

fn a_file_that_another_daemon_has_is_refused() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let plan = plan(&["-pidfile", file.to_str().unwrap()]);
    let first = Spawn::new(&plan).detached().start().unwrap();
    let error = Spawn::new(&plan).detached().daemon_timeout(Duration::ZERO).spawn().unwrap_err();
    match &error {
        SpawnError::PidFileLocked { path, pid } => assert_eq!((path, *pid), (&file, Some(first.id()))),
        other => panic!("{other}"),
    }
    let text = format!("pid file {}: it is locked by process {}, which ", file.display(), first.id());
    assert!(error.to_string().starts_with(&text), "{error}");
    assert_eq!(first.status().unwrap().status, "running");
    // Killed, it leaves the file behind, which is free.
    first.kill().unwrap();
    first.wait();
    assert!(file.exists());
    let second = Spawn::new(&plan).detached().start().unwrap();
    second.kill().unwrap();
    second.wait();
    Ok(())
}

fn a_file_that_says_nothing_is_named() -> Result<(), Lacking> {
    let error = |program: &str, file: &str| {
        let plan = Plan::new(program, ["-daemonize", "-pidfile", file], vec![]);
        match Spawn::new(&plan).detached().spawn().unwrap_err() {
            error @ SpawnError::PidFile { .. } => error.to_string(),
            other => panic!("{other}"),
        }
    };
    // It is looked at before anything is started.
    assert_eq!(error("false", "/dev/null/pid"), "pid file /dev/null/pid: Not a directory");
    assert_eq!(error("true", "/no/such/pid"), "pid file /no/such/pid: No such file or directory");
    let empty = tempfile::NamedTempFile::new().unwrap();
    let path = empty.path().to_str().unwrap();
    assert_eq!(
        error("true", path),
        format!("pid file {path}: what went to the background has ended at once")
    );
    Ok(())
}

fn a_sandbox_that_keeps_it_is_refused() -> Result<(), Lacking> {
    let before = at_rest();
    let plan = plan(&[]);
    let spawn = |sandbox| Spawn::new(&plan).detached().sandbox(sandbox);
    let error = spawn(Sandbox::new().allow_spawn()).spawn().unwrap_err();
    assert!(matches!(error, SpawnError::DaemonSandbox), "{error}");
    assert!(error.to_string().contains("allow it both"), "{error}");
    let guest = spawn(Sandbox::new().allow_spawn().allow_elevate_privileges()).start().unwrap();
    guest.kill().unwrap();
    guest.wait();
    drop(guest);
    until("all is as it was", || (open_files(), threads()) == before);

    // Before 6.0 QEMU filtered only what is in the background.
    let started = |plan: &Plan| Spawn::new(plan).detached().sandbox(Sandbox::new()).spawn().unwrap_err();
    let old = started(&vm! { target 5.2; qemu "true"; machine none; daemonize });
    assert!(matches!(old, SpawnError::PidFile { .. }), "{old}");
    let new = started(&vm! { target 6.0; qemu "true"; machine none; daemonize });
    assert!(matches!(new, SpawnError::DaemonSandbox), "{new}");
    Ok(())
}

fn what_hangs_on_its_way_is_ended() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("number");
    let before = at_rest();
    let hanging = stand_in::plan(&["launcher-that-hangs", file.to_str().unwrap(), "-daemonize"], vec![]);
    let in_the_background = |seconds| {
        let spawn = Spawn::new(&hanging).detached().daemon_timeout(Duration::from_secs(seconds));
        match spawn.spawn().unwrap_err() {
            SpawnError::DaemonTimeout { timeout, exit } => {
                assert_eq!((timeout.as_secs(), exit.cause()), (seconds, Cause::Signal(libc::SIGKILL)));
            }
            other => panic!("{other}"),
        }
        fs::read_to_string(&file).ok()?.parse::<u32>().ok()
    };
    // On a machine that is busy it takes a while to get there.
    let daemon = [1, 4, 16].into_iter().find_map(in_the_background).unwrap();
    until("it is ended", || matches!(state_of(daemon), None | Some('Z')));
    let error = Spawn::new(&hanging).detached().daemon_timeout(Duration::ZERO).spawn().unwrap_err();
    let text = "QEMU was not ready in the background within 0ns, and was killed for that";
    assert!(error.to_string().starts_with(text), "{error}");
    // By another it is killed as any program is.
    let killed = Plan::new("sh", ["-c", "echo words >&2; kill -KILL $$", "-daemonize"], vec![]);
    let error = Spawn::new(&killed).detached().spawn().unwrap_err();
    assert!(matches!(error, SpawnError::Daemon { .. }), "{error}");
    assert_eq!(error.to_string(), "QEMU has not gone to the background: signal: 9 (SIGKILL): words");
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}
