//! Rust's tokens as the language's text, and places in that text as Rust's spans.
//!
//! This file alone knows how the one becomes the other. A token's place is the line and column that it has in the
//! program, and it stands there in the text too: so `virtio-net-pci` is one word, and a statement that begins a line
//! still begins one. The text of a `vm!` that a program writes out is what a file would have from the first token on,
//! without its comments.
//!
//! Not every token has a place, and not all places can be compared:
//! - The tokens of a `macro_rules!` body and those it was called with stand at unrelated places. What `$x` touches in
//!   the body is known where it arrives as a group (`$x:literal`, `$x:expr`), and guessed where it doesn't.
//! - The tokens that another procedural macro makes stand all at one place.
//! - Inside rust-analyzer no token has a place: see [`Source::has_places`].

use std::ops::Range;

use proc_macro2::{Delimiter, Group, Ident, LineColumn, Spacing, Span, TokenStream, TokenTree};
use qemu_dsl::source::{Position, SourceMap};
use qemu_dsl::{Code, Diagnostic};
use quote::{quote, quote_spanned};

/// What stands in the text for a hole that is no name. Which expression it is, is told by its place.
const PLACEHOLDER: &str = "{rust}";

/// What stands in the text for what a loop takes apart.
const VARIABLE: &str = "item";

/// Whether a word goes on with an `if`, also where other languages have it.
fn is_else(word: &Ident) -> bool {
    ["else", "elif", "elsif", "elseif"].iter().any(|own| word == own)
}

/// What a block can stand behind.
#[derive(Clone, Copy)]
enum Structure {
    If,
    For,
}

/// What `vm!` was called with, as text.
pub(crate) struct Source {
    /// The text.
    pub(crate) text: String,
    /// The holes, in the order of the text.
    pub(crate) holes: Vec<Hole>,
    /// What of the text is the program's: holes, and blocks with what decides about them, in its order.
    pub(crate) parts: Vec<Part>,
    /// Whether a hole stands where file descriptors may: what the text becomes then owns them.
    pub(crate) takes_fds: bool,
    /// What can't be seen in the text: values that Rust's lexer has damaged.
    pub(crate) flaws: Vec<Diagnostic>,
    tokens: Vec<Token>,
}

/// A part of the text that is the program's.
pub(crate) enum Part {
    /// The hole of this number.
    Hole(usize),
    /// `if`, and its `else`s.
    If(Vec<Branch>),
    /// A loop: what it takes apart, the hole of what it goes through, and what it repeats.
    For(TokenStream, usize, Vec<Part>),
}

/// A block of which at most one of several is there.
pub(crate) struct Branch {
    /// What a condition takes apart, and its hole.
    pub(crate) condition: Option<(Option<TokenStream>, usize)>,
    pub(crate) body: Vec<Part>,
}

/// Braces with something in them, outside a string or in one.
pub(crate) struct Hole {
    /// Where it stands in the text, braces included.
    pub(crate) span: qemu_dsl::Span,
    /// A reference to the expression. It stands where the braces do, so that rustc blames these.
    pub(crate) reference: TokenStream,
    /// The expression itself, in parentheses.
    pub(crate) expression: TokenStream,
    /// Where they stand in the program.
    pub(crate) place: Span,
    /// The expression as its author wrote it.
    pub(crate) name: String,
}

/// A token's place in the text and in the program.
struct Token {
    start: usize,
    end: usize,
    span: Span,
    place: Place,
}

/// Where a token stands in the program.
#[derive(Clone, PartialEq)]
struct Place {
    start: LineColumn,
    end: LineColumn,
    origin: Origin,
}

/// Only places of one origin can be compared.
#[derive(Clone, PartialEq)]
enum Origin {
    /// Between the call's own brackets.
    Call,
    /// Elsewhere in this file: a macro brought it here.
    File(String),
}

/// The place of the call, and its text where that can be had.
struct Call {
    file: String,
    start: LineColumn,
    end: LineColumn,
    /// The text with its comments, which are no tokens. It serves diagnostics only: what a program means must not
    /// depend on whether its text is at hand.
    text: Option<SourceMap<'static>>,
}

