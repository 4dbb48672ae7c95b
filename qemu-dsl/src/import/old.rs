//! Options of old, each as today's say it.
//!
//! One that a statement prints is left to the statement.
//!
//! **The same devices.** A drive with an interface (`-hda`, `if=virtio`) is a device that QEMU adds, on the same bus and behind
//! those of the command line. A command line that names a drive's device has no CD-ROM drive of its own any more, so that
//! is written out as well.

use std::collections::HashSet;

use super::backend;
use super::given::{Given, merge};
use crate::{Arch, Target};

/// Makes options of old today's, of those that no statement says, and tells what was done. The others are left alone.
pub(super) fn renew(givens: &mut Vec<Given>, target: Target, passed: &HashSet<usize>) -> Vec<String> {
    let mut notes = Vec::new();
    let mut all: Vec<Given> = Vec::new();
    let mut early: Vec<usize> = Vec::new();
    let mut counts = Counts::new(givens, target);
    for given in givens.drain(..) {
        let is_passed = passed.contains(&given.at);
        match renewed(&given, &mut counts).filter(|_| is_passed) {
            Some(new) => {
                let words: Vec<_> = new.iter().map(shown).collect();
                let old = shown(&given);
                notes.push(match words.as_slice() {
                    [] => format!("`{old}` says nothing that isn't so anyway."),
                    words => format!("`{old}` is `{}` today.", words.join(" ")),
                });
                let is_early = matches!(given.flag.as_str(), "-net" | "-nic" | "-usbdevice");
                for given in new {
                    let is_early = is_early && given.flag == "-device";
                    if is_early {
                        early.push(given.at);
                    }
                    let is_device = |other: &Given| other.flag == "-device" && !early.contains(&other.at);
                    match all.iter().position(is_device).filter(|_| is_early) {
                        // QEMU makes these before the devices of the command line.
                        Some(at) => all.insert(at, given),
                        None => add(&mut all, given),
                    }
                }
            }
            None => add(&mut all, given),
        }
    }
    *givens = all;
    if notes.is_empty() {
        snapshot(givens, passed, &mut notes);
        memory(givens, passed, &mut notes, &mut counts);
        drives(givens, passed, &mut notes, &mut counts);
        addresses(givens, &mut notes);
        let machine = givens.iter_mut().find(|given| given.flag == "-machine" && passed.contains(&given.at));
        if let Some(machine) =
            machine.filter(|machine| machine.get("type").is_none() && counts.board == Some(Board::Pc))
        {
            merge(machine, &Given::of_list(machine.at, "-machine", &[("", "pc")]));
            notes.push("Without a type the machine is QEMU's default, `pc`.".to_owned());
        }
    }
    notes
}

/// Writes out the MAC addresses that QEMU gives to cards without one, by their order.
fn addresses(givens: &mut [Given], notes: &mut Vec<String>) {
    let is_wanted =
        |id: &str| givens.iter().any(|given| given.flag == "-netdev" && given.get("id") == Some(id));
    let is_card = |given: &Given| {
        given.flag == "-device"
            && given.items.iter().all(|item| !item.name.contains('.'))
            && given.get("netdev").is_some()
    };
    let wanted: Vec<bool> =
        givens.iter().map(|given| is_card(given) && given.get("netdev").is_some_and(is_wanted)).collect();
    let mut taken: Vec<String> = Vec::new();
    for (given, is_wanted) in givens.iter_mut().zip(wanted) {
        if !is_card(given) {
            continue;
        }
        if let Some(mac) = given.get("mac") {
            taken.push(mac.to_ascii_lowercase());
            continue;
        }
        let free = (0x56..=0xff).map(|last| format!("52:54:00:12:34:{last:02x}"));
        let Some(mac) = free.into_iter().find(|mac| !taken.contains(mac)) else { return };
        taken.push(mac.clone());
        if is_wanted {
            let mut list: Vec<_> =
                given.items.iter().map(|item| (item.name.as_str(), item.value.as_str())).collect();
            list.push(("mac", &mac));
            let new = Given::of_list(given.at, "-device", &list);
            notes.push(format!("The MAC address {mac} is the one that QEMU gives to `{}`.", shown(given)));
            *given = new;
        }
    }
}

