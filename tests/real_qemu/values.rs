//! Values with all sorts of characters reach QEMU as they are written, or are refused.

use std::fs;

use qemu_dsl::plan::Mac;
use qemu_dsl::{Target, Version};
use serde_json::{Value, json};

use crate::arguments;
use crate::device;
use crate::outcome::{Outcome, Stop, ensure, equal};
use crate::qemu::{Qemu, Running, compile, compile_late};
use crate::world::{World, quoted};

/// What QEMU's options separate by, what shells and this language care for, and what isn't ASCII.
const WILD: &str = "a,b=c,,d \"e' \\ f\tg\u{a0}é 日 {x} %d $H;//<(";
/// The same at a length of 20 bytes, and of 31.
const WILD_20: &str = "a,b=c,,\"d' \\é\t{x}%s";
const WILD_31: &str = "a,b=c,,\"d' \\é\t{x}%s$H;//<( 日";

/// How a value gets into the text.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// In quotes.
    Literal,
    /// By a parameter.
    Hole,
    /// By a parameter whose value comes when the template is bound.
    Late,
}

/// A text that is put together with its values.
struct Source<'w> {
    way: Way,
    world: &'w mut World,
    params: String,
    body: String,
}

impl Source<'_> {
    /// `before`, the value, and white space.
    fn say(&mut self, before: &str, value: &str) -> Outcome<&mut Self> {
        self.body.push_str(before);
        match self.way {
            Way::Literal => self.body.push_str(&quoted(value)?),
            Way::Hole | Way::Late => {
                let name = format!("value{}", self.params.lines().count());
                self.params.push_str(&format!("param {name}: string\n"));
                // `arg` takes its texts in quotes, with holes in them.
                let quote = if before.contains("arg ") { "\"" } else { "" };
                self.body.push_str(&format!("{quote}{{{name}}}{quote}"));
                self.world.set(&name, value);
            }
        }
        self.body.push('\n');
        Ok(self)
    }

    fn text(&self) -> String {
        format!("{}{}", self.params, self.body)
    }
}

pub(crate) fn come_back(qemu: &Qemu, way: Way) -> Outcome {
    let mut world = World::new()?;
    equal("length", (WILD_20.len(), WILD_31.len()), (20, 31))?;
    // A line's end, in what can have one and in what is a file's name.
    let wild = format!("{WILD}\nz");
    let path = |world: &World, name: &str| world.file(&format!("{name}{wild}").replace('/', "|"));
    let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    let [disk, bios, kernel, initrd, share, socket, qmp, dimm, random, other] =
        ["disk", "bios", "kernel", "initrd", "share", "s", "q", "dimm", "random", "="]
            .map(|name| text(path(&world, name)));
    fs::rename(world.file("disk.img"), &disk)?;
    fs::rename(world.file("flash.img"), &bios)?;
    fs::rename(world.file("kernel"), &kernel)?;
    fs::rename(world.file("initrd"), &initrd)?;
    fs::rename(world.file("other.img"), &random)?;
    fs::create_dir(&share)?;

    let mut source = Source { way, world: &mut world, params: String::new(), body: String::new() };
    source
        .say("machine pc accel=tcg nodefaults memory 64M slots=1 max=1G name ", &wild)?
        .say("kernel ", &kernel)?
        .say("initrd=", &initrd)?
        .say("append=", &wild)?
        .say("bios ", &bios)?
        .say("disk id=d format=raw file=", &disk)?
        .say("serial=", WILD_20)?
        .say("blockdev null-co node-name=n device virtio-blk-pci drive=n serial=", WILD_20)?
        .say("fs local id=f security=none path=", &share)?
        .say("tag=", WILD_31)?
        .say("virtio-serial port socket chardev=c path=", &socket)?
        .say("name=", &wild)?
        .say("qmp unix ", &qmp)?
        .say("server nowait qmp unix ", &other)?
        .say("server nowait dimm pc-dimm size=2M memdev=m path=", &dimm)?
        .say("netdev user id=u hostname=", "a,b")?
        .say("bootfile=", &wild)?
        .say("tftp=", &share)?
        .say("object rng-random id=r filename=", &random)?
        .say("object secret id=s data=", &wild)?
        .say("global usb-tablet.serial=", &wild)?
        .say(
            "device virtio-rng-pci rng=r device qemu-xhci device usb-tablet arg \"-fw_cfg\" ",
            "name=opt/a,string=b",
        )?;
    let text = source.text();
    let target = Target::new(qemu.arch, qemu.version);
    let compiled = match way {
        Way::Literal | Way::Hole => qemu.compile(&text, &world),
        Way::Late => compile_late(&text, target, &world, |name| name.starts_with("value")),
    };
    let running = qemu.run(&compiled, &world)?;
    let examined = read_back(
        &running,
        &Expected { wild, disk, kernel, initrd, share, socket, qmp, random, other, dimm },
    );
    running.explain(examined)?;
    running.quit()
}

