//! What ties the parts of a VM together: ids and buses that others refer to, and what no two may have.
//!
//! The compiler says of each part what it has, needs and takes. Whether that goes together is seen when the parts are there,
//! by no more than their names; what is said then of what doesn't, the compiler has said before, or says by the same words.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::error::BindProblem;
use crate::Span;
use crate::code::Code;
use crate::plan::packed::packed;
use crate::plan::{Filled, Piece, Place, Template, Text, When};
use crate::value::{Forwarded, MacText, ValueType as _};

/// The number of no statement: the machine has it.
pub(crate) const MACHINE: u32 = u32::MAX;

/// What a bus takes of which nothing is known. A sort behind it is one that it doesn't take.
pub(crate) const ANY: &str = "*";

/// What parts of a VM have to do with each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// What it is.
    pub sort: Sort,
    /// Whether it is there, or needed.
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

/// What parts can have, need or take.
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
    /// A bus. Without a name it is any.
    Bus {
        /// The sorts of devices that it takes, with commas between them, or `*`; the one of the device that needs it.
        of: Cow<'static, str>,
    },
    /// A MAC address.
    Mac,
    /// A context id of vsock.
    Cid,
    /// A place on a bus, named as a message names it.
    Address,
    /// The number of a bridge.
    BridgeChassis,
    /// The numbers of a port, as a message names them.
    PortChassis,
    /// A port of the host, by the rule that forwards it.
    HostPort,
    /// Memory that other processes can have.
    SharedMemory,
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
}

/// What is wrong where something isn't there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The code of the mistake.
    pub code: Cow<'static, str>,
    /// What is wrong.
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
        Bus { of },
        Mac,
        Cid,
        Address,
        BridgeChassis,
        PortChassis,
        HostPort,
        SharedMemory
    }
    enum Relation { Has, Takes, Defines, Needs { first, lack } }
}

/// What stands between an address and its bus.
pub(crate) const OF_BUS: &str = "` of the bus `";

/// The name of a place on a bus. Without a bus it is the machine's first.
pub(crate) fn address(addr: impl ToString, bus: Option<&str>) -> String {
    let addr = addr.to_string();
    bus.map_or(addr.clone(), |bus| [&*addr, OF_BUS, bus].concat())
}

/// What is wrong where the id `name` is another thing's.
pub(crate) fn wrong_id(name: &str, is: &str, must_be: &str) -> (Code, String, String) {
    let message = format!("`{name}` is the id of {is}, not of {must_be}");
    (Code::WrongId, message, format!("name {must_be} here"))
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
            // Nobody takes these.
            Self::Bus { .. } | Self::SharedMemory => (Code::InUse, format!("`{name}` is taken"), ""),
        }
    }

    /// What is the same for names that mean the same. `root` is the machine's first PCI bus.
    fn key(&self, name: String, root: &str) -> String {
        match self {
            Self::Mac => MacText::parse(&name).map_or(name, |mac| mac.mac.to_string()),
            Self::Address => {
                let (addr, bus) = name.split_once(OF_BUS).unwrap_or((&name, root));
                let addr = addr.strip_suffix(".0").unwrap_or(addr);
                address(addr, Some(bus).filter(|bus| !bus.is_empty()))
            }
            Self::HostPort => {
                Forwarded::of(&name).map_or(name, |Forwarded { is_udp, port, .. }| format!("{is_udp} {port}"))
            }
            _ => name,
        }
    }

    /// Whether two of one key are the same indeed.
    fn collides(&self, one: &str, other: &str) -> bool {
        match (self, Forwarded::of(one), Forwarded::of(other)) {
            (Self::HostPort, Some(one), Some(other)) => one.collides(other),
            _ => true,
        }
    }
}

/// A tie where the values are there.
pub(super) struct Told<'t> {
    tie: &'t Tie,
    /// The number of its part.
    part: usize,
    name: String,
    key: String,
}

