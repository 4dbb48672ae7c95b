//! A device.

use crate::schema::{Bus, Lookup, PropertyType, Type};

/// A device, whichever statement brings it.
#[derive(Debug)]
pub(crate) struct Device<'p> {
    /// The number of the option that makes it.
    pub(crate) option: usize,
    /// The number of the statement.
    pub(crate) statement: usize,
    /// Whether it is passed on by `arg`.
    pub(crate) is_arg: bool,
    /// QEMU's driver.
    pub(crate) driver: &'p str,
    pub(crate) id: Option<&'p str>,
    /// What the schema says of it.
    pub(crate) ty: Option<Type>,
}

impl Device<'_> {
    /// QEMU's own name of the driver, behind an alias.
    pub(crate) fn name(&self) -> &str {
        self.ty.as_ref().map_or(self.driver, |ty| ty.name())
    }

    /// The sort of bus that it plugs into, where that is known.
    pub(crate) fn bus_sort(&self) -> Option<&'static str> {
        self.ty.as_ref()?.bus()
    }

    /// The buses that it provides. None where that isn't known.
    pub(crate) fn buses(&self) -> Option<impl Iterator<Item = Bus> + use<>> {
        self.ty.as_ref()?.buses()
    }

    /// The bus of this name that it provides.
    pub(crate) fn bus_called(&self, name: &str) -> Option<Bus> {
        let id = self.id.unwrap_or_default();
        self.buses()?.find(|bus| match bus.fixed_name() {
            Some(fixed) => fixed == name,
            None => !id.is_empty() && bus.name(id) == name,
        })
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
