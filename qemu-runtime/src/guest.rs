//! A running guest.

use std::fmt;
use std::io::{self, PipeReader, PipeWriter};
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::fd::SocketFile;
use crate::host::HostPaths;
use crate::plugged::Registry;
use crate::qmp::{Cont, Event, Qmp, QmpError, Status, Stop, SystemPowerdown};
use crate::supervisor::{Ended, Exit, OwnThread, Shared};
use crate::{Target, Version};

/// A guest: a QEMU that was started from a [`Plan`](crate::Plan).
///
/// When it is dropped, QEMU is killed and waited for. When this process ends, by whatever cause, the kernel kills QEMU.
/// Neither is so for a guest that was started [detached](crate::Spawn::detached). A process that executes another program in its
/// own place (`exec`) does not end: it drops its guests before. One that was forked off has no guests: it neither uses nor
/// drops this. A guest that the main thread starts ends with that, should it end before the process (`pthread_exit` of C).
///
/// All this is about the plan's program. A wrapper executes QEMU in its own place (`exec`): one that starts it as a child ends
/// without it, and the kernel kills the wrapper alone when this process ends. Where the wrapper has a process group
/// [of its own](crate::Spawn::own_group), this process kills that when it kills the wrapper, or when that has ended.
///
/// It can be shared between threads: one may wait while another kills.
#[must_use = "a guest that no variable holds is dropped, and QEMU killed, at once: `let guest = ...`"]
pub struct Guest {
    pub(crate) shared: Arc<Shared>,
    pub(crate) thread: OwnThread,
    pub(crate) stdin: Option<PipeWriter>,
    pub(crate) stdout: Option<PipeReader>,
    pub(crate) stderr: Option<PipeReader>,
    pub(crate) detached: bool,
    pub(crate) qmp: Option<Qmp>,
    /// The version that its plan is for.
    pub(crate) target: Option<Target>,
    /// Where file descriptors for devices come from that are plugged later.
    pub(crate) host_paths: HostPaths,
    pub(crate) plugged: Mutex<Registry>,
    /// The files of its sockets. Of those that QEMU leaves behind none stays.
    pub(crate) sockets: Vec<SocketFile>,
}

impl Guest {
    /// The conversation with QEMU, where it was started with one: by [`Guest::start`] or [`Spawn::qmp`](crate::Spawn::qmp).
    pub const fn qmp(&self) -> Option<&Qmp> {
        self.qmp.as_ref()
    }

    /// Whether the guest runs, and if not, why.
    ///
    /// # Errors
    ///
    /// Where QEMU doesn't answer, or there is no QMP. So it is for all that asks QEMU.
    pub fn status(&self) -> Result<Status, QmpError> {
        self.asked()?.execute(&crate::qmp::QueryStatus {})
    }

    /// Pauses the guest (`stop`).
    ///
    /// # Errors
    ///
    /// As [`Guest::status`].
    pub fn pause(&self) -> Result<(), QmpError> {
        self.asked()?.execute(&Stop {}).map(drop)
    }

    /// Lets the guest run, also one that was started paused (`cont`).
    ///
    /// # Errors
    ///
    /// As [`Guest::status`].
    pub fn resume(&self) -> Result<(), QmpError> {
        self.asked()?.execute(&Cont {}).map(drop)
    }

    /// Presses the guest's power button (`system_powerdown`). What the guest makes of it is seen by [`Guest::wait`];
    /// [`Guest::shutdown`] does more.
    ///
    /// # Errors
    ///
    /// As [`Guest::status`].
    pub fn powerdown(&self) -> Result<(), QmpError> {
        self.asked()?.execute(&SystemPowerdown {}).map(drop)
    }

    /// Calls `handler` with each event, those from the start included, on a thread of its own, which ends with the
    /// connection. Where it is slow for long, [events are lost](QmpError::Lagged): [`Qmp::events`] tells. A panic ends the
    /// thread, and nothing else.
    ///
    /// # Errors
    ///
    /// `NotConnected` where there is no QMP, and where a thread can't be started.
    pub fn on_event(&self, mut handler: impl FnMut(&Event) + Send + 'static) -> io::Result<()> {
        let qmp = self.qmp().ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, QmpError::NoQmp))?;
        let mut events = qmp.events_from_start();
        thread::Builder::new().name("qemu-events".into()).spawn(move || {
            loop {
                match events.next(Duration::MAX) {
                    Ok(event) => handler(&event),
                    Err(QmpError::Lagged { .. }) => {}
                    Err(_) => return,
                }
            }
        })?;
        Ok(())
    }

    /// That QEMU is older than the one the plan is for, where it is: known once it has [greeted](Qmp::ready), nothing
    /// before that or without QMP.
    pub fn older_than_target(&self) -> Option<OlderQemu> {
        let numbers = self.qmp()?.version()?.qemu;
        let (target, running) = (self.target?.version, Version::new(numbers.major, numbers.minor));
        (running < target).then_some(OlderQemu { target, running })
    }

    fn asked(&self) -> Result<&Qmp, QmpError> {
        self.qmp().ok_or(QmpError::NoQmp)
    }

    /// The number of its process.
    ///
    /// Once the guest has ended, the kernel may give the number to another process. [`Guest::pidfd`] stays its own.
    pub fn id(&self) -> u32 {
        self.shared.pid
    }

    /// What refers to its process, for `poll` (readable once it has ended) and `pidfd_send_signal`. It can't be used
    /// to wait for the exit status: a thread of the runtime does that.
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
    pub fn wait(&self) -> Exit {
        self.exit(self.shared.wait(None).flatten())
    }

    /// Waits for it to end, but not longer than `timeout`. Nothing if it runs on.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Exit> {
        // A deadline beyond what the clock can tell is none.
        self.shared.wait(Instant::now().checked_add(timeout)).map(|ended| self.exit(ended))
    }

    /// How it ended, if it has.
    pub fn try_wait(&self) -> Option<Exit> {
        self.shared.ended().map(|ended| self.exit(ended))
    }

    /// Kills it, by SIGKILL: it can neither save anything nor refuse. Does nothing if it has ended. What is in its process group
    /// is killed with it, where it has [one of its own](crate::Spawn::own_group).
    ///
    /// Doesn't wait for its end.
    ///
    /// # Errors
    ///
    /// `EPERM` where it runs as a user whom this one may not send signals.
    pub fn kill(&self) -> io::Result<()> {
        self.shared.kill()
    }

    fn exit(&self, ended: Ended) -> Exit {
        let observed = self.qmp().map(Qmp::observed).unwrap_or_default();
        self.shared.exit(ended, observed)
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
        let has_ended = self.shared.ended().is_some();
        // Who attends to it goes on. Whom it may not kill it need not wait for, which could last for ever.
        if !has_ended && (self.detached || self.kill().is_err()) {
            mem::take(&mut self.sockets).into_iter().for_each(SocketFile::keep);
            self.plugged.get_mut().unwrap_or_else(PoisonError::into_inner).keep_sockets();
            return;
        }
        self.shared.wait(None);
        self.shared.wait_for_others();
        if let Some(thread) = self.thread.take() {
            // The thread's panic would have been printed; there is nothing to add to it.
            let _ = thread.join();
        }
    }
}

/// QEMU is older than the version that its plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OlderQemu {
    /// The version that the plan is for.
    pub target: Version,
    /// The version that runs.
    pub running: Version,
}

impl fmt::Display for OlderQemu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, running } = self;
        write!(
            f,
            "QEMU {running} runs what is meant for {target}: compile for it (`target {running}`), or install {target}"
        )
    }
}
