//! Ids: which options define them, and which values refer to them.

use super::device::Device;
use super::option::{QemuOption, Value};
use crate::Span;
use crate::plan::{Piece, arguments};
use crate::schema::{Kind, Lookup, PropertyType, Schema};

/// The things that have ids. QEMU keeps those of each sort apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Namespace {
    Device,
    Netdev,
    Chardev,
    Drive,
    Fsdev,
    Object,
    Audiodev,
    Tpmdev,
}

impl Namespace {
    /// Backends come first: a device beside its backend has the same id, mostly.
    pub(crate) const ALL: [Self; 8] = [
        Self::Netdev,
        Self::Chardev,
        Self::Drive,
        Self::Fsdev,
        Self::Object,
        Self::Audiodev,
        Self::Tpmdev,
        Self::Device,
    ];

    /// What has such an id, as a message calls it.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Device => "a device",
            Self::Netdev => "a network backend",
            Self::Chardev => "a character device's backend",
            Self::Drive => "a drive",
            Self::Fsdev => "a file system",
            Self::Object => "an object",
            Self::Audiodev => "an audio backend",
            Self::Tpmdev => "a TPM's backend",
        }
    }

    /// How to define what has the id `name`.
    pub(crate) fn definition(self, name: &str) -> String {
        match self {
            Self::Device => format!("define it: `device DRIVER id={name}`"),
            Self::Netdev => format!("define it: `netdev user id={name}`, or another kind"),
            Self::Chardev => format!("define it: `chardev socket id={name} ...`, or another backend"),
            Self::Drive => format!("define it: `blockdev DRIVER node-name={name} ...`"),
            Self::Fsdev => format!("define it: `fs local id={name} ...`"),
            Self::Object => format!("define it: `object TYPE id={name} ...`"),
            Self::Audiodev => format!("define it: `audio none id={name}`, or another kind"),
            Self::Tpmdev => format!("define it: `tpm emulator tpmdev={name} socket=...`"),
        }
    }

    /// The option that defines such an id, where others of its sort can refer to it.
    pub(crate) const fn option(self) -> Option<&'static str> {
        match self {
            Self::Device => Some("device"),
            Self::Chardev => Some("chardev"),
            Self::Object => Some("object"),
            _ => None,
        }
    }

    /// Whether what has such an id serves one user at a time.
    pub(crate) const fn has_one_user(self) -> bool {
        matches!(self, Self::Netdev | Self::Chardev | Self::Drive)
    }
}

/// An id, where it is defined.
#[derive(Clone, Debug)]
pub(crate) struct Definition<'p> {
    pub(crate) namespace: Namespace,
    pub(crate) name: &'p str,
    pub(crate) span: Span,
    /// The numbers of the option that defines it, and of its statement.
    pub(crate) option: usize,
    pub(crate) statement: usize,
}

/// An id, where it is referred to.
#[derive(Clone, Debug)]
pub(crate) struct Reference<'p> {
    pub(crate) namespace: Namespace,
    pub(crate) name: &'p str,
    pub(crate) span: Span,
    /// The name of the property.
    pub(crate) property: &'p str,
    /// The number of the first definition that it may mean.
    pub(crate) definition: Option<usize>,
    /// QEMU's type that it must be of, where that is known.
    pub(crate) wants: Option<&'static str>,
    /// The numbers of the option that refers to it, and of its statement.
    pub(crate) option: usize,
    pub(crate) statement: usize,
    /// What it is where that comes later. Then `name` stands for it in words.
    pub(crate) late: Option<&'p [Piece]>,
}

/// Which options define ids, and how they call them.
const DEFINING: &[(&str, &str, Namespace)] = &[
    ("device", "id", Namespace::Device),
    ("netdev", "id", Namespace::Netdev),
    ("chardev", "id", Namespace::Chardev),
    ("drive", "id", Namespace::Drive),
    ("blockdev", "node-name", Namespace::Drive),
    ("fsdev", "id", Namespace::Fsdev),
    ("virtfs", "id", Namespace::Fsdev),
    ("object", "id", Namespace::Object),
    ("audiodev", "id", Namespace::Audiodev),
    ("tpmdev", "id", Namespace::Tpmdev),
];

/// What a value of this name says the id of, in an option's list.
pub(crate) fn defined_by(option: &str, name: &str) -> Option<Namespace> {
    let defining = DEFINING.iter().find(|(flag, own, _)| *flag == option && *own == name);
    defining.map(|(.., namespace)| *namespace)
}

/// Properties after which a device is called that is plugged into a guest and has no id of its own: each connects one
/// device.
pub(crate) const NAMING: &[&str] = &["netdev", "drive"];

