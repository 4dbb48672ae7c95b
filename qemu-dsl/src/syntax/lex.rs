//! From text to tokens, by the grammar.

use std::borrow::Cow;

use pest::Parser as _;
use pest::error::InputLocation;
use pest::iterators::Pair;

use super::parser::{Grammar, Rule};
use super::problems;
use super::token::{Kind, Token};
use super::tree::{Part, Word};
use crate::Span;
use crate::diagnostic::Diagnostic;

/// The tokens of a text.
pub(super) struct Lexed<'s> {
    pub(super) tokens: Vec<Token>,
    /// The strings that have more than text between their quotes, in their order.
    pub(super) strings: Vec<Interpolated<'s>>,
}

/// A string with escapes or holes.
pub(super) struct Interpolated<'s> {
    pub(super) start: u32,
    pub(super) parts: Vec<Part<'s>>,
    /// What is wrong inside it.
    pub(super) problems: Vec<Diagnostic>,
}

/// Parts what stands in `source` from `start` on into tokens. What is wrong with its comments is reported.
pub(super) fn lex<'s>(source: &'s str, start: u32, diagnostics: &mut Vec<Diagnostic>) -> Lexed<'s> {
    let mut lexer = Lexer {
        source,
        start,
        tokens: Vec::with_capacity(source.len() / LETTERS_A_TOKEN),
        strings: Vec::new(),
        word: None,
        end: start,
        diagnostics,
    };
    match Grammar::parse(Rule::file, source.get(start as usize..).unwrap_or("")) {
        Ok(mut pairs) => {
            pairs.next().into_iter().flat_map(Pair::into_inner).for_each(|pair| lexer.piece(pair));
        }
        // The grammar is total (a property test holds it to that). Should it ever not be, that is an error of the
        // text to its author, not a crash.
        Err(error) => {
            let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
            lexer.diagnostics.push(problems::not_total(start + at as u32));
            lexer.push(Kind::Skipped, Span::new(start, source.len() as u32));
        }
    }
    lexer.space(source.len() as u32);
    Lexed { tokens: lexer.tokens, strings: lexer.strings }
}

/// The words that the language keeps for blocks and for files of others.
const STRUCTURE: [&str; 5] = ["if", "else", "for", "in", "include"];

/// About so many letters a token has, with the white space before it: that a long text has room from the beginning.
const LETTERS_A_TOKEN: usize = 4;

struct Lexer<'s, 'd> {
    source: &'s str,
    /// Where what is parted begins in it.
    start: u32,
    tokens: Vec<Token>,
    strings: Vec<Interpolated<'s>>,
    /// The number of the last word, and what `=` or `:` behind it makes of it.
    word: Option<(usize, Kind)>,
    /// Where the last token ends.
    end: u32,
    diagnostics: &'d mut Vec<Diagnostic>,
}

/// Where it stands, in what begins at `start`.
fn span(pair: &Pair<'_, Rule>, start: u32) -> Span {
    let span = pair.as_span();
    Span::new(start + span.start() as u32, start + span.end() as u32)
}

