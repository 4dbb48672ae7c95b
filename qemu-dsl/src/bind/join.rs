//! Parts of a VM as one: their templates behind each other, with numbers that go on from part to part.

use std::borrow::Cow;

use super::blank::{Blank, BlankPart, Choice, Hole, Written};
use super::fill::Blanks;
use super::order::order;
use super::tie::{MACHINE, Relation, Tie};
use crate::Span;
use crate::plan::packed::packed;
use crate::plan::{Arg, Block, FdSlot, GeneratedId, Number, Piece, Place, Template, Text, When};

/// The template of a part of a VM, and what it has to do with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartTemplate {
    /// The template, with blanks in it.
    pub template: Template,
    /// What hangs on values, and what others have to do with it.
    pub open: Blanks,
    /// The name of the VM, where the base has one.
    pub name: Option<Text>,
    /// Whether there may be more than can be seen.
    pub uncertain: bool,
}

packed! { struct PartTemplate { template, open, name, uncertain } }

/// The parts that have been joined.
#[derive(Default)]
pub(super) struct Joined {
    pub(super) template: Template,
    pub(super) open: Blanks,
    /// The ties, each with the number of its part.
    pub(super) ties: Vec<(usize, Tie)>,
    /// How many statements there are.
    statements: u32,
    /// Where the next text begins, as if all were one.
    end: u32,
    /// The name of the VM, where the base has one.
    name: Option<Text>,
    parts: usize,
}

/// How much of each there is.
struct Lens {
    args: usize,
    fds: usize,
    ties: usize,
    places: usize,
}

impl Joined {
    /// Adds a part. The first is the base.
    pub(super) fn add(&mut self, part: &PartTemplate) {
        let PartTemplate { template, open, name, .. } = part;
        if self.parts == 0 {
            self.template.target = template.target;
            self.template.program.clone_from(&template.program);
            self.name.clone_from(name);
        }
        let by = Shift {
            span: self.end,
            fd: self.template.fds.len() as u32,
            id: self.template.ids.len() as u32,
            blank: self.open.blanks.len() as u32,
            choice: self.open.choices.len() as u32,
            block: self.open.blocks.len() as u32,
            hole: self.open.holes.len() as u32,
            statement: self.statements,
            name: self.name.clone(),
        };
        let before = Lens {
            args: self.template.args.len(),
            fds: self.template.fds.len(),
            ties: self.ties.len(),
            places: self.template.places.len(),
        };
        let own = self.template.args.to_mut();
        own.extend(template.args.iter().map(|arg| by.arg(arg)));
        self.template.fds.to_mut().extend(template.fds.iter().map(|slot| by.slot(slot)));
        self.template.ids.to_mut().extend(template.ids.iter().map(|id| GeneratedId {
            unless: id.unless.map(|blank| blank + by.blank),
            block: by.block(id.block),
            ..id.clone()
        }));
        self.template
            .places
            .to_mut()
            .extend(template.places.iter().map(|place| Place { span: by.span(place.span), ..place.clone() }));
        let Blanks { holes, blanks, choices, ties, blocks, taken, order } = open;
        self.open.holes.to_mut().extend(holes.iter().map(|hole| Hole {
            span: by.span(hole.span),
            block: by.block(hole.block),
            ..hole.clone()
        }));
        self.open.blanks.to_mut().extend(blanks.iter().map(|blank| by.blank(blank)));
        self.open.choices.to_mut().extend(choices.iter().map(|choice| Choice {
            blanks: by.blanks(&choice.blanks),
            block: by.block(choice.block),
            ..choice.clone()
        }));
        self.open.blocks.to_mut().extend(
            blocks.iter().map(|block| Block { parent: by.block(block.parent), guard: block.guard.clone() }),
        );
        self.open.taken.to_mut().extend(taken.iter().map(|written| by.written(written)));
        self.open.order.to_mut().extend(order.iter().map(|slot| slot + by.id));
        let number = self.parts;
        self.ties.extend(ties.iter().map(|tie| (number, by.tie(tie))));
        self.parts += 1;
        self.count(&before);
    }

