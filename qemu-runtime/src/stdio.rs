//! A guest's standard input, output and error.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, OwnedFd};

/// What a guest's standard input or output is.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stdio {
    /// The same as this process's.
    Inherit,
    /// Nothing: `/dev/null`.
    Null,
    /// A pipe, whose other end the [`Guest`](crate::Guest) has.
    Pipe,
    /// An open file, pipe or socket. This process's copy is closed.
    Fd(OwnedFd),
}

impl From<OwnedFd> for Stdio {
    fn from(fd: OwnedFd) -> Self {
        Self::Fd(fd)
    }
}

impl From<File> for Stdio {
    fn from(file: File) -> Self {
        Self::Fd(file.into())
    }
}

/// What a guest's standard error is.
#[derive(Default)]
#[non_exhaustive]
pub enum Stderr {
    /// Kept: its last 64 KiB come with the [`Exit`](crate::Exit). The guest never waits for it to be read.
    #[default]
    Captured,
    /// Kept likewise, and written to something else as it comes: see [`Stderr::tee`].
    Tee(Box<dyn Write + Send>),
    /// Not kept, and sent where [`Stdio`] says.
    Stdio(Stdio),
}

impl Stderr {
    /// Kept, and written to `to` as it comes, by a thread of the guest's own: to this process's standard error, a log,
    /// anything. What the guest writes waits while `to` does, and so does the guest's end; once `to` fails, it gets
    /// no more.
    pub fn tee(to: impl Write + Send + 'static) -> Self {
        Self::Tee(Box::new(to))
    }
}

impl From<Stdio> for Stderr {
    fn from(stdio: Stdio) -> Self {
        Self::Stdio(stdio)
    }
}

impl fmt::Debug for Stderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Captured => f.write_str("Captured"),
            Self::Tee(_) => f.write_str("Tee(..)"),
            Self::Stdio(stdio) => f.debug_tuple("Stdio").field(stdio).finish(),
        }
    }
}

/// The guest's end of its standard input, and ours where it is a pipe.
pub(crate) fn open_input(stdio: Stdio) -> io::Result<(OwnedFd, Option<PipeWriter>)> {
    Ok(match stdio {
        Stdio::Inherit => (io::stdin().as_fd().try_clone_to_owned()?, None),
        Stdio::Null => (File::open("/dev/null")?.into(), None),
        Stdio::Pipe => {
            let (reader, writer) = io::pipe()?;
            (reader.into(), Some(writer))
        }
        Stdio::Fd(fd) => (fd, None),
    })
}

/// The guest's end of its standard output or error, and ours where it is a pipe. `own` is this process's.
pub(crate) fn open_output(stdio: Stdio, own: impl AsFd) -> io::Result<(OwnedFd, Option<PipeReader>)> {
    Ok(match stdio {
        Stdio::Inherit => (own.as_fd().try_clone_to_owned()?, None),
        Stdio::Null => (OpenOptions::new().write(true).open("/dev/null")?.into(), None),
        Stdio::Pipe => {
            let (reader, writer) = io::pipe()?;
            (writer.into(), Some(reader))
        }
        Stdio::Fd(fd) => (fd, None),
    })
}
