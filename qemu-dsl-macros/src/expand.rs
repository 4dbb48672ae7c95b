//! From what the macro is given to what it becomes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::env::{self, VarError};

use proc_macro2::{Span, TokenStream};
use qemu_dsl::plan::{Fragment, Place, Template};
use qemu_dsl::{Code, Diagnostic, Help, Options, Remedy, Target, TargetSpec, Version};
use quote::quote;

use crate::data::Data as _;
use crate::levels::Attributes;
use crate::report;
use crate::source::Source;

/// The variable that says for which QEMU all VMs of a build are compiled.
const TARGET: &str = "QEMU_DSL_TARGET";

/// What a macro is about: its text is compiled to this, which becomes an expression of one type.
pub(crate) trait Subject: Sized {
    /// The macro, as messages call it.
    const MACRO: &'static str;
    /// What does the same at run time.
    const COMPILER: &'static str;

    fn compile(text: &str, options: &Options) -> (Option<Self>, Vec<Diagnostic>);

    /// What no program gets to see: the value where there is a mistake.
    fn nothing() -> Self;

    /// Says in which lines of the program it stands.
    fn place(&mut self, _source: &Source) {}

    /// The expression of its value, as static data.
    fn expression(&self) -> TokenStream;
}

/// `vm!`: a `Plan`.
impl Subject for Template {
    const MACRO: &'static str = "vm!";
    const COMPILER: &'static str = "qemu_dsl::compile";

    fn compile(text: &str, options: &Options) -> (Option<Self>, Vec<Diagnostic>) {
        let compiled = qemu_dsl::compile(text, options);
        (compiled.template, compiled.diagnostics)
    }

    fn nothing() -> Self {
        Self {
            target: Target::DEFAULT,
            program: Cow::Borrowed(&[]),
            args: Cow::Borrowed(&[]),
            fds: Cow::Borrowed(&[]),
            ids: Cow::Borrowed(&[]),
            places: Cow::Borrowed(&[]),
        }
    }

    fn place(&mut self, source: &Source) {
        self.places = places(self.args.iter().map(|arg| arg.span), source).into();
    }

    fn expression(&self) -> TokenStream {
        let (origin, rendered) = (self.origin().data(), self.render().data());
        quote! {
            static ORIGIN: qemu::Origin = #origin;
            static RENDERED: qemu::Rendered = #rendered;
            qemu::Plan::of_static(&ORIGIN, &RENDERED)
        }
    }
}

/// `devices!`: a `&'static Fragment`.
impl Subject for Fragment {
    const MACRO: &'static str = "devices!";
    const COMPILER: &'static str = "qemu_dsl::compile_devices";

    fn compile(text: &str, options: &Options) -> (Option<Self>, Vec<Diagnostic>) {
        let compiled = qemu_dsl::compile_devices(text, options);
        (compiled.fragment, compiled.diagnostics)
    }

    fn nothing() -> Self {
        Self {
            target: Target::DEFAULT,
            steps: Cow::Borrowed(&[]),
            fds: Cow::Borrowed(&[]),
            ids: Cow::Borrowed(&[]),
            places: Cow::Borrowed(&[]),
        }
    }

    fn place(&mut self, source: &Source) {
        self.places = places(self.steps.iter().map(|step| step.span), source).into();
    }

    fn expression(&self) -> TokenStream {
        let fragment = self.data();
        quote! {
            static FRAGMENT: qemu::Fragment = #fragment;
            &FRAGMENT
        }
    }
}

