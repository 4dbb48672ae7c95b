//! What a process does between its clone and its program.
//!
//! It has its parent's memory, and its parent's other threads go on: it may touch nothing that one of them could hold. So it
//! allocates nothing, takes no lock and runs no signal handler. It makes bare system calls only: libc's functions may do more,
//! such as changing the user of all threads, and what intercepts them (ThreadSanitizer) takes notes that it would take for this
//! process's.

use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use rustix::process::Uid;
use rustix::thread::CapabilitySet;

use super::command::{Command, Step, UMASK};
use crate::confine::User;

/// The first of the signals that the kernel calls real-time ones: it means nothing by them itself.
const FIRST_REAL_TIME: usize = 32;

/// All that the child needs, in the form in which the kernel wants it.
pub(super) struct Child<'a> {
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
    limits: Vec<(libc::__rlimit_resource_t, [u64; 2])>,
    user: Option<&'a User>,
    detached: bool,
    own_group: bool,
    umask: Option<u32>,
    /// The signals that its program has blocked.
    blocked: Signals,
    parent: libc::pid_t,
    /// Whether the parent may end it.
    mortal: bool,
    /// What failed and why, for the parent to read.
    step: AtomicI32,
    errno: AtomicI32,
    /// What the kernel sets to 0, and tells those who wait, when this memory is the parent's alone: the child has executed its
    /// program, or is gone.
    pub(super) shares: AtomicU32,
}

impl<'a> Child<'a> {
    pub(super) fn of(command: &'a Command) -> Self {
        let shielded: &[c_int] = if command.shielded { &[libc::SIGINT, libc::SIGHUP] } else { &[] };
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
            umask: command.umask,
            blocked: Signals::of(shielded),
            parent: std::process::id().cast_signed(),
            mortal: command.bounds.user.as_ref().is_none_or(may_end),
            step: AtomicI32::new(0),
            errno: AtomicI32::new(0),
            shares: AtomicU32::new(1),
        }
    }

    /// What it has failed at, once its memory is the parent's alone.
    pub(super) fn failure(&self) -> Option<(Step, io::Error)> {
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

/// Whether the kernel would let this thread end what runs as the user: by a signal, or when it ends itself.
fn may_end(user: &User) -> bool {
    let same = [rustix::process::getuid(), rustix::process::geteuid()].map(Uid::as_raw).contains(&user.uid);
    let capable =
        || rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::KILL));
    same || capable()
}

/// A set of signals, as the kernel has it.
#[repr(C)]
struct Signals([u64; Signals::WORDS]);

impl Signals {
    const WORDS: usize = if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 2 } else { 1 };
    /// What its calls take for the size of a set.
    const SIZE: usize = size_of::<Self>();
    /// The last signal.
    const LAST: usize = 64 * Self::WORDS;

    fn of(signals: &[c_int]) -> Self {
        let mut set = Self([0; Self::WORDS]);
        for signal in signals {
            let bit = signal.unsigned_abs() - 1;
            if let Some(word) = set.0.get_mut(bit as usize / 64) {
                *word |= 1 << (bit % 64);
            }
        }
        set
    }

    fn has(&self, signal: usize) -> bool {
        self.0.get((signal - 1) / 64).is_some_and(|word| word >> ((signal - 1) % 64) & 1 == 1)
    }
}

