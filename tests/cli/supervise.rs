//! What `qemu-dslc run` does while a guest runs: signals, deadlines, and what it makes beside QEMU.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use super::support::{Folder, Outcome, dslc, outcome, qmp, quoted, run, wait_for};

/// A guest that does nothing and heeds no power button.
const IDLE: &str =
    "target 7.2\nmachine pc accel=tcg\nnodefaults\nno-user-config\narg \"-display\" \"none\"\n";

/// What a socket's path is followed by where somebody listens there.
const IN_USE: &str = ": Address already in use: somebody listens there, perhaps a guest that still runs: choose another path\n";

/// `run` of `text`, to be started, and the folder that it runs in.
fn prepare(text: &str, args: &[&str]) -> (Folder, Command) {
    let folder = Folder::new();
    folder.file("a.vm", text);
    let mut command = dslc([&["run", "a.vm"], args].concat());
    command.current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    (folder, command)
}

fn end(child: Child) -> Outcome {
    let output = child.wait_with_output().unwrap();
    Outcome {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Not so soon after another that it would be the same wish.
fn signal(child: &Child, signal: Signal) {
    std::thread::sleep(std::time::Duration::from_millis(200));
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// A stand-in, which is a script. Once its signals are as they should be, it says so in the file `started`.
fn stand_in(folder: &Folder, body: &str) -> PathBuf {
    let traps = "trap 'echo terminated; exit 5' TERM; trap 'echo one' USR1; trap 'echo two; exit 6' USR2";
    let program = folder.script("qemu", &format!("ulimit -c 0; {traps}; echo $$ >started\n{body}"));
    folder.file("a.vm", format!("target 7.2\nqemu {}\nnographic\n", quoted(program.to_str().unwrap())))
}

/// Runs a stand-in until it has started.
fn start(folder: &Folder, body: &str, args: &[&str]) -> Child {
    stand_in(folder, body);
    let mut command = dslc([&["run", "a.vm"], args].concat());
    command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let started = folder.path().join("started");
    wait_for(|| fs::read_to_string(&started).ok().filter(|pid| pid.ends_with('\n'))).unwrap();
    child
}

#[test]
fn the_first_signal_presses_the_power_button_and_the_second_kills() {
    for first in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (folder, mut command) = prepare(IDLE, &["--qmp", "q"]);
        let child = command.spawn().unwrap();
        let socket = folder.path().join("q");
        let mut lines = qmp(&socket);
        assert!(lines.next().unwrap().contains("\"QMP\""));
        assert!(lines.next().unwrap().contains("\"return\""));
        signal(&child, first);
        let event = lines.next().unwrap();
        assert!(event.contains("\"POWERDOWN\""), "{event}");
        signal(&child, Signal::INT);
        let ended = end(child);
        assert_eq!(
            (ended.status, ended.stderr.as_str()),
            (
                Some(137),
                "qemu-dslc: shutting the guest down; the next signal kills QEMU\n\
                 qemu-dslc: killing QEMU\n"
            )
        );
        assert!(!socket.exists());
    }
}

#[test]
fn a_signal_to_the_group_presses_the_power_button_too() {
    let (folder, mut command) = prepare(IDLE, &["--qmp", "q"]);
    // As `timeout` has it, and a shell with job control.
    let child = command.process_group(0).spawn().unwrap();
    let socket = folder.path().join("q");
    let mut lines = qmp(&socket);
    assert!(lines.nth(1).unwrap().contains("\"return\""));
    let all = |signal| kill_process_group(Pid::from_child(&child), signal).unwrap();
    // It sends one to the program and one to all.
    for _ in 0..2 {
        all(Signal::TERM);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let event = lines.next().unwrap();
    assert!(event.contains("\"POWERDOWN\""), "{event}");
    std::thread::sleep(std::time::Duration::from_millis(200));
    all(Signal::TERM);
    assert_eq!(end(child).status, Some(137));
}

#[test]
fn a_panic_and_a_signal_that_killed_qemu_are_told() {
    // It writes "panicked" to the port of pvpanic, and halts.
    let mut image = vec![0xba, 0x05, 0x05, 0xb0, 0x01, 0xee, 0xf4];
    image.resize(510, 0);
    image.extend([0x55, 0xaa]);
    let guest = "device pvpanic\nblockdev file node-name=boot filename=\"boot.img\" read-only=on\n\
                 device floppy drive=boot\n";
    let (folder, mut command) = prepare(&format!("{IDLE}{guest}"), &[]);
    folder.file("boot.img", image);
    let ended = end(command.spawn().unwrap());
    assert_eq!(
        (ended.status, ended.stderr.as_str()),
        (Some(123), "qemu-dslc: the guest's system panicked\n")
    );

    let folder = Folder::new();
    let ended = end(start(&folder, "kill -SEGV $$", &[]));
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(139), "qemu-dslc: SIGSEGV killed QEMU\n"));
}

#[test]
fn a_guest_that_does_not_power_down_ends_after_its_grace() {
    for grace in ["0", "300ms"] {
        let (folder, mut command) = prepare(IDLE, &["--qmp", "q", "--grace", grace]);
        let child = command.spawn().unwrap();
        assert!(qmp(&folder.path().join("q")).next().is_some());
        signal(&child, Signal::TERM);
        assert_eq!(end(child).status, Some(0));
    }
}

#[test]
fn what_never_greets_is_terminated() {
    let folder = Folder::new();
    let child = start(&folder, "while :; do sleep 0.1; done", &[]);
    signal(&child, Signal::INT);
    let ended = end(child);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(5), "terminated\n"));
}

