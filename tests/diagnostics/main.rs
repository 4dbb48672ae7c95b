//! What the compiler says of wrong texts: `NAME.vm` is the text, `NAME.expected` what is said of it, to the character.
//!
//! `UPDATE_DIAGNOSTICS=1 cargo test --test diagnostics` writes what is said now: read it as a user would, before it goes
//! into a commit. A line `//: --target 5.2` or `//: --set name=value` at a text's beginning is an option for it, and
//! `//: devices` says that it is one of devices for a guest that runs, `//: part` that it is a part of a VM, `//: check` that
//! values may come later.
//!
//! Whatever the language's reference promises to refuse has a case, and so has each code. Whatever remedy has edits, they
//! mend the text: see [`mends`].

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use qemu_dsl::source::SourceMap;
use qemu_dsl::{Code, Diagnostic, Open, Options, Severity, compile, compile_devices, compile_part};

#[path = "../../src/wording.rs"]
mod wording;

/// Codes that no text of a few lines can have, with the reason.
const WITHOUT_CASE: &[(Code, &str)] = &[
    (Code::TooLong, "it takes a text of more than 4 GiB"),
    (Code::LateValue, "it takes a program that gives the value"),
    (Code::HasStatement, "only those who look at a text are told"),
    (Code::OtherTarget, "it takes two texts"),
    (Code::Rejected, "it takes a QEMU that rejects something"),
];

/// What comes to light once something else is mended, and why it was hidden.
const BROUGHT_TO_LIGHT: &[(&str, &str)] = &[
    ("slots need a maximum", "what else is wrong with `memory` may be the maximum"),
    ("QEMU guesses the format of this disk", "the format may be in what makes no sense"),
    ("`name` stands twice", "what is misspelt is not counted"),
    ("`rtc` stands twice", "what is misspelt is not counted"),
    ("unknown parameter `x`", "what must be quoted is not looked into"),
    ("`uuid` has an empty value", "a string that does not end may have one"),
    ("there are no slots for memory modules", "what else is wrong may be the memory"),
    ("the machine has no NVDIMMs", "what else is wrong may be the machine"),
];

/// The first line of a text of devices.
const DEVICES: &str = "//: devices";

