//! Open file descriptors, which a program has and a text has not.

use std::borrow::Cow;
use std::fmt;

use super::kind::Kind;
use super::number::{self, UInt};
use super::types::{Refusal, Type, ValueType, ty};
use super::{OnOff, flag};
use crate::code::Code;

/// So many a device can have of a sort, one a queue.
pub(crate) const MOST_FDS: u64 = 256;

/// Whether a file descriptor is opened before QEMU starts. A program may give an open one in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FdFlag(pub(crate) bool);

impl ValueType for FdFlag {
    const TYPE: &'static Type = flag::OnOff::TYPE;
    const KIND: Kind = Kind::Fd;

    fn parse(text: &str) -> Result<Self, Refusal> {
        OnOff::parse(text).map(|is_on| Self(is_on.0))
    }

    fn print(text: &str) -> Result<Cow<'_, str>, Refusal> {
        OnOff::print(text)
    }
}

impl fmt::Display for FdFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OnOff(self.0).fmt(f)
    }
}

/// File descriptors, one a queue. No text can have any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fds {}

impl ValueType for Fds {
    const TYPE: &'static Type = &ty("fds", "open file descriptors, which only a program has");
    const KIND: Kind = Kind::Fds;

    fn parse(_: &str) -> Result<Self, Refusal> {
        Err(Refusal::because(
            Code::WrongType,
            "open file descriptors are a program's, and no text has any",
            "write `mq=` and their number, and hand them over by `qemu-dslc run --fd net0.0=7`; `vm!` takes `fds={queues}`",
        ))
    }
}

impl fmt::Display for Fds {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

/// How many file descriptors of vhost-net there are. A program may give them in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VhostFds(pub(crate) u64);

impl ValueType for VhostFds {
    const TYPE: &'static Type = UInt::<0, MOST_FDS>::TYPE;
    const KIND: Kind = Kind::Fds;

    fn parse(text: &str) -> Result<Self, Refusal> {
        UInt::<0, MOST_FDS>::parse(text).map(|count| Self(count.0))
    }
}

impl fmt::Display for VhostFds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a program's file descriptors.
pub(super) fn count(text: &str) -> Result<u64, Refusal> {
    number::read(text, 1, MOST_FDS).map_err(|_| {
        let message = match text {
            "0" => "there is no file descriptor in it".to_owned(),
            count => format!("{count} file descriptors are too many"),
        };
        Refusal::because(Code::OutOfRange, message, format!("give one a queue, from 1 to {MOST_FDS}"))
    })
}
