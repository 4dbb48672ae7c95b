//! The values of a program: what may stand where.
//!
//! A trait for each sort of place, so that the wrong type is rustc's own error at the expression. Its parameter tells how the
//! value is one, where there are several ways: without it a type could be one in two ways, which Rust can't have.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display, Write as _};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::blank::Hole;
use super::error::{BindError, BindProblem};
use super::size::Size;
use crate::plan::{Mac, PciAddr, PerRound, Round, Rounds};
use crate::value::{Kind, PropertyType, Takes};

/// A value that is there.
#[derive(Debug)]
pub enum One {}

/// An `Option` of a value that is one in this way.
#[derive(Debug)]
pub struct Maybe<How>(PhantomData<How>);

/// A path where a text may stand.
#[derive(Debug)]
pub enum Os {}

/// A number or an address where a text may stand.
#[derive(Debug)]
pub enum Shown {}

/// A `bool` where something else may stand too: on or off.
#[derive(Debug)]
pub enum Switch {}

/// How a value is one that is always there.
#[diagnostic::on_unimplemented(
    message = "a value must stand here, and an `Option` need not have one",
    label = "an `Option`",
    note = "nothing can be left out here: unwrap it first"
)]
pub trait Present {}

impl Present for One {}
impl Present for Os {}
impl Present for Shown {}
impl Present for Switch {}

/// Declares the trait of a sort of place, and that an `Option` may stand where a value may be absent.
macro_rules! places {
    ($($(#[$attribute:meta])+ $name:ident;)+) => {$(
        $(#[$attribute])+
        pub trait $name<How> {
            /// Appends its text. Whether there is one.
            fn put(&self, text: &mut Vec<u8>) -> bool;
        }

        impl<How, T: $name<How>> $name<Maybe<How>> for Option<T> {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                self.as_ref().is_some_and(|value| value.put(text))
            }
        }

        impl<How, T: $name<How>> $name<Maybe<How>> for &Option<T> {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                self.as_ref().is_some_and(|value| value.put(text))
            }
        }
    )+};
}

