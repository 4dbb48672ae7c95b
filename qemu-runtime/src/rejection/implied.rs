//! Which argument a message is about that names none.

use super::argument::Argument;
use super::topic::topic;

/// What a message is about that names no argument, but something that only one has. What says more comes first.
pub(super) fn implied<'a>(line: &str, all: &[Argument<'a>]) -> Option<Argument<'a>> {
    option_in(line, all).or_else(|| subject(line, all)).or_else(|| match topic(line) {
        Some(options) => {
            let mut about =
                all.iter().rev().filter(|argument| options.iter().any(|is| is.holds_of(argument)));
            let last = about.next()?;
            // Of objects there may be several.
            (last.name != "-object" || about.next().is_none()).then_some(*last)
        }
        None => agreed(opinions(line, all)),
    })
}

/// `-append only allowed with -kernel option`. Not what QEMU proposes: `use -machine smbios-entry-point-type=64`.
fn option_in<'a>(line: &str, all: &[Argument<'a>]) -> Option<Argument<'a>> {
    const BEFORE: &[&str] =
        &["a", "current", "invalid", "of", "one", "option", "parameter", "the", "unknown"];

    let words = || line.split_whitespace().map(|word| word.trim_matches(is_quote));
    let before = std::iter::once("the").chain(words());
    let subjects = before.zip(words()).filter(|(before, _)| BEFORE.contains(&&*before.to_lowercase()));
    subjects.filter(|(_, word)| word.starts_with('-')).find_map(|(_, word)| {
        // What QEMU calls `-m` in one place.
        let name = if word == "-memory" { "-m" } else { word };
        let mut having = all.iter().rev().filter(|argument| argument.name == name);
        let last = having.next()?;
        (MERGED.contains(&name) || having.next().is_none()).then_some(*last)
    })
}

/// Options of which QEMU joins several to one, or takes the last.
const MERGED: &[&str] = &["-append", "-cpu", "-initrd", "-kernel", "-m", "-machine", "-M", "-smp"];

/// What has the id that a message is plainly about: `net0: can't use file descriptor 7`, `guest memory 'mem0'`,
/// `mem0 backing store size 0x100000 is too small`.
fn subject<'a>(line: &str, all: &[Argument<'a>]) -> Option<Argument<'a>> {
    let before = |mark| line.split_once(mark).map(|(before, _)| before);
    let memory = line.split_once("guest memory ").and_then(|(_, behind)| quoted(behind).next());
    [before(": "), before(" backing store "), memory].into_iter().flatten().find_map(|id| with_id(id, all))
}

fn with_id<'a>(id: &str, all: &[Argument<'a>]) -> Option<Argument<'a>> {
    all.iter().rev().find(|argument| argument.has_id(id)).copied()
}

/// The argument on which all agree that have an opinion.
fn agreed(opinions: Vec<Vec<Argument<'_>>>) -> Option<Argument<'_>> {
    let common =
        opinions.into_iter().filter(|opinion| !opinion.is_empty()).reduce(|mut common, opinion| {
            common.retain(|argument| opinion.contains(argument));
            common
        })?;
    match common.as_slice() {
        [argument] => Some(*argument),
        _ => None,
    }
}

/// The arguments that a name stands in, as it is written, or as one of their values, or which begin so: `-device e1000`.
fn having<'a>(name: &str, all: &[Argument<'a>]) -> Vec<Argument<'a>> {
    let begins = |argument: &Argument<'_>| {
        let first = argument.fields().next().map(|(_, own)| own).unwrap_or_default();
        format!("{} {first}", argument.name) == name
    };
    let has =
        |argument: &&Argument<'_>| argument.has(name) || argument.to_string() == name || begins(argument);
    all.iter().filter(has).copied().collect()
}

/// The default for a type of device: `can't apply global virtio-net-pci.mac=x: ...`. The device that QEMU may name before
/// that is any that has it.
pub(super) fn global<'a>(line: &str, all: &[Argument<'a>]) -> Option<Argument<'a>> {
    let (_, global) = line.split_once("can't apply global ")?;
    let is_it = |argument: &&Argument<'_>| {
        let field =
            |name| argument.fields().find(|(key, _)| *key == name).map(|(_, own)| own).unwrap_or_default();
        let long = || format!("{}.{}={}", field("driver"), field("property"), field("value"));
        let begins = |text: &str| global.strip_prefix(text).is_some_and(|rest| rest.starts_with(": "));
        argument.name == "-global" && (argument.value.is_some_and(begins) || begins(&long()))
    };
    all.iter().rev().find(is_it).copied()
}

