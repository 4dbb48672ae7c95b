//! A guest from its start to its end: signals, deadlines, and what it says.

use std::ffi::c_int;
use std::io::PipeReader;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use qemu_runtime::{Exit, Guest, ShutdownPolicy};
use rustix::process::{
    Signal as Number, WaitId, WaitIdOptions, getpid, kill_process, pidfd_send_signal, waitid,
};
use signal_hook::consts::SIGTSTP;

use crate::cli::Run;
use crate::failure::reason;
use crate::output;

use super::messages::Messages;
use super::serial;
use super::signals::{Signal, Signals};
use super::terminal::Terminal;

/// How long what QEMU writes to standard error is held back before it has greeted, and twice that at most. By then it has
/// ended over it, or waits for something that it wants to be known.
const HELD: Duration = Duration::from_millis(500);
/// How soon after the first a signal is still the same wish: `timeout` sends it to this program, and then to its group.
const AT_ONCE: Duration = Duration::from_millis(100);
/// How long a QEMU that is to be shut down may still take to greet.
const GREETING: Duration = Duration::from_secs(1);
/// How long the end of the guest's output is waited for once QEMU has ended. Only where a process that QEMU left behind
/// still has the other end does it last.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What happens while a guest runs.
enum Event {
    Signal(Signal),
    /// QEMU has greeted and taken the answer: it does that once it has taken its arguments.
    Greeted,
    /// Whether the guest said what is waited for, in the end.
    Said(bool),
    Ended(Exit),
}

/// What is written to standard error.
enum Words {
    /// What QEMU said and was held back: all of it, or what is old.
    QemuHeldBack,
    QemuOld,
    Own(String),
}

/// Why the guest was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Signal,
    Timeout,
    Said,
}

/// How it went.
pub(crate) struct End {
    pub(crate) exit: Exit,
    /// Why it was shut down, where it was.
    pub(crate) stop: Option<Stop>,
    /// Whether the guest said what was waited for.
    pub(crate) said: bool,
    /// Whether QEMU had taken its arguments.
    pub(crate) greeted: bool,
}

/// Looks after a guest.
pub(crate) struct Supervisor<'g> {
    guest: &'g Guest,
    grace: Duration,
    messages: &'g Messages,
    terminal: &'g Terminal,
    /// When its time is up.
    timeout: Option<Instant>,
    /// When to look next at what is held back of standard error.
    release: Option<Instant>,
    /// What is to be written to standard error, by a thread of its own.
    writer: Option<Sender<Words>>,
    sender: Sender<Event>,
    events: Receiver<Event>,
    stop: Option<Stop>,
    /// When the first signal asked for that.
    asked: Option<Instant>,
    said: Option<bool>,
    greeted: bool,
}

impl<'g> Supervisor<'g> {
    pub(crate) fn new(
        guest: &'g Guest,
        command: &Run,
        messages: &'g Messages,
        terminal: &'g Terminal,
        signals: Signals,
    ) -> Self {
        let now = Instant::now();
        let (sender, events) = mpsc::channel();
        signals.listen(tell(&sender, Event::Signal));
        Self {
            guest,
            grace: command.grace,
            messages,
            terminal,
            timeout: command.timeout.and_then(|timeout| now.checked_add(timeout)),
            release: Some(now + HELD),
            writer: None,
            sender,
            events,
            stop: None,
            asked: None,
            said: None,
            greeted: false,
        }
    }

    /// Waits for its end. `serial` is its output, and the text that it is to say there.
    pub(crate) fn run(mut self, serial: Option<(PipeReader, String)>) -> End {
        match serial {
            Some((output, text)) => serial::watch(output, text, tell(&self.sender, Event::Said)),
            None => self.said = Some(false),
        }
        let guest = self.guest;
        let messages = self.messages;
        let (writer, words) = mpsc::channel();
        self.writer = Some(writer);
        let exit = thread::scope(|scope| {
            scope.spawn(move || {
                for words in words {
                    match words {
                        Words::QemuHeldBack => messages.release(),
                        Words::QemuOld => messages.release_older(HELD),
                        Words::Own(words) => output::complain(&words),
                    }
                }
            });
            let ended = tell(&self.sender, Event::Ended);
            scope.spawn(move || ended(guest.wait()));
            if let Some(qmp) = guest.qmp() {
                let greeted = tell(&self.sender, |()| Event::Greeted);
                scope.spawn(move || qmp.ready(Duration::MAX).map(|_| greeted(())));
            }
            let exit = loop {
                match self.next() {
                    Some(Event::Signal(signal)) => self.signal(signal, scope),
                    Some(Event::Greeted) => self.greet(),
                    Some(Event::Said(said)) => {
                        self.said = Some(said);
                        if said {
                            self.shut_down(Stop::Said, scope);
                        }
                    }
                    Some(Event::Ended(exit)) => break exit,
                    None => self.look_at_the_clock(scope),
                }
            };
            // The last of it is written before this ends.
            self.writer = None;
            exit
        });
        self.listen_to_the_end();
        End { exit, stop: self.stop, said: self.said == Some(true), greeted: self.greeted }
    }

