//! Properties of the compiler that hold for any input: it ends, doesn't panic, and tells the truth about places.
//!
//! `QEMU_DSL_SEED` and `QEMU_DSL_INPUTS` choose other inputs, or more. A failure prints what repeats it.

#![expect(clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

use std::ops::Range;
use std::panic::catch_unwind;
use std::path::Path;

use qemu_dsl::bind::Value;
use qemu_dsl::plan::Plan;
use qemu_dsl::{Arch, Code, Diagnostic, Open, Options, Severity, TargetSpec, Version, compile, parse};

/// Valid texts, as a start for what is almost valid.
const SEEDS: [&str; 5] = [
    "target 7.2\nname web\nmachine q35 accel=kvm:tcg kernel_irqchip nvdimm\ncpu host +aes -svm\n\
     smp 4 sockets=1 cores=2 threads=2\nmemory 2G slots=2 max=4G prealloc\n\
     dimm nvdimm path=\"/var/lib/nv0\" size=1G\nrtc base=utc clock=host driftfix=slew\n",
    "< param disk: path = \"root.qcow2\"\nparam n: int = 4\nmachine q35 disk file={disk} format=qcow2 id=a; /* two */ // one\n\
     netdev tap ifname=tap0 mq={n} vhost mac=52:54:00:12:34:56 addr=1e.0 bus=pcie.0\n\
     netdev user hostfwd=tcp::2222-:22 hostfwd=\"udp::53-:53\"\nkernel \"/k\" append=\"root={disk} {{x}}\" >",
    "machine pc\nvirtio-serial id=s\nport socket bus=s.0 path=\"/tmp/a,b\" name=agent.0\nconsole pty\n\
     bridge pci id=b bus=pci.0 chassis=1 shpc\nfs local path=r#\"/p\"q\"# tag=t security=none bus=b addr=3\n\
     qmp unix \"/run/q=1\" server nowait\nglobal kvm-pit.lost_tick_policy=discard\narg \"-boot\" \"order=c\"\n",
    "qemu \"/usr/bin/qemu-system-x86_64\"\nuuid 123e4567-e89b-12d3-a456-426614174000\nvga none\nbios b.bin\n\
     no-user-config nodefaults nographic realtime mlock=on\nvfio 0000:02:10.0 id=v\n\
     object rng-random id=r filename=\"/dev/urandom\"\ndevice virtio-rng-pci rng=r\nchardev stdio id=c\n\
     blockdev null-co node-name=d size=1G\nnetdev vhost-user socket=\"/s\" mq=2\nmemory 1.5G hugepages\n",
    "param on: bool = off\nparam iso: path?\nparam l: list of string = a\nparam many: list of string\n\
     if {on} { memory 1G } else if {!iso} { memory 2G name n } else { for x in {many} { arg \"-set\" {x} } }\n\
     for d in {l} { disk id=\"x{d}\" file={d} format=raw if {many} { netdev user } else { device e1000 } }\n",
];

