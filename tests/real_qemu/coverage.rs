//! The cases have all that the language has: each statement, kind, option and word.

use std::collections::BTreeSet;

use qemu_dsl::reference;

use crate::case::Case;
use crate::outcome::{Outcome, Stop, equal};
use crate::text::{Statement, statements};

/// What no QEMU for PCs takes, with the reason.
const ELSEWHERE: &[(&str, &str)] = &[
    ("vga tcx", "needs a machine of Sun's"),
    ("vga cg3", "needs a machine of Sun's"),
    ("vga xenfb", "needs a QEMU that was built for Xen"),
    ("netdev fds", "takes a program's descriptors: the runtime's test `equipped` starts QEMU with some"),
    ("netdev addr.cid", "needs AF_VSOCK"),
    ("netdev addr.str", "takes a program's descriptors"),
    ("netdev addr.type=fd", "takes a program's descriptors"),
    ("netdev addr.type=vsock", "needs AF_VSOCK"),
    ("netdev iommufd", DEVICE),
    ("netdev mdev", DEVICE),
    ("netdev sysfsdev", DEVICE),
    ("netdev local.str", "takes a program's descriptors"),
    ("netdev local.type=fd", "takes a program's descriptors"),
    ("netdev remote.str", "takes a program's descriptors"),
    ("netdev remote.type=fd", "takes a program's descriptors"),
    ("netdev af-xdp", BUILT),
    ("netdev br", "needs a bridge that the host's helper lets in"),
    ("netdev bridge", "needs a bridge that the host's helper lets in"),
    ("netdev helper", "needs a bridge that the host's helper lets in"),
    ("netdev vde", "needs a switch of VDE"),
    ("netdev passt", "needs passt"),
    ("netdev netmap", BUILT),
    ("netdev vhost-vdpa", DEVICE),
    ("netdev vmnet-bridged", BUILT),
    ("netdev vmnet-host", BUILT),
    ("netdev vmnet-shared", BUILT),
    ("bridge phb", "needs a machine of ppc64"),
    ("usb braille", "needs a Braille display"),
    ("smartcard emulated", "needs NSS"),
    ("tpm passthrough", DEVICE),
    ("vfio ap", "needs a machine of s390x"),
    ("vfio ccw", "needs a machine of s390x"),
    ("vfio iommufd", DEVICE),
    ("vfio mdev", DEVICE),
    ("vfio ramfb", DEVICE),
    ("vfio sysfsdev", DEVICE),
    ("zpci", "needs a machine of s390x"),
    ("vga qxl", SPICE),
    ("port disable-modern", "the seed program prints it; no device on a bus of ports has it"),
    ("console disable-modern", "the seed program prints it; no device on a bus of ports has it"),
    ("display curses", WINDOW),
    ("display default", WINDOW),
    ("display egl-headless", WINDOW),
    ("display gtk", WINDOW),
    ("display rendernode", WINDOW),
    ("display sdl", WINDOW),
    ("display spice-app", WINDOW),
    ("display dbus", "needs a QEMU with D-Bus, which Debian packs apart"),
    ("display tls-channel", CERTIFICATES),
    ("display tls-channel=main", CERTIFICATES),
    ("display tls-channel=display", CERTIFICATES),
    ("display tls-channel=inputs", CERTIFICATES),
    ("display tls-channel=cursor", CERTIFICATES),
    ("display tls-channel=playback", CERTIFICATES),
    ("display tls-channel=port", CERTIFICATES),
    ("display tls-channel=record", CERTIFICATES),
    ("display tls-channel=smartcard", CERTIFICATES),
    ("display tls-channel=usbredir", CERTIFICATES),
    ("display tls-channel=webdav", CERTIFICATES),
    ("display tls-channel=default", CERTIFICATES),
    ("display tls-ciphers", CERTIFICATES),
    ("display tls-port", CERTIFICATES),
    ("display x509-cacert-file", CERTIFICATES),
    ("display x509-cert-file", CERTIFICATES),
    ("display x509-dh-key-file", CERTIFICATES),
    ("display x509-dir", CERTIFICATES),
    ("display x509-key-file", CERTIFICATES),
    ("display x509-key-password", CERTIFICATES),
    ("accel hvf", "needs another host, or a host's kernel that has it"),
    ("accel mshv", "needs another host, or a host's kernel that has it"),
    ("accel nvmm", "needs another host, or a host's kernel that has it"),
    ("accel whpx", "needs another host, or a host's kernel that has it"),
    ("accel xen", "needs another host, or a host's kernel that has it"),
    ("accel kernel-irqchip", "needs KVM"),
    ("accel kernel-irqchip=off", "needs KVM"),
    ("accel kernel-irqchip=on", "needs KVM"),
    ("accel kernel-irqchip=split", "needs KVM"),
    ("accel kvm-shadow-mem", "needs KVM"),
    ("accel dirty-ring-size", "needs KVM"),
    ("accel notify-vmexit", "needs KVM"),
    ("accel notify-vmexit=disable", "needs KVM"),
    ("accel notify-vmexit=internal-error", "needs KVM"),
    ("accel notify-vmexit=run", "needs KVM"),
    ("accel notify-window", "needs KVM"),
    ("accel device", "needs KVM"),
    ("accel xen-version", "needs KVM"),
    ("accel honor-guest-pat", "needs KVM"),
    ("accel rapl", "needs KVM"),
    ("accel rapl-helper-socket", "needs KVM"),
    ("accel xen-evtchn-max-pirq", "needs KVM"),
    ("accel xen-gnttab-max-frames", "needs KVM"),
    ("accel qtest", "needs a QEMU that was built with its tests"),
    ("icount rr=replay", "needs a record"),
    ("icount rrsnapshot", "needs a disk with a snapshot"),
    ("loadvm", "needs a disk with a snapshot"),
    ("plugin", "needs a plugin, which is built with QEMU"),
    ("display sasl-authz", "needs a host that is set up for SASL"),
    ("backend braille", "needs a Braille display"),
    ("backend dbus", "needs a QEMU with D-Bus, which Debian packs apart"),
    ("backend parport", "needs a parallel port"),
    ("backend wctablet", "QEMU 5.2 ends by SIGSEGV with one"),
    ("disk vhost-user", PROCESS),
    ("disk socket", PROCESS),
    ("disk chardev", PROCESS),
    ("disk vdpa", DEVICE),
    ("disk vhostdev", DEVICE),
    ("disk url", "needs a server"),
    ("cdrom url", "needs a server"),
    ("disk key-secret", "needs an encrypted image"),
    ("cdrom key-secret", "needs an encrypted image"),
    ("crypto vhost-user", PROCESS),
    ("crypto chardev", PROCESS),
    ("crypto fd", PROCESS),
    ("crypto socket", PROCESS),
    ("vhost-user gpio", PROCESS),
    ("vhost-user i2c", PROCESS),
    ("vhost-user rng", PROCESS),
    ("vhost-user scmi", PROCESS),
    ("vhost-user snd", PROCESS),
    ("gpu vhost-user-gpu", PROCESS),
    ("gpu vhost-user-vga", PROCESS),
    ("gpu qxl", SPICE),
    ("gpu qxl-vga", SPICE),
    ("gpu virtio-gpu-gl", WINDOW),
    ("gpu virtio-vga-gl", WINDOW),
    ("input linux", DEVICE),
    ("input virtio-input-host", DEVICE),
    ("input vhost-user-input", PROCESS),
    ("controller vhost-scsi", "needs a target of the host's kernel"),
    ("controller vhost-user-scsi", PROCESS),
    ("audio alsa", AUDIO),
    ("audio coreaudio", "needs another host"),
    ("audio dbus", AUDIO),
    ("audio dsound", "needs another host"),
    ("audio jack", AUDIO),
    ("audio oss", AUDIO),
    ("audio pa", AUDIO),
    ("audio pipewire", AUDIO),
    ("audio sdl", AUDIO),
    ("audio sndio", AUDIO),
    ("audio spice", AUDIO),
    ("iommu smmuv3", "needs a machine of Arm's"),
    ("firmware stateless", "needs a firmware that keeps no variables"),
    ("confidential pef", CONFIDENTIAL),
    ("confidential s390-pv", CONFIDENTIAL),
    ("confidential sev", CONFIDENTIAL),
    ("confidential sev-snp", CONFIDENTIAL),
    ("confidential tdx", CONFIDENTIAL),
    ("ivshmem doorbell", PROCESS),
    ("loader cpu-num", "what starts there is another program than the machine's"),
    ("tls-creds x509", CERTIFICATES),
    ("thread-context node-affinity", "QEMU doesn't tell it"),
    ("bridge numa_node", "needs a node of memory"),
    ("numa book-id", "needs a machine of s390x"),
    ("numa drawer-id", "needs a machine of s390x"),
    ("numa cluster-id", "needs a machine of Arm's"),
    ("watchdog diag288", "needs a machine of s390x"),
    ("usb hostaddr", DEVICE),
    ("usb hostdevice", DEVICE),
    ("devno", "needs a machine of s390x"),
    ("disk scsi-block", "needs a SCSI device of the host"),
    ("disk scsi-generic", "needs a SCSI device of the host"),
    ("transport=ccw", "needs a machine of s390x"),
];

