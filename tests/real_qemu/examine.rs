//! Looks over QMP for all that QEMU's arguments name: devices, backends, sizes, names.
//!
//! Whatever has a property that can be read is read, and is what the argument says. An option that nobody here knows
//! is a failure: it would go unexamined.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixStream;

use qemu_dsl::Arch;
use qemu_dsl::plan::FdSource;
use serde_json::{Value, json};

use crate::arguments::{self, Argument, List, is, size};
use crate::device::{self, Device};
use crate::outcome::{Outcome, Stop, ensure, equal, some};
use crate::qemu::{PATIENCE, Running};
use crate::text;

/// Looks for all that the arguments of `qemu` name.
pub(crate) fn examine(qemu: &Running<'_>) -> Outcome {
    let arguments = arguments::read(qemu.args());
    let devices = device::all(qemu, &arguments)?;
    let statements = text::statements(&qemu.source);
    let named: usize = statements.iter().map(text::Statement::devices).sum();
    equal("devices that the text names", devices.len(), named)?;
    for device in &devices {
        device.examine(qemu).map_err(|stop| stop.with(&format!("(the device `{}`)", device.kind)))?;
    }
    for argument in &arguments {
        let examined = one(qemu, argument, &arguments, &devices);
        examined.map_err(|stop| stop.with(&format!("({} {})", argument.flag, argument.value)))?;
    }
    descriptors(qemu)
}

fn one(qemu: &Running<'_>, argument: &Argument, arguments: &[Argument], devices: &[Device]) -> Outcome {
    let Argument { flag, value, list } = argument;
    match flag.as_str() {
        "-name" => {
            let name = list.get("guest").map_or(Value::Null, Value::from);
            equal("name", qemu.ask("query-name", json!({}))?.get("name"), Some(&name))
        }
        "-uuid" => {
            let uuid = qemu.ask("query-uuid", json!({}))?;
            ensure!(uuid.get("UUID").is_some_and(|uuid| is(value, uuid)), "{uuid}")
        }
        "-machine" => machine(qemu, list),
        "-cpu" => cpu(qemu, list),
        "-qmp" => qmp(qemu, value),
        "-m" => memory(qemu, list),
        "-smp" => smp(qemu, list),
        "-numa" => numa(qemu, list, arguments),
        "-rtc" => rtc(qemu, list),
        "-global" => global(qemu, argument, devices),
        "-serial" | "-parallel" | "-monitor" | "-qmp-pretty" | "-gdb" => match value.strip_prefix("chardev:")
        {
            Some(id) => find(&qemu.ask("query-chardev", json!({}))?, "label", id).map(drop),
            None => Ok(()),
        },
        "-vga" => {
            let has = qemu.ask("query-pci", json!({}))?.to_string().contains("VGA controller");
            equal("graphics adapter", has, value != "none")
        }
        "-vnc" => {
            let servers = qemu.ask("query-vnc-servers", json!({}))?;
            match list.get("id").filter(|_| !value.starts_with("none")) {
                Some(id) => find(&servers, "id", id).map(drop),
                None => ensure!(servers.is_array(), "{servers}"),
            }
        }
        "-kernel" | "-initrd" | "-append" | "-dtb" | "-shim" | "-bios" => {
            let name = if flag == "-bios" { "firmware" } else { flag.trim_start_matches('-') };
            let own = qemu.get("/machine", name)?;
            // Where it can be read back at all: up to 5.2 the firmware's name is kept elsewhere.
            ensure!(
                own == json!(value) || (flag == "-bios" && own.is_null()) || own == json!(""),
                "{name}: {own}"
            )
        }
        "-pidfile" => {
            let pid = fs::read_to_string(qemu.world.file(value))?;
            equal("process number", pid.trim(), qemu.pid().to_string().as_str())
        }
        "-overcommit" if list.get("mem-lock").is_none_or(|lock| lock == "on-fault") => Ok(()),
        "-overcommit" => {
            let status = fs::read_to_string(format!("/proc/{}/status", qemu.pid()))?;
            let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
            let locked = some(locked, "VmLck")?.trim() != "0 kB";
            equal("memory is locked", locked, list.get("mem-lock") == Some("on"))
        }
        "-net" => equal("networks", qemu.info("network")?.trim(), ""),
        "-netdev" => netdev(qemu, list),
        "-tpmdev" => {
            let id = some(list.get("id"), "id")?;
            let tpm = find(&qemu.ask("query-tpm", json!({}))?, "id", id)?;
            let sort = list.first.as_str();
            equal("sort", tpm.pointer("/options/type"), Some(&json!(sort)))
        }
        "-chardev" => {
            let id = some(list.get("id"), "id")?;
            let all = qemu.ask("query-chardev", json!({}))?;
            find(&all, "label", id).map(drop)
        }
        "-add-fd" => {
            let sets = qemu.ask("query-fdsets", json!({}))?;
            let own = sets.as_array().into_iter().flatten();
            let mut own = own.filter(|set| {
                set.get("fdset-id").is_some_and(|id| list.get("set").is_some_and(|set| is(set, id)))
            });
            let opaque = own.next().and_then(|set| set.pointer("/fds/0/opaque"));
            equal("opaque", opaque, list.get("opaque").map(Value::from).as_ref())
        }
        "-drive" => drive(qemu, list),
        "-blockdev" => {
            let name = some(list.get("node-name"), "node-name")?;
            let node = find(&qemu.ask("query-named-block-nodes", json!({}))?, "node-name", name)?;
            let driver = list.get("driver").map_or(Value::Null, Value::from);
            equal("block driver", node.get("drv"), Some(&driver))
        }
        "-object" => object(qemu, list),
        // The device that has it says so.
        "-device" | "-fsdev" => {
            let id = list.get("id").filter(|_| flag == "-fsdev");
            let has = |argument: &Argument| argument.flag == "-device" && argument.list.get("fsdev") == id;
            ensure!(id.is_none() || arguments.iter().any(has), "no device has it")
        }
        // What the text says itself, by `arg`, and what shows in QEMU's behaviour only.
        "-nodefaults" | "-no-user-config" | "-nographic" | "-daemonize" | "-boot" | "-fw_cfg" | "-smbios"
        | "-display" | "-no-reboot" | "-no-shutdown" | "-watchdog-action" | "-action" | "-S" | "-sandbox"
        | "-msg" | "-accel" | "-runas" | "-chroot" | "-async-teardown" | "-run-with" | "-d" | "-D"
        | "-dfilter" | "-trace" | "-icount" | "-incoming" | "-readconfig" | "-spice" | "-k"
        | "-acpitable" | "-option-rom" | "-audiodev" => Ok(()),
        _ => Err(Stop::failed("nothing is known of this option")),
    }
}

