//! The rooms of the crates: each uses those before it, never those behind it, and no files import each other in a circle.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The compiler's rooms in their order. A folder is a room, as is a file beside the folders.
const COMPILER: &[&str] = &[
    "plan",
    "code",
    "value",
    "bind",
    "source",
    "diagnostic",
    "schema",
    "suggest",
    "level",
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
    "scenario",
    "shape",
    "sources",
    "compile",
    "import",
    "reference",
    "pages",
];

/// The runtime's.
const RUNTIME: &[&str] = &[
    "host",
    "watch",
    "fd",
    "confine",
    "process",
    "supervisor",
    "qmp",
    "rejection",
    "plugged",
    "guest",
    "spawn",
    "plug",
    "shutdown",
    "tokio",
];

#[test]
fn the_compilers_rooms_have_one_direction() {
    check("qemu-dsl", COMPILER);
}

#[test]
fn the_runtimes_rooms_have_one_direction() {
    check("qemu-runtime", RUNTIME);
}

fn check(package: &str, rooms: &[&str]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(package).join("src");
    let mut files = BTreeMap::new();
    read(&source, "", &mut files);
    // It is generated: what it imports is from the modules inside it.
    files.entry("syntax::parser".to_owned()).and_modify(String::clear);
    let tests = files.iter().flat_map(|(module, text)| {
        let names = text.split("#[cfg(test)]\nmod ").skip(1).filter_map(|rest| rest.split(';').next());
        names.map(|name| join(module, name)).collect::<Vec<_>>()
    });
    for tests in tests.collect::<Vec<_>>() {
        files.remove(&tests);
    }
    let imports = Imports::of(&files);
    let seen: BTreeSet<_> = files.keys().filter_map(|module| room(module)).collect();
    assert_eq!(seen, rooms.iter().copied().collect(), "the rooms of {package}");
    let wrong = imports.against(rooms);
    assert!(wrong.is_empty(), "against the directions of ARCHITECTURE.md:\n{}", wrong.join("\n"));
    let circles = imports.circles();
    assert!(circles.is_empty(), "{package} has circles:\n{}", circles.join("\n\n"));
}

/// The room of a module; that of the crate itself, which only exports, is none.
fn room(module: &str) -> Option<&str> {
    module.split("::").next().filter(|room| !room.is_empty())
}

/// Reads the modules of a folder: the code of each by its path.
fn read(folder: &Path, module: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let inner = if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") };
        if path.is_dir() {
            read(&path, &inner, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = if matches!(name, "mod" | "lib") { module.to_owned() } else { inner };
            files.insert(module, fs::read_to_string(&path).unwrap());
        }
    }
}

/// Who imports what from whom.
#[derive(Default)]
struct Imports {
    /// By importer and exporter: the names.
    edges: BTreeMap<(String, String), BTreeSet<String>>,
    /// What was found nowhere.
    lost: Vec<String>,
}

