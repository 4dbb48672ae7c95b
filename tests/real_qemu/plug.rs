//! Devices join a guest that runs, and leave it: all of them or none.
//!
//! A guest without a system releases no PCI device but when it is reset: that stands in for the system where one would
//! only take time. The last test boots one.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use qemu_dsl::plan::{Fragment, Mac, Plan};
use qemu_dsl::{Options, Target, Version, compile_devices};
use qemu_runtime::qmp::QmpOptions;
use qemu_runtime::{Guest, Left, PlugError, PlugProblem, Spawn, Stdio, UnplugError};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::host;
use crate::outcome::{Outcome, Stop, ensure, equal, some};
use crate::qemu::{PATIENCE, Qemu};
use crate::stand_in::StandIn;
use crate::world::World;

type Test = fn(&Qemu) -> Outcome;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("a card with two queues, a disk and an rng are plugged and unplugged", card_disk_and_rng),
    ("drives on other buses, a serial port and a tablet are plugged and unplugged", other_buses),
    ("cards on sockets, a smart card and a serial line of USB are plugged and unplugged", sockets),
    ("a card with vhost-net is plugged", vhost),
    ("ports and memory are plugged", ports_and_memory),
    ("what has `fd` gets file descriptors", descriptors),
    ("a card's tap is one of the guest's namespace", namespace),
    ("generated ids are free ones", generated_ids),
    ("what the guest began with is unplugged", what_it_began_with),
    ("a backend goes with the last of its devices", shared),
    ("what a node refers to goes with its last node", links),
    ("what nothing refers to goes with what it came with", unreferred),
    ("what a paused QEMU keeps is told, and goes with a later call", descriptors_of_a_paused_guest),
    ("a controller takes what sits on it along", controller),
    ("what another process serves is plugged and unplugged", vhost_user),
    ("a block device of the host is one in QEMU", block_device),
    ("what others removed is forgotten", removed_by_others),
    ("a QEMU that was stopped leaves what can be unplugged", stopped),
    ("a failure in the last step undoes those before", undone),
    ("what can't be undone is told, and goes later", left),
    ("a fragment that doesn't fit changes nothing", misfits),
    ("a guest that doesn't answer is told so", no_answer),
    ("Linux releases what is unplugged", linux),
];

/// A guest that runs, of this text.
struct Running<'w> {
    guest: Guest,
    qemu: &'w Qemu,
    world: &'w World,
}

fn start<'w>(qemu: &'w Qemu, text: &str, world: &'w World) -> Outcome<Running<'w>> {
    start_with(qemu, text, world, |spawn| spawn)
}

fn start_with<'w>(
    qemu: &'w Qemu,
    text: &str,
    world: &'w World,
    with: impl FnOnce(Spawn<'_>) -> Spawn<'_>,
) -> Outcome<Running<'w>> {
    let program = qemu.program.display();
    let text = format!("qemu \"{program}\"\nnodefaults\narg \"-display\" \"none\"\n{text}");
    let compiled = qemu_dsl::compile(&text, &options(qemu.version, &text, world));
    let template = compiled.template.ok_or_else(|| Stop::failed(format!("{:#?}", compiled.diagnostics)))?;
    let plan = Plan::of(template);
    let options = QmpOptions::new().timeout(PATIENCE);
    let spawn = Spawn::new(&plan).current_dir(world.path()).host_paths(world.host_paths.clone());
    let guest = with(spawn.stdout(Stdio::Null).qmp_with(options)).start();
    Ok(Running { guest: guest.map_err(Stop::failed)?, qemu, world })
}

fn options(target: Version, text: &str, world: &World) -> Options {
    let params = world.params().into_iter();
    let params = params.filter(|(name, _)| text.contains(&format!("param {name}:"))).collect();
    Options { target: target.into(), params, ..Options::default() }
}

impl Running<'_> {
    fn fragment(&self, text: &str) -> Outcome<Fragment> {
        let compiled = compile_devices(text, &options(self.qemu.version, text, self.world));
        compiled.fragment.ok_or_else(|| Stop::failed(format!("{text}\n{:#?}", compiled.diagnostics)))
    }

    fn plug(&self, text: &str) -> Outcome<Vec<String>> {
        let plugged = self.guest.plug(&self.fragment(text)?);
        Ok(plugged.map_err(|error| Stop::failed(format!("{text}\n{error}")))?.devices)
    }

    fn refused(&self, text: &str) -> Outcome<PlugError> {
        match self.guest.plug(&self.fragment(text)?) {
            Ok(plugged) => Err(Stop::failed(format!("{text}\nwas taken: {plugged:?}"))),
            Err(error) => Ok(error),
        }
    }

    fn ask(&self, command: &str, arguments: Value) -> Outcome<Value> {
        let qmp = some(self.guest.qmp(), "QMP")?;
        Ok(qmp.execute_raw(command, arguments)?)
    }

    fn get(&self, path: &str, property: &str) -> Outcome<Value> {
        self.ask("qom-get", json!({ "path": path, "property": property }))
    }

    fn info(&self, what: &str) -> Outcome<String> {
        let answer = self.ask("human-monitor-command", json!({ "command-line": format!("info {what}") }))?;
        Ok(answer.as_str().unwrap_or_default().to_owned())
    }

    /// All that can be plugged, as QEMU lists it, and how many files it has open.
    fn all(&self) -> Outcome<String> {
        let mut all = String::new();
        for path in ["/machine/peripheral", "/objects"] {
            all += &format!("{path}: {}\n", self.ask("qom-list", json!({ "path": path }))?);
        }
        let nodes = self.ask("query-named-block-nodes", Value::Null)?;
        let nodes = nodes.as_array().into_iter().flatten().filter_map(|node| node.get("node-name"));
        all += &format!("nodes: {:?}\n", nodes.collect::<Vec<_>>());
        for command in ["query-chardev", "query-memory-devices", "query-fdsets"] {
            all += &format!("{command}: {}\n", self.ask(command, Value::Null)?);
        }
        all += &self.info("network")?;
        let files = fs::read_dir(format!("/proc/{}/fd", self.guest.id()))?;
        let links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        let mut links: Vec<_> = links.map(|link| link.display().to_string()).collect();
        // QEMU's own eventfds and threads' come and go.
        links.retain(|link| link.starts_with('/'));
        links.sort();
        Ok(all + &links.join("\n"))
    }

    /// Does something while the guest is reset again and again: each time it releases what it was asked for.
    fn resetting<T: Send>(&self, act: impl FnOnce() -> T + Send) -> Outcome<T> {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let resets = scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    self.ask("system_reset", Value::Null)?;
                    thread::sleep(Duration::from_millis(50));
                }
                Ok(())
            });
            let acted = act();
            done.store(true, Ordering::Release);
            let resets: Outcome = resets.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            resets.map(|()| acted)
        })
    }

    fn unplug(&self, id: &str) -> Outcome {
        let unplugged = self.resetting(|| self.guest.unplug_timeout(id, PATIENCE))?;
        unplugged.map_err(|error| Stop::failed(format!("{id}: {error}")))
    }

    /// The interfaces that its tap queues belong to.
    fn taps(&self) -> Outcome<Vec<String>> {
        let mut taps = Vec::new();
        for file in fs::read_dir(format!("/proc/{}/fdinfo", self.guest.id()))? {
            let info = fs::read_to_string(file?.path()).unwrap_or_default();
            taps.extend(info.lines().filter_map(|line| Some(line.strip_prefix("iff:")?.trim().to_owned())));
        }
        Ok(taps)
    }
}

