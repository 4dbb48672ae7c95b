//! The wrong texts of `tests/diagnostics` in a `vm!`: what Rust shows of each is what the compiler says, at the same place.
//!
//! All of them stand in one program, which rustc reads in a second. How it shows a mistake, to the character, is in `ui/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use qemu_dsl::source::SourceMap;
use qemu_dsl::{Code, Open, Options, Severity, compile, compile_devices, compile_part};
use serde_json::Value;

use super::rustc::{known_as, libraries, rustc};

/// Codes that no program is told, with the reason.
const NEVER_TOLD: &[(Code, &str)] = &[
    (Code::UnterminatedComment, "Rust's lexer refuses it"),
    (Code::NestedComment, "comments nest in Rust"),
    (Code::BadEscape, "Rust's lexer refuses it"),
    (Code::TooLong, "it takes a text of more than 4 GiB"),
    (Code::UnknownParameter, "a hole takes the program's values, of which rustc says what is wrong"),
    (Code::UnsetParameter, "a program has no parameters"),
    (Code::ParameterType, "a program has no parameters"),
    (Code::RepeatedParameter, "a program has no parameters"),
    (Code::SharedMac, "it is advice, by which a program that denies warnings could not be built"),
    (Code::HasStatement, "only those who look at a file are told"),
    (Code::OtherTarget, "it takes two texts"),
    (Code::Rejected, "it takes a QEMU that rejects something"),
];

/// What a program is told otherwise than a file, and codes that the texts have beside something that Rust itself refuses.
const OF_PROGRAMS: &[(&str, &str)] = &[
    ("machine {VALUE}", "1:9 to 1:16: error: the machine type can't come later [late-value]"),
    ("name \"two\nlines\"", "1:6 to 2:7: error: this string goes on in the next line [unterminated-string]"),
    ("if VALUE { nographic }", "1:4 to 1:9: error: the condition of an `if` stands in braces [bad-block]"),
    (
        "include \"nowhere.vm\"",
        "1:9 to 1:21: error: `nowhere.vm` can't be included: No such file or directory (os error 2) [bad-include]",
    ),
    ("name \"a}\"", "1:6 to 1:10: error: `}` alone in a string [bad-hole]"),
    (
        "netdev user mac=\"03:00:00:00:00:01\"",
        "1:17 to 1:36: warning: `03:00:00:00:00:01` is the address of a group [multicast-mac]",
    ),
    (
        "netdev user mac=\"02:00:00:00:00:01\"\nnetdev user mac=\"02:00:00:00:00:01\"",
        "2:17 to 2:36: warning: two devices have the MAC address `02:00:00:00:00:01` [equal-macs]",
    ),
    (
        "disk file=\"/${VALUE}.img\" format=raw",
        "1:11 to 1:26: warning: the `$` before `{VALUE}` is a part of the value: a hole has none [foreign-syntax]",
    ),
    (
        "disk file=\"~/x.img\" format=raw",
        "1:11 to 1:20: warning: `~` is no home directory here: only a shell makes it one [foreign-syntax]",
    ),
];

/// Texts that Rust reads otherwise, with the reason.
const READ_OTHERWISE: &[(&str, &str)] =
    &[("strings-with-line-ends", "its strings end in other lines, which are not looked at")];

struct Text {
    name: String,
    text: String,
    /// What is said of it, each with its place.
    expected: Vec<String>,
    /// How many lines of the program stand above it.
    above: usize,
}

