//! A process to be started.

use std::ffi::CString;
use std::os::fd::{OwnedFd, RawFd};

use crate::confine::{Limit, Resource, User};
use crate::host::Texts;

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
pub(super) const UMASK: u32 = 0o022;

/// What a process is bound by. Its file descriptors, too, are above the numbers of the child's.
#[derive(Default)]
pub(crate) struct Bounds {
    /// The file `cgroup.procs` of the control group that it joins.
    pub(crate) cgroup: Option<OwnedFd>,
    pub(crate) network_namespace: Option<OwnedFd>,
    pub(crate) limits: Vec<(Resource, Limit)>,
    pub(crate) user: Option<User>,
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
    pub(super) const IN_CHILD: [Self; 11] = [
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
