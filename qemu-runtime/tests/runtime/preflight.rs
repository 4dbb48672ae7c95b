//! What QEMU would remove, or make in the wrong place, is seen before it starts; and what it leaves behind goes.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use qemu_runtime::{
    Guest, Plan, PlugProblem, ShutdownPolicy, Spawn, SpawnError, StartError, Stdio, devices, vm,
};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use tempfile::TempDir;

use crate::host::{self, Lacking, need, need_root, until};

crate::tests! {
    what_is_no_socket_is_refused_and_stays
    a_device_node_is_refused_and_stays
    a_socket_that_somebody_has_is_refused_undisturbed
    a_relative_path_is_read_from_qemus_folder
    two_arguments_have_two_sockets
    a_dead_socket_makes_way
    what_is_refused_costs_nothing_of_what_was_opened
    no_socket_stays_of_a_start_that_was_rejected
    no_socket_stays_of_a_guest_that_ended
    the_sockets_of_a_guest_that_lives_on_stay
    a_folder_without_huge_pages_is_refused
    what_is_plugged_does_no_harm_either
    no_socket_stays_of_what_was_plugged
    what_is_no_pid_file_is_refused_and_stays
    what_others_may_not_write_to
}

const QEMU: &str = "qemu-system-x86_64";

/// Arguments for all that makes sockets, each with a path of its own.
fn listeners(folder: &Path) -> Vec<(&'static str, String, PathBuf)> {
    type Value = fn(&str) -> String;
    let options: [(&str, Value); 4] = [
        ("-chardev", |path| format!("socket,id=c,path={path},server=on,wait=off")),
        ("-qmp", |path| format!("unix:{path},server=on,wait=off")),
        ("-monitor", |path| format!("unix:{path},server=on,wait=off")),
        ("-vnc", |path| format!("unix:{path}")),
    ];
    let numbered = options.into_iter().enumerate();
    let arguments = numbered.map(|(number, (option, value))| {
        let path = folder.join(format!("socket{number}"));
        (option, value(path.to_str().unwrap()), path)
    });
    arguments.collect()
}

/// A program that would leave a trace, with an option of QEMU's.
fn traced(folder: &TempDir, option: &str, value: &str) -> (Plan, PathBuf) {
    let trace = folder.path().join("trace");
    let script = format!("touch '{}'", trace.display());
    (Plan::new("/bin/sh", ["-c", &script, option, value], vec![]), trace)
}

/// What a start with this option is refused for, however it is started.
fn refusal(option: &str, value: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (plan, trace) = traced(&folder, option, value);
    let texts = [
        Guest::spawn(&plan).unwrap_err().to_string(),
        Guest::start(&plan).unwrap_err().to_string(),
        Spawn::new(&plan).detached().spawn().unwrap_err().to_string(),
        Spawn::new(&plan.clone().with_args(["-daemonize"])).detached().spawn().unwrap_err().to_string(),
        #[cfg(feature = "tokio")]
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(async { qemu_runtime::tokio::Guest::start(&plan).await.unwrap_err().to_string() }),
    ];
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert!(!trace.exists());
    texts[0].clone()
}

fn what_is_no_socket_is_refused_and_stays() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    for (option, value, path) in listeners(folder.path()) {
        let expected = format!(
            "`{option} {value}`: {}: what is there is no socket: remove it, or choose another path",
            path.display()
        );
        let check = || {
            assert_eq!(refusal(option, &value), expected);
            assert!(fs::symlink_metadata(&path).is_ok(), "{option}");
        };
        fs::write(&path, "precious").unwrap();
        check();
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        fs::remove_file(&path).unwrap();
        for target in [&precious, &folder.path().join("nowhere")] {
            symlink(target, &path).unwrap();
            check();
            fs::remove_file(&path).unwrap();
        }
        assert!(host::run(&format!("mkfifo '{}'", path.display())));
        check();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        check();
    }
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    Ok(())
}

fn a_device_node_is_refused_and_stays() -> Result<(), Lacking> {
    need_root()?;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("null");
    let made = mknodat(CWD, &path, FileType::CharacterDevice, Mode::RUSR, makedev(1, 3));
    need(made.is_ok(), "needs to be allowed a device node")?;
    let text = refusal("-serial", &format!("unix:{},server=on,wait=off", path.display()));
    assert!(text.ends_with("what is there is no socket: remove it, or choose another path"), "{text}");
    assert!(path.exists());
    Ok(())
}

