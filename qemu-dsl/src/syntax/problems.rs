//! What is wrong with the form of a text, and what to do about it.

use super::tree::{Item, Word};
use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Fix, Help, Remedy};
use crate::source::spell;
use crate::value::shown;

pub(super) fn not_total(at: u32) -> Diagnostic {
    Diagnostic::error(Code::UnexpectedText, "cannot make sense of this").at(Span::new(at, at))
}

pub(super) fn open_angle(open: Span, source: &str) -> Diagnostic {
    Diagnostic::error(Code::UnbalancedAngle, "`<` without its `>`").at(open).help(
        Remedy::new("end the text with `>`, or leave out both")
            .insert(source.len() as u32, "\n>")
            .remove(open),
    )
}

pub(super) fn close_angle(close: Span) -> Diagnostic {
    Diagnostic::error(Code::UnbalancedAngle, "`>` without its `<`")
        .at(close)
        .help(Remedy::new("begin the text with `<`, or leave out both").remove(close))
}

pub(super) fn open_block(brace: Span, source: &str) -> Diagnostic {
    Diagnostic::error(Code::UnexpectedText, "this block does not end")
        .at(brace)
        .help(Remedy::new("end it with `}`").insert(source.len() as u32, "\n}"))
}

/// How blocks are written.
const BLOCKS: &str = "a block is written `if {debug} { ... } else { ... }`, or `for disk in {disks} { ... }`";

/// An `else` that belongs to no `if`.
pub(super) fn lone_else(word: Word<'_>) -> Diagnostic {
    Diagnostic::error(Code::BadBlock, "this `else` follows no `if`")
        .at(word.span)
        .help("let it stand directly behind the `}` of an `if` or an `else if`")
}

/// An `in` that belongs to no loop.
pub(super) fn lone_in(word: Word<'_>) -> Diagnostic {
    Diagnostic::error(Code::BadBlock, "this `in` belongs to no loop")
        .at(word.span)
        .help("write `for disk in {disks} { ... }`; quote it if it is meant as a value")
}

/// A loop without its variable or its `in`.
pub(super) fn bad_loop(word: Word<'_>, source: &str) -> Diagnostic {
    let behind = source.get(word.span.end as usize..).and_then(|behind| behind.split_once('{'));
    let message = if behind.is_some_and(|(_, hole)| hole.starts_with('!')) {
        "a loop goes through a list, and `!` is for conditions"
    } else {
        "a loop names what each round is about"
    };
    Diagnostic::error(Code::BadBlock, message).at(word.span).help("write `for disk in {disks} { ... }`")
}

/// What doesn't decide about a block. `meant` is what stands where a condition or a list should.
pub(super) fn no_condition(word: Word<'_>, is_loop: bool, meant: Option<Span>, source: &str) -> Diagnostic {
    let what = if is_loop { "the list of a loop" } else { "the condition of an `if`" };
    let diagnostic = Diagnostic::error(Code::BadBlock, format!("{what} stands in braces"));
    let Some(at) = meant else { return diagnostic.at(word.span).help(BLOCKS) };
    let inside = text(source, at);
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c))
    };
    let diagnostic = diagnostic.at(at);
    // `(debug)`, `!{debug}`; but a call is no name.
    let is_call = inside.contains("()") || inside.contains('(') && !inside.starts_with(['(', '!']);
    let bare: String = inside.chars().filter(|c| !"(){} \t".contains(*c)).collect();
    let (negated, name) = match bare.strip_prefix('!').or_else(|| bare.strip_prefix("not")) {
        Some(name) if is_name(name) && !is_name(inside) => ("!", name),
        _ => ("", bare.as_str()),
    };
    let is_joined = |signs: [&str; 2]| signs.into_iter().any(|sign| inside.contains(sign));
    if is_name(name) && !is_call && (!is_loop || negated.is_empty()) {
        let fixed = format!("{{{negated}{name}}}");
        return diagnostic.help(Remedy::new(format!("put braces round it: `{fixed}`")).replace(at, fixed));
    }
    let otherwise = if is_loop {
        "declare it: `param numbers: list of int`, and go through it: `for n in {numbers} { ... }`"
    } else if is_joined(["&&", "} and {"]) {
        "let one stand in the other: `if {a} { if {b} { ... } }`"
    } else if is_joined(["||", "} or {"]) {
        "declare a parameter that says it, as nothing joins two here"
    } else {
        "name a parameter, `{debug}`, or its contrary, `{!debug}`; values are not compared here"
    };
    let inside = inside.split_whitespace().collect::<Vec<_>>().join(" ");
    diagnostic.help(Help::Braces { inside: inside.into(), otherwise })
}

