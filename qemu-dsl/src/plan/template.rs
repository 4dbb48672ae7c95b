//! A VM's arguments in pieces, with slots for what is numbered late.
//!
//! A template has slots for fds and generated ids, so that fragments can be joined. `vm!` writes it, and what it
//! renders to, as static data.

use std::borrow::Cow;
use std::fmt;

use super::{FIRST_FD, Fd, FdSource, Mac, Origin, OsText, Rendered, Span, Target};

/// A text in pieces.
pub type Text = Cow<'static, [Piece]>;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that is known: in an argument, escaped for the place where it stands.
    Text(Cow<'static, str>),
    /// The number of the file descriptor in this slot of [`Template::fds`]. In a guest that runs: its name, or its set's
    /// number.
    Fd(u32),
    /// The generated id in this slot of [`Template::ids`].
    Id(u32),
    /// The name of the VM that a fragment joins.
    VmName {
        /// What stands in for it where the VM has none.
        otherwise: Text,
    },
    /// The MAC address of a device that names none: see [`Mac::generate`].
    Mac {
        /// The name of the VM, or the interface's.
        vm: Text,
        /// The id of the device.
        device: Text,
    },
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arg {
    /// What it consists of.
    pub text: Text,
    /// Where the source says so.
    pub span: Span,
}

/// A file descriptor that the VM needs. Its number follows from its place among the slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FdSlot {
    /// What to open.
    pub source: FdSource<Text>,
    /// The id of the device that it is for.
    pub device: Text,
    /// Which of the device's queues it is for, from 0.
    pub queue: u32,
    /// Where the source says so.
    pub span: Span,
}

/// An id that the source does not name: `net0`, `disk1`, ...
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedId {
    /// What comes before the number.
    pub prefix: Cow<'static, str>,
    /// The number: the first that is free in the VM.
    pub number: u32,
}

/// A place in the source code of a program, or in a text that it has compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What stands there, in the text that was compiled.
    pub span: Span,
    /// The file, as `file!()` has it. A text that the program compiles has none, unless it [says](Template::in_file) so.
    pub file: Option<Cow<'static, str>>,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Place {
    /// The one of what stands at `span`.
    pub(super) fn find(places: &[Self], span: Span) -> Option<&Self> {
        places.iter().find(|place| place.span == span)
    }

    /// The places, in this file.
    pub(super) fn in_file(places: &mut Cow<'static, [Self]>, file: Cow<'static, str>) {
        for place in places.to_mut() {
            place.file = Some(file.clone());
        }
    }
}

/// `src/main.rs:12:9`, or without a file `line 12, column 9`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, .. } = self;
        match file {
            Some(file) => write!(f, "{file}:{line}:{column}"),
            None => write!(f, "line {line}, column {column}"),
        }
    }
}

impl fmt::Display for GeneratedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, self.number)
    }
}

/// A compiled VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The version of QEMU that the arguments are for.
    pub target: Target,
    /// The program to run.
    pub program: Text,
    /// Its arguments.
    pub args: Cow<'static, [Arg]>,
    /// The file descriptors it needs, in the order of their numbers.
    pub fds: Cow<'static, [FdSlot]>,
    /// The ids that were generated.
    pub ids: Cow<'static, [GeneratedId]>,
    /// Where what became the arguments stands: in the program's source, or in the text that it has compiled. In the order
    /// of the spans.
    pub places: Cow<'static, [Place]>,
}

impl Template {
    /// The final arguments and file descriptors.
    pub fn render(&self) -> Rendered {
        Rendered {
            program: self.text(&self.program).into(),
            args: self.args.iter().map(|arg| self.text(&arg.text).into()).collect(),
            fds: self
                .fds
                .iter()
                .zip(FIRST_FD..)
                .map(|(slot, number)| Fd {
                    number,
                    source: slot.source.map(|name| OsText::from(self.text(name))),
                    device: self.text(&slot.device).into(),
                    queue: slot.queue,
                })
                .collect(),
        }
    }

    /// Where its arguments come from.
    pub fn origin(&self) -> Origin {
        let spans = self.args.iter().map(|arg| arg.span).collect();
        Origin { target: self.target, spans, places: self.places.clone() }
    }

    /// Says which file the text is from: what is told of a place then begins with that.
    ///
    /// ```
    /// let compiled = qemu_dsl::compile("name web\nmemory 512M", &qemu_dsl::Options::default());
    /// let plan = qemu_dsl::plan::Plan::of(compiled.template.unwrap().in_file("web.vm"));
    /// assert_eq!(plan.arg_place(2).unwrap().to_string(), "web.vm:2:1");
    /// ```
    #[must_use]
    pub fn in_file(mut self, file: impl Into<Cow<'static, str>>) -> Self {
        Place::in_file(&mut self.places, file.into());
        self
    }

    /// The place of what stands at `span`.
    pub fn place(&self, span: Span) -> Option<&Place> {
        Place::find(&self.places, span)
    }

    /// A text of this template with its slots filled.
    pub fn text(&self, text: &[Piece]) -> String {
        let slots = Slots {
            name: None,
            fd: &|slot| (FIRST_FD + slot).to_string(),
            id: &|slot| self.ids.get(slot as usize).map(GeneratedId::to_string).unwrap_or_default(),
        };
        slots.text(text)
    }
}

/// What fills the slots of a text.
pub(super) struct Slots<'a> {
    /// The VM's name, where it is known here.
    pub(super) name: Option<&'a str>,
    pub(super) fd: &'a dyn Fn(u32) -> String,
    pub(super) id: &'a dyn Fn(u32) -> String,
}

impl Slots<'_> {
    pub(super) fn text(&self, text: &[Piece]) -> String {
        let mut out = String::new();
        for piece in text {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Fd(slot) => out.push_str(&(self.fd)(*slot)),
                Piece::Id(slot) => out.push_str(&(self.id)(*slot)),
                Piece::VmName { otherwise } => match self.name {
                    Some(name) => out.push_str(name),
                    None => out.push_str(&self.text(otherwise)),
                },
                Piece::Mac { vm, device } => {
                    out.push_str(&Mac::generate(&self.text(vm), &self.text(device)).to_string());
                }
            }
        }
        out
    }
}
