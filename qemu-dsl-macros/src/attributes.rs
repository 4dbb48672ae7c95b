//! What a macro's text begins with: `#![allow(unknown-device)]`, how grave its warnings are taken, and `#![crate = facade::vms]`,
//! by which path this program has `qemu-runtime`.
//!
//! Both stand in the program, as Rust's own attributes do, and not in the language: what a VM is doesn't hang on them.
//!
//! **The path is said, not found.** `qemu-runtime` could wrap the macros in its own, which know it as `$crate`; but what comes
//! through one macro more has other gaps between its tokens (`+$feature`). To read `Cargo.toml` would not find a facade.
//!
//! **Levels stand in front of the text of `vm!`**, not in a variable of the environment: that would hide what is wrong
//! with other VMs. **A warning there is the use of a deprecated macro**: of all that can be deprecated, Rust calls it
//! alone by the path that is written, and no other warning of a macro's own is stable.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use qemu_dsl::{Level, Levels};

use quote::quote;

use crate::report;

/// What a macro's text begins with.
pub(crate) struct Attributes {
    pub(crate) levels: Levels,
    /// The path of the crate that the expansion names.
    pub(crate) runtime: TokenStream,
    /// Statements that make Rust report what is wrong with them.
    pub(crate) errors: TokenStream,
}

impl Attributes {
    /// Takes them from the beginning of `input`. Doc comments, which are attributes to Rust, stay.
    pub(crate) fn take(input: TokenStream) -> (Self, TokenStream) {
        let mut attributes =
            Self { levels: Levels::default(), runtime: quote!(::qemu_runtime), errors: TokenStream::new() };
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
        if let [TokenTree::Ident(name), TokenTree::Punct(equals), path @ ..] = tokens
            && name == "crate"
            && equals.as_char() == '='
            && !path.is_empty()
        {
            self.runtime = path.iter().cloned().flat_map(ungrouped).collect();
            return;
        }
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
            let message = "levels of diagnostics can stand here, `#![allow(CODE)]`, `warn` or `deny`, and `#![crate = PATH]`";
            self.errors.extend(report::failure(message, (attribute.span_open(), attribute.span_close())));
        }
    }
}

/// What a macro has put in for `$path` is its tokens.
fn ungrouped(tree: TokenTree) -> Vec<TokenTree> {
    match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            group.stream().into_iter().flat_map(ungrouped).collect()
        }
        tree => vec![tree],
    }
}
