//! What a template leaves blank: the places of values that come later, and what hangs on them.

use super::escape::Escape;
use super::packed::packed;

/// How a value is printed, where that hangs on what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// As it is.
    Plain,
    /// As a file's path where QEMU would take `x:` at its beginning for a protocol.
    FilePath,
    /// As a size of memory where a bare number counts bytes.
    MemoryBytes,
    /// As the number of vectors that a network device with so many queues needs.
    Vectors,
    /// As seconds, rounded up, of what is in milliseconds.
    Seconds,
}

packed! {
    enum Show { Plain, FilePath, MemoryBytes, Vectors, Seconds }
    struct When { choice, shape }
    enum Number { Known(number), Blank(blank) }
}

impl Show {
    /// Appends a value, as the place wants it written.
    pub(crate) fn write(self, value: &[u8], escape: Escape, out: &mut Vec<u8>) {
        match self {
            Self::Plain => escape.write(value, out),
            Self::FilePath => {
                if has_protocol(value) {
                    out.extend_from_slice(b"./");
                }
                escape.write(value, out);
            }
            Self::MemoryBytes => {
                escape.write(value, out);
                if value.last().is_some_and(u8::is_ascii_digit) {
                    out.push(b'M');
                }
            }
            Self::Vectors => {
                let queues = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                out.extend_from_slice(vectors(queues.unwrap_or(1)).to_string().as_bytes());
            }
            Self::Seconds => {
                let ms = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                out.extend_from_slice(ms.map_or(0, |ms: u64| ms.div_ceil(1000)).to_string().as_bytes());
            }
        }
    }

    /// The text of a value that is known.
    #[cfg(feature = "compiler")]
    pub(crate) fn text(self, value: &str) -> String {
        let mut out = Vec::new();
        self.write(value.as_bytes(), Escape::Raw, &mut out);
        // Of text comes text.
        String::from_utf8(out).unwrap_or_default()
    }
}

/// A vector for each queue to and from the guest, one for the configuration and one for the control queue.
fn vectors(queues: u64) -> u64 {
    2 * queues + 2
}

/// Whether QEMU would read a path as a protocol and its address.
fn has_protocol(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').next().is_some_and(|first| first.contains(&b':'))
}

/// One of several shapes of a statement: which one it has hangs on values that come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// The number of the choice.
    pub choice: u32,
    /// Which of its shapes this belongs to.
    pub shape: u32,
}

/// A number of a file descriptor's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// It is known.
    Known(u64),
    /// It is the value of a blank.
    Blank(u32),
}

impl Number {
    /// The number, where it is known. Nothing that is bound has another.
    pub fn known(&self) -> u64 {
        match self {
            Self::Known(number) => *number,
            Self::Blank(_) => 0,
        }
    }
}

#[cfg(all(test, feature = "compiler"))]
mod tests {
    use super::Show;

    #[test]
    fn values_are_shown_as_their_place_wants() {
        assert_eq!(Show::FilePath.text("nbd:x/y"), "./nbd:x/y");
        assert_eq!(Show::FilePath.text("/a:b"), "/a:b");
        assert_eq!(Show::MemoryBytes.text("512"), "512M");
        assert_eq!(Show::MemoryBytes.text("2G"), "2G");
        assert_eq!(Show::Vectors.text("4"), "10");
        assert_eq!(Show::Seconds.text("1500"), "2");
        assert_eq!(Show::Seconds.text("0"), "0");
    }
}
