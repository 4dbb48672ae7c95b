//! File descriptors for devices of a guest that runs.
//!
//! **The namespace of a plugged tap is looked up by QEMU's process**, when it is needed: QEMU stays where it was
//! started, and neither a spawn's caller nor its thread need do so. To keep it would cost each spawn an open file.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Map, Value, json};

use crate::fd::{self, Opened};
use crate::guest::Guest;
use crate::plan::{Fd, FdSource};
use crate::qmp::{AddFd, GetFd, QmpError};
use crate::spawn::SpawnError;

use super::inventory::Asking;
use crate::plugged::Thing;

/// Opens what devices need, but for what is handed over.
pub(super) fn open(
    guest: &Guest,
    fds: &[Fd<&OsStr>],
    own: Vec<(u32, OwnedFd)>,
    handed: Vec<(String, OwnedFd)>,
) -> Result<Opened, SpawnError> {
    let handed = fd::assign(fds, own, handed)?;
    let opens_interface = fds.iter().zip(&handed).any(|(fd, handed)| handed.is_none() && is_interface(fd));
    let namespace = if opens_interface { namespace(guest)? } else { None };
    Ok(fd::open_table(fds, handed, &guest.host_paths, -1, namespace.as_ref())?)
}

fn is_interface(fd: &Fd<&OsStr>) -> bool {
    matches!(fd.source, FdSource::Tap { .. } | FdSource::Macvtap { .. } | FdSource::Ipvtap { .. })
}

/// The network namespace that QEMU is in, where this thread is in another.
fn namespace(guest: &Guest) -> Result<Option<OwnedFd>, SpawnError> {
    let path = PathBuf::from(format!("/proc/{}/ns/net", guest.id()));
    let namespace = (|| {
        let theirs = File::open(&path)?;
        let number = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let is_ours = number(theirs.metadata()?) == number(fs::metadata("/proc/thread-self/ns/net")?);
        Ok((!is_ours).then(|| theirs.into()))
    })();
    // The number in the path is its own as long as it has not ended. Where it has, QMP says so.
    let has_ended = poll(&mut [PollFd::new(&guest.pidfd(), PollFlags::IN)], Some(&Timespec::default()));
    if has_ended == Ok(1) {
        return Ok(None);
    }
    namespace.map_err(|source| SpawnError::Bound { what: "network namespace", path, source })
}

/// Gives QEMU file descriptors under these names.
pub(super) fn pass(
    asking: &Asking<'_>,
    names: &[Option<String>],
    opened: &[OwnedFd],
) -> Result<(), QmpError> {
    let mut named = names.iter().zip(opened).filter_map(|(name, fd)| Some((name.clone()?, fd)));
    named.try_for_each(|(fdname, fd)| asking.give(&GetFd { fdname }, fd.as_fd()))
}

/// Gives QEMU a file descriptor in a set of its own.
pub(super) fn add_fd(
    asking: &Asking<'_>,
    thing: &Thing,
    arguments: &Map<String, Value>,
    fd: &OwnedFd,
) -> Result<(), QmpError> {
    let opaque = arguments.get("opaque").and_then(Value::as_str).map(str::to_owned);
    asking.give(&AddFd { fdset_id: set_number(thing), opaque }, fd.as_fd())
}

pub(super) fn set_number(thing: &Thing) -> Option<i64> {
    thing.id.rsplit('/').next()?.parse().ok()
}

/// Closes what QEMU has still of these file descriptors. A step that took some, and failed, has closed them.
pub(super) fn close(asking: &Asking<'_>, names: &[Option<String>]) {
    for name in names.iter().flatten() {
        // It isn't there, mostly.
        let _ = asking.ask("closefd", json!({ "fdname": name }));
    }
}
