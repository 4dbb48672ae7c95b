//! The guest has its table's file descriptors and no others, and its parent keeps none.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use qemu_runtime::{Fd, FdError, FdProblem, FdSource, Guest, HostPaths, Plan, Spawn, SpawnError};
use rustix::io::{FdFlags, dup2, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

use crate::host::{
    self, Lacking, as_nobody, at_rest, fd, file, need_root, open_files, refusing, until, with_fake_vhost,
};
use crate::seccomp::Refused;
use crate::stand_in::{self, expected, listed};

crate::tests! {
    the_table_is_all_there_is
    numbers_may_have_gaps
    nothing_of_a_crowded_parent_gets_through
    nothing_gets_through_without_close_range
    guests_that_start_together_get_nothing_of_each_other
    files_are_opened_as_the_plan_says
    a_stand_in_takes_the_place_of_vhost_net
    nothing_is_left_open_after_success
    nothing_is_left_open_after_any_failure
    a_full_table_names_the_line_that_failed
    numbers_must_rise_from_3_and_be_possible
    devices_that_are_missing_are_named_with_a_cure
    devices_that_may_not_be_opened_are_named_with_a_cure
}

/// A folder with files, and lines of a table for them from the number `first`.
fn files(count: u32, first: u32) -> (TempDir, Vec<Fd>) {
    let folder = tempfile::tempdir().unwrap();
    let lines = (0..count).map(|index| {
        let path = folder.path().join(format!("file{index}"));
        fs::write(&path, "").unwrap();
        fd(first + index, file(&path), "disk0", index)
    });
    let lines = lines.collect();
    (folder, lines)
}

/// What a stand-in with this table is to list.
fn names(table: &[Fd]) -> Vec<(u32, &str)> {
    let name = |fd: &Fd| match &fd.source {
        FdSource::File { path, .. } => path.to_str().unwrap().to_owned().leak(),
        other => panic!("{other:?}"),
    };
    table.iter().map(|fd| (fd.number, &*name(fd))).collect()
}

fn the_table_is_all_there_is() -> Result<(), Lacking> {
    let (_folder, table) = files(4, 3);
    let plan = stand_in::plan(&["fds"], table.clone());
    assert_eq!(listed(Spawn::new(&plan)).unwrap(), expected(names(&table)));
    let plan = stand_in::plan(&["fds"], vec![]);
    assert_eq!(listed(Spawn::new(&plan)).unwrap(), expected([]));
    Ok(())
}

fn numbers_may_have_gaps() -> Result<(), Lacking> {
    let (_folder, mut table) = files(3, 5);
    table[1].number = 40;
    table[2].number = 1000;
    let _in_the_gaps: Vec<_> = (0..100).map(|_| leaking(File::open("/dev/zero").unwrap())).collect();
    let plan = stand_in::plan(&["fds"], table.clone());
    assert_eq!(listed(Spawn::new(&plan)).unwrap(), expected(names(&table)));
    Ok(())
}

/// One that an exec would not close.
fn leaking(file: impl AsFd) -> impl AsFd {
    let leaking = file.as_fd().try_clone_to_owned().unwrap();
    fcntl_setfd(&leaking, FdFlags::empty()).unwrap();
    leaking
}

fn nothing_of_a_crowded_parent_gets_through() -> Result<(), Lacking> {
    // Hundreds on the table's numbers and far above them, half of them without the flag that closes them on exec.
    let zero = File::open("/dev/zero").unwrap();
    let _kept: Vec<_> = (0..300).map(|_| (zero.try_clone().unwrap(), leaking(&zero))).collect();
    let mut high = fcntl_dupfd_cloexec(&zero, 5000).unwrap();
    dup2(&zero, &mut high).unwrap();
    let before = open_files();
    assert!((3..600).all(|number| before.contains_key(&number)));

    let (_folder, table) = files(40, 3);
    let plan = stand_in::plan(&["fds"], table.clone());
    assert_eq!(listed(Spawn::new(&plan)).unwrap(), expected(names(&table)));
    until("all is as it was", || open_files() == before);
    Ok(())
}

fn nothing_gets_through_without_close_range() -> Result<(), Lacking> {
    let zero = File::open("/dev/zero").unwrap();
    // More than the kernel lists at once.
    let _kept: Vec<_> = (0..300).map(|_| leaking(&zero)).collect();
    let (_folder, mut table) = files(3, 3);
    table[2].number = 90;
    let plan = stand_in::plan(&["fds"], table.clone());
    let expected = expected(names(&table));
    for errno in [libc::ENOSYS, libc::EPERM] {
        let filter = Refused { number: libc::SYS_close_range, argument: None, errno };
        assert_eq!(refusing(filter, || listed(Spawn::new(&plan)).unwrap())?, expected);
    }
    Ok(())
}

fn guests_that_start_together_get_nothing_of_each_other() -> Result<(), Lacking> {
    let before = open_files();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let (_folder, table) = files(4, 3);
                let plan = stand_in::plan(&["fds"], table.clone());
                for _ in 0..10 {
                    assert_eq!(listed(Spawn::new(&plan)).unwrap(), expected(names(&table)));
                }
            });
        }
    });
    until("all is as it was", || open_files() == before);
    Ok(())
}

