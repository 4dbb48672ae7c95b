//! Whether what [ties](Tie) a VM together goes together, when values and parts are there.

use std::collections::{HashMap, HashSet};

use super::blank::{Blank, Hole, place_of};
use super::error::BindProblem;
use super::tie::{
    ANY, Lack, MACHINE, NAME, Relation, Sort, Tie, lonely, no_bus, number, wrong_id, wrong_type,
};
use crate::code::Code;
use crate::plan::{Filled, GeneratedId, Piece, Place, Text, text_in};
use crate::value::{Size, ValueType as _};

/// A tie where the values are there.
struct Told<'t> {
    tie: &'t Tie,
    /// The number of its part.
    part: usize,
    /// Whether what it says hung on values.
    is_late: bool,
    name: String,
    key: String,
    amount: Amount,
}

/// How much a tie gives or uses.
#[derive(Clone, Copy)]
struct Amount {
    /// Nothing where that is no number.
    is: Option<u64>,
    /// Whether all that could be said of it is.
    is_all: bool,
}

/// The ties of a VM where values and parts are there.
pub(super) struct Tied<'t> {
    all: Vec<Told<'t>>,
    /// The blanks, and the holes in them.
    blanks: &'t [Blank],
    holes: &'t [Hole],
    places: &'t [Place],
}

