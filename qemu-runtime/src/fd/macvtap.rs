//! Queues of macvtap and ipvtap interfaces.
//!
//! **A macvtap's node is known by its number**, which sysfs of its network namespace tells: index, name and address may
//! all be another namespace's interface's, too, and `/dev/tapN` is that of whichever came first. `/sys` is the
//! namespace's in which it was mounted, so one is mounted for the look (`fsopen`), at no place; who may not do so can't
//! have changed the namespace either, and reads `/sys`.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, major, minor, openat};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};

use super::FdProblem;
use super::interface::IfName;
use super::node::open_device;

/// A device's major and minor number.
type Number = (u32, u32);

/// Opens one more queue of the interface `ifname`. Every opening of its device is one; packets carry virtio's header
/// unless told otherwise.
pub(super) fn open(ifname: &OsStr, kind: &'static str, tap_dir: &Path) -> Result<OwnedFd, FdProblem> {
    let name = IfName::new(ifname)?;
    let ifname = ifname.to_owned();
    let index = match name.index() {
        Ok(index) => index,
        Err(source) => return Err(FdProblem::NoInterface { ifname, kind, source }),
    };
    let path = Path::new("class/net").join(&ifname).join(format!("tap{index}/dev"));
    let device = match number_in(&path) {
        Ok(device) => device,
        Err(source) => {
            let path = Path::new(SYS).join(path);
            return Err(match source.kind() {
                io::ErrorKind::NotFound => FdProblem::NotTap { ifname, kind, path, source },
                _ => FdProblem::Open { path, cure: None, source },
            });
        }
    };
    let path = tap_dir.join(format!("tap{index}"));
    // Indices and names belong to a network namespace and nodes to the host: a node may be that of another namespace's
    // interface, whose name may be the same, too.
    let is_its = |node: &Metadata| (major(node.rdev()), minor(node.rdev())) == device;
    let other = || FdProblem::OtherInterface { ifname: ifname.clone(), path: path.clone(), index, device };
    match fs::metadata(&path) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            return Err(FdProblem::NoNode { ifname, kind, path, device, source });
        }
        // It is not opened: it would take the other's packets for a moment.
        Ok(node) if !is_its(&node) => return Err(other()),
        _ => {}
    }
    let tap = File::from(open_device(&path, "the interface is gone, or the device node is stale")?);
    // It may have been replaced since.
    if tap.metadata().is_ok_and(|node| is_its(&node)) { Ok(tap.into()) } else { Err(other()) }
}

const SYS: &str = "/sys";

/// Reads a device's number from a file of the kernel's about the network namespace of this thread.
fn number_in(path: &Path) -> io::Result<Number> {
    let file = openat(sysfs()?, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut text = String::new();
    File::from(file).read_to_string(&mut text)?;
    let number = text
        .trim_end()
        .split_once(':')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    number.ok_or(io::ErrorKind::InvalidData.into())
}

/// `/sys` is that of the network namespace in which it was mounted. Whoever may mount one gets this thread's own, at no
/// place. Whoever may not could enter no other namespace either, and has the one that goes with it.
fn sysfs() -> rustix::io::Result<OwnedFd> {
    let own = || {
        let sysfs = fsopen("sysfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_create(&sysfs)?;
        fsmount(&sysfs, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())
    };
    match own() {
        Err(Errno::PERM | Errno::ACCESS | Errno::NOSYS) => {
            openat(CWD, SYS, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        }
        opened => opened,
    }
}