struct Reader {
    source: Source,
    /// The loops of the text round what is read.
    loops: usize,
    call: Call,
    last: Option<Last>,
    /// Where the last token of the call's own ends.
    end_in_call: Option<LineColumn>,
    /// The place of the group without brackets whose first token comes next.
    lead: Option<Place>,
}

/// The token before.
struct Last {
    text: String,
    place: Place,
    /// Whether Rust's lexer took it and the next token for one run of punctuation.
    joint: bool,
}

impl Source {
    /// The text of `tokens`, which the macro was given at `call`.
    pub(crate) fn read(tokens: TokenStream, call: Span) -> Self {
        let mut reader = Reader {
            source: Self {
                text: String::new(),
                holes: Vec::new(),
                parts: Vec::new(),
                takes_fds: false,
                flaws: Vec::new(),
                tokens: Vec::new(),
            },
            loops: 0,
            call: Call::new(call),
            last: None,
            end_in_call: None,
            lead: None,
        };
        reader.stream(tokens);
        if reader.is_cut_off("\n") {
            reader.report_comment();
        }
        reader.report_numbers();
        reader.source
    }

    /// Whether the tokens know where they stand.
    ///
    /// Inside rust-analyzer they don't: what belongs together is guessed there, and an error may be ours, not the
    /// user's.
    pub(crate) fn has_places(&self) -> bool {
        self.tokens.is_empty() || self.tokens.iter().any(|token| token.place.is_known())
    }

    /// The first and the last token of a range of the text. A range without a token, where something is missing, has
    /// the token before it; a text without tokens has none.
    ///
    /// What lies between them in the program is all of the range: where a macro put other tokens in, it ends there.
    pub(crate) fn blame(&self, span: qemu_dsl::Span) -> Option<(Span, Span)> {
        let start = span.start as usize;
        let end = (span.end as usize).max(start + 1);
        let first = self.tokens.partition_point(|token| token.end <= start);
        let beyond = self.tokens.partition_point(|token| token.start < end);
        let Some((first, others)) = self.tokens.get(first..beyond).and_then(<[Token]>::split_first) else {
            let before = self.tokens.get(first.saturating_sub(1))?;
            return Some((before.span, before.span));
        };
        let follows =
            |token: &&Token| token.place.origin == first.place.origin && token.place.start >= first.place.end;
        let last = others.iter().take_while(follows).last().unwrap_or(first);
        Some((first.span, last.span))
    }

    /// The hole that stands at `span`.
    pub(crate) fn hole_at(&self, span: qemu_dsl::Span) -> Option<&Hole> {
        self.holes.iter().find(|hole| hole.span.start <= span.start && span.end <= hole.span.end)
    }

    /// The value that `range` of the text is part of: the run of characters that white space, quotes and brackets
    /// end, without the option's name.
    fn value_around(&self, range: Range<usize>) -> Range<usize> {
        let before = self.text.get(..range.start).unwrap_or("");
        let behind = self.text.get(range.end..).unwrap_or("");
        let run = before.char_indices().rev().take_while(|(_, c)| is_bare(*c)).last();
        let start = run.map_or(range.start, |(at, _)| at);
        let name = before.get(start..).and_then(|run| run.find('=')).map_or(0, |equals| equals + 1);
        start + name..range.end + behind.find(|c| !is_bare(c)).unwrap_or(behind.len())
    }
}

impl Place {
    fn is_known(&self) -> bool {
        self.start != self.end
    }
}

impl Call {
    fn new(span: Span) -> Self {
        let start = span.start();
        let text = span.source_text().map(|text| SourceMap::of("", text));
        Self { file: span.file(), start, end: span.end(), text }
    }

    fn place(&self, span: Span) -> Place {
        let (start, end) = (span.start(), span.end());
        let file = span.file();
        let inside = self.start <= start && end <= self.end && file == self.file;
        Place { start, end, origin: if inside { Origin::Call } else { Origin::File(file) } }
    }

    /// The call's text from `at` on.
    fn text_from(&self, at: LineColumn) -> Option<&str> {
        let file = self.text.as_ref()?.files().first()?;
        let below = at.line.checked_sub(self.start.line)?;
        let before = if below == 0 { self.start.column } else { 0 };
        let position = Position {
            line: u32::try_from(below + 1).ok()?,
            column: u32::try_from(at.column.checked_sub(before)? + 1).ok()?,
        };
        file.text().get(file.offset(position)? as usize..)
    }
}

