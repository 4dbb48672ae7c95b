//! What networks are about: names of interfaces, MAC addresses, forwarded ports.

use std::fmt;

use super::text::{at_most, text_types};
use super::types::{Refusal, Type, ValueType, ty};
use crate::code::Code;
use crate::plan::Mac;

text_types! {
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
}
/// A MAC address, printed as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MacText {
    text: String,
    pub(crate) mac: Mac,
}

impl ValueType for MacText {
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
        for right in ["tcp::2222-:22", "udp:127.0.0.1:53-10.0.2.15:53", "::8080-:80", "tcp::0-:22"] {
            assert!(HostForward::parse(right).is_ok(), "{right}");
        }
        for wrong in ["", "2222-22", "tcp::2222", "tcp::x-:22", "sctp::1-:1", "tcp::2222-:0", "tcp::70000-:1"]
        {
            assert_eq!(code::<HostForward>(wrong), Code::WrongType, "{wrong}");
        }
    }
}
