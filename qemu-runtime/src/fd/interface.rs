//! Network interfaces: their names, and what is asked of the kernel about them.
#![expect(unsafe_code, reason = "ioctl and if_nametoindex have no safe form")]

use std::ffi::{CStr, CString, OsStr};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;

use super::FdProblem;

/// The name of a network interface, as the kernel takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IfName(CString);

impl IfName {
    /// The bytes that a name may have: the kernel cuts longer ones without a word.
    const MAX: usize = libc::IFNAMSIZ - 1;

    pub(super) fn new(name: &OsStr) -> Result<Self, FdProblem> {
        let bytes = name.as_bytes();
        // `%` is the kernel's: it would make `tap%d` into `tap0`.
        let odd = |byte: &u8| matches!(byte, b'/' | b':' | b'%' | 0) || byte.is_ascii_whitespace();
        let bad = bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.iter().any(odd);
        match CString::new(bytes) {
            Ok(name) if !bad && bytes.len() <= Self::MAX => Ok(Self(name)),
            _ => Err(FdProblem::Name { ifname: name.to_owned() }),
        }
    }

    pub(super) fn as_os_str(&self) -> &OsStr {
        OsStr::from_bytes(self.0.as_bytes())
    }

    /// The interface's index in the network namespace of this thread, which is also the one that a tap is opened
    /// in. (What `/sys/class/net` shows is the namespace in which it was mounted.)
    pub(super) fn index(&self) -> io::Result<u32> {
        // SAFETY: the name is a C string that lives through the call, which only reads it.
        match unsafe { libc::if_nametoindex(self.0.as_ptr()) } {
            0 => Err(io::Error::last_os_error()),
            index => Ok(index),
        }
    }

    pub(super) fn exists(&self) -> bool {
        self.index().is_ok()
    }
}

impl fmt::Display for IfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_os_str().display().fmt(f)
    }
}

/// Makes `tun`, an open `/dev/net/tun`, a queue of the tap interface `name`, or of a new one that the kernel names;
/// gives the interface's name. Packets carry virtio's header, as QEMU wants them, so that the host may leave
/// checksums and segmentation to the guest.
pub(super) fn attach_tap(tun: impl AsFd, name: Option<&IfName>, multi_queue: bool) -> io::Result<IfName> {
    let mut flags = libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR;
    if multi_queue {
        flags |= libc::IFF_MULTI_QUEUE;
    }
    // The flags are 16 bits wide there, and none of these is wider.
    let mut request = request(name, flags as libc::c_short);
    // SAFETY: TUNSETIFF reads and writes one `ifreq`, which `request` is, and lives through the call.
    cvt(unsafe { libc::ioctl(tun.as_fd().as_raw_fd(), libc::TUNSETIFF, &raw mut request) })?;
    Ok(named(&request))
}

/// The interface that an open tap device is a queue of, and its flags.
pub(super) fn interface_of(tap: impl AsFd) -> io::Result<(IfName, libc::c_int)> {
    let mut request = request(None, 0);
    // SAFETY: TUNGETIFF writes one `ifreq`, which `request` is, and lives through the call.
    cvt(unsafe { libc::ioctl(tap.as_fd().as_raw_fd(), libc::TUNGETIFF, &raw mut request) })?;
    // SAFETY: of the union the kernel has written the flags, and any bits are some.
    Ok((named(&request), unsafe { request.ifr_ifru.ifru_flags }.into()))
}

/// Attaches a queue again that was detached. An attached one stays as it is.
pub(super) fn attach_queue(tap: impl AsFd) -> io::Result<()> {
    let mut request = request(None, libc::IFF_ATTACH_QUEUE as libc::c_short);
    // SAFETY: TUNSETQUEUE reads one `ifreq`, which `request` is, and lives through the call.
    match cvt(unsafe { libc::ioctl(tap.as_fd().as_raw_fd(), libc::TUNSETQUEUE, &raw mut request) }) {
        // What is attached, and what has one queue only.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        attached => attached,
    }
}

/// Whether an open file of the kernel's namespaces is one of network interfaces.
pub(crate) fn is_network_namespace(namespace: impl AsFd) -> io::Result<bool> {
    // SAFETY: NS_GET_NSTYPE takes nothing, and writes nothing.
    let kind = unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), libc::NS_GET_NSTYPE) };
    cvt(kind).map(|()| kind == libc::CLONE_NEWNET)
}

fn request(name: Option<&IfName>, flags: libc::c_short) -> libc::ifreq {
    // SAFETY: an `ifreq` is plain numbers (and a pointer that may be null), for all of which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.map_or(&[][..], |name| name.0.as_bytes())) {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = flags;
    request
}

fn named(request: &libc::ifreq) -> IfName {
    let bytes = request.ifr_name.map(|c| c as u8);
    IfName(CStr::from_bytes_until_nul(&bytes).unwrap_or_default().to_owned())
}

fn cvt(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::IfName;

    #[test]
    fn names_are_what_the_kernel_takes() {
        for good in ["tap0", "fifteen_letters", "br-0.1", "ü"] {
            assert!(IfName::new(OsStr::new(good)).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "sixteen_letters_", "tap%d", "a/b", "a:1", "a b", "a\0b"] {
            assert!(IfName::new(OsStr::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_loopback_is_the_first_interface() {
        assert_eq!(IfName::new(OsStr::new("lo")).ok().and_then(|lo| lo.index().ok()), Some(1));
    }
}
