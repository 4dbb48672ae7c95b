//! Sockets, vsock devices and files in memory, opened as the table says.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use qemu_runtime::{Fd, FdProblem, FdSource, Guest, HostPaths, Plan, Spawn, SpawnError, Stdio};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::io::{FdFlags, fcntl_setfd};

use crate::host::{
    Lacking, as_nobody, fd, file, in_mount_namespace, need, need_root, open_files, refusing, run, until,
    with_fake_vhost,
};
use crate::seccomp::Refused;
use crate::stand_in::{self, errno, expected, listed, problem};

crate::tests! {
    all_sources_are_at_their_numbers_and_nothing_else
    a_socket_is_listened_on_before_the_program_runs
    a_folder_that_somebody_keeps_locked_hinders_no_socket
    a_dead_socket_is_replaced
    what_is_not_a_dead_socket_stays
    of_many_that_replace_a_socket_one_does
    a_socket_goes_where_the_spawn_fails
    sockets_that_cannot_be_made_are_named_with_a_cure
    a_socket_is_connected_to
    sockets_that_nobody_listens_on_are_named_with_a_cure
    a_vsock_device_gets_its_address
    a_vsock_address_is_one_guests
    vsock_devices_that_are_missing_are_named_with_a_cure
    the_kernels_own_vsock_device_takes_the_address
    memory_has_its_size_for_good
    memory_without_a_seal_can_be_resized
    memory_that_cannot_be_had_is_named
    what_is_no_image_is_refused_without_waiting
    images_that_cannot_be_opened_are_named_with_a_cure
    a_file_can_be_opened_past_the_cache
}

fn listener(path: &Path) -> FdSource<OsString> {
    FdSource::UnixListen { path: path.to_owned().into() }
}

fn client(path: &Path) -> FdSource<OsString> {
    FdSource::UnixConnect { path: path.to_owned().into() }
}

fn memory(size: u64, hugetlb: bool, seal: bool) -> FdSource<OsString> {
    FdSource::Memfd { size, hugetlb, seal }
}

fn one(source: FdSource<OsString>) -> Vec<Fd> {
    vec![fd(3, source, "dev0", 0)]
}

/// A guest that lives on, with this on number 3.
fn sleeping(source: FdSource<OsString>) -> Result<Guest, SpawnError> {
    Guest::spawn(&Plan::new("/bin/sleep", ["1000"], one(source)))
}

fn failure(source: FdSource<OsString>) -> (String, FdProblem) {
    let before = open_files();
    let error = sleeping(source).unwrap_err();
    until("all is as it was", || open_files() == before);
    problem(error)
}

/// A socket's file whose listener is gone.
fn dead(path: &Path) -> PathBuf {
    drop(UnixListener::bind(path).unwrap());
    path.to_owned()
}

fn all_sources_are_at_their_numbers_and_nothing_else() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let (live, mine, image) =
        (folder.path().join("live"), folder.path().join("mine"), folder.path().join("image"));
    let _listener = UnixListener::bind(&live).unwrap();
    fs::write(&image, "").unwrap();
    let table = vec![
        fd(3, listener(&mine), "qmp0", 0),
        fd(4, client(&live), "char0", 0),
        fd(5, memory(4096, false, true), "ram0", 0),
        fd(6, FdSource::VhostVsock { cid: 3 }, "vsock0", 0),
        fd(7, file(&image), "disk0", 0),
        fd(9, file(Path::new("/no/such/file")), "disk1", 0),
    ];
    let plan = stand_in::plan(&["fds"], table);
    with_vsock(0, |paths| {
        let vsock = paths.vhost_vsock.to_str().unwrap().to_owned();
        // Hundreds on the table's numbers and far above them, half of them without the flag that closes them on exec.
        let zero = File::open("/dev/zero").unwrap();
        let kept: Vec<OwnedFd> = (0..600).map(|_| zero.try_clone().unwrap().into()).collect();
        for leaking in kept.iter().step_by(2) {
            fcntl_setfd(leaking, FdFlags::empty()).unwrap();
        }
        let before = open_files();
        let spawn = Spawn::new(&plan).host_paths(paths).fd("disk1.0", File::open("/proc/version").unwrap());
        let expected = expected([
            (3, "socket"),
            (4, "socket"),
            (5, "/memfd:ram0 (deleted)"),
            (6, &vsock),
            (7, image.to_str().unwrap()),
            (9, "/proc/version"),
        ]);
        assert_eq!(listed(spawn).unwrap(), expected);
        until("all is as it was", || open_files() == before);
    })
}

