//! A running guest, and how it ended.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ExitStatus;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use crate::plan::Plan;
use crate::supervisor::Shared;
use crate::{Spawn, SpawnError};

/// A guest: a QEMU that was started from a [`Plan`].
///
/// When it is dropped, QEMU is killed and waited for. When this process ends, by whatever cause, the kernel kills QEMU.
/// Neither is so for a guest that was started [detached](Spawn::detached).
///
/// It can be shared between threads: one may wait while another kills.
pub struct Guest {
    pub(crate) shared: Arc<Shared>,
    /// Gone only while it is dropped.
    pub(crate) thread: Option<JoinHandle<()>>,
    pub(crate) stdin: Option<PipeWriter>,
    pub(crate) stdout: Option<PipeReader>,
    pub(crate) stderr: Option<PipeReader>,
    pub(crate) detached: bool,
}

impl Guest {
    /// Starts a plan, with nothing on standard input, this process's standard output, and standard error captured.
    /// [`Spawn`] has the choices.
    ///
    /// Returns once QEMU's program is executing. Whether it likes its arguments is seen later, by [`Guest::wait`].
    ///
    /// # Errors
    ///
    /// Where a file descriptor of the plan can't be opened, or the program can't be executed. Nothing is left then.
    pub fn spawn(plan: &Plan) -> Result<Self, SpawnError> {
        Spawn::new(plan).spawn()
    }

    /// The number of its process.
    ///
    /// Once the guest has ended, the kernel may give the number to another process. [`Guest::pidfd`] stays its own.
    pub fn id(&self) -> u32 {
        self.shared.pid
    }

    /// What refers to its process, for `poll` (readable once it has ended) and `pidfd_send_signal`. It can't be used
    /// to wait for the exit status: the guest's own thread does that.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.shared.pidfd.as_fd()
    }

    /// Our end of its standard input, where that is a [pipe](crate::Stdio::Pipe). The second time there is none.
    pub const fn take_stdin(&mut self) -> Option<PipeWriter> {
        self.stdin.take()
    }

    /// Our end of its standard output, where that is a [pipe](crate::Stdio::Pipe). The second time there is none.
    pub const fn take_stdout(&mut self) -> Option<PipeReader> {
        self.stdout.take()
    }

    /// Our end of its standard error, where that is a [pipe](crate::Stdio::Pipe). The second time there is none.
    pub const fn take_stderr(&mut self) -> Option<PipeReader> {
        self.stderr.take()
    }

    /// What it wrote to standard error so far: the last 64 KiB. Empty unless standard error is
    /// [captured](crate::Stderr::Captured).
    pub fn stderr(&self) -> Vec<u8> {
        self.shared.stderr().0
    }

    /// Waits for it to end. Where its standard input is a pipe whose end it waits for, [take](Self::take_stdin) and
    /// drop that first.
    ///
    /// # Errors
    ///
    /// `ECHILD` where its exit status is lost: the program ignores SIGCHLD, or waits for all its children elsewhere.
    /// It has ended then, too.
    pub fn wait(&self) -> io::Result<Exit> {
        match self.shared.wait(None) {
            Some(status) => self.exit(status),
            None => Err(Errno::CHILD.into()),
        }
    }

    /// Waits for it to end, but not longer than `timeout`. Nothing if it runs on.
    ///
    /// # Errors
    ///
    /// As [`Guest::wait`].
    pub fn wait_timeout(&self, timeout: Duration) -> io::Result<Option<Exit>> {
        // A deadline beyond what the clock can tell is none.
        self.shared.wait(Instant::now().checked_add(timeout)).map(|status| self.exit(status)).transpose()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    ///
    /// As [`Guest::wait`].
    pub fn try_wait(&self) -> io::Result<Option<Exit>> {
        self.shared.status().map(|status| self.exit(status)).transpose()
    }

    /// Kills it, by SIGKILL: it can neither save anything nor refuse. Does nothing if it has ended.
    ///
    /// Doesn't wait for its end.
    ///
    /// # Errors
    ///
    /// `EPERM` where it runs as a user whom this one may not send signals.
    pub fn kill(&self) -> io::Result<()> {
        match pidfd_send_signal(&self.shared.pidfd, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn exit(&self, status: io::Result<ExitStatus>) -> io::Result<Exit> {
        let (stderr, skipped) = self.shared.stderr();
        Ok(Exit { status: status?, stderr, skipped })
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest")
            .field("id", &self.id())
            .field("detached", &self.detached)
            .finish_non_exhaustive()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if self.detached {
            // Its thread stays and waits for it.
            return;
        }
        // Whom it may not kill it need not wait for, which could last for ever.
        if self.kill().is_ok()
            && let Some(thread) = self.thread.take()
        {
            // The thread's panic would have been printed; there is nothing to add to it.
            let _ = thread.join();
        }
    }
}

/// How a guest ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    status: ExitStatus,
    stderr: Vec<u8>,
    skipped: u64,
}

impl Exit {
    /// QEMU's exit status: its exit code, or the signal that killed it
    /// ([`ExitStatusExt::signal`](std::os::unix::process::ExitStatusExt::signal)).
    pub const fn status(&self) -> ExitStatus {
        self.status
    }

    /// Whether QEMU ended with exit code 0.
    pub fn success(&self) -> bool {
        self.status.success()
    }

    /// The last 64 KiB that it wrote to standard error. Empty unless that was
    /// [captured](crate::Stderr::Captured).
    pub fn stderr(&self) -> &[u8] {
        &self.stderr
    }

    /// The same as text, with a replacement character for what is no UTF-8.
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }

    /// How many bytes of standard error came before those that were kept.
    pub const fn stderr_skipped(&self) -> u64 {
        self.skipped
    }
}

/// The exit status, and what was written to standard error.
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status.fmt(f)?;
        match self.stderr_text().trim_end() {
            "" => Ok(()),
            text => write!(f, ": {text}"),
        }
    }
}
