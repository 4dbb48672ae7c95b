//! What is printed for a file without mistakes.

use super::support::{Folder, Outcome, run};

const TAP: &str = "target 7.2\nnetdev tap id=net0 ifname=tap0 mq=4 vhost mac=52:54:00:12:34:56\n";

fn clean(stdout: &str) -> Outcome {
    Outcome { status: Some(0), stdout: stdout.to_owned(), stderr: String::new() }
}

#[test]
fn a_shell_command_with_its_file_descriptors_as_comments() {
    let expected = "\
# The program expects these file descriptors; `qemu-dslc run` opens them.
# fd 3, net0.vhost0: vhost-net
# fd 4, net0.vhost1: vhost-net
# fd 5, net0.vhost2: vhost-net
# fd 6, net0.vhost3: vhost-net
# fd 7, net0.0: tap tap0
# fd 8, net0.1: tap tap0
# fd 9, net0.2: tap tap0
# fd 10, net0.3: tap tap0
qemu-system-x86_64 \\
  -netdev tap,id=net0,vhost=on,vhostfds=3:4:5:6,fds=7:8:9:10 \\
  -device driver=virtio-net-pci,netdev=net0,mac=52:54:00:12:34:56,id=net0,mq=on,vectors=10
";
    assert_eq!(run(&["-"], TAP), clean(expected));
    assert_eq!(run(&["--emit", "shell", "-"], TAP), clean(expected));
}

#[test]
fn without_file_descriptors_the_command_alone() {
    let expected = "qemu-system-x86_64 \\\n  -m 512M \\\n  -nodefaults\n";
    assert_eq!(run(&["-"], "memory 512M nodefaults"), clean(expected));
    assert_eq!(run(&["-"], ""), clean("qemu-system-x86_64\n"));
}

#[test]
fn json_with_the_members_in_order() {
    let text = "target 7.2\nqemu \"/opt/q\"\nname n\nnetdev tap id=net0 ifname=tap0 mq=2 vhost mac=52:54:00:12:34:56\n";
    let expected = concat!(
        r#"{"version":1,"program":"/opt/q","args":["-name","guest=n","#,
        r#""-netdev","tap,id=net0,vhost=on,vhostfds=3:4,fds=5:6","#,
        r#""-device","driver=virtio-net-pci,netdev=net0,mac=52:54:00:12:34:56,id=net0,mq=on,vectors=6"],"#,
        r#""fds":[{"fd":3,"kind":"vhost-net","device":"net0","queue":0},"#,
        r#"{"fd":4,"kind":"vhost-net","device":"net0","queue":1},"#,
        r#"{"fd":5,"kind":"tap","device":"net0","queue":0,"ifname":"tap0"},"#,
        r#"{"fd":6,"kind":"tap","device":"net0","queue":1,"ifname":"tap0"}]}"#,
        "\n"
    );
    assert_eq!(run(&["-", "--emit=json"], text), clean(expected));
    assert_eq!(
        run(&["-", "--emit=json"], ""),
        clean("{\"version\":1,\"program\":\"qemu-system-x86_64\",\"args\":[],\"fds\":[]}\n")
    );
}

/// One of each kind that is no queue.
const FDS: &str = "\
qmp unix \"/run/qmp\" server nowait fd
qmp unix \"/run/client\" fd
disk file=\"/d,1\" format=raw fd cache=none
disk file=/d2 format=raw fd readonly
vsock cid=3 fd
memory 1M fd
";

