//! The table of statements: what can be written, and what it means, as data.
//!
//! The entries stand in `statement/`, one file a statement. The parser, validation, suggestions, `explain`, completions and
//! the language reference all read this one.

use std::borrow::Cow;

use crate::qemu::changes::Change;
use crate::schema;
use crate::value::Type;

/// A statement.
#[derive(Debug)]
#[non_exhaustive]
pub struct StatementSpec {
    /// The word that begins it.
    pub keyword: &'static str,
    /// Whether the keyword is a word of the language wherever it stands without quotes. Any other one is a value too,
    /// where a value is due, and a property, where QEMU has one of that name: a new statement changes no text.
    pub reserved: bool,
    /// Whether it may stand but once.
    pub once: bool,
    /// Where its arguments stand among the others.
    pub section: Section,
    /// Whether it is a device or the backend of one, which a guest that runs can be given.
    pub pluggable: bool,
    /// Its meaning: the first line is a summary.
    pub doc: &'static str,
    /// A text with it that compiles, for the reference.
    pub example: &'static str,
    /// Its forms: the kinds that share their options.
    pub forms: &'static [FormSpec],
}

impl StatementSpec {
    /// The number of the form with this kind.
    pub(crate) fn form(&self, kind: Option<&str>) -> Option<usize> {
        self.forms.iter().position(|form| match kind {
            Some(kind) => form.has_kind(kind),
            None => matches!(form.kinds, Kinds::None),
        })
    }

    /// Whether its keyword says it all, if need be: no kind or value has to follow.
    pub(crate) fn stands_alone(&self) -> bool {
        let form = self.form(None).and_then(|form| self.forms.get(form));
        form.is_some_and(|form| form.positionals().all(|option| !option.required))
    }

    /// Whether nothing need stand where its kind does.
    pub(crate) fn kind_is_optional(&self) -> bool {
        let form = self.form(None).and_then(|form| self.forms.get(form));
        form.is_some_and(|form| form.options().all(|option| option.positional || !option.required))
    }

    /// All kinds that have a name here.
    pub fn kinds(&self) -> impl Iterator<Item = &'static KindSpec> + use<> {
        self.forms.iter().flat_map(FormSpec::kinds)
    }
}

/// Where a statement's arguments stand among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Statements that print nothing.
    Nowhere,
    /// `-name`
    Name,
    /// `-uuid`
    Uuid,
    /// `-machine`
    Machine,
    /// `-accel`
    Accel,
    /// `-cpu`
    Cpu,
    /// `-qmp`
    Qmp,
    /// `-m`
    Memory,
    /// `-smp`
    Smp,
    /// `-numa node`
    Numa,
    /// `-numa` of what refers to nodes.
    NumaRelations,
    /// `-numa hmat-cache`, behind what is said of the way to its memory.
    NumaCaches,
    /// What devices are behind.
    Iommu,
    /// Devices and their backends.
    Devices,
    /// `-rtc`
    Rtc,
    /// `-global`
    Global,
    /// `-boot`
    Boot,
    /// `-smbios`
    Smbios,
    /// `-fw_cfg`
    FwCfg,
    /// `-acpitable`
    AcpiTables,
    /// `-option-rom`
    OptionRoms,
    /// `-vga`
    Vga,
    /// `-display`, `-vnc` and `-spice`
    Display,
    /// `-no-user-config`
    NoUserConfig,
    /// `-nodefaults`
    NoDefaults,
    /// `-nographic`
    NoGraphic,
    /// `-daemonize`
    Daemonize,
    /// Objects that hold the RAM.
    Backends,
    /// Whether memory is locked.
    Locking,
    /// How QEMU itself behaves: `-S`, `-sandbox`, `-D` and the like.
    Behaviour,
    /// `-kernel` and its kin.
    Kernel,
    /// `-bios`
    Bios,
    /// `option`
    Options,
    /// `arg`
    Args,
}

