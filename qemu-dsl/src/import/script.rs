//! The command line that a shell's script runs.
//!
//! **No shell.** Of its language this reads what people write around QEMU: quotes, continuations, comments, here-documents,
//! assignments, arrays, variables and their defaults. Nothing is executed. What only a shell could tell is a variable too, and
//! what is left out is told.

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
    /// What of the script isn't in the command line: sentences.
    pub notes: Vec<String>,
}

/// A word of a command line.
pub type Word = Vec<Segment>;

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A text.
    Text(String),
    /// A variable by its name, or all that stands for what only a shell could tell: `$(nproc)`, `${RAM%G}`, `$1`.
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
    /// Finds the first command of a script that runs QEMU, and doesn't but ask it for a list.
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
        Self::read_within(text, 0).ok_or(NoCommand)
    }

    /// The same of a text that is evaluated, so deep.
    fn read_within(text: &str, depth: usize) -> Option<Self> {
        let mut lexer = Lexer::of(text, depth);
        let (mut found, mut question): (Option<Self>, Option<Self>) = (None, None);
        while let Some(command) = lexer.command() {
            let Some((words, before)) = lexer.running(command.words) else { continue };
            if let Some(found) = &mut found {
                if !asks(&words) {
                    let program = words.first().map(|word| shown(word)).unwrap_or_default();
                    found.notes.push(format!(
                        "The script runs QEMU again, by `{program}`: this is its first command alone."
                    ));
                }
                continue;
            }
            let mut notes = before;
            notes.extend(command.environment.iter().map(|name| {
                format!("The script sets `{name}` in QEMU's environment: what starts QEMU must do that.")
            }));
            notes.extend(command.notes);
            let values = lexer.values.iter().filter_map(|(name, word)| Some((name.clone(), known(word)?)));
            let is_question = asks(&words);
            let script = Self { words, values: values.collect(), notes };
            *if is_question { &mut question } else { &mut found } = Some(script);
        }
        found.or(question)
    }
}

/// Whether a command line asks QEMU for its version or a list, and runs no guest.
fn asks(words: &[Word]) -> bool {
    let is_question = |word: &Word| {
        let text = shown(word);
        matches!(text.as_str(), "help" | "?" | "-h" | "-help" | "--help" | "-version" | "--version")
            || text.ends_with(",help")
            || text.ends_with(",?")
    };
    words.iter().skip(1).any(is_question)
}

/// As a message shows it.
fn shown(word: &[Segment]) -> String {
    let texts = word.iter().map(|segment| match segment {
        Segment::Text(text) => text.clone(),
        Segment::Variable(name) if is_name(name) => format!("${name}"),
        Segment::Variable(text) => text.clone(),
    });
    texts.collect()
}

/// The text of a word that has no variable.
fn known(word: &[Segment]) -> Option<String> {
    let texts = word.iter().map(|segment| match segment {
        Segment::Text(text) => Some(text.as_str()),
        Segment::Variable(_) => None,
    });
    texts.collect()
}

/// Programs that run the one that their arguments name.
const WRAPPERS: &[&str] = &[
    "cgexec",
    "chrt",
    "chroot",
    "command",
    "doas",
    "env",
    "exec",
    "firejail",
    "gdb",
    "gdbserver",
    "ionice",
    "ip",
    "ltrace",
    "nice",
    "nohup",
    "nsenter",
    "numactl",
    "perf",
    "pkexec",
    "prlimit",
    "rr",
    "runuser",
    "setpriv",
    "setsid",
    "setarch",
    "stdbuf",
    "strace",
    "sudo",
    "systemd-run",
    "taskset",
    "time",
    "timeout",
    "unbuffer",
    "unshare",
    "valgrind",
    "xvfb-run",
];

/// Words before a command that are none.
const RESERVED: &[&str] = &["!", "do", "elif", "else", "if", "then", "time", "until", "while", "{"];

/// Commands whose arguments assign.
const DECLARING: &[&str] = &["declare", "export", "local", "readonly", "typeset"];

/// So deep defaults have defaults, and texts are evaluated.
const DEEPEST: usize = 16;

/// A command of a script.
#[derive(Default)]
struct Command {
    words: Vec<Word>,
    /// What is set for it alone.
    environment: Vec<String>,
    /// What isn't in its words.
    notes: Vec<String>,
}

