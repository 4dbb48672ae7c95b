//! The language's reference: what it says compiles, and the document is what the code makes.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use qemu_dsl::{Code, Options, compile, reference};

/// What to write for what one wants.
fn tasks() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tasks.md")).unwrap()
}

/// The blocks of the text that are marked as a VM.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = text.split("\n```");
    let mut found = Vec::new();
    while let (Some(_), Some(block)) = (blocks.next(), blocks.next()) {
        found.extend(block.strip_prefix("vm\n").map(str::to_owned));
    }
    found
}

#[test]
fn every_example_compiles_without_a_word() {
    let mut examples = blocks(&reference::language());
    assert!(examples.len() >= 4, "the introduction has lost its examples");
    // What is included no compiler reads.
    let words = reference::words().filter(|(word, _)| *word != "include");
    for (keyword, _) in reference::statements().chain(words) {
        let section = reference::statement(keyword).unwrap();
        let (_, example) = section.rsplit_once("\nExample:\n\n").unwrap();
        let lines: Vec<_> = example.lines().map(|line| line.strip_prefix("    ").unwrap()).collect();
        assert!(
            lines.iter().any(|line| line.starts_with(keyword) || line.contains(&format!(" {keyword} "))),
            "{keyword}: {example}"
        );
        examples.push(lines.join("\n"));
    }
    let tasks = blocks(&tasks());
    assert!(tasks.len() >= 20);
    examples.extend(tasks);
    for example in examples {
        let compilation = compile(&example, &Options::default());
        // Nobody's names are known of ppc64.
        let mut said = compilation.diagnostics.iter();
        assert!(
            said.all(|said| said.code == Code::Unchecked) && compilation.template.is_some(),
            "{example}\n{:#?}",
            compilation.diagnostics
        );
    }
}

#[test]
fn what_tasks_refer_to_is_there() {
    let language = reference::language();
    let headings: Vec<_> = language.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let tasks = tasks();
    let links = tasks.split("(language.md#").skip(1).map(|rest| rest.split(')').next().unwrap());
    let missing: Vec<_> = links.filter(|link| !headings.contains(link)).collect();
    assert_eq!(missing, [""; 0], "{headings:?}");
}

#[test]
fn a_statement_is_found_by_its_keyword_and_kind() {
    assert!(reference::statement("netdev").unwrap().contains("## netdev user"));
    let tap = reference::statement("netdev tap").unwrap();
    assert!(tap.starts_with("# netdev tap\n") && !tap.contains("hostfwd"));
    assert!(reference::statement("device").unwrap().contains("virtio-rng-pci"));
    for unknown in ["", "netdve", "netdev tpa", "netdev tap mq", "nographic x"] {
        assert_eq!(reference::statement(unknown), None, "{unknown}");
    }
}

#[test]
fn sections_fit_a_terminal() {
    for (keyword, meaning) in reference::statements() {
        assert!(!meaning.is_empty(), "{keyword}");
        for line in reference::statement(keyword).unwrap().lines() {
            assert!(line.chars().count() <= 100, "{keyword}: {line}");
        }
    }
}

#[test]
fn the_document_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/language.md");
    let fresh = reference::language();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == fresh,
        "docs/language.md is stale: `UPDATE_DOCS=1 cargo test -p qemu-dsl --test reference` writes it"
    );
}
