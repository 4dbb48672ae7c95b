//! What the statements print to.

use std::borrow::Cow;
use std::fmt;

use super::Asked;
use super::argument::{Argument, Item, Printed, Written, piece};
use super::emit::{Emit, text};
use super::pieces::Pieces;
use crate::model::ids::Id;
use crate::model::{Extent, Maybe as _, Property, PropertyValue, Val, Vm};
use crate::plan::optlist::{Escape, append};
use crate::plan::{FdSlot, FdSource, Number, Piece, Text, When};
use crate::qemu::changes::{self, Change};
use crate::schema::{self, Kind, Lookup};
use crate::source::Node;
use crate::table::Section;
use crate::value::FdFlag;
use crate::{Span, Target, Version};

/// So many values most options have.
const ITEMS: usize = 6;

/// What the statements print to.
pub(crate) struct Lowering<'v> {
    pub(crate) vm: &'v Vm,
    pub(super) program: Option<Text>,
    pub(super) statement: usize,
    pub(super) round: u32,
    pub(super) arguments: Vec<Argument>,
    pub(super) fds: Vec<Asked>,
    pub(super) section: Section,
    /// The keyword and the kind of the statement.
    pub(super) head: Span,
    pub(super) span: Span,
    pub(super) when: Option<When>,
    /// Where the pieces of a value come together.
    pub(super) room: Vec<Piece>,
}

impl<'v> Lowering<'v> {
    /// Whether the target has it.
    pub(crate) fn has(&self, change: &Change) -> bool {
        change.is_in(self.vm.target.version)
    }

    /// The version that the output is for.
    pub(crate) fn target(&self) -> Version {
        self.vm.target.version
    }

    /// The program to run.
    pub(crate) fn program(&mut self, program: impl Emit) {
        self.program = Some(text(&program));
    }

    /// Goes on in another place among the arguments.
    pub(crate) fn section(&mut self, section: Section) -> &mut Self {
        self.section = section;
        self
    }

    /// What follows comes from this place in the source.
    pub(crate) fn span(&mut self, span: Span) -> &mut Self {
        self.span = span;
        self
    }

    fn argument(&mut self, printed: Printed) {
        // What is printed stays for long, and is much in a VM of thousands of devices.
        if let Some(Argument { printed: Printed::Option { items, .. }, .. }) = self.arguments.last_mut() {
            items.shrink_to_fit();
        }
        let Self { statement, section, span, when, .. } = *self;
        self.arguments.push(Argument { statement, section, span, when, printed });
    }

    /// Whether devices for a guest that runs are printed.
    pub(crate) fn plugs(&self) -> bool {
        self.vm.is_fragment
    }

