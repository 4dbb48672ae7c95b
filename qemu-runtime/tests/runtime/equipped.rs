//! File descriptors that a `vm!` has as values: QEMU gets them, and they are closed once in any case.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};

use qemu_runtime::{Equipped, Guest, Plan, Spawn, SpawnError, devices, vm};
use serde_json::json;

use crate::host::{
    Lacking, attach_tap, in_network_namespace, open_files, open_files_of, until, with_fake_vhost,
};

crate::tests! {
    qemu_gets_the_queues_of_a_vm
    qemu_gets_a_disk_by_its_file
    qemu_listens_on_the_programs_socket
    they_are_closed_where_nothing_starts
    they_are_closed_where_the_spawn_fails
    what_is_no_queue_is_refused
    one_that_is_named_too_is_refused
    a_guest_is_given_devices_with_theirs
}

fn queues() -> Vec<OwnedFd> {
    (0..2).map(|_| attach_tap("tap7", true)).collect()
}

/// The interface of a tap's queue of QEMU's.
fn interface(guest: &Guest, number: u32) -> Option<String> {
    let info = fs::read_to_string(format!("/proc/{}/fdinfo/{number}", guest.id())).unwrap();
    info.lines().find_map(|line| line.strip_prefix("iff:")).map(|name| name.trim().to_owned())
}

fn qemu_gets_the_queues_of_a_vm() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let before = open_files();
        let guest = Guest::start(
            vm! {
                machine q35 accel=tcg; nodefaults; nographic; arg "-S"
                netdev tap fds={queues()} mac=52:54:00:12:34:56
            }
            .unwrap(),
        )
        .unwrap();
        assert_eq!([3, 4].map(|number| interface(&guest, number)), [(); 2].map(|()| Some("tap7".to_owned())));
        let network = guest.qmp().unwrap();
        let network =
            network.execute_raw("human-monitor-command", json!({ "command-line": "info network" })).unwrap();
        let network = network.as_str().unwrap();
        for (queue, number) in [(0, 3), (1, 4)] {
            assert!(network.contains(&format!("net0: index={queue},type=tap,fd={number}")), "{network}");
        }
        guest.kill().unwrap();
        drop(guest);
        until("all is as it was", || open_files() == before);
        Ok(())
    })
}

fn qemu_gets_a_disk_by_its_file() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.img");
    fs::write(&path, [7; 512]).unwrap();
    let image = File::options().read(true).write(true).open(&path).unwrap();
    // Its name is of no use to QEMU.
    fs::remove_file(&path).unwrap();
    let before = open_files();
    let size = image.metadata().unwrap().len();
    let guest = Guest::start(
        vm! {
            machine q35 accel=tcg; nodefaults; nographic; arg "-S"
            disk id=root file={&path} format=raw fd={image}
        }
        .unwrap(),
    )
    .unwrap();
    let blocks = guest.qmp().unwrap().execute_raw("query-block", json!({})).unwrap();
    let inserted = |pointer: &str| blocks.pointer(&format!("/0/inserted/{pointer}")).cloned();
    assert_eq!(inserted("image/virtual-size"), Some(json!(size)), "{blocks}");
    assert_eq!(inserted("ro"), Some(json!(false)));
    guest.kill().unwrap();
    drop(guest);
    // The file's own is closed as well.
    until("all but the file is as it was", || open_files().len() + 1 == before.len());
    Ok(())
}

fn qemu_listens_on_the_programs_socket() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qmp");
    let listener = UnixListener::bind(&path).unwrap();
    let client = UnixStream::connect(&path).unwrap();
    let guest = Guest::spawn(
        vm! {
            machine q35 accel=tcg; nodefaults; nographic; arg "-S"
            qmp unix {&path} server nowait fd={listener}
        }
        .unwrap(),
    )
    .unwrap();
    let mut greeting = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(client), &mut greeting).unwrap();
    assert!(greeting.contains("QMP"), "{greeting}");
    guest.kill().unwrap();
    Ok(())
}

fn image() -> File {
    File::open("/proc/version").unwrap()
}

fn with_image(program: &str) -> Equipped<'static, Plan> {
    vm! { qemu {program} disk id=d file="/no/such/file" format=raw readonly fd={image()} }.unwrap()
}

fn they_are_closed_where_nothing_starts() -> Result<(), Lacking> {
    let before = open_files();
    let equipped = with_image("/bin/true");
    assert_eq!(open_files().len(), before.len() + 1);
    drop(Spawn::new(equipped));
    assert_eq!(open_files(), before);
    drop(with_image("/bin/true").into_owned());
    assert_eq!(open_files(), before);
    Ok(())
}

fn they_are_closed_where_the_spawn_fails() -> Result<(), Lacking> {
    let before = open_files();
    let guest = Guest::spawn(with_image("/bin/true")).unwrap();
    assert!(guest.wait().success());
    drop(guest);
    until("all is as it was", || open_files() == before);
    let error = Guest::spawn(with_image("/no/such/program")).unwrap_err();
    assert!(matches!(error, SpawnError::Exec { .. } | SpawnError::NotFound { .. }), "{error:?}");
    until("all is as it was", || open_files() == before);
    Ok(())
}

fn what_is_no_queue_is_refused() -> Result<(), Lacking> {
    in_network_namespace(|| {
        let before = open_files();
        let plan = vm! { netdev tap fds={[attach_tap("tap7", true), image().into()]} mac=52:54:00:12:34:56 };
        let error = Guest::spawn(plan.unwrap()).unwrap_err();
        assert!(error.to_string().contains("net0.1"), "{error}");
        until("all is as it was", || open_files() == before);
        Ok(())
    })
}

fn one_that_is_named_too_is_refused() -> Result<(), Lacking> {
    let before = open_files();
    let error = Spawn::new(with_image("/bin/true")).fd("d.0", image()).spawn().unwrap_err();
    assert_eq!(error.to_string(), "two file descriptors were handed over as `d.0`");
    until("all is as it was", || open_files() == before);
    Ok(())
}

fn a_guest_is_given_devices_with_theirs() -> Result<(), Lacking> {
    in_network_namespace(|| {
        with_fake_vhost(0, || {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.img");
            fs::write(&path, [7; 512]).unwrap();
            let file = || File::options().read(true).write(true).open(&path).unwrap();
            let guest = Guest::start(vm! { machine pc accel=tcg; nodefaults; nographic; arg "-S" }).unwrap();
            let before = open_files();
            let plugged = guest
                .plug(
                    devices! {
                        netdev tap fds={queues()}
                        disk file="/no/such/file" format=raw fd={file()}
                    }
                    .unwrap(),
                )
                .unwrap();
            assert_eq!(plugged.devices, ["net0", "disk0"]);
            let open = open_files_of(format!("/proc/{}/fd", guest.id()));
            assert_eq!(open.values().filter(|file| file.ends_with("net/tun")).count(), 2, "{open:?}");
            // It makes copies of what is in a set.
            assert!(open.values().any(|file| *file == path), "{open:?}");
            until("all is as it was", || open_files() == before);
            // What fails closes them too.
            let again = devices! { disk id=disk0 file="/x" format=raw fd={file()} }.unwrap();
            guest.plug(again).unwrap_err();
            until("all is as it was", || open_files() == before);
            guest.kill().unwrap();
            Ok(())
        })?
    })
}
