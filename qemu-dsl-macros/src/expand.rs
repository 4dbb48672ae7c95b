//! From what the macro is given to what it becomes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::env::{self, VarError};

use proc_macro2::{Span, TokenStream};
use qemu_dsl::plan::{Place, Template};
use qemu_dsl::{Code, Diagnostic, Options, Severity, Version};
use quote::quote;

use crate::data::Data as _;
use crate::report;
use crate::source::Source;

/// The variable that says for which QEMU all VMs of a build are compiled.
const TARGET: &str = "QEMU_DSL_TARGET";

/// The expression that a `vm!` becomes: always one of the type `Plan`, so that a mistake in the VM is the only one
/// that Rust reports.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let source = Source::read(input, Span::call_site());
    if !source.has_places() {
        return plan(TokenStream::new(), None);
    }
    let (target, refused) = match target(env::var(TARGET)) {
        Ok(target) => (target, None),
        Err(refusal) => (None, Some(refusal)),
    };
    let compiled = qemu_dsl::compile(&source.text, &Options { target, params: Vec::new() });
    let mut diagnostics = compiled.diagnostics;
    if target.is_some() {
        name_the_variable(&mut diagnostics);
    }
    let holes = holes(&source, &mut diagnostics);
    flaws(&source, &mut diagnostics);
    diagnostics.extend(refused);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));

    let errors = report::errors(&diagnostics, &source);
    match compiled.template {
        Some(mut template) if errors.is_empty() => {
            template.places = places(&template, &source).into();
            plan(report::warnings(&diagnostics, &source), Some(&template))
        }
        _ => plan(quote!(#errors #holes), None),
    }
}

/// An expression: `statements`, and the plan of a template. Without a template it is an empty plan, which no program
/// gets to see.
fn plan(statements: TokenStream, template: Option<&Template>) -> TokenStream {
    let nothing = Template {
        target: Version::NEWEST,
        program: Cow::Borrowed(&[]),
        args: Cow::Borrowed(&[]),
        fds: Cow::Borrowed(&[]),
        ids: Cow::Borrowed(&[]),
        places: Cow::Borrowed(&[]),
    };
    let template = template.unwrap_or(&nothing);
    let rendered = template.render().data();
    let template = template.data();
    quote! {{
        use ::qemu_runtime::__private as qemu;
        // When the variable changes, this is compiled again.
        const _: qemu::Option<&str> = ::core::option_env!(#TARGET);
        #statements
        static TEMPLATE: qemu::Template = #template;
        static RENDERED: qemu::Rendered = #rendered;
        qemu::Plan::of_static(&TEMPLATE, &RENDERED)
    }}
}

/// Where the program has what became the arguments.
fn places(template: &Template, source: &Source) -> Vec<Place> {
    let spans: BTreeSet<_> = template.args.iter().map(|arg| (arg.span.start, arg.span.end)).collect();
    let places = spans.into_iter().filter_map(|(start, end)| {
        let span = qemu_dsl::Span { start, end };
        let (first, _) = source.blame(span)?;
        let at = first.start();
        let number = |number| u32::try_from(number).ok();
        Some(Place {
            span,
            file: first.file().into(),
            line: number(at.line)?,
            column: number(at.column + 1)?,
        })
    });
    places.collect()
}

/// The target that the build sets for all its VMs.
fn target(variable: Result<String, VarError>) -> Result<Option<Version>, Diagnostic> {
    let text = match variable {
        Err(VarError::NotPresent) => return Ok(None),
        Ok(text) if text.is_empty() => return Ok(None),
        Ok(text) => text,
        Err(VarError::NotUnicode(text)) => text.to_string_lossy().into_owned(),
    };
    match text.parse::<Version>() {
        Ok(version) if version >= Version::OLDEST => Ok(Some(version)),
        _ => {
            let known: Vec<_> = Version::KNOWN.iter().map(ToString::to_string).collect();
            Err(Diagnostic {
                code: Code::UnknownTarget,
                severity: Severity::Error,
                message: format!(
                    "the environment variable `{TARGET}` is `{text}`, for which no output can be made"
                ),
                help: Some(format!("set it to a version of QEMU, such as {}, or unset it", known.join(", "))),
                labels: Vec::new(),
            })
        }
    }
}

/// What is said about a target that stands nowhere in the text is about the variable.
fn name_the_variable(diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics.iter_mut().filter(|diagnostic| diagnostic.labels.is_empty()) {
        diagnostic.message += &format!(" (set by the environment variable `{TARGET}`)");
    }
}

/// Says of every hole that names no parameter that there are none yet. Gives the statements that check what stands
/// in them, so that nothing in them counts as unused, and their own errors are shown.
fn holes(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> TokenStream {
    let mut out = TokenStream::new();
    for hole in &source.holes {
        let code = &hole.code;
        if !hole.is_name {
            diagnostics.retain(|diagnostic| !overlaps(diagnostic, hole.span));
            diagnostics.push(Diagnostic {
                code: Code::BadHole,
                severity: Severity::Error,
                message: "`vm!` can't take a value of the program yet".to_owned(),
                help: Some(NO_HOLES.to_owned()),
                labels: vec![qemu_dsl::Label { span: hole.span, text: String::new() }],
            });
            out.extend(quote!(let _ = &{ #code };));
        } else if diagnostics
            .iter()
            .any(|diagnostic| is_unknown(diagnostic) && overlaps(diagnostic, hole.span))
        {
            out.extend(quote!(let _ = &#code;));
        }
    }
    for diagnostic in diagnostics.iter_mut().filter(|diagnostic| is_unknown(diagnostic)) {
        diagnostic.message += ", and `vm!` can't take a value of the program yet";
        diagnostic.help = Some(NO_HOLES.to_owned());
    }
    out
}

const NO_HOLES: &str = "write the value, declare a parameter with a default (`param name: string = \"...\"`), or compile \
                        the text at run time (`qemu_dsl::compile`)";

/// Adds what can't be seen in the text, in place of what it led to.
fn flaws(source: &Source, diagnostics: &mut Vec<Diagnostic>) {
    for flaw in &source.flaws {
        if let Some(span) = flaw.span() {
            diagnostics.retain(|diagnostic| !overlaps(diagnostic, span));
        }
    }
    diagnostics.extend(source.flaws.iter().cloned());
}

/// Whether it is about a hole that names no parameter. Where one has a similar name, that is what was meant.
fn is_unknown(diagnostic: &Diagnostic) -> bool {
    let suggests = diagnostic.help.as_ref().is_some_and(|help| help.starts_with("did you mean"));
    diagnostic.code == Code::UnknownParameter && !suggests
}

fn overlaps(diagnostic: &Diagnostic, span: qemu_dsl::Span) -> bool {
    diagnostic.span().is_some_and(|place| place.start < span.end && span.start < place.end)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_variable_is_a_version_or_nothing() {
        let read = |text: &str| target(Ok(text.to_owned())).map_err(|refusal| refusal.message);
        assert_eq!(target(Err(VarError::NotPresent)), Ok(None));
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("7.2"), Ok(Some(Version::new(7, 2))));
        assert_eq!(read("99.0"), Ok(Some(Version::new(99, 0))));
        for wrong in ["host", "7", "1.0", "7.2 "] {
            assert_eq!(
                read(wrong).unwrap_err(),
                format!(
                    "the environment variable `QEMU_DSL_TARGET` is `{wrong}`, for which no output can be made"
                )
            );
        }
    }

    #[test]
    fn fifty_errors_are_shown_and_the_rest_counted() {
        let shown = |errors: usize| {
            let tokens = expand("nam; ".repeat(errors).parse().unwrap()).to_string();
            (tokens.matches("compile_error").count(), tokens.contains("2 more errors are not shown"))
        };
        assert_eq!(shown(1), (1, false));
        assert_eq!(shown(50), (50, false));
        assert_eq!(shown(52), (51, true));
    }

    #[test]
    fn without_places_nothing_is_reported() {
        let lost = |text: &str| {
            let tokens = text.parse::<TokenStream>().unwrap().into_iter().map(|mut tree| {
                tree.set_span(Span::call_site());
                tree
            });
            expand(tokens.collect()).to_string()
        };
        assert_eq!(lost("memry 2G"), lost("name web"));
        assert!(!lost("memry 2G").contains("compile_error"));
    }
}
