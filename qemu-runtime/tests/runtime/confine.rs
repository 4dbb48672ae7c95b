//! Users, limits, namespaces, control groups and filters: QEMU is bound by what was said, and this process is not.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use qemu_runtime::{
    FdSource, Guest, Limit, Lines, Plan, Resource, Sandbox, Shutdown, ShutdownPolicy, Spawn, SpawnError,
    Stderr, Stdio, User,
};
use rustix::fs::XattrFlags;
use rustix::process::{DumpableBehavior, dumpable_behavior};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::host::{self, Lacking, at_rest, fd, need, need_root, open_files, until};
use crate::stand_in::{output, plan, shell};

crate::tests! {
    a_user_has_its_groups_and_nothing_of_this_process
    another_user_needs_the_right_to_become_one
    who_has_no_number_is_refused
    a_user_has_no_capability_of_one_who_is_not_root
    who_may_not_be_ended_is_not_started
    a_program_with_rights_of_its_own_is_not_bound
    becoming_users_at_once_leaves_this_process_as_it_was
    real_qemu_runs_as_another_user
    limits_are_set
    a_limit_of_open_files_may_be_below_the_table
    a_network_namespace_has_the_interfaces_and_qemu
    a_control_group_is_joined_before_anything_is_executed
    what_cannot_be_opened_is_named
    what_is_no_network_namespace_is_refused_without_waiting
    what_is_no_control_group_is_refused_without_waiting
    a_control_group_that_is_frozen_is_refused
    a_sandbox_keeps_qemu_from_spawning
    lines_are_logged_as_they_come
}

fn a_user_has_its_groups_and_nothing_of_this_process() -> Result<(), Lacking> {
    need_root()?;
    let before = dumpable_behavior().unwrap();
    assert_eq!(before, DumpableBehavior::Dumpable);
    let show = shell("grep -E '^(Uid|Gid|Groups|CapEff|CapPrm):' /proc/self/status");
    let status = output(Spawn::new(&show).user(User::new(1234, 1235).groups([1236, 1237])));
    let lines: Vec<Vec<&str>> = status.lines().map(|line| line.split_whitespace().collect()).collect();
    let none = "0000000000000000";
    assert_eq!(lines[0], ["Uid:", "1234", "1234", "1234", "1234"]);
    assert_eq!(lines[1], ["Gid:", "1235", "1235", "1235", "1235"]);
    assert_eq!(lines[2], ["Groups:", "1236", "1237"]);
    assert_eq!((lines[3][1], lines[4][1]), (none, none));
    // Threads of this process are who they were, and may be traced as before.
    assert!(rustix::process::geteuid().is_root());
    assert_eq!(dumpable_behavior().unwrap(), before);

    let named = User::named("nobody").map_err(|error| Lacking(format!("needs the user nobody: {error}")))?;
    assert!(output(Spawn::new(&shell("id -un")).user(named)).starts_with("nobody"));
    Ok(())
}

fn who_has_no_number_is_refused() -> Result<(), Lacking> {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let show = shell(&format!("id >'{}'", trace.display()));
    const NONE: u32 = u32::MAX;
    for (user, what) in [
        (User::new(NONE, 1235), "user"),
        (User::new(NONE, NONE), "user"),
        (User::new(1234, NONE), "group"),
        (User::new(1234, 1235).groups([1236, NONE]), "group"),
    ] {
        for spawn in [Spawn::new(&show), Spawn::new(&show).detached(), Spawn::new(&show).qmp()] {
            let error = spawn.user(user.clone()).spawn().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "4294967295 (-1) is no {what}'s number: the kernel would leave QEMU this process's {what}: name another"
                )
            );
        }
    }
    assert!(!trace.exists());
    Ok(())
}

fn becoming_users_at_once_leaves_this_process_as_it_was() -> Result<(), Lacking> {
    need_root()?;
    let dumpable = || dumpable_behavior().unwrap();
    let before = dumpable();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    Spawn::new(&shell("true")).user(User::new(65534, 65534)).spawn().unwrap().wait();
                }
            });
        }
    });
    assert_eq!(dumpable(), before);
    Ok(())
}

