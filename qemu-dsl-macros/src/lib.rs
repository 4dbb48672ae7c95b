#![doc = include_str!("../README.md")]

mod data;
mod expand;
mod report;
mod source;

/// A virtual machine, compiled with the program that runs it.
#[proc_macro]
pub fn vm(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::expand(input.into()).into()
}
