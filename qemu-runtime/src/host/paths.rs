//! Where the host keeps the devices that a guest's file descriptors come from.

use std::path::PathBuf;

/// Where the host keeps the devices that a guest's file descriptors come from.
///
/// The default is where Linux has them. Other paths are for hosts that bind them elsewhere, and for tests; there may
/// be more of them in a later version, so change those of the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPaths {
    /// The device that makes and opens tap interfaces: `/dev/net/tun`.
    pub tun: PathBuf,
    /// The kernel's virtio-net device: `/dev/vhost-net`.
    pub vhost_net: PathBuf,
    /// The kernel's virtio-vsock device: `/dev/vhost-vsock`.
    pub vhost_vsock: PathBuf,
    /// The folder with the devices `tapN` of macvtap and ipvtap interfaces: `/dev`. N is the interface's index, of which
    /// each network namespace has its own: another folder serves where two interfaces have one.
    pub tap_dir: PathBuf,
}

impl Default for HostPaths {
    fn default() -> Self {
        Self {
            tun: "/dev/net/tun".into(),
            vhost_net: "/dev/vhost-net".into(),
            vhost_vsock: "/dev/vhost-vsock".into(),
            tap_dir: "/dev".into(),
        }
    }
}
