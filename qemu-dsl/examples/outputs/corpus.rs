//! Where the texts are: `.vm` files, code blocks of Markdown, pages, and strings and `vm!`s of Rust files.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders that have texts, and the name of each one's file.
const FOLDERS: [(&str, &str); 9] = [
    ("docs", "docs"),
    ("examples", "examples"),
    ("benches", "benches"),
    ("qemu-dsl/src", "compiler"),
    ("qemu-dsl/tests", "compiler-tests"),
    ("qemu-dsl-macros/src", "macros"),
    ("qemu-runtime", "runtime"),
    ("src", "command-line"),
    ("tests", "tests"),
];

/// A text, and where it is from.
#[derive(Debug)]
pub(crate) struct Text {
    /// `FILE:LINE`.
    pub(crate) place: String,
    pub(crate) source: String,
}

/// The texts of a folder.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) texts: Vec<Text>,
}

pub(crate) fn read(tree: &Path) -> Result<Vec<Group>, Box<dyn Error>> {
    // The tree's own, so that two compilers find the same texts.
    let reference = fs::read_to_string(tree.join("docs/language.md"))?;
    let keywords: Vec<_> = reference.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let mut groups = Vec::new();
    for (folder, name) in FOLDERS {
        let mut files = BTreeSet::new();
        list(&tree.join(folder), &mut files)?;
        if folder == "docs" {
            files.insert(tree.join("README.md"));
        }
        let mut texts = Vec::new();
        for file in files {
            let place = file.strip_prefix(tree)?.display().to_string();
            let extension = file.extension().and_then(|extension| extension.to_str());
            let found = match extension {
                Some("vm") => vec![(1, fs::read_to_string(&file)?)],
                Some("md") => markdown(&fs::read_to_string(&file)?, &keywords),
                Some("rs") => rust(&fs::read_to_string(&file)?, &keywords),
                _ => continue,
            };
            texts.extend(
                found.into_iter().map(|(line, source)| Text { place: format!("{place}:{line}"), source }),
            );
        }
        groups.push(Group { name: name.to_owned(), texts });
    }
    Ok(groups)
}

fn list(folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.insert(entry.path());
        }
    }
    Ok(())
}

/// The blocks of code, by fences or by indentation, and the code in the lines: with the line that each begins in.
fn markdown(page: &str, keywords: &[&str]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut lines = (1..).zip(page.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        if line.starts_with("```") {
            let block: Vec<_> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| !line.starts_with("```")).collect();
            found.push((number + 1, block.join("\n") + "\n"));
        } else if line.starts_with("    ") {
            let mut block = vec![line];
            while let Some((_, line)) = lines.next_if(|(_, line)| line.starts_with("    ")) {
                block.push(line);
            }
            let block: Vec<_> = block.into_iter().map(|line| line.get(4..).unwrap_or_default()).collect();
            found.push((number, block.join("\n") + "\n"));
        } else {
            let code = line.split('`').skip(1).step_by(2).filter(|code| is_text(code, keywords));
            found.extend(code.map(|code| (number, code.to_owned())));
        }
    }
    found
}

/// The strings that can be texts, and the bodies of `vm!` and `devices!`.
fn rust(source: &str, keywords: &[&str]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut rest = source;
    let line =
        |rest: &str| source.get(..source.len() - rest.len()).unwrap_or_default().matches('\n').count() + 1;
    while let Some(next) = rest.chars().next() {
        let number = line(rest);
        if let Some(body) = macro_body(rest) {
            found.push((number, body.to_owned()));
        }
        let length = token(rest);
        let (token, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if let Some(text) = string(token).filter(|text| is_text(text, keywords)) {
            found.push((number, text));
        }
        // Code in the documentation.
        if next == '/' {
            let code = token.split('`').skip(1).step_by(2).filter(|code| is_text(code, keywords));
            found.extend(code.map(|code| (number, code.to_owned())));
        }
        rest = behind;
    }
    found
}

/// Whether it begins with a statement's keyword, or a comment in front of one.
fn is_text(text: &str, keywords: &[&str]) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '<');
    let word = text.split(|c: char| c.is_whitespace() || c == ';').next().unwrap_or_default();
    matches!(word, "//" | "//:") || keywords.contains(&word)
}

/// What is between the braces of the `vm!` that `rest` begins with.
fn macro_body(rest: &str) -> Option<&str> {
    let body = rest.strip_prefix("vm!").or_else(|| rest.strip_prefix("devices!"))?.trim_start();
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        let rest = body.get(at..)?;
        match rest.chars().next()? {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return body.get(1..at);
        }
        at += token(rest);
    }
}

/// The length of the comment, the string, the character or whatever else Rust's text begins with.
fn token(rest: &str) -> usize {
    let to = |closing: &str, from: usize| {
        rest.get(from..)
            .and_then(|rest| rest.find(closing))
            .map_or(rest.len(), |at| from + at + closing.len())
    };
    let first = rest.chars().next().map_or(0, char::len_utf8);
    if rest.starts_with("//") {
        return to("\n", 0);
    }
    if rest.starts_with("/*") {
        return to("*/", 2);
    }
    if let Some(hashes) = raw_string(rest) {
        return to(&format!("\"{}", "#".repeat(hashes)), hashes + 2);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    // A lifetime has no second quote.
    let mut character = rest.chars().skip(1);
    if rest.starts_with('\'') && (character.next() == Some('\\') || character.next() == Some('\'')) {
        return quoted(rest, '\'');
    }
    // A whole word, so that no end of one is taken for a raw string.
    rest.find(|c: char| !c.is_alphanumeric() && c != '_').filter(|length| *length > 0).unwrap_or(first)
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if !escaped && c == quote {
            return at + c.len_utf8();
        }
        escaped = !escaped && c == '\\';
    }
    rest.len()
}

/// The number of `#`s of the raw string that `rest` begins with.
fn raw_string(rest: &str) -> Option<usize> {
    let rest = rest.strip_prefix('r')?;
    let hashes = rest.find(|c| c != '#')?;
    rest.get(hashes..)?.starts_with('"').then_some(hashes)
}

/// What a string says.
fn string(token: &str) -> Option<String> {
    if let Some(hashes) = raw_string(token) {
        return token.get(hashes + 2..token.len() - hashes - 1).map(str::to_owned);
    }
    let inside = token.strip_prefix('"')?.strip_suffix('"')?;
    let mut said = String::new();
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            said.push(c);
            continue;
        }
        match chars.next()? {
            'n' => said.push('\n'),
            'r' => said.push('\r'),
            't' => said.push('\t'),
            '0' => said.push('\0'),
            '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            'x' => said.push(char::from(
                u8::from_str_radix(&String::from_iter([chars.next()?, chars.next()?]), 16).ok()?,
            )),
            'u' => {
                let digits: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                said.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
            }
            other => said.push(other),
        }
    }
    Some(said)
}
