//! Cures for what people write who know other languages, QEMU's own among them.

use crate::diagnostic::{Help, Remedy};
use crate::source::spell;
use crate::table::{StatementSpec, Table};

/// What a word of another language is here.
enum Meant {
    /// This statement.
    Statement(&'static str),
    /// These lines, one or several.
    Lines(&'static [&'static str]),
    /// An option of QEMU's that `arg` passes on.
    Argument,
}

/// The words, and what each of them is here.
const WORDS: &[(&[&str], Meant)] = &[
    (&["drive", "hda", "hdb", "hdc", "hdd", "cdrom", "harddisk", "iso"], Meant::Statement("disk")),
    (&["net", "nic", "network"], Meant::Statement("netdev")),
    (&["m", "mem", "ram"], Meant::Statement("memory")),
    (&["M"], Meant::Statement("machine")),
    (&["cpus", "vcpus", "cores"], Meant::Statement("smp")),
    (&["initrd", "append"], Meant::Statement("kernel")),
    (&["mem-lock"], Meant::Statement("overcommit")),
    (&["S"], Meant::Statement("paused")),
    (&["D", "d", "dfilter"], Meant::Statement("log")),
    (&["async-teardown", "chroot", "runas"], Meant::Statement("run-with")),
    (&["curses", "gtk", "sdl"], Meant::Lines(&["display gtk"])),
    (&["vnc"], Meant::Lines(&["display vnc \"127.0.0.1:0\""])),
    (&["spice"], Meant::Lines(&["display spice addr=127.0.0.1 port=5900 disable-ticketing"])),
    (&["k", "keymap"], Meant::Lines(&["display gtk keymap=de"])),
    (&["dtb", "shim"], Meant::Statement("kernel")),
    (&["watchdog-action"], Meant::Statement("action")),
    (&["fsdev", "virtfs"], Meant::Statement("fs")),
    (&["enable-kvm", "kvm", "no-kvm"], Meant::Lines(&["accel kvm"])),
    (&["acpi", "no-acpi"], Meant::Lines(&["machine q35 acpi=off"])),
    (&["hpet", "no-hpet"], Meant::Lines(&["machine q35 hpet=off"])),
    (&["balloon"], Meant::Lines(&["device virtio-balloon-pci"])),
    (&["iothread"], Meant::Lines(&["object iothread id=io0"])),
    (
        &["ovmf", "pflash", "uefi"],
        Meant::Lines(&[
            "blockdev file node-name=code filename=\"/usr/share/OVMF/OVMF_CODE.fd\" read-only=on",
            "machine q35 pflash0=code",
        ]),
    ),
    (&["import", "require", "source"], Meant::Lines(&["include \"common.vm\""])),
    (&["unless"], Meant::Lines(&["if {!debug} { ... }"])),
    (&["scsi"], Meant::Lines(&["device virtio-scsi-pci"])),
    (
        &["audio", "audiodev", "sound", "soundhw"],
        Meant::Lines(&[
            "arg \"-audiodev\" \"none,id=snd0\"",
            "device ich9-intel-hda",
            "device hda-duplex audiodev=snd0",
        ]),
    ),
    (&["mouse", "tablet"], Meant::Lines(&["device qemu-xhci", "device usb-tablet"])),
    (
        &["tpm", "tpmdev"],
        Meant::Lines(&[
            "chardev socket id=chrtpm path=\"/run/swtpm.sock\"",
            "arg \"-tpmdev\" \"emulator,id=tpm0,chardev=chrtpm\"",
            "device tpm-crb tpmdev=tpm0",
        ]),
    ),
    (&["usb"], Meant::Lines(&["device qemu-xhci"])),
    (&["watchdog"], Meant::Lines(&["device i6300esb"])),
    (
        &["add-fd", "compat", "gdb", "mon", "monitor", "numa", "parallel", "serial", "snapshot", "usbdevice"],
        Meant::Argument,
    ),
];

fn meant(word: &str) -> Option<&'static Meant> {
    WORDS.iter().find(|(words, _)| words.contains(&word)).map(|(_, meant)| meant)
}

