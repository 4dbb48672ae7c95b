//! What ties a VM together: ids and buses that others refer to, what no two may have, and of what there is only so much.
//!
//! The compiler says of each statement what it has, needs, takes and uses up. Whether that goes together is seen when all of it
//! is there, values and parts ([`Tied`](super::tied::Tied)), by no more than names and numbers; what is said then of what
//! doesn't, the compiler has said before, or says by the same words. One list serves both: a VM whose values come later, and
//! parts that are joined.

use std::borrow::Cow;

use crate::Span;
use crate::code::Code;
use crate::plan::packed::packed;
use crate::plan::{Piece, Text, When};
use crate::value::{Forwarded, MacText, PciAddr, ValueType as _};

/// The number of no statement: the machine has it.
pub(crate) const MACHINE: u32 = u32::MAX;

/// What a bus takes of which nothing is known. A sort behind it is one that it doesn't take.
pub(crate) const ANY: &str = "*";

/// What stands in the words about a name that comes later.
pub(crate) const NAME: &str = "{}";

/// What parts of a VM have to do with each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// What it is.
    pub sort: Sort,
    /// Whether it is there, needed, or used up.
    pub relation: Relation,
    /// How it is called.
    pub name: Text,
    /// The number of the statement that says so.
    pub statement: u32,
    /// Where the text says so.
    pub span: Span,
    /// When it is there, if not always.
    pub when: Option<When>,
    /// The number of the block in which it stands, from 1; 0 is the whole text.
    pub block: u32,
}

/// What parts can have, need, take or use up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// A statement that may stand once, by its keyword.
    Statement,
    /// A device of which a VM has one, by QEMU's name.
    Device,
    /// An id.
    Id {
        /// What has it: "a device".
        of: Cow<'static, str>,
    },
    /// The use of what serves one user at a time, by its id. Where it [is there](Relation::Has), there is enough for all.
    User {
        /// What that is: "a network backend".
        of: Cow<'static, str>,
    },
    /// What is of some type, by its id.
    Type {
        /// What it is: "an object".
        of: Cow<'static, str>,
        /// Its own type of QEMU's and all that this is, with commas between them; the one that is needed.
        ty: Cow<'static, str>,
        /// The property that needs it.
        by: Cow<'static, str>,
    },
    /// A bus. Without a name it is any.
    Bus {
        /// The sorts of devices that it takes, with commas between them, or `*`; the one of the device that needs it.
        of: Cow<'static, str>,
    },
    /// The machine's first PCI bus.
    Root,
    /// A MAC address.
    Mac,
    /// A context id of vsock.
    Cid,
    /// A place on a bus, named as a message names it.
    Address,
    /// A slot of a bus, by a place in it: one at function 0 has it for itself, others share it.
    Slot,
    /// The number of a bridge.
    BridgeChassis,
    /// The numbers of a port, as a message names them.
    PortChassis,
    /// A port of the host, by the rule that forwards it.
    HostPort,
    /// Where a server of VNC listens.
    Vnc,
    /// The name of a file for the firmware.
    File,
    /// QEMU's standard input and output.
    Terminal,
    /// Memory that other processes can have.
    SharedMemory,
    /// What is said or not: a property that the machine has, an option.
    Fact,
    /// Slots for memory modules.
    Slots,
    /// Ports of the machine's own, by the machine.
    Ports {
        /// What they are: "serial".
        of: Cow<'static, str>,
    },
    /// Places for drives on a bus of IDE, by the bus. Without a name it is the machine's last.
    Drives,
    /// The CPUs that a machine takes, by the machine.
    Cpus,
    /// The CPUs that there can be: those at the start are among them.
    Topology {
        /// Whether they are made of levels, all of which are said, or some of them.
        levels: Option<bool>,
    },
    /// The most memory that there can be.
    Memory,
    /// The memory of the machine, which its nodes share out.
    Nodes,
}

/// What a part has to do with something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is there for others.
    Has,
    /// No other may have it.
    Takes,
    /// It is there for others, and no other may have it.
    Defines,
    /// It must be there.
    Needs {
        /// Whether QEMU makes it in the order of its arguments, so that its statement comes first.
        first: bool,
        /// What is wrong where it isn't there. None where it is seen to elsewhere.
        lack: Option<Lack>,
    },
    /// It must not be there.
    Bars {
        /// What is wrong where it is.
        clash: Lack,
        /// The [fact](Sort::Fact) with which it may, if there is one.
        unless: Cow<'static, str>,
    },
    /// There is so much of it, in all.
    Gives {
        /// How much. What is no number isn't known.
        amount: Text,
    },
    /// Of that it uses up so much.
    Uses {
        /// The product of these.
        amount: Cow<'static, [Text]>,
    },
}

