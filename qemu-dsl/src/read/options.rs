//! What a compilation takes beside the text.

use crate::Version;
use crate::level::Levels;

/// What a compilation takes beside the text.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The version of QEMU that the output is for. It overrides what the text says.
    pub target: Option<Version>,
    /// Values for the text's parameters, by name. Of two for one name, the last holds.
    pub params: Vec<(String, String)>,
    /// How grave warnings are to be taken.
    pub levels: Levels,
}
