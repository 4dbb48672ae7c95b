//! Files that can't be read, and files of odd names.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::support::{Folder, Outcome, dslc, outcome};

fn unreadable(line: &str) -> Outcome {
    Outcome { status: Some(2), stdout: String::new(), stderr: format!("qemu-dslc: {line}\n") }
}

#[test]
fn each_reason_is_one_line() {
    let folder = Folder::new();
    folder.file("latin.vm", b"name a\nname gr\xf6\xdfe\n");
    for command in [&[][..], &["check"], &["run"], &["run", "--dry-run"]] {
        for (file, line) in [
            ("missing.vm", "missing.vm: No such file or directory"),
            (".", ".: Is a directory"),
            ("latin.vm/x", "latin.vm/x: Not a directory"),
            ("latin.vm", "latin.vm: not UTF-8 text: byte 0xf6 at offset 14, in line 2"),
        ] {
            let args = [command, &[file]].concat();
            assert_eq!(folder.run(&args), unreadable(line), "{args:?}");
        }
    }
}

#[test]
fn standard_input_too() {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", r#"printf 'memory \377' | "$0" -"#, super::support::PROGRAM]);
    assert_eq!(
        outcome(&mut command, ""),
        unreadable("<stdin>: not UTF-8 text: byte 0xff at offset 7, in line 1")
    );
}

#[test]
fn a_file_that_steers_terminals_is_named_harmlessly() {
    let told = Folder::new().run(&["check", "a\x1b[2Jb"]);
    assert_eq!(told, unreadable("a?[2Jb: No such file or directory"));
}

#[test]
fn check_goes_on_behind_what_it_cannot_read() {
    let folder = Folder::new();
    folder.file("good.vm", "memory 1G");
    folder.file("bad.vm", "memroy 1G");
    let checked = folder.run(&["check", "missing.vm", "bad.vm", "good.vm"]);
    assert_eq!(checked.status, Some(2));
    assert!(checked.stderr.starts_with("qemu-dslc: missing.vm: No such file"), "{}", checked.stderr);
    assert!(checked.stderr.contains("unknown statement `memroy`"), "{}", checked.stderr);
    assert!(checked.stderr.ends_with("\n1 error\n"), "{}", checked.stderr);
}

#[test]
fn a_path_need_not_be_text() {
    let folder = Folder::new();
    let path = folder.file(OsStr::from_bytes(b"\xff.vm"), "memory 1G\noops\n");
    let checked = outcome(
        dslc([OsStr::new("check"), OsStr::new("--message-format=json"), path.as_os_str()]).env("A", "b"),
        "",
    );
    assert_eq!(checked.status, Some(1));
    let json: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
    assert!(json["file"].as_str().unwrap().ends_with("/\u{fffd}.vm"));
}

#[test]
fn a_file_called_like_a_command_is_written_with_its_folder() {
    let folder = Folder::new();
    folder.file("check", "memory 1G");
    assert_eq!(folder.run(&["./check"]).stdout, "qemu-system-x86_64 \\\n  -m 1G\n");
    folder.file("-x.vm", "memory 2G");
    assert_eq!(folder.run(&["--", "-x.vm"]).stdout, "qemu-system-x86_64 \\\n  -m 2G\n");
}

#[test]
fn a_text_of_windows_is_a_text() {
    let folder = Folder::new();
    folder.file("crlf.vm", "\u{feff}memory 1G\r\nname n\r\n");
    let printed = folder.run(&["crlf.vm"]);
    assert_eq!((printed.status, printed.stderr.as_str()), (Some(0), ""));
}
