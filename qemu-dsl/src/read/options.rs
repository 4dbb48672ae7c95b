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
    /// Whether parameters may be without a value, as where a text is only checked. What hangs on one isn't looked at, and
    /// where a value is missing nothing is printed.
    ///
    /// ```
    /// use qemu_dsl::{Code, Options};
    ///
    /// let text = "param disk: path\ndisk file={disk} format=raw cache=none aio=nativ";
    /// let options = Options { open_parameters: true, ..Options::default() };
    /// let compiled = qemu_dsl::compile(text, &options);
    /// assert_eq!(compiled.diagnostics.len(), 1, "`nativ`");
    /// assert!(qemu_dsl::compile("param n: string name {n}", &options).template.is_none());
    /// ```
    pub open_parameters: bool,
    /// How grave warnings are to be taken.
    pub levels: Levels,
}
