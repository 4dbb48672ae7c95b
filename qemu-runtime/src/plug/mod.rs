//! Devices that join a guest while it runs, and leave it.

mod error;
mod inventory;

pub use error::{Left, PlugError, PlugProblem, UnplugError};

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::fd::{self, SocketFile};
use crate::plan::{Action, Fd, Filling, Fragment, Json, Member, OsText, Piece, Step};
use crate::qmp::{AddFd, CloseFd, Events, GetFd, QmpError, QueryStatus};
use crate::{Guest, SpawnError};

use inventory::{Asking, DEVICES, Inventory, NAMELESS, Seat};

/// How long a guest may take to release a device where the call doesn't say.
const RELEASE: Duration = Duration::from_secs(30);
/// How often it is asked: a guest that boots may not have heard the first time.
const AGAIN: Duration = Duration::from_secs(10);
/// How long it may take where the device is one that is to be undone.
const UNDO: Duration = Duration::from_secs(5);

/// What joined a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plugged {
    /// The ids of the devices, which [`Guest::unplug`] takes, in the order in which they came.
    pub devices: Vec<String>,
}

/// What was plugged into a guest.
#[derive(Default)]
pub(crate) struct Registry {
    things: Vec<Thing>,
    /// How many file descriptors were given a name.
    fds: u64,
}

#[derive(Clone)]
struct Thing {
    action: Action,
    id: String,
    /// The ids of what it refers to.
    needs: Vec<String>,
}

impl Thing {
    fn is_device(&self) -> bool {
        self.action == Action::Device
    }
}

/// A step whose slots are filled.
struct Ready {
    thing: Thing,
    arguments: Map<String, Value>,
}

/// A device in QEMU's tree.
struct Found {
    path: String,
    /// The id of its network backend.
    netdev: Option<String>,
}

impl Guest {
    /// Plugs devices into the guest while it runs: all of them, or none. They come from
    /// [`devices!`](crate::devices), or were compiled at run time (`qemu_dsl::compile_devices`).
    ///
    /// ```no_run
    /// # let guest: qemu_runtime::Guest = todo!();
    /// use qemu_runtime::devices;
    ///
    /// let plugged = guest.plug(devices! { netdev tap ifname=tap1 mq=2 bus=rp0 })?;
    /// assert_eq!(plugged.devices, ["net0"]);
    /// guest.unplug("net0")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Ids that the source doesn't name are free ones. Each device has one: where its statement names none for it, that of
    /// its drive or network backend. QEMU has the devices when this returns; what the guest makes of them takes it a
    /// moment.
    ///
    /// On `q35` a PCI device goes to a port of its own, which the VM has for it (`device pcie-root-port id=rp0 chassis=1`):
    /// the machine's own bus takes none while the guest runs. Before QEMU 6.1 Linux takes such a device for one that is to go,
    /// and releases it after five seconds: there `pc` is the better machine.
    ///
    /// # Errors
    ///
    /// Where the devices don't fit the guest, a file descriptor can't be opened, or QEMU refuses a step. The error names the
    /// place. What was done is undone; a device that the guest would have to release first may be
    /// [left](PlugError::left).
    pub fn plug(&self, fragment: &Fragment) -> Result<Plugged, PlugError> {
        self.plug_handed(fragment, Vec::new())
    }

    /// The same, with open file descriptors in place of what the devices ask for, by their [names](Fd::name): `net0.0` for
    /// the first queue of the device `net0`. What is handed over isn't opened. Give a device its `id=`: which one a guest
    /// has free for it isn't known before.
    ///
    /// ```no_run
    /// # let guest: qemu_runtime::Guest = todo!();
    /// # let queue: std::os::fd::OwnedFd = todo!();
    /// use qemu_runtime::devices;
    ///
    /// guest.plug_with_fds(devices! { netdev tap id=lan mq=1 }, [("lan.0", queue)])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// This process's own are closed when this returns, also where it fails. What [`Spawn::fd`](crate::Spawn::fd) says of
    /// them holds here too.
    ///
    /// # Errors
    ///
    /// As [`Guest::plug`], and where not exactly one of the devices' file descriptors has a name.
    pub fn plug_with_fds(
        &self,
        fragment: &Fragment,
        fds: impl IntoIterator<Item = (impl Into<String>, impl Into<OwnedFd>)>,
    ) -> Result<Plugged, PlugError> {
        self.plug_handed(fragment, fds.into_iter().map(|(name, fd)| (name.into(), fd.into())).collect())
    }