/// What says here what an option of QEMU's, or of another language, says there.
pub(super) fn alias(word: &str, table: Table) -> Option<Remedy> {
    Some(match meant(word)? {
        Meant::Statement(keyword) => write(table.find(keyword)?),
        Meant::Lines(lines) => {
            let lines: Vec<_> = lines.iter().map(|line| format!("`{line}`")).collect();
            format!("write {}", lines.join(", ")).into()
        }
        Meant::Argument => {
            format!("QEMU's own arguments are passed on by `arg`: `arg \"-{word}\" \"...\"`").into()
        }
    })
}

/// The statement for one of QEMU's own options.
pub(super) fn statement(option: &str, table: Table) -> Option<&'static StatementSpec> {
    let keyword = match meant(option) {
        Some(Meant::Statement(keyword)) => keyword,
        Some(Meant::Lines([line, ..])) => line.split(' ').next()?,
        Some(Meant::Lines([]) | Meant::Argument) => return None,
        None => option,
    };
    table.find(keyword)
}

/// A shell's line that runs QEMU as statements which say exactly that: where the shell would pass on its words as they are.
pub(super) fn arguments(line: &str) -> Option<String> {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "-_.,:=/@%+\\".contains(c);
    let mut words = line.split_whitespace().filter(|word| *word != "\\");
    let program = words.by_ref().find(|word| word.contains("qemu-") || word.ends_with("kvm"))?;
    let rest: Vec<_> = words.collect();
    if !line.chars().all(is_plain) || rest.iter().any(|word| word.contains('\\')) {
        return None;
    }
    let mut out = format!("qemu {}", spell(program));
    for word in rest {
        if word.starts_with('-') {
            out += "\narg";
        } else if !out.contains("\narg") {
            return None;
        }
        out += &format!(" \"{word}\"");
    }
    Some(out)
}

/// For a statement that is meant by another word.
pub(super) fn write(spec: &StatementSpec) -> Remedy {
    Help::Statement { keyword: spec.keyword, example: example(spec) }.into()
}

/// For a statement that is written in another way.
pub(super) fn form(spec: &StatementSpec) -> Remedy {
    Help::Form { keyword: spec.keyword, example: example(spec) }.into()
}

/// A line with a statement.
fn example(spec: &StatementSpec) -> &'static str {
    let mut lines = spec.example.lines();
    lines.find(|line| line.starts_with(spec.keyword)).unwrap_or(spec.keyword)
}

#[cfg(test)]
mod tests {
    use super::{Meant, WORDS, arguments};
    use crate::statement::TABLE;
    use crate::{Options, Version, compile};

    #[test]
    fn what_is_recommended_compiles() {
        for (words, meant) in WORDS {
            for word in *words {
                let others = WORDS.iter().filter(|(words, _)| words.contains(word));
                assert_eq!(others.count(), 1, "{word}");
                assert!(TABLE.find(word).is_none(), "{word}");
            }
            let Meant::Lines(lines) = meant else { continue };
            // What hangs on another file, or on a parameter.
            if lines.iter().any(|line| line.starts_with("include") || line.starts_with("if")) {
                continue;
            }
            for target in Version::KNOWN.into_iter().filter(|version| *version >= Version::new(5, 2)) {
                let mut text = lines.join("\n");
                if !text.contains("machine") {
                    text.insert_str(0, "machine q35\n");
                }
                let compiled = compile(&text, &Options { target: target.into(), ..Options::default() });
                assert!(compiled.diagnostics.is_empty(), "{target}: {text}: {:#?}", compiled.diagnostics);
            }
        }
    }

    #[test]
    fn a_shell_s_line_becomes_arguments() {
        let expected = "qemu qemu-kvm\narg \"-m\" \"2G\"\narg \"-nographic\"";
        assert_eq!(arguments("sudo qemu-kvm -m 2G \\\n  -nographic").as_deref(), Some(expected));
        for other in ["qemu-kvm -m $RAM", "qemu-kvm -name 'a b'", "qemu-kvm disk.img", "ls -l"] {
            assert_eq!(arguments(other), None, "{other}");
        }
    }
}
