//! Connections that QEMU has by a name of its own, each with what QEMU's option takes: `bridge`, `socket`, `l2tpv3` and the like.

use super::nic::{Guest, NO_QUEUES, NetId, Nic, Queues, check_queues};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::ids::{Id, OptionalId};
use crate::model::{Maybe, Val};
use crate::plan::FdSource;
use crate::print::{Lowering, sides, text};
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form};
use crate::statement::pci::Virtio;
use crate::value::{FdFlag, IdText, Ifname, OnOff, Path, Text, UInt, Uuid, choice};

/// Declares such connections. Each option is called as the property that it is.
macro_rules! backends {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident kinds [$($kinds:tt)+] prints $made:literal {
            $(
                $(#[doc = $field_doc:literal])+
                $field:ident $option:literal : $ty:ty $({ $($more:tt)+ })?
            ),* $(,)?
        } $(queues $queues:ident $queues_option:literal)? $(refuses [$refused:expr])? $(check $check:path)?;
    )+) => {$(
        form! {
            $(#[doc = $doc])+
            $name kinds [$($kinds)+] {
                /// Its id: that of the backend, and where it is written of the device too.
                id "id": Id<NetId>,
                /// The backend's id, where that isn't the device's.
                netdev "netdev": OptionalId<NetId>,
                $($(#[doc = $field_doc])+ $field $option: $ty $({ $($more)+ })?,)*
                $(
                    /// How many queues there are.
                    $queues $queues_option: Queues,
                )?
            } with Virtio
            groups [guest: Guest]
            opens properties [(Kind::Netdev, $made), (Kind::Device, "virtio-net-pci")]
            $(refuses [$refused])?
        }

        impl $name {
            fn nic(&self) -> Nic<'_> {
                Nic {
                    name: &self.id,
                    guest: &self.guest,
                    ifname: None,
                    queues: backends!(@queues self $($queues)?),
                    pci: &self.pci,
                    netdev: Box::new(self.netdev.or(&self.id)),
                    device: sides(Kind::Netdev, &self.kind, &self.properties).1,
                }
            }
        }

        impl Form for $name {
            fn check(&self, cx: &mut Checking<'_>) {
                self.nic().check(cx);
                $(check_queues(&self.properties, self.$queues, cx);)?
                $($check(self, cx);)?
            }

            fn lower(&self, out: &mut Lowering<'_>) {
                out.option("-netdev")
                    .word(&self.kind)
                    .set("id", &self.netdev.or(&self.id))
                    $(.given($option, &self.$field))*
                    $(.set("queues", &self.$queues))?
                    .written_out(sides(Kind::Netdev, &self.kind, &self.properties).0);
                let id = out.id_of_device(&self.id);
                self.nic().lower(&id, out);
            }
        }
    )+};
    (@queues $self:ident) => { None };
    (@queues $self:ident $queues:ident) => { $self.$queues };
}

type U32 = UInt<0, { u32::MAX as u64 }>;
type U16 = UInt<0, { u16::MAX as u64 }>;

backends! {
    /// A bridge of the host, to which QEMU's helper adds an interface: it needs no rights but the helper's.
    Bridge kinds ["bridge": "a bridge of the host, by QEMU's helper"] prints "bridge" {
        /// The bridge. Without it: `br0`.
        br "br": Option<Val<Text>>,
        /// The helper, where it isn't QEMU's own.
        helper "helper": Option<Val<Path>>,
    } refuses [NO_QUEUES];

    /// A socket of the host that carries the packets: to another QEMU, or to a group of them. `netdev stream` and `dgram` say
    /// the same with more sorts of addresses.
    Socket kinds ["socket": "a socket of TCP or UDP"] prints "socket" {
        /// `[HOST]:PORT` where QEMU listens for another one (TCP).
        listen "listen": Option<Val<Text>> { excludes: &["connect", "mcast", "udp"] },
        /// `HOST:PORT` of the other QEMU, which listens (TCP).
        connect "connect": Option<Val<Text>> { excludes: &["mcast", "udp"] },
        /// `GROUP:PORT` of a group of QEMUs, which all hear each other (UDP).
        mcast "mcast": Option<Val<Text>> { excludes: &["udp"] },
        /// `HOST:PORT` of the other side (UDP).
        udp "udp": Option<Val<Text>>,
        /// `HOST:PORT` where QEMU hears the other side, or the host's address by which it sends to a group.
        localaddr "localaddr": Option<Val<Text>>,
    } refuses [NO_QUEUES] check one_way;

    /// A tunnel through another network (L2TP version 3).
    L2tpv3 kinds ["l2tpv3": "a tunnel through another network (L2TPv3)"] prints "l2tpv3" {
        /// This side's address.
        src "src": Val<Text>,
        /// The other side's address.
        dst "dst": Val<Text>,
        /// This side's port, for `udp`.
        srcport "srcport": Option<Val<Text>>,
        /// The other side's port, for `udp`.
        dstport "dstport": Option<Val<Text>>,
        /// The addresses are of IPv6.
        ipv6 "ipv6": Option<Val<OnOff>>,
        /// The tunnel is of UDP. Otherwise it is a protocol of its own, which takes more rights.
        udp "udp": Option<Val<OnOff>>,
        /// The number by which the other side knows the session.
        txsession "txsession": Val<U32>,
        /// The number by which this side does. Without it: that of the other side.
        rxsession "rxsession": Option<Val<U32>>,
        /// The cookie that is sent.
        txcookie "txcookie": Option<Val<UInt<0, { u64::MAX }>>>,
        /// The cookie that is expected.
        rxcookie "rxcookie": Option<Val<UInt<0, { u64::MAX }>>>,
        /// Cookies are of 64 bits, and not of 32.
        cookie64 "cookie64": Option<Val<OnOff>>,
        /// Packets have a counter.
        counter "counter": Option<Val<OnOff>>,
        /// That counter is always 0.
        pincounter "pincounter": Option<Val<OnOff>>,
        /// So many bytes stand between the header and the packet.
        offset "offset": Option<Val<U32>>,
    } refuses [NO_QUEUES] check ports;

    /// A switch of VDE on the host.
    Vde kinds ["vde": "a switch of VDE"] prints "vde" {
        /// The folder of the switch's socket.
        sock "sock": Option<Val<Path>>,
        /// The port of the switch. Without it: a free one.
        port "port": Option<Val<U16>>,
        /// The group that the socket is of.
        group "group": Option<Val<Text>>,
        /// The socket's mode, as a decimal number: `448` is 0700.
        mode "mode": Option<Val<U16>>,
    } refuses [NO_QUEUES];

    /// A port of a VALE switch, or an interface of the host, by netmap.
    Netmap kinds ["netmap": "a port or an interface by netmap"] prints "netmap" {
        /// The interface, or the port: `valeA:0`.
        ifname "ifname": Val<Text>,
        /// netmap's device. Without it: `/dev/netmap`.
        devname "devname": Option<Val<Path>>,
    } refuses [NO_QUEUES];

    /// An interface of the host by AF_XDP, which goes past most of the host's kernel.
    AfXdp kinds ["af-xdp": "an interface of the host, by AF_XDP" { &changes::NETDEV_AF_XDP }] prints "af-xdp" {
        /// The interface.
        ifname "ifname": Val<Ifname>,
        /// How the program that parts the packets is loaded. Without it: as the interface can.
        mode "mode": Option<Val<XdpMode>>,
        /// Packets are copied, also where the interface could do without.
        force_copy "force-copy": Option<Val<OnOff>>,
        /// The first of the interface's queues.
        start_queue "start-queue": Option<Val<U32>>,
        /// The program is loaded already.
        inhibit "inhibit": Option<Val<OnOff>>,
        /// Sockets that are open already: the numbers of their file descriptors, with `:` between them.
        sock_fds "sock-fds": Option<Val<Text>>,
        /// A pinned map of sockets, to which QEMU adds its own.
        map_path "map-path": Option<Val<Path>> { change: Some(&changes::AF_XDP_MAP), excludes: &["sock-fds"] },
        /// The first place in that map.
        map_start_index "map-start-index": Option<Val<U32>> { change: Some(&changes::AF_XDP_MAP) },
    } queues mq "mq";

    /// A network of the guest's own by passt, which QEMU starts: it needs no rights.
    Passt kinds ["passt": "a network by passt, which needs no rights" { &changes::NETDEV_PASST }] prints "passt" {
        /// The program. Without it: the one that the path of the environment has.
        path "path": Option<Val<Path>>,
        /// passt says nothing.
        quiet "quiet": Option<Val<OnOff>>,
        /// passt reaches the guest's memory itself, which needs to be shared: `memory 2G share`.
        vhost_user "vhost-user": Option<Val<OnOff>>,
        /// How many bytes a packet has at most.
        mtu "mtu": Option<Val<UInt<0, 65535>>>,
        /// The guest's address.
        address "address": Option<Val<Text>>,
        /// The mask of its network, or the number of its bits.
        netmask "netmask": Option<Val<Text>>,
        /// The gateway that the guest is told of.
        gateway "gateway": Option<Val<Text>>,
        /// The host's interface from which all of that is taken.
        interface "interface": Option<Val<Ifname>>,
        /// The name server that the guest is told of.
        dns "dns": Option<Val<Text>>,
        /// A domain in which the guest looks names up.
        search "search": Vec<Val<Text>>,
        /// The guest's name with its domain.
        fqdn "fqdn": Option<Val<Text>>,
        /// Whether there is IPv4.
        ipv4 "ipv4": Option<Val<OnOff>>,
        /// Whether there is IPv6.
        ipv6 "ipv6": Option<Val<OnOff>>,
        /// Ports of the host that lead to the guest, as passt has them: `2222:22`.
        tcp_ports "tcp-ports": Vec<Val<Text>>,
        /// The same of UDP.
        udp_ports "udp-ports": Vec<Val<Text>>,
        /// Another argument of passt's.
        param "param": Vec<Val<Text>>,
    } refuses [NO_QUEUES];

    /// A network of a macOS host and its guests, without a way out (vmnet).
    VmnetHost kinds ["vmnet-host": "a network of a macOS host and its guests" { &changes::NETDEV_VMNET }] prints "vmnet-host" {
        /// The first address, which is the host's. Goes with `end-address` and `subnet-mask`.
        start_address "start-address": Option<Val<Text>>,
        /// The last address that DHCP gives.
        end_address "end-address": Option<Val<Text>>,
        /// The network's mask.
        subnet_mask "subnet-mask": Option<Val<Text>>,
        /// The guest reaches no other guest.
        isolated "isolated": Option<Val<OnOff>>,
        /// The network's own UUID: only guests with the same one reach each other, and not the host.
        net_uuid "net-uuid": Option<Val<Uuid>> { excludes: &["start-address", "end-address", "subnet-mask"] },
    } refuses [NO_QUEUES] check vmnet_host;

    /// A network of a macOS host and its guests, with a way out by the host's address (vmnet).
    VmnetShared kinds ["vmnet-shared": "a macOS host's network, and by it all others" { &changes::NETDEV_VMNET }]
        prints "vmnet-shared"
    {
        /// The first address, which is the gateway's. Goes with `end-address` and `subnet-mask`.
        start_address "start-address": Option<Val<Text>>,
        /// The last address that DHCP gives.
        end_address "end-address": Option<Val<Text>>,
        /// The network's mask.
        subnet_mask "subnet-mask": Option<Val<Text>>,
        /// The guest reaches no other guest.
        isolated "isolated": Option<Val<OnOff>>,
        /// The network's IPv6 prefix.
        nat66_prefix "nat66-prefix": Option<Val<Text>>,
    } refuses [NO_QUEUES] check vmnet_shared;

    /// An interface of a macOS host, with which the guest shares its network (vmnet).
    VmnetBridged kinds ["vmnet-bridged": "an interface of a macOS host" { &changes::NETDEV_VMNET }] prints "vmnet-bridged" {
        /// The interface.
        ifname "ifname": Val<Ifname>,
        /// The guest reaches no other guest.
        isolated "isolated": Option<Val<OnOff>>,
    } refuses [NO_QUEUES];
}

choice! {
    /// How AF_XDP's program is loaded.
    XdpMode {
        Native "native": "into the interface's driver",
        Skb "skb": "into the kernel, behind the driver"
    }
}

/// QEMU takes one way, and says where it hears for UDP.
fn one_way(socket: &Socket, cx: &mut Checking<'_>) {
    let Socket { listen, connect, mcast, udp, localaddr, properties, .. } = socket;
    // By the number of an open one.
    let by_fd = properties.iter().any(|property| property.name.value == "fd");
    if listen.is_none() && connect.is_none() && mcast.is_none() && udp.is_none() && !by_fd {
        let message = "`netdev socket` needs to know to whom";
        let diagnostic = Diagnostic::error(Code::MissingOption, message).at(cx.entry.head);
        cx.missing("listen", diagnostic.help("add one of `listen=`, `connect=`, `mcast=` and `udp=`"));
    }
    match localaddr {
        None if udp.is_some() => {
            let message = "`udp` needs `localaddr=`";
            let diagnostic = Diagnostic::error(Code::MissingOption, message).at(cx.entry.head);
            cx.missing(
                "localaddr",
                diagnostic.help("add `localaddr=` and where QEMU hears: `127.0.0.1:1234`"),
            );
        }
        Some(localaddr) if listen.is_some() || connect.is_some() => {
            let message = "`localaddr` is for `mcast` and `udp`";
            cx.report(
                Diagnostic::error(Code::ExclusiveOptions, message).at(localaddr.span()).help("leave it out"),
            );
        }
        _ => {}
    }
}

/// UDP has ports on both sides.
fn ports(tunnel: &L2tpv3, cx: &mut Checking<'_>) {
    if !tunnel.udp.is(|udp| udp.0) {
        return;
    }
    for (name, port) in [("srcport", &tunnel.srcport), ("dstport", &tunnel.dstport)] {
        if port.is_none() {
            let message = format!("`udp` needs `{name}=`");
            let diagnostic = Diagnostic::error(Code::MissingOption, message).at(cx.entry.head);
            cx.missing(name, diagnostic.help(format!("add `{name}=` and a port's number")));
        }
    }
}

fn vmnet_host(vmnet: &VmnetHost, cx: &mut Checking<'_>) {
    together(&vmnet.start_address, &vmnet.end_address, &vmnet.subnet_mask, cx);
}

fn vmnet_shared(vmnet: &VmnetShared, cx: &mut Checking<'_>) {
    together(&vmnet.start_address, &vmnet.end_address, &vmnet.subnet_mask, cx);
}

/// What tells a network's addresses is told together.
fn together(
    start: &Option<Val<Text>>,
    end: &Option<Val<Text>>,
    mask: &Option<Val<Text>>,
    cx: &mut Checking<'_>,
) {
    let all = [("start-address", start), ("end-address", end), ("subnet-mask", mask)];
    let Some((given, _)) = all.iter().find(|(_, value)| value.is_some()) else { return };
    for (name, _) in all.iter().filter(|(_, value)| value.is_none()) {
        let message = format!("`{given}` needs `{name}=`");
        let diagnostic = Diagnostic::error(Code::MissingOption, message).at(cx.entry.head);
        cx.missing(name, diagnostic.help(format!("add `{name}=`, or leave out `{given}=`")));
    }
}

form! {
    /// A hub within QEMU: all that is connected to one of the same number hears all.
    HubPort kinds ["hubport": "a hub within QEMU"] {
        /// Its id: that of the port, and where it is written of the device too.
        id "id": Id<NetId>,
        /// The port's id, where that isn't the device's.
        netdev "netdev": OptionalId<NetId>,
        /// The hub's number.
        hubid "hubid": Val<UInt<0, { i32::MAX as u64 }>>,
        /// The id of what this port connects the hub to, in place of a device: `netdev user id=ID alone`.
        peer "peer": Option<Val<IdText>>,
    } with Virtio
    groups [guest: Guest]
    opens device [(Kind::Device, "virtio-net-pci")]
    refuses [NO_QUEUES]
}

impl HubPort {
    fn nic(&self) -> Nic<'_> {
        Nic {
            name: &self.id,
            guest: &self.guest,
            ifname: None,
            queues: None,
            pci: &self.pci,
            netdev: Box::new(self.netdev.or(&self.id)),
            device: self.device.iter().collect(),
        }
    }
}

