//! `device`

use crate::lower::Lowering;
use crate::model::ids::{NAMING, Provides, Space};
use crate::qemu::changes;
use crate::read::Cx;
use crate::source::Node;
use crate::statement::form::{Form, form, statement};
use crate::statement::passthrough::{define, refer, text};
use crate::statement::pci::Pci;
use crate::table::Bare;
use crate::value::{OnOff, PciAddr, ValueType as _};

statement! {
    /// Any device of QEMU.
    STATEMENT "device" many pluggable Devices [Device]
    example "device virtio-rng-pci id=rng0"
}

form! {
    /// Any device of QEMU. Its properties are printed in the order of the source.
    Device any "a device of QEMU, such as `virtio-rng-pci`; `qemu-system-x86_64 -device help` lists them" {
    } open properties: Bare::Nothing, "Any property of the device: `name=value`."
}

impl Form for Device {
    fn register(&self, cx: &mut Cx<'_>) {
        define(&self.properties, "id", Space::Device, Provides::Unknown, cx);
        if let (true, None) = (cx.is_fragment, text(&self.properties, "id"))
            && let Some(id) = NAMING.iter().find_map(|name| text(&self.properties, name))
        {
            cx.define(Space::Device, id.value.clone(), id.span, Provides::Unknown, false);
        }
        if changes::DEVICE_VMCOREINFO.is_about(&self.kind) {
            cx.version(&changes::DEVICE_VMCOREINFO, None, self.kind.span);
        }
        if self.kind.starts_with("virtio-serial") {
            cx.control_serial();
        }
        refer(&self.properties, cx);
        let bus = text(&self.properties, "bus");
        cx.sit(bus, Provides::Unknown);
        // On other buses `addr` means something else: only what reads as a PCI address can be at odds with one.
        if let Some(addr) = text(&self.properties, "addr")
            && let Ok(parsed) = PciAddr::parse(addr)
        {
            let multifunction = text(&self.properties, "multifunction")
                .and_then(|value| Some(Node::new(OnOff::parse(value).ok()?, value.span)));
            Pci { bus: bus.cloned(), addr: Some(Node::new(parsed, addr.span)), multifunction }.place(cx);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-device").word(&self.kind).properties(&self.properties);
    }
}