fn another_user_needs_the_right_to_become_one() -> Result<(), Lacking> {
    need_root()?;
    let before = at_rest();
    host::as_nobody(|| {
        let error = Spawn::new(&shell("true")).user(User::new(0, 0)).spawn().unwrap_err();
        let message = "becoming the user: Operation not permitted: it takes CAP_SETUID and CAP_SETGID";
        assert_eq!(error.to_string(), message);
        let error = Spawn::new(&shell("true")).limit(Resource::OpenFiles, Limit::NONE).spawn().unwrap_err();
        assert!(error.to_string().starts_with("setting the limits: Operation not permitted"), "{error}");
    });
    until("nothing is left", || (open_files(), host::threads()) == before);
    Ok(())
}

/// Runs `test` as `nobody`, with capabilities that an exec keeps: those of a service with `AmbientCapabilities=`.
fn with_ambient<T: Send>(kept: CapabilitySet, test: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let joined = scope.spawn(|| {
            let nobody = (rustix::fs::Uid::from_raw(65534), rustix::fs::Gid::from_raw(65534));
            rustix::thread::set_keep_capabilities(true).unwrap();
            rustix::thread::set_thread_groups(&[]).unwrap();
            rustix::thread::set_thread_res_gid(nobody.1, nobody.1, nobody.1).unwrap();
            rustix::thread::set_thread_res_uid(nobody.0, nobody.0, nobody.0).unwrap();
            let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: kept };
            rustix::thread::set_capabilities(None, sets).unwrap();
            for capability in kept {
                rustix::thread::configure_capability_in_ambient_set(capability, true).unwrap();
            }
            test()
        });
        joined.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn a_user_has_no_capability_of_one_who_is_not_root() -> Result<(), Lacking> {
    need_root()?;
    let becoming = CapabilitySet::SETUID | CapabilitySet::SETGID;
    let status = with_ambient(becoming | CapabilitySet::KILL | CapabilitySet::NET_ADMIN, || {
        let show = shell("grep -E '^(Uid|CapEff|CapPrm|CapInh|CapAmb):' /proc/self/status");
        output(Spawn::new(&show).user(User::new(1234, 1235)))
    });
    let values: Vec<_> = status.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(
        values,
        ["1234", "0000000000000000", "0000000000000000", "0000000000000000", "0000000000000000"]
    );
    Ok(())
}

fn who_may_not_be_ended_is_not_started() -> Result<(), Lacking> {
    need_root()?;
    // The kernel asks for the right to send the signal also when it does so itself, as the parent dies.
    with_ambient(CapabilitySet::SETUID | CapabilitySet::SETGID, || {
        let sleep = shell("exec sleep 1000");
        let error = Spawn::new(&sleep).user(User::new(1234, 1235)).spawn().unwrap_err();
        assert_eq!(
            error.to_string(),
            "binding the process to its parent: Operation not permitted: it takes CAP_KILL to end what another user \
             runs: start it detached, or as this user"
        );
        drop(Spawn::new(&sleep).user(User::new(65534, 65534)).spawn().unwrap());
        let ended = Spawn::new(&shell("true")).user(User::new(1234, 1235)).detached().spawn().unwrap().wait();
        assert!(ended.success(), "{ended}");
    });
    Ok(())
}

