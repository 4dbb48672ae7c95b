//! Runs the program.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_qemu-dslc");

/// What came of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program, in an environment that says nothing about colours or the language.
pub(crate) fn dslc(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args);
    clean(&mut command);
    command
}

pub(crate) fn clean(command: &mut Command) {
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "LC_ALL", "LC_CTYPE", "LANG", "COLUMNS"] {
        command.env_remove(name);
    }
}

/// Runs a command to its end, with `input` on its standard input.
pub(crate) fn outcome(command: &mut Command, input: &str) -> Outcome {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // It may end without having read all of it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Outcome {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the program with `args` and `text` as its standard input.
pub(crate) fn run(args: &[&str], text: &str) -> Outcome {
    outcome(&mut dslc(args), text)
}

/// A folder of files.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// A shell script that can stand in for a program.
    ///
    /// Another process writes it: a file that this one has open for writing, maybe in a child that another test is
    /// just starting, can't be executed.
    pub(crate) fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.path().join(name);
        let mut writer = Command::new("sh");
        writer.args(["-c", r#"cat >"$0" && chmod +x "$0""#]).arg(&path);
        let written = outcome(&mut writer, &format!("#!/bin/sh\n{body}\n"));
        assert_eq!(written.status, Some(0), "{written:?}");
        path
    }

    /// Runs the program with this folder as its working directory.
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        outcome(dslc(args).current_dir(self.path()), "")
    }
}

/// `text` as a string of the language.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '{' => out.push_str("{{"),
            '}' => out.push_str("}}"),
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Asks until there is an answer, for as long as a machine may need that has other things to do.
pub(crate) fn wait_for<T>(mut what: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if let Some(found) = what() {
            return Some(found);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

/// The lines of a QMP socket, once QEMU listens there: the greeting, an answer once it has made the machine, events.
pub(crate) fn qmp(path: &Path) -> impl Iterator<Item = String> {
    let socket = wait_for(|| UnixStream::connect(path).ok()).unwrap();
    (&socket).write_all(b"{\"execute\":\"qmp_capabilities\"}\n").unwrap();
    BufReader::new(socket).lines().map(Result::unwrap)
}
