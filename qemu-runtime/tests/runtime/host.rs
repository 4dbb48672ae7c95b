//! What the tests need of the host, and what they look at.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use qemu_runtime::{Fd, FdSource};
use rustix::thread::UnshareFlags;

use crate::seccomp::{self, Refused};

/// What this machine lacks for a test.
pub(crate) struct Lacking(pub(crate) String);

/// Runs `test` where a system call is refused.
pub(crate) fn refusing<T: Send>(refused: Refused, test: impl FnOnce() -> T + Send) -> Result<T, Lacking> {
    seccomp::refusing(refused, test).map_err(|_| Lacking("needs to be allowed a seccomp filter".into()))
}

/// Runs `test` where all that a kernel's vhost device is asked ends in this way, whatever it is asked of.
pub(crate) fn with_fake_vhost<T: Send>(errno: i32, test: impl FnOnce() -> T + Send) -> Result<T, Lacking> {
    refusing(Refused { number: libc::SYS_ioctl, argument: Some((1, 0xaf00, 0xff00)), errno }, test)
}

pub(crate) fn need(there: bool, what: &str) -> Result<(), Lacking> {
    if there { Ok(()) } else { Err(Lacking(what.to_owned())) }
}

pub(crate) fn need_root() -> Result<(), Lacking> {
    need(rustix::process::geteuid().is_root(), "needs root")
}

/// Runs `test` in a network namespace of its own.
///
/// The namespace is that of one thread, which ends with the test: what is started in it has it too.
pub(crate) fn in_network_namespace(
    test: impl FnOnce() -> Result<(), Lacking> + Send + 'static,
) -> Result<(), Lacking> {
    need_root()?;
    need(File::options().read(true).write(true).open("/dev/net/tun").is_ok(), "needs /dev/net/tun")?;
    need(Command::new("ip").arg("-V").output().is_ok(), "needs the command `ip` (iproute2)")?;
    let joined = thread::spawn(|| {
        // SAFETY: a new network namespace takes nothing from this thread that anything of it relies on.
        #[expect(unsafe_code, reason = "unshare with other flags would not be sound")]
        let new = unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) };
        need(new.is_ok(), "needs to be allowed a network namespace")?;
        test()
    })
    .join();
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs `test` in a mount namespace of its own: nobody else sees what it mounts.
pub(crate) fn in_mount_namespace(test: impl FnOnce() -> Result<(), Lacking> + Send) -> Result<(), Lacking> {
    thread::scope(|scope| {
        let joined = scope.spawn(|| {
            // SAFETY: a mount namespace like this process's, and a working directory of its own for this thread, take
            // nothing from it that anything of it relies on.
            #[expect(unsafe_code, reason = "unshare with other flags would not be sound")]
            let new = unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) };
            need(new.is_ok(), "needs to be allowed a mount namespace")?;
            need(run("mount --make-rprivate /"), "needs to be allowed to mount")?;
            test()
        });
        joined.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The command of a message that begins with this word.
pub(crate) fn command(message: &str, program: &str) -> String {
    let quoted = message.split('`').skip(1).step_by(2);
    let command = quoted.into_iter().find(|text| text.split(' ').next() == Some(program));
    command.unwrap_or_else(|| panic!("no `{program} ...`: {message}")).to_owned()
}

/// Whether a command of the shell succeeds.
pub(crate) fn run(command: &str) -> bool {
    Command::new("sh").args(["-ec", command]).status().unwrap().success()
}

/// What a command of the shell says.
pub(crate) fn output(command: &str) -> String {
    String::from_utf8(Command::new("sh").args(["-c", command]).output().unwrap().stdout).unwrap()
}

/// Runs `ip` with the words of `args`, and gives what it says.
pub(crate) fn ip(args: &str) -> String {
    try_ip(args).unwrap_or_else(|error| panic!("ip {args}: {error}"))
}

/// The same, where it may fail: then with its complaint.
fn try_ip(args: &str) -> Result<String, String> {
    let output = Command::new("ip").args(args.split_whitespace()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// Makes a macvtap on the tap `base`, and gives its index.
///
/// Indices are a namespace's own, while the device nodes `/dev/tapN` are the host's: it gets an index that no other
/// namespace has, one that is about to go included.
pub(crate) fn macvtap(ifname: &str) -> Result<u32, Lacking> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let index = std::process::id() * 16 + MADE.fetch_add(1, Ordering::Relaxed);
    let address = "address 52:54:00:12:34:56";
    let made = try_ip(&format!("link add link base name {ifname} index {index} {address} type macvtap"));
    need(made.is_ok(), "needs the kernel's macvtap")?;
    need(fs::exists(format!("/dev/tap{index}")).unwrap(), "needs a /dev that shows new devices")?;
    Ok(index)
}

/// Lines of a table for the queues of the macvtap `mv0`, from 3.
pub(crate) fn macvtap_queues(queues: u32) -> Vec<Fd> {
    let source = FdSource::Macvtap { ifname: "mv0".into() };
    (0..queues).map(|queue| fd(3 + queue, source.clone(), "net0", queue)).collect()
}

/// Runs `test` as the user `nobody`: the kernel keeps the user by thread.
pub(crate) fn as_nobody<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let joined = scope.spawn(|| {
            let nobody = (rustix::fs::Uid::from_raw(65534), rustix::fs::Gid::from_raw(65534));
            rustix::thread::set_thread_groups(&[]).unwrap();
            rustix::thread::set_thread_res_gid(nobody.1, nobody.1, nobody.1).unwrap();
            rustix::thread::set_thread_res_uid(nobody.0, nobody.0, nobody.0).unwrap();
            test()
        });
        joined.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// What this process has open.
pub(crate) fn open_files() -> BTreeMap<i32, PathBuf> {
    open_files_of("/proc/self/fd")
}

/// What is open according to a folder `/proc/PID/fd`.
pub(crate) fn open_files_of(folder: impl AsRef<Path>) -> BTreeMap<i32, PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let number = path.file_name().and_then(OsStr::to_str).unwrap().parse().unwrap();
        // The list is itself among what is open, until here.
        fs::read_link(&path).ok().filter(|to| !is_fd_list(to)).map(|to| (number, to))
    };
    entries.filter_map(read).collect()
}

