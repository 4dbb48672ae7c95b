//! Another architecture: the cases on the machine `virt` of aarch64. What the compiler takes for it, QEMU takes too.

use qemu_dsl::{Arch, Target};

use crate::case::Case;
use crate::outcome::{Outcome, Stop, ensure};
use crate::qemu::{Qemu, compile};
use crate::world::World;

/// The cases that this machine isn't for, and words of what the compiler says of each.
const NOT_FOR_IT: &[(&str, &str)] = &[
    ("acpitable", "takes no ACPI tables"),
    ("boot", "can't change its boot order"),
    ("audio", "no device `sb16`"),
    ("bridges-cxl", "no property `cxl`"),
    ("bridges-pxb", "that is no PCI Express"),
    ("chardev-aliases", "no device `isa-serial`"),
    ("chardev-reconnect", "no device `isa-serial`"),
    ("audio-pcspk", "no loudspeaker"),
    ("controllers-isa", "no device `isa-fdc`"),
    ("controllers-pc", "no device `piix3-ide`"),
    ("cdrom", "no option `unit`"),
    ("disk-drivers", "the bus `ide.0`"),
    ("disk-kinds", "no IDE bus"),
    ("disk-of-node", "the bus `ide.0`"),
    ("dimm", "takes no memory modules"),
    ("dimm-virtio", "no device `virtio-pmem-pci`"),
    ("dimm-others", "takes no memory modules"),
    ("memory-roms", "takes no memory modules"),
    ("numa-dies", "has no dies"),
    ("numa-modules", "has no modules"),
    ("gpu-isa", "no device `isa-vga`"),
    ("gpu-virtio-vga", "no device `virtio-vga`"),
    ("hatches", "no device `isa-serial`"),
    ("iommu-amd", "no device `amd-iommu`"),
    ("iommu-intel", "no device `intel-iommu`"),
    ("pc", "no property `hpet`"),
    ("platform", "no device `vmgenid`"),
    ("port-isa", "no device `isa-serial`"),
    ("serials", "soldered to it"),
    ("ports-fd", "no device `isa-serial`"),
    ("pvpanic", "no device `pvpanic`"),
    ("q35", "no place for `vga`"),
    ("smp-dies", "no CPU model `kvm64`"),
    ("smp-max", "no CPU model `kvm64`"),
    ("smp-modules", "has no modules"),
    ("vmgenid", "no device `vmgenid`"),
    ("watchdog", "no device `ib700`"),
    ("watchdog-debug", "no device `ib700`"),
    ("watchdog-inject-nmi", "no device `ib700`"),
    ("watchdog-itco", "no watchdog `itco`"),
    ("watchdog-none", "no device `ib700`"),
    ("watchdog-poweroff", "no device `ib700`"),
    ("watchdog-shutdown", "no device `ib700`"),
    ("tpm-crb", "no device `tpm-crb`"),
    ("vga-cirrus", "no place for `vga`"),
    ("vga-std", "no place for `vga`"),
    ("vga-virtio", "no place for `vga`"),
    ("vga-vmware", "no place for `vga`"),
];

/// Those that the compiler takes and QEMU doesn't, and words of what that says.
const REFUSED: &[(&str, &str)] = &[
    // Debian's QEMU for another architecture than the machine's is built without.
    ("accel-list", "invalid accelerator kvm"),
    ("kernel-dtb", "Couldn't open dtb file"),
    // It has flash memory of that size alone.
    ("firmware", "requires 67108864 bytes"),
    ("global", "requires 67108864 bytes"),
];

/// The text of a case, with this machine in place of that of a PC.
fn moved(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let rest = ["machine pc ", "machine q35 "].into_iter().find_map(|machine| line.strip_prefix(machine));
        rest.map_or_else(|| line.to_owned(), |rest| format!("machine virt {rest}"))
    });
    lines.collect::<Vec<_>>().join("\n").replace("pci.0", "pcie.0") + "\n"
}

/// Whether a case is about a machine that this one can stand for.
pub(crate) fn can_take(case: &Case) -> bool {
    moved(&case.text).contains("machine virt ")
}

/// Fails unless the compiler takes a case for it and QEMU does too, or it is known not to be for it.
pub(crate) fn takes(qemu: &Qemu, case: &Case) -> Outcome {
    if !case.compiles(qemu.version)? {
        return Ok(());
    }
    let text = moved(&case.text);
    let world = World::new()?;
    let compiled = compile(&text, Target::new(Arch::Aarch64, qemu.version), &world);
    let known = NOT_FOR_IT.iter().find(|(name, _)| *name == case.name);
    match (known, compiled.has_errors()) {
        (None, true) => Err(Stop::failed(format!("{text}\n{:#?}", compiled.diagnostics))),
        (Some((name, _)), false) => Err(Stop::failed(format!("`{name}` is for it"))),
        (Some((_, reason)), true) => {
            let mut messages = compiled.diagnostics.iter().map(|diagnostic| &diagnostic.message);
            ensure!(messages.any(|message| message.contains(reason)), "{:#?}", compiled.diagnostics)
        }
        (None, false) => {
            let outcome = case.with_text(text).run_on(qemu);
            match REFUSED.iter().find(|(name, _)| *name == case.name) {
                None => outcome,
                Some((_, words)) => match outcome {
                    Err(Stop::Failed(said)) if said.contains(words) => Ok(()),
                    Err(other) => Err(other),
                    Ok(()) => Err(Stop::failed(format!("QEMU takes it, and does not say `{words}`"))),
                },
            }
        }
    }
}
