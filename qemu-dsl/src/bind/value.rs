//! The values of a program: what may stand where.
//!
//! A trait for each sort of place, so that the wrong type is rustc's own error at the expression. Its parameter tells how the
//! value is one, where there are several ways: without it a type could be one in two ways, which Rust can't have.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::blank::{Hole, place_of};
use super::error::{BindError, BindProblem};
use super::size::Size;
use crate::plan::{Mac, Place};
use crate::value::Kind;

/// A value that is there.
#[derive(Debug)]
pub enum One {}

/// An `Option` of a value.
#[derive(Debug)]
pub enum Maybe {}

/// A path where a text may stand.
#[derive(Debug)]
pub enum Os {}

/// An `Option` of a path where a text may stand.
#[derive(Debug)]
pub enum MaybeOs {}

/// How a value is one that is always there.
#[diagnostic::on_unimplemented(
    message = "a value must stand here, and an `Option` need not have one",
    label = "an `Option`",
    note = "nothing can be left out here: unwrap it first"
)]
pub trait Present {}

impl Present for One {}
impl Present for Os {}

/// Declares the trait of a sort of place, and that an `Option` may stand where a value may be absent.
macro_rules! places {
    ($($(#[$attribute:meta])+ $name:ident;)+) => {$(
        $(#[$attribute])+
        pub trait $name<How> {
            /// Appends its text. Whether there is one.
            fn put(&self, text: &mut Vec<u8>) -> bool;
        }

        impl<T: $name<One>> $name<Maybe> for Option<T> {
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
    /// What can stand for a number of bytes.
    #[diagnostic::on_unimplemented(
        message = "a size must stand here, and `{Self}` is none",
        label = "not a size",
        note = "write `qemu_runtime::Size::mib(512)`, or another of its functions: a bare number has no unit; where it may be left out, also an `Option` of it"
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
        note = "a UUID is a `[u8; 16]`, or a text that is checked; where it may be left out, also an `Option` of it"
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

/// Declares what of the operating system can be a text too.
macro_rules! paths {
    ($($ty:ty)+) => {$(
        impl TextValue<Os> for $ty {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                copy(self, text)
            }
        }

        impl TextValue<MaybeOs> for Option<$ty> {
            fn put(&self, text: &mut Vec<u8>) -> bool {
                self.as_ref().is_some_and(|value| copy(value, text))
            }
        }
    )+};
}
paths!(PathBuf OsString &Path &PathBuf &OsStr &OsString Cow<'_, OsStr>);

impl SizeValue<One> for Size {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(self, text)
    }
}

impl<T: SizeValue<One> + ?Sized> SizeValue<One> for &T {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        SizeValue::<One>::put(*self, text)
    }
}

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

impl<T: IntegerValue<One> + ?Sized> IntegerValue<One> for &T {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        IntegerValue::<One>::put(*self, text)
    }
}

impl FlagValue<One> for bool {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(if *self { "on" } else { "off" }, text)
    }
}

impl FlagValue<One> for &bool {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        FlagValue::<One>::put(*self, text)
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
texts!(MacValue str &str String &String Box<str> Cow<'_, str> Mac &Mac);
texts!(UuidValue str &str String &String Box<str> Cow<'_, str>);

impl MacValue<One> for [u8; 6] {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(Mac(*self), text)
    }
}

impl MacValue<One> for &[u8; 6] {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        show(Mac(**self), text)
    }
}

impl UuidValue<One> for &[u8; 16] {
    fn put(&self, text: &mut Vec<u8>) -> bool {
        UuidValue::<One>::put(*self, text)
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

/// The values of holes, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    text: Vec<u8>,
    /// Where each value stands in the text, if there is one.
    ranges: Vec<Option<(usize, usize)>>,
}

/// Declares what adds the value of the next hole, for which kinds of places, and what does so where there must be one.
macro_rules! adding {
    ($($(#[doc = $doc:literal])+ $name:ident or $needed:ident: $place:ident of $kind:pat =>)+) => {
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

        /// The function that adds a value of this kind.
        pub(super) const fn adds(kind: Kind, optional: bool) -> &'static str {
            match kind {
                $($kind => if optional { stringify!($name) } else { stringify!($needed) },)+
            }
        }
    };
}

adding! {
    /// Adds a path.
    path or needed_path: PathValue of Kind::Path | Kind::SocketPath =>
    /// Adds a number of bytes.
    size or needed_size: SizeValue of Kind::Size | Kind::MemorySize =>
    /// Adds a whole number.
    integer or needed_integer: IntegerValue of Kind::Integer { .. } =>
    /// Adds a flag.
    flag or needed_flag: FlagValue of Kind::Flag =>
    /// Adds a MAC address.
    mac or needed_mac: MacValue of Kind::Mac =>
    /// Adds a UUID.
    uuid or needed_uuid: UuidValue of Kind::Uuid =>
    /// Adds a text.
    text or needed_text: TextValue of _ =>
}

impl Values {
    /// Without values.
    pub fn new() -> Self {
        Self::default()
    }

    fn add(&mut self, put: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.text.len();
        let range = put(&mut self.text).then_some((start, self.text.len()));
        self.ranges.push(range);
    }

    /// The value of a hole, if it has one.
    pub(super) fn get(&self, hole: u32) -> Option<&OsStr> {
        let (start, end) = (*self.ranges.get(hole as usize)?)?;
        self.text.get(start..end).map(OsStr::from_bytes)
    }

    /// The values of holes that have names. Each must have one.
    pub(super) fn named(
        holes: &[Hole],
        values: &[(&str, Value)],
        places: &[Place],
    ) -> Result<Self, BindError> {
        let mut own = Self::new();
        let mut problems = Vec::new();
        for hole in holes {
            match values.iter().rev().find(|(name, _)| *name == hole.name) {
                Some((_, value)) => own.add(|text| value.0.as_ref().is_some_and(|value| copy(value, text))),
                None => {
                    own.ranges.push(None);
                    problems.push(BindProblem {
                        place: place_of(places, hole).cloned(),
                        hole: hole.name.clone().into_owned(),
                        code: crate::code::Code::UnsetParameter.as_str().to_owned(),
                        message: format!("the parameter `{}` has no value", hole.name),
                        help: "give it one".to_owned(),
                    });
                }
            }
        }
        for (name, _) in values.iter().filter(|(name, _)| !holes.iter().any(|hole| hole.name == *name)) {
            problems.push(BindProblem {
                place: None,
                hole: String::new(),
                code: crate::code::Code::UnknownParameter.as_str().to_owned(),
                message: format!("a value is given for `{name}`, which no hole names"),
                help: "leave it out".to_owned(),
            });
        }
        if problems.is_empty() { Ok(own) } else { Err(BindError { problems }) }
    }
}

/// A value for a parameter, whatever its type: what it is, is checked where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(Option<OsString>);

impl Value {
    /// The value that leaves an option out.
    pub const NONE: Self = Self(None);
}

/// Declares what a value can be made of.
macro_rules! values {
    ($($ty:ty => |$value:ident| $text:expr;)+) => {$(
        impl From<$ty> for Value {
            fn from($value: $ty) -> Self {
                Self(Some($text))
            }
        }
    )+};
}
values! {
    &str => |value| value.into();
    String => |value| value.into();
    &Path => |value| value.into();
    &PathBuf => |value| value.into();
    PathBuf => |value| value.into();
    &OsStr => |value| value.into();
    OsString => |value| value;
    Size => |value| value.to_string().into();
    Mac => |value| value.to_string().into();
    bool => |value| if value { "on" } else { "off" }.into();
    u32 => |value| value.to_string().into();
    u64 => |value| value.to_string().into();
    usize => |value| value.to_string().into();
    i32 => |value| value.to_string().into();
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NONE, Into::into)
    }
}
