//! From a typed VM to a template, or from devices to a fragment. It cannot fail: what can't be printed was refused before.
//!
//! Statements print options: lists of names and values. This file alone knows how these are written as QEMU's arguments:
//! their order, what separates and escapes values, which form the target wants, how file descriptors are numbered.
//! `qmp.rs` writes the same options as QMP's commands.

mod qmp;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Display};

use crate::analyse::Vm;
use crate::analyse::args::Id;
use crate::analyse::ids::{Provides, provider};
use crate::changes::{self, Change};
use crate::node::Node;
use crate::plan::{Arg, Escape, FdSlot, FdSource, Fragment, Piece, Place, Template, Text};
use crate::spec::{Property, PropertyValue};
use crate::statement::pci::Pci;
use crate::statement::virtio_serial;
use crate::{Span, Version};

/// Where a statement's arguments stand among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// Statements that print nothing.
    Nowhere,
    Name,
    Uuid,
    Machine,
    Cpu,
    Qmp,
    Memory,
    Smp,
    Devices,
    Rtc,
    Global,
    Vga,
    NoUserConfig,
    NoDefaults,
    NoGraphic,
    Daemonize,
    /// Objects that hold the RAM.
    Backends,
    Locking,
    Kernel,
    Bios,
    Args,
}

/// The program that runs where no statement names one.
const PROGRAM: &str = "qemu-system-x86_64";

/// What stands before the number of a set of file descriptors where QEMU takes it for a file.
pub(crate) const FD_SETS: &str = "/dev/fdset/";

/// Prints `vm`.
pub(crate) fn lower(vm: &Vm) -> Template {
    let mut out = statements(vm);
    crate::statement::memory::lower_without_machine(&mut out);
    // Stable: within a section the order is that of the source.
    out.arguments.sort_by_key(|argument| argument.section);
    Template {
        target: vm.target,
        program: vec![Piece::Text(out.program.unwrap_or_else(|| PROGRAM.to_owned()).into())].into(),
        args: out.arguments.into_iter().flat_map(Argument::print).collect(),
        fds: out.fds.into(),
        ids: vm.ids.generated.clone().into(),
        places: Cow::Borrowed(&[]),
    }
}

/// Writes devices for a guest that runs. `source` is their text.
pub(crate) fn lower_devices(vm: &Vm, source: &str) -> Fragment {
    let out = statements(vm);
    let mut ids = vm.ids.generated.clone();
    let steps = qmp::steps(out.arguments, vm.target, &mut ids);
    let places = places(steps.iter().map(|step| step.span), source).into();
    Fragment { target: vm.target, steps: steps.into(), fds: out.fds.into(), ids: ids.into(), places }
}

/// Where a text has what stands at `spans`.
fn places(spans: impl Iterator<Item = Span>, source: &str) -> Vec<Place> {
    let spans: BTreeSet<_> = spans.map(|span| (span.start, span.end)).collect();
    let (mut at, mut line, mut column) = (0, 1, 1);
    let places = spans.into_iter().map(|(start, end)| {
        for c in source.get(at..start as usize).unwrap_or_default().chars() {
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        at = start as usize;
        Place { span: Span { start, end }, file: None, line, column }
    });
    places.collect()
}

/// What the statements print.
fn statements(vm: &Vm) -> Lowering<'_> {
    let mut out = Lowering {
        vm,
        name: vm.get::<crate::statement::name::Name>().map(|name| name.name.value.0.as_str()),
        program: None,
        arguments: Vec::new(),
        fds: Vec::new(),
        section: Section::Nowhere,
        span: Span::default(),
    };
    for index in order(vm) {
        if let Some(entry) = vm.statements.get(index) {
            out.section = entry.spec.section;
            out.span = entry.span;
            entry.form.lower(&mut out);
        }
    }
    out
}

