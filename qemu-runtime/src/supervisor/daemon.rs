//! A QEMU that goes to the background (`-daemonize`): what was started ends as soon as that is ready, and leaves the
//! number of its process in a file.
//!
//! **A daemon is found by the lock on its pid file, one that isn't ready in time by parents and sessions.** The file
//! alone would not do: QEMU is in the background before it has the lock, and the lock may be another guest's, which is
//! why it is looked at before the spawn. A marker in the environment would need the right to trace, which another
//! user's process takes; `/proc/PID/stat` is for all to read. The chain is whole only while the launcher is there, so
//! all are stopped first.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::attendant::{Attended, Place};
use super::descendants;
use super::exit::{Exit, Observed};
use super::incoming::Incoming;
use super::shared::Shared;
use super::start::start;
use crate::Version;
use crate::confine::User;
use crate::host::Folder;
use crate::plan::Plan;
use crate::process::{Command, Process, Step};
use qemu_dsl::plan::arguments::value_of;

/// Whether QEMU goes to the background with a plan's arguments: the statement `daemonize`. Such a plan is started
/// [detached](crate::Spawn::detached).
pub fn daemonizes(plan: &Plan) -> bool {
    value_of(plan.args(), "daemonize").is_some()
}

/// Why there is no daemon.
pub(crate) enum DaemonFailure {
    /// It could not be started.
    Start(Step, io::Error),
    /// What was started has ended otherwise than it does when the daemon is ready.
    Ended(Exit),
    /// It was killed, with all that it had started, as it took too long.
    Late(Exit),
    /// It is ready, and the file doesn't say which process it is.
    Lost(PathBuf, io::Error),
}

/// Starts `command`, waits until it has gone to the background, and attends to it there.
///
/// It is nobody's child then: when it ends is seen, how it ended is not.
pub(crate) fn start_daemon(
    command: Command,
    incoming: Vec<Incoming>,
    pid_file: PidFile,
    patience: Duration,
) -> Result<Arc<Shared>, DaemonFailure> {
    let failed = |(step, error)| DaemonFailure::Start(step, error);
    let (launcher, thread) = start(command, incoming).map_err(failed)?;
    let deadline = Instant::now().checked_add(patience);
    let late = launcher.wait(deadline).is_none();
    let killed = late && descendants::kill(launcher.pid, &launcher.pidfd);
    let ended = launcher.wait(None).flatten();
    if let Some(thread) = thread {
        // Its panic would have been printed; there is nothing to add to it.
        let _ = thread.join();
    }
    let exit = || launcher.exit(ended, Observed::default());
    if killed {
        return Err(DaemonFailure::Late(exit()));
    }
    if ended.is_some_and(|status| !status.success()) {
        return Err(DaemonFailure::Ended(exit()));
    }
    let (pid, pidfd) = match pid_file.daemon() {
        Ok(found) => found,
        // Nothing but the file could tell that it got there.
        Err(_) if ended.is_none() => return Err(DaemonFailure::Ended(exit())),
        Err(error) => return Err(DaemonFailure::Lost(pid_file.into_path(), error)),
    };
    let process = Process { pid: pid.as_raw_nonzero().get().unsigned_abs(), pidfd };
    let shared = Arc::new(Shared::of_daemon(process, &launcher));
    // It has given up its standard error. The wait will say that it is nobody's child.
    let attended =
        Place::common().and_then(|place| place.take(Attended { shared: Arc::clone(&shared), stderr: None }));
    if let Err(error) = attended {
        let _ = pidfd_send_signal(&shared.pidfd, Signal::KILL);
        return Err(failed((Step::Attend, error)));
    }
    Ok(shared)
}

/// The file in which a daemon leaves its number, and which it keeps locked.
pub(crate) struct PidFile {
    path: PathBuf,
    /// Where it is ours. It goes with this: QEMU doesn't mind.
    _folder: Option<Folder>,
}

impl PidFile {
    /// That of the plan, or one of our own, with the arguments that say so.
    pub(crate) fn of(
        plan: &Plan,
        current_dir: Option<&Path>,
        user: Option<&User>,
    ) -> io::Result<(Self, Option<[OsString; 2]>)> {
        if let Some(path) = value_of(plan.args(), "pidfile").flatten() {
            let path = current_dir.map_or_else(|| PathBuf::from(path), |dir| dir.join(path));
            return Ok((Self { path, _folder: None }, None));
        }
        let folder = Folder::temporary()?;
        if let Some(User { uid, gid, .. }) = user {
            std::os::unix::fs::chown(folder.path(), Some(*uid), Some(*gid))?;
        }
        let path = folder.path().join("pid");
        let added = ["-pidfile".into(), path.clone().into()];
        Ok((Self { path, _folder: Some(folder) }, Some(added)))
    }

