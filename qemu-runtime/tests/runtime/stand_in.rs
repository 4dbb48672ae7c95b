//! Programs that stand in for QEMU: this one, started again with `stand-in` as its first argument.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, BufRead, BufReader, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;

use qemu_runtime::{Exit, Fd, FdProblem, Guest, Plan, Spawn, SpawnError, Stdio, User};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde_json::Value;

use crate::{host, taking};

/// The plan of a stand-in.
pub(crate) fn plan(args: &[&str], fds: Vec<Fd>) -> Plan {
    Plan::new(env::current_exe().unwrap().into_os_string(), [&["stand-in"], args].concat(), fds)
}

/// The plan of a shell script.
pub(crate) fn shell(script: &str) -> Plan {
    Plan::new("/bin/sh", ["-c", script], vec![])
}

/// Does what a stand-in does, if this is one.
pub(crate) fn main() -> Option<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["stand-in", "fds", ..] => list_fds(),
        ["stand-in", "stderr", megabytes] => write_stderr(megabytes.parse().unwrap()),
        ["stand-in", "launcher-that-hangs", file, ..] => hang(file),
        ["stand-in", "launcher", user] => launch_as(user),
        ["stand-in", "launcher-of-a-detached"] => launch(|spawn| spawn.detached()),
        ["stand-in", "launcher-when-told", user] => {
            io::stdin().read_line(&mut String::new()).unwrap();
            launch_as(user);
        }
        ["stand-in", "launcher-on-a-thread"] => {
            thread::scope(|scope| scope.spawn(|| launch(|spawn| spawn)).join().unwrap());
        }
        ["stand-in", "forks"] => fork(),
        ["stand-in", "tracer", pid] => trace(pid.parse().unwrap()),
        ["stand-in", "closed"] => close(),
        ["stand-in", "hail"] => hail(),
        ["stand-in", "qmp", "takes", log, fault, ..] => taking::take(log, fault),
        ["stand-in", "qmp", "says", ..] => say(),
        ["stand-in", "qmp", "counts", ..] => count(),
        ["stand-in", "qmp", fault, ..] => speak(fault),
        ["stand-in", ..] => panic!("no such stand-in"),
        _ => return None,
    }
    Some(ExitCode::SUCCESS)
}

/// Says what it has open: number, file, and for a tap the interface.
fn list_fds() {
    for (number, path) in host::open_files() {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap();
        let interface = info.lines().find_map(|line| line.strip_prefix("iff:")).map(str::trim);
        println!("{number}\t{}", interface.map_or(path.display().to_string(), |name| format!("tap {name}")));
    }
}

/// What a program writes to standard output until it ends.
pub(crate) fn output(spawn: Spawn<'_>) -> String {
    written(spawn).unwrap()
}

fn written(spawn: Spawn<'_>) -> Result<String, SpawnError> {
    let mut guest = spawn.stdout(Stdio::Pipe).spawn()?;
    let mut output = String::new();
    guest.take_stdout().unwrap().read_to_string(&mut output).unwrap();
    let exit = guest.wait();
    assert!(exit.success(), "{exit}");
    Ok(output)
}

/// What is wrong with a line of a table, in words and in kind.
pub(crate) fn problem(error: SpawnError) -> (String, FdProblem) {
    let text = error.to_string();
    match error {
        SpawnError::Fd(line) => (text, line.problem),
        other => panic!("{other}"),
    }
}

/// The kernel's reason for it.
pub(crate) fn errno(problem: &FdProblem) -> Option<i32> {
    problem.io_error().and_then(io::Error::raw_os_error)
}

/// What a stand-in that lists its fds said. Of pipes and sockets it is only said that they are.
pub(crate) fn listed(spawn: Spawn<'_>) -> Result<BTreeMap<u32, String>, SpawnError> {
    let list = written(spawn)?;
    let line = |line: &str| {
        let (number, path) = line.split_once('\t').unwrap();
        let path =
            ["pipe", "socket"].into_iter().find(|kind| path.starts_with(&format!("{kind}:"))).unwrap_or(path);
        (number.parse().unwrap(), path.to_owned())
    };
    Ok(list.lines().map(line).collect())
}

/// A table as it is listed: standard input, output and error, and what is given from 3 on.
pub(crate) fn expected<'a>(fds: impl IntoIterator<Item = (u32, &'a str)>) -> BTreeMap<u32, String> {
    let stdio = [(0, "/dev/null"), (1, "pipe"), (2, "pipe")];
    stdio.into_iter().chain(fds).map(|(number, path)| (number, path.to_owned())).collect()
}

/// Runs a plan to its end.
pub(crate) fn run(plan: &Plan) -> Exit {
    Guest::spawn(plan).unwrap().wait()
}