impl<'t> Tied<'t> {
    /// These ties, each with the number of its part.
    pub(super) fn new(
        ties: impl Iterator<Item = (usize, &'t Tie)> + Clone,
        (blanks, holes): (&'t [Blank], &'t [Hole]),
        filled: &Filled<'_>,
        ids: &[GeneratedId],
        places: &'t [Place],
    ) -> Self {
        let text = |round: u32, text: &[Piece]| text_in(ids, filled, round, text);
        let is_there = |round: u32, text: &[Piece]| {
            text.iter().all(|piece| match piece {
                Piece::Blank { blank, .. } => filled.blank(round, *blank).is_some(),
                _ => true,
            })
        };
        let root = ties.clone().find(|(_, tie)| tie.sort == Sort::Root);
        let root = root.map_or_else(String::new, |(_, tie)| text(0, &tie.name));
        let mut all = Vec::new();
        for (part, tie) in ties {
            for round in filled.rounds.of(tie.block) {
                if !filled.is_there(round, tie.when) || !is_there(round, &tie.name) {
                    continue;
                }
                let amount = match &tie.relation {
                    Relation::Gives { amount } if is_there(round, amount) => {
                        Amount { is: quantity(&text(round, amount)), is_all: true }
                    }
                    Relation::Gives { .. } => Amount { is: None, is_all: true },
                    Relation::Uses { amount } => {
                        let given: Vec<&Text> =
                            amount.iter().filter(|factor| is_there(round, factor)).collect();
                        let product = given.iter().try_fold(1u64, |product, factor| {
                            Some(product.saturating_mul(quantity(&text(round, factor))?))
                        });
                        Amount { is: product, is_all: given.len() == amount.len() }
                    }
                    _ => Amount { is: None, is_all: true },
                };
                let name = text(round, &tie.name);
                let is_late = tie.is_late();
                // An empty value names nothing.
                if is_late && name.is_empty() && matches!(tie.relation, Relation::Needs { .. })
                    || tie.sort.is_idle(&tie.relation, &name)
                {
                    continue;
                }
                let key = tie.sort.key(&name, &root);
                all.push(Told { tie, part, is_late, name, key, amount });
            }
        }
        Self { all, blanks, holes, places }
    }

    /// Reports all that is wrong. `is_seen` says whether what isn't seen here isn't there.
    pub(super) fn check(&self, is_seen: bool, problems: &mut Vec<BindProblem>) {
        self.taken_twice(problems);
        self.barred(problems);
        self.used_up(problems);
        if is_seen {
            self.lacking(problems);
        }
    }

    /// Reports what two have that one may have.
    fn taken_twice(&self, problems: &mut Vec<BindProblem>) {
        let mut seen: HashMap<(&Sort, &str), Vec<&Told<'_>>> = HashMap::new();
        // What several can use.
        let is_shared = |told: &&Told<'_>| {
            matches!((&told.tie.sort, &told.tie.relation), (Sort::User { .. }, Relation::Has))
        };
        let shared: HashSet<_> =
            self.all.iter().filter(is_shared).map(|told| (&told.tie.sort, &*told.key)).collect();
        let ids: HashMap<_, _> = self.all.iter().filter_map(|told| Some((told.defined()?, told))).collect();
        for told in &self.all {
            let is_taken = matches!(told.tie.relation, Relation::Takes | Relation::Defines);
            // Who uses what isn't there is told of that.
            let (is_used, by) = match &told.tie.sort {
                Sort::User { of } => match ids.get(&(&**of, &*told.name)) {
                    Some(by) => (true, *by),
                    None => (false, told),
                },
                _ => (true, told),
            };
            if !is_taken || !is_used || shared.contains(&(&told.tie.sort, &*told.key)) {
                continue;
            }
            let before = seen.entry((&told.tie.sort, &told.key)).or_default();
            let is_new = |other: &Told<'_>| other.is_new_to(told) || by.is_new_to(told);
            let collides = |other: &Told<'_>| told.tie.sort.collides(&other.name, &told.name);
            let other = before.iter().find(|other| is_new(other) && collides(other));
            // Two of one id are told of as such.
            let both_own = |other: &&&Told<'_>| {
                [told, other].iter().all(|told| told.tie.relation == Relation::Defines)
                    && matches!(told.tie.sort, Sort::User { .. })
            };
            if let Some(other) = other.filter(|other| !both_own(other)) {
                // It is the value's that comes later.
                let is_turned = other.part == told.part && other.is_late && !told.is_late;
                let (told, other) = if is_turned { (*other, told) } else { (told, *other) };
                let (code, message, help) = told.tie.sort.twice(told.shown());
                let first = self.place(other.tie);
                let problem = BindProblem { first, ..self.problem(told.tie, code.as_str(), message, help) };
                // The id of a device and of its backend is said once.
                let is_it = |other: &BindProblem| {
                    (&other.code, &other.place, &other.first)
                        == (&problem.code, &problem.place, &problem.first)
                };
                if !problems.iter().any(is_it) {
                    problems.push(problem);
                }
            }
            before.push(told);
        }
    }

    /// Reports what is there that mustn't be.
    fn barred(&self, problems: &mut Vec<BindProblem>) {
        let is_there = |told: &&Told<'_>| {
            matches!(told.tie.relation, Relation::Has | Relation::Takes | Relation::Defines)
        };
        for told in &self.all {
            let Relation::Bars { clash, unless } = &told.tie.relation else { continue };
            let is_allowed = |other: &Told<'_>| other.tie.sort == Sort::Fact && other.name == **unless;
            if self.all.iter().filter(is_there).any(is_allowed) {
                continue;
            }
            let mut others = self.all.iter().filter(is_there);
            let other = others.find(|other| {
                other.is_new_to(told) && (&other.tie.sort, &other.key) == (&told.tie.sort, &told.key)
            });
            let Some(other) = other else { continue };
            // It is the value's that comes later.
            let is_turned = other.part == told.part && other.is_late && !told.is_late;
            let (at, first) = if is_turned { (other, told) } else { (told, other) };
            let problem = match &told.tie.sort {
                Sort::Slot => {
                    let (code, message, help) = lonely(other.addr());
                    self.problem(at.tie, code.as_str(), message, help)
                }
                _ => self.lack(at, clash),
            };
            problems.push(BindProblem { first: self.place(first.tie), ..problem });
        }
    }

    /// Reports what is used of which there isn't enough.
    fn used_up(&self, problems: &mut Vec<BindProblem>) {
        // Without a name a drive is on the machine's last bus, but for those that are plugged in.
        let drives = || {
            let given = |told: &&Told<'_>| {
                told.tie.sort == Sort::Drives && matches!(told.tie.relation, Relation::Gives { .. })
            };
            self.all.iter().filter(given)
        };
        let is_own = drives().all(|told| told.tie.statement == MACHINE);
        let last = drives().map(|told| &*told.key).max().filter(|_| is_own);
        let mut stocks: HashMap<(&Sort, &str), (usize, Stock<'_>)> = HashMap::new();
        for told in &self.all {
            let is_given = match &told.tie.relation {
                Relation::Gives { .. } => true,
                Relation::Uses { .. } => false,
                _ => continue,
            };
            let key = match (&told.tie.sort, told.key.is_empty()) {
                (Sort::Drives, true) => match last {
                    Some(last) => last,
                    None => continue,
                },
                _ => &*told.key,
            };
            let number = stocks.len();
            let (_, stock) =
                stocks.entry((&told.tie.sort, key)).or_insert_with(|| (number, Stock::default()));
            if is_given { stock.given.push(told) } else { stock.used.push(told) }
        }
        let mut stocks: Vec<_> = stocks.into_values().collect();
        // In the order of the text, whatever the map's.
        stocks.sort_by_key(|(number, _)| *number);
        for (_, stock) in stocks {
            problems.extend(
                stock.wrong().map(|(told, (code, message, help))| {
                    self.problem(told.tie, code.as_str(), message, help)
                }),
            );
        }
    }

    /// Reports what is needed and not there.
    fn lacking(&self, problems: &mut Vec<BindProblem>) {
        let found = Found::new(&self.all);
        let before = problems.len();
        for told in &self.all {
            let Relation::Needs { lack: Some(lack), .. } = &told.tie.relation else { continue };
            // A path through QEMU's tree of devices names more than can be known here.
            if found.of(told, true).is_some() || told.is_late && told.name.contains('/') {
                continue;
            }
            let other = match &told.tie.sort {
                Sort::Id { of } => {
                    let mut ids = self.all.iter().filter_map(Told::defined);
                    let other = ids.find(|(_, id)| *id == told.name);
                    other.map(|(other, _)| wrong_id(&told.name, other, of))
                }
                Sort::Type { ty, by, .. } => match found.type_of(told) {
                    Some(is) => Some(wrong_type(&told.name, is, by, ty)),
                    // That nothing has the id is said elsewhere.
                    None => continue,
                },
                Sort::Bus { .. } if !told.name.is_empty() && found.of(told, false).is_some() => {
                    let (code, message) = no_bus(&told.name);
                    Some((code, message, lack.help.to_string()))
                }
                _ => None,
            };
            let problem = match other {
                Some((code, message, help)) => self.problem(told.tie, code.as_str(), message, help),
                None => self.lack(told, lack),
            };
            // What the shape of a statement lacks is said already.
            let is_it =
                |other: &BindProblem| (&other.code, &other.message) == (&problem.code, &problem.message);
            if !problems.iter().take(before).any(is_it) {
                problems.push(problem);
            }
        }
    }

    /// The statements that come before others: a statement, and one that it needs.
    pub(super) fn needs(&self) -> Vec<(u32, u32)> {
        let found = Found::new(&self.all);
        let first =
            self.all.iter().filter(|told| matches!(told.tie.relation, Relation::Needs { first: true, .. }));
        let edges = first.filter_map(|told| Some((told.tie.statement, found.of(told, false)?)));
        edges.filter(|(of, needed)| of != needed && *needed != MACHINE).collect()
    }

    /// The hole whose value it hangs on.
    fn hole(&self, tie: &Tie) -> Option<&'t Hole> {
        self.blanks.get(tie.blank()? as usize)?.first_hole(self.holes)
    }

    fn place(&self, tie: &Tie) -> Option<Place> {
        let hole = self.hole(tie).and_then(|hole| place_of(self.places, hole));
        hole.or_else(|| Place::find(self.places, tie.span)).cloned()
    }

    fn lack(&self, told: &Told<'_>, lack: &Lack) -> BindProblem {
        let words = |text: &str| if told.is_late { text.replace(NAME, &told.name) } else { text.to_owned() };
        self.problem(told.tie, &lack.code, words(&lack.message), words(&lack.help))
    }

    fn problem(
        &self,
        tie: &Tie,
        code: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> BindProblem {
        let hole = self.hole(tie);
        BindProblem {
            place: self.place(tie),
            first: None,
            hole: hole.map_or_else(String::new, |hole| hole.name.clone().into_owned()),
            code: code.to_owned(),
            message: message.into(),
            help: help.into(),
        }
    }
}