/// The expression that a macro becomes: always one of its type, so that a mistake in the text is the only one that Rust
/// reports.
pub(crate) fn expand<S: Subject>(input: TokenStream) -> TokenStream {
    let (Attributes { levels, errors: refused_levels }, input) = Attributes::take(input);
    let source = Source::read(input, Span::call_site());
    if !source.has_places() {
        return value::<S>(TokenStream::new(), None);
    }
    let (target, refused) = match target(env::var(TARGET)) {
        Ok(target) => (target, None),
        Err(refusal) => (None, Some(refusal)),
    };
    let options = Options { target: target.unwrap_or_default(), levels, ..Options::default() };
    let (compiled, mut diagnostics) = S::compile(&source.text, &options);
    if target.is_some() {
        name_the_variable(&mut diagnostics);
    }
    let holes = holes::<S>(&source, &mut diagnostics);
    flaws(&source, &mut diagnostics);
    diagnostics.extend(refused);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));

    let mut errors = refused_levels;
    errors.extend(report::errors(&diagnostics, &source));
    let warnings = report::warnings(&diagnostics, &source);
    match compiled {
        Some(mut compiled) if errors.is_empty() => {
            compiled.place(&source);
            value(warnings, Some(compiled))
        }
        _ => value::<S>(quote!(#errors #warnings #holes), None),
    }
}

/// An expression: `statements`, and the value, or one that stands in for it.
fn value<S: Subject>(statements: TokenStream, subject: Option<S>) -> TokenStream {
    let expression = subject.unwrap_or_else(S::nothing).expression();
    quote! {{
        use ::qemu_runtime::__private as qemu;
        // When the variable changes, this is compiled again.
        const _: qemu::Option<&str> = ::core::option_env!(#TARGET);
        #statements
        #expression
    }}
}

/// Where the program has what stands at `spans`.
fn places(spans: impl Iterator<Item = qemu_dsl::Span>, source: &Source) -> Vec<Place> {
    let spans: BTreeSet<_> = spans.map(|span| (span.start, span.end)).collect();
    let places = spans.into_iter().filter_map(|(start, end)| {
        let span = qemu_dsl::Span { start, end };
        let (first, _) = source.blame(span)?;
        let at = first.start();
        let number = |number| u32::try_from(number).ok();
        Some(Place {
            span,
            file: Some(first.file().into()),
            line: number(at.line)?,
            column: number(at.column + 1)?,
        })
    });
    places.collect()
}

/// The target that the build sets for all its VMs.
fn target(variable: Result<String, VarError>) -> Result<Option<TargetSpec>, Diagnostic> {
    let text = match variable {
        Err(VarError::NotPresent) => return Ok(None),
        Ok(text) if text.is_empty() => return Ok(None),
        Ok(text) => text,
        Err(VarError::NotUnicode(text)) => text.to_string_lossy().into_owned(),
    };
    match text.parse::<TargetSpec>() {
        Ok(spec) if spec.version.is_none_or(|version| version >= Version::OLDEST) => Ok(Some(spec)),
        _ => {
            let known: Vec<_> = Version::KNOWN.iter().map(ToString::to_string).collect();
            let message =
                format!("the environment variable `{TARGET}` is `{text}`, for which no output can be made");
            let help = format!("set it to a version of QEMU, such as {}, or unset it", known.join(", "));
            Err(Diagnostic::error(Code::UnknownTarget, message).help(help))
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
fn holes<S: Subject>(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> TokenStream {
    let mut out = TokenStream::new();
    let name = S::MACRO;
    let help = Remedy::new(format!(
        "write the value, declare a parameter with a default (`param name: string = \"...\"`), or compile the text at run \
         time (`{}`)",
        S::COMPILER
    ));
    for hole in &source.holes {
        let code = &hole.code;
        if !hole.is_name {
            diagnostics.retain(|diagnostic| !overlaps(diagnostic, hole.span));
            let message = format!("`{name}` can't take a value of the program yet");
            diagnostics.push(Diagnostic::error(Code::BadHole, message).at(hole.span).help(help.clone()));
            out.extend(quote!(let _ = &{ #code };));
        } else if diagnostics
            .iter()
            .any(|diagnostic| is_unknown(diagnostic) && overlaps(diagnostic, hole.span))
        {
            out.extend(quote!(let _ = &#code;));
        }
    }
    for diagnostic in diagnostics.iter_mut().filter(|diagnostic| is_unknown(diagnostic)) {
        diagnostic.message += &format!(", and `{name}` can't take a value of the program yet");
        diagnostic.remedy = Some(help.clone());
    }
    out
}

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
    let suggests =
        diagnostic.remedy.as_ref().is_some_and(|remedy| matches!(remedy.help, Help::DidYouMean(_)));
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
        assert_eq!(read("7.2"), Ok(Some(Version::new(7, 2).into())));
        assert_eq!(read("99.0"), Ok(Some(Version::new(99, 0).into())));
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
            let tokens = expand::<Template>("nam; ".repeat(errors).parse().unwrap()).to_string();
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
            expand::<Template>(tokens.collect()).to_string()
        };
        assert_eq!(lost("memry 2G"), lost("name web"));
        assert!(!lost("memry 2G").contains("compile_error"));
    }
}