#[test]
fn what_cannot_be_opened_yet_can_be_interrupted() {
    let (folder, mut command) = prepare(&format!("{IDLE}qmp unix \"q\" fd\n"), &[]);
    let _full = full_socket(&folder.path().join("q"));
    let child = command.spawn().unwrap();
    let state = |state: &str| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        stat.contains(&format!(") {state} ")).then_some(())
    };
    // Nothing else makes it wait but somebody who would take a connection.
    let waits = || {
        (0..5).all(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            state("S").is_some()
        })
    };
    wait_for(|| waits().then_some(())).unwrap();
    signal(&child, Signal::INT);
    let ended = wait_for(|| state("Z"));
    if ended.is_none() {
        signal(&child, Signal::KILL);
    }
    let status = child.wait_with_output().unwrap().status;
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2));
}

/// A socket that is listened on, and has no room for another connection.
fn full_socket(path: &Path) -> Vec<OwnedFd> {
    let address = rustix::net::SocketAddrUnix::new(path).unwrap();
    let stream = || {
        let (family, kind) = (rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM);
        rustix::net::socket_with(family, kind, rustix::net::SocketFlags::NONBLOCK, None).unwrap()
    };
    let sockets: Vec<_> = (0..5).map(|_| stream()).collect();
    let (listener, connections) = sockets.split_first().unwrap();
    rustix::net::bind(listener, &address).unwrap();
    rustix::net::listen(listener, 0).unwrap();
    let connected: Vec<_> = connections.iter().map(|socket| rustix::net::connect(socket, &address)).collect();
    assert_eq!(connected.last(), Some(&Err(rustix::io::Errno::AGAIN)));
    sockets
}

#[test]
fn a_socket_that_is_too_busy_to_answer_is_in_use() {
    let (folder, mut command) = prepare(IDLE, &["--qmp", "q"]);
    let path = folder.path().join("q");
    let _full = full_socket(&path);
    let ran = end(command.spawn().unwrap());
    assert_eq!(ran.stderr, format!("qemu-dslc: --qmp {}{IN_USE}", path.display()));
    assert_eq!(ran.status, Some(2));
}

#[test]
fn signals_reach_qemu_though_nobody_reads_what_it_says() {
    let folder = Folder::new();
    // More than the pipe holds.
    let child = start(&folder, "trap '' TERM; while :; do head -c 1000000 /dev/zero >&2; done", &[]);
    let pid: i32 = fs::read_to_string(folder.path().join("started")).unwrap().trim().parse().unwrap();
    for _ in 0..2 {
        std::thread::sleep(std::time::Duration::from_secs(2));
        signal(&child, Signal::TERM);
    }
    let gone = wait_for(|| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
    let mut child = child;
    drop(child.stderr.take());
    if gone.is_none() {
        signal(&child, Signal::KILL);
    }
    assert_eq!(end(child).status, Some(137));
}

#[test]
fn other_signals_are_passed_on() {
    let folder = Folder::new();
    let body = "while :; do sleep 0.1; done";
    let mut child = start(&folder, body, &[]);
    signal(&child, Signal::USR1);
    let mut line = [0; 4];
    child.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"one\n");
    signal(&child, Signal::USR2);
    let ended = end(child);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(6), "two\n"));

    let child = start(&Folder::new(), "exec sleep 1000", &[]);
    signal(&child, Signal::QUIT);
    assert_eq!(end(child).status, Some(131));
}