#[test]
fn what_is_opened_before_is_in_the_table() {
    let expected = "\
# The program expects these file descriptors; `qemu-dslc run` opens them.
# fd 3, qmp0.0: unix-listen /run/qmp
# fd 4, qmp1.0: unix-connect /run/client
# fd 5, disk0.0: file /d,1
# fd 6, disk1.0: file /d2 (read-only)
# fd 7, vsock0.0: vhost-vsock cid 3
# fd 8, ram0.0: memfd of 1048576 bytes
qemu-system-x86_64 \\
  -machine memory-backend=ram0 \\
  -chardev socket,id=qmp0,fd=3,server=on,wait=off \\
  -qmp chardev:qmp0 \\
  -chardev socket,id=qmp1,fd=4 \\
  -qmp chardev:qmp1 \\
  -m 1M \\
  -add-fd fd=5,set=5,opaque=/d,,1 \\
  -device virtio-blk,drive=disk0 \\
  -drive id=disk0,file=/dev/fdset/5,format=raw,cache=none,auto-read-only=off,if=none \\
  -add-fd fd=6,set=6,opaque=/d2 \\
  -device virtio-blk,drive=disk1 \\
  -drive id=disk1,file=/dev/fdset/6,format=raw,readonly=on,if=none \\
  -device vhost-vsock-pci,id=vsock0,guest-cid=3,vhostfd=7 \\
  -object memory-backend-file,id=ram0,size=1M,mem-path=/proc/self/fd/8,share=on
";
    assert_eq!(run(&["-", "--target", "11.1"], FDS), clean(expected));

    let printed = run(&["-", "--target", "11.1", "--emit", "json"], FDS);
    let json: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    let fd = |fd: u32, kind: &str, device: &str| serde_json::json!({ "fd": fd, "kind": kind, "device": device, "queue": 0 });
    let more = [
        (fd(3, "unix-listen", "qmp0"), serde_json::json!({ "path": "/run/qmp" })),
        (fd(4, "unix-connect", "qmp1"), serde_json::json!({ "path": "/run/client" })),
        (fd(5, "file", "disk0"), serde_json::json!({ "path": "/d,1", "readonly": false, "direct": true })),
        (fd(6, "file", "disk1"), serde_json::json!({ "path": "/d2", "readonly": true, "direct": false })),
        (fd(7, "vhost-vsock", "vsock0"), serde_json::json!({ "cid": 3 })),
        (fd(8, "memfd", "ram0"), serde_json::json!({ "size": 1048576, "hugetlb": false, "seal": true })),
    ];
    let expected: Vec<_> = more
        .into_iter()
        .map(|(mut fd, more)| {
            fd.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            fd
        })
        .collect();
    assert_eq!(json["fds"], serde_json::json!(expected));
}

#[test]
fn old_versions_take_what_they_know() {
    let drive = |target: &str| run(&["-", "--target", target], "disk file=/d format=raw fd").stdout;
    assert!(drive("3.0").ends_with("file=/dev/fdset/3,format=raw,if=none\n"));
    assert!(drive("3.1").ends_with("file=/dev/fdset/3,format=raw,auto-read-only=off,if=none\n"));
    let ran = run(&["-", "--target", "2.10"], "qmp unix \"/q\" server nowait fd");
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("QEMU 2.10 has no `fd=` of a socket yet (since 2.12)"), "{}", ran.stderr);
    let ran = run(&["-"], "virtio-serial port pty fd");
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("`fd` is an option of `port socket`"), "{}", ran.stderr);
}

#[test]
fn json_of_any_text_is_json() {
    let append = "a \"quote\" \\ and\nline, größe 日本 \u{1b}";
    let text = format!("kernel \"/k\" append={}", super::support::quoted(append));
    let printed = run(&["-", "--emit", "json"], &text);
    let json: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(json["args"], serde_json::json!(["-kernel", "/k", "-append", append]));
}

#[test]
fn arguments_each_followed_by_a_zero_byte() {
    let text = "memory 1G kernel \"/k\" append=\"a\\nb\"";
    assert_eq!(
        run(&["-", "--emit", "argv"], text),
        clean("qemu-system-x86_64\0-m\x001G\0-kernel\0/k\0-append\0a\nb\0")
    );
}

#[test]
fn a_file_and_standard_input_are_the_same() {
    let folder = Folder::new();
    folder.file("tap.vm", TAP);
    for form in ["shell", "argv", "json"] {
        assert_eq!(folder.run(&["tap.vm", "--emit", form]), run(&["-", "--emit", form], TAP));
    }
}

#[test]
fn every_example_compiles() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let mut found = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "vm") {
            found += 1;
            assert_eq!(run(&["check", path.to_str().unwrap()], ""), clean(""), "{}", path.display());
        }
    }
    assert!(found >= 2);
}
