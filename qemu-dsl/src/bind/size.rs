//! Numbers of bytes in a program.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::value::{self, ValueType as _};

/// A number of bytes. A bare number is none: its unit would be a guess.
///
/// ```
/// use qemu_dsl::bind::Size;
///
/// assert_eq!(Size::mib(512).to_string(), "512M");
/// assert_eq!("2G".parse(), Ok(Size::gib(2)));
/// assert_eq!(Size::bytes(1000).to_string(), "1000B");
/// assert!("512".parse::<Size>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

impl Size {
    /// So many bytes.
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// So many times 1024 bytes. What is too large is the greatest size.
    pub const fn kib(number: u64) -> Self {
        Self(number.saturating_mul(1 << 10))
    }

    /// So many times 1024 KiB. What is too large is the greatest size.
    pub const fn mib(number: u64) -> Self {
        Self(number.saturating_mul(1 << 20))
    }

    /// So many times 1024 MiB. What is too large is the greatest size.
    pub const fn gib(number: u64) -> Self {
        Self(number.saturating_mul(1 << 30))
    }

    /// The number of bytes.
    pub const fn as_bytes(self) -> u64 {
        self.0
    }
}

/// As the language and QEMU have it, in the largest unit of which it is a whole number.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("T", 40), ("G", 30), ("M", 20), ("K", 10)];
        let unit = units.into_iter().find(|(_, bits)| self.0 > 0 && self.0.trailing_zeros() >= *bits);
        let (letter, bits) = unit.unwrap_or(("B", 0));
        write!(f, "{}{letter}", self.0 >> bits)
    }
}

/// A text that is no size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeError(String);

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for SizeError {}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        if text.ends_with(|c: char| c.is_ascii_digit()) {
            return Err(SizeError(format!("`{text}` has no unit: write `{text}M`, or `{text}B` for bytes")));
        }
        match value::Size::parse(text) {
            Ok(size) => Ok(Self(size.bytes)),
            Err(refusal) => {
                let (_, message, help) = refusal.say("the size", value::Size::TYPE.expects, false, text);
                Err(SizeError(help.map_or_else(|| message.clone(), |help| format!("{message}: {help}"))))
            }
        }
    }
}
