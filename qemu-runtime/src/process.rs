//! Starts a process with exactly the file descriptors that it is to have.
//!
//! The standard library's `Command` can't place file descriptors without `pre_exec`, and with it `fork`s, which copies
//! the page tables of however large a parent. Here the child shares the parent's memory until it executes its program
//! (`CLONE_VM`), and the calling thread waits for that (`CLONE_VFORK`): the cost doesn't depend on the parent's size.
//! The price is that the child may touch nothing that another thread of the parent could hold: it allocates nothing,
//! takes no lock, and runs no signal handler. All that it needs is made ready in a [`Command`] beforehand.
#![expect(unsafe_code, reason = "clone, and what a child does between it and exec, have no safe form")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, Uid, WaitId, WaitIdOptions, kill_process_group, waitid};
use rustix::thread::CapabilitySet;

use crate::confine::{Limit, Resource, User};
use crate::texts::Texts;

/// The first of the signals that the kernel calls real-time ones: it means nothing by them itself.
const FIRST_REAL_TIME: c_int = 32;

/// A process to be started.
pub(crate) struct Command {
    /// The file to execute.
    pub(crate) program: CString,
    /// Its arguments, its own name first.
    pub(crate) args: Texts,
    /// Its environment: `NAME=value`.
    pub(crate) env: Texts,
    /// Its working directory, where it is not to be this process's.
    pub(crate) current_dir: Option<CString>,
    /// Its file descriptors by rising number, all of them. Those of this process are above these numbers.
    pub(crate) fds: Vec<(RawFd, OwnedFd)>,
    /// Whether it is to be independent of this process: a session of its own, and no death with its parent.
    pub(crate) detached: bool,
    /// Whether it is to have a process group of its own, which a session of its own is anyway.
    pub(crate) own_group: bool,
    /// Whether it is to be spared the signals by which a terminal ends programs.
    pub(crate) shielded: bool,
    /// Its umask, where that is not to be this process's with [`UMASK`].
    pub(crate) umask: Option<u32>,
    /// What it is bound by.
    pub(crate) bounds: Bounds,
}

/// The bits that no file of the process's has unless it was asked for: nobody else writes to what it makes, or connects to
/// a socket.
const UMASK: libc::mode_t = 0o022;

/// What a process is bound by. Its file descriptors, too, are above the numbers of the child's.
#[derive(Default)]
pub(crate) struct Bounds {
    /// The file `cgroup.procs` of the control group that it joins.
    pub(crate) cgroup: Option<OwnedFd>,
    pub(crate) network_namespace: Option<OwnedFd>,
    pub(crate) limits: Vec<(Resource, Limit)>,
    pub(crate) user: Option<User>,
}

/// A process that was started.
pub(crate) struct Process {
    /// Its number. It may become another's once this one was waited for; `pidfd` never does.
    pub(crate) pid: u32,
    /// What refers to it for as long as it is open.
    pub(crate) pidfd: OwnedFd,
}

/// What was being done when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Step {
    /// Making the process's own thread.
    Thread,
    /// Making the process.
    Clone,
    /// Seeing to it that its end is noticed.
    Attend,
    /// In the child, from here on.
    Session,
    Group,
    Cgroup,
    NetworkNamespace,
    Place,
    Close,
    Limits,
    User,
    ParentDeath,
    CurrentDir,
    Exec,
}

impl Step {
    const IN_CHILD: [Self; 11] = [
        Self::Session,
        Self::Group,
        Self::Cgroup,
        Self::NetworkNamespace,
        Self::Place,
        Self::Close,
        Self::Limits,
        Self::User,
        Self::ParentDeath,
        Self::CurrentDir,
        Self::Exec,
    ];