/// What the clone calls, with the child's `Child`. It ends the process by returning, where that can't execute its program.
pub(super) extern "C" fn run(child: *mut c_void) -> c_int {
    // SAFETY: `spawn` hands over a `Child` that lives until this process has executed or is gone.
    let child = unsafe { &*child.cast::<Child<'_>>() };
    // SAFETY: this is the child of `spawn`'s clone.
    let (step, errno) = match unsafe { prepare(child) } {
        Ok(()) => {
            // Not any deeper: what notes the calls of functions (ThreadSanitizer) never sees this one's end.
            // SAFETY: the texts and arrays end with zero, as the call demands.
            let failed = unsafe {
                libc::syscall(
                    libc::SYS_execve,
                    child.program.as_ptr(),
                    child.args.as_ptr(),
                    child.env.as_ptr(),
                )
            };
            (Step::Exec, if failed < 0 { errno() } else { 0 })
        }
        Err(failure) => failure,
    };
    child.errno.store(errno, Ordering::Relaxed);
    child.step.store(step as i32, Ordering::Release);
    127
}

/// The kernel's reason for the last call that failed. It is kept where the parent's thread keeps its own, which makes no call
/// but one to wait.
fn errno() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// What came of a call that is a step.
fn check(step: Step, result: c_long) -> Result<(), (Step, c_int)> {
    if result < 0 { Err((step, errno())) } else { Ok(()) }
}

/// Does all that comes before the program. Fails with the step and the kernel's reason.
///
/// # Safety
///
/// To be called only in a child that shares its parent's memory: with all signals blocked, and with its own tables of file
/// descriptors and signal handlers. Everything here is a bare system call or works on the child's own stack.
unsafe fn prepare(child: &Child<'_>) -> Result<(), (Step, c_int)> {
    // SAFETY (of all blocks below): the pointers come from `child`, whose texts end with zero as the calls demand, or from this
    // function's own stack, and are to as much as is said; everything else is numbers.

    // What the guest makes of signals that mean something is not to depend on what this process ignores, and none of its
    // handlers may run in the child once signals are no longer blocked.
    for signal in 1..FIRST_REAL_TIME {
        // SAFETY: as above.
        unsafe { reset(signal) };
    }
    if child.detached {
        // SAFETY: as above.
        check(Step::Session, unsafe { libc::syscall(libc::SYS_setsid) })?;
    } else if child.own_group {
        // SAFETY: as above.
        check(Step::Group, unsafe { libc::syscall(libc::SYS_setpgid, 0, 0) })?;
    }
    // It is this process's own, whoever shares its memory. It is told only when it is set.
    // SAFETY: as above.
    unsafe {
        let inherited = libc::syscall(libc::SYS_umask, 0o777);
        libc::syscall(libc::SYS_umask, child.umask.map_or(inherited | c_long::from(UMASK), c_long::from));
    }
    if let Some(cgroup) = child.cgroup {
        // Zero is whoever writes it.
        // SAFETY: as above; the text is a constant of one byte.
        check(Step::Cgroup, unsafe { libc::syscall(libc::SYS_write, cgroup, c"0".as_ptr(), 1_usize) })?;
    }
    if let Some(namespace) = child.network_namespace {
        // It is this process's own, whoever shares its memory.
        // SAFETY: as above.
        check(Step::NetworkNamespace, unsafe {
            libc::syscall(libc::SYS_setns, namespace, libc::CLONE_NEWNET)
        })?;
    }
    for (from, to) in &child.moves {
        // The copy is not closed on exec, whatever the original is.
        // SAFETY: as above.
        check(Step::Place, unsafe { libc::syscall(libc::SYS_dup3, *from, *to, 0) })?;
    }
    // Not by a flag on each: the parent's other threads and libraries open what they like, with the flag or without.
    for (first, last) in &child.closes {
        // SAFETY: as above.
        if unsafe { libc::syscall(libc::SYS_close_range, *first, *last, 0) } < 0 {
            // Linux before 5.9, or a filter of system calls that is older than it.
            if !close_listed(&child.closes) {
                return Err((Step::Close, errno()));
            }
            break;
        }
    }
    // Behind the file descriptors, whose numbers may be above the limit of open files.
    for (resource, limit) in &child.limits {
        let no_old = ptr::null_mut::<[u64; 2]>();
        // SAFETY: as above.
        check(Step::Limits, unsafe {
            libc::syscall(libc::SYS_prlimit64, 0, *resource, ptr::from_ref(limit), no_old)
        })?;
    }
    if let Some(User { uid, gid, groups }) = child.user {
        // SAFETY: as above; the groups are as many as is said.
        unsafe {
            check(Step::User, libc::syscall(calls::SETGROUPS, groups.len(), groups.as_ptr()))?;
            check(Step::User, libc::syscall(calls::SETRESGID, *gid, *gid, *gid))?;
            check(Step::User, libc::syscall(calls::SETRESUID, *uid, *uid, *uid))?;
        }
        if *uid != 0 {
            // The kernel takes root's capabilities from who is root no more, and leaves everybody else's.
            drop_capabilities()?;
        }
    }
    // Behind the change of user, which would clear it.
    if !child.detached {
        // SAFETY: as above.
        check(Step::ParentDeath, unsafe {
            libc::syscall(libc::SYS_prctl, libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0)
        })?;
        if !child.mortal {
            return Err((Step::ParentDeath, libc::EPERM));
        }
        // The parent may have died before it was said what is to happen then. Or it can't be seen from a new PID namespace.
        // SAFETY: as above.
        if unsafe { libc::syscall(libc::SYS_getppid) } != c_long::from(child.parent) {
            return Err((Step::ParentDeath, libc::ESRCH));
        }
    }
    if let Some(current_dir) = child.current_dir {
        // SAFETY: as above.
        check(Step::CurrentDir, unsafe { libc::syscall(libc::SYS_chdir, current_dir.as_ptr()) })?;
    }
    // There are as many real-time signals again, each a system call: a twentieth of a spawn. The kernel means nothing by
    // them, and QEMU has no use for them: it is enough that none is about to be handled. Exec ends their handlers.
    let mut pending = Signals([0; Signals::WORDS]);
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_rt_sigpending, &raw mut pending, Signals::SIZE) };
    for signal in FIRST_REAL_TIME..=Signals::LAST {
        if pending.has(signal) {
            // SAFETY: as above.
            unsafe { reset(signal) };
        }
    }
    let no_old = ptr::null_mut::<Signals>();
    // SAFETY: as above. There is nothing that can be wrong.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const child.blocked,
            no_old,
            Signals::SIZE,
        )
    };
    Ok(())
}

