//! Starts a process with exactly the file descriptors that it is to have.
//!
//! The standard library's `Command` can't place file descriptors without `pre_exec`, and with it `fork`s, which copies
//! the page tables of however large a parent. Here the child shares the parent's memory until it executes its program
//! (`CLONE_VM`), and the calling thread waits for that: the cost doesn't depend on the parent's size. The price is what
//! [`child`] may not do. All that it needs is made ready in a [`Command`] beforehand.
//!
//! **Texts for exec lie in one piece of memory**, the child's stack is the heap's, and only those real-time signals are
//! reset that are pending: each of these is a twentieth of a spawn or more (`benches/spawn.rs`). The environment is
//! copied though that is a tenth: std's lock on it is std's alone.
//!
//! The child shares this process's memory until it executes: it makes bare system calls only, never libc's that change
//! all threads (`setuid`), and what the kernel notes on the memory (`dumpable`) is put back. Its parent waits on a
//! number that the kernel clears (`CLONE_CHILD_CLEARTID`), not in `CLONE_VFORK`: so it can continue a child that was
//! stopped.
//!
//! It is cloned past what intercepts libc's `clone` (`__clone`): ThreadSanitizer takes any for a fork. As that notes
//! what the child does as its parent's doing, these two take turns there (`CLONE_VFORK`), and nothing continues a child
//! that was stopped.
#![expect(unsafe_code, reason = "clone, and what a child does between it and exec, have no safe form")]

mod child;
mod command;

pub(crate) use command::{Bounds, Command, Step};

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_send_signal, waitid};
use rustix::thread::futex;

use child::Child;

/// A process that was started.
pub(crate) struct Process {
    /// Its number. It may become another's once this one was waited for; `pidfd` never does.
    pub(crate) pid: u32,
    /// What refers to it for as long as it is open.
    pub(crate) pidfd: OwnedFd,
}

/// How long a process may be stopped before it executes its program, whenever it is looked at.
const PATIENCE: Duration = Duration::from_secs(5);

/// Starts the process. When this returns it executes its program, or there is none.
///
/// Unless it is detached, it dies when the calling thread ends, which therefore lasts as long as it does.
pub(crate) fn spawn(command: &Command) -> Result<Process, (Step, io::Error)> {
    let child = Child::of(command);
    let mut stack = Stack::new();
    let dumpable = command.bounds.user.is_some().then(Dumpable::of_this_process);
    let mut pidfd: c_int = -1;
    let signals = block_signals();
    // SAFETY: the child runs `child::run` on a stack that nothing else uses, and `child`, `stack` and `pidfd` live until it
    // has executed or is gone, which `wait_for_exec` waits for. What it may do in this process's memory is said at `child`.
    // No handler of this process's can run in it, as all signals are blocked. CLONE_PIDFD writes to what is given as the
    // parent's tid, CLONE_CHILD_CLEARTID to what is given as the child's.
    let pid = unsafe {
        clone(
            child::run,
            stack.top(),
            libc::CLONE_VM | libc::CLONE_PIDFD | libc::CLONE_CHILD_CLEARTID | libc::SIGCHLD | turns(),
            (&raw const child).cast_mut().cast(),
            &raw mut pidfd,
            ptr::null_mut::<c_void>(),
            child.shares.as_ptr(),
        )
    };
    // SAFETY: clone has just made it, and nothing else knows of it.
    let pidfd = (pid > 0 && pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
    let cloned = if pid < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(wait_for_exec(&child.shares, pidfd.as_ref().map(AsFd::as_fd), PATIENCE))
    };
    signals.restore();
    if let Some(dumpable) = dumpable {
        dumpable.restore();
    }
    let executed = cloned.map_err(|error| (Step::Clone, error))?;
    let Some(pidfd) = pidfd else {
        // A kernel that doesn't know CLONE_PIDFD ignores it.
        // SAFETY: these take numbers and a null pointer, and the child of this number is not waited for before.
        unsafe {
            libc::kill(pid, libc::SIGKILL);
            libc::waitpid(pid, ptr::null_mut(), 0);
        }
        return Err((Step::Clone, io::Error::from_raw_os_error(libc::ENOSYS)));
    };
    match executed.err().map(|error| (Step::Clone, error)).or_else(|| child.failure()) {
        None => Ok(Process { pid: pid.unsigned_abs(), pidfd }),
        Some(failure) => {
            // It is gone or going. Were the wait to fail, there is nobody left to wait for.
            let _ = wait(&pidfd);
            Err(failure)
        }
    }
}