fn other_buses(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let running = start(qemu, "name web machine pc accel=tcg memory 32M", &world)?;
    let before = running.all()?;
    let text = "param dir: path\n\
                controller qemu-xhci id=usb\n\
                controller virtio-scsi id=scsi\n\
                disk scsi id=lun file=\"{dir}/disk.img\" format=raw bus=scsi.0 lun=3\n\
                disk usb id=stick file=\"{dir}/other.img\" format=raw bus=usb.0 cache=directsync\n\
                cdrom scsi id=disc file=\"{dir}/disk.qcow2\" format=qcow2 bus=scsi.0\n\
                input usb-tablet id=pen bus=usb.0";
    let all = ["usb", "scsi", "lun", "stick", "disc", "pen"];
    equal("devices", running.plug(text)?, all)?;
    equal("lun", running.get("/machine/peripheral/lun", "lun")?, json!(3))?;
    for id in all.iter().rev() {
        running.unplug(id)?;
    }
    equal("all", running.all()?, before)?;
    // It stays: where the guest doesn't eject it, QEMU 10.0 and 11.1 end by SIGABRT when they take it away.
    let text = "param dir: path\nserial file path=\"{dir}/com\" driver=pci-serial id=com";
    equal("devices", running.plug(text)?, ["com"])?;
    equal("chardev", running.get("/machine/peripheral/com", "chardev")?, json!("com"))
}

fn sockets(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let running = start(qemu, "name web machine pc accel=tcg memory 32M", &world)?;
    let before = running.all()?;
    let text = "param port: int\n\
                netdev socket id=a listen=\"127.0.0.1:{port}\"\n\
                netdev user id=u alone\n\
                netdev nic id=card netdev=u driver=e1000\n\
                controller qemu-xhci id=usb\n\
                controller usb-ccid id=reader bus=usb.0\n\
                chardev null id=c\n\
                smartcard passthru id=smart chardev=c bus=reader.0\n\
                chardev null id=l\n\
                usb serial id=line chardev=l bus=usb.0";
    let mut all = vec!["a", "card", "usb", "reader", "smart", "line"];
    equal("devices", running.plug(text)?, all.clone())?;
    if qemu.version >= Version::new(7, 2) {
        let text = "param dir: path\n\
                    netdev stream id=s server fd addr.path=\"{dir}/handed.sock\"\n\
                    netdev stream id=t server addr.path=\"{dir}/made.sock\"\n\
                    netdev dgram id=d local.path=\"{dir}/a\" remote.path=\"{dir}/b\"";
        let sockets = ["s", "t", "d"];
        equal("devices", running.plug(text)?, sockets)?;
        for name in ["handed.sock", "made.sock"] {
            UnixStream::connect(world.file(name))
                .map_err(|error| Stop::failed(format!("{name}: {error}")))?;
        }
        all.extend(sockets);
    }
    for id in all.iter().rev() {
        running.unplug(id)?;
    }
    equal("all", running.all()?, before)
}