/// `elif {quiet} { ... }`
pub(super) fn written_as(word: Word<'_>, meant: &str) -> Diagnostic {
    Diagnostic::error(Code::BadBlock, format!("`{}` is written `{meant}` here", word.text))
        .at(word.span)
        .help(Remedy::new(format!("write `{meant}`")).replace(word.span, meant))
}

/// `for {disk} in {disks}`
pub(super) fn variable_in_braces(at: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::BadBlock, "the variable of a loop stands without braces")
        .at(at)
        .help(Remedy::new(format!("write `{name}`")).replace(at, name))
}

/// `param disks: [path]`, `param disks: list path`, `param iso?: path`
pub(super) fn other_type(at: Span, name: &str, source: &str) -> Diagnostic {
    let written = text(source, at);
    let mut words = written.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let of = ["list", "optional", "maybe", "option", "array", "vec", "set"];
    let kind = words.rfind(|word| !word.is_empty() && !of.contains(&word.to_ascii_lowercase().as_str()));
    let kind = kind.unwrap_or("path");
    let is_maybe =
        written.contains('?') || written.to_ascii_lowercase().contains("opt") || written.starts_with("maybe");
    let meant = if is_maybe { format!("{kind}?") } else { format!("list of {kind}") };
    let what = if is_maybe { "a value that may be absent" } else { "a list" };
    let diagnostic =
        Diagnostic::error(Code::ParameterType, format!("the type of {what} is written otherwise"));
    let help = Remedy::new(format!("write `param {name}: {meant}`"));
    diagnostic.at(at).help(if written.starts_with(['?', ':']) {
        help.replace(at, format!(": {meant}"))
    } else {
        help.replace(at, meant)
    })
}

/// `["/a", "/b"]`
pub(super) fn other_list(at: Span, values: &[&str]) -> Diagnostic {
    let help = Remedy::new("write them side by side, in quotes: `= \"/a\" \"/b\"`");
    Diagnostic::error(Code::ParameterType, "the values of a list stand in no brackets")
        .at(at)
        .help(if values.is_empty() { help } else { help.replace(at, values.join(" ")) })
}

/// `include` without what it includes, or with what can't be it: `at`.
pub(super) fn no_file(word: Word<'_>, at: Option<Span>) -> Diagnostic {
    let message = match at {
        Some(_) => "which file is included can't hang on a value",
        None => "`include` needs a file's path",
    };
    Diagnostic::error(Code::BadInclude, message)
        .at(at.unwrap_or(word.span))
        .help("write it out, in quotes if need be: `include \"common.vm\"`")
}

/// What stands behind the file that is included.
pub(super) fn behind_file(item: &Item<'_>, source: &str) -> Diagnostic {
    let at = item.span();
    let is_path = match item {
        Item::Loose(value) => value.text().is_some(),
        Item::Flag(word) => word.text.contains(['.', '/']),
        Item::Option { .. } | Item::Feature { .. } => false,
    };
    let help = if is_path {
        Remedy::new(format!("include it, too: `include {}`", text(source, at))).insert(at.start, "include ")
    } else {
        "say what is different by statements of its own behind it: `memory 4G`".into()
    };
    Diagnostic::error(Code::UnexpectedText, "nothing can follow the file that is included").at(at).help(help)
}

/// What has no block behind it, but this perhaps.
pub(super) fn no_block(word: Word<'_>, behind: Option<Span>, source: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::BadBlock, format!("`{}` without a block behind it", word.text)).at(word.span);
    let Some(behind) =
        behind.filter(|behind| text(source, *behind).starts_with(|c: char| c.is_ascii_alphabetic()))
    else {
        return diagnostic.help(BLOCKS);
    };
    let meant = text(source, behind);
    let braces = Fix::default().insert(behind.start, "{ ").insert(behind.end, " }");
    diagnostic.help(Remedy::new(format!("put braces round what is meant: `{{ {meant} }}`")).or(braces))
}

/// Blocks in blocks in blocks.
pub(super) fn too_deep(brace: Span, most: usize) -> Diagnostic {
    Diagnostic::error(Code::BadBlock, format!("blocks stand in each other more than {most} deep"))
        .at(brace)
        .help("let fewer of them stand in each other")
}

/// `file={!disk}`
pub(super) fn stray_not(at: Span) -> Diagnostic {
    Diagnostic::error(Code::BadHole, "`!` stands in a condition alone")
        .at(at)
        .help(Remedy::new("leave it out").remove(at))
}