impl Imports {
    fn of(files: &BTreeMap<String, String>) -> Self {
        let modules: BTreeSet<&str> = files.keys().map(String::as_str).collect();
        let mut exports = BTreeMap::new();
        let mut paths = Vec::new();
        for (module, text) in files {
            let tokens = tokens(text);
            for (index, token) in tokens.iter().enumerate() {
                let follows = |at: usize, text: &str| tokens.get(at).is_some_and(|token| *token == text);
                let is_inner = index > 1 && follows(index - 1, "::");
                let starts = follows(index + 1, "::") && !is_inner;
                let child = join(module, token);
                let is_child = !module.is_empty() && modules.contains(&*child) && starts;
                let base = match *token {
                    "crate" if starts => String::new(),
                    "self" if starts => module.clone(),
                    "super" if starts => parent(module),
                    _ if is_child => child,
                    _ => String::new(),
                };
                // `pub use ...` and `pub(crate) use ...` hand a name on.
                let is_export = index > 1
                    && follows(index - 1, "use")
                    && (follows(index - 2, "pub") || follows(index - 2, ")"));
                let is_path = is_child || (starts && matches!(*token, "crate" | "self" | "super"));
                if !is_path && !(is_export && (modules.contains(&**token) || starts)) {
                    continue;
                }
                let base = match is_path {
                    true => base,
                    // From the crate itself, or from another crate.
                    false if module.is_empty() && modules.contains(token) => (*token).to_owned(),
                    false => format!("extern {token}"),
                };
                let mut found = Vec::new();
                expand(&tokens, index + 1, base, &mut found);
                for (path, name) in found {
                    if is_export {
                        exports.insert(join(module, &name), path.clone());
                    }
                    // What a folder hands on of its own files it doesn't use.
                    let is_own = is_export && is_child;
                    if !(is_own || path.starts_with("extern ") || module.is_empty()) {
                        paths.push((module.clone(), path));
                    }
                }
            }
        }
        let mut imports = Self::default();
        for (module, path) in paths {
            match resolve(&path, &modules, &exports) {
                Some((exporter, _)) if exporter.starts_with("extern ") || exporter == module => {}
                Some((exporter, name)) if !exporter.is_empty() => {
                    imports.edges.entry((module, exporter)).or_default().insert(name);
                }
                _ => imports.lost.push(format!("{module}: `crate::{path}` is of no room")),
            }
        }
        imports
    }

    /// What is against the order of the rooms.
    fn against(&self, rooms: &[&str]) -> Vec<String> {
        let rank = |module: &str| rooms.iter().position(|other| room(module) == Some(other));
        let wrong = self.edges.iter().filter(|((from, to), _)| rank(from) < rank(to));
        let wrong = wrong.map(|((from, to), names)| format!("{from} uses {to}: {}", list(names)));
        wrong.chain(self.lost.iter().cloned()).collect()
    }

