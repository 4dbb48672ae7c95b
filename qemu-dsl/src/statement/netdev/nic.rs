//! The guest's side of a network device.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::ids::id_kinds;
use crate::model::{Maybe, Property, Val};
use crate::plan::{Mac, Show};
use crate::print::{As, Emit, Lowering};
use crate::qemu::board::Transport;
use crate::source::Node;
use crate::statement::form::group;
use crate::statement::pci::Virtio;
use crate::table::Refused;
use crate::value::{Driver, MacText, OnOff, UInt};

id_kinds! {
    /// The ids of network backends.
    NetId "net" of "netdev"
}

/// What a network device without queues says to `mq`.
pub(super) const NO_QUEUES: Refused = Refused::new(
    "mq",
    Code::MqUnsupported,
    "has no queues to multiply",
    "leave out `mq`; `netdev tap`, `macvtap`, `vhost-user` and `vhost-vdpa` have queues",
);

/// Reports QEMU's own word for the queues of a backend, of which the device wouldn't hear.
pub(super) fn check_queues(properties: &[Property], mq: Queues, cx: &mut Checking<'_>) {
    if let (Some(queues), None) = (properties.iter().find(|property| property.name.value == "queues"), mq) {
        let at = queues.name.span;
        let message = "the device doesn't hear of `queues`, and has one queue";
        let help = Remedy::new("write `mq=`, which is for both sides").replace(at, "mq");
        cx.report(Diagnostic::warning(Code::IgnoredOption, message).at(at).help(help));
    }
}

/// How many queues a device can have.
pub(crate) type Queues = Option<Val<UInt<1, 256>>>;

group! {
    /// What the guest's side of a network device can be told, whatever connects it.
    Guest {
        /// The MAC address. Without it: one made of the VM's name (or the interface's) and the id.
        mac "mac": Option<Val<MacText>>,
        /// There is no device here. Another statement has it: `netdev nic netdev=ID`, or a hub's port.
        alone "alone": Option<Val<OnOff>>,
        /// The device.
        driver "driver": Option<Val<Driver>> { default: "virtio-net-pci" },
        /// Speaks only the protocol of virtio before 1.0.
        disable_modern "disable-modern": Option<Val<OnOff>>,
    }
}

impl Guest {
    /// Where the text says that there is no device.
    pub(super) fn none(&self) -> Option<Span> {
        self.alone.known().filter(|alone| alone.0).map(|alone| alone.span)
    }
}

/// The guest's side of a network device.
pub(crate) struct Nic<'a> {
    /// What it is called, of which its MAC address is made.
    pub(crate) name: &'a dyn Emit,
    pub(crate) guest: &'a Guest,
    /// The name of the host's interface, from which a MAC is generated where the VM has no name.
    pub(crate) ifname: Option<&'a dyn Emit>,
    pub(crate) queues: Queues,
    pub(crate) pci: &'a Virtio,
    /// The backend's id.
    pub(crate) netdev: Box<dyn Emit + 'a>,
    /// The properties of the device that the statement has no option for.
    pub(crate) device: Vec<&'a Property>,
}

impl Nic<'_> {
    /// Prints it, with this id.
    pub(crate) fn lower(&self, id: &dyn Emit, out: &mut Lowering<'_>) {
        let Guest { mac, driver, disable_modern, .. } = self.guest;
        if self.guest.none().is_some() {
            return;
        }
        let generated = mac.is_none().then(|| out.generated_mac(self.ifname, self.name));
        let default = out.virtio("virtio-net", self.pci);
        // By another transport a device has no vectors to choose from.
        let by_pci = driver.is_some() || !matches!(out.transport(self.pci), Transport::Mmio | Transport::Ccw);
        let device = out
            .option("-device")
            .set_or("driver", driver, &default)
            .set("netdev", &*self.netdev)
            .set("mac", mac)
            .set("mac", generated.as_ref().map(|mac| mac.as_slice()))
            .set("id", id)
            .virtio(self.pci)
            .truth("disable-modern", disable_modern);
        let queues = self.queues.filter(|_| self.other_driver().is_none());
        // A vector for each queue to and from the guest, one for the configuration and one for the control queue.
        let says = |name: &str| self.device.iter().any(|property| property.name.value == name);
        let vectors = queues.as_ref().filter(|_| by_pci && !says("vectors"));
        device
            .set("mq", queues.map(|_| "on"))
            .set("vectors", vectors.map(|queues| As(Show::Vectors, queues)))
            .written_out(self.device.iter().copied());
    }

    /// Its driver, where that isn't a virtio device: then it has one queue, and no option that says so.
    fn other_driver(&self) -> Option<&Node<Driver>> {
        self.guest.driver.known().filter(|driver| !driver.0.starts_with("virtio-net"))
    }

    /// What is said of a device that there isn't.
    fn check_none(&self, none: Span, cx: &mut Checking<'_>) {
        let Guest { mac, driver, disable_modern, .. } = self.guest;
        let Virtio { pci, devno, .. } = self.pci;
        let said = [
            mac.as_ref().map(Val::span),
            driver.as_ref().map(Val::span),
            disable_modern.as_ref().map(Val::span),
            pci.bus.as_ref().map(Val::span),
            pci.addr.as_ref().map(Val::span),
            pci.multifunction.as_ref().map(Val::span),
            devno.as_ref().map(Val::span),
            self.device.first().map(|property| property.name.span),
        ];
        if let Some(span) = said.into_iter().flatten().next() {
            cx.report(
                Diagnostic::error(Code::IgnoredOption, "there is no device that this could be said of")
                    .label(span, "of the device")
                    .label(none, "there is none")
                    .help("leave it out, or leave out `alone`"),
            );
        }
    }

    pub(crate) fn check(&self, cx: &mut Checking<'_>) {
        if let Some(none) = self.guest.none() {
            return self.check_none(none, cx);
        }
        if let (Some(_), Some(queues @ Val::Open(_))) = (self.other_driver(), &self.queues) {
            cx.wants::<UInt<1, 1>>(queues);
        }
        if let (Some(driver), Some(queues)) = (self.other_driver(), self.queues.known())
            && queues.0 > 1
        {
            cx.report(
                Diagnostic::error(Code::MqUnsupported, format!("the device `{driver}` has one queue"))
                    .label(queues.span, "more than one queue")
                    .label(driver.span, "the device")
                    .help("write `mq=1`, or leave out `driver=` for a virtio device"),
            );
        }
        if let Some(mac) = self.guest.mac.known().filter(|mac| mac.mac.is_multicast()) {
            let Mac([first, rest @ ..]) = mac.mac;
            let [b, c, d, e, f] = rest;
            cx.report(
                Diagnostic::warning(Code::MulticastMac, format!("`{mac}` is the address of a group"))
                    .at(mac.span)
                    .help(format!(
                        "the first byte of a device's address is even: `{}`",
                        Mac([first & !1, b, c, d, e, f])
                    )),
            );
        }
    }
}
