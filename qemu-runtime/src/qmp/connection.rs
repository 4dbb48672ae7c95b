//! The connection: whoever has a command sends it. One thread reads, and sends what the socket had no room for.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::event::Ring;
use super::outgoing::Outgoing;
use super::wire::{Failure, Message, Refusal, Reply, Request};
use super::{Greeting, QmpEnd, QmpError, QmpOptions};
use crate::fd::kept;
use crate::guest::{Exit, Observed};
use crate::supervisor::Shared;
use crate::watch::Watched;

/// The id of `qmp_capabilities`, which is sent once. Those of commands follow.
const NEGOTIATION: u64 = 0;

/// How long after QEMU's end what it had said before is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the reader's thread waits on, as the kernel says with an event.
const SOCKET: u64 = 0;
const PROCESS: u64 = 1;

pub(super) struct Connection {
    socket: UnixStream,
    /// What the reader's thread waits on: the socket, and the process's end.
    epoll: OwnedFd,
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
    /// What the socket has no room for yet. No other command is sent before it.
    outgoing: Option<Outgoing>,
    /// Whether the reader's thread waits for such room.
    awaits_room: bool,
    pub(super) events: Ring,
    pub(super) observed: Observed,
    /// Once all that QEMU sent was read, or no more of it will be: whether that was in the middle of a line.
    closed: Option<bool>,
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

/// A deadline beyond what the clock can tell is none.
pub(super) fn deadline_of(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

impl Connection {
    pub(super) fn new(
        socket: UnixStream,
        options: QmpOptions,
        process: Option<Arc<Shared>>,
    ) -> io::Result<Self> {
        let epoll = kept(epoll::create(CreateFlags::CLOEXEC)?)?;
        epoll::add(&epoll, &socket, EventData::new_u64(SOCKET), EventFlags::IN)?;
        if let Some(process) = &process {
            epoll::add(&epoll, &process.pidfd, EventData::new_u64(PROCESS), EventFlags::IN)?;
        }
        let state = State {
            greeting: None,
            ready: false,
            oob: false,
            last_id: NEGOTIATION,
            unanswered: BTreeMap::new(),
            pending: HashMap::new(),
            outgoing: None,
            awaits_room: false,
            events: Ring::new(options.event_limit),
            observed: Observed::default(),
            closed: None,
            ended: None,
        };
        Ok(Self { socket, epoll, options, process, state: Watched::new(state) })
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
        self.state.wait(deadline, or_end(look)).unwrap_or_else(|| Err(self.stop()))
    }

    /// Why waiting ends at its deadline.
    fn stop(&self) -> Stop {
        match self.lock().closed {
            Some(partial) => Stop::Ended(Arc::new(QmpEnd::Closed { partial })),
            None => Stop::Timeout,
        }
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
    pub(super) fn execute(&self, request: Request<'_>, timeout: Duration) -> Result<Box<RawValue>, QmpError> {
        let deadline = deadline_of(timeout);
        let name = request.name;
        let mut command = request.outgoing().map_err(|source| QmpError::unreadable(name, source))?;
        let sent = self.wait(deadline, |state| self.send(state, &mut command));
        let waits = self.waits(sent.map_err(|stop| stop.of(name, timeout))?, name)?;
        let reply = self.wait(deadline, |state| state.answer(waits.id));
        answered(name, reply.map_err(|stop| stop.of(name, timeout))?)
    }

    /// Sends a command, where it is its turn, and gives its id; none where QEMU doesn't take it.
    fn send(&self, state: &mut State, command: &mut Outgoing) -> Option<Option<u64>> {
        let id = state.turn(command)?;
        if let Some(id) = id {
            state.outgoing = Some(mem::take(command).with_id(id));
            self.flush(state);
        }
        Some(id)
    }

    /// Sends what the socket has room for. The reader's thread sees to the rest.
    fn flush(&self, state: &mut State) {
        if let Some(command) = &mut state.outgoing {
            let sent = command.send(&self.socket);
            let (id, begun) = (command.id(), command.is_begun());
            if sent != Ok(false) {
                state.outgoing = None;
            }
            match sent {
                // The other end is closed. The reader will say why.
                Ok(_) | Err(Errno::PIPE | Errno::CONNRESET) => {}
                Err(error) if begun || id == NEGOTIATION => {
                    state.ended.get_or_insert_with(|| Arc::new(QmpEnd::Io(error.into())));
                    // The reader tells all who wait.
                    let _ = self.socket.shutdown(Shutdown::Both);
                }
                Err(error) => state.answered(id, Err(Failure::Unsent(error.into()))),
            }
        }
        let awaits_room = state.outgoing.is_some();
        if mem::replace(&mut state.awaits_room, awaits_room) != awaits_room {
            let room = if awaits_room { EventFlags::OUT } else { EventFlags::empty() };
            // There is nothing that can be wrong.
            let _ =
                epoll::modify(&self.epoll, &self.socket, EventData::new_u64(SOCKET), EventFlags::IN | room);
        }
    }

    /// Whoever waits for the answer to a command that was sent.
    fn waits(&self, id: Option<u64>, name: &str) -> Result<Waits<'_>, QmpError> {
        let id = id.ok_or_else(|| QmpError::NoOob { command: name.to_owned() })?;
        Ok(Waits { connection: self, id })
    }

    /// Reads until there is nothing more: the work of a thread.
    pub(super) fn read(&self) {
        let read = self.read_lines();
        let mut state = self.lock();
        state.closed = Some(*read.as_ref().unwrap_or(&false));
        let observed = state.observed.clone();
        drop(state);
        self.state.tell();
        self.end(read.map_or_else(
            |end| end,
            |partial| match self.exit(observed) {
                Some(exit) => QmpEnd::Exited(exit),
                None => QmpEnd::Closed { partial },
            },
        ));
    }

    /// How QEMU ended, which may take it a while after it has closed its socket. Nothing where it runs on, or as soon as
    /// the connection has another end.
    fn exit(&self, observed: Observed) -> Option<Exit> {
        /// How often it is looked whether the connection has ended.
        const STEP: Duration = Duration::from_millis(50);

        let process = self.process.as_ref()?;
        let deadline = deadline_of(self.options.timeout);
        while self.lock().ended.is_none() && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            if let Some(ended) = process.wait(deadline_of(STEP)) {
                return Some(Exit::new(process, ended, observed));
            }
        }
        None
    }

    /// Reads line by line to the end. Says whether there was a part of a line.
    fn read_lines(&self) -> Result<bool, QmpEnd> {
        /// A longer line's memory is given back.
        const KEPT: usize = 1 << 20;

        let mut line = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        let limit = self.options.line_limit;
        loop {
            let ended = self.attend()?;
            let taken = match recv(&self.socket, &mut *chunk, RecvFlags::DONTWAIT) {
                Ok((0, _)) => return Ok(!line.is_empty()),
                Ok((taken, _)) => taken,
                // A process that QEMU left behind may have its end of the socket still.
                Err(Errno::AGAIN) if ended => return Ok(!line.is_empty()),
                Err(Errno::AGAIN | Errno::INTR) => continue,
                // What it hadn't read of ours when it closed.
                Err(Errno::CONNRESET) => return Ok(!line.is_empty()),
                Err(error) => return Err(QmpEnd::Io(error.into())),
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

    /// Waits until there is something to read, and sends meanwhile what is left to send. Says whether QEMU has ended: what it
    /// sent before is there then.
    fn attend(&self) -> Result<bool, QmpEnd> {
        let mut events = [MaybeUninit::uninit(); 2];
        let ended = match epoll::wait(&self.epoll, &mut events, None) {
            Ok((seen, _)) => seen.iter().any(|event| event.data.u64() == PROCESS),
            Err(Errno::INTR) => false,
            // A program may have closed what is not its own.
            Err(error) => return Err(QmpEnd::Io(error.into())),
        };
        let mut state = self.lock();
        if state.awaits_room {
            self.flush(&mut state);
            drop(state);
            self.state.tell();
        }
        Ok(ended)
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
                state.events.push(event);
            }
            Some(Message::Answer { id, reply }) if greeted => self.answer(id, reply)?,
            // It answers in the order of what it is sent, but for what overtakes, which it has answered before it reads on.
            Some(Message::Unread(failure)) if greeted => {
                let first = self.lock().unanswered.keys().next().copied();
                if let Some(id) = first {
                    self.answer(id, Err(failure))?;
                }
            }
            Some(Message::Foreign) if greeted => return Ok(()),
            _ => return Err(garbage()),
        }
        self.state.tell();
        Ok(())
    }

    /// Takes the answer to a command.
    fn answer(&self, id: u64, reply: Reply) -> Result<(), QmpEnd> {
        let mut state = self.lock();
        if id == NEGOTIATION {
            if let Err(Failure::Refused(Refusal { desc, .. })) = reply {
                return Err(QmpEnd::Negotiation { desc });
            }
            state.ready = true;
        }
        state.answered(id, reply);
        Ok(())
    }

    /// Answers the greeting. Nobody else writes yet.
    fn negotiate(&self, greeting: Greeting) -> Result<(), QmpEnd> {
        let oob = greeting.capabilities.iter().any(|capability| capability == "oob");
        let arguments = if oob { json!({ "enable": ["oob"] }) } else { Value::Null };
        let request = Request { oob: false, name: "qmp_capabilities", arguments, fds: Vec::new() };
        let command = request.outgoing().map_err(|error| QmpEnd::Io(error.into()))?;
        let mut state = self.lock();
        state.greeting = Some(greeting);
        state.oob = oob;
        state.unanswered.insert(NEGOTIATION, Sent { oob: false, with_fds: false });
        state.outgoing = Some(command.with_id(NEGOTIATION));
        self.flush(&mut state);
        Ok(())
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
        self.state.seen(deadline, or_end(look)).await.unwrap_or_else(|| Err(self.stop()))
    }

    pub(super) async fn is_ready(&self, deadline: Option<Instant>) -> Result<Greeting, Stop> {
        self.seen(deadline, State::greeted).await
    }

    pub(super) async fn has_observed(&self) -> Observed {
        let drained = self.seen(deadline_of(PATIENCE), State::drained).await;
        drained.unwrap_or_else(|_| self.lock().observed.clone())
    }

    pub(super) async fn executed(
        &self,
        request: Request<'_>,
        timeout: Duration,
    ) -> Result<Box<RawValue>, QmpError> {
        let deadline = deadline_of(timeout);
        let name = request.name;
        let mut command = request.outgoing().map_err(|source| QmpError::unreadable(name, source))?;
        let sent = self.seen(deadline, |state| self.send(state, &mut command)).await;
        let waits = self.waits(sent.map_err(|stop| stop.of(name, timeout))?, name)?;
        let reply = self.seen(deadline, |state| state.answer(waits.id)).await;
        answered(name, reply.map_err(|stop| stop.of(name, timeout))?)
    }
}

/// Somebody who waits for an answer. A task may be dropped wherever it waits.
struct Waits<'c> {
    connection: &'c Connection,
    id: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let mut state = self.connection.lock();
        state.pending.remove(&self.id);
        let unsent = state.outgoing.take_if(|command| command.id() == self.id && !command.is_begun());
        if unsent.is_some() {
            state.unanswered.remove(&self.id);
            drop(state);
            self.connection.state.tell();
        }
    }
}

