//! A running guest, and how it ended.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, PipeReader, PipeWriter};
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::fd::SocketFile;
use crate::plan::Plan;
use crate::plug::Registry;
use crate::qmp::{Cont, Event, Qmp, QmpError, Status, Stop, SystemPowerdown};
use crate::supervisor::{Ended, OwnThread, Shared};
use crate::{HostPaths, Spawn, SpawnError, StartError, Version};

/// A guest: a QEMU that was started from a [`Plan`].
///
/// When it is dropped, QEMU is killed and waited for. When this process ends, by whatever cause, the kernel kills QEMU.
/// Neither is so for a guest that was started [detached](Spawn::detached). A process that executes another program in its
/// own place (`exec`) does not end: it drops its guests before. One that was forked off has no guests: it neither uses nor
/// drops this. A guest that the main thread starts ends with that, should it end before the process (`pthread_exit` of C).
///
/// All this is about the plan's program. A wrapper executes QEMU in its own place (`exec`): one that starts it as a child ends
/// without it, and the kernel kills the wrapper alone when this process ends. Where the wrapper has a process group
/// [of its own](Spawn::own_group), this process kills that when it kills the wrapper, or when that has ended.
///
/// It can be shared between threads: one may wait while another kills.
pub struct Guest {
    pub(crate) shared: Arc<Shared>,
    pub(crate) thread: OwnThread,
    pub(crate) stdin: Option<PipeWriter>,
    pub(crate) stdout: Option<PipeReader>,
    pub(crate) stderr: Option<PipeReader>,
    pub(crate) detached: bool,
    pub(crate) qmp: Option<Qmp>,
    /// The version that its plan is for.
    pub(crate) target: Option<Version>,
    /// Where file descriptors for devices come from that are plugged later.
    pub(crate) host_paths: HostPaths,
    pub(crate) plugged: Mutex<Registry>,
    /// The files of its sockets. Of those that QEMU leaves behind none stays.
    pub(crate) sockets: Vec<SocketFile>,
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

    /// Starts a plan with [QMP](Guest::qmp), and waits until QEMU has greeted there: it has taken its arguments and made
    /// the machine by then. Otherwise as [`Guest::spawn`].
    ///
    /// ```no_run
    /// # let plan: qemu_runtime::Plan = todo!();
    /// use qemu_runtime::{Guest, ShutdownPolicy};
    ///
    /// let guest = Guest::start(&plan)?;
    /// println!("{}", guest.status()?.status);
    /// let shutdown = guest.shutdown(&ShutdownPolicy::new())?;
    /// println!("{:?}: {}", shutdown.step, shutdown.exit);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where it can't be spawned, and where QEMU ends or says nothing in time. Nothing is left then.
    pub fn start(plan: &Plan) -> Result<Self, StartError> {
        Spawn::new(plan).start()
    }

    /// The conversation with QEMU, where it was started with one: by [`Guest::start`] or [`Spawn::qmp`].
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
        let (target, running) = (self.target?, Version::new(numbers.major, numbers.minor));
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
    /// is killed with it, where it has [one of its own](Spawn::own_group).
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
        Exit::new(&self.shared, ended, observed)
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

/// How a guest ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Exit {
    status: Ended,
    stderr: Vec<u8>,
    skipped: u64,
    observed: Observed,
}

impl Exit {
    pub(crate) fn new(shared: &Shared, status: Ended, observed: Observed) -> Self {
        let (stderr, skipped) = shared.stderr();
        Self { status, stderr, skipped, observed }
    }

    /// Why it ended, as far as is known: what QEMU's events say takes QMP.
    pub fn cause(&self) -> Cause {
        if let Some(signal) = self.signal() {
            return Cause::Signal(signal);
        }
        match (&self.observed.reason, self.code()) {
            _ if self.observed.panicked => Cause::GuestPanicked,
            _ if self.observed.crashed => Cause::GuestCrashed,
            (_, Some(code)) if code != 0 => Cause::Failed(code),
            (Some(reason), _) => Cause::Shutdown(reason.clone()),
            (None, Some(_)) => Cause::Ended,
            (None, None) => Cause::Unknown,
        }
    }