fn a_folder_that_somebody_keeps_locked_hinders_no_socket() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let locked = fs::File::open(folder.path()).unwrap();
    rustix::fs::flock(&locked, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let path = folder.path().join("socket");
    let _guest = sleeping(listener(&path)).unwrap();
    assert!(path.exists());
    Ok(())
}

fn a_socket_is_listened_on_before_the_program_runs() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    // It never accepts, and yet one can connect and write.
    let guest = sleeping(listener(&path)).unwrap();
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"hello").unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    drop(guest);
    // Nobody has it any more, this process included, and its file has gone with the guest.
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert!(!path.exists());
    // The next guest listens where this one did.
    let _next = sleeping(listener(&path)).unwrap();
    UnixStream::connect(&path).unwrap();
    Ok(())
}

fn a_dead_socket_is_replaced() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = dead(&folder.path().join("socket"));
    let _guest = sleeping(listener(&path)).unwrap();
    UnixStream::connect(&path).unwrap();
    Ok(())
}

fn what_is_not_a_dead_socket_stays() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let at = path.display();
    let live = UnixListener::bind(&path).unwrap();
    let in_use = format!(
        "dev0: {at}: Address already in use: somebody listens there, perhaps a guest that still runs: choose another path"
    );
    let (text, problem) = failure(listener(&path));
    assert_eq!((text, errno(&problem)), (in_use.clone(), Some(libc::EADDRINUSE)));
    // Nor has he seen anything of it.
    live.set_nonblocking(true).unwrap();
    assert_eq!(live.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);

    // Somebody who has as many waiting as the kernel keeps is there, too.
    rustix::net::listen(&live, 0).unwrap();
    let _waiting: Vec<_> = (0..1).map(|_| UnixStream::connect(&path).unwrap()).collect();
    assert_eq!(failure(listener(&path)).0, in_use);
    assert!(path.exists());

    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    let (text, _) = failure(listener(&path));
    assert_eq!(
        text,
        format!(
            "dev0: {at}: Address already in use: what is there is no socket: remove it, or choose another path"
        )
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    Ok(())
}

fn of_many_that_replace_a_socket_one_does() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = dead(&folder.path().join(format!("socket{round}")));
        let guests: Vec<_> = thread::scope(|scope| {
            let started: Vec<_> = (0..8).map(|_| scope.spawn(|| sleeping(listener(&path)))).collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(guests.iter().filter(|guest| guest.is_ok()).count(), 1);
        UnixStream::connect(&path).unwrap();
    }
    Ok(())
}

fn a_socket_goes_where_the_spawn_fails() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let table = |last| vec![fd(3, listener(&path), "qmp0", 0), fd(4, last, "disk0", 0)];
    let version = || file(Path::new("/proc/version"));
    let before = open_files();
    for plan in [
        Plan::new("/bin/true", [""; 0], table(file(Path::new("/no/such/file")))),
        Plan::new(folder.path().to_str().unwrap(), [""; 0], table(version())),
        // The line behind it listens there, too.
        Plan::new("/bin/true", [""; 0], table(listener(&path))),
    ] {
        let error = Guest::spawn(&plan).unwrap_err();
        assert!(!path.exists(), "{error}");
        until("all is as it was", || open_files() == before);
    }
    // What replaces a dead one and fails leaves none.
    dead(&path);
    Guest::spawn(&Plan::new("/bin/true", [""; 0], table(file(Path::new("/no/such/file"))))).unwrap_err();
    assert!(!path.exists());
    assert!(stand_in::run(&Plan::new("/bin/true", [""; 0], table(version()))).success());
    Ok(())
}