    /// In words.
    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::Thread => "starting a thread",
            Self::Clone => "making a process",
            Self::Attend => "watching the process",
            Self::Session => "making a session",
            Self::Group => "making a process group",
            Self::Cgroup => "joining the control group",
            Self::NetworkNamespace => "entering the network namespace",
            Self::Place => "giving the file descriptors their numbers",
            Self::Close => "closing the other file descriptors",
            Self::Limits => "setting the limits",
            Self::User => "becoming the user",
            Self::ParentDeath => "binding the process to its parent",
            Self::CurrentDir => "entering the working directory",
            Self::Exec => "executing the program",
        }
    }
}

/// Starts the process. When this returns it executes its program, or there is none.
///
/// Unless it is detached, it dies when the calling thread ends, which therefore lasts as long as it does.
pub(crate) fn spawn(command: &Command) -> Result<Process, (Step, io::Error)> {
    let child = Child::of(command);
    let in_parent = |error| (Step::Clone, error);
    let mut stack = Stack::new();
    let dumpable = command.bounds.user.is_some().then(Dumpable::of_this_process);
    let mut pidfd: c_int = -1;
    let signals = block_signals();
    // SAFETY: the child runs `run_child` on a stack that nothing else uses, and `child`, `stack` and `pidfd` live
    // until it has executed or is gone: until then CLONE_VFORK keeps this thread here. What it may do in this
    // process's memory is said at `become_program`. No handler of this process's can run in it, as all signals are
    // blocked. CLONE_PIDFD writes to what is given as the parent's tid.
    let pid = unsafe {
        libc::clone(
            run_child,
            stack.top(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD,
            (&raw const child).cast_mut().cast(),
            &raw mut pidfd,
        )
    };
    let cloned = if pid < 0 { Err(in_parent(io::Error::last_os_error())) } else { Ok(()) };
    signals.restore();
    if let Some(dumpable) = dumpable {
        dumpable.restore();
    }
    cloned?;
    if pidfd < 0 {
        // A kernel that doesn't know CLONE_PIDFD ignores it.
        // SAFETY: these take numbers and a null pointer, and the child of this number is not waited for before.
        unsafe {
            libc::kill(pid, libc::SIGKILL);
            libc::waitpid(pid, ptr::null_mut(), 0);
        }
        return Err(in_parent(io::Error::from_raw_os_error(libc::ENOSYS)));
    }
    // SAFETY: clone has just made it, and nothing else knows of it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    match child.failure() {
        None => Ok(Process { pid: pid.unsigned_abs(), pidfd }),
        Some(failure) => {
            // It is gone or going. Were the wait to fail, there is nobody left to wait for.
            let _ = wait(&pidfd);
            Err(failure)
        }
    }
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

/// All that the child needs, in the form in which the kernel wants it.
struct Child<'a> {
    program: &'a CStr,
    args: Vec<*const c_char>,
    env: Vec<*const c_char>,
    current_dir: Option<&'a CStr>,
    /// Copies to make: from, to. No `from` is a `to`.
    moves: Vec<(RawFd, RawFd)>,
    /// The first and last of each run of numbers that are not to be open.
    closes: Vec<(u32, u32)>,
    cgroup: Option<RawFd>,
    network_namespace: Option<RawFd>,
    limits: Vec<(libc::__rlimit_resource_t, libc::rlimit)>,
    user: Option<&'a User>,
    detached: bool,
    own_group: bool,
    shielded: bool,
    umask: Option<libc::mode_t>,
    parent: libc::pid_t,
    /// Whether the parent may end it.
    mortal: bool,
    last_signal: c_int,
    /// What failed and why, for the parent to read: it shares this memory.
    step: AtomicI32,
    errno: AtomicI32,
}