fn card_disk_and_rng(qemu: &Qemu) -> Outcome {
    host::in_network_namespace(&["tuntap add dev tap7 mode tap multi_queue".to_owned()], || {
        let world = World::new()?;
        let running = start(qemu, "name web machine pc accel=tcg memory 32M", &world)?;
        let before = running.all()?;

        let devices = running.plug("netdev tap ifname=tap7 mq=2 mac=52:54:00:12:34:56")?;
        equal("devices", devices, ["net0"])?;
        equal("queues", running.taps()?, ["tap7", "tap7"])?;
        equal("mq", running.get("/machine/peripheral/net0", "mq")?, json!(true))?;
        equal("vectors", running.get("/machine/peripheral/net0", "vectors")?, json!(6))?;
        let network = running.info("network")?;
        ensure!(network.contains("index=1,type=tap"), "{network}")?;
        let filter = running.ask("query-rx-filter", Value::Null)?;
        equal("MAC", filter.pointer("/0/main-mac"), Some(&json!("52:54:00:12:34:56")))?;

        let text = "param dir: path\n\
                    disk id=data file=\"{dir}/disk.qcow2\" format=qcow2 cache=none readonly serial=\"a,b 1\" wce=off\n\
                    disk file=\"{dir}/other.img\" format=raw cache=directsync";
        equal("devices", running.plug(text)?, ["data", "disk0"])?;
        let nodes = running.ask("query-named-block-nodes", Value::Null)?;
        let node = |driver: &str| {
            let mut nodes = nodes.as_array().into_iter().flatten();
            some(nodes.find(|node| node.get("drv") == Some(&json!(driver))), driver)
        };
        for driver in ["qcow2", "raw"] {
            let node = node(driver)?;
            equal("cache", node.pointer("/cache/direct"), Some(&json!(true)))?;
            equal("ro", node.get("ro"), Some(&json!(driver == "qcow2")))?;
        }
        equal("cache of the file", node("file")?.pointer("/cache/direct"), Some(&json!(true)))?;
        equal("serial", running.get("/machine/peripheral/data", "serial")?, json!("a,b 1"))?;
        equal("wce", running.get("/machine/peripheral/data", "config-wce")?, json!(false))?;
        equal("cache", running.get("/machine/peripheral/disk0", "write-cache")?, json!("off"))?;

        let text = "object rng-random id=entropy filename=\"/dev/urandom\"\ndevice virtio-rng-pci rng=entropy addr=1e";
        equal("devices", running.plug(text)?, ["device0"])?;
        equal("rng", running.get("/machine/peripheral/device0", "rng")?, json!("/objects/entropy"))?;
        equal("addr", running.get("/machine/peripheral/device0", "addr")?, json!(0x1e * 8))?;

        for id in ["device0", "disk0", "data", "net0"] {
            running.unplug(id)?;
        }
        equal("taps", running.taps()?, [""; 0])?;
        equal("all", running.all()?, before)?;
        // And all of it once more, at once.
        let devices = running.plug(
            "param dir: path\nnetdev tap ifname=tap7 mq=2\ndisk file=\"{dir}/other.img\" format=raw\n\
             object rng-random id=entropy filename=\"/dev/urandom\"\ndevice virtio-rng-pci rng=entropy",
        )?;
        equal("devices", devices, ["net0", "disk0", "device0"])
    })
}

fn vhost(qemu: &Qemu) -> Outcome {
    host::has("vhost-net")?;
    host::in_network_namespace(&[], || {
        let world = World::new()?;
        let running = start(qemu, "machine pc accel=tcg memory 32M", &world)?;
        let before = running.all()?;
        running.plug("netdev tap mq=2 vhost")?;
        equal("queues", running.taps()?.len(), 2)?;
        ensure!(running.all()?.contains("/dev/vhost-net\n/dev/vhost-net"), "{}", running.all()?)?;
        running.unplug("net0")?;
        equal("all", running.all()?, before)
    })
}

fn ports_and_memory(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let running =
        start(qemu, "machine pc accel=tcg memory 32M slots=2 max=512M\nvirtio-serial id=s", &world)?;
    let before = running.all()?;
    let text = "param dir: path\nport socket path=\"{dir}/agent\" name=agent.0 bus=s.0\n\
                console pty bus=s.0\nchardev ringbuf id=ring size=64K\ndevice virtserialport chardev=ring id=r bus=s.0";
    equal("devices", running.plug(text)?, ["port0", "console0", "r"])?;
    ensure!(fs::exists(world.file("agent"))?, "the socket is not there")?;
    // These are not PCI's: QEMU takes them out itself.
    for id in ["port0", "console0", "r"] {
        running.guest.unplug(id).map_err(|error| Stop::failed(format!("{id}: {error}")))?;
    }
    equal("all", running.all()?, before)?;
    // No reset makes a guest release memory: this stays.
    let devices = running.plug("param dir: path\ndimm pc-dimm path=\"{dir}\" size=128M")?;
    equal("devices", devices, ["dimm0"])?;
    let memory = running.ask("query-memory-size-summary", Value::Null)?;
    equal("plugged", memory.get("plugged-memory"), Some(&json!(128 << 20)))?;
    // A controller, and what sits on it.
    let devices = running.plug("port pty bus=t.0\nvirtio-serial id=t")?;
    equal("devices", devices, ["t", "port0"])
}

fn descriptors(qemu: &Qemu) -> Outcome {
    host::with_fake_vhost(|| {
        let mut world = World::new()?;
        world.fake_vhost_vsock()?;
        let running = start(qemu, "machine pc accel=tcg memory 32M\nvirtio-serial id=s", &world)?;
        let before = running.all()?;
        let text = "param dir: path\ndisk id=d file=\"{dir}/disk.qcow2\" format=qcow2 fd\n\
                    disk id=ro file=\"{dir}/other.img\" format=raw cache=none readonly fd\n\
                    port socket path=\"{dir}/agent\" bus=s.0 fd\nconsole socket path=\"{dir}/console\" bus=s.0 fd\n\
                    vsock cid=70001 fd\nrng builtin";
        equal("devices", running.plug(text)?, ["d", "ro", "port0", "console0", "vsock0", "rng0"])?;

        let sets = running.ask("query-fdsets", Value::Null)?;
        let nodes = running.ask("query-named-block-nodes", Value::Null)?.to_string();
        for file in ["disk.qcow2", "other.img"] {
            let path = json!(world.file(file));
            let mut sets = sets.as_array().into_iter().flatten();
            let set = some(sets.find(|set| set.pointer("/fds/0/opaque") == Some(&path)), file)?;
            let name = format!("\"/dev/fdset/{}\"", some(set.get("fdset-id"), "number")?);
            ensure!(nodes.contains(&name), "{name}: {nodes}")?;
        }
        ensure!(!nodes.contains(&world.path().display().to_string()), "{nodes}")?;
        for socket in ["agent", "console"] {
            UnixStream::connect(world.file(socket))?;
        }
        equal("cid", running.get("/machine/peripheral/vsock0", "guest-cid")?, json!(70001))?;
        let vhostfd = running.get("/machine/peripheral/vsock0", "vhostfd")?;
        ensure!(vhostfd.as_str().is_some_and(|name| name.starts_with("qemu-runtime-")), "{vhostfd}")?;
        ensure!(running.all()?.contains("/vhost-vsock"), "{}", running.all()?)?;

        for id in ["port0", "console0"] {
            running.guest.unplug(id).map_err(|error| Stop::failed(format!("{id}: {error}")))?;
        }
        for id in ["vsock0", "rng0", "ro", "d"] {
            running.unplug(id)?;
        }
        equal("all", running.all()?, before.clone())?;
        ensure!(!fs::exists(world.file("agent"))?, "the socket's file is there still")?;

        let text = "param dir: path\ndisk file=\"{dir}/other.img\" format=raw fd\n\
                    port socket path=\"{dir}/agent\" bus=s.0 fd\nvsock cid=70001 fd\n\
                    object rng-random id=entropy filename=\"/dev/urandom\"\ndevice virtio-rng-pci rng=entropy period=0";
        let error = running.resetting(|| running.refused(text))??;
        ensure!(error.left.is_empty(), "{error}")?;
        equal("all", running.all()?, before)?;
        ensure!(!fs::exists(world.file("agent"))?, "the socket's file is there still")
    })
}

