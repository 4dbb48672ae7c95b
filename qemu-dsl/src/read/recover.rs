//! What stands where no statement begins, and what was most likely meant by it.

use super::cx::Cx;
use super::hints;
use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Help};
use crate::source::begins_anew;
use crate::suggest::{did_you_mean, nearest};
use crate::syntax::{Item, Value, ValueForm, Word};
use crate::table::Table;

/// Whether a word begins a statement, or was meant to.
pub(super) fn statement_like(word: &str, table: Table) -> bool {
    hints::alias(word, table).is_some() || nearest(word, table.keywords()).is_some()
}

/// The error for a word that begins a line, or follows `;`, and begins no statement there. `assigned` is the sign and the
/// value behind it, where it is written like an option.
fn unknown_statement(
    name: Word<'_>,
    assigned: Option<(char, &str)>,
    options: impl Iterator<Item = &'static str>,
    table: Table,
) -> Diagnostic {
    let word = name.text;
    if let (Some(spec), Some((sign, value))) = (table.find(word), assigned) {
        let takes_value = spec.forms.iter().any(|form| form.positionals().next().is_some());
        let takes_nothing =
            spec.forms.iter().all(|form| form.names().next().is_none() && form.open.is_none());
        let help = match value {
            "on" | "yes" | "true" | "1" if takes_nothing => format!("write `{word}`").into(),
            "off" | "no" | "false" | "0" if takes_nothing => "leave it out".into(),
            _ if takes_value && !value.is_empty() => format!("write `{word} {value}`").into(),
            _ => hints::form(spec),
        };
        return Diagnostic::error(
            Code::UnknownStatement,
            format!("`{word}` begins a statement and takes no `{sign}`"),
        )
        .at(name.span)
        .help(help);
    }
    let help = hints::alias(word, table)
        .or_else(|| did_you_mean(word, name.span, table.keywords().chain(options)))
        .unwrap_or_else(|| Help::AnyStatement.into());
    Diagnostic::error(Code::UnknownStatement, format!("unknown statement `{word}`")).at(name.span).help(help)
}

/// Reports words that no keyword precedes, by the first of them. `broken` says that something else has been reported.
pub(super) fn orphan(item: &Item<'_>, broken: bool, cx: &mut Cx<'_>) {
    match item {
        Item::Flag(name) => cx.report(unknown_statement(*name, None, [].into_iter(), cx.table)),
        Item::Option { name, value } => {
            let value = cx.source_of(value.as_ref().map(|value| value.span)).to_owned();
            cx.report(unknown_statement(*name, Some(('=', &value)), [].into_iter(), cx.table));
        }
        Item::Loose(Value { form: ValueForm::Broken, .. }) => {}
        // `memory: 2G`
        Item::Loose(Value { form: ValueForm::Bare(text), span })
            if text.split_once(':').is_some_and(|(word, _)| statement_like(word, cx.table)) =>
        {
            let (word, value) = text.split_once(':').unwrap_or((text, ""));
            // The value stands behind it, or in the rest of the line.
            let line = cx.source.get(span.end as usize..).unwrap_or("").lines().next().unwrap_or("");
            let value = if value.is_empty() { line.trim() } else { value }.to_owned();
            let name = Word { text: word, span: Span::new(span.start, span.start + word.len() as u32) };
            cx.report(unknown_statement(name, Some((':', &value)), [].into_iter(), cx.table));
        }
        // A misspelt keyword of odd characters (`net:dev`), or a value that lost its statement.
        Item::Loose(_) | Item::Feature { .. } if broken => {}
        Item::Loose(Value { form: ValueForm::Bare(text), .. }) if text.starts_with('#') => cx.report(
            Diagnostic::error(Code::UnexpectedText, "`#` begins no comment")
                .at(item.span())
                .help(hints::comment(item.span().start)),
        ),
        Item::Feature { name, .. } => cx.report(
            Diagnostic::error(Code::UnknownStatement, "a statement begins with its keyword")
                .at(item.span())
                .help(match cx.table.find(name.text) {
                    Some(spec) => hints::write(spec),
                    None => hints::alias(name.text, cx.table).unwrap_or_else(|| {
                        format!("QEMU's own arguments are passed on: `arg \"-{}\"`", name.text).into()
                    }),
                }),
        ),
        Item::Loose(_) => cx.report(
            Diagnostic::error(Code::UnknownStatement, "a statement begins with its keyword")
                .at(item.span())
                .help("write a keyword, such as `disk` or `netdev`, before it"),
        ),
    }
}

/// Reports what follows a misspelt statement, which began at `first` and owns everything up to the next keyword, but the
/// lines that are misspelt statements of their own.
pub(super) fn orphans(items: &[Item<'_>], first: u32, cx: &mut Cx<'_>) {
    for item in items {
        let name = match item {
            Item::Option { name, .. } => name.text,
            // What has no name is no option of the misspelt one.
            _ => "",
        };
        if begins_anew(cx.source, item.span().start, first)
            && (name.is_empty() || statement_like(name, cx.table))
        {
            orphan(item, false, cx);
        }
    }
}
