//! What stands where no statement begins, and what was most likely meant by it.

use super::cx::Cx;
use super::hints;
use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Help, Remedy};
use crate::source::begins_anew;
use crate::suggest::{did_you_mean, nearest};
use crate::syntax::{Item, Value, ValueForm, Word};
use crate::table::{Kinds, Table};

/// Whether a word begins a statement, or was meant to.
pub(super) fn statement_like(word: &str, table: Table) -> bool {
    hints::is_alias(word) || nearest(word, table.keywords()).is_some()
}

/// Reports a line of a shell's that runs QEMU: once, whatever it consists of.
pub(super) fn command_line(line: Span, cx: &mut Cx<'_>) {
    let text = cx.source_of(Some(line));
    let mut statements: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let Some(option) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { continue };
        let Some(spec) = hints::statement(option, cx.table) else { continue };
        let statement = if spec.keyword == option {
            format!("`{option}`")
        } else {
            format!("`{}` for `-{option}`", spec.keyword)
        };
        if !statements.contains(&statement) {
            statements.push(statement);
        }
    }
    let more = statements.len().saturating_sub(5);
    statements.truncate(5);
    if more > 0 {
        statements.push("...".to_owned());
    }
    let statements =
        if statements.is_empty() { String::new() } else { format!(": {}", statements.join(", ")) };
    let help = format!(
        "write a statement for each option{statements}; what has none is passed on by `arg`: `arg \"-boot\" \"menu=on\"`"
    );
    let help = match hints::shell_line(text) {
        Some(arguments) => Remedy::new(help).replace(line, arguments),
        None => help.into(),
    };
    cx.report(
        Diagnostic::error(Code::UnknownStatement, "this runs QEMU in a shell, and describes no VM")
            .at(line)
            .help(help),
    );
}

/// What stands behind a word that should begin a statement.
struct Assigned<'s> {
    /// `=` or `:`
    sign: char,
    /// Where it stands.
    at: Span,
    value: &'s str,
    /// Where the value ends.
    end: u32,
}

/// The error for a word that begins a line, or follows `;`, and begins no statement there. `assigned` is there where it is
/// written like an option.
fn unknown_statement(
    name: Word<'_>,
    assigned: Option<Assigned<'_>>,
    options: impl Iterator<Item = &'static str>,
    source: &str,
    table: Table,
) -> Diagnostic {
    let word = name.text;
    if let (Some(spec), Some(Assigned { sign, at, value, end })) = (table.find(word), assigned) {
        let takes_value = spec
            .forms
            .iter()
            .any(|form| form.positionals().next().is_some() || !matches!(form.kinds, Kinds::None));
        let takes_nothing =
            spec.forms.iter().all(|form| form.names().next().is_none() && form.open.is_none());
        let help = match value {
            "on" | "yes" | "true" | "1" if takes_nothing => {
                Remedy::new(format!("write `{word}`")).remove(Span::new(at.start, end))
            }
            "off" | "no" | "false" | "0" if takes_nothing => {
                Remedy::new("leave it out").remove(Span::new(name.span.start, end))
            }
            _ if takes_value && !value.is_empty() => {
                Remedy::new(format!("write `{word} {value}`")).replace(at, " ")
            }
            _ => hints::form(spec),
        };
        return Diagnostic::error(
            Code::UnknownStatement,
            format!("`{word}` begins a statement and takes no `{sign}`"),
        )
        .at(name.span)
        .help(help);
    }
    let help = hints::alias(word, hints::Said::behind(name.span, source), table)
        .or_else(|| did_you_mean(word, name.span, table.keywords().chain(options)))
        .unwrap_or_else(|| Help::AnyStatement.into());
    Diagnostic::error(Code::UnknownStatement, format!("unknown statement `{word}`")).at(name.span).help(help)
}

/// Reports words that no keyword precedes, by the first of them. `broken` says that something else has been reported.
pub(super) fn orphan(item: &Item<'_>, broken: bool, cx: &mut Cx<'_>) {
    match item {
        Item::Flag(name) => cx.report(unknown_statement(*name, None, [].into_iter(), cx.source, cx.table)),
        Item::Option { name, value } => {
            let rest = cx.source.get(name.span.end as usize..).unwrap_or_default();
            let at = name.span.end + rest.find('=').unwrap_or_default() as u32;
            let span = value.as_ref().map(|value| value.span);
            let value = cx.source_of(span);
            let end = span.map_or(at + 1, |value| value.end);
            let assigned = Assigned { sign: '=', at: Span::new(at, at + 1), value, end };
            let unknown = unknown_statement(*name, Some(assigned), [].into_iter(), cx.source, cx.table);
            cx.report(unknown);
        }
        Item::Loose(Value { form: ValueForm::Broken, .. }) => {}
        // `memory: 2G`
        Item::Loose(Value { form: ValueForm::Bare(text), span })
            if text.split_once(':').is_some_and(|(word, _)| statement_like(word, cx.table)) =>
        {
            let (word, value) = text.split_once(':').unwrap_or((text, ""));
            // The value stands behind it, or in the rest of the line, which may end as another language's.
            let line = cx.source.get(span.end as usize..).unwrap_or("").lines().next().unwrap_or("");
            let (value, start) = if value.is_empty() {
                (line.trim_start(), span.end + (line.len() - line.trim_start().len()) as u32)
            } else {
                (value, span.end - value.len() as u32)
            };
            let value = value.trim_end().trim_end_matches([',', ';']);
            let sign = span.start + word.len() as u32;
            let name = Word { text: word, span: Span::new(span.start, sign) };
            let at = Span::new(sign, sign + 1);
            let assigned = Assigned { sign: ':', at, value, end: start + value.len() as u32 };
            let unknown = unknown_statement(name, Some(assigned), [].into_iter(), cx.source, cx.table);
            cx.report(unknown);
        }
        // A misspelt keyword of odd characters (`net:dev`), or a value that lost its statement.
        Item::Loose(_) | Item::Feature { .. } if broken => {}
        Item::Feature { name, .. } => {
            let said = hints::Said::behind(item.span(), cx.source);
            cx.report(
                Diagnostic::error(Code::UnknownStatement, "a statement begins with its keyword")
                    .at(item.span())
                    .help(match cx.table.find(name.text) {
                        Some(spec) => hints::statement_for(spec, said),
                        None => hints::alias(name.text, said, cx.table).unwrap_or_else(|| {
                            format!("QEMU's own arguments are passed on: `arg \"-{}\"`", name.text).into()
                        }),
                    }),
            );
        }
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
