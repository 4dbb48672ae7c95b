//! What a text says, typed: a VM, or devices for a guest that runs.

pub(crate) mod ids;
mod property;
mod val;
mod vm;

pub(crate) use property::{Property, PropertyValue};
pub(crate) use val::{Maybe, Val};
pub(crate) use vm::{Entry, Facts, Flaws, Values, Vm};
