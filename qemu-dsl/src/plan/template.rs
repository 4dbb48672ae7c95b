//! A VM's arguments in pieces, with slots for what is numbered late.
//!
//! It has slots for fds and generated ids, whose numbers follow from what is there: values may decide that, or a guest that runs.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Write as _;
use std::ops::Range;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::sync::Arc;

use super::blank::{Number, Show, When};
use super::escape::Escape;
use super::fd::{FIRST_FD, Fd, FdSource};
use super::filled::{Filled, PerRound};
use super::mac::Mac;
use super::packed::{Items, Pack, begin, end, packed};
use super::place::Place;
use super::span::Span;
use super::target::Target;
use super::whole::{Origin, Parts, Plan};

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
        /// The name of the VM, or the interface's; a zero byte; and the id of the device.
        of: Text,
    },
    /// A value that comes later: that of this blank.
    Blank {
        /// The number of the blank.
        blank: u32,
        /// How the place reads it.
        escape: Escape,
        /// How it is printed.
        show: Show,
    },
    /// What is there only where this blank has a value.
    Given {
        /// The number of the blank.
        blank: u32,
        /// What is there.
        text: Text,
    },
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arg {
    /// What it consists of.
    pub text: Text,
    /// Where the source says so.
    pub span: Span,
    /// When it is there, if not always.
    pub when: Option<When>,
    /// The number of the block in which it stands, from 1; 0 is the whole text.
    pub block: u32,
    /// Its part of the arguments. What a block has in different parts isn't repeated together.
    pub part: u8,
    /// The number of its statement, in the order of the text.
    pub statement: u32,
    /// The same as JSON, where parts that are joined decide whether it must be that.
    pub json: Option<Text>,
}

/// A file descriptor that the VM needs. Its number follows from its place among the slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FdSlot {
    /// What to open.
    pub source: FdSource<Text, Number>,
    /// The id of the device that it is for.
    pub device: Text,
    /// Which of the device's queues it is for, from 0.
    pub queue: u32,
    /// Where the source says so.
    pub span: Span,
    /// When it is there, if not always.
    pub when: Option<When>,
    /// The blank that says how many there are, one a queue, if not one.
    pub count: Option<u32>,
    /// The blank that has the program's own file descriptors for it, if it may.
    pub given: Option<u32>,
    /// The number of the block in which it stands, from 1; 0 is the whole text.
    pub block: u32,
    /// The number of its statement, in the order of the text.
    pub statement: u32,
}

impl FdSlot {
    /// Goes through slots as often as they are there: the number of each, its round, and its lines of the table, counted from 0.
    pub(crate) fn lines<'s>(
        slots: &'s [Self],
        filled: &Filled<'_>,
        mut each: impl FnMut(u32, &'s Self, u32, Range<u32>),
    ) {
        let mut next = 0;
        filled.rounds.walk(
            slots,
            |slot| (slot.block, 0),
            |at, slot, round| {
                let first = next;
                next += slot.count_in(filled, round);
                each(at as u32, slot, round, first..next);
            },
        );
    }

    /// How many file descriptors it stands for in a round.
    pub(crate) fn count_in(&self, filled: &Filled<'_>, round: u32) -> u32 {
        match self.count {
            _ if !filled.is_there(round, self.when) => 0,
            Some(blank) => u32::try_from(filled.number(round, Number::Blank(blank))).unwrap_or(0),
            None => 1,
        }
    }
}

/// An id that the source does not name: `net0`, `disk1`, ... Without a prefix it is a number alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedId {
    /// What comes before the number.
    pub prefix: Cow<'static, str>,
    /// The number: the first that is free in the VM.
    pub number: u32,
    /// The blank whose value, where it has one, is the id in place of this one.
    pub unless: Option<u32>,
    /// The number of the block in which it stands, from 1; 0 is the whole text.
    pub block: u32,
}

impl GeneratedId {
    /// The first number behind a prefix. A number alone counts from 1.
    pub(crate) fn first(prefix: &str) -> u32 {
        u32::from(prefix.is_empty())
    }

    /// Its number in a round, of the id in this slot.
    pub(crate) fn number_in(&self, filled: &Filled<'_>, round: u32, slot: u32) -> u32 {
        filled.ids.get(&filled.rounds, round, slot).copied().unwrap_or(self.number)
    }
}

