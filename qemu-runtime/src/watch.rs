//! A state that threads, and tasks, wait to see change.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub(crate) struct Watched<S> {
    state: Mutex<S>,
    changed: Condvar,
    #[cfg(feature = "tokio")]
    tasks: tasks::Tasks,
}

impl<S> Watched<S> {
    pub(crate) fn new(state: S) -> Self {
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            #[cfg(feature = "tokio")]
            tasks: tasks::Tasks::default(),
        }
    }

    /// The state, for whoever changes it and [tells](Self::tell) so, or looks only.
    ///
    /// A panic in another thread leaves nothing half done in a state.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all who wait that the state has changed. The lock is no longer held then.
    pub(crate) fn tell(&self) {
        self.changed.notify_all();
        #[cfg(feature = "tokio")]
        self.tasks.wake();
    }

    /// Waits until `look` sees what it looks for; nothing at the deadline.
    pub(crate) fn wait<T>(
        &self,
        deadline: Option<Instant>,
        mut look: impl FnMut(&mut S) -> Option<T>,
    ) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(seen) = look(&mut state) {
                return Some(seen);
            }
            state = match deadline {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// The same for a task.
    #[cfg(feature = "tokio")]
    pub(crate) async fn seen<T>(
        &self,
        deadline: Option<Instant>,
        mut look: impl FnMut(&mut S) -> Option<T>,
    ) -> Option<T> {
        use std::task::Poll;

        let place = self.tasks.place();
        let seen = std::future::poll_fn(|context| {
            let mut state = self.lock();
            match look(&mut state) {
                Some(seen) => Poll::Ready(seen),
                None => {
                    // Before the lock is given back: what changes the state from here on wakes it.
                    place.wait(context.waker());
                    Poll::Pending
                }
            }
        });
        match deadline {
            None => Some(seen.await),
            Some(deadline) => tokio::time::timeout_at(deadline.into(), seen).await.ok(),
        }
    }
}

#[cfg(feature = "tokio")]
mod tasks {
    use std::collections::HashMap;
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::task::Waker;

    /// The tasks that wait.
    #[derive(Default)]
    pub(super) struct Tasks(Mutex<Waiting>);

    #[derive(Default)]
    struct Waiting {
        last: u64,
        wakers: HashMap<u64, Waker>,
    }

    /// One task's place among them, until it is dropped.
    pub(super) struct Place<'t> {
        tasks: &'t Tasks,
        number: u64,
    }

    impl Tasks {
        fn lock(&self) -> MutexGuard<'_, Waiting> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        pub(super) fn place(&self) -> Place<'_> {
            let mut waiting = self.lock();
            waiting.last += 1;
            Place { tasks: self, number: waiting.last }
        }

        pub(super) fn wake(&self) {
            // Waking may run the task here and now, which then waits again.
            let wakers = std::mem::take(&mut self.lock().wakers);
            wakers.into_values().for_each(Waker::wake);
        }
    }

    impl Place<'_> {
        pub(super) fn wait(&self, waker: &Waker) {
            self.tasks.lock().wakers.insert(self.number, waker.clone());
        }
    }

    impl Drop for Place<'_> {
        fn drop(&mut self) {
            self.tasks.lock().wakers.remove(&self.number);
        }
    }
}
