#![doc = include_str!("../README.md")]

// What pest's derive writes without the feature `std`, which costs more to build than all the rest.
#[cfg(feature = "compiler")]
extern crate alloc;

#[cfg(feature = "compiler")]
mod analyse;
#[cfg(feature = "compiler")]
mod changes;
#[cfg(feature = "compiler")]
mod check;
#[cfg(feature = "compiler")]
mod code;
#[cfg(feature = "compiler")]
mod compile;
#[cfg(feature = "compiler")]
mod diagnostic;
#[cfg(feature = "compiler")]
mod lowering;
#[cfg(feature = "compiler")]
mod node;
#[cfg(feature = "compiler")]
pub mod pages;
pub mod plan;
#[cfg(feature = "compiler")]
pub mod reference;
#[cfg(feature = "compiler")]
pub mod schema;
mod span;
#[cfg(feature = "compiler")]
mod spec;
#[cfg(feature = "compiler")]
mod statement;
#[cfg(feature = "compiler")]
mod suggest;
#[cfg(feature = "compiler")]
mod syntax;
#[cfg(feature = "compiler")]
mod types;
mod version;

#[cfg(feature = "compiler")]
pub use code::Code;
#[cfg(feature = "compiler")]
pub use compile::{Compilation, CompiledDevices, Options, compile, compile_devices};
#[cfg(feature = "compiler")]
pub use diagnostic::{Diagnostic, Label, Severity};
pub use span::Span;
pub use version::Version;