fn add(all: &mut Vec<Given>, given: Given) {
    match all.iter_mut().find(|other| other.flag == "-machine" && given.flag == "-machine") {
        Some(machine) => merge(machine, &given),
        None => all.push(given),
    }
}

/// As a comment shows it, on one line.
fn shown(given: &Given) -> String {
    let words = [Some(given.flag.as_str()), given.value.as_deref()];
    let words: Vec<_> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// What a command line has besides, and how many of some things there were.
struct Counts {
    /// The ids that are there.
    ids: HashSet<String>,
    /// The id of the network of `-net`, where that is one card and one backend: more of them share a hub.
    network: Option<String>,
    board: Option<Board>,
    /// The character devices of monitors.
    monitors: Vec<String>,
    has_defaults: bool,
    has_snapshot: bool,
}

/// The boards whose own devices are known here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Board {
    Pc,
    Q35,
    /// Of the drives that QEMU connects by itself it has the firmware's alone.
    Virt,
}

impl Counts {
    fn new(givens: &[Given], target: Target) -> Self {
        let has = |flag: &str| givens.iter().any(|given| given.flag == flag);
        let machine = givens.iter().find(|given| given.flag == "-machine");
        let ty = machine.and_then(|machine| machine.get("type")).unwrap_or("pc");
        let board = match ty {
            ty if target.arch == Arch::Aarch64 => {
                (ty == "virt" || ty.starts_with("virt-")).then_some(Board::Virt)
            }
            _ if target.arch != Arch::X86_64 => None,
            "pc" => Some(Board::Pc),
            "q35" => Some(Board::Q35),
            ty if ty.starts_with("pc-i440fx-") => Some(Board::Pc),
            ty if ty.starts_with("pc-q35-") => Some(Board::Q35),
            _ => None,
        };
        let nets =
            || givens.iter().filter(|given| given.flag == "-net").filter_map(|given| given.items.first());
        let cards = nets().filter(|item| item.value == "nic").count();
        let ids = givens.iter().flat_map(|given| &given.items);
        let ids = ids.filter(|item| matches!(item.name.as_str(), "id" | "node-name"));
        let mut ids: HashSet<_> = ids.map(|item| item.value.clone()).collect();
        let is_backend = |given: &&Given| {
            given.flag == "-net" && given.items.first().is_some_and(|kind| kind.value != "nic")
        };
        let network = givens.iter().find(is_backend).filter(|_| cards == 1 && nets().count() == 2);
        let network = network.map(|backend| match backend.get("id") {
            Some(id) => id.to_owned(),
            None => fresh(&mut ids, "vlan", Some(0)),
        });
        let monitors = givens.iter().filter_map(|given| match given.flag.as_str() {
            "-mon" => given.get("chardev"),
            "-monitor" | "-qmp" | "-qmp-pretty" => given.value.as_deref()?.strip_prefix("chardev:"),
            _ => None,
        });
        let monitors = monitors.map(str::to_owned).collect();
        Self {
            ids,
            network,
            board,
            monitors,
            has_defaults: !has("-nodefaults"),
            has_snapshot: has("-snapshot"),
        }
    }
}

/// An id that nothing has: this one, or with a number behind it, from that one on.
fn fresh(ids: &mut HashSet<String>, wanted: &str, number: Option<usize>) -> String {
    let numbered = (number.unwrap_or(1)..).map(|number| format!("{wanted}{number}"));
    let own = number.is_none().then(|| wanted.to_owned());
    let id = own.into_iter().chain(numbered).find(|id| !ids.contains(id)).unwrap_or_default();
    ids.insert(id.clone());
    id
}

