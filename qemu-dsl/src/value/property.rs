//! What the properties of QEMU's devices, objects and machines take, as its schema has it: one value, whether it is written or
//! comes later.

use std::fmt;

use crate::plan::packed::packed;

/// What a property takes of a QEMU, or of the two between which one lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takes {
    /// Its type.
    pub ty: PropertyType,
    /// What may be right too: its type in the other one.
    pub or: PropertyType,
    /// Whether a negative number wraps where there is none, as a device's does.
    pub wraps: bool,
    /// Whether QEMU takes sizes up to the last that 64 bits have.
    pub to_the_last: bool,
    /// Whether a size is printed in bytes.
    pub in_bytes: bool,
}

packed! {
    struct Takes { ty, or, wraps, to_the_last, in_bytes }
    enum PropertyType { Str, Bool, Int { signed, bits }, Number, Size, OneOf(values), Mac, PciSlot, Id(what), List(element), Other(name) }
    struct Element { name }
}

impl Takes {
    /// Any text: nothing is known of it.
    pub(crate) const ANY: Self = Self {
        ty: PropertyType::Str,
        or: PropertyType::Str,
        wraps: true,
        to_the_last: true,
        in_bytes: false,
    };

    /// Whether QEMU may take `value`. False only where it certainly refuses.
    pub(crate) fn accepts(self, value: &str) -> bool {
        let Self { ty, or, wraps, to_the_last, .. } = self;
        let number = || {
            value.strip_prefix("0x").map_or_else(|| value.parse(), |digits| u64::from_str_radix(digits, 16))
        };
        (ty.accepts(value) || or.accepts(value))
            && (ty != PropertyType::Size
                || to_the_last
                || !number().is_ok_and(|number| number >= u64::MAX - 1023))
            && (wraps || !matches!(ty, PropertyType::Int { signed: false, .. }) || !is_negative(value))
    }
}

/// What a property takes. Printed, it says what could be written: "`on` or `off`".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyType {
    /// `on` or `off`.
    Bool,
    /// A whole number without a suffix.
    Int {
        /// Whether it can be negative.
        signed: bool,
        /// How many bits it has at most.
        bits: u32,
    },
    /// A whole number, which may or may not take a suffix as a size does: QEMU doesn't tell.
    Number,
    /// A number of bytes, with a suffix or without.
    Size,
    /// Any text.
    Str,
    /// One of these, with `|` between them.
    OneOf(&'static str),
    /// A MAC address.
    Mac,
    /// A PCI slot and perhaps a function, in hexadecimal: `1f.2`.
    PciSlot,
    /// The id of a `netdev`, `chardev`, `drive` (a node name too), `fsdev`, `audiodev` or `tpmdev`; or of an object or
    /// device of this QOM type (`memory-backend`, `iothread`).
    Id(&'static str),
    /// A list.
    List(Element),
    /// Something else, by QEMU's name for it. Any value may be right.
    Other(&'static str),
}

/// What a list consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    name: &'static str,
}

impl Element {
    /// What one of its elements takes.
    #[must_use]
    pub fn ty(self) -> PropertyType {
        PropertyType::read(self.name)
    }
}

impl PropertyType {
    /// The one that a schema calls so.
    pub(crate) fn read(name: &'static str) -> Self {
        let int = |signed, bits| Self::Int { signed, bits };
        match name {
            "bool" => Self::Bool,
            "int64" => int(true, 64),
            "int32" => int(true, 32),
            "int16" => int(true, 16),
            "int8" => int(true, 8),
            "uint64" => int(false, 64),
            "uint63" => int(false, 63),
            "uint32" => int(false, 32),
            "uint16" => int(false, 16),
            "uint8" => int(false, 8),
            "number" => Self::Number,
            "size" => Self::Size,
            "str" => Self::Str,
            "mac" => Self::Mac,
            "pci-slot" => Self::PciSlot,
            "audiodev" | "chardev" | "drive" | "fsdev" | "netdev" | "tpmdev" => Self::Id(name),
            _ => {
                let within = |name: &'static str| name.split_once('<')?.1.strip_suffix('>');
                match (name.split('<').next(), within(name)) {
                    (Some("link"), Some(target)) => Self::Id(target),
                    (Some("list"), element) => Self::List(Element { name: element.unwrap_or_default() }),
                    _ if name.ends_with("List") => {
                        Self::List(Element { name: name.trim_end_matches("List") })
                    }
                    _ if name.contains('|') => Self::OneOf(name),
                    _ => Self::Other(name),
                }
            }
        }
    }

    /// Whether it may be a switch that is on.
    pub(crate) fn can_be_on(self) -> bool {
        matches!(self, Self::Bool | Self::Str | Self::OneOf(_)) && self.accepts("on")
    }

    /// Whether QEMU may take `value`. False only where it certainly refuses.
    #[must_use]
    pub fn accepts(self, value: &str) -> bool {
        match self {
            Self::Bool => self.values().any(|known| known == value),
            Self::Int { signed, bits } => is_int(value, signed, bits),
            Self::Number => is_int(value, true, 64) || is_int(value, false, 64) || is_size(value),
            Self::Size => is_size(value),
            Self::OneOf(_) => self.values().any(|known| known == value),
            Self::Mac => is_mac(value),
            Self::PciSlot => is_pci_slot(value),
            Self::Str | Self::Id(_) | Self::List(_) | Self::Other(_) => true,
        }
    }

    /// Whether something in it has a name of its own: an element of a list, a member of an object.
    #[must_use]
    pub fn has_members(self) -> bool {
        matches!(self, Self::List(_) | Self::Other(_))
    }

    /// The values, where there is a list of them. QEMU means the same by `on`, `yes`, `true` and `y`.
    pub fn values(self) -> impl Iterator<Item = &'static str> {
        let values = match self {
            Self::Bool => "on|off|yes|no|true|false|y|n",
            Self::OneOf(values) => values,
            _ => "",
        };
        values.split('|').filter(|value| !value.is_empty())
    }
}

