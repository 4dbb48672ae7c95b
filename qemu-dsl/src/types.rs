//! The types of values, each with its own reading of a text.
//!
//! A value that has been read can be printed: what QEMU's syntax can't say is refused here.

use std::fmt;

use crate::code::Code;
use crate::plan::Mac;
use crate::spec::Type;

/// Why a text is no value of a type. Without a message: because it is not what the type expects.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: Option<String>,
    pub(crate) help: Option<String>,
}

impl Refusal {
    pub(crate) const fn expected() -> Self {
        Self { code: Code::WrongType, message: None, help: None }
    }

    pub(crate) fn because(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()), help: Some(help.into()) }
    }
}

/// A type of values.
pub(crate) trait Kind: fmt::Debug + Sized {
    const TYPE: &'static Type;

    fn parse(text: &str) -> Result<Self, Refusal>;
}

const fn ty(name: &'static str, expects: &'static str) -> Type {
    Type { name, expects, choices: &[], bare: None }
}

/// Declares a type of one of some words.
macro_rules! choice {
    ($(#[doc = $doc:literal])+ $name:ident $(bare $bare:literal)? { $($word:literal: $meaning:literal),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) &'static str);

        impl $crate::types::Kind for $name {
            const TYPE: &'static $crate::spec::Type = &$crate::spec::Type {
                name: "word",
                expects: $crate::types::choice!(@list $($word)+),
                choices: &[$(($word, $meaning)),+],
                bare: $crate::types::choice!(@bare $($bare)?),
            };

            fn parse(text: &str) -> Result<Self, $crate::types::Refusal> {
                match text {
                    $($word => Ok(Self($word)),)+
                    _ => Err($crate::types::Refusal::expected()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.0)
            }
        }
    };
    (@bare) => { None };
    (@bare $bare:literal) => { Some($bare) };
    (@list $first:literal) => { concat!("`", $first, "`") };
    (@list $first:literal $last:literal) => { concat!("`", $first, "` or `", $last, "`") };
    (@list $first:literal $($rest:literal)+) => {
        concat!("`", $first, "`, ", $crate::types::choice!(@list $($rest)+))
    };
}
pub(crate) use choice;

/// A boolean, as QEMU's command line has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OnOff(pub(crate) bool);

impl Kind for OnOff {
    const TYPE: &'static Type = &Type { bare: Some("on"), ..ty("flag", "`on` or `off`") };

    fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            "on" | "yes" | "true" => Ok(Self(true)),
            "off" | "no" | "false" => Ok(Self(false)),
            _ => Err(Refusal::expected()),
        }
    }
}

impl fmt::Display for OnOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "on" } else { "off" })
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UInt<const MIN: u64, const MAX: u64>(pub(crate) u64);

impl<const MIN: u64, const MAX: u64> Kind for UInt<MIN, MAX> {
    const TYPE: &'static Type = &ty("number", "a whole number");

    fn parse(text: &str) -> Result<Self, Refusal> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            let negative = text.strip_prefix('-').is_some_and(|rest| rest.parse::<u64>().is_ok());
            return Err(if negative { Self::range(text) } else { Refusal::expected() });
        }
        match text.parse() {
            Ok(value) if (MIN..=MAX).contains(&value) => Ok(Self(value)),
            _ => Err(Self::range(text)),
        }
    }
}

impl<const MIN: u64, const MAX: u64> UInt<MIN, MAX> {
    fn range(text: &str) -> Refusal {
        Refusal::because(
            Code::OutOfRange,
            format!("`{text}` is out of range"),
            if MAX == u64::MAX { format!("at least {MIN}") } else { format!("from {MIN} to {MAX}") },
        )
    }
}

impl<const MIN: u64, const MAX: u64> fmt::Display for UInt<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number of bytes: `2G`, `1.5M`, `65536`. Powers of 1024, as QEMU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) bytes: u64,
}

impl Kind for Size {
    const TYPE: &'static Type = &ty("size", "a size such as `2G`, `512M` or `64K`");

    fn parse(text: &str) -> Result<Self, Refusal> {
        Ok(Self { bytes: size(text, 1)? })
    }
}

impl fmt::Display for Size {
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

impl Kind for MemorySize {
    const TYPE: &'static Type = &ty("size", "a size such as `2G` or `512M`");

    fn parse(text: &str) -> Result<Self, Refusal> {
        let bytes = size(text, 1 << 20)?;
        if bytes == 0 {
            return Err(Refusal::because(
                Code::OutOfRange,
                "a VM needs some memory",
                "write a size such as `512M`",
            ));
        }
        Ok(Self { text: text.to_owned(), bytes })
    }
}

impl fmt::Display for MemorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
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
        "KiB" | "MiB" | "GiB" | "TiB" | "KB" | "MB" | "GB" | "TB" | "kB" => {
            let letter = suffix.get(..1).unwrap_or("");
            return Err(Refusal::because(
                Code::WrongType,
                format!("`{text}` is not a size in QEMU's spelling"),
                format!("write `{number}{}`: QEMU's sizes are powers of 1024", letter.to_uppercase()),
            ));
        }
        _ => return Err(Refusal::expected()),
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
    // More digits than a double has make no difference to QEMU either.
    let fraction: f64 = format!("0.{fraction}").parse().unwrap_or(0.0);
    whole.checked_add((fraction * unit as f64) as u64).ok_or_else(too_large)
}

