//! Every code has a page, and the page's examples are what they say.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use qemu_dsl::{Code, Diagnostic, Options, Severity, compile, compile_devices, compile_part, pages};

/// Codes whose page has no examples, and why.
const WITHOUT_EXAMPLES: &[(Code, &str)] = &[
    (Code::TooLong, "the text would have more than 4 GiB"),
    (Code::HasStatement, "only those who look at a text are told, by `import::advise`"),
    (Code::LateValue, "only what a program gives comes later"),
    (Code::OtherTarget, "it takes two texts"),
    (Code::Rejected, "the compiler doesn't say it: QEMU does, once it is started"),
];

/// The text of the example behind `title`.
fn example(page: &str, title: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("\n{title}:\n\n"))?;
    let lines: Vec<_> = rest.lines().map_while(|line| line.strip_prefix("    ")).collect();
    Some(lines.join("\n"))
}

/// What the compiler says. A text that begins so is about devices for a guest that runs, or about a part of a VM.
fn reported(text: &str) -> Vec<Diagnostic> {
    if text.starts_with("// devices\n") {
        compile_devices(text, &Options::default()).diagnostics
    } else if text.starts_with("// part\n") {
        compile_part(text, &Options::default()).diagnostics
    } else {
        compile(text, &Options::default()).diagnostics
    }
}

#[test]
fn wrong_examples_are_wrong_and_right_ones_right() {
    let mut failures = Vec::new();
    for code in Code::ALL {
        let page = code.page();
        let (wrong, right) = (example(&page, "Wrong"), example(&page, "Right"));
        if let Some((_, reason)) = WITHOUT_EXAMPLES.iter().find(|(without, _)| without == code) {
            assert!(wrong.is_none() && right.is_none(), "`{}`: {reason}", code.as_str());
            continue;
        }
        let (Some(wrong), Some(right)) = (wrong, right) else {
            failures.push(format!("`{}` lacks an example", code.as_str()));
            continue;
        };
        let said = reported(&wrong);
        if said.is_empty() || said.iter().any(|diagnostic| diagnostic.code != *code) {
            failures.push(format!("`{}`, wrong:\n{wrong}\n{said:#?}", code.as_str()));
        }
        // A page that says nothing of it is about an error.
        let severity = match page.split("\n\n").nth(2) {
            Some(text) if text.starts_with("A warning: ") => Severity::Warning,
            Some(text) if text.starts_with("Advice: ") => Severity::Advice,
            _ => Severity::Error,
        };
        if said.iter().any(|diagnostic| diagnostic.severity != severity) {
            failures.push(format!("`{}` is not of the severity that its page says", code.as_str()));
        }
        let said = reported(&right);
        if !said.is_empty() {
            failures.push(format!("`{}`, right:\n{right}\n{said:#?}", code.as_str()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn a_code_is_found_by_its_name() {
    for code in Code::ALL {
        assert_eq!(Code::find(code.as_str()), Some(*code));
    }
    assert_eq!(Code::find("no-such-code"), None);
}

#[test]
fn lines_fit_a_terminal() {
    for code in Code::ALL {
        for line in code.page().lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", code.as_str());
        }
    }
}

/// The files are found by `include_str!`, so one that no code includes would go unnoticed.
#[test]
fn every_file_is_a_page() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pages");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let code = Code::find(&name).unwrap_or_else(|| panic!("{} is no code's page", path.display()));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(code.page().ends_with(&text), "the page of `{name}` is not {}", path.display());
    }
}

#[test]
fn the_document_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/diagnostics.md");
    let fresh = pages::all();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == fresh,
        "docs/diagnostics.md is stale: `UPDATE_DOCS=1 cargo test -p qemu-dsl --test pages` writes it"
    );
}