/// Pieces that mean something, or look as if they did.
const PIECES: [&str; 68] = [
    "netdev",
    "tap",
    "disk",
    "param",
    "target",
    "global",
    "arg",
    "if",
    "rtc",
    "memory",
    "smp",
    "device",
    "port",
    "\"",
    "r#\"",
    "\"#",
    "{",
    "}",
    "{{",
    "}}",
    "{disk}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    ",",
    ";",
    "=",
    "==",
    ":",
    "+",
    "-",
    "+x",
    "-x",
    ".",
    "/",
    "//",
    "/*",
    "*/",
    "\\",
    "\\n",
    "\\u{1F600}",
    "\\x7f",
    "\\q",
    "#!",
    "\u{feff}",
    "\0",
    "\n",
    "\r\n",
    "\t",
    "\u{85}",
    "\u{2028}",
    "é",
    "日本",
    "id=net0",
    "mac=01:00:00:00:00:00",
    "18446744073709551616",
    "1f.7",
    "else",
    "for x in {l} {",
    "if {on} {",
    "if {!iso} {",
    "in",
    "include",
    "list of",
    "?",
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn boundary(text: &str, random: &mut fastrand::Rng) -> usize {
    let mut at = random.usize(..=text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn some_range(text: &str, random: &mut fastrand::Rng) -> Range<usize> {
    let (a, b) = (boundary(text, random), boundary(text, random));
    a.min(b)..a.max(b)
}

fn input(random: &mut fastrand::Rng) -> String {
    match random.u32(..4) {
        // Any bytes at all, as far as they are UTF-8.
        0 => {
            let bytes: Vec<u8> = (0..random.usize(..200)).map(|_| random.u8(..)).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        1 => {
            let mut text = String::new();
            for _ in 0..random.usize(..40) {
                text.push_str(random.choice(PIECES).unwrap_or(""));
                if random.bool() {
                    text.push(' ');
                }
            }
            text
        }
        // A valid text with a few changes.
        _ => {
            let mut text = (*random.choice(&SEEDS).unwrap_or(&"")).to_owned();
            for _ in 0..random.usize(1..6) {
                let range = some_range(&text, random);
                match random.u32(..4) {
                    0 => text.insert_str(range.start, random.choice(PIECES).unwrap_or("")),
                    1 => text.replace_range(range, ""),
                    2 => {
                        let copy = text.get(range.clone()).unwrap_or("").to_owned();
                        text.insert_str(boundary(&text, random), &copy);
                    }
                    _ => text.truncate(range.end),
                }
            }
            text
        }
    }
}

fn options(random: &mut fastrand::Rng) -> Options {
    let versions = Version::KNOWN.into_iter().map(Some).chain([None]).collect::<Vec<_>>();
    let archs = [None, Some(Arch::X86_64), Some(Arch::Aarch64), Some(Arch::Sparc)];
    let params = if random.bool() { vec![("disk".to_owned(), "/a,b=\"c".to_owned())] } else { vec![] };
    let target =
        TargetSpec { arch: random.choice(archs).flatten(), version: random.choice(versions).flatten() };
    let open =
        random.choice([Open::Nothing, Open::Nothing, Open::Parameters, Open::Holes]).unwrap_or_default();
    Options { target, params, open, ..Options::default() }
}

/// What must hold of the answer to any text.
fn hold(source: &str, options: &Options) {
    let parsed = parse(source);
    assert_eq!(parsed.to_string(), source, "the tree has all of the text");
    let compiled = parsed.compile(options);
    diagnostics_hold(source, &compiled.diagnostics, compiled.template.is_none() && compiled.open.is_none());
    let devices = parsed.compile_devices(options);
    diagnostics_hold(source, &devices.diagnostics, devices.fragment.is_none() && devices.open.is_none());
    // Whatever the values are, there is a plan, or a word about why not.
    let values = [
        ("on", Value::from(true)),
        ("iso", Value::NONE),
        ("l", Value::from(["/b", "/c"])),
        ("many", Value::from(["x", "y", "z"])),
        ("disk", Value::from("d,x")),
    ];
    if let Some(open) = &compiled.open {
        let named: Vec<_> =
            values.iter().filter(|(name, _)| open.open.names().any(|own| own == *name)).cloned().collect();
        match open.bind_named(&named) {
            Ok(plan) => assert!(plan.args().all(|arg| !arg.as_encoded_bytes().contains(&0)), "{plan:?}"),
            Err(error) => assert!(!error.problems.is_empty()),
        }
    }
    if let Some(open) = &devices.open {
        let named: Vec<_> =
            values.iter().filter(|(name, _)| open.open.names().any(|own| own == *name)).cloned().collect();
        if let Err(error) = open.bind_named(&named) {
            assert!(!error.problems.is_empty());
        }
    }
    if let Some(template) = &compiled.template {
        let plan = Plan::of(template.clone());
        for arg in plan.args() {
            assert!(arg.to_str().is_some_and(|arg| !arg.contains('\0')), "{arg:?} is no argument");
        }
        for (fd, expected) in plan.fds().zip(3..) {
            assert_eq!(fd.number, expected, "fds are numbered from 3 without a gap");
        }
    }
    assert_eq!(compile(source, options).template, compiled.template, "the same text gives the same template");
}

fn diagnostics_hold(source: &str, diagnostics: &[Diagnostic], nothing: bool) {
    let failed = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(failed, nothing, "an error and only an error leaves nothing");
    let mut last = 0;
    for diagnostic in diagnostics {
        for label in &diagnostic.labels {
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            assert!(source.get(start..end).is_some(), "{diagnostic:?} points at no text");
        }
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.ends_with('.'), "{diagnostic:?}");
        let place = diagnostic.span().map_or(0, |span| span.start);
        assert!(place >= last, "{diagnostic:?} is out of order");
        last = place;
        assert_eq!(Code::ALL.iter().filter(|code| **code == diagnostic.code).count(), 1);
    }
}

#[test]
fn any_text_gets_an_answer() {
    let seed = number("QEMU_DSL_SEED", 0x5eed);
    let inputs = number("QEMU_DSL_INPUTS", 30_000);
    println!("QEMU_DSL_SEED={seed} QEMU_DSL_INPUTS={inputs}");
    for case in 0..inputs {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_add(case));
        let (source, options) = (input(&mut random), options(&mut random));
        if catch_unwind(|| hold(&source, &options)).is_err() {
            panic!("QEMU_DSL_SEED={} QEMU_DSL_INPUTS=1 repeats this: {source:?}", seed.wrapping_add(case));
        }
    }
}

#[test]
fn the_seeds_are_valid() {
    for source in SEEDS {
        let compiled = compile(source, &Options::default());
        assert!(compiled.template.is_some(), "{source}\n{:#?}", compiled.diagnostics);
    }
}

#[test]
fn a_long_text_takes_no_longer_than_its_length() {
    // Not by the clock: what nests or repeats without end would overflow the stack here, or never come back.
    for piece in [
        "{",
        "<",
        "r#\"",
        "\"",
        "/*",
        "a ",
        "a= ",
        "device ",
        "{a}",
        "bridge pci id=a bus=a chassis=1 ",
        "if {a} {",
        "else ",
        "for x in {y} { ",
        "for {",
        "if {",
        "}",
        "param ",
    ] {
        hold(&piece.repeat(20_000), &Options::default());
    }
}

/// Any text has a tree, so these need not be VMs: the repository's own files have all that people write.
#[test]
fn every_file_of_the_repository_is_printed_back() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            if name.starts_with('.') || name == "target" || path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                assert_eq!(parse(&text).to_string(), text, "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files > 100, "{files}");
}
