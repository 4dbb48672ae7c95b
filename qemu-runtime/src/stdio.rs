//! A guest's standard input, output and error.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read as _, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use crate::fd::kept;

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

impl Stdio {
    /// A pipe, and a thread of its own that writes what comes out of it to `to`: [`Lines`](crate::Lines), a log,
    /// anything. For a guest's output; what it writes waits while `to` does, and is thrown away once `to` fails. The
    /// thread ends with the last process that has the pipe.
    ///
    /// # Errors
    ///
    /// Where there can be no pipe, or no thread.
    pub fn writer(to: impl Write + Send + 'static) -> io::Result<Self> {
        let (mut reader, writer) = io::pipe()?;
        let mut to = Some(to);
        thread::Builder::new().name("qemu-output".into()).spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let chunk = match reader.read(&mut buffer) {
                    // The program's signals may come in on this thread, too.
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Ok(0) | Err(_) => return,
                    Ok(length) => buffer.get(..length).unwrap_or_default(),
                };
                if let Some(open) = &mut to
                    && open.write_all(chunk).and_then(|()| open.flush()).is_err()
                {
                    to = None;
                }
            }
        })?;
        Ok(Self::Fd(writer.into()))
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
    })
}

/// The guest's end of its standard output or error, and ours where it is a pipe. `own` is this process's.
pub(crate) fn open_output(stdio: Stdio, own: impl AsFd) -> io::Result<(OwnedFd, Option<PipeReader>)> {
    Ok(match stdio {
        Stdio::Inherit => (own.as_fd().try_clone_to_owned()?, None),
        Stdio::Null => (OpenOptions::new().write(true).open("/dev/null")?.into(), None),
        Stdio::Pipe => {
            let (reader, writer) = io::pipe()?;
            (writer.into(), Some(kept(reader)?))
        }
        Stdio::Fd(fd) => (fd, None),
    })
}
