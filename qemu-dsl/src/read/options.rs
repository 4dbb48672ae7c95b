//! What a compilation takes beside the text.

use crate::TargetSpec;
use crate::level::Levels;

/// What a compilation takes beside the text.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The QEMU that the output is for. What it says overrides what the text does.
    pub target: TargetSpec,
    /// The program to run, in place of the one that the text names.
    pub program: Option<String>,
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
