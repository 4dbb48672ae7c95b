//! The VMs that a text with open blocks can be: which of its blocks are there.
//!
//! What is wrong in one of them is wrong in the text. All of them are too many, so each branch is looked at, and each with each
//! other: nearly all that can be wrong is between two statements. Conditions of one name hold together.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::bind::Sort;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::model::{Entry, Facts, Once, Rounds, Vm};
use crate::plan::{Block, Guard};
use crate::{Span, statement};

/// So many are looked at. What the others have wrong is found when the values are there, or by QEMU.
const MOST: usize = 256;

/// Which blocks are there, by their numbers from 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scenario(Vec<bool>);

/// Which conditions hold, by their names. Those that aren't in it do.
type Conditions = BTreeMap<String, bool>;

impl Scenario {
    fn of(rounds: &Rounds, conditions: &Conditions) -> Self {
        let mut there = Vec::with_capacity(rounds.blocks().len());
        for (number, block) in rounds.blocks().iter().enumerate() {
            let holds = |name: &str| conditions.get(name).copied().unwrap_or(true);
            let is_free = || !chain(rounds, number).any(|before| there.get(before) == Some(&true));
            there.push(match &block.guard {
                Guard::If(condition) => holds(&condition.name) != condition.negated,
                Guard::ElseIf(condition) => is_free() && holds(&condition.name) != condition.negated,
                Guard::Else => is_free(),
                Guard::For { list, .. } => holds(list),
            });
        }
        Self(there)
    }

    /// Those that are looked at. The first has each condition hold, and without blocks it is the only one.
    pub(crate) fn all(rounds: &Rounds) -> Vec<Self> {
        let wanted: Vec<Conditions> = wanted(rounds).into_iter().collect();
        let mut seen = HashSet::new();
        let mut all = Vec::new();
        let mut add = |conditions: &Conditions| {
            let scenario = Self::of(rounds, conditions);
            if all.len() < MOST && seen.insert(scenario.clone()) {
                all.push(scenario);
            }
        };
        add(&Conditions::new());
        wanted.iter().for_each(&mut add);
        for (number, one) in wanted.iter().enumerate() {
            for other in wanted.iter().skip(number + 1) {
                if one.iter().all(|(name, holds)| other.get(name).is_none_or(|other| other == holds)) {
                    add(&one.iter().chain(other).map(|(name, holds)| (name.clone(), *holds)).collect());
                }
            }
        }
        all
    }

    /// One in which a round is there.
    pub(crate) fn with(rounds: &Rounds, round: u32) -> Self {
        let block = rounds.block(round);
        let conditions = (block as usize).checked_sub(1).map(|number| needed(rounds, number));
        Self::of(rounds, &conditions.unwrap_or_default())
    }

    pub(crate) fn has(&self, rounds: &Rounds, round: u32) -> bool {
        rounds.is_there(round, |block| self.0.get((block as usize).wrapping_sub(1)).copied().unwrap_or(false))
    }

    /// Does something with the VM as it is here.
    pub(crate) fn within<T>(&self, vm: &mut Vm, run: impl FnOnce(&mut Vm) -> T) -> T {
        if self.0.is_empty() {
            vm.facts = facts(vm);
            return run(vm);
        }
        let all = std::mem::take(&mut vm.statements);
        let places: Vec<bool> = all.iter().map(|entry| self.has(&vm.rounds, entry.round)).collect();
        let (there, others): (Vec<_>, Vec<_>) =
            all.into_iter().zip(&places).partition(|(_, is_there)| **is_there);
        vm.statements = there.into_iter().map(|(entry, _)| entry).collect();
        let once = std::mem::take(&mut vm.once);
        vm.once = once.iter().copied().filter(|once| self.has(&vm.rounds, once.round)).collect();
        vm.facts = facts(vm);
        let done = run(vm);
        let mut there = std::mem::take(&mut vm.statements).into_iter();
        let mut others = others.into_iter().map(|(entry, _)| entry);
        vm.statements = places
            .iter()
            .filter_map(|is_there| if *is_there { there.next() } else { others.next() })
            .collect();
        vm.once = once;
        done
    }
}

/// What statements tell those that print others.
pub(crate) fn facts(vm: &Vm) -> Facts {
    let mut facts = Facts::new(vm.target, vm.extent);
    vm.statements.iter().for_each(|entry| register(entry, &mut facts));
    facts
}

/// What a statement tells them.
pub(crate) fn facts_of(entry: Option<&Entry>, vm: &Vm) -> Facts {
    facts_with(&Facts::new(vm.target, vm.extent), entry)
}

/// Facts with what a statement tells.
pub(crate) fn facts_with(facts: &Facts, entry: Option<&Entry>) -> Facts {
    let mut facts = facts.clone();
    entry.into_iter().for_each(|entry| register(entry, &mut facts));
    facts
}

