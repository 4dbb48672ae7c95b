//! A real QEMU with real queues.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use qemu_runtime::{Fd, FdSource, Guest, HostPaths, Plan, Spawn, Stdio, vm};
use rustix::fs::{MemfdFlags, memfd_create};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::host::{
    Lacking, fd, in_network_namespace, ip, macvtap, macvtap_queues, need, open_files, open_files_of,
    refusing, tap_queues, until,
};
use crate::seccomp::Refused;
use crate::stand_in::run;

crate::tests! {
    qemu_gets_a_tap_with_four_queues
    qemu_gets_a_tap_that_exists
    qemu_gets_a_tap_with_one_queue
    qemu_gets_a_macvtap
    qemu_gets_vhost_queues
    qemu_gets_a_vsock_device
    qemu_gets_sockets_that_are_there_before
    qemu_has_the_ram_that_is_handed_over
    qemu_reads_and_writes_a_disk_that_it_could_not_open
    what_qemu_says_comes_back
    qemu_quits_when_told_to
}

const QEMU: &str = "qemu-system-x86_64";

/// A QEMU whose guest doesn't run, and a conversation with its monitor.
struct Qemu {
    guest: Guest,
    qmp: BufReader<UnixStream>,
    _folder: TempDir,
}

impl Qemu {
    /// With what `args` say, and a table.
    fn start(args: &str, table: Vec<Fd>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("qmp");
        let qmp = format!("unix:{},server=on,wait=off", socket.display());
        let args = args.split_whitespace().chain(["-qmp", &*qmp]);
        let fixed = ["-M", "q35", "-accel", "tcg", "-S", "-nodefaults", "-display", "none"];
        let guest = Guest::spawn(&Plan::new(QEMU, fixed.into_iter().chain(args), table)).unwrap();
        let qmp = BufReader::new(connect(&socket, &guest));
        let mut qemu = Self { guest, qmp, _folder: folder };
        assert!(qemu.line()["QMP"]["version"].is_object());
        qemu.execute("qmp_capabilities", json!({}));
        qemu
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.qmp.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// What QEMU returns for a command.
    fn execute(&mut self, command: &str, arguments: Value) -> Value {
        let request = json!({ "execute": command, "arguments": arguments });
        if let Err(error) = writeln!(self.qmp.get_mut(), "{request}") {
            panic!("{request}: {error}: {:?}", self.guest.wait_timeout(Duration::from_secs(5)));
        }
        loop {
            let mut answer = self.line();
            if answer.get("event").is_none() {
                assert!(answer.get("error").is_none(), "{command}: {answer}");
                return answer["return"].take();
            }
        }
    }

    /// What `info network` says.
    fn network(&mut self) -> String {
        let answer = self.execute("human-monitor-command", json!({ "command-line": "info network" }));
        answer.as_str().unwrap().to_owned()
    }

    /// Its table, as the kernel sees it: what its numbers from 3 to `last` refer to.
    fn table(&self, last: i32) -> Vec<String> {
        let open = open_files_of(format!("/proc/{}/fd", self.guest.id()));
        (3..=last).map(|number| open[&number].display().to_string()).collect()
    }

    /// The interface of a tap's queue.
    fn interface(&self, number: u32) -> Option<String> {
        let info = fs::read_to_string(format!("/proc/{}/fdinfo/{number}", self.guest.id())).unwrap();
        info.lines().find_map(|line| line.strip_prefix("iff:")).map(|name| name.trim().to_owned())
    }
}

fn connect(socket: &Path, guest: &Guest) -> UnixStream {
    let mut connected = None;
    until("QEMU listens", || {
        if let Some(exit) = guest.try_wait() {
            panic!("QEMU: {exit}");
        }
        connected = UnixStream::connect(socket).ok();
        connected.is_some()
    });
    let connected = connected.unwrap();
    connected.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    connected
}

/// The options of a NIC whose queues are the numbers from 3.
fn nic(queues: u32) -> String {
    match queues {
        1 => "-netdev tap,id=net0,fd=3 -device virtio-net-pci,netdev=net0,mac=52:54:00:12:34:56".into(),
        _ => {
            let fds: Vec<String> = (3..3 + queues).map(|number| number.to_string()).collect();
            format!(
                "-netdev tap,id=net0,fds={} -device virtio-net-pci,id=nic0,netdev=net0,mac=52:54:00:12:34:56,mq=on,\
                 vectors={}",
                fds.join(":"),
                2 * queues + 2
            )
        }
    }
}

fn qemu_gets_a_tap_with_four_queues() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let before = open_files();
        let mut qemu = Qemu::start(&nic(4), tap_queues(Some("tap0"), 4));
        assert_eq!(qemu.table(6), ["/dev/net/tun"; 4]);
        for number in 3..7 {
            assert_eq!(qemu.interface(number).as_deref(), Some("tap0"));
        }
        let network = qemu.network();
        for (queue, number) in (0..4).zip(3..) {
            let line = format!("\\ net0: index={queue},type=tap,fd={number}");
            assert_eq!(network.lines().filter(|found| found.trim() == line).count(), 1, "{network}");
        }
        assert_eq!(network.matches("type=nic").count(), 4, "{network}");
        let filter = qemu.execute("query-rx-filter", json!({ "name": "nic0" }));
        assert_eq!(filter[0]["main-mac"], "52:54:00:12:34:56");
        let queues = qemu.execute("qom-get", json!({ "path": "/machine/peripheral/nic0", "property": "mq" }));
        assert_eq!(queues, true);
        assert_eq!(String::from_utf8_lossy(&qemu.guest.stderr()), "");
        drop(qemu);
        until("all is as it was", || open_files() == before);
        Ok(())
    })
}

