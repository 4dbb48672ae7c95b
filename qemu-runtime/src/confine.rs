//! What bounds QEMU beside its arguments: user, limits, namespace, control group, system calls.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid};
use rustix::fs::{Mode, OFlags, open, openat};

use crate::fd::is_network_namespace;
use crate::host::FileSystem;

/// The user as whom QEMU runs, with its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
}

impl User {
    /// A user and a group by number, without other groups. `u32::MAX` is nobody's number, which
    /// [a spawn refuses](crate::SpawnError::NoId): the kernel takes it for "unchanged".
    pub const fn new(uid: u32, gid: u32) -> Self {
        Self { uid, gid, groups: Vec::new() }
    }

    /// A user by name, with all its groups, as this host's databases have them.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is no such user, and where the databases can't be read.
    pub fn named(name: &str) -> io::Result<Self> {
        let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("there is no user `{name}`"));
        let user = nix::unistd::User::from_name(name)?.ok_or_else(unknown)?;
        let name = std::ffi::CString::new(name).map_err(|_| unknown())?;
        let groups = nix::unistd::getgrouplist(&name, user.gid)?;
        Ok(Self {
            uid: Uid::as_raw(user.uid),
            gid: Gid::as_raw(user.gid),
            groups: groups.into_iter().map(Gid::as_raw).collect(),
        })
    }

    /// The groups beside the first: those of `/dev/kvm` or of a disk, say.
    pub fn groups(mut self, groups: impl IntoIterator<Item = u32>) -> Self {
        self.groups = groups.into_iter().collect();
        self
    }

    /// What the number is that the kernel takes for none: QEMU would keep this process's user, or group.
    pub(crate) fn without_number(&self) -> Option<&'static str> {
        /// What the kernel's calls write as -1.
        const NONE: u32 = u32::MAX;

        match self {
            Self { uid: NONE, .. } => Some("user"),
            Self { gid: NONE, .. } => Some("group"),
            Self { groups, .. } => groups.contains(&NONE).then_some("group"),
        }
    }
}

/// What a process has a limit of (`setrlimit`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// Its address space, in bytes. QEMU's is the guest's RAM and a good deal more.
    AddressSpace,
    /// The memory dump that it leaves when it crashes, in bytes.
    Core,
    /// Processor time, in seconds.
    CpuTime,
    /// The files that it writes, in bytes each.
    FileSize,
    /// The memory that it locks, in bytes: `realtime mlock` locks all of it, and VFIO the guest's RAM.
    LockedMemory,
    /// Open files: more than the plan's table has.
    OpenFiles,
    /// The processes and threads of its user.
    Processes,
}

impl Resource {
    pub(crate) const fn raw(self) -> libc::__rlimit_resource_t {
        match self {
            Self::AddressSpace => libc::RLIMIT_AS,
            Self::Core => libc::RLIMIT_CORE,
            Self::CpuTime => libc::RLIMIT_CPU,
            Self::FileSize => libc::RLIMIT_FSIZE,
            Self::LockedMemory => libc::RLIMIT_MEMLOCK,
            Self::OpenFiles => libc::RLIMIT_NOFILE,
            Self::Processes => libc::RLIMIT_NPROC,
        }
    }
}

/// How much of a resource there may be. `None` is without bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The limit that holds.
    pub soft: Option<u64>,
    /// How far the process may raise it itself. To raise this one takes CAP_SYS_RESOURCE.
    pub hard: Option<u64>,
}

impl Limit {
    /// No limit.
    pub const NONE: Self = Self { soft: None, hard: None };

    /// A limit that the process can't raise.
    pub const fn of(amount: u64) -> Self {
        Self { soft: Some(amount), hard: Some(amount) }
    }

    /// As the kernel's `prlimit64` takes it on all machines.
    pub(crate) fn raw(self) -> [u64; 2] {
        [self.soft, self.hard].map(|amount| amount.unwrap_or(u64::MAX))
    }
}

/// QEMU's own filter of system calls (`-sandbox`): what it may still do. It takes a QEMU that was built with seccomp.
///
/// To go to the background (`daemonize`) takes [`allow_spawn`](Self::allow_spawn) and
/// [`allow_elevate_privileges`](Self::allow_elevate_privileges) from QEMU 6.0 on, which filters before it does so. A guest
/// that is started [detached](crate::Spawn::detached) without going there needs neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sandbox {
    obsolete: bool,
    elevate_privileges: bool,
    spawn: bool,
    resource_control: bool,
}

