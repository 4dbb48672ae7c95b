//! Images of disks.
//!
//! **A disk is opened without waiting**: a pipe in its place would hold up the spawn, or a guest's plug, until somebody
//! writes.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, OFlags, fcntl_setfl, fstat};

use super::FdProblem;
use super::error::NO_IMAGE;
use super::node::open_file;

/// What to do about a file that can't be read past the cache.
pub(super) const NO_DIRECT: &str = "its file system has no direct I/O: choose another `cache=`";

/// Opens a file or a block device.
pub(super) fn open(path: &Path, readonly: bool, direct: bool) -> Result<OwnedFd, FdProblem> {
    let problem = |cure| move |source| FdProblem::Open { path: path.into(), cure, source };
    let flags = if direct { libc::O_DIRECT } else { 0 };
    // A pipe would otherwise be waited for.
    let image = open_file(path, readonly, libc::O_NONBLOCK | flags)
        .map_err(|source| problem(cure(&source, readonly, direct))(source))?;
    if !is_image(&image).map_err(problem(None))? {
        return Err(FdProblem::NoImage { path: path.into() });
    }
    set_direct(&image, direct).map_err(problem(None))?;
    Ok(image)
}

fn cure(error: &io::Error, readonly: bool, direct: bool) -> Option<&'static str> {
    match error.raw_os_error()? {
        libc::ENOENT | libc::ENOTDIR => Some("correct the path, or make an image there (`qemu-img create`)"),
        libc::EACCES if readonly => {
            Some("this user needs to be allowed to read it, and to enter the folders that it is in")
        }
        libc::EACCES => Some(
            "this user needs to be allowed to read and write it (`readonly` spares the latter), and to enter the folders \
             that it is in",
        ),
        libc::EROFS => Some("its file system can only be read: make the disk `readonly`"),
        // A socket.
        libc::EISDIR | libc::ENXIO => Some(NO_IMAGE),
        libc::EINVAL if direct => Some(NO_DIRECT),
        _ => None,
    }
}

/// Whether it is a file or a block device.
pub(super) fn is_image(image: impl AsFd) -> io::Result<bool> {
    let sort = FileType::from_raw_mode(fstat(image)?.st_mode);
    Ok(matches!(sort, FileType::RegularFile | FileType::BlockDevice))
}

/// Has it read past the cache or not, and waited for as any file.
pub(super) fn set_direct(image: impl AsFd, direct: bool) -> io::Result<()> {
    Ok(fcntl_setfl(image, if direct { OFlags::DIRECT } else { OFlags::empty() })?)
}
