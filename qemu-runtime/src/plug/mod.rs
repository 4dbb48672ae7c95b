//! Devices that join a guest while it runs, and leave it.
//!
//! What a guest has is asked of QEMU whenever devices join it: others may have changed it. Remembered is only what was
//! plugged, and what refers to what, so that backends go with their last device, and what QEMU has agreed to close and
//! has still, so that the next call asks again; and what is not there any more is forgotten.
//!
//! What refers to what is told by the schema's types. What nothing in a fragment is known to use goes with its devices.
//!
//! A backend is never removed while its device is there: QEMU would take some from under it.

mod descriptors;
mod error;
mod fit;
mod inventory;
mod release;
mod removal;
mod values;

pub use error::{PlugError, PlugProblem, UnplugError};

use std::ffi::OsString;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::Equipped;
use crate::fd::{Occupied, SocketFile};
use crate::guest::Guest;
use crate::plan::{Action, Filling, Fragment, Step};
use crate::plugged::{Left, Registry, Thing};
use crate::qmp::QmpError;
use crate::spawn::{SpawnError, preflight};

use descriptors::{add_fd, close, pass};
use fit::{Prepared, prepare};
use inventory::{Asking, Inventory};
use release::{find, release};
use removal::{Removal, SETTLE, finish, halves, undo};
use values::Ready;

/// How long a guest may take to release a device where the call doesn't say.
const RELEASE: Duration = Duration::from_secs(30);

/// What joined a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plugged {
    /// The ids of the devices, which [`Guest::unplug`] takes, in the order in which they came.
    pub devices: Vec<String>,
    /// What was to go with earlier calls, and QEMU has still: see [`UnplugError::Left`].
    pub left: Vec<Left>,
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
    pub fn plug<'a>(&self, devices: impl Into<Equipped<'a, Fragment>>) -> Result<Plugged, PlugError> {
        self.plug_handed(devices.into(), Vec::new())
    }

    /// The same, with open file descriptors in place of what the devices ask for, by their [names](crate::Fd::name): `net0.0` for
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
    pub fn plug_with_fds<'a>(
        &self,
        devices: impl Into<Equipped<'a, Fragment>>,
        fds: impl IntoIterator<Item = (impl Into<String>, impl Into<OwnedFd>)>,
    ) -> Result<Plugged, PlugError> {
        let fds = fds.into_iter().map(|(name, fd)| (name.into(), fd.into())).collect();
        self.plug_handed(devices.into(), fds)
    }

    fn plug_handed(
        &self,
        devices: Equipped<'_, Fragment>,
        handed: Vec<(String, OwnedFd)>,
    ) -> Result<Plugged, PlugError> {
        let (fragment, own) = devices.into_parts();
        let asking = self.asking().map_err(|error| nowhere(PlugProblem::Qmp(error)))?;
        let mut registry = self.registry();
        if let Some(plan) = self.target.filter(|plan| *plan != fragment.target) {
            return Err(nowhere(PlugProblem::Target { fragment: fragment.target, plan }));
        }
        let inventory = Inventory::of(&asking).map_err(|error| nowhere(PlugProblem::Qmp(error)))?;
        registry.reconcile(|action, id| inventory.has(action, id));
        registry.remove_dead_sockets();
        let mut left = finish(&asking, &mut registry);
        match self.plug_into(&inventory, &fragment, own, handed, &mut registry) {
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
        own: Vec<(u32, OwnedFd)>,
        handed: Vec<(String, OwnedFd)>,
        registry: &mut Registry,
    ) -> Result<Vec<String>, PlugError> {
        let asking = inventory.qmp;
        let Prepared { filling, fds, names } = prepare(self, fragment, inventory, registry)?;
        let lines: Vec<_> = fds.iter().map(|fd| fd.map(OsString::as_os_str)).collect();
        let opened = descriptors::open(self, &lines, own, handed).map_err(|error| {
            let slots = fds.iter().zip(fragment.fds.iter());
            let slot = match &error {
                SpawnError::Fd(error) => slots.into_iter().find(|(fd, _)| **fd == error.fd),
                _ => None,
            };
            let place = slot.map(|(_, slot)| slot).and_then(|slot| fragment.place(slot.span)).cloned();
            PlugError { place, problem: PlugProblem::Fds(error).into(), left: Vec::new() }
        })?;
        // Last, as what is found dead there goes.
        let sockets = self.sockets(fragment, &filling, &opened.fds)?;
        let mut done = Vec::new();
        let passed = pass(asking, &names, &opened.fds).map_err(|source| (None, source));
        let outcome =
            passed.and_then(|()| self.carry_out(&fragment.steps, asking, &filling, &opened.fds, &mut done));
        let Err((step, source)) = outcome else {
            let devices = done.iter().filter(|thing| thing.is_device());
            let devices = devices.map(|thing| thing.id.clone()).collect();
            registry.add_plugged(done);
            registry.add_sockets(opened.socket_files.into_iter().chain(sockets));
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
        registry.reconcile(|action, id| inventory.has(action, id));
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
        registry.remove_dead_sockets();
        if !left.is_empty() {
            Err(UnplugError::Left(left))
        } else if is_found || (is_known && !registry.knows(id)) {
            Ok(())
        } else {
            Err(UnplugError::Missing { id: id.to_owned() })
        }
    }

    /// The sockets that QEMU is going to make. What it would do harm to is refused.
    fn sockets(
        &self,
        fragment: &Fragment,
        filling: &Filling,
        opened: &[OwnedFd],
    ) -> Result<Vec<SocketFile>, PlugError> {
        // As long as it can be read: a guest's socket goes when that has ended.
        let folder = PathBuf::from(format!("/proc/{}/cwd", self.id()));
        let folder = fs::read_link(&folder).unwrap_or(folder);
        let mut sockets = Vec::new();
        for step in fragment.steps.iter() {
            let arguments = Value::Object(Ready::of(step, self, filling, opened).arguments);
            let made = preflight::command(step.action, &arguments, &folder, &sockets);
            sockets.extend(made.map_err(|(path, Occupied { cure, source })| PlugError {
                place: fragment.place(step.span).cloned(),
                problem: PlugProblem::Path { path, problem: cure, source }.into(),
                left: Vec::new(),
            })?);
        }
        Ok(sockets)
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        // Whatever panicked, what is in it is so.
        self.plugged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asking(&self) -> Result<Asking<'_>, QmpError> {
        self.qmp().map(Asking::new).ok_or(QmpError::NoQmp)
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
            let Ready { thing, arguments } = Ready::of(step, self, filling, opened);
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

fn nowhere(problem: PlugProblem) -> PlugError {
    PlugError { place: None, problem: problem.into(), left: Vec::new() }
}

/// What people call that which a step adds.
fn name(fragment: &Fragment, step: &Step, filling: &Filling) -> String {
    let slot = step.fd().and_then(|slot| fragment.fds.get(slot as usize));
    filling.text(slot.map_or(&step.id, |slot| &slot.device))
}