fn a_socket_that_somebody_has_is_refused_undisturbed() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let problem = "somebody listens there, perhaps a guest that still runs: choose another path";
    for (option, value, path) in listeners(folder.path()) {
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(refusal(option, &value), format!("`{option} {value}`: {}: {problem}", path.display()));
        assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        UnixStream::connect(&path).unwrap();
    }
    let path = folder.path().join("datagram");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let netdev = format!(
        "dgram,id=n,local.type=unix,local.path={0},remote.type=unix,remote.path={0}r",
        path.display()
    );
    assert!(refusal("-netdev", &netdev).ends_with(problem));
    assert_eq!(socket.recv(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);

    need_root()?;
    let (option, value, path) = listeners(folder.path()).remove(0);
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let plan = Plan::new("/bin/true", [option, &value], vec![]);
    let text = host::as_nobody(|| Guest::spawn(&plan).unwrap_err().to_string());
    assert!(text.contains("this user may not see whether somebody listens there"), "{text}");
    Ok(())
}

fn a_relative_path_is_read_from_qemus_folder() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes");
    fs::write(&path, "precious").unwrap();
    let plan = Plan::new("/bin/true", ["-qmp", "unix:notes,server=on"], vec![]);
    let error = Spawn::new(&plan).current_dir(folder.path()).spawn().unwrap_err();
    let SpawnError::Path(problem) = error else { panic!("{error}") };
    assert_eq!((problem.arg, &*problem.option, &problem.path), (0, "-qmp unix:notes,server=on", &path));
    assert!(Guest::spawn(&plan).unwrap().wait().success());
    Ok(())
}

fn two_arguments_have_two_sockets() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let (option, value, _) = listeners(folder.path()).remove(0);
    let plan = Plan::new("/bin/true", [option, &*value, option, &*value], vec![]);
    let error = Guest::spawn(&plan).unwrap_err();
    assert!(
        error.to_string().ends_with("another argument has a socket there: choose another path"),
        "{error}"
    );
    Ok(())
}

fn a_dead_socket_makes_way() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    drop(UnixListener::bind(&path).unwrap());
    let qmp = format!("unix:{},server=on,wait=off", path.display());
    let args = ["-M", "none", "-S", "-nodefaults", "-display", "none", "-qmp", &qmp];
    let guest = Guest::start(&Plan::new(QEMU, args, vec![])).unwrap();
    UnixStream::connect(&path).unwrap();
    drop(guest);
    assert!(!path.exists());
    Ok(())
}

fn what_is_refused_costs_nothing_of_what_was_opened() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let (mine, notes) = (folder.path().join("mine"), folder.path().join("notes"));
    fs::write(&notes, "precious").unwrap();
    let source = qemu_runtime::FdSource::UnixListen { path: mine.clone().into() };
    let args = ["-qmp".to_owned(), format!("unix:{},server=on", notes.display())];
    let before = host::at_rest();
    let error =
        Guest::spawn(&Plan::new("/bin/true", args, vec![host::fd(3, source, "qmp0", 0)])).unwrap_err();
    assert!(matches!(error, SpawnError::Path(_)), "{error}");
    assert!(!mine.exists());
    until("all is as it was", || (host::open_files(), host::threads()) == before);
    Ok(())
}

/// A real QEMU that makes all these sockets, and what `more` says.
fn listening(folder: &Path, more: &[&str]) -> (Plan, Vec<PathBuf>) {
    let mut args: Vec<String> = ["-M", "none", "-S", "-nodefaults"].map(str::to_owned).to_vec();
    let mut paths = Vec::new();
    for (option, value, path) in listeners(folder) {
        args.extend([option.to_owned(), value]);
        paths.push(path);
    }
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    (Plan::new(QEMU, args, vec![]), paths)
}