#[test]
fn a_signal_that_was_ignored_stays_so() {
    let folder = Folder::new();
    stand_in(&folder, "sleep 1; exit 7");
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" run a.vm", super::support::PROGRAM]);
    super::support::clean(&mut command);
    let child = command.current_dir(folder.path()).spawn().unwrap();
    wait_for(|| folder.path().join("started").exists().then_some(())).unwrap();
    signal(&child, Signal::HUP);
    assert_eq!(end(child).status, Some(7));
}

#[test]
fn the_time_is_up_and_the_status_says_so() {
    let (_folder, mut command) = prepare(IDLE, &["--timeout", "500ms", "--grace", "0"]);
    let ended = end(command.spawn().unwrap());
    assert_eq!(
        (ended.status, ended.stderr.as_str()),
        (Some(124), "qemu-dslc: the guest's time is up: shutting it down\n")
    );
    // One that ends before is not concerned.
    let folder = Folder::new();
    assert_eq!(end(start(&folder, "exit 3", &["--timeout", "1h"])).status, Some(3));
    let wrong = run(&["run", "-", "--timeout", "soon"], "");
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("write seconds, or a number and `ms`"), "{}", wrong.stderr);
}

#[test]
fn the_guest_is_shut_down_once_it_has_said_it() {
    // With QEMU itself: this guest says its line, and ends with a status of its own.
    let mut command = dslc(["run", "examples/hello.vm", "--wait-for", "hello from"]);
    let ran = outcome(command.current_dir(env!("CARGO_MANIFEST_DIR")), "");
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.contains("hello from qemu-dsl"), "{ran:?}");

    // This one would never end.
    let text = "target 7.2\nmachine pc accel=tcg\nno-user-config\nnographic\n";
    let (_folder, mut command) = prepare(text, &["--wait-for", "SeaBIOS", "--grace", "0"]);
    let ended = end(command.spawn().unwrap());
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("SeaBIOS"), "{}", ended.stdout);

    // Nor would this one, which says it bit by bit.
    let folder = Folder::new();
    let body =
        "for part in 'Web' ' log' 'in' ': '; do printf '%s' \"$part\"; sleep 0.1; done; exec sleep 1000";
    let ended = end(start(&folder, body, &["--wait-for", "login:"]));
    assert_eq!(ended, Outcome { status: Some(0), stdout: "Web login: ".into(), stderr: String::new() });
}

#[test]
fn a_guest_that_ends_without_saying_it_has_failed() {
    for (status, ours) in [(0, 1), (33, 33)] {
        let folder = Folder::new();
        let ended = end(start(&folder, &format!("echo 'logi n:'; exit {status}"), &["--wait-for", "login:"]));
        assert_eq!(
            ended,
            Outcome {
                status: Some(ours),
                stdout: "logi n:\n".into(),
                stderr: "qemu-dslc: the guest ended without `login:` on its serial port\n".into()
            }
        );
    }
}

#[test]
fn a_serial_port_elsewhere_is_not_waited_for() {
    for elsewhere in ["", "serial null\narg \"-monitor\" \"stdio\"\n", "serial null\nmonitor stdio\n"] {
        let (_folder, mut command) = prepare(&format!("{IDLE}{elsewhere}"), &["--wait-for", "x"]);
        let ended = end(command.spawn().unwrap());
        assert_eq!(ended.status, Some(2));
        assert_eq!(
            ended.stderr,
            "qemu-dslc: --wait-for: no serial port of this VM is on standard output: write `serial stdio`, or \
             `nographic`\n"
        );
    }
}

#[test]
fn of_runs_that_start_at_once_one_has_the_socket_and_the_pid_file() {
    for option in ["--qmp", "--pidfile"] {
        let (folder, mut command) = prepare(IDLE, &[option, "x", "--grace", "0"]);
        let path = folder.path().join("x");
        if option == "--pidfile" {
            let mut gone = Command::new("true").spawn().unwrap();
            gone.wait().unwrap();
            folder.file("x", gone.id().to_string());
        }
        let children: Vec<_> = (0..3).map(|_| command.spawn().unwrap()).collect();
        let (mut ended, mut running) = (Vec::new(), children);
        wait_for(|| {
            let at = running.iter_mut().position(|child| child.try_wait().unwrap().is_some())?;
            ended.push(running.remove(at));
            (running.len() == 1).then_some(())
        })
        .unwrap();
        for child in ended {
            let ended = end(child);
            assert_eq!(ended.status, Some(2), "{ended:?}");
            assert!(ended.stderr.starts_with(&format!("qemu-dslc: {option} ")), "{}", ended.stderr);
        }
        let child = running.pop().unwrap();
        if option == "--qmp" {
            assert!(qmp(&path).nth(1).unwrap().contains("\"return\""));
        } else {
            wait_for(|| fs::read_to_string(&path).ok()).unwrap();
        }
        signal(&child, Signal::TERM);
        end(child);
        assert!(!path.exists());
    }
}

