//! Diagnostics as Rust shows them: errors and warnings at the exact tokens.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use qemu_dsl::{Diagnostic, Help, Severity};
use quote::{quote, quote_spanned};

use crate::source::Source;

/// So many errors are shown; of the others only their number is.
const SHOWN: usize = 50;

/// Statements that make Rust report the errors.
pub(crate) fn errors(diagnostics: &[Diagnostic], source: &Source) -> TokenStream {
    let errors: Vec<_> =
        diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).collect();
    let mut out: TokenStream = errors.iter().take(SHOWN).map(|error| self::error(error, source)).collect();
    let more = errors.len().saturating_sub(SHOWN);
    if more > 0 {
        let message = format!("{more} more errors are not shown");
        out.extend(quote!(::core::compile_error! { #message }));
    }
    out
}

fn error(error: &Diagnostic, source: &Source) -> TokenStream {
    failure(&text(error, source), place(error, source))
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
pub(crate) fn warnings(diagnostics: &[Diagnostic], source: &Source) -> TokenStream {
    let warnings = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning);
    warnings.map(|warning| self::warning(warning, source)).collect()
}

/// The use of a deprecated macro, of all deprecated things: Rust calls it by the path that is written, as far as which it
/// underlines too, and says no word of the function and the module that it stands in.
fn warning(warning: &Diagnostic, source: &Source) -> TokenStream {
    deprecated(warning.code.as_str(), &text(warning, source), place(warning, source))
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
fn text(diagnostic: &Diagnostic, source: &Source) -> String {
    let mut text = format!("{} [{}]", diagnostic.message, diagnostic.code.as_str());
    if let Some(remedy) = &diagnostic.remedy {
        text += &format!("\nhelp: {}", help(&remedy.help));
    }
    for label in diagnostic.labels.iter().skip(1) {
        let Some((span, _)) = source.blame(label.span) else {
            continue;
        };
        let what = if label.text.is_empty() { "see" } else { &label.text };
        let start = span.start();
        text += &format!("\nnote: {what}: {}:{}:{}", span.file(), start.line, start.column + 1);
    }
    text
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
        Help::Braces { inside, .. } => {
            // Braces that are there already are put round all of it.
            let inside = inside.replace(['{', '}'], "");
            format!("put braces round it: `{{{inside}}}`")
        }
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