fn no_socket_stays_of_a_start_that_was_rejected() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let left = || {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let (plan, paths) = listening(folder.path(), &["-device", "no-such-device"]);
    // QEMU itself leaves them.
    let by_itself = std::process::Command::new(plan.program()).args(plan.args()).output().unwrap();
    assert!(!by_itself.status.success());
    assert_eq!(paths.iter().filter(|path| path.exists()).count(), 3, "{:?}", left());

    let error = Guest::start(&plan).unwrap_err();
    assert!(matches!(error, StartError::Rejected { .. }), "{error}");
    assert_eq!(left(), [""; 0]);
    let error = Spawn::new(&plan).detached().start().unwrap_err();
    assert!(matches!(error, StartError::Rejected { .. }), "{error}");
    assert_eq!(left(), [""; 0]);
    let guest = Guest::spawn(&plan).unwrap();
    assert!(!guest.wait().success());
    drop(guest);
    assert_eq!(left(), [""; 0]);
    let guest = Spawn::new(&plan).detached().spawn().unwrap();
    assert!(!guest.wait().success());
    drop(guest);
    assert_eq!(left(), [""; 0]);
    let daemon = plan.clone().with_args(["-daemonize"]);
    let error = Spawn::new(&daemon).detached().spawn().unwrap_err();
    assert!(matches!(error, SpawnError::Daemon { .. }), "{error}");
    assert_eq!(left(), [""; 0]);
    // Those that were made here, for QEMU.
    let source = qemu_runtime::FdSource::UnixListen { path: folder.path().join("mine").into() };
    let args: Vec<_> = plan.args().map(ToOwned::to_owned).collect();
    let table = vec![host::fd(3, source, "mine", 0)];
    let error = Guest::start(&Plan::new(QEMU, args, table)).unwrap_err();
    assert!(matches!(error, StartError::Rejected { .. }), "{error}");
    assert_eq!(left(), [""; 0]);
    #[cfg(feature = "tokio")]
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let error = qemu_runtime::tokio::Guest::start(&plan).await.unwrap_err();
            assert!(matches!(error, StartError::Rejected { .. }), "{error}");
            assert_eq!(left(), [""; 0]);
        });
    }
    Ok(())
}

fn no_socket_stays_of_a_guest_that_ended() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let (plan, paths) = listening(folder.path(), &[]);
    let there = || paths.iter().filter(|path| path.exists()).count();
    // QEMU leaves that of VNC however it ends.
    let guest = Guest::start(&plan).unwrap();
    assert_eq!(there(), paths.len());
    guest.shutdown(&ShutdownPolicy::new().powerdown(None)).unwrap();
    drop(guest);
    assert_eq!(there(), 0);
    let guest = Guest::start(&plan).unwrap();
    assert_eq!(there(), paths.len());
    drop(guest);
    assert_eq!(there(), 0);
    // One that is another program's child.
    let args = ["-c", "\"$0\" \"$@\"; exit", QEMU].into_iter().map(OsStr::new).chain(plan.args());
    let wrapped = Plan::new("/bin/sh", args, vec![]);
    let guest = Spawn::new(&wrapped).own_group().start().unwrap();
    assert_eq!(there(), paths.len());
    drop(guest);
    assert_eq!(there(), 0);
    Ok(())
}

fn the_sockets_of_a_guest_that_lives_on_stay() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let (plan, paths) = listening(folder.path(), &[]);
    for daemonize in [false, true] {
        let args = daemonize.then_some("-daemonize");
        let plan = plan.clone().with_args(args);
        let spawn = Spawn::new(&plan).detached().stdout(Stdio::Null);
        let guest = if daemonize { spawn.spawn().unwrap() } else { spawn.start().unwrap() };
        let pidfd = guest.pidfd().try_clone_to_owned().unwrap();
        drop(guest);
        for path in &paths {
            UnixStream::connect(path).unwrap();
        }
        // Nor can another take them.
        let error = Guest::spawn(&plan.clone()).map(drop).unwrap_err();
        assert!(matches!(error, SpawnError::Path(_) | SpawnError::Daemonizes), "{error}");
        rustix::process::pidfd_send_signal(&pidfd, rustix::process::Signal::KILL).unwrap();
        until("nobody listens", || paths.iter().all(|path| UnixStream::connect(path).is_err()));
    }
    // Its owner sees it end.
    let guest = Spawn::new(&plan).detached().start().unwrap();
    guest.kill().unwrap();
    assert!(guest.wait_timeout(Duration::from_secs(60)).is_some());
    drop(guest);
    assert!(!paths.iter().any(|path| path.exists()));
    Ok(())
}

