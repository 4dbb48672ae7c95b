//! The rooms of the crate: each uses those before it, never those behind it.

#![expect(clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in their order. A folder is a room, as is a file beside the folders.
const ROOMS: &[&str] = &[
    "plan",
    "code",
    "source",
    "diagnostic",
    "schema",
    "suggest",
    "value",
    "qemu",
    "table",
    "syntax",
    "model",
    "read",
    "print",
    "hardware",
    "statement",
    "check",
    "lower",
    "compile",
    "reference",
    "pages",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file, without comments and tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let text = text.split("#[cfg(test)]\n#[expect").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The names that stand directly behind `crate::`, also in braces.
fn names(code: &str) -> BTreeSet<&str> {
    let word = |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(inner) = rest.strip_prefix('{') else {
            names.insert(&rest[..word(rest)]);
            continue;
        };
        let mut depth = 0;
        let mut start = true;
        for (index, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                c if start && !c.is_whitespace() => {
                    names.insert(&inner[index..index + word(&inner[index..])]);
                    start = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// What `lib.rs` re-exports, by the room that it comes from.
fn exports(source: &Path) -> BTreeMap<String, String> {
    let lib = code(&source.join("lib.rs"));
    let uses = lib.split(';').filter_map(|part| part.split("pub use ").nth(1));
    let mut exports = BTreeMap::new();
    for export in uses {
        let (room, names) = export.split_once("::").unwrap();
        for name in names.trim_matches(['{', '}']).split(',') {
            exports.insert(name.trim().to_owned(), room.trim().to_owned());
        }
    }
    exports
}

#[test]
fn each_room_uses_those_before_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let exports = exports(&source);
    let mut all = Vec::new();
    files(&source, &mut all);
    let rank = |room: &str| ROOMS.iter().position(|other| *other == room);
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    // Tests may use all of it.
    let is_code = |path: &&PathBuf| !path.ends_with("src/lib.rs") && !path.ends_with("tests.rs");
    for path in all.iter().filter(is_code) {
        let file = path.strip_prefix(&source).unwrap().with_extension("");
        let room = file.iter().next().unwrap().to_str().unwrap();
        let own = rank(room).unwrap_or_else(|| panic!("`{room}` is no room of the list"));
        seen.insert(room.to_owned());
        for name in names(&code(path)) {
            let used = exports.get(name).map_or(name, String::as_str);
            match rank(used) {
                Some(other) if other > own => wrong.push(format!("{} uses {used}::{name}", file.display())),
                Some(_) => {}
                None => wrong.push(format!("{}: `crate::{name}` is of no room", file.display())),
            }
        }
    }
    assert!(seen.len() == ROOMS.len() && all.len() > 80, "{seen:?}");
    assert!(wrong.is_empty(), "the directions of ARCHITECTURE.md:\n{}", wrong.join("\n"));
}
