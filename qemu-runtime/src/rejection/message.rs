//! What QEMU says, message by message.

use std::ops::Range;

use super::argument::Argument;

/// What QEMU says at once: a line that begins with its name, and those behind it that don't.
pub(super) struct Message<'t, 'a> {
    /// Where it stands.
    pub(super) said: Range<usize>,
    /// The argument that it names.
    pub(super) argument: Option<Argument<'a>>,
    /// The rest of it, without QEMU's name.
    pub(super) words: &'t str,
}

impl Message<'_, '_> {
    /// Whether QEMU doesn't end over it, or not over an argument.
    pub(super) fn is_remark(&self) -> bool {
        ["warning: ", "info: "].iter().any(|beginning| self.words.starts_with(beginning))
    }

    /// `Perhaps you want to install qemu-system-gui package?`
    pub(super) fn is_question(&self) -> bool {
        self.words.lines().next().is_some_and(|line| line.ends_with('?'))
    }

    /// Whether it is about the same as the one behind it, which is about this argument.
    pub(super) fn belongs_to(&self, argument: &Argument<'_>) -> bool {
        !self.is_remark()
            && match &self.argument {
                Some(own) => own.at == argument.at,
                None => self.is_question(),
            }
    }
}

pub(super) fn messages<'t, 'a>(text: &'t str, program: &str, all: &[Argument<'a>]) -> Vec<Message<'t, 'a>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let start = end;
        end += line.len();
        match ranges.last_mut() {
            Some(last) if header(line, program).is_none() => last.end = end,
            _ => ranges.push(start..end),
        }
    }
    let messages = ranges.into_iter().filter_map(|said| {
        let message = text.get(said.clone())?.trim_end();
        let body = header(message, program).and_then(|header| message.get(header..)).unwrap_or(message);
        let (argument, words) = named(body, all);
        Some(Message { said, argument, words })
    });
    messages.collect()
}

/// The length of the program's name at the beginning of a message. QEMU calls itself by the name that it was executed by,
/// which behind a wrapper isn't the plan's, and in some places just `qemu`.
fn header(line: &str, program: &str) -> Option<usize> {
    let (name, _) = line.split_once(": ")?;
    let own = name == program || (name.starts_with("qemu") && !name.contains(char::is_whitespace));
    own.then_some(name.len() + 2)
}

/// The argument that a message begins with, and the rest of the message.
fn named<'a, 't>(body: &'t str, all: &[Argument<'a>]) -> (Option<Argument<'a>>, &'t str) {
    // Of equal ones it is the last: if not by itself, it is wrong because of the other.
    let named = all.iter().rev().filter_map(|argument| {
        let rest = |text: &str| body.strip_prefix(text)?.strip_prefix(": ");
        let alone = Argument { value: None, ..*argument };
        rest(&argument.to_string())
            .map(|words| (Some(*argument), words))
            // Of an unknown option there is only the name.
            .or_else(|| Some((Some(alone), rest(argument.name).filter(|_| !argument.name.is_empty())?)))
    });
    // The one with the most text in common: `-device a` is the beginning of `-device a: b`.
    named.min_by_key(|(_, words)| words.len()).unwrap_or((None, body))
}
