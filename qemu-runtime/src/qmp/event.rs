//! What QEMU says of itself.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::QmpError;
use super::connection::{Connection, Stop, deadline_of};
use super::wire::read;

/// An event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// Its name: `SHUTDOWN`, `DEVICE_DELETED`, ...
    pub name: String,
    /// What it says: an object, or null. Null, too, where it can't be a value, as it is deeper than 128 levels.
    pub data: Value,
    /// When it was, by QEMU's clock, where QEMU knew.
    pub time: Option<SystemTime>,
}

impl Event {
    pub(super) fn of(name: String, data: Option<&RawValue>, timestamp: Option<&RawValue>) -> Self {
        let timestamp: Option<Timestamp> = timestamp.and_then(read);
        let time = timestamp.and_then(|Timestamp { seconds, microseconds }| {
            let since = Duration::from_secs(seconds).saturating_add(Duration::from_micros(microseconds));
            SystemTime::UNIX_EPOCH.checked_add(since)
        });
        Self { name, data: data.and_then(read).unwrap_or_default(), time }
    }
}

/// When an event was. Where QEMU doesn't know it says -1, which is no number here.
#[derive(Deserialize)]
struct Timestamp {
    seconds: u64,
    microseconds: u64,
}

/// The last events, each with its number. All readers read the same.
pub(super) struct Ring {
    events: VecDeque<(Arc<Event>, usize)>,
    /// The number of the first of them.
    first: u64,
    bytes: usize,
    limit: usize,
}

impl Ring {
    /// How many bytes of memory events take at most, apart from the last one's: a number of them alone bounds nothing.
    const BYTES: usize = 64 << 20;

    pub(super) fn new(limit: usize) -> Self {
        Self { events: VecDeque::new(), first: 0, bytes: 0, limit: limit.max(1) }
    }

    pub(super) fn push(&mut self, event: Event) {
        let bytes = size_of::<Event>() + event.name.capacity() + memory(&event.data);
        self.events.push_back((Arc::new(event), bytes));
        self.bytes += bytes;
        while self.events.len() > self.limit || (self.bytes > Self::BYTES && self.events.len() > 1) {
            if let Some((_, bytes)) = self.events.pop_front() {
                self.bytes -= bytes;
                self.first += 1;
            }
        }
    }

    /// The number of the next event to come.
    pub(super) fn end(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// The event of a number, once it is there, or how many are gone since.
    fn come(&self, number: u64) -> Option<Result<Arc<Event>, u64>> {
        let Some(index) = number.checked_sub(self.first) else {
            return Some(Err(self.first - number));
        };
        let (event, _) = self.events.get(usize::try_from(index).ok()?)?;
        Some(Ok(Arc::clone(event)))
    }
}

/// About how many bytes of memory a value takes: many times its text's, where its parts are small.
fn memory(value: &Value) -> usize {
    /// A map's entries lie in nodes of eleven, of which more than half are taken.
    const NODE: usize = 11 * (size_of::<String>() + size_of::<Value>());

    let parts = match value {
        Value::String(text) => text.capacity(),
        Value::Array(values) => values.iter().map(memory).sum(),
        Value::Object(values) => {
            let nodes = NODE * values.len().div_ceil(6);
            values.iter().map(|(name, value)| name.capacity() + memory(value)).sum::<usize>() + nodes
        }
        _ => 0,
    };
    size_of::<Value>() + parts
}

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
            let came = self.connection.wait(deadline, |state| state.events.come(next));
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
            let came = self.connection.seen(deadline, |state| state.events.come(next)).await;
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_bounded_by_their_memory() {
        for data in
            [json!(vec![0; 100_000]), json!(vec![json!({ "a": 0 }); 5_000]), json!("x".repeat(3_200_000))]
        {
            let mut ring = Ring::new(1024);
            for _ in 0..100 {
                ring.push(Event { name: "E".to_owned(), data: data.clone(), time: None });
            }
            assert!((15..=20).contains(&ring.events.len()), "{}", ring.events.len());
            assert_eq!(ring.end(), 100);
        }
    }
}
