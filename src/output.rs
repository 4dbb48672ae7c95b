//! Standard output and standard error.

use std::io::{self, Write as _};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::failure::{Failure, reason};
use crate::printable::printable;

/// Writes to standard output. Where nobody reads it any more (`qemu-dslc vm | head`), that is no failure: the reader
/// has had enough.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("standard output: {}", reason(&error))))
        }
        _ => Ok(()),
    }
}

/// Writes to standard error. Where that fails there is nobody left to tell.
pub(crate) fn report(text: &str) {
    let _ = pass_on(io::stderr(), text.as_bytes());
}

/// Writes all of it, also where the file doesn't wait: a QEMU on this terminal makes it so.
pub(crate) fn pass_on(to: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&to, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::AGAIN) => match poll(&mut [PollFd::new(&to, PollFlags::OUT)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            },
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Writes one line about the program itself to standard error.
pub(crate) fn complain(message: &str) {
    report(&format!("qemu-dslc: {}\n", printable(message)));
}
