//! Numbers of bytes.

use std::borrow::Cow;
use std::fmt;

use super::kind::Kind;
use super::types::{Refusal, Type, ValueType, ty};
use crate::code::Code;

/// A number of bytes: `2G`, `1.5M`, `65536`. Powers of 1024, as QEMU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) bytes: u64,
}

impl ValueType for Size {
    const TYPE: &'static Type = &ty("size", "a size such as `2G`, `512M` or `64K`");
    const KIND: Kind = Kind::Size;

    fn parse(text: &str) -> Result<Self, Refusal> {
        Ok(Self { bytes: size(text, 1)? })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes.fmt(f)
    }
}

/// A number of bytes that isn't 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SomeSize {
    pub(crate) bytes: u64,
}

impl ValueType for SomeSize {
    const TYPE: &'static Type = Size::TYPE;
    const KIND: Kind = Kind::SomeSize;

    fn parse(text: &str) -> Result<Self, Refusal> {
        match size(text, 1)? {
            0 => Err(Refusal::because(Code::OutOfRange, "memory of no size", "write a size such as `1G`")),
            bytes => Ok(Self { bytes }),
        }
    }
}

impl fmt::Display for SomeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes.fmt(f)
    }
}

/// A number of bytes that is a power of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PowerSize {
    pub(crate) bytes: u64,
}

impl ValueType for PowerSize {
    const TYPE: &'static Type = &ty("size", "a size that is a power of two, such as `2M` or `64K`");
    const KIND: Kind = Kind::PowerSize;

    fn parse(text: &str) -> Result<Self, Refusal> {
        let bytes = size(text, 1)?;
        if bytes.is_power_of_two() {
            return Ok(Self { bytes });
        }
        let help = match bytes.max(1).checked_next_power_of_two() {
            Some(next) => {
                let units = [("G", 30), ("M", 20), ("K", 10), ("", 0)];
                let unit = units.into_iter().find(|(_, bits)| next.trailing_zeros() >= *bits);
                let (letter, bits) = unit.unwrap_or_default();
                format!("write `{}{letter}`, or another one", next >> bits)
            }
            None => "write one, such as `2M` or `1G`".to_owned(),
        };
        Err(Refusal::because(Code::OutOfRange, "the size is no power of two", help))
    }
}

impl fmt::Display for PowerSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes.fmt(f)
    }
}

/// A size of memory, printed as it is written. Without a suffix it is in MiB, as for QEMU's `-m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemorySize {
    pub(crate) text: String,
    pub(crate) bytes: u64,
}

impl ValueType for MemorySize {
    const TYPE: &'static Type = &ty("size", "a size such as `2G` or `512M`");
    const KIND: Kind = Kind::MemorySize;

    fn parse(text: &str) -> Result<Self, Refusal> {
        Ok(Self { text: text.to_owned(), bytes: memory_size(text)? })
    }

    fn print(text: &str) -> Result<Cow<'_, str>, Refusal> {
        memory_size(text).map(|_| text.into())
    }
}

/// The bytes of a size of memory.
pub(crate) fn memory_size(text: &str) -> Result<u64, Refusal> {
    match size(text, 1 << 20)? {
        0 => {
            let help = "write a size such as `512M`";
            Err(Refusal::because(Code::OutOfRange, "a VM needs some memory", help))
        }
        bytes => Ok(bytes),
    }
}

impl fmt::Display for MemorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// QEMU's letter for a unit that is spelt otherwise: `G` for `GB`, ` gib` and ` g`.
pub(crate) fn unit_letter(unit: &str) -> Option<String> {
    let unit = unit.trim().to_ascii_uppercase();
    let letter = unit.strip_suffix("IB").or_else(|| unit.strip_suffix('B')).unwrap_or(&unit);
    matches!(letter, "K" | "M" | "G" | "T" | "P" | "E").then(|| letter.to_owned())
}

/// The bytes of a size, whose numbers without suffix count in `unit`.
fn size(text: &str, unit: u64) -> Result<u64, Refusal> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let unit = match suffix {
        "" => unit,
        "B" | "b" => 1,
        "K" | "k" => 1 << 10,
        "M" | "m" => 1 << 20,
        "G" | "g" => 1 << 30,
        "T" | "t" => 1 << 40,
        "P" | "p" => 1 << 50,
        "E" | "e" => 1 << 60,
        _ => {
            let letter = unit_letter(suffix).filter(|_| !number.is_empty()).ok_or_else(Refusal::expected)?;
            return Err(Refusal::because(
                Code::WrongType,
                format!("`{text}` is not a size in QEMU's spelling"),
                format!("write `{number}{letter}`: QEMU's sizes are powers of 1024"),
            ));
        }
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || (number.contains('.') && unit == 1) {
        return Err(Refusal::expected());
    }
    let too_large = || {
        Refusal::because(
            Code::OutOfRange,
            format!("`{text}` is out of range"),
            "a size is below 16E, 2 to the power of 64 bytes",
        )
    };
    let whole = whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(unit)).ok_or_else(too_large)?;
    if fraction.bytes().all(|digit| digit == b'0') {
        return Ok(whole);
    }
    // More digits than a double has make no difference to QEMU either.
    let fraction: f64 = format!("0.{fraction}").parse().unwrap_or(0.0);
    whole.checked_add((fraction * unit as f64) as u64).ok_or_else(too_large)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{MemorySize, Size, ValueType};
    use crate::code::Code;

    fn code<T: ValueType>(text: &str) -> Code {
        T::parse(text).unwrap_err().code
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        let bytes = |text| Size::parse(text).unwrap().bytes;
        assert_eq!(bytes("64K"), 65536);
        assert_eq!(bytes("1.5G"), 3 << 29);
        assert_eq!(bytes("7"), 7);
        assert_eq!(MemorySize::parse("512").unwrap().bytes, 512 << 20);
        assert_eq!(bytes("15.9E"), (15 << 60) + (0.9 * (1u64 << 60) as f64) as u64);
        for wrong in ["", "G", "1.G", ".5G", "1.5", "2 G", "-1G", "1GB", "1GiB", "0x10", "1..5G", "٣G"] {
            assert_eq!(code::<Size>(wrong), Code::WrongType, "{wrong}");
        }
        for large in ["16E", "99999999999999999999", "18446744073709551615.9K"] {
            assert_eq!(code::<Size>(large), Code::OutOfRange, "{large}");
        }
        assert_eq!(code::<MemorySize>("0"), Code::OutOfRange);
    }
}
