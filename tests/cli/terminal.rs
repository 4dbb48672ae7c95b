//! `qemu-dslc run` on a terminal.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, tcgetattr};

use super::support::{Folder, PROGRAM, clean, wait_for};

/// A terminal with a program on it.
struct Terminal {
    /// What a person has in hands.
    master: File,
    slave: OwnedFd,
    shown: Arc<Mutex<String>>,
    child: Child,
}

impl Terminal {
    /// Starts a shell line on a new terminal. `$0` is the program.
    fn start(folder: &Folder, line: &str) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = File::options().read(true).write(true).open(name).unwrap();
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait", "sh", "-c", line, PROGRAM]);
        clean(&mut command);
        let stdio = || Stdio::from(slave.try_clone().unwrap());
        command.current_dir(folder.path()).stdin(stdio()).stdout(stdio()).stderr(stdio());
        let child = command.spawn().unwrap();
        let master = File::from(master);
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut reader, text) = (master.try_clone().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                text.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        Self { master, slave: slave.into(), shown, child }
    }

    fn types(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    fn shows(&self, text: &str) {
        let seen = wait_for(|| self.shown.lock().unwrap().contains(text).then_some(()));
        assert!(seen.is_some(), "no `{text}` in {:?}", self.shown.lock().unwrap());
    }

    fn settings(&self) -> Termios {
        tcgetattr(&self.slave).unwrap()
    }

    /// Waits until QEMU has taken the terminal for itself.
    fn is_raw(&self) {
        let raw = || (!self.settings().local_modes.contains(LocalModes::ICANON)).then_some(());
        assert!(wait_for(raw).is_some(), "{:?}", self.shown.lock().unwrap());
    }

    /// Whether its settings are those of a terminal that nobody has touched, and reading it waits.
    fn is_as_new(&self) {
        let new = Self::start(&Folder::new(), "exit");
        let (now, new) = (self.settings(), new.settings());
        assert_eq!(now.local_modes, new.local_modes);
        assert_eq!(now.input_modes, new.input_modes);
        assert_eq!(now.output_modes, new.output_modes);
        assert_eq!(now.control_modes, new.control_modes);
        let flags = fcntl_getfl(&self.slave).unwrap();
        assert!(!flags.contains(OFlags::NONBLOCK), "{flags:?}");
    }

    fn ends(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap().code();
        (status, self.shown.lock().unwrap().clone())
    }
}

/// A guest with its serial port on the terminal, where Ctrl-C stays a signal.
const SERIAL: &str = "target 7.2\nmachine pc accel=tcg\nnodefaults\nno-user-config\narg \"-display\" \"none\"\n\
                      chardev stdio id=com1\ndevice isa-serial chardev=com1\n";

fn with(text: &str) -> Folder {
    let folder = Folder::new();
    folder.file("a.vm", text);
    folder
}

#[test]
fn ctrl_c_asks_first_and_kills_then_and_the_terminal_comes_back() {
    let folder = with(SERIAL);
    let mut terminal = Terminal::start(&folder, "exec \"$0\" run a.vm --pidfile pid");
    terminal.is_raw();
    let running = || fs::read_to_string(folder.path().join("pid")).ok();
    wait_for(running).unwrap();
    terminal.types("\x03");
    terminal.shows("the next signal kills QEMU");
    // At once it would be the same wish.
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(running().is_some(), "Ctrl-C went to QEMU as well");
    terminal.types("\x03");
    terminal.shows("killing QEMU");
    wait_for(|| running().is_none().then_some(())).unwrap();
    assert_eq!(terminal.child.wait().unwrap().code(), Some(137));
    terminal.is_as_new();
}

#[test]
fn the_terminal_comes_back_from_a_qemu_that_is_killed() {
    let folder = with(SERIAL);
    let mut terminal = Terminal::start(&folder, "exec \"$0\" run a.vm --pidfile pid");
    terminal.is_raw();
    let pid = wait_for(|| fs::read_to_string(folder.path().join("pid")).ok()).unwrap();
    assert!(Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap().success());
    assert_eq!(terminal.child.wait().unwrap().code(), Some(137));
    terminal.is_as_new();
}

#[test]
fn under_nographic_ctrl_c_is_the_guests_and_the_monitor_is_there() {
    let folder = with("target 7.2\nmachine pc accel=tcg\nno-user-config\nnographic\n");
    let mut terminal = Terminal::start(&folder, "exec \"$0\" run a.vm");
    terminal.is_raw();
    // The firmware says so on the serial port.
    terminal.shows("SeaBIOS");
    assert!(!terminal.settings().local_modes.contains(LocalModes::ISIG));
    terminal.types("\x03\x01c");
    terminal.shows("(qemu)");
    terminal.types("quit\n");
    let (status, shown) = terminal.ends();
    assert_eq!(status, Some(0), "{shown}");
    assert!(!shown.contains("qemu-dslc:"), "{shown}");
}

#[test]
fn ctrl_z_stops_both_with_the_terminal_as_it_was_and_fg_continues_both() {
    let folder = with(SERIAL);
    // A shell with job control, as people have. It puts nothing right by itself.
    let line = "set -m; \"$0\" run a.vm --pidfile pid --grace 0; echo stopped $?; \
                until [ -e go ]; do sleep 0.02; done; fg; echo ended $?";
    let mut terminal = Terminal::start(&folder, line);
    terminal.is_raw();
    let pid = wait_for(|| fs::read_to_string(folder.path().join("pid")).ok()).unwrap();
    let is_stopped = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap();
        stat.contains(") T ")
    };
    terminal.types("\x1a");
    terminal.shows("stopped 1");
    assert!(is_stopped());
    terminal.is_as_new();
    folder.file("go", "");
    // `fg` has continued both.
    wait_for(|| (!is_stopped()).then_some(())).unwrap();
    terminal.is_raw();
    terminal.types("\x03");
    terminal.shows("ended 0");
    assert!(terminal.ends().0.is_some());
}

#[test]
fn a_stop_that_only_the_program_gets_is_passed_on() {
    let folder = with(&SERIAL.replace("chardev stdio", "chardev null"));
    let line = "set -m; \"$0\" run a.vm --pidfile pid --grace 0 & echo program $!; sleep 1000";
    let mut terminal = Terminal::start(&folder, line);
    terminal.shows("program ");
    let pid = wait_for(|| fs::read_to_string(folder.path().join("pid")).ok()).unwrap();
    let program = wait_for(|| {
        let shown = terminal.shown.lock().unwrap();
        let (_, rest) = shown.split_once("program ")?;
        Some(rest.split_once('\r')?.0.to_owned())
    })
    .unwrap();
    let stopped = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        stat.contains(") T ")
    };
    let kill =
        |signal: &str| assert!(Command::new("kill").args([signal, &program]).status().unwrap().success());
    kill("-TSTP");
    assert!(wait_for(|| (stopped(&pid) && stopped(&program)).then_some(())).is_some());
    kill("-CONT");
    assert!(wait_for(|| (!stopped(&pid) && !stopped(&program)).then_some(())).is_some());
    kill("-TERM");
    assert!(wait_for(|| (!fs::exists(format!("/proc/{}", pid.trim())).unwrap()).then_some(())).is_some());
    terminal.child.kill().unwrap();
    terminal.child.wait().unwrap();
}
