#![cfg_attr(feature = "compiler", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "compiler"),
    doc = "The types of plans: QEMU's arguments, and a table of file descriptors."
)]

// What the parser names: pest is built without its feature `std`.
#[cfg(feature = "compiler")]
extern crate alloc;

pub mod bind;
#[cfg(feature = "compiler")]
mod check;
mod code;
#[cfg(feature = "compiler")]
mod compile;
#[cfg(feature = "compiler")]
mod diagnostic;
#[cfg(feature = "compiler")]
mod hardware;
#[cfg(feature = "compiler")]
pub mod import;
#[cfg(feature = "compiler")]
mod level;
// In the documentation alone: whoever looks up the crate finds the language too.
#[cfg(all(doc, not(doctest), feature = "compiler"))]
#[doc = include_str!("../docs/language.md")]
pub mod language {}
#[cfg(feature = "compiler")]
mod lower;
#[cfg(feature = "compiler")]
mod model;
#[cfg(feature = "compiler")]
#[cfg_attr(
    all(doc, not(doctest)),
    expect(rustdoc::invalid_rust_codeblocks, reason = "its examples are texts of the language")
)]
pub mod pages;
pub mod plan;
#[cfg(feature = "compiler")]
mod print;
#[cfg(feature = "compiler")]
mod qemu;
#[cfg(feature = "compiler")]
mod read;
#[cfg(feature = "compiler")]
pub mod reference;
#[cfg(feature = "compiler")]
mod scenario;
#[cfg(feature = "compiler")]
pub mod schema;
#[cfg(feature = "compiler")]
mod shape;
#[cfg(feature = "compiler")]
pub mod source;
#[cfg(feature = "compiler")]
mod sources;
#[cfg(feature = "compiler")]
mod statement;
#[cfg(feature = "compiler")]
mod suggest;
#[cfg(feature = "compiler")]
mod syntax;
#[cfg(feature = "compiler")]
pub mod table;
#[cfg_attr(
    not(feature = "compiler"),
    expect(dead_code, unused_imports, unused_macros, reason = "the compiler alone reads texts by the table")
)]
mod value;

pub use code::Code;
#[cfg(feature = "compiler")]
pub use compile::{
    Compilation, CompiledBase, CompiledDevices, CompiledPart, Parsed, compile, compile_base, compile_devices,
    compile_part, parse,
};
#[cfg(feature = "compiler")]
pub use diagnostic::{Diagnostic, Edit, Fix, Help, Label, Remedy, Severity};
#[cfg(feature = "compiler")]
pub use import::import;
#[cfg(feature = "compiler")]
pub use level::{Level, LevelError, Levels};
pub use plan::{Arch, Span, Target, TargetSpec, Version};
#[cfg(feature = "compiler")]
pub use read::{Count, Declaration, Open, Options};
#[cfg(feature = "compiler")]
pub use sources::{Included, Inclusion, Load, Sources};
#[cfg(feature = "compiler")]
pub use statement::TABLE;
pub use value::{Element, Kind, PropertyType, Takes, Type};