    /// The exit code, where it ended by itself.
    pub fn code(&self) -> Option<i32> {
        self.status?.code()
    }

    /// The number of the signal that killed it, where one did.
    pub fn signal(&self) -> Option<i32> {
        self.status?.signal()
    }

    /// QEMU's exit status.
    ///
    /// It is lost (`None`) where the guest [went to the background](Spawn::detached), as it is nobody's child there, and
    /// where the program ignores SIGCHLD or waits for all its children elsewhere.
    pub const fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// Whether it is known that QEMU ended with exit code 0.
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
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
        match self.status {
            Some(status) => status.fmt(f)?,
            None => f.write_str("exit status unknown")?,
        }
        match self.stderr_text().trim_end() {
            "" => Ok(()),
            text => write!(f, ": {text}"),
        }
    }
}

/// In words: it is what a `main` shows that returns an error.
impl fmt::Debug for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exit")
            .field("status", &self.status.map(|status| status.to_string()))
            .field("stderr", &self.stderr_text())
            .field("skipped", &self.skipped)
            .field("observed", &self.observed)
            .finish()
    }
}

/// Why a QEMU ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was shut down, and this is why.
    Shutdown(ShutdownReason),
    /// The guest's system panicked (`GUEST_PANICKED`), which QEMU was not told to ignore, and was not reset since.
    GuestPanicked,
    /// The guest's system crashed into its crash kernel (`GUEST_CRASHLOADED`), and was not reset since.
    GuestCrashed,
    /// A signal killed QEMU: its number.
    Signal(i32),
    /// QEMU failed, with this exit code: what it says is on its standard error.
    Failed(i32),
    /// It ended with exit code 0, and nothing more is known.
    Ended,
    /// It ended, and nothing more is known: [its exit status is lost](Exit::status).
    Unknown,
}

/// Why QEMU shut down, in the words of its event `SHUTDOWN`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShutdownReason {
    /// `guest-shutdown`: the guest powered down.
    Guest,
    /// `guest-reset`: the guest reset itself, which ends QEMU under `-no-reboot`.
    GuestReset,
    /// `guest-panic`: the guest's system panicked.
    GuestPanic,
    /// `host-qmp-quit`: QEMU was told to `quit`.
    Quit,
    /// `host-signal`: QEMU got SIGTERM, SIGINT or SIGHUP.
    Signal,
    /// `host-ui`: the window was closed.
    Window,
    /// `host-error`: QEMU met an error.
    HostError,
    /// Another reason, in QEMU's word.
    Other(String),
}

impl ShutdownReason {
    fn of(word: &str) -> Self {
        match word {
            "guest-shutdown" => Self::Guest,
            "guest-reset" => Self::GuestReset,
            "guest-panic" => Self::GuestPanic,
            "host-qmp-quit" => Self::Quit,
            "host-signal" => Self::Signal,
            "host-ui" => Self::Window,
            "host-error" => Self::HostError,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// What QEMU's events said of its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    reason: Option<ShutdownReason>,
    panicked: bool,
    crashed: bool,
}

impl Observed {
    pub(crate) fn take(&mut self, event: &Event) {
        /// What is read of them.
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Says {
            reason: Option<String>,
            action: Option<String>,
        }

        let says = || event.data::<Says>().unwrap_or_default();
        match &*event.name {
            "SHUTDOWN" => {
                self.reason = says().reason.as_deref().map(ShutdownReason::of);
                self.panicked |= self.reason == Some(ShutdownReason::GuestPanic);
            }
            // QEMU may have been told that a panic is the guest's own matter.
            "GUEST_PANICKED" => self.panicked = says().action.as_deref() != Some("run"),
            "GUEST_CRASHLOADED" => self.crashed = true,
            // It lives on after that.
            "RESET" => (self.panicked, self.crashed) = (false, false),
            _ => {}
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