fn a_program_with_rights_of_its_own_is_not_bound() -> Result<(), Lacking> {
    need_root()?;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let program = |name: &str, mode| {
        let path = folder.path().join(name);
        fs::copy("/bin/true", &path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    };
    let (plain, owners, capable) =
        (program("plain", 0o755), program("owners", 0o4755), program("capable", 0o755));
    // CAP_NET_ADMIN (12), effective, as `setcap` writes it.
    let mut capability = [0_u8; 20];
    capability[..4].copy_from_slice(&0x0200_0001_u32.to_le_bytes());
    capability[4..8].copy_from_slice(&(1_u32 << 12).to_le_bytes());
    let set = rustix::fs::setxattr(&capable, "security.capability", &capability, XattrFlags::empty());
    need(set.is_ok(), "needs a file system for temporary files that keeps capabilities")?;

    let plan = |program: &PathBuf| Plan::new(program.clone(), [""; 0], vec![]);
    let nobody = || User::new(65534, 65534);
    for program in [&owners, &capable] {
        let error = host::as_nobody(|| Guest::spawn(&plan(program)).unwrap_err());
        assert!(matches!(&error, SpawnError::Privileged { program: named } if named == program), "{error}");
        assert!(error.to_string().ends_with("or start it detached"), "{error}");
        let error = Spawn::new(&plan(program)).user(nobody()).spawn().unwrap_err();
        assert!(matches!(error, SpawnError::Privileged { .. }), "{error}");
        assert!(Spawn::new(&plan(program)).user(nobody()).detached().spawn().unwrap().wait().success());
        // Root has nothing to gain.
        assert!(Guest::spawn(&plan(program)).unwrap().wait().success());
    }
    assert!(Spawn::new(&plan(&plain)).user(nobody()).spawn().unwrap().wait().success());

    // Root has something to lose.
    std::os::unix::fs::chown(&owners, Some(65534), None).unwrap();
    fs::set_permissions(&owners, Permissions::from_mode(0o4755)).unwrap();
    assert!(matches!(Guest::spawn(&plan(&owners)), Err(SpawnError::Privileged { .. })));
    // Nor may this process have an effective user of its own.
    let error = std::thread::scope(|scope| {
        let joined = scope.spawn(|| {
            let [root, other] = [0, 65534].map(rustix::fs::Uid::from_raw);
            rustix::thread::set_thread_res_uid(root, other, root).unwrap();
            Guest::spawn(&plan(&plain)).unwrap_err()
        });
        joined.join().unwrap()
    });
    assert!(matches!(error, SpawnError::Privileged { .. }), "{error}");
    Ok(())
}

/// The file descriptors are opened with this process's rights, the process has none of them.
fn real_qemu_runs_as_another_user() -> Result<(), Lacking> {
    need_root()?;
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk.img");
    fs::write(&disk, vec![0; 1 << 20]).unwrap();
    fs::set_permissions(&disk, Permissions::from_mode(0o600)).unwrap();
    let source = FdSource::File { path: disk.into(), readonly: false, direct: false };
    let args = [
        "-M",
        "none",
        "-nodefaults",
        "-display",
        "none",
        "-add-fd",
        "fd=3,set=1",
        "-blockdev",
        "file,node-name=d,filename=/dev/fdset/1",
    ];
    let plan = Plan::new("qemu-system-x86_64", args, vec![fd(3, source, "d", 0)]);
    let guest = Spawn::new(&plan).user(User::new(65534, 65534)).start().unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", guest.id())).unwrap();
    assert!(status.contains("Uid:\t65534\t65534\t65534\t65534"), "{status}");
    let Shutdown { exit, .. } = guest.shutdown(&ShutdownPolicy::new().powerdown(None)).unwrap();
    assert!(exit.success(), "{exit}");
    Ok(())
}

fn limits_are_set() -> Result<(), Lacking> {
    let show = shell("cat /proc/self/limits");
    let limits = output(
        Spawn::new(&show)
            .limit(Resource::Core, Limit::of(0))
            .limit(Resource::CpuTime, Limit { soft: Some(1000), hard: Some(2000) })
            // Of two for one resource the last holds.
            .limit(Resource::OpenFiles, Limit::of(30))
            .limit(Resource::OpenFiles, Limit::of(40)),
    );
    let of = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line.strip_prefix(name).unwrap().split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of("Max core file size"), ["0", "0"]);
    assert_eq!(of("Max cpu time"), ["1000", "2000"]);
    assert_eq!(of("Max open files"), ["40", "40"]);
    // This process keeps its own.
    let own = fs::read_to_string("/proc/self/limits").unwrap();
    assert!(!own.lines().any(|line| line.starts_with("Max cpu time") && line.contains("1000")), "{own}");
    Ok(())
}

fn a_limit_of_open_files_may_be_below_the_table() -> Result<(), Lacking> {
    let version = || FdSource::File { path: "/proc/version".into(), readonly: true, direct: false };
    let plan = plan(&["fds"], (100..104).map(|number| fd(number, version(), "x", 0)).collect());
    let spawn = Spawn::new(&plan).limit(Resource::OpenFiles, Limit::of(50));
    let table = (100..104).map(|number| (number, "/proc/version"));
    assert_eq!(crate::stand_in::listed(spawn).unwrap(), crate::stand_in::expected(table));
    Ok(())
}

