//! What QEMU says of itself.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_core::de::{DeserializeOwned, Error as _};

use super::QmpError;
use super::object::object;
use super::text::{Text, UNASKED, read};

/// An event.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its name: `SHUTDOWN`, `DEVICE_DELETED`, ...
    pub name: String,
    /// When it was, by QEMU's clock, where QEMU knew.
    pub time: Option<SystemTime>,
    /// What it says, nothing where that is too long.
    data: Option<Box<[u8]>>,
}

impl Event {
    pub(super) fn of(name: String, data: Text, timestamp: Text) -> Self {
        let timestamp: Option<Timestamp> = timestamp.and_then(|timestamp| read(&timestamp));
        let time = timestamp.and_then(|Timestamp { seconds, microseconds }| {
            let since = Duration::from_secs(seconds).saturating_add(Duration::from_micros(microseconds));
            SystemTime::UNIX_EPOCH.checked_add(since)
        });
        Self { name, time, data: data.map(Vec::into_boxed_slice) }
    }

    /// What it says, read now: as a type that has what is wanted of it, or as a
    /// [`Value`](serde_json::Value), which is null where it says nothing.
    ///
    /// An event is kept as QEMU has written it, 1 MiB at most. A value may take a hundred times that.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # let guest: qemu_runtime::Guest = todo!();
    /// #[derive(serde::Deserialize)]
    /// struct Deleted {
    ///     device: Option<String>,
    ///     path: String,
    /// }
    ///
    /// let mut events = guest.qmp().expect("it was started with QMP").events();
    /// let event = events.wait_for("DEVICE_DELETED", Duration::from_secs(5))?;
    /// let deleted: Deleted = event.data()?;
    /// println!("{}", deleted.device.unwrap_or(deleted.path));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`QmpError::Event`] where it isn't of that type, or of more than 1 MiB, and where it can't be read at all, as it
    /// is no JSON, or a value that is deeper than 128 levels.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, QmpError> {
        let read = match &self.data {
            Some(data) => serde_json::from_slice(data),
            None => Err(serde_json::Error::custom(format_args!("it is of more than {UNASKED} bytes"))),
        };
        read.map_err(|source| QmpError::Event { event: self.name.clone(), source: Arc::new(source) })
    }

    /// How many bytes of memory it takes.
    fn memory(&self) -> usize {
        size_of::<Self>() + self.name.capacity() + self.data.as_ref().map_or(0, |data| data.len())
    }
}

/// What it says is shown as the text that it is.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("name", &self.name)
            .field("time", &self.time)
            .field("data", &self.data.as_deref().map(String::from_utf8_lossy))
            .finish()
    }
}

/// When an event was. Where QEMU doesn't know it says -1, which is no number here.
struct Timestamp {
    seconds: u64,
    microseconds: u64,
}

object!(Timestamp { seconds: "seconds", microseconds: "microseconds" });

/// The last events, each with its number. All readers read the same.
pub(super) struct Ring {
    events: VecDeque<Arc<Event>>,
    /// The number of the first of them.
    first: u64,
    bytes: usize,
    limit: usize,
}

impl Ring {
    /// How many bytes of memory events take at most: a number of them alone bounds nothing.
    const BYTES: usize = 16 << 20;

    pub(super) fn new(limit: usize) -> Self {
        Self { events: VecDeque::new(), first: 0, bytes: 0, limit: limit.max(1) }
    }

    pub(super) fn push(&mut self, event: Event) {
        self.bytes += event.memory();
        self.events.push_back(Arc::new(event));
        while self.events.len() > self.limit || self.bytes > Self::BYTES {
            let Some(event) = self.events.pop_front() else { break };
            self.bytes -= event.memory();
            self.first += 1;
        }
    }

    /// The number of the next event to come.
    pub(super) fn end(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// The event of a number, once it is there, or how many are gone since.
    pub(super) fn come(&self, number: u64) -> Option<Result<Arc<Event>, u64>> {
        let Some(index) = number.checked_sub(self.first) else {
            return Some(Err(self.first - number));
        };
        let event = self.events.get(usize::try_from(index).ok()?)?;
        Some(Ok(Arc::clone(event)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_bounded_by_their_memory() {
        for (bytes, kept) in [(0, 1024), (1 << 10, 1024), (1 << 16, 255), (UNASKED, 15)] {
            let mut ring = Ring::new(1024);
            for _ in 0..2000 {
                ring.push(Event::of("E".to_owned(), Some(vec![b' '; bytes]), None));
            }
            assert_eq!(ring.events.len(), kept, "of {bytes} bytes");
            assert_eq!(ring.end(), 2000);
            assert!(ring.bytes <= Ring::BYTES);
            assert_eq!(ring.bytes, ring.events.iter().map(|event| event.memory()).sum::<usize>());
        }
    }
}