fn files_are_opened_as_the_plan_says() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk");
    fs::write(&path, "old").unwrap();
    let source = |readonly| FdSource::File { path: path.clone().into(), readonly, direct: false };
    let table = vec![fd(3, source(true), "disk0", 0), fd(4, source(false), "disk1", 0)];
    let plan = Plan::new("/bin/sh", ["-c", "read x <&3; echo $x new >&4; ! echo no >&3"], table);
    let exit = stand_in::run(&plan);
    assert!(exit.success(), "{exit}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old new\n");

    // It must be there: a misspelt disk is not to be made.
    let path = folder.path().join("dsik");
    let table =
        vec![fd(3, FdSource::File { path: path.clone().into(), readonly: false, direct: false }, "disk0", 0)];
    let error = Guest::spawn(&Plan::new("/bin/true", [""; 0], table)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "disk0: {}: No such file or directory: correct the path, or make an image there (`qemu-img create`)",
            path.display()
        )
    );
    assert!(!path.exists());
    Ok(())
}

fn a_stand_in_takes_the_place_of_vhost_net() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let vhost_net = folder.path().join("vhost-net");
    fs::write(&vhost_net, "").unwrap();
    let table = (0..4).map(|queue| fd(3 + queue, FdSource::VhostNet, "net0", queue)).collect();
    let plan = stand_in::plan(&["fds"], table);
    let paths = HostPaths { vhost_net: vhost_net.clone(), ..HostPaths::default() };
    let name = vhost_net.to_str().unwrap();
    let spawn = || listed(Spawn::new(&plan).host_paths(paths.clone()));
    let list = with_fake_vhost(0, spawn)?.unwrap();
    assert_eq!(list, expected((3..7).map(|number| (number, name))));
    // What it is, is asked.
    assert_eq!(
        spawn().unwrap_err().to_string(),
        format!(
            "net0, queue 0: {name}: Inappropriate ioctl for device: what is there is no vhost-net device"
        )
    );
    Ok(())
}

fn nothing_is_left_open_after_success() -> Result<(), Lacking> {
    let (_folder, table) = files(4, 3);
    // While another is there, so is who attends to both.
    let _other = Guest::spawn(&Plan::new("/bin/sleep", ["1000"], vec![])).unwrap();
    let before = open_files();
    let guest = Guest::spawn(&Plan::new("/bin/sleep", ["1000"], table)).unwrap();
    // While it runs: its pidfd, and the pipe of its standard error.
    let new = open_files().into_iter().filter(|(number, _)| !before.contains_key(number));
    let mut names: Vec<String> = new.map(|(_, name)| name.display().to_string()).collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].contains("pidfd") && names[1].starts_with("pipe:"), "{names:?}");
    drop(guest);
    assert_eq!(open_files(), before);
    Ok(())
}

fn nothing_is_left_open_after_any_failure() -> Result<(), Lacking> {
    let (folder, table) = files(4, 3);
    let program = folder.path().join("program");
    fs::write(&program, "no program").unwrap();
    let program = program.to_str().unwrap();
    let before = at_rest();
    let none = [""; 0];
    let with = |line: Fd| [table.clone(), vec![line]].concat();
    let plans = [
        Plan::new("no-such-program", none, table.clone()),
        Plan::new("/no/such/program", none, table.clone()),
        Plan::new(program, none, table.clone()),
        Plan::new("/bin/true", ["a\0b"], table.clone()),
        Plan::new("/bin/true", none, with(fd(3, file(Path::new("/dev/null")), "disk1", 0))),
        Plan::new("/bin/true", none, with(fd(7, file(Path::new("/no/such/file")), "disk1", 0))),
        Plan::new("/bin/true", none, with(fd(7, FdSource::Macvtap { ifname: "none".into() }, "net0", 0))),
        Plan::new("/bin/true", none, with(fd(7, FdSource::Tap { ifname: Some("lo".into()) }, "net0", 0))),
        Plan::new("/bin/true", none, with(fd(7, FdSource::Tap { ifname: Some("".into()) }, "net0", 0))),
        Plan::new("/bin/true", none, with(fd(1 << 30, file(Path::new("/dev/null")), "disk1", 0))),
    ];
    for plan in &plans {
        let error = Guest::spawn(plan).unwrap_err();
        until(&format!("all is as it was: {error}"), || (open_files(), host::threads()) == before);
    }
    let plan = Plan::new("/bin/true", none, table);
    let error = Spawn::new(&plan).current_dir("/no/such/folder").spawn().unwrap_err();
    assert_eq!(error.to_string(), "working directory /no/such/folder: No such file or directory");
    until("all is as it was", || (open_files(), host::threads()) == before);
    Ok(())
}