fn namespace(qemu: &Qemu) -> Outcome {
    let mut inside = None;
    host::in_network_namespace(&["tuntap add dev tap7 mode tap multi_queue".to_owned()], || {
        inside = Some(File::open("/proc/thread-self/ns/net")?);
        Ok(())
    })?;
    let inside = some(inside, "namespace")?;
    host::in_network_namespace(&["tuntap add dev tap7 mode tap".to_owned()], || {
        let world = World::new()?;
        let path = format!("/proc/self/fd/{}", inside.as_raw_fd());
        let running = start_with(qemu, "machine pc accel=tcg memory 32M", &world, |spawn| {
            spawn.network_namespace(path)
        })?;
        // Here it has one queue.
        running.plug("netdev tap ifname=tap7 mq=2")?;
        equal("queues", running.taps()?, ["tap7", "tap7"])?;
        // An open file in place of one that is not there.
        let disk = running.fragment("disk id=d file=\"/no/such/file\" format=raw fd")?;
        let file = File::options().read(true).write(true).open(world.file("other.img"))?;
        let plugged = running.guest.plug_with_fds(&disk, [("d.0", file)]).map_err(Stop::failed)?;
        equal("devices", plugged.devices, ["d"])
    })
}

fn generated_ids(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let text = "param dir: path\nname \"a,b\" machine pc accel=tcg memory 32M\nnetdev user\n\
                disk file=\"{dir}/disk.img\" format=raw\nobject iothread id=net1";
    let running = start(qemu, text, &world)?;
    equal("devices", running.plug("netdev user\nnetdev user id=net2")?, ["net3", "net2"])?;
    let mac = running.get("/machine/peripheral/net3", "mac")?;
    equal("MAC", mac, json!(Mac::generate("a,b", "net3").to_string()))?;
    let text = "param dir: path\ndisk file=\"{dir}/other.img\" format=raw";
    equal("devices", running.plug(text)?, ["disk1"])
}

fn what_it_began_with(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let text = "param dir: path\nmachine pc accel=tcg memory 32M\nnetdev user id=card\n\
                disk id=d file=\"{dir}/disk.qcow2\" format=qcow2 fd\n\
                disk id=r file=\"{dir}/other.img\" format=raw readonly fd\ndisk file=\"{dir}/disk.img\" format=raw\n\
                object rng-random id=entropy filename=\"/dev/urandom\"\ndevice virtio-rng-pci rng=entropy id=rng0";
    let running = start(qemu, text, &world)?;
    ensure!(running.all()?.contains("other.img"), "{}", running.all()?)?;
    for id in ["card", "disk0", "rng0", "d", "r"] {
        running.unplug(id)?;
    }
    equal("sets", running.ask("query-fdsets", Value::Null)?, json!([]))?;
    let all = running.all()?;
    ensure!(!all.contains("other.img") && !all.contains("disk.qcow2"), "{all}")?;
    equal("drives", running.ask("query-block", Value::Null)?, json!([]))?;
    equal("networks", running.info("network")?.trim(), "")?;
    match running.guest.unplug("card") {
        Err(UnplugError::Missing { id }) if id == "card" => Ok(()),
        other => Err(Stop::failed(format!("{other:?}"))),
    }
}

fn shared(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let running = start(qemu, "machine pc accel=tcg memory 32M", &world)?;
    let before = running.all()?;
    let rng = "object rng-random id=e filename=\"/dev/urandom\"\ndevice virtio-rng-pci rng=e id=r1\n\
               device virtio-rng-pci rng=e id=r2";
    running.plug(rng)?;
    running.plug("device virtio-rng-pci rng=e id=r3")?;
    for id in ["r1", "r3"] {
        running.unplug(id)?;
        equal("rng", running.get("/machine/peripheral/r2", "rng")?, json!("/objects/e"))?;
    }
    running.unplug("r2")?;
    equal("all", running.all()?, before.clone())?;
    // A filter is no device: it goes before what it watches.
    running.plug(
        "param dir: path\nnetdev user id=n\nobject filter-dump id=f netdev=n file=\"{dir}/dump\"\n\
         object filter-buffer id=g netdev=n interval=1000",
    )?;
    running.unplug("n")?;
    equal("all", running.all()?, before)
}