/// A form of a statement: the kinds that share their options.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FormSpec {
    /// What may stand behind the keyword.
    pub kinds: Kinds,
    /// The kinds and options that it has in common with forms of other statements.
    pub family: Option<&'static Family>,
    /// Which of the statement's declared forms it is of: several where each kind has options of its own.
    pub(crate) declared: usize,
    /// The options and positionals, in groups.
    pub options: &'static [&'static [OptionSpec]],
    /// What people take for options of it.
    pub refused: &'static [Refused],
    /// What to do instead where a guest that runs can't be given it, though the statement is pluggable.
    pub settled: Option<&'static str>,
    /// What other names may stand as options.
    pub open: Option<Open>,
    /// Whether it says nothing without an option.
    pub needs_option: bool,
    /// Its meaning.
    pub doc: &'static str,
}

impl FormSpec {
    /// The options and positionals.
    pub fn options(&self) -> impl Iterator<Item = &'static OptionSpec> + use<> {
        let kind = match self.kinds {
            Kinds::Of([kind]) => Some(kind.name),
            _ => None,
        };
        let all = self.options.iter().flat_map(|group| group.iter());
        all.filter(move |option| {
            option.kinds.is_empty() || kind.is_none_or(|kind| option.kinds.contains(&kind))
        })
    }

    /// The positionals, in their order.
    pub fn positionals(&self) -> impl Iterator<Item = &'static OptionSpec> + use<> {
        self.options().filter(|option| option.positional)
    }

    /// The names of the options.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.options().filter(|option| !option.positional).map(|option| option.name)
    }

    /// The option of this name.
    pub fn option(&self, name: &str) -> Option<&'static OptionSpec> {
        self.options().find(|option| !option.positional && option.name == name)
    }

    /// The kinds that have a name here.
    pub fn kinds(&self) -> impl Iterator<Item = &'static KindSpec> + use<> {
        match self.kinds {
            Kinds::Of(kinds) => kinds.iter(),
            Kinds::None | Kinds::Any(_) => [].iter(),
        }
    }

    /// Whether not all of its kinds have all options.
    #[expect(clippy::indexing_slicing, reason = "a wrong index would be an error of the build")]
    const fn is_by_kind(&self) -> bool {
        let mut group = 0;
        while group < self.options.len() {
            let mut option = 0;
            while option < self.options[group].len() {
                if !self.options[group][option].kinds.is_empty() {
                    return true;
                }
                option += 1;
            }
            group += 1;
        }
        false
    }

    fn has_kind(&self, name: &str) -> bool {
        match self.kinds {
            Kinds::None => false,
            Kinds::Of(kinds) => kinds.iter().any(|kind| kind.name == name),
            Kinds::Any(_) => true,
        }
    }
}

/// Kinds and options that forms of several statements have in common: those of a character device's backend.
#[derive(Debug)]
#[non_exhaustive]
pub struct Family {
    /// What they are kinds of.
    pub name: &'static str,
    /// What that is.
    pub doc: &'static str,
    /// The kinds.
    pub kinds: &'static [KindSpec],
    /// The options.
    pub options: &'static [OptionSpec],
}

/// The forms that the table has of those that are declared: of one of which not all kinds have all options, a form for each
/// kind. There are [`count`] of them.
#[expect(clippy::indexing_slicing, reason = "a wrong index would be an error of the build")]
pub(crate) const fn by_kind<const N: usize>(declared: &[FormSpec]) -> [FormSpec; N] {
    let mut forms = [declared[0]; N];
    let (mut next, mut number) = (0, 0);
    while number < declared.len() {
        let mut kind = 0;
        while kind < parts(&declared[number]) {
            let mut form = declared[number];
            if let (true, Kinds::Of(kinds)) = (form.is_by_kind(), form.kinds) {
                form.kinds = Kinds::Of(kinds.split_at(kind).1.split_at(1).0);
            }
            form.declared = number;
            forms[next] = form;
            next += 1;
            kind += 1;
        }
        number += 1;
    }
    forms
}

/// How many forms the table has of those that are declared.
#[expect(clippy::indexing_slicing, reason = "a wrong index would be an error of the build")]
pub(crate) const fn count(declared: &[FormSpec]) -> usize {
    let (mut count, mut number) = (0, 0);
    while number < declared.len() {
        count += parts(&declared[number]);
        number += 1;
    }
    count
}

