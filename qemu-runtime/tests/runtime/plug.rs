//! What QEMU is told when devices join a guest, by a stand-in that writes it down. Real QEMUs have their own tests, in the
//! workspace's `tests/real_qemu/plug.rs`.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;

use qemu_runtime::qmp::{QmpEnd, QmpError, QmpOptions};
use qemu_runtime::{FdProblem, Guest, HostPaths, Left, PlugProblem, Spawn, SpawnError, UnplugError, devices};
use serde_json::json;
use tempfile::TempDir;

use crate::host::{Lacking, in_network_namespace, ip, open_files, until, with_fake_vhost};
use crate::qmp::{LONG, SHORT, paused};
use crate::stand_in;

crate::tests! {
    descriptors_are_handed_over_by_name
    what_was_handed_over_is_taken_back
    a_file_goes_by_a_set
    what_the_caller_hands_over_is_not_opened
    taps_are_those_of_the_guest_s_namespace
    a_descriptor_that_fails_changes_nothing
    a_death_leaves_nothing_to_undo
    a_backend_that_is_made_in_part_is_told
    what_goes_with_another_is_no_error
    a_descriptor_that_qemu_keeps_is_told_and_asked_for_again
    what_nothing_refers_to_goes_with_what_was_plugged
    what_a_node_refers_to_goes_with_the_last_that_does
    a_guest_that_refuses_is_told
    a_release_without_a_word_is_seen
    what_another_has_removed_is_forgotten
    plugs_and_unplugs_of_one_id_leave_no_device_without_its_backend
    without_qmp_nothing_is_plugged
}

/// A guest that takes everything, but for its [fault](crate::taking::take).
struct Taking {
    guest: Guest,
    folder: TempDir,
}

impl Taking {
    /// With a file in place of `/dev/vhost-net`.
    fn all_but(fault: &str) -> Self {
        Self::spawned(fault, |spawn| spawn)
    }

