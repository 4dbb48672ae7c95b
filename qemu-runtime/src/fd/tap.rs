//! Queues of tap interfaces.
//!
//! **A tap without `ifname=`** is one that the kernel names, also with several queues: the first is opened, the others
//! join it.
//!
//! **A tap that isn't there is made**, where this user may: QEMU does the same without `mq`, and such a tap needs no
//! step before the start and goes with its guest. The price is that a misspelt `ifname=` is no error, but a new tap
//! that is connected to nothing; only who may not make one is told that there is none. A macvtap is never made: it
//! needs to be told what it lies on.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::FdProblem;
use super::interface::{IfName, attach_tap};
use super::node::open_device;
use crate::plan::{Fd, FdSource};

/// The tap devices of one table while it is opened.
pub(super) struct Taps<'a> {
    tun: &'a Path,
    devices: HashMap<&'a OsStr, Device>,
}

#[derive(Default)]
struct Device {
    queues: u32,
    /// The name that the kernel chose for its first queue's interface.
    chosen: Option<IfName>,
    /// Whether packets carry virtio's header on the queues that were handed over.
    vnet_hdr: Option<bool>,
}

impl<'a> Taps<'a> {
    pub(super) fn new(table: &[Fd<&'a OsStr>], tun: &'a Path) -> Self {
        let mut devices = HashMap::<_, Device>::new();
        for fd in table.iter().filter(|fd| matches!(fd.source, FdSource::Tap { .. })) {
            devices.entry(fd.device).or_default().queues += 1;
        }
        Self { tun, devices }
    }

    /// Takes note of a queue that was handed over. The other queues of a device whose interface has no name join its
    /// interface. Gives whether it is like those before: with virtio's header or without.
    pub(super) fn join(&mut self, line: &Fd<&'a OsStr>, interface: IfName, vnet_hdr: bool) -> bool {
        let device = self.devices.entry(line.device).or_default();
        if let FdSource::Tap { ifname: None } = line.source {
            device.chosen.get_or_insert(interface);
        }
        *device.vnet_hdr.get_or_insert(vnet_hdr) == vnet_hdr
    }

    /// Opens the next queue of `device`.
    ///
    /// QEMU makes it non-blocking itself.
    pub(super) fn open(&mut self, device: &'a OsStr, ifname: Option<&OsStr>) -> Result<OwnedFd, FdProblem> {
        let device = self.devices.entry(device).or_default();
        let name = match ifname {
            Some(ifname) => Some(IfName::new(ifname)?),
            None => device.chosen.clone(),
        };
        let tun = open_device(self.tun, "load its module: `modprobe tun`")?;
        let multi_queue = device.queues > 1;
        let attached = attach(&tun, name.as_ref(), multi_queue)
            .map_err(|error| explain(&tun, self.tun, name.as_ref(), multi_queue, error))?;
        if ifname.is_none() {
            device.chosen = Some(attached);
        }
        Ok(tun)
    }
}

/// A tap that was made with `multi_queue` must be opened so, and one that was not must not. A device with one queue
/// runs on either.
fn attach(tun: &OwnedFd, name: Option<&IfName>, multi_queue: bool) -> io::Result<IfName> {
    match attach_tap(tun, name, multi_queue) {
        Err(error) if is(&error, libc::EINVAL) && !multi_queue && name.is_some_and(IfName::exists) => {
            attach_tap(tun, name, true)
        }
        attached => attached,
    }
}

/// What the kernel's refusal means.
fn explain(
    tun: &OwnedFd,
    path: &Path,
    name: Option<&IfName>,
    multi_queue: bool,
    source: io::Error,
) -> FdProblem {
    let ifname = name.map(|name| name.as_os_str().to_owned());
    let exists = name.is_some_and(IfName::exists);
    match (source.raw_os_error(), ifname) {
        (Some(libc::EPERM), ifname) => {
            // What a tap was made as is known to whoever asks for the other.
            let made_so = || !attach_tap(tun, name, true).is_err_and(|error| is(&error, libc::EINVAL));
            let multi_queue = multi_queue || exists && made_so();
            FdProblem::NotPermitted { ifname, exists, multi_queue, source }
        }
        (Some(libc::EBUSY), Some(ifname)) => FdProblem::Busy { ifname, source },
        (Some(libc::E2BIG), Some(ifname)) => FdProblem::NoQueueLeft { ifname, source },
        (Some(libc::EINVAL), Some(ifname)) if exists => {
            // The same errno for a tap with one queue and for what is no tap at all: ask for the one queue.
            let one_queue = match attach_tap(tun, name, false) {
                Ok(_) => true,
                Err(error) => is(&error, libc::EBUSY),
            };
            if multi_queue && one_queue {
                FdProblem::OneQueue { ifname, source }
            } else {
                FdProblem::OtherKind { ifname, source }
            }
        }
        (_, ifname) => FdProblem::Attach { ifname, path: path.into(), source },
    }
}

fn is(error: &io::Error, errno: i32) -> bool {
    error.raw_os_error() == Some(errno)
}
