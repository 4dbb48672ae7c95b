//! What QEMU is: its versions and what changed in them.

pub(crate) mod changes;