places! {
    /// What can stand for a path: `AsRef<OsStr>`.
    #[diagnostic::on_unimplemented(
        message = "a path must stand here, and `{Self}` is none",
        label = "not a path",
        note = "a path is what `AsRef<OsStr>` is for: `&str`, `String`, `PathBuf`, ...; where it may be left out, also an `Option` of it"
    )]
    PathValue;
    /// What can stand for a text: `Display`, or a path.
    #[diagnostic::on_unimplemented(
        message = "a text must stand here, and `{Self}` is none",
        label = "not a text",
        note = "a text is what `Display` can show, or a path; where it may be left out, also an `Option` of it"
    )]
    TextValue;
    /// What can stand for a name of QEMU's, of the host's or of the VM's own: an id, a bus, an interface.
    #[diagnostic::on_unimplemented(
        message = "a name must stand here, and `{Self}` is none",
        label = "not a name",
        note = "a name is a text, `&str`, `String`, or what else is `AsRef<str>`: what is shown otherwise would be a guess; where it may be left out, also an `Option` of it"
    )]
    NameValue;
    /// What can stand for one of some words.
    #[diagnostic::on_unimplemented(
        message = "one of some words must stand here, and `{Self}` is none",
        label = "not a word",
        note = "a word is a text, `&str`, `String`, or what else is `AsRef<str>`, and where it can be `on` or `off` a `bool`; where it may be left out, also an `Option` of it"
    )]
    WordValue;
    /// What can stand for the address of a device on its PCI bus.
    #[diagnostic::on_unimplemented(
        message = "a PCI address must stand here, and `{Self}` is none",
        label = "not a PCI address",
        note = "write a `qemu_runtime::plan::PciAddr`, or a text such as `\"1f.2\"`: it is hexadecimal, which a bare number isn't; where it may be left out, also an `Option` of it"
    )]
    PciValue;
    /// What can stand for a number, or several that follow each other.
    #[diagnostic::on_unimplemented(
        message = "numbers must stand here, and `{Self}` are none",
        label = "not numbers",
        note = "any of Rust's integer types will do, a range such as `0..=3`, or a text such as `\"0-3\"`; where it may be left out, also an `Option` of it"
    )]
    NumbersValue;
    /// What can stand for a whole number that may be one of bytes.
    #[diagnostic::on_unimplemented(
        message = "a whole number must stand here, and `{Self}` is none",
        label = "not a whole number",
        note = "any of Rust's integer types will do, or `qemu_runtime::Size::mib(512)`; where it may be left out, also an `Option` of it"
    )]
    NumberValue;
    /// What can stand for where clients of VNC connect.
    #[diagnostic::on_unimplemented(
        message = "an address of VNC must stand here, and `{Self}` is none",
        label = "not an address of VNC",
        note = "write a `SocketAddr` whose port is from 5900 on, or a text such as `\"127.0.0.1:0\"`, whose number counts from there; where it may be left out, also an `Option` of it"
    )]
    VncValue;
    /// What can stand for a property of which QEMU doesn't tell what it takes, or that takes any text.
    #[diagnostic::on_unimplemented(
        message = "a property's value must stand here, and `{Self}` is none",
        label = "not a property's value",
        note = "a text, a path, a number, a `bool`, a `qemu_runtime::Size` or an address of `std::net` will do; of what else `Display` can show, write `.to_string()`; where it may be left out, also an `Option` of it"
    )]
    PropertyValue;
    /// What can stand for a number of bytes.
    #[diagnostic::on_unimplemented(
        message = "a size must stand here, and `{Self}` is none",
        label = "not a size",
        note = "write `qemu_runtime::Size::mib(512)`, or another of its functions: a bare number has no unit; a text is read by `text.parse::<Size>()`; where it may be left out, also an `Option` of it"
    )]
    SizeValue;
    /// What can stand for a whole number.
    #[diagnostic::on_unimplemented(
        message = "a whole number must stand here, and `{Self}` is none",
        label = "not a whole number",
        note = "any of Rust's integer types will do; where it may be left out, also an `Option` of it"
    )]
    IntegerValue;
    /// What can stand for on or off.
    #[diagnostic::on_unimplemented(
        message = "a `bool` must stand here, and `{Self}` is none",
        label = "not a `bool`",
        note = "where it may be left out, also an `Option<bool>`"
    )]
    FlagValue;
    /// What can stand for a MAC address.
    #[diagnostic::on_unimplemented(
        message = "a MAC address must stand here, and `{Self}` is none",
        label = "not a MAC address",
        note = "a MAC address is a `qemu_runtime::plan::Mac`, a `[u8; 6]`, or a text that is checked; where it may be left out, also an `Option` of it"
    )]
    MacValue;
    /// What can stand for a UUID.
    #[diagnostic::on_unimplemented(
        message = "a UUID must stand here, and `{Self}` is none",
        label = "not a UUID",
        note = "a UUID is a `[u8; 16]`, with the feature `uuid` a `uuid::Uuid`, or a text that is checked; where it may be left out, also an `Option` of it"
    )]
    UuidValue;
}

fn show(value: impl Display, text: &mut Vec<u8>) -> bool {
    /// Writes into bytes.
    struct Bytes<'b>(&'b mut Vec<u8>);

    impl fmt::Write for Bytes<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }

    // A `Display` that fails has shown what it could.
    let _ = write!(Bytes(text), "{value}");
    true
}

fn copy(value: impl AsRef<OsStr>, text: &mut Vec<u8>) -> bool {
    text.extend_from_slice(value.as_ref().as_bytes());
    true
}

impl<T: AsRef<OsStr> + ?Sized> PathValue<One> for T {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        copy(self, text)
    }
}

impl<T: Display + ?Sized> TextValue<One> for T {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(self, text)
    }
}

/// Declares where any `AsRef<str>` is a text.
macro_rules! names {
    ($($place:ident)+) => {$(
        impl<T: AsRef<str> + ?Sized> $place<One> for T {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                copy(self.as_ref(), text)
            }
        }
    )+};
}
names!(NameValue WordValue PciValue NumbersValue VncValue PropertyValue);

/// Declares where a `bool` is a switch beside other values.
macro_rules! switches {
    ($($place:ident)+) => {$(
        impl $place<Switch> for bool {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                FlagValue::put(self, text)
            }
        }

        impl $place<Switch> for &bool {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                FlagValue::put(*self, text)
            }
        }
    )+};
}
switches!(WordValue PropertyValue);