/// Throttling, encryption, TLS.
fn links(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    File::create(world.file("luks.img"))?.set_len(8 << 20)?;
    let text = "machine pc accel=tcg memory 32M\ndevice virtio-scsi-pci id=scsi\nvirtio-serial id=s";
    let running = start(qemu, text, &world)?;
    let unplug = |id: &str| running.guest.unplug(id).map_err(|error| Stop::failed(format!("{id}: {error}")));
    let before = running.all()?;

    // What comes without a device goes when it is named.
    running.plug(
        "param dir: path\nobject secret id=key data=secret\n\
         blockdev file node-name=new filename=\"{dir}/luks.img\"",
    )?;
    let deadline = Instant::now() + PATIENCE;
    while let Some(error) = formatted(&running)? {
        // QEMU measures the processor, which fails where that keeps time by ticks.
        ensure!(error == "Unable to get accurate CPU usage" && Instant::now() < deadline, "{error}")?;
    }
    unplug("new")?;
    unplug("key")?;
    equal("all", running.all()?, before.clone())?;

    let objects = "object throttle-group id=tg\nobject secret id=key data=secret\n";
    let disk = |name: &str, objects: &str| {
        format!(
            "param dir: path\n{objects}\
             blockdev file node-name={name}-f filename=\"{{dir}}/luks.img\" read-only=on\n\
             blockdev luks node-name={name}-l key-secret=key file={name}-f read-only=on\n\
             blockdev throttle node-name={name}-t throttle-group=tg file={name}-l read-only=on\n\
             device scsi-cd id={name} drive={name}-t bus=scsi.0"
        )
    };
    for _ in 0..2 {
        running.plug(&disk("one", objects))?;
        running.plug(&disk("two", ""))?;
        unplug("one")?;
        equal("group", running.get("/objects/tg", "type")?, json!("throttle-group"))?;
        equal("secret", running.get("/objects/key", "type")?, json!("secret"))?;
        unplug("two")?;
        equal("all", running.all()?, before.clone())?;
    }
    let error = running.refused(&disk("one", ""))?;
    equal("missing", error.to_string().as_str(), "line 3, column 1: nothing in the guest has the id `key`")?;

    let port = "object tls-creds-anon id=tls endpoint=server\n\
                chardev socket id=c host=127.0.0.1 port=0 server=on wait=off tls-creds=tls\n\
                device virtserialport id=p chardev=c bus=s.0";
    running.plug(port)?;
    unplug("p")?;
    equal("all", running.all()?, before)
}

/// Makes a LUKS image of the node `new`. Gives what went wrong.
fn formatted(running: &Running<'_>) -> Outcome<Option<String>> {
    let image =
        json!({ "driver": "luks", "file": "new", "size": 1 << 20, "key-secret": "key", "iter-time": 10 });
    running.ask("blockdev-create", json!({ "job-id": "format", "options": image }))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let jobs = running.ask("query-jobs", Value::Null)?;
        let job = some(jobs.pointer("/0"), "job")?;
        if job.get("status") == Some(&json!("concluded")) {
            running.ask("job-dismiss", json!({ "id": "format" }))?;
            return Ok(job.get("error").and_then(Value::as_str).map(str::to_owned));
        }
        ensure!(Instant::now() < deadline, "{jobs}")?;
        thread::sleep(Duration::from_millis(20));
    }
}

fn unreferred(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let running = start(qemu, "machine pc accel=tcg memory 32M\nvirtio-serial id=s", &world)?;
    let unplug = |id: &str| running.guest.unplug(id).map_err(|error| Stop::failed(format!("{id}: {error}")));
    let before = running.all()?;
    let text = "object iothread id=io\nobject secret id=key data=x\nchardev null id=spare\n\
                blockdev null-co node-name=node\nport pty id=one bus=s.0\nport pty id=two bus=s.0";
    for _ in 0..2 {
        running.plug(text)?;
        unplug("one")?;
        ensure!(running.all()?.contains("\"spare\""), "{}", running.all()?)?;
        unplug("two")?;
        equal("all", running.all()?, before.clone())?;
    }
    Ok(())
}

/// QEMU 5.2 and 7.2 close a set's only while the guest runs.
fn descriptors_of_a_paused_guest(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let text = "machine pc accel=tcg memory 32M\ndevice virtio-scsi-pci id=scsi\nvirtio-serial id=s";
    let running = start(qemu, text, &world)?;
    let disk = "param dir: path\ndisk id=d file=\"{dir}/other.img\" format=raw driver=scsi-hd bus=scsi.0 fd";
    let before = running.all()?;
    running.ask("stop", Value::Null)?;
    // Nothing is there that is not told.
    let mut told = 0;
    let is_all = |left: &[Left]| {
        let sets = left.iter().all(|left| left.what == "a set of file descriptors");
        let sets = some(sets.then_some(left.len()), format!("{left:?}"))?;
        let all = running.all()?;
        equal(
            &format!("the file's, with {left:?}"),
            all.lines().filter(|line| line.ends_with("/other.img")).count(),
            sets,
        )?;
        ensure!(sets > 0 || all == before, "{all}")?;
        Ok::<_, Stop>(sets)
    };
    for _ in 0..3 {
        running.plug(disk)?;
        match running.guest.unplug("d") {
            Ok(()) => is_all(&[])?,
            Err(UnplugError::Left(left)) => is_all(&left)?,
            Err(error) => return Err(Stop::failed(error)),
        };
        let error = running.refused(&format!("{disk}\ndevice virtserialport id=p bus=s.0 nr=9999"))?;
        ensure!(error.to_string().contains("`p`: device_add: "), "{error}")?;
        told = is_all(&error.left)?;
    }
    equal("left", told, if qemu.version < Version::new(9, 0) { 6 } else { 0 })?;
    // A call that has left nothing itself says so, too.
    let plugged = running.guest.plug(&running.fragment("port pty id=p bus=s.0")?).map_err(Stop::failed)?;
    equal("left", plugged.left.len(), told)?;
    running.ask("cont", Value::Null)?;
    running.guest.unplug("p").map_err(Stop::failed)?;
    equal("all", running.all()?, before)
}

