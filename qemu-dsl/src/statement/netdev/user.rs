//! `netdev user`

use super::nic::{Guest, NO_QUEUES, NetId, Nic};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Id, OptionalId};
use crate::model::{Maybe, Val};
use crate::print::{Lowering, sides};
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form};
use crate::statement::pci::Virtio;
use crate::value::{HostForward, OnOff, Path, Text, UInt};

form! {
    /// A network of the guest's own, behind QEMU: it reaches the host's networks, and is reached by forwarded ports.
    User kinds ["user": "a network behind QEMU itself, which needs no rights"] {
        /// Its id: that of the backend, and where it is written of the device too.
        id "id": Id<NetId>,
        /// The backend's id, where that isn't the device's.
        netdev "netdev": OptionalId<NetId>,
        /// A port of the host that leads to the guest: `[tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT`.
        hostfwd "hostfwd": Vec<Val<HostForward>>,
        /// An address in the guest's network that leads to a program or a chardev of the host.
        guestfwd "guestfwd": Vec<Val<Text>>,
        /// The guest's network, such as `10.0.2.0/24`.
        net "net": Option<Val<Text>>,
        /// The host's address in it.
        host "host": Option<Val<Text>>,
        /// The name server's address in it.
        dns "dns": Option<Val<Text>>,
        /// The first address that DHCP gives.
        dhcpstart "dhcpstart": Option<Val<Text>>,
        /// The domain that DHCP tells the guest it is in.
        domainname "domainname": Option<Val<Text>> { change: Some(&changes::USER_DOMAINNAME) },
        /// A domain in which the guest looks names up.
        dnssearch "dnssearch": Vec<Val<Text>>,
        /// The name that DHCP gives the guest.
        hostname "hostname": Option<Val<Text>>,
        /// The guest reaches nothing but what is forwarded.
        restrict "restrict": Option<Val<OnOff>>,
        /// Whether there is IPv4.
        ipv4 "ipv4": Option<Val<OnOff>>,
        /// Whether there is IPv6.
        ipv6 "ipv6": Option<Val<OnOff>>,
        /// The guest's IPv6 network, such as `fec0::`.
        ipv6_prefix "ipv6-prefix": Option<Val<Text>>,
        /// How many of its bits are the network's.
        ipv6_prefixlen "ipv6-prefixlen": Option<Val<UInt<0, 126>>>,
        /// The host's address in it.
        ipv6_host "ipv6-host": Option<Val<Text>>,
        /// The name server's address in it.
        ipv6_dns "ipv6-dns": Option<Val<Text>>,
        /// A folder that is served by SMB, which takes the host's `smbd`.
        smb "smb": Option<Val<Path>>,
        /// That server's address in the guest's network.
        smbserver "smbserver": Option<Val<Text>>,
        /// A folder that is served by TFTP.
        tftp "tftp": Option<Val<Path>>,
        /// What the TFTP server is called: DHCP tells it to the guest.
        tftp_server_name "tftp-server-name": Option<Val<Text>> {
            change: Some(&changes::USER_TFTP_SERVER_NAME)
        },
        /// The file to boot from it.
        bootfile "bootfile": Option<Val<Text>>,
    } with Virtio
    groups [guest: Guest]
    opens properties [(Kind::Netdev, "user"), (Kind::Device, "virtio-net-pci")]
    refuses [NO_QUEUES]
}

impl User {
    fn nic(&self) -> Nic<'_> {
        Nic {
            name: &self.id,
            guest: &self.guest,
            ifname: None,
            queues: None,
            pci: &self.pci,
            netdev: Box::new(self.netdev.or(&self.id)),
            device: sides(Kind::Netdev, "user", &self.properties).1,
        }
    }
}

impl Form for User {
    fn check(&self, cx: &mut Checking<'_>) {
        self.nic().check(cx);
        if self.ipv4.is_open() || self.ipv6.is_open() {
            return;
        }
        let is_on = |option: &Option<Val<OnOff>>| option.known().map(|node| node.0);
        let (ipv4, ipv6) = (is_on(&self.ipv4), is_on(&self.ipv6));
        // One that is switched on alone switches the other off.
        let has_ipv4 = ipv4.unwrap_or(ipv6 != Some(true));
        let has_ipv6 = ipv6.unwrap_or(ipv4 != Some(true));
        let given = |options: [&Option<Val<Text>>; 3]| options.into_iter().flatten().next().map(Val::span);
        let switch = self.ipv6.as_ref().or(self.ipv4.as_ref()).map(Val::span);
        let wrong = if !has_ipv4 && !has_ipv6 {
            switch.map(|span| (span, "there is neither IPv4 nor IPv6", "leave one of them on"))
        } else if !has_ipv4 {
            given([&self.net, &self.host, &self.dns])
                .map(|span| (span, "this network has no IPv4", "leave it out, or add `ipv4=on`"))
        } else if !has_ipv6 {
            given([&self.ipv6_prefix, &self.ipv6_host, &self.ipv6_dns])
                .map(|span| (span, "this network has no IPv6", "leave it out, or add `ipv6=on`"))
        } else {
            None
        };
        if let Some((span, message, help)) = wrong {
            cx.report(Diagnostic::error(Code::ExclusiveOptions, message).at(span).help(help));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-netdev")
            .word("user")
            .set("id", &self.netdev.or(&self.id))
            .set("ipv4", &self.ipv4)
            .set("ipv6", &self.ipv6)
            .set("net", &self.net)
            .set("host", &self.host)
            .set("restrict", &self.restrict)
            .set("hostname", &self.hostname)
            .set("dhcpstart", &self.dhcpstart)
            .set("dns", &self.dns)
            .set("tftp", &self.tftp)
            .set("bootfile", &self.bootfile)
            .set("tftp-server-name", &self.tftp_server_name)
            .set("domainname", &self.domainname)
            .set("ipv6-prefix", &self.ipv6_prefix)
            .set("ipv6-prefixlen", &self.ipv6_prefixlen)
            .set("ipv6-host", &self.ipv6_host)
            .set("ipv6-dns", &self.ipv6_dns)
            .set("smb", &self.smb)
            .set("smbserver", &self.smbserver)
            .given("dnssearch", &self.dnssearch)
            .given("hostfwd", &self.hostfwd)
            .given("guestfwd", &self.guestfwd)
            .written_out(sides(Kind::Netdev, "user", &self.properties).0);
        let id = out.id_of_device(&self.id);
        self.nic().lower(&id, out);
    }
}
