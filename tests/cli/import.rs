//! `qemu-dslc import`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use super::support::{Folder, dslc, outcome, run};

#[test]
fn a_command_line_becomes_a_text() {
    let args = ["import", "--target", "7.2", "--"];
    let line = [
        "qemu-system-x86_64",
        "-enable-kvm",
        "-m",
        "2G",
        "-drive",
        "file=a.img,if=virtio,format=raw",
        "-net",
        "nic,model=virtio,macaddr=52:54:00:00:00:01",
        "-net",
        "user",
        "-device",
        "e1000,id=x,romfile=",
        "-k",
        "de",
    ];
    let imported = run(&[&args[..], &line].concat(), "");
    assert_eq!(imported.status, Some(0), "{}", imported.stderr);
    for said in [
        "target 7.2",
        "accel=kvm",
        "memory 2G",
        "disk drive=virtio0 file=a.img format=raw",
        "netdev user",
        "mac=52:54:00:00:00:01",
        "device e1000 id=x romfile=\"\"",
        "// No statement says `-k`.\narg \"-k\" \"de\"",
    ] {
        assert!(imported.stdout.contains(said), "{said}\n{}", imported.stdout);
    }
    assert!(imported.stderr.contains("no statement says `-k`"), "{}", imported.stderr);
    let compiled = run(&["-", "--emit", "argv"], &imported.stdout);
    assert_eq!(compiled.status, Some(0), "{}", compiled.stderr);
}

#[test]
fn a_plan_comes_back_with_its_file_descriptors() {
    let text =
        "target 7.2\nname web\nnetdev tap ifname=tap0 mq=2 vhost mac=52:54:00:00:00:01\nvsock cid=3 fd\n";
    let folder = Folder::new();
    let plan = run(&["-", "--emit", "json"], text).stdout;
    let file = folder.file("plan.json", &plan);
    let imported = run(&["import", "--target", "7.2", file.to_str().unwrap()], "");
    assert_eq!((imported.stdout.as_str(), imported.stderr.as_str()), (text, ""));
}

#[test]
fn a_script_becomes_a_text() {
    let script = "#!/bin/sh\nRAM=1G\nexec qemu-system-x86_64 -m \"$RAM\" \\\n  -kernel \"$1\" -append 'a b' -nographic \"$@\"\n";
    let imported = run(&["import", "--target", "7.2", "-"], script);
    let expected = "target 7.2\n// The command line goes on with the arguments of the script, of which nothing is known.\n\
                    /// `RAM` of the script\nparam ram: string = \"1G\"\n/// `$1` of the script\n\
                    param arg1: string\nmemory {ram}\nnographic\nkernel {arg1} append=\"a b\"\n";
    assert_eq!((imported.stdout.as_str(), imported.stderr.as_str()), (expected, ""));
    let compiled = run(&["-", "--set", "arg1=/k", "--emit", "argv"], expected);
    assert_eq!(compiled.stdout, "qemu-system-x86_64\0-m\x001G\0-nographic\0-kernel\0/k\0-append\0a b\0");
}

#[test]
fn a_script_may_begin_with_a_bracket() {
    for script in [
        "[ -x /bin/ls ] && kvm -m 1G\n",
        "[[ $UID = 0 ]] || exit 1\nkvm -m 1G\n",
        "{ kvm -m 1G; }\n",
        "\u{feff}kvm -m 1G\n",
    ] {
        let imported = run(&["import", "--target", "7.2", "-"], script);
        assert_eq!(imported.stdout, "target 7.2\nqemu \"kvm\"\nmemory 1G\n", "{script}: {}", imported.stderr);
    }
}