impl Reader {
    fn stream(&mut self, tokens: TokenStream) {
        let trees: Vec<_> = tokens.into_iter().collect();
        let mut rest = trees.as_slice();
        while let Some((tree, behind)) = rest.split_first() {
            if let Some(behind) = behind_doc_comment(rest) {
                self.doc_comment(tree.span());
                rest = behind;
            } else if let Some(word) = self.structure(rest) {
                rest = match word {
                    Structure::If => self.chain(rest),
                    Structure::For => self.repeat(rest),
                };
            } else {
                self.tree(tree);
                rest = behind;
            }
        }
    }

    // ---- Blocks ----

    /// Whether a block begins here, with what it stands behind: the compiler's words for it, which are Rust's.
    fn structure(&self, trees: &[TokenTree]) -> Option<Structure> {
        let [TokenTree::Ident(word), rest @ ..] = trees else { return None };
        let structure = match word.to_string().as_str() {
            // Without its `if` it is a mistake, and its block is one all the same.
            "if" | "else" => Structure::If,
            "for" => Structure::For,
            _ => return None,
        };
        // `if=scsi` is an option, and in `x=if` it is a value.
        let is_name = matches!(rest.first(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=');
        let touches = self.last.as_ref().is_some_and(|last| {
            last.text.ends_with(['=', '-', '.', '/', ':'])
                && last.place.end == self.call.place(word.span()).start
        });
        (!is_name && !touches).then_some(structure)
    }

    /// Reads an `if` with its `else`s. Gives what stands behind.
    fn chain<'t>(&mut self, trees: &'t [TokenTree]) -> &'t [TokenTree] {
        let mut branches = Vec::new();
        let mut rest = trees;
        loop {
            // `if`, `else if` or `else`
            let mut has_condition = false;
            while let [word @ TokenTree::Ident(name), behind @ ..] = rest
                && (name == "if" || is_else(name))
            {
                has_condition |= name != "else";
                self.tree(word);
                rest = behind;
                if has_condition {
                    break;
                }
            }
            let mut condition = None;
            if has_condition {
                (condition, rest) = self.condition(rest);
            }
            let is_whole = condition.is_some() || !has_condition;
            let (body, behind) = self.block(rest, is_whole);
            rest = behind;
            if is_whole {
                branches.push(Branch { condition, body: body.unwrap_or_default() });
            } else {
                // What is wrong with it, the compiler says.
                self.source.parts.extend(body.into_iter().flatten());
            }
            let goes_on = matches!(rest.first(), Some(TokenTree::Ident(word)) if is_else(word));
            if !goes_on || branches.last().is_some_and(|branch| branch.condition.is_none()) {
                break;
            }
        }
        if !branches.is_empty() {
            self.source.parts.push(Part::If(branches));
        }
        rest
    }

