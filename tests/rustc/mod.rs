//! Programs that rustc reads, as it would a user's: with the library that the tests have built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The compiler that Cargo takes.
pub(crate) fn rustc() -> Command {
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    let mut command = Command::new(if rustc.exists() { rustc } else { "rustc".into() });
    command.env_remove("QEMU_DSL_TARGET").arg("--edition=2024");
    command
}

/// Where Cargo has put what the tests are built of.
pub(crate) fn libraries() -> PathBuf {
    env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// The library that the tests are built with: the last one that has all of its features.
pub(crate) fn library() -> PathBuf {
    let entries = fs::read_dir(libraries()).unwrap().map(|entry| entry.unwrap());
    let is_it = |name: &str| name.starts_with("libqemu_runtime-") && name.ends_with(".rlib");
    let mut found: Vec<_> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_it))
        .map(|entry| entry.path())
        .collect();
    found.sort_by_key(|library| fs::metadata(library).unwrap().modified().unwrap());
    let has_all = |library: &PathBuf| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("probe.rs");
        fs::write(&file, "pub use qemu_runtime::tokio;").unwrap();
        let mut command = rustc();
        command.args(["--crate-type=lib", "--emit=metadata", "-L"]).arg(libraries());
        command.arg(format!("--extern=qemu_runtime={}", library.display()));
        command.arg("--out-dir").arg(folder.path()).arg(file).output().unwrap().status.success()
    };
    found.into_iter().rev().find(has_all).unwrap()
}

/// The argument by which a program knows the library.
pub(crate) fn known_as(name: &str) -> String {
    format!("--extern={name}={}", library().display())
}

/// That rustc says of each wrong program in a folder what the file beside it has, to the character. With `UPDATE_UI=1` it
/// writes that anew.
pub(crate) fn tells_what_is_expected(folder: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut programs: Vec<_> =
        fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    programs.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    programs.sort();
    assert!(!programs.is_empty(), "{folder}");
    let out = tempfile::tempdir().unwrap();
    let runtime = known_as("qemu_runtime");
    let mut failures = String::new();
    for program in programs {
        let expected = program.with_extension("stderr");
        let mut command = rustc();
        command.args(["--crate-type=bin", "--emit=metadata", "--color=never", "-Adead_code", &runtime, "-L"]);
        command.arg(libraries()).arg("--out-dir").arg(out.path());
        // As Cargo does it, so that paths are short.
        let output = command.arg(program.strip_prefix(root).unwrap()).current_dir(root).output().unwrap();
        assert!(!output.status.success(), "{} is taken", program.display());
        let said = lasting(&String::from_utf8(output.stderr).unwrap(), folder, root);
        if env::var_os("UPDATE_UI").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if said != expected {
            failures +=
                &format!("--- {}\n{said}--- and not as it is expected:\n{expected}\n", program.display());
        }
    }
    assert!(failures.is_empty(), "{failures}With UPDATE_UI=1 it is written anew.");
}

/// What rustc says without what changes where nothing of it does: lines of other sources, and how many errors there are.
fn lasting(said: &str, folder: &str, root: &Path) -> String {
    let said = said.replace(&root.display().to_string(), "$ROOT");
    let mut lasting = String::new();
    let mut is_elsewhere = false;
    for line in said.lines() {
        let place = line.trim_start().strip_prefix("--> ").or_else(|| line.trim_start().strip_prefix("::: "));
        let is_source = line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|')
            || line.starts_with("...");
        match place {
            Some(place) => is_elsewhere = !place.starts_with(folder),
            None => is_elsewhere &= is_source,
        }
        let counts = ["error: aborting due to ", "For more information about ", "Some errors have detailed "];
        let is_count = counts.iter().any(|count| line.starts_with(count));
        if !is_elsewhere && !is_count {
            lasting.push_str(line);
            lasting.push('\n');
        }
    }
    let blocks: Vec<_> = lasting.trim_end().split("\n\n").map(narrow).collect();
    format!("{}\n", blocks.join("\n\n"))
}

/// A message whose margin is as wide as the numbers of its lines.
fn narrow(block: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let place = block.lines().position(|line| line.trim_start().starts_with("--> ")).unwrap_or(usize::MAX);
    let number = |line: &str| line.trim_start().chars().take_while(char::is_ascii_digit).count();
    let wanted = block.lines().skip(place).map(number).max().filter(|digits| *digits > 0);
    let is = block.lines().nth(place).map_or(0, indent);
    let more = wanted.map_or(0, |wanted| is.saturating_sub(wanted));
    let lines = block.lines().enumerate().map(|(at, line)| {
        let is_in = at >= place && indent(line) >= more;
        line.get(if is_in { more } else { 0 }..).unwrap_or(line)
    });
    lines.collect::<Vec<_>>().join("\n")
}
