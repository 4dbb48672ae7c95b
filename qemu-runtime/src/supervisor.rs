//! The thread that a guest has: it starts it, takes what it writes to standard error, and waits for its end.
//!
//! It is the guest's parent in the kernel's eyes: what is to die with its parent dies when the *thread* ends that
//! started it. And it is the one place that waits, so that no guest stays a zombie, whatever its owner does.

use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitStatus;
use std::sync::{Arc, MutexGuard, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use crate::Exit;
use crate::daemon::PidFile;
use crate::process::{self, Command, Step};
use crate::tail::Tail;
use crate::watch::Watched;

/// Where a guest's standard error comes in.
pub(crate) struct Incoming {
    pub(crate) pipe: PipeReader,
    pub(crate) tee: Option<Box<dyn Write + Send>>,
}

/// What the guest's owner and its thread share.
pub(crate) struct Shared {
    pub(crate) pid: u32,
    pub(crate) pidfd: OwnedFd,
    state: Watched<State>,
}

/// How a process ended. Without a status that is lost: it was not this process's child, or somebody else waited for it.
pub(crate) type Ended = Option<ExitStatus>;

#[derive(Default)]
struct State {
    stderr: Tail,
    /// How it ended, once it has.
    ended: Option<Ended>,
}

/// Starts `command` on a thread of its own. The file descriptors in it are closed when this returns.
pub(crate) fn start(
    command: Command,
    stderr: Option<Incoming>,
) -> Result<(Arc<Shared>, JoinHandle<()>), (Step, io::Error)> {
    let (sender, receiver) = mpsc::sync_channel(1);
    // Who is woken by a write to a pipe runs at once, in place of the writer. By the channel alone it would wait for
    // its own processor, on which QEMU has just begun: for milliseconds.
    let (mut told, mut tell) = io::pipe().map_err(|error| (Step::Thread, error))?;
    let thread = thread::Builder::new()
        .name("qemu-guest".into())
        .spawn(move || {
            let started = process::spawn(&command).map(|process| {
                Arc::new(Shared {
                    pid: process.pid,
                    pidfd: process.pidfd,
                    state: Watched::new(State::default()),
                })
            });
            drop(command);
            let shared = started.as_ref().ok().cloned();
            // The owner waits for this and nothing else.
            let _ = sender.send(started);
            let _ = tell.write(&[0]);
            drop(tell);
            if let Some(shared) = shared {
                shared.attend(stderr);
            }
        })
        .map_err(|error| (Step::Thread, error))?;
    // Whatever comes of it, the channel says.
    let _ = told.read(&mut [0]);
    match receiver.recv() {
        Ok(Ok(shared)) => Ok((shared, thread)),
        Ok(Err(failure)) => {
            // It may still hold the reading end of standard error.
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
    /// What was started has ended otherwise than it does when the daemon is ready, or was killed as it took too long.
    Ended(Exit),
    /// It is not known which process it is.
    Lost(io::Error),
}

/// Starts `command`, waits until it has gone to the background, and attends to it there.
///
/// It is nobody's child then: when it ends is seen, how it ended is not.
pub(crate) fn start_daemon(
    command: Command,
    stderr: Option<Incoming>,
    pid_file: PidFile,
    patience: Duration,
) -> Result<(Arc<Shared>, JoinHandle<()>), DaemonFailure> {
    let (launcher, thread) =
        start(command, stderr).map_err(|(step, error)| DaemonFailure::Start(step, error))?;
    let ended = launcher.wait(Instant::now().checked_add(patience));
    if ended.is_none() {
        let _ = pidfd_send_signal(&launcher.pidfd, Signal::KILL);
        // What it has started in the background is there before it is ready.
        if let Ok((_, daemon)) = pid_file.daemon() {
            let _ = pidfd_send_signal(&daemon, Signal::KILL);
        }
    }
    // Its panic would have been printed; there is nothing to add to it.
    let _ = thread.join();
    if !matches!(ended, Some(Some(status)) if status.success()) {
        let ended = launcher.ended().flatten();
        return Err(DaemonFailure::Ended(Exit::new(&launcher, ended, Default::default())));
    }
    let (pid, pidfd) = pid_file.daemon().map_err(DaemonFailure::Lost)?;
    let stderr = std::mem::take(&mut launcher.lock().stderr);
    let shared = Arc::new(Shared {
        pid: pid.as_raw_nonzero().get().unsigned_abs(),
        pidfd,
        state: Watched::new(State { stderr, ended: None }),
    });
    let attending = Arc::clone(&shared);
    let thread = thread::Builder::new().name("qemu-guest".into()).spawn(move || {
        process::block_signals();
        // It has given up its standard error. The wait says that it is nobody's child.
        attending.attend(None);
    });
    match thread {
        Ok(thread) => Ok((shared, thread)),
        Err(error) => {
            let _ = pidfd_send_signal(&shared.pidfd, Signal::KILL);
            Err(DaemonFailure::Start(Step::Thread, error))
        }
    }
}

impl Shared {
    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Option<Ended> {
        self.lock().ended
    }

    /// How it ended, once it has, or nothing at the deadline.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Option<Ended> {
        self.state.wait(deadline, |state| state.ended)
    }

    /// The same for a task.
    #[cfg(feature = "tokio")]
    pub(crate) async fn seen_to_end(&self, deadline: Option<Instant>) -> Option<Ended> {
        self.state.seen(deadline, |state| state.ended).await
    }

    /// The end of what it wrote to standard error so far, and how many bytes came before.
    pub(crate) fn stderr(&self) -> (Vec<u8>, u64) {
        let state = self.lock();
        (state.stderr.to_vec(), state.stderr.skipped())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Takes what it writes until it ends, then waits for it.
    fn attend(&self, mut stderr: Option<Incoming>) {
        let mut buffer = vec![0; Tail::MAX];
        loop {
            let mut watched = vec![PollFd::new(&self.pidfd, PollFlags::IN)];
            watched.extend(stderr.as_ref().map(|stderr| PollFd::new(&stderr.pipe, PollFlags::IN)));
            match poll(&mut watched, None) {
                Ok(_) | Err(Errno::INTR) => {}
                // Out of memory, at worst: the wait below needs none.
                Err(_) => break,
            }
            let ready = |index: usize| watched.get(index).is_some_and(|fd| !fd.revents().is_empty());
            let (ended, written) = (ready(0), ready(1));
            if ended {
                break;
            }
            if written
                && let Some(incoming) = &mut stderr
                && self.take(incoming, &mut buffer) == 0
                && let Some(Incoming { tee, .. }) = stderr.take()
            {
                drop_callers(tee);
            }
        }
        // What it wrote last is in the pipe still. Not more than the pipe holds: a process that it left behind may
        // have the other end, and write on and on, or nothing more.
        if let Some(mut incoming) = stderr {
            let mut left = rustix::pipe::fcntl_getpipe_size(&incoming.pipe).unwrap_or(Tail::MAX);
            while left > 0 && ready(&incoming.pipe) {
                match self.take(&mut incoming, &mut buffer) {
                    0 => break,
                    taken => left = left.saturating_sub(taken),
                }
            }
            drop_callers(incoming.tee);
        }
        let ended = process::wait(&self.pidfd);
        self.lock().ended = Some(ended);
        self.state.tell();
    }

    /// Takes what there is to read: how many bytes, zero at the end.
    fn take(&self, stderr: &mut Incoming, buffer: &mut [u8]) -> usize {
        // An error is as good as the end. No signal interrupts this thread.
        let taken = stderr.pipe.read(buffer).unwrap_or(0);
        let chunk = buffer.get(..taken).unwrap_or_default();
        self.lock().stderr.push(chunk);
        if let Some(tee) = &mut stderr.tee {
            // It is the caller's code: its panic must not take the thread along, nor with it the guest.
            let written = catch_unwind(AssertUnwindSafe(|| tee.write_all(chunk).and_then(|()| tee.flush())));
            if !matches!(written, Ok(Ok(()))) {
                drop_callers(stderr.tee.take());
            }
        }
        taken
    }
}

/// What is the caller's may panic while it is dropped, too.
fn drop_callers(tee: Option<Box<dyn Write + Send>>) {
    // The panic was printed.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(tee)));
}

fn ready(fd: impl AsFd) -> bool {
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&now)), Ok(1..))
}