fn controller(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let running = start(qemu, "machine pc accel=tcg memory 32M", &world)?;
    let before = running.all()?;
    let text = "virtio-serial id=t\nport pty bus=t.0 id=p chardev=c\nconsole pty bus=t.0";
    for _ in 0..2 {
        running.plug(text)?;
        running.unplug("t")?;
        equal("all", running.all()?, before.clone())?;
    }
    match running.guest.unplug("p") {
        Err(UnplugError::Missing { id }) if id == "p" => Ok(()),
        other => Err(Stop::failed(format!("{other:?}"))),
    }
}

fn vhost_user(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let _network = StandIn::vhost_user(&world)?;
    let running = start(qemu, "machine pc accel=tcg memory 32M share", &world)?;
    let before = running.all()?;
    for _ in 0..2 {
        for device in [
            "netdev vhost-user socket=\"{dir}/vhost-user.sock\" id=n mq=2",
            "fs virtiofs socket=\"{dir}/vhost-user.sock\" id=n tag=share",
            "fs virtiofs socket=\"{dir}/vhost-user.sock\" id=n tag=share fd",
            "vsock vhost-user socket=\"{dir}/vhost-user-config.sock\" id=n fd",
        ] {
            running.plug(&format!("param dir: path\n{device}"))?;
            running.unplug("n")?;
            equal("all", running.all()?, before.clone()).map_err(|stop| stop.with(device))?;
        }
    }
    Ok(())
}

fn block_device(qemu: &Qemu) -> Outcome {
    host::has("root")?;
    let world = World::new()?;
    let image = world.file("other.img");
    let output = Command::new("losetup").args(["--find", "--show"]).arg(&image).output();
    let device = output.ok().filter(|output| output.status.success());
    let device = device.ok_or_else(|| Stop::lacking("needs a loop device (`losetup`)"))?;
    let device = String::from_utf8_lossy(&device.stdout).trim().to_owned();
    let tried = start(qemu, "machine pc accel=tcg memory 32M", &world).and_then(|running| {
        let before = running.all()?;
        for fd in ["", "fd readonly"] {
            running.plug(&format!("disk id=d file=\"{device}\" format=raw {fd}"))?;
            let nodes = running.ask("query-named-block-nodes", Value::Null)?;
            let mut nodes = nodes.as_array().into_iter().flatten();
            ensure!(nodes.any(|node| node.get("drv") == Some(&json!("host_device"))), "{nodes:?}")?;
            running.unplug("d")?;
        }
        equal("all", running.all()?, before)
    });
    let status = Command::new("losetup").args(["--detach", &device]).status()?;
    ensure!(status.success(), "losetup --detach {device}: {status}")?;
    tried
}

fn removed_by_others(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let running = start(qemu, "machine pc accel=tcg memory 32M\nvirtio-serial id=s", &world)?;
    let before = running.all()?;
    let text = "port pty bus=s.0 id=p chardev=c";
    running.plug(text)?;
    let mut events = some(running.guest.qmp(), "QMP")?.events();
    running.ask("device_del", json!({ "id": "p" }))?;
    events.wait_for("DEVICE_DELETED", PATIENCE)?;
    running.ask("chardev-remove", json!({ "id": "c" }))?;
    running.plug(text)?;
    running.unplug("p")?;
    equal("all", running.all()?, before.clone())?;
    // A card of others' on a backend that was plugged: QEMU would take it from under that.
    running.plug("netdev user id=n")?;
    running.ask("device_del", json!({ "id": "n" }))?;
    running.resetting(|| until_gone(&running, "\"n\""))??;
    running.ask("device_add", json!({ "driver": "virtio-net-pci", "netdev": "n", "id": "x" }))?;
    let said = match running.guest.unplug("n") {
        Err(error @ UnplugError::Left(_)) => error.to_string(),
        other => return Err(Stop::failed(format!("{other:?}"))),
    };
    equal("what is said", said.as_str(), "a network backend `n` is left: a network card uses it")?;
    running.unplug("x")?;
    running.unplug("n")?;
    equal("all", running.all()?, before)
}

fn until_gone(running: &Running<'_>, id: &str) -> Outcome {
    let deadline = Instant::now() + PATIENCE;
    while running.ask("qom-list", json!({ "path": "/machine/peripheral" }))?.to_string().contains(id) {
        ensure!(Instant::now() < deadline, "{id} doesn't go")?;
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// It goes on, and does what it was told meanwhile.
fn stopped(qemu: &Qemu) -> Outcome {
    // Long enough for a busy machine's answers, and short enough to wait for it a few times.
    const TIMEOUT: Duration = Duration::from_secs(4);

    let world = World::new()?;
    let text = "machine pc accel=tcg memory 32M\nvirtio-serial id=s";
    for delay in [0, 4, 12].map(Duration::from_millis) {
        let running =
            start_with(qemu, text, &world, |spawn| spawn.qmp_with(QmpOptions::new().timeout(TIMEOUT)))?;
        let before = running.all()?;
        let ports = running.fragment(
            "param dir: path\ndisk file=\"{dir}/other.img\" format=raw fd\nport pty id=p bus=s.0\n\
             port pty id=q bus=s.0\nport pty id=r bus=s.0",
        )?;
        let signal = |signal| rustix::process::pidfd_send_signal(running.guest.pidfd(), signal);
        let begun = Instant::now();
        let plugged = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(delay);
                signal(Signal::STOP)
            });
            running.guest.plug(&ports)
        });
        // One wait, and not one for each step that is undone.
        let waited = begun.elapsed();
        signal(Signal::CONT)?;
        ensure!(waited < 2 * TIMEOUT, "{waited:?}")?;
        match &plugged {
            Ok(plugged) => plugged.devices.iter().try_for_each(|id| running.unplug(id))?,
            Err(error) => {
                for left in &error.left {
                    // What was told to go may have gone, and gone with another.
                    let unplugged = running.resetting(|| running.guest.unplug_timeout(&left.id, PATIENCE))?;
                    let is_gone = matches!(unplugged, Ok(()) | Err(UnplugError::Missing { .. }));
                    ensure!(is_gone, "{delay:?}: {left:?}: {unplugged:?}")?;
                }
            }
        }
        equal(&format!("all after {delay:?}: {plugged:?}"), running.all()?, before)?;
    }
    Ok(())
}

