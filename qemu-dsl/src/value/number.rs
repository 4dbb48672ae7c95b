//! Whole numbers.

use std::fmt;

use super::kind::Kind;
use super::types::{Refusal, Type, ValueType, ty};
use crate::code::Code;

/// A whole number from `MIN` to `MAX`, decimal or, behind `0x`, hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UInt<const MIN: u64, const MAX: u64>(pub(crate) u64);

impl<const MIN: u64, const MAX: u64> ValueType for UInt<MIN, MAX> {
    const TYPE: &'static Type = &ty("number", "a whole number");
    const KIND: Kind = Kind::Integer { min: MIN, max: MAX };

    fn parse(text: &str) -> Result<Self, Refusal> {
        read(text, MIN, MAX).map(Self)
    }
}

/// Reads a number from `min` to `max`.
pub(super) fn read(text: &str, min: u64, max: u64) -> Result<u64, Refusal> {
    let range = || {
        Refusal::because(
            Code::OutOfRange,
            format!("`{text}` is out of range"),
            if max == u64::MAX { format!("at least {min}") } else { format!("from {min} to {max}") },
        )
    };
    // QEMU reads hexadecimal, too.
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = hexadecimal.map_or((text, 10), |digits| (digits, 16));
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        let negative = text.strip_prefix('-').is_some_and(|rest| rest.parse::<u64>().is_ok());
        return Err(if negative { range() } else { Refusal::expected() });
    }
    match u64::from_str_radix(digits, radix) {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => Err(range()),
    }
}

impl<const MIN: u64, const MAX: u64> fmt::Display for UInt<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: u64, const MAX: u64> From<UInt<MIN, MAX>> for u64 {
    fn from(number: UInt<MIN, MAX>) -> Self {
        number.0
    }
}

/// A power of two that QEMU takes as the size of a ring, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PowerOfTwo(u64);

impl ValueType for PowerOfTwo {
    const TYPE: &'static Type = &ty("number", "a power of two");
    const KIND: Kind = Kind::PowerOfTwo;

    fn parse(text: &str) -> Result<Self, Refusal> {
        let number = read(text, 0, u32::MAX.into())?;
        let power = number.checked_next_power_of_two().unwrap_or(number);
        if number == 0 || number == power {
            return Ok(Self(number));
        }
        let help = format!("write {} or {power}", power / 2);
        Err(Refusal::because(Code::OutOfRange, format!("`{text}` is no power of two"), help))
    }
}

impl fmt::Display for PowerOfTwo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number, or several that follow each other: `4`, `0-3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) first: u32,
    pub(crate) last: u32,
}

impl ValueType for Numbers {
    const TYPE: &'static Type = &ty("numbers", "a number, or several such as `0-3`");
    const KIND: Kind = Kind::Numbers;

    fn parse(text: &str) -> Result<Self, Refusal> {
        let number = |text| read(text, 0, u16::MAX.into()).map(|number| number as u32);
        let Some((first, last)) = text.split_once('-').filter(|(first, _)| !first.is_empty()) else {
            let number = number(text)?;
            return Ok(Self { first: number, last: number });
        };
        let (first, last) = (number(first)?, number(last)?);
        if last < first {
            let message = format!("`{text}` goes down");
            let help = format!("write `{last}-{first}`");
            return Err(Refusal::because(Code::OutOfRange, message, help));
        }
        Ok(Self { first, last })
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return self.first.fmt(f);
        }
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// Milliseconds after which something happens; -1 is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeout(Option<u64>);

impl ValueType for Timeout {
    const TYPE: &'static Type = &ty("number", "a whole number up to 65535, or `-1`");
    const KIND: Kind = Kind::Timeout;

    fn parse(text: &str) -> Result<Self, Refusal> {
        if text == "-1" {
            return Ok(Self(None));
        }
        let milliseconds = read(text, 0, 0xffff).map_err(|refusal| match refusal.code {
            Code::OutOfRange => Refusal { help: Some("from -1 to 65535".to_owned()), ..refusal },
            _ => refusal,
        })?;
        Ok(Self(Some(milliseconds)))
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(milliseconds) => milliseconds.fmt(f),
            None => f.write_str("-1"),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{Numbers, UInt, ValueType};
    use crate::code::Code;

    fn code<T: ValueType>(text: &str) -> Code {
        T::parse(text).unwrap_err().code
    }

    #[test]
    fn several_numbers_go_up() {
        let read = |text| Numbers::parse(text).map(|numbers| numbers.to_string()).unwrap();
        assert_eq!(["4", "0-3", "0x10-17", "7-7"].map(read), ["4", "0-3", "16-17", "7"]);
        for wrong in ["", "-", "a", "0-", "0-3-5", "0,1", "0..3"] {
            assert_eq!(code::<Numbers>(wrong), Code::WrongType, "{wrong}");
        }
        for wrong in ["3-0", "-1", "65536", "0-65536"] {
            assert_eq!(code::<Numbers>(wrong), Code::OutOfRange, "{wrong}");
        }
    }

    #[test]
    fn numbers_have_their_range() {
        assert_eq!(UInt::<1, 8>::parse("8").unwrap().0, 8);
        assert_eq!(UInt::<1, 64>::parse("0x2A").unwrap().0, 42);
        for wrong in ["0", "9", "-1", "0x9", "0xfffffffffffffffff", "99999999999999999999999"] {
            assert_eq!(code::<UInt<1, 8>>(wrong), Code::OutOfRange, "{wrong}");
        }
        for wrong in ["", "x", "+1", "1.0", "-x", "--1", "0x", "0xg", "1f", "0x+1"] {
            assert_eq!(code::<UInt<1, 8>>(wrong), Code::WrongType, "{wrong}");
        }
    }
}
