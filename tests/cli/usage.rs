//! Help, versions, completions, and what is no command line.

use std::process::Command;

use super::support::{Folder, run};

#[test]
fn without_arguments_it_helps() {
    let told = run(&[], "");
    assert_eq!((told.status, told.stdout.as_str()), (Some(2), ""));
    for words in ["Usage: qemu-dslc [OPTIONS] <FILE>", "check", "run", "explain", "completions", "Examples:"]
    {
        assert!(told.stderr.contains(words), "{words}: {}", told.stderr);
    }
}

#[test]
fn every_command_helps() {
    let help = run(&["--help"], "");
    assert_eq!((help.status, help.stderr.as_str()), (Some(0), ""));
    for words in ["Exit status:", "--emit", "--set", "--target", "--message-format", "argv", "NUL"] {
        assert!(help.stdout.contains(words), "{words}: {}", help.stdout);
    }
    assert_eq!(run(&["-h"], "").status, Some(0));
    for command in ["check", "run", "explain", "completions"] {
        let help = run(&[command, "--help"], "");
        assert_eq!((help.status, help.stderr.as_str()), (Some(0), ""));
        assert!(help.stdout.contains(&format!("Usage: qemu-dslc {command}")), "{}", help.stdout);
    }
}

#[test]
fn the_version() {
    assert_eq!(run(&["--version"], "").stdout, concat!("qemu-dslc ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn wrong_usage_is_2_and_prints_nothing() {
    for args in [
        &["--emit", "xml", "-"][..],
        &["--no-such-option", "-"],
        &["-", "another"],
        &["check"],
        &["run"],
        &["run", "-", "another"],
        &["run", "--emit", "json", "-"],
        &["check", "--message-format", "xml", "-"],
        &["completions"],
        &["completions", "no-such-shell"],
        &["--emit", "json", "check", "-"],
    ] {
        let told = run(args, "memory 1G");
        assert_eq!((told.status, told.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(told.stderr.starts_with("error: "), "{}", told.stderr);
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell], "");
        assert_eq!((script.status, script.stderr.as_str()), (Some(0), ""));
        assert!(script.stdout.contains("message-format"), "{shell}");
        // The others' generators offer no values.
        if ["bash", "zsh"].contains(&shell) {
            assert!(script.stdout.contains("netdev") && script.stdout.contains("unknown-option"), "{shell}");
        }
    }
}

#[test]
fn the_completions_of_bash_work() {
    let folder = Folder::new();
    let script = folder.file("script", run(&["completions", "bash"], "").stdout);
    let completed = |words: &str, place: u8, word: &str, before: &str| {
        let complete = format!(
            ". {}; COMP_WORDS=({words}) COMP_CWORD={place}; _qemu__dslc qemu-dslc {word} {before}; \
             echo \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let output = Command::new("bash").args(["-c", &complete]).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for (words, place, word, before, expected) in [
        ("qemu-dslc explain netd", 2, "netd", "explain", "netdev\n"),
        ("qemu-dslc check --allow unknown-dev", 3, "unknown-dev", "--allow", "unknown-device\n"),
        ("qemu-dslc --deny warn", 2, "warn", "--deny", "warnings\n"),
    ] {
        let Some(completed) = completed(words, place, word, before) else { return };
        assert_eq!(completed, expected, "{words}");
    }
}