/// What QEMU refuses in its last step, and only there.
const REFUSED: &str = "device virtio-rng-pci rng=entropy period=0";

fn undone(qemu: &Qemu) -> Outcome {
    host::in_network_namespace(&[], || {
        let world = World::new()?;
        let running = start(qemu, "machine pc accel=tcg memory 32M", &world)?;
        let before = running.all()?;
        let text = format!(
            "param dir: path\nchardev null id=c\nnetdev tap mq=2 id=n\nobject rng-random id=entropy \
             filename=\"/dev/urandom\"\nblockdev file node-name=node filename=\"{{dir}}/disk.img\"\n\n{REFUSED}"
        );
        let error = running.resetting(|| running.refused(&text))??;
        equal("line", error.place.as_ref().map(|place| place.line), Some(7))?;
        let said = error.to_string();
        ensure!(
            said.starts_with("line 7, column 1: `device0`: device_add: ") && said.contains("'period'"),
            "{said}"
        )?;
        ensure!(error.left.is_empty(), "{said}")?;
        equal("all", running.all()?, before.clone())?;
        // A backend that QEMU refuses, with descriptors that it has by then.
        let error = running.refused("netdev tap mq=2\nnetdev user net=nonsense")?;
        ensure!(error.to_string().starts_with("line 2, column 1: `net1`: netdev_add: "), "{error}")?;
        equal("all", running.all()?, before)
    })
}

fn left(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let running = start(qemu, "machine pc accel=tcg memory 32M", &world)?;
    let before = running.all()?;
    let text = format!("netdev user\nobject rng-random id=entropy filename=\"/dev/urandom\"\n{REFUSED}");
    let error = running.refused(&text)?;
    let left: Vec<_> = error.left.iter().map(|left| (left.what, left.id.as_str())).collect();
    equal("left", left, [("a device", "net0"), ("a network backend", "net0")])?;
    let said = error.to_string();
    ensure!(
        said.contains("; a device `net0` is left: the guest has not released `net0` within 5s: "),
        "{said}"
    )?;
    running.unplug("net0")?;
    equal("all", running.all()?, before)
}

fn misfits(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let text = "machine q35 accel=tcg memory 32M\ndevice pcie-root-port id=rp0 chassis=1\n\
                device pcie-root-port id=rp1 chassis=2\ndevice pcie-root-port id=rp2 chassis=3\n\
                object rng-builtin id=there\nnetdev user id=net0 bus=rp2 mac=52:54:00:AB:cd:01\nvirtio-serial id=s addr=8";
    let text =
        if qemu.version < Version::new(5, 0) { text.replace("rng-builtin", "iothread") } else { text.into() };
    let running = start(qemu, &text, &world)?;
    let before = running.all()?;
    let cases = [
        (
            "device virtio-rng-pci",
            "line 1, column 1: the bus `pcie.0`, where a device without `bus=` goes, takes no device while the guest runs: write \
             `bus=rp0` (free: rp0, rp1)",
        ),
        (
            "device virtio-rng-pci bus=rp0\ndevice virtio-rng-pci bus=rp1\ndevice virtio-rng-pci bus=pcie.0",
            "line 3, column 1: the bus `pcie.0` takes no device while the guest runs: give the VM a port for each device to come \
             (`device pcie-root-port id=rp0 chassis=1`), and the device `bus=rp0`",
        ),
        (
            "device virtio-rng-pci bus=rp2",
            "line 1, column 1: the bus `rp2` has room for one device, and `net0` is there: write \
             `bus=rp0` (free: rp0, rp1)",
        ),
        (
            "device virtio-rng-pci bus=rp0 id=a\ndevice virtio-rng-pci bus=rp0 id=b",
            "line 2, column 1: the bus `rp0` has room for one device, and `a` is there: write `bus=rp1` (free: rp1)",
        ),
        (
            "device virtio-rng-pci bus=rp9",
            "line 1, column 1: the guest has no bus `rp9`: write `bus=rp0` (free: rp0, rp1)",
        ),
        (
            "\nobject iothread id=there",
            "line 2, column 1: `there` is already the id of an object in the guest: give this another, or none",
        ),
        (
            "netdev user id=net0 bus=rp0",
            "line 1, column 1: `net0` is already the id of a network backend in the guest: give this another, or none",
        ),
        (
            "device virtio-rng-pci rng=nowhere bus=rp0",
            "line 1, column 1: nothing in the guest has the id `nowhere`",
        ),
        (
            "device virtio-rng-pci bus=rp0 addr=5",
            "line 1, column 1: the bus `rp0` has one slot, `0`, and none at the address `5`: leave out `addr=`",
        ),
        (
            "netdev user id=n bus=rp0 mac=52:54:00:ab:CD:01",
            "line 1, column 1: `net0` has the MAC address `52:54:00:ab:CD:01`: leave out `mac=` \
             for an address of its own",
        ),
        (
            "object iothread id=o\ndevice e1000 id=n bus=rp0 mac=52-54-00-ab-CD-01",
            "line 2, column 1: `net0` has the MAC address `52-54-00-ab-CD-01`: leave out `mac=` \
             for an address of its own",
        ),
        (
            "netdev vhost-user socket=\"/socket\" bus=rp0",
            "line 1, column 1: the process behind `netdev vhost-user` can't reach the guest's memory: start the VM with \
             `memory 2G share`, or `hugepages`",
        ),
    ];
    for (text, expected) in cases {
        equal(text, running.refused(text)?.to_string().as_str(), expected)?;
    }
    let other = Version::KNOWN.into_iter().find(|version| *version != qemu.version);
    let fragment = running.fragment("chardev null id=c")?;
    let target = Target { version: some(other, "other version")?, ..fragment.target };
    let fragment = Fragment { target, ..fragment };
    match running.guest.plug(&fragment).map_err(|error| *error.problem) {
        Err(PlugProblem::Target { plan, .. }) => equal("plan", plan.version, qemu.version)?,
        other => return Err(Stop::failed(format!("{other:?}"))),
    }
    equal("all", running.all()?, before)?;
    let pc = start(qemu, "machine pc accel=tcg memory 32M\ndevice virtio-rng-pci id=r addr=5", &world)?;
    let text = "device virtio-rng-pci bus=pci.0 addr=5";
    let expected = "line 1, column 1: `r` is at the address `5` of the bus `pci.0`: name another";
    equal(text, pc.refused(text)?.to_string().as_str(), expected)?;
    // Without a bus QEMU says it.
    let said = pc.refused("\ndevice virtio-rng-pci addr=5")?.to_string();
    ensure!(
        said.starts_with("line 2, column 1: `device0`: device_add: PCI: slot 5 function 0 not available"),
        "{said}"
    )
}