/// What is wrong where something isn't there, or is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The code of the mistake.
    pub code: Cow<'static, str>,
    /// What is wrong. Of a name that comes later `{}` stands for it.
    pub message: Cow<'static, str>,
    /// What to do about it.
    pub help: Cow<'static, str>,
}

packed! {
    struct Tie { sort, relation, name, statement, span, when, block }
    struct Lack { code, message, help }
    enum Sort {
        Statement,
        Device,
        Id { of },
        User { of },
        Type { of, ty, by },
        Bus { of },
        Root,
        Mac,
        Cid,
        Address,
        Slot,
        BridgeChassis,
        PortChassis,
        HostPort,
        Vnc,
        File,
        Terminal,
        SharedMemory,
        Fact,
        Slots,
        Ports { of },
        Drives,
        Cpus,
        Topology { levels },
        Memory,
        Nodes
    }
    enum Relation { Has, Takes, Defines, Needs { first, lack }, Bars { clash, unless }, Gives { amount }, Uses { amount } }
}

impl Tie {
    /// Whether what it says hangs on values.
    pub(crate) fn is_late(&self) -> bool {
        let is_late = |text: &[Piece]| text.iter().any(is_late);
        let amount = match &self.relation {
            // There are as many as the block repeats.
            Relation::Gives { .. } | Relation::Uses { .. } if self.block > 0 => true,
            Relation::Gives { amount } => is_late(amount),
            Relation::Uses { amount } => amount.iter().any(|factor| is_late(factor)),
            _ => false,
        };
        amount || is_late(&self.name)
    }

    /// The first value in it that comes later.
    pub(super) fn blank(&self) -> Option<u32> {
        let amounts: &[Text] = match &self.relation {
            Relation::Gives { amount } => std::slice::from_ref(amount),
            Relation::Uses { amount } => amount,
            _ => &[],
        };
        let mut pieces = std::iter::once(&self.name).chain(amounts).flat_map(|text| text.iter());
        pieces.find_map(|piece| match piece {
            Piece::Blank { blank, .. } => Some(*blank),
            _ => None,
        })
    }
}

fn is_late(piece: &Piece) -> bool {
    match piece {
        Piece::Blank { .. } => true,
        Piece::Given { text, .. } => text.iter().any(is_late),
        _ => false,
    }
}

/// What stands between an address and its bus.
pub(crate) const OF_BUS: &str = "` of the bus `";

/// What stands between the numbers of a port.
pub(crate) const AND_SLOT: &str = " and the slot ";

/// The name of a place on a bus. Without a bus it is the machine's first.
pub(crate) fn address(addr: impl ToString, bus: Option<&str>) -> String {
    let addr = addr.to_string();
    bus.map_or(addr.clone(), |bus| [&*addr, OF_BUS, bus].concat())
}

/// What is wrong: a code, a message and a remedy.
pub(crate) type Wrong = (Code, String, String);

/// What is wrong where the id `name` is another thing's.
pub(crate) fn wrong_id(name: &str, is: &str, must_be: &str) -> Wrong {
    let message = format!("`{name}` is the id of {is}, not of {must_be}");
    (Code::WrongId, message, format!("name {must_be} here"))
}

/// What is wrong where what has the id `name` is of another type than `by` takes.
pub(crate) fn wrong_type(name: &str, is: &str, by: &str, wants: &str) -> Wrong {
    let message = format!("`{name}` is {}, and `{by}` takes {}", one(is), one(wants));
    (Code::WrongId, message, format!("name {} here", one(wants)))
}

/// "an `iothread`"
pub(crate) fn one(ty: &str) -> String {
    let article = if ty.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} `{ty}`")
}

/// What is wrong where a bus takes other devices.
pub(crate) fn no_bus(name: &str) -> (Code, String) {
    (Code::UnknownBus, format!("`{name}` is no bus for this device"))
}

/// What is wrong where another device is in the slot of one that has it for itself. `addr` is the other's.
pub(crate) fn lonely(addr: &str) -> (Code, String, &'static str) {
    let message = format!("the device at function 0 has the slot for itself, and another is at `{addr}`");
    let help = "write `multifunction=on` for the device at function 0, or take another slot";
    (Code::SingleFunction, message, help)
}