macro_rules! text_types {
    ($($(#[doc = $doc:literal])+ $name:ident = $ty:expr, $check:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) String);

        impl Kind for $name {
            const TYPE: &'static Type = &$ty;

            fn parse(text: &str) -> Result<Self, Refusal> {
                let check: fn(&str) -> Result<(), Refusal> = $check;
                check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

fn not_empty(text: &str) -> Result<(), Refusal> {
    if text.is_empty() { Err(Refusal::expected()) } else { Ok(()) }
}

fn at_most(text: &str, bytes: usize, what: &str) -> Result<(), Refusal> {
    not_empty(text)?;
    if text.len() > bytes {
        return Err(Refusal::because(
            Code::NameTooLong,
            format!("{what} has {} bytes, {} too many", text.len(), text.len() - bytes),
            format!("at most {bytes} bytes"),
        ));
    }
    Ok(())
}

text_types! {
    /// A text of at least one character.
    Text = ty("text", "a text"), not_empty;

    /// Any text, also none.
    AnyText = ty("text", "a text"), |_| Ok(());

    /// The name of a bus.
    BusName = ty("bus", "a bus, such as `pci.0`"), not_empty;

    /// A file's path.
    Path = ty("path", "a file's path"), not_empty;

    /// The type of a machine.
    MachineType = ty("text", "a machine type, such as `q35`"), not_empty;

    /// The format of a disk.
    Format = ty("text", "a format, such as `raw` or `qcow2`"), not_empty;

    /// The path of a unix socket, which the kernel limits.
    SocketPath = ty("path", "a socket's path"), |text| at_most(text, 107, "the socket's path");

    /// The name of a network interface, which QEMU would cut off silently, or expand.
    Ifname = ty("interface", "the name of a network interface"), |text| {
        at_most(text, 15, "the interface's name")?;
        if text.contains('%') {
            return Err(Refusal::because(
                Code::Inexpressible,
                "`%` in an interface's name, which the kernel expands",
                "write the name out, or leave `ifname=` away for one that the kernel chooses",
            ));
        }
        if matches!(text, "." | "..") || text.contains(|c: char| c == '/' || c == ':' || c.is_whitespace()) {
            return Err(Refusal::expected());
        }
        Ok(())
    };

    /// The tag by which a guest mounts a file system.
    MountTag = ty("text", "a mount tag of up to 31 bytes"), |text| at_most(text, 31, "the mount tag");

    /// Something in `-cpu`, whose syntax has no escape for a comma.
    CpuText = ty("text", "a CPU model, such as `host` or `qemu64`"), |text| {
        not_empty(text)?;
        if text.contains(',') {
            return Err(Refusal::because(
                Code::Inexpressible,
                "QEMU's `-cpu` can't say a comma",
                "write features as options: `cpu host +vmx`",
            ));
        }
        Ok(())
    };

    /// A rule of user networking that forwards a port of the host.
    HostForward = ty("rule", "a rule such as `tcp::2222-:22`: `[tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT`"), |text| {
        if text.contains(',') {
            return Err(Refusal::because(
                Code::Inexpressible,
                "a rule forwards one port",
                "write one `hostfwd=` for each",
            ));
        }
        let port = |text: &str, lowest: u16| text.parse::<u16>().is_ok_and(|port| port >= lowest);
        let end = |text: &str, lowest| text.rsplit_once(':').is_some_and(|(_, number)| port(number, lowest));
        let rule = text
            .strip_prefix("tcp:")
            .or_else(|| text.strip_prefix("udp:"))
            .or_else(|| text.strip_prefix(':'))
            .and_then(|rest| rest.rsplit_once('-'));
        // The host's port may be 0: any free one.
        if rule.is_some_and(|(host, guest)| end(host, 0) && end(guest, 1)) {
            Ok(())
        } else {
            Err(Refusal::expected())
        }
    };

    /// A UUID.
    Uuid = ty("uuid", "a UUID such as `123e4567-e89b-12d3-a456-426614174000`"), |text| {
        let groups: Vec<_> = text.split('-').collect();
        let fits = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
            && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if fits { Ok(()) } else { Err(Refusal::expected()) }
    };

    /// The address of a PCI device of the host.
    HostPci = ty("pci", "a PCI address of the host, such as `02:10.0` or `0000:02:10.0`"), |text| {
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

/// A MAC address, printed as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MacText {
    text: String,
    pub(crate) mac: Mac,
}

impl Kind for MacText {
    const TYPE: &'static Type = &ty("mac", "a MAC address such as `52:54:00:12:34:56`");

    fn parse(text: &str) -> Result<Self, Refusal> {
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut mac = [0; 6];
        let mut groups = text.split(separator);
        for byte in &mut mac {
            let group = groups.next().ok_or_else(Refusal::expected)?;
            // QEMU takes two digits, and nothing but.
            if group.len() != 2 || !group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Refusal::expected());
            }
            *byte = u8::from_str_radix(group, 16).map_err(|_| Refusal::expected())?;
        }
        if groups.next().is_some() {
            return Err(Refusal::expected());
        }
        Ok(Self { text: text.to_owned(), mac: Mac(mac) })
    }
}

impl fmt::Display for MacText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The address of a device on its PCI bus: `slot` or `slot.function`, in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PciAddr {
    pub(crate) slot: u8,
    pub(crate) function: Option<u8>,
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
    match u32::from_str_radix(text, 16) {
        Ok(0..=7) if !text.starts_with('+') => Ok(()),
        Ok(_) if !text.starts_with('+') => Err(Refusal::because(
            Code::PciFunction,
            format!("PCI function `{text}` does not exist"),
            "functions are from 0 to 7",
        )),
        _ => Err(Refusal::expected()),
    }
}

impl Kind for PciAddr {
    const TYPE: &'static Type = &ty("pci", "a PCI address: `slot` or `slot.function`, in hexadecimal");

    fn parse(text: &str) -> Result<Self, Refusal> {
        let (slot, function) = match text.split_once('.') {
            Some((slot, function)) => (slot, Some(function)),
            None => (text, None),
        };
        let digits = slot.strip_prefix("0x").unwrap_or(slot);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Refusal::expected());
        }
        check_slot(u32::from_str_radix(digits, 16).unwrap_or(u32::MAX), slot)?;
        if let Some(function) = function {
            check_function(function)?;
        }
        let byte = |text: &str| u8::from_str_radix(text, 16).map_err(|_| Refusal::expected());
        Ok(Self { slot: byte(digits)?, function: function.map(byte).transpose()? })
    }
}

impl fmt::Display for PciAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.slot)?;
        match self.function {
            Some(function) => write!(f, ".{function}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{HostForward, HostPci, Kind, MacText, MemorySize, PciAddr, Size, UInt, Uuid};
    use crate::code::Code;

    fn code<T: Kind>(text: &str) -> Code {
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

    #[test]
    fn numbers_have_their_range() {
        assert_eq!(UInt::<1, 8>::parse("8").unwrap().0, 8);
        for wrong in ["0", "9", "-1", "99999999999999999999999"] {
            assert_eq!(code::<UInt<1, 8>>(wrong), Code::OutOfRange, "{wrong}");
        }
        for wrong in ["", "x", "+1", "1.0", "-x", "--1"] {
            assert_eq!(code::<UInt<1, 8>>(wrong), Code::WrongType, "{wrong}");
        }
    }

    #[test]
    fn addresses_are_hexadecimal() {
        let shown = |text| PciAddr::parse(text).unwrap().to_string();
        assert_eq!(shown("1f.2"), "1f.2");
        assert_eq!(shown("1E"), "1e");
        assert_eq!(shown("0x1e.0"), "1e.0");
        assert_eq!(code::<PciAddr>("20"), Code::PciSlot);
        assert_eq!(code::<PciAddr>("1.8"), Code::PciFunction);
        for wrong in ["", "g", "1.", ".1", "1.x", "1.+1", "+1", "1.2.3", "0x"] {
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

    #[test]
    fn other_formats() {
        let mac = MacText::parse("52-54-00-12-34-5E").unwrap();
        assert_eq!((mac.to_string().as_str(), mac.mac.0[5]), ("52-54-00-12-34-5E", 0x5e));
        for wrong in ["", "52:54:00:12:34", "52:54:00:12:34:56:78", "52:54:00:12:34:5g", "52:54:0:12:34:56"] {
            assert_eq!(code::<MacText>(wrong), Code::WrongType, "{wrong}");
        }
        assert!(Uuid::parse("123e4567-e89b-12d3-a456-426614174000").is_ok());
        assert_eq!(code::<Uuid>("123e4567e89b12d3a456426614174000"), Code::WrongType);
        for right in ["tcp::2222-:22", "udp:127.0.0.1:53-10.0.2.15:53", "::8080-:80", "tcp::0-:22"] {
            assert!(HostForward::parse(right).is_ok(), "{right}");
        }
        for wrong in ["", "2222-22", "tcp::2222", "tcp::x-:22", "sctp::1-:1", "tcp::2222-:0", "tcp::70000-:1"]
        {
            assert_eq!(code::<HostForward>(wrong), Code::WrongType, "{wrong}");
        }
    }
}
