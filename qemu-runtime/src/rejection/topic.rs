//! What QEMU says of one option alone.

use super::argument::Argument;

/// What QEMU says, and the forms of the option that it is about. A single word tells nothing: the kernel may be the guest's or
/// the host's, a RAM size that of a graphics card.
const TOPICS: &[(&[&str], &[Is])] = &[
    (&["unsupported machine type"], &[Is::With("-machine", "type"), Is::With("-M", "type")]),
    (
        &["invalid accelerator", "no accelerator found"],
        &[Is::With("-machine", "accel"), Is::With("-M", "accel")],
    ),
    (
        &["Could not access KVM kernel module", "failed to initialize kvm", "ioctl(KVM_CREATE_VM) failed"],
        &[Is::Kvm],
    ),
    (&["HyperV", "Hyper-V"], &[Is::Cpu("hv")]),
    (&["only supports phys-bits="], &[Is::Cpu("phys-bits")]),
    (
        &["unable to find CPU model", "CPU model '", "doesn't support requested features", "-cpu."],
        &[Is::Cpu("")],
    ),
    (
        &[
            "Invalid SMP CPUs",
            "Invalid CPU topology",
            "this machine's CPU topology",
            "cpu topology: ",
            "maxcpus must be",
            "Parameter 'smp.",
        ],
        &[Is::Option("-smp")],
    ),
    (
        &[
            "guest memory 'pc.ram'",
            "guest memory 'microvm.ram'",
            "guest memory 'ram'",
            "invalid value of maxmem",
            "maximum memory size must by aligned",
            "memory slots: ",
            "slots specified but no max-size",
            "Parameter 'memory.",
        ],
        &[Is::Option("-m")],
    ),
    (&["unable to map backing store"], &[Is::MappedMemory, Is::Option("-mem-path")]),
    // The memory is too large for the CPU, or the CPU too small.
    (&["Address space limit"], &[]),
    (&["reboot timeout is invalid"], &[Is::With("-boot", "reboot-timeout")]),
    (&["splash-time is invalid"], &[Is::With("-boot", "splash-time")]),
    (&["invalid datetime format"], &[Is::Option("-rtc")]),
    (&["could not load PC BIOS"], &[Is::Option("-bios")]),
    (
        &[
            "could not open kernel file",
            "could not load kernel",
            "invalid kernel header",
            "kernel without PVH ELF Note",
            "kernel too old to load a",
        ],
        &[Is::Option("-kernel")],
    ),
    (&["initrd is too large", "could not load initrd", "error reading initrd"], &[Is::Option("-initrd")]),
    (&["invalid 'vga=' kernel parameter"], &[Is::Option("-append")]),
    (&["unknown vga type", "VGA not available", "framebuffer not available"], &[Is::Option("-vga")]),
];

/// A form of an option.
pub(super) enum Is {
    Option(&'static str),
    /// With a value of this name. A machine's type may stand without.
    With(&'static str, &'static str),
    /// With a feature whose name begins so.
    Cpu(&'static str),
    /// What asks for KVM.
    Kvm,
    /// An object that holds RAM which is a file's.
    MappedMemory,
}

impl Is {
    pub(super) fn holds_of(&self, argument: &Argument<'_>) -> bool {
        let mut fields = argument.fields();
        match self {
            Self::Option(name) => argument.name == *name,
            Self::With(name, key) => {
                let is_it = |own: &str| own == *key || (own.is_empty() && *key == "type");
                argument.name == *name && fields.any(|(own, _)| is_it(own))
            }
            Self::Cpu(feature) => {
                argument.name == "-cpu"
                    && fields.any(|(key, own)| key.starts_with(feature) || own.starts_with(feature))
            }
            Self::MappedMemory => {
                let is_file = |ty: &str| matches!(ty, "memory-backend-file" | "memory-backend-memfd");
                argument.name == "-object" && fields.next().is_some_and(|(_, ty)| is_file(&ty))
            }
            Self::Kvm => match argument.name {
                "-enable-kvm" => true,
                "-accel" => fields.next().is_some_and(|(_, own)| own == "kvm"),
                "-machine" | "-M" => fields.any(|(key, own)| key == "accel" && own.contains("kvm")),
                _ => false,
            },
        }
    }
}

/// The forms of the option that a message is about, where QEMU has it for one option alone.
pub(super) fn topic(line: &str) -> Option<&'static [Is]> {
    let mut about = TOPICS.iter().filter(|(phrases, _)| phrases.iter().any(|phrase| line.contains(phrase)));
    about.next().map(|(_, options)| *options)
}