fn a_folder_without_huge_pages_is_refused() -> Result<(), Lacking> {
    need_root()?;
    host::in_mount_namespace(|| {
        need(host::run("mount -t tmpfs tmpfs /dev"), "needs to be allowed a tmpfs")?;
        let object = "memory-backend-file,id=m,size=2M,mem-path=/dev/hugepages,share=on";
        let file = "memory-backend-file,id=m,size=2M,mem-path=/dev/hugepages/vm,share=on";
        for folder in [false, true] {
            if folder {
                fs::create_dir("/dev/hugepages").unwrap();
            }
            for (option, value) in [("-object", object), ("-object", file), ("-mem-path", "/dev/hugepages")] {
                let plan = Plan::new("/bin/true", [option, value], vec![]);
                let error = Spawn::new(&plan)
                    .stdin(fs::File::open("/proc/version").unwrap())
                    .spawn()
                    .unwrap_err()
                    .to_string();
                assert!(error.starts_with(&format!("`{option} {value}`: /dev/hugepages")), "{error}");
                assert!(error.contains(": no hugetlbfs is mounted there: mount one (`mount "), "{error}");
                assert!(error.contains("`memory ... hugepages fd`"), "{error}");
            }
        }
        // Others are anybody's.
        let elsewhere = "memory-backend-file,id=m,size=2M,mem-path=/dev/shm,share=on";
        let plan = |value| Plan::new("/bin/true", ["-object", value], vec![]);
        let spawn = |value| {
            Spawn::new(&plan(value))
                .stdin(fs::File::open("/proc/version").unwrap())
                .spawn()
                .map(|guest| guest.wait())
        };
        assert!(spawn(elsewhere).unwrap().success());
        need(host::run("mount -t hugetlbfs hugetlbfs /dev/hugepages"), "needs a kernel with huge pages")?;
        assert!(spawn(object).unwrap().success());
        assert!(spawn(file).unwrap().success());
        Ok(())
    })
}

/// A guest with a bus for ports, in a working directory of its own.
fn with_a_serial_bus(folder: &TempDir) -> Guest {
    let plan = vm! {
        machine pc accel=tcg
        memory 32M
        nodefaults
        virtio-serial id=serial0
        arg "-display" "none"
        arg "-S"
    };
    Spawn::new(&plan).current_dir(folder.path()).start().unwrap()
}

fn what_is_plugged_does_no_harm_either() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let guest = with_a_serial_bus(&folder);
    let path = |name| folder.path().join(name);
    fs::write(path("notes"), "precious").unwrap();
    symlink(path("notes"), path("link")).unwrap();
    let _listener = UnixListener::bind(path("live")).unwrap();
    for (fragment, name) in [
        (devices! { port socket bus=serial0.0 path="notes" }, "notes"),
        (devices! { port socket bus=serial0.0 path="link" }, "link"),
        (devices! { port socket bus=serial0.0 path="live" }, "live"),
        (
            devices! {
                port socket bus=serial0.0 path="twice"
                port socket bus=serial0.0 path="twice"
            },
            "twice",
        ),
    ] {
        let error = guest.plug(fragment).unwrap_err();
        assert!(error.left.is_empty() && error.place.is_some(), "{error}");
        let PlugProblem::Path { path: refused, .. } = &*error.problem else { panic!("{error:?}") };
        assert_eq!(*refused, fs::canonicalize(folder.path()).unwrap().join(name));
    }
    assert_eq!(fs::read_to_string(path("link")).unwrap(), "precious");
    assert!(!path("twice").exists());
    // What was refused has taken nothing.
    let plugged = guest.plug(devices! { port socket bus=serial0.0 path="socket" }).unwrap();
    assert_eq!(plugged.devices, ["port0"]);
    if !Path::new("/dev/hugepages").exists() {
        let huge = devices! { object memory-backend-file id=m size=2M mem-path="/dev/hugepages/m" };
        let error = guest.plug(huge).unwrap_err();
        assert!(error.to_string().contains("no hugetlbfs is mounted there"), "{error}");
    }
    Ok(())
}

fn no_socket_stays_of_what_was_plugged() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let guest = with_a_serial_bus(&folder);
    let sockets = || {
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    // What this process makes is named from its own working directory, and a macro takes no values.
    let own = Path::new("/tmp/qemu-runtime-tests-plugged.socket");
    guest.plug(devices! { port socket bus=serial0.0 path="qemus" }).unwrap();
    guest
        .plug(devices! { port socket fd bus=serial0.0 path="/tmp/qemu-runtime-tests-plugged.socket" })
        .unwrap();
    assert!(sockets() == ["qemus"] && own.exists());
    guest.unplug("port0").unwrap();
    guest.unplug("port1").unwrap();
    assert!(sockets().is_empty() && !own.exists());
    guest.plug(devices! { port socket bus=serial0.0 path="qemus" }).unwrap();
    guest
        .plug(devices! { port socket fd bus=serial0.0 path="/tmp/qemu-runtime-tests-plugged.socket" })
        .unwrap();
    // QEMU refuses the second port.
    let refused = devices! {
        port socket bus=serial0.0 path="refused"
        device virtserialport bus=serial0.0 nr=1000
    };
    guest.plug(refused).unwrap_err();
    assert!(sockets() == ["qemus"] && own.exists());
    drop(guest);
    assert!(sockets().is_empty() && !own.exists());
    Ok(())
}

