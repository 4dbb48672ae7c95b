//! What QEMU says of itself: which devices, objects, machine types, CPU models and backends each version has on each
//! architecture, and which properties they take.
//!
//! The data below this folder was written by `scripts/schema`, which asks real QEMUs (as Debian builds them). It is
//! searched where it lies: nothing is parsed or built, neither at start nor later.
//!
//! A schema is of one version. Of those between two, what both say is certain, and what one of them says is not
//! ([`around`]). And a list can know a build with other parts in it than the one that runs: `check/schema.rs` says what
//! follows from a name that isn't listed.
//!
//! ```
//! use qemu_dsl::schema::{self, Kind, Lookup, PropertyType};
//! use qemu_dsl::{Arch, Target, Version};
//!
//! let target = Target::new(Arch::X86_64, Version::new(7, 2));
//! let [schema] = schema::around(target) else { panic!() };
//! let device = schema.find(Kind::Device, "virtio-blk").unwrap();
//! assert_eq!(device.name(), "virtio-blk-pci");
//! let Lookup::Known(property) = device.property("disable-legacy") else { panic!() };
//! assert!(property.ty().accepts("auto"));
//! assert!(!property.ty().accepts("maybe"));
//! assert_eq!(property.ty().to_string(), "`on`, `off` or `auto`");
//! assert_eq!(device.property("no-such"), Lookup::Unknown);
//! assert_eq!(device.required().collect::<Vec<_>>(), ["drive"]);
//!
//! let between = Target { version: Version::new(8, 2), ..target };
//! let [older, newer] = schema::around(between) else { panic!() };
//! let has = |schema: &'static schema::Schema, name| schema.find(Kind::Device, name).is_some();
//! assert!(has(older, "virtio-blk") && has(newer, "virtio-blk"));
//! assert!(!has(older, "virtio-sound") && has(newer, "virtio-sound"));
//! ```
//!
//! # The format
//!
//! A section for each name, in byte order, and in it a line for each property, in byte order too:
//!
//! ```text
//! [device virtio-blk alias=virtio-blk-pci]
//! [device virtio-blk-pci bus=PCI parent=virtio-blk-pci-base required=drive]
//! [device virtio-blk-pci-base abstract parent=virtio-pci]
//! bootindex int32
//! drive drive
//! ```
//!
//! A section's kind and name are followed by what else is known of it:
//!
//! - `abstract`: a type that only others are made of. `internal`: it can't be created by a user. `cold`: it can't be plugged
//!   into a guest that runs. `default`: the machine that QEMU takes by itself. `deprecated`. `unknown`: QEMU couldn't be
//!   asked for its properties. `unstarted`: it couldn't be started, so that nobody knows its buses.
//! - `alias=`: another name for that one. `parent=`: it has that one's properties, too; of the same kind.
//! - `bus=`: the type of bus that a device plugs into. `required=`: it can't be without any of these properties, which may
//!   be those of a parent; `one-of=`: not without one of them.
//! - Of a machine type: `buses=` (the section of that name has its buses; without it QEMU couldn't be asked), `cpu=` (the
//!   model that it takes by itself), `cpus=` (how many it can have), `ram=` (the id of its memory).
//!
//! A line is a property's name, its type, and perhaps `read-only` (no user sets it) or `deprecated`. The type is QEMU's own name for it, or where that says little, the values with `|` between, or a word that says more (`mac`,
//! `pci-slot`, `drive`, `netdev`; `number` where QEMU doesn't tell which; `uint63` for an `int64` that can't be negative).
//! What has members is an `object`, and these follow (`encrypt.key-secret`); a block node is a `drive`, though it can have
//! members, too. `link<secret_common>` is the id of an object or a device of that type, `list<drive>` a list of these.
//!
//! The lines of `[buses ...]` are buses in place of properties, each with its type: those of a machine, or those that a
//! device provides, where `ID` stands for its id. `[bus PCIE parent=PCI]` says that what plugs into a `PCI` plugs into a
//! `PCIE`, too.

mod property;
mod text;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{OnceLock, RwLock};

use crate::{Arch, Target, Version};
use text::{Section, Sections};

pub use crate::value::{Element, PropertyType};
pub use property::Property;
pub(crate) use property::is_path;

/// In the order of architectures and versions.
static SCHEMAS: [Schema; 10] = [
    schema(Arch::Aarch64, 7, 2, include_str!("aarch64/7.2.txt")),
    schema(Arch::Aarch64, 11, 1, include_str!("aarch64/11.1.txt")),
    schema(Arch::Riscv64, 7, 2, include_str!("riscv64/7.2.txt")),
    schema(Arch::Riscv64, 11, 1, include_str!("riscv64/11.1.txt")),
    schema(Arch::S390x, 7, 2, include_str!("s390x/7.2.txt")),
    schema(Arch::S390x, 11, 1, include_str!("s390x/11.1.txt")),
    schema(Arch::X86_64, 5, 2, include_str!("x86_64/5.2.txt")),
    schema(Arch::X86_64, 7, 2, include_str!("x86_64/7.2.txt")),
    schema(Arch::X86_64, 10, 0, include_str!("x86_64/10.0.txt")),
    schema(Arch::X86_64, 11, 1, include_str!("x86_64/11.1.txt")),
];

const fn schema(arch: Arch, major: u16, minor: u16, text: &'static str) -> Schema {
    Schema {
        target: Target { arch, version: Version::new(major, minor) },
        sections: Sections::new(text),
        types: OnceLock::new(),
        found: OnceLock::new(),
        default_machine: OnceLock::new(),
    }
}

/// The schemas that tell of a version, the older one first: its own, or the two between which it lies, or the newest where
/// it is newer than that. Empty for a QEMU older than the oldest schema, which may have had what went since, and for an
/// architecture without a schema.
#[must_use]
pub fn around(target: Target) -> &'static [Schema] {
    let all = all(target.arch);
    let newer = all.partition_point(|schema| schema.target.version < target.version);
    let range = match all.get(newer) {
        Some(own) if own.target.version == target.version => newer..newer + 1,
        None => newer.saturating_sub(1)..newer,
        Some(_) if newer == 0 => 0..0,
        Some(_) => newer - 1..newer + 1,
    };
    all.get(range).unwrap_or_default()
}

