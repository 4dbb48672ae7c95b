//! How long the compiler takes: argv only, no I/O. `cargo bench --bench compile`.

use std::fmt::Write as _;

use divan::counter::{BytesCount, ItemsCount};
use qemu_dsl::plan::Plan;
use qemu_dsl::{Options, compile};

fn main() {
    divan::main();
}

const SMALL: &str = "\
name web
machine q35 accel=kvm
cpu host
memory 2G
disk file=\"root.qcow2\" format=qcow2
netdev tap ifname=tap0 mq=4 vhost
";

/// A VM of so many devices, a third of them each: networks, disks, and others.
fn devices(count: usize) -> String {
    let mut source = SMALL.to_owned();
    for index in 0..count {
        let line = match index % 3 {
            0 => format!(
                "netdev tap id=n{index} ifname=t{index} mq=2 vhost mac=52:54:00:{:02x}:{:02x}:01",
                index / 256 % 256,
                index % 256
            ),
            1 => format!("disk file=\"/var/lib/d{index}.img\" format=raw aio=threads"),
            _ => format!("device virtio-rng-pci id=r{index}"),
        };
        let _ = writeln!(source, "{line}");
    }
    source
}

/// A text of 1 MB with 1,000 errors.
fn mistakes() -> String {
    let mut source = String::new();
    for index in 0..1000 {
        let _ = writeln!(source, "disk file=\"/x{index}\" format=raw\ndisk fle=x // {}", "x".repeat(960));
    }
    source
}

#[divan::bench]
fn small_file(bencher: divan::Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_str(SMALL))
        .bench(|| compile(divan::black_box(SMALL), &Options::default()));
}

#[divan::bench(args = [100, 1_000, 10_000])]
fn many_devices(bencher: divan::Bencher<'_, '_>, count: usize) {
    let source = devices(count);
    bencher.counter(ItemsCount::new(count)).bench(|| {
        let compiled = compile(divan::black_box(&source), &Options::default());
        compiled.template.map(Plan::of)
    });
}

#[divan::bench]
fn a_thousand_mistakes(bencher: divan::Bencher<'_, '_>) {
    let source = mistakes();
    bencher
        .counter(BytesCount::of_str(&source))
        .bench(|| compile(divan::black_box(&source), &Options::default()));
}

/// A misspelt name is looked for among all that QEMU has.
#[divan::bench(args = ["virtio-rgn-pci", "virtio-something-of-mine-pci", "pc-q35-99.9"])]
fn a_misspelt_name(bencher: divan::Bencher<'_, '_>, name: &str) {
    let kind = if name.starts_with("pc") { "machine" } else { "device" };
    let source = format!("{kind} {name}\n");
    bencher.bench(|| compile(divan::black_box(&source), &Options::default()));
}

#[divan::bench]
fn a_word_of_2_mb(bencher: divan::Bencher<'_, '_>) {
    let source = format!("device {}\n", "virtio".repeat(333_333));
    bencher
        .counter(BytesCount::of_str(&source))
        .bench(|| compile(divan::black_box(&source), &Options::default()));
}

/// So many holes that name nothing, and as many parameters that they could mean.
#[divan::bench(args = [300, 3_000])]
fn unknown_holes(bencher: divan::Bencher<'_, '_>, count: usize) {
    let mut source = String::new();
    for index in 0..count {
        let _ = writeln!(source, "param parameter_{index}: string = \"x\"");
    }
    for index in 0..count {
        let _ = writeln!(source, "device virtio-rng-pci id={{prameter_{index}x}}");
    }
    bencher.counter(ItemsCount::new(count)).bench(|| compile(divan::black_box(&source), &Options::default()));
}