struct Expected {
    wild: String,
    disk: String,
    kernel: String,
    initrd: String,
    share: String,
    socket: String,
    qmp: String,
    random: String,
    other: String,
    dimm: String,
}

fn read_back(qemu: &Running<'_>, expected: &Expected) -> Outcome {
    let Expected { wild, disk, kernel, initrd, share, socket, qmp, random, other, dimm } = expected;
    equal("name", qemu.ask("query-name", json!({}))?, json!({ "name": wild }))?;
    for (property, value) in [("kernel", kernel), ("initrd", initrd), ("append", wild)] {
        equal(property, qemu.get("/machine", property)?, json!(value))?;
    }
    let blocks = qemu.ask("query-block", json!({}))?;
    equal("disk", blocks.pointer("/0/inserted/file"), Some(&json!(disk)))?;
    let devices = device::all(qemu, &arguments::read(qemu.args()))?;
    let values = |kind, property| device::values(&devices, qemu, kind, property);
    equal("serial", values("virtio-blk", "serial")?, [json!(WILD_20)])?;
    equal("serial", values("virtio-blk-pci", "serial")?, [json!(WILD_20)])?;
    equal("tag", values("virtio-9p-pci", "mount_tag")?, [json!(WILD_31)])?;
    equal("port", values("virtserialport", "name")?, [json!(wild)])?;
    equal("global", values("usb-tablet", "serial")?, [json!(wild)])?;
    equal("memory", qemu.get("/objects/m", "mem-path")?, json!(dimm))?;
    equal("object", qemu.get("/objects/r", "filename")?, json!(random))?;
    let chardevs = qemu.ask("query-chardev", json!({}))?;
    let files = chardevs.as_array().into_iter().flatten().filter_map(|own| own.get("filename"));
    let files: Vec<_> = files.filter_map(Value::as_str).collect();
    for path in [socket, qmp, other] {
        ensure!(files.iter().any(|file| file.contains(path.as_str())), "{path}: {files:?}")?;
        ensure!(fs::exists(path)?, "no socket {path}")?;
    }
    // The folder that it shares is open.
    let open = fs::read_dir(format!("/proc/{}/fd", qemu.pid()))?;
    let mut open = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    ensure!(open.any(|path| path.to_str() == Some(share)), "{share} is not open")
}

/// Devices without a MAC address have one of the VM's name and their id, the same for each QEMU.
pub(crate) fn generated_macs(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let text = "name \"we,b\" machine q35 accel=tcg nodefaults netdev user netdev user id=lan";
    let running = qemu.start(text, &world)?;
    let examined = (|| {
        let devices = device::all(&running, &arguments::read(running.args()))?;
        let macs = device::values(&devices, &running, "virtio-net-pci", "mac")?;
        let expected = ["net0", "lan"].map(|id| json!(Mac::generate("we,b", id).to_string()));
        equal("MAC addresses", macs, expected)
    })();
    running.explain(examined)?;
    running.quit()
}

/// What QEMU's syntax can't say, the compiler refuses, whatever the target.
pub(crate) fn refused() -> Outcome {
    let long = "p".repeat(108);
    let cases = [
        ("cpu \"qemu64,+aes\"".to_owned(), "inexpressible"),
        ("cpu qemu64 model-id=\"a,b\"".into(), "inexpressible"),
        ("netdev tap mq=1 ifname=sixteen_letters_ mac=52:54:00:12:34:56".into(), "name-too-long"),
        ("netdev tap mq=1 ifname=\"tap%d\" mac=52:54:00:12:34:56".into(), "inexpressible"),
        ("fs local path=\"/\" security=none tag=thirty-two-bytes-are-one-too-many".into(), "name-too-long"),
        ("disk file=a format=raw serial=21-bytes-are-too-many".into(), "name-too-long"),
        (format!("qmp unix \"{long}\" server nowait"), "name-too-long"),
        (format!("virtio-serial port socket path=\"{long}\""), "name-too-long"),
        ("netdev user hostfwd=\"tcp::1-:2,hostfwd=tcp::3-:4\"".into(), "inexpressible"),
        ("disk file=a format=raw id=\"ä\"".into(), "wrong-type"),
        ("disk file=a format=raw id=\"1a\"".into(), "wrong-type"),
        ("object rng-random id=\"a,b\" filename=\"/dev/urandom\"".into(), "wrong-type"),
        ("name \"a\\0b\"".into(), "inexpressible"),
        ("cpu \"?\"".into(), "asks-for-help"),
        ("machine pc help".into(), "asks-for-help"),
        ("device help".into(), "asks-for-help"),
        ("machine \"a=b\"".into(), "inexpressible"),
        ("rng driver=\"a=b,c\"".into(), "inexpressible"),
    ];
    let world = World::new()?;
    for target in Version::KNOWN {
        for (text, code) in &cases {
            let compiled = compile(text, target, &world);
            let codes = compiled.codes();
            let refused = compiled.has_errors() && codes.contains(code);
            if !refused {
                return Err(Stop::failed(format!("{text}, for {target}: {codes:?}, not {code}")));
            }
        }
    }
    Ok(())
}
