//! The connection: whoever has a command sends it. One thread reads, and sends what the socket had no room for.

use std::collections::{HashMap, VecDeque};
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
use serde_json::{Value, json};

use super::answer::{Answered, Refusal};
use super::end::observe;
use super::event::Ring;
use super::line::{Answer, Line, Message, NoQmp};
use super::options::{Bounds, deadline_of};
use super::outgoing::Outgoing;
use super::request::Request;
use super::text::read;
use super::{Greeting, QmpEnd, QmpError, QmpOptions};
use crate::host::kept;
use crate::supervisor::{Exit, Observed, Shared};
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
    state: Watched<State, About>,
}

/// What somebody waits for. The connection's end concerns all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    Greeting,
    /// What comes of the command with this id.
    Answer(u64),
    Events,
    /// That all that QEMU sent was read.
    Drained,
}

pub(super) struct State {
    pub(super) greeting: Option<Greeting>,
    /// Whether commands may be sent.
    ready: bool,
    oob: bool,
    last_id: u64,
    /// The commands that wait to be sent, each until it is its turn.
    queue: VecDeque<Outgoing>,
    /// What the socket has no room for yet. No other command is sent before it.
    outgoing: Option<Outgoing>,
    /// Whether the reader's thread waits for such room.
    awaits_room: bool,
    /// The commands that QEMU hasn't answered, in their order on the way to it. It may be that nobody waits for one any
    /// more.
    unanswered: Vec<Sent>,
    /// The commands whose answers somebody waits for, by id.
    pending: HashMap<u64, Pending>,
    pub(super) events: Ring,
    pub(super) observed: Observed,
    /// Once all that QEMU sent was read, or no more of it will be: whether that was in the middle of a line.
    closed: Option<bool>,
    ended: Option<Arc<QmpEnd>>,
    /// What there is to tell to those who wait, once the lock is given back.
    news: Vec<About>,
}

/// A command on its way.
struct Sent {
    id: u64,
    oob: bool,
    with_fds: bool,
}

/// What somebody waits for.
struct Pending {
    /// How many bytes the answer may have.
    limit: usize,
    /// What came of the command, until it is taken.
    outcome: Option<Outcome>,
}

enum Outcome {
    Answered(Answered),
    /// The answer is longer than it may be.
    TooLong,
    /// QEMU takes nothing out of band.
    NoOob,
    /// The kernel doesn't send its file descriptors.
    Unsent(io::Error),
}

/// Why waiting ended without what was waited for.
pub(super) enum Stop {
    Timeout,
    Ended(Arc<QmpEnd>),
}

