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
  -device driver=virtio-net-pci,netdev=net0,mac=52:54:00:12:34:56,mq=on,vectors=10
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
        r#""-device","driver=virtio-net-pci,netdev=net0,mac=52:54:00:12:34:56,mq=on,vectors=6"],"#,
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
