//! How grave diagnostics are to be taken.

use std::fmt;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::suggest::nearest;

/// How grave diagnostics of some code are to be taken, as for rustc's lints: of two settings for one code, the last
/// holds, and what is set for all warnings holds for those that are warnings then.
///
/// Warnings and advice can be set, and those errors that only follow from [QEMU's schema](Diagnostic::by_schema): a QEMU
/// that was built otherwise may have the name. All other errors stay errors.
///
/// ```
/// use qemu_dsl::{Level, Levels, Options, compile};
///
/// let text = "disk file=\"/srv/a.img\"\ndevice acme-nic";
/// let codes = |levels| {
///     let options = Options { levels, ..Options::default() };
///     let diagnostics = compile(text, &options).diagnostics;
///     diagnostics.iter().map(|one| format!("{}: {}", one.severity.name(), one.code.as_str())).collect::<Vec<_>>()
/// };
/// let mut levels = Levels::default();
/// levels.set(Level::Allow, "unknown-device")?;
/// assert_eq!(codes(levels.clone()), ["warning: guessed-format"]);
/// levels.set(Level::Deny, "warnings")?;
/// assert_eq!(codes(levels.clone()), ["error: guessed-format"]);
/// assert!(levels.set(Level::Allow, "duplicate-id").is_err());
/// # Ok::<(), qemu_dsl::LevelError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    codes: Vec<(Code, Level)>,
    warnings: Option<Level>,
}

/// What becomes of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing is said.
    Allow,
    /// It is a warning.
    Warn,
    /// It is an error.
    Deny,
}

/// Why a level can't be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelError {
    /// There is no such code.
    Unknown {
        /// What was given.
        name: String,
        /// What was most likely meant.
        meant: Option<&'static str>,
    },
    /// It is always an error.
    AlwaysError {
        /// The code.
        code: Code,
    },
}

/// The name of all warnings together.
const WARNINGS: &str = "warnings";

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Warn, Self::Deny];

    /// Its name: `allow`, `warn`, `deny`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

impl Levels {
    /// The names for which a level can be set: those of codes, and `warnings` for all that are warnings. (To allow
    /// `warnings` is to allow advice too.)
    pub fn names() -> impl Iterator<Item = &'static str> {
        Code::ALL.iter().filter(|code| code.is_settable()).map(|code| code.as_str()).chain([WARNINGS])
    }

    /// Sets a level for one of these names. An error may be denied, whichever it is: it is one already.
    pub fn set(&mut self, level: Level, name: &str) -> Result<(), LevelError> {
        if name == WARNINGS {
            self.warnings = Some(level);
            return Ok(());
        }
        let code = Code::find(name).ok_or_else(|| LevelError::Unknown {
            name: name.to_owned(),
            meant: nearest(name, Self::names()),
        })?;
        if level != Level::Deny && !code.is_settable() {
            return Err(LevelError::AlwaysError { code });
        }
        self.codes.push((code, level));
        Ok(())
    }

    /// Takes diagnostics as grave as is set.
    pub(crate) fn apply(&self, diagnostics: &mut Vec<Diagnostic>) {
        diagnostics.retain_mut(|diagnostic| match self.severity(diagnostic) {
            Some(severity) => {
                diagnostic.severity = severity;
                true
            }
            None => false,
        });
    }

    /// Whether what only follows from QEMU's schema is an error, of this code.
    pub(crate) fn deny_by_schema(&self, code: Code) -> bool {
        let error = Diagnostic { by_schema: true, ..Diagnostic::error(code, "") };
        self.severity(&error) == Some(Severity::Error)
    }

    fn severity(&self, diagnostic: &Diagnostic) -> Option<Severity> {
        let own = diagnostic.severity;
        if own == Severity::Error && !diagnostic.by_schema {
            return Some(own);
        }
        let set = self.codes.iter().rev().find(|(code, _)| *code == diagnostic.code).map(|(_, level)| *level);
        let severity = set.map_or(Some(own), Level::severity)?;
        match (severity, self.warnings) {
            (Severity::Warning, Some(level)) => level.severity(),
            (Severity::Advice, Some(Level::Allow)) => None,
            _ => Some(severity),
        }
    }
}

