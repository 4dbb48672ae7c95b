//! What the README shows is what happens.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use qemu_runtime::{Guest, devices};

/// The code blocks of the README in this language.
fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let mut found = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if line == format!("```{language}") {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push(block.join("\n") + "\n");
        } else if line.starts_with("```") {
            lines.by_ref().take_while(|line| *line != "```").for_each(drop);
        }
    }
    found
}

fn dslc(source: &str, args: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("web.vm"), source).unwrap();
    Command::new(env!("CARGO_BIN_EXE_qemu-dslc")).args(args).current_dir(dir.path()).output().unwrap()
}

#[test]
fn the_first_vm_compiles_to_what_stands_below_it() {
    let source = blocks("text").first().expect("the first block is a VM").clone();
    let output = dslc(&source, &["web.vm"]);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), *blocks("sh").first().unwrap());
}

#[test]
fn the_mistake_is_reported_as_shown() {
    let shown = blocks("text").get(1).expect("the second block is a report").clone();
    let output = dslc("netdev tap ifnam=tap0 mq=4 vhost\nmemory 2GB\n", &["check", "web.vm"]);
    let report = String::from_utf8(output.stderr).unwrap();
    // Without a UTF-8 locale the frame is drawn in ASCII: the words are the same.
    for line in
        shown.lines().filter_map(|line| line.split(['×', '│', '?']).nth(1)).filter(|line| !line.is_empty())
    {
        assert!(report.contains(line.trim()), "{line:?} is not in\n{report}");
    }
    assert!(report.contains("help: did you mean `ifname`?"), "{report}");
}

#[test]
fn the_program_is_the_example() {
    let shown = blocks("rust").first().expect("the README shows a program").clone();
    let example = std::fs::read_to_string("examples/hello.rs").unwrap();
    let code: Vec<_> = example.lines().filter(|line| !line.starts_with("//!")).collect();
    assert_eq!(code.join("\n").trim(), shown.trim());
}

/// What the README shows of a guest that runs, so that it is compiled.
#[expect(dead_code, reason = "it takes a tap and a disk that aren't there")]
fn plugs(guest: &Guest) -> Result<(), Box<dyn std::error::Error>> {
    let plugged = guest.plug(devices! {
        netdev tap ifname=tap1 mq=2 vhost bus=rp0
        disk file="/srv/data.qcow2" format=qcow2 bus=rp1
    })?;
    guest.unplug("net0")?;
    drop(plugged);
    Ok(())
}

#[test]
fn the_plugging_program_is_compiled() {
    let shown = blocks("rust").get(1).expect("the README shows how to plug").clone();
    let indented: Vec<_> = shown.lines().map(|line| format!("    {line}")).collect();
    assert!(include_str!("readme.rs").contains(&indented.join("\n")), "{shown}");
}
