//! From what the macro is given to what it becomes.

use std::collections::BTreeSet;
use std::env::{self, VarError};
use std::sync::Arc;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use qemu_dsl::bind::{Blanks, Hole, OpenBase, OpenFragment, OpenPart, OpenTemplate, PartTemplate};
use qemu_dsl::plan::{Fragment, Pack, Place, Plan, Template, pack};
use qemu_dsl::{Code, Diagnostic, Open, Options, Parsed, Severity, Sources, TargetSpec, Version};
use quote::quote;

use crate::attributes::Attributes;
use crate::file;
use crate::report;
use crate::source::{Part, Source};

/// The variable that says for which QEMU all VMs of a build are compiled.
pub(crate) const TARGET: &str = "QEMU_DSL_TARGET";

/// What a macro is about: its text is compiled to this, which becomes an expression of one type.
pub(crate) trait Subject: Default {
    /// What is bound to values, where a hole stands in the text.
    type Open;

    fn compile(parsed: &Parsed<'_>, options: &Options) -> (Outcome<Self, Self::Open>, Vec<Diagnostic>);

    /// The type of what is bound to values, and whether these may be file descriptors.
    fn bound(takes_fds: bool) -> TokenStream;

    /// Says in which lines of the program it stands.
    fn place(&mut self, _source: &Source, _sources: &Sources) {}

    /// The expression of its value.
    fn expression(self) -> TokenStream;

    /// The expression of a `Result` of what is bound, made of that of a value.
    fn owned(value: &TokenStream) -> TokenStream;

    /// Says in which lines of the program the open one stands.
    fn place_open(open: &mut Self::Open, source: &Source, sources: &Sources);

    /// What hangs on values.
    fn blanks(open: &Self::Open) -> &Blanks;

    /// The call that binds what is open. File descriptors go with it.
    fn call(values: &Ident, takes_fds: bool) -> TokenStream {
        if takes_fds { quote!(equip(#values)) } else { quote!(bind(&#values)) }
    }

    /// What stands in for a value where there is none.
    fn nothing(has_holes: bool, takes_fds: bool) -> TokenStream {
        if !has_holes {
            return Self::default().expression();
        }
        let ty = Self::bound(takes_fds);
        quote! {
            qemu::Result::<#ty, qemu::BindError>::Err(qemu::BindError { problems: qemu::Vec::new() })
        }
    }

    /// The static of an open one, `OPEN`.
    fn declaration(open: &Self::Open) -> TokenStream;
}

/// What a text becomes; where it is wrong, what its values must be, as far as that is known.
type Outcome<T, O> = Result<Compiled<T, O>, Blanks>;

/// What came of a text.
pub(crate) enum Compiled<T, O> {
    Closed(T),
    Open(O),
}

/// `vm!`: a `Plan`, or with a hole the `Result` of one, and of an `Equipped` where that may be a file descriptor.
impl Subject for Template {
    type Open = OpenTemplate;

    fn compile(parsed: &Parsed<'_>, options: &Options) -> (Outcome<Self, OpenTemplate>, Vec<Diagnostic>) {
        let compiled = parsed.compile(options);
        let open = compiled.open.map(Compiled::Open);
        (compiled.template.map(Compiled::Closed).or(open).ok_or(compiled.wanted), compiled.diagnostics)
    }

    fn bound(takes_fds: bool) -> TokenStream {
        if takes_fds { quote!(qemu::Equipped<'static, qemu::Plan>) } else { quote!(qemu::Plan) }
    }

    fn place(&mut self, source: &Source, sources: &Sources) {
        self.places = places(self.args.iter().map(|arg| arg.span), source, sources).into();
    }

    fn expression(self) -> TokenStream {
        let plan = Literal::byte_string(Plan::of(self).as_bytes());
        quote!(qemu::Plan::packed(#plan))
    }

    fn owned(value: &TokenStream) -> TokenStream {
        quote!(qemu::Result::<qemu::Plan, qemu::BindError>::Ok({ #value }))
    }

    fn place_open(OpenTemplate { template, open }: &mut OpenTemplate, source: &Source, sources: &Sources) {
        name_holes(open, source);
        let args = template.args.iter().map(|arg| arg.span);
        template.places = places(args.chain(open.spans()), source, sources).into();
    }

    fn blanks(open: &OpenTemplate) -> &Blanks {
        &open.open
    }

    fn declaration(open: &OpenTemplate) -> TokenStream {
        let open = packed(open);
        quote!(static OPEN: qemu::Packed<qemu::OpenTemplate> = #open;)
    }
}

/// `devices!`: a `&'static Packed<Fragment>`, or with a hole the `Result` of a `Fragment`.
impl Subject for Fragment {
    type Open = OpenFragment;

    fn compile(parsed: &Parsed<'_>, options: &Options) -> (Outcome<Self, OpenFragment>, Vec<Diagnostic>) {
        let compiled = parsed.compile_devices(options);
        let open = compiled.open.map(Compiled::Open);
        (compiled.fragment.map(Compiled::Closed).or(open).ok_or(compiled.wanted), compiled.diagnostics)
    }

    fn bound(takes_fds: bool) -> TokenStream {
        if takes_fds { quote!(qemu::Equipped<'static, qemu::Fragment>) } else { quote!(qemu::Fragment) }
    }

    fn place(&mut self, source: &Source, sources: &Sources) {
        self.places = places(self.steps.iter().map(|step| step.span), source, sources).into();
    }

    fn expression(self) -> TokenStream {
        let fragment = packed(&self);
        quote! {
            static FRAGMENT: qemu::Packed<qemu::Fragment> = #fragment;
            &FRAGMENT
        }
    }

    fn owned(value: &TokenStream) -> TokenStream {
        quote!(qemu::Result::<qemu::Fragment, qemu::BindError>::Ok(::core::clone::Clone::clone(&**{ #value })))
    }

    fn place_open(OpenFragment { fragment, open }: &mut OpenFragment, source: &Source, sources: &Sources) {
        name_holes(open, source);
        let steps = fragment.steps.iter().map(|step| step.span);
        fragment.places = places(steps.chain(open.spans()), source, sources).into();
    }

    fn blanks(open: &OpenFragment) -> &Blanks {
        &open.open
    }

    fn declaration(open: &OpenFragment) -> TokenStream {
        let open = packed(open);
        quote!(static OPEN: qemu::Packed<qemu::OpenFragment> = #open;)
    }
}

/// Declares what a base and a part become: themselves, whether they have holes or not. What is wrong with values is told where
/// all parts are there.
macro_rules! parts {
    ($($open:ident: $name:ident, $compile:ident;)+) => {$(
        impl Subject for $open {
            type Open = Self;

            fn compile(
                parsed: &Parsed<'_>,
                options: &Options,
            ) -> (Outcome<Self, Self>, Vec<Diagnostic>) {
                let compiled = parsed.$compile(options);
                (compiled.open.map(Compiled::Open).ok_or(compiled.wanted), compiled.diagnostics)
            }

            fn bound(takes_fds: bool) -> TokenStream {
                if takes_fds { quote!(qemu::Equipped<'static, qemu::$name>) } else { quote!(qemu::$name) }
            }

            fn expression(self) -> TokenStream {
                quote!(<qemu::$name as ::core::default::Default>::default())
            }

            fn owned(value: &TokenStream) -> TokenStream {
                quote!(qemu::Result::<qemu::$name, qemu::BindError>::Ok({ #value }))
            }

            fn place_open(open: &mut Self, source: &Source, sources: &Sources) {
                let PartTemplate { template, open, .. } = Arc::make_mut(&mut open.part);
                name_holes(open, source);
                let args = template.args.iter().map(|arg| arg.span);
                template.places = places(args.chain(open.spans()), source, sources).into();
            }

            fn blanks(open: &Self) -> &Blanks {
                &open.part.open
            }

            fn call(values: &Ident, takes_fds: bool) -> TokenStream {
                if takes_fds { quote!(equip(#values)) } else { quote!(bind(#values)) }
            }

            fn nothing(_: bool, takes_fds: bool) -> TokenStream {
                let nothing = Self::default().expression();
                let ty = Self::bound(takes_fds);
                quote!(<#ty as ::core::convert::From<qemu::$name>>::from(#nothing))
            }

            fn declaration(open: &Self) -> TokenStream {
                let open = packed(open);
                quote!(static OPEN: qemu::Packed<qemu::$open> = #open;)
            }
        }
    )+};
}

parts! {
    OpenBase: Base, compile_base;
    OpenPart: Part, compile_part;
}

/// The expression that a macro becomes: always one of its type, so that a mistake in the text is the only one that Rust
/// reports.
///
/// With a hole it is a `Result`, which the tokens tell: so it is in an editor, too, where they have no places.
pub(crate) fn expand<S: Subject>(input: TokenStream) -> TokenStream {
    let (Attributes { levels, runtime, errors: refused_levels }, input) = Attributes::take(input);
    // What a facade's macro has put before it stands in another file.
    let at = input.clone().into_iter().next().map_or_else(Span::call_site, |first| first.span());
    let source = Source::read(input, Span::call_site());
    if !source.has_places() {
        return without_value::<S>(&runtime, &source, &Blanks::default(), TokenStream::new());
    }
    let (target, refused) = match target(env::var(TARGET)) {
        Ok(target) => (target, None),
        Err(refusal) => (None, Some(refusal)),
    };
    let target_is_set = target.is_some();
    let options =
        Options { target: target.unwrap_or_default(), levels, open: Open::Holes, ..Options::default() };
    // A path is relative to the source file, as that of `vm_file!` is.
    let name = file::folder(at).join("vm!").display().to_string();
    let mut files = Vec::new();
    let text = source.text.clone();
    let sources = Sources::load(name, text, &mut |inclusion| file::include(inclusion, &mut files));
    let (compiled, mut diagnostics) = S::compile(&sources.parse(), &options);
    let elsewhere = in_files(&sources, &source, &mut diagnostics);
    if target_is_set {
        name_the_variable(&mut diagnostics);
    }
    flaws(&source, &mut diagnostics);
    diagnostics.extend(refused);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));

    let mut errors = refused_levels;
    errors.extend(report::errors(&diagnostics, &source, sources.map()));
    errors.extend(elsewhere.errors);
    let mut warnings = report::warnings(&diagnostics, &source, sources.map());
    warnings.extend(elsewhere.warnings);
    warnings.extend(file::depends_on(&files));
    match compiled {
        Ok(Compiled::Closed(mut closed)) if errors.is_empty() => {
            closed.place(&source, &sources);
            block(&runtime, TokenStream::new(), quote!(#warnings), closed.expression())
        }
        Ok(Compiled::Open(mut open)) if errors.is_empty() => {
            S::place_open(&mut open, &source, &sources);
            let (values, filled) = fill(&runtime, S::blanks(&open), &source);
            let (open, bind) = (S::declaration(&open), S::call(&values, source.takes_fds));
            block(&runtime, filled, warnings, quote!(#open OPEN.#bind))
        }
        compiled => {
            let closed;
            let wanted = match &compiled {
                Ok(Compiled::Open(open)) => S::blanks(open),
                Ok(Compiled::Closed(_)) => {
                    closed = Blanks::default();
                    &closed
                }
                Err(wanted) => wanted,
            };
            without_value::<S>(&runtime, &source, wanted, quote!(#errors #warnings))
        }
    }
}

/// What stands in where there is no value. What is in the holes is still looked at, as what stands where it does if that is known:
/// it counts as used, and Rust shows what is wrong with it.
fn without_value<S: Subject>(
    runtime: &TokenStream,
    source: &Source,
    wanted: &Blanks,
    statements: TokenStream,
) -> TokenStream {
    let has_holes = !source.holes.is_empty();
    let used = if has_holes { fill(runtime, wanted, source).1 } else { TokenStream::new() };
    block(runtime, used, statements, S::nothing(has_holes, source.takes_fds))
}

/// An expression: `before`, which is the program's own, `statements`, and a value. `runtime` is the crate that they name.
///
/// What is the program's own stands outside what the expansion imports for itself.
pub(crate) fn block(
    runtime: &TokenStream,
    before: TokenStream,
    statements: TokenStream,
    value: TokenStream,
) -> TokenStream {
    quote! {{
        #before
        {
            use #runtime::__private as qemu;
            // When the variable changes, this is compiled again.
            let _ = ::core::option_env!(#TARGET);
            #statements
            #value
        }
    }}
}

/// Statements that take the values of all holes, one after the other, and the variable that they make: no closure is round them, so
/// that `?`, `.await` and moves do what they do elsewhere. What no blank wants is only looked at.
fn fill(runtime: &TokenStream, blanks: &Blanks, source: &Source) -> (Ident, TokenStream) {
    let values = Ident::new("values", Span::mixed_site());
    let mut count = 0;
    let filled = code(
        &source.parts,
        &mut count,
        &mut |part| match part {
            Said::Hole(number) => {
                let own = source.holes.get(number)?;
                let (expression, reference) = (&own.expression, &own.reference);
                let is_own = |hole: &Hole| own.span.start <= hole.span.start && hole.span.end <= own.span.end;
                let Some(number) = blanks.holes.iter().position(is_own) else {
                    return Some(quote!(#[allow(unused_parens)] let _ = #reference;));
                };
                // What is wrong with how the value is one is told at the function's name.
                let add = Ident::new(blanks.adds(number as u32), Span::mixed_site().located_at(own.place));
                let value = if blanks.takes(number as u32) { expression } else { reference };
                Some(quote!(#[allow(unused_parens)] #values.#add(#value);))
            }
            Said::Begin(block) => Some(quote!(#values.begin(#block);)),
            Said::End => Some(quote!(#values.end();)),
        },
        source,
    );
    let filled = quote!(let mut #values = #runtime::__private::Values::new(); #filled);
    (values, filled)
}

/// What says what becomes of a part.
type Say<'s> = &'s mut dyn FnMut(Said) -> Option<TokenStream>;

/// A part of which something is said.
enum Said {
    Hole(usize),
    /// A round of the block of this number begins.
    Begin(u32),
    End,
}

/// The program's own control flow, with what `say` says of each part of the text. The compiler numbers the blocks in their order,
/// from 1.
fn code(parts: &[Part], blocks: &mut u32, say: Say<'_>, source: &Source) -> TokenStream {
    let body = |parts: &[Part], blocks: &mut u32, say: Say<'_>| {
        *blocks += 1;
        let begin = say(Said::Begin(*blocks));
        let inner = code(parts, blocks, say, source);
        let end = say(Said::End);
        quote!({ #begin #inner #end })
    };
    let mut out = TokenStream::new();
    for part in parts {
        out.extend(match part {
            Part::Hole(number) => say(Said::Hole(*number)).unwrap_or_default(),
            Part::If(branches) => {
                let mut chain = TokenStream::new();
                for branch in branches {
                    if !chain.is_empty() {
                        chain.extend(quote!(else));
                    }
                    if let Some((pattern, hole)) = &branch.condition {
                        let condition = source.holes.get(*hole).map(|hole| &hole.expression);
                        chain.extend(match pattern {
                            Some(pattern) => quote!(if let #pattern = #condition),
                            None => quote!(if #condition),
                        });
                    }
                    chain.extend(body(&branch.body, blocks, say));
                }
                quote!(#[allow(unused_parens)] { #chain })
            }
            Part::For(pattern, hole, inner) => {
                let list = source.holes.get(*hole).map(|hole| &hole.expression);
                let inner = body(inner, blocks, say);
                quote!(#[allow(unused_parens)] { for #pattern in #list #inner })
            }
        });
    }
    out
}

/// A value as one literal, which is read when it is first needed.
fn packed(value: &impl Pack) -> TokenStream {
    let bytes = Literal::byte_string(&pack(value));
    quote!(qemu::Packed::new(#bytes))
}

/// What is to be said of included files.
#[derive(Default)]
struct Elsewhere {
    errors: TokenStream,
    warnings: TokenStream,
}

/// Takes what is about files that the text includes: it is told at the `include`, with the file's lines.
fn in_files(sources: &Sources, source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Elsewhere {
    let mut elsewhere = Elsewhere::default();
    let is_elsewhere = |diagnostic: &mut Diagnostic| {
        diagnostic.span().is_some_and(|span| span.start as usize > source.text.len())
    };
    for diagnostic in diagnostics.extract_if(.., is_elsewhere) {
        let at = diagnostic.span().and_then(|span| source.blame(sources.brought_in(span)));
        let at = at.unwrap_or((Span::call_site(), Span::call_site()));
        let own = |span: qemu_dsl::Span| {
            let (first, _) = source.blame(span).filter(|_| span.start as usize <= source.text.len())?;
            Some(report::position(first))
        };
        let message = file::shown(&diagnostic, sources.map(), own, report::help);
        match diagnostic.severity {
            Severity::Error => elsewhere.errors.extend(report::failure(&message, at)),
            Severity::Warning => {
                elsewhere.warnings.extend(report::deprecated(diagnostic.code.as_str(), &message, at));
            }
            Severity::Advice => {}
        }
    }
    elsewhere
}

/// Calls holes what the program has in them.
fn name_holes(open: &mut Blanks, source: &Source) {
    for hole in open.holes.to_mut() {
        if let Some(own) = source.hole_at(hole.span) {
            hole.name = own.name.clone().into();
        }
    }
}

/// Where the program has what stands at `spans`.
fn places(spans: impl Iterator<Item = qemu_dsl::Span>, source: &Source, sources: &Sources) -> Vec<Place> {
    let spans: BTreeSet<_> = spans.map(|span| (span.start, span.end)).collect();
    let places = spans.into_iter().filter_map(|(start, end)| {
        let span = qemu_dsl::Span { start, end };
        if start as usize > source.text.len() {
            let (file, at) = sources.map().locate(span)?;
            return Some(Place { span, file: Some(file.name().into()), line: at.line, column: at.column });
        }
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
pub(crate) fn target(variable: Result<String, VarError>) -> Result<Option<TargetSpec>, Diagnostic> {
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
pub(crate) fn name_the_variable(diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics.iter_mut().filter(|diagnostic| diagnostic.labels.is_empty()) {
        diagnostic.message += &format!(" (set by the environment variable `{TARGET}`)");
    }
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