fn qemu_gets_a_tap_that_exists() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev tap0 mode tap multi_queue");
        // Twice: QEMU detaches queues at its start, and those of the next one are new.
        for _ in 0..2 {
            let mut qemu = Qemu::start(&nic(2), tap_queues(Some("tap0"), 2));
            let network = qemu.network();
            assert!(network.contains("net0: index=1,type=tap,fd=4"), "{network}");
            assert_eq!(String::from_utf8_lossy(&qemu.guest.stderr()), "");
        }
        Ok(())
    })
}

fn qemu_gets_a_tap_with_one_queue() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev one mode tap");
        ip("tuntap add dev many mode tap multi_queue");
        for ifname in [Some("one"), Some("many"), Some("new"), None] {
            let mut qemu = Qemu::start(&nic(1), tap_queues(ifname, 1));
            assert_eq!(qemu.interface(3).as_deref(), Some(ifname.unwrap_or("tap0")));
            let network = qemu.network();
            assert!(network.contains("net0: index=0,type=tap,fd=3"), "{network}");
            assert_eq!(String::from_utf8_lossy(&qemu.guest.stderr()), "");
        }
        Ok(())
    })
}

fn qemu_gets_a_macvtap() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev base mode tap");
        macvtap("mv0")?;
        let mut qemu = Qemu::start(&nic(2), macvtap_queues(2));
        assert!(qemu.table(4).iter().all(|path| path.starts_with("/dev/tap")), "{:?}", qemu.table(4));
        let network = qemu.network();
        assert!(network.contains("net0: index=1,type=tap,fd=4"), "{network}");
        assert_eq!(String::from_utf8_lossy(&qemu.guest.stderr()), "");
        Ok(())
    })
}

