#![doc = include_str!("../README.md")]

pub mod plan;
mod span;
mod version;

pub use span::Span;
pub use version::Version;