fn sockets_that_cannot_be_made_are_named_with_a_cure() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/socket");
    let (text, problem) = failure(listener(&path));
    assert_eq!(text, format!("dev0: {}: No such file or directory: make its folder", path.display()));
    assert_eq!(errno(&problem), Some(libc::ENOENT));
    let long = folder.path().join("x".repeat(108));
    let (text, _) = failure(listener(&long));
    assert!(text.starts_with(&format!("dev0: {}: ", long.display())), "{text}");
    assert!(text.ends_with(": a socket's path has at most 107 bytes"), "{text}");

    // It is not waited for until somebody writes.
    let pipe = folder.path().join("pipe");
    assert!(crate::host::run(&format!("mkfifo '{}'", pipe.display())));
    let (text, _) = failure(listener(&pipe.join("socket")));
    assert!(text.ends_with(": Not a directory"), "{text}");

    need_root()?;
    let path = folder.path().join("socket");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let (text, _) = as_nobody(|| failure(listener(&path)));
    assert!(
        text.ends_with("Permission denied: this user needs to be allowed to write to its folder"),
        "{text}"
    );
    dead(&path);
    let (text, _) = as_nobody(|| failure(listener(&path)));
    assert!(text.contains("choose another path") || text.contains("may not remove it"), "{text}");
    Ok(())
}

fn a_socket_is_connected_to() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let live = UnixListener::bind(&path).unwrap();
    let plan = Plan::new("/bin/sh", ["-c", "read x <&3; echo got $x >&3"], one(client(&path)));
    let guest = Guest::spawn(&plan).unwrap();
    let (mut stream, _) = live.accept().unwrap();
    stream.write_all(b"this\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "got this\n");
    assert!(guest.wait().success());
    Ok(())
}

fn sockets_that_nobody_listens_on_are_named_with_a_cure() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let at = path.display();
    let (text, _) = failure(client(&path));
    assert_eq!(
        text,
        format!("dev0: {at}: No such file or directory: start the program that listens there before")
    );
    dead(&path);
    let (text, problem) = failure(client(&path));
    assert_eq!(
        text,
        format!("dev0: {at}: Connection refused: nobody listens there: start the program that does before")
    );
    assert_eq!(errno(&problem), Some(libc::ECONNREFUSED));
    let (text, _) = failure(client(&folder.path().join("x".repeat(108))));
    assert!(text.ends_with(": a socket's path has at most 107 bytes"), "{text}");
    // The kernel would say so after some time, where as many wait as it keeps.
    let full = Refused { number: libc::SYS_connect, argument: None, errno: libc::EAGAIN };
    let (text, _) = refusing(full, || failure(client(&path)))?;
    assert!(text.ends_with(": the program that listens there takes no more connections"), "{text}");
    Ok(())
}

/// Runs where setting a vsock address ends in this way, with a file in place of the device.
fn with_vsock<T: Send>(errno: i32, test: impl FnOnce(HostPaths) -> T + Send) -> Result<T, Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let vhost_vsock = folder.path().join("vhost-vsock");
    fs::write(&vhost_vsock, "").unwrap();
    let paths = HostPaths { vhost_vsock, ..HostPaths::default() };
    with_fake_vhost(errno, || test(paths))
}

fn a_vsock_device_gets_its_address() -> Result<(), Lacking> {
    with_vsock(0, |paths| {
        let name = paths.vhost_vsock.to_str().unwrap().to_owned();
        let plan = stand_in::plan(&["fds"], one(FdSource::VhostVsock { cid: 4_294_967_294 }));
        assert_eq!(listed(Spawn::new(&plan).host_paths(paths)).unwrap(), expected([(3, &*name)]));
    })
}

