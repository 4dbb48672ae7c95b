//! The parser that is kept is the grammar's: a build needs no generator.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

/// What stands above the parser in its file.
const HEADER: &str = "\
//! The parser of the grammar beside it, as pest's derive writes it.
//!
//! Not to be edited: `UPDATE_PARSER=1 cargo test -p qemu-dsl-grammar` writes it.

";

/// What `#[derive(pest_derive::Parser)]` makes of a grammar, which calls the same function.
fn parser(grammar: &str) -> String {
    let parser = quote::quote!(
        pub struct Grammar;
    );
    let derived = pest_generator::derive_parser(quote::quote!(#[grammar_inline = #grammar] #parser), false);
    let file = syn::parse2(quote::quote!(#parser #derived)).unwrap();
    format!("{HEADER}{}", prettyplease::unparse(&file))
}

#[test]
fn the_parser_is_the_grammars() {
    let fresh = parser(include_str!("../vm.pest"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../qemu-dsl/src/syntax/parser.rs");
    if std::env::var_os("UPDATE_PARSER").is_some() {
        fs::write(path, &fresh).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap_or_default() == fresh,
        "qemu-dsl/src/syntax/parser.rs is stale: `UPDATE_PARSER=1 cargo test -p qemu-dsl-grammar` writes it"
    );
}
