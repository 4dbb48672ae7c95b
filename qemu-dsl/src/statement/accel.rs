//! `accel`

use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::{OnOff, Path, PowerOfTwo, SocketPath, UInt, choice};

statement! {
    /// What runs the guest's code. Of several statements the first is taken that the host has.
    STATEMENT "accel" many settled Accel [Kvm, Tcg, Xen, Other]
    example "accel kvm\naccel tcg thread=multi"
}

choice! {
    /// Where the interrupt controllers are.
    Irqchip bare "on" {
        On "on": "in the host's kernel",
        Off "off": "in QEMU",
        Split "split": "those of the CPUs in the host's kernel, the others in QEMU",
    }
}

choice! {
    /// What is done where the guest keeps its CPU.
    NotifyVmexit {
        Run "run": "the guest goes on",
        InternalError "internal-error": "the guest is stopped",
        Disable "disable": "nobody looks",
    }
}

form! {
    /// The host's own CPUs, by Linux.
    Kvm kinds ["kvm": "the host's own CPUs, by Linux"] {
        /// Where the interrupt controllers are.
        kernel_irqchip "kernel-irqchip": Option<Val<Irqchip>> { change: Some(&changes::ACCEL_PROPERTIES) },
        /// The size of the shadow of the guest's page tables, in bytes.
        kvm_shadow_mem "kvm-shadow-mem": Option<Val<UInt<0, { i64::MAX as u64 }>>> {
            change: Some(&changes::ACCEL_PROPERTIES)
        },
        /// How many pages each CPU's ring of changed pages has, a power of two. Without it there is a bitmap.
        dirty_ring_size "dirty-ring-size": Option<Val<PowerOfTwo>> { change: Some(&changes::DIRTY_RING_SIZE) },
        /// What is done where the guest keeps its CPU for longer than `notify-window`.
        notify_vmexit "notify-vmexit": Option<Val<NotifyVmexit>> { change: Some(&changes::NOTIFY_VMEXIT) },
        /// How long that is, in the CPU's cycles beside its own limit.
        notify_window "notify-window": Option<Val<UInt<0, { u32::MAX as u64 }>>> {
            change: Some(&changes::NOTIFY_VMEXIT)
        },
        /// KVM's device, where it is not `/dev/kvm`.
        device "device": Option<Val<Path>> { change: Some(&changes::KVM_DEVICE) },
        /// The version of Xen that the guest finds.
        xen_version "xen-version": Option<Val<UInt<0, { u32::MAX as u64 }>>> { change: Some(&changes::XEN_VERSION) },
        /// How the guest wants memory cached is heeded.
        honor_guest_pat "honor-guest-pat": Option<Val<OnOff>> { change: Some(&changes::HONOR_GUEST_PAT) },
        /// At most so many pages of the guest's are shared with Xen's devices.
        xen_gnttab_max_frames "xen-gnttab-max-frames": Option<Val<UInt<0, 0xffff>>> {
            change: Some(&changes::XEN_VERSION)
        },
        /// At most so many interrupts of devices Xen's guest has.
        xen_evtchn_max_pirq "xen-evtchn-max-pirq": Option<Val<UInt<0, 0xffff>>> {
            change: Some(&changes::XEN_VERSION)
        },
        /// The guest can read how much energy its CPUs take.
        rapl "rapl": Option<Val<OnOff>> { change: Some(&changes::RAPL) },
        /// The socket of `qemu-vmsr-helper`, which tells that.
        rapl_helper_socket "rapl-helper-socket": Option<Val<SocketPath>> { change: Some(&changes::RAPL) },
    }
}

impl Form for Kvm {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-accel")
            .word(&self.kind)
            .set("kernel-irqchip", &self.kernel_irqchip)
            .set("kvm-shadow-mem", &self.kvm_shadow_mem)
            .set("dirty-ring-size", &self.dirty_ring_size)
            .set("notify-vmexit", &self.notify_vmexit)
            .set("notify-window", &self.notify_window)
            .set("device", &self.device)
            .set("xen-version", &self.xen_version)
            .set("honor-guest-pat", self.honor_guest_pat)
            .set("xen-gnttab-max-frames", &self.xen_gnttab_max_frames)
            .set("xen-evtchn-max-pirq", &self.xen_evtchn_max_pirq)
            .set("rapl", self.rapl)
            .set("rapl-helper-socket", &self.rapl_helper_socket);
    }
}

choice! {
    /// How many threads run the guest's CPUs.
    Threads { Single "single": "one for all CPUs", Multi "multi": "one a CPU" }
}

form! {
    /// QEMU itself, which translates the guest's code (TCG).
    Tcg kinds ["tcg": "QEMU itself, which translates the guest's code"] {
        /// How many threads run the guest's CPUs.
        thread "thread": Option<Val<Threads>>,
        /// The size of the cache of what has been translated, in MiB.
        tb_size "tb-size": Option<Val<UInt<0, { u32::MAX as u64 }>>> { change: Some(&changes::ACCEL_PROPERTIES) },
        /// No memory can be both written and run.
        split_wx "split-wx": Option<Val<OnOff>> { change: Some(&changes::SPLIT_WX) },
        /// Each instruction is translated for itself, which is slow and shows each of them in a log.
        one_insn_per_tb "one-insn-per-tb": Option<Val<OnOff>> { change: Some(&changes::ONE_INSN_PER_TB) },
    }
}

impl Form for Tcg {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-accel")
            .word(&self.kind)
            .set("thread", &self.thread)
            .set("tb-size", &self.tb_size)
            .set("split-wx", self.split_wx)
            .set("one-insn-per-tb", self.one_insn_per_tb);
    }
}

form! {
    /// Xen's hypervisor.
    Xen kinds ["xen": "Xen's hypervisor"] {
        /// The guest sees the host's graphics adapter of Intel's as its own.
        igd_passthru "igd-passthru": Option<Val<OnOff>>,
    }
}

impl Form for Xen {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-accel").word(&self.kind).set("igd-passthru", self.igd_passthru);
    }
}

form! {
    /// Another one.
    Other kinds [
        "hvf": "macOS",
        "mshv": "Linux on Hyper-V",
        "nvmm": "NetBSD",
        "qtest": "nothing runs: for tests of devices",
        "whpx": "Windows",
    ] {}
}

impl Form for Other {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-accel").word(&self.kind);
    }
}
