//! File descriptors that this process was started with.
//!
//! **A number from outside is taken only without CLOEXEC.** What Rust opens has it and what a process is started with
//! has not, so `inherited_fd` can be safe.
#![expect(unsafe_code, reason = "a number that came by the command line or the environment has no owner yet")]

use std::env::{self, VarError};
use std::error::Error;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};
use std::{fmt, io};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

use crate::host::reason;

/// The variables by which systemd tells what it passes, in the order: for which process, how many, their names; and once
/// more for which process, by the number of its pidfd.
pub(crate) const LISTEN_VARIABLES: [&str; 4] =
    ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"];

/// The number of the first that systemd passes.
const LISTEN_FDS_START: RawFd = 3;

/// A file descriptor with which this process was started can't be taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum InheritedFdError {
    /// Nothing is open under the number.
    Closed {
        /// The number.
        number: RawFd,
        /// The kernel's reason.
        source: io::Error,
    },
    /// It is standard input, output or error, which QEMU gets otherwise ([`Spawn::stdin`](crate::Spawn::stdin)).
    Standard {
        /// The number.
        number: RawFd,
    },
    /// It is closed on exec: so this process was not started with it, but opened it itself, or has taken it already.
    Own {
        /// The number.
        number: RawFd,
    },
    /// One of systemd's variables is not what it should be.
    Variable {
        /// The variable.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

impl Error for InheritedFdError {}

impl fmt::Display for InheritedFdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { number, source } => write!(
                f,
                "file descriptor {number}: {}: it must be open when this program is started (in a shell: `{number}<>FILE`)",
                reason(source)
            ),
            Self::Standard { number } => {
                write!(f, "file descriptor {number} is standard input, output or error: pass another number")
            }
            Self::Own { number } => {
                write!(f, "file descriptor {number} was not passed to this program, or is asked for twice")
            }
            Self::Variable { name, expected } => {
                write!(f, "the environment variable `{name}` must be {expected}")
            }
        }
    }
}

/// Takes a file descriptor with which this process was started, to [hand it over](crate::Spawn::fd).
///
/// What Rust opens is closed on exec, and what a process is started with is not: only what lacks that flag is taken,
/// and gets it. So nothing can be taken that a part of this program owns, unless that cleared the flag.
///
/// # Errors
///
/// Where nothing is open under the number, where it is standard input, output or error, and where it is closed on exec.
pub fn inherited_fd(number: RawFd) -> Result<OwnedFd, InheritedFdError> {
    let closed = |error: rustix::io::Errno| InheritedFdError::Closed { number, source: error.into() };
    if (0..3).contains(&number) {
        return Err(InheritedFdError::Standard { number });
    }
    if number < 0 {
        return Err(closed(rustix::io::Errno::BADF));
    }
    // Between the look at the flag and its change, nobody else is to take it.
    static TAKING: Mutex<()> = Mutex::new(());
    let _turn = TAKING.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: it is borrowed for these two calls only, which do nothing where it is not open.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    if fcntl_getfd(fd).map_err(closed)?.contains(FdFlags::CLOEXEC) {
        return Err(InheritedFdError::Own { number });
    }
    fcntl_setfd(fd, FdFlags::CLOEXEC).map_err(closed)?;
    // SAFETY: it is open, and nothing in this process owns it: it would be closed on exec.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// What systemd passes to this process, with the names.
pub(crate) fn listen_fds() -> Result<Vec<(String, OwnedFd)>, InheritedFdError> {
    let [pid, count, names, _] = LISTEN_VARIABLES.map(env::var);
    // They may be meant for the process that started this one.
    if pid.ok().and_then(|pid| pid.parse().ok()) != Some(std::process::id()) {
        return Ok(Vec::new());
    }
    listed(count, names)?.into_iter().map(|(name, number)| Ok((name, inherited_fd(number)?))).collect()
}

/// The names and numbers that the variables tell.
fn listed(
    count: Result<String, VarError>,
    names: Result<String, VarError>,
) -> Result<Vec<(String, RawFd)>, InheritedFdError> {
    let [_, count_variable, names_variable, _] = LISTEN_VARIABLES;
    let wrong = |name, expected| Err(InheritedFdError::Variable { name, expected });
    let count = match count.map(|count| count.parse::<u16>()) {
        Err(VarError::NotPresent) => 0,
        Ok(Ok(count)) => usize::from(count),
        Ok(Err(_)) | Err(VarError::NotUnicode(_)) => return wrong(count_variable, "a number"),
    };
    let names = match &names {
        Ok(names) => names.split(':').filter(|_| count > 0).map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    };
    if names.len() != count {
        return wrong(
            names_variable,
            "a name for each file descriptor, such as `net0.0` (in systemd's unit: `FileDescriptorName=`), with `:` \
             between them",
        );
    }
    Ok(names.into_iter().zip(LISTEN_FDS_START..).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::env::VarError;

    use super::{inherited_fd, listed};

    #[test]
    fn each_has_its_name() {
        let read = |count: &str, names: &str| listed(Ok(count.into()), Ok(names.into()));
        assert_eq!(read("2", "net0.0:qmp0.0").unwrap(), [("net0.0".into(), 3), ("qmp0.0".into(), 4)]);
        assert_eq!(read("0", "").unwrap(), []);
        for (count, names) in [("1", "a:b"), ("2", "a"), ("x", "a"), ("-1", "a"), ("", "")] {
            assert!(
                read(count, names)
                    .unwrap_err()
                    .to_string()
                    .starts_with("the environment variable `LISTEN_FD")
            );
        }
        assert!(listed(Ok("1".into()), Err(VarError::NotPresent)).is_err());
        assert_eq!(listed(Err(VarError::NotPresent), Err(VarError::NotPresent)).unwrap(), []);
    }

    #[test]
    fn what_this_process_opened_is_not_taken() {
        use std::os::fd::AsRawFd;
        let own = std::fs::File::open("/dev/null").unwrap();
        let number = own.as_raw_fd();
        assert_eq!(
            inherited_fd(number).unwrap_err().to_string(),
            format!("file descriptor {number} was not passed to this program, or is asked for twice")
        );
        for number in [-1, i32::MAX] {
            assert!(inherited_fd(number).unwrap_err().to_string().contains(": Bad file descriptor: "));
        }
        assert!(inherited_fd(2).unwrap_err().to_string().contains("standard"));
    }
}
