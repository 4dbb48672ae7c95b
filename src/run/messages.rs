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

impl Messages {
    pub(crate) fn held() -> Self {
        Self(Arc::new(Mutex::new(State::Held(Vec::new()))))
    }

    /// Passes on what was held back, and all that comes from now on.
    pub(crate) fn release(&self) {
        pass_on(&self.take());
    }

    /// The same without a part of `text`, which is the end of all that came. Where that was passed on already, it stays so.
    pub(crate) fn release_without(&self, text: &str, part: &Range<usize>) {
        let held = self.take();
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

    fn take(&self) -> Vec<u8> {
        match std::mem::replace(&mut *self.lock(), State::PassedOn) {
            State::Held(held) => held,
            State::PassedOn => Vec::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Messages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.lock() {
            State::Held(held) => held.extend_from_slice(bytes),
            State::PassedOn => pass_on(bytes),
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