/// How many forms the table has of one that is declared.
const fn parts(form: &FormSpec) -> usize {
    match form.kinds {
        Kinds::Of(kinds) if form.is_by_kind() => kinds.len(),
        _ => 1,
    }
}

/// The word behind the keyword.
#[derive(Clone, Copy, Debug)]
pub enum Kinds {
    /// There is none.
    None,
    /// One of these.
    Of(&'static [KindSpec]),
    /// Any of QEMU's names of this sort.
    Any(&'static str),
}

/// A kind of a statement: `tap` of `netdev`.
#[derive(Debug)]
#[non_exhaustive]
pub struct KindSpec {
    /// The word.
    pub name: &'static str,
    /// Its meaning.
    pub doc: &'static str,
    /// Since and until when QEMU has it.
    pub(crate) change: Option<&'static Change>,
}

impl KindSpec {
    pub(crate) const fn of(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc, change: None }
    }
}

/// An option of a statement, or a value between its keyword and its options: a positional.
#[derive(Debug)]
#[non_exhaustive]
pub struct OptionSpec {
    /// How it is written. For a positional: what the reference calls it.
    pub name: &'static str,
    /// The type of its value.
    pub ty: &'static Type,
    /// Whether the statement needs it.
    pub required: bool,
    /// The options with one of which it doesn't.
    pub instead: &'static [&'static str],
    /// Whether it may be given again and again.
    pub list: bool,
    /// Whether it is an id of what the statement makes. Another one is of what is referred to.
    pub(crate) defines: bool,
    /// Whether it stands between the keyword and the options, without its name.
    pub positional: bool,
    /// The kinds of its form that have it. None: all of them.
    pub kinds: &'static [&'static str],
    /// The options that can't stand beside it.
    pub excludes: &'static [&'static str],
    /// What holds where it is absent, if that isn't QEMU's own default.
    pub default: &'static str,
    /// Since and until when QEMU has it.
    pub(crate) change: Option<&'static Change>,
    /// The words that not every QEMU has as its value, or in the list that this is.
    pub(crate) words: &'static [(&'static str, &'static Change)],
    /// The mistake that it is to leave it out, where that has a code of its own.
    pub(crate) missing: Option<crate::code::Code>,
    /// Its meaning.
    pub doc: &'static str,
}

impl OptionSpec {
    pub(crate) const fn of<F: Typed>(name: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            ty: F::TYPE,
            required: F::REQUIRED,
            instead: &[],
            list: F::LIST,
            defines: F::DEFINES,
            positional: false,
            kinds: &[],
            excludes: &[],
            default: "",
            change: None,
            words: &[],
            missing: None,
            doc,
        }
    }
}

/// A value in Rust that an option gives: its type, and how often it stands.
pub(crate) trait Typed {
    const TYPE: &'static Type;
    const REQUIRED: bool;
    const LIST: bool;
    /// Whether it says how something is called that the statement makes.
    const DEFINES: bool = false;
}

/// A name that people take for an option of a form, and what to do instead.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refused {
    /// The name.
    pub name: &'static str,
    pub(crate) code: crate::code::Code,
    /// Why, behind the name of the statement.
    pub why: &'static str,
    /// What to do instead.
    pub instead: &'static str,
}

impl Refused {
    pub(crate) const fn new(
        name: &'static str,
        code: crate::code::Code,
        why: &'static str,
        instead: &'static str,
    ) -> Self {
        Self { name, code, why, instead }
    }
}

/// What a form takes beside its own options: properties that it passes on to QEMU.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Open {
    /// What they are, where `of` doesn't tell.
    pub doc: &'static str,
    /// What one without a value can be.
    pub bare: Bare,
    /// What has them: the things that the form prints where nothing says otherwise, each by its sort and its name. A name that
    /// no QEMU has for such a thing is a mistake of the form's. Nothing: any name is passed on.
    pub of: &'static [Printed],
    /// Properties that no schema of QEMU's has.
    pub also: Also,
}

