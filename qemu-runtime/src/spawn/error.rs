//! Why a guest could not be started.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use super::firmware::FirmwareError;
use super::preflight::PathError;
use crate::fd::{FdError, TableError};
use crate::host::reason;
use crate::plan::Plan;
use crate::process::Step;
use crate::qmp::QmpError;
use crate::rejection::Rejection;
use crate::supervisor::Exit;

/// A guest could not be started. Nothing of it is left: no process, and no open file descriptor. There is one exception, a
/// daemon whose [file](Self::PidFile) was tampered with.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// The program has no `/` in its name and is in no folder of `PATH`. An empty entry there, which elsewhere is the working
    /// directory, is none.
    NotFound {
        /// The program, as the plan names it.
        program: OsString,
        /// The `PATH` that was searched.
        path: OsString,
    },
    /// The program can't be executed.
    Exec {
        /// Where it is.
        program: PathBuf,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The program's file gives whoever executes it rights that they don't have (set-user-ID, set-group-ID, capabilities), or
    /// this process has some that aren't its real user's: its effective user or group is another.
    /// The kernel binds no such process to its parent: it would outlive this one. It may be started
    /// [detached](crate::Spawn::detached), and QEMU from 11.1 on where it [sees to its end itself](crate::Spawn::exit_with_parent).
    Privileged {
        /// Where it is.
        program: PathBuf,
    },
    /// A file descriptor of the plan's table can't be opened.
    Fd(Box<FdError>),
    /// The plan's table gives a file descriptor a number that it can't have: one below 3 or too large, or one that
    /// doesn't come after the number before. The compiler makes no such table.
    FdNumber {
        /// The number.
        number: u32,
    },
    /// A file descriptor was [handed over](crate::Spawn::fd) under a name that not exactly one line of the plan's table
    /// has.
    FdName {
        /// The name.
        name: String,
        /// How many lines have it: none, or several where devices of different sorts have one id.
        lines: usize,
        /// The names of the table's lines.
        known: Vec<String>,
    },
    /// Two file descriptors were [handed over](crate::Spawn::fd) under one name.
    FdTwice {
        /// The name.
        name: String,
    },
    /// The plan goes to the background (`daemonize`), and was not to be started [detached](crate::Spawn::detached).
    Daemonizes,
    /// The plan goes to the background (`daemonize`), which its [sandbox](crate::Sandbox) denies to QEMU from 6.0 on: that
    /// takes [`allow_spawn`](crate::Sandbox::allow_spawn) and
    /// [`allow_elevate_privileges`](crate::Sandbox::allow_elevate_privileges).
    DaemonSandbox,
    /// What was to go to the background has not got there: it ended with an error, or somebody else killed it.
    Daemon {
        /// How it ended, and what it wrote to standard error.
        exit: Box<Exit>,
    },
    /// What was to go to the background was not ready there [in time](crate::Spawn::daemon_timeout), and was killed for that,
    /// together with what it had started.
    DaemonTimeout {
        /// How long it had.
        timeout: Duration,
        /// What it wrote to standard error.
        exit: Box<Exit>,
    },
    /// Another process has the file in which what goes to the background is to leave its number (`-pidfile`): as a rule a
    /// guest of the same plan. It is left alone.
    PidFileLocked {
        /// The file.
        path: PathBuf,
        /// Its process, unless it belongs to another namespace.
        pid: Option<u32>,
    },
    /// The file in which what goes to the background leaves its number can't be read, or doesn't say it. Where that shows
    /// only when it is there, as somebody has removed or replaced the file meanwhile, it runs on.
    PidFile {
        /// The file.
        path: PathBuf,
        /// The kernel's reason, or what is wrong with it.
        source: io::Error,
    },
    /// An argument, a variable or a path contains a zero byte, which the kernel takes for its end.
    Nul {
        /// The text.
        text: OsString,
    },
    /// The [user](crate::Spawn::user), or one of its groups, is `u32::MAX`, which the kernel takes for "unchanged": QEMU would
    /// keep this process's.
    NoId {
        /// What it is: `user` or `group`.
        what: &'static str,
    },
    /// What is at a path that an argument names is not what QEMU needs there, and would not survive it: for a socket a file
    /// that is none, or one on which somebody listens; for huge pages a folder without them.
    Path(Box<PathError>),
    /// The host has no firmware for the plan, which leaves it to the host.
    Firmware(Box<FirmwareError>),
    /// The working directory can't be entered.
    CurrentDir {
        /// The directory.
        path: PathBuf,
        /// The kernel's reason.
        source: io::Error,
    },
    /// What is to bound it can't be opened, or is something else.
    Bound {
        /// What it is: `control group` or `network namespace`.
        what: &'static str,
        /// The file, or its folder.
        path: PathBuf,
        /// The kernel's reason, or what is wrong with it.
        source: io::Error,
    },
    /// Standard input, output or error can't be set up.
    Stdio {
        /// Which of them: `standard input`, `standard output` or `standard error`.
        stream: &'static str,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The kernel refused one of the steps to a new process.
    System {
        /// What was being done.
        action: &'static str,
        /// The kernel's reason.
        source: io::Error,
    },
}

impl SpawnError {
    /// The kernel's reason, where it was the kernel that refused.
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Fd(error) => error.problem.io_error(),
            Self::Path(error) => error.source.as_ref(),
            Self::Firmware(error) => match &**error {
                FirmwareError::Vars { source, .. } => Some(source),
                FirmwareError::NotFound { .. } | FirmwareError::NoTemplate { .. } => None,
            },
            Self::Exec { source, .. }
            | Self::CurrentDir { source, .. }
            | Self::PidFile { source, .. }
            | Self::Bound { source, .. }
            | Self::Stdio { source, .. }
            | Self::System { source, .. } => Some(source),
            Self::NotFound { .. }
            | Self::Privileged { .. }
            | Self::Daemonizes
            | Self::DaemonSandbox
            | Self::Daemon { .. }
            | Self::DaemonTimeout { .. }
            | Self::PidFileLocked { .. }
            | Self::FdNumber { .. }
            | Self::FdName { .. }
            | Self::FdTwice { .. }
            | Self::Nul { .. }
            | Self::NoId { .. } => None,
        }
    }
}

