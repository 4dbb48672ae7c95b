//! Standard output and standard error.

use std::io::{self, Write};

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
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes one line about the program itself to standard error.
pub(crate) fn complain(message: &str) {
    report(&format!("qemu-dslc: {}\n", printable(message)));
}