pub(super) fn open_comment(at: Span, source: &str) -> Diagnostic {
    Diagnostic::error(Code::UnterminatedComment, "this comment does not end")
        .at(Span::new(at.start, at.start + 2))
        .help(Remedy::new("end it with `*/`").insert(line_end(source, at.start), " */"))
}

pub(super) fn nested_comment(at: Span) -> Diagnostic {
    Diagnostic::error(Code::NestedComment, "a comment opens inside a comment")
        .at(at)
        .help("comments don't nest in files: end the outer one first, or use `//`")
}

/// A keyword that is taken as the value of the statement before it.
pub(super) fn reads_as_value(word: Word<'_>, what: &str, keyword: &str) -> Diagnostic {
    let Word { text, span } = word;
    Diagnostic::warning(Code::ReadsAsValue, format!("`{text}` is taken as the {what} of `{keyword}`"))
        .at(span)
        .help(
            Remedy::new(format!("quote it; for the statement `{text}`, write the {what} before it"))
                .replace(span, format!("\"{text}\"")),
        )
}

/// What begins directly behind something else.
pub(super) fn touching(at: Span) -> Diagnostic {
    let help = "separate options with spaces; a value that mixes text and quotes is quoted as a whole";
    Diagnostic::error(Code::QuoteIt, "white space is missing before this")
        .at(at)
        .help(Remedy::new(help).insert(at.start, " "))
}

/// Commas that stand between options.
pub(super) fn commas(all: &[Span], source: &str) -> Option<Diagnostic> {
    let is_followed = |at: &Span| {
        let next = source.get(at.end as usize..).and_then(|rest| rest.chars().next());
        next.is_some_and(|next| !next.is_whitespace())
    };
    let fix =
        all.iter().fold(Fix::default(), |fix, at| fix.replace(*at, if is_followed(at) { " " } else { "" }));
    Some(
        Diagnostic::error(Code::Comma, "a comma separates nothing here")
            .at(*all.first()?)
            .help(Remedy::new("separate options with spaces, or quote the value").or(fix)),
    )
}

/// `# a comment of a shell's`
pub(super) fn comment(at: Span) -> Diagnostic {
    Diagnostic::error(Code::UnexpectedText, "`#` begins no comment")
        .at(Span::new(at.start, at.start + 1))
        .help(
            Remedy::new("comments begin with `//`, or stand between `/*` and `*/`")
                .replace(Span::new(at.start, at.start + 1), "//"),
        )
}

/// `#[cfg(unix)]`
pub(super) fn attribute(at: Span, source: &str) -> Diagnostic {
    if text(source, at).starts_with("#!") {
        return Diagnostic::error(Code::UnexpectedText, "the text has no attributes")
            .at(at)
            .help(Remedy::new(Help::SetLevels).remove(at));
    }
    Diagnostic::error(Code::UnexpectedText, "a statement has no attributes").at(at).help(
        Remedy::new(
            "leave it out: it can't hang on the program's configuration whether a statement is there",
        )
        .remove(at),
    )
}

/// `concat!("/srv/", "x")`
pub(super) fn macro_call(at: Span, source: &str) -> Diagnostic {
    let name = text(source, at).split('!').next().unwrap_or_default();
    Diagnostic::error(Code::UnexpectedText, format!("`{name}!` is not expanded here"))
        .at(at)
        .help("a value is text: write what the macro would make of it")
}

/// `'two words'`
pub(super) fn single_quotes(at: Span, source: &str) -> Diagnostic {
    let inside = text(source, at).trim_matches('\'');
    let quoted = spell(inside);
    Diagnostic::error(Code::QuoteIt, "`'` quotes nothing here")
        .at(at)
        .help(Remedy::new(format!("write `{quoted}`")).replace(at, quoted.clone()))
}

/// A character that begins nothing.
pub(super) fn stray(at: Span, source: &str) -> Diagnostic {
    match text(source, at) {
        "{" => Diagnostic::error(Code::BadHole, "`{` does not begin a hole")
            .at(at)
            .help("a hole is a name in braces, such as `{disk}`; text with braces is quoted"),
        // No value begins or ends with one by mistake.
        "}" if value_ends(at, source) => Diagnostic::error(Code::UnexpectedText, "this `}` ends no block")
            .at(at)
            .help(Remedy::new("leave it out").remove(at)),
        stray => {
            let help = match value_around(at, source) {
                Some(value) if value == at => {
                    Remedy::new("leave it out; a value with such a character is quoted").remove(at)
                }
                Some(value) if is_balanced(text(source, value)) => {
                    Remedy::new("a value with such a character is quoted")
                        .replace(value, quote(text(source, value)))
                }
                Some(_) | None => "a value with such a character is quoted".into(),
            };
            Diagnostic::error(Code::UnexpectedText, format!("unexpected `{}`", shown(stray)))
                .at(at)
                .help(help)
        }
    }
}

