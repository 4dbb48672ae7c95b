//! What the caller hands over takes the place of what the table names.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

use qemu_runtime::{Fd, FdProblem, FdSource, HostPaths, Plan, Spawn, SpawnError};
use rustix::fs::fcntl_getfl;
use rustix::io::dup;
use rustix::net::{AddressFamily, SocketType, socket};

use crate::host::{
    Lacking, attach_as, attach_tap, detach_queue, fd, file, in_network_namespace, ip, is_detached, macvtap,
    macvtap_queues, need, open_files, tap_queues, until, with_fake_vhost,
};
use crate::stand_in::{self, expected, listed, problem};

crate::tests! {
    it_takes_the_place_of_what_would_be_opened
    names_that_no_line_has_are_refused
    names_that_two_lines_have_are_refused
    a_name_is_handed_over_once
    it_is_closed_also_where_the_spawn_fails
    queues_of_a_tap_are_handed_over
    a_detached_queue_is_attached_again
    the_others_join_a_tap_that_is_handed_over
    what_is_no_tap_is_refused
    what_is_no_vhost_device_is_refused
    images_are_as_the_disk_needs_them
    sockets_are_as_the_line_needs_them
    what_is_no_memory_is_refused
    macvtap_queues_are_handed_over
}

/// A table whose sources are not to be had.
fn table() -> Vec<Fd> {
    let nowhere = || file("/no/such/file".as_ref());
    let queues = (0..2).map(|queue| fd(4 + queue, nowhere(), "disk0", queue));
    [fd(3, FdSource::VhostNet, "net0", 0)].into_iter().chain(queues).collect()
}

/// No device of this host.
fn no_devices() -> HostPaths {
    HostPaths { vhost_net: "/no/such/device".into(), ..HostPaths::default() }
}

fn null() -> OwnedFd {
    File::open("/dev/null").unwrap().into()
}

/// A file that is only read.
fn image() -> OwnedFd {
    File::open("/proc/version").unwrap().into()
}

fn it_takes_the_place_of_what_would_be_opened() -> Result<(), Lacking> {
    with_fake_vhost(0, || {
        let before = open_files();
        let plan = stand_in::plan(&["fds"], table());
        let spawn = |disk1: OwnedFd| {
            let spawn = Spawn::new(&plan).host_paths(no_devices());
            spawn.fd("disk0.1", disk1).fd("net0.vhost0", null()).fd("disk0.0", image())
        };
        let list = listed(spawn(image())).unwrap();
        assert_eq!(list, expected([(3, "/dev/null"), (4, "/proc/version"), (5, "/proc/version")]));
        until("all is as it was", || open_files() == before);

        // Hundreds in the way, and what is handed over among the table's numbers or far above.
        let _kept: Vec<_> = (0..300).map(|_| dup(null()).unwrap()).collect();
        let before = open_files();
        let high = rustix::io::fcntl_dupfd_cloexec(image(), 5000).unwrap();
        assert_eq!(listed(spawn(high)).unwrap(), list);
        until("all is as it was", || open_files() == before);
    })
}

fn refusal(table: Vec<Fd>, names: &[&str]) -> SpawnError {
    let before = open_files();
    let plan = Plan::new("/bin/true", [""; 0], table);
    let error =
        names.iter().fold(Spawn::new(&plan), |spawn, name| spawn.fd(*name, null())).spawn().unwrap_err();
    until("all is as it was", || open_files() == before);
    error
}

fn names_that_no_line_has_are_refused() -> Result<(), Lacking> {
    let error = refusal(table(), &["disk0.0", "net0.0"]);
    assert!(matches!(&error, SpawnError::FdName { name, lines: 0, .. } if name == "net0.0"));
    assert_eq!(
        error.to_string(),
        "no file descriptor is called `net0.0`: there is net0.vhost0, disk0.0, disk0.1"
    );
    let error = refusal(vec![], &["net0.0"]);
    assert_eq!(
        error.to_string(),
        "no file descriptor is called `net0.0`: there is none: `mq=1` gives a tap one, and the flag `fd` what has it"
    );
    let error = refusal(tap_queues(None, 30), &["net0.30"]);
    assert!(error.to_string().ends_with(", net0.19, and 10 more"), "{error}");
    Ok(())
}

fn names_that_two_lines_have_are_refused() -> Result<(), Lacking> {
    let twice = [3, 4].map(|number| fd(number, file("/dev/null".as_ref()), "a", 0)).to_vec();
    assert_eq!(
        refusal(twice, &["a.0"]).to_string(),
        "2 file descriptors are called `a.0`: give their devices different ids"
    );
    Ok(())
}

fn a_name_is_handed_over_once() -> Result<(), Lacking> {
    let error = refusal(table(), &["disk0.0", "disk0.1", "disk0.0"]);
    assert_eq!(error.to_string(), "two file descriptors were handed over as `disk0.0`");
    Ok(())
}

