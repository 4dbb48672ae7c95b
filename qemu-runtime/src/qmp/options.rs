//! What a conversation and a call in it may take.

use std::time::{Duration, Instant};

/// The bounds of a connection.
#[derive(Clone, Copy, Debug)]
#[must_use = "it sets nothing by itself"]
pub struct QmpOptions {
    pub(super) timeout: Duration,
    pub(super) answer_limit: usize,
    pub(super) event_limit: usize,
}

impl Default for QmpOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), answer_limit: 10 << 20, event_limit: 1024 }
    }
}

impl QmpOptions {
    /// 30 seconds for a command, 10 MiB for its answer, 1024 events.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long an answer is waited for, and read, where the [call](super::Call::timeout) doesn't say. So long is waited for the
    /// greeting, too, and for QEMU's end, once it has closed the conversation.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many bytes an answer may have where the [call](super::Call::answer_limit) doesn't say. One that is
    /// [longer](super::QmpError::TooLong) is thrown away while it comes, which concerns its own call alone. The longest of
    /// QEMU's has a quarter of a megabyte (`query-qmp-schema`), unless there are hundreds of what it lists.
    pub const fn answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// How many events are kept for those who haven't taken them yet: fewer where they take more than 16 MiB.
    pub const fn event_limit(mut self, events: usize) -> Self {
        self.event_limit = events;
        self
    }

    /// What a call may take that doesn't say.
    pub(super) const fn bounds(&self) -> Bounds {
        Bounds { timeout: self.timeout, answer_limit: self.answer_limit }
    }
}

/// What a call may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) timeout: Duration,
    pub(super) answer_limit: usize,
}

/// A deadline beyond what the clock can tell is none.
pub(super) fn deadline_of(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

pub(super) fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}
