//! A state that threads, and tasks, wait to see change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

/// Whoever waits says what for: `A`. Only those are woken who are told of that.
pub(crate) struct Watched<S, A = ()> {
    state: Mutex<S>,
    waiting: Mutex<Waiting<A>>,
}

struct Waiting<A> {
    last: u64,
    wakers: BTreeMap<(A, u64), Waker>,
}

impl<S, A: Copy + Ord> Watched<S, A> {
    pub(crate) const fn new(state: S) -> Self {
        let waiting = Waiting { last: 0, wakers: BTreeMap::new() };
        Self { state: Mutex::new(state), waiting: Mutex::new(waiting) }
    }

    /// The state, for whoever changes it and [tells](Self::tell) so, or looks only.
    ///
    /// A panic in another thread leaves nothing half done in a state.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<A>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait for it that the state has changed. The lock is no longer held then: to wake a task may run it
    /// here and now.
    pub(crate) fn tell(&self, about: A) {
        let mut waiting = self.waiting();
        let keys: Vec<_> =
            waiting.wakers.range((about, 0)..=(about, u64::MAX)).map(|(key, _)| *key).collect();
        let wakers: Vec<_> = keys.iter().filter_map(|key| waiting.wakers.remove(key)).collect();
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Tells all who wait.
    pub(crate) fn tell_all(&self) {
        let wakers = std::mem::take(&mut self.waiting().wakers);
        wakers.into_values().for_each(Waker::wake);
    }

    /// Waits until `look` sees what it looks for; nothing at the deadline.
    pub(crate) fn wait<T>(
        &self,
        about: A,
        deadline: Option<Instant>,
        mut look: impl FnMut(&mut S) -> Option<T>,
    ) -> Option<T> {
        let place = self.place(about);
        let waker = Waker::from(Arc::new(Parked(thread::current())));
        loop {
            if let Some(seen) = place.look(&waker, &mut look) {
                return Some(seen);
            }
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => thread::park(),
                Some(left) if left.is_zero() => return None,
                Some(left) => thread::park_timeout(left),
            }
        }
    }

    /// The same for a task. What it sees without waiting counts for its share of the thread that it runs on.
    #[cfg(feature = "tokio")]
    pub(crate) async fn seen<T>(
        &self,
        about: A,
        deadline: Option<Instant>,
        mut look: impl FnMut(&mut S) -> Option<T>,
    ) -> Option<T> {
        use std::task::{Poll, ready};
        use tokio::task::coop::poll_proceed;

        let place = self.place(about);
        let seen = std::future::poll_fn(|context| {
            let share = ready!(poll_proceed(context));
            let seen = place.look(context.waker(), &mut look);
            seen.map_or(Poll::Pending, |seen| {
                share.made_progress();
                Poll::Ready(seen)
            })
        });
        match deadline {
            None => Some(seen.await),
            Some(deadline) => tokio::time::timeout_at(deadline.into(), seen).await.ok(),
        }
    }

    fn place(&self, about: A) -> Place<'_, S, A> {
        let mut waiting = self.waiting();
        waiting.last += 1;
        Place { watched: self, key: (about, waiting.last) }
    }
}

#[cfg(feature = "tokio")]
/// Does what blocks on one of tokio's threads for that.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and drops this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// The place of one who waits among the others, until it is dropped.
struct Place<'w, S, A: Copy + Ord> {
    watched: &'w Watched<S, A>,
    key: (A, u64),
}

impl<S, A: Copy + Ord> Place<'_, S, A> {
    /// Looks, and sees to it that `waker` is woken where there is nothing to see yet.
    fn look<T>(&self, waker: &Waker, look: impl FnOnce(&mut S) -> Option<T>) -> Option<T> {
        let mut state = self.watched.lock();
        if let Some(seen) = look(&mut state) {
            return Some(seen);
        }
        // Before the lock is given back: what changes the state from here on wakes it.
        let before = self.watched.waiting().wakers.insert(self.key, waker.clone());
        drop(state);
        // With it goes a task, perhaps, which then leaves a place of its own.
        drop(before);
        None
    }
}

impl<S, A: Copy + Ord> Drop for Place<'_, S, A> {
    fn drop(&mut self) {
        let waker = self.watched.waiting().wakers.remove(&self.key);
        drop(waker);
    }
}

/// A thread that waits.
struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::Watched;

    #[test]
    fn only_those_are_woken_whom_it_concerns() {
        let watched = Watched::new(BTreeSet::new());
        let looks = [const { AtomicUsize::new(0) }; 8];
        let total = || looks.iter().map(|looks| looks.load(Ordering::Relaxed)).sum::<usize>();
        thread::scope(|scope| {
            for (number, looks) in looks.iter().enumerate() {
                let watched = &watched;
                scope.spawn(move || {
                    watched.wait(number, None, |there: &mut BTreeSet<usize>| {
                        looks.fetch_add(1, Ordering::Relaxed);
                        there.contains(&number).then_some(())
                    })
                });
            }
            while watched.waiting().wakers.len() < 8 {
                thread::yield_now();
            }
            for number in 0..8 {
                watched.lock().insert(number);
                watched.tell(number);
                while watched.waiting().wakers.len() > 7 - number {
                    thread::yield_now();
                }
            }
        });
        // Once before it waited and once for what it was told. The kernel may wake a thread for nothing.
        assert!(total() < 20, "{looks:?}");
    }

    #[test]
    fn a_deadline_ends_the_wait() {
        let watched = Watched::<(), ()>::new(());
        let deadline = Instant::now() + Duration::from_millis(20);
        assert!(watched.wait((), Some(deadline), |()| None::<()>).is_none());
        assert!(Instant::now() >= deadline);
        assert!(watched.waiting().wakers.is_empty());
        // What is there is seen, however late it is.
        watched.wait((), Some(deadline), |()| Some(())).unwrap();
    }
}