    fn plug_handed(&self, fragment: &Fragment, handed: Vec<(String, OwnedFd)>) -> Result<Plugged, PlugError> {
        let mut registry = self.registry();
        let (mut filling, fds) = self.prepare(fragment, &mut registry)?;
        let opened = fd::assign(&fds, handed).and_then(|handed| {
            fd::open_table(&fds, handed, &self.host_paths, -1, self.network_namespace.as_ref())
        });
        let opened = opened.map_err(|error| {
            let slots = fds.iter().zip(fragment.fds.iter());
            let slot = match &error {
                SpawnError::Fd(error) => slots.into_iter().find(|(fd, _)| **fd == error.fd),
                _ => None,
            };
            let place = slot.map(|(_, slot)| slot).and_then(|slot| fragment.place(slot.span)).cloned();
            PlugError { place, problem: PlugProblem::Fds(error).into(), left: Vec::new() }
        })?;
        let mut done = Vec::new();
        let names = filling.fds.clone();
        let passed = self.pass(&names, &opened.fds).map_err(|source| (None, source));
        let outcome =
            passed.and_then(|()| self.carry_out(&fragment.steps, &mut filling, &opened.fds, &mut done));
        let Err((step, source)) = outcome else {
            let devices = done.iter().filter(|thing| thing.is_device());
            let devices = devices.map(|thing| thing.id.clone()).collect();
            registry.things.append(&mut done);
            opened.socket_files.into_iter().for_each(SocketFile::keep);
            return Ok(Plugged { devices });
        };
        // With QEMU all of it is gone.
        let left = if matches!(source, QmpError::Ended { .. }) {
            Vec::new()
        } else {
            self.close(&names);
            self.undo(done, &mut registry)
        };
        let (place, problem) = match step {
            Some(step) => {
                let (command, id) = (step.action.command(), filling.text(&step.id));
                (fragment.place(step.span).cloned(), PlugProblem::Step { command, id, source })
            }
            None => (None, PlugProblem::Qmp(source)),
        };
        Err(PlugError { place, problem: problem.into(), left })
    }

    /// Takes a device out of the guest while it runs: asks the guest to release it, waits until it is gone, and removes what
    /// belongs to it. The guest has 30 seconds.
    ///
    /// `id` is the device's, or that of the drive or network backend of a device without one. Of what was
    /// [plugged](Guest::plug), backends and objects that only this device used go with it; of what the guest began with,
    /// its drive and the network backend of the same id.
    ///
    /// # Errors
    ///
    /// Where there is no such device, and where the guest [doesn't release it](UnplugError::NoAnswer): a PCI device needs a
    /// guest whose system has booted.
    pub fn unplug(&self, id: &str) -> Result<(), UnplugError> {
        self.unplug_timeout(id, RELEASE)
    }

