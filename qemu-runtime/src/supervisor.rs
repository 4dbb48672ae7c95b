//! Starts guests, and knows how they ended.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use crate::Exit;
use crate::attendant::{Attended, Place};
use crate::daemon::PidFile;
use crate::descendants;
use crate::incoming::Incoming;
use crate::process::{self, Command, Process, Step};
use crate::tail::Tail;
use crate::watch::Watched;

/// What the guest's owner and its attendant share.
pub(crate) struct Shared {
    pub(crate) pid: u32,
    pub(crate) pidfd: OwnedFd,
    /// Where it has a process group of its own, whether that ends with it.
    group_ends: Option<AtomicBool>,
    state: Arc<Watched<State>>,
}

/// How a process ended. Without a status that is lost: it was not this process's child, or somebody else waited for it.
pub(crate) type Ended = Option<ExitStatus>;

#[derive(Default)]
struct State {
    stderr: Tail,
    /// How it ended, once it has.
    ended: Option<Ended>,
    /// How many writers of the caller's have not got all yet that it wrote.
    passing_on: usize,
}

/// The thread that a guest has of its own, if it has one.
pub(crate) type OwnThread = Option<JoinHandle<()>>;

/// Starts `command`. The file descriptors in it are closed when this returns.
///
/// In the kernel's eyes a guest's parent is the thread that starts it: when that ends, what is to die with its parent dies.
/// The main thread lasts as long as the process. In place of any other one is made for the guest, which lasts as long as
/// that. It inherits what the calling thread has of its own, and so does the guest.
///
/// A writer of the caller's may take its time: the guest whose standard error is captured on its way to one, too, has a thread
/// of its own. What is only passed on has one for itself, as the guest never waits for what is captured.
pub(crate) fn start(
    command: Command,
    incoming: Vec<Incoming>,
) -> Result<(Arc<Shared>, OwnThread), (Step, io::Error)> {
    let has_tee = incoming.iter().any(|incoming| incoming.captured && incoming.sink.is_some());
    if has_tee || !process::is_main_thread() {
        return start_on_own_thread(command, incoming).map(|(shared, thread)| (shared, Some(thread)));
    }
    let place = Place::common().map_err(|error| (Step::Thread, error))?;
    let attended = start_here(command, incoming)?;
    let shared = Arc::clone(&attended.shared);
    if let Err(error) = place.take(attended) {
        shared.give_up();
        return Err((Step::Attend, error));
    }
    Ok((shared, None))
}

/// Starts it on the calling thread.
fn start_here(command: Command, incoming: Vec<Incoming>) -> Result<Attended, (Step, io::Error)> {
    let Process { pid, pidfd } = process::spawn(&command)?;
    // What is to live on without its parent lives on without its leader, too, until somebody kills it.
    let group_ends = (command.own_group || command.detached).then(|| AtomicBool::new(!command.detached));
    drop(command);
    let (captured, passed_on): (Vec<_>, Vec<_>) =
        incoming.into_iter().partition(|incoming| incoming.captured);
    let state = State { passing_on: passed_on.len(), ..State::default() };
    let shared = Arc::new(Shared { pid, pidfd, group_ends, state: Arc::new(Watched::new(state)) });
    if let Err(error) = passed_on.into_iter().try_for_each(|output| pass_on(&shared, output)) {
        shared.give_up();
        return Err((Step::Attend, error));
    }
    Ok(Attended { shared, stderr: captured.into_iter().next() })
}

/// Passes on what a guest writes, by a thread of its own, which ends with the guest.
fn pass_on(shared: &Arc<Shared>, output: Incoming) -> io::Result<()> {
    let shared = Arc::clone(shared);
    let pass_on = move || {
        process::block_signals();
        output.take_all(&shared);
        shared.change(|state| state.passing_on -= 1);
    };
    thread::Builder::new().name("qemu-output".into()).spawn(pass_on).map(drop)
}