const BUILT: &str = "needs a QEMU that was built with it";
const CONFIDENTIAL: &str = "needs a processor and a kernel that can do it";
const WINDOW: &str = "needs a window system, or what draws by OpenGL";
const SPICE: &str = "needs a QEMU with SPICE, which Debian packs apart";
const PROCESS: &str = "needs another process that does a device's work";
const AUDIO: &str = "needs a QEMU and a host with this way to be heard";
const DEVICE: &str = "needs a device of the host";
const CERTIFICATES: &str = "needs certificates that last";

/// What all devices of PCI or all virtio devices have in common, all drives, all memory, and all that is connected to a backend:
/// of one statement it is enough.
const SHARED: &[&str] = &[
    "addr",
    "aio",
    "align",
    "bus",
    "cache",
    "channel",
    "copy-on-read",
    "detect-zeroes",
    "devno",
    "discard",
    "discard-data",
    "dump",
    "host-nodes",
    "hugetlb",
    "hugetlbsize",
    "memfd",
    "merge",
    "multifunction",
    "name",
    "offset",
    "path",
    "pmem",
    "policy",
    "prealloc",
    "prealloc-context",
    "prealloc-threads",
    "readonly",
    "reserve",
    "rom",
    "seal",
    "share",
    "shm",
    "snapshot",
    "transport",
    "x-use-canonical-path-for-ramblock-id",
];

