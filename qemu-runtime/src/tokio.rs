//! The runtime for programs on tokio (feature `tokio`): the same names, waited for by `await`.
//!
//! It needs a tokio runtime with its timers. What waits here costs no thread, but for [`shutdown`](Guest::shutdown),
//! [`plug`](Guest::plug) and [`unplug`](Guest::unplug), which take one of tokio's for blocking work while they last,
//! [`start`](Guest::start), until QEMU is executing, and an answer of more than 64 KiB, while it is read. Where many events
//! have come, whoever takes them leaves other tasks their share of the thread.
//!
//! A guest has two threads of its own, its parent in the kernel's eyes and QMP's reader, and four file descriptors: its process,
//! its standard error, QMP's socket, and what the reader waits on. Those of a [`Guest`](crate::Guest) that the main thread starts
//! have one parent and one thread together, beside QMP's readers.
//!
//! ```no_run
//! # async fn example(plan: qemu_runtime::Plan) -> Result<(), Box<dyn std::error::Error>> {
//! use qemu_runtime::ShutdownPolicy;
//! use qemu_runtime::tokio::Guest;
//!
//! let guest = Guest::start(&plan).await?;
//! println!("{}", guest.status().await?.status);
//! let shutdown = guest.shutdown(&ShutdownPolicy::new()).await?;
//! println!("{:?}: {}", shutdown.step, shutdown.exit);
//! # Ok(())
//! # }
//! ```

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::supervisor::Ended;
use crate::watch::blocking;

pub use crate::qmp::tasks::{Call, Events, Qmp};

use crate::Equipped;
use crate::guest::OlderQemu;
use crate::plan::{Fragment, Plan};
use crate::plug::{PlugError, Plugged, UnplugError};
use crate::qmp::{Command, Cont, Event, QmpError, QueryStatus, Status, Stop, SystemPowerdown};
use crate::shutdown::{Shutdown, ShutdownPolicy};
use crate::spawn::{Spawn, SpawnError, StartError};
use crate::supervisor::Exit;

/// A [guest](crate::Guest) whose calls are waited for by `await`.
///
/// It ends as the other does: when it is dropped, QEMU is killed, and when this process ends, too, unless it was started
/// [detached](Spawn::detached). Dropped within a tokio runtime, it leaves the wait for QEMU's end to one of tokio's
/// threads for blocking work.
#[derive(Debug)]
#[must_use = "a guest that no variable holds is dropped, and QEMU killed, at once: `let guest = ...`"]
pub struct Guest {
    guest: Arc<crate::Guest>,
    stdin: Option<PipeWriter>,
    stdout: Option<PipeReader>,
    stderr: Option<PipeReader>,
}

impl From<crate::Guest> for Guest {
    fn from(mut guest: crate::Guest) -> Self {
        let (stdin, stdout, stderr) = (guest.take_stdin(), guest.take_stdout(), guest.take_stderr());
        Self { guest: Arc::new(guest), stdin, stdout, stderr }
    }
}