impl Form for HubPort {
    fn check(&self, cx: &mut Checking<'_>) {
        self.nic().check(cx);
        if let Some(peer) = self.peer.as_ref().filter(|_| self.guest.none().is_none()) {
            let message = "a port of a hub has a device or `peer=`, and not both";
            let diagnostic = Diagnostic::error(Code::ExclusiveOptions, message).at(peer.span());
            let help = Remedy::new("add `alone`, or leave out `peer=`");
            let help = match &self.guest.alone {
                Some(alone) => help.replace(alone.span(), "on"),
                None => help.insert(cx.entry.span.end, " alone"),
            };
            cx.report(diagnostic.help(help));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-netdev")
            .word("hubport")
            .set("id", &self.netdev.or(&self.id))
            .set("hubid", &self.hubid)
            .set("netdev", &self.peer);
        let id = out.id_of_device(&self.id);
        self.nic().lower(&id, out);
    }
}

form! {
    /// A network device of the host that has virtio's queues itself (vDPA): the guest's packets go past QEMU.
    VhostVdpa kinds ["vhost-vdpa": "a network device of the host that speaks virtio (vDPA)" { &changes::NETDEV_VHOST_VDPA }] {
        /// Its id: that of the backend, and where it is written of the device too.
        id "id": Id<NetId>,
        /// The backend's id, where that isn't the device's.
        netdev "netdev": OptionalId<NetId>,
        /// The host's file for it, such as `/dev/vhost-vdpa-0`.
        vhostdev "vhostdev": Option<Val<Path>>,
        /// That file is opened before QEMU starts, which gets it as a file descriptor.
        fd "fd": Option<Val<FdFlag>> { change: Some(&changes::VHOST_VDPA_FD) },
        /// How many queues there are.
        mq "mq": Queues,
    } with Virtio
    groups [guest: Guest]
    opens properties [(Kind::Netdev, "vhost-vdpa"), (Kind::Device, "virtio-net-pci")]
}

impl VhostVdpa {
    fn nic(&self) -> Nic<'_> {
        Nic {
            name: &self.id,
            guest: &self.guest,
            ifname: None,
            queues: self.mq,
            pci: &self.pci,
            netdev: Box::new(self.netdev.or(&self.id)),
            device: sides(Kind::Netdev, "vhost-vdpa", &self.properties).1,
        }
    }
}

