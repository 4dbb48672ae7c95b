//! Other architectures: the cases on another machine than a PC. What the compiler takes for it, QEMU takes too.

use qemu_dsl::{Arch, Target, Version};

use crate::case::Case;
use crate::outcome::{Outcome, Stop, ensure};
use crate::qemu::{Qemu, compile};
use crate::world::World;

/// A machine of another architecture.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) arch: Arch,
    name: &'static str,
    /// Its first PCI bus.
    root: &'static str,
    /// The cases that this machine isn't for, beside those for PCs alone, and words of what the compiler says of each.
    not_for_it: &'static [(&'static str, &'static str, Versions)],
    /// Those that the compiler takes and QEMU doesn't, and words of what that says.
    refused: &'static [(&'static str, &'static str, Versions)],
}

/// From which version on, and before which one.
type Versions = (Version, Version);

const EVER: Versions = (Version::new(0, 0), Version::new(u16::MAX, 0));
/// Some version between 7.2 and 11.1 changed it.
const OLD: Versions = (Version::new(0, 0), Version::new(11, 1));
const NEW: Versions = (Version::new(11, 1), Version::new(u16::MAX, 0));

/// The machines.
pub(crate) const ALL: &[&Machine] = &[&AARCH64, &RISCV64, &S390X];

/// The cases that are for PCs alone, and words of what the compiler says of each.
const FOR_PCS: &[(&str, &str, Versions)] = &[
    ("acpitable", "takes no ACPI tables", EVER),
    ("boot", "can't change its boot order", EVER),
    ("audio", "no device `sb16`", EVER),
    ("chardev-aliases", "no device `isa-serial`", EVER),
    ("chardev-reconnect", "no device `isa-serial`", EVER),
    ("audio-pcspk", "no loudspeaker", EVER),
    ("controllers-isa", "no device `isa-fdc`", EVER),
    ("controllers-pc", "no device `piix3-ide`", EVER),
    ("numa-dies", "no dies", EVER),
    ("numa-modules", "no modules", EVER),
    ("gpu-isa", "no device `isa-vga`", EVER),
    ("hatches", "no device `isa-serial`", EVER),
    ("iommu-amd", "no device `amd-iommu`", EVER),
    ("iommu-intel", "no device `intel-iommu`", EVER),
    ("pc", "no property `hpet`", EVER),
    ("platform", "no device `vmgenid`", EVER),
    ("port-isa", "no device `isa-serial`", EVER),
    ("ports-fd", "no device `isa-serial`", EVER),
    ("pvpanic", "no device `pvpanic`", EVER),
    ("q35", "no place for `vga`", EVER),
    ("smp-max", "no CPU model `kvm64`", EVER),
    ("smp-modules", "no modules", EVER),
    ("vmgenid", "no device `vmgenid`", EVER),
    ("watchdog", "no device `ib700`", EVER),
    ("watchdog-debug", "no device `ib700`", EVER),
    ("watchdog-inject-nmi", "no device `ib700`", EVER),
    ("watchdog-itco", "no watchdog `itco`", EVER),
    ("watchdog-none", "no device `ib700`", EVER),
    ("watchdog-poweroff", "no device `ib700`", EVER),
    ("watchdog-shutdown", "no device `ib700`", EVER),
    ("tpm-crb", "no device `tpm-crb`", EVER),
    ("vga-cirrus", "no place for `vga`", EVER),
    ("vga-std", "no place for `vga`", EVER),
    ("vga-virtio", "no place for `vga`", EVER),
    ("vga-vmware", "no place for `vga`", EVER),
];