/// The id of the backend after which a device is called that has none.
pub(super) fn backend_of<'o>(device: &'o QemuOption<'_>) -> Option<Value<'o>> {
    NAMING.iter().find_map(|name| device.get(name))
}

/// Whether a backend of a character device looks at ids of this sort. All have one list of options.
fn refers(backend: &str, namespace: Namespace) -> bool {
    match namespace {
        Namespace::Chardev => matches!(backend, "hub" | "mux"),
        _ => backend == "socket",
    }
}

/// Adds the ids that an option defines.
pub(super) fn define<'p>(
    number: usize,
    option: &'p QemuOption<'_>,
    head: Span,
    is_fragment: bool,
    definitions: &mut Vec<Definition<'p>>,
) {
    let Some((_, name, namespace)) = DEFINING.iter().find(|(flag, ..)| *flag == option.name) else { return };
    let is_device = *namespace == Namespace::Device;
    let id = option.get(name).or_else(|| (is_fragment && is_device).then(|| backend_of(option))?);
    if let Some(id) = id {
        definitions.push(Definition {
            namespace: *namespace,
            span: id.span_or(head),
            name: id.text,
            option: number,
            statement: option.statement,
        });
    }
}

/// What values of this type name.
fn named(ty: PropertyType, schema: &'static Schema) -> Option<(Namespace, Option<&'static str>)> {
    let PropertyType::Id(what) = ty else { return None };
    Some(match what {
        "netdev" => (Namespace::Netdev, None),
        "chardev" => (Namespace::Chardev, None),
        "drive" => (Namespace::Drive, None),
        "fsdev" => (Namespace::Fsdev, None),
        "audiodev" => (Namespace::Audiodev, None),
        "tpmdev" => (Namespace::Tpmdev, None),
        _ => match schema.driver(what) {
            Some(object) if object.kind() == Kind::Object => (Namespace::Object, Some(object.name())),
            _ => (Namespace::Device, Some(what)),
        },
    })
}

/// Whether an empty id says that there is nothing. Elsewhere it is that of nothing.
fn can_be_none(kind: Kind, namespace: Namespace, wants: Option<&str>) -> bool {
    match kind {
        Kind::Device => wants.is_some() || matches!(namespace, Namespace::Drive | Namespace::Chardev),
        Kind::Object => wants.is_some(),
        // It looks for its memory itself.
        Kind::Machine => {
            namespace == Namespace::Drive || wants.is_some_and(|wants| wants != "memory-backend")
        }
        _ => false,
    }
}

/// Adds the ids that an option's values refer to, and those that do when they are there.
pub(super) fn refer<'p>(
    number: usize,
    option: &'p QemuOption<'_>,
    head: Span,
    schema: &'static Schema,
    references: &mut Vec<Reference<'p>>,
    late: &mut Vec<Reference<'p>>,
) {
    let kind = match option.kind {
        None => {
            references.extend(refer_by_name(number, option, head));
            return late.extend(refer_late_by_name(number, option, head));
        }
        Some(Kind::Blockdev | Kind::Cpu) => return,
        Some(kind) => kind,
    };
    let Some(made) = option.made() else { return };
    let wanted = |property: &str| {
        let known = option.ty.as_ref().map(|ty| ty.property(property));
        let found = match known {
            Some(Lookup::Known(known)) => named(known.ty(), schema),
            Some(Lookup::Unknown) => None,
            // What everyone calls so.
            Some(Lookup::CannotTell) | None if kind == Kind::Device => match property {
                "netdev" => Some((Namespace::Netdev, None)),
                "chardev" => Some((Namespace::Chardev, None)),
                "drive" => Some((Namespace::Drive, None)),
                "fsdev" => Some((Namespace::Fsdev, None)),
                "memdev" | "iothread" | "rng" | "cryptodev" => Some((Namespace::Object, None)),
                _ if property.starts_with("iothread-vq-mapping.") && property.ends_with(".iothread") => {
                    Some((Namespace::Object, Some("iothread")))
                }
                _ => None,
            },
            Some(Lookup::CannotTell) | None => None,
        };
        found.filter(|(namespace, _)| kind != Kind::Chardev || refers(made.text, *namespace))
    };
    for (property, value) in option.named() {
        if let Some((namespace, wants)) = wanted(property)
            && !(value.text.is_empty() && can_be_none(kind, namespace, wants))
        {
            references.push(reference(number, option, head, (property, value), (namespace, wants)));
        }
    }
    for (property, item) in option.late() {
        if let Some(wanted) = wanted(property) {
            let value = Value::late(item);
            let reference = reference(number, option, head, (property, value), wanted);
            late.push(Reference { late: Some(&item.value), ..reference });
        }
    }
}