impl Sort {
    /// What is wrong where two have it: a code, a message and a remedy.
    pub(crate) fn twice(&self, name: &str) -> (Code, String, &'static str) {
        match self {
            Self::Statement => (
                Code::RepeatedStatement,
                format!("`{name}` stands twice"),
                "a VM has one: leave out one of them, or join them",
            ),
            Self::Device => {
                (Code::RepeatedStatement, format!("a VM has one device `{name}`"), "leave out one of them")
            }
            Self::Id { of } => (
                Code::DuplicateId,
                format!("`{name}` is already the id of {of}"),
                "give each an id of its own",
            ),
            Self::User { .. } => {
                (Code::InUse, format!("`{name}` has its device already"), "give each a backend of its own")
            }
            Self::Mac => (
                Code::EqualMacs,
                format!("two devices have the MAC address `{name}`"),
                "leave out `mac=` for an address of its own",
            ),
            Self::Cid => (
                Code::AddressInUse,
                format!("two vsock devices have the address {name}"),
                "give each device an address of its own",
            ),
            Self::Address => (
                Code::AddressInUse,
                format!("two devices at the address `{name}`"),
                "give each its own slot, or function",
            ),
            Self::BridgeChassis => (
                Code::DuplicateChassis,
                format!("two bridges have the chassis number {name}"),
                "give each bridge a number of its own",
            ),
            Self::PortChassis => (
                Code::DuplicateChassis,
                format!("two ports have the chassis number {name}"),
                "give each port a number of its own: `chassis=1`, `chassis=2`",
            ),
            Self::HostPort => {
                let port = Forwarded::of(name).map_or(0, |forwarded| forwarded.port);
                (
                    Code::AddressInUse,
                    format!("the host's port {port} is forwarded twice"),
                    "forward another port of the host",
                )
            }
            Self::Vnc => (
                Code::RepeatedStatement,
                format!("two servers of VNC listen at `{name}`"),
                "give each an address of its own",
            ),
            Self::File => (
                Code::DuplicateId,
                format!("`{name}` is the name of another file"),
                "give each a name of its own",
            ),
            Self::Terminal => (
                Code::InUse,
                "two can't have QEMU's standard input and output".to_owned(),
                "connect one of them to something else: a `file` or a `socket`",
            ),
            Self::Drives => (
                Code::AddressInUse,
                format!("two drives are at the unit {name}"),
                "give each a unit of its own, or leave it out",
            ),
            // Nobody takes these.
            Self::Type { .. }
            | Self::Bus { .. }
            | Self::Root
            | Self::Slot
            | Self::SharedMemory
            | Self::Fact
            | Self::Slots
            | Self::Ports { .. }
            | Self::Cpus
            | Self::Topology { .. }
            | Self::Memory
            | Self::Nodes => (Code::InUse, format!("`{name}` is taken"), ""),
        }
    }

    /// What is wrong where there is so much of it, and `used` is more, or not the same. `name` is whose it is.
    pub(crate) fn beyond(&self, name: &str, room: u64, used: u64) -> Wrong {
        match self {
            Self::Slots => (
                Code::DimmWithoutSlots,
                match room {
                    0 => "there are no slots for memory modules".to_owned(),
                    _ => format!("there are more memory modules than slots ({room})"),
                },
                "give `memory` enough, and a maximum: `memory 2G slots=2 max=4G`".to_owned(),
            ),
            Self::Ports { of } => {
                let has = match room {
                    0 => format!("no {of} port"),
                    1 => format!("one {of} port"),
                    _ => format!("{room} {of} ports"),
                };
                let help = match &**of {
                    "serial" => "leave it out, or plug one in: `serial ... driver=pci-serial`",
                    _ => "leave it out",
                };
                (Code::OutOfRange, format!("`{name}` has {has}: this one isn't there"), help.to_owned())
            }
            Self::Drives => {
                let drives = if room == 1 { "one drive".to_owned() } else { format!("{room} drives") };
                (
                    Code::AddressInUse,
                    format!("the bus `{name}` has room for {drives}"),
                    "put it elsewhere: `controller ich9-ahci id=sata0` has the buses `sata0.0` to `sata0.5`"
                        .to_owned(),
                )
            }
            Self::Cpus => (
                Code::TooManyCpus,
                format!("the machine `{name}` takes no more CPUs than {room}"),
                match room {
                    1 => "write `smp 1`, or choose another machine".to_owned(),
                    _ => format!("write at most `smp {room}`, or choose another machine"),
                },
            ),
            Self::Topology { levels: None } => (
                Code::Topology,
                format!("{used} CPUs at the start are more than at most ({room})"),
                "raise `maxcpus`, or leave it out".to_owned(),
            ),
            Self::Topology { levels: Some(all) } => (
                Code::Topology,
                match all {
                    true => format!("the levels make {used} CPUs, not {room}"),
                    false => format!("the levels can't make {room} CPUs"),
                },
                format!(
                    "the product of all levels is the number of CPUs: write `smp {used}`, or change a level"
                ),
            ),
            Self::Memory => (
                Code::MemoryMax,
                format!("{} at the start is more than at most ({})", bytes(used), bytes(room)),
                "raise `max`, or lower the size".to_owned(),
            ),
            Self::Nodes => (
                Code::NumaNodes,
                format!("the nodes have {} of memory, the machine {}", bytes(used), bytes(room)),
                "share out all of it".to_owned(),
            ),
            // There is no end of these.
            _ => (Code::OutOfRange, format!("{used} are more than {room}"), String::new()),
        }
    }

