//! The reading of values that come later, by what they must be.

use std::borrow::Cow;
use std::ffi::OsStr;

use super::kind::Kind;
use super::property::{PropertyType, Takes};
use super::types::{Refusal, Type, ValueType};
use super::{date, fd, flag, id, net, number, pci, size, text};

/// Declares what reads the types without parameters: each kind, and the Rust type.
macro_rules! reading {
    ($($name:ident: $ty:ty;)+) => {
        impl Kind {
            /// The text that is printed for `text`, or why there is none.
            pub(crate) fn print<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Refusal> {
                match self {
                    $(Self::$name => <$ty>::print(text),)+
                    Self::Integer { min, max } => {
                        let value = number::read(text, *min, *max)?;
                        Ok(if text.starts_with("0x") { value.to_string().into() } else { text.into() })
                    }
                    Self::Fds => fd::count(text).map(|_| text.into()),
                    Self::Property(takes) => takes.print(text),
                    Self::Word(_) => {
                        let is_word = |text| self.words().into_iter().flatten().any(|word| word == text);
                        match text {
                            _ if is_word(text) => Ok(text.into()),
                            // A `bool` where one of the words is a switch.
                            "true" if is_word("on") => Ok("on".into()),
                            "false" if is_word("off") => Ok("off".into()),
                            _ => Err(Refusal::expected()),
                        }
                    }
                }
            }

            /// What a message expects.
            pub(crate) fn expects(&self) -> Cow<'static, str> {
                let ty: &Type = match self {
                    $(Self::$name => <$ty>::TYPE,)+
                    Self::Fds => <fd::Fds>::TYPE,
                    Self::Integer { .. } => <number::UInt<0, 0>>::TYPE,
                    Self::Property(takes) => return takes.ty.to_string().into(),
                    Self::Word(_) => return one_of(self.words().into_iter().flatten()).into(),
                };
                ty.expects.into()
            }
        }
    };
}

reading! {
    Text: text::Text;
    AnyText: text::AnyText;
    Bus: text::BusName;
    Path: text::Path;
    AnyPath: text::AnyPath;
    MachineType: text::MachineType;
    Driver: text::Driver;
    Format: text::Format;
    WholePath: text::WholePath;
    SocketPath: text::SocketPath;
    DiskSerial: text::DiskSerial;
    IncomingUri: text::IncomingUri;
    MountTag: text::MountTag;
    VirtioFsTag: text::VirtioFsTag;
    FileMode: text::FileMode;
    CpuText: text::CpuText;
    CpuValue: text::CpuValue;
    Argument: text::Argument;
    Uuid: text::Uuid;
    AnyUuid: text::AnyUuid;
    BootOrder: text::BootOrder;
    PcBootOrder: text::PcBootOrder;
    Release: text::Release;
    FwCfgName: text::FwCfgName;
    LogItems: text::LogItems;
    VncAddress: net::VncAddress;
    VncDisplay: net::VncDisplay;
    WebSocket: net::WebSocket;
    Ifname: net::Ifname;
    HostForward: net::HostForward;
    Mac: net::MacText;
    HostPci: pci::HostPci;
    Pci: crate::plan::PciAddr;
    Slot: pci::PciSlot;
    Channel: pci::ChannelDevice;
    Id: id::IdText;
    Size: size::Size;
    SomeSize: size::SomeSize;
    PowerSize: size::PowerSize;
    MemorySize: size::MemorySize;
    Flag: flag::OnOff;
    Fd: fd::FdFlag;
    ClockBase: date::ClockBase;
    Timeout: number::Timeout;
    PowerOfTwo: number::PowerOfTwo;
    Ranges: text::Ranges;
    Numbers: number::Numbers;
}

impl Kind {
    /// The same of what need not be UTF-8, as a path need not.
    pub(crate) fn print_os<'t>(&self, text: &'t OsStr) -> Result<Cow<'t, OsStr>, Refusal> {
        if let Some(text) = text.to_str() {
            return Ok(match self.print(text)? {
                Cow::Borrowed(text) => Cow::Borrowed(OsStr::new(text)),
                Cow::Owned(text) => Cow::Owned(text.into()),
            });
        }
        match self {
            Self::Path | Self::AnyPath => Ok(Cow::Borrowed(text)),
            Self::WholePath => text::is_whole(text).map(|()| Cow::Borrowed(text)),
            Self::Argument => text::no_option(text).map(|()| Cow::Borrowed(text)),
            Self::SocketPath => text::fits_socket(text.len()).map(|()| Cow::Borrowed(text)),
            _ => Err(Refusal::no_text("only a path, or an argument of `arg`, may be other bytes")),
        }
    }

    /// The number that a text is, of bytes where it is a size.
    pub(crate) fn number(&self, text: &str) -> Option<u64> {
        match self {
            Self::Integer { min, max } => number::read(text, *min, *max).ok(),
            Self::Fds => fd::count(text).ok(),
            Self::Size | Self::SomeSize | Self::PowerSize => {
                size::Size::parse(text).ok().map(|size| size.bytes)
            }
            Self::MemorySize => size::memory_size(text).ok(),
            _ => None,
        }
    }

    /// Whether a message says that an option can't be a value, rather than that the value is none.
    pub(crate) fn is_of_words(&self) -> bool {
        matches!(self, Self::Property(_)) || self.words().is_some()
    }

    /// The words, where what is printed elsewhere hangs on which of them it is.
    pub(crate) fn words(&self) -> Option<impl Iterator<Item = &'static str> + Clone> {
        let words = match self {
            Self::Flag | Self::Fd => "on off",
            Self::Word(words) => words,
            _ => return None,
        };
        Some(words.split_ascii_whitespace())
    }
}

impl Takes {
    /// The text that is printed for `text`.
    fn print(self, text: &str) -> Result<Cow<'_, str>, Refusal> {
        let printed = self.ty.written_out(text, self.in_bytes).map_or(Cow::Borrowed(text), Cow::Owned);
        if self.accepts(&printed) { Ok(printed) } else { Err(Refusal::expected()) }
    }
}

impl PropertyType {
    /// A number that is written out: one with a unit where QEMU reads none, and a size where it is to be in bytes.
    pub(crate) fn written_out(self, value: &str, in_bytes: bool) -> Option<String> {
        let is_it = match self {
            Self::Int { .. } => !self.accepts(value),
            Self::Size => in_bytes,
            _ => false,
        };
        is_it.then(|| size::Size::parse(value).ok()).flatten().map(|size| size.to_string())
    }
}

/// "`a`, `b` or `c`"
fn one_of(words: impl Iterator<Item = &'static str>) -> String {
    let mut out = String::new();
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        out += match (out.is_empty(), words.peek()) {
            (true, _) => "",
            (false, None) => " or ",
            (false, Some(_)) => ", ",
        };
        out += &format!("`{word}`");
    }
    out
}
