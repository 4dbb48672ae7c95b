//! From text to a syntax tree.
//!
//! The grammar is total, so parsing never fails: what is wrong becomes a diagnostic, and the rest a tree. The tree
//! borrows from the text and knows nothing of QEMU.

use std::borrow::Cow;

use pest::Parser as _;
use pest::iterators::Pair;

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::source::begins_anew;

// Inside a module of its own, because the derive makes `Rule` as public as the parser.
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/vm.pest"]
    pub(super) struct Grammar;
}
use grammar::{Grammar, Rule};

/// A word of the source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'s> {
    pub(crate) text: &'s str,
    pub(crate) span: Span,
}

/// A part of a quoted string.
#[derive(Clone, Debug)]
pub(crate) enum Part<'s> {
    Text(Cow<'s, str>),
    Hole(Word<'s>),
}

/// A value as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Value<'s> {
    pub(crate) span: Span,
    pub(crate) form: ValueForm<'s>,
}

impl Value<'_> {
    /// Its text, where it has no holes.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.form {
            ValueForm::Bare(text) => Some(text),
            ValueForm::Quoted(parts) => match parts.as_slice() {
                [] => Some(""),
                [Part::Text(text)] => Some(text),
                _ => None,
            },
            ValueForm::Hole(_) | ValueForm::Broken => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum ValueForm<'s> {
    Bare(&'s str),
    Quoted(Vec<Part<'s>>),
    Hole(Word<'s>),
    /// It has been reported already.
    Broken,
}

/// What stands behind a statement's heads.
#[derive(Clone, Debug)]
pub(crate) enum Item<'s> {
    /// `name=value`. The value is absent where it was forgotten.
    Option { name: Word<'s>, value: Option<Value<'s>> },
    /// `name`
    Flag(Word<'s>),
    /// `+name` or `-name`
    Feature { on: bool, name: Word<'s> },
    /// A value where none can stand.
    Loose(Value<'s>),
}

impl Item<'_> {
    pub(crate) fn span(&self) -> Span {
        match self {
            Item::Option { name, value } => {
                value.as_ref().map_or(name.span, |value| name.span.to(value.span))
            }
            Item::Flag(name) => name.span,
            Item::Feature { name, .. } => Span::new(name.span.start.saturating_sub(1), name.span.end),
            Item::Loose(value) => value.span,
        }
    }
}

/// `param name: type = default`
#[derive(Clone, Debug)]
pub(crate) struct Parameter<'s> {
    pub(crate) name: Word<'s>,
    pub(crate) kind: Option<Word<'s>>,
    pub(crate) default: Option<Value<'s>>,
}

/// A statement. Without a keyword it is what stands where a statement should begin.
#[derive(Clone, Debug)]
pub(crate) struct Statement<'s> {
    pub(crate) keyword: Option<Word<'s>>,
    pub(crate) kind: Option<Word<'s>>,
    pub(crate) heads: Vec<Value<'s>>,
    pub(crate) parameter: Option<Parameter<'s>>,
    pub(crate) items: Vec<Item<'s>>,
    /// Whether something in it made no sense and has been reported: nothing is said about what seems missing then.
    pub(crate) broken: bool,
}

impl Statement<'_> {
    const fn empty() -> Self {
        Self {
            keyword: None,
            kind: None,
            heads: Vec::new(),
            parameter: None,
            items: Vec::new(),
            broken: false,
        }
    }
}

/// The statements of a text.
#[derive(Debug)]
pub(crate) struct Tree<'s> {
    pub(crate) statements: Vec<Statement<'s>>,
}

/// Parses `source`. Its length must fit a [`Span`].
pub(crate) fn parse<'s>(source: &'s str, diagnostics: &mut Vec<Diagnostic>) -> Tree<'s> {
    let mut reader = Reader { source, diagnostics, previous_end: 0 };
    let mut tree = Tree { statements: Vec::new() };
    match Grammar::parse(Rule::file, source) {
        Ok(pairs) => {
            for file in pairs {
                reader.file(file, &mut tree);
            }
        }
        // The grammar is total (a property test holds it to that). Should it ever not be, that is an error of the
        // text to its author, not a crash.
        Err(error) => {
            let at = match error.location {
                pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at as u32,
            };
            reader.diagnostics.push(
                Diagnostic::error(Code::UnexpectedText, "cannot make sense of this").at(Span::new(at, at)),
            );
        }
    }
    tree
}