    /// Whether so much of it is right, where there is `room`.
    pub(super) const fn fits(&self, room: u64, used: u64, is_all: bool) -> bool {
        match self {
            Self::Nodes => used == room,
            Self::Topology { levels: Some(true) } if is_all => used == room,
            Self::Topology { levels: Some(_) } => used > 0 && room.is_multiple_of(used),
            _ => used <= room,
        }
    }

    /// What is the same for names that mean the same. `root` is the machine's first PCI bus.
    pub(super) fn key(&self, name: &str, root: &str) -> String {
        let number = |text: &str| number(text).map_or_else(|| text.to_owned(), |number| number.to_string());
        match self {
            Self::Mac => MacText::parse(name).map_or_else(|_| name.to_owned(), |mac| mac.mac.to_string()),
            Self::Address | Self::Slot => {
                let (addr, bus) = name.split_once(OF_BUS).unwrap_or((name, root));
                let known = PciAddr::parse(addr).ok();
                let addr = match (self, known) {
                    (Self::Slot, Some(known)) => format!("{:x}", known.slot),
                    (_, Some(known)) => known.to_string(),
                    (_, None) => addr.to_owned(),
                };
                let addr = addr.strip_suffix(".0").unwrap_or(&addr);
                address(addr, Some(bus).filter(|bus| !bus.is_empty()))
            }
            Self::HostPort => Forwarded::of(name)
                .map_or_else(|| name.to_owned(), |Forwarded { is_udp, port, .. }| format!("{is_udp} {port}")),
            Self::Cid | Self::BridgeChassis => number(name),
            Self::PortChassis => match name.split_once(AND_SLOT) {
                Some((chassis, slot)) => [&*number(chassis), AND_SLOT, &number(slot)].concat(),
                None => name.to_owned(),
            },
            // There is one of each.
            Self::Slots
            | Self::Ports { .. }
            | Self::Cpus
            | Self::Topology { .. }
            | Self::Memory
            | Self::Nodes => String::new(),
            _ => name.to_owned(),
        }
    }

    /// Whether two of one key are the same indeed.
    pub(super) fn collides(&self, one: &str, other: &str) -> bool {
        match (self, Forwarded::of(one), Forwarded::of(other)) {
            (Self::HostPort, Some(one), Some(other)) => one.collides(other),
            _ => true,
        }
    }

    /// Whether a name of it can say no more than that: of a place that is no other's slot, of a port that any free one is.
    pub(super) fn is_idle(&self, relation: &Relation, name: &str) -> bool {
        match (self, relation) {
            (Self::Slot, relation) => {
                let addr = name.split_once(OF_BUS).map_or(name, |(addr, _)| addr);
                let is_first = PciAddr::parse(addr).is_ok_and(|addr| addr.function.unwrap_or(0) == 0);
                is_first != matches!(relation, Relation::Bars { .. })
            }
            (Self::Vnc, _) => name == "none",
            _ => false,
        }
    }
}

/// A number as QEMU reads it.
pub(crate) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A number of bytes as people say it.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        _ if bytes > 0 && bytes.is_multiple_of(1 << 30) => format!("{}G", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}M", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}