/// Declares what is a text where there are others, as it is shown.
macro_rules! shown {
    ($place:ident: $($ty:ty)+) => {$(
        impl $place<Shown> for $ty {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                show(self, text)
            }
        }

        impl $place<Shown> for &$ty {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                show(self, text)
            }
        }
    )+};
}
shown!(NumbersValue: u8 u16 u32 u64 usize i32 i64);
shown!(PropertyValue: u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 char Size Mac PciAddr);
shown!(PropertyValue: IpAddr Ipv4Addr Ipv6Addr SocketAddr SocketAddrV4 SocketAddrV6 fmt::Arguments<'_>);
shown!(PropertyValue: std::num::NonZeroU8 std::num::NonZeroU16 std::num::NonZeroU32 std::num::NonZeroU64 std::num::NonZeroUsize);
#[cfg(feature = "uuid")]
shown!(PropertyValue: uuid::Uuid);

/// Declares what of the operating system can be a text too.
macro_rules! paths {
    ($place:ident) => {
        paths!($place: Path PathBuf OsStr OsString Cow<'_, OsStr>);

        impl<T: $place<Os> + ?Sized> $place<Os> for &T {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                $place::<Os>::put(*self, text)
            }
        }
    };
    ($place:ident: $($ty:ty)+) => {$(
        impl $place<Os> for $ty {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                copy(self, text)
            }
        }
    )+};
}
paths!(TextValue);
paths!(NameValue);
paths!(PropertyValue);

impl PciValue<One> for PciAddr {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(self, text)
    }
}

impl PciValue<One> for &PciAddr {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(self, text)
    }
}

impl<T: IntegerValue<One>> NumbersValue<Shown> for RangeInclusive<T> {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        self.start().put(text);
        text.push(b'-');
        self.end().put(text)
    }
}

impl<T: IntegerValue<One> + ?Sized> NumberValue<One> for T {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        IntegerValue::put(self, text)
    }
}

impl NumberValue<One> for Size {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(self.as_bytes(), text)
    }
}

impl NumberValue<One> for &Size {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        NumberValue::put(*self, text)
    }
}

impl VncValue<Shown> for SocketAddr {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        // No number of a display is below zero: of such a port that is what is told.
        let number = i32::from(self.port()) - 5900;
        match self.ip() {
            IpAddr::V4(host) => show(format_args!("{host}:{number}"), text),
            IpAddr::V6(host) => show(format_args!("[{host}]:{number}"), text),
        }
    }
}

impl VncValue<Shown> for &SocketAddr {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        VncValue::put(*self, text)
    }
}

impl SizeValue<One> for Size {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(self, text)
    }
}

/// Declares of which places a reference to a value is one too.
macro_rules! references {
    ($($place:ident)+) => {$(
        impl<T: $place<One> + ?Sized> $place<One> for &T {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                $place::<One>::put(*self, text)
            }
        }
    )+};
}
references!(SizeValue IntegerValue FlagValue MacValue UuidValue);

/// Declares the types of numbers.
macro_rules! integers {
    ($($ty:ty)+) => {$(
        impl IntegerValue<One> for $ty {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                show(self, text)
            }
        }
    )+};
}
integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
integers!(std::num::NonZeroU8 std::num::NonZeroU16 std::num::NonZeroU32 std::num::NonZeroU64 std::num::NonZeroUsize);

impl FlagValue<One> for bool {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(if *self { "on" } else { "off" }, text)
    }
}

/// Declares what is taken as a text for both sorts of addresses.
macro_rules! texts {
    ($place:ident $($ty:ty)+) => {$(
        impl $place<One> for $ty {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                show(self, text)
            }
        }
    )+};
}
texts!(MacValue str String Box<str> Cow<'_, str> Mac);
texts!(UuidValue str String Box<str> Cow<'_, str>);
#[cfg(feature = "uuid")]
texts!(UuidValue uuid::Uuid);

impl MacValue<One> for [u8; 6] {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(Mac(*self), text)
    }
}

impl UuidValue<One> for [u8; 16] {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        for (at, byte) in self.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push(b'-');
            }
            show(format_args!("{byte:02x}"), text);
        }
        true
    }
}