/// What the reader's thread is to know before it reads.
struct Seen {
    /// Whether QEMU has ended: what it sent before is there then.
    ended: bool,
    /// How many bytes the longest answer may have that somebody waits for.
    answer_limit: usize,
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
            queue: VecDeque::new(),
            outgoing: None,
            awaits_room: false,
            unanswered: Vec::new(),
            pending: HashMap::new(),
            events: Ring::new(options.event_limit),
            observed: Observed::default(),
            closed: None,
            ended: None,
            news: Vec::new(),
        };
        Ok(Self { socket, epoll, options, process, state: Watched::new(state) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Changes the state, and tells those whom it concerns.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let changed = change(&mut state);
        let news = mem::take(&mut state.news);
        drop(state);
        news.into_iter().for_each(|about| self.state.tell(about));
        changed
    }

    /// Waits for what `look` sees, which comes first, or the connection's end.
    pub(super) fn wait<T>(
        &self,
        about: About,
        deadline: Option<Instant>,
        look: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<T, Stop> {
        self.state.wait(about, deadline, or_end(look)).unwrap_or_else(|| Err(self.stop()))
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
        self.wait(About::Greeting, deadline, State::greeted)
    }

    /// What was seen of the guest's end, once all that QEMU sent was read.
    pub(super) fn observed(&self) -> Observed {
        // What QEMU left behind may have its end of the socket still, and write on and on.
        let drained = self.wait(About::Drained, deadline_of(PATIENCE), State::drained);
        drained.unwrap_or_else(|_| self.lock().observed.clone())
    }

    /// Sends a command and waits for its answer.
    pub(super) fn execute(
        &self,
        request: Request<'_>,
        bounds: Bounds,
        deadline: Option<Instant>,
    ) -> Result<Answered, QmpError> {
        let name = request.name;
        let waits = self.begin(request, bounds)?;
        let outcome = self.wait(About::Answer(waits.id), deadline, |state| state.outcome(waits.id));
        answered(name, bounds, outcome)
    }

    /// Sends a command, or lines it up where it isn't its turn.
    fn begin(&self, request: Request<'_>, bounds: Bounds) -> Result<Waits<'_>, QmpError> {
        let name = request.name;
        let command = request.outgoing().map_err(|source| QmpError::unreadable(name, source))?;
        let id = self.change(|state| {
            state.last_id += 1;
            let id = state.last_id;
            state.pending.insert(id, Pending { limit: bounds.answer_limit, outcome: None });
            state.queue.push_back(command.with_id(id));
            self.send(state);
            id
        });
        Ok(Waits { connection: self, id })
    }

    /// Sends the commands whose turn it is.
    fn send(&self, state: &mut State) {
        while let Some(command) = state.next_command() {
            if command.oob && !state.oob {
                state.came(command.id(), Outcome::NoOob);
                continue;
            }
            state.sends(command);
            self.flush(state);
        }
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
                Err(error) => {
                    state.forget(id);
                    state.came(id, Outcome::Unsent(error.into()));
                }
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

    /// Reads until there is nothing more: the work of a thread.
    pub(super) fn read(&self) {
        let read = self.read_lines();
        let observed = self.change(|state| {
            state.closed = Some(*read.as_ref().unwrap_or(&false));
            state.news.push(About::Drained);
            state.observed.clone()
        });
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
                return Some(process.exit(ended, observed));
            }
        }
        None
    }

    /// Reads line by line to the end. Says whether there was a part of a line.
    fn read_lines(&self) -> Result<bool, QmpEnd> {
        let mut line = Line::default();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let Seen { ended, answer_limit } = self.attend()?;
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
                if line.push(part, answer_limit).is_err() {
                    return Err(self.garbage(&line));
                }
                if part.ends_with(b"\n") {
                    match line.end() {
                        Ok(message) => message.map_or(Ok(()), |message| self.take(message, &line))?,
                        Err(NoQmp) => return Err(self.garbage(&line)),
                    }
                    line = Line::default();
                }
            }
        }
    }

    /// Waits until there is something to read, and sends meanwhile what is left to send.
    fn attend(&self) -> Result<Seen, QmpEnd> {
        let mut events = [MaybeUninit::uninit(); 2];
        let ended = match epoll::wait(&self.epoll, &mut events, None) {
            Ok((seen, _)) => seen.iter().any(|event| event.data.u64() == PROCESS),
            Err(Errno::INTR) => false,
            // A program may have closed what is not its own.
            Err(error) => return Err(QmpEnd::Io(error.into())),
        };
        self.change(|state| {
            if state.ended.is_some() {
                // The first reason stays.
                return Err(QmpEnd::Dropped);
            }
            if state.awaits_room {
                self.flush(state);
                self.send(state);
            }
            let limits = state.pending.values().map(|pending| pending.limit);
            Ok(Seen { ended, answer_limit: limits.max().unwrap_or_default() })
        })
    }

    fn garbage(&self, line: &Line) -> QmpEnd {
        QmpEnd::Garbage { greeting: self.lock().greeting.is_none(), line: line.start() }
    }

    /// Takes what a line says.
    fn take(&self, message: Message, line: &Line) -> Result<(), QmpEnd> {
        self.change(|state| {
            match (message, state.greeting.is_some()) {
                (Message::Greeting(greeting), false) => return self.negotiate(state, greeting),
                (Message::Event(event), true) => {
                    observe(&mut state.observed, &event);
                    state.events.push(event);
                    state.news.push(About::Events);
                }
                (Message::Answer { id: Some(NEGOTIATION), answer }, true) => state.negotiated(answer)?,
                (Message::Answer { id: Some(id), answer }, true) => state.answered(id, answer),
                // It answers in the order of what it is sent, but for what overtakes, which it has answered before it reads on.
                (Message::Answer { id: None, answer }, true) => match state.unanswered.first() {
                    Some(Sent { id: NEGOTIATION, .. }) => state.negotiated(answer)?,
                    Some(Sent { id, .. }) => state.answered(*id, answer),
                    None => {}
                },
                (Message::Foreign, true) => {}
                _ => return Err(None),
            }
            self.send(state);
            Ok(())
        })
        .map_err(|end| end.unwrap_or_else(|| self.garbage(line)))
    }

    /// Answers the greeting. Nobody else writes yet.
    fn negotiate(&self, state: &mut State, greeting: Greeting) -> Result<(), Option<QmpEnd>> {
        let oob = greeting.capabilities.iter().any(|capability| capability == "oob");
        let arguments = if oob { json!({ "enable": ["oob"] }) } else { Value::Null };
        let request = Request { name: "qmp_capabilities", arguments, ..Request::default() };
        let command = request.outgoing().map_err(|error| QmpEnd::Io(error.into()))?;
        (state.greeting, state.oob) = (Some(greeting), oob);
        state.sends(command.with_id(NEGOTIATION));
        self.flush(state);
        Ok(())
    }

    /// Ends the connection, and with it all that wait. The first reason stays.
    pub(super) fn end(&self, end: QmpEnd) {
        self.lock().ended.get_or_insert_with(|| Arc::new(end));
        self.state.tell_all();
        // The reader and QEMU notice. It fails where the other end is gone.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// The same for tasks.
#[cfg(feature = "tokio")]
impl Connection {
    pub(super) async fn seen<T>(
        &self,
        about: About,
        deadline: Option<Instant>,
        look: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<T, Stop> {
        self.state.seen(about, deadline, or_end(look)).await.unwrap_or_else(|| Err(self.stop()))
    }

    pub(super) async fn is_ready(&self, deadline: Option<Instant>) -> Result<Greeting, Stop> {
        self.seen(About::Greeting, deadline, State::greeted).await
    }

    pub(super) async fn has_observed(&self) -> Observed {
        let drained = self.seen(About::Drained, deadline_of(PATIENCE), State::drained).await;
        drained.unwrap_or_else(|_| self.lock().observed.clone())
    }

    pub(super) async fn executed(
        &self,
        request: Request<'_>,
        bounds: Bounds,
        deadline: Option<Instant>,
    ) -> Result<Answered, QmpError> {
        let name = request.name;
        let waits = self.begin(request, bounds)?;
        let outcome = self.seen(About::Answer(waits.id), deadline, |state| state.outcome(waits.id)).await;
        answered(name, bounds, outcome)
    }
}

/// Somebody who waits for an answer. A task may be dropped wherever it waits.
struct Waits<'c> {
    connection: &'c Connection,
    id: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.connection.change(|state| {
            state.pending.remove(&self.id);
            state.queue.retain(|command| command.id() != self.id);
            let unsent = state.outgoing.take_if(|command| command.id() == self.id && !command.is_begun());
            if unsent.is_some() {
                state.forget(self.id);
                self.connection.flush(state);
                self.connection.send(state);
            }
        });
    }
}

