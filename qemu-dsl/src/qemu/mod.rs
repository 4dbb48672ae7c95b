//! What QEMU is: its versions and what changed in them.

pub(crate) mod board;
pub(crate) mod changes;
mod deviation;

pub(crate) use deviation::deviation;
