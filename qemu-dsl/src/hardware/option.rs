//! The options that a VM prints, those among its `arg`s too, with their values by name.

use std::borrow::Cow;

use crate::bind::tie::NAME;
use crate::model::Vm;
use crate::plan::{Piece, When, arguments, optlist};
use crate::print::{Argument, Item, Output, Pieces, Printed, Written, piece};
use crate::schema::{self, Kind, Type};
use crate::table::Section;
use crate::{Span, Target};

/// An option and its list of values.
#[derive(Debug)]
pub(crate) struct QemuOption<'p> {
    /// Its name without hyphens: `device`.
    pub(crate) name: &'p str,
    /// The number of the statement that prints it.
    pub(crate) statement: usize,
    /// Whether it is an `arg`, of which the language knows nothing.
    pub(crate) is_arg: bool,
    /// What it makes.
    pub(crate) kind: Option<Kind>,
    /// What the schema says of that: the target's, or that of a QEMU much like it.
    pub(crate) ty: Option<Type>,
    /// The shape of its statement that it belongs to, if not to all.
    pub(crate) when: Option<When>,
    items: Cow<'p, [Item]>,
    /// The generated ids.
    ids: &'p [String],
}

/// The value of an option's item, where it is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'o> {
    pub(crate) text: &'o str,
    /// Where the text says so. What the compiler has added has no place.
    pub(crate) written: Option<Written>,
    /// Whether it is a switch by a sign (`+avx`), as a CPU's feature can have.
    pub(crate) is_switch: bool,
}

impl Value<'_> {
    /// That of an item which comes later: what stands for it in words.
    pub(super) fn late(item: &Item) -> Self {
        Self { text: NAME, written: item.written, is_switch: false }
    }

    /// The place of the value, or of the statement where it isn't written.
    pub(crate) fn span_or(&self, head: Span) -> Span {
        self.written.map_or(head, |written| written.value)
    }

    /// Whether it switches something on.
    pub(crate) fn is_on(&self) -> bool {
        matches!(self.text, "on" | "yes" | "true" | "y")
    }
}

impl<'p> QemuOption<'p> {
    fn new(name: &'p str, at: &Argument, items: Cow<'p, [Item]>, vm: &'p Vm) -> Self {
        let is_arg = at.section == Section::Args;
        let ids = vm.ids.names.as_slice();
        Self {
            name,
            statement: at.statement,
            is_arg,
            kind: Kind::of_option(name),
            ty: None,
            when: at.when,
            items,
            ids,
        }
    }