/// What can stand for one file descriptor: what owns an open one, which it gives away, or whether there is to be one.
#[diagnostic::on_unimplemented(
    message = "an open file descriptor must stand here, and `{Self}` is none",
    label = "not an open file descriptor",
    note = "it is given away: a `File`, `OwnedFd`, `UnixListener`, or what else is `Into<OwnedFd>`, also in an `Option`; or a `bool`, whether there is to be one"
)]
pub trait FdValue<How> {
    /// Appends its text, and gives the file descriptor away. Whether there is one.
    fn put(self, text: &mut Vec<u8>, give: impl FnMut(OwnedFd)) -> bool;
}

/// What can stand for several file descriptors.
#[diagnostic::on_unimplemented(
    message = "open file descriptors must stand here, and `{Self}` are none",
    label = "not open file descriptors",
    note = "they are given away: a `Vec`, an array, or one of what is `Into<OwnedFd>`, such as `OwnedFd` and `File`, also in an `Option`"
)]
pub trait FdsValue<How> {
    /// Gives the file descriptors away. How many there are.
    fn put(self, give: impl FnMut(OwnedFd)) -> Option<usize>;
}

/// Several of something.
#[derive(Debug)]
pub enum Many {}

#[diagnostic::do_not_recommend]
impl<T: Into<OwnedFd>> FdValue<One> for T {
    fn put(self, text: &mut Vec<u8>, mut give: impl FnMut(OwnedFd)) -> bool {
        give(self.into());
        show("on", text)
    }
}

#[diagnostic::do_not_recommend]
impl<How, T: FdValue<How>> FdValue<Maybe<How>> for Option<T> {
    fn put(self, text: &mut Vec<u8>, give: impl FnMut(OwnedFd)) -> bool {
        self.is_some_and(|fd| fd.put(text, give))
    }
}

