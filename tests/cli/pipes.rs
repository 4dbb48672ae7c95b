//! Readers that go away, and disks that are full.

use std::process::Command;

use super::support::{Folder, Outcome, PROGRAM, clean, outcome};

/// Runs a line of shell, in which `$0` is the program.
fn shell(folder: &Folder, line: &str) -> Outcome {
    let mut command = Command::new("sh");
    command.args(["-c", line, PROGRAM]).current_dir(folder.path());
    clean(&mut command);
    outcome(&mut command, "")
}

fn folder() -> Folder {
    let folder = Folder::new();
    // More than a pipe holds.
    folder.file("big.vm", "arg \"-x\" \"some words\"\n".repeat(10_000));
    folder.file("bad.vm", "disk oops=1\n".repeat(3000));
    folder
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let folder = folder();
    for line in [
        r#""$0" big.vm"#,
        r#""$0" big.vm --emit json"#,
        r#""$0" big.vm --emit argv"#,
        r#""$0" run --dry-run big.vm"#,
        r#""$0" explain"#,
        r#""$0" explain netdev"#,
        r#""$0" completions bash"#,
        r#""$0" --help"#,
        r#""$0" --version"#,
    ] {
        for reader in ["true", "head -c 1"] {
            for _ in 0..5 {
                let read = shell(&folder, &format!("{{ {line}; echo $? >&2; }} | {reader} >/dev/null"));
                assert_eq!(read.stderr, "0\n", "{line} | {reader}");
            }
        }
    }
}

#[test]
fn the_mistakes_still_count_when_nobody_reads_them() {
    let folder = folder();
    let line = r#"{ "$0" check --message-format json bad.vm; echo $? >status; } | true; cat status"#;
    assert_eq!(shell(&folder, line).stdout, "1\n");
    let line = r#"{ "$0" bad.vm 2>&1; echo $? >status; } | true; cat status"#;
    assert_eq!(shell(&folder, line).stdout, "1\n");
    assert_eq!(shell(&folder, r#""$0" check bad.vm 2>&-; echo $?"#).stdout, "1\n");
    assert_eq!(shell(&folder, r#""$0" missing.vm 2>&-; echo $?"#).stdout, "2\n");
}

#[test]
fn what_cannot_be_written_is_said() {
    let folder = folder();
    let full = shell(&folder, r#""$0" big.vm >/dev/full"#);
    assert_eq!(full.stderr, "qemu-dslc: standard output: No space left on device\n");
    assert_eq!(full.status, Some(2));
}
