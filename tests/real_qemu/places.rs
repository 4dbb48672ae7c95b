//! A value is what QEMU has in the end, or is refused when it is bound: it never says anything else.
//!
//! `QEMU_DSL_REAL_CASES` says how many VMs of random values each QEMU gets, and `QEMU_DSL_SEED` which.

use std::fs;

use qemu_dsl::{Open, Options, Target, bind};
use serde_json::{Value, json};

use crate::hostile;
use crate::outcome::{Outcome, Stop, ensure, equal, some};
use crate::qemu::{Compiled, Qemu, Running};
use crate::random::from_environment;
use crate::world::World;

const DEFAULT_SEED: u64 = 0xbad;
const DEFAULT_CASES: u64 = 6;

/// What would be something else in a list, a path, JSON or a command line, were it not kept in its place.
const HOSTILE: &[&str] = &[
    "a,readonly=on",
    ",readonly=on",
    "a,,readonly=on,",
    "x,file.driver=null-co",
    "file.driver=null-co",
    "json:{\"driver\":\"null-co\"}",
    "nbd:localhost:1",
    "fat:rw:a",
    "-daemonize",
    "--",
    "=",
    "id=x",
    "a'b\"c\\d",
    "a\nb\tc",
    "%s%n",
    "é日\u{202e}",
    "help",
    "?",
    " a ",
    "on",
    "0x10",
];

