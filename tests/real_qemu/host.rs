//! What a case needs of the machine, and the machine lacks or not.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::thread::UnshareFlags;

use crate::outcome::{Outcome, Stop};
use crate::seccomp::{Refused, refusing};

fn need(there: bool, what: &str) -> Outcome {
    if there { Ok(()) } else { Err(Stop::lacking(format!("needs {what}"))) }
}

/// Fails unless the machine has `what`.
pub(crate) fn has(what: &str) -> Outcome {
    match what {
        "vhost-net" => need(fs::exists("/dev/vhost-net")?, "/dev/vhost-net"),
        "vhost-vsock" => need(fs::exists("/dev/vhost-vsock")?, "/dev/vhost-vsock"),
        "vfio" => need(vfio_device().is_some(), "a PCI device whose driver is vfio-pci"),
        "hugepages" => need(hugepages()?, "a hugetlbfs at /dev/hugepages with 32 MiB of free pages"),
        "smbd" => need(fs::exists("/usr/sbin/smbd")?, "/usr/sbin/smbd"),
        "ifup" => need(fs::exists("/etc/qemu-ifup")?, "/etc/qemu-ifup"),
        "root" => need(rustix::process::geteuid().is_root(), "root"),
        other => Err(Stop::failed(format!("it is not known how to tell whether there is `{other}`"))),
    }
}

/// An image that is encrypted by the passphrase in a file (LUKS).
pub(crate) fn make_vault(image: &Path, passphrase: &Path) -> Outcome {
    let secret = format!("secret,id=key,file={}", passphrase.display());
    let options = ["-f", "luks", "-o", "key-secret=key,iter-time=10"];
    // It measures how fast the machine is, and gives up on one that is busy.
    for _ in 0..50 {
        let mut command = Command::new("qemu-img");
        command.args(["create", "-q", "--object", &secret]).args(options).arg(image).arg("1M");
        match command.stderr(Stdio::null()).status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return need(false, "qemu-img"),
            Err(error) => return Err(error.into()),
        }
    }
    Err(Stop::failed("qemu-img makes no encrypted image"))
}

/// A device of the host that a guest can have.
pub(crate) fn vfio_device() -> Option<String> {
    let entries = fs::read_dir("/sys/bus/pci/drivers/vfio-pci").ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.into_iter().find(|name| name.contains(':'))
}

fn hugepages() -> Outcome<bool> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let mounted = mounts.lines().any(|line| {
        let mut words = line.split(' ').skip(1);
        words.next() == Some("/dev/hugepages") && words.next() == Some("hugetlbfs")
    });
    let info = fs::read_to_string("/proc/meminfo")?;
    let value = |name: &str| -> Option<u64> {
        info.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
    };
    let free = value("HugePages_Free:").zip(value("Hugepagesize:")).map_or(0, |(pages, kib)| pages * kib);
    Ok(mounted && free >= 32 << 10)
}

/// Whether this QEMU runs a guest by KVM, without a word: a KVM inside another often doesn't.
pub(crate) fn kvm(qemu: &Path) -> Outcome {
    let runs = is_silent(qemu, &["-M", "pc,accel=kvm"])?;
    need(runs, "a KVM on which this QEMU runs a guest")
}

/// SPICE, which Debian packs apart from 10.0 on.
pub(crate) fn spice(qemu: &Path) -> Outcome {
    need(is_silent(qemu, &["-M", "none", "-spice", "disable-ticketing=on"])?, "a QEMU with SPICE")
}

/// Whether this QEMU and the kernel read files by io_uring.
pub(crate) fn io_uring(qemu: &Path) -> Outcome {
    let node = "driver=file,node-name=f,filename=/proc/version,read-only=on,cache.direct=off,aio=io_uring";
    let runs = is_silent(qemu, &["-M", "none", "-blockdev", node])?;
    need(runs, "a QEMU and a kernel with io_uring")
}

/// Whether QEMU starts and ends with these arguments, without a word.
fn is_silent(qemu: &Path, args: &[&str]) -> Outcome<bool> {
    let mut child = Command::new(qemu)
        .args(args)
        .args(["-nodefaults", "-display", "none", "-monitor", "stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // Where it has ended already, that is seen next.
        let _ = stdin.write_all(b"quit\n");
    }
    let output = child.wait_with_output()?;
    Ok(output.status.success() && output.stderr.is_empty())
}

/// Runs `test` in a network namespace of its own, where `commands` of `ip` were run before.
///
/// The namespace is that of one thread, which ends with the test: what is started in it has it too.
pub(crate) fn in_network_namespace(commands: &[String], test: impl FnOnce() -> Outcome + Send) -> Outcome {
    has("root")?;
    let tun = fs::File::options().read(true).write(true).open("/dev/net/tun");
    need(tun.is_ok(), "/dev/net/tun")?;
    need(Command::new("ip").arg("-V").output().is_ok(), "the command `ip` (iproute2)")?;
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: a new network namespace takes nothing from this thread that anything of it relies on.
            #[expect(unsafe_code, reason = "unshare with other flags would not be sound")]
            let new = unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) };
            need(new.is_ok(), "to be allowed a network namespace")?;
            commands.iter().try_for_each(|command| ip(command))?;
            test()
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Runs `test` where all that a kernel's vhost device is asked succeeds, and does nothing.
pub(crate) fn with_fake_vhost(test: impl FnOnce() -> Outcome + Send) -> Outcome {
    let any_of_vhost = Refused { number: libc::SYS_ioctl, argument: Some((1, 0xaf00, 0xff00)), errno: 0 };
    refusing(any_of_vhost, test).map_err(|_| Stop::lacking("needs to be allowed a seccomp filter"))?
}

fn ip(args: &str) -> Outcome {
    static MADE: AtomicU32 = AtomicU32::new(0);
    // Indices are a namespace's own, while the device nodes `/dev/tapN` are the host's: it gets an index that no
    // other namespace has, one that is about to go included.
    let tapped = args.split_whitespace().next_back().filter(|kind| matches!(*kind, "macvtap" | "ipvtap"));
    let index = std::process::id() * 64 + MADE.fetch_add(1, Ordering::Relaxed);
    let args = match tapped {
        Some(kind) => args.replace(&format!(" type {kind}"), &format!(" index {index} type {kind}")),
        None => args.to_owned(),
    };
    let output = Command::new("ip").args(args.split_whitespace()).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    match tapped {
        _ if !output.status.success() && tapped.is_none() => {
            Err(Stop::failed(format!("ip {args}: {stderr}")))
        }
        Some(kind) => {
            need(output.status.success(), &format!("the kernel's {kind}"))?;
            need(fs::exists(format!("/dev/tap{index}"))?, "a /dev that shows new devices")
        }
        None => Ok(()),
    }
}

/// The helper of `fs proxy`, which some of Debian's packages have.
pub(crate) fn proxy_helper() -> Outcome<&'static Path> {
    static FOUND: OnceLock<Option<&'static Path>> = OnceLock::new();
    let paths = ["/usr/lib/qemu/virtfs-proxy-helper", "/usr/libexec/virtfs-proxy-helper"];
    let found = FOUND.get_or_init(|| paths.into_iter().map(Path::new).find(|path| path.exists()));
    found.ok_or_else(|| Stop::lacking("needs virtfs-proxy-helper (qemu-system-common 7.2)"))
}