fn is_fd_list(path: &Path) -> bool {
    path.starts_with("/proc") && path.ends_with("fd")
}

/// How many threads this process has.
pub(crate) fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// What this process has open, and its threads, once those of the test before have ended.
pub(crate) fn at_rest() -> (BTreeMap<i32, PathBuf>, usize) {
    let mut last = (open_files(), threads());
    loop {
        thread::sleep(Duration::from_millis(20));
        let now = (open_files(), threads());
        if now == last {
            return now;
        }
        last = now;
    }
}

/// Waits until the threads of the test before have ended, and their files with them: who attends to guests stays for a
/// moment for more to come.
pub(crate) fn settle() {
    until("there is one thread", || threads() == 1);
}

/// How many bytes of this process are in memory.
pub(crate) fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
}

/// The letter of a process's state, where there is one: `Z` for a zombie.
pub(crate) fn state_of(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Waits until it is so, and fails after ten seconds.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !so() {
        assert!(Instant::now() < deadline, "ten seconds have passed: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A line of a table.
pub(crate) fn fd(number: u32, source: FdSource<OsString>, device: &str, queue: u32) -> Fd {
    Fd { number, source, device: device.into(), queue }
}

/// The source of a file that is only read.
pub(crate) fn file(path: &Path) -> FdSource<OsString> {
    FdSource::File { path: path.to_owned().into(), readonly: true, direct: false }
}

/// Lines of a table for the queues of the tap `net0`, from 3.
pub(crate) fn tap_queues(ifname: Option<&str>, queues: u32) -> Vec<Fd> {
    let source = FdSource::Tap { ifname: ifname.map(OsString::from) };
    (0..queues).map(|queue| fd(3 + queue, source.clone(), "net0", queue)).collect()
}

/// A queue of the tap `ifname`, which is made where there is none.
pub(crate) fn attach_tap(ifname: &str, multi_queue: bool) -> OwnedFd {
    let several = if multi_queue { libc::IFF_MULTI_QUEUE } else { 0 };
    attach_as(ifname, libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR | several)
}

/// The same, of an interface with these flags.
pub(crate) fn attach_as(ifname: &str, flags: i32) -> OwnedFd {
    let tun = File::options().read(true).write(true).open("/dev/net/tun").unwrap();
    tap_ioctl(&tun, libc::TUNSETIFF, ifname, flags);
    tun.into()
}

/// Detaches a queue, as QEMU does with those that its guest doesn't use.
pub(crate) fn detach_queue(tap: &OwnedFd) {
    tap_ioctl(tap, libc::TUNSETQUEUE, "", libc::IFF_DETACH_QUEUE);
}

/// Whether a queue is detached.
pub(crate) fn is_detached(tap: &OwnedFd) -> bool {
    tap_ioctl(tap, libc::TUNGETIFF, "", 0) & libc::IFF_DETACH_QUEUE != 0
}

/// Gives the flags that are there afterwards.
#[expect(unsafe_code, reason = "ioctl has no safe form")]
fn tap_ioctl(tap: impl AsFd, what: libc::Ioctl, ifname: &str, flags: i32) -> i32 {
    // SAFETY: an `ifreq` is plain numbers and a pointer that may be null; all of these calls read or write one, which
    // lives through them.
    unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        for (to, from) in request.ifr_name.iter_mut().zip(ifname.bytes()) {
            *to = from as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = flags as libc::c_short;
        let result = libc::ioctl(tap.as_fd().as_raw_fd(), what, &raw mut request);
        assert!(result >= 0, "{}", std::io::Error::last_os_error());
        i32::from(request.ifr_ifru.ifru_flags) & 0xffff
    }
}