const AARCH64: Machine = Machine {
    arch: Arch::Aarch64,
    name: "virt",
    root: "pcie.0",
    not_for_it: &[
        ("bridges-cxl", "no property `cxl`", OLD),
        ("gpu-vmware-svga", "no device `vmware-svga`", NEW),
        ("bridges-pxb", "that is no PCI Express", EVER),
        ("cdrom", "no option `unit`", EVER),
        ("disk-drivers", "the bus `ide.0`", EVER),
        ("disk-kinds", "no IDE bus", EVER),
        ("disk-of-node", "the bus `ide.0`", EVER),
        ("dimm", "takes no memory modules", EVER),
        ("dimm-virtio", "no device `virtio-pmem-pci`", EVER),
        ("dimm-others", "takes no memory modules", EVER),
        ("memory-roms", "takes no memory modules", EVER),
        ("gpu-virtio-vga", "no device `virtio-vga`", EVER),
        ("serials", "soldered to it", EVER),
        ("smp-dies", "no CPU model `kvm64`", EVER),
    ],
    refused: &[
        // It warns of nodes that share a cluster.
        ("numa", "have been associated with", NEW),
        ("numa-hmat", "have been associated with", NEW),
        // Debian's QEMU for another architecture than the machine's is built without.
        ("accel-list", "invalid accelerator kvm", EVER),
        ("kernel-dtb", "Couldn't open dtb file", EVER),
        // It has flash memory of that size alone.
        ("firmware", "requires 67108864 bytes", EVER),
        ("global", "requires 67108864 bytes", EVER),
    ],
};

const RISCV64: Machine = Machine {
    arch: Arch::Riscv64,
    name: "virt",
    root: "pcie.0",
    not_for_it: &[
        ("bridges-cxl", "no property `cxl`", EVER),
        ("firmware", "has no flash memory", OLD),
        ("global", "no property `pflash0`", OLD),
        ("arg", "QEMU for riscv64 takes no SMBIOS tables", OLD),
        ("backend-newer", "`virt` has one serial port: this one isn't there", EVER),
        ("backend-sockets", "`virt` has one serial port: this one isn't there", EVER),
        ("bridges-ports", "no device `pxb-pcie`", EVER),
        ("bridges-pxb", "no device `pxb`", EVER),
        ("cdrom", "nothing provides the bus `ide.0`", EVER),
        ("dimm", "no device `nvdimm`", EVER),
        ("dimm-others", "no device `pc-dimm`", EVER),
        ("dimm-virtio", "no device `virtio-mem-pci`", EVER),
        ("dimm-virtio-newer", "no device `virtio-mem-pci`", EVER),
        ("disk-drivers", "nothing provides the bus `ide.0`", EVER),
        ("disk-kinds", "no device `floppy`", EVER),
        ("disk-of-node", "nothing provides the bus `ide.0`", EVER),
        ("erst", "no device `acpi-erst`", OLD),
        ("gpu-vmware-svga", "no device `vmware-svga`", NEW),
        ("memory-roms", "no device `nvdimm`", EVER),
        ("option", "QEMU for riscv64 takes no SMBIOS tables", OLD),
        ("serial-vc", "`virt` has one serial port: this one isn't there", EVER),
        ("serials", "`virt` has one serial port: this one isn't there", EVER),
        ("serials-none", "`virt` has one serial port: this one isn't there", EVER),
        ("smbios", "QEMU for riscv64 takes no SMBIOS tables", OLD),
        ("smbios-connectors", "QEMU for riscv64 takes no SMBIOS tables", OLD),
        ("smbios-empty", "QEMU for riscv64 takes no SMBIOS tables", OLD),
        ("smp-dies", "no dies", EVER),
    ],
    refused: &[
        // It has flash memory of that size alone.
        ("firmware", "requires 33554432 bytes", NEW),
        ("global", "requires 33554432 bytes", NEW),
        // Debian's QEMU for another architecture than the machine's is built without.
        ("accel-list", "falling back to tcg", EVER),
        ("fw_cfg", "fw_cfg device not available", OLD),
        ("gpu", "ramfb device requires fw_cfg with DMA", OLD),
        (
            "iommu-virtio",
            "Check your machine implements a hotplug handler for the virtio-iommu-pci device",
            OLD,
        ),
        ("kernel-dtb", "load_device_tree() failed", EVER),
        // A node has CPUs that follow each other.
        ("numa", "discontinuous hartids in socket0", EVER),
        ("numa-cpus", "thread-id is not supported", OLD),
        ("numa-hmat", "discontinuous hartids in socket2", EVER),
        ("numa-hmat-older", "discontinuous hartids in socket1", EVER),
        // It hands on what happens to be in its registers to the kernel, which refuses all but zeros.
        ("panic-none", "failed to set no_new_privs aborting", NEW),
        ("vmcoreinfo", "vmcoreinfo device requires fw_cfg with DMA", OLD),
    ],
};

