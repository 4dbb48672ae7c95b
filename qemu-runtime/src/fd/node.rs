//! Files and device nodes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::FdProblem;

/// Opens a device node for reading and writing. `missing` is what to do where there is none.
pub(super) fn open_device(path: &Path, missing: &'static str) -> Result<OwnedFd, FdProblem> {
    open_file(path, false, 0).map_err(|source| {
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

pub(super) fn open_file(path: &Path, readonly: bool, flags: libc::c_int) -> io::Result<OwnedFd> {
    // A terminal that is handed to a guest is not to become the caller's.
    let mut options = OpenOptions::new();
    options.read(true).write(!readonly).custom_flags(libc::O_NOCTTY | flags);
    options.open(path).map(File::into)
}