fn it_is_closed_also_where_the_spawn_fails() -> Result<(), Lacking> {
    with_fake_vhost(0, || {
        let before = open_files();
        for program in ["/no/such/program", "/bin/true"] {
            let plan = Plan::new(program, [""; 0], table());
            // The second disk is not handed over.
            Spawn::new(&plan).fd("net0.vhost0", null()).fd("disk0.0", image()).spawn().unwrap_err();
            until("all is as it was", || open_files() == before);
        }
    })
}

/// Queues of the tap `tap7`.
fn own_queues<const N: usize>() -> [OwnedFd; N] {
    std::array::from_fn(|_| attach_tap("tap7", N > 1))
}

fn queues_of_a_tap_are_handed_over() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let before = open_files();
        let plan = stand_in::plan(&["fds"], tap_queues(Some("other"), 2));
        let [first, second] = own_queues();
        let list = listed(Spawn::new(&plan).fd("net0.0", first).fd("net0.1", second)).unwrap();
        assert_eq!(list, expected([(3, "tap tap7"), (4, "tap tap7")]));
        // The tap went with the guest: nobody has it any more.
        until("all is as it was", || open_files() == before);
        Ok(())
    })
}

fn a_detached_queue_is_attached_again() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let [first, second] = own_queues();
        let kept = second.try_clone().unwrap();
        detach_queue(&second);
        assert!(is_detached(&kept));
        let plan = Plan::new("/bin/true", [""; 0], tap_queues(Some("tap7"), 2));
        let guest = Spawn::new(&plan).fd("net0.0", first).fd("net0.1", second).spawn().unwrap();
        assert!(!is_detached(&kept));
        assert!(guest.wait().success());
        Ok(())
    })
}

fn the_others_join_a_tap_that_is_handed_over() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let plan = stand_in::plan(&["fds"], tap_queues(None, 2));
        let first = attach_tap("tap7", true);
        let list = listed(Spawn::new(&plan).fd("net0.0", first)).unwrap();
        assert_eq!(list, expected([(3, "tap tap7"), (4, "tap tap7")]));
        Ok(())
    })
}

/// What is said of these for the lines of a table, in their order.
fn unfit<const N: usize>(table: &[Fd], handed: [OwnedFd; N]) -> String {
    let plan = Plan::new("/bin/true", [""; 0], table.to_vec());
    let named = table.iter().map(Fd::name).zip(handed);
    let error = named.fold(Spawn::new(&plan), |spawn, (name, fd)| spawn.fd(name, fd)).spawn().unwrap_err();
    let (text, problem) = problem(error);
    assert!(matches!(problem, FdProblem::Unfit { .. }), "{text}");
    text.split_once(": what was handed over as ").unwrap().1.to_owned()
}

fn one(source: FdSource<OsString>) -> [Fd; 1] {
    [fd(3, source, "dev0", 0)]
}

fn what_is_no_tap_is_refused() -> Result<(), Lacking> {
    let no_queue = "`net0.0`: Inappropriate ioctl for device: it is no queue of a tap: such are `/dev/net/tun` after \
                    TUNSETIFF and a macvtap's `/dev/tapN`";
    assert_eq!(unfit(&tap_queues(Some("tap7"), 1), [null()]), no_queue);
    assert_eq!(unfit(&macvtap_queues(1), [null()]), no_queue);
    in_network_namespace(|| {
        let table = tap_queues(Some("tap7"), 2);
        let tun = || File::options().read(true).write(true).open("/dev/net/tun").unwrap().into();
        let no_interface = "File descriptor in bad state: it has no interface: TUNSETIFF chooses one, which must be \
                            there still";
        assert_eq!(unfit(&table, [attach_tap("tap7", true), tun()]), format!("`net0.1`: {no_interface}"));
        let gone = attach_tap("tap7", false);
        ip("link del tap7");
        assert_eq!(unfit(&tap_queues(None, 1), [gone]), format!("`net0.0`: {no_interface}"));

        let tap = libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR;
        assert_eq!(
            unfit(&tap_queues(None, 1), [attach_as("tun8", libc::IFF_TUN | libc::IFF_NO_PI)]),
            "`net0.0`: its interface is a tun, without Ethernet: make a tap (IFF_TAP)"
        );
        let headless = attach_as("tap9", tap & !libc::IFF_VNET_HDR);
        assert_eq!(
            unfit(&table, [attach_as("tap8", tap), headless]),
            "`net0.1`: of the device's queues some have IFF_VNET_HDR and some have not: they must be alike"
        );
        Ok(())
    })
}

