//! `vfio`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Id, id_kinds};
use crate::model::{Maybe, Property, Val};
use crate::print::{Lowering, OptionArg};
use crate::qemu::changes;
use crate::schema::Kind;
use crate::statement::form::{Form, form, group, statement};
use crate::statement::pci::Pci;
use crate::value::{ChannelDevice, HostPci, IommuFd, OnOff, Path, Uuid};

statement! {
    /// A device of the host that the guest has to itself: one of PCI, or of s390x.
    STATEMENT reserved "vfio" many pluggable Devices [Vfio, Ccw, Ap]
    example "vfio 0000:02:10.0"
}

id_kinds! {
    /// The ids of devices of the host.
    VfioId "vfio"
}

group! {
    /// Which device of the host it is, and how the guest reaches it.
    Of {
        /// The host's folder for it, such as `/sys/bus/pci/devices/0000:02:10.0`.
        sysfsdev "sysfsdev": Option<Val<Path>> { excludes: &["host", "mdev"] },
        /// The UUID of a part of a device that its driver makes (a mediated device).
        mdev "mdev": Option<Val<Uuid>> { excludes: &["host"] },
        /// The guest reaches it by the host's `/dev/iommu`, in place of a group of devices (`/dev/vfio/N`). Devices that have one
        /// object for that have their locked memory counted once: this is its id then.
        iommufd "iommufd": Option<Val<IommuFd>> { change: Some(&changes::IOMMUFD) },
    }
}

/// Where the kernel has the devices that drivers make.
const MDEVS: &str = "/sys/bus/mdev/devices/";

impl Of {
    /// Reports that nothing tells which device it is.
    pub(crate) fn check(&self, device: &[Property], what: &str, option: &'static str, cx: &mut Checking<'_>) {
        // By the number of an open one.
        let by_fd = device.iter().any(|property| property.name.value == "fd");
        if self.sysfsdev.is_none() && self.mdev.is_none() && !by_fd {
            let diagnostic =
                Diagnostic::error(Code::MissingOption, format!("`{what}` needs the host's device"));
            let help = match option {
                "host" => "write its address as `lspci -D` shows it, or add `sysfsdev=` or `mdev=`",
                _ => "add `sysfsdev=` and its folder, or `mdev=` and its UUID",
            };
            cx.missing(option, diagnostic.at(cx.entry.head).help(help));
        }
    }

    /// Prints the object that it is reached by, where it has one of its own: it is called as the device is.
    fn object(&self, id: &Id<VfioId>, out: &mut Lowering<'_>) {
        if self.iommufd.is(IommuFd::is_own) {
            out.option("-object").word("iommufd").set("id", id);
        }
    }

    /// Prints which one it is.
    fn print<'o>(&self, id: &Id<VfioId>, option: OptionArg<'o>) -> OptionArg<'o> {
        let own = self.iommufd.is(IommuFd::is_own);
        let other = self.iommufd.as_ref().filter(|fd| !own && !fd.known().is_some_and(|fd| fd.is_off()));
        option
            .set("sysfsdev", &self.sysfsdev)
            .set_prefixed("sysfsdev", MDEVS, self.mdev.as_ref())
            .set("id", id.written())
            .set("iommufd", own.then_some(id))
            .set("iommufd", other)
    }
}

form! {
    /// A PCI device of the host that the guest has to itself.
    Vfio {
        /// Its address on the host, with or without the domain, as `lspci -D` shows it.
        host "host": Option<Val<HostPci>> { positional: true },
        /// Its id.
        id "id": Id<VfioId>,
        /// What the firmware draws is on the device's screen, which it has without a driver. QEMU takes such a device at its
        /// start only.
        ramfb "ramfb": Option<Val<OnOff>>,
    } with Pci
    groups [of: Of]
    opens device [(Kind::Device, "vfio-pci"), (Kind::Device, "vfio-pci-nohotplug")]
}

impl Form for Vfio {
    fn check(&self, cx: &mut Checking<'_>) {
        if self.host.is_none() {
            self.of.check(&self.device, "vfio", "host", cx);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        OfPci {
            ramfb: &self.ramfb,
            host: &self.host,
            of: &self.of,
            id: &self.id,
            pci: &self.pci,
            device: &self.device,
        }
        .lower(out);
    }
}

/// A device of PCI, also for `netdev vfio`.
pub(crate) struct OfPci<'a> {
    pub(crate) ramfb: &'a Option<Val<OnOff>>,
    pub(crate) host: &'a Option<Val<HostPci>>,
    pub(crate) of: &'a Of,
    pub(crate) id: &'a Id<VfioId>,
    pub(crate) pci: &'a Pci,
    pub(crate) device: &'a [Property],
}

impl OfPci<'_> {
    /// Prints it.
    pub(crate) fn lower(&self, out: &mut Lowering<'_>) {
        let driver = if self.ramfb.is_some() { "vfio-pci-nohotplug" } else { "vfio-pci" };
        self.of.object(self.id, out);
        let device = out.option("-device").word(driver).set("host", self.host);
        self.of.print(self.id, device).pci(self.pci).set("ramfb", self.ramfb).written_out(self.device);
    }
}

form! {
    /// A device of s390x' channels that the guest has to itself.
    Ccw kinds ["ccw": "a device of channels (s390x)"] {
        /// Its id.
        id "id": Id<VfioId>,
        /// Its number as the guest's device of channels.
        devno "devno": Option<Val<ChannelDevice>>,
    }
    groups [of: Of]
    opens device [(Kind::Device, "vfio-ccw")]
}

impl Form for Ccw {
    fn check(&self, cx: &mut Checking<'_>) {
        self.of.check(&self.device, "vfio ccw", "sysfsdev", cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        self.of.object(&self.id, out);
        let device = out.option("-device").word("vfio-ccw");
        self.of.print(&self.id, device).set("devno", &self.devno).written_out(&self.device);
    }
}

form! {
    /// Queues of s390x' crypto cards that the guest has to itself. There is one such device at most.
    Ap kinds ["ap": "queues of crypto cards (s390x)"] {
        /// Its id.
        id "id": Id<VfioId>,
    }
    groups [of: Of]
    opens device [(Kind::Device, "vfio-ap")]
}

impl Form for Ap {
    fn check(&self, cx: &mut Checking<'_>) {
        self.of.check(&self.device, "vfio ap", "sysfsdev", cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        self.of.object(&self.id, out);
        let device = out.option("-device").word("vfio-ap");
        self.of.print(&self.id, device).written_out(&self.device);
    }
}
