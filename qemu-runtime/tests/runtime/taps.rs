//! Queues of real interfaces, in a network namespace of the test's own.

use std::fs::{self, File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::mpsc;

use qemu_runtime::{Fd, FdProblem, FdSource, Guest, HostPaths, Plan, Spawn};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use tempfile::TempDir;

use crate::host::{
    Lacking, as_nobody, at_rest, command, fd, in_mount_namespace, in_network_namespace, ip, macvtap,
    macvtap_queues, need, open_files, output, refusing, run, tap_queues, threads, until,
};
use crate::seccomp::Refused;
use crate::stand_in::{self, errno, expected, listed, problem};

crate::tests! {
    a_new_tap_has_the_queues
    a_tap_without_a_name_gets_one_for_all_its_queues
    two_taps_without_a_name_are_two
    a_tap_that_exists_is_opened_as_it_was_made
    several_queues_on_a_tap_of_one_are_refused
    a_queue_that_is_attached_elsewhere_is_busy
    what_is_no_tap_is_refused
    names_that_the_kernel_would_change_are_refused
    the_kernel_has_no_queue_left
    a_user_may_open_their_own_tap_and_no_other
    a_tap_that_was_taken_away_is_missed
    macvtap_queues_are_openings_of_its_device
    macvtap_without_its_own_device_is_refused
    a_like_macvtap_of_another_namespace_is_not_taken
    a_user_opens_a_macvtap_that_is_theirs
}

/// What a stand-in with this table lists.
fn queues(table: Vec<Fd>) -> Vec<String> {
    let plan = stand_in::plan(&["fds"], table);
    listed(Spawn::new(&plan)).unwrap().split_off(&3).into_values().collect()
}

fn failure(table: Vec<Fd>) -> (String, FdProblem) {
    let before = open_files();
    let error = Guest::spawn(&Plan::new("/bin/true", [""; 0], table)).unwrap_err();
    until("all is as it was", || open_files() == before);
    problem(error)
}

fn a_new_tap_has_the_queues() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let before = open_files();
        let plan = stand_in::plan(&["fds"], tap_queues(Some("tap7"), 4));
        let list = listed(Spawn::new(&plan)).unwrap();
        assert_eq!(list, expected((3..7).map(|number| (number, "tap tap7"))));
        until("all is as it was", || open_files() == before);
        Ok(())
    })
}

fn a_tap_without_a_name_gets_one_for_all_its_queues() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev tap0 mode tap");
        assert_eq!(queues(tap_queues(None, 3)), ["tap tap1"; 3]);
        assert_eq!(queues(tap_queues(None, 1)), ["tap tap1"]);
        Ok(())
    })
}

fn two_taps_without_a_name_are_two() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let tap = || FdSource::Tap { ifname: None };
        let table = ["net0", "net1", "net0", "net1"];
        let table = (3..).zip(table).map(|(number, device)| fd(number, tap(), device, (number - 3) / 2));
        assert_eq!(queues(table.collect()), ["tap tap0", "tap tap1", "tap tap0", "tap tap1"]);
        Ok(())
    })
}

fn a_tap_that_exists_is_opened_as_it_was_made() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev one mode tap");
        ip("tuntap add dev many mode tap multi_queue");
        assert_eq!(queues(tap_queues(Some("one"), 1)), ["tap one"]);
        assert_eq!(queues(tap_queues(Some("many"), 1)), ["tap many"]);
        assert_eq!(queues(tap_queues(Some("many"), 4)), ["tap many"; 4]);
        Ok(())
    })
}

fn several_queues_on_a_tap_of_one_are_refused() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev tap0 mode tap");
        let (text, problem) = failure(tap_queues(Some("tap0"), 4));
        assert!(matches!(problem, FdProblem::OneQueue { .. }), "{text}");
        assert_eq!(errno(&problem), Some(libc::EINVAL));
        assert_eq!(
            text,
            "net0, queue 0: tap0: Invalid argument: the tap has one queue and the device several: make it anew (`ip tuntap \
             del dev tap0 mode tap && ip tuntap add dev tap0 mode tap user 0 multi_queue`), or give the device one queue"
        );
        // It stays free for who wants the one.
        assert_eq!(queues(tap_queues(Some("tap0"), 1)), ["tap tap0"]);
        assert!(run(&command(&text, "ip")));
        assert_eq!(queues(tap_queues(Some("tap0"), 4)), ["tap tap0"; 4]);
        Ok(())
    })
}