impl Level {
    const fn severity(self) -> Option<Severity> {
        match self {
            Self::Allow => None,
            Self::Warn => Some(Severity::Warning),
            Self::Deny => Some(Severity::Error),
        }
    }
}

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, meant: Some(meant) } => {
                write!(f, "there is no diagnostic `{name}`: did you mean `{meant}`?")
            }
            Self::Unknown { name, meant: None } => {
                write!(f, "there is no diagnostic `{name}`: write its code, or `{WARNINGS}` for all warnings")
            }
            Self::AlwaysError { code } => write!(
                f,
                "`{}` is always an error: warnings can be allowed, and what is said of QEMU's own names",
                code.as_str()
            ),
        }
    }
}

impl std::error::Error for LevelError {}

#[cfg(test)]
mod tests {
    use super::{Level, LevelError, Levels};
    use crate::code::Code;
    use crate::diagnostic::{Diagnostic, Severity};

    fn severity(levels: &[(Level, &str)], diagnostic: &Diagnostic) -> Option<Severity> {
        let mut all = Levels::default();
        for (level, name) in levels {
            assert_eq!(all.set(*level, name), Ok(()), "{name}");
        }
        all.severity(diagnostic)
    }

    #[test]
    fn the_last_level_holds_and_warnings_come_behind() {
        use Level::{Allow, Deny, Warn};
        let warning = Diagnostic::warning(Code::GuessedFormat, "");
        let code = "guessed-format";
        for (levels, expected) in [
            (&[][..], Some(Severity::Warning)),
            (&[(Allow, code)], None),
            (&[(Allow, code), (Warn, code)], Some(Severity::Warning)),
            (&[(Deny, code), (Allow, code)], None),
            (&[(Deny, "warnings")], Some(Severity::Error)),
            (&[(Deny, "warnings"), (Allow, code)], None),
            (&[(Allow, code), (Deny, "warnings")], None),
            (&[(Deny, "warnings"), (Warn, code)], Some(Severity::Error)),
            (&[(Allow, "warnings"), (Deny, code)], Some(Severity::Error)),
            (&[(Deny, "multicast-mac")], Some(Severity::Warning)),
        ] {
            assert_eq!(severity(levels, &warning), expected, "{levels:?}");
        }
    }

    #[test]
    fn advice_is_raised_and_allowed_but_no_warning() {
        let advice = Diagnostic::advice(Code::SharedMac, "");
        assert_eq!(severity(&[(Level::Deny, "warnings")], &advice), Some(Severity::Advice));
        assert_eq!(severity(&[(Level::Allow, "warnings")], &advice), None);
        assert_eq!(severity(&[(Level::Warn, "shared-mac")], &advice), Some(Severity::Warning));
        let raised = [(Level::Warn, "shared-mac"), (Level::Deny, "warnings")];
        assert_eq!(severity(&raised, &advice), Some(Severity::Error));
    }

    #[test]
    fn of_the_errors_only_those_by_the_schema_are_lowered() {
        let allow = [(Level::Allow, "wrong-type")];
        let error = Diagnostic::error(Code::WrongType, "");
        assert_eq!(severity(&allow, &error), Some(Severity::Error));
        let by_schema = Diagnostic { by_schema: true, ..error };
        assert_eq!(severity(&allow, &by_schema), None);
        assert_eq!(severity(&[(Level::Allow, "warnings")], &by_schema), Some(Severity::Error));
        assert_eq!(severity(&[(Level::Warn, "wrong-type")], &by_schema), Some(Severity::Warning));
    }

    #[test]
    fn what_is_always_an_error_can_only_be_denied() {
        let mut levels = Levels::default();
        let always = Err(LevelError::AlwaysError { code: Code::DuplicateId });
        assert_eq!(levels.set(Level::Allow, "duplicate-id"), always);
        assert_eq!(levels.set(Level::Warn, "duplicate-id"), always);
        assert_eq!(levels.set(Level::Deny, "duplicate-id"), Ok(()));
        let unknown = levels.set(Level::Allow, "unkown-device").map_err(|error| error.to_string());
        let expected = "there is no diagnostic `unkown-device`: did you mean `unknown-device`?";
        assert_eq!(unknown, Err(expected.to_owned()));
    }
}