    /// The same, with a time of its own for the guest.
    ///
    /// # Errors
    ///
    /// As [`Guest::unplug`].
    pub fn unplug_timeout(&self, id: &str, timeout: Duration) -> Result<(), UnplugError> {
        let found = self.find(id).map_err(UnplugError::Qmp)?;
        if let Some(device) = &found {
            self.release(id, device, timeout)?;
        }
        // Not before: meanwhile others may plug and unplug.
        let mut registry = self.registry();
        let mut left = Vec::new();
        // A device may have gone after a call that no longer waited: what belongs to it is known still.
        if registry.things.iter().any(|thing| thing.id == id) {
            self.remove_belongings(id, &mut registry, &mut left);
        } else if found.is_none() {
            return Err(UnplugError::Missing { id: id.to_owned() });
        } else if let Some(netdev) = found.and_then(|device| device.netdev).filter(|netdev| netdev == id) {
            self.remove(&Thing { action: Action::Netdev, id: netdev, needs: Vec::new() }, &mut left);
        }
        if left.is_empty() { Ok(()) } else { Err(UnplugError::Left(left)) }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        // Whatever panicked, what is in it is so.
        self.plugged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asking(&self) -> Result<Asking<'_>, QmpError> {
        self.qmp().map(Asking).ok_or(QmpError::NoQmp)
    }

    fn execute(&self, command: &str, arguments: &Map<String, Value>) -> Result<Value, QmpError> {
        self.asking()?.ask(command, Value::Object(arguments.clone()))
    }