    /// The next event, or nothing at the next deadline.
    fn next(&self) -> Option<Event> {
        let deadline = [self.timeout, self.release].into_iter().flatten().min();
        let left =
            deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        // This keeps a sender: the only error is the deadline.
        self.events.recv_timeout(left).ok()
    }

    fn look_at_the_clock<'s>(&mut self, scope: &'s Scope<'s, 'g>) {
        let is_over = |deadline: &mut Option<Instant>| deadline.take_if(|at| *at <= Instant::now()).is_some();
        if is_over(&mut self.release) {
            self.write(Words::QemuOld);
            self.release = Some(Instant::now() + HELD);
        }
        if is_over(&mut self.timeout) {
            self.shut_down(Stop::Timeout, scope);
        }
    }

    fn greet(&mut self) {
        self.greeted = true;
        self.release();
        if let Some(older) = self.guest.older_than_target() {
            self.say(format!("warning: {older}"));
        }
    }

    fn signal<'s>(&mut self, signal: Signal, scope: &'s Scope<'s, 'g>) {
        match signal {
            Signal::End if self.asked.is_some_and(|asked| asked.elapsed() < AT_ONCE) => {}
            Signal::End if self.stop.is_some() => {
                self.kill();
                self.say("killing QEMU");
            }
            Signal::End => {
                self.asked = Some(Instant::now());
                self.shut_down(Stop::Signal, scope);
            }
            Signal::Forward(number) => {
                self.send(number);
                if number == SIGTSTP && self.has_stopped() {
                    // The shell gets the terminal as it was. What continues this program is a signal that is passed on in
                    // turn, on which QEMU makes the terminal its own again.
                    self.terminal.restore();
                    let _ = kill_process(getpid(), Number::STOP);
                }
            }
        }
    }

    /// Shuts the guest down, if that has not begun, and goes on meanwhile.
    fn shut_down<'s>(&mut self, stop: Stop, scope: &'s Scope<'s, 'g>) {
        if self.stop.is_some() {
            return;
        }
        self.stop = Some(stop);
        self.release();
        match stop {
            Stop::Signal => self.say("shutting the guest down; the next signal kills QEMU"),
            Stop::Timeout => self.say("the guest's time is up: shutting it down"),
            Stop::Said => {}
        }
        let (guest, grace) = (self.guest, self.grace);
        scope.spawn(move || {
            let mut policy = ShutdownPolicy::new().powerdown(Some(grace).filter(|grace| !grace.is_zero()));
            if guest.qmp().is_none_or(|qmp| qmp.ready(GREETING).is_err()) {
                // There is no guest yet that could save something, nor anybody to talk to.
                policy = policy.powerdown(None).quit(None);
            }
            if let Err(error) = guest.shutdown(&policy) {
                output::complain(&format!("shutting the guest down: {}", reason(&error)));
            }
        });
    }

    fn say(&self, words: impl Into<String>) {
        self.write(Words::Own(words.into()));
    }

    fn release(&mut self) {
        self.release = None;
        self.write(Words::QemuHeldBack);
    }

    /// Whoever reads standard error may take no more, which must not keep a signal from QEMU.
    fn write(&self, words: Words) {
        if let Some(writer) = &self.writer {
            // It is there as long as this.
            let _ = writer.send(words);
        }
    }

    fn kill(&self) {
        if let Err(error) = self.guest.kill() {
            self.say(format!("killing QEMU: {}", reason(&error)));
        }
    }

    fn send(&self, number: c_int) {
        // One that has ended needs none, and of one whose user is another the kernel's refusal is all there is to say.
        if let Some(signal) = Number::from_named_raw(number)
            && let Err(error) = pidfd_send_signal(self.guest.pidfd(), signal)
            && error != rustix::io::Errno::SRCH
        {
            self.say(format!("passing on a signal: {}", reason(&error.into())));
        }
    }

    /// Whether QEMU has stopped. The kernel stops no program that nobody could continue, and this one is not to stop
    /// then either.
    fn has_stopped(&self) -> bool {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        (0..100).any(|_| {
            let stopped = matches!(waitid(WaitId::PidFd(self.guest.pidfd()), options), Ok(Some(_)));
            if !stopped {
                thread::sleep(Duration::from_millis(2));
            }
            stopped
        })
    }

    /// Takes what was on its way when QEMU ended, and waits for what the guest said last.
    fn listen_to_the_end(&mut self) {
        let end = Instant::now() + LAST_WORDS;
        loop {
            let left = if self.said.is_some() {
                Duration::ZERO
            } else {
                end.saturating_duration_since(Instant::now())
            };
            match self.events.recv_timeout(left) {
                Ok(Event::Said(said)) => self.said = Some(said),
                Ok(Event::Greeted) => self.greeted = true,
                Ok(Event::Signal(_) | Event::Ended(_)) => {}
                Err(_) => return,
            }
        }
    }
}

/// What sends an event. The receiver is gone at the end only, when nobody cares any more.
fn tell<T>(
    sender: &Sender<Event>,
    event: impl Fn(T) -> Event + Send + 'static,
) -> impl Fn(T) + Send + 'static {
    let sender = sender.clone();
    move |what| drop(sender.send(event(what)))
}
