//! What is known of a guest while it runs.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};
use std::{mem, thread};

use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use super::descendants;
use super::exit::{Ended, Exit, Observed};
use super::tail::Tail;
use crate::process::{self, Process};
use crate::watch::Watched;

/// What the guest's owner and its attendant share.
pub(crate) struct Shared {
    pub(crate) pid: u32,
    pub(crate) pidfd: OwnedFd,
    /// Where it has a process group of its own, whether that ends with it.
    group_ends: Option<AtomicBool>,
    state: Arc<Watched<State>>,
}

#[derive(Default)]
struct State {
    stderr: Tail,
    /// How it ended, once it has.
    ended: Option<Ended>,
    /// How many writers of the caller's have not got all yet that it wrote.
    passing_on: usize,
}

impl Shared {
    /// `group_ends` says whether its process group ends with it, where it has one of its own; `writers`, how many of the
    /// caller's get what it writes.
    pub(super) fn new(process: Process, group_ends: Option<bool>, writers: usize) -> Self {
        let state = State { passing_on: writers, ..State::default() };
        Self::of(process, group_ends, state)
    }

    /// That of a daemon, which `launcher` has started. Its process group is one that it found there.
    pub(super) fn of_daemon(daemon: Process, launcher: &Self) -> Self {
        let stderr = mem::take(&mut launcher.lock().stderr);
        Self::of(daemon, None, State { stderr, ..State::default() })
    }

    fn of(Process { pid, pidfd }: Process, group_ends: Option<bool>, state: State) -> Self {
        let group_ends = group_ends.map(AtomicBool::new);
        Self { pid, pidfd, group_ends, state: Arc::new(Watched::new(state)) }
    }

    /// Kills it, and with it its process group, where it has one of its own. Does nothing if it has ended.
    pub(crate) fn kill(&self) -> io::Result<()> {
        if let Some(group_ends) = &self.group_ends {
            group_ends.store(true, Ordering::Release);
            // Where that can't be, who attends to it does so at its end.
            let _ = process::kill_group(&self.pidfd);
        }
        match pidfd_send_signal(&self.pidfd, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends it where nobody attends to it.
    pub(super) fn give_up(&self) {
        let _ = self.kill();
        let _ = process::wait(&self.pidfd);
    }

    /// Kills the others of its process group, where they are to end with it. It has ended, and was not waited for.
    pub(super) fn kill_others(&self) {
        if self.ends_others() {
            process::kill_group_of_ended(self.pid, &self.pidfd);
        }
    }

    /// Waits for the end of the others, which were killed, though not for what the kernel can't end.
    pub(crate) fn wait_for_others(&self) {
        const PATIENCE: Duration = Duration::from_secs(10);

        let end = Instant::now() + PATIENCE;
        // Their parent may never wait for them: then they are in the group still.
        let are_left = || process::has_group(&self.pidfd) && descendants::lives_in(self.pid);
        while self.ends_others() && are_left() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn ends_others(&self) -> bool {
        self.group_ends.as_ref().is_some_and(|ends| ends.load(Ordering::Acquire))
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Option<Ended> {
        self.lock().end()
    }

    /// How it ended, once it has, or nothing at the deadline.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Option<Ended> {
        self.state.wait((), deadline, |state| state.end())
    }

    /// The same for a task.
    #[cfg(feature = "tokio")]
    pub(crate) async fn seen_to_end(&self, deadline: Option<Instant>) -> Option<Ended> {
        self.state.seen((), deadline, |state| state.end()).await
    }

    /// How it ended, as it is told.
    pub(crate) fn exit(&self, ended: Ended, observed: Observed) -> Exit {
        let (stderr, skipped) = self.stderr();
        Exit::new(ended, stderr, skipped, observed)
    }

    /// The end of what it wrote to standard error so far, and how many bytes came before.
    pub(crate) fn stderr(&self) -> (Vec<u8>, u64) {
        let state = self.lock();
        (state.stderr.to_vec(), state.stderr.skipped())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Notes what it wrote to standard error.
    pub(super) fn wrote(&self, chunk: &[u8]) {
        self.lock().stderr.push(chunk);
    }

    /// Notes that a writer of the caller's has all.
    pub(super) fn passed_on(self: Arc<Self>) {
        self.change(|state| state.passing_on -= 1);
    }

    /// Notes how it ended.
    pub(super) fn end(self: Arc<Self>, ended: Ended) {
        self.change(|state| state.ended = Some(ended));
    }

    /// Notes the last thing that somebody does for it. Whoever waits for its end finds their share of this gone.
    fn change(self: Arc<Self>, change: impl FnOnce(&mut State)) {
        let state = Arc::clone(&self.state);
        drop(self);
        change(&mut state.lock());
        state.tell(());
    }
}

impl State {
    /// How it ended, once it has, and what it wrote has got to where it is passed on.
    fn end(&mut self) -> Option<Ended> {
        self.ended.filter(|_| self.passing_on == 0)
    }
}
