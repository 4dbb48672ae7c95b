//! `netdev tap`, `macvtap`, `ipvtap` and `vethtap`: connections by a file descriptor for each queue.

use super::nic::{Guest, NetId, Nic, Queues};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Id, OptionalId};
use crate::model::{Maybe, Property, Val, Vm};
use crate::plan::{FdSource, Number, Text as Pieces};
use crate::print::{Emit, Lowering, OptionArg, sides, text};
use crate::schema::Kind;
use crate::statement::form::{Form, form, group};
use crate::statement::pci::Virtio;
use crate::value::{Fds, Ifname, OnOff, Path, Size, Text, UInt, VhostFds, choice};

choice! {
    /// Whether the kernel moves the packets (vhost-net), and who opens its device.
    Vhost bare "on" {
        On "on": "the kernel does; its device is opened with the queues",
        Off "off": "QEMU does",
        Qemu "qemu": "the kernel does; QEMU opens its device, `/dev/vhost-net`"
    }
}

group! {
    /// How the packets are moved.
    Moved {
        /// Whether the kernel moves the packets.
        vhost "vhost": Option<Val<Vhost>>,
        /// How many file descriptors of vhost-net are passed: one a queue. In a `vm!` also these themselves; then there is `vhost`.
        vhostfds "vhostfds": Option<Val<VhostFds>>,
        /// How many microseconds vhost-net looks for packets before it waits for them.
        poll_us "poll-us": Option<Val<UInt<0, { u32::MAX as u64 }>>>,
        /// The kernel moves the packets of a guest without MSI-X, too.
        vhostforce "vhostforce": Option<Val<OnOff>>,
        /// How many bytes wait at most to be sent. Without it: as many as there are.
        sndbuf "sndbuf": Option<Val<Size>>,
    }
}

form! {
    /// A tap interface of the host. With `mq` its queues are opened before QEMU starts; without, QEMU opens it.
    Tap kinds ["tap": "a tap interface of the host"] {
        /// Its id: that of the backend, and where it is written of the device too.
        id "id": Id<NetId>,
        /// The backend's id, where that isn't the device's.
        netdev "netdev": OptionalId<NetId>,
        /// The interface, which is made where there is none. Without a name the kernel chooses a free one.
        ifname "ifname": Option<Val<Ifname>>,
        /// A program that QEMU runs to bring the interface up; `no` for none.
        script "script": Option<Val<Path>>,
        /// A program that QEMU runs to take the interface down; `no` for none.
        downscript "downscript": Option<Val<Path>>,
        /// Whether packets have virtio's header, by which the host and the guest share work. Without it: where they can.
        vnet_hdr "vnet_hdr": Option<Val<OnOff>>,
        /// How many queues there are. They are opened before QEMU starts.
        mq "mq": Queues,
        /// The queues, where they are open already: file descriptors of the program that has the text in a `vm!`.
        fds "fds": Option<Val<Fds>>,
        /// How many queues there are, where QEMU opens them itself.
        queues "queues": Queues { excludes: &["mq", "fds", "helper"] },
        /// A program that QEMU runs to open the interface and to add it to a bridge: QEMU's own is `qemu-bridge-helper`.
        helper "helper": Option<Val<Path>> {
            excludes: &["ifname", "script", "downscript", "vnet_hdr", "mq", "fds"],
        },
        /// The bridge, for `helper`. Without it: `br0`.
        br "br": Option<Val<Text>>,
    } with Virtio
    groups [moved: Moved, guest: Guest]
    opens properties [(Kind::Netdev, "tap"), (Kind::Device, "virtio-net-pci")]
}

form! {
    /// An interface that the kernel ties to another one. Its queues are opened before QEMU starts.
    Macvtap kinds [
        "macvtap": "a macvtap interface: `ip link add link eth0 name IFNAME type macvtap`",
        "ipvtap": "an ipvtap interface: `ip link add link eth0 name IFNAME type ipvtap`",
        "vethtap": "a tap interface that is bridged to a veth pair",
    ] {
        /// Its id: that of the backend, and where it is written of the device too.
        id "id": Id<NetId>,
        /// The backend's id, where that isn't the device's.
        netdev "netdev": OptionalId<NetId>,
        /// The interface.
        ifname "ifname": Val<Ifname>,
        /// How many queues there are.
        mq "mq": Queues,
        /// The queues, where they are open already: file descriptors of the program that has the text in a `vm!`.
        fds "fds": Option<Val<Fds>>,
    } with Virtio
    groups [moved: Moved, guest: Guest]
    opens properties [(Kind::Netdev, "tap"), (Kind::Device, "virtio-net-pci")]
}