/// The item of a list that QMP returns whose `key` is `value`.
fn find(list: &Value, key: &str, value: &str) -> Outcome<Value> {
    let mut items = list.as_array().into_iter().flatten();
    let item = items.find(|item| item.get(key).and_then(Value::as_str) == Some(value));
    some(item.cloned(), format!("{key} `{value}` in {list}"))
}

fn machine(qemu: &Running<'_>, list: &List) -> Outcome {
    let machines = qemu.ask("query-machines", json!({}))?;
    if let Some(name) = Some(&list.first).filter(|name| !name.is_empty()) {
        let machine = find(&machines, "name", name).or_else(|_| find(&machines, "alias", name))?;
        let name = machine.get("name").and_then(Value::as_str).unwrap_or_default();
        equal("machine", qemu.get("/machine", "type")?, json!(format!("{name}-machine")))?;
    }
    for (name, value) in &list.items {
        match name.as_str() {
            // Its own object, of which the alternatives are gone.
            "accel" => {
                let kvm = qemu.ask("query-kvm", json!({}))?.get("enabled") == Some(&json!(true));
                let own = if kvm { "kvm" } else { "tcg" };
                ensure!(value.split(':').any(|name| name == own), "accel: {own}")?;
            }
            // These are the accelerator's, which doesn't give them back.
            "kernel_irqchip" => {}
            "memory-backend" => {
                let own = qemu.get("/machine", name)?;
                let path = format!("/objects/{value}");
                ensure!(own == json!(value) || own == json!(path), "memory-backend: {own}")?;
            }
            _ => {
                let own = qemu.get("/machine", name)?;
                ensure!(is(value, &own), "{name}: {own}")?;
            }
        }
    }
    Ok(())
}

fn cpu(qemu: &Running<'_>, list: &List) -> Outcome {
    let cpus = qemu.ask("query-cpus-fast", json!({}))?;
    let path = cpus.pointer("/0/qom-path").and_then(Value::as_str);
    let path = some(path, format!("CPU in {cpus}"))?;
    equal("CPU", qemu.get(path, "type")?, json!(format!("{}{}", list.first, qemu.qemu.arch.cpu_suffix())))?;
    for (name, value) in &list.items {
        let (name, value) = match name.split_at_checked(1) {
            Some(("+", feature)) => (feature, "on"),
            Some(("-", feature)) => (feature, "off"),
            _ => (name.as_str(), value.as_str()),
        };
        let own = qemu.get(path, name)?;
        ensure!(is(value, &own), "{name}: {own}")?;
    }
    Ok(())
}