    /// Reads `{expression}`, or `let PATTERN = {expression}`, if a block follows.
    fn condition<'t>(
        &mut self,
        trees: &'t [TokenTree],
    ) -> (Option<(Option<TokenStream>, usize)>, &'t [TokenTree]) {
        let (pattern, rest) = match trees {
            [TokenTree::Ident(word), rest @ ..] if word == "let" => {
                let at = rest.windows(2).position(|pair| {
                    matches!(pair, [TokenTree::Punct(equals), TokenTree::Group(group)]
                        if equals.as_char() == '=' && group.delimiter() == Delimiter::Brace)
                });
                let Some((pattern, behind)) = at.and_then(|at| rest.split_at_checked(at)) else {
                    return (None, trees);
                };
                (Some(pattern.iter().cloned().collect()), behind.get(1..).unwrap_or_default())
            }
            _ => (None, trees),
        };
        match self.deciding(rest) {
            Some((hole, behind)) => (Some((pattern, hole)), behind),
            None => (None, trees),
        }
    }

    /// Reads `for PATTERN in {expression} { ... }`. Gives what stands behind. Where something of it is missing, Rust doesn't see
    /// what is in it, which would lack its variable.
    fn repeat<'t>(&mut self, trees: &'t [TokenTree]) -> &'t [TokenTree] {
        let Some((word, rest)) = trees.split_first() else { return trees };
        self.tree(word);
        let at = rest.iter().position(|tree| matches!(tree, TokenTree::Ident(word) if word == "in"));
        let parts = at.filter(|at| *at > 0).and_then(|at| rest.split_at_checked(at));
        let Some((pattern, behind)) = parts else {
            return self.block(rest, false).1;
        };
        // What is taken apart is Rust's; to the compiler it is a name.
        match pattern {
            [tree @ TokenTree::Ident(_)] => self.tree(tree),
            [first, ..] => self.push(VARIABLE, first.span(), false),
            [] => {}
        }
        let (within, behind) = behind.split_first().map_or((None, behind), |(word, rest)| (Some(word), rest));
        within.into_iter().for_each(|word| self.tree(word));
        let Some((hole, behind)) = self.deciding(behind) else {
            return self.block(behind, false).1;
        };
        self.loops += 1;
        let (body, behind) = self.block(behind, true);
        self.loops -= 1;
        self.source.parts.push(Part::For(pattern.iter().cloned().collect(), hole, body.unwrap_or_default()));
        behind
    }

    /// Reads the braces of what decides about a block, where there are such: the number of its hole.
    fn deciding<'t>(&mut self, trees: &'t [TokenTree]) -> Option<(usize, &'t [TokenTree])> {
        let [TokenTree::Group(group), rest @ ..] = trees else { return None };
        let is_hole = group.delimiter() == Delimiter::Brace
            && !group.stream().is_empty()
            && matches!(rest.first(), Some(TokenTree::Group(block)) if block.delimiter() == Delimiter::Brace);
        if !is_hole {
            return None;
        }
        let number = self.source.holes.len();
        let text = name(group.stream()).map(|name| format!("{{{name}}}")).or_else(|| {
            let mut stream = group.stream().into_iter();
            let is_not = matches!(stream.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
            name(stream.collect()).filter(|_| is_not).map(|name| format!("{{!{name}}}"))
        });
        // Each is a condition of its own.
        self.hole_as(group, &text.unwrap_or_else(|| format!("{{rust_{number}}}")));
        self.source.parts.pop();
        Some((number, rest))
    }

    /// Reads what stands before the next block in its line, and the block. Gives what in it is the program's, and what stands
    /// behind. Where what it stands behind isn't `whole`, braces that others follow are a part of that, as to the compiler.
    fn block<'t>(&mut self, trees: &'t [TokenTree], whole: bool) -> (Option<Vec<Part>>, &'t [TokenTree]) {
        let is_block = |tree: &TokenTree| matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        let line = trees.first().map(|tree| tree.span().start().line);
        let in_line = |tree: &&TokenTree| Some(tree.span().start().line) == line;
        let mut at = trees.iter().take_while(in_line).position(is_block);
        while let Some(first) = at.filter(|_| !whole) {
            let is_joint = |tree: &&TokenTree| match tree {
                TokenTree::Punct(_) => true,
                TokenTree::Ident(word) => word == "and" || word == "or" || word == "not",
                TokenTree::Group(_) | TokenTree::Literal(_) => false,
            };
            let behind = trees.get(first + 1..).unwrap_or_default();
            let joints = behind.iter().take_while(is_joint).count();
            if !behind.get(joints).is_some_and(is_block) {
                break;
            }
            at = Some(first + 1 + joints);
            if joints == 0 {
                break;
            }
        }
        let Some((before, [TokenTree::Group(group), behind @ ..])) =
            at.and_then(|at| trees.split_at_checked(at))
        else {
            return (None, trees);
        };
        before.iter().for_each(|tree| self.tree(tree));
        let outer = std::mem::take(&mut self.source.parts);
        self.push("{", group.span_open(), false);
        self.stream(group.stream());
        self.push("}", group.span_close(), false);
        (Some(std::mem::replace(&mut self.source.parts, outer)), behind)
    }

    // ---- Tokens ----

    fn tree(&mut self, tree: &TokenTree) {
        match tree {
            TokenTree::Group(group) => self.group(group),
            TokenTree::Punct(punct) => {
                self.push(&punct.as_char().to_string(), punct.span(), punct.spacing() == Spacing::Joint);
            }
            TokenTree::Ident(ident) => self.push(&ident.to_string(), ident.span(), false),
            TokenTree::Literal(literal) => self.literal(&literal.to_string(), literal.span()),
        }
    }

    fn literal(&mut self, text: &str, span: Span) {
        if !(text.starts_with('"') && text.contains('\n')) {
            self.push(text, span, false);
            return self.holes_in_string(text, span);
        }
        // Rust's strings may go on in the next line, the language's may not. The rest of it would be read as statements.
        self.push(&text.replace(['\n', '\r'], " "), span, false);
        if let Some(token) = self.source.tokens.last() {
            self.source.flaws.push(flaw(
                Code::UnterminatedString,
                "this string goes on in the next line".to_owned(),
                "write `\\n` for a line end, and the whole string on one line".to_owned(),
                &(token.start..token.end),
            ));
        }
    }

    fn group(&mut self, group: &Group) {
        let (open, close) = match group.delimiter() {
            Delimiter::None => return self.transparent(group),
            Delimiter::Brace if !group.stream().is_empty() => return self.hole(group),
            Delimiter::Brace => ("{", "}"),
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
        };
        self.push(open, group.span_open(), false);
        self.stream(group.stream());
        self.push(close, group.span_close(), false);
    }

    /// A group without brackets is what a macro put in for `$x`. Its own place is that of `$x` in the macro's body,
    /// while its tokens stand where the macro was called: so the outside of the group is compared with the body.
    fn transparent(&mut self, group: &Group) {
        let place = self.call.place(group.span());
        let before = self.source.tokens.len();
        let leads = place.is_known() && self.lead.is_none();
        if leads {
            self.lead = Some(place.clone());
        }
        self.stream(group.stream());
        if self.source.tokens.len() == before {
            if leads {
                self.lead = None;
            }
        } else if place.is_known() {
            self.end_at(place);
        }
    }

    fn hole(&mut self, group: &Group) {
        self.source.takes_fds |= self.is_of_fds();
        let text = name(group.stream()).map_or_else(|| PLACEHOLDER.to_owned(), |name| format!("{{{name}}}"));
        self.hole_as(group, &text);
    }

    /// Whether what comes next is the value of an option that takes file descriptors. That it is told by the name alone leaves
    /// no doubt of what type `vm!` has.
    fn is_of_fds(&self) -> bool {
        let [.., name, equals] = self.source.tokens.as_slice() else { return false };
        let text = |token: &Token| self.source.text.get(token.start..token.end);
        // `x-fd` is another name.
        let before = self.source.text.get(..name.start).unwrap_or("");
        text(equals) == Some("=")
            && matches!(text(name), Some("fd" | "fds" | "vhostfds"))
            && !before.ends_with(is_bare)
    }

    /// Reads a hole that the text has as this.
    fn hole_as(&mut self, group: &Group, text: &str) {
        self.push(text, group.span(), false);
        if self.loops > 0 && leaves_loop(group.stream()) {
            let at = self.source.tokens.last().map_or(0..0, |token| token.start..token.end);
            self.source.flaws.push(flaw(
                Code::BadHole,
                "`break` and `continue` would leave the loop of the text".to_owned(),
                "let the loop go through what is wanted, or put what may be missing into `if {..} { .. }`"
                    .to_owned(),
                &at,
            ));
        }
        if let Some(token) = self.source.tokens.last() {
            let span = text_span(&(token.start..token.end));
            let mut expression = Group::new(Delimiter::Parenthesis, group.stream());
            expression.set_span(group.span());
            let reference = quote_spanned!(group.span_open()=> &);
            let expression = TokenTree::Group(expression);
            let reference = reference.into_iter().chain([expression.clone()]).collect();
            let expression = expression.into();
            let name = one_line(&group.span().source_text().unwrap_or_else(|| group.to_string()));
            self.add_hole(Hole { span, reference, expression, place: group.span(), name });
        }
    }

    fn add_hole(&mut self, hole: Hole) {
        self.source.parts.push(Part::Hole(self.source.holes.len()));
        self.source.holes.push(hole);
    }

    /// The holes of a string that was read just now: names, or paths of fields. What is neither the compiler reports.
    fn holes_in_string(&mut self, text: &str, span: Span) {
        let Some(start) = self.source.tokens.last().map(|token| token.start).filter(|_| is_quoted(text))
        else {
            return;
        };
        for range in holes_in(text) {
            let name = text.get(range.start + 1..range.end - 1).unwrap_or("");
            let path = name.parse::<TokenStream>().ok().filter(|path| self::name(path.clone()).is_some());
            let Some(path) = path else {
                let at = start + range.start..start + range.end;
                self.source.flaws.push(flaw(
                    Code::BadHole,
                    format!("`{name}` is neither a name nor a path of fields, as a hole in a string is"),
                    "give the value a name by a `let`, and write that".to_owned(),
                    &at,
                ));
                // It makes the whole a `Result` all the same.
                let (at, reference, expression) = (text_span(&at), quote!(&()), quote!(()));
                self.add_hole(Hole { span: at, reference, expression, place: span, name: name.to_owned() });
                continue;
            };
            let expression: TokenStream = path
                .into_iter()
                .map(|mut tree| {
                    if let TokenTree::Ident(word) = &tree {
                        tree = TokenTree::Ident(variable(&word.to_string()));
                    }
                    tree.set_span(span);
                    tree
                })
                .collect();
            let reference = quote_spanned!(span=> &(#expression));
            let at = text_span(&(start + range.start..start + range.end));
            self.add_hole(Hole { span: at, reference, expression, place: span, name: name.to_owned() });
        }
    }

    fn push(&mut self, text: &str, span: Span, joint: bool) {
        let own = self.call.place(span);
        let place = self.lead.take().unwrap_or_else(|| own.clone());
        let gap = self.gap(&place, text);
        if !gap.is_empty() && self.is_cut_off(&gap) {
            self.report_comment();
        }
        self.source.text.push_str(&gap);
        let start = self.source.text.len();
        self.source.text.push_str(text);
        self.source.tokens.push(Token { start, end: self.source.text.len(), span, place: own.clone() });
        self.last = Some(Last { text: text.to_owned(), place: own.clone(), joint });
        self.end_at(own);
    }

    /// What comes next is compared with the end of `place`.
    fn end_at(&mut self, place: Place) {
        if place.origin == Origin::Call {
            self.end_in_call = Some(place.end);
        }
        if let Some(last) = &mut self.last {
            last.place = place;
        }
    }

    /// What stands between the last token and the next.
    fn gap(&self, place: &Place, text: &str) -> String {
        let Some(last) = &self.last else {
            return String::new();
        };
        let guess = |dash_joins| {
            let joins = last.joint || joins(&last.text, text, dash_joins);
            if joins { String::new() } else { " ".to_owned() }
        };
        if !last.place.is_known() || !place.is_known() || last.place == *place {
            guess(true)
        } else if last.place.origin == place.origin {
            white_space(last.place.end, place.start)
        } else {
            match self.end_in_call.filter(|_| place.origin == Origin::Call) {
                // Another line of the macro's body, or another round of a repetition.
                Some(end) if place.start.line != end.line || place.start < end => "\n".to_owned(),
                _ => guess(false),
            }
        }
    }

    /// Whether a comment begins directly behind the last token, where a file would have more of a value:
    /// `uri=tcp://host`.
    fn is_cut_off(&self, gap: &str) -> bool {
        let Some(last) = self.last.as_ref().filter(|last| last.text.ends_with(is_bare)) else {
            return false;
        };
        if is_quoted(&last.text) {
            return false;
        }
        if last.place.origin == Origin::Call
            && let Some(rest) = self.call.text_from(last.place.end)
        {
            return rest.starts_with("//") || rest.starts_with("/*");
        }
        // Where the program's text is not at hand, the beginning of a URL is the one sure sign.
        let mut words = self.source.text.rsplit(char::is_whitespace);
        let run = words.next().unwrap_or("");
        gap.starts_with('\n') && run.ends_with(':') && words.next() != Some("param")
    }

    fn doc_comment(&mut self, span: Span) {
        let place = self.call.place(span);
        let Some(last) = self.last.as_ref().filter(|last| last.text.ends_with(is_bare) && place.is_known())
        else {
            return;
        };
        // In the call's own text it is found as any other comment is.
        let is_seen = place.origin == Origin::Call && self.call.text.is_some();
        if !is_seen
            && !is_quoted(&last.text)
            && last.place.origin == place.origin
            && last.place.end == place.start
        {
            self.report_comment();
        }
    }

    fn report_comment(&mut self) {
        let Some(last) = self.source.tokens.last() else {
            return;
        };
        let value = self.source.value_around(last.start..last.end);
        self.source.flaws.push(flaw(
            Code::QuoteIt,
            "Rust reads what follows this as a comment".to_owned(),
            "quote the value, or put white space before the comment".to_owned(),
            &value,
        ));
    }

    /// Rust's lexer refuses some values, since they look like numbers (`5e`), but hands them on. Its own message does
    /// not say what to do.
    fn report_numbers(&mut self) {
        let mut flaws: Vec<Diagnostic> = Vec::new();
        let mut reported = 0;
        for token in &self.source.tokens {
            let number = self.source.text.get(token.start..token.end).unwrap_or("");
            if token.start < reported || !is_refused(number) {
                continue;
            }
            let value = self.source.value_around(token.start..token.end);
            let text = self.source.text.get(value.clone()).unwrap_or(number);
            reported = value.end;
            flaws.push(flaw(
                Code::QuoteIt,
                format!("Rust takes `{number}` for a number, and refuses it"),
                format!("quote the value: `\"{text}\"`"),
                &value,
            ));
        }
        self.source.flaws.append(&mut flaws);
    }
}

/// What follows the doc comment that `trees` begin with. Rust makes it an attribute, all of whose tokens stand where
/// the comment does.
fn behind_doc_comment(trees: &[TokenTree]) -> Option<&[TokenTree]> {
    let [TokenTree::Punct(hash), rest @ ..] = trees else {
        return None;
    };
    let rest = match rest {
        [TokenTree::Punct(bang), rest @ ..] if bang.as_char() == '!' => rest,
        _ => rest,
    };
    let [TokenTree::Group(attribute), behind @ ..] = rest else {
        return None;
    };
    let is_doc =
        matches!(attribute.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc");
    let is_comment = hash.as_char() == '#'
        && attribute.delimiter() == Delimiter::Bracket
        && attribute.span().start() == hash.span().start();
    (is_doc && is_comment).then_some(behind)
}

/// The holes in a string literal, braces included. Two braces stand for one, and an escape's (`\u{e9}`) begin none.
fn holes_in(literal: &str) -> Vec<Range<usize>> {
    let is_raw = literal.starts_with(['r', 'b']);
    let bytes = literal.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'\\' if !is_raw => match bytes.get(at + 1..at + 3) {
                Some(b"u{") => literal.get(at..).and_then(|rest| rest.find('}')).map_or(2, |end| end + 1),
                _ => 2,
            },
            b'{' if bytes.get(at + 1) == Some(&b'{') => 2,
            b'{' => match literal.get(at..).and_then(|rest| rest.find(['}', '"'])) {
                Some(end) if bytes.get(at + end) == Some(&b'}') && end > 1 => {
                    found.push(at..at + end + 1);
                    end + 1
                }
                _ => 1,
            },
            _ => 1,
        };
    }
    found
}

