//! From a template with blanks, and values for these, to a plan: what `vm!` does with a program's values, and what a program
//! does with a text that it has compiled once.
//!
//! A **hole** is what a text has where a value comes later: an expression of the program in `vm!`, a parameter in a file. A
//! **blank** is the place for it in the output: one hole, or a text with holes in it, and what it must be. The compiler
//! checks what doesn't hang on a value; the rest is checked here, by the same functions, when the values are there.
//!
//! **What a statement prints may hang on a value**: whether a flag is on, which word it is, whether there is one at all. Then
//! the template has each shape of it, and the values choose. So binding reads no text and knows no statement.

mod blank;
mod equipped;
mod error;
mod fill;
mod fragment;
mod join;
pub(crate) mod json;
mod named;
mod order;
mod part;
mod size;
mod template;
pub(crate) mod tie;
mod tied;
mod value;

pub use blank::{Blank, BlankPart, Choice, Hole, RefusedShape, Written};
pub use equipped::Equipped;
pub use error::{BindError, BindProblem};
pub use fill::Blanks;
pub use fragment::OpenFragment;
pub use join::PartTemplate;
#[cfg(feature = "compiler")]
pub(crate) use order::order;
pub use part::{Addition, Assembly, Base, OpenBase, OpenPart, Part};
pub use size::{Size, SizeError};
pub use template::OpenTemplate;
pub use tie::{Lack, Relation, Sort, Tie};
pub use value::{
    Element, FdValue, FdsValue, FlagValue, IntegerValue, MacValue, Maybe, NameValue, NamedValues,
    NumberValue, NumbersValue, One, Os, PathValue, PciValue, Present, PropertyValue, Shown, SizeValue,
    Switch, TextValue, UuidValue, Value, Values, VncValue, WordValue,
};
