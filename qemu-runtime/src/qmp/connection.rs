//! The connection: one thread reads, whoever has a command writes it, one at a time.

use std::collections::HashMap;
use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::{Map, Value, json};

use super::event::Ring;
use super::{Event, Greeting, QmpEnd, QmpError, QmpOptions};
use crate::guest::{Exit, Observed};
use crate::supervisor::Shared;

/// The id of `qmp_capabilities`, which is sent once. Those of commands follow.
const NEGOTIATION: u64 = 0;

/// How long after the connection's end its cause is waited for: QEMU closes its sockets a little before it is gone.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Connection {
    socket: UnixStream,
    pub(super) options: QmpOptions,
    /// The process at the other end, where it is a guest of this process.
    process: Option<Arc<Shared>>,
    state: Mutex<State>,
    changed: Condvar,
}

/// What QEMU answers, or its class and description of an error.
type Reply = Result<Value, (String, String)>;

pub(super) struct State {
    pub(super) greeting: Option<Greeting>,
    /// Whether commands may be sent.
    ready: bool,
    oob: bool,
    last_id: u64,
    /// Those who wait, by the ids of their commands.
    pending: HashMap<u64, SyncSender<Reply>>,
    /// Whether somebody is writing a command.
    writing: bool,
    /// The command on its way that brings file descriptors. QEMU keeps only the last that came, until a command takes them:
    /// there is never a second.
    fd_command: Option<u64>,
    pub(super) events: Ring,
    pub(super) observed: Observed,
    /// Whether all that QEMU sent was read.
    drained: bool,
    ended: Option<Arc<QmpEnd>>,
}

/// Why waiting ended without what was waited for.
pub(super) enum Stop {
    Timeout,
    Ended(Arc<QmpEnd>),
}

/// What became of a command that was not sent.
enum Unsent {
    /// Nothing of it was.
    Timeout,
    /// A part of it was: what follows would be read as its end.
    Partly,
    /// The other end is closed. The reader will say why.
    Closed,
    Failed(io::Error),
}