/// All schemas of an architecture, the oldest first. QEMU for i386 has what that for `x86_64` has.
#[must_use]
pub fn all(arch: Arch) -> &'static [Schema] {
    let arch = if arch == Arch::I386 { Arch::X86_64 } else { arch };
    let start = SCHEMAS.partition_point(|schema| schema.target.arch < arch);
    let end = SCHEMAS.partition_point(|schema| schema.target.arch <= arch);
    SCHEMAS.get(start..end).unwrap_or_default()
}

/// What tells how to write for a QEMU: [`nearest`], and behind it what else is [`around`] it.
pub fn at_hand(target: Target) -> impl Iterator<Item = &'static Schema> {
    let nearest = nearest(target);
    std::iter::once(nearest).chain(around(target).iter().filter(move |other| other.target != nearest.target))
}

/// The driver and the property that a default is for: both can have dots in them (`cfi.pflash01.name`,
/// `nvme-ns.fdp.ruhs`). Where no schema knows, the last dot parts them.
#[must_use]
pub fn driver_and_property(name: &str, target: Target) -> Option<(&str, &str)> {
    let mut parts = name.rmatch_indices('.').map(|(dot, _)| name.split_at(dot));
    let is_driver = |driver| at_hand(target).any(|schema| schema.driver(driver).is_some());
    let (driver, property) = match parts.clone().find(|(driver, _)| is_driver(driver)) {
        Some(known) => known,
        None => parts.next()?,
    };
    Some((driver, property.strip_prefix('.')?))
}

/// All schemas of all architectures.
#[must_use]
pub fn of_all() -> &'static [Schema] {
    &SCHEMAS
}

/// The schema that is most like a QEMU: for what needs no more than a hint. It is the newest one that is not newer, or else
/// the oldest. Of an architecture without any it is that of another one.
#[must_use]
pub fn nearest(target: Target) -> &'static Schema {
    let [first, ..] = &SCHEMAS;
    let all = match all(target.arch) {
        [] => all(Arch::default()),
        own => own,
    };
    let newer = all.partition_point(|schema| schema.target.version <= target.version);
    all.get(newer.saturating_sub(1)).unwrap_or(first)
}

/// What one version of QEMU has on one architecture.
#[derive(Debug)]
pub struct Schema {
    target: Target,
    sections: Sections,
    /// The types that have been asked for, each at the number of its section.
    types: OnceLock<Vec<OnceLock<Whole>>>,
    /// The names that have been found: most are looked for again.
    found: OnceLock<RwLock<HashMap<(Kind, &'static str), Type>>>,
    default_machine: OnceLock<Option<Type>>,
}

/// What the names in a schema are names of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An accelerator, as in `-accel` (`kvm`).
    Accel,
    /// A block driver, as in `-blockdev` (`qcow2`).
    Blockdev,
    /// A backend of a character device, as in `-chardev` (`socket`). QEMU has one list of options for all of them.
    Chardev,
    /// A CPU model, as in `-cpu` (`Haswell`); its properties are its features.
    Cpu,
    /// A device, as in `-device` (`virtio-net-pci`).
    Device,
    /// A machine type, as in `-machine` (`q35`).
    Machine,
    /// A network backend, as in `-netdev` (`tap`).
    Netdev,
    /// An object, as in `-object` (`memory-backend-file`).
    Object,
}

impl Kind {
    /// What an option of QEMU's makes, with or without its hyphen.
    pub(crate) fn of_option(option: &str) -> Option<Self> {
        Some(match option.strip_prefix('-').unwrap_or(option) {
            "blockdev" => Self::Blockdev,
            "chardev" => Self::Chardev,
            "cpu" => Self::Cpu,
            "device" => Self::Device,
            "machine" | "M" => Self::Machine,
            "netdev" => Self::Netdev,
            "object" => Self::Object,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Self::Accel => "accel",
            Self::Blockdev => "blockdev",
            Self::Chardev => "chardev",
            Self::Cpu => "cpu",
            Self::Device => "device",
            Self::Machine => "machine",
            Self::Netdev => "netdev",
            Self::Object => "object",
        }
    }

    /// Whether QEMU reads `_` as `-` in the names of these properties.
    fn takes_underscores(self) -> bool {
        matches!(self, Self::Cpu | Self::Machine)
    }
}

/// Whether some QEMU has a property of this name that can be on, of something of a kind. The names are collected once: whoever
/// asks mostly asks for one that nothing has, and would look through all types.
pub(crate) fn has_switch(kind: Kind, name: &str) -> bool {
    static NAMES: RwLock<BTreeMap<Kind, HashSet<&'static str>>> = RwLock::new(BTreeMap::new());
    let is_among = |names: &HashSet<&str>| {
        names.contains(name) || (kind.takes_underscores() && names.contains(&*name.replace('_', "-")))
    };
    let known = NAMES.read().ok().and_then(|all| all.get(&kind).map(is_among));
    known.unwrap_or_else(|| {
        let names: HashSet<_> = SCHEMAS.iter().flat_map(|schema| schema.switches(kind)).collect();
        let is_one = is_among(&names);
        if let Ok(mut all) = NAMES.write() {
            all.insert(kind, names);
        }
        is_one
    })
}

impl Schema {
    /// The QEMU that this was asked of. It may be older than the one that it was found for.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.target.version
    }

    /// What `name` names. An alias gives what it stands for.
    #[must_use]
    pub fn find(&'static self, kind: Kind, name: &str) -> Option<Type> {
        let found = self.found.get_or_init(RwLock::default);
        if let Some(ty) = found.read().ok()?.get(&(kind, name)) {
            return Some(*ty);
        }
        let named = self.section(kind, name)?;
        let section = match named.attribute("alias=") {
            Some(target) => self.section(kind, target)?,
            None => named,
        };
        let ty = if section.has("abstract") { None } else { self.whole(kind, section) }?;
        found.write().ok()?.insert((kind, named.name), ty);
        Some(ty)
    }

    /// What `name` names though no user can create it: a part of others, or a type that others are made of.
    #[must_use]
    pub fn find_part(&'static self, kind: Kind, name: &str) -> Option<Type> {
        let section = self.section(kind, name)?;
        let part = self.whole(kind, section)?;
        (!part.is_creatable()).then_some(part)
    }

    /// The type of devices or objects that `-global NAME.property=value` sets a property of. Unlike `-device` it takes
    /// no alias, but types that only others are made of (`pci-device`), and those that no user can create (`kvm-pit`).
    #[must_use]
    pub fn driver(&'static self, name: &str) -> Option<Type> {
        let (kind, section) = [Kind::Device, Kind::Object]
            .into_iter()
            .find_map(|kind| Some((kind, self.section(kind, name)?)))?;
        if section.attribute("alias=").is_none() { self.whole(kind, section) } else { None }
    }