impl fmt::Display for GeneratedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, self.number)
    }
}

/// A compiled VM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

packed! {
    struct Template { target, program, args, fds, ids, places }
    struct Arg { text, span, when, block, part, statement, json }
    struct FdSlot { source, device, queue, span, when, count, given, block, statement }
    struct GeneratedId { prefix, number, unless, block }
    enum Piece {
        Text(text),
        Fd(slot),
        Id(slot),
        VmName { otherwise },
        Mac { of },
        Blank { blank, escape, show },
        Given { blank, text }
    }
}

impl Template {
    /// Says which file the text is from: what is told of a place then begins with that.
    ///
    /// ```
    /// let compiled = qemu_dsl::compile("name web\nmemory 512M", &qemu_dsl::Options::default());
    /// let plan = qemu_dsl::plan::Plan::of(compiled.template.unwrap().in_file("web.vm"));
    /// assert_eq!(plan.arg_place(2).unwrap().to_string(), "web.vm:2:1");
    /// ```
    #[must_use]
    pub fn in_file(mut self, file: impl Into<Arc<str>>) -> Self {
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
            fd: &|slot, out| show(FIRST_FD + slot, out),
            id: &|slot, out| write_id(&self.ids, &Filled::default(), 0, slot, out),
            blank: &|_| None,
        };
        slots.text(text).to_string_lossy().into_owned()
    }
}

/// Writes a generated id.
fn write_id(ids: &[GeneratedId], filled: &Filled<'_>, round: u32, slot: u32, out: &mut Vec<u8>) {
    if let Some(id) = ids.get(slot as usize) {
        out.extend_from_slice(id.prefix.as_bytes());
        show(id.number_in(filled, round, slot), out);
    }
}

/// A text in a round, with the ids and values that it has there.
pub(crate) fn text_in(ids: &[GeneratedId], filled: &Filled<'_>, round: u32, text: &[Piece]) -> String {
    let slots = Slots {
        name: None,
        fd: &|_, _| {},
        id: &|slot, out| write_id(ids, filled, round, slot, out),
        blank: &|blank| filled.blank(round, blank),
    };
    let text = slots.text(text).into_vec();
    String::from_utf8(text).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
}

impl Plan {
    /// The plan of a template.
    pub fn of(template: Template) -> Self {
        Self::filled(&template, &Filled::default())
    }

    /// The plan of a template whose values are there. What they decide is left out or repeated.
    pub(crate) fn filled(template: &Template, filled: &Filled<'_>) -> Self {
        let rounds = &filled.rounds;
        let mut numbers = PerRound::new(rounds, template.fds.iter().map(|slot| slot.block), 0..0);
        let mut lines = Vec::with_capacity(template.fds.len());
        FdSlot::lines(&template.fds, filled, |at, slot, round, own| {
            let own = FIRST_FD + own.start..FIRST_FD + own.end;
            lines.extend(own.clone().zip(slot.queue..).map(|(number, queue)| (slot, round, number, queue)));
            numbers.set(rounds, round, at, own);
        });
        let mut args = Vec::with_capacity(template.args.len());
        rounds.walk(
            &template.args,
            |arg| (arg.block, arg.part),
            |_, arg, round| {
                if filled.is_there(round, arg.when) {
                    args.push((arg, round));
                }
            },
        );
        let filler = Filler { template, filled, numbers };
        let text = |text, round| SlotText { text, filler: &filler, round };
        let fds = lines.iter().map(|(slot, round, number, queue)| Fd {
            number: *number,
            source: slot.source.map(|name| text(name, *round), |number| filled.number(*round, *number)),
            device: text(&slot.device, *round),
            queue: *queue,
        });
        // So many bytes it has about, and seldom more: a line has a number and names, all else a few numbers.
        let texts: usize =
            args.iter().map(|(arg, round)| filler.slots(*round, |slots| slots.len(&arg.text)) + 16).sum();
        let files = template.places.iter().map(|place| place.file.as_ref().map_or(0, |file| file.len()) + 24);
        let room = 64 + texts + 64 * lines.len() + files.sum::<usize>();
        Self::written(
            room,
            &Parts {
                program: text(&template.program, 0),
                args: Items(args.iter().map(|(arg, round)| text(&arg.text, *round))),
                fds: Items(fds),
                origin: Some(Origin {
                    target: template.target,
                    spans: Items(args.iter().map(|(arg, _)| arg.span)),
                    places: Items(template.places.iter()),
                }),
            },
        )
    }
}