/// A number, or a size in bytes.
fn quantity(text: &str) -> Option<u64> {
    number(text).or_else(|| Size::parse(text).ok().map(|size| size.bytes))
}

impl Told<'_> {
    /// The id that it defines: what has it, and the id.
    fn defined(&self) -> Option<(&str, &str)> {
        match (&self.tie.sort, &self.tie.relation) {
            (Sort::Id { of }, Relation::Defines) => Some((of, &self.name)),
            _ => None,
        }
    }

    /// Whether the compiler hasn't seen both: what is wrong with what stands in one part, and hangs on no values, it has said.
    fn is_new_to(&self, other: &Self) -> bool {
        self.part != other.part || self.is_late || other.is_late
    }

    /// What a message says.
    fn shown(&self) -> &str {
        if self.tie.sort == Sort::HostPort { &self.name } else { &self.key }
    }

    /// The address of a place on a bus.
    fn addr(&self) -> &str {
        self.name.split_once(super::tie::OF_BUS).map_or(&self.name, |(addr, _)| addr)
    }
}

/// Something of which there is only so much.
#[derive(Default)]
struct Stock<'t> {
    given: Vec<&'t Told<'t>>,
    used: Vec<&'t Told<'t>>,
}

impl<'t> Stock<'t> {
    /// What is wrong with it, and who uses too much.
    fn wrong(&self) -> Option<(&'t Told<'t>, (Code, String, String))> {
        let (first, last) = (self.given.first()?, self.used.last()?);
        let room = self.given.iter().try_fold(0u64, |sum, told| Some(sum.saturating_add(told.amount.is?)))?;
        let all = || self.given.iter().chain(&self.used);
        // In one part, with no values, the compiler has looked.
        if all().all(|told| !told.is_new_to(first)) {
            return None;
        }
        let sort = &last.tie.sort;
        // All of it counts at once.
        let is_whole = matches!(sort, Sort::Nodes);
        let mut used = 0u64;
        for told in &self.used {
            used = used.saturating_add(told.amount.is?);
            let is_end = !is_whole || std::ptr::eq(*told, *last);
            // A port that isn't to be there takes the place of one.
            if is_end && !sort.fits(room, used, told.amount.is_all) && told.name != "none" {
                let name = if first.name.is_empty() { &told.name } else { &first.name };
                // It is the value's that comes later.
                let late = all().find(|other| other.part == told.part && other.is_late);
                let at = late.filter(|_| !told.is_late).unwrap_or(told);
                return Some((at, sort.beyond(name, room, used)));
            }
        }
        None
    }
}

