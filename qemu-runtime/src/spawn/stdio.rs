//! A guest's standard input, output and error.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, OwnedFd};

use crate::host::kept;
use crate::supervisor::{Incoming, Sink};

/// What a guest's standard input or output is.
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
    /// For output, a writer: see [`Stdio::writer`].
    Writer(Box<dyn Write + Send>),
}

impl Stdio {
    /// What a guest writes is written to `to` as it comes, by a thread of its own: to [`Lines`](crate::Lines), a log,
    /// anything. What the guest writes waits while `to` does, and so does the guest's end: once it is
    /// [waited for](crate::Guest::wait), `to` has all, is flushed and dropped. Once `to` fails, it gets no more.
    ///
    /// A process that the guest leaves behind writes to a pipe that is closed.
    pub fn writer(to: impl Write + Send + 'static) -> Self {
        Self::Writer(Box::new(to))
    }
}

impl fmt::Debug for Stdio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inherit => f.write_str("Inherit"),
            Self::Null => f.write_str("Null"),
            Self::Pipe => f.write_str("Pipe"),
            Self::Fd(fd) => f.debug_tuple("Fd").field(fd).finish(),
            Self::Writer(_) => f.write_str("Writer(..)"),
        }
    }
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
            (reader.into(), Some(kept(writer)?))
        }
        Stdio::Fd(fd) => (fd, None),
        Stdio::Writer(_) => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a writer is for output: use a pipe"));
        }
    })
}

/// The guest's end of its standard output or error, and ours: a pipe, or what comes in by one.
pub(crate) struct Output {
    pub(crate) theirs: OwnedFd,
    pub(crate) ours: Option<PipeReader>,
    pub(crate) incoming: Option<Incoming>,
}

/// Opens standard output, or what is like it. `own` is this process's.
pub(crate) fn open_output(stdio: Stdio, own: impl AsFd) -> io::Result<Output> {
    let alone = |theirs| Output { theirs, ours: None, incoming: None };
    Ok(match stdio {
        Stdio::Inherit => alone(own.as_fd().try_clone_to_owned()?),
        Stdio::Null => alone(OpenOptions::new().write(true).open("/dev/null")?.into()),
        Stdio::Fd(fd) => alone(fd),
        Stdio::Pipe => {
            let (reader, writer) = io::pipe()?;
            Output { theirs: writer.into(), ours: Some(kept(reader)?), incoming: None }
        }
        Stdio::Writer(to) => incoming(false, Some(to))?,
    })
}

/// Opens standard error.
pub(crate) fn open_stderr(stderr: Stderr) -> io::Result<Output> {
    match stderr {
        Stderr::Captured => incoming(true, None),
        Stderr::Tee(to) => incoming(true, Some(to)),
        Stderr::Stdio(stdio) => open_output(stdio, io::stderr()),
    }
}

fn incoming(captured: bool, to: Option<Box<dyn Write + Send>>) -> io::Result<Output> {
    let (reader, writer) = io::pipe()?;
    let incoming = Incoming { pipe: kept(reader)?, captured, sink: to.map(Sink::new) };
    Ok(Output { theirs: writer.into(), ours: None, incoming: Some(incoming) })
}