    /// The id that a device has beside its backend: the one that the text gives. QEMU keeps ids of different sorts apart.
    pub(crate) fn id_of_device<'i, K>(&self, id: &'i Id<K>) -> Option<&'i Id<K>> {
        id.written().filter(|_| !self.has(&changes::SHORT_BOOLEANS))
    }

    /// The id of a device whose backend doesn't name it: the one that the text gives. A guest that runs needs one in any case.
    pub(crate) fn id_of_own<'i, K>(&self, id: &'i Id<K>) -> Option<&'i Id<K>> {
        if self.plugs() { Some(id) } else { id.written() }
    }

    /// An argument of its own: `-nographic`.
    pub(crate) fn flag(&mut self, flag: impl Into<Cow<'static, str>>) {
        self.argument(Printed::Word(vec![piece(flag)]));
    }

    /// An argument that a statement passes on.
    pub(crate) fn word(&mut self, value: impl Emit) {
        let mut text = Vec::new();
        value.emit(&mut text);
        self.argument(Printed::Word(text));
    }

    /// An option whose value is taken as it is: `-kernel PATH`.
    pub(crate) fn value(&mut self, flag: &'static str, value: impl Emit) {
        let mut text = Vec::new();
        if value.emit(&mut text) {
            self.flag(flag);
            self.argument(Printed::Word(text));
        }
    }

    /// A device that the statement's keyword and kind stand for.
    pub(crate) fn device(&mut self, driver: &str) -> OptionArg<'_> {
        let driver = Node::new(driver.to_owned(), self.head);
        self.option("-device").word(driver)
    }

    /// An object that they stand for.
    pub(crate) fn object(&mut self, ty: &str) -> OptionArg<'_> {
        let ty = Node::new(ty.to_owned(), self.head);
        self.option("-object").word(ty)
    }

    /// An option with a list of values: `-rtc base=utc,clock=host`.
    pub(crate) fn option(&mut self, flag: impl Into<Cow<'static, str>>) -> OptionArg<'_> {
        self.escaped(flag.into(), Escape::Comma)
    }

    fn escaped(&mut self, flag: Cow<'static, str>, escape: Escape) -> OptionArg<'_> {
        let short_booleans = self.has(&changes::SHORT_BOOLEANS) && !self.plugs();
        let sort = Kind::of_option(&flag);
        self.argument(Printed::Option { flag, escape, items: Vec::with_capacity(ITEMS) });
        let items = match self.arguments.last_mut().map(|argument| &mut argument.printed) {
            Some(Printed::Option { items, .. }) => Some(items),
            _ => None,
        };
        OptionArg { items, room: &mut self.room, sort, target: self.vm.target, short_booleans }
    }

    /// Defaults for properties of drivers. QEMU parts the short form at the first dot, and knows no escape in it.
    pub(crate) fn globals(&mut self, properties: &[Property]) {
        for property in properties {
            let parts = schema::driver_and_property(&property.name, self.vm.target);
            let Some((driver, name)) = parts else { continue };
            if driver.contains('.') {
                let value =
                    Property { name: Node::new("value".to_owned(), property.name.span), ..property.clone() };
                self.option("-global").set("driver", driver).set("property", name).properties(&[value]);
            } else {
                self.escaped("-global".into(), Escape::Raw).properties(std::slice::from_ref(property));
            }
        }
    }

    /// Adds a device's one file descriptor to the table, where its flag is on: the text of its number.
    pub(crate) fn fd(
        &mut self,
        flag: Option<Val<FdFlag>>,
        source: FdSource<Text, Number>,
        device: &dyn Emit,
    ) -> Option<Piece> {
        let flag = flag.known().filter(|flag| flag.0)?;
        let given = self.given_at(flag.span);
        Some(self.queue_fd(source, device, 0, None, given))
    }

    /// The blank of file descriptors at `span`, where the program gives them.
    fn given_at(&self, span: Span) -> Option<u32> {
        let blank = self.vm.blanks.at(self.round, span)?;
        self.vm.blanks.takes_fds(blank).then_some(blank)
    }

    fn queue_fd(
        &mut self,
        source: FdSource<Text, Number>,
        device: &dyn Emit,
        queue: u32,
        count: Option<u32>,
        given: Option<u32>,
    ) -> Piece {
        let number = self.fds.len() as u32;
        let device = text(device);
        let slot = FdSlot {
            source,
            device,
            queue,
            span: self.span,
            when: self.when,
            count,
            given,
            block: 0,
            statement: 0,
        };
        self.fds.push(Asked { statement: self.statement, slot });
        Piece::Fd(number)
    }

    /// File descriptors, one a queue: their numbers as QEMU's lists have them, `3:4:5`. Those at `given` are the program's,
    /// if it gives them.
    pub(crate) fn fds<N: Copy + Into<u64>>(
        &mut self,
        source: &FdSource<Text, Number>,
        device: &dyn Emit,
        queues: Val<N>,
        given: Option<Span>,
    ) -> Vec<Piece> {
        let given = given.and_then(|span| self.given_at(span));
        let queues = match queues {
            Val::Known(queues) => queues.value.into() as u32,
            Val::Open(open) => {
                return vec![self.queue_fd(source.clone(), device, 0, Some(open.blank), given)];
            }
        };
        let mut list = Vec::with_capacity(2 * queues as usize);
        for queue in 0..queues {
            if queue > 0 {
                append(&mut list, ":");
            }
            let fd = self.queue_fd(source.clone(), device, queue, None, given);
            list.push(fd);
        }
        list
    }

    /// The MAC address of a device that names none. `interface` stands in for the name of a VM without one.
    pub(crate) fn generated_mac(&self, interface: Option<&dyn Emit>, device: &dyn Emit) -> [Piece; 1] {
        let name = self.vm.facts.name.clone();
        let vm = name.or_else(|| interface.map(text)).unwrap_or_else(|| text(&""));
        let is_elsewhere = matches!(self.vm.extent, Extent::Devices | Extent::Part);
        let mut of = if is_elsewhere { vec![Piece::VmName { otherwise: vm }] } else { vm.into_owned() };
        of.push(piece("\0"));
        device.emit(&mut of);
        [Piece::Mac { of: of.into() }]
    }
}

/// An option's list of values.
pub(crate) struct OptionArg<'o> {
    items: Option<&'o mut Vec<Item>>,
    /// Where the pieces of a value come together.
    room: &'o mut Vec<Piece>,
    /// What it makes, where schemas know such things.
    sort: Option<Kind>,
    target: Target,
    short_booleans: bool,
}