/// The host's side, of one sort or the other.
struct Backend<'a> {
    id: &'a Id<NetId>,
    nic: Nic<'a>,
    /// The queues that are opened before QEMU starts.
    queues: Queues,
    fds: Option<Val<Fds>>,
    moved: &'a Moved,
    source: FdSource<Pieces, Number>,
    /// The properties of the backend that the statement has no option for.
    properties: Vec<&'a Property>,
}

/// How many queues there are: as many as file descriptors, where nothing else says so.
fn queues(mq: Queues, fds: Option<Val<Fds>>) -> Queues {
    mq.or_else(|| fds.map(|fds| fds.map(|none| match none {})))
}

impl Tap {
    fn backend(&self) -> Backend<'_> {
        Backend {
            id: &self.id,
            queues: queues(self.mq, self.fds),
            nic: Nic {
                name: &self.id,
                guest: &self.guest,
                ifname: self.ifname.as_ref().map(|ifname| ifname as &dyn Emit),
                queues: queues(self.mq, self.fds).or(self.queues),
                pci: &self.pci,
                netdev: Box::new(self.netdev.or(&self.id)),
                device: sides(Kind::Netdev, "tap", &self.properties).1,
            },
            fds: self.fds,
            moved: &self.moved,
            properties: sides(Kind::Netdev, "tap", &self.properties).0,
            source: FdSource::Tap { ifname: self.ifname.as_ref().map(|ifname| text(ifname)) },
        }
    }
}

impl Macvtap {
    fn backend(&self) -> Backend<'_> {
        let ifname = text(&self.ifname);
        Backend {
            id: &self.id,
            queues: queues(self.mq, self.fds),
            nic: Nic {
                name: &self.id,
                guest: &self.guest,
                ifname: Some(&self.ifname),
                queues: queues(self.mq, self.fds),
                pci: &self.pci,
                netdev: Box::new(self.netdev.or(&self.id)),
                device: sides(Kind::Netdev, "tap", &self.properties).1,
            },
            fds: self.fds,
            moved: &self.moved,
            properties: sides(Kind::Netdev, "tap", &self.properties).0,
            source: match self.kind.as_str() {
                "macvtap" => FdSource::Macvtap { ifname },
                "ipvtap" => FdSource::Ipvtap { ifname },
                _ => FdSource::Tap { ifname: Some(ifname) },
            },
        }
    }
}

impl Backend<'_> {
    /// Whether the kernel moves the packets. It does where the program gives file descriptors for it.
    fn vhost(&self, vm: &Vm) -> Vhost {
        let default = if self.moved.vhost.is_none() && self.gives_vhost(vm) { Vhost::On } else { Vhost::Off };
        self.moved.vhost.known().map_or(default, |vhost| vhost.value)
    }

    fn gives_vhost(&self, vm: &Vm) -> bool {
        matches!(self.moved.vhostfds, Some(Val::Open(open)) if vm.blanks.takes_fds(open.blank))
    }

    fn check(&self, cx: &mut Checking<'_>) {
        self.nic.check(cx);
        let vhost = self.vhost(cx.vm);
        if let Some(poll_us) =
            self.moved.poll_us.filter(|_| vhost == Vhost::Off && !self.moved.vhost.is_open())
        {
            cx.report(
                Diagnostic::warning(Code::IgnoredOption, "`poll-us` is vhost-net's, and there is none")
                    .at(poll_us.span())
                    .help("add `vhost`, or leave out `poll-us`"),
            );
        }
        // A parameter is compared by nobody: it may be the right number.
        let vhostfds =
            self.moved.vhostfds.filter(|vhostfds| vhostfds.known().is_some() || self.gives_vhost(cx.vm));
        let Some(vhostfds) = vhostfds.filter(|_| !self.moved.vhost.is_open() && !cx.is_flawed()) else {
            return;
        };
        // The number of a program's is compared when it is there.
        let count = vhostfds.known().map(|count| count.0);
        let queues = self.queues.known().map_or(0, |queues| queues.0);
        let is_right = count.map_or(self.queues.is_some(), |count| count == queues || self.queues.is_open());
        let diagnostic = match vhost {
            Vhost::On if is_right => return,
            Vhost::On => {
                let count = count.map_or_else(|| "some".to_owned(), |count| count.to_string());
                Diagnostic::error(
                    Code::VhostFds,
                    format!("vhost-net has {count} of the file descriptors, and there are {queues} queues"),
                )
                .help(if queues == 0 {
                    "add `mq=` and the number of queues, or leave out `vhostfds`"
                } else {
                    "leave out `vhostfds`: there is one for each queue"
                })
            }
            Vhost::Qemu | Vhost::Off if count == Some(0) => return,
            Vhost::Qemu => Diagnostic::error(Code::VhostFds, "with `vhost=qemu` QEMU opens vhost-net itself")
                .help("leave out `vhostfds`, or write `vhost`"),
            Vhost::Off => Diagnostic::error(Code::VhostFds, "file descriptors of vhost-net without `vhost`")
                .help("add `vhost`, or leave out `vhostfds`"),
        };
        let diagnostic = diagnostic.label(vhostfds.span(), "file descriptors");
        let other = if vhost == Vhost::On {
            self.queues.map(|queues| queues.span())
        } else {
            self.moved.vhost.map(|vhost| vhost.span())
        };
        cx.report(match other {
            Some(span) => diagnostic.label(span, if vhost == Vhost::On { "queues" } else { "here" }),
            None => diagnostic,
        });
    }

    /// Prints both sides. `alone` adds what QEMU needs to open the interface itself.
    fn lower(&self, out: &mut Lowering<'_>, alone: impl FnOnce(OptionArg<'_>) -> OptionArg<'_>) {
        let id = &*self.nic.netdev;
        let vhost = self.vhost(out.vm);
        let queues = self.queues;
        let given = self.moved.vhostfds.map(|fds| fds.span());
        let vhostfds = queues
            .filter(|_| vhost == Vhost::On)
            .map(|queues| out.fds(&FdSource::VhostNet, id, queues, given));
        let given = self.fds.map(|fds| fds.span());
        let fds = queues.map(|queues| out.fds(&self.source, id, queues, given));
        let is_said = self.moved.vhost.is_some() || vhost == Vhost::On;
        let netdev = out
            .option("-netdev")
            .word("tap")
            .set("id", id)
            .set("vhost", is_said.then_some(if vhost == Vhost::Off { "off" } else { "on" }))
            .set("vhostfds", vhostfds.as_deref())
            .set("poll-us", &self.moved.poll_us);
        let netdev = match fds {
            Some(fds) => netdev.set("fds", fds.as_slice()),
            None => alone(netdev),
        };
        netdev
            .set("vhostforce", self.moved.vhostforce)
            .set("sndbuf", &self.moved.sndbuf)
            .written_out(self.properties.iter().copied());
        let id = out.id_of_device(self.id);
        self.nic.lower(&id, out);
    }
}