fn start_on_own_thread(
    command: Command,
    incoming: Vec<Incoming>,
) -> Result<(Arc<Shared>, JoinHandle<()>), (Step, io::Error)> {
    let (sender, receiver) = mpsc::sync_channel(1);
    // Who is woken by a write to a pipe runs at once, in place of the writer. By the channel alone it would wait for
    // its own processor, on which QEMU has just begun: for milliseconds.
    let (mut told, mut tell) = io::pipe().map_err(|error| (Step::Thread, error))?;
    let thread = thread::Builder::new()
        .name("qemu-guest".into())
        .spawn(move || {
            process::block_signals();
            let (started, attended) = match start_here(command, incoming) {
                Ok(attended) => (Ok(Arc::clone(&attended.shared)), Some(attended)),
                Err(failure) => (Err(failure), None),
            };
            // The owner waits for this and nothing else.
            let _ = sender.send(started);
            let _ = tell.write(&[0]);
            drop(tell);
            if let Some(attended) = attended {
                attended.attend();
            }
        })
        .map_err(|error| (Step::Thread, error))?;
    // Whatever comes of it, the channel says.
    let _ = told.read(&mut [0]);
    match receiver.recv() {
        Ok(Ok(shared)) => Ok((shared, thread)),
        Ok(Err(failure)) => {
            let _ = thread.join();
            Err(failure)
        }
        Err(mpsc::RecvError) => Err((Step::Thread, io::Error::other("the guest's thread ended early"))),
    }
}

/// Why there is no daemon.
pub(crate) enum DaemonFailure {
    /// It could not be started.
    Start(Step, io::Error),
    /// What was started has ended otherwise than it does when the daemon is ready.
    Ended(Exit),
    /// It was killed, with all that it had started, as it took too long.
    Late(Exit),
    /// It is ready, and the file doesn't say which process it is.
    Lost(PathBuf, io::Error),
}

/// Starts `command`, waits until it has gone to the background, and attends to it there.
///
/// It is nobody's child then: when it ends is seen, how it ended is not.
pub(crate) fn start_daemon(
    command: Command,
    incoming: Vec<Incoming>,
    pid_file: PidFile,
    patience: Duration,
) -> Result<Arc<Shared>, DaemonFailure> {
    let failed = |(step, error)| DaemonFailure::Start(step, error);
    let (launcher, thread) = start(command, incoming).map_err(failed)?;
    let deadline = Instant::now().checked_add(patience);
    let late = launcher.wait(deadline).is_none();
    let killed = late && descendants::kill(&launcher);
    let ended = launcher.wait(None).flatten();
    if let Some(thread) = thread {
        // Its panic would have been printed; there is nothing to add to it.
        let _ = thread.join();
    }
    let exit = || Exit::new(&launcher, ended, Default::default());
    if killed {
        return Err(DaemonFailure::Late(exit()));
    }
    if ended.is_some_and(|status| !status.success()) {
        return Err(DaemonFailure::Ended(exit()));
    }
    let (pid, pidfd) = match pid_file.daemon() {
        Ok(found) => found,
        // Nothing but the file could tell that it got there.
        Err(_) if ended.is_none() => return Err(DaemonFailure::Ended(exit())),
        Err(error) => return Err(DaemonFailure::Lost(pid_file.into_path(), error)),
    };
    let stderr = std::mem::take(&mut launcher.lock().stderr);
    let shared = Arc::new(Shared {
        pid: pid.as_raw_nonzero().get().unsigned_abs(),
        pidfd,
        // Its group is one that it found there.
        group_ends: None,
        state: Arc::new(Watched::new(State { stderr, ..State::default() })),
    });
    // It has given up its standard error. The wait will say that it is nobody's child.
    let attended =
        Place::common().and_then(|place| place.take(Attended { shared: Arc::clone(&shared), stderr: None }));
    if let Err(error) = attended {
        let _ = pidfd_send_signal(&shared.pidfd, Signal::KILL);
        return Err(failed((Step::Attend, error)));
    }
    Ok(shared)
}

impl Shared {
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
    fn give_up(&self) {
        let _ = self.kill();
        let _ = process::wait(&self.pidfd);
    }

    /// Kills the others of its process group, where they are to end with it. It has ended, and was not waited for.
    pub(crate) fn kill_others(&self) {
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

    /// The end of what it wrote to standard error so far, and how many bytes came before.
    pub(crate) fn stderr(&self) -> (Vec<u8>, u64) {
        let state = self.lock();
        (state.stderr.to_vec(), state.stderr.skipped())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Notes what it wrote to standard error.
    pub(crate) fn wrote(&self, chunk: &[u8]) {
        self.lock().stderr.push(chunk);
    }

    /// Notes how it ended.
    pub(crate) fn end(self: Arc<Self>, ended: Ended) {
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