/// Makes `-snapshot` a property of each drive, which it is.
fn snapshot(givens: &mut Vec<Given>, passed: &HashSet<usize>, notes: &mut Vec<String>) {
    let Some(at) = givens.iter().position(|given| given.flag == "-snapshot" && passed.contains(&given.at))
    else {
        return;
    };
    givens.remove(at);
    for given in givens.iter_mut().filter(|given| given.flag == "-drive" && given.get("snapshot").is_none()) {
        let mut list: Vec<_> =
            given.items.iter().map(|item| (item.name.as_str(), item.value.as_str())).collect();
        list.push(("snapshot", "on"));
        *given = Given::of_list(given.at, "-drive", &list);
    }
    notes.push("`-snapshot` is `snapshot=on` of each drive today.".to_owned());
}

/// Makes where the guest's memory is, `-mem-path` and `-mem-prealloc`, an object of the machine's.
fn memory(givens: &mut Vec<Given>, passed: &HashSet<usize>, notes: &mut Vec<String>, counts: &mut Counts) {
    let is_old = |given: &&Given| matches!(given.flag.as_str(), "-mem-path" | "-mem-prealloc");
    let has_nodes = givens.iter().any(|given| given.flag == "-numa");
    let has_own =
        givens.iter().any(|given| given.flag == "-machine" && given.get("memory-backend").is_some());
    let old: Vec<Given> = givens.iter().filter(is_old).cloned().collect();
    let Some(first) = old.iter().find(|given| passed.contains(&given.at)) else { return };
    if has_nodes || has_own {
        return;
    }
    let of_memory = givens.iter().find(|given| given.flag == "-m");
    let size = of_memory.and_then(|given| given.get("size")).unwrap_or("128");
    let is_number = size.bytes().all(|byte| byte.is_ascii_digit());
    let size = if is_number { format!("{size}M") } else { size.to_owned() };
    let id = fresh(&mut counts.ids, "ram", Some(0));
    let path = old.iter().rev().find(|given| given.flag == "-mem-path").and_then(|given| given.value.clone());
    let kind = if path.is_some() { "memory-backend-file" } else { "memory-backend-ram" };
    let mut list = vec![("", kind), ("id", id.as_str()), ("size", size.as_str())];
    list.extend(path.as_deref().map(|path| ("mem-path", path)));
    list.extend(old.iter().any(|given| given.flag == "-mem-prealloc").then_some(("prealloc", "on")));
    let words: Vec<_> = old.iter().map(shown).collect();
    let object = Given::of_list(first.at, "-object", &list);
    notes.push(format!("`{}` is `{}` today, of the machine's.", words.join(" "), shown(&object)));
    let machine = Given::of_list(first.at, "-machine", &[("memory-backend", &id)]);
    givens.retain(|given| !is_old(&given));
    givens.push(object);
    add(givens, machine);
}

