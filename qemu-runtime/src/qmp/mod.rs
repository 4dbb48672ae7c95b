//! QMP, QEMU's protocol for programs: commands, their answers, and events.
//!
//! A guest that was started by [`Guest::start`](crate::Guest::start) or with [`Spawn::qmp`](crate::Spawn::qmp) has a [`Qmp`].
//! It goes over a pair of sockets, of which QEMU gets one end as a file descriptor: there is no path that somebody else
//! could open, and nothing to try again until QEMU listens.

mod command;
mod connection;
mod error;
mod event;
mod outgoing;
#[cfg(feature = "tokio")]
pub(crate) mod tasks;
mod wire;

pub use command::{
    AddFd, AddedFd, CloseFd, Command, Cont, GetFd, Greeting, Nothing, Numbers, QueryStatus, QueryVersion,
    Quit, RunningVersion, Status, Stop, SystemPowerdown,
};
pub use error::{QmpEnd, QmpError};
pub use event::{Event, Events};

use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fmt, io};

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::guest::Observed;
use crate::supervisor::Shared;
use connection::{Connection, deadline_of};
use wire::Request;

/// The bounds of a connection.
#[derive(Clone, Copy, Debug)]
#[must_use = "it sets nothing by itself"]
pub struct QmpOptions {
    timeout: Duration,
    line_limit: usize,
    event_limit: usize,
}

impl Default for QmpOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), line_limit: 256 << 20, event_limit: 1024 }
    }
}

impl QmpOptions {
    /// 30 seconds for a command, 256 MiB for a line, 1024 events.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long an answer is waited for where the call doesn't say, and so is the greeting; and QEMU's end, once it has
    /// closed the conversation.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many bytes one line of QEMU's may have. A longer one [ends](QmpEnd::LineTooLong) the connection.
    pub const fn line_limit(mut self, bytes: usize) -> Self {
        self.line_limit = bytes;
        self
    }

    /// How many events are kept for those who haven't taken them yet: fewer where they take more than 64 MiB of memory.
    pub const fn event_limit(mut self, events: usize) -> Self {
        self.event_limit = events;
        self
    }
}

/// A conversation with QEMU.
///
/// Any number of threads may use it at once: each gets the answer to its own command. No call waits without end, and when
/// QEMU ends, all of them end with the reason, once that is known: where standard error is [passed on](crate::Stderr::tee),
/// when that has taken it all.
pub struct Qmp {
    connection: Arc<Connection>,
    /// Gone only while it is dropped.
    thread: Option<JoinHandle<()>>,
}

impl Qmp {
    /// Begins a conversation over a socket at whose other end is a QMP server that nobody has spoken to yet: one of a
    /// `qmp unix` statement, for instance. The greeting is waited for and answered in the background.
    ///
    /// # Errors
    ///
    /// Where the kernel has no room for it, or a thread can't be started.
    pub fn new(socket: UnixStream, options: QmpOptions) -> io::Result<Self> {
        Self::start(socket, options, None)
    }

    pub(crate) fn start(
        socket: UnixStream,
        options: QmpOptions,
        process: Option<Arc<Shared>>,
    ) -> io::Result<Self> {
        let connection = Arc::new(Connection::new(socket, options, process)?);
        let reader = Arc::clone(&connection);
        let thread = thread::Builder::new().name("qemu-qmp".into()).spawn(move || reader.read())?;
        Ok(Self { connection, thread: Some(thread) })
    }

    /// Waits until QEMU has greeted and taken the answer, and gives its greeting. Commands wait for it by themselves.
    ///
    /// # Errors
    ///
    /// At the timeout, and where QEMU ended or sent something else.
    pub fn ready(&self, timeout: Duration) -> Result<Greeting, QmpError> {
        self.connection.ready(deadline_of(timeout)).map_err(|stop| stop.of("QEMU's greeting", timeout))
    }

    /// Which QEMU it is, once that has greeted.
    pub fn version(&self) -> Option<RunningVersion> {
        self.connection.lock().greeting.as_ref().map(|greeting| greeting.version.clone())
    }

    /// How long an answer is waited for where the call doesn't say.
    pub fn timeout(&self) -> Duration {
        self.connection.options.timeout
    }

    /// Executes a command.
    ///
    /// ```no_run
    /// # let guest: qemu_runtime::Guest = todo!();
    /// use qemu_runtime::qmp::QueryStatus;
    ///
    /// let qmp = guest.qmp().expect("it was started with QMP");
    /// println!("{}", qmp.execute(&QueryStatus {})?.status);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where QEMU refuses it, gives no answer in time, or ends, and where its arguments or the answer can't be read: see
    /// [`QmpError::Type`].
    pub fn execute<C: Command>(&self, command: &C) -> Result<C::Ok, QmpError> {
        self.execute_timeout(command, self.timeout())
    }