/// A deadline beyond what the clock can tell is none.
pub(super) fn deadline_of(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

impl Connection {
    pub(super) fn new(socket: UnixStream, options: QmpOptions, process: Option<Arc<Shared>>) -> Self {
        let state = State {
            greeting: None,
            ready: false,
            oob: false,
            last_id: NEGOTIATION,
            pending: HashMap::new(),
            writing: false,
            fd_command: None,
            events: Ring::new(options.event_limit),
            observed: Observed::default(),
            drained: false,
            ended: None,
        };
        Self { socket, options, process, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// A panic in another thread leaves nothing half done here.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for what `look` sees, which comes first, and for nothing after the connection's end.
    fn wait<T>(
        &self,
        deadline: Option<Instant>,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<T, Stop> {
        self.wait_even_after_end(deadline, |state| if state.ended.is_some() { None } else { look(state) })
    }

    /// The same, with what there is to see after the connection's end.
    pub(super) fn wait_even_after_end<T>(
        &self,
        deadline: Option<Instant>,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<T, Stop> {
        let mut state = self.lock();
        loop {
            if let Some(seen) = look(&mut state) {
                return Ok(seen);
            }
            if let Some(end) = &state.ended {
                return Err(Stop::Ended(Arc::clone(end)));
            }
            state = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return Err(Stop::Timeout),
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Waits until commands may be sent, and gives the greeting.
    pub(super) fn ready(&self, deadline: Option<Instant>) -> Result<Greeting, Stop> {
        self.wait(deadline, |state| if state.ready { state.greeting.clone() } else { None })
    }

    /// What was seen of the guest's end, once all that QEMU sent was read.
    pub(super) fn observed(&self) -> Observed {
        // What QEMU left behind may have its end of the socket still.
        let drained = self.wait_even_after_end(deadline_of(PATIENCE), |state| {
            state.drained.then(|| state.observed.clone())
        });
        drained.unwrap_or_else(|_| self.lock().observed.clone())
    }

    /// Sends a command and waits for its answer.
    pub(super) fn execute(
        &self,
        oob: bool,
        name: &str,
        arguments: Value,
        fds: &[BorrowedFd<'_>],
        timeout: Duration,
    ) -> Result<Value, QmpError> {
        let deadline = deadline_of(timeout);
        let stopped = |stop| match stop {
            Stop::Timeout => QmpError::Timeout { what: name.to_owned(), timeout },
            Stop::Ended(end) => QmpError::Ended { what: name.to_owned(), end },
        };
        let (sender, receiver) = mpsc::sync_channel(1);
        // The turn to write, and the command's id.
        let turn = self.wait(deadline, |state| {
            if !state.ready || state.writing || (!fds.is_empty() && state.fd_command.is_some()) {
                return None;
            }
            if oob && !state.oob {
                return Some(None);
            }
            state.writing = true;
            state.last_id += 1;
            if !fds.is_empty() {
                state.fd_command = Some(state.last_id);
            }
            state.pending.insert(state.last_id, sender.clone());
            Some(Some(state.last_id))
        });
        // From here on the table has the only one: at the connection's end it lets go of it.
        drop(sender);
        let Some(id) = turn.map_err(stopped)? else {
            return Err(QmpError::NoOob { command: name.to_owned() });
        };

        let sent = self.send(&request(oob, name, arguments, id), fds, deadline);
        let mut state = self.lock();
        state.writing = false;
        if matches!(sent, Err(Unsent::Timeout | Unsent::Failed(_))) {
            state.pending.remove(&id);
            if state.fd_command == Some(id) {
                state.fd_command = None;
            }
        }
        drop(state);
        self.changed.notify_all();
        match sent {
            Ok(()) | Err(Unsent::Closed) => {}
            Err(Unsent::Timeout) => return Err(stopped(Stop::Timeout)),
            Err(Unsent::Partly) => self.end(QmpEnd::Stuck),
            Err(Unsent::Failed(source)) => {
                return Err(QmpError::Send { command: name.to_owned(), source: Arc::new(source) });
            }
        }

        let reply = match deadline {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(deadline) => receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())),
        };
        match reply {
            Ok(Ok(value)) => Ok(value),
            Ok(Err((class, desc))) => Err(QmpError::Refused { command: name.to_owned(), class, desc }),
            Err(RecvTimeoutError::Timeout) => {
                // Its answer, if it comes, is nobody's.
                self.lock().pending.remove(&id);
                Err(stopped(Stop::Timeout))
            }
            Err(RecvTimeoutError::Disconnected) => {
                let end = self.lock().ended.clone();
                Err(stopped(Stop::Ended(end.unwrap_or_else(|| Arc::new(QmpEnd::Dropped)))))
            }
        }
    }

    /// Sends a line, with the file descriptors in front.
    fn send(
        &self,
        mut line: &[u8],
        mut fds: &[BorrowedFd<'_>],
        deadline: Option<Instant>,
    ) -> Result<(), Unsent> {
        let mut begun = false;
        while !line.is_empty() {
            let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(fds.len()))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
                return Err(Unsent::Failed(Errno::TOOMANYREFS.into()));
            }
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match sendmsg(&self.socket, &[IoSlice::new(line)], &mut control, flags) {
                Ok(sent) => {
                    line = line.get(sent..).unwrap_or_default();
                    fds = &[];
                    begun = true;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                    if left == Some(Duration::ZERO) {
                        return Err(if begun { Unsent::Partly } else { Unsent::Timeout });
                    }
                    // A wait longer than the kernel can tell is one without end.
                    let left = left.and_then(|left| Timespec::try_from(left).ok());
                    // Whatever comes of it, the next attempt says.
                    let _ = poll(&mut [PollFd::new(&self.socket, PollFlags::OUT)], left.as_ref());
                }
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(Unsent::Closed),
                Err(error) if begun => {
                    self.end(QmpEnd::Io(error.into()));
                    return Err(Unsent::Closed);
                }
                Err(error) => return Err(Unsent::Failed(error.into())),
            }
        }
        Ok(())
    }

    /// Reads until there is nothing more: the work of a thread.
    pub(super) fn read(&self) {
        let end = match self.read_lines() {
            Err(end) => end,
            Ok(partial) => {
                let mut state = self.lock();
                state.drained = true;
                let (observed, ended) = (state.observed.clone(), state.ended.is_some());
                drop(state);
                self.changed.notify_all();
                if ended {
                    return;
                }
                let process = self.process.as_ref();
                let status =
                    process.and_then(|process| Some((process, process.wait(deadline_of(PATIENCE))?.ok()?)));
                match status {
                    Some((process, status)) => QmpEnd::Exited(Exit::new(process, status, observed)),
                    None => QmpEnd::Closed { partial },
                }
            }
        };
        self.end(end);
    }

    /// Reads line by line to the end. Says whether there was a part of a line.
    fn read_lines(&self) -> Result<bool, QmpEnd> {
        /// A longer line's memory is given back.
        const KEPT: usize = 1 << 20;

        let mut line = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        let limit = self.options.line_limit;
        loop {
            let taken = match (&self.socket).read(&mut chunk) {
                Ok(0) => return Ok(!line.is_empty()),
                Ok(taken) => taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // What it hadn't read of ours when it closed.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(!line.is_empty()),
                Err(error) => return Err(QmpEnd::Io(error)),
            };
            for part in chunk.get(..taken).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
                if line.len() + part.len() > limit {
                    return Err(QmpEnd::LineTooLong { limit });
                }
                line.extend_from_slice(part);
                if line.ends_with(b"\n") {
                    self.take(line.trim_ascii())?;
                    line.clear();
                    line.shrink_to(KEPT);
                }
            }
        }
    }

    /// Takes what a line says.
    fn take(&self, line: &[u8]) -> Result<(), QmpEnd> {
        if line.is_empty() {
            return Ok(());
        }
        let greeted = self.lock().greeting.is_some();
        let garbage = || {
            let start = line.get(..line.len().min(200)).unwrap_or_default();
            QmpEnd::Garbage { greeting: !greeted, line: String::from_utf8_lossy(start).into_owned() }
        };
        let mut object: Map<String, Value> = serde_json::from_slice(line).map_err(|_| garbage())?;
        if !greeted {
            let greeting = object.remove("QMP").and_then(|greeting| serde_json::from_value(greeting).ok());
            return self.negotiate(greeting.ok_or_else(garbage)?);
        }
        if object.contains_key("event") {
            let event = Event::of(object).ok_or_else(garbage)?;
            let mut state = self.lock();
            state.observed.take(&event);
            state.events.push(event, line.len());
            drop(state);
            self.changed.notify_all();
            return Ok(());
        }
        let reply = match (object.remove("return"), object.remove("error")) {
            (Some(value), _) => Ok(value),
            (None, Some(error)) => {
                let text = |key| error.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                Err((text("class"), text("desc")))
            }
            (None, None) => return Err(garbage()),
        };
        // What has no id answers what QEMU couldn't read, and nothing of the kind was sent.
        let id = object.get("id").and_then(Value::as_u64).ok_or_else(garbage)?;
        let mut state = self.lock();
        if id == NEGOTIATION {
            if let Err((_, desc)) = reply {
                return Err(QmpEnd::Negotiation { desc });
            }
            state.ready = true;
        } else {
            if state.fd_command == Some(id) {
                state.fd_command = None;
            }
            if let Some(sender) = state.pending.remove(&id) {
                // It may have given up this moment.
                let _ = sender.try_send(reply);
            }
        }
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Answers the greeting. Nobody else writes yet.
    fn negotiate(&self, greeting: Greeting) -> Result<(), QmpEnd> {
        let oob = greeting.capabilities.iter().any(|capability| capability == "oob");
        let arguments = if oob { json!({ "enable": ["oob"] }) } else { Value::Null };
        let mut state = self.lock();
        state.greeting = Some(greeting);
        state.oob = oob;
        drop(state);
        let line = request(false, "qmp_capabilities", arguments, NEGOTIATION);
        match self.send(&line, &[], deadline_of(self.options.timeout)) {
            Ok(()) | Err(Unsent::Closed) => Ok(()),
            Err(Unsent::Timeout | Unsent::Partly) => Err(QmpEnd::Stuck),
            Err(Unsent::Failed(error)) => Err(QmpEnd::Io(error)),
        }
    }

    /// Ends the connection, and with it all that wait. The first reason stays.
    pub(super) fn end(&self, end: QmpEnd) {
        let mut state = self.lock();
        state.ended.get_or_insert_with(|| Arc::new(end));
        state.pending.clear();
        drop(state);
        self.changed.notify_all();
        // The reader and QEMU notice. It fails where the other end is gone.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// A command as a line.
fn request(oob: bool, name: &str, arguments: Value, id: u64) -> Vec<u8> {
    let mut object = Map::new();
    object.insert(if oob { "exec-oob" } else { "execute" }.to_owned(), name.into());
    // What has no arguments may say so in several ways, of which QEMU takes one.
    if !arguments.is_null() {
        object.insert("arguments".to_owned(), arguments);
    }
    object.insert("id".to_owned(), id.into());
    format!("{}\n", Value::Object(object)).into_bytes()
}
