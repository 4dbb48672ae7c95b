//! The guest's side of a network device.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Backend, Id, id_kinds};
use crate::model::{Maybe, Property, Val};
use crate::plan::{Mac, Show};
use crate::print::{As, Emit, Lowering};
use crate::qemu::board::Transport;
use crate::source::Node;
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
    "leave out `mq`; `netdev tap`, `macvtap` and `vhost-user` have queues",
);

/// How many queues a device can have.
pub(crate) type Queues = Option<Val<UInt<1, 256>>>;

/// The guest's side of a network device.
pub(crate) struct Nic<'a> {
    pub(crate) id: &'a Id<NetId>,
    pub(crate) driver: &'a Option<Val<Driver>>,
    pub(crate) mac: &'a Option<Val<MacText>>,
    /// The name of the host's interface, from which a MAC is generated where the VM has no name.
    pub(crate) ifname: Option<&'a dyn Emit>,
    pub(crate) disable_modern: &'a Option<Val<OnOff>>,
    pub(crate) queues: Queues,
    pub(crate) pci: &'a Virtio,
    pub(crate) netdev: Backend<'a, NetId>,
    /// The properties of the device that the statement has no option for.
    pub(crate) device: Vec<&'a Property>,
}

impl Nic<'_> {
    pub(crate) fn lower(&self, out: &mut Lowering<'_>) {
        let generated = self.mac.is_none().then(|| out.generated_mac(self.ifname, self.id));
        let driver = out.virtio("virtio-net", self.pci);
        // By another transport a device has no vectors to choose from.
        let by_pci =
            self.driver.is_some() || !matches!(out.transport(self.pci), Transport::Mmio | Transport::Ccw);
        let id = out.id_of_device(self.id);
        let device = out
            .option("-device")
            .set_or("driver", self.driver, &driver)
            .set("netdev", &self.netdev)
            .set("mac", self.mac)
            .set("mac", generated.as_ref().map(|mac| mac.as_slice()))
            .set("id", id)
            .virtio(self.pci)
            .truth("disable-modern", self.disable_modern);
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
        self.driver.known().filter(|driver| !driver.0.starts_with("virtio-net"))
    }

    pub(crate) fn check(&self, cx: &mut Checking<'_>) {
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
        if let Some(mac) = self.mac.known().filter(|mac| mac.mac.is_multicast()) {
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