impl From<TableError> for SpawnError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Fd(error) => Self::Fd(error),
            TableError::Name { name, lines, known } => Self::FdName { name, lines, known },
            TableError::Twice { name } => Self::FdTwice { name },
            TableError::Namespace(source) => Self::System { action: Step::NetworkNamespace.action(), source },
            TableError::Thread(source) => Self::System { action: "starting a thread", source },
        }
    }
}

impl From<FirmwareError> for SpawnError {
    fn from(error: FirmwareError) -> Self {
        Self::Firmware(Box::new(error))
    }
}

/// How many names an error lists.
const SHOWN: usize = 20;

impl Error for SpawnError {}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { program, path } => write!(
                f,
                "`{}` is in no folder of PATH ({}): install it (Debian has QEMU for PCs in `qemu-system-x86`), or name \
                 its path",
                program.display(),
                path.display(),
            ),
            Self::Exec { program, source } => {
                write!(f, "{}: {}", program.display(), reason(source))?;
                match source.raw_os_error() {
                    Some(libc::EACCES) => {
                        f.write_str(": it must be a file that this user may execute (`chmod +x`)")
                    }
                    // Both also come where the file is there and what the kernel needs to run it is not.
                    Some(libc::ENOENT) => {
                        f.write_str(": there is no such file, or not what its first line asks for")
                    }
                    Some(libc::ENOEXEC) => f.write_str(": it is no program for this machine"),
                    _ => Ok(()),
                }
            }
            Self::Privileged { program } => write!(
                f,
                "{} would have rights that its user hasn't (set-user-ID, set-group-ID, capabilities, or another effective \
                 user here), and the kernel doesn't end such a process with its parent: take them away (`setcap -r`, \
                 `chmod ug-s`) and let the plan open what it needs them for, or start it detached",
                program.display(),
            ),
            Self::Fd(error) => error.fmt(f),
            Self::Path(error) => error.fmt(f),
            Self::Firmware(error) => error.fmt(f),
            Self::FdNumber { number } => {
                write!(f, "the table's numbers of file descriptors must rise from 3: {number} doesn't")
            }
            Self::FdName { name, lines: 0, known } => {
                write!(f, "no file descriptor is called `{name}`: ")?;
                match known.as_slice() {
                    [] => f.write_str("there is none: `mq=1` gives a tap one, and the flag `fd` what has it"),
                    known => {
                        let shown: Vec<_> = known.iter().take(SHOWN).map(String::as_str).collect();
                        write!(f, "there is {}", shown.join(", "))?;
                        match known.len().saturating_sub(SHOWN) {
                            0 => Ok(()),
                            more => write!(f, ", and {more} more"),
                        }
                    }
                }
            }
            Self::FdName { name, lines, .. } => write!(
                f,
                "{lines} file descriptors are called `{name}`: give their devices different ids"
            ),
            Self::FdTwice { name } => write!(f, "two file descriptors were handed over as `{name}`"),
            Self::Daemonizes => f.write_str(
                "the plan goes to the background (`daemonize`), where nothing binds it to this process: start it detached, or \
                 leave that out",
            ),
            Self::DaemonSandbox => f.write_str(
                "the sandbox keeps QEMU from going to the background (`daemonize`): allow it both to spawn \
                 (`spawn=allow`) and to elevate privileges (`elevateprivileges=allow`), or leave `daemonize` out",
            ),
            Self::Daemon { exit } => write!(f, "QEMU has not gone to the background: {exit}"),
            Self::DaemonTimeout { timeout, exit } => {
                write!(f, "QEMU was not ready in the background within {timeout:?}, and was killed for that")?;
                match exit.stderr_text().trim_end() {
                    "" => Ok(()),
                    text => write!(f, ": {text}"),
                }
            }
            Self::PidFileLocked { path, pid } => {
                let holder = pid.map_or("a process of another namespace".to_owned(), |pid| format!("process {pid}"));
                write!(
                    f,
                    "pid file {}: it is locked by {holder}, which runs with it: end that first, or name another file",
                    path.display(),
                )
            }
            Self::PidFile { path, source } => write!(f, "pid file {}: {}", path.display(), reason(source)),
            Self::Nul { text } => write!(f, "{text:?} contains a zero byte"),
            Self::NoId { what } => write!(
                f,
                "{} (-1) is no {what}'s number: the kernel would leave QEMU this process's {what}: name another",
                u32::MAX,
            ),
            Self::CurrentDir { path, source } => {
                write!(f, "working directory {}: {}", path.display(), reason(source))
            }
            Self::Bound { what, path, source } => {
                write!(f, "{what} {}: {}{}", path.display(), reason(source), cure(source))
            }
            Self::Stdio { stream, source } => write!(f, "{stream}: {}{}", reason(source), cure(source)),
            Self::System { action, source } => {
                write!(f, "{action}: {}{}", reason(source), cure(source))?;
                match (source.raw_os_error(), needed(action)) {
                    (Some(libc::EPERM), Some(capability)) => write!(f, ": it takes {capability}"),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// A guest could not be [started](crate::Guest::start). Nothing of it is left: no process, and no open file
/// descriptor.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// It could not be spawned.
    Spawn(SpawnError),
    /// QEMU rejected an argument.
    Rejected {
        /// Which, where the source says so, and why.
        rejection: Box<Rejection>,
        /// [`QmpError::exit`] says how QEMU ended.
        error: QmpError,
    },
    /// It ran, and didn't get as far as its greeting, for another reason. [`QmpError::exit`] says how QEMU ended, where it
    /// did.
    Qmp(QmpError),
}

impl StartError {
    /// Why a guest of this plan has not greeted.
    pub(crate) fn of(error: QmpError, plan: &Plan) -> Self {
        match error.exit().and_then(|exit| exit.rejection(plan)) {
            Some(rejection) => Self::Rejected { rejection: Box::new(rejection), error },
            None => Self::Qmp(error),
        }
    }
}

impl Error for StartError {}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spawn(error) => error.fmt(f),
            Self::Rejected { rejection, .. } => rejection.fmt(f),
            Self::Qmp(error) => error.fmt(f),
        }
    }
}

/// What to do about an error that any step may have.
fn cure(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOSYS) => ": this needs Linux 5.4 or later",
        Some(libc::EMFILE) => ": raise the limit of open files (`ulimit -n`)",
        _ => "",
    }
}

/// The capability without which the kernel refuses a step.
fn needed(action: &str) -> Option<&'static str> {
    let needs = [
        (Step::User, "CAP_SETUID and CAP_SETGID"),
        (Step::Limits, "CAP_SYS_RESOURCE to raise a limit"),
        (Step::NetworkNamespace, "CAP_SYS_ADMIN"),
        (Step::ParentDeath, "CAP_KILL to end what another user runs: start it detached, or as this user"),
    ];
    needs.iter().find(|(step, _)| step.action() == action).map(|(_, capability)| *capability)
}
