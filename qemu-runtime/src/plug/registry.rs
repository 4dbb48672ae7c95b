//! What was plugged into a guest, and what refers to what in it.

use std::collections::HashSet;
use std::mem;

use crate::plan::Action;

use super::inventory::Inventory;

/// What was plugged into a guest.
#[derive(Default)]
pub(crate) struct Registry {
    things: Vec<Thing>,
    /// The ids of what was used by what is gone.
    orphans: Vec<String>,
    /// How many file descriptors were given a name.
    fds: u64,
}

#[derive(Clone)]
pub(super) struct Thing {
    pub(super) action: Action,
    pub(super) id: String,
    /// The ids of what it refers to.
    pub(super) needs: Vec<String>,
}

impl Thing {
    pub(super) fn is_device(&self) -> bool {
        self.action == Action::Device
    }

    fn needs(&self, id: &str) -> bool {
        self.needs.iter().any(|need| need == id)
    }
}

impl Registry {
    /// A name for a file descriptor that QEMU has had none under.
    pub(super) fn fd_name(&mut self) -> String {
        self.fds += 1;
        format!("qemu-runtime-{}", self.fds)
    }

    /// Whether anything of this id was plugged.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.things.iter().any(|thing| thing.id == id)
    }

    /// Whether a device of this id was plugged.
    pub(super) fn has_device(&self, id: &str) -> bool {
        self.things.iter().any(|thing| thing.is_device() && thing.id == id)
    }

    pub(super) fn add(&mut self, things: impl IntoIterator<Item = Thing>) {
        self.things.extend(things);
    }

    /// Has these go, unless something uses them.
    pub(super) fn abandon(&mut self, ids: impl IntoIterator<Item = String>) {
        self.orphans.extend(ids);
    }

    /// Forgets what is not there any more, whoever removed it.
    pub(super) fn reconcile(&mut self, inventory: &Inventory<'_>) {
        let gone = self.things.extract_if(.., |thing| !inventory.has(thing.action, &thing.id));
        self.orphans.extend(gone.flat_map(|thing| thing.needs));
    }

    /// Removes what nothing uses of what is to go, and what only that used.
    pub(super) fn sweep(&mut self, mut remove: impl FnMut(&Thing) -> bool) {
        let mut leaving = mem::take(&mut self.orphans);
        let mut tried = HashSet::new();
        while let Some(id) = leaving.pop() {
            let things = &self.things;
            let is_used = |thing: &Thing| things.iter().any(|other| other.needs(&thing.id));
            if things.iter().any(|thing| thing.needs(&id) && (thing.is_device() || is_used(thing))) {
                continue;
            }
            // What only watches it, such as a filter of a network backend, goes before it.
            let goes = |thing: &&Thing| !thing.is_device() && (thing.id == id || thing.needs(&id));
            let going: Vec<_> = things.iter().filter(goes).cloned().collect();
            for thing in going.into_iter().rev() {
                if tried.insert((thing.action, thing.id.clone())) && remove(&thing) {
                    self.things.retain(|other| other.action != thing.action || other.id != thing.id);
                    leaving.extend(thing.needs);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Registry, Thing};

    /// What goes with the devices `gone`, in its order. A device is written `id: needs`, other things `id= needs`.
    fn swept(things: &[&str], gone: &[&str]) -> Vec<String> {
        let mut registry = Registry::default();
        registry.add(things.iter().filter_map(|text| {
            let (id, needs) = text.split_once([':', '='])?;
            let action = if text.contains(':') { Action::Device } else { Action::Object };
            let needs = needs.split_whitespace().map(str::to_owned).collect();
            Some(Thing { action, id: id.to_owned(), needs })
        }));
        for device in registry.things.extract_if(.., |thing| gone.contains(&&*thing.id)) {
            registry.orphans.extend(device.needs);
        }
        let mut swept = Vec::new();
        registry.sweep(|thing| {
            swept.push(thing.id.clone());
            thing.id != "stuck"
        });
        swept
    }

    #[test]
    fn backends_go_with_their_last_device() {
        let shared = ["backend=", "one: backend", "two: backend"];
        assert_eq!(swept(&shared, &["one"]), [""; 0]);
        assert_eq!(swept(&shared, &["one", "two"]), ["backend"]);
        // What a backend uses goes with the last backend.
        let nodes = ["file=", "first= file", "second= file", "one: first", "two: second"];
        assert_eq!(swept(&nodes, &["one"]), ["first"]);
        assert_eq!(swept(&nodes, &["one", "two"]), ["second", "first", "file"]);
        let stuck = ["file=", "stuck= file", "one: stuck", "two: stuck"];
        assert_eq!(swept(&stuck, &["one", "two"]), ["stuck"]);
    }

    #[test]
    fn what_watches_a_backend_goes_before_it() {
        let filter = ["net=", "filter= net", "card: net"];
        assert_eq!(swept(&filter, &["card"]), ["filter", "net"]);
        assert_eq!(swept(&filter, &[]), [""; 0]);
    }
}
