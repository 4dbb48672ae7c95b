//! Queues of macvtap and ipvtap interfaces.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::interface::{IfName, interface_of};
use super::{FdProblem, open_device};

/// Opens one more queue of the interface `ifname`. Every opening of its device is one; packets carry virtio's header
/// unless told otherwise.
pub(super) fn open(ifname: &OsStr, kind: &'static str, tap_dir: &Path) -> Result<OwnedFd, FdProblem> {
    let name = IfName::new(ifname)?;
    let ifname = ifname.to_owned();
    let index = match name.index() {
        Ok(index) => index,
        Err(source) => return Err(FdProblem::NoInterface { ifname, kind, source }),
    };
    let path = tap_dir.join(format!("tap{index}"));
    if let Err(error) = std::fs::symlink_metadata(&path)
        && error.kind() == io::ErrorKind::NotFound
    {
        return Err(FdProblem::NoNode { ifname, kind, path, source: error });
    }
    let tap = open_device(&path, "the interface is gone, or the device node is stale")?;
    // Indices belong to a network namespace and nodes to the host: a node may be that of another namespace's
    // interface with the same index.
    match interface_of(&tap) {
        Ok(found) if found == name => Ok(tap),
        Ok(found) => Err(FdProblem::OtherInterface { ifname, path, found: found.as_os_str().to_owned() }),
        Err(source) => Err(FdProblem::NotTap { ifname, kind, path, source }),
    }
}