impl<'a> Child<'a> {
    fn of(command: &'a Command) -> Self {
        Self {
            program: &command.program,
            args: command.args.pointers(),
            env: command.env.pointers(),
            current_dir: command.current_dir.as_deref(),
            moves: command.fds.iter().map(|(number, fd)| (fd.as_raw_fd(), *number)).collect(),
            closes: gaps(command.fds.iter().map(|(number, _)| number.unsigned_abs())),
            cgroup: command.bounds.cgroup.as_ref().map(AsRawFd::as_raw_fd),
            network_namespace: command.bounds.network_namespace.as_ref().map(AsRawFd::as_raw_fd),
            limits: command.bounds.limits.iter().map(|(what, limit)| (what.raw(), limit.raw())).collect(),
            user: command.bounds.user.as_ref(),
            detached: command.detached,
            own_group: command.own_group,
            shielded: command.shielded,
            umask: command.umask,
            parent: std::process::id().cast_signed(),
            mortal: command.bounds.user.as_ref().is_none_or(may_end),
            last_signal: libc::SIGRTMAX(),
            step: AtomicI32::new(0),
            errno: AtomicI32::new(0),
        }
    }

    fn fail(&self, step: Step) {
        let errno = io::Error::last_os_error().raw_os_error().unwrap_or(0);
        self.errno.store(errno, Ordering::Relaxed);
        self.step.store(step as i32, Ordering::Release);
    }

    fn failure(&self) -> Option<(Step, io::Error)> {
        let failed = self.step.load(Ordering::Acquire);
        let step = Step::IN_CHILD.into_iter().find(|step| *step as i32 == failed)?;
        Some((step, io::Error::from_raw_os_error(self.errno.load(Ordering::Relaxed))))
    }
}

/// The runs of numbers that are not among `numbers`, which rise.
fn gaps(numbers: impl Iterator<Item = u32>) -> Vec<(u32, u32)> {
    let mut gaps = Vec::new();
    let mut next = 0;
    for number in numbers {
        if number > next {
            gaps.push((next, number - 1));
        }
        next = number + 1;
    }
    gaps.push((next, u32::MAX));
    gaps
}