/// A socket of QMP, besides the one that these questions go over.
fn qmp(qemu: &Running<'_>, value: &str) -> Outcome {
    let backend = match value.split_once(':') {
        Some(("unix", rest)) => List::read(&format!("path={rest}")),
        Some(("chardev", id)) => {
            let arguments = arguments::read(qemu.args());
            let backend = arguments.into_iter().find(|argument| argument.list.get("id") == Some(id));
            some(backend, format!("chardev `{id}`"))?.list
        }
        _ => return Err(Stop::failed("nothing is known of this backend")),
    };
    if backend.get("server") != Some("on") {
        return qemu.world.greeting().map(drop);
    }
    let opened = backend.get("fd").and_then(|number| {
        let fd = qemu.fds.iter().find(|fd| fd.number.to_string() == number)?;
        fd.source.path()?.to_str()
    });
    let path = some(backend.get("path").or(opened), "path")?;
    let stream = UnixStream::connect(qemu.world.file(path))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    ensure!(line.starts_with("{\"QMP\""), "greeting: {line}")
}

/// The RAM has the size: it is not doubled, and needs no slots of modules.
fn memory(qemu: &Running<'_>, list: &List) -> Outcome {
    // `-m 512` is in MiB.
    let bytes = |text: &str| {
        let unit = if text.ends_with(|c: char| c.is_ascii_digit()) { 1 << 20 } else { 1 };
        size(text).map(|number| number * unit)
    };
    let summary = qemu.ask("query-memory-size-summary", json!({}))?;
    equal("RAM", summary.get("base-memory").and_then(Value::as_u64), bytes(&list.first))?;
    let arguments = arguments::read(qemu.args());
    let dimms: Vec<_> = arguments
        .iter()
        .filter(|argument| argument.flag == "-device" && is_memory(&argument.list.first))
        .collect();
    let plugged = qemu.ask("query-memory-devices", json!({}))?;
    equal("memory modules", plugged.as_array().map(Vec::len), Some(dimms.len()))?;
    for dimm in dimms {
        let id = dimm.list.get("id").unwrap_or_default();
        let mut data = plugged.as_array().into_iter().flatten().filter_map(|module| module.get("data"));
        let own = data.find(|data| data.get("id").and_then(Value::as_str) == Some(id));
        some(own, format!("memory module `{id}` in {plugged}"))?;
    }
    // Later versions tell all of it.
    if let Ok(memory) = qemu.try_ask("qom-get", json!({ "path": "/machine", "property": "memory" })) {
        for (own, name) in [("slots", "slots"), ("max-size", "maxmem")] {
            // Without slots it tells nothing.
            if let Some(value) = list.get(name).filter(|_| list.get("slots").is_some()) {
                equal(
                    name,
                    memory.get(own).and_then(Value::as_u64),
                    bytes(value).map(|bytes| if name == "slots" { bytes >> 20 } else { bytes }),
                )?;
            }
        }
    }
    Ok(())
}

/// Whether a device is memory beside the machine's own.
fn is_memory(driver: &str) -> bool {
    driver.ends_with("dimm") || ["virtio-mem", "virtio-pmem"].iter().any(|name| driver.starts_with(name))
}

/// The nodes have their CPUs and their memory. What is said of them goes to the guest alone.
fn numa(qemu: &Running<'_>, list: &List, arguments: &[Argument]) -> Outcome {
    let told = qemu.info("numa")?;
    let mut nodes =
        arguments.iter().filter(|argument| argument.flag == "-numa" && argument.list.first == "node");
    equal("nodes", told.lines().next(), Some(&*format!("{} nodes", nodes.clone().count())))?;
    if list.first != "node" {
        return Ok(());
    }
    let index = nodes.position(|argument| argument.list == *list).unwrap_or_default();
    let node = list.get("nodeid").map_or(index.to_string(), str::to_owned);
    let line = |what: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(&format!("node {node} {what}:")));
        some(line, format!("{what} of node {node} in {told}"))
    };
    let cpus: BTreeSet<u32> = line("cpus")?.split_whitespace().filter_map(|cpu| cpu.parse().ok()).collect();
    for (_, range) in list.items.iter().filter(|(name, _)| name == "cpus") {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        for cpu in [first, last] {
            ensure!(cpu.parse().is_ok_and(|cpu| cpus.contains(&cpu)), "CPU {cpu} in {told}")?;
        }
    }
    let memory = line("size")?.trim().trim_end_matches(" MB").parse::<u64>()?;
    let size = match list.get("memdev") {
        Some(memdev) => qemu.get(&format!("/objects/{memdev}"), "size")?.as_u64().unwrap_or_default() >> 20,
        None => 0,
    };
    equal("memory of the node", memory, size)
}

