//! Files in memory.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};

/// Makes a file in memory. Its name shows in `/proc/PID/maps`.
pub(super) fn make(name: &OsStr, size: u64, hugetlb: bool, seal: bool) -> io::Result<OwnedFd> {
    let mut flags = MemfdFlags::CLOEXEC;
    flags.set(MemfdFlags::HUGETLB, hugetlb);
    flags.set(MemfdFlags::ALLOW_SEALING, seal);
    let memory = memfd_create(name, flags)?;
    ftruncate(&memory, size)?;
    if seal {
        fcntl_add_seals(&memory, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    }
    Ok(memory)
}
