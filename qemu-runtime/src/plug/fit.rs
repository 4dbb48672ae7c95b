//! Whether devices fit the guest that they are to join.
//!
//! **A fragment has its guest's target**, or is refused: its types and names are that version's.

use std::ffi::OsString;

use serde_json::Value;

use crate::guest::Guest;
use crate::plan::{Action, Fd, Filling, Fragment, Number};
use crate::qmp::QmpError;

use super::error::{PlugError, PlugProblem};
use super::inventory::{Inventory, Seat, set_path};
use super::values::Ready;
use crate::plugged::{Registry, Thing, what};

/// A fragment that fits the guest.
pub(super) struct Prepared {
    pub(super) filling: Filling,
    pub(super) fds: Vec<Fd>,
    /// The names under which QEMU gets these. One that goes with a step has none.
    pub(super) names: Vec<Option<String>>,
}

/// Fills a fragment's slots, and looks whether it fits the guest.
pub(super) fn prepare(
    guest: &Guest,
    fragment: &Fragment,
    inventory: &Inventory<'_>,
    registry: &mut Registry,
) -> Result<Prepared, PlugError> {
    let (filling, names) = filling(fragment, inventory, registry);
    // As far as is known before anything is opened.
    let steps: Vec<_> = fragment.steps.iter().map(|step| Ready::of(step, guest, &filling, &[])).collect();
    let mut seats: Vec<Seat> = Vec::new();
    for (ready, step) in steps.iter().zip(fragment.steps.iter()) {
        let Thing { action, id, needs } = &ready.thing;
        let here = |problem: PlugProblem| PlugError {
            place: fragment.place(step.span).cloned(),
            problem: problem.into(),
            left: Vec::new(),
        };
        if inventory.has(*action, id) {
            return Err(here(PlugProblem::Taken { what: what(*action), id: id.clone() }));
        }
        let own = |id: &String| steps.iter().any(|step| step.thing.id == *id);
        // A path through QEMU's tree names more than ids do.
        if let Some(id) = needs.iter().find(|id| !own(id) && !inventory.has_any(id) && !id.contains('/')) {
            return Err(here(PlugProblem::Missing { id: id.clone() }));
        }
        if let Some(problem) = misfit(inventory, ready, step.pci, &mut seats)
            .unwrap_or_else(|error| Some(PlugProblem::Qmp(error)))
        {
            return Err(here(problem));
        }
    }
    let fds = fragment.fds.iter().map(|slot| Fd {
        // QEMU knows it by a name, or a set.
        number: 0,
        source: slot.source.map(|name| OsString::from(filling.text(name)), Number::known),
        device: filling.text(&slot.device).into(),
        queue: slot.queue,
    });
    let fds = fds.collect();
    Ok(Prepared { filling, fds, names })
}

/// What keeps a thing from joining the guest. A device's seat is added to those that are taken by then.
fn misfit(
    inventory: &Inventory<'_>,
    Ready { thing, arguments }: &Ready,
    pci: bool,
    seats: &mut Vec<Seat>,
) -> Result<Option<PlugProblem>, QmpError> {
    let member = |name| arguments.get(name).and_then(Value::as_str).map(str::to_owned);
    match thing.action {
        Action::Netdev if member("type").as_deref() == Some("vhost-user") => {
            Ok((!inventory.shares_memory()?).then_some(PlugProblem::UnsharedMemory))
        }
        Action::Device => {
            let is_of_pair =
                ["failover", "failover_pair_id"].into_iter().any(|name| arguments.contains_key(name));
            if let Some(mac) = member("mac").filter(|_| !is_of_pair)
                && let Some(by) = inventory.card(&mac)?
            {
                return Ok(Some(PlugProblem::EqualMacs { mac, by }));
            }
            let seat = Seat { id: thing.id.clone(), pci, bus: member("bus"), addr: member("addr") };
            let problem = inventory.misfit(&seat, seats)?;
            seats.push(seat);
            Ok(problem)
        }
        _ => Ok(None),
    }
}

/// What fills the slots, and the names of file descriptors in it.
fn filling(
    fragment: &Fragment,
    inventory: &Inventory<'_>,
    registry: &mut Registry,
) -> (Filling, Vec<Option<String>>) {
    let mut sets = (0..).filter(|number| !inventory.has(Action::FdSet, &set_path(*number)));
    let names = (0..).zip(fragment.fds.iter()).map(|(slot, _)| {
        let goes_with_step = fragment.steps.iter().any(|step| step.fd() == Some(slot));
        (!goes_with_step).then(|| registry.fd_name())
    });
    let names: Vec<_> = names.collect();
    let mut set = || sets.next().unwrap_or_default().to_string();
    let fds = names.iter().map(|name| name.clone().unwrap_or_else(&mut set)).collect();
    let mut filling =
        Filling { name: inventory.name.clone(), fds, ids: vec![String::new(); fragment.ids.len()] };
    // Those that the source names are complete as they are.
    let named: Vec<_> = fragment.steps.iter().map(|step| filling.text(&step.id)).collect();
    let mut ids: Vec<String> = Vec::new();
    for id in fragment.ids.iter() {
        let names = (0u64..).map(|number| format!("{}{number}", id.prefix));
        let free = |name: &String| !inventory.has_any(name) && !named.contains(name) && !ids.contains(name);
        let free = names.into_iter().find(free);
        ids.extend(free);
    }
    filling.ids = ids;
    (filling, names)
}
