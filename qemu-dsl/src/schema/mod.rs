//! What QEMU says of itself: which devices, objects, machine types, CPU models and backends each version has, and
//! which properties they take.
//!
//! The data beside this file was written by `scripts/schema`, which asks real QEMUs (`x86_64`, as Debian builds them).
//! It is searched where it lies: nothing is parsed or built, neither at start nor later.
//!
//! A list can lag behind the QEMU that runs, or know a build with other parts in it: `check/schema.rs` says what follows
//! from a name that isn't listed.
//!
//! ```
//! use qemu_dsl::Version;
//! use qemu_dsl::schema::{self, Kind, Lookup, PropertyType};
//!
//! let schema = schema::of(Version::new(7, 2)).unwrap();
//! let device = schema.find(Kind::Device, "virtio-blk").unwrap();
//! assert_eq!(device.name(), "virtio-blk-pci");
//! let Lookup::Known(property) = device.property("disable-legacy") else { panic!() };
//! assert!(property.ty().accepts("auto"));
//! assert!(!property.ty().accepts("maybe"));
//! assert_eq!(property.ty().to_string(), "`on`, `off` or `auto`");
//! assert_eq!(device.property("no-such"), Lookup::Unknown);
//! ```
//!
//! # The format
//!
//! A section for each name, in byte order, and in it a line for each property, in byte order too:
//!
//! ```text
//! [device virtio-blk alias=virtio-blk-pci]
//! [device virtio-blk-pci bus=PCI parent=virtio-blk-pci-base]
//! [device virtio-blk-pci-base abstract parent=virtio-pci]
//! bootindex int32
//! drive drive
//! ```
//!
//! A section's kind and name are followed by `abstract` (a type that only others are made of), `alias=` (another name
//! for), `bus=` (what it plugs into), `default` (the machine that QEMU takes by itself), `deprecated`, `internal`
//! (can't be created by a user), `parent=` (has that one's properties too; of the same kind) and `unknown` (QEMU
//! couldn't be asked for its properties). A property's type is QEMU's own name for it, or where that says little, the
//! values with `|` between, or a word that says more (`mac`, `pci-slot`, `drive`, `netdev`, `number`). What has members
//! is an `object`, and these follow (`encrypt.key-secret`); a block node is a `drive`, though it can have members, too.
//! `link<secret_common>` is the id of an object or a device of that type, `list<drive>` a list of these.

mod property;
mod text;

use crate::Version;
use text::Section;

pub use property::{Element, Property, PropertyType};

static SCHEMAS: [Schema; 4] = [
    Schema { version: Version::new(5, 2), text: include_str!("5.2.txt") },
    Schema { version: Version::new(7, 2), text: include_str!("7.2.txt") },
    Schema { version: Version::new(10, 0), text: include_str!("10.0.txt") },
    Schema { version: Version::new(11, 1), text: include_str!("11.1.txt") },
];

/// The schema for QEMU `version`: the newest one that is not newer. None for a QEMU older than the oldest schema.
#[must_use]
pub fn of(version: Version) -> Option<&'static Schema> {
    SCHEMAS.iter().rev().find(|schema| schema.version <= version)
}

/// The schemas that tell of QEMU `version`, the older one first: its own, or the two between which it lies, or the newest
/// where it is newer than that. Empty for a QEMU older than the oldest schema, which may have had what went since.
#[must_use]
pub fn around(version: Version) -> &'static [Schema] {
    let newer = SCHEMAS.partition_point(|schema| schema.version < version);
    let range = match SCHEMAS.get(newer) {
        Some(own) if own.version == version => newer..newer + 1,
        None => newer.saturating_sub(1)..newer,
        Some(_) if newer == 0 => 0..0,
        Some(_) => newer - 1..newer + 1,
    };
    SCHEMAS.get(range).unwrap_or_default()
}

/// All schemas, the oldest first.
#[must_use]
pub fn all() -> &'static [Schema] {
    &SCHEMAS
}

/// What one version of QEMU has.
#[derive(Debug)]
pub struct Schema {
    version: Version,
    text: &'static str,
}

/// What the names in a schema are names of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