/// A variable that got a value, and the one that it had before.
struct Assigned {
    name: String,
    before: Option<Word>,
}

struct Lexer<'t> {
    chars: Peekable<Chars<'t>>,
    /// The values of variables. Those that they had of others are in them, but for those of which nothing is known.
    values: HashMap<String, Word>,
    arrays: HashMap<String, Vec<Word>>,
    notes: Vec<String>,
    /// The ends of the here-documents that begin on the next line.
    documents: Vec<String>,
    /// How many brackets of subshells are open.
    shells: usize,
    depth: usize,
}

impl<'t> Lexer<'t> {
    fn of(text: &'t str, depth: usize) -> Self {
        Self {
            chars: text.trim_start_matches('\u{feff}').chars().peekable(),
            values: HashMap::new(),
            arrays: HashMap::new(),
            notes: Vec::new(),
            documents: Vec::new(),
            shells: 0,
            depth,
        }
    }

    /// The part of a command that runs QEMU, and what is to be said of what stands before it.
    fn running(&self, words: Vec<Word>) -> Option<(Vec<Word>, Vec<String>)> {
        let first = self.plainly(words.first()?);
        let name = |text: &str| text.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        if first == "eval" && self.depth < DEEPEST {
            let text: Vec<_> = words.iter().skip(1).map(|word| self.evaluated(word)).collect();
            let inner = Script::read_within(&text.join(" "), self.depth + 1)?;
            return Some((inner.words, inner.notes));
        }
        if runs_qemu(&name(&first)) {
            return Some((words, Vec::new()));
        }
        let is_question = || words.get(1).is_some_and(|word| matches!(shown(word).as_str(), "-v" | "-V"));
        if !WRAPPERS.contains(&name(&first).as_str()) || first == "command" && is_question() {
            return None;
        }
        let at = words.iter().position(|word| runs_qemu(&name(&self.plainly(word))))?;
        let mut words = words;
        let own = words.split_off(at);
        let before: Vec<_> = words.iter().map(|word| shown(word)).filter(|word| word != "exec").collect();
        let note = (!before.is_empty())
            .then(|| format!("The script runs QEMU by `{}`.", before.join(" ").replace('\n', " ")));
        Some((own, note.into_iter().collect()))
    }

    /// A word with the values of its variables, or their names.
    fn plainly(&self, word: &[Segment]) -> String {
        let texts = word.iter().map(|segment| match segment {
            Segment::Text(text) => text.clone(),
            Segment::Variable(name) => {
                self.values.get(name).and_then(|value| known(value)).unwrap_or_else(|| name.clone())
            }
        });
        texts.collect()
    }

    /// The same with the variables of which nothing is known as they are written.
    fn evaluated(&self, word: &[Segment]) -> String {
        let texts = word.iter().map(|segment| match segment {
            Segment::Variable(name) if !self.values.contains_key(name) => {
                shown(std::slice::from_ref(segment))
            }
            _ => self.plainly(std::slice::from_ref(segment)),
        });
        texts.collect()
    }

