//! `netdev`: a network device, and what connects it to the host. One file a sort of connection.

pub(crate) mod nic;
pub(crate) mod none;
pub(crate) mod tap;
pub(crate) mod user;
pub(crate) mod vfio;
pub(crate) mod vhost_user;

use crate::statement::form::statement;

statement! {
    /// A network device and what connects it to the host.
    STATEMENT reserved "netdev" many pluggable Devices [tap::Tap, tap::Macvtap, user::User, vhost_user::VhostUser, vfio::Vfio, none::Nothing]
    example "name web\nnetdev tap ifname=tap0 mq=4 vhost"
}
