//! A command line of QEMU's that is checked as it is: its text is what a shell would read.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use qemu_dsl::import::{Import, with_errors};
use qemu_dsl::plan::{Plan, arguments};
use qemu_dsl::{Code, Diagnostic, Options, Remedy, Severity, Span, Target, Version};

use crate::cli::Language;
use crate::failure::Failure;
use crate::import;
use crate::quote::{quote, quote_program};
use crate::report::Reporter;
use crate::source::Source;

/// What messages call it.
const NAME: &str = "command line";

/// A command line.
pub(crate) struct Line {
    /// It as QEMU gets it.
    pub(crate) plan: Plan,
    /// The same as text, of which other bytes are none.
    checked: Plan,
    /// It as a shell's line.
    pub(crate) source: Source,
    /// Where each argument stands in that, and whether it is there as it is.
    words: Vec<(Span, bool)>,
}

impl Line {
    pub(crate) fn of(command: &[OsString]) -> Self {
        let (program, args) = command
            .split_first()
            .map_or((OsString::new(), &[][..]), |(program, args)| (program.clone(), args));
        let mut text = String::from_utf8_lossy(&quote_program(program.as_bytes())).into_owned();
        let mut words = Vec::new();
        for arg in args {
            text.push_str(if arg.as_bytes().starts_with(b"-") { " \\\n  " } else { " " });
            let start = text.len() as u32;
            let quoted = quote(arg.as_bytes());
            text.push_str(&String::from_utf8_lossy(&quoted));
            let is_plain = *quoted == *arg.as_bytes() && arg.to_str().is_some();
            words.push((Span::new(start, text.len() as u32), is_plain));
        }
        let lossy = args.iter().map(|arg| arg.to_string_lossy().into_owned());
        let checked = Plan::new(&*program.to_string_lossy(), lossy, Vec::new());
        let plan = Plan::new(program, args, Vec::new());
        Self { plan, checked, source: Source::of(NAME, text), words }
    }

    /// Reports what is wrong with it.
    pub(crate) fn check(&mut self, language: &Language, reporter: &mut Reporter) -> Result<(), Failure> {
        let program = self.plan.program();
        let target = import::target(language.target, program, Some(program))?;
        let import = with_errors(&self.checked, target).map_err(|error| Failure::usage(error.to_string()))?;
        let spans = self.words.iter().map(|(span, _)| *span);
        let version = target.version.unwrap_or(Version::NEWEST);
        self.plan = self.plan.clone().located(Target::new(target.arch.unwrap_or_default(), version), spans);
        let options = Options { levels: language.levels.0.clone(), ..Options::default() };
        let compiled = qemu_dsl::compile(&import.text, &options);
        let told = compiled.diagnostics.into_iter().map(|diagnostic| self.told(diagnostic, &import));
        let told: Vec<_> = self.unknown().chain(told).collect();
        reporter.report(self.source.map(), &told)
    }

    /// The options that no QEMU has, but perhaps one that was changed.
    fn unknown(&self) -> impl Iterator<Item = Diagnostic> {
        let all = arguments::split(self.checked.args());
        all.filter_map(|argument| {
            let option = argument.option()?;
            if arguments::names().any(|name| name == option) {
                return None;
            }
            let (span, _) = self.words.get(argument.at)?;
            let message = format!("QEMU has no option `-{option}`");
            let near = arguments::names()
                .map(|name| (strsim::normalized_damerau_levenshtein(option, name), name))
                .filter(|(likeness, _)| *likeness > 0.6)
                .max_by(|(one, _), (other, _)| one.total_cmp(other));
            let help = near.map_or_else(
                || "if yours has it, all is well: what it is given isn't checked".to_owned(),
                |(_, name)| format!("did you mean `-{name}`?"),
            );
            Some(Diagnostic::new(Severity::Warning, Code::UnknownOption, message).at(*span).help(help))
        })
    }

    /// A diagnostic of the text as one of the command line. What would mend the text, is said in words.
    fn told(&self, mut diagnostic: Diagnostic, import: &Import) -> Diagnostic {
        let labels = std::mem::take(&mut diagnostic.labels);
        for label in labels {
            if let Some(span) = self.locate(label.span, import)
                && !diagnostic.labels.iter().any(|other| other.span == span)
            {
                diagnostic = diagnostic.label(span, label.text);
            }
        }
        diagnostic.remedy = diagnostic.remedy.map(|remedy| Remedy { fixes: Vec::new(), ..remedy });
        diagnostic
    }

    /// Where the command line says what stands at a place in the text.
    fn locate(&self, span: Span, import: &Import) -> Option<Span> {
        let place = import.locate(&self.checked, span)?;
        let (first, _) = self.words.get(*place.arguments.start())?;
        let (last, _) = self.words.get(*place.arguments.end())?;
        Some(match (place.bytes, self.words.get(*place.arguments.start())?) {
            (Some(bytes), (_, true)) => {
                Span::new(first.start + bytes.start as u32, first.start + bytes.end as u32)
            }
            _ => first.to(*last),
        })
    }
}