unsafe extern "C" {
    /// The same function as libc's `clone`. glibc has this name for it too, under which nothing intercepts it: ThreadSanitizer
    /// takes any clone for a fork, whose child has a memory of its own.
    #[cfg_attr(target_env = "gnu", link_name = "__clone")]
    fn clone(
        run: extern "C" fn(*mut c_void) -> c_int,
        stack: *mut c_void,
        flags: c_int,
        argument: *mut c_void,
        ...
    ) -> c_int;
}

/// What makes the calling thread wait in the clone itself, where something intercepts libc's: it notes in this thread's memory
/// what its code does, and the child's too, so they take turns. Then nothing sees to a child that is stopped.
fn turns() -> c_int {
    let is_intercepted = clone as *const c_void != libc::clone as *const c_void;
    if is_intercepted { libc::CLONE_VFORK } else { 0 }
}

/// Waits until a child's memory is this process's alone, as it executes its program, or is gone: then `shares` is 0.
///
/// The kernel would wait itself, as long as it takes (`CLONE_VFORK`). But who may send the child signals, as its user may when
/// it has become that, could stop it, and with it this thread and all that wait for it. So one that is stopped is continued,
/// and one that is stopped again and again for so long is killed.
///
/// # Errors
///
/// `TimedOut` where it was killed.
fn wait_for_exec(shares: &AtomicU32, child: Option<BorrowedFd<'_>>, patience: Duration) -> io::Result<()> {
    /// How long it may take before it is looked at, and how long until one is looked at again that was stopped.
    const FIRST: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    const NEXT: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    let mut period = &FIRST;
    let mut deadline = None;
    let mut killed = false;
    while shares.load(Ordering::Acquire) != 0 {
        // Whatever it gives, the number says more. It is the kernel's call itself: libc's would set the error's number, which
        // the child may be about to read.
        let _ = futex::wait(shares, futex::Flags::empty(), 1, Some(period));
        let Some(child) = child else {
            continue;
        };
        let ended_or_stopped = WaitIdOptions::EXITED | WaitIdOptions::STOPPED;
        match waitid(WaitId::PidFd(child), ended_or_stopped | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT) {
            Ok(Some(status)) if status.stopped() => {
                let is_late = Instant::now() >= *deadline.get_or_insert_with(|| Instant::now() + patience);
                period = &NEXT;
                // Whom it may not continue it may not kill either: then it waits on.
                let sent = pidfd_send_signal(child, if is_late { Signal::KILL } else { Signal::CONT });
                killed |= is_late && sent.is_ok();
            }
            Ok(None) => {}
            // The kernel doesn't say so of one that leaves a core, nor of one that it has forgotten.
            Ok(Some(_)) | Err(_) => break,
        }
    }
    let stopped = "it was stopped before it executed its program, and again whenever it was continued";
    if killed { Err(io::Error::new(io::ErrorKind::TimedOut, stopped)) } else { Ok(()) }
}

/// Kills what is left of the process group that a process has made.
///
/// # Errors
///
/// Before Linux 6.9. From then on a pidfd tells the group, also once nothing else has its number.
pub(crate) fn kill_group(leader: &OwnedFd) -> io::Result<()> {
    signal_group(leader, libc::SIGKILL).map(drop)
}

/// The same of one that has ended, and that nobody has waited for: so long the number is its own.
pub(crate) fn kill_group_of_ended(pid: u32, leader: &OwnedFd) {
    let unwaited = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    if kill_group(leader).is_err()
        && let Ok(Some(_)) = waitid(WaitId::PidFd(leader.as_fd()), unwaited)
        && let Some(group) = Pid::from_raw(pid.cast_signed())
    {
        // It is empty, or another user's.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Whether something is left of the process group that a process has made, as far as the kernel can tell: what has ended
/// counts until it was waited for.
pub(crate) fn has_group(leader: &OwnedFd) -> bool {
    signal_group(leader, 0).unwrap_or(false)
}

/// Whether there was somebody to send it to.
fn signal_group(leader: &OwnedFd, signal: c_int) -> io::Result<bool> {
    /// `PIDFD_SIGNAL_PROCESS_GROUP`.
    const GROUP: libc::c_uint = 1 << 2;

    let no_info = ptr::null::<libc::siginfo_t>();
    // SAFETY: the call takes numbers, and no information where that is null.
    let sent =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, leader.as_raw_fd(), signal, no_info, GROUP) };
    let error = if sent < 0 { io::Error::last_os_error() } else { return Ok(true) };
    match error.raw_os_error() {
        Some(libc::ESRCH) => Ok(false),
        // It is another user's.
        Some(libc::EPERM) => Ok(true),
        _ => Err(error),
    }
}