/// The statements in the order of the source, but a device that owns a bus before those that use it: QEMU creates
/// devices in the order of its arguments.
fn order(vm: &Vm) -> Vec<usize> {
    let owners = owners(vm);
    let mut order = Vec::with_capacity(vm.statements.len());
    let mut done = vec![false; vm.statements.len()];
    for start in 0..vm.statements.len() {
        // Up the chain of buses as far as it is not printed yet, then down again. A chain that bites its tail is an
        // error elsewhere; here it only must not turn forever.
        let mut chain = Vec::new();
        let mut at = Some(start);
        while let Some(index) = at {
            match done.get_mut(index) {
                Some(seen @ false) => *seen = true,
                _ => break,
            }
            chain.push(index);
            at = owners.get(index).copied().flatten();
        }
        order.extend(chain.into_iter().rev());
    }
    order
}

/// For each statement, the one that provides its bus.
pub(crate) fn owners(vm: &Vm) -> Vec<Option<usize>> {
    let mut providers = std::collections::HashMap::new();
    for definition in vm.ids.definitions.iter().filter(|definition| definition.provides != Provides::Nothing)
    {
        providers.entry(definition.name.as_str()).or_insert(definition);
    }
    let mut owners = vec![None; vm.statements.len()];
    // Without a name it is the first controller, wherever that stands.
    if let Some(first) = virtio_serial::first_controller(vm) {
        for (statement, wants) in &vm.ids.implicit {
            if *wants == Provides::VirtioSerial
                && let Some(place) = owners.get_mut(*statement)
            {
                *place = Some(first);
            }
        }
    }
    for bus in &vm.ids.buses {
        let owner =
            provider(&bus.name, |name| providers.get(name).copied(), |definition| definition.provides);
        if let (Some(owner), Some(place)) = (owner, owners.get_mut(bus.statement)) {
            *place = Some(owner.statement);
        }
    }
    owners
}

/// What a statement prints at once.
struct Argument {
    section: Section,
    span: Span,
    printed: Printed,
}

enum Printed {
    /// An argument of its own.
    Word(Vec<Piece>),
    /// An option and the list of its values.
    Option { flag: &'static str, items: Vec<Item> },
}

/// A value in an option's list, not escaped, and its name. The first may have none.
struct Item {
    name: Option<String>,
    value: Vec<Piece>,
}

impl Argument {
    fn print(self) -> impl Iterator<Item = Arg> {
        let texts = match self.printed {
            Printed::Word(text) => [Some(text), None],
            Printed::Option { flag, items } => [Some(vec![piece(flag)]), Some(list(items))],
        };
        texts.into_iter().flatten().map(move |text| Arg { text: text.into(), span: self.span })
    }
}

/// An option's values as its argument has them.
fn list(items: Vec<Item>) -> Vec<Piece> {
    let mut text = Vec::new();
    for Item { name, value } in items {
        if !text.is_empty() {
            append(&mut text, ",");
        }
        if let Some(name) = name {
            append(&mut text, &name);
            append(&mut text, "=");
        }
        for piece in value {
            match piece {
                Piece::Text(more) => append(&mut text, &Escape::Comma.apply(&more)),
                piece => text.push(piece),
            }
        }
    }
    text
}

/// What the statements print to.
pub(crate) struct Lowering<'v> {
    pub(crate) vm: &'v Vm,
    name: Option<&'v str>,
    program: Option<String>,
    arguments: Vec<Argument>,
    fds: Vec<FdSlot>,
    section: Section,
    span: Span,
}

/// A value that can stand in an argument.
pub(crate) trait Emit {
    /// Appends the value as it is, not escaped. Whether there is one.
    fn emit(&self, text: &mut Vec<Piece>) -> bool;
}

impl<T: Display> Emit for Node<T> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        Shown(&self.value).emit(text)
    }
}

impl<T: Emit> Emit for Option<T> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        self.as_ref().is_some_and(|value| value.emit(text))
    }
}

impl<T: Emit + ?Sized> Emit for &T {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        (**self).emit(text)
    }
}

impl<K> Emit for Id<K> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        match self.slot {
            Some(slot) => {
                text.push(Piece::Id(slot));
                true
            }
            None => self.name.emit(text),
        }
    }
}

impl Emit for str {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        append(text, self);
        true
    }
}

impl Emit for String {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        self.as_str().emit(text)
    }
}

impl Emit for [Piece] {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        text.extend_from_slice(self);
        true
    }
}

