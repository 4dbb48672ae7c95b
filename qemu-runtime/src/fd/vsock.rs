//! The kernel's virtio-vsock device.
#![expect(unsafe_code, reason = "ioctl has no safe form")]

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::ioctl::{Opcode, Setter, ioctl, opcode};

use super::{FdProblem, open_device};

/// `VHOST_VSOCK_SET_GUEST_CID` of `linux/vhost.h`.
const SET_GUEST_CID: Opcode = opcode::write::<u64>(0xaf, 0x60);

/// Opens the device and reserves the guest's address. QEMU sets it once more when the guest starts its driver; that
/// it is another guest's is known only here before.
pub(super) fn open(path: &Path, cid: u32) -> Result<OwnedFd, FdProblem> {
    let vsock = open_device(path, "load its module (`modprobe vhost_vsock`)")?;
    // SAFETY: the kernel reads a number of 64 bits, which lives through the call.
    let set = unsafe { ioctl(&vsock, Setter::<SET_GUEST_CID, u64>::new(cid.into())) };
    match set {
        Ok(()) => Ok(vsock),
        Err(errno) => Err(FdProblem::Cid { cid, path: path.into(), source: errno.into() }),
    }
}