fn no_answer(qemu: &Qemu) -> Outcome {
    let world = World::new()?;
    let running = start(qemu, "machine pc accel=tcg memory 32M\narg \"-S\"", &world)?;
    running.plug("netdev user")?;
    let before = running.all()?;
    let said = match running.guest.unplug_timeout("net0", Duration::from_millis(100)) {
        Err(error @ UnplugError::NoAnswer { .. }) => error.to_string(),
        other => return Err(Stop::failed(format!("{other:?}"))),
    };
    equal(
        "what is said",
        said.as_str(),
        "the guest has not released `net0` within 100ms: it can't while it is in the state prelaunch: let it run, or reset it",
    )?;
    equal("all", running.all()?, before)?;
    // It was asked; when it goes, nobody waits. Another call removes the rest.
    running.resetting(|| until_gone(&running, "\"net0\""))??;
    running.guest.unplug("net0").map_err(Stop::failed)?;
    equal("networks", running.info("network")?.trim(), "")
}

/// A file of an initramfs.
fn archived(name: &str, mode: u32, content: &[u8]) -> Vec<u8> {
    let fields = [0, mode, 0, 0, 1, 0, content.len() as u32, 0, 0, 0, 0, name.len() as u32 + 1, 0];
    let mut out = b"070701".to_vec();
    out.extend(fields.iter().flat_map(|field| format!("{field:08X}").into_bytes()));
    let mut push = |bytes: &[u8]| {
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(4), 0);
    };
    push(format!("{name}\0").as_bytes());
    push(content);
    out
}

/// The guest of `examples/linux.vm`, which stays.
const INIT: &str = "#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
echo ready
while true; do sleep 1; done
";

fn linux(qemu: &Qemu) -> Outcome {
    let prepared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("linux-example");
    let status = Command::new("examples/linux/prepare").arg(&prepared).status()?;
    if !status.success() {
        return Err(Stop::lacking("needs Debian's packages (`examples/linux/prepare`)"));
    }
    let mut world = World::new()?;
    let mut initrd = fs::read(prepared.join("initrd"))?;
    initrd.resize(initrd.len().next_multiple_of(4), 0);
    // The later of two files of one name is the one that stays.
    initrd.extend(archived("init", 0o100_755, INIT.as_bytes()));
    initrd.extend(archived("TRAILER!!!", 0, b""));
    fs::write(world.file("initrd-that-stays"), initrd)?;
    world.set("vmlinuz", &prepared.join("vmlinuz").display().to_string());
    // Before 6.1 a port presses its attention button when a device comes, and Linux takes that for the wish that it go.
    let has_ports = qemu.version >= Version::new(6, 1);
    let machine = if has_ports {
        "machine q35 accel=tcg\ndevice pcie-root-port id=rp0 chassis=1\ndevice pcie-root-port id=rp1 chassis=2\n\
         device pcie-root-port id=rp2 chassis=3"
    } else {
        "machine pc accel=tcg"
    };
    let text = format!(
        "param dir: path\nparam vmlinuz: path\n{machine}\nmemory 256M\n\
         kernel {{vmlinuz}} initrd=\"{{dir}}/initrd-that-stays\" append=\"console=ttyS0 quiet panic=-1\"\n\
         chardev file id=com1 path=\"{{dir}}/console\"\ndevice isa-serial chardev=com1"
    );
    let running = start(qemu, &text, &world)?;
    let deadline = Instant::now() + PATIENCE * 3;
    while !fs::read_to_string(world.file("console")).unwrap_or_default().contains("ready") {
        ensure!(Instant::now() < deadline, "it doesn't boot")?;
        thread::sleep(Duration::from_millis(50));
    }
    let before = running.all()?;
    let bus = |number: u32| if has_ports { format!("bus=rp{number}") } else { String::new() };
    let devices = running.plug(&format!(
        "param dir: path\nnetdev user {}\ndisk file=\"{{dir}}/other.img\" format=raw {}\n\
         object rng-random id=entropy filename=\"/dev/urandom\"\ndevice virtio-rng-pci rng=entropy {}",
        bus(0),
        bus(1),
        bus(2),
    ))?;
    for id in devices {
        running
            .guest
            .unplug_timeout(&id, PATIENCE * 3)
            .map_err(|error| Stop::failed(format!("{id}: {error}")))?;
    }
    equal("all", running.all()?, before)
}