fn a_full_table_names_the_line_that_failed() -> Result<(), Lacking> {
    let (_folder, table) = files(60, 3);
    let before = open_files();
    let limits = getrlimit(Resource::Nofile);
    // The program's search, standard input, output and error, and 36 files above the highest number of the table.
    let highest = 62;
    let room = highest + 1 + 3 + 36;
    setrlimit(Resource::Nofile, Rlimit { current: Some(room), maximum: limits.maximum }).unwrap();
    let result = Guest::spawn(&Plan::new("/bin/true", [""; 0], table));
    setrlimit(Resource::Nofile, limits).unwrap();

    let error = result.unwrap_err();
    let SpawnError::Fd(line) = &error else { panic!("{error}") };
    assert_eq!(line.fd.queue, 36, "{error}");
    assert_eq!(error.io_error().and_then(io::Error::raw_os_error), Some(libc::EMFILE));
    assert!(error.to_string().ends_with("raise the limit of open files (`ulimit -n`)"), "{error}");
    until("all is as it was", || open_files() == before);
    Ok(())
}

fn numbers_must_rise_from_3_and_be_possible() -> Result<(), Lacking> {
    let null = || file(Path::new("/dev/null"));
    for numbers in [[2, 3], [3, 3], [4, 3], [3, u32::MAX], [3, i32::MAX.unsigned_abs()]] {
        let table = numbers.map(|number| fd(number, null(), "disk0", 0)).to_vec();
        let error = Guest::spawn(&Plan::new("/bin/true", [""; 0], table)).unwrap_err();
        assert!(matches!(error, SpawnError::FdNumber { .. }), "{numbers:?}: {error}");
    }
    let table = vec![fd(1 << 30, null(), "disk0", 0)];
    let error = Guest::spawn(&Plan::new("/bin/true", [""; 0], table)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "making room for the file descriptors: Too many open files: raise the limit of open files (`ulimit -n`)"
    );
    assert_eq!(error.io_error().and_then(io::Error::raw_os_error), Some(libc::EMFILE));
    Ok(())
}

/// What one line of a table fails with, where the host's devices are in `folder`.
fn failure(folder: &Path, source: FdSource<std::ffi::OsString>) -> (String, FdProblem) {
    let paths = HostPaths {
        tun: folder.join("tun"),
        vhost_net: folder.join("vhost-net"),
        vhost_vsock: folder.join("vhost-vsock"),
        tap_dir: folder.to_owned(),
    };
    let plan = Plan::new("/bin/true", [""; 0], vec![fd(3, source, "net0", 2)]);
    let error = Spawn::new(&plan).host_paths(paths).spawn().unwrap_err();
    let text = error.to_string();
    match error {
        SpawnError::Fd(line) => {
            let FdError { fd, problem } = *line;
            assert_eq!((fd.number, fd.queue), (3, 2));
            (text, problem)
        }
        other => panic!("{other}"),
    }
}

fn devices_that_are_missing_are_named_with_a_cure() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display();

    let (text, problem) = failure(folder.path(), FdSource::Tap { ifname: Some("tap0".into()) });
    assert!(matches!(problem, FdProblem::Open { .. }));
    assert_eq!(
        text,
        format!("net0, queue 2: {at}/tun: No such file or directory: load its module: `modprobe tun`")
    );

    let (text, problem) = failure(folder.path(), FdSource::VhostNet);
    assert!(matches!(problem, FdProblem::Open { .. }));
    assert_eq!(
        text,
        format!(
            "net0, queue 2: {at}/vhost-net: No such file or directory: load its module (`modprobe vhost_net`), or \
             leave `vhost` out"
        )
    );

    // The loopback is an interface.
    let (text, problem) = failure(folder.path(), FdSource::Ipvtap { ifname: "lo".into() });
    assert!(matches!(problem, FdProblem::NotTap { .. }));
    assert_eq!(
        text,
        "net0, queue 2: lo: /sys/class/net/lo/tap1/dev: No such file or directory: no ipvtap device: is lo one (`ip -details link \
         show lo`), and /sys its network namespace's?"
    );

    // What is no device says so.
    fs::write(folder.path().join("tun"), "").unwrap();
    let (text, problem) = failure(folder.path(), FdSource::Tap { ifname: None });
    assert!(matches!(problem, FdProblem::Attach { .. }));
    assert_eq!(
        text,
        format!(
            "net0, queue 2: a new tap: {at}/tun: Inappropriate ioctl for device: what is there is no tun device"
        )
    );
    Ok(())
}

fn devices_that_may_not_be_opened_are_named_with_a_cure() -> Result<(), Lacking> {
    need_root()?;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    for name in ["tun", "vhost-net", "vhost-vsock"] {
        fs::write(folder.path().join(name), "").unwrap();
        fs::set_permissions(folder.path().join(name), Permissions::from_mode(0o600)).unwrap();
    }
    let sources =
        [FdSource::Tap { ifname: Some("tap0".into()) }, FdSource::VhostNet, FdSource::VhostVsock { cid: 3 }];
    for source in sources {
        let (text, problem) = as_nobody(|| failure(folder.path(), source));
        assert_eq!(problem.io_error().and_then(io::Error::raw_os_error), Some(libc::EACCES), "{text}");
        assert!(
            text.ends_with("Permission denied: this user needs to be allowed to read and write it"),
            "{text}"
        );
    }
    Ok(())
}
