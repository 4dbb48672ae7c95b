//! The examples run, and say what they should.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qemu-dslc")).arg("run").args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_boot_sector_is_what_its_source_says() {
    let built = tempfile::NamedTempFile::new().unwrap();
    let status = Command::new("examples/hello/build").arg(built.path()).status().unwrap();
    assert!(status.success());
    let image = std::fs::read("examples/hello/hello.img").unwrap();
    assert_eq!(image.len(), 512);
    assert_eq!(std::fs::read(built.path()).unwrap(), image, "examples/hello/build makes it anew");
}

#[test]
fn hello_says_hello_and_leaves_by_debug_exit() {
    let output = run(&["examples/hello.vm"]);
    assert_eq!(stdout(&output), "hello from qemu-dsl\n");
    assert_eq!(output.status.code(), Some(33));
}

#[test]
fn linux_boots_to_the_output_of_a_command() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // What was fetched is kept between runs.
    let prepared = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("linux-example");
    drop(dir);
    let status = Command::new("examples/linux/prepare").arg(&prepared).status().unwrap();
    assert!(status.success());
    let set = |name: &str| {
        format!("{name}={}", prepared.join(if name == "kernel" { "vmlinuz" } else { name }).display())
    };
    let output = run(&["examples/linux.vm", "--set", &set("kernel"), "--set", &set("initrd")]);
    let said = stdout(&output);
    assert!(said.contains("guest says: 42"), "{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[test]
fn the_program_boots_the_same_guest() {
    let output = Command::new(env!("CARGO")).args(["run", "--quiet", "--example", "hello"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("hello from qemu-dsl\n"), "{output:?}");
    assert!(said.contains("33"), "{said}");
}
