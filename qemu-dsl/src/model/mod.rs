//! What a text says, typed: a VM, or devices for a guest that runs.

mod blank;
pub(crate) mod ids;
mod property;
mod rounds;
mod val;
mod vm;

pub(crate) use blank::{Blank, Blanks, OpenPart, State, States};
pub(crate) use property::{Property, PropertyValue};
pub(crate) use rounds::{Bound, Rounds, Sort};
pub(crate) use val::{Maybe, Open, Val};
pub(crate) use vm::{Entry, Extent, Facts, Flash, Flaws, Once, Values, Vars, Vm};
