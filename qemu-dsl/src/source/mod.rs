//! A text, and where something stands in it.

mod layout;
mod node;

pub(crate) use layout::{begins_anew, indentation, same_line};
pub(crate) use node::Node;
