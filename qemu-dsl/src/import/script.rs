//! The command line that a shell's script runs.
//!
//! **No shell.** Of its language this reads what people write around QEMU: quotes, continuations, comments, assignments, arrays,
//! variables and their defaults. Nothing is executed. What only a shell could tell is a variable too.

use std::collections::HashMap;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// A command line of a script, with places for what its variables are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Script {
    /// The program and its arguments.
    pub words: Vec<Word>,
    /// The values of the variables, as far as the script tells them.
    pub values: HashMap<String, String>,
}

/// A word of a command line.
pub type Word = Vec<Segment>;

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A text.
    Text(String),
    /// A variable.
    Variable(String),
}

/// There is no command in a script that runs QEMU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCommand;

impl fmt::Display for NoCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no command here runs QEMU: none is called `qemu-system-...`, `qemu-kvm` or `kvm`")
    }
}

impl std::error::Error for NoCommand {}

impl Script {
    /// Finds the first command of a script that runs QEMU.
    ///
    /// ```
    /// use qemu_dsl::import::{Script, Segment};
    ///
    /// let script = Script::read("RAM=2G\nqemu-system-x86_64 -m $RAM \\\n  -name 'a b'").unwrap();
    /// assert_eq!(script.words[2], [Segment::Variable("RAM".into())]);
    /// assert_eq!(script.words[4], [Segment::Text("a b".into())]);
    /// assert_eq!(script.values["RAM"], "2G");
    /// ```
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn read(text: &str) -> Result<Self, NoCommand> {
        let mut lexer =
            Lexer { chars: text.chars().peekable(), values: HashMap::new(), arrays: HashMap::new() };
        while let Some(command) = lexer.command() {
            let mut words = command.into_iter().skip_while(|word| !runs_qemu(word, &lexer.values)).peekable();
            if words.peek().is_some() {
                return Ok(Self { words: words.collect(), values: lexer.values });
            }
        }
        Err(NoCommand)
    }
}

/// Whether a word is a program that is QEMU.
fn runs_qemu(word: &Word, values: &HashMap<String, String>) -> bool {
    let text: String = word
        .iter()
        .map(|segment| match segment {
            Segment::Text(text) => text.as_str(),
            Segment::Variable(name) => values.get(name).map_or(name.as_str(), String::as_str),
        })
        .collect();
    let name = text.rsplit('/').next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    name.starts_with("qemu-system-")
        || matches!(name.as_str(), "qemu-kvm" | "kvm" | "qemu" | "qemu_bin" | "qemu_cmd")
}

struct Lexer<'t> {
    chars: Peekable<Chars<'t>>,
    values: HashMap<String, String>,
    arrays: HashMap<String, Vec<Word>>,
}