fn a_vsock_address_is_one_guests() -> Result<(), Lacking> {
    for (refusal, cure) in [
        (
            libc::EADDRINUSE,
            "Address already in use: another guest has this address: give this one another `cid=`",
        ),
        (libc::EINVAL, "Invalid argument: a guest's address is from 3 to 4294967294"),
        (libc::ENOTTY, "Inappropriate ioctl for device: it is no vhost-vsock device"),
    ] {
        let (at, (text, problem)) = with_vsock(refusal, |paths| {
            let at = paths.vhost_vsock.display().to_string();
            let plan = Plan::new("/bin/true", [""; 0], one(FdSource::VhostVsock { cid: 42 }));
            let before = open_files();
            let error = Spawn::new(&plan).host_paths(paths).spawn().unwrap_err();
            until("all is as it was", || open_files() == before);
            (at, self::problem(error))
        })?;
        assert_eq!(text, format!("dev0: cid 42: {at}: {cure}"));
        assert!(matches!(problem, FdProblem::Cid { cid: 42, .. }));
        assert_eq!(errno(&problem), Some(refusal));
    }
    Ok(())
}

fn vsock_devices_that_are_missing_are_named_with_a_cure() -> Result<(), Lacking> {
    let paths = HostPaths { vhost_vsock: "/no/such/vsock".into(), ..HostPaths::default() };
    let plan = Plan::new("/bin/true", [""; 0], one(FdSource::VhostVsock { cid: 3 }));
    let error = Spawn::new(&plan).host_paths(paths).spawn().unwrap_err();
    assert_eq!(
        error.to_string(),
        "dev0: /no/such/vsock: No such file or directory: load its module (`modprobe vhost_vsock`)"
    );
    Ok(())
}

fn the_kernels_own_vsock_device_takes_the_address() -> Result<(), Lacking> {
    need(Path::new("/dev/vhost-vsock").exists(), "needs /dev/vhost-vsock")?;
    let cid = 0x7000_0000 + std::process::id();
    let first = sleeping(FdSource::VhostVsock { cid: cid.into() }).unwrap();
    let (text, problem) = failure(FdSource::VhostVsock { cid: cid.into() });
    assert_eq!(errno(&problem), Some(libc::EADDRINUSE), "{text}");
    drop(first);
    drop(sleeping(FdSource::VhostVsock { cid: cid.into() }).unwrap());
    Ok(())
}

/// What a shell says that has this as number 3.
fn said(source: FdSource<OsString>, script: &str) -> String {
    let plan = Plan::new("/bin/sh", ["-c", script], one(source));
    let mut guest = Spawn::new(&plan).stdout(Stdio::Pipe).spawn().unwrap();
    let mut text = String::new();
    guest.take_stdout().unwrap().read_to_string(&mut text).unwrap();
    guest.wait();
    text.trim().to_owned()
}

const RESIZE: &str = "truncate -s 1K /proc/self/fd/3 2>/dev/null; truncate -s 9K /proc/self/fd/3 2>/dev/null; \
                      stat -Lc %s /proc/self/fd/3";

fn memory_has_its_size_for_good() -> Result<(), Lacking> {
    assert_eq!(said(memory(8192, false, true), RESIZE), "8192");
    assert_eq!(said(memory(8192, false, true), "printf there 1<>/proc/self/fd/3; head -c5 <&3"), "there");
    Ok(())
}

fn memory_without_a_seal_can_be_resized() -> Result<(), Lacking> {
    assert_eq!(said(memory(8192, false, false), RESIZE), "9216");
    Ok(())
}

fn memory_that_cannot_be_had_is_named() -> Result<(), Lacking> {
    let (text, problem) = failure(memory(u64::MAX, false, true));
    assert!(matches!(problem, FdProblem::Memory { hugetlb: false, .. }), "{text}");
    assert!(text.starts_with("dev0: 18446744073709551615 bytes of memory: "), "{text}");
    // Not a multiple of any huge page, or a kernel without them.
    let (text, _) = failure(memory(4096, true, true));
    assert!(text.starts_with("dev0: 4096 bytes of memory of huge pages: "), "{text}");
    assert!(text.contains("/proc/meminfo") || text.contains("no huge pages"), "{text}");
    Ok(())
}

