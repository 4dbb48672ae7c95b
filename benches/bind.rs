//! What it costs to make a plan of a template and values: a fleet of VMs from one text.

use divan::Bencher;
use qemu_dsl::bind::{OpenTemplate, Size, Value};
use qemu_dsl::{Open, Options};

fn main() {
    divan::main();
}

/// A VM with what a fleet's VMs differ by.
const TEXT: &str = "
    param name: string
    param ram: size
    param image: path
    param mac: mac
    machine q35 accel=kvm
    name {name}
    memory {ram}
    smp 4
    disk file={image} format=raw
    netdev tap ifname=\"tap-{name}\" mac={mac} mq=4 vhost
    device virtio-rng-pci
    nodefaults
";

fn template() -> OpenTemplate {
    let options = Options { open: Open::Parameters, ..Options::default() };
    qemu_dsl::compile(TEXT, &options).open.unwrap_or_else(|| unreachable!("the text is right"))
}

/// A plan of a template that is there.
#[divan::bench]
fn a_plan(bencher: Bencher<'_, '_>) {
    let template = template();
    let mac = Some("52:54:00:12:34:56");
    bencher.bench(|| {
        template.bind_named(&[
            ("name", Value::from("web")),
            ("ram", Value::from(Size::gib(2))),
            ("image", Value::from("/srv/web.img")),
            ("mac", Value::from(mac)),
        ])
    });
}

/// A thousand of them.
#[divan::bench]
fn a_fleet(bencher: Bencher<'_, '_>) {
    let template = template();
    bencher.bench(|| {
        let plan = |number: usize| {
            let (name, image) = (format!("web{number}"), format!("/srv/{number}.img"));
            template.bind_named(&[
                ("name", Value::from(name)),
                ("ram", Value::from(Size::gib(2))),
                ("image", Value::from(image)),
                ("mac", Value::NONE),
            ])
        };
        (0..1000).filter_map(|number| plan(number).ok()).count()
    });
}