/// Whether an expression has a `break` or a `continue` that is for a loop round it, and doesn't say which.
fn leaves_loop(code: TokenStream) -> bool {
    let mut is_in_loop = false;
    let mut code = code.into_iter().peekable();
    while let Some(tree) = code.next() {
        match tree {
            TokenTree::Ident(word) if word == "break" || word == "continue" => {
                let says_which =
                    matches!(code.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == '\'');
                if !says_which {
                    return true;
                }
            }
            TokenTree::Ident(word) if word == "loop" || word == "while" || word == "for" => is_in_loop = true,
            TokenTree::Group(group) => {
                let is_body = group.delimiter() == Delimiter::Brace && std::mem::take(&mut is_in_loop);
                if !is_body && leaves_loop(group.stream()) {
                    return true;
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    false
}

/// Rust on one line, without the braces round it.
fn one_line(code: &str) -> String {
    let inside = code.trim().strip_prefix('{').and_then(|code| code.strip_suffix('}')).unwrap_or(code);
    inside.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name, or names with dots between, that a hole consists of.
fn name(code: TokenStream) -> Option<String> {
    let mut name = String::new();
    for tree in code {
        match tree {
            TokenTree::Group(_) => return None,
            TokenTree::Punct(punct) if punct.as_char() != '.' => return None,
            // `pair.0.1` has a number with a dot.
            TokenTree::Punct(_) | TokenTree::Ident(_) | TokenTree::Literal(_) => {
                name.push_str(&tree.to_string());
            }
        }
    }
    let is_word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (begins && name.split('.').all(is_word)).then_some(name)
}

/// A name in a string, where a keyword is one too, as in `format!`: `{type}` is `r#type`.
fn variable(word: &str) -> Ident {
    match word {
        "self" | "Self" | "super" | "crate" | "_" => Ident::new(word, Span::call_site()),
        word => Ident::new_raw(word, Span::call_site()),
    }
}

/// The white space between two places of one origin.
fn white_space(end: LineColumn, start: LineColumn) -> String {
    match start.line.checked_sub(end.line) {
        Some(0) if start.column >= end.column => " ".repeat(start.column - end.column),
        // The next round of a macro's repetition, or what it was called with in another order.
        Some(0) | None => "\n".to_owned(),
        Some(lines) => "\n".repeat(lines) + &" ".repeat(start.column),
    }
}

/// Whether two tokens are taken for parts of one value where nothing tells what is between them.
///
/// A `-` before a word may join it to the last one or begin a feature, `virtio-net` or `host -avx`: `dash_joins` says
/// which of them. A `+` begins a feature.
fn joins(before: &str, after: &str, dash_joins: bool) -> bool {
    let binds = |c: char| matches!(c, '.' | ':' | '/' | '@' | '%' | '~' | '=');
    let quoted = is_quoted(before) || is_quoted(after);
    let opens = before.ends_with(binds) || before.ends_with(['+', '-']);
    !quoted && (opens || after.starts_with(binds) || dash_joins && after.starts_with('-'))
}

/// Whether a token is a string of some sort.
fn is_quoted(token: &str) -> bool {
    token.contains('"')
}

/// Whether a character can be part of a value without quotes.
fn is_bare(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '"' | '{' | '}' | '(' | ')' | '[' | ']' | '<' | '>' | ',' | ';')
}

/// Whether a token is a number that Rust's lexer has refused.
fn is_refused(token: &str) -> bool {
    if !token.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let (base, rest) = match token.split_at_checked(2) {
        Some(("0b", rest)) => (2, rest),
        Some(("0o", rest)) => (8, rest),
        Some(("0x", rest)) => (16, rest),
        _ => (10, token),
    };
    // Rust takes a digit that is too high for the base for a wrong digit, not for the end of the number.
    let is_digit = |c: char| c == '_' || c.is_digit(base.max(10));
    let tail = rest.trim_start_matches(is_digit);
    let digits = rest.strip_suffix(tail).unwrap_or(rest).replace('_', "");
    if digits.is_empty() || digits.contains(|c: char| !c.is_digit(base)) {
        return true;
    }
    let fraction = tail.strip_prefix('.').map(|tail| tail.trim_start_matches(is_digit));
    let exponent = fraction.unwrap_or(tail).strip_prefix(['e', 'E']);
    let is_float = fraction.is_some() || exponent.is_some();
    let lacks_digits = exponent.is_some_and(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent).trim_start_matches('_');
        !digits.starts_with(|c: char| c.is_ascii_digit())
    });
    lacks_digits || is_float && base != 10
}

fn flaw(code: Code, message: String, help: String, at: &Range<usize>) -> Diagnostic {
    Diagnostic::error(code, message).at(text_span(at)).help(help)
}

/// A range of the text, as the compiler has it. Where it doesn't fit, the compiler refuses the text.
fn text_span(range: &Range<usize>) -> qemu_dsl::Span {
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    qemu_dsl::Span::new(number(range.start), number(range.end))
}

#[cfg(test)]
mod tests;
