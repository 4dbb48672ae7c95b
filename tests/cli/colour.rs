//! Colours, line drawings and widths: on a terminal, and elsewhere.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::support::{dslc, outcome, run};

const TEXT: &str = "memroy 1G";

/// What `command` prints on a terminal of so many columns.
fn on_terminal(command: &mut Command, columns: u16) -> String {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&ours, size).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    command.stdin(Stdio::null()).stdout(theirs.try_clone().unwrap()).stderr(theirs);
    let mut child = command.spawn().unwrap();
    // The command holds its copies of the terminal's end.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut out = Vec::new();
    // EIO is how a terminal ends.
    let _ = File::from(ours).read_to_end(&mut out);
    child.wait().unwrap();
    String::from_utf8(out).unwrap()
}

fn report_on_terminal(environment: &[(&str, &str)], columns: u16) -> String {
    let folder = super::support::Folder::new();
    folder.file("a.vm", TEXT);
    let mut command = dslc(["check", "a.vm"]);
    command.current_dir(folder.path()).env("TERM", "xterm-256color").envs(environment.iter().copied());
    on_terminal(&mut command, columns)
}

fn is_coloured(text: &str) -> bool {
    text.contains("\u{1b}[")
}

#[test]
fn reports_are_coloured_on_a_terminal_alone() {
    assert!(is_coloured(&report_on_terminal(&[], 80)));
    assert!(!is_coloured(&run(&["-"], TEXT).stderr));
}

#[test]
fn the_environment_has_the_last_word() {
    assert!(!is_coloured(&report_on_terminal(&[("NO_COLOR", "1")], 80)));
    assert!(!is_coloured(&report_on_terminal(&[("TERM", "dumb")], 80)));
    assert!(!is_coloured(&report_on_terminal(&[("CLICOLOR", "0")], 80)));
    let forced = outcome(dslc(["-"]).env("CLICOLOR_FORCE", "1"), TEXT);
    assert!(is_coloured(&forced.stderr));
    let both = outcome(dslc(["-"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"), TEXT);
    assert!(!is_coloured(&both.stderr));
}

#[test]
fn lines_are_drawn_where_the_terminal_can() {
    assert!(report_on_terminal(&[("LANG", "C.UTF-8")], 80).contains("╭─["));
    assert!(report_on_terminal(&[("LANG", "C")], 80).contains(",-["));
    assert!(outcome(dslc(["-"]).env("LANG", "C.UTF-8"), TEXT).stderr.contains(",-["));
}

#[test]
fn long_messages_are_wrapped_to_the_terminal() {
    let text = "disk file=\"a\" format=raw oops=1";
    let folder = super::support::Folder::new();
    folder.file("a.vm", text);
    let mut command = dslc(["check", "a.vm"]);
    command.current_dir(folder.path()).env("NO_COLOR", "1");
    let report = on_terminal(&mut command, 60);
    assert!(report.lines().all(|line| line.chars().count() <= 60), "{report}");
    // Elsewhere a message is one line, which can be searched for.
    assert!(run(&["-"], text).stderr.lines().any(|line| line.starts_with("  help: ") && line.len() > 80));
}

#[test]
fn help_is_coloured_on_a_terminal_alone() {
    let mut command = dslc(["--help"]);
    assert!(is_coloured(&on_terminal(command.env("TERM", "xterm-256color"), 80)));
    let mut command = dslc(["--help"]);
    assert!(!is_coloured(&on_terminal(command.env("NO_COLOR", "1"), 80)));
    assert!(!is_coloured(&run(&["--help"], "").stdout));
}

#[test]
fn what_is_emitted_is_never_coloured() {
    let folder = super::support::Folder::new();
    folder.file("a.vm", "memory 1G");
    let mut command = dslc(["a.vm"]);
    command.current_dir(folder.path()).env("CLICOLOR_FORCE", "1");
    assert_eq!(on_terminal(&mut command, 80), "qemu-system-x86_64 \\\r\n  -m 1G\r\n");
}
