//! `qemu-dslc explain`.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};
use qemu_dsl::{Code, reference};

use crate::cli::Explain;
use crate::failure::{Failure, status};
use crate::output;

/// Prints the page of a code, or what there is to know about a statement, or the lists of both.
pub(crate) fn explain(command: &Explain) -> Result<u8, Failure> {
    let topic = command.topic.join(" ");
    let mut page = match topic.as_str() {
        "" => list(),
        topic => reference::statement(topic)
            .or_else(|| Code::find(topic).map(code))
            .ok_or_else(|| unknown(topic))?,
    };
    if !page.ends_with('\n') {
        page.push('\n');
    }
    output::print(page.as_bytes())?;
    Ok(status::SUCCESS)
}

/// The page of a code, and that one needn't put up with it.
fn code(code: Code) -> String {
    let mut page = code.page();
    if code.is_settable() {
        let name = code.as_str();
        page += &format!(
            "\nHow grave it is taken can be set: by `--allow {name}`, `--warn {name}` or `--deny {name}`, in a\n\
             program by `#![allow({name})]` at the beginning of `vm!`. What QEMU refuses for certain stays an error.\n"
        );
    }
    page
}

fn list() -> String {
    let codes = Code::ALL.iter().map(|code| (code.as_str(), code.title()));
    format!(
        "Statements:\n{}\nBlocks, and other files:\n{}\nMistakes, by the code at the head of their reports:\n{}\n\
         `qemu-dslc explain` with one of these words tells more. So does a statement with one of its kinds:\n\
         `qemu-dslc explain netdev tap`.\n",
        columns(reference::statements()),
        columns(reference::words()),
        columns(codes)
    )
}

fn columns<'t>(rows: impl Iterator<Item = (&'t str, &'t str)>) -> String {
    let rows: Vec<_> = rows.collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter().map(|(name, meaning)| format!("  {name:width$}  {meaning}\n")).collect()
}

fn topics() -> impl Iterator<Item = &'static str> {
    let statements = reference::statements().chain(reference::words()).map(|(keyword, _)| keyword);
    statements.chain(Code::ALL.iter().map(|code| code.as_str()))
}

fn unknown(topic: &str) -> Failure {
    let help = nearest(topic).map_or_else(
        || "`qemu-dslc explain` lists what there is".to_owned(),
        |topic| format!("did you mean `{topic}`?"),
    );
    Failure::usage(format!("`{topic}` is neither a statement nor the code of a mistake: {help}"))
}

fn nearest(word: &str) -> Option<&'static str> {
    topics()
        .map(|topic| (strsim::normalized_damerau_levenshtein(word, topic), topic))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, topic)| topic)
}

/// Takes any word, and tells shells which ones to offer.
#[derive(Clone, Debug)]
pub(crate) struct TopicParser;

impl TypedValueParser for TopicParser {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(topics().map(PossibleValue::new)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{nearest, topics};

    #[test]
    fn no_name_is_both() {
        let mut seen = HashSet::new();
        for topic in topics() {
            assert!(seen.insert(topic), "{topic}");
        }
    }

    #[test]
    fn a_misspelt_topic_is_recognised() {
        assert_eq!(nearest("nedtev"), Some("netdev"));
        assert_eq!(nearest("unknown_option"), Some("unknown-option"));
        assert_eq!(nearest("xyzzy"), None);
    }
}