    /// The same, with a timeout of its own.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`].
    pub fn execute_timeout<C: Command>(&self, command: &C, timeout: Duration) -> Result<C::Ok, QmpError> {
        self.typed(command, false, &[], timeout)
    }

    /// The same, with file descriptors for the command, which QEMU gets copies of: for [`GetFd`] and [`AddFd`], one. Such
    /// commands wait for each other, as QEMU would mistake the one's for the other's.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`].
    pub fn execute_with_fds<C: Command>(
        &self,
        command: &C,
        fds: &[BorrowedFd<'_>],
    ) -> Result<C::Ok, QmpError> {
        self.typed(command, false, fds, self.timeout())
    }

    /// Executes a command out of band: before those that QEMU has begun or that wait. That it can be is checked when
    /// the program is compiled.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`], and where this QEMU has nothing of the kind.
    pub fn execute_oob<C: Command>(&self, command: &C) -> Result<C::Ok, QmpError> {
        const { assert!(C::ALLOW_OOB, "QEMU doesn't take this command out of band") };
        self.typed(command, true, &[], self.timeout())
    }

    /// Executes a command by its name, with its arguments as JSON: an object, or null for none.
    ///
    /// ```no_run
    /// # let guest: qemu_runtime::Guest = todo!();
    /// use serde_json::json;
    ///
    /// let qmp = guest.qmp().expect("it was started with QMP");
    /// let kinds = qmp.execute_raw("qom-list-types", json!({ "implements": "rng-backend" }))?;
    /// println!("{kinds}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`].
    pub fn execute_raw(&self, name: &str, arguments: Value) -> Result<Value, QmpError> {
        self.execute_raw_timeout(name, arguments, self.timeout())
    }

    /// The same, with a timeout of its own.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`].
    pub fn execute_raw_timeout(
        &self,
        name: &str,
        arguments: Value,
        timeout: Duration,
    ) -> Result<Value, QmpError> {
        let request = Request { oob: false, name, arguments, fds: Vec::new() };
        typed(name, &self.connection.execute(request, timeout)?)
    }

    /// The same, out of band. QEMU refuses what can't be.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute_oob`].
    pub fn execute_raw_oob(&self, name: &str, arguments: Value) -> Result<Value, QmpError> {
        let request = Request { oob: true, name, arguments, fds: Vec::new() };
        typed(name, &self.connection.execute(request, self.timeout())?)
    }

    /// The events from now on. One that a command causes is not lost if this is called before it.
    pub fn events(&self) -> Events {
        let next = self.connection.lock().events.end();
        Events { connection: Arc::clone(&self.connection), next }
    }

    /// The events from the beginning, or as many of them as are kept.
    pub fn events_from_start(&self) -> Events {
        Events { connection: Arc::clone(&self.connection), next: 0 }
    }

    pub(crate) fn observed(&self) -> Observed {
        self.connection.observed()
    }

    fn typed<C: Command>(
        &self,
        command: &C,
        oob: bool,
        fds: &[BorrowedFd<'_>],
        timeout: Duration,
    ) -> Result<C::Ok, QmpError> {
        typed(C::NAME, &self.connection.execute(Request::of(command, oob, fds)?, timeout)?)
    }
}

impl Request<'_> {
    /// A command that is a type.
    fn of<C: Command>(command: &C, oob: bool, fds: &[BorrowedFd<'_>]) -> Result<Self, QmpError> {
        let arguments =
            serde_json::to_value(command).map_err(|source| QmpError::unreadable(C::NAME, source))?;
        let send = |source| QmpError::Send { command: C::NAME.to_owned(), source: Arc::new(source) };
        // Where QEMU is slow to read, its caller may give up in the middle of them.
        let fds = fds.iter().map(BorrowedFd::try_clone_to_owned).collect::<Result<_, _>>().map_err(send)?;
        Ok(Self { oob, name: C::NAME, arguments, fds })
    }
}

/// Reads the answer to a command.
fn typed<T: DeserializeOwned>(name: &str, answer: &RawValue) -> Result<T, QmpError> {
    serde_json::from_str(answer.get()).map_err(|source| QmpError::unreadable(name, source))
}

impl fmt::Debug for Qmp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Qmp").field("version", &self.version()).finish_non_exhaustive()
    }
}

/// The connection ends; QEMU runs on.
impl Drop for Qmp {
    fn drop(&mut self) {
        self.connection.end(QmpEnd::Dropped);
        if let Some(thread) = self.thread.take() {
            // Its panic would have been printed; there is nothing to add to it.
            let _ = thread.join();
        }
    }
}