    /// Who has it locked already.
    pub(crate) fn holder(&self) -> io::Result<Option<Holder>> {
        match self.open() {
            Ok(file) => locked_by(&file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Who has left its number there, as what refers to it: never another that has the number now.
    pub(crate) fn daemon(&self) -> io::Result<(Pid, OwnedFd)> {
        let gone = || io::Error::other("what went to the background has ended at once");
        let unseen = || io::Error::other("it is locked by a process that is not seen from here");
        let file = self.open()?;
        let holder = locked_by(&file)?.ok_or_else(gone)?;
        let pid = holder.0.ok_or_else(unseen)?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        // It had the number before that was opened, and has it still.
        if locked_by(&file)? != Some(holder) {
            return Err(gone());
        }
        Ok((pid, pidfd))
    }

    /// Without waiting: a pipe in its place would hold that up.
    fn open(&self) -> io::Result<File> {
        File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(&self.path)
    }

    pub(crate) fn into_path(self) -> PathBuf {
        self.path
    }
}

/// Who has locked a file. It has no number where it belongs to another namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder(Option<Pid>);

impl Holder {
    pub(crate) fn id(self) -> Option<u32> {
        self.0.map(|pid| pid.as_raw_nonzero().get().unsigned_abs())
    }
}

fn locked_by(file: &File) -> io::Result<Option<Holder>> {
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_GETLK(&mut lock))?;
    if lock.l_type == libc::F_UNLCK as libc::c_short {
        return Ok(None);
    }
    // A lock that is a file descriptor's has -1.
    Ok(Some(Holder(Pid::from_raw(lock.l_pid.max(0)))))
}

/// From here on QEMU filters its system calls before it goes to the background; 5.2 does so behind that.
const FILTERS_FIRST: Version = Version::new(6, 0);

/// Whether QEMU can't go to the background, as a filter of system calls denies what that takes: the plan's, or what is added
/// as `-sandbox`.
pub(crate) fn is_kept(plan: &Plan, added: Option<&str>) -> bool {
    let plans = value_of(plan.args(), "sandbox").flatten();
    let denied = [plans, added.map(OsStr::new)].into_iter().flatten().any(denies_daemons);
    denied && plan.target().is_none_or(|target| target.version >= FILTERS_FIRST)
}

fn denies_daemons(sandbox: &OsStr) -> bool {
    let parts: Vec<_> = sandbox.as_bytes().split(|byte| *byte == b',').collect();
    let has = |part: &str| parts.contains(&part.as_bytes());
    let needed = ["spawn=deny", "elevateprivileges=deny", "elevateprivileges=children"];
    needed.into_iter().any(has) && !has("off") && !has("enable=off")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::path::Path;

    use super::{PidFile, daemonizes, is_kept};
    use crate::{Plan, Sandbox};

    fn plan(args: &[&str]) -> Plan {
        Plan::new("qemu", args.iter().copied(), vec![])
    }

    #[test]
    fn options_have_one_dash_or_two() {
        assert!(daemonizes(&plan(&["-daemonize"])));
        assert!(daemonizes(&plan(&["--daemonize", "-S"])));
        assert!(!daemonizes(&plan(&["daemonize", "---daemonize"])));
    }

    #[test]
    fn a_file_of_the_plans_is_used_and_otherwise_one_is_made() {
        let dir = Some(Path::new("/dir"));
        let (file, added) = PidFile::of(&plan(&["-pidfile", "pid"]), dir, None).unwrap();
        assert_eq!((file.path.as_path(), added), (Path::new("/dir/pid"), None));
        let twice = plan(&["-pidfile", "pid", "--pidfile", "last"]);
        assert_eq!(PidFile::of(&twice, dir, None).unwrap().0.path, Path::new("/dir/last"));
        let (file, added) = PidFile::of(&plan(&[]), dir, None).unwrap();
        assert_eq!(added, Some(["-pidfile".into(), file.path.clone().into()]));
        assert!(file.path.parent().unwrap().exists());
    }

    #[test]
    fn a_sandbox_must_allow_to_start_a_process_and_to_change_its_rights() {
        let kept = |sandbox: &str| is_kept(&plan(&["-sandbox", sandbox]), None);
        assert!(kept("on,spawn=deny"));
        assert!(kept("enable=on,elevateprivileges=children"));
        assert!(!kept("on"));
        assert!(!kept("off,spawn=deny"));
        let added = |sandbox: Sandbox| is_kept(&plan(&["-sandbox", "on"]), Some(&sandbox.arg()));
        assert!(added(Sandbox::new()));
        assert!(added(Sandbox::new().allow_spawn()));
        assert!(added(Sandbox::new().allow_elevate_privileges()));
        assert!(!added(Sandbox::new().allow_spawn().allow_elevate_privileges()));
    }
}
