//! What a text says, typed: a VM, or devices for a guest that runs.

mod checking;
pub(crate) mod ids;
mod property;
mod vm;

pub(crate) use checking::Checking;
pub(crate) use property::{Property, PropertyValue};
pub(crate) use vm::{Entry, Flaws, Placement, Values, Vm};
