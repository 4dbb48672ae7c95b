//! How long QEMU takes from its spawn to its greeting over QMP, and what of that is ours. `cargo bench --bench start`.
//!
//! Three ways, taken in turns on the same machine with nothing in it (`-machine none`): this runtime; `posix_spawn` with
//! a socket pair and one read, which is the least that anybody could do; and, where Python has the package `qemu.qmp`,
//! a socket's path that is tried until QEMU listens there. `PYTHON=DIR/bin/python` chooses another Python.
//!
//! It prints medians, and how they compare. `START_ROUNDS` says how often each is done.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![expect(unsafe_code, reason = "posix_spawn has no safe interface here")]

use std::ffi::CString;
use std::io::{BufRead, BufReader, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::ptr;
use std::time::{Duration, Instant};

use qemu_runtime::{Guest, Plan};

const QEMU: &str = "/usr/bin/qemu-system-x86_64";
const ARGS: [&str; 5] = ["-machine", "none", "-nodefaults", "-display", "none"];

fn main() {
    let rounds = std::env::var("START_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(30);
    let mut python = python();
    let mut ways: [Box<dyn FnMut() -> Option<Duration>>; 3] = [
        Box::new(|| Some(posix_spawn())),
        Box::new(|| Some(runtime())),
        Box::new(|| python.as_mut().map(Python::start)),
    ];
    let mut times = [const { Vec::new() }; 3];
    for round in 0..=rounds {
        // In another order each time: what one leaves to be tidied up costs the next.
        for turn in 0..3 {
            let index = (round + turn) % 3;
            let (Some(way), Some(times)) = (ways.get_mut(index), times.get_mut(index)) else { continue };
            let time = way();
            // The first of each finds cold caches.
            if round > 0 {
                times.extend(time);
            }
        }
    }
    let [bare, ours, theirs] = times;
    let bare = median(bare);
    let show = |name: &str, time: Duration| {
        println!("{name:<42} {time:>9.1?}   {:.2}", time.as_secs_f64() / bare.as_secs_f64());
    };
    println!("spawn to greeting, median of {rounds}               ratio");
    show("posix_spawn and one read", bare);
    show("qemu-runtime", median(ours));
    match theirs.is_empty() {
        true => println!("Python's qemu.qmp: no Python with the package"),
        false => show("Python's qemu.qmp, a path and retries", median(theirs)),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn runtime() -> Duration {
    let plan = Plan::new(QEMU, ARGS, vec![]);
    let begin = Instant::now();
    let guest = Guest::start(&plan).unwrap();
    let time = begin.elapsed();
    drop(guest);
    time
}

/// With no more than it takes: nobody waits for QEMU's end in the background, nothing dies with this process, and QEMU
/// gets whatever is open without close-on-exec.
fn posix_spawn() -> Duration {
    let begin = Instant::now();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let monitor = ["-chardev", "socket,id=qmp,fd=3", "-qmp", "chardev:qmp"];
    let args: Vec<_> =
        [QEMU].iter().chain(&ARGS).chain(&monitor).map(|arg| CString::new(*arg).unwrap()).collect();
    let args: Vec<_> = args.iter().map(|arg| arg.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect();
    let path = CString::new(QEMU).unwrap();
    let mut actions = MaybeUninit::<libc::posix_spawn_file_actions_t>::uninit();
    let mut pid = 0;
    // SAFETY: the actions are initialised before they are used and destroyed behind; the arguments end with a null and
    // outlive the call, as does what they point to.
    unsafe {
        unsafe extern "C" {
            static environ: *const *mut libc::c_char;
        }
        let actions = actions.as_mut_ptr();
        assert_eq!(libc::posix_spawn_file_actions_init(actions), 0);
        assert_eq!(libc::posix_spawn_file_actions_adddup2(actions, theirs.as_raw_fd(), 3), 0);
        let error = libc::posix_spawn(&mut pid, path.as_ptr(), actions, ptr::null(), args.as_ptr(), environ);
        assert_eq!(error, 0);
        libc::posix_spawn_file_actions_destroy(actions);
    }
    drop(theirs);
    let mut greeting = String::new();
    BufReader::new(&ours).read_line(&mut greeting).unwrap();
    let time = begin.elapsed();
    assert!(greeting.starts_with(r#"{"QMP""#), "{greeting}");
    // SAFETY: it is a child of this process that nobody has waited for.
    unsafe {
        libc::kill(pid, libc::SIGKILL);
        libc::waitpid(pid, ptr::null_mut(), 0);
    }
    time
}

/// A Python that starts QEMU whenever it is told to.
struct Python {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

fn python() -> Option<Python> {
    let program = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let found = Command::new(&program).args(["-c", "import qemu.qmp"]).stderr(Stdio::null()).status().ok()?;
    if !found.success() {
        return None;
    }
    let mut child = Command::new(program)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/start/qmp.py"))
        .args([QEMU].iter().chain(&ARGS))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap());
    Some(Python { child, answers })
}

impl Python {
    fn start(&mut self) -> Duration {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        let mut seconds = String::new();
        self.answers.read_line(&mut seconds).unwrap();
        Duration::from_secs_f64(seconds.trim().parse().unwrap())
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}
