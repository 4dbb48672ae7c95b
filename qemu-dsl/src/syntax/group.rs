//! From tokens to statements, by the table.
//!
//! A statement goes on to the next keyword, `;` or brace of its block. What no keyword precedes is an orphan, and is
//! reported when it is read. Blocks are kept on a stack of their own: nothing here calls itself.

use std::ops::Range;

use super::lex::{Interpolated, Lexed};
use super::problems;
use super::token::{Kind, Token};
use super::tree::{
    BlockForm, BlockHead, Condition, Head, Inclusion, Item, Keyword, MOST_BLOCKS, Parameter, Part, Statement,
    Tree, Value, ValueForm, Word,
};
use crate::Span;
use crate::diagnostic::Diagnostic;
use crate::source::{begins_anew, indentation};
use crate::table::{Bare, FormSpec, Kinds, OptionSpec, StatementSpec, Table};

/// Forms the statements of a text.
pub(super) fn group<'s>(
    source: &'s str,
    lexed: Lexed<'s>,
    table: Table,
    diagnostics: &mut Vec<Diagnostic>,
) -> Tree<'s> {
    let Lexed { tokens, strings } = lexed;
    let mut meant = tokens.iter().enumerate().filter(|(_, token)| !token.kind.is_gap()).map(|(at, _)| at);
    let first = meant.next().unwrap_or(0);
    let last = meant.next_back().unwrap_or(first);
    let braces = Braces::of(&tokens);
    let mut grouper = Grouper {
        source,
        table,
        tokens,
        braces,
        strings: strings.into_iter().peekable(),
        at: 0,
        statements: Vec::new(),
        current: None,
        form: None,
        open: Vec::new(),
        blocks: Vec::new(),
        chain: None,
        previous_end: 0,
        commas_end: 0,
        diagnostics,
    };
    grouper.text(first, last);
    Tree {
        source,
        statements: grouper.statements,
        tokens: grouper.tokens,
        blocks: grouper.blocks,
        apart: Vec::new(),
        end: source.len() as u32,
    }
}

/// A block that goes on.
struct OpenBlock {
    number: u32,
    /// Its opening brace.
    brace: Span,
    /// The first block of those that an `else` behind it would go on with.
    chain: Option<u32>,
}