fn a_queue_that_is_attached_elsewhere_is_busy() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let first = Guest::spawn(&Plan::new("/bin/sleep", ["1000"], tap_queues(Some("tap0"), 1))).unwrap();
        let (text, problem) = failure(tap_queues(Some("tap0"), 1));
        assert!(matches!(problem, FdProblem::Busy { .. }), "{text}");
        assert_eq!(errno(&problem), Some(libc::EBUSY));
        assert_eq!(
            text,
            "net0, queue 0: tap0: Device or resource busy: the tap is attached elsewhere, perhaps to a guest that still \
             runs: end what has it (`grep -ls 'iff:.tap0$' /proc/[0-9]*/fdinfo/*`), or name another tap"
        );
        assert!(output(&command(&text, "grep")).contains(&format!("/proc/{}/fdinfo/3\n", first.id())));
        // In use or not, one queue is not several.
        let (text, problem) = failure(tap_queues(Some("tap0"), 2));
        assert!(matches!(problem, FdProblem::OneQueue { .. }), "{text}");
        drop(first);
        assert_eq!(queues(tap_queues(Some("tap0"), 1)), ["tap tap0"]);
        Ok(())
    })
}

fn what_is_no_tap_is_refused() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev tun0 mode tun");
        for (ifname, queues) in [("lo", 1), ("lo", 4), ("tun0", 1), ("tun0", 4)] {
            let (text, problem) = failure(tap_queues(Some(ifname), queues));
            assert!(matches!(problem, FdProblem::OtherKind { .. }), "{text}");
            let end = format!("is no tap (`ip -details link show {ifname}`): choose another name");
            assert!(text.ends_with(&end), "{text}");
        }
        Ok(())
    })
}

fn names_that_the_kernel_would_change_are_refused() -> Result<(), Lacking> {
    in_network_namespace(|| {
        for ifname in ["sixteen_letters_", "tap%d", ""] {
            let (text, problem) = failure(tap_queues(Some(ifname), 1));
            assert!(matches!(problem, FdProblem::Name { .. }), "{text}");
            assert!(text.starts_with(&format!("net0, queue 0: `{ifname}` can't be")), "{text}");
        }
        Ok(())
    })
}

fn the_kernel_has_no_queue_left() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let (text, problem) = failure(tap_queues(Some("tap0"), 300));
        assert!(matches!(problem, FdProblem::NoQueueLeft { .. }), "{text}");
        assert!(text.starts_with("net0, queue 256: tap0: "), "{text}");
        assert!(
            text.contains("the tap has no queue left: give the device fewer (`mq=`), or end what"),
            "{text}"
        );
        Ok(())
    })
}

/// A `/dev/net/tun` that everyone may open.
fn open_tun() -> (TempDir, HostPaths) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let tun = folder.path().join("tun");
    mknodat(CWD, &tun, FileType::CharacterDevice, Mode::from_raw_mode(0o666), makedev(10, 200)).unwrap();
    fs::set_permissions(&tun, Permissions::from_mode(0o666)).unwrap();
    (folder, HostPaths { tun, ..HostPaths::default() })
}

