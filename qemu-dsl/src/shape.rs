//! What a statement prints where values come later: its shapes, of which the values choose one.
//!
//! **No statement knows of it.** A statement is read and printed with each value taken to be there, or not; to be on, or off;
//! to be this word or that. Where the absence of a value only leaves an item of a list out, the item says so itself, and no
//! shape is needed: most options are such. So there are few shapes, and each is what the text would print that has the value
//! written out.

use crate::bind::{Choice, RefusedShape};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hardware::{self, Hardware};
use crate::level::Levels;
use crate::model::{Entry, Facts, State, States, Vm};
use crate::plan::When;
use crate::print::{self, Argument, Output, Print, Printed};
use crate::read::Reading;
use crate::scenario::{Scenario, facts_of};
use crate::{check, print as room};

/// So many shapes a statement may have: each is a part of the program.
const MOST: usize = 256;

/// A shape of a statement.
struct Shape {
    /// The number of the statement among the VM's.
    statement: usize,
    when: When,
    entry: Entry,
}

/// The shapes of a VM's statements.
#[derive(Default)]
pub(crate) struct Shapes {
    shapes: Vec<Shape>,
    pub(crate) choices: Vec<Choice>,
}

/// What prints and reads a VM's statements.
pub(crate) struct Shaper<'a, 't> {
    pub(crate) reading: &'a Reading<'t>,
    pub(crate) print: Print,
    pub(crate) levels: &'a Levels,
}

impl Shaper<'_, '_> {
    /// Finds the shapes of all statements. Those that are wrong are refused when the values choose them; where all are, that
    /// is reported.
    pub(crate) fn shapes(&self, vm: &mut Vm, diagnostics: &mut Vec<Diagnostic>) -> Shapes {
        let mut found = Shapes::default();
        for number in 0..vm.statements.len() {
            self.statement(number, vm, &mut found, diagnostics);
        }
        found
    }

    fn statement(&self, number: usize, vm: &mut Vm, found: &mut Shapes, diagnostics: &mut Vec<Diagnostic>) {
        let Some(entry) = vm.statements.get(number) else { return };
        let (step, span) = (entry.step, entry.span);
        let mut deciding = Vec::new();
        let mut optional = Vec::new();
        for blank in vm.blanks.of(step) {
            let Some(of) = vm.blanks.get(blank) else { continue };
            // In a command even what only leaves an item out may stand elsewhere.
            if of.kind.words().is_some() || of.optional && vm.is_fragment {
                deciding.push(blank);
            } else if of.optional {
                optional.push(blank);
            }
        }
        if deciding.is_empty() && optional.is_empty() {
            return;
        }
        let states = loop {
            let states = combinations(&deciding, vm);
            if states.len() > MOST {
                diagnostics.push(
                    Diagnostic::error(
                        Code::LateValue,
                        format!("this statement would have {} shapes, and {MOST} are the most", states.len()),
                    )
                    .at(span)
                    .help("write some of its values out: those that may be absent, and those that are one of some words"),
                );
                return;
            }
            let Some(shaping) = self.shaping(step, number, &states, &optional, vm) else { break states };
            optional.retain(|blank| *blank != shaping);
            deciding.push(shaping);
        };
        if deciding.is_empty() {
            return;
        }
        self.found(number, &deciding, &states, vm, found, diagnostics);
    }

    /// A value whose absence does more than to leave items out of lists, in any of these states.
    fn shaping(
        &self,
        step: usize,
        number: usize,
        states: &[States],
        optional: &[u32],
        vm: &mut Vm,
    ) -> Option<u32> {
        for states in states {
            let (Some(whole), _) = self.reading.again(vm, step, states) else { continue };
            let facts = facts_of(Some(&whole), vm);
            let whole = self.printed(number, &whole, vm);
            for blank in optional {
                let mut without = states.clone();
                without.insert(*blank, State::Absent);
                let (entry, _) = self.reading.again(vm, step, &without);
                let other = facts_of(entry.as_ref(), vm);
                let is_left_out = entry.is_some_and(|entry| {
                    let printed = self.printed(number, &entry, vm);
                    facts == other
                        && printed.fds == whole.fds
                        && left_out(&whole.arguments, *blank) == Some(printed.arguments)
                });
                // Or something is wrong without it.
                let is_wrong =
                    |wrong: Vec<Diagnostic>| wrong.iter().any(|wrong| wrong.severity == Severity::Error);
                let is_left_out = is_left_out && !is_wrong(self.wrong(number, step, &without, vm));
                if !is_left_out {
                    return Some(*blank);
                }
            }
        }
        None
    }

    fn printed(&self, number: usize, entry: &Entry, vm: &Vm) -> Output {
        room::print_entries(vm, self.print, [(number, None, entry)].into_iter())
    }