/// Writes so many MB to standard error.
fn write_stderr(megabytes: usize) {
    let chunk = [b'x'; 1_000_000];
    let mut stderr = io::stderr().lock();
    for _ in 0..megabytes {
        stderr.write_all(&chunk).unwrap();
    }
    stderr.write_all(b"the end").unwrap();
}

/// Goes to the background as QEMU does, and waits for what is there to get ready, which it never does: it leaves its number in
/// a file, without a lock.
#[expect(unsafe_code, reason = "fork has no safe form")]
fn hang(file: &str) {
    // SAFETY: this process has no other thread.
    if unsafe { libc::fork() } == 0 {
        let leader = rustix::process::setsid().unwrap();
        // SAFETY: as above.
        if unsafe { libc::fork() } != 0 {
            return;
        }
        host::until("its parent is gone", || rustix::process::getppid() != Some(leader));
        std::fs::write(file, std::process::id().to_string()).unwrap();
    }
    thread::sleep(std::time::Duration::from_secs(1000));
}

/// Launches a guest of another user, or of this one where that is 0.
fn launch_as(user: &str) {
    let user = user.parse().unwrap();
    launch(|spawn| if user == 0 { spawn } else { spawn.user(User::new(user, user)) });
}

/// Starts a guest, says its number, and waits. Or it says why there is none.
fn launch(how: impl for<'a> FnOnce(Spawn<'a>) -> Spawn<'a>) {
    let sleep = shell("exec sleep 1000");
    match how(Spawn::new(&sleep)).spawn() {
        Ok(guest) => {
            println!("{}", guest.id());
            let _ = guest.wait();
        }
        Err(error) => println!("{error}"),
    }
}

/// Traces a process, says so, and heeds nothing that it is to hear of it.
#[expect(unsafe_code, reason = "ptrace has no safe form")]
fn trace(pid: i32) {
    let null = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: this request takes numbers.
    assert_eq!(unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, null, null) }, 0);
    println!("traced");
    thread::sleep(std::time::Duration::from_secs(1000));
}

/// Starts a guest, and another in a process that is forked off and has nothing of the first one's but a copy of memory.
#[expect(unsafe_code, reason = "fork has no safe form")]
fn fork() {
    let _first = Guest::spawn(&shell("exec sleep 1000")).unwrap();
    // SAFETY: nothing else here holds a lock that the copy needs: this thread forks, the other waits in a system call.
    match unsafe { libc::fork() } {
        0 => {
            let exit = run(&shell("echo forked >&2; exit 3"));
            let expected = exit.code() == Some(3) && exit.stderr() == b"forked\n";
            // Nothing is dropped: the first guest is another's.
            std::process::exit(if expected { 0 } else { 1 });
        }
        child => {
            let mut status = 0;
            // SAFETY: it takes a number, and writes to what is given.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0);
        }
    }
}

/// Starts a guest without standard input, output and error of its own, whose numbers are free then.
#[expect(unsafe_code, reason = "what closes a number has no safe form")]
fn close() {
    // SAFETY: nothing here uses them.
    (0..3).for_each(|number| assert_eq!(unsafe { libc::close(number) }, 0));
    let cat = shell("exec cat");
    let spawn = Spawn::new(&cat).stdin(Stdio::Pipe).stdout(Stdio::Pipe).stderr(Stdio::Pipe).qmp();
    let guest = spawn.spawn().unwrap();
    let open = host::open_files();
    let kept: Vec<_> = open.range(..3).filter(|(_, path)| !path.ends_with("anon_inode:[pidfd]")).collect();
    assert!(kept.is_empty(), "{kept:?}");
    drop(guest);
}

/// Starts guests while signals hail on this process's group, guests that have not executed yet included: it has a handler for
/// them, which is to run in no other process.
#[expect(unsafe_code, reason = "handlers of signals have no safe form")]
fn hail() {
    static ITSELF: AtomicI32 = AtomicI32::new(0);
    static ELSEWHERE: AtomicBool = AtomicBool::new(false);
    static STOP: AtomicBool = AtomicBool::new(false);
    extern "C" fn handler(_: i32) {
        // SAFETY: it only asks for a number. Rust's own form may remember it.
        if unsafe { libc::getpid() } != ITSELF.load(Ordering::Relaxed) {
            ELSEWHERE.store(true, Ordering::Relaxed);
        }
    }

    rustix::process::setsid().unwrap();
    ITSELF.store(std::process::id().cast_signed(), Ordering::Relaxed);
    let signals = [libc::SIGUSR1, libc::SIGRTMIN() + 3];
    for signal in signals {
        // SAFETY: the handler does what handlers may.
        let before = unsafe { libc::signal(signal, handler as *const () as libc::sighandler_t) };
        assert_ne!(before, libc::SIG_ERR);
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            while !STOP.load(Ordering::Relaxed) {
                // SAFETY: it takes numbers; the group is this process's own.
                signals.iter().for_each(|signal| assert_eq!(unsafe { libc::kill(0, *signal) }, 0));
            }
        });
        for _ in 0..200 {
            drop(Guest::spawn(&shell("exec sleep 1000")).unwrap());
        }
        STOP.store(true, Ordering::Relaxed);
    });
    assert!(!ELSEWHERE.load(Ordering::Relaxed), "a handler has run in a guest's process");
}

