//! `--target`.

use super::support::{Folder, Outcome, dslc, outcome, run};

/// Runs the program with a stand-in for QEMU that the command line names.
fn with_stand_in(script: &str, args: &[&str], text: &str) -> Outcome {
    let folder = Folder::new();
    let program = folder.script("qemu", script);
    outcome(dslc(args).arg("--qemu").arg(program), text)
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
        ("", &["run", "--qemu", "./qemu"], "unix:q,server,nowait\n"),
        ("", &["run", "--dry-run", "--qemu", "./qemu"], "unix:q,server,nowait\n"),
        ("", &["--qemu", "./qemu"], "unix:q,server,nowait\n"),
        ("target 7.2\n", &["run"], "unix:q,server=on,wait=off\n"),
        ("", &["run", "--target", "7.2"], "unix:q,server=on,wait=off\n"),
        ("target 7.2\n", &["--qemu", "./qemu"], "unix:q,server=on,wait=off\n"),
    ] {
        let folder = Folder::new();
        folder.script("qemu", script);
        let text = format!("qemu \"./qemu\"\n{target}{text}");
        let ran = outcome(dslc(args).arg("-").current_dir(folder.path()), &text);
        assert!(ran.stdout.ends_with(argument), "{ran:?}");
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
        // Only where nothing else says it, a program is asked.
        let asked = folder.path().join("qemu.log").exists();
        assert_eq!(asked, argument.contains("nowait"), "{args:?}");
    }
}

/// Whoever looks at a foreign text doesn't run its code.
#[test]
fn what_a_text_names_is_executed_by_run_alone() {
    for (args, is_told) in [
        (&["a.vm"][..], false),
        (&["a.vm", "--target", "host"], true),
        (&["a.vm", "--target", "host", "--emit", "json"], true),
        (&["check", "--allow", "has-statement", "a.vm"], false),
        (&["check", "--allow", "has-statement", "a.vm", "--target", "host"], true),
        (
            &["check", "--allow", "has-statement", "a.vm", "--target", "host", "--message-format", "json"],
            false,
        ),
        (&["run", "--dry-run", "a.vm"], true),
        (&["run", "--dry-run", "a.vm", "--target", "host"], true),
        (&["run", "--dry-run", "a.vm", "--qmp", "q", "--pidfile", "p"], true),
        (&["run", "--dry-run", "a.vm", "--qemu", "qemu-system-x86_64"], false),
    ] {
        let folder = Folder::new();
        folder.script("evil", "touch executed; exit 1");
        let started = "arg \"-pidfile\" \"executed\"\n";
        folder.file(
            "a.vm",
            format!("param program: path = \"./evil\"\nqemu {{program}}\nmachine none\n{started}"),
        );
        let looked = folder.run(args);
        assert_eq!(looked.status, Some(0), "{looked:?}");
        assert!(!folder.path().join("executed").exists(), "{args:?}");
        let told = "qemu-dslc: the version is that of `qemu-system-x86_64`: `./evil`, which the file names, is executed by \
                    `run` only, or where `--qemu` names it\n";
        assert_eq!(looked.stderr, if is_told { told } else { "" }, "{args:?}");
        assert_eq!(folder.run(&["run", "a.vm"]).status, Some(1));
        assert!(folder.path().join("executed").exists());
    }
}

#[test]
fn the_command_line_names_the_qemu() {
    let folder = Folder::new();
    folder.script("own", "[ \"$1\" = --version ] && echo QEMU emulator version 7.2.0 || echo \"own: $2\"");
    folder.script("evil", "touch executed");
    folder.file("a.vm", "qemu \"./evil\"\nmemory 1G\n");
    let ran = folder.run(&["run", "a.vm", "--qemu", "./own"]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "own: 1G\n", ""));
    for args in [&["a.vm"][..], &["run", "--dry-run", "a.vm"]] {
        let printed = folder.run(&[args, &["--qemu", "./own"]].concat());
        assert_eq!(printed.stdout, "./own \\\n  -m 1G\n", "{printed:?}");
    }
    assert!(!folder.path().join("executed").exists());
    // One that can't tell its version is no reason to guess.
    let told = folder.run(&["check", "a.vm", "--qemu", "./none"]);
    assert_eq!(told.status, Some(125));
    assert!(told.stderr.starts_with("qemu-dslc: QEMU was not started: --qemu: "), "{}", told.stderr);
    assert!(told.stderr.ends_with(": where it is right, `--target` names its version\n"), "{}", told.stderr);
    assert_eq!(folder.run(&["check", "a.vm", "--qemu", "./none", "--target", "7.2"]).status, Some(0));
    assert_eq!(folder.run(&["check", "a.vm", "--qemu", ""]).status, Some(2));
}

/// A `PATH` that begins or ends with a colon has the working directory in it.
#[test]
fn what_lies_in_the_working_directory_is_no_qemu() {
    let folder = Folder::new();
    folder.script("qemu-system-x86_64", "touch executed; echo QEMU emulator version 2.10.1");
    folder.file("a.vm", "machine none\nnodefaults\n");
    let path = std::env::var("PATH").unwrap();
    for path in ["", ":", &format!(":{path}"), &format!("{path}:"), &format!(":/no/such::{path}")] {
        for args in [&["run", "--dry-run", "a.vm"][..], &["check", "a.vm", "--target", "host"]] {
            outcome(dslc(args).env("PATH", path).current_dir(folder.path()), "");
            assert!(!folder.path().join("executed").exists(), "{path:?}");
        }
    }
    let ran = outcome(dslc(["run", "a.vm"]).env("PATH", ":").current_dir(folder.path()), "");
    assert_eq!(ran.status, Some(125));
    assert!(ran.stderr.contains("`qemu-system-x86_64` is in no folder of PATH (:)"), "{}", ran.stderr);
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
    let told = run(&["-", "--target", "host", "--qemu", "/no/such/qemu"], "");
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

/// What is called like no architecture is asked for its own.
#[test]
fn the_qemu_that_runs_says_its_architecture() {
    let folder = Folder::new();
    folder.script("mine", "exec qemu-system-aarch64 \"$@\"");
    folder.file("a.vm", "machine virt\nmemory 64M\n");
    let checked = folder.run(&["check", "a.vm", "--qemu", "./mine"]);
    assert_eq!((checked.status, checked.stderr.as_str()), (Some(0), ""));
    folder.script("pc", "exec qemu-system-x86_64 \"$@\"");
    let checked = folder.run(&["check", "a.vm", "--qemu", "./pc"]);
    assert_eq!(checked.status, Some(1));
    assert!(checked.stderr.contains("no machine type `virt`"), "{}", checked.stderr);
    // What the command line says, or the name, is believed.
    let printed = folder.run(&["a.vm", "--target", "aarch64"]);
    assert!(printed.stdout.starts_with("qemu-system-aarch64 "), "{printed:?}");
    let checked = folder.run(&["check", "a.vm", "--qemu", "qemu-system-aarch64", "--target", "11.1"]);
    assert_eq!((checked.status, checked.stderr.as_str()), (Some(0), ""));
}
