//! Addresses of PCI devices, in the guest and on the host.

use super::kind::Kind;
use super::text::text_types;
use super::types::{Refusal, Type, ValueType, ty};
use crate::code::Code;
use crate::plan::PciAddr;

text_types! {
    /// The address of a PCI device of the host.
    HostPci of HostPci = ty("pci", "a PCI address of the host, such as `02:10.0` or `0000:02:10.0`"), |text| {
        let hex = |text: &str, digits: std::ops::RangeInclusive<usize>, max: u32| {
            digits.contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_hexdigit())
                && u32::from_str_radix(text, 16).is_ok_and(|value| value <= max)
        };
        let parts = text.rsplit_once('.').and_then(|(rest, function)| {
            let (bus, slot) = rest.rsplit_once(':')?;
            Some((bus.rsplit_once(':').unwrap_or(("0", bus)), slot, function))
        });
        let Some(((domain, bus), slot, function)) = parts else { return Err(Refusal::expected()) };
        if !hex(domain, 1..=8, u32::MAX) || !hex(bus, 1..=2, 0xff) || !hex(slot, 1..=2, 0xff) {
            return Err(Refusal::expected());
        }
        check_slot(u32::from_str_radix(slot, 16).unwrap_or(0), slot)?;
        check_function(function)
    };
}

text_types! {
    /// A slot of a PCI bus, in hexadecimal.
    PciSlot of Slot = ty("slot", "a slot, in hexadecimal, such as `5` or `1d`"), |text| {
        check_slot(number(text).ok_or_else(Refusal::expected)?, text)
    };
}

text_types! {
    /// The number of a device of channels, as s390x has them: `fe.0.0001`.
    ChannelDevice of Channel = ty("devno", "the number of a device of channels, such as `fe.0.0001`"), |text| {
        let mut parts = text.split('.');
        let is_hex = |part: Option<&str>, digits: std::ops::RangeInclusive<usize>| {
            part.is_some_and(|part| digits.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        // QEMU wants all digits of the last number.
        let is_right = is_hex(parts.next(), 1..=2) && is_hex(parts.next(), 1..=1) && is_hex(parts.next(), 4..=4);
        if is_right && parts.next().is_none() { Ok(()) } else { Err(Refusal::expected()) }
    };
}

fn check_slot(slot: u32, text: &str) -> Result<(), Refusal> {
    if slot <= 0x1f {
        return Ok(());
    }
    let hint = match text.parse::<u32>() {
        Ok(decimal @ 0..=0x1f) => format!("; decimal {decimal} is written `{decimal:x}`"),
        _ => String::new(),
    };
    Err(Refusal::because(
        Code::PciSlot,
        format!("PCI slot `{text}` does not exist"),
        format!("slots are hexadecimal, from 0 to 1f{hint}"),
    ))
}

fn check_function(text: &str) -> Result<(), Refusal> {
    match number(text) {
        Some(0..=7) => Ok(()),
        Some(_) => Err(Refusal::because(
            Code::PciFunction,
            format!("PCI function `{text}` does not exist"),
            "functions are from 0 to 7",
        )),
        None => Err(Refusal::expected()),
    }
}

/// A hexadecimal number as QEMU reads it: libvirt writes `0x` before each.
fn number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| u32::from_str_radix(digits, 16).unwrap_or(u32::MAX))
}

impl ValueType for PciAddr {
    const TYPE: &'static Type = &ty("pci", "a PCI address: `slot` or `slot.function`, in hexadecimal");
    const KIND: Kind = Kind::Pci;

    fn parse(text: &str) -> Result<Self, Refusal> {
        let (slot, function) = match text.split_once('.') {
            Some((slot, function)) => (slot, Some(function)),
            None => (text, None),
        };
        let byte = |text: &str| {
            number(text).and_then(|number| u8::try_from(number).ok()).ok_or_else(Refusal::expected)
        };
        check_slot(number(slot).ok_or_else(Refusal::expected)?, slot)?;
        if let Some(function) = function {
            check_function(function)?;
        }
        Ok(Self { slot: byte(slot)?, function: function.map(byte).transpose()? })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{HostPci, PciAddr, ValueType};
    use crate::code::Code;

    fn code<T: ValueType>(text: &str) -> Code {
        T::parse(text).unwrap_err().code
    }

    #[test]
    fn addresses_are_hexadecimal() {
        let shown = |text| PciAddr::parse(text).unwrap().to_string();
        assert_eq!(shown("1f.2"), "1f.2");
        assert_eq!(shown("1E"), "1e");
        assert_eq!(shown("0x1e.0"), "1e.0");
        assert_eq!(shown("0x4.0x1"), "4.1");
        assert_eq!(shown("0x12"), "12");
        assert_eq!(code::<PciAddr>("20"), Code::PciSlot);
        assert_eq!(code::<PciAddr>("1.8"), Code::PciFunction);
        for wrong in ["", "g", "1.", ".1", "1.x", "1.+1", "+1", "1.2.3", "0x", "1.0x", "0x0x1"] {
            assert_eq!(code::<PciAddr>(wrong), Code::WrongType, "{wrong}");
        }
        assert!(PciAddr::parse("30").unwrap_err().help.is_some_and(|help| help.contains("`1e`")));
    }

    #[test]
    fn host_addresses_may_have_a_domain() {
        for right in ["02:10.0", "0000:02:10.0", "10000:e1:00.0", "2:1f.7"] {
            assert!(HostPci::parse(right).is_ok(), "{right}");
        }
        assert_eq!(code::<HostPci>("02:20.0"), Code::PciSlot);
        assert_eq!(code::<HostPci>("02:10.8"), Code::PciFunction);
        for wrong in ["", "02:10", "10.0", "100:02:03:10.0x", "zz:10.0", "02:10.0,x=y", "2:1:1:1.0"] {
            assert_eq!(code::<HostPci>(wrong), Code::WrongType, "{wrong}");
        }
    }
}