/// What is there, and the number of the first statement that has it.
struct Found<'t> {
    things: HashMap<(&'t Sort, &'t str), u32>,
    /// Each bus by its name, and the sorts that it takes.
    buses: HashMap<&'t str, Vec<(&'t str, u32)>>,
    /// The first bus of each sort.
    sorts: HashMap<&'t str, u32>,
    /// The types of what has an id.
    types: HashMap<(&'t str, &'t str), &'t str>,
}

impl<'t> Found<'t> {
    fn new(all: &'t [Told<'_>]) -> Self {
        let mut found = Self {
            things: HashMap::new(),
            buses: HashMap::new(),
            sorts: HashMap::new(),
            types: HashMap::new(),
        };
        let is_there = |told: &&Told<'_>| matches!(told.tie.relation, Relation::Has | Relation::Defines);
        for told in all.iter().filter(is_there) {
            let statement = told.tie.statement;
            match &told.tie.sort {
                Sort::Bus { of } => {
                    found.buses.entry(&told.name).or_default().push((of, statement));
                    for sort in of.split(',') {
                        found.sorts.entry(sort).or_insert(statement);
                    }
                }
                Sort::Type { of, ty, .. } => {
                    found.types.entry((of, &told.name)).or_insert(ty);
                }
                sort => {
                    found.things.entry((sort, &told.name)).or_insert(statement);
                }
            }
        }
        found
    }

    /// The type of what has the id.
    fn type_of(&self, told: &Told<'_>) -> Option<&'t str> {
        let Sort::Type { of, .. } = &told.tie.sort else { return None };
        self.types.get(&(&**of, &*told.name))?.split(',').next()
    }

    /// The statement that has what another needs. A bus of a name may be of another sort, if `exact` doesn't hold.
    fn of(&self, told: &Told<'_>, exact: bool) -> Option<u32> {
        let wanted = match &told.tie.sort {
            Sort::Bus { of } => of,
            Sort::Type { of, ty, .. } => {
                let is = self.types.get(&(&**of, &*told.name))?;
                return is.split(',').any(|is| is == ty).then_some(MACHINE);
            }
            sort => {
                let own = || {
                    // A bus of the machine's own is a device, too.
                    let mut buses = self.buses.get(&*told.name)?.iter();
                    let is_device = matches!(sort, Sort::Id { of } if of == DEVICE);
                    buses.any(|(_, statement)| is_device && *statement == MACHINE).then_some(MACHINE)
                };
                return self.things.get(&(sort, &*told.name)).copied().or_else(own);
            }
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

/// What a device is called where it is referred to.
const DEVICE: &str = "a device";