impl fmt::Display for PropertyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Bool => f.write_str("`on` or `off`"),
            Self::Int { signed: false, bits } if bits < 63 => {
                write!(f, "a whole number from 0 to {}", u64::MAX >> (64 - bits))
            }
            Self::Int { .. } | Self::Number => f.write_str("a whole number"),
            Self::Size => f.write_str("a size (`512M`, `2G`)"),
            Self::Str => f.write_str("text"),
            Self::OneOf(values) => {
                let (first, last) = values.rsplit_once('|').unwrap_or(("", values));
                for (index, value) in first.split('|').enumerate() {
                    write!(f, "{}`{value}`", if index > 0 { ", " } else { "" })?;
                }
                write!(f, " or `{last}`")
            }
            Self::Mac => f.write_str("a MAC address (`52:54:00:12:34:56`)"),
            Self::PciSlot => f.write_str("a slot from 0 to 1f, and perhaps a function from 0 to 7 (`1f.2`)"),
            Self::Id(what) => write!(f, "the id of a {what}"),
            Self::List(_) => f.write_str("a list"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// What C's `strtoll` with base 0 reads of all of `value`: whether there is a minus, and the number behind it.
fn read_int(value: &str) -> Option<(bool, u64)> {
    let text = value.trim_ascii_start();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match text.split_at_checked(2) {
        Some(("0x" | "0X", digits)) => (digits, 16),
        Some(("0b" | "0B", digits)) => (digits, 2),
        _ if text.starts_with('0') => (text, 8),
        _ => (text, 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    Some((negative, u64::from_str_radix(digits, radix).ok()?))
}

/// The number that QEMU reads of an unsigned property's value: a negative one wraps.
pub(crate) fn whole_number(value: &str) -> Option<u64> {
    let (negative, number) = read_int(value)?;
    Some(if negative { number.wrapping_neg() } else { number })
}

/// Whether it is a number below zero.
fn is_negative(value: &str) -> bool {
    read_int(value).is_some_and(|(negative, number)| negative && number > 0)
}

/// Whether QEMU reads all of `value` as a whole number, and it fits.
fn is_int(value: &str, signed: bool, bits: u32) -> bool {
    match read_int(value) {
        Some((negative, number)) if signed => number < (1 << (bits - 1)) + u64::from(negative),
        // What is signed in QEMU doesn't wrap.
        Some((true, number)) if bits == 63 => number == 0,
        // A negative number wraps, and is then too large, mostly.
        Some((negative, number)) => {
            (if negative { number.wrapping_neg() } else { number }) <= u64::MAX >> (64 - bits)
        }
        None => false,
    }
}

/// Whether `value` is six pairs of hexadecimal digits, with `:` or `-` between.
fn is_mac(value: &str) -> bool {
    value.len() == "52:54:00:12:34:56".len()
        && value.bytes().enumerate().all(|(at, byte)| match at % 3 {
            2 => byte == b':' || byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether some QEMU may read `value` as a number of bytes. They differ in fractions, exponents and hexadecimal.
fn is_size(value: &str) -> bool {
    let text = value.trim_ascii_start();
    if text.starts_with('-') {
        return !text.contains(|c| ('1'..='9').contains(&c));
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    let (number, suffix) = match text.char_indices().next_back() {
        Some((at, suffix)) if "bBkKmMgGtTpPeE".contains(suffix) => text.split_at(at),
        _ => (text, ""),
    };
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        // The suffix may be a digit, too.
        let is_hexadecimal = |digits: &str| {
            !digits.is_empty()
                && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
                && digits.trim_start_matches('0').len() <= 16
        };
        return is_hexadecimal(digits) || number.get(2..).is_some_and(is_hexadecimal);
    }
    if !number.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    let power = "bkmgtpe".find(&suffix.to_ascii_lowercase()).filter(|_| !suffix.is_empty()).unwrap_or(0);
    let unit = 1u64 << (10 * power);
    // Below 2^64, and no fraction of a byte.
    match number.parse::<u128>() {
        Ok(number) => number.saturating_mul(u128::from(unit)) <= u128::from(u64::MAX),
        Err(_) => number.parse::<f64>().is_ok_and(|number| {
            number * (unit as f64) < 2f64.powi(64) && (power > 0 || number.fract() == 0.0)
        }),
    }
}

/// Whether `value` is two hexadecimal numbers, of which the second may be left out, and fit.
fn is_pci_slot(value: &str) -> bool {
    let fits = |text: &str, most| {
        let text = text.trim_ascii_start();
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        u32::from_str_radix(digits, 16).is_ok_and(|number| number <= most)
    };
    match value.split_once('.') {
        Some((slot, function)) => fits(slot, 0x1f) && fits(function, 7),
        None => fits(value, 0x1f),
    }
}

#[cfg(test)]
mod tests {
    use super::PropertyType;

    fn read(name: &'static str) -> PropertyType {
        PropertyType::read(name)
    }

    /// What QEMU 5.2, 7.2, 10.0 and 11.1 said when each value was given to a device.
    #[test]
    fn accepts_what_qemu_accepts() {
        for (ty, yes, no) in [
            (
                read("bool"),
                &["on", "off", "yes", "no", "true", "false", "y", "n"][..],
                &["ON", "Yes", "1", "0", "", "o"][..],
            ),
            (read("on|off|auto"), &["on", "off", "auto"], &["true", "Auto", "", "|", "on|off"]),
            (read("uint8"), &["5", "255", "0xff"], &["256", "-1", "65536"]),
            (read("uint16"), &["1500", "0x5dc"], &["65536", "-1"]),
            (
                read("uint32"),
                &["5", "0x5", "010", "+5", " 5", "4294967295"],
                &["-1", "5 ", "5k", "5.0", "1e3", "", "4294967296", "zz", "0o7", "0x", "5-5", "++5", "08"],
            ),
            (read("int32"), &["-5", "-0x10", "-2147483648"], &["2147483648", "-2147483649"]),
            (read("uint64"), &["18446744073709551615"], &["18446744073709551616"]),
            (read("int64"), &["9223372036854775807", "-9223372036854775808"], &["9223372036854775808"]),
            (
                read("uint63"),
                &["9223372036854775807", "-0"],
                &["9223372036854775808", "-9223372036854775809", "-1"],
            ),
            (
                read("size"),
                &[
                    "5",
                    "1k",
                    "1K",
                    "1.5M",
                    "0x10",
                    "0x10k",
                    "1e3",
                    "1B",
                    "1E",
                    ".5M",
                    "+1M",
                    "1.1k",
                    "18446744073709551615",
                ],
                &[
                    "1KiB",
                    "1kb",
                    "-1",
                    "1 k",
                    "1M1",
                    "",
                    "k",
                    "inf",
                    ".",
                    "1.5",
                    "0xzz",
                    "0x",
                    "18446744073709551616",
                    "16E",
                    "0x10000000000000000",
                ],
            ),
            (read("number"), &["-1", "0x10", "4G"], &["zz", ""]),
            (read("mac"), &["52:54:00:12:34:AB", "52-54-00-12-34-56"], &["52:54:0:12:34:56", "zz", ""]),
            (read("pci-slot"), &["1", "1.0", "1f.7", "0x5", "01.0"], &["32", "1.8", "-1", "256", "", "."]),
            (read("link<iothread>"), &["", "any"], &[]),
            (read("list<on|off>"), &["", "any"], &[]),
            (read("QemuUUID"), &["", "any"], &[]),
        ] {
            for value in yes {
                assert!(ty.accepts(value), "{ty:?} {value:?}");
            }
            for value in no {
                assert!(!ty.accepts(value), "{ty:?} {value:?}");
            }
        }
    }

    #[test]
    fn says_what_could_be_written() {
        for (name, text) in [
            ("bool", "`on` or `off`"),
            ("on|off|auto", "`on`, `off` or `auto`"),
            ("a|b", "`a` or `b`"),
            ("uint8", "a whole number from 0 to 255"),
            ("uint32", "a whole number from 0 to 4294967295"),
            ("int32", "a whole number"),
            ("uint64", "a whole number"),
            ("netdev", "the id of a netdev"),
            ("link<memory-backend>", "the id of a memory-backend"),
            ("list<drive>", "a list"),
            ("list", "a list"),
            ("strList", "a list"),
        ] {
            assert_eq!(PropertyType::read(name).to_string(), text);
        }
    }
}
