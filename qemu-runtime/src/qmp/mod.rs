//! QMP, QEMU's protocol for programs: commands, their answers, and events.
//!
//! A guest that was started by [`Guest::start`](crate::Guest::start) or with [`Spawn::qmp`](crate::Spawn::qmp) has a [`Qmp`].
//! It goes over a pair of sockets, of which QEMU gets one end as a file descriptor: there is no path that somebody else
//! could open, and nothing to try again until QEMU listens.
//!
//! # What a conversation holds
//!
//! Whatever comes from the other end, there are in memory at most:
//!
//! - 16 MiB of [events](Events), fewer where they are [more than 1024](QmpOptions::event_limit). They are kept as QEMU has written
//!   them, 1 MiB of each. What a longer one says is thrown away while it comes, and to [read](Event::data) it is an error.
//! - For each call that waits, as many bytes as its answer [may have](Call::answer_limit): 10 MiB unless it says otherwise. What
//!   is longer is thrown away while it comes, and [this call](QmpError::TooLong) alone ends with an error.
//! - Of the line that is coming what the most generous of these calls allows, in any case 1 MiB, twice for a moment as it
//!   grows; and 512 KiB besides.
//!
//! It is so for bytes that are no UTF-8, too, for lines without an end, and for parts that nobody asked for. Measured, an event
//! of 20 MB and 100 MB of `\xff` in one each take 1.6 MB. Only what is read grows: a [`Value`] may take a hundred times its
//! text, a type that has what is wanted takes what that has.
//!
//! The thread that reads the socket takes lines apart while they come, and reads no payload but of the few events that tell of
//! QEMU's end: neither a call's deadline nor the end of a conversation waits for it. Whoever waits for an answer reads it, in steps of 64 KiB, until the call's
//! deadline.
//!
//! QMP goes over a socket pair whose other end QEMU gets as the number behind the plan's table; its two arguments are
//! added at the spawn, never to the plan. Whoever has a command sends it, and never waits to. One thread a guest sends
//! what the socket has no room for, reads, and finds each answer's caller by id: a deadline is its own call's alone.
//! All events are in one bounded ring, a subscription is a position in it, and whoever falls behind is told so. It ends
//! with QEMU, not with the last process that has the other end; how QEMU has ended is waited for as long as calls have
//! time.
//!
//! What comes over QMP costs what it may, whatever it is: the reader thread looks at each byte once, and keeps of a
//! line what an event may have or the calls that wait allow. An event stays a text until somebody reads it.
//!
//! What can't be read concerns one command. Its caller reads the answer's payload, until its deadline, the reader
//! thread only the form of the line. QEMU's error without an id is about the first of the lines that it hasn't
//! answered. What it would read as several lines (too deep, too large) isn't sent.
//!
//! A command that nobody waits for any more still has its place among those that QEMU hasn't answered. These are fewer
//! than QEMU queues: it reads on, and what is out of band overtakes.

mod answer;
mod call;
mod command;
mod connection;
mod end;
mod error;
mod event;
mod events;
mod line;
mod object;
mod options;
mod outgoing;
mod request;
#[cfg(feature = "tokio")]
pub(crate) mod tasks;
mod text;

pub use call::{Call, Raw};
pub use command::{
    AddFd, AddedFd, CloseFd, Command, Cont, GetFd, Greeting, Nothing, Numbers, QueryStatus, QueryVersion,
    Quit, RunningVersion, Status, Stop, SystemPowerdown,
};
pub use error::{QmpEnd, QmpError};
pub use event::Event;
pub use events::Events;
pub(crate) use object::object;
pub use options::QmpOptions;

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fmt, io};

use serde_json::Value;

use crate::supervisor::{Observed, Shared};
use connection::Connection;
use options::deadline_of;

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
    /// Where QEMU refuses it, gives no answer in time, gives one that is [too long](QmpError::TooLong), or ends, and where
    /// its arguments or the answer can't be read: see [`QmpError::Type`].
    pub fn execute<C: Command>(&self, command: &C) -> Result<C::Ok, QmpError> {
        self.call(command).execute()
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
        self.call_raw(name, arguments).execute()
    }

    /// A command that is to be executed with choices of its own: how long it may take and how long its answer may be, with
    /// file descriptors, or out of band.
    ///
    /// ```no_run
    /// # let guest: qemu_runtime::Guest = todo!();
    /// # let file: std::fs::File = todo!();
    /// use std::os::fd::AsFd;
    /// use qemu_runtime::qmp::AddFd;
    ///
    /// let qmp = guest.qmp().expect("it was started with QMP");
    /// let added = qmp.call(&AddFd::default()).fds(&[file.as_fd()]).execute()?;
    /// println!("/dev/fdset/{}", added.fdset_id);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn call<C: Command>(&self, command: &C) -> Call<'_, C> {
        Call::of(&self.connection, command)
    }

    /// The same, by its name, with its arguments as JSON: an object, or null for none.
    pub fn call_raw<'q>(&'q self, name: &'q str, arguments: Value) -> Call<'q, Raw> {
        Call::raw(&self.connection, name, arguments)
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