impl Form for Tap {
    fn check(&self, cx: &mut Checking<'_>) {
        self.backend().check(cx);
        let queues = if self.mq.is_some() { Some("mq") } else { self.fds.map(|_| "fds") };
        if let Some(queues) = queues {
            for (name, script) in [("script", &self.script), ("downscript", &self.downscript)] {
                if let Some(script) = script.known().filter(|script| script.0 != "no") {
                    cx.report(
                        Diagnostic::warning(
                            Code::IgnoredOption,
                            format!("`{name}` is not run with `{queues}`"),
                        )
                        .at(script.span)
                        .help(
                            "QEMU runs it only for an interface that it opens itself: leave out one of them",
                        ),
                    );
                }
            }
        }
        if let (Some(queues), Some(vnet_hdr)) = (queues, self.vnet_hdr) {
            cx.report(
                Diagnostic::warning(
                    Code::IgnoredOption,
                    format!("`vnet_hdr` is not looked at with `{queues}`"),
                )
                .at(vnet_hdr.span())
                .help("queues that are opened before QEMU starts have it: leave out one of them"),
            );
        }
        if let (Some(br), None) = (&self.br, &self.helper) {
            cx.report(
                Diagnostic::warning(Code::IgnoredOption, "`br` is for `helper`, and there is none")
                    .at(br.span())
                    .help("write `netdev bridge br=`, for which QEMU runs its own, or leave it out"),
            );
        }
        let nameless = cx.vm.facts.name.is_none() && !cx.vm.is_fragment;
        if self.guest.mac.is_none() && self.ifname.is_none() && nameless && cx.vm.complete {
            let place = cx.entry.head;
            cx.report(
                Diagnostic::advice(Code::SharedMac, "another VM of such a text has the same MAC address")
                    .at(place)
                    .help("give the VM a `name`, or this device its `mac=` or `ifname=`"),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        self.backend().lower(out, |netdev| {
            netdev
                .set("ifname", &self.ifname)
                .set("downscript", &self.downscript)
                .set("script", &self.script)
                .set("vnet_hdr", &self.vnet_hdr)
                .set("queues", &self.queues)
                .set("helper", &self.helper)
                .set("br", &self.br)
        });
    }
}

impl Form for Macvtap {
    fn check(&self, cx: &mut Checking<'_>) {
        self.backend().check(cx);
        if self.mq.is_none() && self.fds.is_none() && !cx.entry.flaws.options.contains(&"fds") {
            let diagnostic = Diagnostic::error(
                Code::MissingQueues,
                format!("`netdev {}` needs its queues: QEMU can't open it itself", self.kind.value),
            )
            .at(cx.entry.head)
            .help("add `mq=1`, or more queues");
            cx.missing("mq", diagnostic);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        self.backend().lower(out, |netdev| netdev);
    }
}
