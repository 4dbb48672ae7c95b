//! What a program that uses the runtime has to build: each package costs all users time, so that none comes by accident.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::process::Command;

/// The packages of others that a package's build needs, by Cargo's own account.
fn packages(package: &str, edges: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--package", package, "--edges", edges, "--prefix", "none"]);
    cargo.args(["--format", "{p}"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    let names = names.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned);
    names.filter(|name| !name.starts_with("qemu-")).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// No parser's generator, nothing that draws, no C compiler.
#[test]
fn the_macro_needs() {
    assert_eq!(
        packages("qemu-dsl-macros", "normal,build"),
        set(&["pest", "proc-macro2", "quote", "ucd-trie", "unicode-ident"])
    );
}

/// What is in the program: nothing of the compiler.
#[test]
fn a_program_has() {
    assert_eq!(
        packages("qemu-runtime", "normal,no-proc-macro"),
        set(&[
            "bitflags",
            "cfg-if",
            "itoa",
            "libc",
            "linux-raw-sys",
            "memchr",
            "nix",
            "rustix",
            "serde_core",
            "serde_json",
            "zmij"
        ])
    );
}