/// Where a value stands.
struct Place {
    name: &'static str,
    /// What harms nobody there.
    harmless: &'static str,
    /// Whether QEMU can have it there, as far as the compiler can't know.
    can_be: fn(&str) -> bool,
    /// What QEMU has.
    read: fn(&Running<'_>, &str) -> Outcome<Value>,
}

const PLACES: &[Place] = &[
    Place {
        name: "name",
        harmless: "n",
        can_be: always,
        read: |qemu, _| member(qemu, "query-name", "/name"),
    },
    Place { name: "append", harmless: "a", can_be: always, read: |qemu, _| qemu.get("/machine", "append") },
    Place { name: "data", harmless: "d", can_be: always, read: |qemu, _| qemu.get("/objects/s", "data") },
    Place {
        name: "tls",
        harmless: "t",
        can_be: is_short,
        read: |qemu, _| {
            let dir = qemu.get("/objects/tls", "dir")?;
            Ok(json!(dir.as_str().and_then(|dir| dir.strip_prefix("nowhere/"))))
        },
    },
    Place {
        name: "serial",
        harmless: "s",
        can_be: always,
        read: |qemu, _| qemu.get("/machine/peripheral/t", "serial"),
    },
    Place {
        name: "id",
        harmless: "i",
        can_be: always,
        read: |qemu, _| member(qemu, "query-block", "/0/device"),
    },
    Place { name: "file", harmless: "disk.img", can_be: is_file_name, read: |qemu, _| disk(qemu) },
    Place {
        name: "tag",
        harmless: "m",
        can_be: always,
        read: |qemu, _| qemu.get("/machine/peripheral/fs0", "mount_tag"),
    },
    Place { name: "socket", harmless: "c.sock", can_be: is_file_name, read: socket },
    Place { name: "fw_cfg", harmless: "f", can_be: is_short, read: |qemu, _| firmware_file(qemu, "opt/x") },
    Place {
        name: "forward",
        harmless: "tcp:127.0.0.1:0-:22",
        can_be: always,
        read: |qemu, value| {
            let forwards = qemu.info("usernet")?.matches("HOST_FORWARD").count();
            equal("forwards", forwards, 1)?;
            Ok(json!(value))
        },
    },
];

/// The same in devices that join the guest: in QMP's JSON.
const PLUGGED: &[Place] = &[
    Place {
        name: "more_data",
        harmless: "d",
        can_be: always,
        read: |qemu, _| qemu.get("/objects/p", "data"),
    },
    Place {
        name: "more_serial",
        harmless: "s",
        can_be: always,
        read: |qemu, _| qemu.get("/machine/peripheral/u", "serial"),
    },
    Place {
        name: "more_file",
        harmless: "more.img",
        can_be: is_file_name,
        read: |qemu, _| {
            let nodes = qemu.ask("query-named-block-nodes", json!({}))?;
            let is_own = |node: &&Value| {
                node.get("drv") == Some(&json!("file")) && node.get("ro") == Some(&json!(true))
            };
            let node = nodes.as_array().and_then(|nodes| nodes.iter().find(is_own));
            let file = some(node.and_then(|node| node.get("file")?.as_str()), "node of a file")?;
            Ok(json!(file.strip_prefix("more/")))
        },
    },
];

/// The text whose values they are.
fn text(world: &World) -> String {
    let params: String = PLACES.iter().map(|place| format!("param {}: string\n", place.name)).collect();
    let text = "machine pc accel=tcg nodefaults name {name}
        kernel \"DIR/kernel\" append={append}
        object secret id=s data={data}
        object tls-creds-anon id=tls endpoint=server dir=\"nowhere/{tls}\"
        controller qemu-xhci
        device usb-tablet id=t serial={serial}
        disk id={id} file={file} format=raw readonly=off
        fs local id=fs0 path=\"DIR\" security=none tag={tag}
        chardev socket id=c path=\"sockets/{socket}\" server wait=off
        fw_cfg \"opt/x\" string={fw_cfg}
        netdev user hostfwd={forward}";
    params + &text.replace("DIR", &world.path().to_string_lossy())
}

fn plugged() -> String {
    let params: String = PLUGGED.iter().map(|place| format!("param {}: string\n", place.name)).collect();
    params
        + "object secret id=p data={more_data}
           device usb-tablet id=u serial={more_serial}
           disk id=more file=\"more/{more_file}\" format=raw readonly=on"
}

fn always(_: &str) -> bool {
    true
}

/// Whether it can be a path.
fn is_short(value: &str) -> bool {
    value.len() < 200
}

/// Whether it can be a file of the folder in which QEMU works.
fn is_file_name(value: &str) -> bool {
    value.len() < 100 && !value.contains(['/', '\0']) && value != "." && value != ".."
}

pub(crate) fn keep_their_values(qemu: &Qemu) -> Outcome {
    // The kernel takes arguments of up to 128 KiB.
    let long = "a=b".repeat(33_000);
    for hostile in HOSTILE.iter().copied().chain([long.as_str(), "a\0b"]) {
        start(qemu, &mut || hostile.to_owned())?;
    }
    let first = from_environment("QEMU_DSL_SEED")?.unwrap_or(DEFAULT_SEED);
    let cases = from_environment("QEMU_DSL_REAL_CASES")?.unwrap_or(DEFAULT_CASES);
    for seed in (0..cases).map(|case| first.wrapping_add(case)) {
        let mut random = fastrand::Rng::with_seed(seed);
        start(qemu, &mut || hostile::string(&mut random)).map_err(|stop| match stop {
            Stop::Failed(text) => {
                Stop::Failed(format!("QEMU_DSL_SEED={seed} QEMU_DSL_REAL_CASES=1 repeats this:\n{text}"))
            }
            lacking @ Stop::Lacking(_) => lacking,
        })?;
    }
    Ok(())
}

/// Starts QEMU with values of `next` wherever they are taken, and plugs devices with some.
fn start(qemu: &Qemu, next: &mut impl FnMut() -> String) -> Outcome {
    let world = World::new()?;
    for folder in ["sockets", "more"] {
        fs::create_dir(world.file(folder))?;
    }
    let options = || {
        let target = Target::new(qemu.arch, qemu.version);
        Options { target: target.into(), open: Open::Parameters, ..Options::default() }
    };
    let text = text(&world);
    let compiled = qemu_dsl::compile(&text, &options());
    let template = compiled.open.ok_or_else(|| Stop::failed(format!("{:#?}", compiled.diagnostics)))?;
    let values = taken(PLACES, next, |values| template.bind_named(values).is_ok());
    let plan = template.bind_named(&named(&values)).map_err(Stop::failed)?;
    let compiled = qemu_dsl::compile_devices(&plugged(), &options());
    let devices = compiled.open.ok_or_else(|| Stop::failed(format!("{:#?}", compiled.diagnostics)))?;
    let more = taken(PLUGGED, next, |values| devices.bind_named(values).is_ok());
    let fragment = devices.bind_named(&named(&more)).map_err(Stop::failed)?;
    let files = [(&values, "file", "."), (&more, "more_file", "more")];
    for (values, name, folder) in files {
        let (_, value) = some(values.iter().find(|(place, _)| place.name == name), name)?;
        fs::write(world.file(folder).join(value), [0; 512])?;
    }

    let shown: Vec<_> =
        values.iter().chain(&more).map(|(place, value)| format!("{}: {value:.60?}", place.name)).collect();
    let compiled = Compiled {
        source: format!("{text}\n// {}", shown.join("\n// ")),
        plan: Some(plan),
        diagnostics: Vec::new(),
    };
    let running = qemu.run(&compiled, &world)?;
    running.explain((|| {
        are_there(&running, &values)?;
        let blocks = running.ask("query-block", json!({}))?;
        equal("read-only", blocks.pointer("/0/inserted/ro"), Some(&json!(false)))?;
        equal("disks", blocks.as_array().map(Vec::len), Some(1))?;
        running.plug(&fragment)?;
        are_there(&running, &more)?;
        let blocks = running.ask("query-block", json!({}))?;
        equal("disks", blocks.as_array().map(Vec::len), Some(2))
    })())?;
    running.quit()
}

fn are_there(running: &Running<'_>, values: &[(&Place, String)]) -> Outcome {
    for (place, value) in values {
        let found = (place.read)(running, value)?;
        ensure!(found == json!(value), "{}: found {found:.300?}, expected {value:.300?}", place.name)?;
    }
    Ok(())
}

/// A value for each place: the next one if it takes that, else a harmless one.
fn taken<'p>(
    places: &'p [Place],
    next: &mut impl FnMut() -> String,
    takes: impl Fn(&[(&str, bind::Value)]) -> bool,
) -> Vec<(&'p Place, String)> {
    let value_of = |place: &'p Place| {
        let value = next();
        // Each by itself, to see which take it.
        let values = places.iter().map(|other| {
            (other.name, bind::Value::from(if other.name == place.name { &value } else { other.harmless }))
        });
        let is_taken = (place.can_be)(&value) && takes(&values.collect::<Vec<_>>());
        (place, if is_taken { value } else { place.harmless.to_owned() })
    };
    places.iter().map(value_of).collect()
}