impl Lexer<'_> {
    /// The words of the next command. What it assigns before them is kept.
    fn command(&mut self) -> Option<Vec<Word>> {
        let mut words: Vec<Word> = Vec::new();
        loop {
            self.gap();
            match self.chars.peek() {
                None if words.is_empty() => return None,
                None => return Some(words),
                Some('\n' | ';' | '&' | '|' | '(' | ')') => {
                    self.chars.next();
                    return Some(words);
                }
                Some('#') => while self.chars.next_if(|c| *c != '\n').is_some() {},
                Some('<' | '>') => self.redirection(),
                Some(_) => self.word(words.is_empty(), &mut words),
            }
        }
    }

    /// Skips what stands between words.
    fn gap(&mut self) {
        loop {
            if self.chars.next_if(|c| matches!(c, ' ' | '\t' | '\r')).is_some() {
                continue;
            }
            let mut ahead = self.chars.clone();
            if ahead.next() != Some('\\') {
                return;
            }
            ahead.next_if_eq(&'\r');
            if ahead.next() != Some('\n') {
                return;
            }
            self.chars = ahead;
        }
    }

    /// Skips a redirection and the file that it names.
    fn redirection(&mut self) {
        while self.chars.next_if(|c| matches!(c, '<' | '>' | '&' | '|')).is_some() {}
        self.gap();
        self.word(false, &mut Vec::new());
    }

    /// Reads a word. Where it may be an assignment, and is one, it is none.
    fn word(&mut self, may_assign: bool, words: &mut Vec<Word>) {
        let mut word = Word::new();
        let mut is_quoted = false;
        let mut is_there = false;
        while let Some(c) = self.chars.peek().copied() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '|' | ')' => break,
                '&' | '<' => break,
                '>' => {
                    // The number of a file descriptor belongs to it.
                    if word.iter().all(|segment| matches!(segment, Segment::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()))) {
                        word.clear();
                        is_there = false;
                    }
                    break;
                }
                '(' => {
                    let name = assigned(&word).filter(|_| may_assign);
                    self.chars.next();
                    if let Some((name, adds)) = name {
                        let list = self.array();
                        let array = self.arrays.entry(name).or_default();
                        if !adds {
                            array.clear();
                        }
                        array.extend(list);
                        return;
                    }
                    break;
                }
                '\'' => {
                    self.chars.next();
                    let mut text = String::new();
                    while let Some(c) = self.chars.next().filter(|c| *c != '\'') {
                        text.push(c);
                    }
                    add(&mut word, &text);
                    (is_quoted, is_there) = (true, true);
                }
                '"' => {
                    self.chars.next();
                    self.double_quoted(&mut word, words, &mut is_there);
                    is_quoted = true;
                }
                '\\' => {
                    self.chars.next();
                    match self.chars.next() {
                        // Within a word, the line goes on.
                        Some('\n') | None => {}
                        Some(c) => {
                            add(&mut word, &c.to_string());
                            is_there = true;
                        }
                    }
                }
                '$' | '`' => {
                    is_there = true;
                    self.variable(&mut word, words, &mut is_there, is_quoted);
                }
                c => {
                    self.chars.next();
                    add(&mut word, &c.to_string());
                    is_there = true;
                }
            }
        }
        if may_assign && let Some((name, value)) = self.assignment(&word) {
            self.values.insert(name, value);
            return;
        }
        if is_there {
            words.push(word);
        } else {
            // What begins no word must not be looked at again.
            if self.chars.peek().is_some_and(|c| matches!(c, '(' | '<')) {
                self.chars.next();
            }
        }
    }

    /// The words of `NAME=( ... )`.
    fn array(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            while self.chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
            self.gap();
            match self.chars.peek() {
                None => return words,
                Some(')') => {
                    self.chars.next();
                    return words;
                }
                Some('#') => while self.chars.next_if(|c| *c != '\n').is_some() {},
                Some('\n') => {}
                Some(';' | '&' | '|' | '<' | '>') => {
                    self.chars.next();
                }
                Some(_) => self.word(false, &mut words),
            }
        }
    }

    fn double_quoted(&mut self, word: &mut Word, words: &mut Vec<Word>, is_there: &mut bool) {
        *is_there = true;
        while let Some(c) = self.chars.peek().copied() {
            match c {
                '"' => {
                    self.chars.next();
                    return;
                }
                '\\' => {
                    self.chars.next();
                    match self.chars.next() {
                        Some('\n') | None => {}
                        Some(c) if matches!(c, '$' | '`' | '"' | '\\') => add(word, &c.to_string()),
                        Some(c) => add(word, &format!("\\{c}")),
                    }
                }
                '$' | '`' => self.variable(word, words, is_there, true),
                c => {
                    self.chars.next();
                    add(word, &c.to_string());
                }
            }
        }
    }

    /// Reads `$NAME`, `${NAME}`, `${NAME:-default}`, `$(...)` or a command between backticks.
    fn variable(&mut self, word: &mut Word, words: &mut Vec<Word>, is_there: &mut bool, is_quoted: bool) {
        let opening = self.chars.next();
        if opening == Some('`') {
            let mut text = String::new();
            while let Some(c) = self.chars.next().filter(|c| *c != '`') {
                text.push(c);
            }
            word.push(Segment::Variable(name_of(&text)));
            return;
        }
        match self.chars.peek().copied() {
            Some('{') => {
                self.chars.next();
                let inner = self.until('{', '}');
                self.braced(&inner, word, words, is_there);
            }
            Some('(') => {
                self.chars.next();
                let inner = self.until('(', ')');
                word.push(Segment::Variable(name_of(&inner)));
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::new();
                while let Some(c) = self.chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                self.spread(name, word, words, is_there, is_quoted);
            }
            Some(c) if c.is_ascii_digit() => {
                self.chars.next();
                word.push(Segment::Variable(format!("arg{c}")));
            }
            Some('@' | '*') => {
                self.chars.next();
                // More arguments, of which nothing is known.
                *is_there = !word.is_empty();
            }
            Some('#' | '?' | '$' | '!' | '-') => {
                self.chars.next();
                word.push(Segment::Variable("shell".to_owned()));
            }
            _ => add(word, "$"),
        }
    }

    /// A variable without quotes whose value has several words is these words.
    fn spread(
        &mut self,
        name: String,
        word: &mut Word,
        words: &mut Vec<Word>,
        is_there: &mut bool,
        is_quoted: bool,
    ) {
        let value = self
            .values
            .get(&name)
            .filter(|value| !is_quoted && word.is_empty() && value.contains([' ', '\t', '\n']));
        match value {
            Some(value) => {
                let own = value.split_whitespace().map(|text| vec![Segment::Text(text.to_owned())]);
                words.extend(own.collect::<Vec<_>>());
                *is_there = false;
            }
            None if self.values.get(&name).is_some_and(String::is_empty) && !is_quoted && word.is_empty() => {
                *is_there = false;
            }
            None => word.push(Segment::Variable(name)),
        }
    }

    /// What stands up to a bracket, with those within it.
    fn until(&mut self, open: char, close: char) -> String {
        let mut text = String::new();
        let mut depth = 0;
        for c in self.chars.by_ref() {
            if c == open {
                depth += 1;
            } else if c == close {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            }
            text.push(c);
        }
        text
    }

    fn braced(&mut self, inner: &str, word: &mut Word, words: &mut Vec<Word>, is_there: &mut bool) {
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let (name, rest) = inner.split_at_checked(end).unwrap_or((inner, ""));
        match rest.chars().next() {
            Some('[') if matches!(rest, "[@]" | "[*]") => match self.arrays.get(name) {
                Some(array) => {
                    words.extend(array.iter().cloned());
                    *is_there = !word.is_empty();
                }
                None => *is_there = !word.is_empty(),
            },
            // A default, which may have variables of its own.
            Some(':' | '-' | '=')
                if !name.is_empty() && rest.trim_start_matches(':').starts_with(['-', '=']) =>
            {
                let default = rest.trim_start_matches(':').get(1..).unwrap_or_default();
                let text = self.plain(default.trim_matches(['"', '\'']));
                if let Some(text) = text {
                    self.values.entry(name.to_owned()).or_insert(text);
                }
                word.push(Segment::Variable(name.to_owned()));
            }
            _ if name.is_empty() => word.push(Segment::Variable(name_of(inner))),
            None => word.push(Segment::Variable(match name.bytes().all(|byte| byte.is_ascii_digit()) {
                true => format!("arg{name}"),
                false => name.to_owned(),
            })),
            Some(_) => word.push(Segment::Variable(name_of(inner))),
        }
    }

    /// A text with its variables' values, where all are known.
    fn plain(&self, text: &str) -> Option<String> {
        let mut lexer =
            Lexer { chars: text.chars().peekable(), values: self.values.clone(), arrays: HashMap::new() };
        let (mut word, mut words) = (Word::new(), Vec::new());
        lexer.double_quoted(&mut word, &mut words, &mut false);
        self.known(&word)
    }

    fn known(&self, word: &[Segment]) -> Option<String> {
        let texts = word.iter().map(|segment| match segment {
            Segment::Text(text) => Some(text.as_str()),
            Segment::Variable(name) => self.values.get(name).map(String::as_str),
        });
        texts.collect()
    }

    /// `NAME=value`, where the value is known.
    fn assignment(&self, word: &[Segment]) -> Option<(String, String)> {
        let (Segment::Text(first), rest) = word.split_first()? else { return None };
        let (name, value) = first.split_once('=')?;
        if !is_name(name) {
            return None;
        }
        // What can't be known stays a variable.
        let own = [Segment::Text(value.to_owned())];
        let value: Vec<Segment> = own.iter().chain(rest).cloned().collect();
        Some((name.to_owned(), self.known(&value)?))
    }
}

