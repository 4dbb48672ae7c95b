//! `netdev user`

use super::nic::{NO_QUEUES, NetId, Nic};
use crate::model::ids::{Id};
use crate::model::Checking;
use crate::lower::Lowering;
use crate::source::Node;
use crate::statement::form::{Form, form};
use crate::statement::pci::Pci;
use crate::value::{Driver, HostForward, MacText, OnOff, Path, Text};

form! {
    /// A network of the guest's own, behind QEMU: it reaches the host's networks, and is reached by forwarded ports.
    User kinds ["user": "a network behind QEMU itself, which needs no rights"] {
        /// The backend's id.
        id "id": Id<NetId>,
        /// A port of the host that leads to the guest: `[tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT`.
        hostfwd "hostfwd": Vec<Node<HostForward>>,
        /// An address in the guest's network that leads to a program or a chardev of the host.
        guestfwd "guestfwd": Vec<Node<Text>>,
        /// The guest's network, such as `10.0.2.0/24`.
        net "net": Option<Node<Text>>,
        /// The host's address in it.
        host "host": Option<Node<Text>>,
        /// The name server's address in it.
        dns "dns": Option<Node<Text>>,
        /// The first address that DHCP gives.
        dhcpstart "dhcpstart": Option<Node<Text>>,
        /// The name that DHCP gives the guest.
        hostname "hostname": Option<Node<Text>>,
        /// The guest reaches nothing but what is forwarded.
        restrict "restrict": Option<Node<OnOff>>,
        /// Whether there is IPv4.
        ipv4 "ipv4": Option<Node<OnOff>>,
        /// Whether there is IPv6.
        ipv6 "ipv6": Option<Node<OnOff>>,
        /// A folder that is served by TFTP.
        tftp "tftp": Option<Node<Path>>,
        /// The file to boot from it.
        bootfile "bootfile": Option<Node<Text>>,
        /// The MAC address. Without it: one made of the VM's name and the id.
        mac "mac": Option<Node<MacText>>,
        /// The device.
        driver "driver": Option<Node<Driver>> { default: "virtio-net-pci" },
        /// Speaks only the protocol of virtio before 1.0.
        disable_modern "disable-modern": Option<Node<OnOff>>,
    } with Pci
    refuses [NO_QUEUES]
}

impl User {
    fn nic(&self) -> Nic<'_> {
        Nic {
            id: &self.id,
            driver: self.driver.as_ref(),
            mac: self.mac.as_ref(),
            ifname: None,
            disable_modern: &self.disable_modern,
            queues: None,
            pci: &self.pci,
        }
    }
}

impl Form for User {
    fn check(&self, cx: &mut Checking<'_>) {
        self.nic().check(cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let option = out
            .option("-netdev")
            .word("user")
            .set("id", &self.id)
            .set("ipv4", &self.ipv4)
            .set("ipv6", &self.ipv6)
            .set("net", &self.net)
            .set("host", &self.host)
            .set("restrict", &self.restrict)
            .set("hostname", &self.hostname)
            .set("dhcpstart", &self.dhcpstart)
            .set("dns", &self.dns)
            .set("tftp", &self.tftp)
            .set("bootfile", &self.bootfile);
        let option = self.hostfwd.iter().fold(option, |option, rule| option.set("hostfwd", rule));
        self.guestfwd.iter().fold(option, |option, rule| option.set("guestfwd", rule));
        self.nic().lower(out);
    }
}
