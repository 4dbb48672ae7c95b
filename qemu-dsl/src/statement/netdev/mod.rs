//! `netdev`: a network device, and what connects it to the host. One file a sort of connection.

mod address;
pub(crate) mod card;
pub(crate) mod host;
pub(crate) mod nic;
pub(crate) mod none;
pub(crate) mod stream;
pub(crate) mod tap;
pub(crate) mod user;
pub(crate) mod vfio;
pub(crate) mod vhost_user;

use crate::statement::form::statement;

statement! {
    /// A network device and what connects it to the host.
    STATEMENT reserved "netdev" many pluggable Devices [
        tap::Tap, tap::Macvtap, user::User, host::Bridge, host::Passt, stream::Stream, stream::Dgram, host::Socket,
        vhost_user::VhostUser, host::VhostVdpa, host::AfXdp, host::L2tpv3, host::Vde, host::Netmap, host::HubPort,
        host::VmnetShared, host::VmnetHost, host::VmnetBridged, vfio::Vfio, none::Nothing, card::Card,
    ]
    example "name web\nnetdev tap ifname=tap0 mq=4 vhost"
}