/// Fails unless each kind and each word of the reference is in a case.
pub(crate) fn covers(cases: &[Case]) -> Outcome {
    let all: Vec<Statement> = cases.iter().flat_map(|case| statements(&case.text)).collect();
    let mut missing = BTreeSet::new();
    for (keyword, _) in reference::statements() {
        for kind in kinds(keyword)? {
            let title = format!("{keyword} {kind}").trim_end().to_owned();
            // What kinds have in common is one definition: each word of it in one kind's case is enough.
            let own: Vec<_> = all.iter().filter(|statement| statement.keyword() == keyword).collect();
            if !own.iter().any(|statement| kind.is_empty() || statement.word(1) == kind) {
                // With it all is missing that it alone has.
                missing.insert(title);
                continue;
            }
            let text = reference::statement(&title).ok_or_else(|| Stop::failed(&title))?;
            for word in words(&text) {
                let is_shared = word.option.as_deref().is_some_and(|option| SHARED.contains(&option));
                if is_shared && !all.iter().any(|statement| word.is_in(statement)) {
                    missing.insert(word.shown());
                } else if !is_shared && !own.iter().any(|statement| word.is_in(statement)) {
                    missing.insert(format!("{keyword} {}", word.shown()));
                }
            }
        }
    }
    for family in reference::families() {
        let text = reference::statement(family).ok_or_else(|| Stop::failed(family))?;
        let kinds = text.lines().filter_map(|line| line.strip_prefix("- `")?.split_once("`: "));
        let kinds = kinds
            .filter(|(kind, _)| !kind.contains('='))
            .map(|(kind, _)| Word { option: None, word: Some(kind.to_owned()) });
        for word in kinds.chain(words(&text)) {
            if !all.iter().any(|statement| word.is_in(statement)) {
                missing.insert(format!("{} {}", family.to_lowercase(), word.shown()));
            }
        }
    }
    let expected: BTreeSet<_> = ELSEWHERE.iter().map(|(word, _)| (*word).to_owned()).collect();
    equal("what no case has", missing, expected)
}

/// The kinds of a statement, or one without a name.
fn kinds(keyword: &str) -> Outcome<Vec<String>> {
    let text = reference::statement(keyword).ok_or_else(|| Stop::failed(keyword))?;
    // The example behind is indented, too.
    let synopses = text.lines().take_while(|line| *line != "Example:");
    let synopses = synopses.filter_map(|line| line.strip_prefix("    ")?.strip_prefix(keyword));
    let kinds = synopses.flat_map(|rest| {
        let kind = rest.split_whitespace().next().unwrap_or_default();
        // What is in capitals stands for any kind, what is in brackets is none.
        let named = kind.starts_with(|c: char| c.is_ascii_lowercase());
        let names = if named { kind.split('|').collect() } else { vec![""] };
        names.into_iter().map(str::to_owned).collect::<Vec<_>>()
    });
    let kinds: BTreeSet<_> = kinds.collect();
    Ok(kinds.into_iter().collect())
}

/// What the reference lists: an option, or a word that an option or the statement's head may be.
struct Word {
    option: Option<String>,
    word: Option<String>,
}

impl Word {
    fn shown(&self) -> String {
        let parts = [self.option.clone(), self.word.clone()].into_iter().flatten();
        parts.collect::<Vec<_>>().join("=")
    }

    fn is_in(&self, statement: &Statement) -> bool {
        // `name = value` is three words, of which the first is enough.
        let mut words = statement.words.iter().map(String::as_str);
        match (&self.option, &self.word) {
            (Some(option), None) => words.any(|word| word.split('=').next() == Some(option)),
            (Some(option), Some(word)) => {
                words.any(|own| own == format!("{option}={word}") || (word == "on" && own == option))
            }
            (None, Some(word)) => words.any(|own| own == word),
            (None, None) => true,
        }
    }
}

/// The options and words of one form's reference.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut option = None;
    for line in text.lines() {
        let code = |rest: &str| Some(rest.strip_prefix('`')?.split_once('`')?.0.to_owned());
        if let Some(written) = line.strip_prefix("- ").and_then(code) {
            let name = written.split(['=', '[']).next().unwrap_or_default().to_owned();
            // A head is in capitals, and a kind among others has no `=`.
            option = name.starts_with(|c: char| c.is_ascii_lowercase()).then_some(name);
            let is_option = option.is_some() && written.contains('=');
            words.extend(is_option.then(|| Word { option: option.clone(), word: None }));
        } else if let Some(word) = line.strip_prefix("  - ").and_then(code) {
            words.push(Word { option: option.clone(), word: Some(word) });
        }
    }
    words
}
