//! `iommu`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::plan::Arch;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::statement::pci::{OwnPlace, Pci};
use crate::statement::single::single;
use crate::table::Section;
use crate::value::OnOff;

statement! {
    /// What keeps devices to the memory that the guest gives them, and lets it hand them on to its own guests (IOMMU).
    STATEMENT "iommu" once settled Iommu [Intel, Amd, Virtio, Smmu]
    example "machine q35\niommu intel device-iotlb caching-mode"
}

single! {
    /// Intel's (VT-d), which needs `machine q35`.
    Intel kinds ["intel": "Intel's (VT-d)"] prints "intel-iommu" {
        /// It translates interrupts, too. With KVM this needs `kernel_irqchip=split` of `machine`.
        intremap "intremap": Option<Val<OnOff>>,
        /// The guest tells of all that it changes, as devices of the host need it (`vfio`).
        caching_mode "caching-mode": Option<Val<OnOff>>,
        /// Devices remember translations, as virtio devices with `ats` do.
        device_iotlb "device-iotlb": Option<Val<OnOff>>,
    } with OwnPlace;

    /// AMD's (AMD-Vi), which needs `machine q35`.
    Amd kinds ["amd": "AMD's (AMD-Vi)"] prints "amd-iommu" {} with OwnPlace;

    /// By virtio, for guests that have its driver.
    Virtio kinds ["virtio": "by virtio"] prints "virtio-iommu-pci" {} with Pci;
}

form! {
    /// Arm's (SMMUv3), which `machine virt` has.
    Smmu kinds ["smmuv3": "Arm's (SMMUv3)"] {}
}

impl Form for Smmu {
    fn check(&self, cx: &mut Checking<'_>) {
        let arch = cx.vm.target.arch;
        if !matches!(arch, Arch::Aarch64 | Arch::Arm) {
            let diagnostic =
                Diagnostic::error(Code::NotCreatable, format!("no machine of {arch} has an SMMU"));
            cx.report(
                diagnostic.at(cx.entry.head).help("write `iommu intel`, `iommu amd` or `iommu virtio`"),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.section(Section::Machine).option("-machine").set("iommu", "smmuv3");
    }
}
