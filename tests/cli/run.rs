//! `qemu-dslc run`, with QEMU itself and with programs that stand in for it.

use std::fs;
use std::process::Command;

use super::support::{Folder, Outcome, PROGRAM, dslc, outcome, qmp, quoted, run, wait_for};

/// Runs a VM whose program is a script.
fn run_script(body: &str, text: &str, input: &str) -> Outcome {
    let folder = Folder::new();
    let program = folder.script("qemu", body);
    let file = folder.file("a.vm", format!("qemu {}\n{text}", quoted(program.to_str().unwrap())));
    outcome(&mut dslc(["run".as_ref(), file.as_os_str()]), input)
}

#[test]
fn a_guest_boots_and_says_so() {
    let mut command = dslc(["run", "examples/hello.vm"]);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let ran = outcome(&mut command, "");
    assert!(ran.stdout.contains("hello from qemu-dsl"), "{ran:?}");
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(33), ""));
}

#[test]
fn what_qemu_says_and_its_status_come_through() {
    let ran = run_script(
        "[ \"$1\" = --version ] || { echo said; echo \"failed: $2\" >&2; exit 9; }",
        "memory 1G",
        "",
    );
    assert_eq!(ran, Outcome { status: Some(9), stdout: "said\n".into(), stderr: "failed: 1G\n".into() });
}

/// The stand-in says how much memory the program has had.
#[test]
fn what_qemu_says_without_end_is_not_kept() {
    let body =
        "[ \"$1\" = --version ] || { head -c 200000000 /dev/zero >&2; grep VmHWM /proc/$PPID/status; }";
    let ran = run_script(body, "memory 1G", "");
    assert_eq!((ran.status, ran.stderr.len()), (Some(0), 200_000_000));
    let peak: u64 = ran.stdout.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(peak < 100_000, "{}", ran.stdout);
}