fn qemu_gets_vhost_queues() -> Result<(), Lacking> {
    in_network_namespace(|| {
        need(fs::exists("/dev/vhost-net").unwrap(), "needs /dev/vhost-net")?;
        let tap = FdSource::Tap { ifname: Some("tap0".into()) };
        let sources = [FdSource::VhostNet, FdSource::VhostNet, tap.clone(), tap];
        let table = (3..).zip(sources).map(|(number, source)| fd(number, source, "net0", (number - 3) % 2));
        let args = "-netdev tap,id=net0,vhost=on,vhostfds=3:4,fds=5:6 \
                    -device virtio-net-pci,netdev=net0,mq=on,vectors=6";
        let mut qemu = Qemu::start(args, table.collect());
        assert_eq!(qemu.table(6), ["/dev/vhost-net", "/dev/vhost-net", "/dev/net/tun", "/dev/net/tun"]);
        let network = qemu.network();
        assert!(network.contains("net0: index=1,type=tap,fd=6"), "{network}");
        assert_eq!(String::from_utf8_lossy(&qemu.guest.stderr()), "");
        Ok(())
    })
}

fn what_qemu_says_comes_back() -> Result<(), Lacking> {
    let exit = run(&Plan::new(QEMU, ["-M", "none", "-device", "no-such-device"], vec![]));
    assert_eq!(exit.code(), Some(1));
    assert!(exit.stderr_text().contains("'no-such-device' is not a valid device model name"), "{exit}");
    Ok(())
}

fn qemu_quits_when_told_to() -> Result<(), Lacking> {
    let mut qemu = Qemu::start("", vec![]);
    qemu.execute("quit", json!({}));
    let exit = qemu.guest.wait_timeout(Duration::from_secs(10)).unwrap();
    assert!(exit.success(), "{exit}");
    Ok(())
}

/// All that a kernel's vhost device is asked succeeds, and does nothing.
fn qemu_gets_a_vsock_device() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let vhost_vsock = folder.path().join("vhost-vsock");
    fs::write(&vhost_vsock, "").unwrap();
    let any_of_vhost = Refused { number: libc::SYS_ioctl, argument: Some((1, 0xaf00, 0xff00)), errno: 0 };
    refusing(any_of_vhost, || {
        let plan = vm! {
            machine q35 accel=tcg
            nodefaults
            vsock cid=70001 fd
            arg "-display" "none"
        };
        let paths = HostPaths { vhost_vsock: vhost_vsock.clone(), ..HostPaths::default() };
        let guest = Spawn::new(&plan).host_paths(paths).start().unwrap();
        let get = |property: &str| {
            let arguments = json!({ "path": "/machine/peripheral/vsock0", "property": property });
            guest.qmp().unwrap().execute_raw("qom-get", arguments).unwrap()
        };
        assert_eq!(
            (get("guest-cid"), get("realized"), get("vhostfd")),
            (json!(70001), json!(true), json!("3"))
        );
        assert_eq!(open_files_of(format!("/proc/{}/fd", guest.id()))[&3], vhost_vsock);
    })
}

fn qemu_gets_sockets_that_are_there_before() -> Result<(), Lacking> {
    let (folder, elsewhere) = (tempfile::tempdir_in(".").unwrap(), tempfile::tempdir().unwrap());
    // A relative path is one of this process's working directory, and QEMU has another.
    let socket = Path::new(folder.path().file_name().unwrap()).join("qmp");
    let source = FdSource::UnixListen { path: socket.clone().into() };
    let args = "-M none -nodefaults -display none -chardev socket,id=qmp0,fd=3,server=on -qmp chardev:qmp0";
    let plan = Plan::new(QEMU, args.split(' '), vec![fd(3, source, "qmp0", 0)]);
    let start = || Spawn::new(&plan).current_dir(elsewhere.path()).spawn().unwrap();
    for end in ["quit", "kill", "quit"] {
        let guest = start();
        // At once: there is no moment at which nobody listens.
        let mut stream = BufReader::new(UnixStream::connect(&socket).unwrap());
        let mut greeting = String::new();
        stream.read_line(&mut greeting).unwrap();
        assert!(greeting.starts_with("{\"QMP\""), "{greeting}");
        if end == "quit" {
            let quit = r#"{"execute": "qmp_capabilities"} {"execute": "quit"}"#;
            writeln!(stream.get_mut(), "{quit}").unwrap();
            assert!(guest.wait().success());
        }
        drop(guest);
        assert!(!socket.exists());
    }
    Ok(())
}

