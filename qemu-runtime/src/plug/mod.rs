//! Devices that join a guest while it runs, and leave it.

mod error;
mod inventory;
mod registry;

pub use error::{Left, PlugError, PlugProblem, UnplugError};
pub(crate) use registry::Registry;

use std::fs::{self, File, Metadata};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Map, Value, json};

use crate::fd::{self, SocketFile};
use crate::plan::{Action, Fd, FdSource, Filling, Fragment, Json, Member, OsText, Piece, Step};
use crate::qmp::{AddFd, Events, GetFd, QmpError};
use crate::{Guest, SpawnError};

use inventory::{Asking, DEVICES, Inventory, NAMELESS, Seat, set_path};
use registry::{Removed, Thing};

/// How long a guest may take to release a device where the call doesn't say.
const RELEASE: Duration = Duration::from_secs(30);
/// How often it is asked: a guest that boots may not have heard the first time.
const AGAIN: Duration = Duration::from_secs(10);
/// How long it may take where the device is one that is to be undone.
const UNDO: Duration = Duration::from_secs(5);
/// How long QEMU may hold on to what a device used that is gone: it frees some of it only when no thread looks there.
const SETTLE: Duration = Duration::from_millis(500);

/// What joined a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plugged {
    /// The ids of the devices, which [`Guest::unplug`] takes, in the order in which they came.
    pub devices: Vec<String>,
    /// What was to go with earlier calls, and QEMU has still: see [`UnplugError::Left`].
    pub left: Vec<Left>,
}

/// A step whose slots are filled.
struct Ready {
    thing: Thing,
    arguments: Map<String, Value>,
}