/// What was inherited for QMP.
#[expect(unsafe_code, reason = "a file descriptor that was inherited has no owner")]
pub(crate) fn conversation() -> UnixStream {
    // SAFETY: the runtime has put the socket there, and nothing else here uses it.
    unsafe { UnixStream::from_raw_fd(3) }
}

pub(crate) const GREETING: &str =
    r#"{"QMP": {"version": {"qemu": {"major": 2, "minor": 9, "micro": 1}, "package": ""}}}"#;

/// Says what it is told to, one character a byte, or else answers in order.
fn say() {
    let mut socket = conversation();
    let lines = BufReader::new(socket.try_clone().unwrap()).lines();
    writeln!(socket, "{GREETING}").unwrap();
    for line in lines.map_while(Result::ok) {
        let command: Value = serde_json::from_str(&line).unwrap();
        if let Some(text) = command["arguments"]["say"].as_str() {
            let mut bytes: Vec<u8> = text.chars().map(|letter| u32::from(letter) as u8).collect();
            bytes.push(b'\n');
            socket.write_all(&bytes).unwrap();
        } else {
            writeln!(socket, r#"{{"return": {{}}, "id": {}}}"#, command["id"]).unwrap();
        }
    }
}

/// Answers each command that takes file descriptors by their number. As in QEMU, they may be read with the line before.
fn count() {
    let mut socket = conversation();
    writeln!(socket, "{GREETING}").unwrap();
    let (mut text, mut fds) = (Vec::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let buffers = &mut [IoSliceMut::new(&mut buffer)];
        let taken = recvmsg(&socket, buffers, &mut control, RecvFlags::empty()).unwrap().bytes;
        for message in control.drain() {
            let RecvAncillaryMessage::ScmRights(came) = message else { panic!("other than fds") };
            fds += came.count();
        }
        text.extend_from_slice(&buffer[..taken]);
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let command: Value = serde_json::from_slice(&line).unwrap();
            let takes = command["arguments"]["takes"] == true;
            let counted = if takes { std::mem::take(&mut fds) } else { 0 };
            writeln!(socket, r#"{{"return": {counted}, "id": {}}}"#, command["id"]).unwrap();
        }
        if taken == 0 {
            return;
        }
    }
}

/// Speaks QMP, and makes a mistake.
fn speak(fault: &str) {
    let wait = || thread::sleep(std::time::Duration::from_secs(1000));
    let mut socket = conversation();
    let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
    match fault {
        "silent" => return wait(),
        "garbage" => {
            socket.write_all(b"SSH-2.0-OpenSSH\n").unwrap();
            return wait();
        }
        _ => {}
    }
    writeln!(socket, "{GREETING}").unwrap();
    lines.next();
    writeln!(socket, r#"{{"return": {{}}, "id": 0}}"#).unwrap();
    lines.next();
    match fault {
        // It runs on.
        "partial" => {
            socket.write_all(br#"{"return": {"sta"#).unwrap();
            socket.shutdown(std::net::Shutdown::Both).unwrap();
            wait();
        }
        "lingers" => {
            socket.shutdown(std::net::Shutdown::Both).unwrap();
            thread::sleep(std::time::Duration::from_secs(2));
            eprintln!("the reason");
            std::process::exit(9);
        }
        "exits" => {
            eprintln!("the reason");
            socket.write_all(br#"{"return": {"sta"#).unwrap();
            std::process::exit(9);
        }
        "huge" => {
            let text = "x".repeat(50_000_000);
            writeln!(socket, r#"{{"return": "{text}", "id": 1}}"#).unwrap();
            wait();
        }
        // What comes before the answer to one command is no answer to it.
        "order" => {
            let _second = lines.next();
            writeln!(socket, r#"{{"return": "two", "id": 2}}"#).unwrap();
            writeln!(socket, r#"{{"return": "one", "id": 1}}"#).unwrap();
            wait();
        }
        "events" => {
            for number in 0..5000 {
                writeln!(socket, r#"{{"event": "E{number}", "data": {{}}}}"#).unwrap();
            }
            writeln!(socket, r#"{{"return": {{}}, "id": 1}}"#).unwrap();
            wait();
        }
        other => panic!("no such fault: {other}"),
    }
}