    /// Notes the shapes of a statement.
    fn found(
        &self,
        number: usize,
        deciding: &[u32],
        states: &[States],
        vm: &mut Vm,
        found: &mut Shapes,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let choice = found.choices.len() as u32;
        let Some(entry) = vm.statements.get(number) else { return };
        let (step, block) = (entry.step, vm.rounds.block(entry.round));
        let mut refused = Vec::new();
        let mut first_wrong = None;
        let mut told: Option<Facts> = None;
        for (shape, states) in (0..).zip(states) {
            let (entry, mut wrong) = self.reading.again(vm, step, states);
            let facts = facts_of(entry.as_ref(), vm);
            if let Some(entry) = entry {
                wrong.extend(self.wrong(number, step, states, vm));
                found.shapes.push(Shape { statement: number, when: When { choice, shape }, entry });
            }
            // What holds the RAM is named by the machine's statement, where there is one.
            let facts = Facts { ram: facts.ram.filter(|_| vm.facts.names_machine), ..facts };
            if told.as_ref().is_some_and(|told| *told != facts) {
                let blank = deciding.iter().find_map(|blank| vm.blanks.get(*blank));
                diagnostics.push(
                    Diagnostic::error(Code::LateValue, "what other statements print hangs on this value")
                        .at(blank.map_or_else(Default::default, |blank| blank.span))
                        .help("write it out"),
                );
                return;
            }
            told = Some(facts);
            if let Some(wrong) = wrong.into_iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
                refused.push(RefusedShape {
                    shape,
                    code: wrong.code.as_str().into(),
                    message: wrong.message.clone().into(),
                    help: wrong
                        .remedy
                        .as_ref()
                        .map(|remedy| remedy.help.to_string())
                        .unwrap_or_default()
                        .into(),
                });
                first_wrong = first_wrong.or(Some(wrong));
            }
        }
        if refused.len() == states.len() {
            diagnostics.extend(first_wrong);
        }
        found.choices.push(Choice { blanks: deciding.to_vec().into(), refused: refused.into(), block });
    }

    /// What is wrong with the VM where a statement has this shape. Without it nothing was.
    fn wrong(&self, number: usize, step: usize, states: &States, vm: &mut Vm) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let (Some(shape), ..) = self.reading.again(vm, step, states) else { return diagnostics };
        let Some(place) = vm.statements.get_mut(number) else { return diagnostics };
        let whole = std::mem::replace(place, shape);
        let round = whole.round;
        let facts = vm.facts.clone();
        Scenario::with(&vm.rounds, round).within(vm, |vm| {
            vm.facts.clone_from(&facts);
            let output = print::print(vm, self.print);
            let options = hardware::options(vm, &output);
            check::check(&Hardware::new(vm, &output, &options), &mut diagnostics);
        });
        self.levels.apply(&mut diagnostics);
        vm.facts = facts;
        if let Some(place) = vm.statements.get_mut(number) {
            *place = whole;
        }
        diagnostics
    }
}

impl Shapes {
    /// What the statements print, each in all of its shapes.
    pub(crate) fn print(&self, vm: &Vm, print: Print) -> Output {
        let mut entries: Vec<(usize, Option<When>, &Entry)> = Vec::new();
        for (number, entry) in vm.statements.iter().enumerate() {
            let shapes = self.shapes.iter().filter(|shape| shape.statement == number);
            let before = entries.len();
            entries.extend(shapes.map(|shape| (number, Some(shape.when), &shape.entry)));
            if entries.len() == before {
                entries.push((number, None, entry));
            }
        }
        room::print_entries(vm, print, entries.into_iter())
    }
}

/// All combinations of the states that values can be in, the first one's counting most.
fn combinations(blanks: &[u32], vm: &Vm) -> Vec<States> {
    let mut all = vec![States::new()];
    for blank in blanks {
        let Some(of) = vm.blanks.get(*blank) else { continue };
        let mut states: Vec<State> = match of.kind.words() {
            Some(words) => words.map(State::Word).collect(),
            None => vec![State::Present],
        };
        states.extend(of.optional.then_some(State::Absent));
        if all.len().saturating_mul(states.len()) > 16 * MOST {
            // Too many in any case.
            return vec![States::new(); 16 * MOST];
        }
        let with = |states: &States, state: State| {
            let mut states = states.clone();
            states.insert(*blank, state);
            states
        };
        all = all
            .iter()
            .flat_map(|before| states.iter().map(|state| with(before, *state)).collect::<Vec<_>>())
            .collect();
    }
    all
}

/// What is printed without the items of a blank. Nothing where it stands elsewhere too, or first in a list.
fn left_out(arguments: &[Argument], blank: u32) -> Option<Vec<Argument>> {
    let mut arguments = arguments.to_vec();
    for argument in &mut arguments {
        if let Printed::Option { items, .. } = &mut argument.printed {
            if items.first().is_some_and(|first| first.given() == Some(blank)) {
                return None;
            }
            items.retain(|item| item.given() != Some(blank));
        }
    }
    Some(arguments)
}