/// Makes drives that QEMU connects by itself drives and devices.
fn drives(all: &mut Vec<Given>, passed: &HashSet<usize>, notes: &mut Vec<String>, counts: &mut Counts) {
    let Some(board) = counts.board else { return };
    let is_drive = |given: &Given| given.flag == "-drive";
    let is_flash = |given: &Given| given.get("if") == Some("pflash");
    let is_ide = |given: &Given| is_drive(given) && matches!(given.get("if"), None | Some("ide"));
    let index_of = |given: &Given| given.get("index").and_then(|index| index.parse::<usize>().ok());
    let mut taken: Vec<usize> = all.iter().filter(|given| is_ide(given)).filter_map(index_of).collect();
    let names_devices = all.iter().any(|given| {
        let driver = given.get("driver").unwrap_or_default();
        given.flag == "-device" && matches!(driver, "ide-cd" | "ide-hd" | "ide-drive" | "scsi-cd" | "scsi-hd")
    });
    let mut devices: Vec<Given> = Vec::new();
    let mut is_named = names_devices;
    let mut flash: Vec<Given> = Vec::new();
    for given in all.iter_mut().filter(|given| is_drive(given)) {
        let at = given.at;
        let old = shown(given);
        let known = |name: &str| {
            matches!(
                name,
                "if" | "index"
                    | "media"
                    | "id"
                    | "file"
                    | "format"
                    | "cache"
                    | "aio"
                    | "readonly"
                    | "snapshot"
                    | "discard"
                    | "detect-zeroes"
                    | "werror"
                    | "rerror"
                    | "serial"
            ) || name.starts_with("cache.")
                || name.starts_with("throttling.")
        };
        if !passed.contains(&given.at)
            || given.items.is_empty()
            || !given.items.iter().all(|item| known(&item.name) || (item.name == "unit" && is_flash(given)))
        {
            continue;
        }
        let is_cd = given.get("media") == Some("cdrom");
        // Of another file QEMU guesses the format.
        let is_iso = given.get("file").is_some_and(|file| file.to_ascii_lowercase().ends_with(".iso"));
        let (id, device) = match given.get("if").unwrap_or("ide") {
            "ide" if board != Board::Virt => {
                let free = (0..).find(|index| !taken.contains(index)).unwrap_or_default();
                let index = index_of(given).unwrap_or(free);
                taken.push(index);
                let (bus, unit) = match board {
                    Board::Pc => (index / 2, index % 2),
                    Board::Q35 | Board::Virt => (index, 0),
                };
                let most = if board == Board::Pc { 4 } else { 6 };
                if index >= most {
                    continue;
                }
                let (driver, word) = if is_cd { ("ide-cd", "cd") } else { ("ide-hd", "hd") };
                let id = given.get("id").map(str::to_owned);
                let id =
                    id.unwrap_or_else(|| fresh(&mut counts.ids, &format!("ide{bus}-{word}{unit}"), None));
                let (bus, unit) = (format!("ide.{bus}"), unit.to_string());
                let mut list = vec![("", driver), ("drive", id.as_str()), ("bus", bus.as_str())];
                // The first place is the first free one.
                if unit != "0" {
                    list.push(("unit", &unit));
                }
                is_named = true;
                (id.clone(), Given::of_list(at, "-device", &list))
            }
            "virtio" if board != Board::Virt && !is_cd && given.get("index").is_none() => {
                let id = given.get("id").map(str::to_owned);
                let id = id.unwrap_or_else(|| fresh(&mut counts.ids, "virtio", Some(0)));
                (id.clone(), Given::of_list(at, "-device", &[("", "virtio-blk"), ("drive", id.as_str())]))
            }
            "pflash" if !counts.has_snapshot => {
                if let Some(new) = pflash(given, flash.len() / 2, &mut counts.ids) {
                    notes.push(format!("`{old}` is a block node and a property of the machine today."));
                    flash.extend(new);
                    // It is taken out below.
                    given.flag = String::new();
                    given.value = None;
                }
                continue;
            }
            // Its device is another option's.
            "none" if given.get("media").is_some() => {
                let own = given.items.iter().filter(|item| item.name != "media");
                let mut list: Vec<_> = own.map(|item| (item.name.as_str(), item.value.as_str())).collect();
                let has = |name: &str| given.get(name).is_some();
                list.extend((is_cd && !has("readonly")).then_some(("readonly", "on")));
                list.extend((is_cd && is_iso && !has("format")).then_some(("format", "raw")));
                let new = Given::of_list(at, "-drive", &list);
                notes.push(format!("`{old}` is `{}` today.", shown(&new)));
                *given = new;
                continue;
            }
            _ => continue,
        };
        notes.push(format!(
            "`{old}` is a drive and a device `{}` today.",
            device.get("driver").unwrap_or_default()
        ));
        let mut device = device;
        let mut list: Vec<(&str, &str)> = vec![("id", id.as_str())];
        let mut of_device: Vec<(&str, &str)> = device
            .items
            .iter()
            .map(|item| (if item.name == "driver" { "" } else { item.name.as_str() }, item.value.as_str()))
            .collect();
        for item in &given.items {
            match item.name.as_str() {
                "if" | "index" | "media" | "id" => {}
                // The device's today.
                "serial" | "werror" | "rerror" => of_device.push((&item.name, &item.value)),
                name => list.push((name, &item.value)),
            }
        }
        if is_cd && given.get("readonly").is_none() {
            list.push(("readonly", "on"));
        }
        if is_cd && is_iso && given.get("format").is_none() {
            list.push(("format", "raw"));
            notes.push(format!("QEMU would guess the format of `{old}`: an ISO image is `raw`."));
        }
        list.push(("if", "none"));
        let new = Given::of_list(at, "-drive", &list);
        device = Given::of_list(at, "-device", &of_device);
        *given = new;
        devices.push(device);
    }
    let default = match board {
        Board::Pc => ("ide.1", "0", 2),
        Board::Q35 | Board::Virt => ("ide.2", "0", 2),
    };
    if is_named && !names_devices && counts.has_defaults && !taken.contains(&default.2) {
        let id = fresh(&mut counts.ids, &format!("{}-cd0", default.0.replace('.', "")), None);
        let at = all.last().map_or(0, |given| given.at);
        let list = [("", "ide-cd"), ("bus", default.0), ("unit", default.1), ("drive", id.as_str())];
        devices.push(Given::of_list(at, "-drive", &[("if", "none"), ("id", &id), ("readonly", "on")]));
        notes.push(
            "QEMU's own CD-ROM drive is written out: where a drive's device is named, it adds none."
                .to_owned(),
        );
        devices.push(Given::of_list(at, "-device", &list));
    }
    all.retain(|given| !(given.flag.is_empty() && given.value.is_none()));
    all.extend(devices);
    flash.into_iter().for_each(|given| add(all, given));
}

