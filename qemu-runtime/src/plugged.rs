//! What was plugged into a guest, and what refers to what in it.

use std::collections::HashSet;
use std::mem;

use crate::fd::SocketFile;
use crate::plan::Action;

/// What was plugged into a guest.
#[derive(Default)]
pub(crate) struct Registry {
    /// In the order in which they came: what uses another stands behind it.
    things: Vec<Thing>,
    /// What was used by what is gone.
    orphans: Vec<Orphan>,
    /// What QEMU was told to remove, and has still.
    lingering: Vec<Orphan>,
    /// How many file descriptors were given a name.
    fds: u64,
    /// The files of the sockets that came with it. One that QEMU leaves behind goes.
    sockets: Vec<SocketFile>,
}

#[derive(Clone)]
pub(crate) struct Thing {
    pub(crate) action: Action,
    pub(crate) id: String,
    /// The ids of what it refers to, and of a device also those of what goes with it.
    pub(crate) needs: Vec<String>,
}

impl Thing {
    pub(crate) fn is_device(&self) -> bool {
        self.action == Action::Device
    }

    fn needs(&self, id: &str) -> bool {
        self.needs.iter().any(|need| need == id)
    }
}

/// What lost what used it.
struct Orphan {
    id: String,
    /// The id of the device that it belonged to.
    owner: String,
}

/// Something that is in the guest still, though it should not be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// What it is, in words.
    pub what: &'static str,
    /// Its id.
    pub id: String,
    /// Why it is still there.
    pub reason: String,
}

impl Left {
    pub(crate) fn of(thing: &Thing, reason: impl ToString) -> Self {
        Self { what: what(thing.action), id: thing.id.clone(), reason: reason.to_string() }
    }
}

/// What people call it.
pub(crate) fn what(action: Action) -> &'static str {
    match action {
        Action::FdSet => "a set of file descriptors",
        Action::Chardev => "a character device's backend",
        Action::Object => "an object",
        Action::Blockdev => "a block node",
        Action::Netdev => "a network backend",
        Action::Device => "a device",
    }
}

/// What has become of a thing that was to be removed.
pub(crate) enum Removed {
    Gone,
    /// QEMU has agreed, and has it still.
    Lingers(Left),
    /// QEMU has not agreed.
    Not(Left),
}

impl Registry {
    /// A name for a file descriptor that QEMU has had none under.
    pub(crate) fn fd_name(&mut self) -> String {
        self.fds += 1;
        format!("qemu-runtime-{}", self.fds)
    }

    pub(crate) fn add_sockets(&mut self, sockets: impl IntoIterator<Item = SocketFile>) {
        self.sockets.extend(sockets);
    }

    /// Removes the files of sockets that nobody has any more.
    pub(crate) fn remove_dead_sockets(&mut self) {
        self.sockets.retain(SocketFile::is_used);
    }

    /// Leaves the files of its sockets where they are.
    pub(crate) fn keep_sockets(&mut self) {
        mem::take(&mut self.sockets).into_iter().for_each(SocketFile::keep);
    }