fn smp(qemu: &Running<'_>, list: &List) -> Outcome {
    let number = |name: &str| list.get(name).and_then(|text| text.parse::<u64>().ok());
    // Without a name comes the number of those at the start.
    let cpus = list.first.parse().ok();
    let running = qemu.ask("query-cpus-fast", json!({}))?;
    equal("CPUs", running.as_array().map(|cpus| cpus.len() as u64), cpus)?;
    if qemu.qemu.arch != Arch::X86_64 {
        // Only machines that take more CPUs while they run tell of these.
        return Ok(());
    }
    let possible = qemu.ask("query-hotpluggable-cpus", json!({}))?;
    let max = number("maxcpus").or(cpus);
    equal("CPUs at most", possible.as_array().map(|cpus| cpus.len() as u64), max)?;
    for (level, name) in [
        ("socket-id", "sockets"),
        ("die-id", "dies"),
        ("module-id", "modules"),
        ("core-id", "cores"),
        ("thread-id", "threads"),
    ] {
        if let Some(count) = number(name) {
            let ids = possible.as_array().into_iter().flatten();
            let ids = ids.filter_map(|cpu| cpu.pointer(&format!("/props/{level}"))?.as_u64());
            // A level of one is not told everywhere.
            equal(name, ids.max().unwrap_or(0) + 1, count)?;
        }
    }
    Ok(())
}

fn rtc(qemu: &Running<'_>, list: &List) -> Outcome {
    if let Some(date) = list.get("base").filter(|base| base.starts_with(|c: char| c.is_ascii_digit())) {
        if qemu.qemu.arch != Arch::X86_64 {
            // Only a PC's clock can be read from without.
            return Ok(());
        }
        let time = qemu.get("/machine", "rtc-time")?;
        let number = |name: &str| time.get(name).and_then(Value::as_i64).unwrap_or(-1);
        let own = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}",
            number("tm_year") + 1900,
            number("tm_mon") + 1,
            number("tm_mday"),
            number("tm_hour"),
            number("tm_min")
        );
        ensure!(date.starts_with(&own) || own.starts_with(date), "{own}")?;
    }
    if let Some(driftfix) = list.get("driftfix") {
        let policy = if driftfix == "slew" { "slew" } else { "discard" };
        let clocks = device::of_type(qemu, "mc146818rtc")?;
        let clock = some(clocks.first(), "clock")?;
        equal("lost_tick_policy", qemu.get(clock, "lost_tick_policy")?, json!(policy))?;
    }
    Ok(())
}

/// A default shows in the devices of its driver that don't say otherwise themselves.
fn global(qemu: &Running<'_>, argument: &Argument, devices: &[Device]) -> Outcome {
    let list = &argument.list;
    let (driver, property, value) = match (list.get("driver"), list.get("property"), list.get("value")) {
        (Some(driver), Some(property), Some(value)) => (driver, property, value),
        // Here a comma is a comma.
        _ => {
            let (name, value) = some(argument.value.split_once('='), "value")?;
            let (driver, property) = some(name.split_once('.'), "driver")?;
            (driver, property, value)
        }
    };
    let paths = device::of_type(qemu, driver)?;
    let own = |path: &&String| {
        devices.iter().any(|device| device.path == **path && device.list.get(property).is_some())
    };
    let paths: Vec<_> = paths.iter().filter(|path| !own(path)).collect();
    ensure!(!paths.is_empty(), "no device of the driver shows it")?;
    for path in paths {
        let own = qemu.get(path, property)?;
        ensure!(is(value, &own), "{path}: {property} is {own}")?;
    }
    Ok(())
}

