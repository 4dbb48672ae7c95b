//! What a compilation takes beside the text.

use crate::TargetSpec;
use crate::level::Levels;

/// Which values may come later. What hangs on one is checked when it is there.
///
/// ```
/// use qemu_dsl::{Code, Open, Options};
///
/// let text = "param disk: path\ndisk file={disk} format=raw cache=none aio=nativ";
/// let options = Options { open: Open::Checked, ..Options::default() };
/// let compiled = qemu_dsl::compile(text, &options);
/// assert_eq!(compiled.diagnostics.len(), 1, "`nativ`");
/// assert!(qemu_dsl::compile("param n: string name {n}", &options).template.is_none());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Open {
    /// None: a parameter that is used needs its value.
    #[default]
    Nothing,
    /// Those of parameters that have none, where a text is only checked: nothing is printed where one is missing. A default is one
    /// case: what is wrong whatever the values are is found as well.
    Checked,
    /// Those of the parameters that [`Options::late`] names: they come when the [template](crate::Compilation::open) is bound.
    Named,
    /// Those of these, and of all parameters that have none.
    Parameters,
    /// Those of all holes, which are no parameters but expressions of the program.
    Holes,
}

impl Open {
    /// Whether a template is wanted.
    pub(crate) const fn is_template(self) -> bool {
        matches!(self, Self::Named | Self::Parameters | Self::Holes)
    }
}

/// What a compilation takes beside the text.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The QEMU that the output is for. What it says overrides what the text does.
    pub target: TargetSpec,
    /// The program to run, in place of the one that the text names.
    pub program: Option<String>,
    /// Values for the text's parameters, by name. Of two for one name, the last holds.
    pub params: Vec<(String, String)>,
    /// Which values may come later.
    pub open: Open,
    /// The parameters whose values come later, although they may have a default.
    pub late: Vec<String>,
    /// How grave warnings are to be taken.
    pub levels: Levels,
}
