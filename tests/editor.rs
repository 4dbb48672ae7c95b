//! What an editor shows of a program with these macros.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use libtest_mimic::{Arguments, Trial};

#[path = "real_qemu/outcome.rs"]
#[expect(dead_code, reason = "more of it is for other tests")]
mod outcome;

use outcome::{Outcome, Stop, completion, ensure, equal};

fn main() -> ExitCode {
    let test = || completion(right_code_has_no_errors_and_holes_have_types());
    let name = "right_code_has_no_errors_and_holes_have_types";
    libtest_mimic::run(&Arguments::from_args(), vec![Trial::ignorable_test(name, test)]).exit_code()
}

/// By rust-analyzer itself, without the `cargo check` of which it shows the errors, too.
fn right_code_has_no_errors_and_holes_have_types() -> Outcome {
    let is_there =
        Command::new("rust-analyzer").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        return Err(Stop::lacking("needs rust-analyzer: `rustup component add rust-analyzer`"));
    }
    let folder = tempfile::tempdir()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir(folder.path().join("src"))?;
    let manifest = format!(
        "[package]\nname = \"edited\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         qemu-runtime.path = \"{}\"\n",
        root.join("qemu-runtime").display()
    );
    fs::write(folder.path().join("Cargo.toml"), manifest)?;
    fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock"))?;
    for file in ["main.rs", "web.vm"] {
        fs::copy(root.join("tests/vm_file/editor").join(file), folder.path().join("src").join(file))?;
    }
    let output = Command::new("rust-analyzer")
        .arg("diagnostics")
        .arg(folder.path())
        // What it builds is kept between runs.
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor"))
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).replace(['\r', '\u{8}'], "\n");
    ensure!(said.contains("diagnostic scan complete"), "{said}{}", String::from_utf8_lossy(&output.stderr))?;
    let told = said.lines().filter(|line| line.contains("at crate edited") && !line.contains("WeakWarning"));
    // The one mistake that the program has on purpose.
    let (mistakes, others): (Vec<&str>, Vec<&str>) = told.partition(|line| line.contains("E0308"));
    equal("false errors", others, [""; 0])?;
    ensure!(mistakes.len() == 1, "not the one mistake: {mistakes:#?}\n{said}")
}