impl FdValue<Switch> for bool {
    fn put(self, text: &mut Vec<u8>, _: impl FnMut(OwnedFd)) -> bool {
        FlagValue::put(&self, text)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Into<OwnedFd>> FdsValue<One> for T {
    fn put(self, mut give: impl FnMut(OwnedFd)) -> Option<usize> {
        give(self.into());
        Some(1)
    }
}

#[diagnostic::do_not_recommend]
impl<How, T: FdsValue<How>> FdsValue<Maybe<How>> for Option<T> {
    fn put(self, give: impl FnMut(OwnedFd)) -> Option<usize> {
        self.and_then(|fds| fds.put(give))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Into<OwnedFd>> FdsValue<Many> for Vec<T> {
    fn put(self, give: impl FnMut(OwnedFd)) -> Option<usize> {
        let count = self.len();
        self.into_iter().map(Into::into).for_each(give);
        Some(count)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Into<OwnedFd>, const N: usize> FdsValue<Many> for [T; N] {
    fn put(self, give: impl FnMut(OwnedFd)) -> Option<usize> {
        self.into_iter().map(Into::into).for_each(give);
        Some(N)
    }
}

/// The values of holes, in their order, in rounds of the blocks in which these stand.
#[derive(Debug)]
pub struct Values {
    pub(super) said: Said,
    /// The file descriptors, each of the value of this number.
    fds: Vec<(u32, OwnedFd)>,
    /// The round to which values are added.
    round: u32,
    /// What is wrong with them before they are looked at.
    pub(super) problems: Vec<BindProblem>,
}

/// What values say, whatever file descriptors go with them.
#[derive(Clone, Debug)]
pub(super) struct Said {
    text: Vec<u8>,
    /// Of each value the round, and where it stands in the text, if there is one.
    given: Vec<(u32, Option<(usize, usize)>)>,
    /// None where there is but the whole.
    pub(super) rounds: Vec<Round>,
}

impl Said {
    pub(super) const fn new() -> Self {
        Self { text: Vec::new(), given: Vec::new(), rounds: Vec::new() }
    }

    /// How many values there are.
    pub(super) fn len(&self) -> u32 {
        self.given.len() as u32
    }

    /// Adds those of a part whose blocks are numbered on from `blocks`. What stands in none of them is in the whole.
    pub(super) fn add(&mut self, part: &Self, blocks: u32) {
        let before = self.text.len();
        if self.rounds.is_empty() && !part.rounds.is_empty() {
            self.rounds.push(WHOLE);
        }
        let rounds = self.rounds.len().saturating_sub(1) as u32;
        let moved = |round: u32| if round == 0 { 0 } else { round + rounds };
        self.rounds.extend(
            part.rounds
                .iter()
                .skip(1)
                .map(|round| Round { block: round.block + blocks, parent: moved(round.parent) }),
        );
        self.text.extend_from_slice(&part.text);
        let place = |(start, end): (usize, usize)| (before + start, before + end);
        self.given.extend(part.given.iter().map(|(round, at)| (moved(*round), at.map(place))));
    }
}

/// So many bytes there is room for at first.
const ROOM: usize = 256;

/// The round of the whole text.
const WHOLE: Round = Round { block: 0, parent: 0 };

impl Default for Values {
    fn default() -> Self {
        Self::new()
    }
}

/// Declares what adds the value of the next hole, for which kinds of places, and what does so where there must be one.
macro_rules! adding {
    ($($(#[doc = $doc:literal])+ $name:ident or $needed:ident, $list:ident: $place:ident of $kind:pat =>)+) => {
        impl Values {
            $(
                $(#[doc = $doc])+
                pub fn $name<How>(&mut self, value: &(impl $place<How> + ?Sized)) {
                    self.add(|text| value.put(text));
                }

                $(#[doc = $doc])+
                /// There must be one.
                pub fn $needed<How: Present>(&mut self, value: &(impl $place<How> + ?Sized)) {
                    self.$name(value);
                }
            )+
        }

        impl NamedValues {
            $(
                $(#[doc = $doc])+
                pub fn $name<How>(&mut self, name: &'static str, value: &(impl $place<How> + ?Sized)) {
                    self.add(name, |text| value.put(text));
                }

                $(#[doc = $doc])+
                /// There must be one.
                pub fn $needed<How: Present>(&mut self, name: &'static str, value: &(impl $place<How> + ?Sized)) {
                    self.$name(name, value);
                }

                /// Adds a list of such values.
                pub fn $list<How: Present, T: $place<How>>(
                    &mut self,
                    name: &'static str,
                    values: impl IntoIterator<Item = T>,
                ) {
                    self.add_list(name, values.into_iter().map(|value| move |text: &mut Vec<u8>| value.put(text)));
                }
            )+
        }

        /// The function that adds a value of this kind.
        pub(super) const fn adds(kind: Kind, optional: bool) -> &'static str {
            match kind {
                // No option needs one.
                Kind::Fd => "fd",
                Kind::Fds => "fds",
                $($kind => if optional { stringify!($name) } else { stringify!($needed) },)+
            }
        }
    };
}

adding! {
    /// Adds a path.
    path or needed_path, path_list: PathValue of Kind::Path | Kind::AnyPath | Kind::WholePath | Kind::SocketPath =>
    /// Adds a number of bytes.
    size or needed_size, size_list: SizeValue of
        Kind::Size
        | Kind::SomeSize
        | Kind::PowerSize
        | Kind::MemorySize
        | Kind::Property(Takes { ty: PropertyType::Size, or: PropertyType::Size, .. }) =>
    /// Adds a whole number.
    integer or needed_integer, integer_list: IntegerValue of Kind::Integer { .. } | Kind::PowerOfTwo | Kind::Timeout =>
    /// Adds a flag.
    flag or needed_flag, flag_list: FlagValue of
        Kind::Flag | Kind::Property(Takes { ty: PropertyType::Bool, or: PropertyType::Bool, .. }) =>
    /// Adds a MAC address.
    mac or needed_mac, mac_list: MacValue of Kind::Mac =>
    /// Adds a UUID.
    uuid or needed_uuid, uuid_list: UuidValue of Kind::Uuid | Kind::AnyUuid =>
    /// Adds one of some words.
    word or needed_word, word_list: WordValue of
        Kind::Word(_) | Kind::Property(Takes { ty: PropertyType::OneOf(_), or: PropertyType::OneOf(_), .. }) =>
    /// Adds a PCI address.
    pci or needed_pci, pci_list: PciValue of Kind::Pci | Kind::Slot =>
    /// Adds numbers.
    numbers or needed_numbers, numbers_list: NumbersValue of Kind::Numbers =>
    /// Adds a whole number that may be one of bytes.
    number or needed_number, number_list: NumberValue of Kind::Property(Takes {
        ty: PropertyType::Int { .. } | PropertyType::Number,
        or: PropertyType::Int { .. } | PropertyType::Number,
        ..
    }) =>
    /// Adds an address of VNC.
    vnc or needed_vnc, vnc_list: VncValue of Kind::VncAddress | Kind::VncDisplay =>
    /// Adds a name.
    name or needed_name, name_list: NameValue of
        Kind::Bus
        | Kind::MachineType
        | Kind::Driver
        | Kind::Format
        | Kind::MountTag
        | Kind::VirtioFsTag
        | Kind::FileMode
        | Kind::CpuText
        | Kind::BootOrder
        | Kind::PcBootOrder
        | Kind::Release
        | Kind::FwCfgName
        | Kind::LogItems
        | Kind::Ifname
        | Kind::HostForward
        | Kind::HostPci
        | Kind::Channel
        | Kind::Id
        | Kind::ClockBase
        | Kind::Ranges
        | Kind::Property(Takes { ty: PropertyType::Id(_), or: PropertyType::Id(_), .. }) =>
    /// Adds a property's value.
    property or needed_property, property_list: PropertyValue of
        Kind::Property(_) | Kind::CpuValue | Kind::WebSocket =>
    /// Adds a text.
    text or needed_text, text_list: TextValue of _ =>
}

impl Values {
    /// Without values.
    pub const fn new() -> Self {
        Self { said: Said::new(), fds: Vec::new(), round: 0, problems: Vec::new() }
    }

    /// Begins a round of a block.
    pub fn begin(&mut self, block: u32) {
        let rounds = &mut self.said.rounds;
        if rounds.is_empty() {
            rounds.push(WHOLE);
        }
        rounds.push(Round { block, parent: self.round });
        self.round = rounds.len() as u32 - 1;
    }

    /// Ends the round that began last.
    pub fn end(&mut self) {
        self.round = self.said.rounds.get(self.round as usize).map_or(0, |round| round.parent);
    }

    /// Adds a file descriptor, or whether there is to be one.
    pub fn fd<How>(&mut self, value: impl FdValue<How>) {
        let own = self.said.len();
        let Self { said: Said { text, given, .. }, fds, .. } = self;
        let start = text.len();
        let is_there = value.put(text, |fd| fds.push((own, fd)));
        given.push((self.round, is_there.then_some((start, text.len()))));
    }

    /// Adds file descriptors.
    pub fn fds<How>(&mut self, value: impl FdsValue<How>) {
        let own = self.said.len();
        let count = value.put(|fd| self.fds.push((own, fd)));
        self.add(|text| count.is_some_and(|count| show(count, text)));
    }

    /// What they say, and their file descriptors.
    pub(super) fn into_parts(self) -> (Said, Vec<(u32, OwnedFd)>) {
        (self.said, self.fds)
    }

    /// Values of both.
    pub(super) const fn of_parts(said: Said, fds: Vec<(u32, OwnedFd)>) -> Self {
        Self { said, fds, round: 0, problems: Vec::new() }
    }

    /// The same, where nothing is wrong with them yet.
    pub(super) fn given(mut self) -> Result<Self, BindError> {
        BindError::of(&mut self.problems).map(|()| self)
    }

    pub(super) const fn has_fds(&self) -> bool {
        !self.fds.is_empty()
    }

    /// How many file descriptors a value is, if it is any.
    pub(super) fn fds_of(&self, value: u32) -> Option<usize> {
        let count = self.fds.iter().filter(|(own, _)| *own == value).count();
        (count > 0).then_some(count)
    }

    /// The file descriptors for these lines of a table: of each the number of the value, and of the line.
    pub(super) fn into_fds(self, lines: &[(u32, u32)]) -> Vec<(u32, OwnedFd)> {
        let mut lines = lines.to_vec();
        // Stable: those of one value keep their order.
        lines.sort_by_key(|(value, _)| *value);
        // They are as many.
        let fds = self.fds.into_iter().map(|(_, fd)| fd);
        let mut fds: Vec<_> = lines.into_iter().map(|(_, line)| line).zip(fds).collect();
        fds.sort_by_key(|(line, _)| *line);
        fds
    }

    fn add(&mut self, put: impl FnOnce(&mut Vec<u8>) -> bool) {
        let Said { text, given, .. } = &mut self.said;
        if given.is_empty() {
            text.reserve(ROOM);
        }
        let start = text.len();
        let range = put(text).then_some((start, text.len()));
        given.push((self.round, range));
    }

    /// The text of a value, if there is one.
    pub(super) fn text_of(&self, value: u32) -> Option<&OsStr> {
        let (start, end) = self.said.given.get(value as usize)?.1?;
        self.said.text.get(start..end).map(OsStr::from_bytes)
    }

    /// The numbers of the values by their rounds.
    pub(super) fn held(&self, rounds: &Rounds<'_>, holes: &[Hole]) -> Held {
        let Said { given, rounds: own, .. } = &self.said;
        if own.is_empty() && holes.iter().all(|hole| hole.block == 0) {
            return Held::InOrder(given.len() as u32);
        }
        let mut held = PerRound::new(rounds, holes.iter().map(|hole| hole.block), None);
        if own.is_empty() {
            let outside = (0..).zip(holes).filter(|(_, hole)| hole.block == 0);
            for ((hole, _), (value, _)) in outside.zip((0..).zip(given)) {
                held.set(rounds, 0, hole, Some(value));
            }
            return Held::PerRound(held);
        }
        // Within a round they stand in the order of its holes.
        let mut next = vec![0_usize; own.len()];
        let mut of_block: Vec<Vec<u32>> = Vec::new();
        for (number, hole) in (0_u32..).zip(holes) {
            let block = hole.block as usize;
            if of_block.len() <= block {
                of_block.resize(block + 1, Vec::new());
            }
            if let Some(holes) = of_block.get_mut(block) {
                holes.push(number);
            }
        }
        for (value, (round, _)) in (0..).zip(given) {
            let block = own.get(*round as usize).map_or(0, |round| round.block);
            let Some(next) = next.get_mut(*round as usize) else { continue };
            let hole = of_block.get(block as usize).and_then(|holes| holes.get(*next));
            *next += 1;
            if let Some(hole) = hole {
                held.set(rounds, *round, *hole, Some(value));
            }
        }
        Held::PerRound(held)
    }
}

/// Which value each hole has, in each round.
#[derive(Debug)]
pub(super) enum Held {
    /// The same of so many, as there are no rounds.
    InOrder(u32),
    PerRound(PerRound<Option<u32>>),
}

impl Held {
    /// The number of the value that a hole has.
    pub(super) fn get(&self, rounds: &Rounds<'_>, round: u32, hole: u32) -> Option<u32> {
        match self {
            Self::InOrder(count) => (hole < *count).then_some(hole),
            Self::PerRound(held) => *held.get(rounds, round, hole)?,
        }
    }
}

/// A value for a parameter, whatever its type: what it is, is checked where it stands. A number is no size: that is a [`Size`].
///
/// ```
/// use qemu_dsl::bind::Value;
///
/// let list = Value::from(["/a.img", "/b.img"]);
/// assert_ne!(list, Value::from("/a.img"));
/// assert_eq!(Value::from(None::<u32>), Value::NONE);
/// assert_eq!(Value::from([2, 0, 0, 0, 0, 1u8]), Value::from("02:00:00:00:00:01"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(pub(super) Form);

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    None,
    One(Single),
    List(Vec<Single>),
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Single {
    pub(super) text: OsString,
    /// Whether it is one of Rust's integers, which have no unit.
    pub(super) is_number: bool,
}

impl Single {
    fn text(text: impl Into<OsString>) -> Self {
        Self { text: text.into(), is_number: false }
    }
}

impl Value {
    /// The value that leaves an option out.
    pub const NONE: Self = Self(Form::None);
}

/// A list, for a loop to go through. Of lists in it only the values count.
impl<T: Into<Self>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let values = values.into_iter().flat_map(|value| match value.into().0 {
            Form::None => Vec::new(),
            Form::One(value) => vec![value],
            Form::List(values) => values,
        });
        Self(Form::List(values.collect()))
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Element, const N: usize> From<[T; N]> for Value {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Clone + Into<Self>> From<&[T]> for Value {
    fn from(values: &[T]) -> Self {
        values.iter().cloned().collect()
    }
}

/// Of what an array is a list: all that is a value but `u8`, of which six are a MAC address and sixteen a UUID.
pub trait Element: Into<Value> {}

impl Element for Value {}
impl<T: Into<Value>> Element for Option<T> {}
impl<T: Into<Value>> Element for Vec<T> {}

/// Values by their names, each of the type that its parameter has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedValues(Vec<(&'static str, Value)>);

impl NamedValues {
    /// Without values.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    fn add(&mut self, name: &'static str, put: impl FnOnce(&mut Vec<u8>) -> bool) {
        self.0.push((name, Value(one(put).map_or(Form::None, Form::One))));
    }

    fn add_list(
        &mut self,
        name: &'static str,
        values: impl Iterator<Item = impl FnOnce(&mut Vec<u8>) -> bool>,
    ) {
        self.0.push((name, Value(Form::List(values.filter_map(one).collect()))));
    }

    /// All of them.
    pub fn as_slice(&self) -> &[(&'static str, Value)] {
        &self.0
    }
}

/// A value, if there is one.
fn one(put: impl FnOnce(&mut Vec<u8>) -> bool) -> Option<Single> {
    let mut text = Vec::new();
    put(&mut text).then(|| Single::text(OsString::from_vec(text)))
}

/// Declares what a value can be made of: what is a text of the operating system, what is shown, and what is a number.
macro_rules! values {
    (texts $($text:ty)+; shown $($shown:ty)+; numbers $($number:ty)+;) => {
        $(
            impl From<$text> for Value {
                fn from(value: $text) -> Self {
                    Self(Form::One(Single::text(value)))
                }
            }

            impl Element for $text {}
        )+
        $(
            impl From<$shown> for Value {
                fn from(value: $shown) -> Self {
                    Self(Form::One(Single::text(value.to_string())))
                }
            }

            impl Element for $shown {}
        )+
        $(
            impl From<$number> for Value {
                fn from(value: $number) -> Self {
                    Self(Form::One(Single { text: value.to_string().into(), is_number: true }))
                }
            }
        )+
    };
}
values! {
    texts &str String &String &Path PathBuf &PathBuf &OsStr OsString &OsString;
    shown Size Mac IpAddr Ipv4Addr Ipv6Addr SocketAddr SocketAddrV4 SocketAddrV6 Cow<'_, str>;
    numbers u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize;
}

/// Declares of which numbers an array is a list.
macro_rules! elements {
    ($($ty:ty)+) => {$(
        impl Element for $ty {}
    )+};
}
elements!(bool u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize [u8; 6] [u8; 16]);

impl From<bool> for Value {
    fn from(is_on: bool) -> Self {
        Self(Form::One(Single::text(if is_on { "on" } else { "off" })))
    }
}

/// A MAC address.
impl From<[u8; 6]> for Value {
    fn from(address: [u8; 6]) -> Self {
        Mac(address).into()
    }
}

/// A UUID.
impl From<[u8; 16]> for Value {
    fn from(uuid: [u8; 16]) -> Self {
        Self(one(|text| UuidValue::<One>::put(&uuid, text)).map_or(Form::None, Form::One))
    }
}

#[cfg(feature = "uuid")]
impl From<uuid::Uuid> for Value {
    fn from(uuid: uuid::Uuid) -> Self {
        uuid.into_bytes().into()
    }
}

#[cfg(feature = "uuid")]
impl Element for uuid::Uuid {}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NONE, Into::into)
    }
}

impl Values {
    /// Adds a value whose place says what it must be, if there is one.
    pub(super) fn value(&mut self, value: Option<&OsStr>) {
        self.add(|text| value.is_some_and(|value| copy(value, text)));
    }
}