/// The arguments that have each of the paths in a message, and of what it has in quotes.
fn named<'a>(line: &str, all: &[Argument<'a>]) -> Vec<Vec<Argument<'a>>> {
    let mut paths: Vec<(String, Vec<Argument<'a>>)> = Vec::new();
    for argument in all {
        let own = argument.fields().filter(|(_, own)| own.starts_with('/'));
        for (_, path) in own.filter(|(key, own)| mentions(line, own, *key == "dir")) {
            match paths.iter_mut().find(|(other, _)| *other == path) {
                Some((_, having)) => having.push(*argument),
                None => paths.push((path, vec![*argument])),
            }
        }
    }
    // One may be the beginning of another.
    paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    let (mut rest, mut named) = (line.to_owned(), Vec::new());
    for (path, having) in paths {
        if rest.contains(&path) {
            rest = rest.replace(&path, "");
            named.push(having);
        }
    }
    let names = quoted(&rest).filter(|name| !matches!(*name, "" | "on" | "off"));
    named.extend(names.map(|name| having(name, all)));
    named
}

/// Whether a path stands in a line, and not as a part of another. In a folder there may be something.
fn mentions(line: &str, path: &str, is_folder: bool) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '_');
    line.match_indices(path).any(|(at, _)| {
        let (before, behind) =
            (line.get(..at).unwrap_or_default(), line.get(at + path.len()..).unwrap_or_default());
        let goes_on = behind.starts_with(is_part)
            || behind.strip_prefix('.').is_some_and(|more| more.starts_with(char::is_alphanumeric));
        !before.ends_with(|c| is_part(c) || c == '.') && (!goes_on || (is_folder && behind.starts_with('/')))
    })
}

/// The arguments that have each of what a message names, or are of the type or have the property that it is about. One that
/// it misses the others have.
fn opinions<'a>(line: &str, all: &[Argument<'a>]) -> Vec<Vec<Argument<'a>>> {
    const MISSED: &[&str] = &[
        "issing",
        "must be given",
        "must be provided",
        "must be set",
        "must be specified",
        "must specify",
        "needs",
        "not set",
        "not specified",
        "required",
    ];

    let mut opinions = named(line, all);
    if !MISSED.iter().any(|phrase| line.contains(phrase)) {
        opinions.extend(traits(line).map(|word| with_trait(&word, all)));
    }
    opinions
}

/// The words of a message that may be a type or a property: in quotes, or with a hyphen in them. What a value is set to is
/// none.
fn traits(line: &str) -> impl Iterator<Item = String> {
    let hyphened = line
        .split_whitespace()
        .filter(|word| word.trim_matches(is_quote).trim_start_matches('-').contains('-'));
    let words = quoted(line).chain(hyphened).filter_map(|word| word.split('=').next());
    words
        .flat_map(|word| word.split(['.', '/', '|']))
        .map(|word| word.trim_matches(|c: char| is_quote(c) || matches!(c, ':' | ',' | '(' | ')')).to_owned())
}

/// The arguments of a type, or with a property, of those that QEMU reads apart from the others: it no longer knows then
/// which it is at.
fn with_trait<'a>(word: &str, all: &[Argument<'a>]) -> Vec<Argument<'a>> {
    const READ_APART: &[&str] = &["-global", "-object", "-cpu", "-machine", "-M", "-m", "-smp"];

    let has = |argument: &&Argument<'_>| {
        READ_APART.contains(&argument.name)
            && argument.fields().enumerate().any(|(index, (key, own))| match argument.name {
                "-global" => key.rsplit('.').next() == Some(word) || (key == "property" && own == word),
                "-object" if index == 0 && own == word => true,
                _ => key == word && !matches!(key, "" | "id" | "qom-type"),
            })
    };
    all.iter().filter(has).copied().collect()
}

/// What a line has in quotes, which an apostrophe is not.
pub(super) fn quoted(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find(is_quote)?;
            let (before, from) = rest.split_at(at);
            let open = from.chars().next()?;
            let inside = from.get(open.len_utf8()..)?;
            let is_apostrophe = before.ends_with(char::is_alphanumeric);
            let close = match open {
                '`' => '\'',
                '“' => '”',
                other => other,
            };
            if let (false, Some((inside, behind))) = (is_apostrophe, inside.split_once(close)) {
                rest = behind;
                return Some(inside);
            }
            rest = inside;
        }
    })
}

const fn is_quote(c: char) -> bool {
    matches!(c, '\'' | '"' | '`' | '“' | '”')
}