/// That of a part of a VM.
const PART: &str = "//: part";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let cases = match cases() {
        Ok(cases) => cases,
        Err(error) => {
            eprintln!("tests/diagnostics: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut seen = BTreeSet::new();
    // The codes whose level can be set, as far as the cases tell.
    let mut settable = BTreeSet::new();
    let mut trials = Vec::new();
    for (name, path) in cases {
        let said = said(&path);
        let fixed = path.clone();
        trials.push(Trial::test(format!("{name}, mended"), move || Ok(mends(&fixed)?)));
        if let Ok((_, diagnostics)) = &said {
            seen.extend(diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()));
            let set = diagnostics.iter().filter(|one| one.severity != Severity::Error || one.by_schema);
            settable.extend(set.map(|diagnostic| diagnostic.code.as_str()));
        }
        let said = said.map(|(text, _)| text).map_err(|error| error.to_string());
        trials.push(Trial::test(name, move || is_expected(&path.with_extension("expected"), said)));
    }
    trials.push(Trial::test("every code has a case", move || {
        let excused: BTreeSet<_> = WITHOUT_CASE.iter().map(|(code, _)| code.as_str()).collect();
        let all: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let missing: Vec<_> = all.difference(&seen).filter(|code| !excused.contains(*code)).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("no case has {missing:?}").into()) }
    }));
    trials.push(Trial::test("the codes whose level can be set are those of warnings", move || {
        let told: BTreeSet<_> =
            Code::ALL.iter().filter(|code| code.is_settable()).map(|code| code.as_str()).collect();
        let is_excused = |code: &str| WITHOUT_CASE.iter().any(|(without, _)| without.as_str() == code);
        let wrong: Vec<_> = told.symmetric_difference(&settable).filter(|code| !is_excused(code)).collect();
        if wrong.is_empty() { Ok(()) } else { Err(format!("`settable` is wrong of {wrong:?}").into()) }
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The texts, by name.
fn cases() -> Result<BTreeMap<String, PathBuf>, Box<dyn Error>> {
    let mut cases = BTreeMap::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics"))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("vm") => drop(cases.insert(name, path)),
            Some("expected") if !path.with_extension("vm").exists() => {
                return Err(format!("{} has no text", path.display()).into());
            }
            _ => {}
        }
    }
    Ok(cases)
}

fn is_expected(path: &Path, said: Result<String, String>) -> Result<(), Failed> {
    let said = said?;
    if std::env::var_os("UPDATE_DIAGNOSTICS").is_some() {
        fs::write(path, said)?;
        return Ok(());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if said == expected {
        return Ok(());
    }
    Err(format!("--- expected\n{expected}\n--- said\n{said}").into())
}

/// Does each remedy's edits, by itself: its diagnostic must be gone then, and no other come in its place.
fn mends(path: &Path) -> Result<(), String> {
    let source = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let compiled = |source: &str| compiled(source).map_err(|error| error.to_string());
    let sources = SourceMap::of("", &source);
    let [file] = sources.files() else { return Err("no file".into()) };
    let before = compiled(&source)?;
    let is = |one: &Diagnostic| {
        let (code, message) = (one.code, one.message.clone());
        move |other: &&Diagnostic| (other.code, &other.message) == (code, &message)
    };
    let mut failures = String::new();
    for diagnostic in &before {
        for fix in diagnostic.remedy.iter().flat_map(|remedy| &remedy.fixes) {
            let mended = fix.apply(file).ok_or("its edits don't fit the text")?;
            let after = compiled(&mended)?;
            let same = |all: &[Diagnostic]| all.iter().filter(is(diagnostic)).count();
            let is_gone = same(&after) < same(&before);
            let is_new = |one: &&Diagnostic| !before.iter().any(|old| is(one)(&old));
            let is_excused =
                |one: &&Diagnostic| BROUGHT_TO_LIGHT.iter().any(|(message, _)| *message == one.message);
            let new: Vec<_> = after.iter().filter(is_new).filter(|one| !is_excused(one)).collect();
            if !is_gone || !new.is_empty() {
                let new: Vec<_> = new.iter().map(|one| &one.message).collect();
                let title = fix.title(&sources);
                let kept = if is_gone { "" } else { ": it is still there" };
                let _ = writeln!(failures, "{}: {title}{kept}: new are {new:#?}", diagnostic.message);
            }
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// What is said of a text, with the options in it.
fn compiled(source: &str) -> Result<Vec<Diagnostic>, Box<dyn Error>> {
    let options = options(source)?;
    Ok(if source.starts_with(DEVICES) {
        compile_devices(source, &options).diagnostics
    } else if source.starts_with(PART) {
        compile_part(source, &options).diagnostics
    } else {
        compile(source, &options).diagnostics
    })
}

fn said(path: &Path) -> Result<(String, Vec<Diagnostic>), Box<dyn Error>> {
    let source = fs::read_to_string(path)?;
    let diagnostics = compiled(&source)?;
    let mut text = String::new();
    for diagnostic in &diagnostics {
        shown(diagnostic, &source, &mut text)?;
    }
    if diagnostics.is_empty() {
        return Err("nothing is said of it".into());
    }
    Ok((text, diagnostics))
}

fn options(source: &str) -> Result<Options, Box<dyn Error>> {
    let mut options = Options::default();
    for line in source.lines().map_while(|line| line.strip_prefix("//: ")) {
        match line.split_once(' ') {
            Some(("--target", version)) => options.target = version.parse().map_err(|()| "no target")?,
            Some(("--set", pair)) => {
                let (name, value) = pair.split_once('=').ok_or("no value")?;
                options.params.push((name.to_owned(), value.to_owned()));
            }
            None if DEVICES.ends_with(line) || PART.ends_with(line) => {}
            None if line == "check" => options.open = Open::Checked,
            _ => return Err(format!("`{line}`").into()),
        }
    }
    Ok(options)
}

/// The code, the message, each label's line with what it underlines, and the help.
fn shown(diagnostic: &Diagnostic, source: &str, to: &mut String) -> Result<(), Box<dyn Error>> {
    let Diagnostic { code, severity, message, remedy, labels, by_schema: _ } = diagnostic;
    writeln!(to, "{}[{}]: {message}", severity.name(), code.as_str())?;
    for label in labels {
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        let before = source.get(..start).ok_or("a label begins in the middle of a character")?;
        let marked = source.get(start..end).ok_or("a label ends in the middle of a character")?;
        let number = before.matches('\n').count() + 1;
        let line = before.rsplit('\n').next().unwrap_or_default();
        let rest = source.get(start..).unwrap_or_default();
        let rest = rest.split('\n').next().unwrap_or_default();
        let width = marked.split('\n').next().unwrap_or_default().chars().count().max(1);
        // It goes on in the next line.
        let more = if marked.contains('\n') { "..." } else { "" };
        // Tabs stay, so that what is beneath stands beneath.
        let indent: String = line.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        writeln!(to, "{number:>4} | {line}{rest}")?;
        writeln!(to, "     | {}", format!("{indent}{}{more} {}", "^".repeat(width), label.text).trim_end())?;
    }
    if let Some(remedy) = remedy {
        writeln!(to, "     = {}", wording::help(&remedy.help))?;
    }
    writeln!(to)?;
    Ok(())
}
