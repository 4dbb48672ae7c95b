//! What a guest that runs has: ids, buses, addresses. QEMU is asked each time, since others may have changed it.

use std::cell::Cell;
use std::collections::HashSet;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use serde_json::{Value, json};

use crate::plan::Action;
use crate::qmp::{Command, Qmp, QmpError};

use super::error::PlugProblem;

/// Where devices with an id are in QEMU's tree.
pub(super) const DEVICES: &str = "/machine/peripheral";
/// Where devices without one are.
pub(super) const NAMELESS: &str = "/machine/peripheral-anon";

/// Where objects are.
const OBJECTS: &str = "/objects";
/// What stands before the number of a set of file descriptors in its path.
const SETS: &str = "/dev/fdset/";

/// What stands before a network backend that has a card.
const BEHIND: &str = " \\ ";

/// The machine's bus that no device can be plugged into: PCI Express has it so.
const ROOT: &str = "pcie.0";
/// Devices whose bus has room for one other.
const PORTS: [&str; 3] = ["pcie-root-port", "ioh3420", "xio3130-downstream"];

/// How many functions a PCI device has.
const FUNCTIONS: u64 = 8;

/// How long a QEMU is waited for that has just not answered in time. What it is told then it does when it goes on.
const MOMENT: Duration = Duration::from_millis(10);

/// All that can be plugged.
const ACTIONS: [Action; 6] =
    [Action::FdSet, Action::Chardev, Action::Object, Action::Blockdev, Action::Netdev, Action::Device];

/// What is told and asked a QEMU in one call.
pub(super) struct Asking<'q> {
    pub(super) qmp: &'q Qmp,
    timeout: Cell<Duration>,
}

impl<'q> Asking<'q> {
    pub(super) fn new(qmp: &'q Qmp) -> Self {
        Self { qmp, timeout: Cell::new(qmp.timeout()) }
    }

    pub(super) fn ask(&self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        self.heard(self.qmp.call_raw(command, arguments).timeout(self.timeout.get()).execute())
    }

    /// Executes a command that takes a file descriptor.
    pub(super) fn give<C: Command>(&self, command: &C, fd: BorrowedFd<'_>) -> Result<(), QmpError> {
        self.heard(self.qmp.call(command).fds(&[fd]).execute()).map(drop)
    }

    fn heard<T>(&self, answer: Result<T, QmpError>) -> Result<T, QmpError> {
        if matches!(answer, Err(QmpError::Timeout { .. })) {
            self.timeout.set(self.timeout.get().min(MOMENT));
        }
        answer
    }