fn register(entry: &Entry, facts: &mut Facts) {
    if let Some(form) = statement::meaning(entry) {
        form.register(facts);
    }
}

/// Reports what may stand once, and stands twice.
pub(crate) fn repeated(all: &[Once], diagnostics: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, Once> = BTreeMap::new();
    for once in all {
        let Some(first) = first.get(once.keyword) else {
            first.insert(once.keyword, *once);
            continue;
        };
        let keyword = once.keyword;
        let (code, message, help) = Sort::Statement.twice(keyword);
        diagnostics.push(
            Diagnostic::error(code, message)
                .label(once.span, "again here")
                .label(first.span, "first here")
                .help(help),
        );
    }
}

/// Tells each once. What is wrong because a loop repeats it stands at one place, not at two.
pub(crate) fn told_once(diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    diagnostics
        .retain(|diagnostic| seen.insert((diagnostic.code, diagnostic.span(), diagnostic.message.clone())));
    for diagnostic in diagnostics {
        let [first, second, ..] = diagnostic.labels.as_slice() else { continue };
        if first.span != second.span {
            continue;
        }
        diagnostic.labels.truncate(1);
        if let Some(label) = diagnostic.labels.first_mut() {
            label.text = "once in each round of a loop".to_owned();
        }
        let help = match diagnostic.code {
            Code::RepeatedStatement => "a VM has one: let it stand outside of the loop",
            Code::DuplicateId => "leave it out, or let it hang on what the loop goes through: `id=\"d{n}\"`",
            _ => "leave it out, or let each round have one of its own, by what the loop goes through",
        };
        // Two devices may share one, but no loop means that.
        if diagnostic.code == Code::EqualMacs {
            diagnostic.severity = Severity::Error;
        }
        diagnostic.remedy = Some(help.into());
    }
}

/// The first statement in a block that may not be there and that tells others something.
pub(crate) fn telling(vm: &Vm) -> Option<Span> {
    let none = Facts::new(vm.target, vm.extent);
    let mut open = vm.statements.iter().filter(|entry| vm.rounds.block(entry.round) > 0);
    Some(open.find(|entry| facts_of(Some(entry), vm) != none)?.head)
}

/// That what other statements print hangs on whether one is there.
pub(crate) fn varying(at: Span) -> Diagnostic {
    let help = "write it out of the block, or two VMs";
    let message = "what other statements print hangs on whether this is there";
    Diagnostic::error(Code::LateValue, message).at(at).help(help)
}

/// What must hold that each branch is there, and that none of a chain is.
fn wanted(rounds: &Rounds) -> BTreeSet<Conditions> {
    let mut all = BTreeSet::new();
    for (number, block) in rounds.blocks().iter().enumerate() {
        all.insert(needed(rounds, number));
        // Without it, and those before it in its chain.
        let mut without = parents(rounds, block);
        for block in chain(rounds, number).chain([number]) {
            deny(rounds, block, &mut without);
        }
        all.insert(without);
    }
    all
}

/// What must hold that a block is there.
fn needed(rounds: &Rounds, number: usize) -> Conditions {
    let Some(block) = rounds.blocks().get(number) else { return Conditions::new() };
    let mut conditions = parents(rounds, block);
    for before in chain(rounds, number) {
        deny(rounds, before, &mut conditions);
    }
    match &block.guard {
        Guard::If(condition) | Guard::ElseIf(condition) => {
            conditions.insert(condition.name.clone().into_owned(), !condition.negated);
        }
        Guard::For { list, .. } => {
            conditions.insert(list.clone().into_owned(), true);
        }
        Guard::Else => {}
    }
    conditions
}

/// What must hold that the block is there in which another stands.
fn parents(rounds: &Rounds, block: &Block) -> Conditions {
    (block.parent as usize).checked_sub(1).map_or_else(Conditions::new, |parent| needed(rounds, parent))
}

fn deny(rounds: &Rounds, number: usize, conditions: &mut Conditions) {
    match rounds.blocks().get(number).map(|block| &block.guard) {
        Some(Guard::If(condition) | Guard::ElseIf(condition)) => {
            conditions.insert(condition.name.clone().into_owned(), condition.negated);
        }
        Some(Guard::For { list, .. }) => {
            conditions.insert(list.clone().into_owned(), false);
        }
        Some(Guard::Else) | None => {}
    }
}

/// The blocks before one of which it is an `else`, from the last to the first.
fn chain(rounds: &Rounds, number: usize) -> impl Iterator<Item = usize> {
    let blocks = rounds.blocks();
    let mut at = number;
    std::iter::from_fn(move || {
        let block = blocks.get(at)?;
        if !matches!(block.guard, Guard::ElseIf(_) | Guard::Else) {
            return None;
        }
        at = blocks.get(..at)?.iter().rposition(|before| before.parent == block.parent)?;
        Some(at)
    })
}