#[test]
fn a_program_is_told_what_a_file_is() {
    let (texts, program) = program();
    let mut told = told_by_rustc(&program, &texts);
    let mut codes = BTreeSet::new();
    let mut failures = String::new();
    let mut compared = 0;
    for Text { name, text, expected, .. } in &texts {
        let said = told.remove(name.as_str()).unwrap_or_default();
        // Some values and holes Rust refuses itself.
        let Some(own) = said.iter().map(|one| code(one)).collect::<Option<Vec<_>>>() else { continue };
        compared += 1;
        codes.extend(own);
        let missing = expected.iter().filter(|one| !said.contains(one)).map(|one| ("is not told", one));
        let more = said.iter().filter(|one| !expected.contains(one)).map(|one| ("is told", one));
        let wrong: Vec<_> = missing.chain(more).map(|(what, one)| format!("{what}: {one}\n")).collect();
        if !wrong.is_empty() {
            let _ = writeln!(failures, "--- {name}\n{text}\n{}", wrong.concat());
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(compared > 100, "only {compared} of {} texts are compared", texts.len());
    let never: BTreeSet<_> = Code::ALL.iter().filter(|code| !codes.contains(code)).collect();
    assert_eq!(never, NEVER_TOLD.iter().map(|(code, _)| code).collect());
}

/// The code at the end of a message, where it is the compiler's.
fn code(message: &str) -> Option<Code> {
    let (_, code) = message.strip_suffix(']')?.rsplit_once('[')?;
    Code::find(code)
}

/// The texts that can stand in a program, and the program with all of them.
fn program() -> (Vec<Text>, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "vm"));
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem()?.to_str()?.to_owned();
        // The target is an option of the test's.
        let text = fs::read_to_string(path).unwrap().replace("//: --target ", "target ");
        let is_read_otherwise = READ_OTHERWISE.iter().any(|(other, _)| *other == name);
        let is_left_out =
            is_read_otherwise || text.contains("param ") || text.parse::<TokenStream>().is_err();
        (!is_left_out).then(|| (name, said(&text), text))
    };
    let own = OF_PROGRAMS
        .iter()
        .map(|(text, said)| ((*text).to_owned(), vec![(*said).to_owned()], (*text).to_owned()));
    let mut program =
        String::from("#![allow(text_direction_codepoint_in_literal)]\nconst VALUE: &str = \"x\";\n");
    let mut texts = Vec::new();
    for (number, (name, expected, text)) in paths.iter().filter_map(read).chain(own).enumerate() {
        let called = called(&text);
        let _ = writeln!(program, "pub fn text{number}() {{ let _ = qemu_runtime::{called}! {{");
        let above = program.lines().count();
        let _ = writeln!(program, "{text}\n}}; }}");
        texts.push(Text { name, text, expected, above });
    }
    (texts, program)
}

/// The macro that takes such a text.
fn called(text: &str) -> &str {
    match text.lines().next() {
        Some("//: devices") => "devices",
        Some("//: part") => "part",
        _ => "vm",
    }
}

/// What the compiler says of a text.
fn said(text: &str) -> Vec<String> {
    let options = Options { open: Open::Holes, ..Options::default() };
    let diagnostics = match called(text) {
        "devices" => compile_devices(text, &options).diagnostics,
        "part" => compile_part(text, &options).diagnostics,
        _ => compile(text, &options).diagnostics,
    };
    let sources = SourceMap::of("", text);
    let [file] = sources.files() else { panic!("one file") };
    let shown = diagnostics.iter().filter(|diagnostic| diagnostic.severity != Severity::Advice);
    let said = shown.map(|diagnostic| {
        let span = diagnostic.span().unwrap();
        // Where something is missing, Rust underlines what stands there.
        let (start, end) = (file.position(span.start), file.position(span.end.max(span.start + 1)));
        let place = format!("{}:{} to {}:{}", start.line, start.column, end.line, end.column);
        let (severity, code) = (diagnostic.severity.name(), diagnostic.code.as_str());
        format!("{place}: {severity}: {} [{code}]", diagnostic.message)
    });
    said.collect()
}

/// What rustc says of the program, by text.
fn told_by_rustc<'t>(program: &str, texts: &'t [Text]) -> BTreeMap<&'t str, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("texts.rs");
    fs::write(&file, program).unwrap();
    let output = rustc()
        .args(["--crate-type=lib", "--emit=metadata", "--error-format=json"])
        .arg(known_as("qemu_runtime"))
        .args([Path::new("-L"), &libraries(), Path::new("--out-dir"), folder.path(), &file])
        .output()
        .unwrap();
    let mut told = BTreeMap::<_, Vec<_>>::new();
    for line in String::from_utf8(output.stderr).unwrap().lines() {
        let one: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        let spans = one.get("spans").and_then(Value::as_array).unwrap();
        // What tells how many there are has no place.
        let Some(span) = spans.iter().find(|span| span.get("is_primary") == Some(&true.into())) else {
            continue;
        };
        let number = |name: &str| usize::try_from(span.get(name).and_then(Value::as_u64).unwrap()).unwrap();
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap();
        let line = number("line_start");
        let Text { name, above, .. } = texts.iter().rfind(|text| text.above < line).unwrap();
        let message = text("message").lines().next().unwrap();
        // A warning is shown as the use of what is deprecated.
        let message = match message.split_once("`: ") {
            Some((deprecated, message)) if deprecated.starts_with("use of deprecated macro `vm::") => message,
            _ => message,
        };
        let (line, end) = (line - above, number("line_end") - above);
        let (column, behind) = (number("column_start"), number("column_end"));
        let said = format!("{line}:{column} to {end}:{behind}: {}: {message}", text("level"));
        told.entry(name.as_str()).or_default().push(said);
    }
    told
}