impl Schema {
    /// The schema for QEMU `version`, or the oldest one where it is older than all of them: for what needs no more
    /// than a hint.
    #[must_use]
    pub fn of_or_oldest(version: Version) -> &'static Self {
        let [oldest, ..] = &SCHEMAS;
        of(version).unwrap_or(oldest)
    }

    /// The version of QEMU that this was asked of. It may be older than the version that it was found for.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// What `name` names. An alias gives what it stands for.
    #[must_use]
    pub fn find(&self, kind: Kind, name: &str) -> Option<Type> {
        let found = self.section(kind, name)?;
        let section = match found.attribute("alias=") {
            Some(target) => self.section(kind, target)?,
            None => found,
        };
        (!section.has("abstract")).then(|| self.whole(kind, section))
    }

    /// What `name` names though no user can create it: a part of others, or a type that others are made of.
    #[must_use]
    pub fn find_part(&self, kind: Kind, name: &str) -> Option<Type> {
        let section = self.section(kind, name)?;
        let part = self.whole(kind, section);
        (!part.is_creatable()).then_some(part)
    }

    /// The type of devices or objects that `-global NAME.property=value` sets a property of. Unlike `-device` it takes
    /// no alias, but types that only others are made of (`pci-device`), and those that no user can create (`kvm-pit`).
    #[must_use]
    pub fn driver(&self, name: &str) -> Option<Type> {
        let (kind, section) = [Kind::Device, Kind::Object]
            .into_iter()
            .find_map(|kind| Some((kind, self.section(kind, name)?)))?;
        section.attribute("alias=").is_none().then(|| self.whole(kind, section))
    }

    /// All names that a user can write, aliases too, in byte order.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = &'static str> + use<> {
        text::sections(self.text, kind.word())
            .filter(|section| !section.has("abstract") && !section.has("internal"))
            .map(|section| section.name)
    }

    fn section(&self, kind: Kind, name: &str) -> Option<Section> {
        text::section(self.text, kind.word(), name, "")
    }

    /// The type whose own section is `section`.
    fn whole(&self, kind: Kind, section: Section) -> Type {
        let with_parents = |section, kind: Kind| {
            std::iter::successors(Some(section), move |section: &Section| {
                self.section(kind, section.attribute("parent=")?)
            })
        };
        let mut sections: Vec<Section> = with_parents(section, kind).collect();
        if kind == Kind::Cpu {
            // A CPU model is also a type of device, under a longer name.
            let device = text::section(self.text, Kind::Device.word(), section.name, "-x86_64-cpu");
            sections.extend(device.into_iter().flat_map(|device| with_parents(device, Kind::Device)));
        }
        Type { kind, section, sections }
    }
}

