//! The kernel's virtio-net and virtio-vsock devices.
#![expect(unsafe_code, reason = "ioctl has no safe form")]

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::ioctl::{Getter, Opcode, Setter, ioctl, opcode};

use super::FdProblem;
use super::node::open_device;

/// `VHOST_GET_FEATURES` of `linux/vhost.h`.
const GET_FEATURES: Opcode = opcode::read::<u64>(0xaf, 0);

/// `VHOST_VSOCK_SET_GUEST_CID` of `linux/vhost.h`.
const SET_GUEST_CID: Opcode = opcode::write::<u64>(0xaf, 0x60);

/// Opens the virtio-net device.
pub(super) fn open_net(path: &Path) -> Result<OwnedFd, FdProblem> {
    let vhost = open_device(path, "load its module (`modprobe vhost_net`), or leave `vhost` out")?;
    match check_net(&vhost) {
        Ok(()) => Ok(vhost),
        Err(source) => {
            let cure = Some("what is there is no vhost-net device");
            Err(FdProblem::Open { path: path.into(), cure, source })
        }
    }
}

/// Asks the device what it can do. A guest that gets something else in its place ends over it.
pub(super) fn check_net(vhost: impl AsFd) -> io::Result<()> {
    // SAFETY: the kernel writes a number of 64 bits, for which there is room.
    unsafe { ioctl(vhost, Getter::<GET_FEATURES, u64>::new()) }?;
    Ok(())
}

/// Opens the virtio-vsock device and reserves the guest's address.
pub(super) fn open_vsock(path: &Path, cid: u64) -> Result<OwnedFd, FdProblem> {
    let vsock = open_device(path, "load its module (`modprobe vhost_vsock`)")?;
    match reserve(&vsock, cid) {
        Ok(()) => Ok(vsock),
        Err(source) => Err(FdProblem::Cid { cid, path: Some(path.into()), source }),
    }
}

/// Reserves the guest's address. QEMU sets it once more when the guest starts its driver; that it is another guest's is
/// known only here before.
pub(super) fn reserve(vsock: impl AsFd, cid: u64) -> io::Result<()> {
    // SAFETY: the kernel reads a number of 64 bits, which lives through the call.
    unsafe { ioctl(vsock, Setter::<SET_GUEST_CID, u64>::new(cid)) }?;
    Ok(())
}
