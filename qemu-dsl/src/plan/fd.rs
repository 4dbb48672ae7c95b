//! File descriptors: what each refers to, and the table of them.

use std::ffi::{OsStr, OsString};

use super::packed::packed;

/// The number of the first file descriptor in a plan's table: the one behind standard input, output and error.
pub const FIRST_FD: u32 = 3;

/// What a file descriptor refers to. `S` is the form of the names in it, `N` that of numbers: final in a [`Plan`](super::Plan), in pieces
/// in a [`Template`](super::Template).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FdSource<S, N = u64> {
    /// A queue of a tap interface, opened by `/dev/net/tun`.
    Tap {
        /// The interface. Without a name the kernel chooses a free one for the device's first queue; the others
        /// join it.
        ifname: Option<S>,
    },
    /// A queue of a macvtap interface: its `/dev/tapN`, N being the interface's index.
    Macvtap {
        /// The interface.
        ifname: S,
    },
    /// A queue of an ipvtap interface: its `/dev/tapN`, N being the interface's index.
    Ipvtap {
        /// The interface.
        ifname: S,
    },
    /// The kernel's virtio-net device: `/dev/vhost-net`.
    VhostNet,
    /// The kernel's virtio-vsock device, `/dev/vhost-vsock`, with the guest's address set.
    VhostVsock {
        /// The address, a context id: at least 3, and no other guest's.
        cid: N,
    },
    /// A file.
    File {
        /// Its path.
        path: S,
        /// Whether it may only be read. Otherwise it is opened for reading and writing; it must exist.
        readonly: bool,
        /// Whether it is read and written past the host's cache (`O_DIRECT`).
        direct: bool,
    },
    /// A unix socket that is listened on. It is made, with the mode 0600 at most; the file of a socket on which nobody listens
    /// any more is replaced.
    UnixListen {
        /// Its path.
        path: S,
    },
    /// A connection to a unix socket on which somebody listens.
    UnixConnect {
        /// Its path.
        path: S,
    },
    /// A file in memory without a path (`memfd_create`).
    Memfd {
        /// Its size in bytes.
        size: N,
        /// Whether it consists of huge pages.
        hugetlb: bool,
        /// Whether its size is for good (`F_SEAL_SHRINK`, `F_SEAL_GROW`, `F_SEAL_SEAL`).
        seal: bool,
    },
}