impl State {
    fn greeted(&mut self) -> Option<Greeting> {
        if self.ready && self.ended.is_none() { self.greeting.clone() } else { None }
    }

    fn drained(&mut self) -> Option<Observed> {
        self.closed.map(|_| self.observed.clone())
    }

    /// The next command whose turn it is to be sent. What is to overtake goes first.
    fn next_command(&mut self) -> Option<Outgoing> {
        /// QEMU reads no further, and sees nothing that would overtake, while this many wait for it.
        const QUEUE: usize = 8;

        if self.ended.is_some() || !self.ready || self.outgoing.is_some() {
            return None;
        }
        let in_band = self.unanswered.iter().filter(|sent| !sent.oob).count();
        let is_full = self.oob && in_band >= QUEUE - 1;
        // QEMU keeps only the last file descriptors that came, until a command takes them.
        let with_fds = self.unanswered.iter().any(|sent| sent.with_fds);
        let goes = |command: &Outgoing| (command.oob || !is_full) && (command.fds.is_empty() || !with_fds);
        let overtakes = |command: &Outgoing| command.oob && goes(command);
        let index = self.queue.iter().position(overtakes).or_else(|| self.queue.iter().position(goes))?;
        self.queue.remove(index)
    }

    /// Has a command sent next.
    fn sends(&mut self, command: Outgoing) {
        let sent = Sent { id: command.id(), oob: command.oob, with_fds: !command.fds.is_empty() };
        self.unanswered.push(sent);
        self.outgoing = Some(command);
    }

