//! The compiler as one function.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::Template;
use crate::{Version, analyse, check, lowering, syntax};

/// What a compilation takes beside the text.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The version of QEMU that the output is for. It overrides what the text says.
    pub target: Option<Version>,
    /// Values for the text's parameters, by name. Of two for one name, the last holds.
    pub params: Vec<(String, String)>,
}

/// What came of a text.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// The compiled VM. `None` where there was an error.
    pub template: Option<Template>,
    /// All that there is to say about the text, in the order of the places it is about.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the options or the text say which version of QEMU the output is for. Otherwise it is the newest known.
    pub names_target: bool,
}

/// Compiles the text of a VM.
///
/// It reads nothing but `source`, and writes nothing. The same text and options give the same bytes. It does not fail:
/// whatever is wrong is among the diagnostics, all of it.
///
/// ```
/// let compiled = qemu_dsl::compile("memory 512M", &qemu_dsl::Options::default());
/// let rendered = compiled.template.unwrap().render();
/// assert_eq!(rendered.args[1].to_str(), Some("512M"));
/// ```
pub fn compile(source: &str, options: &Options) -> Compilation {
    let mut diagnostics = Vec::new();
    if u32::try_from(source.len()).is_err() {
        diagnostics.push(
            Diagnostic::error(Code::TooLong, "the text has more than 4 GiB")
                .at(crate::Span::default())
                .help("describe one VM"),
        );
        return Compilation { template: None, diagnostics, names_target: options.target.is_some() };
    }
    let tree = syntax::parse(source, &mut diagnostics);
    let vm = analyse::analyse(source, &tree, options, &mut diagnostics);
    check::check(&vm, &mut diagnostics);
    // Stable, so that of two at one place the one found first stands first.
    diagnostics.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));
    let failed = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    Compilation {
        template: (!failed).then(|| lowering::lower(&vm)),
        diagnostics,
        names_target: vm.names_target,
    }
}