    fn spawned(fault: &str, with: impl FnOnce(Spawn<'_>) -> Spawn<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vhost_net = folder.path().join("vhost-net");
        fs::write(&vhost_net, "").unwrap();
        let log = folder.path().join("log");
        let plan = stand_in::plan(&["qmp", "takes", log.to_str().unwrap(), fault], vec![]);
        let spawn = Spawn::new(&plan).host_paths(HostPaths { vhost_net, ..HostPaths::default() });
        let guest = with(spawn).qmp_with(QmpOptions::new().timeout(LONG)).start();
        Self { guest: guest.unwrap(), folder }
    }

    /// The commands so far that change something.
    fn commands(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        log.lines().skip(1).filter(|line| !line.starts_with("human")).map(str::to_owned).collect()
    }
}

const HANDED: [&str; 5] = [
    r#"getfd {"fdname":"qemu-runtime-1"}"#,
    r#"getfd {"fdname":"qemu-runtime-2"}"#,
    r#"getfd {"fdname":"qemu-runtime-3"}"#,
    r#"getfd {"fdname":"qemu-runtime-4"}"#,
    r#"netdev_add {"fds":"qemu-runtime-3:qemu-runtime-4","id":"net0","type":"tap","vhost":true,"vhostfds":"qemu-runtime-1:qemu-runtime-2"}"#,
];
const CARD: &str = r#"device_add {"driver":"virtio-net-pci","id":"net0","mac":"52:54:00:12:34:56","mq":true,"netdev":"net0","vectors":6}"#;

/// Runs `test` in a network namespace of its own, where a file can take the place of `/dev/vhost-net`.
fn with_vhost(test: impl FnOnce() -> Result<(), Lacking> + Send + 'static) -> Result<(), Lacking> {
    in_network_namespace(|| with_fake_vhost(0, test)?)
}

fn descriptors_are_handed_over_by_name() -> Result<(), Lacking> {
    with_vhost(|| {
        let taking = Taking::all_but("nothing");
        let before = open_files();
        let plugged = taking.guest.plug(devices! { netdev tap mq=2 vhost mac=52:54:00:12:34:56 }).unwrap();
        assert_eq!(plugged.devices, ["net0"]);
        assert_eq!(taking.commands(), [&HANDED[..], &[CARD]].concat());
        until("all is as it was", || open_files() == before);
        // Names go on, as QEMU may have the others still.
        taking.guest.plug(devices! { netdev tap mq=1 id=other }).unwrap();
        assert_eq!(taking.commands()[6], r#"getfd {"fdname":"qemu-runtime-5"}"#);
        Ok(())
    })
}

fn what_was_handed_over_is_taken_back() -> Result<(), Lacking> {
    with_vhost(|| {
        let closed = (1..=4).map(|number| format!(r#"closefd {{"fdname":"qemu-runtime-{number}"}}"#));
        let closed: Vec<_> = closed.collect();
        for (refused, mut expected) in [
            ("netdev_add", HANDED.map(str::to_owned).to_vec()),
            ("device_add", [&HANDED[..], &[CARD]].concat().into_iter().map(str::to_owned).collect()),
            ("getfd", vec![HANDED[0].to_owned()]),
        ] {
            let taking = Taking::all_but(refused);
            let before = open_files();
            let error =
                taking.guest.plug(devices! { netdev tap mq=2 vhost mac=52:54:00:12:34:56 }).unwrap_err();
            assert!(
                error.left.is_empty() && error.to_string().ends_with(&format!("{refused}: no")),
                "{error}"
            );
            expected.extend(closed.iter().cloned());
            if refused == "device_add" {
                expected.push(r#"netdev_del {"id":"net0"}"#.to_owned());
            }
            assert_eq!(taking.commands(), expected, "{refused}");
            until("all is as it was", || open_files() == before);
        }
        Ok(())
    })
}

fn a_file_goes_by_a_set() -> Result<(), Lacking> {
    // A relative path is one of this process's working directory, as at the spawn.
    let plug =
        |taking: &Taking| taking.guest.plug(devices! { disk file="Cargo.toml" format=raw readonly fd });
    let done = [
        r#"add-fd {"fdset-id":0,"opaque":"Cargo.toml"}"#,
        r#"blockdev-add {"driver":"raw","file":{"driver":"file","filename":"/dev/fdset/0"},"node-name":"disk0","read-only":true}"#,
        r#"device_add {"drive":"disk0","driver":"virtio-blk","id":"disk0"}"#,
    ];
    let undone = [r#"blockdev-del {"node-name":"disk0"}"#, r#"remove-fd {"fdset-id":0}"#];
    for (steps, refused) in (1..).zip(["add-fd", "blockdev-add", "device_add"]) {
        let taking = Taking::all_but(refused);
        let before = open_files();
        let error = plug(&taking).unwrap_err();
        let said = error.to_string();
        assert!(error.left.is_empty() && said.ends_with(&format!("`disk0`: {refused}: no")), "{said}");
        assert_eq!(taking.commands(), [&done[..steps], &undone[3 - steps..]].concat());
        until("all is as it was", || open_files() == before);
    }
    let taking = Taking::all_but("nothing");
    plug(&taking).unwrap();
    taking.guest.unplug("disk0").unwrap();
    let released = [r#"device_del {"id":"disk0"}"#];
    assert_eq!(taking.commands(), [&done[..], &released, &undone].concat());
    Ok(())
}

fn what_the_caller_hands_over_is_not_opened() -> Result<(), Lacking> {
    with_vhost(|| {
        let taking = Taking::all_but("nothing");
        fs::remove_file(taking.folder.path().join("vhost-net")).unwrap();
        let before = open_files();
        let file = || File::open("/proc/version").unwrap();
        let card = devices! { netdev tap id=lan mq=1 vhost };
        for (names, said) in [
            (vec!["lan.1"], "no file descriptor is called `lan.1`: there is lan.vhost0, lan.0"),
            (vec!["lan.vhost0", "lan.vhost0"], "two file descriptors were handed over as `lan.vhost0`"),
        ] {
            let fds = names.into_iter().map(|name| (name, file()));
            assert_eq!(taking.guest.plug_with_fds(card, fds).unwrap_err().to_string(), said);
        }
        assert_eq!((taking.commands(), open_files()), (vec![], before.clone()));

        taking.guest.plug_with_fds(card, [("lan.vhost0", file())]).unwrap();
        assert_eq!(
            taking.commands()[..2],
            [HANDED[0], HANDED[1]].map(|line| line.replace('1', "5").replace('2', "6"))
        );
        let disk = devices! { disk id=d file="/no/such/file" format=raw readonly fd };
        taking.guest.plug_with_fds(disk, [("d.0", file())]).unwrap();
        until("all is as it was", || open_files() == before);
        Ok(())
    })
}

fn taps_are_those_of_the_guest_s_namespace() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let (sender, inside) = mpsc::channel();
        in_network_namespace(move || {
            ip("tuntap add dev one mode tap");
            ip("tuntap add dev two mode tap multi_queue");
            // One guest inherits the namespace from the thread that starts it.
            let inside = (File::open("/proc/thread-self/ns/net").unwrap(), Taking::all_but("nothing"));
            sender.send(inside).unwrap();
            Ok(())
        })?;
        let (namespace, inherits) = inside.recv().unwrap();
        let path = format!("/proc/self/fd/{}", namespace.as_raw_fd());
        let enters = Taking::spawned("nothing", |spawn| spawn.network_namespace(path));
        drop(namespace);
        for taking in [inherits, enters] {
            let before = open_files();
            taking.guest.plug(devices! { netdev tap ifname=two mq=2 }).unwrap();
            // Here it would have been made.
            let error = taking.guest.plug(devices! { netdev tap ifname=one mq=2 }).unwrap_err();
            assert!(
                matches!(&*error.problem, PlugProblem::Fds(SpawnError::Fd(fd)) if matches!(fd.problem, FdProblem::OneQueue { .. })),
                "{error}"
            );
            until("all is as it was", || open_files() == before);
        }
        Ok(())
    })
}

fn a_descriptor_that_fails_changes_nothing() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let taking = Taking::all_but("nothing");
        fs::remove_file(taking.folder.path().join("vhost-net")).unwrap();
        let before = open_files();
        let error = taking
            .guest
            .plug(devices! {
                object iothread id=io
                netdev tap mq=1 vhost
            })
            .unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(&format!("{}:{}:17: net0, queue 0: ", file!(), line!() - 4)), "{said}");
        assert!(
            matches!(&*error.problem, PlugProblem::Fds(SpawnError::Fd(fd)) if matches!(fd.problem, FdProblem::Open { .. })),
            "{said}"
        );
        assert_eq!((taking.commands(), open_files()), (vec![], before));
        Ok(())
    })
}

