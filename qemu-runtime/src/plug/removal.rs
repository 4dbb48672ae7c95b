//! What is no device is removed from a guest: what a device had, and what was done in vain.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::plan::{Action, Filling, Step};
use crate::qmp::QmpError;

use super::descriptors::set_number;
use super::inventory::{Asking, DEVICES};
use super::release::{Found, release};
use crate::plugged::{Left, Registry, Removed, Thing, what};

/// How long it may take where the device is one that is to be undone.
const UNDO: Duration = Duration::from_secs(5);
/// How long QEMU may hold on to what a device used that is gone: it frees some of it only when no thread looks there.
pub(super) const SETTLE: Duration = Duration::from_millis(500);

/// What QEMU has made of a step that it then refused: of a network backend the queues before the one that it didn't like.
pub(super) fn halves(asking: &Asking<'_>, step: &Step, filling: &Filling, source: &QmpError) -> Option<Left> {
    let is_refused = step.action == Action::Netdev && matches!(source, QmpError::Refused { .. });
    let id = filling.text(&step.id);
    let is_there = is_refused && asking.ids(Action::Netdev).is_ok_and(|ids| ids.contains(&id));
    let reason = "QEMU has made it in part, and can't remove that: give the next another id";
    is_there.then(|| Left { what: what(step.action), id, reason: reason.to_owned() })
}

/// Undoes steps, the last one first. Gives what is left; that is then known, so that it can be unplugged later.
pub(super) fn undo(asking: &Asking<'_>, mut done: Vec<Thing>, registry: &mut Registry) -> Vec<Left> {
    let mut removal = Removal::new(asking, SETTLE);
    let mut left = Vec::new();
    let mut kept: Vec<Thing> = Vec::new();
    while let Some(thing) = done.pop() {
        let removed = if thing.is_device() {
            let path = format!("{DEVICES}/{}", thing.id);
            match release(asking, &thing.id, &Found { path, own: Vec::new() }, UNDO) {
                Ok(()) => Removed::Gone,
                Err(error) => Removed::Not(Left::of(&thing, error)),
            }
        } else {
            // QEMU would take some backends from under their devices.
            match kept.iter().find(|user| user.needs.contains(&thing.id)) {
                Some(user) => Removed::Not(Left::of(&thing, format!("`{}` uses it", user.id))),
                None => removal.remove(&thing),
            }
        };
        match removed {
            Removed::Gone => {}
            Removed::Lingers(this) => {
                left.push(this);
                registry.linger(&thing.id, thing.id.clone());
            }
            Removed::Not(this) => {
                left.push(this);
                kept.push(thing);
            }
        }
    }
    kept.reverse();
    registry.add(kept);
    left
}

/// Asks again for what QEMU was told to remove, and has still. Gives what it then has.
pub(super) fn finish(asking: &Asking<'_>, registry: &mut Registry) -> Vec<Left> {
    let mut removal = Removal::new(asking, Duration::ZERO);
    registry.finish(|set| removal.remove(set))
}

/// Removes what is no device.
pub(super) struct Removal<'a, 'q> {
    asking: &'a Asking<'q>,
    /// How long QEMU may hold on to all of it.
    patience: Duration,
    deadline: Option<Instant>,
}

impl<'a, 'q> Removal<'a, 'q> {
    pub(super) fn new(asking: &'a Asking<'q>, patience: Duration) -> Self {
        Self { asking, patience, deadline: None }
    }

    pub(super) fn remove(&mut self, thing: &Thing) -> Removed {
        loop {
            let (removed, may_change) = self.try_once(thing);
            let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + self.patience);
            if !may_change || deadline <= Instant::now() {
                return removed;
            }
            thread::sleep(SETTLE / 50);
        }
    }

    /// Tells also whether a moment later it may come to something else.
    fn try_once(&self, thing: &Thing) -> (Removed, bool) {
        if self.has_card(thing) {
            return (Removed::Not(Left::of(thing, "a network card uses it")), true);
        }
        let (command, key) = thing.action.removal();
        let id = match thing.action {
            Action::FdSet => Value::from(set_number(thing)),
            _ => Value::from(thing.id.as_str()),
        };
        let is_there = || self.asking.ids(thing.action).map(|ids| ids.contains(&thing.id));
        match self.asking.ask(command, json!({ key: id })) {
            // QEMU 7.2 closes descriptors only while the guest runs, and agrees in any case.
            Ok(_) if thing.action == Action::FdSet => match is_there() {
                Ok(true) => {
                    let reason = "QEMU closes it while the guest runs: the next plug or unplug asks again";
                    (
                        Removed::Lingers(Left::of(thing, reason)),
                        self.asking.status().is_ok_and(|status| status == "running"),
                    )
                }
                Ok(false) => (Removed::Gone, false),
                Err(error) => (Removed::Not(Left::of(thing, error)), false),
            },
            Ok(_) => (Removed::Gone, false),
            // QEMU removes some backends with those that use them.
            Err(QmpError::Refused { .. }) if matches!(is_there(), Ok(false)) => (Removed::Gone, false),
            Err(error) => {
                let is_refused = matches!(error, QmpError::Refused { .. });
                (Removed::Not(Left::of(thing, error)), is_refused)
            }
        }
    }

    /// Whether it is a network backend with a card: QEMU would take it from under that.
    fn has_card(&self, thing: &Thing) -> bool {
        let has_card = |cards: Vec<String>| cards.contains(&thing.id);
        thing.action == Action::Netdev && self.asking.backends_of_cards().is_ok_and(has_card)
    }
}
