//! From devices with blanks to devices for a guest that runs.

use std::borrow::Cow;
use std::ops::Range;

use super::equipped::Equipped;
use super::error::BindError;
use super::fill::{Blanks, Purpose};
use super::json;
use super::value::{Value, Values};
use crate::plan::optlist::Escape;
use crate::plan::packed::packed;
use crate::plan::{
    FdSlot, Filled, Fragment, GeneratedId, Json, Member, Number, Packed, PerRound, Piece, Step, Text,
};

/// Devices for a guest that runs, whose values come later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenFragment {
    /// The devices, with blanks in them.
    pub fragment: Fragment,
    /// What hangs on values.
    pub open: Blanks,
}

packed! { struct OpenFragment { fragment, open } }

impl OpenFragment {
    /// The devices with these values.
    ///
    /// # Errors
    ///
    /// As of [`OpenTemplate::bind_named`](super::OpenTemplate::bind_named).
    pub fn bind_named(&self, values: &[(&str, Value)]) -> Result<Fragment, BindError> {
        self.bind(&self.open.named(values, &self.fragment.places))
    }

    /// The devices with a value for each hole, in their order.
    ///
    /// # Errors
    ///
    /// Where a value isn't what its place wants, or values don't go together: all of it.
    pub fn bind(&self, values: &Values) -> Result<Fragment, BindError> {
        Ok(self.bound(&self.filled(values)?))
    }

    /// The devices with a value for each hole, in their order, and with the file descriptors among them.
    ///
    /// # Errors
    ///
    /// As of [`OpenTemplate::equip`](super::OpenTemplate::equip).
    pub fn equip(&self, values: Values) -> Result<Equipped<'static, Fragment>, BindError> {
        let filled = self.filled(&values)?;
        let fragment = self.bound(&filled);
        let lines = filled.lines;
        Ok(Equipped::new(Cow::Owned(fragment), values.into_fds(&lines)))
    }

    fn filled<'v>(&'v self, values: &'v Values) -> Result<Filled<'v>, BindError> {
        let Fragment { ids, fds, places, .. } = &self.fragment;
        self.open.fill(values, ids, fds, places, Purpose::Commands)
    }

    fn bound(&self, filled: &Filled<'_>) -> Fragment {
        Binding::new(&self.fragment, &self.open.order, filled).fragment(&self.fragment)
    }
}

/// For `devices!`, as the one for `vm!`.
impl Packed<OpenFragment> {
    /// The devices with a value for each hole, in their order.
    ///
    /// # Errors
    ///
    /// As of [`OpenFragment::bind`].
    pub fn bind(&self, values: &Values) -> Result<Fragment, BindError> {
        OpenFragment::bind(self, values)
    }

    /// The devices with a value for each hole, in their order, and with the file descriptors among them.
    ///
    /// # Errors
    ///
    /// As of [`OpenFragment::equip`].
    pub fn equip(&self, values: Values) -> Result<Equipped<'static, Fragment>, BindError> {
        OpenFragment::equip(self, values)
    }
}

/// What slots and blanks become.
struct Binding<'f> {
    filled: &'f Filled<'f>,
    /// The new slots of each slot's file descriptors.
    fds: PerRound<Range<u32>>,
    /// The new slots of generated ids, those that are used.
    ids: PerRound<Option<u32>>,
    /// The same in their order: the round, and the old slot.
    used: Vec<(u32, u32)>,
    /// The round that is written.
    round: u32,
}

impl<'f> Binding<'f> {
    fn new(fragment: &Fragment, order: &[u32], filled: &'f Filled<'f>) -> Self {
        let rounds = &filled.rounds;
        let mut fds = PerRound::new(rounds, fragment.fds.iter().map(|slot| slot.block), 0..0);
        FdSlot::lines(&fragment.fds, filled, |at, _, round, own| fds.set(rounds, round, at, own));
        let of_ids = || fragment.ids.iter().map(|id| id.block);
        let mut is_used = PerRound::new(rounds, of_ids(), false);
        rounds.walk(
            &fragment.steps,
            |step| (step.block, step.part),
            |_, step, round| {
                if !filled.is_there(round, step.when) {
                    return;
                }
                let mut slots = Vec::new();
                ids_in(&step.id, &mut slots);
                step.arguments.iter().for_each(|member| ids_of(&member.value, &mut slots));
                slots.into_iter().for_each(|slot| is_used.set(rounds, round, slot, true));
            },
        );
        let mut ids = PerRound::new(rounds, of_ids(), None);
        let mut used = Vec::new();
        let block = |slot: &u32| (fragment.ids.get(*slot as usize).map_or(0, |id| id.block), 0);
        rounds.walk(order, block, |_, slot, round| {
            if is_used.get(rounds, round, *slot) == Some(&true) {
                ids.set(rounds, round, *slot, Some(used.len() as u32));
                used.push((round, *slot));
            }
        });
        Self { filled, fds, ids, used, round: 0 }
    }