/// What fills the slots of a template's texts.
struct Filler<'f> {
    template: &'f Template,
    filled: &'f Filled<'f>,
    /// The numbers of each slot's file descriptors.
    numbers: PerRound<Range<u32>>,
}

impl Filler<'_> {
    /// Does something with the slots of a round.
    fn slots<T>(&self, round: u32, run: impl FnOnce(&Slots<'_>) -> T) -> T {
        let rounds = &self.filled.rounds;
        run(&Slots {
            name: None,
            fd: &|slot, out| join(self.numbers.get(rounds, round, slot).cloned().unwrap_or_default(), out),
            id: &|slot, out| write_id(&self.template.ids, self.filled, round, slot, out),
            blank: &|blank| self.filled.blank(round, blank),
        })
    }
}

/// Numbers as QEMU's lists have them: `3:4:5`.
fn join(numbers: Range<u32>, out: &mut Vec<u8>) {
    let first = numbers.start;
    for number in numbers {
        if number > first {
            out.push(b':');
        }
        show(number, out);
    }
}

/// Appends what is shown.
fn show(what: impl fmt::Display, out: &mut Vec<u8>) {
    // Nothing can go wrong in memory.
    let _ = write!(out, "{what}");
}

/// What writes a slot's text.
type WriteSlot<'a> = &'a dyn Fn(u32, &mut Vec<u8>);

/// What fills the slots of a text.
pub(super) struct Slots<'a> {
    /// The VM's name, where it is known here.
    pub(super) name: Option<&'a str>,
    pub(super) fd: WriteSlot<'a>,
    pub(super) id: WriteSlot<'a>,
    /// The value of a blank, if it has one.
    pub(super) blank: &'a dyn Fn(u32) -> Option<&'a OsStr>,
}

/// A text whose slots are filled where it is written.
#[derive(Clone, Copy)]
struct SlotText<'a> {
    text: &'a Text,
    filler: &'a Filler<'a>,
    round: u32,
}

impl Pack for SlotText<'_> {
    fn pack(&self, to: &mut Vec<u8>) {
        let place = begin(to);
        self.filler.slots(self.round, |slots| slots.write(self.text, to));
        end(to, place);
    }
}

impl Slots<'_> {
    pub(super) fn text(&self, text: &[Piece]) -> OsString {
        let mut out = Vec::with_capacity(self.len(text));
        self.write(text, &mut out);
        OsString::from_vec(out)
    }

    /// So many bytes it has about, and seldom more.
    fn len(&self, text: &[Piece]) -> usize {
        let len = |piece: &Piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Blank { blank, .. } => (self.blank)(*blank).map_or(0, |value| value.len() + 8),
            Piece::Given { text, .. } => self.len(text),
            Piece::Fd(_) | Piece::Id(_) | Piece::VmName { .. } | Piece::Mac { .. } => 24,
        };
        text.iter().map(len).sum()
    }

    fn write(&self, text: &[Piece], out: &mut Vec<u8>) {
        for piece in text {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Fd(slot) => (self.fd)(*slot, out),
                Piece::Id(slot) => (self.id)(*slot, out),
                Piece::VmName { otherwise } => match self.name {
                    Some(name) => out.extend_from_slice(name.as_bytes()),
                    None => self.write(otherwise, out),
                },
                Piece::Mac { of } => {
                    // What it is made of stands there for a moment, where there is room.
                    let start = out.len();
                    self.write(of, out);
                    let names = String::from_utf8_lossy(out.get(start..).unwrap_or_default());
                    let (vm, device) = names.rsplit_once('\0').unwrap_or(("", &names));
                    let mac = Mac::generate(vm, device);
                    out.truncate(start);
                    show(mac, out);
                }
                Piece::Blank { blank, escape, show } => {
                    if let Some(value) = (self.blank)(*blank) {
                        show.write(value.as_bytes(), *escape, out);
                    }
                }
                Piece::Given { blank, text } => {
                    if (self.blank)(*blank).is_some() {
                        self.write(text, out);
                    }
                }
            }
        }
    }
}
