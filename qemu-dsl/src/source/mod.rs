//! A text, and where something stands in it.

mod layout;
mod map;
mod node;
mod spell;

pub(crate) use layout::{begins_anew, indentation, same_line};
pub use map::{Position, SourceFile, SourceMap};
pub(crate) use node::Node;
pub(crate) use spell::{quoted, spell};
