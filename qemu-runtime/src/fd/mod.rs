//! Opens what a plan's table of file descriptors names.

mod error;
mod handed;
mod inherited;
mod interface;
mod macvtap;
mod tap;

pub use error::{FdError, FdProblem};
pub(crate) use handed::assign;
pub use inherited::{InheritedFdError, inherited_fd};
pub(crate) use inherited::{LISTEN_VARIABLES, listen_fds};

use std::fs::{File, OpenOptions};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::{ffi::OsStr, io};

use rustix::io::fcntl_dupfd_cloexec;

use crate::HostPaths;
use crate::plan::{Fd, FdSource};

/// Opens the table: all of it, or nothing. What is `handed` over for a line takes the place of what it names. What is
/// returned stands in the table's order, is closed on exec, and lies above the number `above`, so that the child can
/// give each its number without overwriting another.
pub(crate) fn open_table(
    table: &[Fd],
    handed: Vec<Option<OwnedFd>>,
    paths: &HostPaths,
    above: RawFd,
) -> Result<Vec<OwnedFd>, Box<FdError>> {
    let mut taps = tap::Taps::new(table, &paths.tun);
    let place = |opened| {
        move_above(opened, above).map_err(|source| FdProblem::Place { above: above.unsigned_abs(), source })
    };
    table
        .iter()
        .zip(handed)
        .map(|(fd, handed)| {
            let opened = match handed {
                Some(handed) => handed::take(fd, handed, &mut taps),
                None => open(fd, &mut taps, paths),
            };
            opened.and_then(place).map_err(|problem| Box::new(FdError { fd: fd.clone(), problem }))
        })
        .collect()
}

/// The same open file under a number above `above`.
pub(crate) fn move_above(fd: OwnedFd, above: RawFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > above { Ok(fd) } else { Ok(fcntl_dupfd_cloexec(&fd, above.saturating_add(1))?) }
}

fn open<'a>(fd: &'a Fd, taps: &mut tap::Taps<'a>, paths: &HostPaths) -> Result<OwnedFd, FdProblem> {
    match &fd.source {
        FdSource::Tap { ifname } => {
            taps.open(fd.device.as_os_str(), ifname.as_ref().map(AsRef::<OsStr>::as_ref))
        }
        FdSource::Macvtap { ifname } | FdSource::Ipvtap { ifname } => {
            macvtap::open(ifname.as_os_str(), fd.source.kind(), &paths.tap_dir)
        }
        FdSource::VhostNet => {
            open_device(&paths.vhost_net, "load its module (`modprobe vhost_net`), or leave `vhost` out")
        }
        FdSource::File { path, readonly } => open_file(path.as_ref(), *readonly)
            .map_err(|source| FdProblem::Open { path: path.as_os_str().into(), cure: None, source }),
        // The plan's types may learn of sources before the runtime does.
        other => Err(FdProblem::Unknown { kind: other.kind() }),
    }
}

/// Opens a device node for reading and writing. `missing` is what to do where there is none.
fn open_device(path: &Path, missing: &'static str) -> Result<OwnedFd, FdProblem> {
    open_file(path, false).map_err(|source| {
        let cure = match source.kind() {
            io::ErrorKind::NotFound => Some(missing),
            io::ErrorKind::PermissionDenied => Some("this user needs to be allowed to read and write it"),
            // The node stands there without a driver behind it.
            _ if matches!(source.raw_os_error(), Some(libc::ENODEV | libc::ENXIO)) => Some(missing),
            _ => None,
        };
        FdProblem::Open { path: path.into(), cure, source }
    })
}

fn open_file(path: &Path, readonly: bool) -> io::Result<OwnedFd> {
    // A terminal that is handed to a guest is not to become the caller's.
    let mut options = OpenOptions::new();
    options.read(true).write(!readonly).custom_flags(libc::O_NOCTTY);
    options.open(path).map(File::into)
}
