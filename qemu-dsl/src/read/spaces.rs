//! A value with a space in it, and no quotes, whose next word is a keyword: `disk file=/my disk format=raw`.
//!
//! By the grammar these are two statements, and may be meant so. Where the second one makes no sense, the first one's
//! value is a remedy too.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Fix, Help, Remedy, Severity};
use crate::source::spell;
use crate::syntax::{Item, Keyword, Statement, Tree, Value, ValueForm};
use crate::table::FormSpec;

/// Adds to what is wrong with such statements that the value before may be meant.
pub(crate) fn quote(tree: &Tree<'_>, diagnostics: &mut [Diagnostic]) {
    if !diagnostics.iter().any(says_so) {
        return;
    }
    for pair in tree.statements.windows(2) {
        let [first, second] = pair else { continue };
        let Some((value, form)) = last_value(first) else { continue };
        let Some(keyword) = second.keyword() else { continue };
        let between = tree.source.get(value.end as usize..keyword.word.span.start as usize).unwrap_or("");
        if between.is_empty() || !between.bytes().all(|byte| byte == b' ' || byte == b'\t') {
            continue;
        }
        let statement = Span::new(keyword.word.span.start, end(second, keyword));
        let is_in_it = |diagnostic: &Diagnostic| {
            diagnostic.span().is_some_and(|at| statement.start <= at.start && at.end <= statement.end)
        };
        let span = Span::new(value.start, end_of_words(second, keyword, form));
        let Some(text) = tree.source.get(span.start as usize..span.end as usize) else { continue };
        let wrong = diagnostics.iter_mut().filter(|diagnostic| says_so(diagnostic) && is_in_it(diagnostic));
        if let Some(diagnostic) = wrong.min_by_key(|diagnostic| diagnostic.span().map(|span| span.start)) {
            let quoted = spell(text);
            let remedy = diagnostic.remedy.take().unwrap_or_else(|| Remedy::new(String::new()));
            let help = match remedy.help {
                Help::Text(words) if !words.is_empty() => Help::Text(format!(
                    "{words}; or quote the value before it, if it has a space in it: `{quoted}`"
                )),
                Help::Text(_) => Help::Text(format!("quote the value before it: `{quoted}`")),
                other => other,
            };
            let fixes = remedy.fixes.into_iter().chain([Fix::default().replace(span, &*quoted)]).collect();
            diagnostic.remedy = Some(Remedy { help, fixes });
        }
    }
}

/// Whether something is missing in a statement, or there is too much of it.
fn says_so(diagnostic: &Diagnostic) -> bool {
    let is_shape = matches!(
        diagnostic.code,
        Code::MissingKind
            | Code::MissingValue
            | Code::MissingOption
            | Code::MissingKernel
            | Code::UnknownKind
            | Code::UnknownOption
            | Code::RepeatedStatement
            | Code::UnexpectedText
    );
    is_shape && diagnostic.severity == Severity::Error
}

/// The unquoted value that ends a statement, where one with spaces makes sense, and the statement's form.
fn last_value(statement: &Statement<'_>) -> Option<(Span, &'static FormSpec)> {
    let Keyword { spec, kind, values, .. } = statement.keyword()?;
    let kind = kind.as_ref().map(|kind| kind.text().unwrap_or_default());
    let form = spec.forms.get(spec.form(kind)?)?;
    let (option, value) = match statement.items.last() {
        Some(Item::Option { name, value: Some(value) }) => (form.option(name.text), value),
        Some(_) => return None,
        None => (form.positionals().nth(values.len().checked_sub(1)?), values.last()?),
    };
    let Value { form: ValueForm::Bare(text), span } = value else { return None };
    // Of what the table doesn't know, a path.
    let is_free = option.map_or_else(|| text.contains('/'), |option| option.ty.free);
    is_free.then_some((*span, form))
}

/// Where a statement ends.
fn end(statement: &Statement<'_>, keyword: &Keyword<'_>) -> u32 {
    let head = keyword.values.last().or(keyword.kind.as_ref()).map_or(keyword.word.span, |value| value.span);
    statement.items.last().map_or(head, Item::span).end
}

/// Where the words end that can be a part of the value before the statement, which is one of `form`.
fn end_of_words(statement: &Statement<'_>, keyword: &Keyword<'_>, form: &FormSpec) -> u32 {
    let head = keyword.values.last().or(keyword.kind.as_ref()).map_or(keyword.word.span, |value| value.span);
    let is_word = |item: &&Item<'_>| match item {
        Item::Flag(name) => form.option(name.text).is_none(),
        Item::Loose(value) => matches!(value.form, ValueForm::Bare(_)),
        Item::Option { .. } | Item::Feature { .. } => false,
    };
    statement.items.iter().take_while(is_word).last().map_or(head, Item::span).end
}