/// One device, machine type, CPU model, ... of a schema.
#[derive(Clone, Debug)]
pub struct Type {
    kind: Kind,
    section: Section,
    /// Its own, and those of all that it is made of.
    sections: Vec<Section>,
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
        self.section.name
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The type of bus that a device plugs into (`PCI`, `usb-bus`). None where it needs no bus.
    #[must_use]
    pub fn bus(&self) -> Option<&'static str> {
        self.section.attribute("bus=")
    }

    /// Whether it is `name`, or made of that.
    #[must_use]
    pub fn is_a(&self, name: &str) -> bool {
        self.sections.iter().any(|section| section.name == name)
    }

    /// Whether a user can create it. A device can also be a part of others, which only `-global` reaches.
    #[must_use]
    pub fn is_creatable(&self) -> bool {
        !self.section.has("internal") && !self.section.has("abstract")
    }

    /// Whether QEMU says that it will go.
    #[must_use]
    pub fn is_deprecated(&self) -> bool {
        self.section.has("deprecated")
    }

    /// Whether QEMU takes it where nothing is said. Only a machine type can be.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.section.has("default")
    }

    /// The property `name`, or what the option that creates this takes besides (`id`, `bus`).
    #[must_use]
    pub fn property(&self, name: &str) -> Lookup {
        if let Some((name, ty)) = self.sections.iter().find_map(|section| section.property(name)) {
            Lookup::Known(Property::new(name, ty))
        } else if self.kind.takes_underscores() && name.contains('_') {
            self.property(&name.replace('_', "-"))
        } else if name.contains(['.', '[', ']']) || self.sections.iter().any(|section| section.has("unknown"))
        {
            Lookup::CannotTell
        } else {
            Lookup::Unknown
        }
    }

    /// All properties that are known, each once; its own first, then those of what it is made of.
    pub fn properties(&self) -> impl Iterator<Item = Property> {
        let all = self.sections.iter().flat_map(Section::properties);
        all.map(|(name, ty)| Property::new(name, ty))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, clippy::unwrap_used, reason = "these are tests")]

    use super::{Kind, Lookup, PropertyType, SCHEMAS, Schema, Type, around, of};
    use crate::Version;

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
        let schema = of(Version::new(major, minor)).unwrap();
        assert_eq!(schema.version(), Version::new(major, minor));
        schema
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
    fn a_version_gets_the_newest_schema_that_is_not_newer() {
        let found = |major, minor| of(Version::new(major, minor)).map(|schema| schema.version().to_string());
        assert_eq!(found(2, 10), None);
        assert_eq!(found(5, 1), None);
        assert_eq!(found(6, 2).as_deref(), Some("5.2"));
        assert_eq!(found(9, 9).as_deref(), Some("7.2"));
        assert_eq!(found(10, 0).as_deref(), Some("10.0"));
        assert_eq!(found(99, 0).as_deref(), Some("11.1"));
    }

    #[test]
    fn a_version_between_two_schemas_has_two() {
        let found = |major, minor| {
            let schemas = around(Version::new(major, minor)).iter();
            schemas.map(|schema| schema.version().to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found(5, 1), "");
        assert_eq!(found(5, 2), "5.2");
        assert_eq!(found(6, 0), "5.2 7.2");
        assert_eq!(found(9, 2), "7.2 10.0");
        assert_eq!(found(11, 1), "11.1");
        assert_eq!(found(99, 0), "11.1");
    }

    #[test]
    fn the_data_is_in_the_order_that_bisection_needs() {
        assert!(SCHEMAS.is_sorted_by(|a, b| a.version < b.version));
        for schema in &SCHEMAS {
            let (comment, text) = schema.text.split_once('\n').unwrap();
            assert!(comment.starts_with(&format!("# What QEMU {}.", schema.version())), "{comment}");
            assert!(text.is_ascii() && text.ends_with('\n') && !comment.contains('['));
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
                    if (kind == Kind::Cpu && name != "max") || name.ends_with("-x86_64-cpu") {
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
                for section in super::text::sections(schema.text, kind.word()) {
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
                        let is_kind = ["chardev", "drive", "netdev"].contains(&what);
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
        for schema in &SCHEMAS {
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
        for schema in &SCHEMAS {
            let timer = schema.find(Kind::Device, "kvm-pit").unwrap();
            assert!(!timer.is_creatable());
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
        for schema in &SCHEMAS {
            let q35 = schema.find(Kind::Machine, "q35").unwrap();
            assert_eq!(q35.name(), format!("pc-q35-{}", schema.version()));
            assert!(!q35.is_deprecated() && !q35.is_default());
            assert!(schema.find(Kind::Machine, "pc").unwrap().is_default());
            assert_eq!(ty(&q35, "memory-backend"), ty(&q35, "memory_backend"));
            assert_eq!(ty(&q35, "smm"), PropertyType::OneOf("on|off|auto"));
            assert_eq!(ty(&q35, "kernel_irqchip"), PropertyType::OneOf("on|off|split"));
            assert_eq!(ty(&q35, "max-ram-below-4g"), PropertyType::Size);
            assert_eq!(q35.property("smp.cpus"), Lookup::CannotTell);
            assert_eq!(q35.property("isa-serial"), Lookup::Unknown);
            assert_eq!(ty(&schema.find(Kind::Machine, "microvm").unwrap(), "isa-serial"), PropertyType::Bool);
        }
        assert!(schema(11, 1).find(Kind::Machine, "pc-q35-7.2").unwrap().is_deprecated());
    }

    #[test]
    fn cpu_models_and_their_features() {
        for schema in &SCHEMAS {
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
            assert_eq!(ty(&schema.find(Kind::Netdev, "tap").unwrap(), "vhost"), PropertyType::Bool);
            assert!(schema.find(Kind::Netdev, "nic").is_none());
            assert_eq!(ty(&schema.find(Kind::Chardev, "socket").unwrap(), "wait"), PropertyType::Bool);
            assert!(schema.find(Kind::Accel, "kvm").is_some());
        }
        let unknown = schema(5, 2).find(Kind::Object, "colo-compare").unwrap();
        assert_eq!(unknown.property("primary_in"), Lookup::CannotTell);
        assert_eq!(ty(&unknown, "id"), PropertyType::Str);
    }
}