/// A device in QEMU's tree.
struct Found {
    path: String,
    /// What goes with it where the guest began with it.
    own: Vec<Thing>,
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
    /// Network interfaces are those of the network namespace that QEMU is in. Where QEMU runs as another user, to find that
    /// takes CAP_SYS_PTRACE; to enter another than this thread's takes CAP_SYS_ADMIN.
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
        let asking = self.asking().map_err(|error| nowhere(PlugProblem::Qmp(error)))?;
        let mut registry = self.registry();
        if let Some(plan) = self.target.filter(|plan| *plan != fragment.target) {
            return Err(nowhere(PlugProblem::Target { fragment: fragment.target, plan }));
        }
        let inventory = Inventory::of(&asking).map_err(|error| nowhere(PlugProblem::Qmp(error)))?;
        registry.reconcile(&inventory);
        let mut left = finish(&asking, &mut registry);
        match self.plug_into(&inventory, fragment, handed, &mut registry) {
            Ok(devices) => Ok(Plugged { devices, left }),
            // With QEMU all of it is gone.
            Err(error) if matches!(error.problem.qmp_error(), Some(QmpError::Ended { .. })) => Err(error),
            Err(mut error) => {
                left.append(&mut error.left);
                Err(PlugError { left, ..error })
            }
        }
    }

    /// Gives the ids of the devices.
    fn plug_into(
        &self,
        inventory: &Inventory<'_>,
        fragment: &Fragment,
        handed: Vec<(String, OwnedFd)>,
        registry: &mut Registry,
    ) -> Result<Vec<String>, PlugError> {
        let asking = inventory.qmp;
        let Prepared { filling, fds, names } = self.prepare(fragment, inventory, registry)?;
        let opened = fd::assign(&fds, handed).and_then(|handed| {
            let opens_interface =
                fds.iter().zip(&handed).any(|(fd, handed)| handed.is_none() && is_interface(fd));
            let namespace = if opens_interface { self.namespace()? } else { None };
            fd::open_table(&fds, handed, &self.host_paths, -1, namespace.as_ref())
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
        let passed = pass(asking, &names, &opened.fds).map_err(|source| (None, source));
        let outcome =
            passed.and_then(|()| self.carry_out(&fragment.steps, asking, &filling, &opened.fds, &mut done));
        let Err((step, source)) = outcome else {
            let devices = done.iter().filter(|thing| thing.is_device());
            let devices = devices.map(|thing| thing.id.clone()).collect();
            registry.add_plugged(done);
            opened.socket_files.into_iter().for_each(SocketFile::keep);
            return Ok(devices);
        };
        let mut left = Vec::new();
        // With QEMU all of it is gone.
        if !matches!(source, QmpError::Ended { .. }) {
            left.extend(step.and_then(|step| halves(asking, step, &filling, &source)));
            close(asking, &names);
            left.extend(undo(asking, done, registry));
        }
        let (place, problem) = match step {
            Some(step) => {
                let (command, id) = (step.action.command(), name(fragment, step, &filling));
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
    /// [plugged](Guest::plug), backends and objects that only this device used go with it, and with the last device of a
    /// plug what none of its devices was known to use; of what the guest began with, its drive with the file descriptor that
    /// this reads, and the network backend of the same id.
    ///
    /// # Errors
    ///
    /// Where there is no such device, where the guest [doesn't release it](UnplugError::NoAnswer): a PCI device needs a
    /// guest whose system has booted; and where QEMU [has something still](UnplugError::Left) that was to go, with this or
    /// with an earlier call.
    pub fn unplug(&self, id: &str) -> Result<(), UnplugError> {
        self.unplug_timeout(id, RELEASE)
    }

    /// The same, with a time of its own for the guest.
    ///
    /// # Errors
    ///
    /// As [`Guest::unplug`].
    pub fn unplug_timeout(&self, id: &str, timeout: Duration) -> Result<(), UnplugError> {
        let asking = self.asking().map_err(UnplugError::Qmp)?;
        let found = find(&asking, id).map_err(UnplugError::Qmp)?;
        if let Some(device) = &found {
            release(&asking, id, device, timeout)?;
        }
        // Not before: meanwhile others may plug and unplug, also what has this id.
        let mut registry = self.registry();
        let inventory = Inventory::of(&asking).map_err(UnplugError::Qmp)?;
        let was_plugged = registry.has_device(id);
        let is_known = registry.knows(id);
        registry.reconcile(&inventory);
        let mut left = finish(&asking, &mut registry);
        let is_found = found.is_some();
        if let Some(found) = found.filter(|_| !was_plugged && !inventory.has(Action::Device, id)) {
            let own = found.own.into_iter().filter(|thing| inventory.has(thing.action, &thing.id));
            let own: Vec<_> = own.collect();
            registry.abandon(id, own.iter().map(|thing| thing.id.clone()));
            registry.add(own);
        } else if !is_found && is_known {
            // A device may have gone after a call that no longer waited: what belongs to it is known still.
            registry.abandon(id, [id.to_owned()]);
        }
        let mut removal = Removal::new(&asking, SETTLE);
        left.extend(registry.sweep(|thing| removal.remove(thing)));
        if !left.is_empty() {
            Err(UnplugError::Left(left))
        } else if is_found || (is_known && !registry.knows(id)) {
            Ok(())
        } else {
            Err(UnplugError::Missing { id: id.to_owned() })
        }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        // Whatever panicked, what is in it is so.
        self.plugged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asking(&self) -> Result<Asking<'_>, QmpError> {
        self.qmp().map(Asking::new).ok_or(QmpError::NoQmp)
    }

    /// Fills a fragment's slots, and looks whether it fits the guest.
    fn prepare(
        &self,
        fragment: &Fragment,
        inventory: &Inventory<'_>,
        registry: &mut Registry,
    ) -> Result<Prepared, PlugError> {
        let (filling, names) = filling(fragment, inventory, registry);
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
            if let Some(problem) = misfit(inventory, ready, step.pci, &mut seats)
                .unwrap_or_else(|error| Some(PlugProblem::Qmp(error)))
            {
                return Err(here(problem));
            }
        }
        let fds = fragment.fds.iter().map(|slot| Fd {
            // QEMU knows it by a name, or a set.
            number: 0,
            source: slot.source.map(|name| OsText::from(filling.text(name))),
            device: filling.text(&slot.device).into(),
            queue: slot.queue,
        });
        let fds = fds.collect();
        Ok(Prepared { filling, fds, names })
    }

    /// The network namespace that QEMU is in, where this thread is in another.
    fn namespace(&self) -> Result<Option<OwnedFd>, SpawnError> {
        let path = PathBuf::from(format!("/proc/{}/ns/net", self.id()));
        let namespace = (|| {
            let theirs = File::open(&path)?;
            let number = |metadata: Metadata| (metadata.dev(), metadata.ino());
            let is_ours = number(theirs.metadata()?) == number(fs::metadata("/proc/thread-self/ns/net")?);
            Ok((!is_ours).then(|| theirs.into()))
        })();
        // The number in the path is its own as long as it has not ended. Where it has, QMP says so.
        let has_ended = poll(&mut [PollFd::new(&self.pidfd(), PollFlags::IN)], Some(&Timespec::default()));
        if has_ended == Ok(1) {
            return Ok(None);
        }
        namespace.map_err(|source| SpawnError::Bound { what: "network namespace", path, source })
    }

    fn ready(&self, step: &Step, filling: &Filling, opened: &[OwnedFd]) -> Ready {
        let mut values = Values { guest: self, filling, opened, needs: Vec::new() };
        let arguments = values.object(&step.arguments);
        let thing = Thing { action: step.action, id: filling.text(&step.id), needs: values.needs };
        Ready { thing, arguments }
    }

    /// Executes the steps until one fails. What was done, or may have been, is added to `done`.
    fn carry_out<'s>(
        &self,
        steps: &'s [Step],
        asking: &Asking<'_>,
        filling: &Filling,
        opened: &[OwnedFd],
        done: &mut Vec<Thing>,
    ) -> Result<(), (Option<&'s Step>, QmpError)> {
        for step in steps {
            let Ready { thing, arguments } = self.ready(step, filling, opened);
            let fd = step.fd().and_then(|slot| opened.get(slot as usize));
            let answer = match fd {
                Some(fd) => add_fd(asking, &thing, &arguments, fd),
                None => asking.ask(step.action.command(), Value::Object(arguments)).map(drop),
            };
            if !matches!(answer, Err(QmpError::Refused { .. })) {
                done.push(thing);
            }
            answer.map_err(|source| (Some(step), source))?;
        }
        Ok(())
    }
}

/// A fragment that fits the guest.
struct Prepared {
    filling: Filling,
    fds: Vec<Fd>,
    /// The names under which QEMU gets these. One that goes with a step has none.
    names: Vec<Option<String>>,
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

fn nowhere(problem: PlugProblem) -> PlugError {
    PlugError { place: None, problem: problem.into(), left: Vec::new() }
}

fn is_interface(fd: &Fd) -> bool {
    matches!(fd.source, FdSource::Tap { .. } | FdSource::Macvtap { .. } | FdSource::Ipvtap { .. })
}

/// What people call that which a step adds.
fn name(fragment: &Fragment, step: &Step, filling: &Filling) -> String {
    let slot = step.fd().and_then(|slot| fragment.fds.get(slot as usize));
    filling.text(slot.map_or(&step.id, |slot| &slot.device))
}

/// Gives QEMU file descriptors under these names.
fn pass(asking: &Asking<'_>, names: &[Option<String>], opened: &[OwnedFd]) -> Result<(), QmpError> {
    let mut named = names.iter().zip(opened).filter_map(|(name, fd)| Some((name.clone()?, fd)));
    named.try_for_each(|(fdname, fd)| asking.give(&GetFd { fdname }, fd.as_fd()))
}

/// Gives QEMU a file descriptor in a set of its own.
fn add_fd(
    asking: &Asking<'_>,
    thing: &Thing,
    arguments: &Map<String, Value>,
    fd: &OwnedFd,
) -> Result<(), QmpError> {
    let opaque = arguments.get("opaque").and_then(Value::as_str).map(str::to_owned);
    asking.give(&AddFd { fdset_id: set_number(thing), opaque }, fd.as_fd())
}

fn set_number(thing: &Thing) -> Option<i64> {
    thing.id.rsplit('/').next()?.parse().ok()
}

/// Closes what QEMU has still of these file descriptors. A step that took some, and failed, has closed them.
fn close(asking: &Asking<'_>, names: &[Option<String>]) {
    for name in names.iter().flatten() {
        // It isn't there, mostly.
        let _ = asking.ask("closefd", json!({ "fdname": name }));
    }
}

/// What QEMU has made of a step that it then refused: of a network backend the queues before the one that it didn't like.
fn halves(asking: &Asking<'_>, step: &Step, filling: &Filling, source: &QmpError) -> Option<Left> {
    let is_refused = step.action == Action::Netdev && matches!(source, QmpError::Refused { .. });
    let id = filling.text(&step.id);
    let is_there = is_refused && asking.ids(Action::Netdev).is_ok_and(|ids| ids.contains(&id));
    let reason = "QEMU has made it in part, and can't remove that: give the next another id";
    is_there.then(|| Left { what: what(step.action), id, reason: reason.to_owned() })
}

/// Undoes steps, the last one first. Gives what is left; that is then known, so that it can be unplugged later.
fn undo(asking: &Asking<'_>, mut done: Vec<Thing>, registry: &mut Registry) -> Vec<Left> {
    let mut removal = Removal::new(asking, SETTLE);
    let mut left = Vec::new();
    let mut kept: Vec<Thing> = Vec::new();
    while let Some(thing) = done.pop() {
        let removed = if thing.is_device() {
            let path = format!("{DEVICES}/{}", thing.id);
            match release(asking, &thing.id, &Found { path, own: Vec::new() }, UNDO) {
                Ok(()) => Removed::Gone,
                Err(error) => Removed::Not(self::left(&thing, error)),
            }
        } else {
            // QEMU would take some backends from under their devices.
            match kept.iter().find(|user| user.needs.contains(&thing.id)) {
                Some(user) => Removed::Not(self::left(&thing, format!("`{}` uses it", user.id))),
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
fn finish(asking: &Asking<'_>, registry: &mut Registry) -> Vec<Left> {
    let mut removal = Removal::new(asking, Duration::ZERO);
    registry.finish(|set| removal.remove(set))
}

/// Where the device of an id is, or that of a drive or network backend.
fn find(asking: &Asking<'_>, id: &str) -> Result<Option<Found>, QmpError> {
    if id.is_empty() || id.contains('/') {
        return Ok(None);
    }
    let backends = |path: &str| {
        let name =
            |property| Ok(asking.get(path, property)?.and_then(|name| name.as_str().map(str::to_owned)));
        Ok::<_, QmpError>((name("netdev")?, name("drive")?))
    };
    let mut found = None;
    if asking.ids(Action::Device)?.iter().any(|own| own == id) {
        let path = format!("{DEVICES}/{id}");
        found = Some((backends(&path)?, path));
    } else {
        for name in asking.list(NAMELESS, "child<")?.unwrap_or_default() {
            let path = format!("{NAMELESS}/{name}");
            let (netdev, drive) = backends(&path)?;
            if netdev.as_deref() == Some(id) || drive.as_deref() == Some(id) {
                found = Some(((netdev, drive), path));
                break;
            }
        }
    }
    let Some(((netdev, drive), path)) = found else { return Ok(None) };
    let netdev = netdev.filter(|netdev| netdev == id).map(|id| (Action::Netdev, id));
    // QEMU removes a drive with its device, and not what the drive reads.
    let set = drive.as_deref().map(|drive| asking.set_of(drive)).transpose()?.flatten();
    let own = netdev.into_iter().chain(set.map(|path| (Action::FdSet, path)));
    let own = own.map(|(action, id)| Thing { action, id, needs: Vec::new() }).collect();
    Ok(Some(Found { path, own }))
}

/// Asks the guest to release a device, and waits until it is gone.
fn release(asking: &Asking<'_>, id: &str, device: &Found, timeout: Duration) -> Result<(), UnplugError> {
    let mut events = asking.qmp.events();
    // QEMU takes a path for an id, too.
    let name = if device.path.starts_with(NAMELESS) { &device.path } else { id };
    let deadline = Instant::now().checked_add(timeout);
    loop {
        match asking.ask("device_del", json!({ "id": name })) {
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
                !asking.has(&device.path).map_err(UnplugError::Qmp)?
            }
            Err(error) => return Err(UnplugError::Qmp(error)),
        };
        if is_gone {
            return Ok(());
        }
        if deadline.is_some_and(|end| end <= Instant::now()) {
            let status = asking.status().map_err(UnplugError::Qmp)?;
            return Err(UnplugError::NoAnswer { id: id.to_owned(), timeout, status });
        }
    }
}

/// Removes what is no device.
struct Removal<'a, 'q> {
    asking: &'a Asking<'q>,
    /// How long QEMU may hold on to all of it.
    patience: Duration,
    deadline: Option<Instant>,
}

impl<'a, 'q> Removal<'a, 'q> {
    fn new(asking: &'a Asking<'q>, patience: Duration) -> Self {
        Self { asking, patience, deadline: None }
    }

    fn remove(&mut self, thing: &Thing) -> Removed {
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
            return (Removed::Not(left(thing, "a network card uses it")), true);
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
                        Removed::Lingers(left(thing, reason)),
                        self.asking.status().is_ok_and(|status| status == "running"),
                    )
                }
                Ok(false) => (Removed::Gone, false),
                Err(error) => (Removed::Not(left(thing, error)), false),
            },
            Ok(_) => (Removed::Gone, false),
            // QEMU removes some backends with those that use them.
            Err(QmpError::Refused { .. }) if matches!(is_there(), Ok(false)) => (Removed::Gone, false),
            Err(error) => {
                let is_refused = matches!(error, QmpError::Refused { .. });
                (Removed::Not(left(thing, error)), is_refused)
            }
        }
    }

    /// Whether it is a network backend with a card: QEMU would take it from under that.
    fn has_card(&self, thing: &Thing) -> bool {
        let has_card = |cards: Vec<String>| cards.contains(&thing.id);
        thing.action == Action::Netdev && self.asking.backends_of_cards().is_ok_and(has_card)
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
                let kind = fs::metadata(self.file(path));
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

/// Which device an event is about.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct About {
    device: Option<String>,
    path: Option<String>,
}

fn next_word(events: &mut Events, id: &str, path: &str, timeout: Duration) -> Result<Word, QmpError> {
    let event = events.find("DEVICE_DELETED", timeout, |event| {
        let about = || event.data::<About>().unwrap_or_default();
        match &*event.name {
            // The parts of a device have their own, with longer paths.
            "DEVICE_DELETED" | "DEVICE_UNPLUG_GUEST_ERROR" => about().path.as_deref() == Some(path),
            "MEM_UNPLUG_ERROR" => about().device.as_deref() == Some(id),
            _ => false,
        }
    })?;
    Ok(if event.name == "DEVICE_DELETED" { Word::Gone } else { Word::Refused(event.name.clone()) })
}
