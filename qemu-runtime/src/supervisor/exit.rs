//! How a guest ended.

use std::borrow::Cow;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How a process ended. Without a status that is lost: it was not this process's child, or somebody else waited for it.
pub(crate) type Ended = Option<ExitStatus>;

/// How a guest ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Exit {
    status: Ended,
    stderr: Vec<u8>,
    skipped: u64,
    observed: Observed,
}

impl Exit {
    pub(super) const fn new(status: Ended, stderr: Vec<u8>, skipped: u64, observed: Observed) -> Self {
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
    /// It is lost (`None`) where the guest [went to the background](crate::Spawn::detached), as it is nobody's child there, and
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
    pub(crate) fn of(word: &str) -> Self {
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
    pub(crate) reason: Option<ShutdownReason>,
    pub(crate) panicked: bool,
    pub(crate) crashed: bool,
}