impl Emit for Piece {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        [self.clone()].emit(text)
    }
}

/// Whatever can be displayed.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Display> Emit for Shown<T> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        self.0.to_string().emit(text)
    }
}

/// A file's path in an option that would take `x:` at its beginning for a protocol.
pub(crate) struct FilePath<'p>(pub(crate) &'p str);

impl FilePath<'_> {
    /// Whether QEMU would read the path as a protocol and its address.
    pub(crate) fn has_protocol(&self) -> bool {
        self.0.split('/').next().is_some_and(|first| first.contains(':'))
    }
}

impl Emit for FilePath<'_> {
    fn emit(&self, text: &mut Vec<Piece>) -> bool {
        if self.has_protocol() {
            append(text, "./");
        }
        self.0.emit(text)
    }
}

fn append(text: &mut Vec<Piece>, more: &str) {
    if let Some(Piece::Text(last)) = text.last_mut() {
        last.to_mut().push_str(more);
    } else {
        text.push(piece(more));
    }
}

fn piece(text: &str) -> Piece {
    Piece::Text(text.to_owned().into())
}

impl<'v> Lowering<'v> {
    /// Whether the target has it.
    pub(crate) fn has(&self, change: &Change) -> bool {
        change.is_in(self.vm.target)
    }

    /// The version that the output is for.
    pub(crate) fn target(&self) -> Version {
        self.vm.target
    }

    /// The program to run.
    pub(crate) fn program(&mut self, program: &str) {
        self.program = Some(program.to_owned());
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
        self.arguments.push(Argument { section: self.section, span: self.span, printed });
    }

    /// Whether devices for a guest that runs are printed.
    pub(crate) fn plugs(&self) -> bool {
        self.vm.is_fragment
    }

    /// An argument of its own: `-nographic`.
    pub(crate) fn flag(&mut self, flag: &str) {
        self.argument(Printed::Word(vec![piece(flag)]));
    }

    /// An option whose value is taken as it is: `-kernel PATH`.
    pub(crate) fn value(&mut self, flag: &str, value: impl Emit) {
        let mut text = Vec::new();
        if value.emit(&mut text) {
            self.flag(flag);
            self.argument(Printed::Word(text));
        }
    }

    /// An option with a list of values: `-rtc base=utc,clock=host`.
    pub(crate) fn option(&mut self, flag: &'static str) -> OptionArg<'_> {
        let short_booleans = self.has(&changes::SHORT_BOOLEANS) && !self.plugs();
        self.argument(Printed::Option { flag, items: Vec::new() });
        let items = match self.arguments.last_mut().map(|argument| &mut argument.printed) {
            Some(Printed::Option { items, .. }) => Some(items),
            _ => None,
        };
        OptionArg { items, short_booleans }
    }

    /// Adds a device's one file descriptor to the table: the text of its number.
    pub(crate) fn fd(&mut self, source: FdSource<Text>, device: &dyn Emit) -> Piece {
        self.queue_fd(source, device, 0)
    }

    fn queue_fd(&mut self, source: FdSource<Text>, device: &dyn Emit, queue: u32) -> Piece {
        let slot = self.fds.len() as u32;
        let device = text(device);
        self.fds.push(FdSlot { source, device, queue, span: self.span });
        Piece::Fd(slot)
    }

    /// File descriptors, one a queue: their numbers as QEMU's lists have them, `3:4:5`.
    pub(crate) fn fds(&mut self, source: &FdSource<Text>, device: &dyn Emit, queues: u64) -> Vec<Piece> {
        let mut list = Vec::new();
        for queue in 0..queues {
            if queue > 0 {
                append(&mut list, ":");
            }
            let fd = self.queue_fd(source.clone(), device, queue as u32);
            list.push(fd);
        }
        list
    }

    /// The MAC address of a device that names none. `interface` stands in for the name of a VM without one.
    pub(crate) fn generated_mac(&self, interface: Option<&str>, device: &dyn Emit) -> [Piece; 1] {
        let vm = text(&self.name.or(interface).unwrap_or(""));
        let vm = if self.plugs() { vec![Piece::VmName { otherwise: vm }].into() } else { vm };
        [Piece::Mac { vm, device: text(device) }]
    }
}

/// A value as a text of its own.
pub(crate) fn text(value: &dyn Emit) -> Text {
    let mut text = Vec::new();
    value.emit(&mut text);
    text.into()
}

/// An option's list of values.
pub(crate) struct OptionArg<'o> {
    items: Option<&'o mut Vec<Item>>,
    short_booleans: bool,
}