const S390X: Machine = Machine {
    arch: Arch::S390x,
    name: "s390-ccw-virtio",
    root: "pci.0",
    not_for_it: &[
        ("bridges-cxl", "no property `cxl`", EVER),
        ("properties", "no option `romfile`", EVER),
        ("netdev-stream", "no option `romfile`", EVER),
        ("disk-scsi-on", "has no `disable-modern`", EVER),
        ("arg", "no device `fw_cfg`", EVER),
        ("audio-virtio", "no device `virtio-sound-ccw`", EVER),
        ("backend-newer", "`s390-ccw-virtio` has 2 serial ports: this one isn't there", EVER),
        ("backend-sockets", "`s390-ccw-virtio` has 2 serial ports: this one isn't there", EVER),
        ("balloon", "the device `virtio-balloon-ccw` has no property `addr`", EVER),
        ("bridges-chassis", "no device `pcie-root-port`", EVER),
        ("bridges-pc", "`c` is no bus for this device", EVER),
        ("bridges-ports", "no device `ioh3420`", EVER),
        ("bridges-pxb", "no device `pxb`", EVER),
        ("bridges-q35", "`c` is no bus for this device", EVER),
        ("cdrom", "no device `ide-cd`", EVER),
        ("consoles", "has no `disable-modern`", EVER),
        ("controllers", "no device `lsi`", EVER),
        ("controllers-usb", "no device `usb-ehci`", EVER),
        ("crypto", "the device `virtio-crypto-ccw` has no property `addr`", EVER),
        ("dimm", "no device `nvdimm`", EVER),
        ("dimm-others", "no device `pc-dimm`", EVER),
        ("dimm-virtio", "no device `virtio-pmem-ccw`", EVER),
        ("disk", "`pci.0` is no bus for this device", EVER),
        ("disk-drivers", "no device `ide-hd`", EVER),
        ("disk-kinds", "no device `ide-hd`", EVER),
        ("disk-of-node", "no device `ide-hd`", EVER),
        ("display", "no device `VGA`", EVER),
        ("erst", "no device `acpi-erst`", EVER),
        ("firmware", "`s390-ccw-virtio` has no flash memory for a firmware", EVER),
        ("fs-local", "`pci.0` is no bus for this device", EVER),
        ("fs-virtiofs", "no device `vhost-user-vsock-ccw`", EVER),
        ("functions", "the device `virtio-blk-ccw` sits on channels, and has no `addr`", EVER),
        ("fw_cfg", "no device `fw_cfg`", EVER),
        ("global", "no property `pflash0`", EVER),
        ("global-dots", "no device `nvme`", OLD),
        ("gpu", "no device `bochs-display`", EVER),
        ("gpu-VGA", "no device `VGA`", EVER),
        ("gpu-ati-vga", "no device `ati-vga`", EVER),
        ("gpu-cirrus-vga", "no device `cirrus-vga`", EVER),
        ("gpu-virtio-vga", "no device `virtio-vga`", EVER),
        ("gpu-vmware-svga", "no device `vmware-svga`", EVER),
        ("input-multitouch", "no device `virtio-multitouch-ccw`", EVER),
        ("ivshmem", "no device `ivshmem-plain`", EVER),
        ("members-device", "no device `pcie-root-port`", EVER),
        ("memory-roms", "no device `nvdimm`", EVER),
        ("netdev-sockets", "no device `rtl8139`", EVER),
        ("netdev-tap", "`pci.0` is no bus for this device", EVER),
        ("netdev-tap-opened", "`pci.0` is no bus for this device", EVER),
        ("netdev-tap-queues", "`pci.0` is no bus for this device", EVER),
        ("netdev-user", "no device `e1000`", EVER),
        ("netdev-vhost-user", "`pci.0` is no bus for this device", EVER),
        ("numa", "no NUMA nodes", EVER),
        ("numa-cpus", "no NUMA nodes", EVER),
        ("numa-hmat", "no NUMA nodes", EVER),
        ("numa-hmat-older", "no NUMA nodes", EVER),
        ("option", "QEMU for s390x takes no SMBIOS tables", EVER),
        ("params", "the device `virtio-blk-ccw` sits on channels, and has no `addr`", EVER),
        ("pvpanic-pci", "no device `pvpanic-pci`", EVER),
        ("rng", "`pci.0` is no bus for this device", EVER),
        ("serial", "the device `virtio-serial-ccw` sits on channels, and has no `addr`", EVER),
        ("serials", "no device `pci-serial`", EVER),
        ("serials-none", "`s390-ccw-virtio` has 2 serial ports: this one isn't there", EVER),
        ("smbios", "QEMU for s390x takes no SMBIOS tables", EVER),
        ("smbios-connectors", "no device `pcie-pci-bridge`", EVER),
        ("smbios-empty", "QEMU for s390x takes no SMBIOS tables", EVER),
        ("smbios-slots", "no device `pcie-pci-bridge`", EVER),
        ("smp-dies", "no dies", EVER),
        ("tpm", "no device `tpm-tis-device`", EVER),
        ("vmcoreinfo", "no device `vmcoreinfo`", EVER),
        ("vsock", "`pci.0` is no bus for this device", EVER),
        ("vsock-fd", "`pci.0` is no bus for this device", EVER),
    ],
    refused: &[
        // Debian's QEMU for another architecture than the machine's is built without.
        ("accel-list", "falling back to tcg", EVER),
        ("bios", "could not load bootloader 'bios-256k.bin'", EVER),
        (
            "iommu-virtio",
            "Check your machine implements a hotplug handler for the virtio-iommu-pci device",
            EVER,
        ),
        ("netdev-macvtap", "device cannot work as neither modern nor legacy mode is enabled", NEW),
        // It hands on what happens to be in its registers to the kernel, which refuses all but zeros.
        ("panic-none", "failed to set no_new_privs aborting", OLD),
    ],
};