    /// Counts what the last part has added to what was there before.
    fn count(&mut self, before: &Lens) {
        let args = self.template.args.iter().skip(before.args).map(|arg| (arg.statement, arg.span));
        let fds = self.template.fds.iter().skip(before.fds).map(|slot| (slot.statement, slot.span));
        let ties = self.ties.iter().skip(before.ties).map(|(_, tie)| (tie.statement, tie.span));
        for (statement, span) in args.chain(fds).chain(ties) {
            if statement != MACHINE {
                self.statements = self.statements.max(statement + 1);
            }
            self.end = self.end.max(span.end + 1);
        }
        let places = self.template.places.iter().skip(before.places).map(|place| place.span.end + 1);
        self.end = places.fold(self.end, u32::max);
    }
}

/// Brings arguments and file descriptors into the order of a text that has all of it: each statement behind those that it
/// needs, of which `needs` has pairs.
pub(super) fn arrange(template: &mut Template, needs: &[(u32, u32)]) {
    let own =
        template.args.iter().map(|arg| arg.statement).chain(template.fds.iter().map(|slot| slot.statement));
    let needed = needs.iter().flat_map(|(of, first)| [*of, *first]);
    let statements = own.chain(needed).max().map_or(0, |last| last + 1);
    let mut needed = vec![Vec::new(); statements as usize];
    for (of, first) in needs {
        if let Some(needed) = needed.get_mut(*of as usize) {
            needed.push(*first as usize);
        }
    }
    let mut rank = vec![u32::MAX; needed.len()];
    for (place, statement) in (0..).zip(order(&needed)) {
        if let Some(rank) = rank.get_mut(statement) {
            *rank = place;
        }
    }
    let rank_of = |statement: u32| rank.get(statement as usize).copied().unwrap_or(u32::MAX);
    let fds = template.fds.to_mut();
    let mut slots: Vec<_> = (0..fds.len() as u32).collect();
    slots.sort_by_key(|slot| fds.get(*slot as usize).map(|slot| rank_of(slot.statement)));
    if !slots.is_sorted() {
        let mut numbers = vec![0; slots.len()];
        for (new, old) in (0..).zip(&slots) {
            if let Some(number) = numbers.get_mut(*old as usize) {
                *number = new;
            }
        }
        for arg in template.args.to_mut() {
            renumber(arg.text.to_mut(), &numbers);
            if let Some(json) = &mut arg.json {
                renumber(json.to_mut(), &numbers);
            }
        }
        fds.sort_by_key(|slot| rank_of(slot.statement));
    }
    let args = template.args.to_mut();
    // Stable: what one statement says stays together.
    args.sort_by_key(|arg| (arg.part, rank_of(arg.statement)));
}

/// Makes all devices JSON that stand behind one which must be that: QEMU makes those of JSON when all others are there. Gives
/// the place of one that can't be.
pub(super) fn devices_as_json(template: &mut Template) -> Option<Span> {
    let is_device = |text: &[Piece]| matches!(text, [Piece::Text(flag)] if flag == "-device");
    let must_be = |text: &[Piece]| matches!(text.first(), Some(Piece::Text(text)) if text.starts_with('{'));
    let mut follows = false;
    let mut are_json = false;
    for arg in template.args.to_mut() {
        if std::mem::replace(&mut follows, is_device(&arg.text)) {
            are_json |= must_be(&arg.text);
            if are_json && !must_be(&arg.text) {
                let Some(json) = arg.json.take() else { return Some(arg.span) };
                arg.text = json;
            }
        }
    }
    None
}

fn renumber(text: &mut [Piece], numbers: &[u32]) {
    for piece in text {
        match piece {
            Piece::Fd(slot) => {
                if let Some(number) = numbers.get(*slot as usize) {
                    *slot = *number;
                }
            }
            Piece::Given { text, .. } => renumber(text.to_mut(), numbers),
            // None has one in it.
            Piece::Text(_)
            | Piece::Id(_)
            | Piece::VmName { .. }
            | Piece::Mac { .. }
            | Piece::Blank { .. } => {}
        }
    }
}

