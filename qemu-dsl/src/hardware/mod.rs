//! What a VM consists of: its machine, devices and backends, their ids and buses, and who refers to whom.
//!
//! It is read from the options that the statements print, so that it is all the same whether `netdev`, `device` or an `arg`
//! brings a device. The checks, the order of devices and what is plugged look at nothing else.

mod checking;
mod device;
mod ids;
mod option;
mod whole;

pub(crate) use checking::Checking;
pub(crate) use device::Device;
pub(crate) use ids::{Definition, NAMING, Namespace, Reference, defined_by};
pub(crate) use option::{QemuOption, Value, options};
pub(crate) use whole::Hardware;