fn a_network_namespace_has_the_interfaces_and_qemu() -> Result<(), Lacking> {
    need_root()?;
    need(fs::File::options().read(true).write(true).open("/dev/net/tun").is_ok(), "needs /dev/net/tun")?;
    need(Command::new("ip").arg("-V").output().is_ok(), "needs the command `ip` (iproute2)")?;
    let name = format!("qemu-dsl-{}", std::process::id());
    let ip = |args: &str| {
        let output = Command::new("ip").args(args.split_whitespace()).output().unwrap();
        output.status.success()
    };
    need(ip(&format!("netns add {name}")), "needs to be allowed a network namespace")?;
    let inside = format!("-n {name} tuntap add tapx mode tap multi_queue");
    let there = ip(&inside);
    let path = Path::new("/run/netns").join(&name);
    let result = std::panic::catch_unwind(|| {
        assert!(there);
        let queue = |queue| fd(3 + queue, FdSource::Tap { ifname: Some("tapx".into()) }, "net0", queue);
        let plan = plan(&["fds"], vec![queue(0), queue(1)]);
        let listed = crate::stand_in::listed(Spawn::new(&plan).network_namespace(&path)).unwrap();
        assert_eq!((listed[&3].as_str(), listed[&4].as_str()), ("tap tapx", "tap tapx"));
        // Opened here, it would have been made here.
        assert!(!Path::new("/sys/class/net/tapx").exists());
        // The process is in it, too; this one is not.
        let namespace = |path: &str| fs::read_link(path).unwrap();
        let own = namespace("/proc/thread-self/ns/net");
        let guest_in = output(Spawn::new(&shell("readlink /proc/self/ns/net")).network_namespace(&path));
        assert_ne!(guest_in.trim(), own.to_str().unwrap());
        assert_eq!(own, namespace("/proc/thread-self/ns/net"));
    });
    assert!(ip(&format!("netns del {name}")));
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    Ok(())
}

/// Makes a control group of its own, where that is possible.
fn control_group() -> Option<PathBuf> {
    let name = format!("qemu-dsl-{}", std::process::id());
    let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/memory"];
    let mut groups = roots.iter().map(|root| Path::new(root).join(&name));
    groups.find(|group| fs::create_dir(group).is_ok() && group.join("cgroup.procs").exists())
}

fn a_control_group_is_joined_before_anything_is_executed() -> Result<(), Lacking> {
    need_root()?;
    let group = control_group().ok_or_else(|| Lacking("needs to be allowed a control group".into()))?;
    let result = std::panic::catch_unwind(|| {
        let said =
            output(Spawn::new(&shell("cat /proc/self/cgroup")).cgroup(&group).user(User::new(65534, 65534)));
        let name = group.file_name().unwrap().to_str().unwrap();
        assert!(said.lines().any(|line| line.ends_with(&format!("/{name}"))), "{said}");
    });
    until("the group is empty", || fs::remove_dir(&group).is_ok());
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    Ok(())
}

fn what_cannot_be_opened_is_named() -> Result<(), Lacking> {
    let before = at_rest();
    let show = shell("true");
    let error = Spawn::new(&show).cgroup("/no/such/group").spawn().unwrap_err();
    assert_eq!(error.to_string(), "control group /no/such/group: No such file or directory");
    let error = Spawn::new(&show).network_namespace("/run/netns/no-such").spawn().unwrap_err();
    assert_eq!(error.to_string(), "network namespace /run/netns/no-such: No such file or directory");
    assert_eq!(error.io_error().map(io::Error::kind), Some(io::ErrorKind::NotFound));
    until("nothing is left", || (open_files(), host::threads()) == before);
    Ok(())
}

fn what_is_no_network_namespace_is_refused_without_waiting() -> Result<(), Lacking> {
    let before = at_rest();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(host::run(&format!("mkfifo '{}'", pipe.display())));
    for path in [
        &pipe,
        folder.path(),
        Path::new("/dev/null"),
        Path::new("/proc/version"),
        Path::new("/proc/self/ns/mnt"),
    ] {
        let error = Spawn::new(&shell("true")).network_namespace(path).spawn().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "network namespace {}: it is no network namespace: `/run/netns/NAME` is one, and `/proc/PID/ns/net`",
                path.display()
            )
        );
    }
    until("nothing is left", || (open_files(), host::threads()) == before);
    Ok(())
}

