//! How a guest is shut down: asked first, forced last.

use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use crate::guest::Guest;
use crate::qmp::{QueryStatus, Quit, SystemPowerdown};
use crate::supervisor::{Cause, Exit, ShutdownReason};

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
    /// None of these: it had ended, or something else ended it meanwhile.
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
        let mut taken = Vec::new();
        let exit = self.climb(policy, &mut taken)?;
        Ok(Shutdown { step: step_that_worked(&taken, &exit.cause()), exit })
    }

    /// Takes one step after another, and notes those that were really taken.
    fn climb(&self, policy: &ShutdownPolicy, taken: &mut Vec<ShutdownStep>) -> io::Result<Exit> {
        if let Some(exit) = self.try_wait() {
            return Ok(exit);
        }
        if let Some(time) = policy.powerdown
            && let Some(exit) = self.power_down_within(time, taken)
        {
            return Ok(exit);
        }
        if let Some(time) = policy.quit
            && let Some(qmp) = self.qmp()
        {
            let end = Instant::now().checked_add(time);
            taken.push(ShutdownStep::Quit);
            // It may end before it answers; what else goes wrong, the next step sees to.
            let told = qmp.call(&Quit {}).timeout(time).execute();
            let left = if told.is_ok() || self.try_wait().is_some() { left(end) } else { Duration::ZERO };
            if let Some(exit) = self.wait_timeout(left) {
                return Ok(exit);
            }
        }
        if let Some(time) = policy.terminate {
            taken.push(ShutdownStep::Terminate);
            match pidfd_send_signal(self.pidfd(), Signal::TERM) {
                Ok(()) | Err(Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(exit) = self.wait_timeout(time) {
                return Ok(exit);
            }
        }
        taken.push(ShutdownStep::Kill);
        Guest::kill(self)?;
        let late = || io::Error::new(io::ErrorKind::TimedOut, "QEMU has not ended after SIGKILL");
        self.wait_timeout(policy.kill).ok_or_else(late)
    }

    /// Asks the guest and waits for its end, but not for a guest that can't hear it, nor once only QEMU is left
    /// (`-no-shutdown`).
    fn power_down_within(&self, time: Duration, taken: &mut Vec<ShutdownStep>) -> Option<Exit> {
        /// How often a QEMU that doesn't end is asked whether its guest has.
        const PERIOD: Duration = Duration::from_millis(500);

        let qmp = self.qmp()?;
        let end = Instant::now().checked_add(time);
        if !qmp.call(&QueryStatus {}).timeout(time).execute().is_ok_and(|status| status.running) {
            return self.try_wait();
        }
        taken.push(ShutdownStep::Powerdown);
        if qmp.call(&SystemPowerdown {}).timeout(left(end)).execute().is_err() {
            return self.try_wait();
        }
        loop {
            let left = left(end);
            if let Some(exit) = self.wait_timeout(left.min(PERIOD)) {
                return Some(exit);
            }
            let over = qmp
                .call(&QueryStatus {})
                .timeout(left)
                .execute()
                .is_ok_and(|status| status.status == "shutdown");
            if left.is_zero() || over {
                return None;
            }
        }
    }
}

/// Which of the steps that were taken has ended a guest, by how it ended: a late answer to an earlier step is that one's, and
/// others may have ended it, too.
fn step_that_worked(taken: &[ShutdownStep], cause: &Cause) -> ShutdownStep {
    let step = match cause {
        Cause::Shutdown(ShutdownReason::Guest | ShutdownReason::GuestReset) => ShutdownStep::Powerdown,
        Cause::Shutdown(ShutdownReason::Quit) => ShutdownStep::Quit,
        Cause::Shutdown(ShutdownReason::Signal) | Cause::Signal(libc::SIGTERM) => ShutdownStep::Terminate,
        Cause::Signal(libc::SIGKILL) => ShutdownStep::Kill,
        Cause::Shutdown(_) | Cause::Signal(_) => ShutdownStep::None,
        // These say nothing of it.
        Cause::GuestPanicked | Cause::GuestCrashed | Cause::Failed(_) | Cause::Ended | Cause::Unknown => {
            taken.last().copied().unwrap_or(ShutdownStep::None)
        }
    };
    if taken.contains(&step) { step } else { ShutdownStep::None }
}

fn left(end: Option<Instant>) -> Duration {
    end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::ShutdownStep::{Kill, None, Powerdown, Quit, Terminate};
    use super::step_that_worked;
    use crate::{Cause, ShutdownReason};

    #[test]
    fn how_it_ended_says_which_step_worked() {
        let powered_down = Cause::Shutdown(ShutdownReason::Guest);
        assert_eq!(step_that_worked(&[Powerdown], &powered_down), Powerdown);
        // It took longer than it was given.
        assert_eq!(step_that_worked(&[Powerdown, Quit], &powered_down), Powerdown);
        assert_eq!(step_that_worked(&[Quit], &powered_down), None);

        let quit = Cause::Shutdown(ShutdownReason::Quit);
        assert_eq!(step_that_worked(&[Powerdown, Quit], &quit), Quit);
        assert_eq!(step_that_worked(&[Powerdown], &quit), None);

        let terminated = Cause::Shutdown(ShutdownReason::Signal);
        assert_eq!(step_that_worked(&[Quit, Terminate], &terminated), Terminate);
        assert_eq!(step_that_worked(&[Terminate], &Cause::Signal(libc::SIGTERM)), Terminate);
        assert_eq!(step_that_worked(&[Powerdown, Quit], &terminated), None);

        let killed = Cause::Signal(libc::SIGKILL);
        assert_eq!(step_that_worked(&[Terminate, Kill], &killed), Kill);
        assert_eq!(step_that_worked(&[Powerdown], &killed), None);
        assert_eq!(step_that_worked(&[Powerdown], &Cause::Signal(libc::SIGSEGV)), None);

        // A guest that ends QEMU by isa-debug-exit, one without QMP, a daemon.
        assert_eq!(step_that_worked(&[Powerdown], &Cause::Failed(33)), Powerdown);
        assert_eq!(step_that_worked(&[Terminate], &Cause::Ended), Terminate);
        assert_eq!(step_that_worked(&[Terminate, Kill], &Cause::Unknown), Kill);
        assert_eq!(step_that_worked(&[], &Cause::Unknown), None);
    }
}