impl OptionArg<'_> {
    fn push(mut self, name: Option<&str>, value: impl Emit) -> Self {
        let mut pieces = Vec::new();
        if let Some(items) = &mut self.items
            && value.emit(&mut pieces)
        {
            items.push(Item { name: name.map(str::to_owned), value: pieces });
        }
        self
    }

    /// A value without a name, as the first in the list is.
    pub(crate) fn word(self, value: impl Emit) -> Self {
        self.push(None, value)
    }

    /// `name=value`, where there is a value.
    pub(crate) fn set(self, name: &str, value: impl Emit) -> Self {
        self.push(Some(name), value)
    }

    /// A boolean that is on: `name=on`, in the form that the target likes.
    pub(crate) fn on(self, name: &str) -> Self {
        if self.short_booleans { self.word(name) } else { self.set(name, "on") }
    }

    /// A value without a name, or what holds where there is none.
    pub(crate) fn word_or(self, value: impl Emit, default: &str) -> Self {
        let mut pieces = Vec::new();
        if value.emit(&mut pieces) { self.word(pieces.as_slice()) } else { self.word(default) }
    }

    /// `name=value`, or what holds where there is none.
    pub(crate) fn set_or(self, name: &str, value: impl Emit, default: &str) -> Self {
        let mut pieces = Vec::new();
        if value.emit(&mut pieces) { self.set(name, pieces.as_slice()) } else { self.set(name, default) }
    }

    /// A boolean that is off: `name=off`, or the word that the target has for it.
    pub(crate) fn off(self, name: &str, word: &str) -> Self {
        if self.short_booleans { self.word(word) } else { self.set(name, "off") }
    }

    /// `name=value`, the value behind a word that belongs to it: `file=/dev/fdset/3`.
    pub(crate) fn set_prefixed(self, name: &str, prefix: &str, value: Option<impl Emit>) -> Self {
        let pieces = value.map(|value| {
            let mut pieces = Vec::new();
            prefix.emit(&mut pieces);
            value.emit(&mut pieces);
            pieces
        });
        self.set(name, pieces.as_deref())
    }

    /// A value behind a word that belongs to it: `unix:PATH`.
    pub(crate) fn prefixed(self, prefix: &str, value: impl Emit) -> Self {
        let mut pieces = Vec::new();
        prefix.emit(&mut pieces);
        value.emit(&mut pieces);
        self.word(pieces.as_slice())
    }

    /// `name=true` or `name=false`, where it is given.
    pub(crate) fn truth(self, name: &str, value: &Option<Node<crate::types::OnOff>>) -> Self {
        let value = value.as_ref().map(|value| Shown(if value.0 { "true" } else { "false" }));
        self.set(name, value)
    }

    /// The properties of a statement, in the order of the source.
    pub(crate) fn properties(self, properties: &[Property]) -> Self {
        properties.iter().fold(self, |option, property| {
            let name = property.name.as_str();
            match &property.value {
                PropertyValue::Text(text) => option.set(name, text),
                PropertyValue::Flag => option.on(name),
                PropertyValue::Feature { on: true } => option.word(&format!("+{name}")),
                PropertyValue::Feature { on: false } => option.word(&format!("-{name}")),
            }
        })
    }

    /// Where a device sits on its bus.
    pub(crate) fn pci(self, pci: &Pci) -> Self {
        self.set("bus", &pci.bus).addr(pci)
    }

    /// The same without the bus, which another place in the argument has.
    pub(crate) fn addr(self, pci: &Pci) -> Self {
        self.set("addr", &pci.addr).set("multifunction", &pci.multifunction)
    }
}

impl fmt::Debug for Lowering<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lowering").field("target", &self.target()).finish_non_exhaustive()
    }
}
