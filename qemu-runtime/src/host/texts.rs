//! A program's arguments, or its environment, as the kernel takes them.

use std::ffi::{OsStr, OsString, c_char};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::ptr;

/// Texts that each end with a zero, in one piece of memory: a process has many of them, and takes them for a moment.
pub(crate) struct Texts {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

/// A text has a zero in the middle.
#[derive(Debug)]
pub(crate) struct HasZero(pub(crate) OsString);

impl Texts {
    /// None, with room for what most programs have.
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::with_capacity(4096), starts: Vec::with_capacity(64) }
    }

    pub(crate) fn push(&mut self, text: impl AsRef<OsStr>) -> Result<(), HasZero> {
        self.push_joined(&[text.as_ref()])
    }

    /// Adds one text that consists of parts.
    pub(crate) fn push_joined(&mut self, parts: &[&OsStr]) -> Result<(), HasZero> {
        let start = self.bytes.len();
        for part in parts {
            self.bytes.extend(part.as_bytes());
        }
        if self.bytes.get(start..).is_some_and(|text| text.contains(&0)) {
            return Err(HasZero(OsString::from_vec(self.bytes.split_off(start))));
        }
        self.bytes.push(0);
        self.starts.push(start);
        Ok(())
    }

    /// All of them, each with its zero.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where they are, and a null behind them. Not to be used once these are changed or gone.
    pub(crate) fn pointers(&self) -> Vec<*const c_char> {
        let first = self.bytes.as_ptr();
        self.starts.iter().map(|start| first.wrapping_add(*start).cast()).chain([ptr::null()]).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]
    #![expect(unsafe_code, reason = "what a pointer points to is read")]

    use std::ffi::{CStr, OsStr};

    use super::Texts;

    #[test]
    fn texts_are_where_the_pointers_say() {
        let mut texts = Texts::new();
        texts.push("one").unwrap();
        texts.push("").unwrap();
        texts.push_joined(&["TWO", "=", "2"].map(OsStr::new)).unwrap();
        assert_eq!(texts.push("a\0b").unwrap_err().0, "a\0b");
        texts.push("three").unwrap();

        let pointers = texts.pointers();
        let (null, pointers) = pointers.split_last().unwrap();
        assert!(null.is_null());
        // SAFETY: each points to a text with its zero, which lives still.
        let read: Vec<_> = pointers.iter().map(|text| unsafe { CStr::from_ptr(*text) }).collect();
        assert_eq!(read, [c"one", c"", c"TWO=2", c"three"]);
    }
}
