//! Starting, waiting, ending: no guest is left behind, running or dead.

use std::fs::{self, File, Permissions};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use qemu_runtime::{Cause, Guest, Lines, Plan, Spawn, SpawnError, Stderr, Stdio};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, pidfd_send_signal, waitid,
};

use crate::held::Held;
use crate::host::{self, Lacking, at_rest, open_files, state_of, threads, until};
use crate::seccomp::Refused;
use crate::stand_in::{self, output, run, shell};

crate::tests! {
    an_exit_code_comes_back_with_the_end_of_stderr
    a_killed_guest_is_reported_by_its_signal
    waiting_can_be_cut_short
    dropping_kills_and_leaves_no_zombie
    a_guest_outlives_the_thread_that_spawned_it
    no_handler_runs_in_a_guest
    a_spawn_changes_nothing_of_its_thread
    a_process_that_was_forked_off_has_guests_of_its_own
    a_guest_that_is_traced_hinders_no_other
    a_guest_dies_with_its_parent
    a_guest_whose_parent_dies_first_is_none
    a_guest_that_is_stopped_before_its_program_is_continued
    a_detached_guest_outlives_its_handle
    a_detached_guest_outlives_its_parent
    a_hundred_megabytes_of_stderr_stay_bounded
    stderr_is_passed_on_as_it_comes
    a_writer_has_all_before_the_end
    a_tee_that_fails_costs_the_guest_nothing
    a_signal_does_not_end_a_writer
    what_a_guest_leaves_behind_does_not_delay_its_end
    standard_streams_are_what_was_asked_for
    the_environment_is_what_was_asked_for
    relative_paths_are_read_from_where_they_should_be
    signals_are_at_their_defaults
    a_shielded_guest_does_not_see_a_terminals_signals
    a_guest_has_this_processes_group_or_its_own
    a_group_ends_with_its_guest
    a_detached_group_ends_when_it_is_killed
    a_group_ends_on_an_older_kernel_too
    a_program_that_cannot_run_is_named_with_a_cure
    a_status_that_was_lost_is_unknown
    guests_in_a_row_leave_nothing_behind
}

fn sleeping() -> Plan {
    Plan::new("sleep", ["1000"], vec![])
}

/// Whether this process has any that it has not waited for.
pub(crate) fn children() -> bool {
    waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT).is_ok()
}

