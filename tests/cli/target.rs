//! `--target`.

use super::support::{Folder, dslc, outcome, quoted, run};

fn with_stand_in(script: &str, args: &[&str], text: &str) -> super::support::Outcome {
    let folder = Folder::new();
    let program = folder.script("qemu", script);
    outcome(&mut dslc(args), &format!("qemu {}\n{text}", quoted(program.to_str().unwrap())))
}

#[test]
fn the_command_line_overrides_the_file() {
    let qmp = "target 2.10\nqmp unix \"q\" server nowait\n";
    assert!(run(&["-"], qmp).stdout.contains("server,nowait"));
    for command in [&["-"][..], &["run", "--dry-run", "-"]] {
        let args = [command, &["--target", "7.2"]].concat();
        assert!(run(&args, qmp).stdout.contains("server=on,wait=off"));
    }
    assert_eq!(run(&["check", "-", "--target", "10.0"], qmp).status, Some(0));
}

#[test]
fn the_host_is_asked_for_its_version() {
    for (version, argument) in
        [("2.10.1(Debian 1:2.10+dfsg-1)", "server,nowait"), ("7.2.22", "server=on,wait=off")]
    {
        let printed = with_stand_in(
            &format!("[ \"$*\" = --version ] && echo 'QEMU emulator version {version}'"),
            &["-", "--target", "host"],
            "qmp unix \"q\" server nowait\n",
        );
        assert_eq!((printed.status, printed.stderr.as_str()), (Some(0), ""));
        assert!(printed.stdout.contains(argument), "{}", printed.stdout);
    }
}

#[test]
fn what_runs_is_for_the_host_unless_it_says_otherwise() {
    let script = "case $1 in
        --version) echo asked >&2; echo asked >>\"$0.log\"; echo 'QEMU emulator version 2.10.1' ;;
        *) echo \"$2\" ;;
    esac";
    let text = "qmp unix \"q\" server nowait\n";
    for (target, args, argument) in [
        ("", &["run"][..], "unix:q,server,nowait\n"),
        ("", &["run", "--dry-run"], "unix:q,server,nowait\n"),
        ("target 7.2\n", &["run"], "unix:q,server=on,wait=off\n"),
        ("", &["run", "--target", "7.2"], "unix:q,server=on,wait=off\n"),
    ] {
        let folder = Folder::new();
        let program = folder.script("qemu", script);
        let text = format!("qemu {}\n{target}{text}", quoted(program.to_str().unwrap()));
        let ran = outcome(dslc(args).arg("-"), &text);
        assert!(ran.stdout.ends_with(argument), "{ran:?}");
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
        // Only where nothing else says it, a program is asked.
        let asked = folder.path().join("qemu.log").exists();
        assert_eq!(asked, argument.contains("nowait"), "{args:?}");
    }
}

#[test]
fn the_installed_qemu_tells_its_version() {
    assert_eq!(run(&["-", "--target", "host"], "memory 1G").stdout, "qemu-system-x86_64 \\\n  -m 1G\n");
}

#[test]
fn a_host_that_cannot_tell_is_named() {
    for (script, message) in [
        ("echo hello", "--version` said `hello`, which tells no version of QEMU"),
        ("exit 0", "--version` said nothing"),
        ("echo QEMU emulator version 1.7.0", "says 1.7, which is too old"),
    ] {
        let told = with_stand_in(script, &["-", "--target", "host"], "memory 1G");
        assert_eq!((told.status, told.stdout.as_str()), (Some(125), ""));
        assert!(
            told.stderr.starts_with("qemu-dslc: QEMU was not started: --target host: "),
            "{}",
            told.stderr
        );
        assert!(told.stderr.contains(message), "{}", told.stderr);
        assert_eq!(told.stderr.lines().count(), 1, "{}", told.stderr);
    }
    let told = run(&["-", "--target", "host"], "qemu \"/no/such/qemu\"");
    assert_eq!(told.status, Some(125));
    assert!(told.stderr.contains("/no/such/qemu"), "{}", told.stderr);
}

#[test]
fn versions_that_nobody_knows_are_told_apart() {
    let newer = run(&["-", "--target", "99.0"], "memory 1G");
    assert_eq!((newer.status, newer.stdout.as_str()), (Some(0), "qemu-system-x86_64 \\\n  -m 1G\n"));
    assert!(newer.stderr.contains("warning: future-target") && newer.stderr.ends_with("\n1 warning\n"));
    for (target, message) in
        [("2.9", "is too old"), ("newest", "write a version of QEMU"), ("7", "or `host`")]
    {
        let told = run(&["-", "--target", target], "memory 1G");
        assert_eq!((told.status, told.stdout.as_str()), (Some(2), ""));
        assert!(told.stderr.contains(message), "{}", told.stderr);
    }
}