impl Machine {
    /// The text of a case, with this machine in place of that of a PC.
    fn moved(&self, text: &str) -> String {
        let lines = text.lines().map(|line| {
            let mut machines = ["machine pc ", "machine q35 "].into_iter();
            let rest = machines.find_map(|machine| line.strip_prefix(machine));
            rest.map_or_else(|| line.to_owned(), |rest| format!("machine {} {rest}", self.name))
        });
        let text = lines.collect::<Vec<_>>().join("\n").replace("pcie.0", "pci.0");
        text.replace("pci.0", self.root) + "\n"
    }

    /// Whether a case is about a machine that this one can stand for.
    pub(crate) fn can_take(&self, case: &Case) -> bool {
        self.moved(&case.text).contains(&format!("machine {} ", self.name))
    }

    /// Fails unless the compiler takes a case for it and QEMU does too, or it is known not to be for it.
    pub(crate) fn takes(&self, qemu: &Qemu, case: &Case) -> Outcome {
        if !case.compiles(qemu.version)? {
            return Ok(());
        }
        let text = self.moved(&case.text);
        let world = World::new()?;
        let compiled = compile(&text, Target::new(self.arch, qemu.version), &world);
        let is_it = |(name, _, (since, until)): &&(&str, &str, Versions)| {
            *name == case.name && (*since..*until).contains(&qemu.version)
        };
        let known = FOR_PCS.iter().chain(self.not_for_it).find(is_it);
        match (known, compiled.has_errors()) {
            (None, true) => Err(Stop::failed(format!("{text}\n{:#?}", compiled.diagnostics))),
            (Some((name, ..)), false) => Err(Stop::failed(format!("`{name}` is for it"))),
            (Some((_, reason, _)), true) => {
                let mut messages = compiled.diagnostics.iter().map(|diagnostic| &diagnostic.message);
                ensure!(messages.any(|message| message.contains(reason)), "{:#?}", compiled.diagnostics)
            }
            (None, false) => {
                let outcome = case.with_text(text).run_on(qemu);
                match self.refused.iter().find(is_it) {
                    None => outcome,
                    Some((_, words, _)) => match outcome {
                        Err(Stop::Failed(said)) if said.contains(words) => Ok(()),
                        Err(other) => Err(other),
                        Ok(()) => Err(Stop::failed(format!("QEMU takes it, and does not say `{words}`"))),
                    },
                }
            }
        }
    }
}