/// Something to know of a [source](FdSource).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact<'f, S, N> {
    /// A name.
    Name(&'f S),
    /// A number.
    Number(&'f N),
    /// Whether something is so.
    Switch(bool),
}

impl<S, N> FdSource<S, N> {
    /// The name of the kind of source, as the command line's JSON has it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tap { .. } => "tap",
            Self::Macvtap { .. } => "macvtap",
            Self::Ipvtap { .. } => "ipvtap",
            Self::VhostNet => "vhost-net",
            Self::VhostVsock { .. } => "vhost-vsock",
            Self::File { .. } => "file",
            Self::UnixListen { .. } => "unix-listen",
            Self::UnixConnect { .. } => "unix-connect",
            Self::Memfd { .. } => "memfd",
        }
    }

    /// The network interface behind it, where there is one with a name.
    pub const fn ifname(&self) -> Option<&S> {
        match self {
            Self::Tap { ifname } => ifname.as_ref(),
            Self::Macvtap { ifname } | Self::Ipvtap { ifname } => Some(ifname),
            Self::VhostNet
            | Self::VhostVsock { .. }
            | Self::File { .. }
            | Self::UnixListen { .. }
            | Self::UnixConnect { .. }
            | Self::Memfd { .. } => None,
        }
    }

    /// Its path, where the plan names one.
    pub const fn path(&self) -> Option<&S> {
        match self {
            Self::File { path, .. } | Self::UnixListen { path } | Self::UnixConnect { path } => Some(path),
            Self::Tap { .. }
            | Self::Macvtap { .. }
            | Self::Ipvtap { .. }
            | Self::VhostNet
            | Self::VhostVsock { .. }
            | Self::Memfd { .. } => None,
        }
    }

    /// What there is to know of it beside its kind, as the command line's JSON calls it.
    ///
    /// ```
    /// use qemu_dsl::plan::{Fact, FdSource};
    ///
    /// let source: FdSource<&str> = FdSource::File { path: "/a", readonly: true, direct: false };
    /// let facts: Vec<_> = source.facts().collect();
    /// assert_eq!(facts, [("path", Fact::Name(&"/a")), ("readonly", Fact::Switch(true)), ("direct", Fact::Switch(false))]);
    /// ```
    pub fn facts(&self) -> impl Iterator<Item = (&'static str, Fact<'_, S, N>)> {
        let name = |what, name| (what, Fact::Name(name));
        let switch = |what, is_on: &bool| (what, Fact::Switch(*is_on));
        let facts = match self {
            Self::VhostNet | Self::Tap { ifname: None } => [None, None, None],
            Self::Tap { ifname: Some(ifname) } | Self::Macvtap { ifname } | Self::Ipvtap { ifname } => {
                [Some(name("ifname", ifname)), None, None]
            }
            Self::VhostVsock { cid } => [Some(("cid", Fact::Number(cid))), None, None],
            Self::File { path, readonly, direct } => {
                [Some(name("path", path)), Some(switch("readonly", readonly)), Some(switch("direct", direct))]
            }
            Self::UnixListen { path } | Self::UnixConnect { path } => [Some(name("path", path)), None, None],
            Self::Memfd { size, hugetlb, seal } => [
                Some(("size", Fact::Number(size))),
                Some(switch("hugetlb", hugetlb)),
                Some(switch("seal", seal)),
            ],
        };
        facts.into_iter().flatten()
    }

    /// Whether a device can have several of the kind, one a queue.
    pub const fn is_of_queue(&self) -> bool {
        match self {
            Self::Tap { .. } | Self::Macvtap { .. } | Self::Ipvtap { .. } | Self::VhostNet => true,
            Self::VhostVsock { .. }
            | Self::File { .. }
            | Self::UnixListen { .. }
            | Self::UnixConnect { .. }
            | Self::Memfd { .. } => false,
        }
    }

    /// The same source with its names and numbers in another form.
    pub fn map<'f, T, M>(
        &'f self,
        mut name: impl FnMut(&'f S) -> T,
        number: impl FnOnce(&'f N) -> M,
    ) -> FdSource<T, M> {
        match self {
            Self::Tap { ifname } => FdSource::Tap { ifname: ifname.as_ref().map(name) },
            Self::Macvtap { ifname } => FdSource::Macvtap { ifname: name(ifname) },
            Self::Ipvtap { ifname } => FdSource::Ipvtap { ifname: name(ifname) },
            Self::VhostNet => FdSource::VhostNet,
            Self::VhostVsock { cid } => FdSource::VhostVsock { cid: number(cid) },
            Self::File { path, readonly, direct } => {
                FdSource::File { path: name(path), readonly: *readonly, direct: *direct }
            }
            Self::UnixListen { path } => FdSource::UnixListen { path: name(path) },
            Self::UnixConnect { path } => FdSource::UnixConnect { path: name(path) },
            Self::Memfd { size, hugetlb, seal } => {
                FdSource::Memfd { size: number(size), hugetlb: *hugetlb, seal: *seal }
            }
        }
    }
}

/// A line of a plan's table of file descriptors. A [plan](super::Plan::fds) gives it with names that it lends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd<S = OsString> {
    /// The number under which QEMU finds it.
    pub number: u32,
    /// What to open.
    pub source: FdSource<S>,
    /// The id of the device that it is for.
    pub device: S,
    /// Which of the device's queues it is for, from 0.
    pub queue: u32,
}

packed! {
    enum FdSource<'a, S, N> {
        Tap { ifname },
        Macvtap { ifname },
        Ipvtap { ifname },
        VhostNet,
        VhostVsock { cid },
        File { path, readonly, direct },
        UnixListen { path },
        UnixConnect { path },
        Memfd { size, hugetlb, seal }
    }
    struct Fd<'a, S> { number, source, device, queue }
}

impl<S> Fd<S> {
    /// The same line with its names in another form.
    pub fn map<'f, T>(&'f self, mut name: impl FnMut(&'f S) -> T) -> Fd<T> {
        let Self { number, source, device, queue } = self;
        Fd {
            number: *number,
            source: source.map(&mut name, |number| *number),
            device: name(device),
            queue: *queue,
        }
    }
}

impl<S: AsRef<OsStr>> Fd<S> {
    /// The name under which a caller can hand over an open one in its place: `DEVICE.QUEUE`, such as `net0.0`. What
    /// vhost-net has for that queue is `net0.vhost0`.
    pub fn name(&self) -> String {
        let beside = if matches!(self.source, FdSource::VhostNet) { "vhost" } else { "" };
        format!("{}.{beside}{}", self.device.as_ref().display(), self.queue)
    }
}

impl From<Fd<&OsStr>> for Fd {
    fn from(line: Fd<&OsStr>) -> Self {
        line.map(|name| (*name).to_owned())
    }
}