/// The ties of all parts, each with the number of its part.
pub(super) fn told<'t>(
    ties: &'t [(usize, Tie)],
    template: &Template,
    filled: &Filled<'_>,
    root: &str,
) -> Vec<Told<'t>> {
    let mut all = Vec::with_capacity(ties.len());
    for (part, tie) in ties {
        for round in filled.rounds.of(tie.block) {
            let is_there = |piece: &Piece| match piece {
                Piece::Blank { blank, .. } => filled.blank(round, *blank).is_some(),
                _ => true,
            };
            if filled.is_there(round, tie.when) && tie.name.iter().all(is_there) {
                let name = template.text_in(filled, round, &tie.name);
                let key = tie.sort.key(name.clone(), root);
                all.push(Told { tie, part: *part, name, key });
            }
        }
    }
    all
}

/// Reports what two parts have that one may have.
pub(super) fn taken_twice(all: &[Told<'_>], places: &[Place], problems: &mut Vec<BindProblem>) {
    let mut seen: HashMap<(&Sort, &str), Vec<&Told<'_>>> = HashMap::new();
    // What several can use.
    let is_shared =
        |told: &&Told<'_>| matches!((&told.tie.sort, &told.tie.relation), (Sort::User { .. }, Relation::Has));
    let shared: HashSet<_> = all.iter().filter(is_shared).map(|told| (&told.tie.sort, &*told.key)).collect();
    let ids: HashMap<_, _> = all.iter().filter_map(|told| Some((told.defined()?, told.part))).collect();
    for told in all {
        let is_taken = matches!(told.tie.relation, Relation::Takes | Relation::Defines);
        // Who uses what isn't there is told of that.
        let (is_used, by_part) = match &told.tie.sort {
            Sort::User { of } => match ids.get(&(&**of, &*told.name)) {
                Some(part) => (true, *part),
                None => (false, told.part),
            },
            _ => (true, told.part),
        };
        if !is_taken || !is_used || shared.contains(&(&told.tie.sort, &*told.key)) {
            continue;
        }
        let before = seen.entry((&told.tie.sort, &told.key)).or_default();
        // What is wrong within a part has been looked at there, where it could be seen.
        let is_news = |other: &Told<'_>| other.part != told.part || by_part != told.part;
        let collides = |other: &Told<'_>| told.tie.sort.collides(&other.name, &told.name);
        let other = before.iter().find(|other| is_news(other) && collides(other));
        // Two of one id are told of as such.
        let both_own = |other: &&&Told<'_>| {
            [told, other].iter().all(|told| told.tie.relation == Relation::Defines)
                && matches!(told.tie.sort, Sort::User { .. })
        };
        let other = other.filter(|other| !both_own(other));
        if let Some(other) = other {
            let (code, message, help) = told.tie.sort.twice(told.shown());
            let first = place(other.tie, places);
            let problem = BindProblem { first, ..problem(told.tie, places, code.as_str(), message, help) };
            // The id of a device and of its backend is said once.
            let is_it = |other: &BindProblem| {
                (&other.code, &other.place, &other.first) == (&problem.code, &problem.place, &problem.first)
            };
            if !problems.iter().any(is_it) {
                problems.push(problem);
            }
        }
        before.push(told);
    }
}