    /// Fills a fragment's slots, and looks whether it fits the guest.
    fn prepare(&self, fragment: &Fragment, registry: &mut Registry) -> Result<(Filling, Vec<Fd>), PlugError> {
        let nowhere =
            |problem: PlugProblem| PlugError { place: None, problem: problem.into(), left: Vec::new() };
        if let Some(plan) = self.target.filter(|plan| *plan != fragment.target) {
            return Err(nowhere(PlugProblem::Target { fragment: fragment.target, plan }));
        }
        let asked = |error| nowhere(PlugProblem::Qmp(error));
        let inventory = Inventory::of(self.asking().map_err(asked)?).map_err(asked)?;
        let filling = filling(fragment, &inventory, registry);
        // As far as is known before anything is opened.
        let steps: Vec<_> = fragment.steps.iter().map(|step| self.ready(step, &filling, &[])).collect();
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
            if let Some(id) =
                needs.iter().find(|id| !own(id) && !inventory.has_any(id) && !id.starts_with('/'))
            {
                return Err(here(PlugProblem::Missing { id: id.clone() }));
            }
            if ready.thing.is_device() {
                let member = |name| ready.arguments.get(name).and_then(Value::as_str).map(str::to_owned);
                let seat = Seat { id: id.clone(), pci: step.pci, bus: member("bus"), addr: member("addr") };
                let misfit = inventory.misfit(&seat, &seats).map_err(PlugProblem::Qmp);
                if let Some(problem) = misfit.unwrap_or_else(Some) {
                    return Err(here(problem));
                }
                seats.push(seat);
            }
        }
        let fds = fragment.fds.iter().map(|slot| Fd {
            // QEMU knows it by a name.
            number: 0,
            source: slot.source.map(|name| OsText::from(filling.text(name))),
            device: filling.text(&slot.device).into(),
            queue: slot.queue,
        });
        let fds = fds.collect();
        Ok((filling, fds))
    }

    fn ready(&self, step: &Step, filling: &Filling, opened: &[OwnedFd]) -> Ready {
        let mut values = Values { guest: self, filling, opened, needs: Vec::new() };
        let arguments = values.object(&step.arguments);
        let thing = Thing { action: step.action, id: filling.text(&step.id), needs: values.needs };
        Ready { thing, arguments }
    }

    /// Gives QEMU file descriptors under these names, but for those that go with a step, which have none.
    fn pass(&self, names: &[String], opened: &[OwnedFd]) -> Result<(), QmpError> {
        let Asking(qmp) = self.asking()?;
        let named = names.iter().zip(opened).filter(|(name, _)| !name.is_empty());
        named.into_iter().try_for_each(|(name, fd)| {
            qmp.execute_with_fds(&GetFd { fdname: name.clone() }, &[fd.as_fd()]).map(drop)
        })
    }

    /// Executes the steps until one fails. What was done, or may have been, is added to `done`.
    fn carry_out<'s>(
        &self,
        steps: &'s [Step],
        filling: &mut Filling,
        opened: &[OwnedFd],
        done: &mut Vec<Thing>,
    ) -> Result<(), (Option<&'s Step>, QmpError)> {
        for step in steps {
            let Ready { thing, arguments } = self.ready(step, filling, opened);
            let answer = match step.fd() {
                Some(slot) => self.add_fd(slot as usize, &arguments, filling, opened),
                None => self.execute(step.action.command(), &arguments).map(drop),
            };
            if !matches!(answer, Err(QmpError::Refused { .. })) {
                // The number of a set is known by now.
                done.push(Thing { id: filling.text(&step.id), ..thing });
            }
            answer.map_err(|source| (Some(step), source))?;
        }
        Ok(())
    }

    /// Gives QEMU the file descriptor of a slot in a set of its own, whose number fills the slot.
    fn add_fd(
        &self,
        slot: usize,
        arguments: &Map<String, Value>,
        filling: &mut Filling,
        opened: &[OwnedFd],
    ) -> Result<(), QmpError> {
        let Asking(qmp) = self.asking()?;
        let opaque = arguments.get("opaque").and_then(Value::as_str).map(str::to_owned);
        let fds: Vec<_> = opened.get(slot).map(AsFd::as_fd).into_iter().collect();
        let added = qmp.execute_with_fds(&AddFd { fdset_id: None, opaque }, &fds)?;
        if let Some(number) = filling.fds.get_mut(slot) {
            *number = added.fdset_id.to_string();
        }
        Ok(())
    }

    /// Closes what QEMU has still of these file descriptors. A step that took some, and failed, has closed them.
    fn close(&self, names: &[String]) {
        if let Some(qmp) = self.qmp() {
            for name in names.iter().filter(|name| !name.is_empty()) {
                // It isn't there, mostly.
                let _ = qmp.execute(&CloseFd { fdname: name.clone() });
            }
        }
    }

    /// Undoes steps, the last one first. What is left stays known, so that it can be unplugged later.
    fn undo(&self, mut done: Vec<Thing>, registry: &mut Registry) -> Vec<Left> {
        let mut left = Vec::new();
        let mut kept: Vec<Thing> = Vec::new();
        while let Some(thing) = done.pop() {
            let released = if thing.is_device() {
                let path = format!("{DEVICES}/{}", thing.id);
                let released = self.release(&thing.id, &Found { path, netdev: None }, UNDO);
                released.map_err(|error| left.push(self::left(&thing, error))).is_ok()
            } else if let Some(user) = kept.iter().find(|user| user.needs.contains(&thing.id)) {
                // QEMU would take some backends from under their devices.
                left.push(self::left(&thing, format!("`{}` uses it", user.id)));
                false
            } else {
                self.remove(&thing, &mut left)
            };
            if !released {
                kept.push(thing);
            }
        }
        registry.things.extend(kept.into_iter().rev());
        left
    }

    /// Where the device of an id is, or that of a drive or network backend.
    fn find(&self, id: &str) -> Result<Option<Found>, QmpError> {
        let qmp = self.asking()?;
        let netdev = |path: &str| {
            let netdev = qmp.get(path, "netdev")?;
            Ok(netdev.and_then(|netdev| netdev.as_str().map(str::to_owned)))
        };
        let is_name = !id.is_empty() && !id.contains('/');
        let path = format!("{DEVICES}/{id}");
        if is_name && qmp.list(DEVICES, "child<")?.unwrap_or_default().iter().any(|own| own == id) {
            return Ok(Some(Found { netdev: netdev(&path)?, path }));
        }
        for name in qmp.list(NAMELESS, "child<")?.unwrap_or_default() {
            let path = format!("{NAMELESS}/{name}");
            let found = Found { netdev: netdev(&path)?, path };
            let drive = qmp.get(&found.path, "drive")?;
            if found.netdev.as_deref() == Some(id) || drive.as_ref().and_then(Value::as_str) == Some(id) {
                return Ok(Some(found).filter(|_| is_name));
            }
        }
        Ok(None)
    }

    /// Asks the guest to release a device, and waits until it is gone.
    fn release(&self, id: &str, device: &Found, timeout: Duration) -> Result<(), UnplugError> {
        let qmp = self.qmp().ok_or(UnplugError::Qmp(QmpError::NoQmp))?;
        let mut events = qmp.events();
        // QEMU takes a path for an id, too.
        let name = if device.path.starts_with(NAMELESS) { &device.path } else { id };
        let deadline = Instant::now().checked_add(timeout);
        loop {
            match qmp.execute_raw("device_del", json!({ "id": name })) {
                Ok(_) => {}
                Err(QmpError::Refused { class, .. }) if class == "DeviceNotFound" => return Ok(()),
                // It was asked before, and may answer now.
                Err(QmpError::Refused { desc, .. }) if desc.contains("already in the process of unplug") => {}
                Err(error) => return Err(UnplugError::Qmp(error)),
            }
            let left = deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            let is_gone = match next_word(&mut events, id, &device.path, left.min(AGAIN)) {
                Ok(Word::Gone) => return Ok(()),
                Ok(Word::Refused(event)) => return Err(UnplugError::Refused { id: id.to_owned(), event }),
                Err(QmpError::Lagged { .. } | QmpError::Timeout { .. }) => {
                    !Asking(qmp).has(&device.path).map_err(UnplugError::Qmp)?
                }
                Err(error) => return Err(UnplugError::Qmp(error)),
            };
            if is_gone {
                return Ok(());
            }
            if deadline.is_some_and(|end| end <= Instant::now()) {
                let status = qmp.execute(&QueryStatus {}).map_err(UnplugError::Qmp)?.status;
                return Err(UnplugError::NoAnswer { id: id.to_owned(), timeout, status });
            }
        }
    }

    /// Forgets what has this id, and removes what nothing else uses then.
    fn remove_belongings(&self, id: &str, registry: &mut Registry, left: &mut Vec<Left>) {
        let is_gone = |thing: &Thing| thing.is_device() && thing.id == id;
        let device = registry.things.iter().position(is_gone).map(|index| registry.things.remove(index));
        let mut leaving = device.map_or_else(|| vec![id.to_owned()], |device| device.needs);
        while let Some(id) = leaving.pop() {
            let things = &registry.things;
            if things.iter().any(|thing| thing.is_device() && thing.needs.contains(&id)) {
                continue;
            }
            // What only watches it, such as a filter of a network backend, goes before it.
            let is_used = |thing: &Thing| things.iter().any(|other| other.needs.contains(&thing.id));
            let watches = |thing: &Thing| thing.needs.contains(&id) && !is_used(thing);
            let of_id = |thing: &Thing| !thing.is_device() && thing.id == id;
            let going: Vec<_> =
                things.iter().filter(|thing| watches(thing) || of_id(thing)).cloned().collect();
            for thing in going.iter().rev() {
                if self.remove(thing, left) {
                    registry.things.retain(|other| other.action != thing.action || other.id != thing.id);
                    leaving.extend(thing.needs.iter().cloned());
                }
            }
        }
    }

    /// Removes what is no device. Whether it is gone.
    fn remove(&self, thing: &Thing, left: &mut Vec<Left>) -> bool {
        let (command, key) = thing.action.removal();
        let id = match thing.action {
            Action::FdSet => Value::from(thing.id.rsplit('/').next().and_then(|id| id.parse::<u32>().ok())),
            _ => Value::from(thing.id.as_str()),
        };
        let arguments = Map::from_iter([(key.to_owned(), id)]);
        match self.execute(command, &arguments) {
            Ok(_) => true,
            Err(QmpError::Refused { class, .. }) if class == "DeviceNotFound" => true,
            Err(error) => {
                left.push(self::left(thing, error));
                false
            }
        }
    }
}