fn what_is_no_control_group_is_refused_without_waiting() -> Result<(), Lacking> {
    let before = at_rest();
    let folder = tempfile::tempdir().unwrap();
    let error = |group: &Path| Spawn::new(&shell("true")).cgroup(group).spawn().unwrap_err().to_string();
    let no_group = |group: &Path| {
        format!(
            "control group {}: it is no control group: its folder is one of those in `/sys/fs/cgroup`",
            group.display()
        )
    };
    assert_eq!(error(folder.path()), no_group(folder.path()));
    let processes = folder.path().join("cgroup.procs");
    fs::write(&processes, "").unwrap();
    assert_eq!(error(folder.path()), no_group(folder.path()));
    assert_eq!(fs::read(&processes).unwrap(), b"");
    fs::remove_file(&processes).unwrap();
    assert!(host::run(&format!("mkfifo '{}'", processes.display())));
    assert_eq!(error(folder.path()), no_group(folder.path()));
    assert_eq!(error(&processes), format!("control group {}: Not a directory", processes.display()));
    // Nor one by a link, which may lead to another file of the group's.
    let root = ["/sys/fs/cgroup", "/sys/fs/cgroup/pids"].map(Path::new);
    let root = root.into_iter().find(|root| root.join("cgroup.procs").exists());
    let root = root.ok_or_else(|| Lacking("needs control groups".into()))?;
    fs::remove_file(&processes).unwrap();
    std::os::unix::fs::symlink(root.join("cgroup.procs"), &processes).unwrap();
    assert_eq!(error(folder.path()), no_group(folder.path()));
    until("nothing is left", || (open_files(), host::threads()) == before);
    Ok(())
}

fn a_control_group_that_is_frozen_is_refused() -> Result<(), Lacking> {
    need_root()?;
    let group = control_group().ok_or_else(|| Lacking("needs to be allowed a control group".into()))?;
    let frozen = fs::write(group.join("cgroup.freeze"), "1");
    let result = frozen.map(|()| {
        std::panic::catch_unwind(|| {
            let events = || fs::read_to_string(group.join("cgroup.events")).unwrap();
            until("it is frozen", || events().contains("frozen 1"));
            let error = Spawn::new(&shell("true")).cgroup(&group).spawn().unwrap_err();
            assert!(
                error.to_string().contains(": it is frozen, and QEMU would be before it executes"),
                "{error}"
            );
            fs::write(group.join("cgroup.freeze"), "0").unwrap();
            until("it is thawed", || events().contains("frozen 0"));
            assert!(Spawn::new(&shell("true")).cgroup(&group).spawn().unwrap().wait().success());
        })
    });
    until("the group is empty", || fs::remove_dir(&group).is_ok());
    need(result.is_ok(), "needs control groups of version 2")?;
    if let Ok(Err(panic)) = result {
        std::panic::resume_unwind(panic);
    }
    Ok(())
}

fn a_sandbox_keeps_qemu_from_spawning() -> Result<(), Lacking> {
    let args = ["-M", "none", "-nodefaults", "-display", "none"];
    let plan = Plan::new("qemu-system-x86_64", args, vec![]);
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    // QEMU that may not start a program fails, hangs or is ended: what counts is that it has started none.
    let migrate = |guest: &Guest| {
        let uri = format!("exec:touch {}", trace.display());
        let uri = serde_json::json!({ "uri": uri });
        let _ = guest.qmp().unwrap().call_raw("migrate", uri).timeout(Duration::from_secs(1)).execute();
    };
    let filtered = |guest: &Guest| {
        let status = fs::read_to_string(format!("/proc/{}/status", guest.id())).unwrap();
        status.lines().find_map(|line| line.strip_prefix("Seccomp:")).map(str::trim) == Some("2")
    };
    let open = Spawn::new(&plan).start().unwrap();
    assert!(!filtered(&open));
    migrate(&open);
    until("the program has run", || trace.exists());
    drop(open);
    fs::remove_file(&trace).unwrap();
    let closed = Spawn::new(&plan).sandbox(Sandbox::new()).start().unwrap();
    assert!(filtered(&closed));
    migrate(&closed);
    drop(closed);
    assert!(!trace.exists());
    Ok(())
}

fn lines_are_logged_as_they_come() -> Result<(), Lacking> {
    let before = at_rest();
    let (sender, receiver) = mpsc::channel();
    fn log(stream: &'static str, to: &mpsc::Sender<String>) -> impl Write + Send + use<> {
        let to = to.clone();
        Lines::new(move |line| drop(to.send(format!("{stream}: {line}"))))
    }
    let talk = shell("echo one; sleep 0.05; echo two >&2; sleep 0.05; printf three; kill -9 $$");
    let guest = Spawn::new(&talk)
        .stdout(Stdio::writer(log("out", &sender)))
        .stderr(Stderr::tee(log("err", &sender)))
        .spawn()
        .unwrap();
    let exit = guest.wait();
    assert_eq!(exit.stderr(), b"two\n");
    drop((guest, sender));
    let mut said: Vec<String> = receiver.iter().collect();
    said.sort();
    assert_eq!(said, ["err: two", "out: one", "out: three"]);
    until("all is as it was", || (open_files(), host::threads()) == before);
    Ok(())
}
