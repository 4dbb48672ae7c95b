//! Ids: who defines them, who refers to them, and which are free.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::marker::PhantomData;

use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::plan::GeneratedId;
use crate::source::Node;

/// The things that have ids. QEMU keeps those of each sort apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Space {
    Device,
    Netdev,
    Chardev,
    Drive,
    Fsdev,
    Object,
}

impl Space {
    pub(crate) const ALL: [Self; 6] =
        [Self::Device, Self::Netdev, Self::Chardev, Self::Drive, Self::Fsdev, Self::Object];

    /// What has such an id, as a message calls it.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Device => "a device",
            Self::Netdev => "a network backend",
            Self::Chardev => "a character device's backend",
            Self::Drive => "a drive",
            Self::Fsdev => "a file system",
            Self::Object => "an object",
        }
    }
}

impl Space {
    /// How to define what has the id `name`.
    pub(crate) fn definition(self, name: &str) -> String {
        match self {
            Self::Device => format!("define it: `device DRIVER id={name}`"),
            Self::Netdev => format!("define it: `netdev user id={name}`, or another kind"),
            Self::Chardev => format!("define it: `chardev socket id={name} ...`, or another backend"),
            Self::Drive => format!("define it: `blockdev DRIVER node-name={name} ...`"),
            Self::Fsdev => format!("define it: `fs local id={name} ...`"),
            Self::Object => format!("define it: `object TYPE id={name} ...`"),
        }
    }
}

/// The buses that a device with an id offers to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provides {
    Nothing,
    /// A PCI bus of the device's own name.
    Pci,
    /// A bus `ID.0` for virtio-serial ports.
    VirtioSerial,
    /// What QEMU's device of that sort provides: not known here.
    Unknown,
}

/// Properties of devices that name something by its id.
pub(crate) const REFERENCES: &[(&str, Space)] = &[
    ("netdev", Space::Netdev),
    ("chardev", Space::Chardev),
    ("drive", Space::Drive),
    ("fsdev", Space::Fsdev),
    ("memdev", Space::Object),
    ("iothread", Space::Object),
    ("rng", Space::Object),
    ("cryptodev", Space::Object),
];

/// Of these the ones after which a device is called that is plugged into a guest and has no id of its own: each connects
/// one device.
pub(crate) const NAMING: &[&str] = &["netdev", "drive"];

/// An id, where it is defined.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) space: Space,
    pub(crate) name: String,
    pub(crate) span: Span,
    /// The statement's number.
    pub(crate) statement: usize,
    pub(crate) provides: Provides,
    /// Whether the statement that defines it uses it too, and nothing else can.
    pub(crate) in_use: bool,
}

/// An id, where it is referred to.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) space: Space,
    pub(crate) name: String,
    pub(crate) span: Span,
}

/// A bus, where a device names it as its own.
#[derive(Clone, Debug)]
pub(crate) struct BusUse {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) statement: usize,
    /// What sort of bus it must be.
    pub(crate) wants: Provides,
}

/// The device that provides the bus of a name. `b.0` is the bus number 0 of the device `b`, unless a bus is called just
/// so.
pub(crate) fn provider<T>(
    bus: &str,
    device: impl Fn(&str) -> Option<T>,
    provides: impl Fn(&T) -> Provides,
) -> Option<T> {
    let numbered = || {
        let (name, number) = bus.rsplit_once('.')?;
        number.parse::<u32>().ok()?;
        device(name).filter(|device| matches!(provides(device), Provides::VirtioSerial | Provides::Unknown))
    };
    let named = device(bus).filter(|device| matches!(provides(device), Provides::Pci | Provides::Unknown));
    named.or_else(numbered)
}

/// What is wrong with the name of a block node, where it is too long.
pub(crate) fn too_long_for_node(name: &str, span: Span) -> Option<Diagnostic> {
    const MAX: usize = 31;
    let more = name.len().checked_sub(MAX).filter(|more| *more > 0)?;
    let message = format!("the node's name has {} bytes, {more} too many", name.len());
    Some(Diagnostic::error(Code::NameTooLong, message).at(span).help(format!("at most {MAX} bytes")))
}

/// All ids of a VM.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    pub(crate) definitions: Vec<Definition>,
    pub(crate) references: Vec<Reference>,
    pub(crate) buses: Vec<BusUse>,
    /// Devices that name no bus and sit on the first that provides this: statement by statement.
    pub(crate) implicit: Vec<(usize, Provides)>,
    /// The statements that make virtio-serial controllers.
    pub(crate) serial_controllers: Vec<usize>,
    /// Ids of statements that were not understood: whoever refers to them is not to blame.
    pub(crate) lost: HashSet<String>,
    pub(crate) generated: Vec<GeneratedId>,
    /// Every id that the text names, known before the first is generated.
    taken: HashSet<String>,
    next: HashMap<&'static str, u32>,
}

impl Ids {
    pub(crate) fn new(taken: HashSet<String>) -> Self {
        Self { taken, ..Self::default() }
    }

    /// Where an id is defined.
    pub(crate) fn definition(&self, space: Space, name: &str) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.space == space && definition.name == name)
    }

    /// The first id with this prefix that the text doesn't use: its slot and its name.
    pub(crate) fn generate(&mut self, prefix: &'static str) -> (u32, String) {
        let next = self.next.entry(prefix).or_insert(0);
        loop {
            let number = *next;
            *next += 1;
            let name = format!("{prefix}{number}");
            if !self.taken.contains(&name) {
                let slot = self.generated.len() as u32;
                self.generated.push(GeneratedId { prefix: prefix.into(), number });
                return (slot, name);
            }
        }
    }
}

/// What sort of thing an id is for.
pub(crate) trait IdKind: Debug + 'static {
    const SPACE: Space;
    /// What generated ids begin with.
    const PREFIX: &'static str;
    const PROVIDES: Provides = Provides::Nothing;
}

/// An id that a statement defines.
#[derive(Debug)]
pub(crate) struct Id<K> {
    /// The id, also where it is generated.
    pub(crate) name: String,
    /// The slot of a generated one.
    pub(crate) slot: Option<u32>,
    kind: PhantomData<K>,
}

impl<K> Id<K> {
    pub(crate) const fn new(name: String, slot: Option<u32>) -> Self {
        Self { name, slot, kind: PhantomData }
    }
}

/// An id that a statement may define, and need not have.
#[derive(Debug)]
pub(crate) struct OptionalId<K>(pub(crate) Option<Node<String>>, PhantomData<K>);

impl<K> OptionalId<K> {
    pub(crate) const fn new(id: Option<Node<String>>) -> Self {
        Self(id, PhantomData)
    }
}