fn qemu_has_the_ram_that_is_handed_over() -> Result<(), Lacking> {
    let plan = vm! {
        machine pc accel=tcg
        memory 32M fd
        nodefaults
        arg "-S"
        arg "-display" "none"
    };
    let flags = MemfdFlags::CLOEXEC;
    let memory = File::from(memfd_create("ours", flags).unwrap());
    memory.set_len(32 << 20).unwrap();
    memory.write_all_at(b"\x01ours", 0x10_0000).unwrap();
    let own = memory.try_clone().unwrap();
    let guest = Spawn::new(&plan).fd("ram0.0", own).start().unwrap();
    let monitor = |line: &str| {
        let arguments = json!({ "command-line": line });
        guest.qmp().unwrap().execute_raw("human-monitor-command", arguments).unwrap()
    };
    let seen = monitor("xp /5xb 0x100000");
    assert!(seen.as_str().unwrap().contains("0x01 0x6f 0x75 0x72 0x73"), "{seen}");
    // Without one, it is the runtime's own, which can't change its size.
    drop(guest);
    let guest = Spawn::new(&plan).start().unwrap();
    let maps = fs::read_to_string(format!("/proc/{}/maps", guest.id())).unwrap();
    assert!(
        maps.lines().any(|line| line.contains("rw-s") && line.ends_with("/memfd:ram0 (deleted)")),
        "{maps}"
    );
    Ok(())
}

fn qemu_reads_and_writes_a_disk_that_it_could_not_open() -> Result<(), Lacking> {
    let plan = vm! {
        machine pc accel=tcg
        nodefaults
        disk file="/no/such/file, or not" format=raw fd
        disk file="/no/such/file" format=raw fd readonly
        arg "-S"
        arg "-display" "none"
    };
    let image = || {
        let image = tempfile::tempfile().unwrap();
        image.set_len(1 << 20).unwrap();
        image
    };
    let (own, other) = (image(), image());
    let readonly = File::open(format!("/proc/self/fd/{}", other.as_raw_fd())).unwrap();
    let spawn = Spawn::new(&plan).fd("disk0.0", own.try_clone().unwrap()).fd("disk1.0", readonly);
    // There goes what `qemu-io` says.
    let guest = spawn.stdout(Stdio::Null).start().unwrap();
    let ask = |command: &str, arguments: Value| guest.qmp().unwrap().execute_raw(command, arguments).unwrap();
    let sets = ask("query-fdsets", json!({}));
    let opaque = |set: usize| {
        let sets = sets.as_array().unwrap();
        let set = sets.iter().find(|own| own["fdset-id"] == set).unwrap();
        set["fds"][0]["opaque"].as_str().unwrap().to_owned()
    };
    assert_eq!([opaque(3), opaque(4)], ["/no/such/file, or not", "/no/such/file"]);
    let io = |line: &str| ask("human-monitor-command", json!({ "command-line": format!("qemu-io {line}") }));
    io("disk0 \"write -P 0x41 512 512\"");
    let mut written = [0; 514];
    own.read_exact_at(&mut written, 511).unwrap();
    assert_eq!((written[0], written[1], written[512], written[513]), (0, 0x41, 0x41, 0));
    let blocks = ask("query-block", json!({}));
    let inserted =
        |disk: usize| (blocks[disk]["inserted"]["file"].clone(), blocks[disk]["inserted"]["ro"].clone());
    assert_eq!(inserted(0), (json!("/dev/fdset/3"), json!(false)));
    assert_eq!(inserted(1), (json!("/dev/fdset/4"), json!(true)));
    Ok(())
}
