//! QMP for tasks.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::connection::deadline_of;
use super::wire::Request;
use super::{Command, Event, Greeting, QmpError, RunningVersion, typed};
use crate::guest::Observed;

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

impl Qmp<'_> {
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
    /// Where QEMU refuses it, gives no answer in time, or ends.
    pub async fn execute<C: Command>(&self, command: &C) -> Result<C::Ok, QmpError> {
        self.execute_timeout(command, self.timeout()).await
    }

    /// The same, with a timeout of its own.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`].
    pub async fn execute_timeout<C: Command>(
        &self,
        command: &C,
        timeout: Duration,
    ) -> Result<C::Ok, QmpError> {
        self.typed(command, false, &[], timeout).await
    }

    /// The same, with file descriptors for the command, which QEMU gets copies of: see
    /// [`qmp::Qmp::execute_with_fds`](super::Qmp::execute_with_fds).
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`], and where they can't be copied.
    pub async fn execute_with_fds<C: Command>(
        &self,
        command: &C,
        fds: &[BorrowedFd<'_>],
    ) -> Result<C::Ok, QmpError> {
        self.typed(command, false, fds, self.timeout()).await
    }

    /// Executes a command out of band: see [`qmp::Qmp::execute_oob`](super::Qmp::execute_oob).
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`], and where this QEMU has nothing of the kind.
    pub async fn execute_oob<C: Command>(&self, command: &C) -> Result<C::Ok, QmpError> {
        const { assert!(C::ALLOW_OOB, "QEMU doesn't take this command out of band") };
        self.typed(command, true, &[], self.timeout()).await
    }

    /// Executes a command by its name, with its arguments as JSON: an object, or null for none.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`].
    pub async fn execute_raw(&self, name: &str, arguments: Value) -> Result<Value, QmpError> {
        self.execute_raw_timeout(name, arguments, self.timeout()).await
    }

    /// The same, with a timeout of its own.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`].
    pub async fn execute_raw_timeout(
        &self,
        name: &str,
        arguments: Value,
        timeout: Duration,
    ) -> Result<Value, QmpError> {
        let request = Request { oob: false, name, arguments, fds: Vec::new() };
        typed(name, &self.0.connection.executed(request, timeout).await?)
    }

    /// The same, out of band. QEMU refuses what can't be.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute_oob`].
    pub async fn execute_raw_oob(&self, name: &str, arguments: Value) -> Result<Value, QmpError> {
        let request = Request { oob: true, name, arguments, fds: Vec::new() };
        typed(name, &self.0.connection.executed(request, self.timeout()).await?)
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

    async fn typed<C: Command>(
        &self,
        command: &C,
        oob: bool,
        fds: &[BorrowedFd<'_>],
        timeout: Duration,
    ) -> Result<C::Ok, QmpError> {
        typed(C::NAME, &self.0.connection.executed(Request::of(command, oob, fds)?, timeout).await?)
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