    /// The circles, each with what leads from file to file.
    fn circles(&self) -> Vec<String> {
        let mut reach: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (from, to) in self.edges.keys() {
            reach.entry(from).or_default().insert(to);
        }
        loop {
            let before: usize = reach.values().map(BTreeSet::len).sum();
            let all = reach.clone();
            for reached in reach.values_mut() {
                let further: Vec<_> = reached.iter().filter_map(|file| all.get(file)).flatten().collect();
                reached.extend(further);
            }
            if reach.values().map(BTreeSet::len).sum::<usize>() == before {
                break;
            }
        }
        let meet = |a: &str, b: &str| {
            let sees = |from: &str, to: &str| reach.get(from).is_some_and(|reached| reached.contains(to));
            sees(a, b) && sees(b, a)
        };
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for start in reach.keys().filter(|file| meet(file, file)) {
            if seen.contains(start) {
                continue;
            }
            let circle: BTreeSet<_> = reach.keys().copied().filter(|file| meet(start, file)).collect();
            let inside = self
                .edges
                .iter()
                .filter(|((from, to), _)| circle.contains(from.as_str()) && circle.contains(to.as_str()));
            let lines = inside.map(|((from, to), names)| format!("  {from} uses {to}: {}", list(names)));
            let lines: Vec<_> = lines.collect();
            circles.push(format!("{} files\n{}", circle.len(), lines.join("\n")));
            seen.extend(circle);
        }
        circles
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn join(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

fn parent(module: &str) -> String {
    module.rsplit_once("::").map_or(String::new(), |(parent, _)| parent.to_owned())
}

/// The module that a path leads to, through what modules hand on, and the name in it.
fn resolve(
    path: &str,
    modules: &BTreeSet<&str>,
    exports: &BTreeMap<String, String>,
) -> Option<(String, String)> {
    let mut path = path.to_owned();
    // A name that leads to itself ends this.
    for _ in 0..8 {
        if path.starts_with("extern ") {
            return Some((path, String::new()));
        }
        let ends = path.match_indices("::").map(|(at, _)| at).chain([path.len()]);
        let ends: Vec<_> = ends.collect();
        if let Some(end) = ends.iter().copied().find(|end| exports.contains_key(&path[..*end]))
            && !modules.contains(&path[..end])
        {
            path = format!("{}{}", exports[&path[..end]], &path[end..]);
            continue;
        }
        let end = ends.into_iter().rev().find(|end| modules.contains(&path[..*end]))?;
        let name = path[end..].trim_start_matches("::").to_owned();
        return Some((path[..end].to_owned(), name));
    }
    None
}

/// The paths that go on at a token with what stands before it, each with the name that it brings.
fn expand(tokens: &[&str], at: usize, base: String, found: &mut Vec<(String, String)>) -> usize {
    let last = |path: &str| path.rsplit("::").next().unwrap_or_default().to_owned();
    if tokens.get(at) != Some(&"::") {
        let (name, next) = match tokens.get(at) {
            Some(&"as") => (tokens[at + 1].to_owned(), at + 2),
            _ => (last(&base), at),
        };
        found.push((base, name));
        return next;
    }
    match tokens.get(at + 1) {
        Some(&"{") => {
            let mut at = at + 2;
            while let Some(token) = tokens.get(at).filter(|token| **token != "}") {
                at = match *token {
                    "," => at + 1,
                    "self" => expand(tokens, at + 1, base.clone(), found),
                    name => expand(tokens, at + 1, join(&base, name), found),
                };
            }
            at + 1
        }
        Some(&"super") => expand(tokens, at + 2, parent(&base), found),
        Some(name) if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
            expand(tokens, at + 2, join(&base, name), found)
        }
        // All names, or the parameters of a type.
        _ => {
            found.push((base.clone(), last(&base)));
            at + 1
        }
    }
}

/// The words and signs of a file's code, without comments, texts and tests.
fn tokens(text: &str) -> Vec<&str> {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let text = text.split("#[cfg(test)]\n#[expect").next().unwrap();
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == 'r' && rest[1..].trim_start_matches('#').starts_with('"') {
            let hashes = rest[1..].find('"').unwrap();
            let end = format!("\"{}", "#".repeat(hashes));
            let start = 1 + hashes + 1;
            rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
        } else if first == '"' {
            quoted(rest)
        } else if first == '\'' {
            // A character; else a lifetime's sign.
            let inner = rest[1..].chars().next().map_or(0, char::len_utf8);
            match rest.as_bytes() {
                [_, b'\\', ..] => rest[2..].find('\'').map_or(1, |at| at + 3).max(4),
                _ if rest[1 + inner..].starts_with('\'') => inner + 2,
                _ => 1,
            }
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(&rest[..end]);
            end
        } else if rest.starts_with("::") {
            tokens.push("::");
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(&rest[..first.len_utf8()]);
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of a text in quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return index + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

#[test]
fn what_is_wrong_is_found() {
    let files = [
        ("", "mod a; mod b; pub use b::Thing; pub use other::Far;"),
        ("a", "use crate::Thing; // use crate::b::no;\nfn f() -> &'static str { \"crate::b::no\" }"),
        ("b", "mod c;\nmod d;\npub(crate) use c::{Thing, make as new};\nuse crate::Far;"),
        ("b::c", "fn f<'a>() { let _ = ('\"', super::d::one()); }\nuse super::super::a::{self, X, y::{Z}};"),
        ("b::d", "use std::io;\n#[cfg(test)]\nmod tests { use super::super::a; }"),
        ("e", "use crate::nothing::X; use crate::b::new;"),
    ];
    let files: BTreeMap<_, _> =
        files.into_iter().map(|(module, text)| (module.to_owned(), text.to_owned())).collect();
    let imports = Imports::of(&files);
    assert_eq!(
        imports.against(&["b", "a", "e"]),
        ["b::c uses a: , X, y::Z", "e: `crate::nothing::X` is of no room"]
    );
    let names: Vec<_> = imports.edges.keys().map(|(from, to)| format!("{from} {to}")).collect();
    assert_eq!(names, ["a b::c", "b::c a", "b::c b::d", "e b::c"]);
    assert_eq!(imports.circles(), ["2 files\n  a uses b::c: Thing\n  b::c uses a: , X, y::Z"]);
}