/// The array that a word begins to assign, and whether it adds to it.
fn assigned(word: &[Segment]) -> Option<(String, bool)> {
    let [Segment::Text(text)] = word else { return None };
    let name = text.strip_suffix('=')?;
    let (name, adds) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
    is_name(name).then(|| (name.to_owned(), adds))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A name for what only a shell could tell.
fn name_of(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).take(3);
    let name = words.collect::<Vec<_>>().join("_");
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("shell_{name}") }
}

fn add(word: &mut Word, more: &str) {
    match word.last_mut() {
        Some(Segment::Text(text)) => text.push_str(more),
        _ => word.push(Segment::Text(more.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Script, Segment};

    fn words(text: &str) -> Vec<String> {
        let Ok(script) = Script::read(text) else { return Vec::new() };
        let shown = |segment: &Segment| match segment {
            Segment::Text(text) => text.clone(),
            Segment::Variable(name) => match script.values.get(name) {
                Some(value) => format!("<{name}={value}>"),
                None => format!("<{name}>"),
            },
        };
        script.words.iter().map(|word| word.iter().map(shown).collect()).collect()
    }

    #[test]
    fn a_script_s_command_is_found() {
        let script = "#!/bin/sh\n# runs it\nset -e\nRAM=2G DIR=/srv\nDISK=\"$DIR/a b.img\" # here\n\
                      exec sudo qemu-system-x86_64 -m \"$RAM\" \\\n  -drive file=\"${DISK}\",format=raw \\\r\n -name 'it''s' \
                      -smp $(nproc --all) -k ${KEYS:-de} \"$@\" >log 2>&1 </dev/null &\nwait\n";
        let expected = [
            "qemu-system-x86_64",
            "-m",
            "<RAM=2G>",
            "-drive",
            "file=<DISK=/srv/a b.img>,format=raw",
            "-name",
            "its",
            "-smp",
            "<nproc_all>",
            "-k",
            "<KEYS=de>",
        ];
        assert_eq!(words(script), expected);
    }

    #[test]
    fn arrays_and_lists_are_spread() {
        let script = "ARGS=(-m 1G\n  # more\n  -name \"a b\")\nARGS+=(-S)\nMORE=\"-vga none\" NONE=\n\
                      \"$QEMU\" \"${ARGS[@]}\" $MORE $NONE a\\ b";
        assert_eq!(words(script), ["<QEMU>", "-m", "1G", "-name", "a b", "-S", "-vga", "none", "a b"]);
    }

    #[test]
    fn nothing_hangs() {
        for text in [
            "",
            "ls",
            "qemu",
            "(",
            "a=(",
            "a=($(",
            "\"",
            "'",
            "`",
            "$",
            "${",
            "\\",
            "<",
            ">",
            "kvm (x) <(y) >",
            "kvm a(b",
        ] {
            let _ = Script::read(text);
        }
    }
}