impl Sandbox {
    /// Nothing that can be denied.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets it call what libraries no longer do.
    pub const fn allow_obsolete(mut self) -> Self {
        self.obsolete = true;
        self
    }

    /// Lets it change its user and group, or execute what has the right to.
    pub const fn allow_elevate_privileges(mut self) -> Self {
        self.elevate_privileges = true;
        self
    }

    /// Lets it start programs: the scripts of a `netdev tap`, or a helper.
    pub const fn allow_spawn(mut self) -> Self {
        self.spawn = true;
        self
    }

    /// Lets it change where and when its threads run.
    pub const fn allow_resource_control(mut self) -> Self {
        self.resource_control = true;
        self
    }

    pub(crate) fn arg(self) -> String {
        let parts = [
            ("obsolete", self.obsolete),
            ("elevateprivileges", self.elevate_privileges),
            ("spawn", self.spawn),
            ("resourcecontrol", self.resource_control),
        ];
        parts.iter().fold("on".to_owned(), |arg, (name, allowed)| {
            arg + &format!(",{name}={}", if *allowed { "allow" } else { "deny" })
        })
    }
}

/// Opens a network namespace. Nothing else is opened: a pipe would be waited for, and a device may do something.
pub(crate) fn open_network_namespace(path: &Path) -> io::Result<OwnedFd> {
    let found = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    if FileSystem::Namespaces.has(&found)? {
        // That very one, whatever is at the path by now.
        let path = format!("/proc/self/fd/{}", found.as_raw_fd());
        let namespace = open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        if is_network_namespace(&namespace)? {
            return Ok(namespace);
        }
    }
    Err(invalid("it is no network namespace: `/run/netns/NAME` is one, and `/proc/PID/ns/net`"))
}

/// Opens what puts a process into a control group: the file `cgroup.procs` of its folder.
pub(crate) fn open_cgroup(folder: &Path) -> io::Result<OwnedFd> {
    let folder = open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    if !FileSystem::ControlGroups.has(&folder)? {
        return Err(invalid("it is no control group: its folder is one of those in `/sys/fs/cgroup`"));
    }
    if is_frozen(&folder) {
        return Err(invalid(
            "it is frozen, and QEMU would be before it executes: write 0 to its `cgroup.freeze`",
        ));
    }
    Ok(openat(folder, "cgroup.procs", OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?)
}

/// Whether a control group of version 2 is frozen.
fn is_frozen(folder: &OwnedFd) -> bool {
    let events = openat(folder, "cgroup.events", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    let events = events.map_err(io::Error::from).and_then(|events| io::read_to_string(File::from(events)));
    events.is_ok_and(|events| events.lines().any(|line| line == "frozen 1"))
}

fn invalid(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

/// All that the process itself is bound by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Confinement {
    pub(crate) user: Option<User>,
    pub(crate) limits: Vec<(Resource, Limit)>,
    pub(crate) network_namespace: Option<PathBuf>,
    pub(crate) cgroup: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::{Sandbox, User};

    #[test]
    fn a_sandbox_denies_all_that_it_is_not_told_to_allow() {
        assert_eq!(
            Sandbox::new().arg(),
            "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
        );
        assert_eq!(
            Sandbox::new().allow_spawn().allow_resource_control().arg(),
            "on,obsolete=deny,elevateprivileges=deny,spawn=allow,resourcecontrol=allow"
        );
    }

    #[test]
    fn a_number_that_is_none_is_found_wherever_it_stands() {
        assert_eq!(User::new(0, 0).groups([0, u32::MAX - 1]).without_number(), None);
        assert_eq!(User::new(u32::MAX, 1).without_number(), Some("user"));
        assert_eq!(User::new(1, u32::MAX).without_number(), Some("group"));
        assert_eq!(User::new(1, 1).groups([2, u32::MAX]).without_number(), Some("group"));
    }

    #[test]
    fn users_are_found_by_name() {
        let root = User::named("root").unwrap_or(User::new(1, 1));
        assert_eq!((root.uid, root.gid), (0, 0));
        let error = User::named("no such user").err().map(|error| error.kind());
        assert_eq!(error, Some(std::io::ErrorKind::NotFound));
    }
}
