//! Parameters without a value: all is checked that doesn't hang on them, and nothing is said that might be untrue.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::ops::Range;
use std::path::Path;

use qemu_dsl::{Code, Compilation, Options, Severity, TABLE, TargetSpec, Version, compile};

fn check(text: &str, target: Option<Version>) -> Compilation {
    compile(
        text,
        &Options {
            target: TargetSpec { version: target, arch: None },
            open_parameters: true,
            ..Options::default()
        },
    )
}

fn codes(text: &str) -> Vec<Code> {
    check(text, None).diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn what_does_not_hang_on_a_value_is_checked() {
    let text = "param a: string\n";
    let of = |rest: &str| codes(&format!("{text}{rest}"));
    assert_eq!(of("memory {a}"), []);
    // Beside it in a statement, and in another one.
    assert_eq!(of("disk file={a} format=raw aio=nativ"), [Code::WrongType]);
    assert_eq!(of("disk file={a} format=raw cache=none aoi=native"), [Code::UnknownOption]);
    assert_eq!(of("device virtio-rng-pci max-bytes={a} perod=1"), [Code::UnknownProperty]);
    assert_eq!(of("netdev tap ifname={a} mac=01:00:00:00:00:01"), [Code::MulticastMac]);
    assert_eq!(of("netdev tap ifname=\"x{a}\" vhostfds=1"), [Code::VhostFds]);
    assert_eq!(of("device {a} id=d\nmemory x"), [Code::WrongType]);
    assert_eq!(of("smp {a} cores=2\nmemory 2G max=1G"), [Code::MemoryMax]);
    assert_eq!(of("device virtio-rng-pci rng=r\nobject rng-random id=s filename={a}"), [Code::UnknownId]);
    // A parameter that nobody declares is still one.
    assert_eq!(of("memory {b}"), [Code::UnknownParameter]);
}

#[test]
fn nothing_is_said_of_what_hangs_on_one() {
    let text = "param a: string\n";
    for rest in [
        "memory 1G max={a} slots=2",
        "memory {a} max=1M",
        "memory 1G slots={a} max=4G\ndimm pc-dimm path=\"/x\" size=1G",
        "memory 1G share={a}\nnetdev vhost-user socket=\"/x\"",
        "smp 4 sockets={a} cores=3 threads=1",
        "machine {a}\ndisk file=\"/x\" format=raw bus=pcie.0",
        "machine q35 accel={a}\ncpu host",
        "machine q35 nvdimm={a}\nmemory 1G slots=1 max=4G\ndimm nvdimm path=\"/x\" size=1G",
        "device virtio-rng-pci rng=r\nobject rng-random id={a}",
        "device {a} id=x\ndevice virtio-rng-pci bus=x",
        "device {a}\ndevice scsi-hd drive=d\nblockdev null-co node-name=d",
        "device pcie-root-port id=p chassis={a}\ndevice pcie-root-port id=q chassis=0",
        "device virtio-rng-pci addr=5 bus={a}\ndevice virtio-balloon-pci addr=5",
        "device virtio-rng-pci addr=5.0 multifunction={a}\ndevice virtio-balloon-pci addr=5.1",
        "netdev tap mq={a} vhost vhostfds=3",
        "netdev tap mq=2 vhost={a} vhostfds=2",
        "qmp unix \"/q\" server={a} nowait",
        "name {a}\nnetdev user",
        "disk file=\"/x\" format={a} cache={a} aio=native",
        "rng egd chardev={a}",
    ] {
        let said = check(&format!("{text}{rest}"), None);
        let grave = said.diagnostics.iter().filter(|diagnostic| diagnostic.severity != Severity::Advice);
        assert_eq!(grave.count(), 0, "{rest}\n{:#?}", said.diagnostics);
        assert!(said.template.is_none(), "{rest}");
    }
}

#[test]
fn without_one_in_use_a_text_is_compiled() {
    let unused = check("param a: string\nmemory 1G", None);
    assert!(unused.template.is_some() && unused.diagnostics.is_empty());
    let refused = compile("param a: string\nname {a}", &Options::default());
    assert_eq!(refused.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::UnsetParameter]);
}

/// The values of a text that a parameter can stand for: behind `=`, and behind a keyword that takes one.
fn values(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut takes = false;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if line.starts_with("//") || line.starts_with("param") {
            continue;
        }
        let bytes = line.as_bytes();
        let mut i = 0;
        while let Some(byte) = bytes.get(i) {
            if byte.is_ascii_whitespace() {
                i += 1;
                continue;
            }
            let begin = i;
            let mut quoted = false;
            while bytes.get(i).is_some_and(|byte| quoted || !byte.is_ascii_whitespace()) {
                quoted ^= bytes.get(i) == Some(&b'"');
                // An escaped quote ends nothing.
                i += if bytes.get(i) == Some(&b'\\') { 2 } else { 1 };
            }
            let word = line.get(begin..i).unwrap();
            let value = word.find('=').filter(|equals| !word.get(..*equals).unwrap().contains('"'));
            match value {
                Some(equals) => found.push(start + begin + equals + 1..start + i),
                None if takes => found.push(start + begin..start + i),
                None => {}
            }
            let spec = TABLE.find(word);
            takes = spec.is_some_and(|spec| {
                spec.keyword != "arg"
                    && spec
                        .forms
                        .iter()
                        .any(|form| form.positionals().next().is_some() && form.kinds().next().is_none())
            });
        }
    }
    found
}

#[test]
fn a_right_text_is_right_whichever_of_its_values_comes_later() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut tried = 0;
    for folder in ["tests/real_qemu/cases", "examples"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "vm") {
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            if text.contains("<") {
                // Nothing can follow the bracket at its end.
                continue;
            }
            for target in [None, Some(Version::new(7, 2))] {
                let errors = |text: &str| -> Vec<Code> {
                    let said = check(text, target).diagnostics.into_iter();
                    said.filter(|one| one.severity == Severity::Error).map(|one| one.code).collect()
                };
                let before = errors(&text);
                for value in values(&text) {
                    let mut open = text.clone();
                    open.replace_range(value.clone(), "{open_value}");
                    open += "\nparam open_value: string";
                    let mut expected = before.clone();
                    let after = errors(&open);
                    let mut is_new = |code: &Code| match expected.iter().position(|other| other == code) {
                        Some(known) => {
                            expected.swap_remove(known);
                            false
                        }
                        None => true,
                    };
                    let new: Vec<_> = after.iter().copied().filter(|code| is_new(code)).collect();
                    assert!(new.is_empty(), "{}: {}\n{new:?}", path.display(), text.get(value).unwrap());
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
}
