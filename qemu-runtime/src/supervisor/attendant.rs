//! Takes what guests write to standard error, and waits for their end: no guest waits for a reader or stays a zombie,
//! whatever its owner does. Guests that the main thread starts have one attendant together, any other has a thread of its own.
//!
//! **The common attendant is not woken for a new guest** (epoll), and not ended with the last one at once: a thread to
//! be made is a tenth of a spawn. A guest with a tee has its own, as that is the caller's code.

use std::collections::BTreeMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::incoming::Incoming;
use super::shared::Shared;
use super::tail::Tail;
use crate::host::{is_ready, kept};
use crate::process;

/// Guests that one thread attends to.
///
/// It isn't woken for a new one: the kernel keeps the set of what it waits for.
pub(crate) struct Attendant {
    epoll: OwnedFd,
    guests: Mutex<Guests>,
}

#[derive(Default)]
struct Guests {
    last: u64,
    /// By what the kernel says with an event. A guest that isn't started yet is none.
    places: BTreeMap<u64, Option<Attended>>,
}

/// A guest that was started, and its standard error, where that is captured.
pub(crate) struct Attended {
    pub(crate) shared: Arc<Shared>,
    pub(crate) stderr: Option<Incoming>,
}

/// The place of a guest that isn't started yet: there is somebody who will attend to it.
pub(crate) struct Place {
    attendant: Arc<Attendant>,
    key: u64,
}

impl Attendant {
    fn new() -> io::Result<Arc<Self>> {
        let epoll = kept(epoll::create(CreateFlags::CLOEXEC)?)?;
        Ok(Arc::new(Self { epoll, guests: Mutex::default() }))
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(self: &Arc<Self>) -> Place {
        let mut guests = self.guests();
        guests.last += 1;
        let key = guests.last;
        guests.places.insert(key, None);
        Place { attendant: Arc::clone(self), key }
    }

    /// Attends until there is no guest, and `ends` agrees, which is asked when there has been none for a while.
    fn attend(&self, ends: impl Fn() -> bool) {
        const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

        let mut buffer = vec![0; Tail::MAX];
        let mut events = [MaybeUninit::uninit(); 64];
        loop {
            let idle = !self.guests().places.values().any(Option::is_some);
            let seen = match epoll::wait(&self.epoll, &mut events, idle.then_some(&PATIENCE)) {
                Ok((seen, _)) => seen,
                // What continues a process that was stopped interrupts this. Else there is nothing that can be wrong.
                Err(Errno::INTR) => continue,
                Err(_) => return,
            };
            if seen.is_empty() && ends() {
                return;
            }
            for event in seen {
                self.see(event.data.u64(), &mut buffer);
            }
        }
    }

    /// Sees to a guest of which there is something to see.
    fn see(&self, key: u64, buffer: &mut [u8]) {
        let mut guests = self.guests();
        // An end that was seen just before has taken all.
        let Some(Some(attended)) = guests.places.get_mut(&key) else {
            return;
        };
        if is_ready(&attended.shared.pidfd) {
            let ended = guests.places.remove(&key).flatten();
            drop(guests);
            if let Some(attended) = ended {
                // Its owner may have copies, by which the kernel would go on to say that it has ended.
                let _ = epoll::delete(&self.epoll, &attended.shared.pidfd);
                if let Some(incoming) = &attended.stderr {
                    let _ = epoll::delete(&self.epoll, &incoming.pipe);
                }
                attended.end(buffer);
            }
        } else if let Some(incoming) = &mut attended.stderr
            && is_ready(&incoming.pipe)
            && incoming.take(&attended.shared, buffer) == 0
            && let Some(incoming) = attended.stderr.take()
        {
            let _ = epoll::delete(&self.epoll, &incoming.pipe);
        }
    }
}

/// The attendant of all guests that have no thread of their own. With the process's number, as a process that was forked off
/// has its memory and not its thread.
static COMMON: Mutex<Option<(u32, Arc<Attendant>)>> = Mutex::new(None);

fn common() -> MutexGuard<'static, Option<(u32, Arc<Attendant>)>> {
    COMMON.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    /// With the one thread that attends to many. It is there while it is needed, and a little longer: who starts one guest
    /// after another doesn't start a thread for each.
    pub(crate) fn common() -> io::Result<Self> {
        let mut common = common();
        let process = std::process::id();
        if let Some((owner, attendant)) = &*common
            && *owner == process
        {
            return Ok(attendant.place());
        }
        let attendant = Attendant::new()?;
        let place = attendant.place();
        let attending = Arc::clone(&attendant);
        thread::Builder::new().name("qemu-guests".into()).spawn(move || {
            process::block_signals();
            attending.attend(|| retire(&attending));
            // Also where it failed: a program may have closed what is not its own.
            self::common().take_if(|(_, current)| Arc::ptr_eq(current, &attending));
        })?;
        *common = Some((process, attendant));
        Ok(place)
    }

    /// Gives a guest that was started to its attendant.
    ///
    /// # Errors
    ///
    /// Where the kernel has no room for it: nobody attends to it then.
    pub(crate) fn take(&self, attended: Attended) -> io::Result<()> {
        let Attended { shared, stderr } = &attended;
        let Attendant { epoll, .. } = &*self.attendant;
        let key = EventData::new_u64(self.key);
        // Until it is there, nothing is made of what the kernel says of it.
        let mut guests = self.attendant.guests();
        epoll::add(epoll, &shared.pidfd, key, EventFlags::IN)?;
        if let Some(incoming) = stderr
            && let Err(error) = epoll::add(epoll, &incoming.pipe, key, EventFlags::IN)
        {
            let _ = epoll::delete(epoll, &shared.pidfd);
            return Err(error.into());
        }
        guests.places.insert(self.key, Some(attended));
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut guests = self.attendant.guests();
        if let Some(None) = guests.places.get(&self.key) {
            guests.places.remove(&self.key);
        }
    }
}

/// Whether `attendant` is not needed any more: then it is no longer the common one.
fn retire(attendant: &Attendant) -> bool {
    let mut common = common();
    let needed = !attendant.guests().places.is_empty();
    if !needed {
        *common = None;
    }
    !needed
}

impl Attended {
    /// Attends to it until its end: the work of a thread of its own.
    pub(crate) fn attend(mut self) {
        let mut buffer = vec![0; Tail::MAX];
        if let Some(incoming) = &mut self.stderr {
            incoming.take_until_end(&self.shared, &mut buffer);
        }
        while !is_ready(&self.shared.pidfd) {
            let _ = poll(&mut [PollFd::new(&self.shared.pidfd, PollFlags::IN)], None);
        }
        self.end(&mut buffer);
    }

    fn end(self, buffer: &mut [u8]) {
        let Self { shared, stderr } = self;
        shared.kill_others();
        if let Some(mut incoming) = stderr {
            incoming.take_rest(&shared, buffer);
        }
        if let Some(ended) = process::try_wait(&shared.pidfd) {
            return shared.end(ended);
        }
        // A debugger may take its time, and others are to be attended to.
        let waiting = Arc::clone(&shared);
        let wait = move || {
            process::block_signals();
            let ended = process::wait(&waiting.pidfd);
            waiting.end(ended);
        };
        if thread::Builder::new().name("qemu-traced".into()).spawn(wait).is_err() {
            let ended = process::wait(&shared.pidfd);
            shared.end(ended);
        }
    }
}