/// What the value of an option's property refers to.
fn reference<'p>(
    number: usize,
    option: &QemuOption<'_>,
    head: Span,
    (property, value): (&'p str, Value<'p>),
    (namespace, wants): (Namespace, Option<&'static str>),
) -> Reference<'p> {
    Reference {
        namespace,
        span: value.span_or(head),
        name: value.text,
        property,
        definition: None,
        wants,
        option: number,
        statement: option.statement,
        late: None,
    }
}

/// Options that no schema describes, and their values that are ids: of what, and of QEMU's type where that is known.
const PLAIN: &[(&str, &str, Namespace, Option<&str>)] = &[
    ("display", "audiodev", Namespace::Audiodev, None),
    ("fw_cfg", "gen_id", Namespace::Object, None),
    ("mon", "chardev", Namespace::Chardev, None),
    ("numa", "memdev", Namespace::Object, Some("memory-backend")),
    ("spice", "password-secret", Namespace::Object, None),
    ("vnc", "audiodev", Namespace::Audiodev, None),
    ("vnc", "display", Namespace::Device, None),
    ("vnc", "password-secret", Namespace::Object, None),
    ("vnc", "sasl-authz", Namespace::Object, None),
    ("vnc", "tls-authz", Namespace::Object, None),
    ("vnc", "tls-creds", Namespace::Object, None),
];

/// The ids that such an option's values refer to.
fn refer_by_name<'p>(
    number: usize,
    option: &'p QemuOption<'_>,
    head: Span,
) -> impl Iterator<Item = Reference<'p>> {
    let own = PLAIN.iter().filter(|(flag, ..)| *flag == option.name);
    let named = own.filter_map(move |(_, property, namespace, wants)| {
        Some(reference(number, option, head, (property, option.get(property)?), (*namespace, *wants)))
    });
    let connected = arguments::is_connecting(option.name).then(|| option.behind("chardev:")).flatten();
    let of_chardev = (Namespace::Chardev, None);
    named.chain(
        connected.map(move |chardev| reference(number, option, head, ("chardev", chardev), of_chardev)),
    )
}

/// Those that do when they are there.
fn refer_late_by_name<'p>(
    number: usize,
    option: &'p QemuOption<'_>,
    head: Span,
) -> impl Iterator<Item = Reference<'p>> {
    let refer = move |property, item, name, wanted| Reference {
        late: Some(name),
        ..reference(number, option, head, (property, Value::late(item)), wanted)
    };
    let own = PLAIN.iter().filter(|(flag, ..)| *flag == option.name);
    let named = own.filter_map(move |(_, property, namespace, wants)| {
        let (_, item) = option.late().find(|(name, _)| name == property)?;
        Some(refer(*property, item, &*item.value, (*namespace, *wants)))
    });
    let connected = arguments::is_connecting(option.name).then(|| option.late_behind("chardev:")).flatten();
    named.chain(connected.map(move |(item, name)| refer("chardev", item, name, (Namespace::Chardev, None))))
}

/// Adds the ids that defaults refer to for the devices that are here: QEMU reads a default where it makes such a device,
/// and looks for what it names before it reads what the device says itself; but for a file system it looks in the end.
pub(super) fn refer_by_default<'p>(
    number: usize,
    global: &'p QemuOption<'_>,
    devices: &[Device<'_>],
    options: &[QemuOption<'_>],
    schema: &'static Schema,
    references: &mut Vec<Reference<'p>>,
) {
    let Some((driver, property, value)) = global.default(schema.target()) else { return };
    let Some(Lookup::Known(known)) = schema.driver(driver).map(|ty| ty.property(property)) else { return };
    let Some((namespace, wants)) = named(known.ty(), schema) else { return };
    let is_late = namespace == Namespace::Fsdev;
    let says_so =
        |device: &Device<'_>| options.get(device.option).is_some_and(|option| option.mentions(property));
    let is_here = |device: &Device<'_>| {
        device.ty.as_ref().is_some_and(|ty| ty.is_a(driver)) && !(is_late && says_so(device))
    };
    let is_none = value.text.is_empty() && can_be_none(Kind::Device, namespace, wants);
    if let Some(span) = value.written.map(|written| written.value)
        && !is_none
        && devices.iter().any(is_here)
    {
        references.push(Reference {
            namespace,
            span,
            name: value.text,
            property,
            definition: None,
            wants,
            option: number,
            statement: global.statement,
            late: None,
        });
    }
}
