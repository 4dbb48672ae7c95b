//! What QEMU writes to standard error.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::output;

/// What QEMU writes to standard error. It is held back while QEMU reads its arguments: what it rejects is shown at its
/// place in the source instead.
#[derive(Clone)]
pub(crate) struct Messages(Arc<Mutex<State>>);

enum State {
    Held(Vec<u8>),
    PassedOn,
}

/// What it says beyond this is not about its arguments.
const MOST: usize = 1 << 20;

impl Messages {
    pub(crate) fn held() -> Self {
        Self(Arc::new(Mutex::new(State::Held(Vec::new()))))
    }

    /// Passes on what was held back, and all that comes from now on.
    pub(crate) fn release(&self) {
        self.lock().release();
    }

    /// The same without a part of `text`, which is the end of all that came. Where that was passed on already, it stays so.
    pub(crate) fn release_without(&self, text: &str, part: &Range<usize>) {
        let mut state = self.lock();
        let held = state.take();
        match (text.get(..part.start), text.get(part.end..)) {
            (Some(before), Some(behind)) if held.ends_with(text.as_bytes()) => {
                let earlier = held.len() - text.len();
                pass_on(held.get(..earlier).unwrap_or_default());
                pass_on(before.as_bytes());
                pass_on(behind.as_bytes());
            }
            _ => pass_on(&held),
        }
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
            Self::Held(held) => held,
            Self::PassedOn => Vec::new(),
        }
    }
}

impl Write for Messages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.lock();
        match &mut *state {
            State::Held(held) if held.len() + bytes.len() <= MOST => held.extend_from_slice(bytes),
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
