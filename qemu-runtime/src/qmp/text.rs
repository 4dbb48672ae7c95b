//! Parts of what QEMU says, as it has written them.

use serde_core::de::DeserializeOwned;

/// How many bytes of what QEMU says unasked are kept, and of what it answers in any case.
pub(super) const UNASKED: usize = 1 << 20;

/// A text of JSON that has been checked for nothing yet, or nothing where it was too long.
pub(super) type Text = Option<Vec<u8>>;

/// Reads a part of a line that is small, if it is what it should be.
pub(super) fn read<T: DeserializeOwned>(part: &[u8]) -> Option<T> {
    serde_json::from_slice(part).ok()
}