    /// All names that a user can write, aliases too, in byte order.
    pub fn names(&'static self, kind: Kind) -> impl Iterator<Item = &'static str> + use<> {
        self.sections
            .of(kind.word())
            .filter(|section| !section.has("abstract") && !section.has("internal"))
            .map(|section| section.name)
    }

    /// All names that a user can't write: parts of machines and of others, and types that others are made of.
    pub fn parts(&'static self, kind: Kind) -> impl Iterator<Item = &'static str> + use<> {
        self.sections
            .of(kind.word())
            .filter(|section| section.has("abstract") || section.has("internal"))
            .map(|section| section.name)
    }

    /// The machine type that QEMU takes where nothing is said.
    #[must_use]
    pub fn default_machine(&'static self) -> Option<Type> {
        *self.default_machine.get_or_init(|| {
            let mut machines = self.sections.of(Kind::Machine.word());
            self.whole(Kind::Machine, machines.find(|section| section.has("default"))?)
        })
    }

    /// Whether a device that plugs into buses of the type `wanted` plugs into one of the type `bus`: QEMU's types of buses are
    /// made of each other, as are its devices.
    #[must_use]
    pub fn bus_is(&self, bus: &str, wanted: &str) -> bool {
        let parent = |bus: &str| self.sections.find("bus", bus)?.attribute("parent=");
        bus == wanted || std::iter::successors(parent(bus), |bus| parent(bus)).any(|bus| bus == wanted)
    }

    /// The types of buses whose devices plug into one of the type `bus`: it, and those that it is made of.
    pub fn bus_sorts(&'static self, bus: &'static str) -> impl Iterator<Item = &'static str> + use<> {
        let sections = &self.sections;
        std::iter::successors(Some(bus), move |bus| sections.find("bus", bus)?.attribute("parent="))
            .take_while(|bus| *bus != "bus")
    }

    /// The type whose buses QEMU calls `name` and a number where nothing gives them another name: `scsi` of `SCSI`.
    #[must_use]
    pub fn bus_called(&'static self, name: &str) -> Option<&'static str> {
        let mut buses = self.sections.of("bus").map(|section| section.name);
        buses.find(|bus| bus.to_ascii_lowercase() == name)
    }

    /// The names of all properties that can be on of what a user can make, those of more than one as often.
    fn switches(&'static self, kind: Kind) -> impl Iterator<Item = &'static str> {
        let mut seen = HashSet::new();
        let users = self
            .sections
            .of(kind.word())
            .filter(|section| !section.has("abstract") && !section.has("internal"));
        let sections = users.flat_map(move |section| self.made_of(kind, section));
        let sections = sections.filter(move |section| seen.insert(section.number));
        let properties = sections.flat_map(|section| section.properties());
        properties.filter(|(name, says)| Property::new(name, says).ty().can_be_on()).map(|(name, _)| name)
    }

    fn section(&self, kind: Kind, name: &str) -> Option<Section> {
        self.sections.find(kind.word(), name)
    }

    /// The buses of a machine or a device.
    fn buses(&self, kind: Kind, section: Section) -> Option<Vec<Bus>> {
        let owner = match kind {
            Kind::Machine => section.attribute("buses=")?,
            Kind::Device if section.has("unstarted") => return None,
            Kind::Device => section.name,
            _ => return Some(Vec::new()),
        };
        let found = self.sections.find("buses", owner);
        Some(found.iter().flat_map(Section::properties).map(|(name, ty)| Bus { name, ty }).collect())
    }

    /// A type's own section, and those of what it is made of.
    fn made_of(&'static self, kind: Kind, section: Section) -> Vec<Section> {
        let with_parents = |section, kind: Kind| {
            std::iter::successors(Some(section), move |section: &Section| {
                self.section(kind, section.attribute("parent=")?)
            })
        };
        let mut sections: Vec<Section> = with_parents(section, kind).collect();
        if kind == Kind::Cpu {
            // A CPU model is also a type of device, under a longer name.
            let name = [section.name, self.target.arch.cpu_suffix()].concat();
            let device = self.sections.find(Kind::Device.word(), &name);
            sections.extend(device.into_iter().flat_map(|device| with_parents(device, Kind::Device)));
        }
        sections
    }

    /// The type whose own section is `section`.
    fn whole(&'static self, kind: Kind, section: Section) -> Option<Type> {
        let whole = || {
            let sections = self.made_of(kind, section);
            // Of two of one name the first holds: its own before those of what it is made of.
            let mut by_name: Vec<_> = sections.iter().flat_map(Section::properties).collect();
            by_name.sort_by_key(|(name, _)| *name);
            by_name.dedup_by_key(|(name, _)| *name);
            let bus = section.attribute("bus=");
            let buses = self.buses(kind, section);
            let mut sorts: Vec<_> = buses.iter().flatten().map(|bus| bus.ty).collect();
            sorts.dedup();
            let sorts = sorts.into_iter().flat_map(|bus| self.bus_sorts(bus)).collect();
            let is_unknown = sections.iter().any(|section| section.has("unknown"));
            Whole { kind, section, sections, by_name, bus, buses, sorts, is_unknown, schema: self }
        };
        let types = self.types.get_or_init(|| (0..self.sections.count()).map(|_| OnceLock::new()).collect());
        types.get(section.number).map(|ty| Type { whole: ty.get_or_init(whole) })
    }
}

/// One device, machine type, CPU model, ... of a schema.
#[derive(Clone, Copy, Debug)]
pub struct Type {
    whole: &'static Whole,
}

/// What a type consists of.
struct Whole {
    kind: Kind,
    section: Section,
    /// Its own, and those of all that it is made of.
    sections: Vec<Section>,
    /// All properties with what they take, in the order of their names.
    by_name: Vec<(&'static str, &'static str)>,
    /// The type of bus that it plugs into.
    bus: Option<&'static str>,
    /// The buses that it has, where that is known.
    buses: Option<Vec<Bus>>,
    /// The sorts of buses that it has, and of those that these are made of.
    sorts: Vec<&'static str>,
    /// Whether QEMU couldn't be asked for its properties.
    is_unknown: bool,
    schema: &'static Schema,
}

impl fmt::Debug for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:?} in {:?}", self.section.name, self.kind, self.schema.target)
    }
}

/// A bus that a machine has, or a device provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bus {
    name: &'static str,
    ty: &'static str,
}

