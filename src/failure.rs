//! What ends the program beside errors in a source text.

use std::fmt;
use std::io;
use std::path::Path;

/// The exit statuses of our own. QEMU's may be any.
pub(crate) mod status {
    /// All is well.
    pub(crate) const SUCCESS: u8 = 0;
    /// The source has errors.
    pub(crate) const SOURCE_ERRORS: u8 = 1;
    /// Wrong usage: also a file that can't be read, and output that can't be written.
    pub(crate) const USAGE: u8 = 2;
    /// The guest ended without what it was to say.
    pub(crate) const UNSAID: u8 = 1;
    /// The guest's system panicked.
    pub(crate) const PANICKED: u8 = 123;
    /// The guest's time was up.
    pub(crate) const TIMEOUT: u8 = 124;
    /// QEMU could not be started.
    pub(crate) const NOT_STARTED: u8 = 125;
    /// What a shell adds to the number of the signal that killed a program.
    pub(crate) const SIGNALLED: u8 = 128;
}

/// Why the program ends, in one line, and its exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: u8,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { status: status::USAGE, message: message.into() }
    }

    /// `file` can't be read.
    pub(crate) fn file(file: &Path, reason: impl fmt::Display) -> Self {
        Self::usage(format!("{}: {reason}", file.display()))
    }

    pub(crate) fn not_started(reason: impl fmt::Display) -> Self {
        Self { status: status::NOT_STARTED, message: format!("QEMU was not started: {reason}") }
    }
}

/// The kernel's words for an error, without the number that Rust puts behind them.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error ").map_or(text.as_str(), |(words, _)| words).to_owned()
}
