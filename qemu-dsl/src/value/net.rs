//! What networks are about: names of interfaces, MAC addresses, forwarded ports.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv4Addr;

use super::kind::Kind;
use super::text::{at_most, fits_socket, not_empty, text_types};
use super::types::{Refusal, Type, ValueType, free, ty};
use crate::code::Code;
use crate::plan::Mac;

text_types! {
    /// The name of a network interface, which QEMU would cut off silently, or expand.
    Ifname of Ifname = ty("interface", "the name of a network interface"), |text| {
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

    /// Where clients of VNC connect: `HOST:N`, `unix:PATH`, or `none`.
    VncAddress of VncAddress = free("address", "an address such as `127.0.0.1:0`, `:0` or `unix:/run/vm.vnc`"), |text| {
        if let Some(path) = text.strip_prefix("unix:") {
            not_empty(path)?;
            return fits_socket(path.len());
        }
        let number = text.rsplit_once(':').map(|(_, number)| number);
        let is_number = |number: &str| {
            let digits = number.strip_prefix('-').unwrap_or(number);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        match number {
            _ if text == "none" => Ok(()),
            Some(number) if is_number(number) && number.parse::<u16>().is_ok() => Ok(()),
            None if is_number(text) && text.len() < 3 => Err(Refusal::because(
                Code::WrongType,
                format!("`{text}` is a display without a host"),
                format!("write `\":{text}\"`, or `\"127.0.0.1:{text}\"` for this host alone"),
            )),
            Some(number) if is_number(number) => Err(Refusal::because(
                Code::OutOfRange,
                format!("`{number}` is no display of VNC"),
                "display 0 is the port 5900, display 1 the port 5901",
            )),
            _ => Err(Refusal::expected()),
        }
    };

    /// The same where clients connect to it: the number is a display's.
    VncDisplay of VncDisplay = free("address", "an address such as `127.0.0.1:0`, `:0` or `unix:/run/vm.vnc`"), |text| {
        let address = VncAddress::parse(text)?;
        match address.number().filter(|number| *number > LAST_DISPLAY) {
            None => Ok(()),
            Some(number) => Err(Refusal::because(
                Code::OutOfRange,
                format!("VNC has no display {number}"),
                format!("at most {LAST_DISPLAY}, which is the port {}", LAST_DISPLAY + FIRST_PORT),
            )),
        }
    };

    /// Where clients of VNC in browsers connect.
    WebSocket of WebSocket = Type { bare: Some("on"), ..free("address", "`on`, `off`, a port or an address such as `127.0.0.1:5700`") },
        not_empty;

    /// A rule of user networking that forwards a port of the host.
    HostForward of HostForward = ty("rule", "a rule such as `tcp::2222-:22`: `[tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT`"), |text| {
        if text.contains(',') {
            return Err(Refusal::because(
                Code::Inexpressible,
                "a rule forwards one port",
                "write one `hostfwd=` for each",
            ));
        }
        if Forwarded::of(text).is_some() {
            return Ok(());
        }
        let ends = text.split_once(':').and_then(|(_, ends)| ends.rsplit_once('-'));
        let host = ends.and_then(|(host, _)| host.rsplit_once(':')).map_or("", |(address, _)| address);
        Err(if host.starts_with('[') || host.starts_with(|c: char| c.is_ascii_alphabetic()) {
            Refusal::because(
                Code::WrongType,
                format!("`{host}` is no address that a rule can have"),
                "write an IPv4 address such as `127.0.0.1`, or none for all: `tcp::2222-:22`",
            )
        } else {
            Refusal::expected()
        })
    };
}

/// The port of VNC's first display.
pub(crate) const FIRST_PORT: u64 = 5900;

/// The last display of VNC that has a port.
const LAST_DISPLAY: u64 = 65535 - FIRST_PORT;

impl VncAddress {
    /// The number behind the host.
    pub(crate) fn number(&self) -> Option<u64> {
        let (_, number) = self.0.rsplit_once(':').filter(|_| !self.0.starts_with("unix:"))?;
        number.parse().ok()
    }
}

/// A port of the host that a rule forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forwarded {
    pub(crate) is_udp: bool,
    /// An address of the host; without one all of them are meant.
    pub(crate) address: Option<Ipv4Addr>,
    /// Any free one where it is 0.
    pub(crate) port: u16,
}

impl Forwarded {
    /// The one of a rule, `[tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT`, as QEMU reads it: it looks up no names, and has no IPv6
    /// here.
    pub(crate) fn of(rule: &str) -> Option<Self> {
        let (protocol, rest) = rule.split_once(':')?;
        let is_udp = match protocol {
            "tcp" | "" => false,
            "udp" => true,
            _ => return None,
        };
        let (host, guest) = rest.rsplit_once('-')?;
        let (address, port) = end(host)?;
        let (_, guest_port) = end(guest)?;
        let address = address.filter(|address| !address.is_unspecified());
        (guest_port > 0).then_some(Self { is_udp, address, port })
    }

    /// Whether both can't be had.
    pub(crate) fn collides(self, other: Self) -> bool {
        let share = |one: Option<Ipv4Addr>, other| one.is_none() || other == one;
        let same_address = share(self.address, other.address) || share(other.address, self.address);
        self.port > 0 && self.port == other.port && self.is_udp == other.is_udp && same_address
    }
}

/// `[ADDRESS]:PORT`
fn end(text: &str) -> Option<(Option<Ipv4Addr>, u16)> {
    let (address, port) = text.split_once(':')?;
    let address = if address.is_empty() { None } else { Some(address_of(address)?) };
    Some((address, u16::try_from(number(port)?).ok()?))
}

/// An address with one to four parts, of which the last fills what is left: `127.1`.
fn address_of(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<_> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = parts.split_last().filter(|_| parts.len() <= 4)?;
    let mut bits = 0;
    let mut left = 32;
    for part in first {
        left -= 8;
        bits |= u32::from(u8::try_from(*part).ok()?) << left;
    }
    (u64::from(*last) < 1 << left).then(|| Ipv4Addr::from(bits | last))
}

/// A number as C reads it: hexadecimal behind `0x`, octal behind `0`.
fn number(text: &str) -> Option<u32> {
    let (digits, base) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        (None, _) => (text, 10),
    };
    (!digits.starts_with('+')).then(|| u32::from_str_radix(digits, base).ok())?
}
/// A MAC address, printed as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MacText {
    text: String,
    pub(crate) mac: Mac,
}

