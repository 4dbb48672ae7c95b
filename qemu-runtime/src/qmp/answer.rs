//! Reads what QEMU has answered, by whoever waits for it, and no longer than that.

use std::io::{self, BufReader, Read};
use std::time::Duration;

use serde_core::de::DeserializeOwned;

use super::QmpError;
use super::object::object;

/// How many bytes are read between two looks whether it is over.
pub(super) const STEP: usize = 64 << 10;

/// What QEMU has answered a command, unread.
pub(super) struct Answered {
    pub(super) refused: bool,
    pub(super) text: Vec<u8>,
}

/// QEMU's class and description of an error.
#[derive(Debug, Default)]
pub(super) struct Refusal {
    class: String,
    pub(super) desc: String,
}

object!(Refusal { class: "class" or default, desc: "desc" or default });

impl Answered {
    /// Reads the answer to the command of this name, until it is `over`.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        command: &str,
        timeout: Duration,
        over: impl FnMut() -> bool,
    ) -> Result<T, QmpError> {
        let wrong = |unread| match unread {
            Unread::Over => QmpError::Timeout { what: command.to_owned(), timeout },
            Unread::Wrong(source) => QmpError::unreadable(command, source),
        };
        if !self.refused {
            return read(&self.text, over).map_err(wrong);
        }
        let Refusal { class, desc } = match read(&self.text, over) {
            // It is a refusal in any case.
            Err(Unread::Wrong(_)) => Refusal::default(),
            read => read.map_err(wrong)?,
        };
        Err(QmpError::Refused { command: command.to_owned(), class, desc })
    }
}

/// Why a text was not read.
#[derive(Debug)]
enum Unread {
    /// It was over first.
    Over,
    Wrong(serde_json::Error),
}

/// Reads a text, until it is `over`.
fn read<T: DeserializeOwned>(text: &[u8], over: impl FnMut() -> bool) -> Result<T, Unread> {
    if text.len() <= STEP {
        return serde_json::from_slice(text).map_err(Unread::Wrong);
    }
    let mut steps = Steps { text, over, is_over: false };
    let read = serde_json::from_reader(BufReader::with_capacity(STEP, &mut steps));
    read.map_err(|error| if steps.is_over { Unread::Over } else { Unread::Wrong(error) })
}

/// A text that ends when it is over.
struct Steps<'t, O> {
    text: &'t [u8],
    over: O,
    is_over: bool,
}

impl<O: FnMut() -> bool> Read for Steps<'_, O> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.is_over = self.is_over || (self.over)();
        if self.is_over {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.text.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use serde_json::Value;

    use super::*;

    #[test]
    fn reading_ends_when_it_is_over() {
        let text = format!("[{}0]", "[],".repeat(1 << 20));
        let mut looks = 0;
        let mut read = |last| {
            looks = 0;
            let over = || {
                looks += 1;
                looks > last
            };
            let read = read::<Value>(text.as_bytes(), over);
            (read, looks)
        };
        for last in [0, 1, 7] {
            let (read, looks) = read(last);
            assert!(matches!(read, Err(Unread::Over)));
            assert_eq!(looks, last + 1);
        }
        let (read, looks) = read(usize::MAX);
        assert_eq!(read.unwrap().as_array().unwrap().len(), (1 << 20) + 1);
        // One more that finds the end.
        assert_eq!(looks, text.len().div_ceil(STEP) + 1);
    }

    #[test]
    fn what_is_wrong_is_told_from_what_is_over() {
        let text = format!("[{}", "[],".repeat(1 << 16));
        assert!(matches!(read::<Value>(text.as_bytes(), || false), Err(Unread::Wrong(_))));
        assert!(matches!(read::<Value>(b"[", || true), Err(Unread::Wrong(_))));
        let text = [b"\"", &*vec![0xff; STEP], b"\""].concat();
        assert!(matches!(read::<Value>(&text, || false), Err(Unread::Wrong(_))));
    }
}