    /// No longer counts on an answer to a command.
    fn forget(&mut self, id: u64) {
        self.unanswered.retain(|sent| sent.id != id);
    }

    /// Takes QEMU's answer to the answer to its greeting.
    fn negotiated(&mut self, answer: Answer) -> Result<(), QmpEnd> {
        self.forget(NEGOTIATION);
        if let Answer::Refused(refusal) = answer {
            let Refusal { desc, .. } = refusal.and_then(|refusal| read(&refusal)).unwrap_or_default();
            return Err(QmpEnd::Negotiation { desc });
        }
        self.ready = true;
        self.news.push(About::Greeting);
        Ok(())
    }

    /// Takes QEMU's answer to a command.
    fn answered(&mut self, id: u64, answer: Answer) {
        self.forget(id);
        let (refused, text) = match answer {
            Answer::Returned(text) => (false, text),
            Answer::Refused(text) => (true, text),
        };
        let limit = self.pending.get(&id).map_or(0, |pending| pending.limit);
        self.came(
            id,
            match text {
                Some(text) if text.len() <= limit => Outcome::Answered(Answered { refused, text }),
                _ => Outcome::TooLong,
            },
        );
    }

    /// Takes what came of a command.
    fn came(&mut self, id: u64, outcome: Outcome) {
        // Whoever sent it may have given up.
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.outcome = Some(outcome);
            self.news.push(About::Answer(id));
        }
    }

    /// What came of a command, once it is there.
    fn outcome(&mut self, id: u64) -> Option<Outcome> {
        self.pending.get_mut(&id)?.outcome.take()
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

/// The answer to a command, or why there is none.
fn answered(name: &str, bounds: Bounds, outcome: Result<Outcome, Stop>) -> Result<Answered, QmpError> {
    let command = || name.to_owned();
    match outcome.map_err(|stop| stop.of(name, bounds.timeout))? {
        Outcome::Answered(answered) => Ok(answered),
        Outcome::TooLong => Err(QmpError::TooLong { command: command(), limit: bounds.answer_limit }),
        Outcome::NoOob => Err(QmpError::NoOob { command: command() }),
        Outcome::Unsent(source) => Err(QmpError::Send { command: command(), source: Arc::new(source) }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::io::Write as _;

    use super::*;

    #[test]
    fn who_leaves_does_not_wait_for_what_is_still_to_be_read() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let connection = Connection::new(ours, QmpOptions::new(), None).unwrap();
        theirs.write_all(&[b'['; 100_000]).unwrap();
        connection.end(QmpEnd::Dropped);
        connection.read();
        assert_eq!(rustix::io::ioctl_fionread(&connection.socket).unwrap(), 100_000);
        assert!(matches!(connection.ready(None), Err(Stop::Ended(end)) if matches!(*end, QmpEnd::Dropped)));
    }
}
