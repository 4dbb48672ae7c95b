//! What a guest writes, as it comes in: kept, passed on to a writer of the caller's, or both.

use std::io::{self, PipeReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::event::{PollFd, PollFlags, poll};

use super::shared::Shared;
use super::tail::Tail;
use crate::host::is_ready;

/// Where it comes in.
pub(crate) struct Incoming {
    pub(crate) pipe: PipeReader,
    /// Whether its end is kept.
    pub(crate) captured: bool,
    pub(crate) sink: Option<Sink>,
}

/// A writer of the caller's. Once it fails, it gets no more.
///
/// Its panic takes nothing along: not the thread that writes, nor the guest with it.
pub(crate) struct Sink(Option<Box<dyn Write + Send>>);

impl Sink {
    pub(crate) fn new(to: Box<dyn Write + Send>) -> Self {
        Self(Some(to))
    }

    fn write(&mut self, chunk: &[u8]) {
        if let Some(to) = &mut self.0 {
            let written = catch_unwind(AssertUnwindSafe(|| to.write_all(chunk).and_then(|()| to.flush())));
            if !matches!(written, Ok(Ok(()))) {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        let to = self.0.take();
        // It may panic while it is dropped, too. The panic was printed.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(to)));
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.close();
    }
}

impl Incoming {
    /// Takes what there is to read: how many bytes, zero at the end.
    pub(crate) fn take(&mut self, shared: &Shared, buffer: &mut [u8]) -> usize {
        let taken = loop {
            match self.pipe.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // An error is as good as the end.
                read => break read.unwrap_or(0),
            }
        };
        let chunk = buffer.get(..taken).unwrap_or_default();
        if self.captured {
            shared.wrote(chunk);
        }
        if let Some(sink) = &mut self.sink {
            sink.write(chunk);
        }
        taken
    }

    /// Takes what is in the pipe still, of a guest that has ended. Not more than the pipe holds: a process that it left
    /// behind may have the other end, and write on and on, or nothing more.
    pub(crate) fn take_rest(&mut self, shared: &Shared, buffer: &mut [u8]) {
        let mut left = rustix::pipe::fcntl_getpipe_size(&self.pipe).unwrap_or(Tail::MAX);
        while left > 0 && is_ready(&self.pipe) {
            match self.take(shared, buffer) {
                0 => break,
                taken => left = left.saturating_sub(taken),
            }
        }
    }

    /// Takes what comes until the guest's end, or until nobody can write any more.
    pub(crate) fn take_until_end(&mut self, shared: &Shared, buffer: &mut [u8]) {
        while !is_ready(&shared.pidfd) {
            let mut both =
                [PollFd::new(&self.pipe, PollFlags::IN), PollFd::new(&shared.pidfd, PollFlags::IN)];
            // What fails is tried again.
            let _ = poll(&mut both, None);
            if is_ready(&self.pipe) && self.take(shared, buffer) == 0 {
                return;
            }
        }
    }

    /// Takes all: the work of a thread.
    pub(crate) fn take_all(mut self, shared: &Shared) {
        let mut buffer = vec![0; Tail::MAX];
        self.take_until_end(shared, &mut buffer);
        self.take_rest(shared, &mut buffer);
    }
}