/// How far the numbers of a part go on from those before it.
struct Shift {
    span: u32,
    fd: u32,
    id: u32,
    blank: u32,
    choice: u32,
    block: u32,
    hole: u32,
    statement: u32,
    /// The VM's name, in numbers of the base.
    name: Option<Text>,
}

impl Shift {
    fn span(&self, span: Span) -> Span {
        Span::new(span.start + self.span, span.end + self.span)
    }

    fn block(&self, block: u32) -> u32 {
        if block == 0 { 0 } else { block + self.block }
    }

    fn when(&self, when: Option<When>) -> Option<When> {
        when.map(|When { choice, shape }| When { choice: choice + self.choice, shape })
    }

    fn number(&self, number: &Number) -> Number {
        match number {
            Number::Blank(blank) => Number::Blank(blank + self.blank),
            Number::Known(_) => *number,
        }
    }

    fn statement(&self, statement: u32) -> u32 {
        if statement == MACHINE { statement } else { statement + self.statement }
    }

    fn blanks(&self, blanks: &[u32]) -> Cow<'static, [u32]> {
        blanks.iter().map(|blank| blank + self.blank).collect()
    }

    fn text(&self, text: &[Piece]) -> Text {
        let mut out = Vec::with_capacity(text.len());
        for piece in text {
            out.push(match piece {
                Piece::Text(_) => piece.clone(),
                Piece::Fd(slot) => Piece::Fd(slot + self.fd),
                Piece::Id(slot) => Piece::Id(slot + self.id),
                Piece::VmName { otherwise } => {
                    match &self.name {
                        Some(name) => out.extend(name.iter().cloned()),
                        None => out.extend(self.text(otherwise).into_owned()),
                    }
                    continue;
                }
                Piece::Mac { of } => Piece::Mac { of: self.text(of) },
                Piece::Blank { blank, escape, show } => {
                    Piece::Blank { blank: blank + self.blank, escape: *escape, show: *show }
                }
                Piece::Given { blank, text } => {
                    Piece::Given { blank: blank + self.blank, text: self.text(text) }
                }
            });
        }
        out.into()
    }

    fn arg(&self, arg: &Arg) -> Arg {
        let Arg { text, span, when, block, part, statement, json } = arg;
        Arg {
            text: self.text(text),
            span: self.span(*span),
            when: self.when(*when),
            block: self.block(*block),
            part: *part,
            statement: self.statement(*statement),
            json: json.as_ref().map(|json| self.text(json)),
        }
    }

    fn slot(&self, slot: &FdSlot) -> FdSlot {
        let FdSlot { source, device, queue, span, when, count, given, block, statement } = slot;
        FdSlot {
            source: source.map(|text| self.text(text), |number| self.number(number)),
            device: self.text(device),
            queue: *queue,
            span: self.span(*span),
            when: self.when(*when),
            count: count.map(|blank| blank + self.blank),
            given: given.map(|blank| blank + self.blank),
            block: self.block(*block),
            statement: self.statement(*statement),
        }
    }

    fn blank(&self, blank: &Blank) -> Blank {
        let part = |part: &BlankPart| match part {
            BlankPart::Text(_) => part.clone(),
            BlankPart::Hole(hole) => BlankPart::Hole(hole + self.hole),
        };
        Blank {
            parts: blank.parts.iter().map(part).collect(),
            span: self.span(blank.span),
            block: self.block(blank.block),
            ..blank.clone()
        }
    }

    fn written(&self, written: &Written) -> Written {
        Written { text: written.text.clone(), block: self.block(written.block) }
    }

    fn tie(&self, tie: &Tie) -> Tie {
        Tie {
            sort: tie.sort.clone(),
            relation: match &tie.relation {
                Relation::Gives { amount } => Relation::Gives { amount: self.text(amount) },
                Relation::Uses { amount } => {
                    Relation::Uses { amount: amount.iter().map(|factor| self.text(factor)).collect() }
                }
                other => other.clone(),
            },
            name: self.text(&tie.name),
            statement: self.statement(tie.statement),
            span: self.span(tie.span),
            when: self.when(tie.when),
            block: self.block(tie.block),
        }
    }
}
