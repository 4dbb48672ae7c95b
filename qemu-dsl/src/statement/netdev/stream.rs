//! `netdev stream` and `dgram`: sockets that carry the packets.

use std::net::Ipv4Addr;

use super::address::{Addr, Local, Remote, Sort};
use super::nic::{Guest, NO_QUEUES, NetId, Nic};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::ids::{Id, OptionalId};
use crate::model::{Maybe, Val};
use crate::plan::Show;
use crate::print::{As, Lowering, sides};
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form};
use crate::statement::pci::Virtio;
use crate::statement::socket::Socket;
use crate::value::{FdFlag, OnOff, UInt};

form! {
    /// A socket on which packets follow each other, each behind its length: to another QEMU, or a process such as passt.
    Stream kinds ["stream": "a socket of streams" { &changes::NETDEV_STREAM }] {
        /// Its id: that of the backend, and where it is written of the device too.
        id "id": Id<NetId>,
        /// The backend's id, where that isn't the device's.
        netdev "netdev": OptionalId<NetId>,
        /// QEMU makes the socket and listens on it. Otherwise it connects to one that exists.
        server "server": Option<Val<OnOff>>,
        /// The socket at `addr.path` is there before QEMU starts, which gets it as a file descriptor.
        fd "fd": Option<Val<FdFlag>> { excludes: &["addr.type", "addr.host", "addr.port", "addr.cid", "addr.str"] },
        /// After so many milliseconds QEMU connects again where the connection has broken. Not where it listens.
        reconnect_ms "reconnect-ms": Option<Val<UInt<0, { u32::MAX as u64 }>>> {
            change: Some(&changes::STREAM_RECONNECT)
        },
    } with Virtio
    groups [addr: Addr, guest: Guest]
    opens properties [(Kind::Netdev, "stream"), (Kind::Device, "virtio-net-pci")]
    refuses [NO_QUEUES]
}

form! {
    /// Sockets of which each datagram is a packet: to another QEMU, or to a group of them.
    Dgram kinds ["dgram": "a socket of datagrams" { &changes::NETDEV_STREAM }] {
        /// Its id: that of the backend, and where it is written of the device too.
        id "id": Id<NetId>,
        /// The backend's id, where that isn't the device's.
        netdev "netdev": OptionalId<NetId>,
    } with Virtio
    groups [local: Local, remote: Remote, guest: Guest]
    opens properties [(Kind::Netdev, "dgram"), (Kind::Device, "virtio-net-pci")]
    refuses [NO_QUEUES]
}

impl Stream {
    fn nic(&self) -> Nic<'_> {
        Nic {
            name: &self.id,
            guest: &self.guest,
            ifname: None,
            queues: None,
            pci: &self.pci,
            netdev: Box::new(self.netdev.or(&self.id)),
            device: sides(Kind::Netdev, "stream", &self.properties).1,
        }
    }
}

impl Form for Stream {
    fn check(&self, cx: &mut Checking<'_>) {
        self.nic().check(cx);
        let address = self.addr.address();
        // What it excludes has been reported.
        if self.fd.is_none() {
            address.check(cx);
        }
        if !address.is_there() {
            let diagnostic =
                Diagnostic::error(Code::MissingOption, "`netdev stream` needs the socket's address");
            let help = "add `addr.path=` and a file's path, or `addr.host=` and `addr.port=`";
            cx.missing("addr.path", diagnostic.at(cx.entry.head).help(help));
        }
        if let (Some(reconnect), true) = (&self.reconnect_ms, self.server.is(|server| server.0)) {
            let message = "`reconnect-ms` is for a socket that QEMU connects to";
            let help = "leave it out: who connects to QEMU connects again by itself";
            cx.report(Diagnostic::error(Code::ExclusiveOptions, message).at(reconnect.span()).help(help));
        }
        // QEMU's word for it in seconds, of which its versions have one, the other, or both.
        if let Some(reconnect) = self.properties.iter().find(|property| property.name.value == "reconnect")
            && cx.has(&changes::STREAM_RECONNECT)
        {
            cx.version(&changes::RECONNECT, None, reconnect.name.span);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let netdev = self.netdev.or(&self.id);
        let server = self.server.is(|server| server.0);
        let path = self.addr.path.as_ref();
        let fd = path.and_then(|path| Socket { id: &netdev, path, server, fd: self.fd }.open(out));
        let in_ms = out.has(&changes::RECONNECT_MS);
        let (ms, seconds) =
            if in_ms { (self.reconnect_ms, None) } else { (None, self.reconnect_ms.as_ref()) };
        let option = out.option("-netdev").word("stream").set("id", &netdev).set("server", self.server);
        let option = match fd {
            Some(fd) => option.set("addr.type", "fd").set("addr.str", fd),
            None => self.addr.address().print(option),
        };
        option
            .set("reconnect-ms", ms)
            .set("reconnect", seconds.map(|ms| As(Show::Seconds, ms)))
            .written_out(sides(Kind::Netdev, "stream", &self.properties).0);
        let id = out.id_of_device(&self.id);
        self.nic().lower(&id, out);
    }
}

impl Dgram {
    fn nic(&self) -> Nic<'_> {
        Nic {
            name: &self.id,
            guest: &self.guest,
            ifname: None,
            queues: None,
            pci: &self.pci,
            netdev: Box::new(self.netdev.or(&self.id)),
            device: sides(Kind::Netdev, "dgram", &self.properties).1,
        }
    }

    /// Whether it may go to a group, which needs no address of its own.
    fn goes_to_group(&self) -> bool {
        match &self.remote.host {
            Some(Val::Known(host)) => host.0.parse::<Ipv4Addr>().is_ok_and(|host| host.is_multicast()),
            Some(Val::Open(_)) => true,
            None => false,
        }
    }
}

impl Form for Dgram {
    fn check(&self, cx: &mut Checking<'_>) {
        self.nic().check(cx);
        let (local, remote) = (self.local.address(), self.remote.address());
        for address in [&local, &remote] {
            address.check(cx);
        }
        let head = cx.entry.head;
        let missing =
            |message: &str, help: &str| Diagnostic::error(Code::MissingOption, message).at(head).help(help);
        match (local.is_there(), remote.is_there()) {
            (false, _) if !self.goes_to_group() => {
                let help = "add `local.path=` and a file's path, or `local.host=` and `local.port=`";
                cx.missing("local.path", missing("`netdev dgram` needs an address of its own", help));
            }
            (true, false) if local.sort().is_some_and(|sort| sort != Sort::Fd) => {
                let help = "add `remote.path=` and a file's path, or `remote.host=` and `remote.port=`";
                cx.missing("remote.path", missing("`netdev dgram` needs the other side's address", help));
            }
            _ => {}
        }
        if let (Some(own), Some(other)) = (local.sort(), remote.sort())
            && own != other
            && let (Some(here), Some(there)) = (local.span(), remote.span())
        {
            let help = "write both in one way: two files' paths, or two hosts with their ports";
            let diagnostic =
                Diagnostic::error(Code::ExclusiveOptions, "the two addresses are of different sorts");
            let diagnostic = diagnostic.label(here, format!("`{own}`")).label(there, format!("`{other}`"));
            cx.report(diagnostic.help(Remedy::new(help)));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let option = out.option("-netdev").word("dgram").set("id", &self.netdev.or(&self.id));
        let option = self.remote.address().print(self.local.address().print(option));
        option.written_out(sides(Kind::Netdev, "dgram", &self.properties).0);
        let id = out.id_of_device(&self.id);
        self.nic().lower(&id, out);
    }
}