    /// The value without a name that comes first: a device's driver, a backend's type.
    pub(crate) fn first(&self) -> Option<Value<'_>> {
        self.items.first().filter(|item| item.name.is_none()).and_then(|item| self.value(item))
    }

    /// What its first value names behind a word: the id in `chardev:serial0`.
    pub(crate) fn behind(&self, word: &str) -> Option<Value<'_>> {
        let item = self.items.first()?;
        let text = match &*item.value {
            [Piece::Text(text)] => text.strip_prefix(word)?,
            [Piece::Text(text), Piece::Id(slot)] if text == word => self.ids.get(*slot as usize)?,
            _ => return None,
        };
        Some(Value { text, written: item.written, is_switch: false })
    }

    /// The same where it comes later.
    pub(super) fn late_behind(&self, word: &str) -> Option<(&Item, &[Piece])> {
        let item = self.items.first()?;
        let is_late = |piece: &Piece| matches!(piece, Piece::Blank { .. });
        match &*item.value {
            [Piece::Text(text), rest @ ..] if text == word && rest.iter().any(is_late) => Some((item, rest)),
            _ => None,
        }
    }

    /// The name of what it makes.
    pub(crate) fn made(&self) -> Option<Value<'_>> {
        self.first().or_else(|| self.get("driver"))
    }

    /// Its items without the first one that has no name.
    fn with_names(&self) -> &[Item] {
        match &*self.items {
            [first, rest @ ..] if first.name.is_none() => rest,
            all => all,
        }
    }

    /// The value of this name, the last one where there are several. A bare name says `on`.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'_>> {
        self.with_names().iter().rev().find_map(|item| match &item.name {
            Some(own) if own == name => self.value(item),
            Some(_) => None,
            None => self.switch(item).filter(|(own, _)| *own == name).map(|(_, value)| value),
        })
    }

    /// All items, those that come later too.
    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// The item of this name, the last one where there are several, whether its value is known or not.
    pub(crate) fn item(&self, name: &str) -> Option<&Item> {
        self.with_names().iter().rev().find(|item| item.name.as_deref() == Some(name))
    }

    /// Whether it has a value of this name, or one within that (`file.filename` in `file`), whether that is known or not.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        let is_it = |other: &str| {
            other.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.items.iter().any(|item| item.name.as_deref().is_some_and(is_it))
    }

    /// Its values that come later, by their names.
    pub(super) fn late(&self) -> impl Iterator<Item = (&str, &Item)> {
        let late = self.items.iter().filter(|item| item.late.is_some());
        late.filter_map(|item| Some((item.name.as_deref()?, item)))
    }

    /// Whether its value of this name comes later.
    pub(crate) fn is_open(&self, name: &str) -> bool {
        self.items.iter().any(|item| item.late.is_some() && item.name.as_deref() == Some(name))
    }

    /// Whether a value comes later on which others hang: what it makes, how that is called, what the machine is.
    pub(super) fn is_uncertain(&self) -> bool {
        if self.name.is_empty() {
            return true;
        }
        let is_machine = self.name == "machine";
        let hangs = |name: &str| is_machine || matches!(name, "id" | "node-name" | "share");
        let mut open = self.items.iter().filter(|item| item.late.is_some());
        self.is_unseen() || open.any(|item| item.name.as_deref().is_some_and(hangs))
    }

    /// Whether it may make what can't be seen, whatever it is called: QEMU reads it elsewhere, or what it makes comes later.
    pub(crate) fn is_unseen(&self) -> bool {
        let makes = matches!(self.kind, Some(Kind::Device | Kind::Machine | Kind::Object));
        let is_made = |item: &Item| item.name.as_deref().is_none_or(|name| name == "driver");
        let comes_later = self.items.iter().any(|item| item.late.is_some() && is_made(item));
        self.name.is_empty() || self.name == "readconfig" || self.is_json() || makes && comes_later
    }

    /// All values with a name. Those that are not known yet are left out.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.with_names().iter().filter_map(|item| match &item.name {
            Some(name) => Some((&**name, self.value(item)?)),
            None => self.switch(item),
        })
    }

    /// What a bare name says, or a CPU's feature, which a sign switches.
    fn switch<'o>(&'o self, item: &'o Item) -> Option<(&'o str, Value<'o>)> {
        let Value { text, written, .. } = self.value(item)?;
        let sign = text.chars().next().filter(|sign| self.name == "cpu" && matches!(sign, '+' | '-'));
        let name = if sign.is_some() { text.get(1..).unwrap_or_default() } else { text };
        let on = if sign == Some('-') { "off" } else { "on" };
        Some((name, Value { text: on, written, is_switch: sign.is_some() }))
    }

    /// What a `global` sets: the driver, its property, and the value.
    pub(crate) fn default(&self, target: Target) -> Option<(&str, &str, Value<'_>)> {
        if let (Some(driver), Some(property), Some(value)) =
            (self.get("driver"), self.get("property"), self.get("value"))
        {
            return Some((driver.text, property.text, value));
        }
        let (name, value) = self.named().find(|(name, _)| name.contains('.'))?;
        let (driver, property) = schema::driver_and_property(name, target)?;
        Some((driver, property, value))
    }

    /// The names that the text has, with their places, whether their values are known or not.
    pub(crate) fn written_names(&self) -> impl Iterator<Item = (&str, Span)> {
        self.items.iter().filter_map(|item| Some((item.name.as_deref()?, item.written?.name?)))
    }

    /// Whether its values are JSON, which is not looked into.
    pub(crate) fn is_json(&self) -> bool {
        self.first().is_some_and(|first| first.text.starts_with('{'))
    }

    fn value<'o>(&'o self, item: &'o Item) -> Option<Value<'o>> {
        if item.late.is_some() {
            return None;
        }
        let text = match &*item.value {
            [] => "",
            [Piece::Text(text)] => text,
            [Piece::Id(slot)] => self.ids.get(*slot as usize)?,
            _ => return None,
        };
        Some(Value { text, written: item.written, is_switch: false })
    }
}

/// The options that a VM prints. What takes one value and no list has that as its first one.
pub(crate) fn options<'p>(vm: &'p Vm, output: &'p Output) -> Vec<QemuOption<'p>> {
    let printed = &output.arguments;
    let mut options = Vec::with_capacity(printed.len());
    for argument in printed {
        if let Printed::Option { flag, items, .. } = &argument.printed {
            options.push(QemuOption::new(arguments::bare(flag), argument, items.as_slice().into(), vm));
        }
    }
    // What is printed word by word: the language's own flags, and what `arg` passes on.
    let is_word = |argument: &&Argument| matches!(argument.printed, Printed::Word(_));
    let mut words: Vec<_> = printed.iter().filter(is_word).collect();
    // As they stand in the end: of two words the one can be the other's value.
    words.sort_by_key(|argument| argument.section);
    let texts: Vec<_> = words.iter().map(|argument| plain(argument)).collect();
    for argument in arguments::split(texts.iter().copied()) {
        let Some(name) = argument.name.map(arguments::bare) else { continue };
        let Some(at) = words.get(argument.at) else { continue };
        let value_at = words.get(argument.at + 1).map_or(at.span, |value| value.span);
        let items = argument.value.map(|value| read(value, value_at)).unwrap_or_default();
        options.push(QemuOption::new(name, at, items.into(), vm));
    }
    // To sort takes as much memory again.
    if !options.is_sorted_by_key(|option| option.statement) {
        options.sort_by_key(|option| option.statement);
    }
    let schema = schema::nearest(vm.target);
    for option in &mut options {
        option.ty = option.kind.zip(option.made()).and_then(|(kind, made)| schema.find(kind, made.text));
    }
    options
}

fn plain(argument: &Argument) -> &str {
    match &argument.printed {
        Printed::Word(text) => match text.as_slice() {
            [Piece::Text(text)] => text,
            _ => "",
        },
        Printed::Option { .. } => "",
    }
}

/// The items of an option's list, all of which stand at `at`.
fn read(list: &str, at: Span) -> Vec<Item> {
    let written = Some(Written { name: Some(at), value: at });
    let items = optlist::read(list).map(|(name, value)| Item {
        name: name.map(|name| name.to_owned().into()),
        value: Pieces::One(piece(value.into_owned())),
        late: None,
        written,
    });
    items.collect()
}