/// Reports what parts need and none has.
pub(super) fn lacking(all: &[Told<'_>], places: &[Place], problems: &mut Vec<BindProblem>) {
    let found = Found::new(all);
    for told in all {
        let Relation::Needs { lack: Some(Lack { code, message, help }), .. } = &told.tie.relation else {
            continue;
        };
        if found.of(told, true).is_some() {
            continue;
        }
        let Sort::Id { of } = &told.tie.sort else {
            problems.push(problem(told.tie, places, code, &**message, &**help));
            continue;
        };
        let mut ids = all.iter().filter_map(Told::defined);
        let other = ids.find(|(_, id)| *id == told.name).map(|(of, _)| of);
        problems.push(match other {
            Some(other) => {
                let (code, message, help) = wrong_id(&told.name, other, of);
                problem(told.tie, places, code.as_str(), message, help)
            }
            None => problem(told.tie, places, code, &**message, &**help),
        });
    }
}

/// The statements that come before others: a statement, and one that it needs.
pub(super) fn needs(all: &[Told<'_>]) -> Vec<(u32, u32)> {
    let found = Found::new(all);
    let first = all.iter().filter(|told| matches!(told.tie.relation, Relation::Needs { first: true, .. }));
    let edges = first.filter_map(|told| Some((told.tie.statement, found.of(told, false)?)));
    edges.filter(|(of, needed)| of != needed && *needed != MACHINE).collect()
}

impl Told<'_> {
    /// The id that it defines: what has it, and the id.
    fn defined(&self) -> Option<(&str, &str)> {
        match (&self.tie.sort, &self.tie.relation) {
            (Sort::Id { of }, Relation::Defines) => Some((of, &self.name)),
            _ => None,
        }
    }

    /// What a message says.
    fn shown(&self) -> &str {
        if self.tie.sort == Sort::HostPort { &self.name } else { &self.key }
    }
}

/// What is there, and the number of the first statement that has it.
struct Found<'t> {
    things: HashMap<(&'t Sort, &'t str), u32>,
    /// Each bus by its name, and the sorts that it takes.
    buses: HashMap<&'t str, Vec<(&'t str, u32)>>,
    /// The first bus of each sort.
    sorts: HashMap<&'t str, u32>,
}

impl<'t> Found<'t> {
    fn new(all: &'t [Told<'_>]) -> Self {
        let mut found = Self { things: HashMap::new(), buses: HashMap::new(), sorts: HashMap::new() };
        let is_there = |told: &&Told<'_>| matches!(told.tie.relation, Relation::Has | Relation::Defines);
        for told in all.iter().filter(is_there) {
            let statement = told.tie.statement;
            if let Sort::Bus { of } = &told.tie.sort {
                found.buses.entry(&told.name).or_default().push((of, statement));
                for sort in of.split(',') {
                    found.sorts.entry(sort).or_insert(statement);
                }
            } else {
                found.things.entry((&told.tie.sort, &told.name)).or_insert(statement);
            }
        }
        found
    }

    /// The statement that has what another needs. A bus of a name may be of another sort, if `exact` doesn't hold.
    fn of(&self, told: &Told<'_>, exact: bool) -> Option<u32> {
        let Sort::Bus { of: wanted } = &told.tie.sort else {
            return self.things.get(&(&told.tie.sort, &*told.name)).copied();
        };
        // Bridges apart, what sits on a bus provides none of its sort.
        let may_take = |sorts: &str| {
            sorts.strip_prefix(ANY).is_some_and(|on| on != wanted || matches!(on, "PCI" | "CXL"))
        };
        if told.name.is_empty() {
            let mut unknown = self.sorts.iter().filter(|(sorts, _)| exact && may_take(sorts));
            let known = self.sorts.get(&**wanted).copied();
            return known.or_else(|| unknown.next().map(|(_, statement)| *statement));
        }
        let takes = |sorts: &str| {
            !exact
                || wanted.is_empty()
                || sorts.starts_with(ANY)
                || sorts.split(',').any(|sort| sort == wanted)
        };
        let on_board = self.buses.get("").into_iter().flatten();
        let on_board = on_board.filter(|(_, statement)| exact && *statement == MACHINE);
        let mut buses = self.buses.get(&*told.name).into_iter().flatten().chain(on_board);
        buses.find(|(sorts, _)| takes(sorts)).map(|(_, statement)| *statement)
    }
}

fn place(tie: &Tie, places: &[Place]) -> Option<Place> {
    places.iter().find(|place| place.span == tie.span).cloned()
}

fn problem(
    tie: &Tie,
    places: &[Place],
    code: &str,
    message: impl Into<String>,
    help: impl Into<String>,
) -> BindProblem {
    BindProblem {
        place: place(tie, places),
        first: None,
        hole: String::new(),
        code: code.to_owned(),
        message: message.into(),
        help: help.into(),
    }
}