extern "C" fn run_child(child: *mut c_void) -> c_int {
    // SAFETY: `spawn` hands over a `Child` that lives until this process has executed or is gone.
    let child = unsafe { &*child.cast::<Child<'_>>() };
    // SAFETY: this is the child of `spawn`'s clone.
    let step = unsafe { become_program(child) };
    child.fail(step);
    127
}

/// Gives the step that failed; otherwise it doesn't return.
///
/// # Safety
///
/// To be called only in a child that shares its parent's memory: with all signals blocked, and with its own tables
/// of file descriptors and signal handlers. Everything here is a bare system call or works on the child's own stack.
unsafe fn become_program(child: &Child<'_>) -> Step {
    // SAFETY (of all blocks below): the pointers come from `child`, whose texts and arrays end with zero as the calls
    // demand, or from this function's own stack; everything else is numbers.

    // What the guest makes of signals that mean something is not to depend on what this process ignores, and none of its
    // handlers may run in the child once signals are no longer blocked.
    for signal in 1..FIRST_REAL_TIME {
        // SAFETY: as above. It fails for SIGKILL and SIGSTOP.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: as above.
    if child.detached && unsafe { libc::setsid() } < 0 {
        return Step::Session;
    }
    // SAFETY: as above. The leader of a session has a group of its own, and may not have another.
    if child.own_group && !child.detached && unsafe { libc::setpgid(0, 0) } < 0 {
        return Step::Group;
    }
    // It is this process's own, whoever shares its memory. It is told only when it is set.
    // SAFETY: as above.
    unsafe {
        let inherited = libc::umask(0o777);
        libc::umask(child.umask.unwrap_or(inherited | UMASK));
    }
    if let Some(cgroup) = child.cgroup {
        // Zero is whoever writes it.
        // SAFETY: as above; the text is a constant of one byte.
        if unsafe { libc::write(cgroup, c"0".as_ptr().cast(), 1) } < 0 {
            return Step::Cgroup;
        }
    }
    if let Some(namespace) = child.network_namespace {
        // SAFETY: as above. It is this process's own, whoever shares its memory.
        if unsafe { libc::setns(namespace, libc::CLONE_NEWNET) } < 0 {
            return Step::NetworkNamespace;
        }
    }
    for (from, to) in &child.moves {
        // SAFETY: as above. The copy is not closed on exec, whatever the original is.
        if unsafe { libc::dup2(*from, *to) } < 0 {
            return Step::Place;
        }
    }
    // Not by a flag on each: the parent's other threads and libraries open what they like, with the flag or without.
    for (first, last) in &child.closes {
        // SAFETY: as above.
        if unsafe { libc::syscall(libc::SYS_close_range, *first, *last, 0) } < 0 {
            // Linux before 5.9, or a filter of system calls that is older than it.
            if !close_listed(&child.closes) {
                return Step::Close;
            }
            break;
        }
    }
    // Behind the file descriptors, whose numbers may be above the limit of open files.
    for (resource, limit) in &child.limits {
        // SAFETY: as above.
        if unsafe { libc::setrlimit(*resource, limit) } < 0 {
            return Step::Limits;
        }
    }
    if let Some(User { uid, gid, groups }) = child.user {
        // The kernel's own calls: libc's would make all threads that share this memory follow.
        // SAFETY: as above; the groups are as many as is said.
        let refused = unsafe {
            libc::syscall(calls::SETGROUPS, groups.len(), groups.as_ptr()) < 0
                || libc::syscall(calls::SETRESGID, *gid, *gid, *gid) < 0
                || libc::syscall(calls::SETRESUID, *uid, *uid, *uid) < 0
                // The kernel takes root's capabilities from who is root no more, and leaves everybody else's.
                || *uid != 0 && !drop_capabilities()
        };
        if refused {
            return Step::User;
        }
    }
    // Behind the change of user, which would clear it.
    if !child.detached {
        // SAFETY: as above.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } < 0 {
            return Step::ParentDeath;
        }
        // The parent may have died before it was said what is to happen then. Or it can't be seen from a new PID namespace.
        // SAFETY: as above; errno is this thread's, which is the parent's that waits.
        unsafe {
            let refused = if !child.mortal { libc::EPERM } else { libc::ESRCH };
            if !child.mortal || libc::getppid() != child.parent {
                *libc::__errno_location() = refused;
                return Step::ParentDeath;
            }
        }
    }
    if let Some(current_dir) = child.current_dir {
        // SAFETY: as above.
        if unsafe { libc::chdir(current_dir.as_ptr()) } < 0 {
            return Step::CurrentDir;
        }
    }
    let (mut blocked, mut pending) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: as above; sigpending and sigemptyset fill in what the others change and read.
    unsafe {
        // There are as many real-time signals again, each a system call: a twentieth of a spawn. The kernel means nothing by
        // them, and QEMU has no use for them: it is enough that none is about to be handled. Exec ends their handlers.
        libc::sigpending(pending.as_mut_ptr());
        for signal in FIRST_REAL_TIME..=child.last_signal {
            if libc::sigismember(pending.as_ptr(), signal) == 1 {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
        libc::sigemptyset(blocked.as_mut_ptr());
        if child.shielded {
            libc::sigaddset(blocked.as_mut_ptr(), libc::SIGINT);
            libc::sigaddset(blocked.as_mut_ptr(), libc::SIGHUP);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, blocked.as_ptr(), ptr::null_mut());
        libc::execve(child.program.as_ptr(), child.args.as_ptr(), child.env.as_ptr());
    }
    Step::Exec
}

/// Gives up all capabilities, those that would outlast an exec (ambient, inheritable) too. Says whether it could.
///
/// # Safety
///
/// As [`become_program`].
unsafe fn drop_capabilities() -> bool {
    /// The form of the kernel's call, as of Linux 2.6.26, with two words a set.
    const VERSION_3: u32 = 0x2008_0522;
    let header = [VERSION_3, 0];
    let none = [[0_u32; 3]; 2];
    // SAFETY: both are what the call reads of that version: zero is the calling thread.
    unsafe { libc::syscall(libc::SYS_capset, &raw const header, &raw const none) == 0 }
}

/// Whether the kernel would let this thread end what runs as the user: by a signal, or when it ends itself.
fn may_end(user: &User) -> bool {
    let same = [rustix::process::getuid(), rustix::process::geteuid()].map(Uid::as_raw).contains(&user.uid);
    let capable =
        || rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::KILL));
    same || capable()
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

/// The kernel's calls with numbers of 32 bits for users and groups: old architectures had others before.
mod calls {
    #[cfg(not(any(target_arch = "arm", target_arch = "x86")))]
    pub(super) use libc::{
        SYS_setgroups as SETGROUPS, SYS_setresgid as SETRESGID, SYS_setresuid as SETRESUID,
    };
    #[cfg(any(target_arch = "arm", target_arch = "x86"))]
    pub(super) use libc::{
        SYS_setgroups32 as SETGROUPS, SYS_setresgid32 as SETRESGID, SYS_setresuid32 as SETRESUID,
    };
}

/// Closes what lies in `ranges` by the kernel's own list of what is open. Says whether it could.
fn close_listed(ranges: &[(u32, u32)]) -> bool {
    /// Where a `linux_dirent64` has its length and its name.
    const LENGTH: std::ops::Range<usize> = 16..18;
    const NAME: usize = 19;

    // SAFETY: the path is a C string, the rest is numbers.
    let list = unsafe {
        libc::open(c"/proc/self/fd".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC)
    };
    if list < 0 {
        return false;
    }
    let mut buffer = [0_u8; 2048];
    loop {
        // SAFETY: the kernel writes at most the buffer's length into it.
        let filled = unsafe { libc::syscall(libc::SYS_getdents64, list, buffer.as_mut_ptr(), buffer.len()) };
        let Ok(filled) = usize::try_from(filled) else {
            return false;
        };
        if filled == 0 {
            // The list itself is closed on exec.
            return true;
        }
        let mut entries = buffer.get(..filled).unwrap_or_default();
        while let Some(&[low, high]) = entries.get(LENGTH) {
            let length = usize::from(u16::from_ne_bytes([low, high]));
            let name = entries.get(NAME..length).unwrap_or_default();
            let number = number(name);
            if let Some(number) = number
                && number != list
                && ranges.iter().any(|(first, last)| (*first..=*last).contains(&number.unsigned_abs()))
            {
                // SAFETY: the child's table is its own, and nothing in it uses the number any more.
                unsafe { libc::close(number) };
            }
            // A length of zero would be the kernel's error; it is not to become an endless loop.
            entries = entries.get(length.max(1)..).unwrap_or_default();
        }
    }
}

/// The number that the bytes before the first zero spell.
fn number(name: &[u8]) -> Option<RawFd> {
    CStr::from_bytes_until_nul(name).ok()?.to_str().ok()?.parse().ok()
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
/// It has no guard page, as the calls of `become_program` go a known way down: the deepest has a list of 2 KiB, and is less
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
    use super::{gaps, number};

    #[test]
    fn what_is_not_in_the_table_is_in_a_gap() {
        assert_eq!(gaps([0, 1, 2, 3].into_iter()), [(4, u32::MAX)]);
        assert_eq!(gaps([0, 1, 2, 5, 6, 9].into_iter()), [(3, 4), (7, 8), (10, u32::MAX)]);
        assert_eq!(gaps([2].into_iter()), [(0, 1), (3, u32::MAX)]);
    }

    #[test]
    fn entries_of_proc_are_numbers_or_dots() {
        assert_eq!(number(b"0\0\0"), Some(0));
        assert_eq!(number(b"1042\0\0\0"), Some(1042));
        assert_eq!(number(b"..\0"), None);
        assert_eq!(number(b"\0"), None);
        assert_eq!(number(b"99999999999\0"), None);
    }
}