impl OptionArg<'_> {
    fn push(self, name: Option<Cow<'static, str>>, name_span: Option<Span>, value: impl Emit) -> Self {
        self.room.clear();
        if !value.emit(self.room) {
            return self;
        }
        let written = value.span().map(|value| Written { name: name_span, value });
        let late = value.open().map(Into::into);
        let value = Pieces::take(self.room);
        self.item(Item { name, value, late, written })
    }

    fn item(mut self, item: Item) -> Self {
        if let Some(items) = &mut self.items {
            items.push(item);
        }
        self
    }

    /// A value without a name, as the first in the list is.
    pub(crate) fn word(self, value: impl Emit) -> Self {
        self.push(None, None, value)
    }

    /// `name=value`, where there is a value.
    pub(crate) fn set(self, name: impl Into<Cow<'static, str>>, value: impl Emit) -> Self {
        self.push(Some(name.into()), None, value)
    }

    /// The same of an option that there may be several of, each by the name.
    pub(crate) fn given(self, name: &'static str, values: &impl Given) -> Self {
        values.give(name, self)
    }

    /// A member of each struct in a list, `name.0.member=value`, which QEMU takes as JSON alone.
    pub(crate) fn each(self, name: &str, member: &str, values: &[impl Emit]) -> Self {
        values.iter().enumerate().fold(self, |option, (number, value)| {
            option.push(Some(format!("{name}.{number}.{member}").into()), None, value)
        })
    }

    /// A boolean that is on: `name=on`, in the form that the target likes.
    pub(crate) fn on(self, name: &'static str) -> Self {
        if self.short_booleans { self.word(name) } else { self.set(name, "on") }
    }

    /// A value without a name, or what holds where there is none.
    pub(crate) fn word_or(self, value: impl Emit, default: &str) -> Self {
        if is_there(&value) { self.word(value) } else { self.word(default) }
    }

    /// `name=value`, or what holds where there is none.
    pub(crate) fn set_or(self, name: &'static str, value: impl Emit, default: &str) -> Self {
        if is_there(&value) { self.set(name, value) } else { self.set(name, default) }
    }

    /// A boolean that is off: `name=off`, or the word that the target has for it.
    pub(crate) fn off(self, name: &'static str, word: &str) -> Self {
        if self.short_booleans { self.word(word) } else { self.set(name, "off") }
    }

    /// `name=value`, the value behind a word that belongs to it: `file=/dev/fdset/3`.
    pub(crate) fn set_prefixed(self, name: &'static str, prefix: &str, value: Option<impl Emit>) -> Self {
        let pieces = value.map(|value| {
            let mut pieces = Vec::new();
            prefix.emit(&mut pieces);
            value.emit(&mut pieces);
            pieces
        });
        self.set(name, pieces.as_deref())
    }

    /// `name=value`, the value before a word that belongs to it: `bus=usb0.0`.
    pub(crate) fn set_behind(self, name: &'static str, value: impl Emit, word: &str) -> Self {
        let mut pieces = Vec::new();
        value.emit(&mut pieces);
        word.emit(&mut pieces);
        self.set(name, pieces.as_slice())
    }

    /// A value behind a word that belongs to it: `unix:PATH`.
    pub(crate) fn prefixed(self, prefix: &str, value: impl Emit) -> Self {
        let mut pieces = Vec::new();
        prefix.emit(&mut pieces);
        value.emit(&mut pieces);
        let written = value.span().map(|value| Written { name: None, value });
        self.item(Item { name: None, value: pieces.into(), late: None, written })
    }

    /// `name=true` or `name=false`, where it is given.
    pub(crate) fn truth(self, name: &'static str, value: &Option<Val<crate::value::OnOff>>) -> Self {
        let value = value.map(|value| value.map(|is_on| if is_on.0 { "true" } else { "false" }));
        self.set(name, value)
    }

    /// Properties of what is printed, in the order of the source, with the numbers written out that have a unit where QEMU
    /// reads none: `size=1G` of `null-co`.
    pub(crate) fn written_out<'p>(self, properties: impl IntoIterator<Item = &'p Property>) -> Self {
        let written: Vec<_> = properties.into_iter().collect();
        let Some(sort) = self.sort.filter(|_| !written.is_empty()) else { return self };
        let is_made = |item: &&Item| item.name.as_deref().is_none_or(|name| name == "driver");
        let made = self.items.as_ref().and_then(|items| items.first().filter(is_made)).map(Item::plain);
        let made = made.unwrap_or_default().to_owned();
        let target = self.target;
        let properties: Vec<_> =
            written.iter().map(|property| plain(property, &written, (sort, &made), target)).collect();
        self.properties(&properties)
    }

    /// The properties of a statement, in the order of the source.
    pub(crate) fn properties<'p>(self, properties: impl IntoIterator<Item = &'p Property>) -> Self {
        properties.into_iter().fold(self, |option, property| {
            let name = property.name.as_str();
            let at = property.name.span;
            // A flag stands where its name does.
            let here = |text: &str| Node::new(text.to_owned(), at);
            match &property.value {
                PropertyValue::Text(text) => option.push(Some(name.to_owned().into()), Some(at), text),
                PropertyValue::Flag if option.short_booleans => option.push(None, Some(at), here(name)),
                PropertyValue::Flag => option.push(Some(name.to_owned().into()), Some(at), here("on")),
                PropertyValue::Feature { on: true } => option.push(None, Some(at), here(&format!("+{name}"))),
                PropertyValue::Feature { on: false } => {
                    option.push(None, Some(at), here(&format!("-{name}")))
                }
            }
        })
    }
}