/// Waits for the process to end, and lets the kernel forget it. Without a status where it is nobody's to wait for, and has
/// ended.
pub(crate) fn wait(pidfd: &OwnedFd) -> Option<ExitStatus> {
    // Without NOHANG there always is one.
    wait_with(pidfd, WaitIdOptions::EXITED).flatten()
}

/// The same for one that has ended. Nothing where somebody who traces it is yet to hear of that first.
pub(crate) fn try_wait(pidfd: &OwnedFd) -> Option<Option<ExitStatus>> {
    wait_with(pidfd, WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
}

fn wait_with(pidfd: &OwnedFd, options: WaitIdOptions) -> Option<Option<ExitStatus>> {
    let ended = rustix::io::retry_on_intr(|| waitid(WaitId::PidFd(pidfd.as_fd()), options));
    let Ok(ended) = ended else {
        return Some(None);
    };
    let ended = ended?;
    // Put together as `wait` has it: the exit code above, the signal below, and whether it left a core.
    let code = ended.exit_status().unwrap_or(0) << 8;
    let signal = ended.terminating_signal().unwrap_or(0);
    let core = if ended.dumped() { 0x80 } else { 0 };
    Some(Some(ExitStatus::from_raw(code | signal | core)))
}

/// Whether this process may be traced and leave a core.
///
/// The kernel forbids both to a process that changes its user, and means its memory, which here is also this
/// process's.
struct Dumpable {
    before: c_int,
    /// Nobody else changes it meanwhile, or takes the change for what was before.
    _turn: MutexGuard<'static, ()>,
}

impl Dumpable {
    fn of_this_process() -> Self {
        static CHANGING: Mutex<()> = Mutex::new(());
        let turn = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: it takes a number and touches no memory.
        Self { before: unsafe { libc::prctl(libc::PR_GET_DUMPABLE) }, _turn: turn }
    }

    /// As it was: while the child had the memory, its user could not trace it there, and now it is gone from it.
    fn restore(&self) {
        // What only root may look at (2) can't be said again, and is what the kernel makes of it by itself.
        if self.before == 1 {
            // SAFETY: it takes numbers.
            unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1) };
        }
    }
}

/// Whether the calling thread is the one that the process began with, and with which it ends.
pub(crate) fn is_main_thread() -> bool {
    rustix::thread::gettid() == rustix::process::getpid()
}

/// The signals that a thread had blocked.
pub(crate) struct Blocked(libc::sigset_t);

/// Blocks all signals in this thread.
pub(crate) fn block_signals() -> Blocked {
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: sigfillset fills in what pthread_sigmask reads, which with this first argument can't fail and fills in what
    // there was before.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        Blocked(before.assume_init())
    }
}

impl Blocked {
    fn restore(&self) {
        // SAFETY: it reads the set, and with this first argument can't fail.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

/// The child's stack.
///
/// It has no guard page, as the calls of `child::run` go a known way down: the deepest has a list of 2 KiB, and is less
/// than a tenth of this even where the dynamic linker looks a function up in between.
struct Stack(Vec<u128>);

impl Stack {
    const SIZE: usize = 64 * 1024;

    fn new() -> Self {
        Self(Vec::with_capacity(Self::SIZE / size_of::<u128>()))
    }

    /// Where it begins: stacks grow down, and are as aligned as these numbers.
    fn top(&mut self) -> *mut c_void {
        self.0.spare_capacity_mut().as_mut_ptr_range().end.cast()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::os::fd::AsFd as _;
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::time::Duration;
    use std::{io, thread};

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    use super::wait_for_exec;

    #[test]
    fn who_is_stopped_again_and_again_is_not_waited_for() {
        // It shares nothing, so that its memory is never this process's alone.
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        let stopping = AtomicBool::new(true);
        thread::scope(|scope| {
            scope.spawn(|| {
                while stopping.load(Ordering::Relaxed) {
                    let _ = pidfd_send_signal(&pidfd, Signal::STOP);
                }
            });
            let shares = AtomicU32::new(1);
            let waited = wait_for_exec(&shares, Some(pidfd.as_fd()), Duration::from_millis(50));
            stopping.store(false, Ordering::Relaxed);
            assert_eq!(waited.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        });
        assert!(!child.wait().unwrap().success());
    }
}
