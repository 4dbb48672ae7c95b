//! The connection: one thread reads, whoever has a command writes it, one at a time.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::BorrowedFd;
#[cfg(feature = "tokio")]
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::event::Ring;
use super::wire::{Message, Refusal, Reply, Request, end_line};
use super::{Greeting, QmpEnd, QmpError, QmpOptions};
use crate::guest::{Exit, Observed};
use crate::supervisor::Shared;
use crate::watch::Watched;

/// The id of `qmp_capabilities`, which is sent once. Those of commands follow.
const NEGOTIATION: u64 = 0;

/// How long after the connection's end its cause is waited for: QEMU closes its sockets a little before it is gone.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Connection {
    socket: UnixStream,
    pub(super) options: QmpOptions,
    /// The process at the other end, where it is a guest of this process.
    process: Option<Arc<Shared>>,
    state: Watched<State>,
}

pub(super) struct State {
    pub(super) greeting: Option<Greeting>,
    /// Whether commands may be sent.
    ready: bool,
    oob: bool,
    last_id: u64,
    /// The commands that QEMU hasn't answered, by id and so in their order on the way to it. It may be that nobody waits
    /// for one any more.
    unanswered: BTreeMap<u64, Sent>,
    /// The commands whose answers somebody waits for, by id, and the answers until they are taken.
    pending: HashMap<u64, Option<Reply>>,
    /// Whether somebody is writing a command.
    writing: bool,
    pub(super) events: Ring,
    pub(super) observed: Observed,
    /// Whether all that QEMU sent was read, or no more of it will be.
    drained: bool,
    ended: Option<Arc<QmpEnd>>,
}