struct Reader<'s, 'd> {
    source: &'s str,
    diagnostics: &'d mut Vec<Diagnostic>,
    /// Where the value, word or item before ended: what begins there lacks white space.
    previous_end: u32,
}

fn span(pair: &Pair<'_, Rule>) -> Span {
    let span = pair.as_span();
    Span::new(span.start() as u32, span.end() as u32)
}

fn word<'s>(pair: &Pair<'s, Rule>) -> Word<'s> {
    Word { text: pair.as_str(), span: span(pair) }
}

impl<'s> Reader<'s, '_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn file(&mut self, file: Pair<'s, Rule>, tree: &mut Tree<'s>) {
        let mut open = None;
        let mut close = None;
        // Items that no keyword precedes, up to the next statement or `;`.
        let mut orphan: Option<Statement<'s>> = None;
        for pair in file.into_inner() {
            match pair.as_rule() {
                Rule::open_angle => open = Some(span(&pair)),
                Rule::close_angle => close = Some(span(&pair)),
                Rule::semicolon => tree.statements.extend(orphan.take()),
                Rule::statement => {
                    tree.statements.extend(orphan.take());
                    let statement = self.statement(pair);
                    tree.statements.push(statement);
                }
                Rule::open_comment | Rule::nested_comment => self.comment(&pair),
                Rule::EOI => {}
                _ => {
                    let at = span(&pair).start;
                    let first = orphan.as_ref().and_then(|orphan| orphan.items.first());
                    if first.is_some_and(|first| begins_anew(self.source, at, first.span().start)) {
                        tree.statements.extend(orphan.take());
                    }
                    let statement = orphan.get_or_insert_with(Statement::empty);
                    self.item(pair, statement);
                }
            }
        }
        tree.statements.extend(orphan);
        match (open, close) {
            (Some(open), None) => self.report(
                Diagnostic::error(Code::UnbalancedAngle, "`<` without its `>`").at(open).help(
                    Remedy::new("end the text with `>`, or leave out both")
                        .insert(self.source.len() as u32, "\n>")
                        .remove(open),
                ),
            ),
            (None, Some(close)) => self.report(
                Diagnostic::error(Code::UnbalancedAngle, "`>` without its `<`")
                    .at(close)
                    .help(Remedy::new("begin the text with `<`, or leave out both").remove(close)),
            ),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    fn statement(&mut self, pair: Pair<'s, Rule>) -> Statement<'s> {
        let mut statement = Statement::empty();
        self.previous_end = 0;
        for pair in pair.into_inner() {
            match pair.as_rule() {
                Rule::with_kind
                | Rule::with_kind_and_value
                | Rule::with_value
                | Rule::with_texts
                | Rule::with_type
                | Rule::alone
                | Rule::reserved => statement.keyword = Some(word(&pair)),
                Rule::kind => statement.kind = Some(word(&pair)),
                Rule::parameter_name => {
                    statement.parameter = Some(Parameter { name: word(&pair), kind: None, default: None });
                }
                Rule::parameter_type => {
                    if let Some(parameter) = &mut statement.parameter {
                        parameter.kind = Some(word(&pair));
                    }
                }
                Rule::open_comment | Rule::nested_comment => self.comment(&pair),
                Rule::positional | Rule::text => {
                    self.previous_end = span(&pair).end;
                    for pair in pair.into_inner() {
                        let value = self.value(pair);
                        statement.heads.push(value);
                    }
                }
                Rule::parameter_default => {
                    self.previous_end = span(&pair).end;
                    for pair in pair.into_inner() {
                        let value = self.value(pair);
                        if let Some(parameter) = &mut statement.parameter {
                            parameter.default = Some(value);
                        }
                    }
                }
                _ => self.item(pair, &mut statement),
            }
        }
        statement
    }

    fn comment(&mut self, pair: &Pair<'s, Rule>) {
        let at = span(pair);
        let opening = Span::new(at.start, at.start + 2);
        self.report(if pair.as_rule() == Rule::open_comment {
            Diagnostic::error(Code::UnterminatedComment, "this comment does not end")
                .at(opening)
                .help(Remedy::new("end it with `*/`").insert(self.line_end(at.start), " */"))
        } else {
            Diagnostic::error(Code::NestedComment, "a comment opens inside a comment")
                .at(opening)
                .help("comments don't nest in files: end the outer one first, or use `//`")
        });
    }

    fn item(&mut self, pair: Pair<'s, Rule>, statement: &mut Statement<'s>) {
        if matches!(pair.as_rule(), Rule::open_comment | Rule::nested_comment) {
            return self.comment(&pair);
        }
        let at = span(&pair);
        // One syntax error a statement: what follows it is most often its consequence.
        let quiet = statement.broken;
        // What touches a stray character belongs to the same mistake.
        if quiet && at.start == self.previous_end && pair.as_rule() != Rule::stray {
            self.previous_end = at.end;
            return;
        }
        if at.start == self.previous_end && at.start > 0 && !quiet && pair.as_rule() != Rule::stray {
            statement.broken = true;
            self.report(
                Diagnostic::error(Code::QuoteIt, "white space is missing before this").at(at).help(
                    Remedy::new(
                        "separate options with spaces; a value that mixes text and quotes is quoted as a whole",
                    )
                    .insert(at.start, " "),
                ),
            );
        }
        match pair.as_rule() {
            Rule::option => {
                let mut name = None;
                let mut value = None;
                for pair in pair.into_inner() {
                    match pair.as_rule() {
                        Rule::option_name => name = Some(word(&pair)),
                        Rule::open_comment | Rule::nested_comment => self.comment(&pair),
                        _ => value = Some(self.value(pair)),
                    }
                }
                if let Some(name) = name {
                    statement.items.push(Item::Option { name, value });
                }
            }
            Rule::feature => {
                let mut on = true;
                for pair in pair.into_inner() {
                    if pair.as_rule() == Rule::feature_sign {
                        on = pair.as_str() == "+";
                    } else {
                        statement.items.push(Item::Feature { on, name: word(&pair) });
                    }
                }
            }
            Rule::flag => statement.items.push(Item::Flag(word(&pair))),
            Rule::loose => {
                for pair in pair.into_inner() {
                    let value = self.value(pair);
                    statement.items.push(Item::Loose(value));
                }
            }
            _ => {
                statement.broken = true;
                if !quiet {
                    let diagnostic = self.stray(pair.as_str(), at);
                    self.report(diagnostic);
                }
            }
        }
        self.previous_end = at.end;
    }

    fn stray(&self, text: &str, at: Span) -> Diagnostic {
        match text {
            "," => Diagnostic::error(Code::Comma, "a comma separates nothing here")
                .at(at)
                .help(Remedy::new("separate options with spaces, or quote the value").replace(at, " ")),
            "{" => Diagnostic::error(Code::BadHole, "`{` does not begin a hole")
                .at(at)
                .help("a hole is a name in braces, such as `{disk}`; text with braces is quoted"),
            _ => Diagnostic::error(Code::UnexpectedText, format!("unexpected `{}`", text.escape_debug()))
                .at(at)
                .help(self.quoted(at).into_iter().fold(
                    Remedy::new("a value with such a character is quoted"),
                    |remedy, (value, quoted)| remedy.replace(value, quoted),
                )),
        }
    }

    /// Where the line ends that `at` is in.
    fn line_end(&self, at: u32) -> u32 {
        let rest = self.source.get(at as usize..).unwrap_or_default();
        at + rest.find(['\n', '\r']).unwrap_or(rest.len()) as u32
    }

    /// The value that `at` is part of, up to white space and `=` at its left, and how it is quoted. None where what it
    /// is part of has quotes or holes.
    fn quoted(&self, at: Span) -> Option<(Span, String)> {
        let (before, rest) = self.source.split_at_checked(at.start as usize)?;
        let before = before.rsplit(|c: char| c.is_whitespace() || c == ';').next()?;
        let start = at.start - (before.len() - before.find('=').map_or(0, |equals| equals + 1)) as u32;
        let end = at.start + rest.find(|c: char| c.is_whitespace() || c == ';').unwrap_or(rest.len()) as u32;
        let value = self.source.get(start as usize..end as usize)?;
        let is_plain = !value.contains(['"', '{', '}', ';']) && !value.contains("//");
        is_plain.then(|| (Span::new(start, end), quote(value)))
    }

    fn value(&mut self, pair: Pair<'s, Rule>) -> Value<'s> {
        let at = span(&pair);
        let form = match pair.as_rule() {
            Rule::bare => ValueForm::Bare(pair.as_str()),
            Rule::hole => hole(pair).map_or(ValueForm::Broken, ValueForm::Hole),
            Rule::string | Rule::raw_string => self.string(pair),
            Rule::mixed => {
                self.report(
                    Diagnostic::error(Code::QuoteIt, "text and holes without quotes").at(at).help(
                        Remedy::new(format!("quote it: `\"{}\"`", pair.as_str()))
                            .replace(at, quote(pair.as_str())),
                    ),
                );
                ValueForm::Broken
            }
            Rule::open_raw_string => {
                let hashes = pair.as_str().chars().skip(1).take_while(|c| *c == '#').count();
                self.report(
                    Diagnostic::error(Code::UnterminatedString, "this raw string does not end")
                        .at(Span::new(at.start, at.start + 2 + hashes as u32))
                        .help(
                            Remedy::new(format!("end it with `\"{}`", "#".repeat(hashes)))
                                .insert(self.line_end(at.start), format!("\"{}", "#".repeat(hashes))),
                        ),
                );
                ValueForm::Broken
            }
            _ => {
                let end = self.line_end(at.start);
                self.report(
                    Diagnostic::error(Code::UnterminatedString, "this string does not end")
                        .at(Span::new(at.start, end))
                        .help(
                            Remedy::new(
                                "end it with its closing quote on the same line; `\\n` stands for a line end",
                            )
                            .insert(end, "\""),
                        ),
                );
                ValueForm::Broken
            }
        };
        Value { span: at, form }
    }

    fn string(&mut self, pair: Pair<'s, Rule>) -> ValueForm<'s> {
        let mut parts: Vec<Part<'s>> = Vec::new();
        let mut broken = false;
        for pair in pair.into_inner() {
            let at = span(&pair);
            let text = pair.as_str();
            match pair.as_rule() {
                Rule::string_text | Rule::raw_text => push(&mut parts, Cow::Borrowed(text)),
                Rule::brace => push(&mut parts, Cow::Borrowed(text.get(1..).unwrap_or(text))),
                Rule::hole => parts.extend(hole(pair).map(Part::Hole)),
                Rule::bad_brace => {
                    broken = true;
                    self.report(
                        Diagnostic::error(Code::BadHole, format!("`{text}` alone in a string")).at(at).help(
                            Remedy::new(format!("write `{text}{text}` for a brace, `{{name}}` for a hole"))
                                .insert(at.start, text),
                        ),
                    );
                }
                _ => match unescape(text) {
                    Some(character) => push(&mut parts, Cow::Owned(character.to_string())),
                    None => {
                        broken = true;
                        self.report(
                            Diagnostic::error(Code::BadEscape, format!("unknown escape `{text}`"))
                                .at(at)
                                .help(
                                    Remedy::new(
                                        r#"the escapes are Rust's: \n \r \t \\ \0 \" \' \x41 \u{e9}"#,
                                    )
                                    .insert(at.start, "\\"),
                                ),
                        );
                    }
                },
            }
        }
        if broken { ValueForm::Broken } else { ValueForm::Quoted(parts) }
    }
}

/// What is written bare, holes and all, as a string.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\"))
}

fn push<'s>(parts: &mut Vec<Part<'s>>, text: Cow<'s, str>) {
    if let Some(Part::Text(last)) = parts.last_mut() {
        last.to_mut().push_str(&text);
    } else {
        parts.push(Part::Text(text));
    }
}

fn hole<'s>(pair: Pair<'s, Rule>) -> Option<Word<'s>> {
    pair.into_inner().find(|pair| pair.as_rule() == Rule::hole_name).map(|pair| word(&pair))
}

/// The character of an escape, without which a `\u{...}` names none.
fn unescape(text: &str) -> Option<char> {
    let code = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    match text.strip_prefix('\\')? {
        "n" => Some('\n'),
        "r" => Some('\r'),
        "t" => Some('\t'),
        "0" => Some('\0'),
        rest @ ("\\" | "'" | "\"") => rest.chars().next(),
        rest => match (rest.strip_prefix('x'), rest.strip_prefix("u{")) {
            (Some(digits), _) if digits.len() == 2 => code(digits),
            (_, Some(digits)) => code(digits.strip_suffix('}')?),
            _ => None,
        },
    }
}