#[test]
fn others_manage_the_vm_at_a_socket() {
    for name in ["q", "a=b,c"] {
        let (folder, mut command) = prepare(IDLE, &["--qmp", name]);
        let socket = folder.path().join(name);
        // What an earlier run left there when it was killed.
        drop(UnixListener::bind(&socket).unwrap());
        let child = command.spawn().unwrap();
        assert!(qmp(&socket).next().unwrap().contains("\"QMP\""));
        // Where one listens, there is no place for another.
        let second = outcome(dslc(["run", "a.vm", "--qmp", name]).current_dir(folder.path()), "");
        assert_eq!(
            (second.status, second.stderr),
            (Some(2), format!("qemu-dslc: --qmp {}{IN_USE}", socket.display()))
        );
        // A QEMU that is killed leaves its socket.
        signal(&child, Signal::INT);
        let mut child = child;
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut String::new()).unwrap();
        signal(&child, Signal::INT);
        assert_eq!(end(child).status, Some(137));
        assert!(!socket.exists());
        let printed =
            outcome(dslc(["run", "--dry-run", "a.vm", "--qmp", name]).current_dir(folder.path()), "");
        let argument = "socket,id=qemu-dslc-qmp,fd=3,server=on,wait=off";
        assert!(printed.stdout.contains(argument), "{}", printed.stdout);
        assert!(printed.stdout.contains("# fd 3, qemu-dslc-qmp.0: unix-listen"), "{}", printed.stdout);
    }
    let (folder, mut command) = prepare(IDLE, &["--qmp", "a.vm"]);
    let ended = end(command.spawn().unwrap());
    assert_eq!(ended.status, Some(2));
    assert!(
        ended.stderr.contains("what is there is no socket: remove it, or choose another path"),
        "{ended:?}"
    );
    assert!(folder.path().join("a.vm").exists());
    let long = "long".repeat(40);
    let refused = run(&["run", "-", "--qmp", &long], "");
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("the socket's path"), "{}", refused.stderr);
}

#[test]
fn the_number_of_qemus_process_is_in_a_file() {
    let (folder, mut command) = prepare(IDLE, &["--pidfile", "pid"]);
    let child = command.spawn().unwrap();
    let file = folder.path().join("pid");
    let pid = wait_for(|| fs::read_to_string(&file).ok()).unwrap();
    let name = fs::read_to_string(format!("/proc/{}/comm", pid.trim())).unwrap();
    assert!(name.starts_with("qemu-system"), "{name}");
    // By it QEMU is ended as without this program.
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    wait_for(|| (kill_process(pid, Signal::TERM).is_err() || !file.exists()).then_some(())).unwrap();
    assert!(matches!(end(child).status, Some(0 | 143)));
    assert!(!file.exists());

    let folder = Folder::new();
    stand_in(&folder, "exec sleep 1000");
    let refused = folder.run(&["run", "a.vm", "--pidfile", "/no/such/pid"]);
    assert_eq!(
        (refused.status, refused.stderr.as_str()),
        (Some(2), "qemu-dslc: --pidfile /no/such/pid: No such file or directory\n")
    );
}

