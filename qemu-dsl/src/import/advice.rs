//! Advice for a text: what a statement says better than what passes on QEMU's own words.

use std::ffi::OsString;

use super::importer::{Import, import};
use crate::code::Code;
use crate::compile::{Parsed, parse};
use crate::diagnostic::{Diagnostic, Remedy};
use crate::plan::Plan;
use crate::read::Options;
use crate::statement::TABLE;
use crate::table::{Kinds, Section, StatementSpec};
use crate::{Severity, Span};

/// Nothing is said of a VM of more arguments: nobody reads so much advice, and the time that it takes grows with their
/// square.
const MOST: usize = 200;

/// Which `device`, `object`, `chardev`, `arg` and the like a statement says as well, with the edit: advice, for those who
/// look at a text. QEMU gets the same arguments with it.
///
/// Nothing is said of a text that has errors, that includes others, or whose values come later; nor of a statement in a
/// block, or with a comment or a parameter's value in it, which would be lost; nor of a VM of more than 200 arguments.
///
/// ```
/// use qemu_dsl::{import, parse};
///
/// let advice = import::advise(&parse("device i6300esb"), &Default::default());
/// assert_eq!(advice[0].code.as_str(), "has-statement");
/// assert_eq!(advice[0].message, "`watchdog` says this, too");
/// ```
pub fn advise(parsed: &Parsed<'_>, options: &Options) -> Vec<Diagnostic> {
    let Some((source, statements)) = parsed.alone() else { return Vec::new() };
    let passing: Vec<_> = statements
        .map(|(span, spec)| (span, says_little(spec)))
        .filter(|(span, little)| *little > 0 && is_plain(said(source, *span)))
        .collect();
    if passing.is_empty() {
        return Vec::new();
    }
    let Some(template) = parsed.compile(options).template.filter(|template| template.args.len() <= MOST)
    else {
        return Vec::new();
    };
    let places: Vec<Span> = template.args.iter().map(|arg| arg.span).collect();
    let plan = Plan::of(template);
    let import = plan.target().and_then(|target| import(&plan, target.into()).ok());
    let mut advice = Vec::new();
    for (new, of) in import.iter().flat_map(Import::statements) {
        let begins: Vec<Span> = of.iter().filter_map(|at| places.get(*at).copied()).collect();
        let is_of = |(span, _): &&(Span, usize)| begins.iter().all(|own| contains(*span, *own));
        let old = passing.iter().find(is_of).filter(|_| !begins.is_empty());
        advice.extend(old.and_then(|(span, little)| {
            let spec = TABLE.find(keyword(new)).filter(|spec| says_little(spec) < *little)?;
            let text = [source.get(..span.start as usize)?, new, source.get(span.end as usize..)?].concat();
            let same = printed(&Plan::of(parse(&text).compile(options).template?)) == printed(&plan);
            same.then(|| {
                let message = format!("`{}` says this, too", spec.keyword);
                let help = Remedy::new(format!("write `{new}`")).replace(*span, new);
                Diagnostic::new(Severity::Advice, Code::HasStatement, message).at(*span).help(help)
            })
        }));
    }
    options.levels.apply(&mut advice);
    advice
}

fn said(source: &str, span: Span) -> &str {
    source.get(span.start as usize..span.end as usize).unwrap_or_default()
}

/// Whether nothing in a statement is lost where another one takes its place.
fn is_plain(statement: &str) -> bool {
    !["{", "//", "/*"].iter().any(|sign| statement.contains(sign))
}

fn contains(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn keyword(statement: &str) -> &str {
    statement.split_whitespace().next().unwrap_or_default()
}

/// How little is known of what a statement says: it passes on an argument, or what QEMU makes, or neither.
fn says_little(spec: &StatementSpec) -> usize {
    match spec.section {
        Section::Args | Section::Options => 2,
        _ => usize::from(spec.forms.iter().any(|form| matches!(form.kinds, Kinds::Any(_)))),
    }
}

/// What a plan has, whatever the order.
fn printed(plan: &Plan) -> (Vec<OsString>, usize) {
    let mut args: Vec<_> = plan.args().map(ToOwned::to_owned).collect();
    args.sort_unstable();
    (args, plan.fds().count())
}