/// Properties that a form takes although no schema of QEMU's has them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Also {
    /// Their names.
    pub names: &'static [&'static str],
    /// What they are.
    pub doc: &'static str,
}

impl Also {
    /// None.
    const NONE: Self = Self { names: &[], doc: "" };

    pub(crate) const fn new(names: &'static [&'static str], doc: &'static str) -> Self {
        Self { names, doc }
    }
}

/// A thing of QEMU's that a form prints: its sort and its name, in which `{}` stands for the kind.
pub type Printed = (schema::Kind, &'static str);

/// The name of what a form of this kind prints.
pub(crate) fn printed<'n>(name: &'n str, kind: &'n str) -> Cow<'n, str> {
    match name {
        "{}" => kind.into(),
        name if name.contains("{}") => name.replace("{}", kind).into(),
        name => name.into(),
    }
}

impl Open {
    pub(crate) const fn new(bare: Bare, doc: &'static str) -> Self {
        Self { doc, bare, of: &[], also: Also::NONE }
    }

    /// The properties of what a form prints.
    pub(crate) const fn of(of: &'static [Printed]) -> Self {
        Self { doc: "", bare: Bare::On, of, also: Also::NONE }
    }

    /// The same, and properties that no schema has.
    pub(crate) const fn and(self, also: Also) -> Self {
        Self { also, ..self }
    }

    /// The types of what a form of this kind prints, as a schema has them. `driver` is the device that the text names in the
    /// place of the form's own.
    pub(crate) fn types<'n>(
        &self,
        kind: &'n str,
        driver: Option<&'n str>,
        schema: &'static schema::Schema,
    ) -> impl Iterator<Item = schema::Type> + use<'n> {
        let own = self.of.iter().map(move |(sort, made)| (*sort, printed(made, kind)));
        let named = driver.map(|driver| (schema::Kind::Device, driver.into()));
        own.chain(named).filter_map(|(sort, made)| schema.find(sort, &made))
    }

    /// Whether any name is passed on.
    pub(crate) const fn is_any(&self) -> bool {
        self.of.is_empty()
    }

    /// Whether some QEMU has a property of this name for what a form of this kind prints, or for the device that the text names
    /// in its place.
    pub(crate) fn takes(&self, kind: &str, driver: Option<&str>, name: &str) -> bool {
        let has_it = |ty: schema::Type| ty.takes(name);
        self.is_any()
            || self.also.names.contains(&name)
            || schema::of_all().iter().rev().any(|schema| self.types(kind, driver, schema).any(has_it))
    }
}

/// What a property without a value can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bare {
    /// Nothing: each property is `name=value`.
    Nothing,
    /// `name`: it is on. One that begins a line is a statement's keyword.
    On,
    /// The same, wherever it stands. QEMU's things of this kind have such properties.
    Flag(schema::Kind),
    /// `+name` or `-name` too.
    Feature(schema::Kind),
}

impl Bare {
    /// Whether some version of QEMU has a property of this name there that can be on.
    pub(crate) fn is_property(self, name: &str) -> bool {
        let (Self::Flag(kind) | Self::Feature(kind)) = self else { return false };
        schema::has_switch(kind, name)
    }
}

/// All statements.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    statements: &'static [&'static [&'static StatementSpec]],
    find: fn(&str) -> Option<&'static StatementSpec>,
}

impl Table {
    /// A table of these statements. `find` finds the one of a keyword.
    pub(crate) const fn new(
        statements: &'static [&'static [&'static StatementSpec]],
        find: fn(&str) -> Option<&'static StatementSpec>,
    ) -> Self {
        Self { statements, find }
    }

    /// The statements, in the order of the reference.
    pub fn statements(self) -> impl Iterator<Item = &'static StatementSpec> {
        self.statements.iter().copied().flatten().copied()
    }

    /// The statement of this keyword.
    pub fn find(self, keyword: &str) -> Option<&'static StatementSpec> {
        (self.find)(keyword)
    }

    /// All keywords.
    pub fn keywords(self) -> impl Iterator<Item = &'static str> {
        self.statements().map(|spec| spec.keyword)
    }
}
