//! The terminal's settings, which QEMU changes for its own use, and leaves so when it is killed.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::getpgrp;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// Standard input, output and error as they were. They are so again when it is dropped.
pub(crate) struct Terminal(Vec<Saved>);

struct Saved {
    stream: Stream,
    /// Whether reading and writing wait: QEMU doesn't let them, and whoever has the same file open is hit too.
    flags: Option<OFlags>,
    /// Where it is a terminal.
    settings: Option<Termios>,
}

#[derive(Clone, Copy)]
enum Stream {
    Input,
    Output,
    Error,
}

impl Stream {
    fn with<T>(self, work: impl FnOnce(BorrowedFd<'_>) -> T) -> T {
        match self {
            Self::Input => work(io::stdin().as_fd()),
            Self::Output => work(io::stdout().as_fd()),
            Self::Error => work(io::stderr().as_fd()),
        }
    }
}

impl Terminal {
    pub(crate) fn save() -> Self {
        let streams = [Stream::Input, Stream::Output, Stream::Error];
        let save = |stream: Stream| {
            stream.with(|fd| Saved { stream, flags: fcntl_getfl(fd).ok(), settings: tcgetattr(fd).ok() })
        };
        Self(streams.into_iter().map(save).collect())
    }

    /// Makes them as they were.
    pub(crate) fn restore(&self) {
        for saved in &self.0 {
            saved.stream.with(|fd| saved.restore(fd));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.restore();
    }
}

impl Saved {
    /// What can't be restored is gone: a terminal that was hung up, for instance.
    fn restore(&self, fd: BorrowedFd<'_>) {
        if let Some(flags) = self.flags.filter(|flags| fcntl_getfl(fd) != Ok(*flags)) {
            let _ = fcntl_setfl(fd, flags);
        }
        // From the background it is not ours to change: the kernel would stop this program for it.
        if let Some(settings) = &self.settings
            && tcgetpgrp(fd) == Ok(getpgrp())
        {
            let _ = tcsetattr(fd, OptionalActions::Now, settings);
        }
    }
}