/// Writes values as JSON.
struct Values<'v> {
    guest: &'v Guest,
    filling: &'v Filling,
    opened: &'v [OwnedFd],
    /// The ids that they refer to.
    needs: Vec<String>,
}

impl Values<'_> {
    fn object(&mut self, members: &[Member]) -> Map<String, Value> {
        members.iter().map(|member| (member.name.to_string(), self.value(&member.value))).collect()
    }

    fn value(&mut self, json: &Json) -> Value {
        match json {
            Json::Bool(value) => Value::Bool(*value),
            // What is beyond 64 bits QEMU refuses in any form.
            Json::Int(value) => i64::try_from(*value)
                .map(Value::from)
                .or_else(|_| u64::try_from(*value).map(Value::from))
                .unwrap_or_else(|_| Value::from(value.to_string())),
            Json::Text(text) => Value::String(self.filling.text(text)),
            Json::Id(text) => {
                let id = self.filling.text(text);
                self.needs.push(id.clone());
                Value::String(id)
            }
            Json::FileDriver(path) => {
                let kind = std::fs::metadata(self.file(path));
                let is_device = kind.is_ok_and(|kind| kind.file_type().is_block_device());
                Value::from(if is_device { "host_device" } else { "file" })
            }
            Json::List(list) => list.iter().map(|json| self.value(json)).collect(),
            Json::Object(members) => Value::Object(self.object(members)),
        }
    }

    /// Where this process finds a file of QEMU's.
    fn file(&self, path: &[Piece]) -> PathBuf {
        let slot = path.iter().find_map(|piece| if let Piece::Fd(slot) = piece { Some(*slot) } else { None });
        match slot.and_then(|slot| self.opened.get(slot as usize)) {
            Some(fd) => format!("/proc/self/fd/{}", fd.as_raw_fd()).into(),
            // QEMU reads it from its own working directory.
            None => Path::new(&format!("/proc/{}/cwd", self.guest.id())).join(self.filling.text(path)),
        }
    }
}

