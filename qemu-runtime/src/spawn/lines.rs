//! What a guest writes, line by line.

use std::fmt;
use std::io::{self, Write};

/// Hands what is written to it on as lines: for [`Stderr::tee`](crate::Stderr::tee) and
/// [`Stdio::writer`](crate::Stdio::writer), into a program's own log.
///
/// ```
/// use qemu_runtime::{Lines, Plan, Spawn, Stderr};
///
/// let plan = Plan::new("qemu-system-x86_64", ["-no-such-option"], vec![]);
/// let log = Lines::new(|line| eprintln!("qemu: {line}"));
/// let exit = Spawn::new(&plan).stderr(Stderr::tee(log)).spawn()?.wait();
/// assert!(!exit.success());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Lines<F: FnMut(&str)> {
    handler: F,
    /// The beginning of a line whose end is still to come.
    line: Vec<u8>,
}

/// A longer line is handed on in pieces, so that a guest that ends none costs no more.
const LONGEST: usize = 64 * 1024;

impl<F: FnMut(&str)> Lines<F> {
    /// Calls `handler` with each line, without its end. What is no UTF-8 becomes replacement characters; a line of more
    /// than 64 KiB comes in pieces; a last line without its end comes when this is dropped.
    pub const fn new(handler: F) -> Self {
        Self { handler, line: Vec::new() }
    }

    fn hand_on(&mut self) {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        (self.handler)(&String::from_utf8_lossy(line));
        self.line.clear();
    }
}

impl<F: FnMut(&str)> Write for Lines<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            for chunk in text.chunks(LONGEST) {
                if self.line.len() + chunk.len() > LONGEST {
                    self.hand_on();
                }
                self.line.extend_from_slice(chunk);
            }
            if ended {
                self.hand_on();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<F: FnMut(&str)> Drop for Lines<F> {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.hand_on();
        }
    }
}

impl<F: FnMut(&str)> fmt::Debug for Lines<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use std::io::Write as _;

    use super::{LONGEST, Lines};

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut all = Vec::new();
        let mut lines = Lines::new(|line| all.push(line.to_owned()));
        for chunk in chunks {
            lines.write_all(chunk).unwrap();
        }
        drop(lines);
        all
    }

    #[test]
    fn lines_are_put_together_and_taken_apart() {
        assert_eq!(lines(&[b"on", b"e\ntwo\r\n\nth", b"ree"]), ["one", "two", "", "three"]);
        assert_eq!(lines(&[b"\xff\n"]), ["\u{fffd}"]);
        assert_eq!(lines(&[]), [""; 0]);
    }

    #[test]
    fn a_line_without_an_end_comes_in_pieces() {
        let long = vec![b'x'; LONGEST * 2 + 1];
        let pieces = lines(&[&long, b"\n"]);
        let lengths: Vec<_> = pieces.iter().map(String::len).collect();
        assert_eq!(lengths, [LONGEST, LONGEST, 1]);
    }
}