/// Firmware as a block node, and the machine's property that names it.
fn pflash(given: &Given, number: usize, ids: &mut HashSet<String>) -> Option<Vec<Given>> {
    let unit = match given.get("unit").or(given.get("index")) {
        Some(unit) => unit.parse().ok().filter(|unit| *unit < 2)?,
        None => number,
    };
    let is_plain = |name: &str| matches!(name, "if" | "index" | "unit" | "file" | "format" | "readonly");
    if unit > 1 || !given.items.iter().all(|item| is_plain(&item.name)) {
        return None;
    }
    let file = given.get("file")?;
    let format = given.get("format")?;
    let node = fresh(ids, if unit == 0 { "code" } else { "vars" }, None);
    let node = node.as_str();
    let mut list = vec![("driver", format), ("node-name", node)];
    list.extend(given.get("readonly").map(|readonly| ("read-only", readonly)));
    list.extend([("file.driver", "file"), ("file.filename", file)]);
    Some(vec![
        Given::of_list(given.at, "-blockdev", &list),
        Given::of_list(given.at, "-machine", &[(if unit == 0 { "pflash0" } else { "pflash1" }, node)]),
    ])
}

/// Sound cards by their old names: the devices of each.
const SOUND: &[(&str, &[&str])] = &[
    ("ac97", &["AC97"]),
    ("adlib", &["adlib"]),
    ("cs4231a", &["cs4231a"]),
    ("es1370", &["ES1370"]),
    ("gus", &["gus"]),
    ("hda", &["intel-hda", "hda-duplex"]),
    ("sb16", &["sb16"]),
    ("virtio", &["virtio-sound-pci"]),
];