fn filling(fragment: &Fragment, inventory: &Inventory<'_>, registry: &mut Registry) -> Filling {
    let fds = (0..).zip(fragment.fds.iter()).map(|(slot, _)| {
        if fragment.steps.iter().any(|step| step.fd() == Some(slot)) {
            return String::new();
        }
        registry.fds += 1;
        format!("qemu-runtime-{}", registry.fds)
    });
    let mut filling = Filling {
        name: inventory.name.clone(),
        fds: fds.collect(),
        ids: vec![String::new(); fragment.ids.len()],
    };
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
    filling
}

fn what(action: Action) -> &'static str {
    match action {
        Action::FdSet => "a set of file descriptors",
        Action::Chardev => "a character device's backend",
        Action::Object => "an object",
        Action::Blockdev => "a block node",
        Action::Netdev => "a network backend",
        Action::Device => "a device",
    }
}

fn left(thing: &Thing, reason: impl ToString) -> Left {
    Left { what: what(thing.action), id: thing.id.clone(), reason: reason.to_string() }
}

/// What QEMU says of a device that is to go.
enum Word {
    Gone,
    Refused(String),
}

fn next_word(events: &mut Events, id: &str, path: &str, timeout: Duration) -> Result<Word, QmpError> {
    let event = events.find("DEVICE_DELETED", timeout, |event| {
        let is = |key: &str, value: &str| event.data.get(key).and_then(Value::as_str) == Some(value);
        match &*event.name {
            // The parts of a device have their own, with longer paths.
            "DEVICE_DELETED" => is("path", path),
            "DEVICE_UNPLUG_GUEST_ERROR" => is("path", path),
            "MEM_UNPLUG_ERROR" => is("device", id),
            _ => false,
        }
    })?;
    Ok(if event.name == "DEVICE_DELETED" { Word::Gone } else { Word::Refused(event.name.clone()) })
}
