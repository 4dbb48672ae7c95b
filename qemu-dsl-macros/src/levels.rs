//! `#![allow(unknown-device)]` at the beginning of a macro's text: how grave its warnings are taken.
//!
//! It stands in the program, as Rust's own does, and not in the language: what a VM is doesn't hang on it.
//!
//! **Levels stand in front of the text of `vm!`**, not in a variable of the environment: that would hide what is wrong
//! with other VMs. **A warning there is the use of a deprecated macro**: of all that can be deprecated, Rust calls it
//! alone by the path that is written, and no other warning of a macro's own is stable.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use qemu_dsl::{Level, Levels};

use crate::report;

/// What a macro's text begins with.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) levels: Levels,
    /// Statements that make Rust report what is wrong with them.
    pub(crate) errors: TokenStream,
}

impl Attributes {
    /// Takes them from the beginning of `input`. Doc comments, which are attributes to Rust, stay.
    pub(crate) fn take(input: TokenStream) -> (Self, TokenStream) {
        let mut attributes = Self::default();
        let mut kept = Vec::new();
        let trees: Vec<_> = input.into_iter().collect();
        let mut rest = trees.as_slice();
        while let [TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(group), behind @ ..] =
            rest
            && (hash.as_char(), bang.as_char(), group.delimiter()) == ('#', '!', Delimiter::Bracket)
        {
            let tokens: Vec<_> = group.stream().into_iter().collect();
            match tokens.as_slice() {
                [TokenTree::Ident(name), ..] if name == "doc" => {
                    kept.extend(rest.iter().take(3).cloned());
                }
                tokens => attributes.read(tokens, group),
            }
            rest = behind;
        }
        kept.extend(rest.iter().cloned());
        (attributes, kept.into_iter().collect())
    }

    fn read(&mut self, tokens: &[TokenTree], attribute: &Group) {
        if let [TokenTree::Ident(name), TokenTree::Group(codes)] = tokens
            && let Some(level) = Level::ALL.into_iter().find(|level| name == level.name())
            && codes.delimiter() == Delimiter::Parenthesis
        {
            let codes: Vec<_> = codes.stream().into_iter().collect();
            let is_comma =
                |tree: &TokenTree| matches!(tree, TokenTree::Punct(comma) if comma.as_char() == ',');
            for code in codes.split(is_comma).filter(|code| !code.is_empty()) {
                let name: String = code.iter().map(ToString::to_string).collect();
                if let Err(error) = self.levels.set(level, &name) {
                    let span = |tree: Option<&TokenTree>| tree.map_or_else(Span::call_site, TokenTree::span);
                    self.errors
                        .extend(report::failure(&error.to_string(), (span(code.first()), span(code.last()))));
                }
            }
        } else {
            let message =
                "only levels of diagnostics can stand here: write `#![allow(CODE)]`, `warn` or `deny`";
            self.errors.extend(report::failure(message, (attribute.span_open(), attribute.span_close())));
        }
    }
}