fn netdev(qemu: &Running<'_>, list: &List) -> Outcome {
    let id = some(list.get("id"), "id")?;
    let network = qemu.info("network")?;
    if list.first == "hubport" {
        let has = network.lines().any(|line| line.trim_start().starts_with(&format!("\\ {id}")));
        return ensure!(has, "no port `{id}`\n--- info network\n{network}");
    }
    let lines = network.lines().filter(|line| line.contains(&format!("{id}: index=")));
    let queues = match list.first.as_str() {
        "tap" if list.get("fds").is_some() => list.get("fds").map_or(1, |fds| fds.split(':').count()),
        _ => list.get("queues").and_then(|queues| queues.parse().ok()).unwrap_or(1),
    };
    // On the device's side and on the host's, or the latter only.
    let count = lines.filter(|line| line.contains(&format!("type={}", list.first))).count();
    equal("queues", count, queues).map_err(|stop| stop.with(&format!("--- info network\n{network}")))?;
    let forwarded = list.items.iter().filter(|(name, _)| name == "hostfwd").count();
    if forwarded > 0 {
        let users = qemu.info("usernet")?;
        let count = users.matches("HOST_FORWARD").count();
        equal("forwarded ports", count, forwarded).map_err(|stop| stop.with(&format!("--- {users}")))?;
    }
    Ok(())
}

fn drive(qemu: &Running<'_>, list: &List) -> Outcome {
    let id = some(list.get("id"), "id")?;
    let drive = find(&qemu.ask("query-block", json!({}))?, "device", id)?;
    let inserted = some(drive.get("inserted"), format!("medium in {drive}"))?;
    let file = list.get("file").map(Value::from);
    if list.get("snapshot") == Some("on") {
        // What the guest writes is above it.
        return equal("file", inserted.pointer("/image/backing-image/filename"), file.as_ref());
    }
    equal("file", inserted.get("file"), file.as_ref())?;
    if let Some(format) = list.get("format") {
        equal("format", inserted.get("drv"), Some(&json!(format)))?;
    }
    equal("read-only", inserted.get("ro"), Some(&json!(list.get("readonly") == Some("on"))))?;
    let cache = |name: &str| inserted.pointer(&format!("/cache/{name}")).and_then(Value::as_bool);
    if let Some(mode) = list.get("cache") {
        let direct = matches!(mode, "none" | "directsync");
        equal("cache.direct", cache("direct"), Some(direct))?;
        equal("cache.no-flush", cache("no-flush"), Some(mode == "unsafe"))?;
        let writeback = !matches!(mode, "writethrough" | "directsync");
        equal("cache.writeback", cache("writeback"), Some(writeback))?;
    }
    if let Some(direct) = list.get("cache.direct") {
        equal("cache.direct", cache("direct"), Some(direct == "on"))?;
    }
    Ok(())
}

fn object(qemu: &Running<'_>, list: &List) -> Outcome {
    let path = format!("/objects/{}", some(list.get("id"), "id")?);
    equal("type", qemu.get(&path, "type")?, json!(list.first))?;
    for (name, value) in list.items.iter().filter(|(name, _)| name != "id") {
        let own = qemu.get(&path, name)?;
        // Another object comes back by its path.
        let is_other = own == json!(format!("/objects/{value}"));
        // What QEMU decides comes back as it is then.
        let is_decided = value == "auto" && own.is_string();
        let is_listed = own.as_array().is_some_and(|list| list.iter().any(|own| is(value, own)));
        ensure!(is_other || is_decided || is_listed || is(value, &own), "{name}: {own}")?;
    }
    Ok(())
}

/// QEMU has what the table says.
fn descriptors(qemu: &Running<'_>) -> Outcome {
    for fd in &qemu.fds {
        let known = match fd.source {
            FdSource::Tap { .. } => "/dev/net/tun",
            FdSource::Macvtap { .. } | FdSource::Ipvtap { .. } => "/dev/tap",
            FdSource::VhostNet => "/dev/vhost-net",
            FdSource::VhostVsock { .. } => &*qemu.world.host_paths.vhost_vsock.to_string_lossy(),
            FdSource::UnixListen { .. } => "socket:",
            FdSource::Memfd { .. } => "/memfd:",
            // QEMU has a copy of a file in a set, under another number, and has closed a connection whose other side
            // has ended above.
            FdSource::File { .. } | FdSource::UnixConnect { .. } => continue,
        };
        let path = fs::read_link(format!("/proc/{}/fd/{}", qemu.pid(), fd.number))?;
        ensure!(path.to_string_lossy().starts_with(known), "{path:?} for {}", fd.name())?;
    }
    Ok(())
}