#[test]
fn a_pid_file_replaces_nothing_but_one_that_was_left_behind() {
    let folder = Folder::new();
    let vm = stand_in(&folder, "cat pid");
    let run = |path: &str| folder.run(&["run", "a.vm", "--pidfile", path]);
    let text = fs::read_to_string(&vm).unwrap();
    for path in ["a.vm", "/dev/null", "."] {
        let refused = run(path);
        assert_eq!(
            (refused.status, refused.stderr),
            (
                Some(2),
                format!(
                    "qemu-dslc: --pidfile {path}: what is there is no file with a process's number: choose another path\n"
                )
            )
        );
    }
    assert_eq!(fs::read_to_string(&vm).unwrap(), text);

    let own = std::process::id();
    folder.file("pid", format!("{own}\n"));
    let refused = run("pid");
    assert_eq!(refused.status, Some(2));
    assert!(
        refused.stderr.contains(&format!("the process {own} runs, whose number is there")),
        "{refused:?}"
    );
    assert_eq!(fs::read_to_string(folder.path().join("pid")).unwrap(), format!("{own}\n"));
    assert!(!folder.path().join("started").exists());

    // One whose parent has not looked runs no more either.
    let mut gone = Command::new("true").spawn().unwrap();
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(Pid::from_child(&gone)), ended).unwrap();
    for _ in 0..2 {
        folder.file("pid", gone.id().to_string());
        let is_own = format!("while grep -qx {} pid || ! [ -s pid ]; do sleep 0.01; done; exit 7", gone.id());
        stand_in(&folder, &is_own);
        assert_eq!(run("pid").status, Some(7));
        assert!(!folder.path().join("pid").exists());
        gone.wait().unwrap();
    }
}

#[test]
fn the_umask_makes_nothing_more_open() {
    for (umask, pid_file, socket) in
        [("0", 0o644, 0o600), ("022", 0o644, 0o600), ("027", 0o640, 0o600), ("0277", 0o400, 0o400)]
    {
        let folder = Folder::new();
        folder.file("a.vm", format!("{IDLE}qmp unix \"own\" server nowait fd\n"));
        let script = format!("umask {umask}; exec \"$0\" run a.vm --pidfile pid --qmp q --grace 0");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, super::support::PROGRAM]).current_dir(folder.path());
        super::support::clean(&mut shell);
        let mut child = shell.stdin(Stdio::null()).spawn().unwrap();
        let mode = |name| Some(fs::metadata(folder.path().join(name)).ok()?.mode() & 0o7777);
        let modes = wait_for(|| Some([mode("pid")?, mode("q")?, mode("own")?]));
        signal(&child, Signal::TERM);
        child.wait().unwrap();
        assert_eq!(modes, Some([pid_file, socket, socket]), "{umask}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

/// QEMU would write to it, and remove it at its end.
#[test]
fn a_pid_file_of_qemus_that_is_none_is_shown_at_its_statement() {
    for daemonize in ["", "daemonize\n"] {
        let (folder, mut command) = prepare(&format!("{IDLE}{daemonize}arg \"-pidfile\" \"pid\"\n"), &[]);
        let target = folder.file("precious", "precious");
        std::os::unix::fs::symlink(&target, folder.path().join("pid")).unwrap();
        let ended = end(command.spawn().unwrap());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(125), ""), "{ended:?}");
        assert!(ended.stderr.contains("what is there is no regular file"), "{}", ended.stderr);
        assert!(ended.stderr.contains("arg \"-pidfile\" \"pid\""), "{}", ended.stderr);
        assert_eq!(fs::read_to_string(target).unwrap(), "precious");
    }
}

#[test]
fn nothing_looks_after_a_guest_in_the_background() {
    let text = "target 7.2\nmachine none\nnodefaults\ndaemonize\n";
    for option in [["--timeout", "1"], ["--wait-for", "x"], ["--pidfile", "pid"], ["--qmp", "q"]] {
        let (_folder, mut command) = prepare(text, &option);
        let ended = end(command.spawn().unwrap());
        assert_eq!(ended.status, Some(2));
        assert!(
            ended.stderr.starts_with(&format!("qemu-dslc: {}: this VM goes into the background", option[0]))
        );
    }
}

#[test]
fn a_qemu_older_than_the_target_is_told_of() {
    let folder = Folder::new();
    let greeting =
        r#"{"QMP":{"version":{"qemu":{"micro":0,"minor":2,"major":5},"package":""},"capabilities":[]}}"#;
    let answer = r#"s/.*"id": *\([0-9]*\).*/{"return":{},"id":\1}/"#;
    let body =
        format!("echo '{greeting}' >&3; read -r line <&3; echo \"$line\" | sed '{answer}' >&3; sleep 1");
    let ended = end(start(&folder, &body, &[]));
    assert_eq!(ended.status, Some(0));
    assert_eq!(
        ended.stderr,
        "qemu-dslc: warning: QEMU 5.2 runs what is meant for 7.2: compile for it (`target 5.2`), or install 7.2\n"
    );
}