impl<'s> Lexer<'s, '_> {
    fn push(&mut self, kind: Kind, span: Span) {
        self.space(span.start);
        self.tokens.push(Token { kind, span });
        self.end = span.end;
    }

    /// White space is what the grammar leaves between two tokens.
    fn space(&mut self, end: u32) {
        if self.end < end {
            self.tokens.push(Token { kind: Kind::Space, span: Span::new(self.end, end) });
            self.end = end;
        }
    }

    fn piece(&mut self, pair: Pair<'s, Rule>) {
        let start = self.start;
        let at = span(&pair, start);
        let kind = match pair.as_rule() {
            // The grammar spares the `=` directly behind a name a rule of its own.
            Rule::word | Rule::other if self.source.as_bytes().get(at.end as usize) == Some(&b'=') => {
                self.push(Kind::Name, at);
                return self.push(Kind::Equals, Span::new(at.end, at.end + 1));
            }
            Rule::word | Rule::other => return self.word(Kind::Word, Kind::Name, at),
            Rule::param_name => return self.word(Kind::ParamName, Kind::ParamName, at),
            Rule::equals => {
                self.name();
                Kind::Equals
            }
            Rule::bare => Kind::Bare,
            Rule::string | Rule::raw_string => {
                self.string(pair, at.start);
                Kind::String
            }
            Rule::hole | Rule::negation => return self.hole(pair, at),
            Rule::feature => Kind::Feature,
            Rule::semicolon => Kind::Semicolon,
            Rule::line_comment => Kind::Comment,
            Rule::block_comment => {
                let nested = pair.into_inner().map(|nested| problems::nested_comment(span(&nested, start)));
                self.diagnostics.extend(nested);
                Kind::Comment
            }
            Rule::open_comment => {
                self.diagnostics.push(problems::open_comment(at, self.source));
                Kind::Comment
            }
            Rule::open_string => Kind::OpenString,
            Rule::open_raw_string => Kind::OpenRawString,
            Rule::colon => {
                self.name();
                Kind::Colon
            }
            Rule::param => Kind::Param,
            Rule::list => Kind::List,
            Rule::param_type => Kind::ParamType,
            Rule::open_angle => Kind::OpenAngle,
            Rule::close_angle => Kind::CloseAngle,
            Rule::open_brace => Kind::OpenBrace,
            Rule::close_brace => Kind::CloseBrace,
            Rule::bom => Kind::ByteOrderMark,
            Rule::shebang => Kind::Shebang,
            Rule::EOI => return,
            _ => Kind::Stray,
        };
        self.push(kind, at);
    }

    /// A word, which is of `kind` where it isn't one of the language's own.
    fn word(&mut self, kind: Kind, named: Kind, at: Span) {
        let text = self.source.get(at.start as usize..at.end as usize);
        let is_structure = text.is_some_and(|text| STRUCTURE.contains(&text));
        self.push(if is_structure { Kind::Structure } else { kind }, at);
        self.word = Some((self.tokens.len() - 1, named));
    }

    /// What stands before `=` is a name, and so is a parameter's before `:`.
    fn name(&mut self) {
        if let Some((word, named)) = self.word.take()
            && let Some(token) = self.tokens.get_mut(word)
        {
            token.kind = named;
        }
    }

    /// A hole is its braces and the word between them, so that braces which turn out to be a block's are read likewise.
    fn hole(&mut self, pair: Pair<'s, Rule>, at: Span) {
        self.push(Kind::OpenHole, Span::new(at.start, at.start + 1));
        for part in pair.into_inner() {
            let kind = if part.as_rule() == Rule::not { Kind::Not } else { Kind::Word };
            self.push(kind, span(&part, self.start));
        }
        self.push(Kind::CloseBrace, Span::new(at.end - 1, at.end));
    }

    fn string(&mut self, pair: Pair<'s, Rule>, start: u32) {
        let inner = pair.into_inner();
        let is_text = |rule| matches!(rule, Rule::string_text | Rule::raw_text);
        if inner.len() < 2 && inner.peek().is_none_or(|only| is_text(only.as_rule())) {
            return;
        }
        let mut string = Interpolated { start, parts: Vec::new(), problems: Vec::new() };
        for pair in inner {
            string.add(pair, self.start);
        }
        self.strings.push(string);
    }
}

impl<'s> Interpolated<'s> {
    fn add(&mut self, pair: Pair<'s, Rule>, start: u32) {
        let at = span(&pair, start);
        let text = pair.as_str();
        match pair.as_rule() {
            Rule::string_text | Rule::raw_text => self.push(Cow::Borrowed(text)),
            Rule::brace => self.push(Cow::Borrowed(text.get(1..).unwrap_or(text))),
            Rule::hole => {
                let names =
                    pair.into_inner().map(|name| Word { text: name.as_str(), span: span(&name, start) });
                self.parts.extend(names.map(Part::Hole));
            }
            Rule::bad_brace => self.problems.push(problems::brace(at, text)),
            _ => match unescape(text) {
                Some(character) => self.push(Cow::Owned(character.to_string())),
                None => self.problems.push(problems::escape(at, text)),
            },
        }
    }

    fn push(&mut self, text: Cow<'s, str>) {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.to_mut().push_str(&text),
            _ => self.parts.push(Part::Text(text)),
        }
    }
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