fn what_is_no_vhost_device_is_refused() -> Result<(), Lacking> {
    assert_eq!(
        unfit(&one(FdSource::VhostNet), [null()]),
        "`dev0.vhost0`: Inappropriate ioctl for device: it is no vhost-net device: hand over an open `/dev/vhost-net`"
    );
    let vsock = || {
        let plan = Plan::new("/bin/true", [""; 0], one(FdSource::VhostVsock { cid: 42 }).to_vec());
        problem(Spawn::new(&plan).fd("dev0.0", null()).spawn().unwrap_err()).0
    };
    let problem = "dev0: cid 42: what was handed over: ";
    assert_eq!(vsock(), format!("{problem}Inappropriate ioctl for device: it is no vhost-vsock device"));
    let text = with_fake_vhost(libc::EADDRINUSE, vsock)?;
    assert!(text.starts_with(&format!("{problem}Address already in use: another guest")), "{text}");
    Ok(())
}

fn images_are_as_the_disk_needs_them() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    File::create(&path).unwrap();
    let line = |readonly, direct| one(FdSource::File { path: "/no/such/file".into(), readonly, direct });
    let opened = |read, write, flags| {
        OwnedFd::from(File::options().read(read).write(write).custom_flags(flags).open(&path).unwrap())
    };
    let read_write = "`dev0.0`: the disk is not `readonly`: open it for reading and writing";
    let read = "`dev0.0`: the disk is `readonly`: open it for reading and no more";
    assert_eq!(unfit(&line(false, false), [opened(true, false, 0)]), read_write);
    assert_eq!(unfit(&line(false, false), [opened(false, true, 0)]), read_write);
    assert_eq!(unfit(&line(true, false), [opened(true, true, 0)]), read);
    assert_eq!(unfit(&line(true, false), [opened(true, false, libc::O_PATH)]), read);
    let sync = unfit(&line(false, false), [opened(true, true, libc::O_SYNC)]);
    assert!(sync.starts_with("`dev0.0`: open it without O_SYNC"), "{sync}");
    let (pipe, _writer) = rustix::pipe::pipe().unwrap();
    assert_eq!(
        unfit(&line(true, false), [pipe]),
        "`dev0.0`: it is neither a file nor a block device: name one that holds an image"
    );
    let direct = unfit(&line(true, true), [image()]);
    assert!(direct.ends_with("its file system has no direct I/O: choose another `cache=`"), "{direct}");

    // How the host caches can be changed.
    let image = opened(true, true, libc::O_APPEND);
    let kept = image.try_clone().unwrap();
    for (direct, expected) in [(true, libc::O_DIRECT), (false, 0)] {
        let plan = Plan::new("/bin/true", [""; 0], line(false, direct).to_vec());
        match Spawn::new(&plan).fd("dev0.0", image.try_clone().unwrap()).spawn() {
            Ok(guest) => assert!(guest.wait().success()),
            Err(error) => need(false, &format!("needs a temporary folder with direct I/O: {error}"))?,
        }
        let flags = fcntl_getfl(&kept).unwrap().bits().cast_signed();
        assert_eq!(flags & (libc::O_DIRECT | libc::O_APPEND), expected);
    }
    Ok(())
}

fn sockets_are_as_the_line_needs_them() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = one(FdSource::UnixListen { path: "/no/such/folder/socket".into() });
    let client = one(FdSource::UnixConnect { path: "/no/such/folder/socket".into() });
    let listening = UnixListener::bind(&path).unwrap();
    let connected = || OwnedFd::from(UnixStream::connect(&path).unwrap());
    let unconnected = || socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    for table in [&listener, &client] {
        assert_eq!(unfit(table, [null()]), "`dev0.0`: Socket operation on non-socket: hand over a socket");
    }
    let nobody = "`dev0.0`: nobody listens on it: call `listen` before";
    assert_eq!(unfit(&listener, [connected()]), nobody);
    assert_eq!(unfit(&listener, [unconnected()]), nobody);
    assert_eq!(
        unfit(&client, [listening.try_clone().unwrap().into()]),
        "`dev0.0`: it is listened on: hand over one that is connected"
    );
    let text = unfit(&client, [unconnected()]);
    assert!(text.ends_with(": it must be connected before"), "{text}");
    let pair = UnixStream::pair().unwrap().0;
    for (table, fd) in [(listener, listening.into()), (client.clone(), connected()), (client, pair.into())] {
        let plan = Plan::new("/bin/true", [""; 0], table.to_vec());
        assert!(Spawn::new(&plan).fd("dev0.0", fd).spawn().unwrap().wait().success());
    }
    Ok(())
}

fn what_is_no_memory_is_refused() -> Result<(), Lacking> {
    let memory = FdSource::Memfd { size: 4096, hugetlb: false, seal: true };
    assert_eq!(unfit(&one(memory), [null()]), "`dev0.0`: it is no file in memory: `memfd_create` makes one");
    Ok(())
}

fn macvtap_queues_are_handed_over() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev base mode tap");
        let node = format!("/dev/tap{}", macvtap("mv0")?);
        let plan = stand_in::plan(&["fds"], macvtap_queues(1));
        let own = File::options().read(true).write(true).open(&node).unwrap();
        let list = listed(Spawn::new(&plan).fd("net0.0", own)).unwrap();
        assert_eq!(list, expected([(3, &*node)]));
        Ok(())
    })
}
