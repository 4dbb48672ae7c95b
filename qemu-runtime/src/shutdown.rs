//! How a guest is shut down: asked first, forced last.

use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use crate::qmp::{QueryStatus, Quit, SystemPowerdown};
use crate::{Exit, Guest};

/// How long each step of a shutdown is given. A step without a time is left out; the last, SIGKILL, never is.
#[derive(Clone, Copy, Debug)]
#[must_use = "it shuts nothing down by itself"]
pub struct ShutdownPolicy {
    powerdown: Option<Duration>,
    quit: Option<Duration>,
    terminate: Option<Duration>,
    kill: Duration,
}

impl Default for ShutdownPolicy {
    fn default() -> Self {
        let short = Duration::from_secs(5);
        Self {
            powerdown: Some(Duration::from_secs(60)),
            quit: Some(short),
            terminate: Some(short),
            kill: Duration::from_secs(10),
        }
    }
}

impl ShutdownPolicy {
    /// A minute for the guest, 5 seconds for `quit` and for SIGTERM each, 10 for the kernel after SIGKILL.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the guest may take to power down once its power button was pressed (`system_powerdown`). It is not asked
    /// while it doesn't run, or without QMP.
    pub const fn powerdown(mut self, time: Option<Duration>) -> Self {
        self.powerdown = time;
        self
    }

    /// How long QEMU may take to end after `quit`. It is not told without QMP.
    pub const fn quit(mut self, time: Option<Duration>) -> Self {
        self.quit = time;
        self
    }

    /// How long QEMU may take to end after SIGTERM.
    pub const fn terminate(mut self, time: Option<Duration>) -> Self {
        self.terminate = time;
        self
    }

    /// How long the kernel may take to end QEMU after SIGKILL.
    pub const fn kill(mut self, time: Duration) -> Self {
        self.kill = time;
        self
    }
}

/// What ended a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShutdownStep {
    /// Nothing: it had ended.
    None,
    /// The guest powered down when it was asked.
    Powerdown,
    /// QEMU's command `quit`.
    Quit,
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
}

/// How a guest was shut down.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shutdown {
    /// The step that worked.
    pub step: ShutdownStep,
    /// How QEMU ended.
    pub exit: Exit,
}

impl Guest {
    /// Shuts it down: asks the guest, then tells QEMU, then sends SIGTERM, then SIGKILL, each with the policy's time, and
    /// says which worked.
    ///
    /// # Errors
    ///
    /// Where even SIGKILL doesn't end it in time (`TimedOut`) or may not be sent (`EPERM`).
    pub fn shutdown(&self, policy: &ShutdownPolicy) -> io::Result<Shutdown> {
        let done = |step, exit| Ok(Shutdown { step, exit });
        if let Some(exit) = self.try_wait() {
            return done(ShutdownStep::None, exit);
        }
        if let Some(time) = policy.powerdown
            && let Some(exit) = self.power_down_within(time)
        {
            return done(ShutdownStep::Powerdown, exit);
        }
        if let Some(time) = policy.quit
            && let Some(qmp) = self.qmp()
        {
            let end = Instant::now().checked_add(time);
            // It may end before it answers; what else goes wrong, the next step sees to.
            let told = qmp.execute_timeout(&Quit {}, time);
            let left = if told.is_ok() || self.try_wait().is_some() { left(end) } else { Duration::ZERO };
            if let Some(exit) = self.wait_timeout(left) {
                return done(ShutdownStep::Quit, exit);
            }
        }
        if let Some(time) = policy.terminate {
            match pidfd_send_signal(self.pidfd(), Signal::TERM) {
                Ok(()) | Err(Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(exit) = self.wait_timeout(time) {
                return done(ShutdownStep::Terminate, exit);
            }
        }
        Guest::kill(self)?;
        match self.wait_timeout(policy.kill) {
            Some(exit) => done(ShutdownStep::Kill, exit),
            None => Err(io::Error::new(io::ErrorKind::TimedOut, "QEMU has not ended after SIGKILL")),
        }
    }

    /// Asks the guest and waits for its end, but not for a guest that can't hear it, nor once only QEMU is left
    /// (`-no-shutdown`).
    fn power_down_within(&self, time: Duration) -> Option<Exit> {
        /// How often a QEMU that doesn't end is asked whether its guest has.
        const PERIOD: Duration = Duration::from_millis(500);

        let qmp = self.qmp()?;
        let end = Instant::now().checked_add(time);
        if !qmp.execute_timeout(&QueryStatus {}, time).is_ok_and(|status| status.running)
            || qmp.execute_timeout(&SystemPowerdown {}, left(end)).is_err()
        {
            return self.try_wait();
        }
        loop {
            let left = left(end);
            if let Some(exit) = self.wait_timeout(left.min(PERIOD)) {
                return Some(exit);
            }
            let over =
                qmp.execute_timeout(&QueryStatus {}, left).is_ok_and(|status| status.status == "shutdown");
            if left.is_zero() || over {
                return None;
            }
        }
    }
}

fn left(end: Option<Instant>) -> Duration {
    end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
}