fn named<'v>(values: &'v [(&Place, String)]) -> Vec<(&'v str, bind::Value)> {
    values.iter().map(|(place, value)| (place.name, bind::Value::from(value))).collect()
}

fn member(qemu: &Running<'_>, command: &str, pointer: &str) -> Outcome<Value> {
    let answer = qemu.ask(command, json!({}))?;
    Ok(answer.pointer(pointer).cloned().unwrap_or_default())
}

/// The file of the disk that was there from the beginning, as it is called in QEMU's folder.
fn disk(qemu: &Running<'_>) -> Outcome<Value> {
    let file = member(qemu, "query-block", "/0/inserted/file")?;
    let file = file.as_str().unwrap_or_default();
    Ok(json!(file.strip_prefix("./").unwrap_or(file)))
}

/// The path of the socket on which a backend listens, which is there.
fn socket(qemu: &Running<'_>, value: &str) -> Outcome<Value> {
    ensure!(qemu.world.file("sockets").join(value).exists(), "no socket {value:?}")?;
    let backends = qemu.ask("query-chardev", json!({}))?;
    let own = |backend: &&Value| backend.get("label") == Some(&json!("c"));
    let backend = backends.as_array().and_then(|backends| backends.iter().find(own));
    let file =
        backend.and_then(|backend| backend.get("filename")).and_then(Value::as_str).unwrap_or_default();
    let path = file
        .strip_prefix("disconnected:unix:sockets/")
        .and_then(|file| file.strip_suffix(",server=on").or_else(|| file.strip_suffix(",server")));
    Ok(json!(path))
}

/// What the firmware finds under a name, read by the ports of QEMU's device for that.
fn firmware_file(qemu: &Running<'_>, name: &str) -> Outcome<Value> {
    const DIRECTORY: u16 = 0x19;
    let monitor = |line: String| qemu.ask("human-monitor-command", json!({ "command-line": line }));
    let select = |key: u16| monitor(format!("o /h 0x510 {key:#x}"));
    let read = |bytes: u32| -> Outcome<Vec<u8>> {
        let byte = |_| {
            // `portb[0x0511] = 0x51`, of older ones `00` where it is none
            let answer = monitor("i /b 0x511".into())?;
            let byte = answer.as_str().and_then(|answer| answer.trim_end().rsplit_once("= "));
            let byte = byte.map(|(_, byte)| byte.trim_start_matches("0x"));
            some(byte.and_then(|byte| u8::from_str_radix(byte, 16).ok()), "byte of fw_cfg")
        };
        (0..bytes).map(byte).collect()
    };
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    select(DIRECTORY)?;
    let files = number(&read(4)?);
    for _ in 0..files {
        let (size, key) = (number(&read(4)?), number(&read(4)?) >> 16);
        let own = read(56)?;
        if own.split(|byte| *byte == 0).next() == Some(name.as_bytes()) {
            select(u16::try_from(key)?)?;
            return Ok(json!(String::from_utf8(read(size)?)?));
        }
    }
    Err(Stop::failed(format!("there is no {name} for the firmware")))
}
