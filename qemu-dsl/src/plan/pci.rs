//! Where a device sits on its PCI bus.

use std::fmt;

/// The address of a device on its PCI bus: `slot` or `slot.function`. QEMU has both in hexadecimal.
///
/// ```
/// use qemu_dsl::plan::PciAddr;
///
/// assert_eq!(PciAddr { slot: 17, function: None }.to_string(), "11");
/// assert_eq!(PciAddr { slot: 31, function: Some(2) }.to_string(), "1f.2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PciAddr {
    /// From 0 to 31.
    pub slot: u8,
    /// From 0 to 7, where it isn't 0.
    pub function: Option<u8>,
}

impl fmt::Display for PciAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.slot)?;
        match self.function {
            Some(function) => write!(f, ".{function}"),
            None => Ok(()),
        }
    }
}