impl Bus {
    /// Its name, where the device that provides it has the id `id`: `ID.0`.
    #[must_use]
    pub fn name(&self, id: &str) -> Cow<'static, str> {
        match self.name.strip_prefix("ID") {
            Some(number) if number.is_empty() || number.starts_with('.') => Cow::Owned([id, number].concat()),
            _ => Cow::Borrowed(self.name),
        }
    }

    /// Its name, where no device's id is in it.
    #[must_use]
    pub fn fixed_name(&self) -> Option<&'static str> {
        match self.name(" ") {
            Cow::Borrowed(name) => Some(name),
            Cow::Owned(_) => None,
        }
    }

    /// QEMU's type of it: `PCIE`, `usb-bus`.
    #[must_use]
    pub fn ty(&self) -> &'static str {
        self.ty
    }
}

/// What a schema says to the name of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// There is such a property.
    Known(Property),
    /// There is none.
    Unknown,
    /// The schema doesn't know: the name reaches into something (`smp.cpus`, `file.filename`, `ports[0]`), or QEMU
    /// couldn't be asked for this type's properties.
    CannotTell,
}

impl Type {
    /// QEMU's name for it; where it was found by an alias, the one behind that.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.whole.section.name
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.whole.kind
    }

    /// The schema that says so.
    #[must_use]
    pub fn schema(&self) -> &'static Schema {
        self.whole.schema
    }

    /// The type of bus that a device plugs into (`PCI`, `usb-bus`). None where it needs no bus.
    #[must_use]
    pub fn bus(&self) -> Option<&'static str> {
        self.whole.bus
    }

    /// Whether it is `name`, or made of that.
    #[must_use]
    pub fn is_a(&self, name: &str) -> bool {
        self.whole.sections.iter().any(|section| section.name == name)
    }

    /// All that it is: it, and what it is made of.
    pub fn is(&self) -> impl Iterator<Item = &'static str> {
        self.whole.sections.iter().map(|section| section.name)
    }

    /// Whether a user can create it. A device can also be a part of others, which only `-global` reaches.
    #[must_use]
    pub fn is_creatable(&self) -> bool {
        !self.whole.section.has("internal") && !self.whole.section.has("abstract")
    }

    /// Whether a device can be plugged into a guest that runs.
    #[must_use]
    pub fn is_pluggable(&self) -> bool {
        self.is_creatable() && !self.whole.section.has("cold")
    }

    /// Whether QEMU says that it will go.
    #[must_use]
    pub fn is_deprecated(&self) -> bool {
        self.whole.section.has("deprecated")
    }

    /// Whether QEMU takes it where nothing is said. Only a machine type can be.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.whole.section.has("default")
    }

    /// The buses that a device provides, or a machine has. None where QEMU couldn't be asked, as some don't start without an
    /// image, or anything else that the host lacks.
    pub fn buses(&self) -> Option<impl Iterator<Item = Bus> + use<>> {
        Some(self.whole.buses.as_ref()?.iter().copied())
    }

    /// The types of buses whose devices plug into one that it has.
    #[must_use]
    pub fn bus_sorts(&self) -> &'static [&'static str] {
        &self.whole.sorts
    }

    /// How many CPUs a machine can have.
    #[must_use]
    pub fn max_cpus(&self) -> Option<u32> {
        self.whole.section.attribute("cpus=")?.parse().ok()
    }

    /// The CPU model that a machine has where nothing is said.
    #[must_use]
    pub fn default_cpu(&self) -> Option<&'static str> {
        self.whole.section.attribute("cpu=")
    }

    /// The id of a machine's memory, which no other object can have.
    #[must_use]
    pub fn ram_id(&self) -> Option<&'static str> {
        self.whole.section.attribute("ram=")
    }

    /// The properties that it can't be without. One that has members is there where one of these is.
    pub fn required(&self) -> impl Iterator<Item = &'static str> {
        self.whole
            .sections
            .iter()
            .filter_map(|section| section.attribute("required="))
            .flat_map(|names| names.split(','))
    }

    /// Properties of which it can't be without any. Empty where there are no such.
    pub fn one_of(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.whole.section.attribute("one-of=").unwrap_or_default().split(',').filter(|name| !name.is_empty())
    }

    /// The property `name`, or what the option that creates this takes besides (`id`, `bus`).
    #[must_use]
    pub fn property(&self, name: &str) -> Lookup {
        if let Some(property) = self.own(name) {
            Lookup::Known(property)
        } else if self.whole.kind.takes_underscores() && name.contains('_') {
            self.property(&name.replace('_', "-"))
        } else if self.whole.is_unknown || name.contains(['[', ']']) {
            Lookup::CannotTell
        } else {
            self.within(name)
        }
    }

    /// The property that `name` reaches into: `host-nodes` of `host-nodes.0`. One whose own name has a dot in it is none
    /// (`fdp.ruhs`).
    #[must_use]
    pub fn reached_by(&self, name: &str) -> Option<Property> {
        let mut outer = name.match_indices('.').filter_map(|(dot, _)| self.own(name.get(..dot)?));
        outer.find(|outer| outer.ty().has_members())
    }

    /// Whether it has this property, or one that the name reaches into.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        let reaches = || {
            name.match_indices('.')
                .any(|(dot, _)| name.get(..dot).and_then(|outer| self.own(outer)).is_some())
        };
        match self.property(name) {
            Lookup::Known(_) => true,
            Lookup::CannotTell => reaches(),
            Lookup::Unknown => false,
        }
    }

    /// A property with exactly this name.
    fn own(&self, name: &str) -> Option<Property> {
        let all = &self.whole.by_name;
        let found = all.binary_search_by(|(other, _)| (*other).cmp(name)).ok()?;
        all.get(found).map(|(name, says)| Property::new(name, says))
    }

    /// What is in a property: `host-nodes.0`, `file.filename`.
    fn within(&self, name: &str) -> Lookup {
        let mut dots = name.rmatch_indices('.').map(|(dot, _)| name.split_at(dot));
        let Some((outer, inner)) = dots.find_map(|(outer, inner)| Some((self.own(outer)?, inner.get(1..)?)))
        else {
            return Lookup::Unknown;
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match outer.element().map(|element| element.ty()) {
            Some(element) => {
                let (number, member) = inner.split_once('.').unwrap_or((inner, ""));
                match element {
                    _ if !is_number(number) => Lookup::Unknown,
                    PropertyType::Id("drive") | PropertyType::List(_) | PropertyType::Other(_) => {
                        Lookup::CannotTell
                    }
                    _ if member.is_empty() => outer.element().map_or(Lookup::CannotTell, Lookup::Known),
                    _ => Lookup::Unknown,
                }
            }
            None => match outer.ty() {
                // All members of an object are listed, and what is plain has none.
                PropertyType::Other("object") => Lookup::Unknown,
                PropertyType::Id("drive") | PropertyType::Other(_) => Lookup::CannotTell,
                _ => Lookup::Unknown,
            },
        }
    }

    /// All properties that are known, each once; its own first, then those of what it is made of.
    pub fn properties(&self) -> impl Iterator<Item = Property> {
        let all = self.whole.sections.iter().flat_map(Section::properties);
        all.map(|(name, says)| Property::new(name, says))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, clippy::unwrap_used, reason = "these are tests")]

    use super::{Bus, Kind, Lookup, PropertyType, SCHEMAS, Schema, Type, all, around, nearest};
    use crate::{Arch, Target, Version};

    const KINDS: [Kind; 8] = [
        Kind::Accel,
        Kind::Blockdev,
        Kind::Chardev,
        Kind::Cpu,
        Kind::Device,
        Kind::Machine,
        Kind::Netdev,
        Kind::Object,
    ];

    fn schema(major: u16, minor: u16) -> &'static Schema {
        let [exact] = around(Target::new(Arch::X86_64, Version::new(major, minor))) else { panic!() };
        exact
    }

    fn x86() -> impl Iterator<Item = &'static Schema> {
        all(Arch::X86_64).iter()
    }

    fn device(schema: &'static Schema, name: &str) -> Type {
        schema.find(Kind::Device, name).unwrap_or_else(|| panic!("{name} in {}", schema.version()))
    }

    fn ty(of: &Type, name: &str) -> PropertyType {
        match of.property(name) {
            Lookup::Known(property) => property.ty(),
            other => panic!("{}.{name}: {other:?}", of.name()),
        }
    }

    #[test]
    fn a_version_between_two_schemas_has_two() {
        let found = |arch, major, minor| {
            let target = Target::new(arch, Version::new(major, minor));
            let schemas = around(target).iter();
            let found = schemas.map(|schema| schema.target().to_string()).collect::<Vec<_>>().join(" ");
            (found, nearest(target).target().to_string())
        };
        for (arch, (major, minor), expected, near) in [
            (Arch::X86_64, (2, 10), "", "x86_64-5.2"),
            (Arch::X86_64, (5, 1), "", "x86_64-5.2"),
            (Arch::X86_64, (5, 2), "x86_64-5.2", "x86_64-5.2"),
            (Arch::X86_64, (6, 0), "x86_64-5.2 x86_64-7.2", "x86_64-5.2"),
            (Arch::X86_64, (9, 2), "x86_64-7.2 x86_64-10.0", "x86_64-7.2"),
            (Arch::X86_64, (11, 1), "x86_64-11.1", "x86_64-11.1"),
            (Arch::X86_64, (99, 0), "x86_64-11.1", "x86_64-11.1"),
            (Arch::Aarch64, (5, 2), "", "aarch64-7.2"),
            (Arch::Aarch64, (10, 0), "aarch64-7.2 aarch64-11.1", "aarch64-7.2"),
            (Arch::Aarch64, (11, 1), "aarch64-11.1", "aarch64-11.1"),
            (Arch::Sparc, (7, 2), "", "x86_64-7.2"),
        ] {
            let expected = (expected.to_owned(), near.to_owned());
            assert_eq!(found(arch, major, minor), expected, "{arch}-{major}.{minor}");
        }
    }

    #[test]
    fn the_data_is_in_the_order_that_bisection_needs() {
        assert!(SCHEMAS.is_sorted_by(|a, b| a.target < b.target));
        for schema in &SCHEMAS {
            let (comments, text) =
                schema.sections.text().split_at(schema.sections.text().find("\n[").unwrap() + 1);
            assert!(comments.starts_with(&format!("# What QEMU {}.", schema.version())), "{comments}");
            assert!(
                comments.contains(&format!(" for {} said of itself.", schema.target().arch)),
                "{comments}"
            );
            assert!(text.is_ascii() && text.ends_with('\n') && !comments.contains('['));
            let (mut section, mut property) = (("", ""), "");
            for line in text.lines() {
                if let Some(head) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                    let mut words = head.splitn(3, ' ');
                    let next = (words.next().unwrap(), words.next().unwrap());
                    assert!(section < next, "{section:?} before {next:?}");
                    assert!(words.next().is_some(), "{line} has no attribute");
                    (section, property) = (next, "");
                } else {
                    let next = line.split_once(' ').unwrap().0;
                    assert!(property < next, "{property} before {next} in {section:?}");
                    assert!(!line.contains(['[', ']']), "{line}");
                    property = next;
                }
            }
        }
    }

    #[test]
    fn all_that_is_listed_is_found() {
        for schema in &SCHEMAS {
            for kind in KINDS {
                let mut names = 0;
                for name in schema.names(kind) {
                    names += 1;
                    // The CPUs are all alike, and take most of the time.
                    if (kind == Kind::Cpu && name != "max")
                        || name.ends_with(schema.target().arch.cpu_suffix())
                    {
                        continue;
                    }
                    let found = schema.find(kind, name).unwrap_or_else(|| panic!("{name}"));
                    assert!(found.is_creatable() && found.kind() == kind);
                    let mut seen = std::collections::BTreeSet::new();
                    for property in found.properties() {
                        assert!(seen.insert(property.name()), "{name}.{} twice", property.name());
                        assert_eq!(found.property(property.name()), Lookup::Known(property));
                    }
                }
                assert!(names > 1, "{kind:?}");
                for unknown in ["", "no-such", "~", "virtio-net-pc", "virtio-net-pci2", kind.word()] {
                    assert!(schema.find(kind, unknown).is_none(), "{kind:?} {unknown}");
                }
            }
        }
    }

    #[test]
    fn every_parent_and_alias_exists() {
        for schema in &SCHEMAS {
            for kind in KINDS {
                for section in schema.sections.of(kind.word()) {
                    for key in ["parent=", "alias="] {
                        if let Some(target) = section.attribute(key) {
                            assert!(schema.section(kind, target).is_some(), "{target}");
                        }
                    }
                }
            }
        }
    }

    /// Those of backends and objects: a device's can be a part of its machine.
    #[test]
    fn every_id_is_one_of_what_there_is() {
        for schema in &SCHEMAS {
            for kind in [Kind::Blockdev, Kind::Chardev, Kind::Netdev, Kind::Object] {
                for ty in schema.names(kind).filter_map(|name| schema.find(kind, name)) {
                    for property in ty.properties() {
                        let PropertyType::Id(what) = property.ty() else { continue };
                        let is_kind = ["chardev", "drive", "fsdev", "netdev"].contains(&what);
                        assert!(is_kind || schema.driver(what).is_some(), "{}: {property:?}", ty.name());
                    }
                }
            }
            let throttle = schema.find(Kind::Blockdev, "throttle").unwrap();
            assert_eq!(self::ty(&throttle, "throttle-group"), PropertyType::Id("throttle-group"));
            let qcow2 = schema.find(Kind::Blockdev, "qcow2").unwrap();
            assert_eq!(self::ty(&qcow2, "encrypt.key-secret"), PropertyType::Id("secret_common"));
            let quorum = schema.find(Kind::Blockdev, "quorum").unwrap();
            let PropertyType::List(children) = self::ty(&quorum, "children") else { panic!() };
            assert_eq!(children.ty(), PropertyType::Id("drive"));
        }
    }

    #[test]
    fn every_version_has_the_devices_that_everyone_uses() {
        for schema in x86() {
            for name in
                ["virtio-net-pci", "virtio-blk-pci", "virtio-9p-pci", "vfio-pci", "pcie-root-port", "nvme"]
            {
                let device = device(schema, name);
                assert_eq!((device.name(), device.bus()), (name, Some("PCI")));
                assert_eq!(ty(&device, "addr"), PropertyType::PciSlot);
                assert_eq!(ty(&device, "multifunction"), PropertyType::Bool);
                assert_eq!(ty(&device, "id"), PropertyType::Str);
                assert_eq!(device.property("nosuch"), Lookup::Unknown);
            }
            let net = device(schema, "virtio-net");
            assert_eq!(net.name(), "virtio-net-pci");
            assert_eq!(ty(&net, "mac"), PropertyType::Mac);
            assert_eq!(ty(&net, "netdev"), PropertyType::Id("netdev"));
            assert_eq!(ty(&net, "disable-legacy"), PropertyType::OneOf("on|off|auto"));
            assert_eq!(ty(&net, "host_mtu"), PropertyType::Int { signed: false, bits: 16 });
            assert_eq!(net.property("host-mtu"), Lookup::Unknown);
            assert_eq!(ty(&device(schema, "virtio-blk"), "drive"), PropertyType::Id("drive"));
            assert_eq!(ty(&device(schema, "isa-serial"), "chardev"), PropertyType::Id("chardev"));
            assert_eq!(ty(&device(schema, "pc-dimm"), "memdev"), PropertyType::Id("memory-backend"));
            assert_eq!(device(schema, "usb-tablet").bus(), Some("usb-bus"));
            assert_eq!(device(schema, "pc-dimm").bus(), None);
        }
    }

    #[test]
    fn parts_and_kinds_of_devices_are_for_global_only() {
        for schema in x86() {
            for part in ["kvm-pit", "PIIX3", "cfi.pflash01", "ICH9-LPC"] {
                let part = schema.find(Kind::Device, part).unwrap_or_else(|| device(schema, "kvm-pit"));
                assert!(!part.is_creatable() && !part.is_pluggable(), "{} {}", part.name(), schema.version());
            }
            let timer = device(schema, "kvm-pit");
            assert!(matches!(timer.property("lost_tick_policy"), Lookup::Known(_)));
            assert!(!schema.names(Kind::Device).any(|name| name == "kvm-pit"));
            assert!(schema.find(Kind::Device, "pci-device").is_none());
            assert_eq!(
                ty(&schema.driver("pci-device").unwrap(), "rombar"),
                ty(&device(schema, "e1000"), "rombar")
            );
            assert!(schema.driver("memory-backend").is_some());
            assert!(schema.driver("virtio-blk").is_none());
        }
    }

    #[test]
    fn what_a_device_is_nothing_without() {
        for schema in x86() {
            let required = |name: &str| device(schema, name).required().collect::<Vec<_>>();
            assert_eq!(required("virtio-blk"), ["drive"]);
            assert_eq!(required("virtio-9p-pci"), ["fsdev", "mount_tag"]);
            assert_eq!(required("pc-dimm"), ["memdev"]);
            assert_eq!(required("pci-bridge-seat"), ["chassis_nr"]);
            assert_eq!(required("nvme-ns"), ["drive"]);
            assert_eq!(required("tpm-tis"), ["tpmdev"]);
            // A new one of these asks nothing more: `e1000`, and what takes a network or sound where there is one.
            for name in ["e1000", "virtio-rng-pci", "usb-tablet", "hda-duplex", "virtio-net-pci", "qemu-xhci"]
            {
                assert_eq!(required(name), [""; 0], "{name}");
            }
            let vfio = device(schema, "vfio-pci");
            assert!(vfio.one_of().any(|name| name == "host") && vfio.one_of().any(|name| name == "sysfsdev"));
            assert_eq!(vfio.required().count(), 0);
            let object = |name: &str| schema.find(Kind::Object, name).unwrap();
            assert_eq!(object("memory-backend-ram").required().collect::<Vec<_>>(), ["size"]);
            assert!(object("memory-backend-file").required().any(|name| name == "mem-path"));
            assert_eq!(object("iothread").required().count(), 0);
            let chardev = |name: &str| schema.find(Kind::Chardev, name).unwrap();
            assert_eq!(chardev("file").required().collect::<Vec<_>>(), ["path"]);
            assert_eq!(chardev("socket").one_of().collect::<Vec<_>>(), ["fd", "host", "path"]);
            assert_eq!((chardev("null").required().count(), chardev("null").one_of().count()), (0, 0));
            let blockdev = schema.find(Kind::Blockdev, "qcow2").unwrap();
            assert!(blockdev.required().any(|name| name == "file"));
        }
    }

    #[test]
    fn what_only_tells_is_not_set() {
        for schema in x86() {
            for (name, property, read_only) in [
                ("usb-mouse", "attached", true),
                ("usb-mouse", "port", false),
                ("pc-dimm", "size", true),
                ("pc-dimm", "addr", false),
            ] {
                let Lookup::Known(found) = device(schema, name).property(property) else { panic!() };
                assert_eq!(found.is_read_only(), read_only, "{name}.{property} {}", schema.version());
            }
        }
        let Lookup::Known(opened) =
            schema(7, 2).find(Kind::Object, "rng-builtin").unwrap().property("opened")
        else {
            panic!()
        };
        assert!(opened.is_read_only());
    }

    #[test]
    fn names_that_begin_with_legacy_are_like_others() {
        for version in [(5, 2), (7, 2), (10, 0)] {
            let schema = schema(version.0, version.1);
            let cpu = schema.find(Kind::Cpu, "EPYC").unwrap();
            assert_eq!(ty(&cpu, "legacy-cache"), PropertyType::Bool);
            // Its text, which QEMU makes of another one and nobody sets.
            assert_eq!(device(schema, "e1000").property("legacy-addr"), Lookup::Unknown);
        }
        assert_eq!(ty(&device(schema(7, 2), "nvme"), "legacy-cmb"), PropertyType::Bool);
    }

    #[test]
    fn numbers_are_as_wide_as_qemu_reads_them() {
        let int = |signed, bits| PropertyType::Int { signed, bits };
        for schema in &SCHEMAS {
            let object = |name: &str| schema.find(Kind::Object, name).unwrap();
            assert_eq!(ty(&object("memory-backend-ram"), "size"), PropertyType::Size);
            assert_eq!(ty(&object("memory-backend-ram"), "prealloc-threads"), int(false, 32));
            assert_eq!(ty(&object("memory-backend-ram"), "host-nodes.0"), int(false, 16));
            assert_eq!(ty(&object("iothread"), "poll-max-ns"), int(false, 63));
            assert!(!ty(&object("iothread"), "poll-max-ns").accepts("1.5"));
            assert!(!ty(&object("cryptodev-backend-builtin"), "queues").accepts("4294967296"));
            let null = schema.find(Kind::Blockdev, "null-co").unwrap();
            assert_eq!((ty(&null, "size"), ty(&null, "latency-ns")), (int(true, 64), int(false, 64)));
        }
    }

    #[test]
    fn buses() {
        let names = |ty: &Type| -> Vec<_> {
            ty.buses().unwrap().map(|bus: Bus| (bus.name("x").into_owned(), bus.ty())).collect()
        };
        let bus = |name: &str, ty| vec![(name.to_owned(), ty)];
        for schema in x86() {
            assert_eq!(names(&device(schema, "virtio-serial")), bus("x.0", "virtio-serial-bus"));
            assert_eq!(names(&device(schema, "pci-bridge")), bus("x", "PCI"));
            assert_eq!(names(&device(schema, "pcie-root-port")), bus("x", "PCIE"));
            assert_eq!(names(&device(schema, "qemu-xhci")), bus("x.0", "usb-bus"));
            assert_eq!(names(&device(schema, "sdhci-pci")), bus("sd-bus", "sdhci-bus"));
            assert_eq!(names(&device(schema, "ich9-ahci")).len(), 6);
            // What a disk's own controller provides is full.
            assert_eq!(names(&device(schema, "usb-storage")), []);
            assert_eq!(names(&device(schema, "virtio-rng-pci")), []);
            let machine = |name: &str| schema.find(Kind::Machine, name).unwrap();
            assert!(names(&machine("q35")).contains(&("pcie.0".to_owned(), "PCIE")));
            assert!(names(&machine("pc")).contains(&("pci.0".to_owned(), "PCI")));
            assert!(names(&machine("isapc")).iter().all(|(_, ty)| !schema.bus_is(ty, "PCI")));
            assert!(names(&machine("microvm")).iter().any(|(_, ty)| schema.bus_is(ty, "virtio-bus")));
            assert!(schema.bus_is("PCIE", "PCI") && schema.bus_is("pxb-pcie-bus", "PCI"));
            assert!(!schema.bus_is("PCI", "PCIE") && !schema.bus_is("usb-bus", "PCI"));
            assert!(!schema.bus_is("nosuch", "PCI") && !schema.bus_is("PCI", ""));
        }
    }

    #[test]
    fn what_is_cold_is_not_plugged() {
        for schema in x86() {
            assert!(device(schema, "virtio-net-pci").is_pluggable());
            assert!(device(schema, "usb-tablet").is_pluggable());
            for name in ["VGA", "cirrus-vga", "intel-iommu", "ich9-usb-ehci1", "vmgenid"] {
                assert!(!device(schema, name).is_pluggable(), "{name}");
            }
        }
    }

    #[test]
    fn aarch64() {
        for schema in all(Arch::Aarch64) {
            let virt = schema.find(Kind::Machine, "virt").unwrap();
            assert_eq!(virt.name(), format!("virt-{}", schema.version()));
            assert!(virt.buses().unwrap().any(|bus| bus.name("") == "pcie.0" && bus.ty() == "PCIE"));
            assert!(virt.buses().unwrap().any(|bus| bus.ty() == "virtio-mmio-bus"));
            assert_eq!(virt.property("gic-verison"), Lookup::Unknown);
            assert!(matches!(virt.property("gic-version"), Lookup::Known(_)));
            assert!(virt.max_cpus() >= Some(512) && virt.ram_id() == Some("mach-virt.ram"));
            assert!(schema.default_machine().is_none());
            // The bus of some boards is called otherwise.
            let versatile = schema.find(Kind::Machine, "versatilepb").unwrap();
            assert!(versatile.buses().unwrap().any(|bus| bus.name("") == "pci" && bus.ty() == "PCI"));
            let cpu = schema.find(Kind::Cpu, "cortex-a57").unwrap();
            assert_eq!(ty(&cpu, "pmu"), PropertyType::Bool);
            assert_eq!(cpu.property("avx2"), Lookup::Unknown);
            assert!(schema.find(Kind::Cpu, "cortex-a999").is_none());
            // What QEMU has on such a machine alone is known to be there, and no more.
            assert_eq!(schema.find(Kind::Cpu, "host").unwrap().property("sve"), Lookup::CannotTell);
            assert!(schema.find(Kind::Accel, "kvm").is_some());
            assert_eq!(device(schema, "virtio-net-device").bus(), Some("virtio-bus"));
            assert_eq!(device(schema, "virtio-blk").name(), "virtio-blk-pci");
        }
    }

    #[test]
    fn a_driver_and_its_property_part_where_a_driver_ends() {
        let parts = |name| super::driver_and_property(name, Target::new(Arch::X86_64, Version::new(10, 0)));
        for (name, driver, property) in [
            ("virtio-rng-pci.period", "virtio-rng-pci", "period"),
            ("cfi.pflash01.id0", "cfi.pflash01", "id0"),
            ("nvme-ns.fdp.ruhs", "nvme-ns", "fdp.ruhs"),
            ("acme.nic.fast", "acme.nic", "fast"),
        ] {
            assert_eq!(parts(name), Some((driver, property)));
        }
        assert_eq!(parts("acme"), None);
    }

    #[test]
    fn what_came_and_went() {
        assert!(matches!(device(schema(7, 2), "virtio-blk").property("scsi"), Lookup::Known(_)));
        assert_eq!(device(schema(10, 0), "virtio-blk").property("scsi"), Lookup::Unknown);
        assert!(schema(7, 2).find(Kind::Device, "virtio-sound").is_none());
        assert_eq!(device(schema(10, 0), "virtio-sound").name(), "virtio-sound-pci");
        assert!(schema(7, 2).find(Kind::Chardev, "tty").unwrap().is_deprecated());
        assert!(schema(10, 0).find(Kind::Chardev, "tty").is_none());
        assert!(schema(5, 2).find(Kind::Netdev, "stream").is_none());
        assert!(schema(7, 2).find(Kind::Netdev, "stream").is_some());
    }

    #[test]
    fn machines() {
        for schema in x86() {
            let q35 = schema.find(Kind::Machine, "q35").unwrap();
            assert_eq!(q35.name(), format!("pc-q35-{}", schema.version()));
            assert!(!q35.is_deprecated() && !q35.is_default());
            assert!(schema.find(Kind::Machine, "pc").unwrap().is_default());
            assert_eq!(ty(&q35, "memory-backend"), ty(&q35, "memory_backend"));
            assert_eq!(ty(&q35, "smm"), PropertyType::OneOf("on|off|auto"));
            assert_eq!(ty(&q35, "kernel_irqchip"), PropertyType::OneOf("on|off|split"));
            assert_eq!(ty(&q35, "max-ram-below-4g"), PropertyType::Size);
            let smp =
                if schema.version() > Version::new(5, 2) { Lookup::CannotTell } else { Lookup::Unknown };
            assert_eq!(q35.property("smp.cpus"), smp);
            assert_eq!((q35.default_cpu(), q35.ram_id()), (Some("qemu64"), Some("pc.ram")));
            let cpus = |name: &str| schema.find(Kind::Machine, name).unwrap().max_cpus();
            let of_q35 = if schema.version() < Version::new(10, 0) { 288 } else { 4096 };
            assert_eq!((cpus("q35"), cpus("pc"), cpus("isapc")), (Some(of_q35), Some(255), Some(1)));
            assert_eq!(
                schema.default_machine().unwrap().name(),
                schema.find(Kind::Machine, "pc").unwrap().name()
            );
            assert_eq!(q35.property("isa-serial"), Lookup::Unknown);
            assert_eq!(ty(&schema.find(Kind::Machine, "microvm").unwrap(), "isa-serial"), PropertyType::Bool);
        }
        assert!(schema(11, 1).find(Kind::Machine, "pc-q35-7.2").unwrap().is_deprecated());
    }

    #[test]
    fn cpu_models_and_their_features() {
        for schema in x86() {
            for name in ["host", "max", "qemu64", "Haswell", "EPYC-Rome", "486-v1"] {
                let cpu = schema.find(Kind::Cpu, name).unwrap();
                for feature in ["avx2", "hv-time", "hv_time", "sse4.1", "sse4_1", "tsc-freq"] {
                    assert!(matches!(cpu.property(feature), Lookup::Known(_)), "{name} {feature}");
                }
                assert_eq!(cpu.property("avx3"), Lookup::Unknown);
            }
            assert!(schema.find(Kind::Cpu, "haswell").is_none());
            assert!(schema.find(Kind::Cpu, "qemu").is_none());
            assert!(schema.find(Kind::Device, "Haswell-x86_64-cpu").is_some());
        }
    }

    #[test]
    fn objects_and_backends() {
        for schema in &SCHEMAS {
            let file = schema.find(Kind::Object, "memory-backend-file").unwrap();
            assert_eq!(ty(&file, "share"), PropertyType::Bool);
            assert!(ty(&file, "size").accepts("2G") && ty(&file, "host-nodes").accepts("0-3"));
            assert_eq!(file.property("hugetlb"), Lookup::Unknown);
            let qcow2 = schema.find(Kind::Blockdev, "qcow2").unwrap();
            assert_eq!(ty(&qcow2, "node-name"), PropertyType::Str);
            assert_eq!(qcow2.property("file.filename"), Lookup::CannotTell);
            assert_eq!(qcow2.property("filename"), Lookup::Unknown);
            assert_eq!(qcow2.property("cache.nosuch"), Lookup::Unknown);
            assert_eq!(qcow2.property("lazy-refcounts.0"), Lookup::Unknown);
            assert_eq!(qcow2.property("nosuch.filename"), Lookup::Unknown);
            assert_eq!(ty(&schema.find(Kind::Netdev, "tap").unwrap(), "vhost"), PropertyType::Bool);
            assert!(schema.find(Kind::Netdev, "nic").is_none());
            assert_eq!(ty(&schema.find(Kind::Chardev, "socket").unwrap(), "wait"), PropertyType::Bool);
            assert!(schema.find(Kind::Accel, "kvm").is_some());
        }
        // A device's properties with a dot are its own.
        let namespace = device(schema(11, 1), "nvme-ns");
        assert_eq!(ty(&namespace, "fdp.ruhs"), PropertyType::Str);
        assert_eq!(namespace.property("fdp.rush"), Lookup::Unknown);
        let blk = device(schema(11, 1), "virtio-blk");
        assert_eq!(blk.property("iothread-vq-mapping.0.iothread"), Lookup::CannotTell);
        let reached = |ty: &Type, name: &str| ty.reached_by(name).map(|outer| outer.name());
        assert_eq!(reached(&blk, "iothread-vq-mapping.0.iothread"), Some("iothread-vq-mapping"));
        assert_eq!((reached(&blk, "serial.0"), reached(&namespace, "fdp.ruhs")), (None, None));
        // `zoned` is a switch.
        assert_eq!(reached(&namespace, "zoned.max_open"), None);
        let throttle = schema(11, 1).find(Kind::Object, "throttle-group").unwrap();
        assert_eq!(reached(&throttle, "limits.bps-total"), Some("limits"));
        let unknown = schema(5, 2).find(Kind::Object, "colo-compare").unwrap();
        assert_eq!(unknown.property("primary_in"), Lookup::CannotTell);
        assert_eq!(ty(&unknown, "id"), PropertyType::Str);
    }
}
