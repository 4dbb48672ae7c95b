//! Subscriptions to events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::QmpError;
use super::connection::{About, Connection, Stop};
use super::event::Event;
use super::options::deadline_of;

/// The events from some moment on, in their order: see [`Qmp::events`](super::Qmp::events).
///
/// What comes is kept until it is taken, but no more than [so many](super::QmpOptions::event_limit): whoever falls
/// behind is [told](QmpError::Lagged) so.
pub struct Events {
    pub(super) connection: Arc<Connection>,
    pub(super) next: u64,
}

impl Events {
    /// The next event, once there is one. Events that came before the connection ended are all given first.
    ///
    /// # Errors
    ///
    /// At the timeout, after the connection's end, and [once](QmpError::Lagged) where events were lost.
    pub fn next(&mut self, timeout: Duration) -> Result<Arc<Event>, QmpError> {
        self.find("an event", timeout, |_| true)
    }

    /// The next event of this name; those before it are passed over.
    ///
    /// # Errors
    ///
    /// As [`Events::next`].
    pub fn wait_for(&mut self, name: &str, timeout: Duration) -> Result<Arc<Event>, QmpError> {
        self.find(name, timeout, |event| event.name == name)
    }

    /// The next event that `wanted` wants; those before it are passed over. `what` names it in errors.
    ///
    /// # Errors
    ///
    /// As [`Events::next`].
    pub fn find(
        &mut self,
        what: &str,
        timeout: Duration,
        mut wanted: impl FnMut(&Event) -> bool,
    ) -> Result<Arc<Event>, QmpError> {
        let deadline = deadline_of(timeout);
        loop {
            let next = self.next;
            let came = self.connection.wait(About::Events, deadline, |state| state.events.come(next));
            if let Some(event) = self.take(came, what, timeout, &mut wanted) {
                return event;
            }
        }
    }

    /// The same for a task.
    #[cfg(feature = "tokio")]
    pub(super) async fn found(
        &mut self,
        what: &str,
        timeout: Duration,
        mut wanted: impl FnMut(&Event) -> bool,
    ) -> Result<Arc<Event>, QmpError> {
        let deadline = deadline_of(timeout);
        loop {
            let next = self.next;
            let came = self.connection.seen(About::Events, deadline, |state| state.events.come(next)).await;
            if let Some(event) = self.take(came, what, timeout, &mut wanted) {
                return event;
            }
        }
    }

    /// Takes what came, if it is what is wanted.
    fn take(
        &mut self,
        came: Result<Result<Arc<Event>, u64>, Stop>,
        what: &str,
        timeout: Duration,
        wanted: &mut impl FnMut(&Event) -> bool,
    ) -> Option<Result<Arc<Event>, QmpError>> {
        match came {
            Ok(Ok(event)) => {
                self.next += 1;
                wanted(&event).then_some(Ok(event))
            }
            Ok(Err(missed)) => {
                self.next += missed;
                Some(Err(QmpError::Lagged { missed }))
            }
            Err(stop) => Some(Err(stop.of(what, timeout))),
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("next", &self.next).finish_non_exhaustive()
    }
}