/// What an option says today, if it is of old.
fn renewed(given: &Given, counts: &mut Counts) -> Option<Vec<Given>> {
    let at = given.at;
    let value = given.value.as_deref().unwrap_or_default();
    let list = |flag: &str, list: &[(&str, &str)]| Some(vec![Given::of_list(at, flag, list)]);
    let machine = |name: &str, value: &str| list("-machine", &[(name, value)]);
    let word = |flag: &str, value: &str| Some(vec![Given::new(at, flag, Some(value.to_owned()))]);
    let drive =
        |index: &str, media: &str| list("-drive", &[("file", value), ("index", index), ("media", media)]);
    if let Some(name) = backend::name_of(&given.flag)
        && let Some(new) = backend::renewed(given, &fresh(&mut counts.ids, name, Some(0)))
    {
        return Some(new);
    }
    match given.flag.as_str() {
        "-enable-kvm" => machine("accel", "kvm"),
        "-no-kvm" => machine("accel", "tcg"),
        "-enable-hax" => machine("accel", "hax"),
        "-accel" if !value.contains(',') => machine("accel", value),
        "-usb" => machine("usb", "on"),
        "-no-acpi" => machine("acpi", "off"),
        "-no-hpet" => machine("hpet", "off"),
        "-mem-prealloc" | "-no-fd-bootchk" => None,
        "" | "-hda" => drive("0", "disk"),
        "-hdb" => drive("1", "disk"),
        "-hdc" => drive("2", "disk"),
        "-hdd" => drive("3", "disk"),
        "-cdrom" => drive("2", "cdrom"),
        "-fda" => list("-drive", &[("file", value), ("if", "floppy"), ("index", "0")]),
        "-fdb" => list("-drive", &[("file", value), ("if", "floppy"), ("index", "1")]),
        "-sd" => list("-drive", &[("file", value), ("if", "sd")]),
        "-pflash" => list("-drive", &[("file", value), ("if", "pflash")]),
        "-mtdblock" => list("-drive", &[("file", value), ("if", "mtd")]),
        "-smp" if given.get("cpus").is_none() => {
            let number = |name: &str| given.get(name).and_then(|text| text.parse::<u64>().ok());
            let parts = ["sockets", "dies", "clusters", "modules", "drawers", "books", "cores", "threads"];
            let all = parts.iter().filter_map(|name| number(name));
            let cpus = number("maxcpus").or_else(|| all.clone().try_fold(1, u64::checked_mul))?.to_string();
            let own = given.items.iter().map(|item| (item.name.as_str(), item.value.as_str()));
            list("-smp", &[("", cpus.as_str())].into_iter().chain(own).collect::<Vec<_>>())
        }
        "-localtime" => list("-rtc", &[("base", "localtime")]),
        "-startdate" => list("-rtc", &[("base", value)]),
        "-rtc-td-hack" => list("-rtc", &[("driftfix", "slew")]),
        "-s" => word("-gdb", "tcp::1234"),
        "-no-quit" | "-no-frame" | "-alt-grab" | "-ctrl-grab" => None,
        "-sdl" => word("-display", "sdl"),
        "-curses" => word("-display", "curses"),
        "-std-vga" => word("-vga", "std"),
        "-balloon" if value == "none" => Some(Vec::new()),
        "-balloon" => {
            value.strip_prefix("virtio").and_then(|rest| word("-device", &format!("virtio-balloon{rest}")))
        }
        "-watchdog" => word("-device", value),
        "-tdf" | "-kvm-shadow-memory" => None,
        "-realtime" => {
            value.strip_prefix("mlock=").and_then(|value| list("-overcommit", &[("mem-lock", value)]))
        }
        "-mon" => {
            let is_known = |name: &str| matches!(name, "chardev" | "mode" | "id" | "pretty");
            let chardev =
                given.get("chardev").filter(|_| given.items.iter().all(|item| is_known(&item.name)))?;
            let is_pretty = given.get("pretty") == Some("on");
            let flag = match given.get("mode") {
                Some("control") if is_pretty => "-qmp-pretty",
                Some("control") => "-qmp",
                Some("readline") | None if !is_pretty => "-monitor",
                _ => return None,
            };
            // `-monitor` is called like its character device: a second one would be, too.
            if counts.monitors.iter().filter(|own| *own == chardev).count() > 1 {
                return None;
            }
            word(flag, &format!("chardev:{chardev}"))
        }
        "-soundhw" => {
            let names: Vec<&str> = value.split(',').collect();
            let devices = names
                .iter()
                .map(|name| SOUND.iter().find(|(own, _)| own == name).map(|(_, devices)| *devices));
            let devices: Vec<_> = devices.collect::<Option<Vec<_>>>()?.concat();
            Some(
                devices
                    .into_iter()
                    .map(|device| Given::new(at, "-device", Some(device.to_owned())))
                    .collect(),
            )
        }
        "-usbdevice" => {
            let device = match value {
                "mouse" => "usb-mouse",
                "tablet" => "usb-tablet",
                "keyboard" => "usb-kbd",
                "wacom-tablet" => "usb-wacom-tablet",
                "braille" | "ccid" => return None,
                _ => return None,
            };
            Some(vec![
                Given::of_list(at, "-machine", &[("usb", "on")]),
                Given::new(at, "-device", Some(device.to_owned())),
            ])
        }
        "-net" | "-nic" => network(given, counts),
        "-virtfs" => {
            let driver = given.items.first()?;
            let tag = given.get("mount_tag")?;
            // QEMU itself calls it by its tag.
            let id = given.get("id").unwrap_or(tag).to_owned();
            let mut backend = vec![("", driver.value.as_str()), ("id", id.as_str())];
            let rest =
                given.items.iter().skip(1).filter(|item| !matches!(item.name.as_str(), "mount_tag" | "id"));
            backend.extend(rest.map(|item| (item.name.as_str(), item.value.as_str())));
            Some(vec![
                Given::of_list(at, "-fsdev", &backend),
                Given::of_list(
                    at,
                    "-device",
                    &[("", "virtio-9p-pci"), ("fsdev", id.as_str()), ("mount_tag", tag)],
                ),
            ])
        }
        _ => None,
    }
}