fn a_death_leaves_nothing_to_undo() -> Result<(), Lacking> {
    let taking = Taking::all_but("death");
    let error = taking.guest.plug(devices! { netdev user }).unwrap_err();
    let ended = match error.problem.qmp_error() {
        Some(QmpError::Ended { end, .. }) => matches!(&**end, QmpEnd::Exited(_)),
        _ => false,
    };
    assert!(ended && error.left.is_empty(), "{error}");
    assert!(error.to_string().contains("`net0`: device_add: QEMU has ended: exit status: 9"), "{error}");
    Ok(())
}

fn a_backend_that_is_made_in_part_is_told() -> Result<(), Lacking> {
    let taking = Taking::all_but("half of a netdev");
    let error = taking.guest.plug(devices! { netdev user }).unwrap_err();
    let left: Vec<_> = error.left.iter().map(|left| (left.what, &*left.id)).collect();
    assert_eq!(left, [("a network backend", "net0")]);
    // It may be another's, which was added meanwhile.
    assert!(!taking.commands().iter().any(|command| command.starts_with("netdev_del")));
    assert_eq!(taking.guest.plug(devices! { netdev user }).unwrap_err().left[0].id, "net1");
    Ok(())
}

/// What QEMU does with a vhost-user backend's.
fn what_goes_with_another_is_no_error() -> Result<(), Lacking> {
    let taking = Taking::all_but("chardevs go with netdevs");
    taking.guest.plug(devices! { netdev vhost-user id=n socket="/socket" }).unwrap();
    taking.guest.unplug("n").unwrap();
    let commands = taking.commands();
    let last = [r#"netdev_del {"id":"n"}"#, r#"chardev-remove {"id":"char0"}"#].map(str::to_owned);
    assert!(commands.ends_with(&last), "{commands:#?}");
    assert_eq!(taking.guest.unplug("n").unwrap_err().to_string(), "the guest has no device `n`");
    Ok(())
}

/// As QEMU 7.2 does while the guest doesn't run.
fn a_descriptor_that_qemu_keeps_is_told_and_asked_for_again() -> Result<(), Lacking> {
    let disk =
        |taking: &Taking| taking.guest.plug(devices! { disk id=d file="Cargo.toml" format=raw readonly fd });
    let ids = |left: &[Left]| left.iter().map(|left| left.id.clone()).collect::<Vec<_>>();
    let taking = Taking::all_but("paused");
    assert_eq!(disk(&taking).unwrap().left, []);
    for _ in 0..2 {
        match taking.guest.unplug("d") {
            Err(error @ UnplugError::Left(_)) => assert_eq!(
                error.to_string(),
                "a set of file descriptors `/dev/fdset/0` is left: QEMU closes it while the guest runs: the next plug or \
                 unplug asks again"
            ),
            other => panic!("{other:?}"),
        }
    }
    // Whatever is plugged or unplugged: its number stays taken.
    assert_eq!(ids(&disk(&taking).unwrap().left), ["/dev/fdset/0"]);
    assert!(taking.commands().contains(&r#"add-fd {"fdset-id":1,"opaque":"Cargo.toml"}"#.to_owned()));
    assert_eq!(ids(&disk(&taking).unwrap_err().left), ["/dev/fdset/0"]);
    match taking.guest.unplug("d") {
        Err(UnplugError::Left(left)) => assert_eq!(ids(&left), ["/dev/fdset/0", "/dev/fdset/1"]),
        other => panic!("{other:?}"),
    }
    let qmp = taking.guest.qmp().unwrap();
    qmp.execute_raw("cont", json!({})).unwrap();
    taking.guest.unplug("d").unwrap();
    assert_eq!(qmp.execute_raw("query-fdsets", json!({})).unwrap(), json!([]));
    assert!(matches!(taking.guest.unplug("d"), Err(UnplugError::Missing { .. })));

    // After a step that fails, too.
    let taking = Taking::all_but("paused");
    for number in 0..3 {
        let bad =
            devices! { disk id=d file="Cargo.toml" format=raw readonly fd; device virtio-rng-pci id=refused };
        let sets: Vec<_> = (0..=number).map(|number| format!("/dev/fdset/{number}")).collect();
        assert_eq!(ids(&taking.guest.plug(bad).unwrap_err().left), sets);
    }
    let qmp = taking.guest.qmp().unwrap();
    qmp.execute_raw("cont", json!({})).unwrap();
    assert_eq!(taking.guest.plug(devices! { device virtio-rng-pci }).unwrap().left, []);
    assert_eq!(qmp.execute_raw("query-fdsets", json!({})).unwrap(), json!([]));
    Ok(())
}

fn what_nothing_refers_to_goes_with_what_was_plugged() -> Result<(), Lacking> {
    let taking = Taking::all_but("nothing");
    let qmp = taking.guest.qmp().unwrap();
    let objects =
        || qmp.execute_raw("qom-list", json!({ "path": "/objects" })).unwrap().as_array().unwrap().len();
    for _ in 0..2 {
        let plugged = taking.guest.plug(devices! {
            object secret id=key data=x
            object iothread id=thread
            device virtio-balloon-pci id=one
            device virtio-rng-pci id=two
        });
        assert_eq!(plugged.unwrap().devices, ["one", "two"]);
        taking.guest.unplug("two").unwrap();
        assert_eq!(objects(), 3);
        taking.guest.unplug("one").unwrap();
        assert_eq!(objects(), 1);
        let last = [r#"object-del {"id":"thread"}"#, r#"object-del {"id":"key"}"#].map(str::to_owned);
        assert!(taking.commands().ends_with(&last), "{:#?}", taking.commands());
    }
    // What comes without a device stays until a device uses it, or it is named.
    taking.guest.plug(devices! { object iothread id=thread }).unwrap();
    taking.guest.plug(devices! { device virtio-rng-pci id=one }).unwrap();
    taking.guest.unplug("one").unwrap();
    assert_eq!(objects(), 2);
    taking.guest.unplug("thread").unwrap();
    assert_eq!(objects(), 1);
    Ok(())
}

fn what_a_node_refers_to_goes_with_the_last_that_does() -> Result<(), Lacking> {
    let taking = Taking::all_but("nothing");
    let first = devices! {
        object throttle-group id=tg
        blockdev null-co node-name=f1
        blockdev throttle node-name=t1 throttle-group=tg file=f1
        device virtio-blk-pci id=one drive=t1
    };
    taking.guest.plug(first).unwrap();
    let second = devices! {
        blockdev null-co node-name=f2
        blockdev throttle node-name=t2 throttle-group=tg file=f2
        device virtio-blk-pci id=two drive=t2
    };
    taking.guest.plug(second).unwrap();
    let error =
        taking.guest.plug(devices! { blockdev throttle node-name=t throttle-group=gt file=f1 }).unwrap_err();
    assert!(matches!(&*error.problem, PlugProblem::Missing { id } if id == "gt"), "{error}");
    taking.guest.unplug("one").unwrap();
    let nodes = |number| {
        [
            format!(r#"blockdev-del {{"node-name":"t{number}"}}"#),
            format!(r#"blockdev-del {{"node-name":"f{number}"}}"#),
        ]
    };
    assert!(taking.commands().ends_with(&nodes(1)), "{:#?}", taking.commands());
    taking.guest.unplug("two").unwrap();
    let last = [&nodes(2)[..], &[r#"object-del {"id":"tg"}"#.to_owned()]].concat();
    assert!(taking.commands().ends_with(&last), "{:#?}", taking.commands());
    taking.guest.plug(first).unwrap();
    Ok(())
}

fn a_guest_that_refuses_is_told() -> Result<(), Lacking> {
    for event in ["DEVICE_UNPLUG_GUEST_ERROR", "MEM_UNPLUG_ERROR"] {
        let taking = Taking::all_but(event);
        taking.guest.plug(devices! { netdev user }).unwrap();
        let said = taking.guest.unplug_timeout("net0", SHORT).unwrap_err().to_string();
        assert_eq!(said, format!("the guest refuses to release `net0` ({event})"));
        assert_eq!(taking.commands().last().unwrap(), r#"device_del {"id":"net0"}"#);
    }
    Ok(())
}

fn a_release_without_a_word_is_seen() -> Result<(), Lacking> {
    for (fault, timeout) in [("silent releases", SHORT), ("many events", LONG)] {
        let taking = Taking::all_but(fault);
        taking.guest.plug(devices! { netdev user }).unwrap();
        taking.guest.unplug_timeout("net0", timeout).unwrap();
        assert_eq!(taking.commands().last().unwrap(), r#"netdev_del {"id":"net0"}"#, "{fault}");
    }
    Ok(())
}

fn what_another_has_removed_is_forgotten() -> Result<(), Lacking> {
    let taking = Taking::all_but("nothing");
    let qmp = taking.guest.qmp().unwrap();
    let card = devices! { chardev null id=c; device usb-serial id=d chardev=c };
    taking.guest.plug(card).unwrap();
    qmp.execute_raw("device_del", json!({ "id": "d" })).unwrap();
    qmp.execute_raw("chardev-remove", json!({ "id": "c" })).unwrap();
    taking.guest.plug(card).unwrap();
    taking.guest.unplug("d").unwrap();
    let commands = taking.commands();
    let removed = commands.iter().filter(|command| command.starts_with("chardev-remove")).count();
    assert_eq!(removed, 2, "{commands:#?}");
    // What belonged to a device that another has removed goes when the next leaves, and not from under a new one.
    taking.guest.plug(card).unwrap();
    qmp.execute_raw("device_del", json!({ "id": "d" })).unwrap();
    taking.guest.plug(devices! { device usb-serial id=e chardev=c }).unwrap();
    assert!(taking.guest.unplug("d").is_err());
    assert!(taking.commands().last().unwrap().starts_with("device_add"));
    taking.guest.unplug("e").unwrap();
    assert_eq!(taking.commands().last().unwrap(), r#"chardev-remove {"id":"c"}"#);
    Ok(())
}

fn plugs_and_unplugs_of_one_id_leave_no_device_without_its_backend() -> Result<(), Lacking> {
    let taking = Taking::all_but("nothing");
    let plugged = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    match taking.guest.plug(devices! { netdev user id=n }) {
                        Ok(_) => drop(plugged.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => assert!(matches!(*error.problem, PlugProblem::Taken { .. }), "{error}"),
                    }
                    match taking.guest.unplug("n") {
                        Ok(()) | Err(UnplugError::Missing { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert!(plugged.into_inner() > 100);
    let left = taking.guest.qmp().unwrap().execute_raw("qom-list", json!({ "path": "/machine/peripheral" }));
    assert_eq!(left.unwrap(), json!([]));
    assert!(taking.guest.plug(devices! { netdev user id=n }).is_ok());
    Ok(())
}

fn without_qmp_nothing_is_plugged() -> Result<(), Lacking> {
    let guest = Guest::spawn(&paused()).unwrap();
    let error = guest.plug(devices! { netdev user }).unwrap_err();
    assert!(matches!(*error.problem, PlugProblem::Qmp(QmpError::NoQmp)), "{error}");
    assert!(guest.unplug("net0").is_err());
    Ok(())
}