impl ValueType for MacText {
    const TYPE: &'static Type = &ty("mac", "a MAC address such as `52:54:00:12:34:56`");
    const KIND: Kind = Kind::Mac;

    fn parse(text: &str) -> Result<Self, Refusal> {
        Ok(Self { text: text.to_owned(), mac: mac(text)? })
    }

    fn print(text: &str) -> Result<Cow<'_, str>, Refusal> {
        mac(text).map(|_| text.into())
    }
}

fn mac(text: &str) -> Result<Mac, Refusal> {
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
    Ok(Mac(mac))
}

impl fmt::Display for MacText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{HostForward, MacText, ValueType};
    use crate::code::Code;

    fn code<T: ValueType>(text: &str) -> Code {
        T::parse(text).unwrap_err().code
    }

    #[test]
    fn a_mac_has_six_groups() {
        let mac = MacText::parse("52-54-00-12-34-5E").unwrap();
        assert_eq!((mac.to_string().as_str(), mac.mac.0[5]), ("52-54-00-12-34-5E", 0x5e));
        for wrong in ["", "52:54:00:12:34", "52:54:00:12:34:56:78", "52:54:00:12:34:5g", "52:54:0:12:34:56"] {
            assert_eq!(code::<MacText>(wrong), Code::WrongType, "{wrong}");
        }
    }

    #[test]
    fn a_rule_forwards_one_port() {
        for right in [
            "tcp::2222-:22",
            "udp:127.0.0.1:53-10.0.2.15:53",
            "::8080-:80",
            "tcp::0-:22",
            "tcp:127.1:0x50-:22",
        ] {
            assert!(HostForward::parse(right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "2222-22",
            "tcp::2222",
            "tcp::x-:22",
            "sctp::1-:1",
            "tcp::2222-:0",
            "tcp::70000-:1",
            "tcp:127.0.0.1::55986-:5986",
            "tcp:localhost:2222-:22",
            "tcp:[::1]:2222-:22",
            "tcp::2222-guest:22",
            "tcp:1.2.3.4.5:1-:1",
            "tcp:256.0.0.1:1-:1",
        ] {
            assert_eq!(code::<HostForward>(wrong), Code::WrongType, "{wrong}");
        }
    }
}