fn a_file_can_be_opened_past_the_cache() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    fs::write(&path, "").unwrap();
    let source =
        |path: &Path, direct| FdSource::File { path: path.to_owned().into(), readonly: false, direct };
    // The flag's number in octal differs by machine; that it is there does not.
    let flags = |direct| said(source(&path, direct), "sed -n 's/flags:[ \t]*//p' /proc/self/fdinfo/3");
    let number = |direct| i32::from_str_radix(&flags(direct), 8).unwrap();
    assert_eq!(number(false) & libc::O_DIRECT, 0);
    match sleeping(source(&path, true)) {
        Ok(_) => assert_ne!(number(true) & libc::O_DIRECT, 0),
        Err(error) => assert!(error.to_string().ends_with("choose another `cache=`"), "{error}"),
    }
    // A file of the kernel's own has none.
    let (text, _) = failure(FdSource::File { path: "/proc/version".into(), readonly: true, direct: true });
    assert_eq!(
        text,
        "dev0: /proc/version: Invalid argument: its file system has no direct I/O: choose another `cache=`"
    );
    Ok(())
}

/// An image at a path.
fn image(path: impl AsRef<Path>, readonly: bool) -> FdSource<OsString> {
    FdSource::File { path: path.as_ref().to_owned().into(), readonly, direct: false }
}

fn what_is_no_image_is_refused_without_waiting() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    mknodat(CWD, at("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let _listener = UnixListener::bind(at("socket")).unwrap();
    // Some the kernel refuses itself, and some not.
    for path in [at("pipe"), at("socket"), folder.path().to_owned(), "/dev/zero".into()] {
        for readonly in [true, false] {
            let (text, _) = failure(image(&path, readonly));
            assert!(text.starts_with(&format!("dev0: {}: ", path.display())), "{text}");
            assert!(
                text.ends_with(": it is neither a file nor a block device: name one that holds an image"),
                "{text}"
            );
        }
    }
    let (_, problem) = failure(image(at("pipe"), true));
    assert!(matches!(problem, FdProblem::NoImage { .. }));
    // What is an image is read as any file.
    fs::write(at("image"), "").unwrap();
    let flags = said(image(at("image"), true), "sed -n 's/flags:[ \t]*//p' /proc/self/fdinfo/3");
    assert_eq!(i32::from_str_radix(&flags, 8).unwrap() & libc::O_NONBLOCK, 0);
    Ok(())
}

fn images_that_cannot_be_opened_are_named_with_a_cure() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let (text, _) = failure(image(&path, false));
    assert!(text.ends_with(": correct the path, or make an image there (`qemu-img create`)"), "{text}");
    fs::write(&path, "").unwrap();
    let (text, _) = failure(image(path.join("below"), false));
    assert!(text.contains(": Not a directory: correct the path"), "{text}");

    need_root()?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let (text, _) = as_nobody(|| failure(image(&path, false)));
    assert!(
        text.contains(": Permission denied: this user needs to be allowed to read and write it (`read"),
        "{text}"
    );
    // As it says.
    as_nobody(|| sleeping(image(&path, true)).map(drop)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let (text, _) = as_nobody(|| failure(image(&path, true)));
    assert!(
        text.ends_with(": this user needs to be allowed to read it, and to enter the folders that it is in"),
        "{text}"
    );
    in_mount_namespace(|| {
        need(run("mount -t sysfs -o ro sysfs /mnt"), "needs to be allowed to mount")?;
        let (text, _) = failure(image("/mnt/kernel/uevent_seqnum", false));
        assert!(text.ends_with(": its file system can only be read: make the disk `readonly`"), "{text}");
        Ok(())
    })
}
