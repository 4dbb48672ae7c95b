//! `--set`.

use super::support::{Folder, dslc, run};

const TEXT: &str =
    "param disk: path = \"a.img\"\nparam size: size\nmemory {size}\ndisk file={disk} format=raw\n";

#[test]
fn a_value_fills_the_holes() {
    let printed = run(&["-", "--set", "size=1G", "--set", "disk=/x y.img"], TEXT);
    assert_eq!(printed.status, Some(0), "{}", printed.stderr);
    assert!(
        printed.stdout.contains("-m 1G") && printed.stdout.contains("file=/x y.img,"),
        "{}",
        printed.stdout
    );
    // In check and run as well, and the last value of a name holds.
    assert_eq!(run(&["check", "-", "--set", "size=1G"], TEXT).status, Some(0));
    let dry = run(&["run", "--dry-run", "--set", "size=1G", "--set=size=2G", "-"], TEXT);
    assert!(dry.stdout.contains("-m 2G"), "{}", dry.stdout);
}

#[test]
fn a_value_is_data() {
    let printed =
        run(&["-", "--emit=json", "--set", "size=1G", "--set", "disk=a,readonly=on -S {x} \"=\n"], TEXT);
    let json: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    let drive = json["args"][5].as_str().unwrap();
    assert!(drive.contains("file=a,,readonly=on -S {x} \"=\n,format=raw"), "{drive}");
}

#[test]
fn a_path_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let set = OsStr::from_bytes(b"disk=/\xff,x");
    let folder = Folder::new();
    folder.file("web.vm", TEXT);
    let print = |args: &[&str]| {
        let output =
            dslc(args).arg("--set").arg(set).arg("web.vm").current_dir(folder.path()).output().unwrap();
        (output.status.code(), output.stdout, String::from_utf8(output.stderr).unwrap())
    };
    let (status, stdout, stderr) = print(&["--emit", "argv", "--set", "size=1G"]);
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    let wanted: &[u8] = b"file=/\xff,,x,format=raw";
    assert!(stdout.windows(wanted.len()).any(|own| own == wanted), "{}", stdout.escape_ascii());
    // What is wrong is told with its line.
    let (status, _, stderr) = print(&[]);
    assert_eq!(status, Some(1));
    assert!(stderr.contains("[web.vm:3:9]") && stderr.contains("`size` has no value"), "{stderr}");
    assert_eq!(print(&["check"]).0, Some(0));
}

#[test]
fn what_is_wrong_with_a_value_is_said() {
    for (args, code, message) in [
        (&["--set", "size=1G", "--set", "dsk=x"][..], "unknown-parameter", "did you mean `disk`?"),
        (&[][..], "unset-parameter", "the parameter `size` has no value"),
        (&["--set", "size=big"][..], "parameter-type", "`big`, the value set for `size`"),
    ] {
        let told = run(&[&["-"], args].concat(), TEXT);
        assert_eq!((told.status, told.stdout.as_str()), (Some(1), ""));
        assert!(told.stderr.contains(&format!("error: {code}\n")), "{}", told.stderr);
        assert!(told.stderr.contains(message), "{}", told.stderr);
    }
}

#[test]
fn a_text_is_checked_without_the_values_of_its_parameters() {
    let checked = run(&["check", "-"], TEXT);
    assert_eq!((checked.status, checked.stderr.as_str()), (Some(0), ""));
    let wrong = run(&["check", "-"], &format!("{TEXT}smp 4 coers=2\n"));
    assert_eq!(wrong.status, Some(1));
    assert!(wrong.stderr.contains("did you mean `cores`?"), "{}", wrong.stderr);
    // What is printed or run needs them.
    for args in [&["-"][..], &["run", "--dry-run", "-"]] {
        let told = run(args, TEXT);
        assert_eq!(told.status, Some(1), "{}", told.stderr);
        assert!(told.stderr.contains("unset-parameter"), "{}", told.stderr);
    }
}

#[test]
fn what_is_no_value_is_wrong_usage() {
    for set in ["size", "=1G", ""] {
        let told = run(&["-", "--set", set], TEXT);
        assert_eq!(told.status, Some(2));
        assert!(told.stderr.contains("`--set disk=/x.img`"), "{}", told.stderr);
    }
}