    /// An answer, unless QEMU doesn't know what is asked about.
    fn if_there(&self, command: &str, arguments: Value) -> Result<Option<Value>, QmpError> {
        match self.ask(command, arguments) {
            Ok(answer) => Ok(Some(answer)),
            Err(QmpError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// QEMU's word for the guest's state.
    pub(super) fn status(&self) -> Result<String, QmpError> {
        let status = self.ask("query-status", Value::Null)?;
        Ok(text(&status, "status").unwrap_or_default().to_owned())
    }

    /// The properties of an object, of those whose types begin so.
    pub(super) fn list(&self, path: &str, kind: &str) -> Result<Option<Vec<String>>, QmpError> {
        let list = self.if_there("qom-list", json!({ "path": path }))?;
        let has_kind = |item: &&Value| text(item, "type").is_some_and(|own| own.starts_with(kind));
        Ok(list.map(|list| {
            items(&list).filter(has_kind).filter_map(|item| text(item, "name")).map(str::to_owned).collect()
        }))
    }

    pub(super) fn get(&self, path: &str, property: &str) -> Result<Option<Value>, QmpError> {
        self.if_there("qom-get", json!({ "path": path, "property": property }))
    }

    pub(super) fn has(&self, path: &str) -> Result<bool, QmpError> {
        Ok(self.if_there("qom-list", json!({ "path": path }))?.is_some())
    }

    /// The ids of all that is of one sort.
    pub(super) fn ids(&self, action: Action) -> Result<Vec<String>, QmpError> {
        let (command, key) = match action {
            Action::Device => return Ok(self.list(DEVICES, "child<")?.unwrap_or_default()),
            Action::Object => return Ok(self.list(OBJECTS, "child<")?.unwrap_or_default()),
            // QEMU tells of network backends to people only.
            Action::Netdev => {
                let networks =
                    self.ask("human-monitor-command", json!({ "command-line": "info network" }))?;
                return Ok(networks.as_str().unwrap_or_default().lines().filter_map(backend).collect());
            }
            Action::FdSet => {
                let sets = self.ask("query-fdsets", Value::Null)?;
                let numbers = items(&sets).filter_map(|set| set.get("fdset-id")?.as_i64());
                return Ok(numbers.map(set_path).collect());
            }
            Action::Chardev => ("query-chardev", "label"),
            Action::Blockdev => ("query-named-block-nodes", "node-name"),
        };
        let list = self.ask(command, Value::Null)?;
        Ok(items(&list).filter_map(|item| text(item, key)).map(str::to_owned).collect())
    }

    /// The ids of the network backends that have a card: they stand behind it.
    pub(super) fn backends_of_cards(&self) -> Result<Vec<String>, QmpError> {
        let networks = self.networks()?;
        Ok(networks.lines().filter(|line| line.starts_with(BEHIND)).filter_map(backend).collect())
    }

    /// QEMU tells of network backends to people only.
    fn networks(&self) -> Result<String, QmpError> {
        let networks = self.ask("human-monitor-command", json!({ "command-line": "info network" }))?;
        Ok(networks.as_str().unwrap_or_default().to_owned())
    }

    /// The path of the set of file descriptors that a drive of the VM's reads.
    pub(super) fn set_of(&self, drive: &str) -> Result<Option<String>, QmpError> {
        let drives = self.ask("query-block", Value::Null)?;
        let drive = items(&drives).find(|own| text(own, "device") == Some(drive));
        let file = drive.and_then(|drive| text(drive.get("inserted")?, "file"));
        Ok(file.filter(|file| file.starts_with(SETS)).map(str::to_owned))
    }

    /// The devices on a bus.
    fn on_bus(&self, path: &str) -> Result<Vec<String>, QmpError> {
        let links = self.list(path, "link<")?.unwrap_or_default();
        let links = links.into_iter().filter(|name| name.starts_with("child["));
        let devices = links.filter_map(|name| self.get(path, &name).transpose());
        devices.map(|device| Ok(device?.as_str().unwrap_or_default().to_owned())).collect()
    }
}

/// The path that a set of file descriptors stands for.
pub(super) fn set_path(number: i64) -> String {
    format!("{SETS}{number}")
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// The ids that are taken.
pub(super) struct Inventory<'q> {
    pub(super) qmp: &'q Asking<'q>,
    pub(super) name: Option<String>,
    taken: HashSet<(Action, String)>,
}

impl<'q> Inventory<'q> {
    pub(super) fn of(qmp: &'q Asking<'q>) -> Result<Self, QmpError> {
        let name = qmp.ask("query-name", Value::Null)?;
        let name = text(&name, "name").filter(|name| !name.is_empty()).map(str::to_owned);
        let mut taken = HashSet::new();
        for action in ACTIONS {
            taken.extend(qmp.ids(action)?.into_iter().map(|id| (action, id)));
        }
        // Nodes and drives share their names.
        let drives = qmp.ask("query-block", Value::Null)?;
        let drives = items(&drives).filter_map(|drive| text(drive, "device"));
        taken.extend(drives.map(|drive| (Action::Blockdev, drive.to_owned())));
        Ok(Self { qmp, name, taken })
    }

    pub(super) fn has(&self, action: Action, id: &str) -> bool {
        self.taken.contains(&(action, id.to_owned()))
    }

    /// Whether anything has this id.
    pub(super) fn has_any(&self, id: &str) -> bool {
        ACTIONS.into_iter().any(|action| self.has(action, id))
    }

    /// The path of a bus. Nothing where there is no such bus.
    fn bus(&self, bus: &str) -> Result<Option<String>, QmpError> {
        // QEMU finds the one object whose path ends so. A bridge's bus is called as the bridge, and is a part of it.
        let path = if self.has(Action::Device, bus) { format!("{bus}/{bus}") } else { bus.to_owned() };
        Ok(self.qmp.has(&path)?.then_some(path))
    }

    /// Whether this device's bus has room for one other only.
    fn is_port(&self, id: &str) -> Result<bool, QmpError> {
        let kind = self.qmp.get(&format!("{DEVICES}/{id}"), "type")?;
        Ok(kind.as_ref().and_then(Value::as_str).is_some_and(|kind| PORTS.contains(&kind)))
    }

    /// The ports that have no device, nor will by then.
    fn free(&self, seats: &[Seat]) -> Result<Vec<String>, QmpError> {
        let mut ids: Vec<_> =
            self.taken.iter().filter(|(action, _)| *action == Action::Device).map(|(_, id)| id).collect();
        ids.sort();
        let mut free = Vec::new();
        for id in ids {
            if self.is_port(id)?
                && self.qmp.on_bus(&format!("{DEVICES}/{id}/{id}"))?.is_empty()
                && seats.iter().all(|seat| seat.bus.as_deref() != Some(id))
            {
                free.push(id.clone());
            }
        }
        Ok(free)
    }

    /// The card that has this MAC address, unless it shares its address on purpose.
    pub(super) fn card(&self, mac: &str) -> Result<Option<String>, QmpError> {
        // QEMU takes both, and writes colons.
        let mac = mac.replace('-', ":");
        let is_set = |path: &str, property| {
            let value = self.qmp.get(path, property)?;
            Ok::<_, QmpError>(value.is_some_and(|value| value != json!(false) && value != json!("")))
        };
        for tree in [DEVICES, NAMELESS] {
            for name in self.qmp.list(tree, "child<")?.unwrap_or_default() {
                let path = format!("{tree}/{name}");
                let own = self.qmp.get(&path, "mac")?;
                if own.as_ref().and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(&mac))
                    && !is_set(&path, "failover")?
                    && !is_set(&path, "failover_pair_id")?
                {
                    return Ok(Some(called(path)));
                }
            }
        }
        Ok(None)
    }

    /// Whether other processes of the host can be given the guest's memory.
    pub(super) fn shares_memory(&self) -> Result<bool, QmpError> {
        for (_, id) in self.taken.iter().filter(|(action, _)| *action == Action::Object) {
            if self.qmp.get(&format!("{OBJECTS}/{id}"), "share")? == Some(json!(true)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What keeps a device from sitting there. `seats` are those that come before it.
    pub(super) fn misfit(&self, seat: &Seat, seats: &[Seat]) -> Result<Option<PlugProblem>, QmpError> {
        let Some(bus) = &seat.bus else {
            let refuses = seat.pci && self.qmp.has(ROOT)?;
            let free = if refuses { self.free(seats)? } else { Vec::new() };
            return Ok(refuses.then(|| PlugProblem::NoHotPlug { bus: ROOT.to_owned(), named: false, free }));
        };
        if bus.starts_with('/') {
            return Ok(None);
        }
        let numbered = bus.rsplit_once('.').map_or("", |(device, _)| device);
        if seats.iter().any(|other| other.id == *bus || other.id == numbered) {
            // It comes with the device.
            return Ok(None);
        }
        let Some(path) = self.bus(bus)? else {
            return Ok(Some(PlugProblem::NoBus { bus: bus.clone(), free: self.free(seats)? }));
        };
        let handler = self.qmp.get(&path, "hotplug-handler")?;
        if bus == ROOT || handler.is_some_and(|handler| handler == json!("")) {
            let free = self.free(seats)?;
            return Ok(Some(PlugProblem::NoHotPlug { bus: bus.clone(), named: true, free }));
        }
        if !seat.pci {
            return Ok(None);
        }
        let is_port = self.is_port(bus)?;
        let wanted = match &seat.addr {
            Some(addr) => devfn(addr),
            None if is_port => Some(0),
            None => return Ok(None),
        };
        if let Some(addr) = seat.addr.clone().filter(|_| is_port && wanted >= Some(FUNCTIONS)) {
            return Ok(Some(PlugProblem::NoSlot { bus: bus.clone(), addr }));
        }
        let mut by = seats.iter().find(|other| other.bus == seat.bus && other.place(is_port) == wanted);
        let found;
        if by.is_none() {
            for path in self.qmp.on_bus(&path)? {
                let own = self.qmp.get(&path, "addr")?.and_then(|addr| addr.as_u64());
                if own.is_some() && own == wanted {
                    found = Seat { id: called(path), ..Seat::default() };
                    by = Some(&found);
                    break;
                }
            }
        }
        let Some(by) = by else { return Ok(None) };
        let (addr, free) = (seat.addr.clone(), if is_port { self.free(seats)? } else { Vec::new() });
        Ok(Some(PlugProblem::Occupied { bus: bus.clone(), addr, by: by.id.clone(), free }))
    }
}

/// How a device is called: by its id, or without one by its path.
fn called(path: String) -> String {
    path.strip_prefix(DEVICES).and_then(|id| id.strip_prefix('/')).map(str::to_owned).unwrap_or(path)
}

/// Where a device is to sit.
#[derive(Default)]
pub(super) struct Seat {
    pub(super) id: String,
    pub(super) pci: bool,
    pub(super) bus: Option<String>,
    pub(super) addr: Option<String>,
}

impl Seat {
    /// The slot and function, where that is known before QEMU chooses one.
    fn place(&self, is_port: bool) -> Option<u64> {
        self.addr.as_deref().map_or_else(|| is_port.then_some(0), devfn)
    }
}

/// Slot and function as PCI numbers them. The text is hexadecimal.
fn devfn(addr: &str) -> Option<u64> {
    let (slot, function) = addr.split_once('.').unwrap_or((addr, "0"));
    let number = |digits| u64::from_str_radix(digits, 16).ok();
    Some(number(slot)? * FUNCTIONS + number(function)?)
}

/// The id of the network backend that a line is about: ` \ net0: index=0,type=tap,...`.
fn backend(line: &str) -> Option<String> {
    let (id, rest) = line.strip_prefix(BEHIND).unwrap_or(line).split_once(": ")?;
    (rest.starts_with("index=") && !rest.contains("type=nic")).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{backend, devfn};

    #[test]
    fn addresses_are_hexadecimal() {
        assert_eq!(devfn("1f.2"), Some(0xfa));
        assert_eq!(devfn("2"), Some(16));
        assert_eq!(devfn("x"), None);
    }

    #[test]
    fn backends_are_told_from_cards() {
        assert_eq!(backend(" \\ net0: index=0,type=user,net=10.0.2.0").as_deref(), Some("net0"));
        assert_eq!(backend("net1: index=0,type=tap,fd=3").as_deref(), Some("net1"));
        assert_eq!(backend("virtio-net-pci.0: index=0,type=nic,model=virtio-net-pci"), None);
        assert_eq!(backend("hub 0"), None);
    }
}
