//! A guest releases a device.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::plan::Action;
use crate::qmp::{Events, QmpError, object};

use super::error::UnplugError;
use super::inventory::{Asking, DEVICES, NAMELESS};
use crate::plugged::Thing;

/// How often it is asked: a guest that boots may not have heard the first time.
const AGAIN: Duration = Duration::from_secs(10);

/// A device in QEMU's tree.
pub(super) struct Found {
    pub(super) path: String,
    /// What goes with it where the guest began with it.
    pub(super) own: Vec<Thing>,
}

/// Where the device of an id is, or that of a drive or network backend.
pub(super) fn find(asking: &Asking<'_>, id: &str) -> Result<Option<Found>, QmpError> {
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
pub(super) fn release(
    asking: &Asking<'_>,
    id: &str,
    device: &Found,
    timeout: Duration,
) -> Result<(), UnplugError> {
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

/// What QEMU says of a device that is to go.
enum Word {
    Gone,
    Refused(String),
}

/// Which device an event is about.
#[derive(Default)]
struct About {
    device: Option<String>,
    path: Option<String>,
}

object!(About { device: "device" or default, path: "path" or default });

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
