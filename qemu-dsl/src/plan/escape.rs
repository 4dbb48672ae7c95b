//! What is escaped in QEMU's arguments.

use std::borrow::Cow;

use super::packed::packed;

/// How the place where a value stands reads it.
///
/// Measured on QEMU 5.2 to 11.1 by reading values back: quotes, line ends, tabs, backslashes and UTF-8 pass
/// unchanged everywhere, so the comma is all there is to escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As it is: the whole argument is the value (`-kernel`, `-append`), or the option's parser knows no escape
    /// (`-global`).
    Raw,
    /// In a list of options separated by commas: a comma is doubled.
    Comma,
}

packed! { enum Escape { Raw, Comma } }

impl Escape {
    /// `value`, as the place wants it written.
    pub fn apply(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::Comma if value.contains(',') => Cow::Owned(value.replace(',', ",,")),
            Self::Comma | Self::Raw => Cow::Borrowed(value),
        }
    }

    /// Appends `value`, as the place wants it written.
    pub(super) fn write(self, value: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Raw => out.extend_from_slice(value),
            Self::Comma => {
                for byte in value {
                    out.push(*byte);
                    if *byte == b',' {
                        out.push(b',');
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Escape;

    #[test]
    fn only_commas_in_lists_change() {
        assert_eq!(Escape::Comma.apply("a,b=\"c d\"\n"), "a,,b=\"c d\"\n");
        assert_eq!(Escape::Raw.apply("a,b"), "a,b");
    }
}