fn a_user_may_open_their_own_tap_and_no_other() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let (_folder, paths) = open_tun();
        ip("tuntap add dev root0 mode tap user 0");
        ip("tuntap add dev own0 mode tap user 65534 multi_queue");
        let spawn = |ifname, queues| {
            let plan = Plan::new("/bin/true", [""; 0], tap_queues(ifname, queues));
            // What an error says names the user who reads it.
            as_nobody(|| Spawn::new(&plan).host_paths(paths.clone()).spawn().map_err(problem))
        };
        match spawn(Some("own0"), 2) {
            Ok(guest) => assert!(guest.wait().success()),
            Err((text, problem)) => {
                // A file system may refuse devices.
                need(
                    !matches!(problem, FdProblem::Open { .. }),
                    "needs a temporary folder that takes devices",
                )?;
                panic!("{text}");
            }
        }
        ip("tuntap add dev root1 mode tap user 0 multi_queue");
        let needs = "needs CAP_NET_ADMIN, or a tap owned by this user: `";
        for (ifname, queues, start, several) in [
            ("root0", 1, format!("{needs}ip tuntap del dev root0 mode tap && "), ""),
            ("root1", 1, format!("{needs}ip tuntap del dev root1 mode tap multi_queue && "), " multi_queue"),
            ("none0", 4, format!("there is no such tap, and to make one {needs}"), " multi_queue"),
        ] {
            let (text, problem) = spawn(Some(ifname), queues).unwrap_err();
            assert!(matches!(problem, FdProblem::NotPermitted { .. }), "{text}");
            let add = format!("ip tuntap add dev {ifname} mode tap user 65534{several}`");
            assert_eq!(text, format!("net0, queue 0: {ifname}: Operation not permitted: {start}{add}"));
            assert!(run(&command(&text, "ip")), "{text}");
            assert!(spawn(Some(ifname), queues).unwrap().wait().success());
        }
        let (text, _) = spawn(None, 1).unwrap_err();
        let add = "ip tuntap add dev tap0 mode tap user 65534`";
        assert_eq!(text, format!("net0, queue 0: a new tap: Operation not permitted: {needs}{add}"));
        Ok(())
    })
}

fn macvtap_queues_are_openings_of_its_device() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev base mode tap");
        let node = format!("/dev/tap{}", macvtap("mv0")?);
        let plan = stand_in::plan(&["fds"], macvtap_queues(2));
        let list = listed(Spawn::new(&plan)).unwrap();
        assert_eq!(list, expected([(3, &*node), (4, &*node)]));

        // Where no more can be open, another namespace's /sys is not looked at.
        let full = Refused { number: libc::SYS_fsopen, argument: None, errno: libc::EMFILE };
        let (text, problem) = refusing(full, || failure(macvtap_queues(1)))?;
        assert!(matches!(problem, FdProblem::Open { .. }), "{text}");
        assert!(text.ends_with("Too many open files: raise the limit of open files (`ulimit -n`)"), "{text}");
        Ok(())
    })
}

fn macvtap_without_its_own_device_is_refused() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev base mode tap");
        let index = macvtap("mv0")?;
        let folder = tempfile::tempdir().unwrap();
        let paths = HostPaths { tap_dir: folder.path().to_owned(), ..HostPaths::default() };
        let plan = Plan::new("/bin/true", [""; 0], macvtap_queues(1));
        let failure = || problem(Spawn::new(&plan).host_paths(paths.clone()).spawn().unwrap_err());

        let (text, problem) = failure();
        assert!(matches!(problem, FdProblem::NoNode { .. }), "{text}");
        let mknod = command(&text, "mknod");
        need(run(&mknod), "needs a temporary folder that takes devices")?;
        let list =
            || listed(Spawn::new(&stand_in::plan(&["fds"], macvtap_queues(1))).host_paths(paths.clone()));
        let node = folder.path().join(format!("tap{index}"));
        match list() {
            Ok(list) => assert_eq!(list, expected([(3, node.to_str().unwrap())])),
            Err(error) => need(false, &format!("needs a temporary folder that takes devices: {error}"))?,
        }
        fs::remove_file(&node).unwrap();

        // In another namespace another interface may have the same index, and the one node is one's only.
        let other = format!("/dev/tap{}", macvtap("mv1")?);
        symlink(other, &node).unwrap();
        let (text, problem) = failure();
        assert!(matches!(problem, FdProblem::OtherInterface { .. }), "{text}");

        ip("link delete mv0");
        let (text, problem) = failure();
        assert!(matches!(problem, FdProblem::NoInterface { .. }), "{text}");
        assert_eq!(errno(&problem), Some(libc::ENODEV));
        assert!(run(&command(&text, "ip").replace("eth0", "base")), "{text}");
        Ok(())
    })
}

/// Makes the macvtap `mv0` like that of the other namespace in this one, and sends the way into it.
fn like_others(index: u32, sender: &mpsc::Sender<File>) {
    ip("tuntap add dev base mode tap");
    ip(&format!("link add link base name mv0 index {index} address 52:54:00:12:34:56 type macvtap"));
    sender.send(File::open("/proc/thread-self/ns/net").unwrap()).unwrap();
}