/// Sets a signal's action to its default. It fails for SIGKILL and SIGSTOP, which have no other.
///
/// # Safety
///
/// As [`prepare`].
unsafe fn reset(signal: usize) {
    // The kernel's form of an action is handler, flags and mask, and no longer than this: zero is the default one.
    let default = [0_usize; 16];
    let no_old = ptr::null_mut::<c_void>();
    // SAFETY: the kernel reads an action, and writes none.
    unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, &raw const default, no_old, Signals::SIZE) };
}

/// Gives up all capabilities, those that would outlast an exec (ambient, inheritable) too.
fn drop_capabilities() -> Result<(), (Step, c_int)> {
    /// The form of the kernel's call, as of Linux 2.6.26, with two words a set.
    const VERSION_3: u32 = 0x2008_0522;
    let header = [VERSION_3, 0];
    let none = [[0_u32; 3]; 2];
    // SAFETY: both are what the call reads of that version: zero is the calling thread.
    check(Step::User, unsafe { libc::syscall(libc::SYS_capset, &raw const header, &raw const none) })
}

/// Closes what lies in `ranges` by the kernel's own list of what is open. Says whether it could.
fn close_listed(ranges: &[(u32, u32)]) -> bool {
    /// Where a `linux_dirent64` has its length and its name.
    const LENGTH: std::ops::Range<usize> = 16..18;
    const NAME: usize = 19;

    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: the path is a C string, the rest is numbers.
    let list =
        unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, c"/proc/self/fd".as_ptr(), flags, 0) };
    let Some(list) = RawFd::try_from(list).ok().filter(|list| *list >= 0) else {
        return false;
    };
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
                unsafe { libc::syscall(libc::SYS_close, number) };
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

#[cfg(test)]
mod tests {
    use super::{Signals, gaps, number};

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

    #[test]
    fn signals_are_bits_from_one_on() {
        let set = Signals::of(&[1, 64]);
        assert_eq!(set.0.first(), Some(&(1 | 1 << 63)));
        let signals: Vec<_> = (1..=Signals::LAST).filter(|signal| set.has(*signal)).collect();
        assert_eq!(signals, [1, 64]);
    }
}