impl State {
    fn greeted(&mut self) -> Option<Greeting> {
        if self.ready && self.ended.is_none() { self.greeting.clone() } else { None }
    }

    fn drained(&mut self) -> Option<Observed> {
        self.closed.map(|_| self.observed.clone())
    }

    /// The turn to send a command, with its id; none where QEMU doesn't take it.
    fn turn(&mut self, command: &Outgoing) -> Option<Option<u64>> {
        /// QEMU reads no further, and sees nothing that would overtake, while this many wait for it.
        const QUEUE: usize = 8;

        let (oob, with_fds) = (command.oob, !command.fds.is_empty());
        if self.ended.is_some() || !self.ready || self.outgoing.is_some() {
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
        self.last_id += 1;
        let id = self.last_id;
        self.unanswered.insert(id, Sent { oob, with_fds });
        self.pending.insert(id, None);
        Some(Some(id))
    }

    /// Takes what came of a command.
    fn answered(&mut self, id: u64, reply: Reply) {
        self.unanswered.remove(&id);
        // Whoever sent it may have given up.
        if let Some(place) = self.pending.get_mut(&id) {
            *place = Some(reply);
        }
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

fn answered(name: &str, reply: Reply) -> Result<Box<RawValue>, QmpError> {
    let command = || name.to_owned();
    reply.map_err(|failure| match failure {
        Failure::Refused(Refusal { class, desc }) => QmpError::Refused { command: command(), class, desc },
        Failure::Unsent(source) => QmpError::Send { command: command(), source: Arc::new(source) },
    })
}
