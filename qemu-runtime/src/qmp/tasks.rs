//! QMP for tasks.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_core::de::DeserializeOwned;
use serde_json::Value;

use super::answer::STEP;
use super::options::{deadline_of, is_past};
use super::{Command, Event, Greeting, QmpError, Raw, RunningVersion};
use crate::supervisor::Observed;
use crate::watch::blocking;

/// A [conversation with QEMU](super::Qmp), whose calls are waited for by `await`.
///
/// A call that is dropped before it has ended waits no longer. Its command may be carried out all the same.
#[derive(Clone, Copy, Debug)]
pub struct Qmp<'q>(&'q super::Qmp);

impl<'q> From<&'q super::Qmp> for Qmp<'q> {
    fn from(qmp: &'q super::Qmp) -> Self {
        Self(qmp)
    }
}

impl<'q> Qmp<'q> {
    /// See [`qmp::Qmp::ready`](super::Qmp::ready).
    ///
    /// # Errors
    ///
    /// At the timeout, and where QEMU ended or sent something else.
    pub async fn ready(&self, timeout: Duration) -> Result<Greeting, QmpError> {
        let greeting = self.0.connection.is_ready(deadline_of(timeout)).await;
        greeting.map_err(|stop| stop.of("QEMU's greeting", timeout))
    }

    /// Which QEMU it is, once that has greeted.
    pub fn version(&self) -> Option<RunningVersion> {
        self.0.version()
    }

    /// How long an answer is waited for where the call doesn't say.
    pub fn timeout(&self) -> Duration {
        self.0.timeout()
    }

    /// Executes a command.
    ///
    /// # Errors
    ///
    /// As [`qmp::Qmp::execute`](super::Qmp::execute).
    pub async fn execute<C: Command>(&self, command: &C) -> Result<C::Ok, QmpError>
    where
        C::Ok: Send + 'static,
    {
        self.call(command).execute().await
    }

    /// Executes a command by its name, with its arguments as JSON: an object, or null for none.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`].
    pub async fn execute_raw(&self, name: &str, arguments: Value) -> Result<Value, QmpError> {
        self.call_raw(name, arguments).execute().await
    }

    /// A command that is to be executed with choices of its own: see [`qmp::Qmp::call`](super::Qmp::call).
    pub fn call<C: Command>(&self, command: &C) -> Call<'q, C> {
        Call(self.0.call(command))
    }

    /// The same, by its name, with its arguments as JSON: an object, or null for none.
    pub fn call_raw<'c>(&self, name: &'c str, arguments: Value) -> Call<'c, Raw>
    where
        'q: 'c,
    {
        Call(self.0.call_raw(name, arguments))
    }

    /// The events from now on. One that a command causes is not lost if this is called before it.
    pub fn events(&self) -> Events {
        Events(self.0.events())
    }

    /// The events from the beginning, or as many of them as are kept.
    pub fn events_from_start(&self) -> Events {
        Events(self.0.events_from_start())
    }

    pub(crate) async fn observed(&self) -> Observed {
        self.0.connection.has_observed().await
    }
}

/// A command that is to be executed, and what it is given: see [`qmp::Call`](super::Call).
#[derive(Debug)]
#[must_use = "it is not sent before `execute`"]
pub struct Call<'q, C>(super::Call<'q, C>);

impl<C> Call<'_, C> {
    /// How long its answer is waited for, and read.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.timeout(timeout))
    }

    /// How many bytes its answer may have: see [`QmpOptions::answer_limit`](super::QmpOptions::answer_limit).
    pub fn answer_limit(self, bytes: usize) -> Self {
        Self(self.0.answer_limit(bytes))
    }

    /// File descriptors for the command: see [`qmp::Call::fds`](super::Call::fds).
    pub fn fds(self, fds: &[BorrowedFd<'_>]) -> Self {
        Self(self.0.fds(fds))
    }

    async fn executed<T: DeserializeOwned + Send + 'static>(self) -> Result<T, QmpError> {
        /// Whoever waits for it, unless it is dropped.
        struct Waits(Arc<AtomicBool>);

        impl Drop for Waits {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }

        let super::Call { connection, request, bounds, .. } = self.0;
        let (request, timeout) = (request?, bounds.timeout);
        let (name, deadline) = (request.name, deadline_of(timeout));
        let answered = connection.executed(request, bounds, deadline).await?;
        if answered.text.len() <= STEP {
            return answered.read(name, timeout, || false);
        }
        // What is long takes its time, which a task must not.
        let dropped = Arc::new(AtomicBool::new(false));
        let _waits = Waits(Arc::clone(&dropped));
        let over = move || dropped.load(Ordering::Relaxed) || is_past(deadline);
        let command = name.to_owned();
        blocking(move || answered.read(&command, timeout, over)).await
    }
}

impl<C: Command> Call<'_, C> {
    /// Has it executed out of band: see [`qmp::Call::out_of_band`](super::Call::out_of_band).
    pub fn out_of_band(self) -> Self {
        Self(self.0.out_of_band())
    }

    /// Executes it. An answer of more than 64 KiB is read by one of tokio's threads for blocking work.
    ///
    /// # Errors
    ///
    /// As [`qmp::Qmp::execute`](super::Qmp::execute).
    pub async fn execute(self) -> Result<C::Ok, QmpError>
    where
        C::Ok: Send + 'static,
    {
        self.executed().await
    }
}

impl Call<'_, Raw> {
    /// Has it executed out of band: see [`qmp::Call::out_of_band`](super::Call::out_of_band).
    pub fn out_of_band(self) -> Self {
        Self(self.0.out_of_band())
    }

    /// Executes it, as any [`Call`].
    ///
    /// # Errors
    ///
    /// As [`qmp::Qmp::execute`](super::Qmp::execute).
    pub async fn execute(self) -> Result<Value, QmpError> {
        self.executed().await
    }
}

/// The [events](super::Events) from some moment on, waited for by `await`. A call that is dropped loses none.
#[derive(Debug)]
pub struct Events(super::Events);

impl Events {
    /// The next event, once there is one. Events that came before the connection ended are all given first.
    ///
    /// # Errors
    ///
    /// At the timeout, after the connection's end, and [once](QmpError::Lagged) where events were lost.
    pub async fn next(&mut self, timeout: Duration) -> Result<Arc<Event>, QmpError> {
        self.find("an event", timeout, |_| true).await
    }

    /// The next event of this name; those before it are passed over.
    ///
    /// # Errors
    ///
    /// As [`Events::next`].
    pub async fn wait_for(&mut self, name: &str, timeout: Duration) -> Result<Arc<Event>, QmpError> {
        self.find(name, timeout, |event| event.name == name).await
    }

    /// The next event that `wanted` wants; those before it are passed over. `what` names it in errors.
    ///
    /// # Errors
    ///
    /// As [`Events::next`].
    pub async fn find(
        &mut self,
        what: &str,
        timeout: Duration,
        wanted: impl FnMut(&Event) -> bool,
    ) -> Result<Arc<Event>, QmpError> {
        self.0.found(what, timeout, wanted).await
    }
}