/// A command on its way.
struct Sent {
    oob: bool,
    with_fds: bool,
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
            unanswered: BTreeMap::new(),
            pending: HashMap::new(),
            writing: false,
            events: Ring::new(options.event_limit),
            observed: Observed::default(),
            drained: false,
            ended: None,
        };
        Self { socket, options, process, state: Watched::new(state) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Waits for what `look` sees, which comes first, or the connection's end.
    pub(super) fn wait<T>(
        &self,
        deadline: Option<Instant>,
        look: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<T, Stop> {
        self.state.wait(deadline, or_end(look)).unwrap_or(Err(Stop::Timeout))
    }

    /// Waits until commands may be sent, and gives the greeting.
    pub(super) fn ready(&self, deadline: Option<Instant>) -> Result<Greeting, Stop> {
        self.wait(deadline, State::greeted)
    }

    /// What was seen of the guest's end, once all that QEMU sent was read.
    pub(super) fn observed(&self) -> Observed {
        // What QEMU left behind may have its end of the socket still, and write on and on.
        let drained = self.wait(deadline_of(PATIENCE), State::drained);
        drained.unwrap_or_else(|_| self.lock().observed.clone())
    }

    /// Sends a command and waits for its answer.
    pub(super) fn execute(
        &self,
        command: Request<'_>,
        fds: &[BorrowedFd<'_>],
        timeout: Duration,
    ) -> Result<Box<RawValue>, QmpError> {
        let deadline = deadline_of(timeout);
        let name = command.name;
        let mut line = command.line().map_err(|source| QmpError::unreadable(name, source))?;
        let turn = self.wait(deadline, |state| state.turn(command.oob, !fds.is_empty()));
        let id = turn.map_err(|stop| stop.of(name, timeout))?.ok_or_else(|| no_oob(name))?;
        end_line(&mut line, id);
        let sent = self.send(&line, fds, &mut 0, deadline);
        self.sent(id, sent).map_err(|unsent| unsent.of(name, timeout))?;
        let reply = self.wait(deadline, |state| state.answer(id));
        answered(name, reply.map_err(|stop| self.given_up(id, stop).of(name, timeout))?)
    }

    /// What follows from the attempt to send a command: the next one's turn, or the connection's end.
    fn sent(&self, id: u64, sent: Result<(), Unsent>) -> Result<(), Unsent> {
        let mut state = self.lock();
        state.writing = false;
        if matches!(sent, Err(Unsent::Timeout | Unsent::Failed(_))) {
            state.pending.remove(&id);
            state.unanswered.remove(&id);
        }
        drop(state);
        self.state.tell();
        match sent {
            Ok(()) | Err(Unsent::Closed) => Ok(()),
            Err(Unsent::Partly) => {
                self.end(QmpEnd::Stuck);
                Ok(())
            }
            Err(unsent) => Err(unsent),
        }
    }

    /// Nobody waits for a command's answer any more.
    fn given_up(&self, id: u64, stop: Stop) -> Stop {
        self.lock().pending.remove(&id);
        stop
    }

    /// Sends a line from its byte `at` on, with the file descriptors in front, and moves `at` on.
    fn send(
        &self,
        line: &[u8],
        fds: &[BorrowedFd<'_>],
        at: &mut usize,
        deadline: Option<Instant>,
    ) -> Result<(), Unsent> {
        while let Some(rest) = line.get(*at..).filter(|rest| !rest.is_empty()) {
            let begun = *at > 0;
            let fds = if begun { &[] } else { fds };
            let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(fds.len()))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
                return Err(Unsent::Failed(Errno::TOOMANYREFS.into()));
            }
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match sendmsg(&self.socket, &[IoSlice::new(rest)], &mut control, flags) {
                Ok(sent) => *at += sent,
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
        let read = self.read_lines();
        let mut state = self.lock();
        state.drained = true;
        let (observed, ended) = (state.observed.clone(), state.ended.is_some());
        drop(state);
        self.state.tell();
        let end = match read {
            Err(end) => end,
            Ok(_) if ended => return,
            Ok(partial) => {
                let process = self.process.as_ref();
                let ended = process.and_then(|process| Some((process, process.wait(deadline_of(PATIENCE))?)));
                match ended {
                    Some((process, ended)) => QmpEnd::Exited(Exit::new(process, ended, observed)),
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
            if self.is_over() {
                return Ok(!line.is_empty());
            }
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

    /// Waits until there is something to read, or QEMU has ended and there is not: a process that it left behind may have
    /// its end of the socket still.
    fn is_over(&self) -> bool {
        let Some(process) = &self.process else {
            return false;
        };
        let socket = || PollFd::new(&self.socket, PollFlags::IN);
        // Where it fails otherwise, reading waits as well.
        while poll(&mut [socket(), PollFd::new(&process.pidfd, PollFlags::IN)], None) == Err(Errno::INTR) {}
        // What it sent before it ended is there by the time that it has.
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let ended = poll(&mut [PollFd::new(&process.pidfd, PollFlags::IN)], Some(&now)) == Ok(1);
        ended && poll(&mut [socket()], Some(&now)) == Ok(0)
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
        match Message::of(line) {
            Some(Message::Greeting(greeting)) if !greeted => return self.negotiate(greeting),
            Some(Message::Event(event)) if greeted => {
                let mut state = self.lock();
                state.observed.take(&event);
                state.events.push(event, line.len());
            }
            Some(Message::Answer { id, reply }) if greeted => self.lock().take(id, reply)?,
            // It answers in the order of what it is sent, but for what overtakes, which it has answered before it reads on.
            Some(Message::Unread(refusal)) if greeted => {
                let mut state = self.lock();
                if let Some(id) = state.unanswered.keys().next().copied() {
                    state.take(id, Err(refusal))?;
                }
            }
            Some(Message::Foreign) if greeted => return Ok(()),
            _ => return Err(garbage()),
        }
        self.state.tell();
        Ok(())
    }

    /// Answers the greeting. Nobody else writes yet.
    fn negotiate(&self, greeting: Greeting) -> Result<(), QmpEnd> {
        let oob = greeting.capabilities.iter().any(|capability| capability == "oob");
        let arguments = if oob { json!({ "enable": ["oob"] }) } else { Value::Null };
        let mut state = self.lock();
        state.greeting = Some(greeting);
        state.oob = oob;
        state.unanswered.insert(NEGOTIATION, Sent { oob: false, with_fds: false });
        drop(state);
        let request = Request { oob: false, name: "qmp_capabilities", arguments };
        let mut line = request.line().map_err(|error| QmpEnd::Io(error.into()))?;
        end_line(&mut line, NEGOTIATION);
        match self.send(&line, &[], &mut 0, deadline_of(self.options.timeout)) {
            Ok(()) | Err(Unsent::Closed) => Ok(()),
            Err(Unsent::Timeout | Unsent::Partly) => Err(QmpEnd::Stuck),
            Err(Unsent::Failed(error)) => Err(QmpEnd::Io(error)),
        }
    }

    /// Ends the connection, and with it all that wait. The first reason stays.
    pub(super) fn end(&self, end: QmpEnd) {
        let mut state = self.lock();
        state.ended.get_or_insert_with(|| Arc::new(end));
        drop(state);
        self.state.tell();
        // The reader and QEMU notice. It fails where the other end is gone.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// The same for tasks.
#[cfg(feature = "tokio")]
impl Connection {
    pub(super) async fn seen<T>(
        &self,
        deadline: Option<Instant>,
        look: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<T, Stop> {
        self.state.seen(deadline, or_end(look)).await.unwrap_or(Err(Stop::Timeout))
    }

    pub(super) async fn is_ready(&self, deadline: Option<Instant>) -> Result<Greeting, Stop> {
        self.seen(deadline, State::greeted).await
    }

    pub(super) async fn has_observed(&self) -> Observed {
        let drained = self.seen(deadline_of(PATIENCE), State::drained).await;
        drained.unwrap_or_else(|_| self.lock().observed.clone())
    }

    /// A task may be dropped wherever it waits. Then nobody waits for the answer, but a command that was begun is
    /// written to its end.
    pub(super) async fn executed(
        self: &Arc<Self>,
        command: Request<'_>,
        fds: Vec<OwnedFd>,
        timeout: Duration,
    ) -> Result<Box<RawValue>, QmpError> {
        let deadline = deadline_of(timeout);
        let name = command.name;
        let mut line = command.line().map_err(|source| QmpError::unreadable(name, source))?;
        let turn = self.seen(deadline, |state| state.turn(command.oob, !fds.is_empty())).await;
        let id = turn.map_err(|stop| stop.of(name, timeout))?.ok_or_else(|| no_oob(name))?;
        let _waits = Waits { connection: self, id };
        end_line(&mut line, id);
        let mut at = 0;
        let borrowed: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
        let mut sent = self.send(&line, &borrowed, &mut at, Some(Instant::now()));
        if matches!(sent, Err(Unsent::Timeout | Unsent::Partly)) {
            // QEMU is slow to read: that is waited for elsewhere.
            let connection = Arc::clone(self);
            let writer = tokio::task::spawn_blocking(move || {
                let borrowed: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
                let sent = connection.send(&line, &borrowed, &mut at, deadline);
                connection.sent(id, sent)
            });
            // It fails where the runtime ends, and this task with it.
            sent = writer.await.unwrap_or(Err(Unsent::Timeout));
        } else {
            sent = self.sent(id, sent);
        }
        sent.map_err(|unsent| unsent.of(name, timeout))?;
        let reply = self.seen(deadline, |state| state.answer(id)).await;
        answered(name, reply.map_err(|stop| stop.of(name, timeout))?)
    }
}

/// A task that waits for an answer, or did.
#[cfg(feature = "tokio")]
struct Waits<'c> {
    connection: &'c Connection,
    id: u64,
}

#[cfg(feature = "tokio")]
impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.connection.lock().pending.remove(&self.id);
    }
}

impl State {
    fn greeted(&mut self) -> Option<Greeting> {
        if self.ready && self.ended.is_none() { self.greeting.clone() } else { None }
    }

    fn drained(&mut self) -> Option<Observed> {
        self.drained.then(|| self.observed.clone())
    }

    /// The turn to write a command, with its id; none where QEMU doesn't take it.
    fn turn(&mut self, oob: bool, with_fds: bool) -> Option<Option<u64>> {
        /// QEMU reads no further, and sees nothing that would overtake, while this many wait for it.
        const QUEUE: usize = 8;

        if self.ended.is_some() || !self.ready || self.writing {
            return None;
        }
        if oob && !self.oob {
            return Some(None);
        }
        let unanswered =
            |which: fn(&Sent) -> bool| self.unanswered.values().filter(|sent| which(sent)).count();
        if self.oob && !oob && unanswered(|sent| !sent.oob) >= QUEUE - 1 {
            return None;
        }
        // QEMU keeps only the last file descriptors that came, until a command takes them.
        if with_fds && unanswered(|sent| sent.with_fds) > 0 {
            return None;
        }
        self.writing = true;
        self.last_id += 1;
        let id = self.last_id;
        self.unanswered.insert(id, Sent { oob, with_fds });
        self.pending.insert(id, None);
        Some(Some(id))
    }

    /// Takes the answer to a command.
    fn take(&mut self, id: u64, reply: Reply) -> Result<(), QmpEnd> {
        self.unanswered.remove(&id);
        if id == NEGOTIATION {
            self.ready = true;
            return reply.map(drop).map_err(|refusal| QmpEnd::Negotiation { desc: refusal.desc });
        }
        // Whoever sent it may have given up.
        if let Some(place) = self.pending.get_mut(&id) {
            *place = Some(reply);
        }
        Ok(())
    }

    /// The answer to a command, once it is there.
    fn answer(&mut self, id: u64) -> Option<Reply> {
        self.pending.get(&id)?.as_ref()?;
        self.pending.remove(&id)?
    }
}

/// Sees the connection's end, too, where there is nothing else to see.
fn or_end<T>(
    mut look: impl FnMut(&mut State) -> Option<T>,
) -> impl FnMut(&mut State) -> Option<Result<T, Stop>> {
    move |state| look(state).map(Ok).or_else(|| state.ended.clone().map(|end| Err(Stop::Ended(end))))
}

impl Stop {
    /// The error of whoever waited for `what`.
    pub(super) fn of(self, what: &str, timeout: Duration) -> QmpError {
        let what = what.to_owned();
        match self {
            Self::Timeout => QmpError::Timeout { what, timeout },
            Self::Ended(end) => QmpError::Ended { what, end },
        }
    }
}

impl Unsent {
    fn of(self, name: &str, timeout: Duration) -> QmpError {
        match self {
            Self::Failed(source) => QmpError::Send { command: name.to_owned(), source: Arc::new(source) },
            Self::Timeout | Self::Partly | Self::Closed => Stop::Timeout.of(name, timeout),
        }
    }
}

fn no_oob(name: &str) -> QmpError {
    QmpError::NoOob { command: name.to_owned() }
}

fn answered(name: &str, reply: Reply) -> Result<Box<RawValue>, QmpError> {
    reply.map_err(|Refusal { class, desc }| QmpError::Refused { command: name.to_owned(), class, desc })
}