    /// The next command. What it assigns is kept, if it does nothing else.
    fn command(&mut self) -> Option<Command> {
        let mut command = Command::default();
        let mut assigned: Vec<Assigned> = Vec::new();
        self.notes.clear();
        let mut is_command = true;
        loop {
            self.gap();
            let substitutes = self.substitutes();
            match self.chars.peek() {
                None if command.words.is_empty() && assigned.is_empty() => return None,
                None => break,
                Some('\n') => {
                    self.chars.next();
                    self.skip_documents();
                    break;
                }
                Some(';' | '&' | '|') => {
                    self.chars.next();
                    break;
                }
                Some('(') => {
                    self.chars.next();
                    // Behind a word it begins a function.
                    is_command &= command.words.is_empty();
                    self.shells += 1;
                }
                Some(')') => {
                    self.chars.next();
                    // Without a bracket before it, it ends a pattern of `case`.
                    is_command &= self.shells > 0;
                    self.shells = self.shells.saturating_sub(1);
                    break;
                }
                Some('#') => while self.chars.next_if(|c| *c != '\n').is_some() {},
                Some('<' | '>') if !substitutes => self.redirection(),
                Some(_) => {
                    let declares = command.words.first().is_some_and(|word| {
                        matches!(word.as_slice(), [Segment::Text(text)] if DECLARING.contains(&text.as_str()))
                    });
                    let may_assign = command.words.is_empty() || declares;
                    assigned.extend(self.word(may_assign, &mut command.words));
                    if let [word] = command.words.as_slice()
                        && let [Segment::Text(text)] = word.as_slice()
                        && RESERVED.contains(&text.as_str())
                    {
                        command.words.clear();
                    }
                }
            }
        }
        if !is_command {
            command.words.clear();
        }
        let declares = command.words.first().is_some_and(
            |word| matches!(word.as_slice(), [Segment::Text(text)] if DECLARING.contains(&text.as_str())),
        );
        if !command.words.is_empty() && !declares {
            for Assigned { name, before } in assigned.into_iter().rev() {
                match before {
                    Some(before) => self.values.insert(name.clone(), before),
                    None => self.values.remove(&name),
                };
                command.environment.insert(0, name);
            }
        }
        command.notes = std::mem::take(&mut self.notes);
        Some(command)
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

    /// Whether a file stands here that is a command's: `<(command)`.
    fn substitutes(&self) -> bool {
        let mut ahead = self.chars.clone();
        matches!(ahead.next(), Some('<' | '>')) && ahead.next() == Some('(')
    }

    /// Skips the here-documents that begin here.
    fn skip_documents(&mut self) {
        for end in std::mem::take(&mut self.documents) {
            while self.chars.peek().is_some() {
                let mut line = String::new();
                while let Some(c) = self.chars.next().filter(|c| *c != '\n') {
                    line.push(c);
                }
                if line.trim_start_matches('\t').trim_end_matches('\r') == end {
                    break;
                }
            }
        }
    }

    /// Skips a redirection and the file that it names.
    fn redirection(&mut self) {
        let mut sign = String::new();
        while let Some(c) = self.chars.next_if(|c| matches!(c, '<' | '>' | '&' | '|')) {
            sign.push(c);
        }
        let is_document = sign == "<<";
        if is_document {
            self.chars.next_if_eq(&'-');
        }
        self.gap();
        let mut words = Vec::new();
        self.word(false, &mut words);
        if is_document {
            self.documents.extend(words.first().map(|word| shown(word)));
        }
    }

    /// Reads a word. Where it may be an assignment, and is one, it is none.
    fn word(&mut self, may_assign: bool, words: &mut Vec<Word>) -> Option<Assigned> {
        let mut word = Word::new();
        let mut is_quoted = false;
        let mut is_there = false;
        while let Some(c) = self.chars.peek().copied() {
            match c {
                '<' | '>' if self.substitutes() => {
                    self.chars.nth(1);
                    let inner = self.until('(', ')');
                    word.push(Segment::Variable(format!("{c}({inner})")));
                    is_there = true;
                }
                ' ' | '\t' | '\r' | '\n' | ';' | '|' | ')' | '&' | '<' => break,
                '>' => {
                    // The number of a file descriptor belongs to it.
                    let is_digit = |segment: &Segment| matches!(segment, Segment::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()));
                    if word.iter().all(is_digit) {
                        word.clear();
                        is_there = false;
                    }
                    break;
                }
                '(' => {
                    let Some((name, adds)) = array_of(&word).filter(|_| may_assign) else { break };
                    self.chars.next();
                    let list = self.array();
                    let array = self.arrays.entry(name).or_default();
                    if !adds {
                        array.clear();
                    }
                    array.extend(list);
                    return None;
                }
                '\'' => {
                    self.chars.next();
                    while let Some(c) = self.chars.next().filter(|c| *c != '\'') {
                        add(&mut word, c);
                    }
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
                            add(&mut word, c);
                            is_there = true;
                        }
                    }
                }
                '$' | '`' => {
                    let mut ahead = self.chars.clone();
                    ahead.next();
                    match ahead.peek().filter(|_| c == '$') {
                        Some('\'') => {
                            ahead.next();
                            self.chars = ahead;
                            self.escaped(&mut word);
                            (is_quoted, is_there) = (true, true);
                        }
                        // A text that is translated, if it is.
                        Some('"') => self.chars = ahead,
                        _ => {
                            is_there = true;
                            self.variable(&mut word, words, &mut is_there, is_quoted);
                        }
                    }
                }
                c => {
                    self.chars.next();
                    add(&mut word, c);
                    is_there = true;
                }
            }
        }
        if may_assign && let Some(assigned) = self.assign(&word) {
            return Some(assigned);
        }
        if is_there {
            words.push(word);
        }
        None
    }

    /// Reads the rest of `$'...'`, as C has escapes.
    fn escaped(&mut self, word: &mut Word) {
        while let Some(c) = self.chars.next().filter(|c| *c != '\'') {
            if c != '\\' {
                add(word, c);
                continue;
            }
            let Some(c) = self.chars.next() else { return };
            let number = |lexer: &mut Self, most: usize, radix: u32, first: Option<char>| {
                let mut digits: String = first.into_iter().collect();
                while digits.len() < most
                    && let Some(c) = lexer.chars.next_if(|c| c.is_digit(radix))
                {
                    digits.push(c);
                }
                u32::from_str_radix(&digits, radix).ok().and_then(char::from_u32)
            };
            let one = match c {
                'a' => Some('\u{7}'),
                'b' => Some('\u{8}'),
                'e' | 'E' => Some('\u{1b}'),
                'f' => Some('\u{c}'),
                'n' => Some('\n'),
                'r' => Some('\r'),
                't' => Some('\t'),
                'v' => Some('\u{b}'),
                'x' => number(self, 2, 16, None),
                'u' => number(self, 4, 16, None),
                'U' => number(self, 8, 16, None),
                '0'..='7' => number(self, 3, 8, Some(c)),
                c => Some(c),
            };
            one.into_iter().for_each(|one| add(word, one));
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
                Some(';' | '&' | '|' | '<' | '>' | '(') => {
                    self.chars.next();
                }
                Some(_) => {
                    self.word(false, &mut words);
                }
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
                        Some(c) => {
                            if !matches!(c, '$' | '`' | '"' | '\\') {
                                add(word, '\\');
                            }
                            add(word, c);
                        }
                    }
                }
                '$' | '`' => self.variable(word, words, is_there, true),
                c => {
                    self.chars.next();
                    add(word, c);
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
            word.push(Segment::Variable(format!("$({text})")));
            return;
        }
        match self.chars.peek().copied() {
            Some('{') => {
                self.chars.next();
                let inner = self.until('{', '}');
                self.braced(&inner, word, words, is_there, is_quoted);
            }
            Some('(') => {
                self.chars.next();
                let inner = self.until('(', ')');
                word.push(Segment::Variable(format!("$({inner})")));
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::new();
                while let Some(c) = self.chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                self.spread(name, word, words, is_there, is_quoted);
            }
            Some('@' | '*') => {
                self.chars.next();
                self.more("the arguments of the script", word, is_there);
            }
            Some(c) if c.is_ascii_digit() || "#?$!-".contains(c) => {
                self.chars.next();
                word.push(Segment::Variable(format!("${c}")));
            }
            _ => add(word, '$'),
        }
    }

    /// Tells of words of which nothing is known, not even how many they are.
    fn more(&mut self, what: &str, word: &mut Word, is_there: &mut bool) {
        self.notes.push(format!("The command line goes on with {what}, of which nothing is known."));
        *is_there = !word.is_empty();
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
        let is_space = |c: char| matches!(c, ' ' | '\t' | '\n');
        let has_space = |segment: &Segment| matches!(segment, Segment::Text(text) if text.contains(is_space));
        let value = self.values.get(&name).filter(|_| !is_quoted && word.is_empty());
        match value {
            Some(value) if value.iter().any(has_space) => {
                let mut own: Vec<Word> = vec![Word::new()];
                for segment in value {
                    let Segment::Text(text) = segment else {
                        own.last_mut().into_iter().for_each(|word| word.push(segment.clone()));
                        continue;
                    };
                    for (number, part) in text.split(is_space).enumerate() {
                        if number > 0 {
                            own.push(Word::new());
                        }
                        if !part.is_empty() {
                            own.last_mut().into_iter().for_each(|word| add_text(word, part));
                        }
                    }
                }
                words.extend(own.into_iter().filter(|word| !word.is_empty()));
                *is_there = false;
            }
            Some(value) if known(value).is_some_and(|value| value.is_empty()) => *is_there = false,
            _ => word.push(Segment::Variable(name)),
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

    fn braced(
        &mut self,
        inner: &str,
        word: &mut Word,
        words: &mut Vec<Word>,
        is_there: &mut bool,
        is_quoted: bool,
    ) {
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let (name, rest) = inner.split_at_checked(end).unwrap_or((inner, ""));
        let all = || Segment::Variable(format!("${{{inner}}}"));
        match rest.chars().next() {
            Some('[') if matches!(rest, "[@]" | "[*]") => match self.arrays.get(name) {
                Some(array) => {
                    words.extend(array.iter().cloned());
                    *is_there = !word.is_empty();
                }
                None => self.more(&format!("the elements of `{name}`"), word, is_there),
            },
            Some('@' | '*') if inner.len() == 1 => self.more("the arguments of the script", word, is_there),
            // A default, which may have variables of its own.
            Some(':' | '-' | '=')
                if !name.is_empty() && rest.trim_start_matches(':').starts_with(['-', '=']) =>
            {
                let name = own_name(name);
                let default = rest.trim_start_matches(':').get(1..).unwrap_or_default();
                if !self.values.contains_key(&name)
                    && let Some(text) = self.plain(default.trim_matches(['"', '\'']))
                {
                    self.values.insert(name.clone(), vec![Segment::Text(text)]);
                }
                self.spread(name, word, words, is_there, is_quoted);
            }
            None if !name.is_empty() => self.spread(own_name(name), word, words, is_there, is_quoted),
            _ => word.push(all()),
        }
    }

    /// A text with its variables' values, where all are known.
    fn plain(&mut self, text: &str) -> Option<String> {
        if self.depth >= DEEPEST {
            return None;
        }
        let values = std::mem::take(&mut self.values);
        let mut lexer = Lexer { values, ..Lexer::of(text, self.depth + 1) };
        let (mut word, mut words) = (Word::new(), Vec::new());
        lexer.double_quoted(&mut word, &mut words, &mut false);
        self.values = lexer.values;
        known(&self.filled(&word))
    }

    /// A word with the values of the variables that have some.
    fn filled(&self, word: &[Segment]) -> Word {
        let mut filled = Word::new();
        for segment in word {
            match segment {
                Segment::Text(text) => add_text(&mut filled, text),
                Segment::Variable(name) => match self.values.get(name) {
                    Some(value) if known(value).is_some() => {
                        add_text(&mut filled, &known(value).unwrap_or_default());
                    }
                    _ => filled.push(segment.clone()),
                },
            }
        }
        filled
    }

    /// Does `NAME=value` or `NAME+=value`.
    fn assign(&mut self, word: &[Segment]) -> Option<Assigned> {
        let (Segment::Text(first), rest) = word.split_first()? else { return None };
        let (name, value) = first.split_once('=')?;
        let (name, adds) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
        if !is_name(name) {
            return None;
        }
        let before = self.values.get(name).cloned();
        let mut all = Word::new();
        if adds {
            all.extend(before.clone().unwrap_or_else(|| vec![Segment::Variable(name.to_owned())]));
        }
        add_text(&mut all, value);
        all.extend(self.filled(rest));
        // What is itself and nothing else is a variable of which nothing is known.
        let is_itself = matches!(all.as_slice(), [Segment::Variable(own)] if own == name);
        if !is_itself {
            self.values.insert(name.to_owned(), self.filled(&all));
        }
        Some(Assigned { name: name.to_owned(), before })
    }
}

/// What stands for a variable: an argument of the script's is called by its number.
fn own_name(name: &str) -> String {
    if name.bytes().all(|byte| byte.is_ascii_digit()) { format!("${name}") } else { name.to_owned() }
}

/// The array that a word begins to assign, and whether it adds to it.
fn array_of(word: &[Segment]) -> Option<(String, bool)> {
    let [Segment::Text(text)] = word else { return None };
    let name = text.strip_suffix('=')?;
    let (name, adds) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
    is_name(name).then(|| (name.to_owned(), adds))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The name of a program that is QEMU, in small letters, or of a variable that holds it.
fn runs_qemu(name: &str) -> bool {
    // A distribution's own build has a word between: `qemu-vanilla-system-x86_64`.
    (name.starts_with("qemu-") && name.contains("-system-"))
        || matches!(
            name,
            "qemu-kvm" | "kvm" | "qemu" | "qemu_bin" | "qemu_binary" | "qemu_cmd" | "qemu_system"
        )
}

fn add(word: &mut Word, c: char) {
    match word.last_mut() {
        Some(Segment::Text(text)) => text.push(c),
        _ => word.push(Segment::Text(c.to_string())),
    }
}

fn add_text(word: &mut Word, more: &str) {
    match word.last_mut() {
        Some(Segment::Text(text)) => text.push_str(more),
        _ if more.is_empty() => {}
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
            "<$(nproc --all)>",
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
        let declared = "declare -a ARGS=(-m 1G)\nOPTS=\"-smp 2\"; OPTS+=\" -bios $FW/a\"\nlocal NAME=x\n\
                        kvm \"${ARGS[@]}\" $OPTS -name $NAME";
        assert_eq!(words(declared), ["kvm", "-m", "1G", "-smp", "2", "-bios", "<FW>/a", "-name", "<NAME=x>"]);
    }

    #[test]
    fn only_a_command_is_one() {
        for text in [
            "command -v qemu-system-x86_64",
            "modprobe kvm",
            "echo qemu-system-x86_64 -m 1G",
            "ssh host qemu-system-x86_64 -m 1G",
            "[ -x /usr/bin/qemu-system-x86_64 ] || exit",
            "which kvm && apt install qemu-kvm",
            "case $1 in\nkvm) echo;;\nesac",
            "kvm() { echo; }",
            "cat <<END\nqemu-system-x86_64 -m 1G\nEND\n",
            "cat >x <<-'END'\n\tkvm -m 1G\n\tEND\n",
        ] {
            assert_eq!(words(text), [""; 0], "{text}");
        }
        for text in [
            "if ! qemu-system-x86_64 -m 1G; then exit; fi",
            "(cd /; qemu-system-x86_64 -m 1G)",
            "qemu-system-x86_64 -version\nqemu-system-x86_64 -m 1G",
            "{ qemu-system-x86_64 -m 1G; }",
            "eval \"qemu-system-x86_64 -m 1G\"",
            "taskset -c 1 nice -n 5 qemu-system-x86_64 -m 1G",
            "\u{feff}qemu-system-x86_64 -m $'1\\x47'",
            "cat <<E\nkvm\nE\nqemu-system-x86_64 -m 1G",
        ] {
            assert_eq!(words(text), ["qemu-system-x86_64", "-m", "1G"], "{text}");
        }
    }

    #[test]
    fn what_is_left_out_is_told() {
        for (text, told) in [
            ("kvm \"$@\"", "the arguments of the script"),
            ("kvm ${MORE[@]}", "the elements of `MORE`"),
            ("QEMU_AUDIO_DRV=none kvm -m 1G", "`QEMU_AUDIO_DRV`"),
            ("kvm -m 1G; kvm -m 2G", "again, by `kvm`"),
            ("sudo -E kvm -m 1G", "by `sudo -E`"),
        ] {
            let notes = Script::read(text).unwrap_or_else(|_| unreachable!("{text}")).notes;
            assert!(matches!(notes.as_slice(), [note] if note.contains(told)), "{text}: {notes:?}");
        }
        assert_eq!(Script::read("A=1; kvm -m $A").map(|script| script.notes), Ok(Vec::new()));
        // A variable that is set for one command is none of the next.
        assert_eq!(words("A=1 ls; kvm $A"), ["kvm", "<A>"]);
    }

    #[test]
    fn what_only_a_shell_knows_stands_for_itself() {
        let text = "MEM=2G; kvm ${MEM%G} ${#MEM} $(conf a) $(conf-a) ${1:-2G} $2 ${A:-${B:-x}}";
        let expected =
            ["kvm", "<${MEM%G}>", "<${#MEM}>", "<$(conf a)>", "<$(conf-a)>", "<$1=2G>", "<$2>", "<A=x>"];
        assert_eq!(words(text), expected);
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
            "kvm <(",
            "kvm $'",
            "cat <<A",
            "eval eval kvm",
            "eval \"eval kvm\"",
        ] {
            let _ = Script::read(text);
        }
        let _ = Script::read(&format!("kvm {}", "${A:-".repeat(100_000)));
        let _ = Script::read(&format!("kvm {}", "$(".repeat(100_000)));
        let _ = Script::read(&"A=1\n".repeat(100_000));
    }
}