fn a_like_macvtap_of_another_namespace_is_not_taken() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev base mode tap");
        // Its index, name and address are the same in both, and the node is this one's.
        let index = macvtap("mv0")?;
        let node = format!("/dev/tap{index}");
        let ours = fs::metadata(&node).unwrap().rdev();
        let (sender, namespaces) = mpsc::channel();
        in_network_namespace(move || {
            like_others(index, &sender);
            let (text, problem) = failure(macvtap_queues(1));
            assert!(matches!(problem, FdProblem::OtherInterface { .. }), "{text}");
            Ok(())
        })?;
        let namespace = namespaces.recv().unwrap();
        let path = format!("/proc/self/fd/{}", namespace.as_raw_fd());

        let plan = stand_in::plan(&["fds"], macvtap_queues(1));
        let spawn = || Spawn::new(&plan).network_namespace(path.clone());
        let before = open_files();
        let (text, problem) = problem(listed(spawn()).unwrap_err());
        until("all is as it was", || open_files() == before);
        let FdProblem::OtherInterface { device: (major, minor), .. } = problem else { panic!("{text}") };
        assert_ne!(makedev(major, minor), ours);

        // What the message says to do gives it its own, and ours is still had here.
        let folder = Path::new("/run").join(format!("tap-{major}-{minor}"));
        need(run(&command(&text, "mkdir")), "needs a folder that takes devices")?;
        let paths = HostPaths { tap_dir: folder.clone(), ..HostPaths::default() };
        let theirs = listed(spawn().host_paths(paths));
        fs::remove_dir_all(&folder).unwrap();
        let name = folder.join(format!("tap{index}"));
        assert_eq!(theirs.unwrap(), expected([(3, name.to_str().unwrap())]));
        assert_eq!(queues(macvtap_queues(1)), [node]);
        Ok(())
    })
}

fn a_user_opens_a_macvtap_that_is_theirs() -> Result<(), Lacking> {
    in_network_namespace(|| {
        ip("tuntap add dev base mode tap");
        let index = macvtap("mv0")?;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let node = folder.path().join(format!("tap{index}"));
        let device = fs::metadata(format!("/dev/tap{index}")).unwrap().rdev();
        mknodat(CWD, &node, FileType::CharacterDevice, Mode::from_raw_mode(0o666), device).unwrap();
        fs::set_permissions(&node, Permissions::from_mode(0o666)).unwrap();
        let paths = HostPaths { tap_dir: folder.path().to_owned(), ..HostPaths::default() };
        let plan = Plan::new("/bin/true", [""; 0], macvtap_queues(1));
        let spawn = || as_nobody(|| Spawn::new(&plan).host_paths(paths.clone()).spawn());

        // This process's /sys is another namespace's, and nobody may mount this one's.
        let (text, problem) = problem(spawn().unwrap_err());
        assert!(matches!(problem, FdProblem::NotTap { .. }), "{text}");
        assert!(text.ends_with("(`ip -details link show mv0`), and /sys its network namespace's?"), "{text}");

        in_mount_namespace(|| {
            need(run("mount -t sysfs sysfs /sys"), "needs to be allowed to mount")?;
            let guest = spawn().unwrap_or_else(|error| panic!("{error}"));
            assert!(guest.wait().success());
            Ok(())
        })
    })
}

/// It was there when the plan was made, and a spawn before.
fn a_tap_that_was_taken_away_is_missed() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let (_folder, paths) = open_tun();
        ip("tuntap add dev gone0 mode tap user 65534 multi_queue");
        let plan = Plan::new("/bin/true", [""; 0], tap_queues(Some("gone0"), 2));
        let spawn = || as_nobody(|| Spawn::new(&plan).host_paths(paths.clone()).spawn());
        let there = spawn().map(|guest| guest.wait());
        let usable = !there.is_err_and(|error| matches!(problem(error).1, FdProblem::Open { .. }));
        need(usable, "needs a temporary folder that takes devices")?;
        ip("link del gone0");
        let before = at_rest();
        let (text, problem) = problem(spawn().unwrap_err());
        assert!(matches!(problem, FdProblem::NotPermitted { exists: false, .. }), "{text}");
        assert!(text.contains("there is no such tap") && text.contains("ip tuntap add dev gone0"), "{text}");
        // A queue that is open already outlives its interface, and nothing of ours was.
        until("nothing is left", || (open_files(), threads()) == before);
        Ok(())
    })
}