    fn fragment(mut self, fragment: &Fragment) -> Fragment {
        let Fragment { target, steps, fds, ids, places } = fragment;
        let rounds = &self.filled.rounds;
        // The numbers are the first that are free: by the prefix, in the order of the text.
        let ids = self.used.iter().filter_map(|(round, slot)| {
            let id = ids.get(*slot as usize)?;
            let number = id.number_in(self.filled, *round, *slot);
            Some(GeneratedId { prefix: id.prefix.clone(), number, unless: None, block: 0 })
        });
        let ids = ids.collect();
        let mut bound = Vec::new();
        rounds.walk(
            steps,
            |step| (step.block, step.part),
            |_, step, round| {
                if self.filled.is_there(round, step.when) {
                    self.round = round;
                    bound.push(self.step(step));
                }
            },
        );
        let mut slots = Vec::new();
        rounds.walk(
            fds,
            |slot| (slot.block, 0),
            |_, slot, round| {
                self.round = round;
                slots.extend(self.fd(slot));
            },
        );
        Fragment { target: *target, steps: bound.into(), fds: slots.into(), ids, places: places.clone() }
    }

    fn step(&self, step: &Step) -> Step {
        let Step { action, id, pci, arguments, span, part, .. } = step;
        let arguments = arguments.iter().map(|member| self.member(member)).collect();
        Step {
            action: *action,
            id: self.text(id),
            pci: *pci,
            arguments,
            span: *span,
            when: None,
            block: 0,
            part: *part,
        }
    }

    fn fd(&self, slot: &FdSlot) -> impl Iterator<Item = FdSlot> {
        let number = |number: &Number| Number::Known(self.filled.number(self.round, *number));
        let source = slot.source.map(|text| self.text(text), number);
        let FdSlot { span, statement, .. } = *slot;
        let device = self.text(&slot.device);
        let queues = (slot.queue..).take(slot.count_in(self.filled, self.round) as usize);
        queues.map(move |queue| FdSlot {
            source: source.clone(),
            device: device.clone(),
            queue,
            span,
            when: None,
            count: None,
            given: None,
            block: 0,
            statement,
        })
    }

    fn member(&self, member: &Member) -> Member {
        Member { name: member.name.clone(), value: self.json(&member.value) }
    }

    fn json(&self, json: &Json) -> Json {
        match json {
            Json::Late(text, ty) => {
                let text = self.text(text);
                let known = match text.as_ref() {
                    [] => Some(""),
                    [Piece::Text(text)] => Some(&**text),
                    _ => None,
                };
                known.and_then(|known| json::read(*ty, known)).unwrap_or(Json::Text(text))
            }
            Json::Text(text) => Json::Text(self.text(text)),
            Json::Id(text) => Json::Id(self.text(text)),
            Json::FileDriver(text) => Json::FileDriver(self.text(text)),
            Json::List(list) => Json::List(list.iter().map(|json| self.json(json)).collect()),
            Json::Object(members) => Json::Object(members.iter().map(|member| self.member(member)).collect()),
            Json::Null | Json::Bool(_) | Json::Int(_) => json.clone(),
        }
    }

    fn text(&self, text: &[Piece]) -> Text {
        let mut out = Vec::new();
        for piece in text {
            self.piece(piece, &mut out);
        }
        out.into()
    }

    fn piece(&self, piece: &Piece, out: &mut Vec<Piece>) {
        match piece {
            Piece::Text(text) => append(out, text),
            Piece::Fd(slot) => {
                let slots = self.fds.get(&self.filled.rounds, self.round, *slot).cloned();
                for (at, slot) in slots.into_iter().flatten().enumerate() {
                    if at > 0 {
                        append(out, ":");
                    }
                    out.push(Piece::Fd(slot));
                }
            }
            Piece::Id(slot) => {
                let new = self.ids.get(&self.filled.rounds, self.round, *slot).copied().flatten();
                out.push(Piece::Id(new.unwrap_or(*slot)));
            }
            Piece::VmName { otherwise } => out.push(Piece::VmName { otherwise: self.text(otherwise) }),
            Piece::Mac { of } => out.push(Piece::Mac { of: self.text(of) }),
            Piece::Blank { blank, show, .. } => {
                if let Some(value) = self.filled.blank(self.round, *blank) {
                    let mut text = Vec::new();
                    show.write(value.as_encoded_bytes(), Escape::Raw, &mut text);
                    append(out, &String::from_utf8_lossy(&text));
                }
            }
            Piece::Given { blank, text } => {
                if self.filled.blank(self.round, *blank).is_some() {
                    text.iter().for_each(|piece| self.piece(piece, out));
                }
            }
        }
    }
}

fn append(out: &mut Vec<Piece>, more: &str) {
    match out.last_mut() {
        Some(Piece::Text(text)) => text.to_mut().push_str(more),
        _ => out.push(Piece::Text(more.to_owned().into())),
    }
}

/// The slots of generated ids in a text.
fn ids_in(text: &[Piece], slots: &mut Vec<u32>) {
    for piece in text {
        match piece {
            Piece::Id(slot) => slots.push(*slot),
            Piece::VmName { otherwise } => ids_in(otherwise, slots),
            Piece::Mac { of } => ids_in(of, slots),
            Piece::Given { text, .. } => ids_in(text, slots),
            Piece::Text(_) | Piece::Fd(_) | Piece::Blank { .. } => {}
        }
    }
}

/// Those in a value.
fn ids_of(json: &Json, slots: &mut Vec<u32>) {
    match json {
        Json::Text(text) | Json::Id(text) | Json::FileDriver(text) | Json::Late(text, _) => {
            ids_in(text, slots);
        }
        Json::List(list) => list.iter().for_each(|json| ids_of(json, slots)),
        Json::Object(members) => members.iter().for_each(|member| ids_of(&member.value, slots)),
        Json::Null | Json::Bool(_) | Json::Int(_) => {}
    }
}
