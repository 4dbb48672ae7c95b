//! What QEMU writes to standard error.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::output;

/// What QEMU writes to standard error. It is held back while QEMU reads its arguments: what it rejects is shown at its
/// place in the source instead.
#[derive(Clone)]
pub(crate) struct Messages(Arc<Mutex<State>>);

enum State {
    /// What is held back, and when the first of it came.
    Held(Vec<u8>, Option<Instant>),
    PassedOn,
}

/// What it says beyond this is not about its arguments.
const MOST: usize = 1 << 20;

impl Messages {
    pub(crate) fn held() -> Self {
        Self(Arc::new(Mutex::new(State::Held(Vec::new(), None))))
    }

    /// Passes on what was held back, and all that comes from now on.
    pub(crate) fn release(&self) {
        self.lock().release();
    }

    /// Passes on what was held back for so long: QEMU has not ended over it. What comes from now on is held back still.
    pub(crate) fn release_older(&self, age: Duration) {
        let mut state = self.lock();
        if let State::Held(held, since) = &mut *state
            && since.is_some_and(|since| since.elapsed() >= age)
        {
            *since = None;
            pass_on(&std::mem::take(held));
        }
    }

    /// Passes on what was held back without a part of `text`, which is the end of all that came. Where that was passed on
    /// already, it stays so.
    pub(crate) fn release_without(&self, text: &str, part: &Range<usize>) {
        let held = self.lock().take();
        // The beginning of the text may have been passed on, or more than the text be held.
        let in_held = |at: usize| (held.len() + at).checked_sub(text.len());
        let place = in_held(part.start).zip(in_held(part.end)).filter(|(start, end)| {
            text.get(part.clone()).is_some_and(|part| held.get(*start..*end) == Some(part.as_bytes()))
        });
        let (start, end) = place.unwrap_or((held.len(), held.len()));
        pass_on(held.get(..start).unwrap_or_default());
        pass_on(held.get(end..).unwrap_or_default());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn release(&mut self) {
        pass_on(&self.take());
    }

    fn take(&mut self) -> Vec<u8> {
        match std::mem::replace(self, Self::PassedOn) {
            Self::Held(held, _) => held,
            Self::PassedOn => Vec::new(),
        }
    }
}

impl Write for Messages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.lock();
        match &mut *state {
            State::Held(held, since) if held.len() + bytes.len() <= MOST => {
                held.extend_from_slice(bytes);
                since.get_or_insert_with(Instant::now);
            }
            _ => {
                state.release();
                pass_on(bytes);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where that fails there is nobody left to tell.
fn pass_on(bytes: &[u8]) {
    let _ = output::pass_on(io::stderr(), bytes);
}
