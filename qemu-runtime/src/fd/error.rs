//! Why a file descriptor of a plan's table could not be opened.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::{fmt, io};

use crate::error::reason;
use crate::plan::Fd;

/// A file descriptor of a plan's table could not be opened.
///
/// Its text names the device, the queue, what was opened, the kernel's reason, and what to do about it.
#[derive(Debug)]
pub struct FdError {
    /// The line of the table: the number, the device, its queue, and what was to be opened.
    pub fd: Fd,
    /// What went wrong.
    pub problem: FdProblem,
}

/// What went wrong with a file descriptor.
#[derive(Debug)]
#[non_exhaustive]
pub enum FdProblem {
    /// A device node, a file or a socket can't be opened.
    Open {
        /// Its path.
        path: PathBuf,
        /// What to do about it, where that is known.
        cure: Option<&'static str>,
        /// The kernel's reason.
        source: io::Error,
    },
    /// What is no interface's name: empty, longer than 15 bytes, or with a character that the kernel refuses (`/`,
    /// `:`, white space) or reads as a pattern (`%`).
    Name {
        /// The name.
        ifname: OsString,
    },
    /// There is no such interface in this network namespace.
    NoInterface {
        /// The interface.
        ifname: OsString,
        /// The kind that was looked for: `macvtap` or `ipvtap`.
        kind: &'static str,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The interface is there, its device node `tapN` is not.
    NoNode {
        /// The interface.
        ifname: OsString,
        /// Its kind: `macvtap` or `ipvtap`.
        kind: &'static str,
        /// Where the node should be.
        path: PathBuf,
        /// The device's major and minor number.
        device: (u32, u32),
        /// The kernel's reason.
        source: io::Error,
    },
    /// The device node belongs to another interface: one with the same index in another network namespace.
    OtherInterface {
        /// The interface that was wanted.
        ifname: OsString,
        /// The device node.
        path: PathBuf,
        /// The index of the interface that was wanted.
        index: u32,
        /// The major and minor number of its own device.
        device: (u32, u32),
    },
    /// The interface has no such device.
    NotTap {
        /// The interface.
        ifname: OsString,
        /// The kind that was wanted: `macvtap` or `ipvtap`.
        kind: &'static str,
        /// Where the kernel tells the device's numbers.
        path: PathBuf,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The interface exists and is no tap.
    OtherKind {
        /// The interface.
        ifname: OsString,
        /// The kernel's reason.
        source: io::Error,
    },
    /// This user may neither open the tap nor make it.
    NotPermitted {
        /// The interface, where the plan names one.
        ifname: Option<OsString>,
        /// Whether there is such an interface: then it is another user's.
        exists: bool,
        /// Whether the device has several queues.
        multi_queue: bool,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The device has several queues and the tap was made without `multi_queue`.
    OneQueue {
        /// The interface.
        ifname: OsString,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The tap's one queue is attached elsewhere.
    Busy {
        /// The interface.
        ifname: OsString,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The tap has as many queues as the kernel gives one.
    NoQueueLeft {
        /// The interface.
        ifname: OsString,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The kernel refused the tap for another reason.
    Attach {
        /// The interface, where the plan names one.
        ifname: Option<OsString>,
        /// The device that was asked: usually `/dev/net/tun`.
        path: PathBuf,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The kernel refused the guest's address of a virtio-vsock device.
    Cid {
        /// The address.
        cid: u32,
        /// The device that was asked: usually `/dev/vhost-vsock`.
        path: PathBuf,
        /// The kernel's reason.
        source: io::Error,
    },
    /// A file in memory can't be made.
    Memory {
        /// Its size in bytes.
        size: u64,
        /// Whether it was to consist of huge pages.
        hugetlb: bool,
        /// The kernel's reason.
        source: io::Error,
    },
    /// What the caller handed over for a queue is none, or one that is detached from its tap for good.
    NoQueue {
        /// The name under which it was handed over.
        name: String,
        /// The kernel's reason.
        source: io::Error,
    },
    /// It is open, but can't have a number that keeps clear of the table's.
    Place {
        /// The table's highest number.
        above: u32,
        /// The kernel's reason.
        source: io::Error,
    },
    /// A kind of source that this version of the runtime doesn't know.
    Unknown {
        /// The kind.
        kind: &'static str,
    },
}

impl FdProblem {
    /// The kernel's reason, where it was the kernel that refused.
    pub const fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Open { source, .. }
            | Self::NoInterface { source, .. }
            | Self::NoNode { source, .. }
            | Self::NotTap { source, .. }
            | Self::OtherKind { source, .. }
            | Self::NotPermitted { source, .. }
            | Self::OneQueue { source, .. }
            | Self::Busy { source, .. }
            | Self::NoQueueLeft { source, .. }
            | Self::Attach { source, .. }
            | Self::Cid { source, .. }
            | Self::Memory { source, .. }
            | Self::NoQueue { source, .. }
            | Self::Place { source, .. } => Some(source),
            Self::Name { .. } | Self::OtherInterface { .. } | Self::Unknown { .. } => None,
        }
    }
}

impl Error for FdError {}

impl fmt::Display for FdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fd { device, source, queue, .. } = &self.fd;
        write!(f, "{}", device.as_os_str().display())?;
        if source.is_of_queue() {
            write!(f, ", queue {queue}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl Error for FdProblem {}

impl fmt::Display for FdProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { path, cure, source } => {
                write!(f, "{}: {}", path.display(), reason(source))?;
                cure.or_else(|| table_full(source)).map_or(Ok(()), |cure| write!(f, ": {cure}"))
            }
            Self::Name { ifname } => write!(
                f,
                "`{}` can't be an interface's name: 1 to 15 bytes without `/`, `:`, `%` and white space",
                ifname.display()
            ),
            Self::NoInterface { ifname, kind, source } => write!(
                f,
                "{0}: {1}: make it: `ip link add link eth0 name {0} type {kind}`, in this network namespace, eth0 \
                 being the interface below it",
                ifname.display(),
                reason(source),
            ),
            Self::NoNode { ifname, kind, path, device: (major, minor), source } => write!(
                f,
                "{0}: {1}: {2}: the {kind}'s device node is missing, as in a container with a /dev of its own: make \
                 it with `mknod {1} c {major} {minor}`",
                ifname.display(),
                path.display(),
                reason(source),
            ),
            Self::OtherInterface { ifname, path, index, device: (major, minor) } => write!(
                f,
                "{0}: {1} is not its device node: another network namespace has an interface with the same index: \
                 give {0} an index of its own (`ip link add ... index N`), or its node another folder (`mkdir \
                 /run/tap-{major}-{minor} && mknod /run/tap-{major}-{minor}/tap{index} c {major} {minor}`), in which the \
                 runtime is to look (`HostPaths::tap_dir`)",
                ifname.display(),
                path.display(),
            ),
            Self::NotTap { ifname, kind, path, source } => write!(
                f,
                "{0}: {1}: {2}: no {kind} device: is {0} one (`ip -details link show {0}`), and /sys its network namespace's?",
                ifname.display(),
                path.display(),
                reason(source),
            ),
            Self::OtherKind { ifname, source } => write!(
                f,
                "{0}: {1}: an interface of that name exists and is no tap (`ip -details link show {0}`)",
                ifname.display(),
                reason(source),
            ),
            Self::NotPermitted { ifname, exists, multi_queue, source } => {
                let new = match ifname {
                    Some(ifname) if *exists => {
                        write!(f, "{}: {}: ", ifname.display(), reason(source))?;
                        ifname
                    }
                    Some(ifname) => {
                        write!(
                            f,
                            "{}: {}: there is no such tap, and to make one ",
                            ifname.display(),
                            reason(source)
                        )?;
                        ifname
                    }
                    None => {
                        write!(f, "a new tap: {}: ", reason(source))?;
                        OsStr::new("tap0")
                    }
                };
                write!(
                    f,
                    "needs CAP_NET_ADMIN, or a tap owned by this user: `ip tuntap add dev {} mode tap user {}{}`",
                    new.display(),
                    rustix::process::geteuid().as_raw(),
                    if *multi_queue { " multi_queue" } else { "" },
                )
            }
            Self::OneQueue { ifname, source } => write!(
                f,
                "{0}: {1}: the tap has one queue and the device several: make the tap with `ip tuntap add dev {0} \
                 mode tap multi_queue`, or give the device one queue",
                ifname.display(),
                reason(source),
            ),
            Self::Busy { ifname, source } => write!(
                f,
                "{0}: {1}: the tap is attached elsewhere, perhaps to a guest that still runs",
                ifname.display(),
                reason(source),
            ),
            Self::NoQueueLeft { ifname, source } => {
                write!(f, "{}: {}: the tap has no queue left", ifname.display(), reason(source))
            }
            Self::Attach { ifname, path, source } => {
                match ifname {
                    Some(ifname) => write!(f, "{}", ifname.display())?,
                    None => f.write_str("a new tap")?,
                }
                write!(f, ": {}: {}", path.display(), reason(source))
            }
            Self::Cid { cid, path, source } => {
                write!(f, "cid {cid}: {}: {}", path.display(), reason(source))?;
                match source.raw_os_error() {
                    Some(libc::EADDRINUSE) => {
                        f.write_str(": another guest has this address: give this one another `cid=`")
                    }
                    Some(libc::EINVAL) => f.write_str(": a guest's address is from 3 to 4294967294"),
                    Some(libc::ENOTTY) => f.write_str(": what is there is no vhost-vsock device"),
                    _ => Ok(()),
                }
            }
            Self::Memory { size, hugetlb, source } => {
                let pages = if *hugetlb { " of huge pages" } else { "" };
                write!(f, "{size} bytes of memory{pages}: {}", reason(source))?;
                match source.raw_os_error() {
                    Some(libc::EINVAL) if *hugetlb => f.write_str(
                        ": the size must be a multiple of a huge page's, see `Hugepagesize` in /proc/meminfo",
                    ),
                    Some(libc::ENOENT | libc::ENODEV | libc::ENOSYS) if *hugetlb => {
                        f.write_str(": this kernel has no huge pages")
                    }
                    Some(libc::EFBIG) => f.write_str(": no file can be so large"),
                    _ => table_full(source).map_or(Ok(()), |cure| write!(f, ": {cure}")),
                }
            }
            Self::NoQueue { name, source } => {
                let problem = match source.raw_os_error() {
                    Some(libc::ENOTTY) => "it is no queue of a tap",
                    _ => "it can't be attached again to its tap",
                };
                write!(f, "what was handed over as `{name}`: {}: {problem}", reason(source))
            }
            Self::Place { above, source } => {
                // EINVAL where the numbers to choose from begin beyond the limit, EMFILE where none of them is free.
                let reason = reason(source);
                write!(f, "no number above {above}: {reason}: raise the limit of open files (`ulimit -n`)")
            }
            Self::Unknown { kind } => write!(f, "this runtime doesn't know how to open a `{kind}`"),
        }
    }
}

/// What to do where this process has no number left for a file descriptor.
fn table_full(error: &io::Error) -> Option<&'static str> {
    (error.raw_os_error() == Some(libc::EMFILE)).then_some("raise the limit of open files (`ulimit -n`)")
}
