//! File descriptors of this process.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, fcntl_dupfd_cloexec};

/// The same open file under a number above `above`.
pub(crate) fn move_above(fd: OwnedFd, above: RawFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > above {
        return Ok(fd);
    }
    match fcntl_dupfd_cloexec(&fd, above.saturating_add(1)) {
        // The numbers to choose from begin beyond the limit: it is as if none of them were free.
        Err(Errno::INVAL) => Err(Errno::MFILE.into()),
        moved => Ok(moved?),
    }
}

/// One that this process keeps for a guest. Where the program has closed its standard input or output, it doesn't take their
/// place: what the program prints is not meant for it.
pub(crate) fn kept<T: Into<OwnedFd> + From<OwnedFd>>(fd: T) -> io::Result<T> {
    Ok(move_above(fd.into(), 2)?.into())
}

/// Whether there is something to read: of a pidfd, that the process has ended.
pub(crate) fn is_ready(fd: impl AsFd) -> bool {
    matches!(poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&Timespec::default())), Ok(1..))
}
