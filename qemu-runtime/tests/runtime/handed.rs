//! What the caller hands over takes the place of what the table names.

use std::fs::File;
use std::os::fd::OwnedFd;

use qemu_runtime::{Fd, FdError, FdProblem, FdSource, HostPaths, Plan, Spawn, SpawnError};
use rustix::io::dup;

use crate::host::{
    Lacking, attach_tap, detach_queue, fd, file, in_network_namespace, ip, is_detached, macvtap,
    macvtap_queues, open_files, tap_queues, until,
};
use crate::stand_in::{self, expected, listed};

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

fn zero() -> OwnedFd {
    File::open("/dev/zero").unwrap().into()
}

fn it_takes_the_place_of_what_would_be_opened() -> Result<(), Lacking> {
    let before = open_files();
    let plan = stand_in::plan(&["fds"], table());
    let spawn = |disk1: OwnedFd| {
        let spawn = Spawn::new(&plan).host_paths(no_devices());
        spawn.fd("disk0.1", disk1).fd("net0.vhost0", zero()).fd("disk0.0", null())
    };
    let list = listed(spawn(null())).unwrap();
    assert_eq!(list, expected([(3, "/dev/zero"), (4, "/dev/null"), (5, "/dev/null")]));
    until("all is as it was", || open_files() == before);

    // Hundreds in the way, and what is handed over among the table's numbers or far above.
    let _kept: Vec<_> = (0..300).map(|_| dup(zero()).unwrap()).collect();
    let before = open_files();
    let high = rustix::io::fcntl_dupfd_cloexec(null(), 5000).unwrap();
    assert_eq!(listed(spawn(high)).unwrap(), list);
    until("all is as it was", || open_files() == before);
    Ok(())
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
    let before = open_files();
    for program in ["/no/such/program", "/bin/true"] {
        let plan = Plan::new(program, [""; 0], table());
        // The second disk is not handed over.
        Spawn::new(&plan).fd("net0.vhost0", null()).fd("disk0.0", null()).spawn().unwrap_err();
        until("all is as it was", || open_files() == before);
    }
    Ok(())
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

fn what_is_no_tap_is_refused() -> Result<(), Lacking> {
    let plan = Plan::new("/bin/true", [""; 0], tap_queues(Some("tap7"), 1));
    let error = Spawn::new(&plan).fd("net0.0", null()).spawn().unwrap_err();
    assert_eq!(
        error.to_string(),
        "net0, queue 0: what was handed over as `net0.0`: Inappropriate ioctl for device: it is no queue of a tap"
    );
    let SpawnError::Fd(line) = error else { panic!("{error}") };
    let FdError { problem: FdProblem::NoQueue { name, .. }, .. } = *line else { panic!("{line}") };
    assert_eq!(name, "net0.0");
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
