//! What a plan consists of.

use std::borrow::Cow;

use super::fd::Fd;
use super::os_text::OsText;
use super::place::Place;
use super::span::Span;
use super::target::Target;

/// Final arguments and file descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The program.
    pub program: OsText,
    /// Its arguments, without the program's name.
    pub args: Cow<'static, [OsText]>,
    /// The file descriptors that it needs beside standard input, output and error, by rising number.
    pub fds: Cow<'static, [Fd]>,
}

/// Where the arguments of a compiled VM come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The version of QEMU that they are for.
    pub target: Target,
    /// Where the source says what became each of them.
    pub spans: Cow<'static, [Span]>,
    /// The same by line and column, in the order of the spans.
    pub places: Cow<'static, [Place]>,
}
