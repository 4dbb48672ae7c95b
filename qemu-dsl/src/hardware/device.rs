//! A device.

use crate::schema::{Lookup, PropertyType, Type};

/// A device, whichever statement brings it.
#[derive(Debug)]
pub(crate) struct Device {
    /// The number of the option that makes it.
    pub(crate) option: usize,
    /// The number of the statement.
    pub(crate) statement: usize,
    /// Whether it is passed on by `arg`.
    pub(crate) is_arg: bool,
    /// QEMU's driver.
    pub(crate) driver: String,
    pub(crate) id: Option<String>,
    /// What the schema says of it.
    pub(crate) ty: Option<Type>,
}

impl Device {
    /// QEMU's own name of the driver, behind an alias.
    pub(crate) fn name(&self) -> &str {
        self.ty.as_ref().map_or(self.driver.as_str(), |ty| ty.name())
    }

    /// The sort of bus that it plugs into, where that is known.
    pub(crate) fn bus_sort(&self) -> Option<&'static str> {
        self.ty.as_ref()?.bus()
    }

    /// Whether it certainly offers no bus beside those that are known of it.
    pub(crate) fn is_plain(&self) -> bool {
        self.ty.is_some()
    }

    /// Whether `addr` is its place on a PCI bus. Of an unknown device it is.
    pub(crate) fn has_pci_address(&self) -> bool {
        match self.ty.as_ref().map(|ty| ty.property("addr")) {
            Some(Lookup::Known(property)) => property.ty() == PropertyType::PciSlot,
            Some(Lookup::Unknown) => false,
            Some(Lookup::CannotTell) | None => true,
        }
    }
}