struct Grouper<'s, 'd> {
    source: &'s str,
    table: Table,
    tokens: Vec<Token>,
    braces: Braces,
    strings: std::iter::Peekable<std::vec::IntoIter<Interpolated<'s>>>,
    /// The number of the next token.
    at: usize,
    statements: Vec<Statement<'s>>,
    /// The statement that goes on.
    current: Option<Statement<'s>>,
    /// Its form, where its keyword and kind tell that.
    form: Option<&'static FormSpec>,
    /// The blocks that are open.
    open: Vec<OpenBlock>,
    /// Of each block its statements.
    blocks: Vec<Range<usize>>,
    /// The first block of those that an `else` here goes on with.
    chain: Option<u32>,
    /// Where the value, word or item before ended: what begins there lacks white space.
    previous_end: u32,
    /// Where the last comma ends that has been reported.
    commas_end: u32,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'s> Grouper<'s, '_> {
    fn text(&mut self, first: usize, last: usize) {
        let mut open = None;
        let mut close = None;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Semicolon => {
                    self.end_statement();
                    self.at += 1;
                }
                Kind::OpenAngle if self.at == first => {
                    open = Some(token.span);
                    self.at += 1;
                }
                Kind::CloseAngle if self.at == last => {
                    close = Some(token.span);
                    self.at += 1;
                }
                Kind::CloseBrace if !self.open.is_empty() => self.close_block(),
                Kind::Param => self.declaration(token),
                Kind::Structure => self.structure(token, self.text_of(token.span)),
                Kind::Word if let Some((text, problem)) = self.of_other_languages(token) => {
                    self.report(problem);
                    self.structure(token, text);
                }
                Kind::Word => match self.keyword(token).filter(|spec| self.begins(token, spec)) {
                    Some(spec) => self.statement(token, spec),
                    None => self.item(token),
                },
                _ => self.item(token),
            }
        }
        self.end_statement();
        for block in std::mem::take(&mut self.open) {
            self.report(problems::open_block(block.brace, self.source));
            self.end_block(block.number);
        }
        match (open, close) {
            (Some(open), None) => self.report(problems::open_angle(open, self.source)),
            (None, Some(close)) => self.report(problems::close_angle(close)),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    // ---- Tokens ----

    /// The next token that is no gap.
    fn peek(&mut self) -> Option<Token> {
        loop {
            let token = *self.tokens.get(self.at)?;
            if !token.kind.is_gap() {
                return Some(token);
            }
            self.at += 1;
        }
    }

    /// The token behind the next one, gaps left out.
    fn peek_behind(&self) -> Option<Token> {
        self.tokens.get(self.at + 1..)?.iter().find(|token| !token.kind.is_gap()).copied()
    }

    fn take(&mut self, kind: Kind) -> Option<Token> {
        let token = self.peek().filter(|token| token.kind == kind)?;
        self.at += 1;
        Some(token)
    }

    fn text_of(&self, span: Span) -> &'s str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    fn word(&self, token: Token) -> Word<'s> {
        Word { text: self.text_of(token.span), span: token.span }
    }

    /// Leaves out what has been reported, from token number `from` up to the next one.
    fn skip(&mut self, from: usize) {
        for token in self.tokens.get_mut(from..self.at).unwrap_or_default() {
            if !token.kind.is_gap() {
                token.kind = Kind::Skipped;
            }
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    // ---- Statements ----

    fn begin(&mut self, head: Head<'s>) {
        self.end_statement();
        self.chain = None;
        let block = self.open.last().map(|block| block.number);
        self.current = Some(Statement { head, items: Vec::new(), broken: false, block, joined: false });
        self.previous_end = 0;
    }

    fn end_statement(&mut self) {
        let ended = self.current.take();
        if let Some(Statement { head: Head::Include(_), items, broken: false, .. }) = &ended
            && let Some(first) = items.first()
        {
            let problem = problems::behind_file(first, self.source);
            self.report(problem);
        }
        self.statements.extend(ended);
        self.form = None;
    }

    /// The statement whose keyword a word is.
    fn keyword(&self, token: Token) -> Option<&'static StatementSpec> {
        self.table.find(self.text_of(token.span))
    }

    /// The statement whose keyword a word is, and certainly nothing else.
    fn reserved(&self, token: Token) -> Option<&'static StatementSpec> {
        self.keyword(token).filter(|spec| spec.reserved)
    }

    /// Whether a keyword begins its statement here, behind the head of another one. One that isn't reserved may be a
    /// property of that: where QEMU has one of its name, and where it lacks what has to follow it.
    fn begins(&self, token: Token, spec: &StatementSpec) -> bool {
        let open = self.form.and_then(|form| form.open.as_ref());
        match open.map_or(Bare::Nothing, |open| open.bare) {
            _ if spec.reserved => true,
            Bare::Nothing | Bare::On => true,
            bare if bare.is_property(self.text_of(token.span)) => self.is_followed_by_own(spec),
            _ if spec.stands_alone() => true,
            Bare::Flag(_) | Bare::Feature(_) if self.is_followed() => true,
            _ => indentation(self.source, token.span.start).is_some(),
        }
    }

    /// Whether the next token, a keyword, is followed by one of its kinds or options.
    fn is_followed_by_own(&self, spec: &StatementSpec) -> bool {
        self.peek_behind().is_some_and(|next| {
            let text = self.text_of(next.span);
            match next.kind {
                Kind::Word => spec.kinds().any(|kind| kind.name == text),
                Kind::Name => spec.forms.iter().any(|form| form.option(text).is_some()),
                _ => false,
            }
        })
    }

    /// Whether the next token, a keyword, is followed by what can be its kind or value.
    fn is_followed(&self) -> bool {
        self.peek_behind().is_some_and(|next| match next.kind {
            Kind::Word => self.keyword(next).is_none(),
            Kind::OpenHole | Kind::Bare => true,
            kind => kind.is_quoted(),
        })
    }

    /// Whether a keyword is the value of the statement before it, which lacks one. Where a reader may take it for a
    /// statement, that is told.
    fn reads_as_value(&mut self, token: Token, spec: &StatementSpec, option: &OptionSpec) -> bool {
        let begins_line = || indentation(self.source, token.span.start).is_some();
        if spec.reserved || !option.required || (!option.ty.is_text() && begins_line()) {
            return false;
        }
        if !spec.stands_alone() {
            return !self.is_followed();
        }
        let keyword = self.current.as_ref().and_then(|current| Some(current.keyword()?.word.text));
        self.report(problems::reads_as_value(self.word(token), option.name, keyword.unwrap_or_default()));
        true
    }

    fn statement(&mut self, token: Token, spec: &'static StatementSpec) {
        let word = self.word(token);
        self.at += 1;
        self.begin(Head::Keyword(Keyword { word, spec, kind: None, values: Vec::new() }));
        let kind = self.kind(spec);
        let form = spec.form(kind.as_ref().and_then(Value::text)).or((!spec.forms.is_empty()).then_some(0));
        self.form = form.and_then(|form| spec.forms.get(form));
        if let Some(Head::Keyword(keyword)) = self.current.as_mut().map(|current| &mut current.head) {
            keyword.kind = kind;
        }
        for option in self.form.into_iter().flat_map(FormSpec::positionals) {
            loop {
                let Some(value) = self.positional(option) else { return };
                self.previous_end = value.span.end;
                if let Some(Head::Keyword(keyword)) = self.current.as_mut().map(|current| &mut current.head) {
                    keyword.values.push(value);
                }
                if !option.list {
                    break;
                }
            }
        }
    }

    /// The kind behind the keyword. It may be spelt like another, but not where the next statement most likely begins.
    fn kind(&mut self, spec: &'static StatementSpec) -> Option<Value<'s>> {
        let any = spec.forms.iter().any(|form| matches!(form.kinds, Kinds::Any(_)));
        let of = spec.kinds().next().is_some();
        if !any && !of {
            return None;
        }
        let token = self.peek()?;
        let without = spec.form(None).and_then(|form| spec.forms.get(form));
        let is_kind = |word: &str| spec.kinds().any(|kind| kind.name == word);
        match token.kind {
            // A text where a value may stand without a kind is that value, and so is one that no kind can be: a path.
            kind if kind.is_quoted() && without.is_none_or(|form| form.positionals().next().is_none()) => {
                let text = self.text_of(token.span).trim_matches('"');
                let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                let may_be = if without.is_some() { is_kind(text) } else { any || text.chars().all(is_word) };
                may_be.then(|| self.value(token))
            }
            Kind::OpenHole if any && without.is_none() => Some(self.value(token)),
            Kind::Word => {
                let word = self.text_of(token.span);
                let is_kind = is_kind(word);
                let is_optional =
                    spec.kind_is_optional() || without.is_some_and(|form| form.option(word).is_some());
                let begins_line = || indentation(self.source, token.span.start).is_some();
                let next = self.keyword(token).filter(|_| begins_line());
                let is_next = next.is_some_and(|next| next.reserved || !any);
                // What begins a line and is no kind is no misspelt one, either.
                let is_elsewhere = is_optional || is_next || !any && begins_line();
                // `gdb`, and `serial` in the next line.
                if (!is_kind && is_elsewhere) || (is_kind && is_optional && next.is_some()) {
                    return None;
                }
                self.at += 1;
                Some(Value { span: token.span, form: ValueForm::Bare(word) })
            }
            _ => None,
        }
    }

    /// A value behind the keyword and its kind. One of several stands in quotes, or is a hole.
    fn positional(&mut self, option: &OptionSpec) -> Option<Value<'s>> {
        let token = self.peek()?;
        let is_value = match token.kind {
            _ if token.kind.is_quoted() => true,
            Kind::OpenHole => true,
            _ if option.list => false,
            Kind::Word => match self.keyword(token) {
                Some(spec) => self.reads_as_value(token, spec, option),
                None => true,
            },
            // What begins with a sign and a letter is meant as a feature. A digit may also be a number's.
            Kind::Feature => {
                let features = self.form.and_then(|form| form.open.as_ref()).map(|open| open.bare);
                let text = self.text_of(token.span);
                !matches!(features, Some(Bare::Feature(_)))
                    && text.get(1..).is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()))
            }
            Kind::Bare if self.is_comment(token) => false,
            Kind::Bare => {
                let behind_sign = self.text_of(token.span).strip_prefix(['+', '-']);
                !behind_sign.is_some_and(|text| text.starts_with(|c: char| c.is_ascii_alphabetic()))
            }
            _ => false,
        };
        is_value.then(|| self.value(token))
    }

    /// `param name: type = default`
    fn declaration(&mut self, token: Token) {
        let word = self.word(token);
        self.at += 1;
        self.begin(Head::Declaration(word, None));
        let parameter = self.parameter();
        if let Some(current) = &mut self.current {
            current.head = Head::Declaration(word, parameter);
        }
    }

    fn parameter(&mut self) -> Option<Parameter<'s>> {
        let token = self.peek().filter(|token| token.kind == Kind::ParamName)?;
        let next = self.peek_behind().map(|token| token.kind);
        if !matches!(next, Some(Kind::Colon | Kind::Equals)) && self.begins_statement(token) {
            return None;
        }
        self.at += 1;
        let mut parameter =
            Parameter { name: self.word(token), list: None, kind: None, defaults: Vec::new() };
        let from = self.at;
        if self.take(Kind::Colon).is_some() {
            parameter.list = self.take(Kind::List).map(|token| self.word(token));
            parameter.kind = self.take(Kind::ParamType).map(|token| self.word(token));
        }
        if let Some(problem) = self.type_of_other_languages(from, &mut parameter) {
            self.report(problem);
            if let Some(current) = &mut self.current {
                current.broken = true;
            }
        }
        let before = self.at;
        if self.take(Kind::Equals).is_some() {
            if let Some(end) = self.behind_bracket(self.at + self.gaps(), &["["]) {
                self.list_of_other_languages(end);
            }
            parameter.defaults.extend(self.option_value());
            // Of several, those behind the first stand in quotes.
            while parameter.list.is_some()
                && !parameter.defaults.is_empty()
                && let Some(token) = self.peek().filter(|token| token.kind.is_quoted())
            {
                let value = self.value(token);
                parameter.defaults.push(value);
            }
            match parameter.defaults.last() {
                Some(last) => self.previous_end = last.span.end,
                None => self.at = before,
            }
        }
        Some(parameter)
    }

    /// How many gaps come next.
    fn gaps(&self) -> usize {
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        rest.iter().take_while(|token| token.kind.is_gap()).count()
    }

    /// Reports `["/a", "/b"]`, which ends before token number `end`, and leaves it out.
    fn list_of_other_languages(&mut self, end: usize) {
        let Some(first) = self.peek() else { return };
        let inside = self.tokens.get(self.at..end).unwrap_or_default();
        let values: Vec<_> = inside
            .iter()
            .filter(|token| token.kind.is_quoted())
            .map(|token| self.text_of(token.span))
            .collect();
        let from = self.at;
        self.at = end;
        let problem = problems::other_list(first.span.to(self.last()), &values);
        self.report(problem);
        self.skip(from);
        if let Some(current) = &mut self.current {
            current.broken = true;
        }
    }

    /// What is wrong with a type that is written as other languages do, `[path]`, `list path`, `iso?: path`. It is left out, and
    /// the parameter has none.
    fn type_of_other_languages(&mut self, from: usize, parameter: &mut Parameter<'s>) -> Option<Diagnostic> {
        let next = self.peek()?;
        let text = self.text_of(next.span);
        let is_meant = match (parameter.kind.map(|kind| kind.text), next.kind) {
            (None, Kind::Stray | Kind::OpenAngle) => self.at > from && text != ",",
            (None, Kind::Bare) => text.starts_with(['?', ':']) && self.joins(from.checked_sub(1)?, self.at),
            (Some("list" | "optional" | "maybe"), Kind::Word) => self.reserved(next).is_none(),
            (Some(_), Kind::Stray | Kind::OpenAngle) => matches!(text, "[" | "<"),
            _ => false,
        };
        let is_end = |token: &Token| {
            matches!(token.kind, Kind::Equals | Kind::Semicolon)
                || token.kind == Kind::Space && self.text_of(token.span).contains(['\n', '\r'])
        };
        let rest = self.tokens.get(self.at..).filter(|_| is_meant)?;
        let end = self.at + rest.iter().position(is_end).unwrap_or(rest.len());
        let is_part = |token: &&Token| !token.kind.is_gap() && token.kind != Kind::Colon;
        let first = self.tokens.get(from..end)?.iter().find(is_part)?.span;
        let last = self.tokens.get(from..end)?.iter().rev().find(is_part)?.span;
        let behind = self.at;
        self.at = end;
        self.skip(behind);
        let (span, name) = (first.to(last), parameter.name.text);
        (parameter.list, parameter.kind) = (None, None);
        self.skip(from);
        Some(problems::other_type(span, name, self.source))
    }

    /// Whether what stands in the place of a parameter's name is the next statement. Then it is read as that.
    fn begins_statement(&mut self, token: Token) -> bool {
        let goes_on = self.tokens.get(self.at + 1).is_some_and(|behind| behind.kind.is_bare());
        let begins = !goes_on && self.reserved(token).is_some();
        if let (true, Some(token)) = (begins, self.tokens.get_mut(self.at)) {
            token.kind = Kind::Word;
        }
        begins
    }

    // ---- Blocks ----

    /// `if`, `else`, `for`, `in` and `include`, which `text` says.
    fn structure(&mut self, token: Token, text: &str) {
        let word = self.word(token);
        self.at += 1;
        let chain = self.chain;
        // One error a head: what follows it is most often its consequence.
        let mut said = usize::MAX;
        let mut head = BlockHead {
            form: BlockForm::If,
            word,
            second: None,
            variable: None,
            condition: None,
            block: None,
            chain: None,
        };
        match text {
            "if" => {}
            "else" => {
                if chain.is_none() {
                    self.report(problems::lone_else(word));
                    said = self.diagnostics.len();
                }
                head.chain = chain;
                head.second = self.take_structure("if");
                // Whoever writes it in one word, means both.
                let is_both = head.second.is_some() || word.text != text;
                head.form = if is_both { BlockForm::ElseIf } else { BlockForm::Else };
            }
            "for" => {
                head.form = BlockForm::For;
                let before = self.diagnostics.len();
                head.variable = self.variable();
                if self.diagnostics.len() > before {
                    said = before + 1;
                }
                head.second = self.take_structure("in");
                if head.variable.is_none() || head.second.is_none() {
                    self.report(problems::bad_loop(word, self.source));
                    said = self.diagnostics.len();
                    self.skip_to_brace();
                }
            }
            "include" => return self.include(word),
            _ => {
                self.report(problems::lone_in(word));
                self.begin(Head::Reserved(word));
                return;
            }
        }
        if head.form != BlockForm::Else {
            let before = self.diagnostics.len();
            head.condition = self.condition(&head);
            if self.diagnostics.len() > before {
                said = said.min(before + 1);
            }
        }
        let brace = self.peek().filter(|token| matches!(token.kind, Kind::OpenBrace | Kind::OpenHole));
        let Some(Token { span: brace, .. }) = brace else {
            let meant = self.meant_as_block(word);
            self.report(problems::no_block(word, meant, self.source));
            self.diagnostics.truncate(said);
            self.begin(Head::Block(head));
            if let Some(current) = &mut self.current {
                current.broken = true;
            }
            return;
        };
        self.diagnostics.truncate(said);
        if self.open.len() == MOST_BLOCKS {
            self.report(problems::too_deep(brace, MOST_BLOCKS));
        }
        let number = self.blocks.len() as u32;
        head.block = Some(number);
        if matches!(head.form, BlockForm::If) {
            head.chain = Some(number);
        }
        // Behind an `else` there is no other.
        let chain = head.chain.filter(|_| matches!(head.form, BlockForm::If | BlockForm::ElseIf));
        self.begin(Head::Block(head));
        self.end_statement();
        let first = self.statements.len();
        self.blocks.push(first..first);
        self.open.push(OpenBlock { number, brace, chain });
        self.at += 1;
    }

    /// What is meant as the block of a head without braces: what follows in its line, or indented in the next one, up to what
    /// ends a statement or block.
    fn meant_as_block(&mut self, word: Word<'s>) -> Option<Span> {
        let next = self.peek()?;
        if let Some(indent) = indentation(self.source, next.span.start)
            && indentation(self.source, word.span.start).is_none_or(|own| indent <= own)
        {
            return None;
        }
        let mut depth = 0_usize;
        let mut meant = None;
        for token in self.tokens.get(self.at..)? {
            match token.kind {
                Kind::OpenBrace | Kind::OpenHole => depth += 1,
                Kind::CloseBrace if depth > 0 => depth -= 1,
                // The next head has a block of its own.
                Kind::CloseBrace | Kind::Semicolon | Kind::Comment | Kind::Structure => break,
                Kind::Space if self.text_of(token.span).contains(['\n', '\r']) => break,
                Kind::Space => continue,
                _ => {}
            }
            meant = Some(next.span.to(token.span));
        }
        meant
    }

    /// `include "common.vm"`
    fn include(&mut self, word: Word<'s>) {
        let value = self.option_value();
        self.begin(Head::Include(Inclusion { word, file: None }));
        let is_said = matches!(value, Some(Value { form: ValueForm::Broken, .. }));
        let is_path = value.as_ref().and_then(Value::text).is_some_and(|text| !text.is_empty());
        if !is_path && !is_said {
            let at = value.as_ref().filter(|value| value.text().is_none()).map(|value| value.span);
            self.report(problems::no_file(word, at));
        }
        self.previous_end = value.as_ref().map_or(0, |value| value.span.end);
        if let Some(current) = &mut self.current {
            current.broken = !is_path;
            current.head = Head::Include(Inclusion { word, file: value });
        }
    }

    fn close_block(&mut self) {
        self.end_statement();
        self.at += 1;
        if let Some(block) = self.open.pop() {
            self.end_block(block.number);
            self.chain = block.chain;
        }
    }

    fn end_block(&mut self, number: u32) {
        let end = self.statements.len();
        if let Some(block) = self.blocks.get_mut(number as usize) {
            block.end = end;
        }
    }

    /// What a word of other languages says here that begins a block there, and that it is written otherwise.
    fn of_other_languages(&self, token: Token) -> Option<(&'static str, Diagnostic)> {
        let mut behind = self.tokens.get(self.at + 1..)?.iter().filter(|token| !token.kind.is_gap());
        let (next, second) = (behind.next()?, behind.next());
        let is_brace = matches!(next.kind, Kind::OpenBrace | Kind::OpenHole);
        let is_in = second.is_some_and(|second| self.text_of(second.span) == "in");
        let (text, meant) = match self.text_of(token.span) {
            "elif" | "elsif" | "elseif" if is_brace => ("else", "else if"),
            "foreach" if is_in => ("for", "for"),
            _ => return None,
        };
        Some((text, problems::written_as(self.word(token), meant)))
    }

    /// The next token, where it is this word of the language's.
    fn take_structure(&mut self, text: &str) -> Option<Word<'s>> {
        let token = self.peek().filter(|token| token.kind == Kind::Structure)?;
        let word = self.word(token);
        if word.text != text {
            return None;
        }
        self.at += 1;
        Some(word)
    }

    /// The variable of a loop. It may be called like a statement.
    fn variable(&mut self) -> Option<Word<'s>> {
        let open = self.take(Kind::OpenHole);
        let token = self.take(Kind::Word)?;
        if let (Some(open), Some(close)) = (open, self.take(Kind::CloseBrace)) {
            self.report(problems::variable_in_braces(open.span.to(close.span), self.text_of(token.span)));
        }
        Some(self.word(token))
    }

    /// What decides about a block: a parameter in braces.
    fn condition(&mut self, head: &BlockHead<'_>) -> Option<Condition<'s>> {
        let first = self.peek()?;
        let from = self.at;
        let block = self.block_brace();
        let is_hole = first.kind == Kind::OpenHole
            && block
                .is_none_or(|block| self.braces.close(from).is_some_and(|close| self.joins(close, block)));
        if is_hole {
            self.at += 1;
            let negated = self.take(Kind::Not).is_some();
            let name = self.take(Kind::Word).map(|token| self.word(token));
            self.take(Kind::CloseBrace);
            if negated && head.form == BlockForm::For {
                self.report(problems::bad_loop(head.word, self.source));
            }
            return Some(Condition { name: name?, negated, span: first.span.to(self.last()) });
        }
        self.at = block.unwrap_or(from);
        let meant = self.tokens.get(from..self.at).unwrap_or_default();
        let last = meant.iter().rev().find(|token| !token.kind.is_gap()).map(|last| last.span);
        let is_loop = head.form == BlockForm::For;
        let meant = last.map(|last| first.span.to(last));
        self.report(problems::no_condition(head.word, is_loop, meant, self.source));
        self.skip(from);
        None
    }

    /// Whether nothing but a gap is between two tokens.
    fn joins(&self, first: usize, next: usize) -> bool {
        self.tokens
            .get(first + 1..next)
            .is_some_and(|between| between.iter().all(|token| token.kind.is_gap()))
    }

    /// The number of the token that opens the block which a condition is followed by. What stands before the first braces in the
    /// line, and between these and others, is meant as a part of it: `if !{debug} {`, `if {a} && {b} {`.
    fn block_brace(&self) -> Option<usize> {
        let is_open = |token: &Token| matches!(token.kind, Kind::OpenBrace | Kind::OpenHole);
        let line = self.tokens.get(self.at..)?;
        let ends = |token: &Token| {
            matches!(token.kind, Kind::Semicolon | Kind::CloseBrace)
                || token.kind == Kind::Space && self.text_of(token.span).contains(['\n', '\r'])
        };
        let first = line.iter().position(|token| is_open(token) || ends(token))?;
        let mut brace = self.at + first;
        if !line.get(first).is_some_and(is_open) {
            return None;
        }
        loop {
            let behind = self.braces.close(brace)? + 1;
            let is_joint = |token: &Token| {
                matches!(token.kind, Kind::Stray | Kind::Bare | Kind::Not | Kind::Equals)
                    || matches!(self.text_of(token.span), "and" | "or" | "not")
            };
            let mut next = self.tokens.get(behind..)?.iter().zip(behind..);
            let next = next.find(|(token, _)| !token.kind.is_gap() && !is_joint(token));
            match next.filter(|(token, _)| is_open(token)).map(|(_, next)| next) {
                // The first braces are what it is about; only then comes the block.
                Some(next) if self.joins(behind - 1, next) => return Some(next),
                Some(next) => brace = next,
                None => return Some(brace).filter(|brace| *brace > self.at),
            }
        }
    }

    /// Leaves out what stands before the next brace in the line, if there is one. Gives its place.
    fn skip_to_brace(&mut self) -> Option<Span> {
        let from = self.at;
        let first = self.peek()?;
        let mut end = None;
        for (at, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.kind {
                Kind::OpenBrace | Kind::OpenHole => {
                    end = Some(at);
                    break;
                }
                Kind::Semicolon | Kind::CloseBrace => break,
                Kind::Space if self.text_of(token.span).contains(['\n', '\r']) => break,
                _ => {}
            }
        }
        let end = end.filter(|end| *end > self.at)?;
        let last = self.tokens.get(self.at..end)?.iter().rev().find(|token| !token.kind.is_gap())?.span;
        self.at = end;
        self.skip(from);
        Some(first.span.to(last))
    }

    // ---- Items ----

    fn add(&mut self, item: Item<'s>) {
        if let Some(current) = &mut self.current {
            current.items.push(item);
        }
    }

    /// Sees to it that there is a statement that what begins at `start` can belong to.
    fn belong(&mut self, start: u32) {
        let anew = match &self.current {
            Some(Statement { head: Head::Orphan, items, .. }) => {
                items.first().is_some_and(|first| begins_anew(self.source, start, first.span().start))
            }
            // What is whole takes no options: what begins a line behind it is a statement.
            Some(Statement {
                head: Head::Include(_) | Head::Declaration(_, Some(_)), broken: false, ..
            }) => indentation(self.source, start).is_some(),
            Some(_) => false,
            None => true,
        };
        if anew {
            let previous_end = self.previous_end;
            self.begin(Head::Orphan);
            self.previous_end = previous_end;
        }
    }

    fn item(&mut self, token: Token) {
        if self.foreign(token) {
            return;
        }
        let start = token.span.start;
        self.belong(start);
        let (from, said) = (self.at, self.diagnostics.len());
        let Some((item, end)) = self.read_item(token) else {
            return self.stray(token);
        };
        // What touches something that makes no sense belongs to the same mistake. One such error a statement: what follows
        // it is most often its consequence.
        let touches = start == self.previous_end && start > 0;
        let broken = self.current.as_ref().is_some_and(|current| current.broken);
        self.previous_end = end;
        if touches && broken {
            self.diagnostics.truncate(said);
            return self.skip(from);
        }
        if touches {
            self.diagnostics.insert(said, problems::touching(Span::new(start, end)));
            if let Some(current) = &mut self.current {
                current.broken = true;
            }
        }
        self.add(item);
    }

    /// The item that begins with the next token, and where it ends.
    fn read_item(&mut self, token: Token) -> Option<(Item<'s>, u32)> {
        let word = self.word(token);
        let item = match token.kind {
            Kind::Name => {
                self.at += 1;
                let equals = self.take(Kind::Equals).map_or(token.span, |equals| equals.span);
                let value = self.option_value();
                let end = value.as_ref().map_or(equals.end, |value| value.span.end);
                return Some((Item::Option { name: word, value }, end));
            }
            Kind::Word | Kind::ParamName | Kind::ParamType => {
                self.at += 1;
                Item::Flag(word)
            }
            Kind::Feature => {
                self.at += 1;
                let span = Span::new(token.span.start + 1, token.span.end);
                Item::Feature {
                    on: word.text.starts_with('+'),
                    name: Word { text: self.text_of(span), span },
                }
            }
            kind if kind.is_bare() || kind.is_quoted() || kind == Kind::OpenHole => {
                Item::Loose(self.value(token))
            }
            _ => return None,
        };
        let end = item.span().end;
        Some((item, end))
    }

    /// Reports a character that begins nothing.
    fn stray(&mut self, token: Token) {
        let at = token.span;
        if !self.current.as_ref().is_some_and(|current| current.broken) {
            let commas = self.commas();
            match problems::commas(&commas, self.source) {
                Some(problem) => {
                    self.commas_end = commas.last().map_or(at.end, |last| last.end);
                    self.report(problem);
                }
                // It has been reported with those before it.
                None if at.start < self.commas_end => {}
                None => self.report(problems::stray(at, self.source)),
            }
        }
        if let Some(current) = &mut self.current {
            current.broken = true;
        }
        self.at += 1;
        self.skip(self.at - 1);
        self.previous_end = at.end;
    }

    /// The next token, where it is a comma, and those behind it on its line and in its statement.
    fn commas(&self) -> Vec<Span> {
        let goes_on = |token: &&Token| match token.kind {
            Kind::Semicolon => false,
            Kind::Space => !self.text_of(token.span).contains(['\n', '\r']),
            Kind::Word => self.keyword(**token).is_none(),
            _ => true,
        };
        let is_comma = |token: &&Token| token.kind == Kind::Stray && self.text_of(token.span) == ",";
        let line = self.tokens.get(self.at..).unwrap_or_default();
        if !line.first().is_some_and(|first| first.span.start >= self.commas_end && is_comma(&first)) {
            return Vec::new();
        }
        line.iter().take_while(goes_on).filter(is_comma).map(|token| token.span).collect()
    }

    // ---- Other languages ----

    /// Takes what is of another language, a shell's or Rust's: as one mistake, whatever it consists of.
    fn foreign(&mut self, token: Token) -> bool {
        let from = self.at;
        let text = self.text_of(token.span);
        if token.kind == Kind::Bare
            && matches!(text, "#" | "#!")
            && let Some(end) = self.behind_bracket(self.at + 1, &["["])
        {
            self.at = end;
            self.report(problems::attribute(token.span.to(self.last()), self.source));
        } else if token.kind == Kind::Bare && text.starts_with('#') {
            self.at = self.line_end(self.at);
            self.report(problems::comment(token.span));
        } else if self.is_command_line(token) {
            self.begin(Head::CommandLine(token.span));
            while let Some(last) = self.tokens.get(self.at) {
                self.at = self.line_end(self.at);
                // The line goes on behind a `\`.
                if !self.text_of(last.span.to(self.last())).trim_end().ends_with('\\') {
                    break;
                }
                self.peek();
            }
            let span = token.span.to(self.last());
            if let Some(current) = &mut self.current {
                current.head = Head::CommandLine(span);
            }
            self.end_statement();
        } else {
            return false;
        }
        self.skip(from);
        self.previous_end = 0;
        true
    }

    /// Where the token before the next one stands.
    fn last(&self) -> Span {
        self.tokens.get(self.at.wrapping_sub(1)).map_or(Span::default(), |token| token.span)
    }

    /// The number of the first token behind the line of token number `at`.
    fn line_end(&self, at: usize) -> usize {
        let ends =
            |token: &Token| token.kind == Kind::Space && self.text_of(token.span).contains(['\n', '\r']);
        let rest = self.tokens.get(at..).unwrap_or_default();
        at + rest.iter().position(ends).unwrap_or(rest.len())
    }

    /// Whether a comment of a shell's begins here: a `#` that nothing follows directly. `#1` may be a value.
    fn is_comment(&self, token: Token) -> bool {
        let rest = self.source.get(token.span.end as usize..).unwrap_or_default();
        self.text_of(token.span) == "#" && rest.starts_with([' ', '\t'])
    }

    /// The number of the token behind the bracket that token number `open` opens, where it is one of these and not far.
    fn behind_bracket(&self, open: usize, brackets: &[&str]) -> Option<usize> {
        /// Nobody writes more tokens into one. To look further would take long in a text full of brackets.
        const MOST: usize = 1000;

        let text = |token: &Token| self.text_of(token.span);
        let opening = text(self.tokens.get(open)?);
        let closing = match opening {
            "(" => ")",
            "[" => "]",
            _ => return None,
        };
        if !brackets.contains(&opening) {
            return None;
        }
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(open).take(MOST) {
            match token.kind {
                Kind::Stray if text(token) == opening => depth += 1,
                Kind::Stray if text(token) == closing => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(at + 1);
            }
        }
        None
    }

    /// The number of the token behind the `'` that ends what `span` begins with one: in the same line, but not in `span`.
    fn behind_single_quote(&self, span: Span) -> Option<usize> {
        if self.text_of(span).len() > 1 && self.text_of(span).ends_with('\'') {
            return None;
        }
        let line = self.tokens.get(self.at..self.line_end(self.at))?;
        let closes = |token: &Token| !token.kind.is_gap() && self.text_of(token.span).ends_with('\'');
        line.iter().position(closes).map(|at| self.at + at + 1)
    }

    /// Whether a line begins here that runs QEMU in a shell: `$ sudo qemu-system-x86_64 -m 2G`.
    fn is_command_line(&self, token: Token) -> bool {
        if indentation(self.source, token.span.start).is_none() {
            return false;
        }
        let line = self.source.get(token.span.start as usize..).and_then(|rest| rest.lines().next());
        let mut words = line.unwrap_or_default().split_whitespace();
        let is_before = |word: &&str| matches!(*word, "$" | "%" | "sudo" | "exec" | "doas");
        let program = words.by_ref().find(|word| !is_before(word)).unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or(program);
        let next = words.next().unwrap_or_default();
        match program {
            "qemu-kvm" => !next.is_empty(),
            "kvm" => next.starts_with('-') || next == "\\",
            _ => program.starts_with("qemu-system-"),
        }
    }

    // ---- Values ----

    /// The value behind `=`, directly or not. A keyword is none, but the next statement.
    fn option_value(&mut self) -> Option<Value<'s>> {
        let token = self.peek()?;
        let is_value = match token.kind {
            Kind::Word => self.reserved(token).is_none(),
            Kind::Bare | Kind::Name | Kind::Feature | Kind::OpenHole => true,
            kind => kind.is_quoted(),
        };
        is_value.then(|| self.value(token))
    }

    /// The value that begins with the next token.
    fn value(&mut self, token: Token) -> Value<'s> {
        if token.kind.is_quoted() {
            self.at += 1;
            return Value { span: token.span, form: self.quoted(token) };
        }
        // Text and holes that touch.
        let (mut runs, mut hole) = (0, None);
        let mut span = Span::new(token.span.start, token.span.start);
        while let Some(token) = self.tokens.get(self.at) {
            if token.kind == Kind::OpenHole {
                let value = self.hole();
                span.end = value.span.end;
                hole = Some(value);
                runs += 1;
            } else if token.kind.is_bare() {
                span.end = token.span.end;
                self.at += 1;
                runs += u32::from(hole.is_some());
            } else {
                break;
            }
        }
        if self.text_of(span).ends_with('!')
            && let Some(end) = self.behind_bracket(self.at, &["(", "["])
        {
            self.at = end;
            let span = span.to(self.last());
            self.report(problems::macro_call(span, self.source));
            return Value { span, form: ValueForm::Broken };
        }
        if self.text_of(span).starts_with('\'')
            && let Some(end) = self.behind_single_quote(span)
        {
            self.at = end;
            let span = span.to(self.last());
            self.report(problems::single_quotes(span, self.source));
            return Value { span, form: ValueForm::Broken };
        }
        match hole {
            None => Value { span, form: ValueForm::Bare(self.text_of(span)) },
            Some(hole) if runs == 1 && hole.span.start == span.start => hole,
            Some(_) => {
                self.report(problems::mixed(span, self.source));
                Value { span, form: ValueForm::Broken }
            }
        }
    }

    /// The hole that begins with the next token.
    fn hole(&mut self) -> Value<'s> {
        let mut span = self.tokens.get(self.at).map_or(Span::default(), |token| token.span);
        self.at += 1;
        if let Some(not) = self.take(Kind::Not) {
            self.report(problems::stray_not(not.span));
        }
        let form = match self.take(Kind::Word) {
            Some(name) => ValueForm::Hole(self.word(name)),
            None => ValueForm::Broken,
        };
        if let Some(close) = self.take(Kind::CloseBrace) {
            span = span.to(close.span);
        }
        Value { span, form }
    }

    fn quoted(&mut self, token: Token) -> ValueForm<'s> {
        let text = self.text_of(token.span);
        match token.kind {
            Kind::OpenString => {
                self.report(problems::open_string(token.span, self.source));
                ValueForm::Broken
            }
            Kind::OpenRawString => {
                self.report(problems::open_raw_string(token.span, self.source));
                ValueForm::Broken
            }
            _ => self.string(text, token.span.start),
        }
    }

    fn string(&mut self, text: &'s str, start: u32) -> ValueForm<'s> {
        // Those before it may have been left out.
        while self.strings.next_if(|string| string.start < start).is_some() {}
        let Some(string) = self.strings.next_if(|string| string.start == start) else {
            let quoted = text.strip_prefix('r').map_or(text, |raw| raw.trim_matches('#'));
            let inside = quoted.get(1..quoted.len() - 1);
            return ValueForm::Text(inside.unwrap_or(quoted).into());
        };
        if !string.problems.is_empty() {
            self.diagnostics.extend(string.problems);
            return ValueForm::Broken;
        }
        let mut parts = string.parts;
        match (parts.pop(), parts.is_empty()) {
            (Some(Part::Text(text)), true) => ValueForm::Text(text),
            (last, _) => {
                parts.extend(last);
                ValueForm::Parts(parts)
            }
        }
    }
}

/// Which brace closes which: their tokens' numbers. Only blocks need to know.
struct Braces(Vec<(usize, usize)>);

impl Braces {
    fn of(tokens: &[Token]) -> Self {
        let mut pairs = Vec::new();
        let mut open = Vec::new();
        if tokens.iter().any(|token| token.kind == Kind::Structure) {
            for (at, token) in tokens.iter().enumerate() {
                match token.kind {
                    Kind::OpenBrace | Kind::OpenHole => open.push(at),
                    Kind::CloseBrace => pairs.extend(open.pop().map(|open| (open, at))),
                    _ => {}
                }
            }
            pairs.sort_unstable();
        }
        Self(pairs)
    }

    fn close(&self, open: usize) -> Option<usize> {
        let found = self.0.binary_search_by_key(&open, |(open, _)| *open).ok()?;
        self.0.get(found).map(|(_, close)| *close)
    }
}
