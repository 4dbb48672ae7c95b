//! A command with choices of its own.

use std::fmt;
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use serde_core::de::DeserializeOwned;
use serde_json::Value;

use super::connection::Connection;
use super::options::{Bounds, deadline_of, is_past};
use super::request::Request;
use super::{Command, QmpError};

/// A command that is to be executed, and what it is given: by [`Qmp::call`](super::Qmp::call).
///
/// ```no_run
/// # let guest: qemu_runtime::Guest = todo!();
/// use std::time::Duration;
/// use serde_json::json;
///
/// let qmp = guest.qmp().expect("it was started with QMP");
/// let dump = json!({ "command-line": "xp /1000000xb 0" });
/// let dump = qmp
///     .call_raw("human-monitor-command", dump)
///     .timeout(Duration::from_secs(120))
///     .answer_limit(64 << 20)
///     .execute()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it is not sent before `execute`"]
pub struct Call<'q, C> {
    pub(super) connection: &'q Connection,
    /// What can't be sent says so when it is executed.
    pub(super) request: Result<Request<'q>, QmpError>,
    pub(super) bounds: Bounds,
    command: PhantomData<fn() -> C>,
}

/// A command by its name, with its arguments as JSON: see [`Qmp::call_raw`](super::Qmp::call_raw).
#[derive(Debug)]
pub struct Raw;

impl<'q, C> Call<'q, C> {
    /// How long its answer is waited for, and read.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.bounds.timeout = timeout;
        self
    }

    /// How many bytes its answer may have: see [`QmpOptions::answer_limit`](super::QmpOptions::answer_limit).
    pub const fn answer_limit(mut self, bytes: usize) -> Self {
        self.bounds.answer_limit = bytes;
        self
    }

    /// File descriptors for the command, which QEMU gets copies of: for [`GetFd`](super::GetFd) and
    /// [`AddFd`](super::AddFd), one. Such commands wait for each other, as QEMU would mistake the one's for the other's.
    pub fn fds(mut self, fds: &[BorrowedFd<'_>]) -> Self {
        self.request = self.request.and_then(|request| {
            // Where QEMU is slow to read, its caller may give up in the middle of them.
            let fds = fds.iter().map(BorrowedFd::try_clone_to_owned).collect::<Result<_, _>>();
            let failed =
                |source| QmpError::Send { command: request.name.to_owned(), source: Arc::new(source) };
            Ok(Request { fds: fds.map_err(failed)?, ..request })
        });
        self
    }

    fn overtaking(mut self) -> Self {
        if let Ok(request) = &mut self.request {
            request.oob = true;
        }
        self
    }

    fn executed<T: DeserializeOwned>(self) -> Result<T, QmpError> {
        let (request, Bounds { timeout, .. }) = (self.request?, self.bounds);
        let (name, deadline) = (request.name, deadline_of(timeout));
        let answered = self.connection.execute(request, self.bounds, deadline)?;
        answered.read(name, timeout, || is_past(deadline))
    }
}

impl<'q, C: Command> Call<'q, C> {
    pub(super) fn of(connection: &'q Connection, command: &C) -> Self {
        let arguments = serde_json::to_value(command);
        let request = match arguments {
            Ok(arguments) => Ok(Request { name: C::NAME, arguments, ..Request::default() }),
            Err(source) => Err(QmpError::unreadable(C::NAME, source)),
        };
        Self { connection, request, bounds: connection.options.bounds(), command: PhantomData }
    }

    /// Has it executed out of band: before those that QEMU has begun or that wait. That it can be is checked when the
    /// program is compiled. Not every QEMU has [anything of the kind](QmpError::NoOob).
    pub fn out_of_band(self) -> Self {
        const { assert!(C::ALLOW_OOB, "QEMU doesn't take this command out of band") };
        self.overtaking()
    }

    /// Executes it.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`](super::Qmp::execute).
    pub fn execute(self) -> Result<C::Ok, QmpError> {
        self.executed()
    }
}

impl<'q> Call<'q, Raw> {
    pub(super) fn raw(connection: &'q Connection, name: &'q str, arguments: Value) -> Self {
        let request = Ok(Request { name, arguments, ..Request::default() });
        Self { connection, request, bounds: connection.options.bounds(), command: PhantomData }
    }

    /// Has it executed out of band: before those that QEMU has begun or that wait. QEMU refuses what can't be.
    pub fn out_of_band(self) -> Self {
        self.overtaking()
    }

    /// Executes it.
    ///
    /// # Errors
    ///
    /// As [`Qmp::execute`](super::Qmp::execute).
    pub fn execute(self) -> Result<Value, QmpError> {
        self.executed()
    }
}

impl<C> fmt::Debug for Call<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.request.as_ref().map(|request| request.name).ok();
        f.debug_struct("Call").field("command", &name).field("bounds", &self.bounds).finish_non_exhaustive()
    }
}