/// Text and holes that touch.
pub(super) fn mixed(at: Span, source: &str) -> Diagnostic {
    let value = text(source, at);
    let mixed = Diagnostic::error(Code::QuoteIt, "text and holes without quotes").at(at);
    if value.contains("${") {
        let value = quote(&value.replace("${", "{"));
        let help = format!("quote it, without the `$` of a shell's: `{value}`");
        return mixed.help(Remedy::new(help).replace(at, value));
    }
    mixed.help(Remedy::new(format!("quote it: `\"{value}\"`")).replace(at, quote(value)))
}

pub(super) fn open_string(at: Span, source: &str) -> Diagnostic {
    let end = line_end(source, at.start);
    let help = "end it with its closing quote on the same line; `\\n` stands for a line end";
    Diagnostic::error(Code::UnterminatedString, "this string does not end")
        .at(Span::new(at.start, end))
        .help(Remedy::new(help).insert(end, "\""))
}

pub(super) fn open_raw_string(at: Span, source: &str) -> Diagnostic {
    let hashes = text(source, at).chars().skip(1).take_while(|c| *c == '#').count();
    let close = format!("\"{}", "#".repeat(hashes));
    Diagnostic::error(Code::UnterminatedString, "this raw string does not end")
        .at(Span::new(at.start, at.start + 2 + hashes as u32))
        .help(Remedy::new(format!("end it with `{close}`")).insert(line_end(source, at.start), close))
}

/// A brace in a string that is neither doubled nor a hole's.
pub(super) fn brace(at: Span, brace: &str) -> Diagnostic {
    let help = format!("write `{brace}{brace}` for a brace, `{{name}}` for a hole");
    Diagnostic::error(Code::BadHole, format!("`{brace}` alone in a string"))
        .at(at)
        .help(Remedy::new(help).insert(at.start, brace))
}

pub(super) fn escape(at: Span, escape: &str) -> Diagnostic {
    let help = r#"the escapes are Rust's: \n \r \t \\ \0 \" \' \x41 \u{e9}"#;
    // Behind a `\` that is text, braces are a hole's.
    let text = format!("\\{}", escape.replace('{', "{{").replace('}', "}}"));
    Diagnostic::error(Code::BadEscape, format!("unknown escape `{escape}`"))
        .at(at)
        .help(Remedy::new(help).replace(at, text))
}

fn text(source: &str, at: Span) -> &str {
    source.get(at.start as usize..at.end as usize).unwrap_or_default()
}

/// Where the line ends that `at` is in.
fn line_end(source: &str, at: u32) -> u32 {
    let rest = source.get(at as usize..).unwrap_or_default();
    at + rest.find(['\n', '\r']).unwrap_or(rest.len()) as u32
}

/// Whether nothing but white space or the end of something is at both sides.
fn value_ends(at: Span, source: &str) -> bool {
    let is_end = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '{' | '}'));
    let before = source.get(..at.start as usize).and_then(|before| before.chars().next_back());
    let behind = source.get(at.end as usize..).and_then(|behind| behind.chars().next());
    is_end(before) && is_end(behind)
}

/// The value that `at` is part of, up to white space and `=` at its left. None where what it is part of has quotes or
/// holes.
fn value_around(at: Span, source: &str) -> Option<Span> {
    let (before, rest) = source.split_at_checked(at.start as usize)?;
    let before = before.rsplit(|c: char| c.is_whitespace() || c == ';').next()?;
    let start = at.start - (before.len() - before.find('=').map_or(0, |equals| equals + 1)) as u32;
    let end = at.start + rest.find(|c: char| c.is_whitespace() || c == ';').unwrap_or(rest.len()) as u32;
    let value = source.get(start as usize..end as usize)?;
    let is_plain = !value.contains(['"', '{', '}', ';']) && !value.contains("//");
    is_plain.then_some(Span::new(start, end))
}

/// Whether no bracket opens without its end: a list of several words is no value.
fn is_balanced(value: &str) -> bool {
    let count = |c| value.matches(c).count();
    [('(', ')'), ('[', ']'), ('<', '>')].into_iter().all(|(open, close)| count(open) <= count(close))
}

/// What is written bare, holes and all, as a string.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\"))
}
