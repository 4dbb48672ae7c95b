//! Why a file descriptor of a plan's table could not be opened.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::{fmt, io};

use crate::host::reason;
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
        /// Whether the tap has several queues, or is to have them.
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
        cid: u64,
        /// The device that was asked, usually `/dev/vhost-vsock`, unless it was handed over.
        path: Option<PathBuf>,
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
    /// What is at a disk's path is neither a file nor a block device.
    NoImage {
        /// Its path.
        path: PathBuf,
    },
    /// What the caller handed over is not what the line needs.
    Unfit {
        /// The name under which it was handed over.
        name: String,
        /// What is wrong with it, and what to do about it.
        problem: &'static str,
        /// The kernel's reason, where it was the kernel that refused.
        source: Option<io::Error>,
    },
    /// It is open, but can't have a number that keeps clear of the table's.
    Place {
        /// The table's highest number.
        above: u32,
        /// The kernel's reason.
        source: io::Error,
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
            | Self::Place { source, .. } => Some(source),
            Self::Unfit { source, .. } => source.as_ref(),
            Self::Name { .. } | Self::OtherInterface { .. } | Self::NoImage { .. } => None,
        }
    }
}

impl Error for FdError {}

impl fmt::Display for FdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fd { device, source, queue, .. } = &self.fd;
        write!(f, "{}", device.display())?;
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
                "{0}: {1}: make it: `ip link add link eth0 name {0} up type {kind}`, in this network namespace, eth0 \
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
                "{0}: {1}: an interface of that name exists and is no tap (`ip -details link show {0}`): choose another name",
                ifname.display(),
                reason(source),
            ),
            Self::NotPermitted { ifname, exists, multi_queue, source } => {
                match ifname {
                    Some(ifname) => write!(f, "{}: {}: ", ifname.display(), reason(source))?,
                    None => write!(f, "a new tap: {}: ", reason(source))?,
                }
                if ifname.is_some() && !exists {
                    f.write_str("there is no such tap, and to make one ")?;
                }
                let ifname = ifname.as_deref().unwrap_or(OsStr::new("tap0"));
                let command = make_tap(ifname, exists.then_some(*multi_queue), *multi_queue);
                write!(f, "needs CAP_NET_ADMIN, or a tap owned by this user: `{command}`")
            }
            Self::OneQueue { ifname, source } => write!(
                f,
                "{}: {}: the tap has one queue and the device several: make it anew (`{}`), or give the device one queue",
                ifname.display(),
                reason(source),
                make_tap(ifname, Some(false), true),
            ),
            Self::Busy { ifname, source } => write!(
                f,
                "{}: {}: the tap is attached elsewhere, perhaps to a guest that still runs: end what has it (`{}`), or \
                 name another tap",
                ifname.display(),
                reason(source),
                who_has(ifname),
            ),
            Self::NoQueueLeft { ifname, source } => write!(
                f,
                "{}: {}: the tap has no queue left: give the device fewer (`mq=`), or end what else has some (`{}`)",
                ifname.display(),
                reason(source),
                who_has(ifname),
            ),
            Self::Attach { ifname, path, source } => {
                match ifname {
                    Some(ifname) => write!(f, "{}", ifname.display())?,
                    None => f.write_str("a new tap")?,
                }
                write!(f, ": {}: {}", path.display(), reason(source))?;
                match source.raw_os_error() {
                    Some(libc::ENOTTY) => f.write_str(": what is there is no tun device"),
                    _ => Ok(()),
                }
            }
            Self::Cid { cid, path, source } => {
                write!(f, "cid {cid}: ")?;
                match path {
                    Some(path) => write!(f, "{}: ", path.display())?,
                    None => f.write_str("what was handed over: ")?,
                }
                write!(f, "{}", reason(source))?;
                match source.raw_os_error() {
                    Some(libc::EADDRINUSE) => {
                        f.write_str(": another guest has this address: give this one another `cid=`")
                    }
                    Some(libc::EINVAL) => f.write_str(": a guest's address is from 3 to 4294967294"),
                    Some(libc::ENOTTY) => f.write_str(": it is no vhost-vsock device"),
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
            Self::NoImage { path } => write!(f, "{}: {NO_IMAGE}", path.display()),
            Self::Unfit { name, problem, source } => {
                write!(f, "what was handed over as `{name}`: ")?;
                if let Some(source) = source {
                    write!(f, "{}: ", reason(source))?;
                }
                f.write_str(problem)
            }
            Self::Place { above, source } => {
                write!(f, "no number above {above}: {}: {RAISE}", reason(source))
            }
        }
    }
}

/// The command that makes a tap which this user may open. Of one that exists it is known whether it was made with
/// `multi_queue`: it goes before, unless something has it.
fn make_tap(ifname: &OsStr, existing: Option<bool>, multi_queue: bool) -> String {
    let tap = format!("dev {} mode tap", ifname.display());
    let several = |multi_queue| if multi_queue { " multi_queue" } else { "" };
    let remove =
        existing.map_or(String::new(), |existing| format!("ip tuntap del {tap}{} && ", several(existing)));
    let user = rustix::process::geteuid().as_raw();
    format!("{remove}ip tuntap add {tap} user {user}{}", several(multi_queue))
}

/// The command that finds the processes which have a tap, by what the kernel says of their file descriptors.
fn who_has(ifname: &OsStr) -> String {
    format!("grep -ls 'iff:.{}$' /proc/[0-9]*/fdinfo/*", ifname.display())
}

const RAISE: &str = "raise the limit of open files (`ulimit -n`)";

/// What to do where this process has no number left for a file descriptor.
fn table_full(error: &io::Error) -> Option<&'static str> {
    (error.raw_os_error() == Some(libc::EMFILE)).then_some(RAISE)
}

/// What to do about what is no image.
pub(super) const NO_IMAGE: &str = "it is neither a file nor a block device: name one that holds an image";

/// Why a table can't be opened.
pub(crate) enum TableError {
    /// One of its lines can't be.
    Fd(Box<FdError>),
    /// Something was handed over under a name that not exactly one line has.
    Name { name: String, lines: usize, known: Vec<String> },
    /// Two were handed over under one name.
    Twice { name: String },
    /// The network namespace of its interfaces can't be entered.
    Namespace(io::Error),
    /// A thread that enters it can't be started.
    Thread(io::Error),
}