fn an_exit_code_comes_back_with_the_end_of_stderr() -> Result<(), Lacking> {
    let exit = run(&shell("echo reason >&2; exit 7"));
    assert_eq!((exit.code(), exit.stderr(), exit.stderr_skipped()), (Some(7), &b"reason\n"[..], 0));
    assert_eq!(exit.to_string(), "exit status: 7: reason");
    let shown = format!("{exit:?}");
    assert!(shown.starts_with(r#"Exit { status: Some("exit status: 7"), stderr: "reason\n", "#), "{shown}");
    assert!(run(&Plan::new("true", [""; 0], vec![])).success());
    Ok(())
}

fn a_killed_guest_is_reported_by_its_signal() -> Result<(), Lacking> {
    let guest = Guest::spawn(&sleeping()).unwrap();
    assert_eq!(guest.try_wait(), None);
    guest.kill().unwrap();
    let exit = guest.wait();
    assert_eq!((exit.signal(), exit.code()), (Some(libc::SIGKILL), None));
    // Again and after the end, with the same answer.
    guest.kill().unwrap();
    assert_eq!(guest.try_wait(), Some(exit.clone()));
    assert_eq!(guest.wait(), exit);

    assert_eq!(run(&shell("kill -TERM $$")).signal(), Some(libc::SIGTERM));
    Ok(())
}

fn waiting_can_be_cut_short() -> Result<(), Lacking> {
    let guest = Guest::spawn(&sleeping()).unwrap();
    let start = Instant::now();
    assert_eq!(guest.wait_timeout(Duration::from_millis(50)), None);
    assert!(start.elapsed() >= Duration::from_millis(50));
    // One waits while another kills.
    thread::scope(|scope| {
        let waiting = scope.spawn(|| guest.wait_timeout(Duration::MAX).unwrap());
        guest.kill().unwrap();
        assert_eq!(waiting.join().unwrap().signal(), Some(libc::SIGKILL));
    });
    Ok(())
}

fn dropping_kills_and_leaves_no_zombie() -> Result<(), Lacking> {
    // While another is there, so is who attends to both.
    let other = Guest::spawn(&sleeping()).unwrap();
    let before = (open_files(), threads());
    let guest = Guest::spawn(&sleeping()).unwrap();
    let pid = guest.id();
    assert!(state_of(pid).is_some());
    drop(guest);
    assert_eq!(state_of(pid), None);
    // One that has ended by itself is no zombie even before.
    let guest = Guest::spawn(&Plan::new("true", [""; 0], vec![])).unwrap();
    until("it is gone", || state_of(guest.id()).is_none());
    drop(guest);
    assert_eq!((open_files(), threads()), before);
    drop(other);
    assert!(!children());
    Ok(())
}

fn a_guest_outlives_the_thread_that_spawned_it() -> Result<(), Lacking> {
    // The kernel ends what is to die with its parent when the thread ends that started it.
    let guest = thread::spawn(|| Guest::spawn(&sleeping()).unwrap()).join().unwrap();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(guest.try_wait(), None);
    Ok(())
}

/// The guest of a launcher, which has ended by a signal.
fn left_by(launcher: &[&str], signal: Signal) -> u32 {
    let mut launcher = Command::new(std::env::current_exe().unwrap())
        .arg("stand-in")
        .args(launcher)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(launcher.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let guest = line.trim().parse().unwrap();
    assert!(state_of(guest).is_some());
    kill_process(Pid::from_child(&launcher), signal).unwrap();
    launcher.wait().unwrap();
    guest
}

fn a_guest_dies_with_its_parent() -> Result<(), Lacking> {
    // The kernel forgets whom it is to end with its parent when that becomes another user.
    let another = if rustix::process::geteuid().is_root() { "65534" } else { "0" };
    let launchers: [(Signal, &[&str]); 5] = [
        (Signal::KILL, &["launcher", "0"]),
        (Signal::TERM, &["launcher", "0"]),
        (Signal::ABORT, &["launcher", "0"]),
        (Signal::KILL, &["launcher", another]),
        (Signal::KILL, &["launcher-on-a-thread"]),
    ];
    for (signal, args) in launchers {
        let guest = left_by(args, signal);
        until("the guest is dead", || matches!(state_of(guest), None | Some('Z')));
    }
    Ok(())
}

fn a_guest_whose_parent_dies_first_is_none() -> Result<(), Lacking> {
    let mut held = Held::new(0)?;
    held.launcher.kill().unwrap();
    held.launcher.wait().unwrap();
    held.release();
    until("it has seen that nobody is left", || matches!(state_of(held.guest), None | Some('Z')));
    Ok(())
}

fn a_guest_that_is_stopped_before_its_program_is_continued() -> Result<(), Lacking> {
    let another = if rustix::process::geteuid().is_root() { 65534 } else { 0 };
    for user in [0, another] {
        let mut held = Held::new(user)?;
        pidfd_send_signal(held.pidfd(), Signal::STOP).unwrap();
        held.release();
        let name = || fs::read_to_string(format!("/proc/{}/comm", held.guest)).unwrap_or_default();
        until("it executes its program", || name() == "sleep\n");
        assert_eq!(held.said().trim().parse(), Ok(held.guest));
    }
    Ok(())
}

fn a_detached_guest_outlives_its_handle() -> Result<(), Lacking> {
    let before = at_rest();
    let guest = Spawn::new(&sleeping()).detached().spawn().unwrap();
    let pid = guest.id();
    let raw = Pid::from_raw(pid.cast_signed()).unwrap();
    drop(guest);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(state_of(pid), Some('S'));
    assert_eq!(rustix::process::getsid(Some(raw)), Ok(raw));
    kill_process(raw, Signal::KILL).unwrap();
    until("it is gone, and waited for", || state_of(pid).is_none());
    until("its thread has ended", || (open_files(), threads()) == before);
    Ok(())
}

fn a_detached_guest_outlives_its_parent() -> Result<(), Lacking> {
    let guest = left_by(&["launcher-of-a-detached"], Signal::KILL);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(state_of(guest), Some('S'));
    kill_process(Pid::from_raw(guest.cast_signed()).unwrap(), Signal::KILL).unwrap();
    Ok(())
}

fn a_hundred_megabytes_of_stderr_stay_bounded() -> Result<(), Lacking> {
    // Nobody reads it meanwhile.
    let memory = host::resident();
    let guest = Guest::spawn(&stand_in::plan(&["stderr", "100"], vec![])).unwrap();
    let exit = guest.wait_timeout(Duration::from_secs(60)).unwrap();
    assert!(exit.success());
    assert_eq!(exit.stderr().len(), 64 * 1024);
    assert!(exit.stderr().ends_with(b"xxxthe end"));
    assert_eq!(exit.stderr_skipped() + 64 * 1024, 100_000_007);
    let more = host::resident().saturating_sub(memory);
    assert!(more < 8 << 20, "{more} bytes more are in memory");
    Ok(())
}

/// What is written, for all to see.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn stderr_is_passed_on_as_it_comes() -> Result<(), Lacking> {
    let log = Log::default();
    let plan = shell("echo one >&2; read line; echo two >&2");
    let mut guest = Spawn::new(&plan).stdin(Stdio::Pipe).stderr(Stderr::tee(log.clone())).spawn().unwrap();
    until("the first line is there", || *log.0.lock().unwrap() == b"one\n");
    assert_eq!(guest.stderr(), b"one\n");
    drop(guest.take_stdin());
    assert_eq!(guest.wait().stderr(), b"one\ntwo\n");
    assert_eq!(*log.0.lock().unwrap(), b"one\ntwo\n");
    Ok(())
}

/// A writer that takes nothing before it may, and says what becomes of it.
struct Reluctant {
    may: mpsc::Receiver<()>,
    log: Log,
}

impl Write for Reluctant {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.may.recv();
        // In small pieces, as one that is slow.
        self.log.write(&bytes[..bytes.len().min(3)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.log.write_all(b"|")
    }
}

impl Drop for Reluctant {
    fn drop(&mut self) {
        self.log.write_all(b"dropped").unwrap();
    }
}

fn a_writer_has_all_before_the_end() -> Result<(), Lacking> {
    let before = at_rest();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    for stream in [1, 2] {
        let (let_it, may) = mpsc::channel();
        let log = Log::default();
        let writer = Stdio::writer(Reluctant { may, log: log.clone() });
        // What the shell leaves behind keeps the pipe.
        let script = format!("printf 123456789 >&{stream}; sleep 1000 & echo $! >$0; exit 3");
        let plan = Plan::new("sh", ["-c", &script, file.to_str().unwrap()], vec![]);
        let spawn = Spawn::new(&plan);
        let spawn = if stream == 1 { spawn.stdout(writer) } else { spawn.stderr(writer) };
        let guest = spawn.spawn().unwrap();
        until("it is over", || matches!(state_of(guest.id()), None | Some('Z')));
        assert_eq!((guest.try_wait(), guest.wait_timeout(Duration::from_millis(100))), (None, None));
        drop(let_it);
        assert_eq!(guest.wait().code(), Some(3));
        assert_eq!(log.0.lock().unwrap().as_slice(), b"123456789|dropped");
        let left = fs::read_to_string(&file).unwrap().trim().parse().ok().and_then(Pid::from_raw);
        kill_process(left.unwrap(), Signal::KILL).unwrap();
    }
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}

fn a_tee_that_fails_costs_the_guest_nothing() -> Result<(), Lacking> {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    struct Panics;
    impl Write for Panics {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            // A panic that prints nothing.
            std::panic::resume_unwind(Box::new("as the test wants it"));
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // It panics once more when it is dropped, with the line that it has still.
    let panics_twice = Lines::new(|_| std::panic::resume_unwind(Box::new("as the test wants it")));
    for tee in [Stderr::tee(Full), Stderr::tee(Panics), Stderr::tee(panics_twice)] {
        let exit = Spawn::new(&shell("echo one >&2; echo two >&2")).stderr(tee).spawn().unwrap().wait();
        assert_eq!((exit.success(), exit.stderr()), (true, &b"one\ntwo\n"[..]));
    }
    // Not before the end is it handed a line that doesn't end.
    let panics_late = Lines::new(|_| std::panic::resume_unwind(Box::new("as the test wants it")));
    let exit = Spawn::new(&shell("printf one >&2")).stderr(Stderr::tee(panics_late)).spawn().unwrap().wait();
    assert_eq!((exit.success(), exit.stderr()), (true, &b"one"[..]));
    // So it is for what is only passed on.
    let panics_late = Lines::new(|_| std::panic::resume_unwind(Box::new("as the test wants it")));
    for writer in [Stdio::writer(Full), Stdio::writer(Panics), Stdio::writer(panics_late)] {
        let talk = shell("yes | head -c 300000; printf end");
        assert!(Spawn::new(&talk).stdout(writer).spawn().unwrap().wait().success());
    }
    // A writer reads nothing.
    let error = Spawn::new(&sleeping()).stdin(Stdio::writer(io::sink())).spawn().unwrap_err();
    assert_eq!(error.to_string(), "standard input: a writer is for output: use a pipe");
    Ok(())
}

#[expect(unsafe_code, reason = "handlers of signals, and signals to one thread, have no safe form")]
fn a_signal_does_not_end_a_writer() -> Result<(), Lacking> {
    extern "C" fn nothing(_: i32) {}

    // Without SA_RESTART: what a thread waits in ends with EINTR.
    // SAFETY: all zero is an action without flags, and the handler does nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()), 0);
    }
    let log = Log::default();
    let mut guest = Spawn::new(&shell("read line; echo out"))
        .stdin(Stdio::Pipe)
        .stdout(Stdio::writer(log.clone()))
        .spawn()
        .unwrap();
    let named = |task: &PathBuf| fs::read_to_string(task.join("comm")).unwrap() == "qemu-output\n";
    let tasks = || fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let mut writer = PathBuf::new();
    until("it has its name", || {
        tasks().find(named).is_some_and(|task| {
            writer = task;
            true
        })
    });
    let number: i32 = writer.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let waits = || fs::read_to_string(writer.join("stat")).unwrap().contains(") S ");
    until("it waits", waits);
    let pid = libc::pid_t::try_from(std::process::id()).unwrap();
    // SAFETY: it takes numbers.
    assert_eq!(unsafe { libc::syscall(libc::SYS_tgkill, pid, number, libc::SIGUSR1) }, 0);
    until("it waits again, or has gone", || !writer.exists() || waits());
    drop(guest.take_stdin());
    assert!(guest.wait().success());
    assert_eq!(*log.0.lock().unwrap(), b"out\n");
    Ok(())
}

fn what_a_guest_leaves_behind_does_not_delay_its_end() -> Result<(), Lacking> {
    let start = Instant::now();
    // Both children keep the pipe; one is silent, the other writes on and on.
    let plan = shell("echo first >&2; sleep 5 & (trap '' PIPE; timeout 5 yes >&2) & echo $! >&2; exit 3");
    let exit = run(&plan);
    assert_eq!(exit.code(), Some(3));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    Ok(())
}

fn standard_streams_are_what_was_asked_for() -> Result<(), Lacking> {
    let plan = shell("read line; echo out $line; echo err $line >&2");
    let mut guest =
        Spawn::new(&plan).stdin(Stdio::Pipe).stdout(Stdio::Pipe).stderr(Stdio::Pipe).spawn().unwrap();
    guest.take_stdin().unwrap().write_all(b"line\n").unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    guest.take_stdout().unwrap().read_to_string(&mut out).unwrap();
    guest.take_stderr().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((&*out, &*err), ("out line\n", "err line\n"));
    assert!(guest.take_stdin().is_none() && guest.take_stdout().is_none() && guest.take_stderr().is_none());
    assert_eq!(guest.wait().stderr(), b"");

    // A file for both, from and to which it is copied.
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(b"file\n").unwrap();
    input.rewind().unwrap();
    let mut output = tempfile::tempfile().unwrap();
    let both = output.try_clone().unwrap();
    let spawn = Spawn::new(&plan).stdin(input).stdout(both.try_clone().unwrap()).stderr(Stdio::from(both));
    assert!(spawn.spawn().unwrap().wait().success());
    let mut text = String::new();
    output.rewind().unwrap();
    output.read_to_string(&mut text).unwrap();
    assert_eq!(text, "out file\nerr file\n");

    // This process's own, and none: the guest compares them by /proc.
    let own = |number: i32| open_files()[&number].display().to_string();
    let script = format!(
        "test \"$(readlink /proc/$$/fd/0)\" = '{}' -a \"$(readlink /proc/$$/fd/1)\" = '{}' -a \
         \"$(readlink /proc/$$/fd/2)\" = /dev/null",
        own(0),
        own(1)
    );
    let plan = shell(&script);
    let spawn = Spawn::new(&plan).stdin(Stdio::Inherit).stdout(Stdio::Inherit).stderr(Stdio::Null);
    assert!(spawn.spawn().unwrap().wait().success());
    Ok(())
}

fn the_environment_is_what_was_asked_for() -> Result<(), Lacking> {
    let plan = Plan::new("env", [""; 0], vec![]);
    let env = output(Spawn::new(&plan).env("ONE", "1 = one").env_remove("PATH").env("PATH", "/usr/bin:/bin"));
    assert!(env.lines().any(|line| line == "ONE=1 = one"), "{env}");
    assert!(env.lines().any(|line| line == "PATH=/usr/bin:/bin"), "{env}");
    // The rest is the test's own.
    let (name, value) = std::env::vars().find(|(name, _)| !matches!(&**name, "PATH" | "_")).unwrap();
    let own = format!("{name}={value}\n");
    assert!(env.contains(&own), "{env}");
    let env = output(Spawn::new(&plan).env("BEFORE", "").env_clear().env("TWO", "2"));
    assert_eq!(env, "TWO=2\n");
    let env = output(Spawn::new(&plan).env_remove(&name));
    assert!(!env.contains(&own), "{env}");
    Ok(())
}

fn relative_paths_are_read_from_where_they_should_be() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    assert_eq!(
        output(Spawn::new(&Plan::new("pwd", [""; 0], vec![])).current_dir(&path)),
        format!("{}\n", path.display())
    );

    // The program and the files from here, whatever the guest's working directory.
    let here = std::env::current_dir().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    fs::copy("/bin/cat", path.join("program")).unwrap();
    fs::write(path.join("file"), "text").unwrap();
    let relative = |name: &str| up.join(path.join(name).strip_prefix("/").unwrap());
    let table = vec![host::fd(3, host::file(&relative("file")), "disk0", 0)];
    let plan = Plan::new(relative("program"), ["/dev/fd/3"], table);
    assert_eq!(output(Spawn::new(&plan).current_dir("/usr/lib")), "text");
    Ok(())
}

fn signals_are_at_their_defaults() -> Result<(), Lacking> {
    // Rust ignores SIGPIPE, and the guest's thread blocks everything.
    let status = output(Spawn::new(&Plan::new("cat", ["/proc/self/status"], vec![])));
    // 32 and 33 are libc's own, which lets nobody set them.
    let own = 0b11 << 31;
    for set in ["SigBlk:", "SigIgn:", "SigCgt:", "SigPnd:", "ShdPnd:"] {
        let bits = status.lines().find_map(|line| line.strip_prefix(set)).unwrap().trim();
        assert_eq!(u64::from_str_radix(bits, 16).unwrap() & !own, 0, "{set} {bits}");
    }
    Ok(())
}

fn no_handler_runs_in_a_guest() -> Result<(), Lacking> {
    let exit = run(&stand_in::plan(&["hail"], vec![]));
    assert!(exit.success(), "{exit}");
    Ok(())
}

fn a_spawn_changes_nothing_of_its_thread() -> Result<(), Lacking> {
    let status = || {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let kept = |line: &&str| ["Sig", "Cap", "Uid", "Seccomp"].iter().any(|name| line.starts_with(name));
        status.lines().filter(kept).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = status();
    assert!(before.len() > 8, "{before:?}");
    drop(Guest::spawn(&sleeping()).unwrap());
    assert_eq!(status(), before);
    Ok(())
}

fn a_process_that_was_forked_off_has_guests_of_its_own() -> Result<(), Lacking> {
    let guest = Guest::spawn(&stand_in::plan(&["forks"], vec![])).unwrap();
    let exit = guest.wait_timeout(Duration::from_secs(30)).unwrap();
    assert!(exit.success(), "{exit}");
    Ok(())
}

fn a_guest_that_is_traced_hinders_no_other() -> Result<(), Lacking> {
    let traced = Guest::spawn(&sleeping()).unwrap();
    let pid = traced.id().to_string();
    let mut tracer =
        Spawn::new(&stand_in::plan(&["tracer", &pid], vec![])).stdout(Stdio::Pipe).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(tracer.take_stdout().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "traced\n", "{}", String::from_utf8_lossy(&tracer.stderr()));

    traced.kill().unwrap();
    until("it is dead", || state_of(traced.id()) == Some('Z'));
    let other = Guest::spawn(&shell("echo said >&2; exit 3")).unwrap();
    let exit = other.wait_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!((exit.code(), exit.stderr()), (Some(3), &b"said\n"[..]));
    // Who traces it hears of it first.
    assert_eq!(traced.try_wait(), None);
    drop(tracer);
    assert_eq!(traced.wait().signal(), Some(libc::SIGKILL));
    Ok(())
}

fn a_shielded_guest_does_not_see_a_terminals_signals() -> Result<(), Lacking> {
    for (signal, shielded, unshielded) in
        [("INT", None, Some(2)), ("HUP", None, Some(1)), ("TERM", Some(15), Some(15))]
    {
        let plan = shell(&format!("kill -{signal} $$; exit 0"));
        assert_eq!(Spawn::new(&plan).shielded().spawn().unwrap().wait().signal(), shielded);
        assert_eq!(run(&plan).signal(), unshielded);
    }
    Ok(())
}

fn a_guest_has_this_processes_group_or_its_own() -> Result<(), Lacking> {
    let plan = shell("exec sleep 1000");
    let group = |guest: &Guest| {
        let pid = rustix::process::Pid::from_raw(guest.id().cast_signed());
        rustix::process::getpgid(pid).unwrap().as_raw_nonzero().get().unsigned_abs()
    };
    let guest = Spawn::new(&plan).spawn().unwrap();
    assert_eq!(group(&guest), rustix::process::getpgrp().as_raw_nonzero().get().unsigned_abs());
    let guest = Spawn::new(&plan).own_group().spawn().unwrap();
    assert_eq!(group(&guest), guest.id());
    let guest = Spawn::new(&plan).own_group().detached().spawn().unwrap();
    assert_eq!(group(&guest), guest.id());
    guest.kill().unwrap();
    Ok(())
}

/// A guest whose program has started another as its child, and the number of that.
fn with_child(spawn: impl for<'a> FnOnce(Spawn<'a>) -> Spawn<'a>, after: &str) -> (Guest, u32) {
    let plan = shell(&format!("sleep 1000 & echo $!; {after}"));
    let mut guest = spawn(Spawn::new(&plan)).stdout(Stdio::Pipe).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(guest.take_stdout().unwrap()).read_line(&mut line).unwrap();
    let child = line.trim().parse().unwrap();
    // A program that ends by itself may have taken it along already.
    assert!(after != "wait" || lives(child));
    (guest, child)
}

/// Whether a process has not ended. Nobody may wait for it here.
fn lives(pid: u32) -> bool {
    !matches!(state_of(pid), None | Some('Z'))
}

fn a_group_ends_with_its_guest() -> Result<(), Lacking> {
    let (guest, child) = with_child(|spawn| spawn.own_group(), "wait");
    drop(guest);
    assert!(!lives(child));
    let (guest, child) = with_child(|spawn| spawn.own_group(), "wait");
    guest.kill().unwrap();
    assert_eq!(guest.wait().signal(), Some(libc::SIGKILL));
    until("the child is dead", || !lives(child));
    // Whoever has ended the program, and be it that itself.
    for after in ["kill -KILL $$", "exit 0"] {
        let (guest, child) = with_child(|spawn| spawn.own_group(), after);
        guest.wait();
        until("the child is dead", || !lives(child));
    }
    let (guest, child) = with_child(|spawn| spawn.own_group().stderr(Stderr::tee(io::sink())), "wait");
    drop(guest);
    assert!(!lives(child));
    Ok(())
}

fn a_detached_group_ends_when_it_is_killed() -> Result<(), Lacking> {
    let (guest, child) = with_child(|spawn| spawn.detached(), "wait");
    guest.kill().unwrap();
    guest.wait();
    until("the child is dead", || !lives(child));
    // It lives on with its program, and without.
    for after in ["wait", "exit 0"] {
        let (guest, child) = with_child(|spawn| spawn.detached(), after);
        if after == "exit 0" {
            assert!(guest.wait().success());
        }
        let program = guest.id();
        drop(guest);
        thread::sleep(Duration::from_millis(50));
        assert!(lives(child));
        kill_process_group(Pid::from_raw(program.cast_signed()).unwrap(), Signal::KILL).unwrap();
    }
    Ok(())
}

fn a_group_ends_on_an_older_kernel_too() -> Result<(), Lacking> {
    // The flag by which a pidfd stands for its group came with Linux 6.9.
    let number = libc::SYS_pidfd_send_signal;
    host::refusing(Refused { number, argument: Some((3, 4, 4)), errno: libc::EINVAL }, || {
        let (guest, child) = with_child(|spawn| spawn.own_group(), "wait");
        drop(guest);
        until("the child is dead", || !lives(child));
        let (guest, child) = with_child(|spawn| spawn.own_group(), "exit 0");
        guest.wait();
        until("the child is dead", || !lives(child));
        let (guest, child) = with_child(|spawn| spawn.detached(), "wait");
        guest.kill().unwrap();
        guest.wait();
        until("the child is dead", || !lives(child));
    })
}

fn a_program_that_cannot_run_is_named_with_a_cure() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, text: &str, mode| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let error = |program: &str, path: &str| {
        let plan = Plan::new(program, [""; 0], vec![]);
        Spawn::new(&plan).env("PATH", path).spawn().unwrap_err()
    };
    let missing = error("qemu-system-none", "/usr/bin:/bin");
    assert!(matches!(missing, SpawnError::NotFound { .. }));
    assert_eq!(
        missing.to_string(),
        "`qemu-system-none` is in no folder of PATH (/usr/bin:/bin): install it (Debian has QEMU for PCs in \
         `qemu-system-x86`), or name its path"
    );

    let plain = make("plain", "#!/bin/sh\n", 0o644);
    let cases = [
        (
            "/no/such/program".to_owned(),
            libc::ENOENT,
            "there is no such file, or not what its first line asks for",
        ),
        (
            make("loader", "#!/no/such/shell\n", 0o755),
            libc::ENOENT,
            "there is no such file, or not what its first line asks for",
        ),
        (plain.clone(), libc::EACCES, "it must be a file that this user may execute (`chmod +x`)"),
        ("/tmp".to_owned(), libc::EACCES, "it must be a file that this user may execute (`chmod +x`)"),
        (make("text", "no program", 0o755), libc::ENOEXEC, "it is no program for this machine"),
    ];
    for (program, errno, cure) in cases {
        let error = error(&program, "");
        assert!(
            matches!(&error, SpawnError::Exec { program: named, .. } if *named.as_os_str() == *program),
            "{error}"
        );
        assert_eq!(error.io_error().and_then(io::Error::raw_os_error), Some(errno), "{error}");
        assert!(error.to_string().ends_with(cure), "{error}");
    }
    // One in PATH that is not executable is better named than called missing.
    let error = error("plain", folder.path().to_str().unwrap());
    assert_eq!(
        error.to_string(),
        format!("{plain}: Permission denied: it must be a file that this user may execute (`chmod +x`)")
    );
    assert!(!children());
    Ok(())
}

#[expect(unsafe_code, reason = "the disposition of a signal is set by a C function")]
fn a_status_that_was_lost_is_unknown() -> Result<(), Lacking> {
    // SAFETY: no handler is set.
    let before = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let guest = Guest::spawn(&shell("echo end >&2"));
    let result = guest.unwrap().wait();
    // SAFETY: it is what was there before.
    unsafe { libc::signal(libc::SIGCHLD, before) };
    assert_eq!((result.status(), result.cause(), result.success()), (None, Cause::Unknown, false));
    assert_eq!(result.to_string(), "exit status unknown: end");
    Ok(())
}

fn guests_in_a_row_leave_nothing_behind() -> Result<(), Lacking> {
    let before = at_rest();
    let file = File::open("/dev/zero").unwrap();
    drop(file);
    for round in 0..10 {
        let guests: Vec<_> = (0..20).map(|_| Guest::spawn(&sleeping()).unwrap()).collect();
        for (index, guest) in guests.iter().enumerate() {
            if (index + round) % 2 == 0 {
                guest.kill().unwrap();
                guest.wait();
            }
        }
    }
    assert!(!children());
    until("all is as it was", || (open_files(), threads()) == before);
    Ok(())
}