#[test]
fn what_qemu_rejects_is_shown_at_its_statement() {
    let text = "machine pc accel=tcg\nnodefaults\ndisk file=\"/no/such.img\" format=raw\narg \"-display\" \"none\"\n";
    let folder = Folder::new();
    folder.file("a.vm", text);
    let ran = folder.run(&["run", "a.vm"]);
    assert_eq!(
        ran,
        Outcome {
            status: Some(1),
            stdout: String::new(),
            stderr: "\
error: rejected

  x QEMU rejects this: Could not open '/no/such.img': No such file or directory
   ,-[a.vm:3:1]
 2 | nodefaults
 3 | disk file=\"/no/such.img\" format=raw
   : ^^^^^^^^^^^^^^^^^|^^^^^^^^^^^^^^^^^
   :                  `-- -drive id=disk0,file=/no/such.img,format=raw,if=none
 4 | arg \"-display\" \"none\"
   `----
  help: it must exist, or its folder where QEMU makes it; a relative path is read from QEMU's working directory

1 error
"
            .into()
        }
    );
    let json = folder.run(&["run", "--message-format", "json", "a.vm"]);
    assert!(
        json.stderr
            .starts_with(r#"{"code":"rejected","severity":"error","message":"QEMU rejects this: Could"#)
    );
    assert!(
        json.stderr.contains(r#""labels":[{"start":32,"end":67,"text":"-drive id=disk0,"#),
        "{}",
        json.stderr
    );
    assert_eq!(json.stderr.lines().count(), 1);
}

/// QEMU removes whatever is at a socket's path.
#[test]
fn what_qemu_would_remove_is_refused_at_its_statement() {
    let folder = Folder::new();
    let notes = folder.file("notes.txt", "precious");
    folder.file("a.vm", "machine pc accel=tcg\nqmp unix \"notes.txt\" server nowait\n");
    let ran = folder.run(&["run", "a.vm"]);
    assert_eq!(ran.status, Some(125), "{ran:?}");
    assert_eq!(
        ran.stderr,
        "\
error: rejected

  x QEMU was not started: notes.txt: what is there is no socket: remove it, or choose another path
   ,-[a.vm:2:1]
 1 | machine pc accel=tcg
 2 | qmp unix \"notes.txt\" server nowait
   : ^^^^^^^^^^^^^^^^^|^^^^^^^^^^^^^^^^
   :                  `-- -qmp unix:notes.txt,server=on,wait=off
   `----

1 error
"
    );
    assert_eq!(fs::read_to_string(&notes).unwrap(), "precious");
    // What starts nothing looks at nothing.
    assert_eq!(folder.run(&["run", "a.vm", "--dry-run"]).status, Some(0));
    let listener = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&listener).unwrap();
    folder.file("b.vm", "machine pc accel=tcg\nqmp unix \"socket\" server nowait\n");
    let ran = folder.run(&["run", "b.vm"]);
    assert_eq!(ran.status, Some(125), "{ran:?}");
    assert!(ran.stderr.contains("QEMU was not started: socket: somebody listens there"), "{}", ran.stderr);
}

#[test]
fn no_socket_stays_of_what_qemu_rejects() {
    let folder = Folder::new();
    let text = "machine pc accel=tcg\nnodefaults\nqmp unix \"qmp\" server nowait\nport socket path=port fd\n\
                virtio-serial\ndisk file=\"/no/such.img\" format=raw\narg \"-display\" \"none\"\n";
    folder.file("a.vm", text);
    let ran = folder.run(&["run", "a.vm"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("QEMU rejects this: Could not open '/no/such.img'"), "{}", ran.stderr);
    folder.file("b.vm", format!("daemonize\n{text}"));
    let ran = folder.run(&["run", "b.vm"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut left: Vec<_> = left.collect();
    left.sort();
    assert_eq!(left, ["a.vm", "b.vm"]);
}

/// Devices are made after QEMU has sent its greeting, and before it reads what it is answered.
#[test]
fn a_device_that_qemu_rejects_is_shown_too() {
    let machine = "target 7.2\nmachine pc accel=tcg\nnodefaults\narg \"-display\" \"none\"\n";
    let reject = |statement: &str| {
        let ran = run(&["run", "-", "--allow", "missing-option"], &format!("{machine}{statement}\n"));
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.stderr.starts_with("error: rejected\n"), "{}", ran.stderr);
        assert!(ran.stderr.contains("[<stdin>:5:1]"), "{}", ran.stderr);
        ran.stderr
    };
    assert!(reject("device virtio-rng-pci period=0").contains("parameter expects a positive integer"));

    let folder = Folder::new();
    let image = folder.file("disk.img", [0; 4096]);
    let disk = format!("disk file={} format=raw", quoted(image.to_str().unwrap()));
    folder.file("a.vm", format!("{machine}{disk}\n"));
    let mut first = dslc(["run", "a.vm", "--qmp", "q", "--grace", "0"]);
    let mut first = first.current_dir(folder.path()).spawn().unwrap();
    assert!(qmp(&folder.path().join("q")).nth(1).unwrap().contains("return"));
    let report = reject(&disk);
    assert!(report.contains("QEMU rejects this: Failed to get \"write\" lock"), "{report}");
    assert!(report.contains("help: Is another process using the image"), "{report}");
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn what_else_qemu_says_at_its_start_stays() {
    // Warnings before and behind; and what is about an option of this program has no place in the file.
    let warned = "echo 'qemu: warning: one' >&2; echo 'qemu: -m 1G: too much' >&2; echo 'qemu: warning: two' >&2; exit 1";
    let ran = run_script(&format!("[ \"$1\" = --version ] && exit; {warned}"), "memory 1G", "");
    assert!(
        ran.stderr.starts_with("qemu: warning: one\nqemu: warning: two\nerror: rejected\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("QEMU rejects this: too much"), "{}", ran.stderr);
    // It is shown once, however long QEMU took to say so, and says itself why a text was not on a serial port.
    let late = "[ \"$1\" = --version ] && exit; echo 'qemu: warning: one' >&2; sleep 2; \
                echo 'qemu: -nographic: no' >&2; exit 1";
    let folder = Folder::new();
    let program = folder.script("qemu", late);
    folder.file("a.vm", format!("qemu {}\nnographic\n", quoted(program.to_str().unwrap())));
    let ran = folder.run(&["run", "a.vm", "--wait-for", "login:"]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.starts_with("qemu: warning: one\nerror: rejected\n"), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches(": no\n").count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.ends_with("`----\n\n1 error\n"), "{}", ran.stderr);
}

#[test]
fn a_dry_run_prints_and_starts_nothing() {
    let folder = Folder::new();
    let program = folder.script("qemu", "[ \"$1\" = --version ] || touch started");
    let file = folder.file("a.vm", format!("qemu {}\nmemory 1G\n", quoted(program.to_str().unwrap())));
    let file = file.to_str().unwrap();
    let printed = folder.run(&["run", "--dry-run", file]);
    assert_eq!(printed.stdout, folder.run(&[file]).stdout);
    assert!(printed.stdout.ends_with("-m 1G\n"), "{}", printed.stdout);
    assert!(!folder.path().join("started").exists());
    folder.run(&["run", file]);
    assert!(folder.path().join("started").exists());
}

#[test]
fn standard_input_output_and_error_are_the_programs_own() {
    let ran = run_script("cat; echo complaint >&2; printf '%s,' \"$@\"", "memory 1G", "typed\n");
    assert_eq!(
        ran,
        Outcome {
            status: Some(0),
            stdout: "typed\n-m,1G,-chardev,socket,id=qemu-runtime,fd=3,-qmp,chardev:qemu-runtime,".into(),
            stderr: "complaint\n".into()
        }
    );
}

#[test]
fn the_status_is_the_programs() {
    for status in [0, 1, 2, 33, 125, 255] {
        assert_eq!(run_script(&format!("exit {status}"), "", "").status, Some(status));
    }
    for (signal, status) in [("KILL", 137), ("TERM", 143), ("SEGV", 139)] {
        assert_eq!(run_script(&format!("ulimit -c 0; kill -{signal} $$"), "", "").status, Some(status));
    }
}

#[test]
fn a_program_that_cannot_be_started_has_a_reason() {
    let folder = Folder::new();
    let plain = folder.file("plain", "no program");
    let no_interpreter = folder.script("broken", "");
    std::fs::write(&no_interpreter, "#!/no/such/interpreter\n").unwrap();
    for (program, reason) in [
        ("no-such-program", "`no-such-program` is in no folder of PATH"),
        ("/no/such/program", "/no/such/program: No such file or directory"),
        (plain.to_str().unwrap(), "Permission denied"),
        (no_interpreter.to_str().unwrap(), "No such file or directory"),
    ] {
        let ran = run(&["run", "-"], &format!("qemu {}", quoted(program)));
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(125), ""), "{ran:?}");
        assert!(ran.stderr.starts_with("qemu-dslc: QEMU was not started: "), "{}", ran.stderr);
        assert!(ran.stderr.contains(reason), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
}

#[test]
fn a_file_descriptor_that_cannot_be_opened_has_a_reason() {
    let ran = run_script("exit 0", "netdev macvtap ifname=no-such-if mq=1", "");
    assert_eq!(ran.status, Some(125));
    assert!(ran.stderr.starts_with("qemu-dslc: QEMU was not started: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("no-such-if"), "{}", ran.stderr);
}

#[test]
fn mistakes_are_reported_before_anything_starts() {
    let folder = Folder::new();
    let script = format!("[ \"$1\" = --version ] || touch {}/started", folder.path().display());
    let ran = run_script(&script, "memroy 1G", "");
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("unknown statement `memroy`"), "{}", ran.stderr);
    assert!(!folder.path().join("started").exists());
}

#[test]
fn warnings_are_told_before_it_starts() {
    let ran = run_script("echo started >&2", "netdev user mac=01:00:00:00:00:01", "");
    assert_eq!(ran.status, Some(0));
    assert!(ran.stderr.ends_with("\n1 warning\nstarted\n"), "{}", ran.stderr);
}

/// Runs a VM with a tap and vhost-net whose program is the script `qemu`, by a shell that says how.
fn run_by_shell(qemu: &str, script: &str) -> Outcome {
    let folder = Folder::new();
    let program = folder.script("qemu", qemu);
    let text = format!("qemu {}\nnetdev tap ifname=tap7 mq=1 vhost\n", quoted(program.to_str().unwrap()));
    folder.file("a.vm", text);
    let mut shell = Command::new("bash");
    shell.args(["-c", script, PROGRAM]).current_dir(folder.path());
    super::support::clean(&mut shell);
    outcome(&mut shell, "")
}

#[test]
fn file_descriptors_are_handed_over_by_name() {
    // What is handed over is looked at in the table's order.
    let ran = run_by_shell(
        "exit 0",
        "exec 7</dev/null 8</dev/zero; exec $0 run a.vm --fd net0.vhost0=7 --fd net0.0=8",
    );
    assert_eq!(ran.status, Some(125));
    assert_eq!(
        ran.stderr,
        "qemu-dslc: QEMU was not started: net0, queue 0: what was handed over as `net0.vhost0`: Inappropriate ioctl for \
         device: it is no vhost-net device: hand over an open `/dev/vhost-net`\n"
    );
}

/// Runs a VM with a socket and two disks whose program says what is behind these.
fn pass(script: &str) -> (Folder, Outcome) {
    let folder = Folder::new();
    let program =
        folder.script("qemu", "for n in 3 4 5; do readlink /proc/self/fd/$n; done; env | grep LISTEN_");
    let disk = "disk file=\"no such file\" format=raw fd\n";
    let qemu = quoted(program.to_str().unwrap());
    folder.file("a.vm", format!("qemu {qemu}\nqmp unix \"qmp.sock\" server nowait fd\n{disk}{disk}"));
    let mut shell = Command::new("bash");
    shell.args(["-c", script, PROGRAM]).current_dir(folder.path());
    super::support::clean(&mut shell);
    let ran = outcome(&mut shell, "");
    (folder, ran)
}

#[test]
fn what_is_handed_over_reaches_the_program() {
    // Of systemd's variables nothing is seen.
    let listen = "export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=disk1.0:disk0.0 LISTEN_PIDFDID=7";
    for script in [
        "exec $0 run a.vm --fd disk0.0=7 --fd disk1.0=8 7<>first 8<>second",
        &format!("{listen}; exec $0 run a.vm 3<>second 4<>first"),
    ] {
        let (folder, ran) = pass(script);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
        let lines: Vec<_> = ran.stdout.lines().collect();
        assert!(lines[0].starts_with("socket:"), "{ran:?}");
        let paths = ["first", "second"].map(|name| folder.path().join(name).display().to_string());
        assert_eq!(lines[1..], paths);
        assert!(!folder.path().join("qmp.sock").exists());
    }
}

#[test]
fn file_descriptors_that_cannot_be_handed_over_have_a_reason() {
    for (script, reason) in [
        (
            "$0 run a.vm --fd net0.1=7 7</dev/null",
            "no file descriptor is called `net0.1`: there is net0.vhost0, net0.0",
        ),
        (
            "$0 run a.vm --fd net0.0=7 7>&-",
            "file descriptor 7: Bad file descriptor: it must be open when this program is started (in a shell: `7<>FILE`)",
        ),
        (
            "$0 run a.vm --fd net0.0=1",
            "file descriptor 1 is standard input, output or error: pass another number",
        ),
        (
            "$0 run a.vm --fd net0.0=7 --fd net0.vhost0=7 7</dev/null",
            "file descriptor 7 was not passed to this program, or is asked for twice",
        ),
        (
            "$0 run a.vm --fd net0.0=7 --fd net0.0=8 7</dev/null 8</dev/null",
            "two file descriptors were handed over as `net0.0`",
        ),
    ] {
        let ran = run_by_shell("exit 0", script);
        assert_eq!(
            (ran.status, ran.stdout.as_str(), ran.stderr),
            (Some(125), "", format!("qemu-dslc: QEMU was not started: {reason}\n"))
        );
    }
    let ran = run(&["run", "-", "--fd", "net0.0"], "");
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("`--fd net0.0=7`"), "{}", ran.stderr);
}

#[test]
fn systemd_passes_file_descriptors_by_name() {
    let listen = |names: &str, pid: &str| {
        let script = format!(
            "exec 3</dev/null 4</dev/null; export LISTEN_PID={pid} LISTEN_FDS=2 LISTEN_FDNAMES={names}; exec $0 run a.vm"
        );
        let ran = run_by_shell("exit 0", &script);
        assert_eq!(ran.status, Some(125));
        ran.stderr.trim_end().trim_start_matches("qemu-dslc: QEMU was not started: ").to_owned()
    };
    let is_no_device = "net0, queue 0: what was handed over as `net0.vhost0`: Inappropriate ioctl for device: it is no \
                        vhost-net device: hand over an open `/dev/vhost-net`";
    assert_eq!(listen("net0.0:net0.vhost0", "$$"), is_no_device);
    let unknown = "no file descriptor is called `qmp`: there is net0.vhost0, net0.0";
    assert_eq!(listen("net0.vhost0:qmp", "$$"), unknown);
    assert!(
        listen("net0.0", "$$")
            .starts_with("the environment variable `LISTEN_FDNAMES` must be a name for each")
    );
    // They were meant for another process.
    assert!(!listen("net0.0:net0.vhost0", "1").contains("handed over"));
}

#[test]
fn qemu_goes_when_the_program_goes() {
    let folder = Folder::new();
    let pid_file = folder.path().join("pid");
    let text = format!(
        "machine none\nnodefaults\nno-user-config\narg \"-display\" \"none\"\narg \"-pidfile\" {}\n",
        quoted(pid_file.to_str().unwrap())
    );
    let file = folder.file("a.vm", text);
    let mut program = Command::new(PROGRAM).arg("run").arg(file).spawn().unwrap();
    let written = || std::fs::read_to_string(&pid_file).unwrap_or_default().trim().to_owned();
    let pid = wait_for(|| Some(written()).filter(|pid| !pid.is_empty())).unwrap();
    program.kill().unwrap();
    program.wait().unwrap();
    // Gone, or a zombie whose new parent has not looked yet.
    let is_gone = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    };
    wait_for(is_gone).unwrap();
}

#[test]
fn a_guest_that_daemonizes_outlives_the_program() {
    let folder = Folder::new();
    let pid_file = folder.path().join("pid");
    let text = format!(
        "machine none\nnodefaults\nno-user-config\ndaemonize\narg \"-display\" \"none\"\narg \"-pidfile\" {}\n",
        quoted(pid_file.to_str().unwrap())
    );
    let file = folder.file("a.vm", text);
    // A pipe for its standard error would be held by the daemon.
    let status = Command::new(PROGRAM).arg("run").arg(file).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let pid = std::fs::read_to_string(&pid_file).unwrap();
    let killed = Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap();
    assert!(killed.success());
}

#[test]
fn a_guest_that_cannot_daemonize_is_reported_at_its_statement() {
    let folder = Folder::new();
    let text =
        "target 7.2\nmachine none\nnodefaults\ndaemonize\nblockdev file node-name=d filename=\"/no/such\"\n";
    folder.file("a.vm", text);
    let ended = folder.run(&["run", "a.vm"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("error: rejected") && ended.stderr.contains("a.vm:5:"), "{}", ended.stderr);
}
