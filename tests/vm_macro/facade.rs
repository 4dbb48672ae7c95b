//! Programs that have `qemu-runtime` under another name, or by a crate that has it: `#![crate = PATH]`. They are built and run.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::rustc::{libraries, library, rustc};

/// A crate that gives its users the macros.
const FACADE: &str = r#"
pub use qemu_runtime::{self, Plan};

#[macro_export]
macro_rules! vm {
    ($($text:tt)*) => { $crate::qemu_runtime::vm! { #![crate = $crate::qemu_runtime] $($text)* } };
}

#[macro_export]
macro_rules! part {
    ($($text:tt)*) => { $crate::qemu_runtime::part! { #![crate = $crate::qemu_runtime] $($text)* } };
}

#[macro_export]
macro_rules! vm_file {
    ($($text:tt)*) => { $crate::qemu_runtime::vm_file! { #![crate = $crate::qemu_runtime] $($text)* } };
}
"#;

/// Builds what a text says, where these crates are known, the first of which is `name`.
fn build(folder: &Path, name: &str, text: &str, crates: &[(&str, &Path)], options: &[&str]) -> Output {
    let file = folder.join(format!("{name}.rs"));
    fs::write(&file, text).unwrap();
    let mut command = rustc();
    for (name, library) in crates {
        command.arg(format!("--extern={name}={}", library.display()));
    }
    command
        .arg("--error-format=short")
        .args(options)
        .args([Path::new("-L"), &libraries(), Path::new("-L"), folder, Path::new("--out-dir"), folder, &file])
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Builds a program, and gives what it prints.
fn run(folder: &Path, text: &str, crates: &[(&str, &Path)]) -> String {
    let built = build(folder, "program", text, crates, &[]);
    assert!(built.status.success(), "{}", said(&built));
    assert_eq!(said(&built), "");
    let output = Command::new(folder.join("program")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_dependency_may_have_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let program = r#"
        fn main() -> Result<(), vms::BindError> {
            static FIXED: vms::Plan = vms::vm! { #![crate = vms] #![allow(guessed-format)] disk file="/a" };
            let name = "web";
            let base = vms::base! { #![crate = ::vms] name {name} memory 1G };
            let plan = base.with(vms::part! { #![crate = vms] rng }).plan()?;
            let card = vms::devices! { #![crate = vms] netdev user bus=rp0 };
            let file = vms::vm_file!(#![crate = vms] "fixed.vm");
            println!("{} {} {} {}", FIXED.args().len(), plan.args().len(), card.steps.len(), file.args().len());
            Ok(())
        }
    "#;
    fs::write(folder.path().join("fixed.vm"), "memory 1G").unwrap();
    let crates: &[(&str, &Path)] = &[("vms", &library())];
    assert_eq!(run(folder.path(), program, crates), "4 6 2 2\n");
    // Without it the crate isn't found.
    let wrong = program.replace("#![crate = vms]", "");
    let wrong = build(folder.path(), "wrong", &wrong, crates, &[]);
    assert!(!wrong.status.success() && said(&wrong).contains("qemu_runtime"), "{}", said(&wrong));
}

#[test]
fn a_facade_gives_its_users_the_macros() {
    let folder = tempfile::tempdir().unwrap();
    let built =
        build(folder.path(), "facade", FACADE, &[("qemu_runtime", &library())], &["--crate-type=rlib"]);
    assert!(built.status.success(), "{}", said(&built));
    let facade = folder.path().join("libfacade.rlib");
    let crates: &[(&str, &Path)] = &[("facade", &facade)];
    let program = r#"
        fn main() -> Result<(), Box<dyn std::error::Error>> {
            let disks = ["/a", "/b"];
            let plan = facade::vm! {
                include "fixed.vm"
                name "web-{number}"
                for disk in {&disks} { disk file={disk} format=raw id="d-{number}" }
            };
            let _ = plan.map(|plan| plan.args().len());
            Ok(())
        }
    "#;
    fs::write(folder.path().join("fixed.vm"), "param ram: size = 1G\nmemory {ram}").unwrap();
    // A name that isn't there, and a mistake, are told where the user has them.
    let wrong = build(folder.path(), "wrong", &program.replace("format=raw", "formt=raw"), crates, &[]);
    assert!(said(&wrong).contains("wrong.rs:7:57: error: `disk` has no option `formt`"), "{}", said(&wrong));
    let wrong = build(folder.path(), "wrong", program, crates, &[]);
    assert!(said(&wrong).contains("cannot find value `number`"), "{}", said(&wrong));
    let program = program.replace("let disks", "let number = 3; let disks").replace(
        "let _ = plan.map(|plan| plan.args().len());",
        "let part = facade::part! { rng }; let file = facade::vm_file!(\"fixed.vm\", ram = 5);
         let _ = part;
         println!(\"{} {}\", plan.unwrap_err(), file.is_err());",
    );
    let wrong = build(folder.path(), "wrong", &program, crates, &[]);
    assert!(said(&wrong).contains("a size must stand here"), "{}", said(&wrong));
    let program = program.replace("ram = 5", "ram = facade::qemu_runtime::Size::gib(2)");
    let told = run(folder.path(), &program, crates);
    assert!(
        told.contains("program.rs:7:")
            && told.contains("[duplicate-id], first at")
            && told.ends_with("; give each an id of its own false\n"),
        "{told}"
    );
    let warned = "fn main() { let _ = facade::vm! { disk file=\"/a\" }; }";
    let warned = build(folder.path(), "warned", warned, crates, &[]);
    let warned = said(&warned);
    assert!(warned.contains("warned.rs:1:45: warning") && warned.contains("[guessed-format]"), "{warned}");
}