impl Guest {
    /// See [`crate::Guest::spawn`]. It blocks the calling thread until QEMU's program is executing: for a millisecond as a
    /// rule, but for as long as it takes to open what the plan names. [`start`](Guest::start) doesn't.
    ///
    /// # Errors
    ///
    /// Where a file descriptor of the plan can't be opened, or the program can't be executed. Nothing is left then.
    pub fn spawn<'a>(plan: impl Into<Equipped<'a, Plan>>) -> Result<Self, SpawnError> {
        crate::Guest::spawn(plan).map(Self::from)
    }

    /// Starts a plan with [QMP](Guest::qmp), and waits until QEMU has greeted there.
    ///
    /// # Errors
    ///
    /// Where it can't be spawned, and where QEMU ends or says nothing in time. Nothing is left then.
    pub async fn start<'a>(plan: impl Into<Equipped<'a, Plan>>) -> Result<Self, StartError> {
        Self::start_with(Spawn::new(plan)).await
    }

    /// The same, with choices.
    ///
    /// QEMU is started by a thread of tokio's for blocking work. What the calling thread has of its own doesn't count: its
    /// network namespace, its user, its processors. [`Spawn`] has choices for these.
    ///
    /// # Errors
    ///
    /// As [`Guest::start`].
    pub async fn start_with(spawn: Spawn<'_>) -> Result<Self, StartError> {
        let plan = spawn.plan.clone();
        let spawn = spawn.with_qmp().into_owned();
        // Until it has started, it is killed where this ends, or the task does.
        let spawn = move || {
            let mut guest = spawn.spawn()?;
            let detached = std::mem::take(&mut guest.detached);
            // As one of these it blocks no task where it is dropped.
            Ok((Self::from(guest), detached))
        };
        let (mut guest, detached) = blocking(spawn).await.map_err(StartError::Spawn)?;
        if let Some(qmp) = guest.qmp() {
            qmp.ready(qmp.timeout()).await.map_err(|error| StartError::of(error, &plan))?;
        }
        if let Some(guest) = Arc::get_mut(&mut guest.guest) {
            guest.detached = detached;
        }
        Ok(guest)
    }

    /// The guest of the blocking interface, for what is missing here.
    pub fn blocking(&self) -> &crate::Guest {
        &self.guest
    }

    /// The conversation with QEMU, where it was started with one.
    pub fn qmp(&self) -> Option<Qmp<'_>> {
        self.blocking().qmp().map(Qmp::from)
    }

    /// Whether the guest runs, and if not, why.
    ///
    /// # Errors
    ///
    /// Where QEMU doesn't answer, or there is no QMP. So it is for all that asks QEMU.
    pub async fn status(&self) -> Result<Status, QmpError> {
        self.ask(QueryStatus {}).await
    }

    /// Pauses the guest (`stop`).
    ///
    /// # Errors
    ///
    /// As [`Guest::status`].
    pub async fn pause(&self) -> Result<(), QmpError> {
        self.ask(Stop {}).await.map(drop)
    }

    /// Lets the guest run, also one that was started paused (`cont`).
    ///
    /// # Errors
    ///
    /// As [`Guest::status`].
    pub async fn resume(&self) -> Result<(), QmpError> {
        self.ask(Cont {}).await.map(drop)
    }

    /// Presses the guest's power button (`system_powerdown`).
    ///
    /// # Errors
    ///
    /// As [`Guest::status`].
    pub async fn powerdown(&self) -> Result<(), QmpError> {
        self.ask(SystemPowerdown {}).await.map(drop)
    }

    /// Calls `handler` with each event, those from the start included, in a task of its own, which ends with the
    /// connection. It must not block. Where it is slow for long, [events are lost](QmpError::Lagged): [`Qmp::events`] tells. A
    /// panic ends the task, and nothing else.
    ///
    /// # Errors
    ///
    /// `NotConnected` where there is no QMP, and outside a tokio runtime.
    pub fn on_event(&self, mut handler: impl FnMut(&Event) + Send + 'static) -> io::Result<()> {
        let qmp = self.qmp().ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, QmpError::NoQmp))?;
        let mut events = qmp.events_from_start();
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        runtime.spawn(async move {
            loop {
                match events.next(Duration::MAX).await {
                    Ok(event) => handler(&event),
                    Err(QmpError::Lagged { .. }) => {}
                    Err(_) => return,
                }
            }
        });
        Ok(())
    }

    async fn ask<C: Command<Ok: Send + 'static>>(&self, command: C) -> Result<C::Ok, QmpError> {
        self.qmp().ok_or(QmpError::NoQmp)?.execute(&command).await
    }

    /// See [`crate::Guest::older_than_target`].
    pub fn older_than_target(&self) -> Option<OlderQemu> {
        self.blocking().older_than_target()
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.blocking().id()
    }

    /// What refers to its process: see [`crate::Guest::pidfd`].
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.blocking().pidfd()
    }

    /// See [`crate::Guest::take_stdin`]. tokio writes to it as a `net::unix::pipe::Sender`.
    pub const fn take_stdin(&mut self) -> Option<PipeWriter> {
        self.stdin.take()
    }

    /// See [`crate::Guest::take_stdout`]. tokio reads from it as a `net::unix::pipe::Receiver`.
    pub const fn take_stdout(&mut self) -> Option<PipeReader> {
        self.stdout.take()
    }

    /// See [`crate::Guest::take_stderr`]. tokio reads from it as a `net::unix::pipe::Receiver`.
    pub const fn take_stderr(&mut self) -> Option<PipeReader> {
        self.stderr.take()
    }

    /// What it wrote to standard error so far: see [`crate::Guest::stderr`].
    pub fn stderr(&self) -> Vec<u8> {
        self.blocking().stderr()
    }

    /// Waits for it to end.
    pub async fn wait(&self) -> Exit {
        let ended = self.blocking().shared.seen_to_end(None).await;
        self.exit(ended.flatten()).await
    }

    /// Waits for it to end, but not longer than `timeout`. Nothing if it runs on.
    pub async fn wait_timeout(&self, timeout: Duration) -> Option<Exit> {
        let ended = self.blocking().shared.seen_to_end(Instant::now().checked_add(timeout)).await?;
        Some(self.exit(ended).await)
    }

    /// How it ended, if it has.
    pub async fn try_wait(&self) -> Option<Exit> {
        let ended = self.blocking().shared.ended()?;
        Some(self.exit(ended).await)
    }

    async fn exit(&self, ended: Ended) -> Exit {
        let observed = match self.qmp() {
            Some(qmp) => qmp.observed().await,
            None => Default::default(),
        };
        self.blocking().shared.exit(ended, observed)
    }

    /// Shuts it down: see [`crate::Guest::shutdown`]. Begun, it goes on though the call is dropped.
    ///
    /// # Errors
    ///
    /// As [`crate::Guest::shutdown`].
    pub async fn shutdown(&self, policy: &ShutdownPolicy) -> io::Result<Shutdown> {
        let (guest, policy) = (Arc::clone(&self.guest), *policy);
        blocking(move || guest.shutdown(&policy)).await
    }

    /// Plugs devices into the guest while it runs: see [`crate::Guest::plug`]. Begun, it goes on though the call is dropped.
    ///
    /// # Errors
    ///
    /// As [`crate::Guest::plug`].
    pub async fn plug<'a>(&self, devices: impl Into<Equipped<'a, Fragment>>) -> Result<Plugged, PlugError> {
        let (guest, devices) = (Arc::clone(&self.guest), devices.into().into_owned());
        blocking(move || guest.plug(devices)).await
    }

    /// The same, with open file descriptors: see [`crate::Guest::plug_with_fds`].
    ///
    /// # Errors
    ///
    /// As [`crate::Guest::plug_with_fds`].
    pub async fn plug_with_fds<'a>(
        &self,
        devices: impl Into<Equipped<'a, Fragment>>,
        fds: impl IntoIterator<Item = (impl Into<String>, impl Into<OwnedFd>)>,
    ) -> Result<Plugged, PlugError> {
        let (guest, devices) = (Arc::clone(&self.guest), devices.into().into_owned());
        let fds: Vec<(String, OwnedFd)> =
            fds.into_iter().map(|(name, fd)| (name.into(), fd.into())).collect();
        blocking(move || guest.plug_with_fds(devices, fds)).await
    }

    /// Takes a device out of the guest while it runs: see [`crate::Guest::unplug`]. Begun, it goes on though the call is
    /// dropped.
    ///
    /// # Errors
    ///
    /// As [`crate::Guest::unplug`].
    pub async fn unplug(&self, id: &str) -> Result<(), UnplugError> {
        let (guest, id) = (Arc::clone(&self.guest), id.to_owned());
        blocking(move || guest.unplug(&id)).await
    }

    /// The same, with a time of its own for the guest.
    ///
    /// # Errors
    ///
    /// As [`crate::Guest::unplug`].
    pub async fn unplug_timeout(&self, id: &str, timeout: Duration) -> Result<(), UnplugError> {
        let (guest, id) = (Arc::clone(&self.guest), id.to_owned());
        blocking(move || guest.unplug_timeout(&id, timeout)).await
    }

    /// Kills it, by SIGKILL. Doesn't wait for its end.
    ///
    /// # Errors
    ///
    /// As [`crate::Guest::kill`].
    pub fn kill(&self) -> io::Result<()> {
        self.blocking().kill()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // What has ended is not waited for.
        if self.guest.detached || self.guest.shared.ended().is_some() {
            return;
        }
        // Without a runtime, and whom this user may not kill, is left to the other guest's drop.
        if let (Ok(()), Ok(runtime)) = (self.guest.kill(), tokio::runtime::Handle::try_current()) {
            // Whoever has it last waits for QEMU's end, which takes a moment that a task must not.
            let guest = Arc::clone(&self.guest);
            runtime.spawn_blocking(move || guest.wait());
        }
    }
}