#[test]
fn arguments_of_a_file_are_kept_exactly() {
    let args = ["import", "--target", "7.2", "--exact", "-"];
    let imported = run(&args, r#"["qemu-system-x86_64", "-nographic", "-m", "1G"]"#);
    let compiled = run(&["-", "--emit", "argv"], &imported.stdout);
    assert_eq!(compiled.stdout, "qemu-system-x86_64\0-nographic\0-m\x001G\0", "{}", imported.stdout);
    let script = run(&args, "kvm -m 1G");
    assert_eq!(script.status, Some(2));
    assert!(script.stderr.contains("a script has variables"), "{}", script.stderr);
}

#[test]
fn a_configuration_is_read() {
    let folder = Folder::new();
    let file = folder.file("vm.cfg", "# a comment\n[machine]\n  type = \"q35\"\n[memory]\n  size = \"1G\"\n");
    let path = file.to_str().unwrap();
    let args = ["import", "--target", "7.2", "--", "qemu-system-x86_64", "-readconfig", path];
    assert_eq!(run(&args, "").stdout, "target 7.2\nmachine q35\nmemory 1G\n");
    fs::write(&file, "[memory]\nsize = 1G\n").unwrap();
    let wrong = run(&args, "");
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("line 2: `size = 1G` is neither"), "{}", wrong.stderr);
}

#[test]
fn a_process_is_asked() {
    let mut child = dslc(["check", "-"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    let imported = run(&["import", "--target", "7.2", "--pid", &child.id().to_string()], "");
    drop(child.stdin.take());
    child.wait().unwrap();
    // It is no QEMU: its arguments are images of disks, as QEMU would have it.
    assert!(imported.stdout.contains("check"), "{}{}", imported.stdout, imported.stderr);
}

#[test]
fn what_is_no_command_line_is_refused() {
    for (args, input, message) in [
        (&["import", "-"][..], "ls -l", "no command here runs QEMU"),
        (&["import", "-"][..], "[1]", "invalid type"),
        (&["import", "/no/such/file"][..], "", "No such file"),
        (&["import", "--pid", "4294967295"][..], "", "/proc/4294967295/cmdline"),
        (&["import"][..], "", "required"),
    ] {
        let refused = outcome(&mut dslc(args), input);
        assert_eq!(refused.status, Some(2), "{args:?}");
        assert!(refused.stderr.contains(message), "{args:?}: {}", refused.stderr);
    }
}

#[test]
fn a_command_line_is_checked_as_it_is() {
    let check =
        |args: &[&str]| run(&[&["check", "--target", "7.2", "--", "qemu-system-x86_64"], args].concat(), "");
    let right = check(&["-m", "1G", "-device", "e1000", "-k", "de"]);
    assert_eq!((right.status, right.stderr.as_str()), (Some(0), ""));
    for (args, line, mark, message) in [
        (
            &["-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=m"][..],
            "-device virtio-net-pci,netdev=m",
            "command line:3:33",
            "unknown-id",
        ),
        (&["-nographc"][..], "-nographc", "command line:2:3", "did you mean `-nographic`?"),
        (&["-m", "oops"][..], "-m oops", "command line:2:6", "`oops` is not a size"),
        (&["-device", "e1000,mcc=1"][..], "-device e1000,mcc=1", "command line:2:17", "mcc"),
        (&["-device", "e1000,addr=40 "][..], "-device 'e1000,addr=40 '", "command line:2:11", "addr"),
    ] {
        let checked = check(args);
        for said in [line, mark, message] {
            assert!(checked.stderr.contains(said), "{args:?}: {said}\n{}", checked.stderr);
        }
    }
}

#[test]
fn a_command_line_is_run_as_it_is() {
    let dry = run(&["run", "--dry-run", "--target", "7.2", "--", "/bin/qemu", "-m", "1G", "-k", "de"], "");
    assert_eq!((dry.status, dry.stdout.as_str()), (Some(0), "/bin/qemu \\\n  -m 1G \\\n  -k de\n"));
    // No text has such a name of a file.
    let bytes = OsStr::from_bytes(b"/srv/\xff.img");
    let mut command = dslc(["run", "--dry-run", "--target", "7.2", "--", "/bin/qemu", "-kernel"]);
    let dry = command.arg(bytes).output().unwrap();
    assert!(dry.status.success() && dry.stdout.ends_with(b"-kernel '/srv/\xff.img'\n"), "{dry:?}");
    let wrong = run(&["run", "--target", "7.2", "--", "/no/such/qemu", "-m", "oops"], "");
    assert_eq!(wrong.status, Some(1), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("`oops`"), "{}", wrong.stderr);
}
