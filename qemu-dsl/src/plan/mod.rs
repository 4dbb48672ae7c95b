//! What a compiled VM is: a [`Template`], and the [`Plan`] that it becomes.
//!
//! A template holds QEMU's arguments in pieces: text, and slots for what is numbered late (file descriptors and
//! generated ids), so that fragments can be joined. A plan is complete: final arguments and a table of file
//! descriptors. It can be `static` data, and knows no template: whatever `vm!` compiles costs nothing at run time, and as
//! little as can be to build. A [`Fragment`] is devices for a guest that runs: commands in place of arguments.
//!
//! These types depend on nothing. They know no language and no QEMU, they open nothing and start nothing.

mod arch;
pub mod arguments;
mod blank;
mod escape;
mod fragment;
mod json;
mod mac;
pub mod optlist;
mod os_text;
mod span;
mod target;
mod template;
mod version;

pub use arch::Arch;
pub use blank::{Number, Show, When};
pub use fragment::{Action, Filling, Fragment, Step};
pub use json::{Json, JsonType, Member};
pub use mac::Mac;
pub use os_text::OsText;
pub use span::Span;
pub use target::{Target, TargetSpec};
pub(crate) use template::Filled;
pub use template::{Arg, FdSlot, GeneratedId, Piece, Place, Template, Text};
pub use version::Version;

use std::borrow::Cow;
use std::ffi::OsStr;

/// The number of the first file descriptor in a plan's table: the one behind standard input, output and error.
pub const FIRST_FD: u32 = 3;

/// What a file descriptor refers to. `S` is the form of the names in it, `N` that of numbers: final in a [`Plan`], in pieces
/// in a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub fn map<T, M>(&self, mut name: impl FnMut(&S) -> T, number: impl FnOnce(&N) -> M) -> FdSource<T, M> {
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

/// A line of a plan's table of file descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fd {
    /// The number under which QEMU finds it.
    pub number: u32,
    /// What to open.
    pub source: FdSource<OsText>,
    /// The id of the device that it is for.
    pub device: OsText,
    /// Which of the device's queues it is for, from 0.
    pub queue: u32,
}

impl Fd {
    /// The name under which a caller can hand over an open one in its place: `DEVICE.QUEUE`, such as `net0.0`. What
    /// vhost-net has for that queue is `net0.vhost0`.
    pub fn name(&self) -> String {
        let beside = if matches!(self.source, FdSource::VhostNet) { "vhost" } else { "" };
        format!("{}.{beside}{}", self.device.as_os_str().display(), self.queue)
    }
}

/// Final arguments and file descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The program.
    pub program: OsText,
    /// Its arguments, without the program's name.
    pub args: Cow<'static, [OsText]>,
    /// The file descriptors that it needs beside standard input, output and error, by rising number.
    pub fds: Cow<'static, [Fd]>,
}

/// Where the arguments of a compiled VM come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The version of QEMU that they are for.
    pub target: Target,
    /// Where the source says what became each of them.
    pub spans: Cow<'static, [Span]>,
    /// The same by line and column, in the order of the spans.
    pub places: Cow<'static, [Place]>,
}

/// A virtual machine that is ready to be run: a program, its arguments, its file descriptors.
///
/// It comes from the compiler, from `vm!`, or, for arguments of one's own, from [`Plan::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    origin: Option<Cow<'static, Origin>>,
    rendered: Cow<'static, Rendered>,
}

impl Plan {
    /// A plan of arguments of one's own, which no compiler has seen.
    pub fn new(
        program: impl Into<OsText>,
        args: impl IntoIterator<Item = impl Into<OsText>>,
        fds: Vec<Fd>,
    ) -> Self {
        Self {
            origin: None,
            rendered: Cow::Owned(Rendered {
                program: program.into(),
                args: args.into_iter().map(Into::into).collect(),
                fds: Cow::Owned(fds),
            }),
        }
    }

    /// The plan of a template.
    pub fn of(template: Template) -> Self {
        let rendered = template.render();
        Self { origin: Some(Cow::Owned(template.origin())), rendered: Cow::Owned(rendered) }
    }

    /// The plan of a template whose values are there.
    pub(crate) fn filled(template: &Template, filled: &Filled<'_>) -> Self {
        let there = template.args.iter().filter(|arg| filled.is_there(arg.when));
        let spans = there.map(|arg| arg.span).collect();
        let origin = Origin { target: template.target, spans, places: template.places.clone() };
        Self { origin: Some(Cow::Owned(origin)), rendered: Cow::Owned(template.fill(filled)) }
    }

    /// The plan of a template that was compiled, and rendered, at build time.
    pub const fn of_static(origin: &'static Origin, rendered: &'static Rendered) -> Self {
        Self { origin: Some(Cow::Borrowed(origin)), rendered: Cow::Borrowed(rendered) }
    }

    /// Adds arguments behind the others. They come from nowhere in the source.
    #[must_use]
    pub fn with_args(mut self, args: impl IntoIterator<Item = impl Into<OsText>>) -> Self {
        self.rendered.to_mut().args.to_mut().extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds lines to the table of file descriptors. Their numbers are the next ones, whatever they say.
    ///
    /// ```
    /// use qemu_dsl::plan::{Fd, FdSource, Plan};
    ///
    /// let vhost = |queue| Fd { number: 0, source: FdSource::VhostNet, device: "net0".into(), queue };
    /// let plan = Plan::new("qemu-system-x86_64", ["-S"], vec![]).with_fds([vhost(0)]).with_fds([vhost(1)]);
    /// assert_eq!(plan.fds().iter().map(|fd| fd.number).collect::<Vec<_>>(), [3, 4]);
    /// ```
    #[must_use]
    pub fn with_fds(mut self, fds: impl IntoIterator<Item = Fd>) -> Self {
        let table = self.rendered.to_mut().fds.to_mut();
        let next = table.last().map_or(FIRST_FD, |fd| fd.number + 1);
        table.extend(fds.into_iter().zip(next..).map(|(fd, number)| Fd { number, ..fd }));
        self
    }

    /// The program to run: a path, or a name to be found by `PATH`.
    pub fn program(&self) -> &OsStr {
        self.rendered.program.as_os_str()
    }

    /// The program's arguments, without its own name.
    pub fn args(&self) -> impl ExactSizeIterator<Item = &OsStr> + Clone {
        self.rendered.args.iter().map(OsText::as_os_str)
    }

    /// The file descriptors that the program needs, by rising number from [`FIRST_FD`].
    pub fn fds(&self) -> &[Fd] {
        &self.rendered.fds
    }

    /// The version of QEMU that the arguments are for. Unknown for a plan of [`Plan::new`].
    pub fn target(&self) -> Option<Target> {
        self.origin.as_ref().map(|origin| origin.target)
    }

    /// Where the source says what became the argument at `index`.
    pub fn arg_span(&self, index: usize) -> Option<Span> {
        self.origin.as_ref()?.spans.get(index).copied()
    }

    /// The same by line and column: in the source code of the program for what `vm!` has compiled, in the text for what
    /// the program has.
    pub fn arg_place(&self, index: usize) -> Option<&Place> {
        Place::find(&self.origin.as_ref()?.places, self.arg_span(index)?)
    }
}
