//! What it costs to start QEMU, by the size of the process that does. `cargo bench --bench spawn`.
//!
//! Five ways with the same arguments, each timed until it returns, when QEMU's program is executing: a bare `posix_spawn`;
//! this runtime, from the main thread and from another, for which it makes a thread that lasts as long as the guest; the
//! standard library's `Command`; and that with a `pre_exec`, without which it can't place file descriptors, and which
//! makes it fork. All but the last are taken in turns, and in another order each time, as what one leaves to be tidied up
//! costs the next. The last is taken apart: after a fork the parent's page tables are cold for whoever comes next.
//!
//! It prints medians, and how they compare to `posix_spawn`, for a parent as it is and with 50 MB and 4 GB more of memory
//! in use. `SPAWN_ROUNDS` says how often each is done, `SPAWN_MB=0,50` with how much.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![expect(unsafe_code, reason = "posix_spawn and pre_exec have no safe interface here")]

use std::ffi::CString;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use qemu_runtime::{Guest, Plan};

const QEMU: &str = "/usr/bin/qemu-system-x86_64";
const ARGS: [&str; 5] = ["-machine", "none", "-nodefaults", "-display", "none"];

fn main() {
    let rounds = std::env::var("SPAWN_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(60);
    let sizes = std::env::var("SPAWN_MB").unwrap_or_else(|_| "0,50,4096".to_owned());
    let names = ["posix_spawn", "qemu-runtime", "on a thread", "Command", "with pre_exec"];
    let names = names.map(|name| format!("{name:>14}"));
    println!("spawn, medians of {rounds:<4}{}", names.join("  "));
    for megabytes in sizes.split(',').map(|size| size.parse::<usize>().unwrap()) {
        let memory = Memory::of(megabytes << 20);
        let ways: [fn() -> Duration; 5] =
            [posix_spawn, runtime, runtime_on_a_thread, || command(false), || command(true)];
        let mut times = [const { Vec::new() }; 5];
        let (forking, others) = (4..5, 0..4);
        for turns in [others, forking] {
            for round in 0..=rounds {
                for turn in turns.clone() {
                    let index = turns.start + (round + turn) % turns.len();
                    let (Some(way), Some(times)) = (ways.get(index), times.get_mut(index)) else { continue };
                    let time = way();
                    // The first of each finds cold caches.
                    if round > 0 {
                        times.push(time);
                    }
                }
            }
        }
        drop(memory);
        let medians = times.map(median);
        let bare = medians.first().copied().unwrap_or_default().as_secs_f64();
        let shown = medians.map(|time| format!("{time:>9.0?} {:.2}", time.as_secs_f64() / bare));
        println!("parent + {megabytes:>4} MB  {}", shown.join("  "));
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Memory that is in use, in pages of the usual size.
struct Memory(*mut libc::c_void, usize);

impl Memory {
    fn of(length: usize) -> Self {
        if length == 0 {
            return Self(ptr::null_mut(), 0);
        }
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, of which every byte is written.
        unsafe {
            let base = libc::mmap(ptr::null_mut(), length, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
            assert_ne!(base, libc::MAP_FAILED);
            libc::madvise(base, length, libc::MADV_NOHUGEPAGE);
            ptr::write_bytes(base.cast::<u8>(), 1, length);
            Self(base, length)
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.1 > 0 {
            // SAFETY: it is the mapping of `of`, which nothing else knows.
            unsafe { libc::munmap(self.0, self.1) };
        }
    }
}

fn runtime() -> Duration {
    let plan = Plan::new(QEMU, ARGS, vec![]);
    let begin = Instant::now();
    let guest = Guest::spawn(&plan).unwrap();
    let time = begin.elapsed();
    drop(guest);
    time
}

fn runtime_on_a_thread() -> Duration {
    thread::scope(|scope| scope.spawn(runtime).join().unwrap())
}

/// Without anything beside: QEMU has this process's standard streams and dies with nobody.
fn posix_spawn() -> Duration {
    let begin = Instant::now();
    let args: Vec<_> = [QEMU].iter().chain(&ARGS).map(|arg| CString::new(*arg).unwrap()).collect();
    let args: Vec<_> = args.iter().map(|arg| arg.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect();
    let path = CString::new(QEMU).unwrap();
    let mut pid = 0;
    // SAFETY: the arguments end with a null and outlive the call, as does what they point to.
    unsafe {
        unsafe extern "C" {
            static environ: *const *mut libc::c_char;
        }
        let error =
            libc::posix_spawn(&mut pid, path.as_ptr(), ptr::null(), ptr::null(), args.as_ptr(), environ);
        assert_eq!(error, 0);
    }
    let time = begin.elapsed();
    // SAFETY: it is a child of this process that nobody has waited for.
    unsafe {
        libc::kill(pid, libc::SIGKILL);
        libc::waitpid(pid, ptr::null_mut(), 0);
    }
    time
}

fn command(pre_exec: bool) -> Duration {
    let begin = Instant::now();
    let mut command = Command::new(QEMU);
    command.args(ARGS).stdin(Stdio::null()).stderr(Stdio::piped());
    if pre_exec {
        // SAFETY: it does nothing.
        unsafe { command.pre_exec(|| Ok(())) };
    }
    let mut child = command.spawn().unwrap();
    let time = begin.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    time
}