impl Form for VhostVdpa {
    fn check(&self, cx: &mut Checking<'_>) {
        self.nic().check(cx);
        check_queues(&self.properties, self.mq, cx);
        // By the number of an open one.
        let by_fd = self.properties.iter().find(|property| property.name.value == "vhostfd");
        if let (Some(vhostdev), Some(by_fd)) = (&self.vhostdev, by_fd) {
            let message = "`vhostdev` and `vhostfd` exclude each other";
            let diagnostic =
                Diagnostic::error(Code::ExclusiveOptions, message).label(vhostdev.span(), "this");
            cx.report(diagnostic.label(by_fd.name.span, "and this").help("leave out one of them"));
        }
        if self.vhostdev.is_none() && by_fd.is_none() {
            let message = "`netdev vhost-vdpa` needs the host's device";
            let diagnostic = Diagnostic::error(Code::MissingOption, message).at(cx.entry.head);
            let help = "add `vhostdev=` and its file, such as `/dev/vhost-vdpa-0`";
            cx.missing("vhostdev", diagnostic.help(help));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let netdev = self.netdev.or(&self.id);
        let fd = self.vhostdev.as_ref().and_then(|vhostdev| {
            let source = FdSource::File { path: text(vhostdev), readonly: false, direct: false };
            out.fd(self.fd, source, &netdev)
        });
        let vhostdev = self.vhostdev.as_ref().filter(|_| fd.is_none());
        out.option("-netdev")
            .word("vhost-vdpa")
            .set("id", &netdev)
            .set("vhostdev", vhostdev)
            .set("vhostfd", fd)
            .set("queues", &self.mq)
            .written_out(sides(Kind::Netdev, "vhost-vdpa", &self.properties).0);
        let id = out.id_of_device(&self.id);
        self.nic().lower(&id, out);
    }
}