/// A network as a card and a backend, which are paired in their order.
fn network(given: &Given, counts: &mut Counts) -> Option<Vec<Given>> {
    let at = given.at;
    let (kind, rest) = given.items.split_first()?;
    let kind = if kind.name.is_empty() { kind.value.as_str() } else { return None };
    let mut backend: Vec<(&str, &str)> = Vec::new();
    let mut card: Vec<(&str, &str)> = Vec::new();
    let mut model = match counts.board? {
        Board::Pc => "e1000",
        Board::Q35 => "e1000e",
        Board::Virt => return None,
    };
    let mut own = None;
    for item in rest {
        match item.name.as_str() {
            "vlan" | "name" => return None,
            "id" => own = Some(item.value.as_str()),
            "model" => model = item.value.as_str(),
            "macaddr" | "mac" => card.push(("mac", &item.value)),
            "addr" | "vectors" => card.push((&item.name, &item.value)),
            name => backend.push((name, &item.value)),
        }
    }
    let model = match model {
        "virtio" => "virtio-net-pci",
        other => other,
    };
    let device = |id: &str, card: &[(&str, &str)]| {
        let own = [&[("", model), ("netdev", id)], card].concat();
        Given::of_list(at, "-device", &own)
    };
    let netdev = |id: &str, backend: &[(&str, &str)]| {
        let own = [&[("", kind), ("id", id)], backend].concat();
        Given::of_list(at, "-netdev", &own)
    };
    if kind == "none" {
        // The one says the same as the other.
        return (given.flag == "-nic").then(|| vec![Given::new(at, "-net", Some("none".to_owned()))]);
    }
    if given.flag == "-nic" {
        let id = match own {
            Some(id) => id.to_owned(),
            None => fresh(&mut counts.ids, "nic", Some(0)),
        };
        // Without a number of them QEMU has none here, and its default elsewhere.
        let has_vectors = card.iter().any(|(name, _)| *name == "vectors");
        card.extend((model == "virtio-net-pci" && !has_vectors).then_some(("vectors", "0")));
        return Some(vec![netdev(&id, &backend), device(&id, &card)]);
    }
    let id = counts.network.clone()?;
    if kind == "nic" {
        card.extend(own.map(|own| ("id", own)));
        return Some(vec![device(&id, &card)]);
    }
    backend.extend(card);
    Some(vec![netdev(&id, &backend)])
}
