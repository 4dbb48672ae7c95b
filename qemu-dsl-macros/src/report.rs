//! Diagnostics as Rust shows them: errors and warnings at the exact tokens.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use qemu_dsl::source::SourceMap;
use qemu_dsl::{Diagnostic, Help, Severity};
use quote::{quote, quote_spanned};

use crate::source::Source;

/// So many errors are shown; of the others only their number is.
const SHOWN: usize = 50;

/// Statements that make Rust report the errors.
pub(crate) fn errors(diagnostics: &[Diagnostic], source: &Source, map: &SourceMap<'_>) -> TokenStream {
    let errors: Vec<_> =
        diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).collect();
    let mut out: TokenStream =
        errors.iter().take(SHOWN).map(|error| self::error(error, source, map)).collect();
    let more = errors.len().saturating_sub(SHOWN);
    if more > 0 {
        let message = format!("{more} more errors are not shown");
        out.extend(quote!(::core::compile_error! { #message }));
    }
    out
}

fn error(error: &Diagnostic, source: &Source, map: &SourceMap<'_>) -> TokenStream {
    failure(&text(error, source, map), place(error, source))
}

/// A statement that makes Rust report an error from a first to a last token. The whole of a macro's call is what Rust
/// underlines: from the path's first token to the closing bracket.
pub(crate) fn failure(message: &str, (first, last): (Span, Span)) -> TokenStream {
    let mut message = Group::new(Delimiter::Brace, quote!(#message));
    message.set_span(last);
    let mut call = quote_spanned!(first=> ::core::compile_error!);
    call.extend([TokenTree::Group(message)]);
    call
}

/// Statements that make Rust report the warnings, as it reports the use of what is deprecated: no other warning of a
/// macro's own is stable. Advice is left out, since a program that denies warnings would not build for it.
pub(crate) fn warnings(diagnostics: &[Diagnostic], source: &Source, map: &SourceMap<'_>) -> TokenStream {
    let warnings = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning);
    warnings.map(|warning| self::warning(warning, source, map)).collect()
}

/// The use of a deprecated macro, of all deprecated things: Rust calls it by the path that is written, as far as which it
/// underlines too, and says no word of the function and the module that it stands in.
fn warning(warning: &Diagnostic, source: &Source, map: &SourceMap<'_>) -> TokenStream {
    deprecated(warning.code.as_str(), &text(warning, source, map), place(warning, source))
}

/// A statement that makes Rust report a warning of this code from a first to a last token.
pub(crate) fn deprecated(code: &str, text: &str, (first, last): (Span, Span)) -> TokenStream {
    let message = format!("{text}\nnote: `#![allow({code})]` at the beginning of the text silences it");
    // Rust has an attribute called `deprecated`, which would make it ambiguous.
    let name = if code == "deprecated" { "is_deprecated".to_owned() } else { code.replace('-', "_") };
    let (module, declared) = (Ident::new("vm", Span::call_site()), Ident::new(&name, Span::call_site()));
    let (vm, used) = (Ident::new("vm", first), Ident::new(&name, last));
    quote! {{
        mod #module {
            #[deprecated(note = #message)]
            macro_rules! #declared { () => {}; }
            #[allow(deprecated)]
            pub(super) use #declared;
        }
        #vm::#used!();
    }}
}

/// The tokens to blame. What is wrong with no place in particular is the call's.
fn place(diagnostic: &Diagnostic, source: &Source) -> (Span, Span) {
    let tokens = diagnostic.span().and_then(|span| source.blame(span));
    tokens.unwrap_or((Span::call_site(), Span::call_site()))
}

/// What Rust prints: the message with its code, what to write instead, and the other places it is about.
fn text(diagnostic: &Diagnostic, source: &Source, map: &SourceMap<'_>) -> String {
    let mut text = format!("{} [{}]", diagnostic.message, diagnostic.code.as_str());
    if let Some(remedy) = &diagnostic.remedy {
        text += &format!("\nhelp: {}", help(&remedy.help));
    }
    for label in diagnostic.labels.iter().skip(1) {
        let place = match map.locate(label.span) {
            // A file that the text includes.
            Some((file, at)) if label.span.start as usize > source.text.len() => {
                Some(format!("{}:{}:{}", file.name(), at.line, at.column))
            }
            _ => source.blame(label.span).map(|(span, _)| position(span)),
        };
        let Some(place) = place else { continue };
        let what = if label.text.is_empty() { "see" } else { &label.text };
        text += &format!("\nnote: {what}: {place}");
    }
    text
}

/// Where something stands in the program.
pub(crate) fn position(span: Span) -> String {
    let start = span.start();
    format!("{}:{}:{}", span.file(), start.line, start.column + 1)
}

/// Where braces belong in what decides about a block, which is an expression of Rust.
fn braces(inside: &str) -> String {
    // `let PATTERN = EXPRESSION`. A range's end and a comparison have no `=` alone.
    let is_alone = |(at, _): &(usize, &str)| {
        let before = inside.get(..*at).unwrap_or("");
        let behind = inside.get(at + 1..).unwrap_or("");
        !before.ends_with(['=', '<', '>', '!', '.']) && !behind.starts_with(['=', '>'])
    };
    if inside.starts_with("let ")
        && let Some((at, _)) = inside.match_indices('=').find(is_alone)
        && let (Some(pattern), Some(expression)) = (inside.get(..at), inside.get(at + 1..))
    {
        let expression = expression.trim().replace(['{', '}'], "");
        return format!("put braces round the expression: `{} = {{{expression}}}`", pattern.trim());
    }
    // Braces that are there already are put round all of it.
    format!("put braces round it: `{{{}}}`", inside.replace(['{', '}'], ""))
}

/// What to do, for whoever writes a program.
pub(crate) fn help(help: &Help) -> String {
    match help {
        Help::SetParameter { name } => {
            format!("give `{name}` a default where it is declared: nobody sets it when a program is built")
        }
        Help::SetLevels => "write it at the beginning: `#![allow(CODE)]`, `warn` or `deny`".to_owned(),
        Help::Variable { text, name } => {
            format!("write {text} itself, or a value of the program: `{{{name}}}` in its place")
        }
        Help::Braces { inside, .. } => braces(inside),
        Help::OneWord(word) => format!(
            "`{word}` is one word: write it without a space; a macro takes such a word as a whole, as the literal `\"{word}\"`"
        ),
        Help::Text(_)
        | Help::DidYouMean(_)
        | Help::Statement { .. }
        | Help::Form { .. }
        | Help::AnyStatement
        | Help::AskHost => help.to_string(),
    }
}