/// What a statement's option gives: one value, none, or several.
pub(crate) trait Given {
    /// Prints each as `name=value`.
    fn give<'o>(&self, name: &'static str, option: OptionArg<'o>) -> OptionArg<'o>;
}

impl<T> Given for Val<T>
where
    Self: Emit,
{
    fn give<'o>(&self, name: &'static str, option: OptionArg<'o>) -> OptionArg<'o> {
        option.set(name, self)
    }
}

impl<T> Given for Option<Val<T>>
where
    Self: Emit,
{
    fn give<'o>(&self, name: &'static str, option: OptionArg<'o>) -> OptionArg<'o> {
        option.set(name, self)
    }
}

impl<T> Given for Vec<Val<T>>
where
    Val<T>: Emit,
{
    fn give<'o>(&self, name: &'static str, option: OptionArg<'o>) -> OptionArg<'o> {
        self.iter().fold(option, |option, value| option.set(name, value))
    }
}

/// A property with its number written out, where QEMU reads no unit there, or the property is a device's.
fn plain(property: &Property, all: &[&Property], (sort, made): (Kind, &str), target: Target) -> Property {
    let (name, member) = match property.name.rsplit_once('.') {
        // In a block node that stands in another one: `file.size`.
        Some((outer, member)) if sort == Kind::Blockdev => {
            let driver = format!("{outer}.driver");
            let inner =
                all.iter().find(|property| property.name.value == driver).and_then(|inner| inner.text());
            inner.map_or((made, property.name.as_str()), |inner| (inner, member))
        }
        _ => (made, property.name.as_str()),
    };
    let ty = schema::at_hand(target).find_map(|schema| match schema.find(sort, name)?.property(member) {
        Lookup::Known(known) => Some(known.ty()),
        Lookup::Unknown | Lookup::CannotTell => None,
    });
    let size = ty.zip(property.text()).and_then(|(ty, text)| ty.written_out(text, sort == Kind::Device));
    let value = |size| PropertyValue::Text(Val::Known(Node::new(size, property.value_span())));
    Property { name: property.name.clone(), value: size.map_or_else(|| property.value.clone(), value) }
}

/// The properties of a statement's two sides: those that some QEMU has for the backend, and the rest, which are its device's.
pub(crate) fn sides<'p>(
    sort: Kind,
    backend: &str,
    properties: &'p [Property],
) -> (Vec<&'p Property>, Vec<&'p Property>) {
    let is_backends = |property: &&Property| {
        let types = schema::of_all().iter().filter_map(|schema| schema.find(sort, backend));
        types.into_iter().any(|ty| ty.takes(&property.name))
    };
    properties.iter().partition(is_backends)
}

fn is_there(value: &impl Emit) -> bool {
    value.emit(&mut Vec::new())
}

impl fmt::Debug for Lowering<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lowering").field("target", &self.target()).finish_non_exhaustive()
    }
}