    /// Whether anything of this id was plugged, or something is there still that belonged to it.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.things.iter().any(|thing| thing.id == id)
            || self.lingering.iter().any(|orphan| orphan.id == id || orphan.owner == id)
    }

    /// Whether a device of this id was plugged.
    pub(crate) fn has_device(&self, id: &str) -> bool {
        self.things.iter().any(|thing| thing.is_device() && thing.id == id)
    }

    /// Adds what was plugged at once. What none of it refers to belongs to all of its devices.
    pub(crate) fn add_plugged(&mut self, mut things: Vec<Thing>) {
        let is_used = |thing: &Thing| things.iter().any(|other| other.needs(&thing.id));
        let unused = things.iter().filter(|thing| !thing.is_device() && !is_used(thing));
        let unused: Vec<_> = unused.map(|thing| thing.id.clone()).collect();
        for device in things.iter_mut().filter(|thing| thing.is_device()) {
            device.needs.extend(unused.iter().cloned());
        }
        self.add(things);
    }

    pub(crate) fn add(&mut self, things: impl IntoIterator<Item = Thing>) {
        self.things.extend(things);
    }

    /// Has these of the device `owner` go, unless something uses them.
    pub(crate) fn abandon(&mut self, owner: &str, ids: impl IntoIterator<Item = String>) {
        self.orphans.extend(ids.into_iter().map(|id| Orphan { id, owner: owner.to_owned() }));
    }

    /// Adds what QEMU was told to remove, and has still.
    pub(crate) fn linger(&mut self, owner: &str, id: String) {
        self.lingering.push(Orphan { id, owner: owner.to_owned() });
    }

    /// Forgets what is not there any more, whoever removed it.
    pub(crate) fn reconcile(&mut self, has: impl Fn(Action, &str) -> bool) {
        let gone: Vec<_> = self.things.extract_if(.., |thing| !has(thing.action, &thing.id)).collect();
        for thing in gone {
            self.abandon(&thing.id, thing.needs);
        }
        self.lingering.retain(|orphan| has(Action::FdSet, &orphan.id));
    }

    /// Asks again for what QEMU has still, though it was told to remove it. Gives what it then has.
    pub(crate) fn finish(&mut self, mut remove: impl FnMut(&Thing) -> Removed) -> Vec<Left> {
        let mut left = Vec::new();
        self.lingering.retain(|orphan| {
            let set = Thing { action: Action::FdSet, id: orphan.id.clone(), needs: Vec::new() };
            match remove(&set) {
                Removed::Gone => false,
                Removed::Lingers(this) | Removed::Not(this) => {
                    left.push(this);
                    true
                }
            }
        });
        left
    }

    /// Removes what nothing uses of what is to go, and what only that used. Gives what is there still.
    pub(crate) fn sweep(&mut self, mut remove: impl FnMut(&Thing) -> Removed) -> Vec<Left> {
        let mut left = Vec::new();
        let mut tried = HashSet::new();
        while let Some((index, owner)) = self.next(&tried) {
            let thing = self.things.remove(index);
            tried.insert((thing.action, thing.id.clone()));
            match remove(&thing) {
                Removed::Gone => self.abandon(&owner, thing.needs),
                Removed::Lingers(this) => {
                    left.push(this);
                    self.linger(&owner, thing.id);
                }
                Removed::Not(this) => {
                    left.push(this);
                    self.things.insert(index, thing);
                }
            }
        }
        // What is used goes with the last that uses it, and what QEMU refuses when it is named.
        self.orphans.clear();
        left
    }

    /// The place of what is to go next, and the device that it belonged to. The latest goes first: what uses it has come
    /// after it, also where it is not known to.
    fn next(&self, tried: &HashSet<(Action, String)>) -> Option<(usize, String)> {
        self.things.iter().enumerate().rev().find_map(|(index, thing)| {
            let is_free = !thing.is_device()
                && !tried.contains(&(thing.action, thing.id.clone()))
                && self.users(&thing.id).next().is_none();
            let orphan =
                self.orphans.iter().find(|orphan| orphan.id == thing.id || self.watches(thing, &orphan.id));
            Some((index, orphan.filter(|_| is_free)?.owner.clone()))
        })
    }

    fn users(&self, id: &str) -> impl Iterator<Item = &Thing> {
        self.things.iter().filter(move |thing| thing.needs(id))
    }

    /// Whether it is there for a network backend that only such things use, as a filter is: it goes before that.
    fn watches(&self, thing: &Thing, id: &str) -> bool {
        let is_netdev = |other: &Thing| other.action == Action::Netdev && other.id == id;
        thing.action == Action::Object
            && thing.needs(id)
            && self.things.iter().any(is_netdev)
            && self.users(id).all(|user| user.action == Action::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Left, Registry, Removed, Thing};

    /// What is written `id: needs` is a device, `id= needs` an object, `id~ needs` a network backend.
    fn thing(text: &str) -> Option<Thing> {
        let (id, needs) = text.split_once([':', '=', '~'])?;
        let action = match text.as_bytes().get(id.len())? {
            b':' => Action::Device,
            b'=' => Action::Object,
            _ => Action::Netdev,
        };
        let needs = needs.split_whitespace().map(str::to_owned).collect();
        Some(Thing { action, id: id.to_owned(), needs })
    }

    fn left(thing: &Thing) -> Left {
        Left { what: "", id: thing.id.clone(), reason: String::new() }
    }

    /// What goes with the devices `gone`, in its order. Each text of `plugs` was plugged at once.
    fn swept(plugs: &[&[&str]], gone: &[&str]) -> Vec<String> {
        let mut registry = Registry::default();
        for things in plugs {
            registry.add_plugged(things.iter().filter_map(|text| thing(text)).collect());
        }
        let devices: Vec<_> = registry.things.extract_if(.., |thing| gone.contains(&&*thing.id)).collect();
        for device in devices {
            registry.abandon(&device.id, device.needs);
        }
        let mut swept = Vec::new();
        registry.sweep(|thing| {
            swept.push(thing.id.clone());
            if thing.id == "stuck" { Removed::Not(left(thing)) } else { Removed::Gone }
        });
        swept
    }

    #[test]
    fn backends_go_with_their_last_device() {
        let shared: &[&[&str]] = &[&["backend=", "one: backend", "two: backend"]];
        assert_eq!(swept(shared, &["one"]), [""; 0]);
        assert_eq!(swept(shared, &["one", "two"]), ["backend"]);
        // What a backend uses goes with the last backend.
        let nodes: &[&[&str]] = &[&["file=", "first= file", "one: first"], &["second= file", "two: second"]];
        assert_eq!(swept(nodes, &["one"]), ["first"]);
        assert_eq!(swept(nodes, &["one", "two"]), ["second", "first", "file"]);
        let stuck: &[&[&str]] = &[&["file=", "stuck= file", "one: stuck", "two: stuck"]];
        assert_eq!(swept(stuck, &["one", "two"]), ["stuck"]);
    }

    #[test]
    fn what_watches_a_backend_goes_before_it() {
        let filter: &[&[&str]] = &[&["net~", "card: net"], &["filter= net"]];
        assert_eq!(swept(filter, &["card"]), ["filter", "net"]);
        assert_eq!(swept(filter, &[]), [""; 0]);
        // It stands for itself where that is no network backend.
        assert_eq!(swept(&[&["group=", "card: group"], &["node= group"]], &["card"]), [""; 0]);
    }

    #[test]
    fn what_nothing_refers_to_goes_with_what_it_came_with() {
        let key: &[&[&str]] = &[&["key=", "creds= key", "node=", "one: node", "two:"]];
        assert_eq!(swept(key, &["one"]), ["node"]);
        assert_eq!(swept(key, &["two"]), [""; 0]);
        assert_eq!(swept(key, &["one", "two"]), ["node", "creds", "key"]);
        // Unless another uses it, or it came alone.
        assert_eq!(swept(&[&["key=", "one:"], &["two: key"]], &["one"]), [""; 0]);
        assert_eq!(swept(&[&["key="], &["one:"]], &["one"]), [""; 0]);
    }

    #[test]
    fn what_lingers_is_asked_for_again() {
        let mut registry = Registry::default();
        registry.add(["set=", "node= set"].iter().filter_map(|text| thing(text)));
        registry.abandon("disk", ["node".to_owned()]);
        let lingers = |thing: &Thing| match &*thing.id {
            "set" => Removed::Lingers(left(thing)),
            _ => Removed::Gone,
        };
        for _ in 0..2 {
            assert!(registry.sweep(lingers).len() + registry.finish(lingers).len() > 0);
            assert!(registry.knows("disk") && registry.knows("set") && !registry.knows("node"));
        }
        assert!(registry.finish(|_| Removed::Gone).is_empty() && !registry.knows("disk"));
        let mut asked = 0;
        registry.finish(|_| {
            asked += 1;
            Removed::Gone
        });
        assert_eq!(asked, 0);
    }
}