fn what_is_no_pid_file_is_refused_and_stays() -> Result<(), Lacking> {
    const NO_FILE: &str =
        "what is there is no regular file, and QEMU would remove it at its end: choose another path";
    const NO_NUMBER: &str = "what is there is no file with a process's number, and QEMU would write over it: remove it, or \
                             choose another path";
    let folder = tempfile::tempdir().unwrap();
    let [path, pid] = ["pid", "target"].map(|name| folder.path().join(name));
    fs::write(&pid, "1\n").unwrap();
    let value = path.to_str().unwrap();
    let check = |problem: &str| {
        assert_eq!(refusal("-pidfile", value), format!("`-pidfile {value}`: {value}: {problem}"));
        assert!(fs::symlink_metadata(&path).is_ok());
    };
    for content in ["precious", "1 2", "12345678901234567890123456789012345678901234567890", "-1"] {
        fs::write(&path, content).unwrap();
        check(NO_NUMBER);
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    fs::remove_file(&path).unwrap();
    for target in [&pid, &folder.path().join("nowhere")] {
        symlink(target, &path).unwrap();
        check(NO_FILE);
        fs::remove_file(&path).unwrap();
    }
    assert!(host::run(&format!("mkfifo '{value}'")));
    check(NO_FILE);
    fs::remove_file(&path).unwrap();
    drop(UnixListener::bind(&path).unwrap());
    check(NO_FILE);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    check(NO_FILE);
    fs::remove_dir(&path).unwrap();
    // What a QEMU that was killed has left, or is just making.
    for content in ["1", "4194304\n", ""] {
        fs::write(&path, content).unwrap();
        // Of several it takes the last, and makes what is not there.
        for paths in [["/dev/null", value], [value, "/no/such/pid"]] {
            let plan = Plan::new("true", paths.iter().flat_map(|path| ["-pidfile", path]), vec![]);
            drop(Guest::spawn(&plan).unwrap());
        }
        let plan = Plan::new("true", ["-pidfile", "pid"], vec![]);
        drop(Spawn::new(&plan).current_dir(folder.path()).spawn().unwrap());
    }
    fs::write(&path, "precious").unwrap();
    let elsewhere = Plan::new("true", ["--pidfile", "pid"], vec![]);
    let error = Spawn::new(&elsewhere).current_dir(folder.path()).spawn().unwrap_err();
    assert!(matches!(error, SpawnError::Path(_)), "{error}");

    need_root()?;
    fs::remove_file(&path).unwrap();
    let made = mknodat(CWD, &path, FileType::CharacterDevice, Mode::RUSR, makedev(1, 3));
    need(made.is_ok(), "needs to be allowed a device node")?;
    check(NO_FILE);
    Ok(())
}

/// With a umask that lets others do everything.
fn what_others_may_not_write_to() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| {
        let file = fs::metadata(folder.path().join(name)).unwrap();
        std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777
    };
    let source = qemu_runtime::FdSource::UnixListen { path: folder.path().join("own").into() };
    let args = [
        ["-M", "none"],
        ["-display", "none"],
        ["-chardev", "socket,id=own,fd=3,server=on,wait=off"],
        ["-qmp", "unix:theirs,server=on,wait=off"],
        ["-chardev", "file,id=log,path=log"],
        ["-pidfile", "pid"],
    ];
    let plan = Plan::new(QEMU, args.into_iter().flatten(), vec![host::fd(3, source, "own", 0)]);
    let spawn = || Spawn::new(&plan).current_dir(folder.path());
    for (umask, modes) in [(0, [0o600, 0o755, 0o644, 0o600]), (0o277, [0o400, 0o500, 0o400, 0o600])] {
        let before = rustix::process::umask(Mode::from_raw_mode(umask));
        let started = spawn().start();
        rustix::process::umask(before);
        let _guest = started.unwrap();
        assert_eq!(["own", "theirs", "log", "pid"].map(mode), modes, "{umask:o}");
        fs::remove_file(folder.path().join("log")).unwrap();
    }
    // Who asks for more gets it.
    let _guest = spawn().umask(0o007).start().unwrap();
    assert_eq!(["own", "theirs", "log", "pid"].map(mode), [0o600, 0o770, 0o660, 0o600]);
    Ok(())
}
