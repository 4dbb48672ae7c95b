//! `--allow`, `--warn` and `--deny`.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use qemu_dsl::{Level, LevelError, Levels};

/// The levels that the command line sets, in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct LevelArgs(pub(crate) Levels);

impl Args for LevelArgs {
    fn augment_args(command: Command) -> Command {
        command.args(Level::ALL.map(|level| {
            Arg::new(level.name())
                .long(level.name())
                .value_name("CODE")
                .value_parser(Name(level))
                .hide_possible_values(true)
                .action(ArgAction::Append)
                .help(help(level))
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

const fn help(level: Level) -> &'static str {
    match level {
        Level::Allow => "Say nothing of warnings of this code, or of all (`warnings`)",
        Level::Warn => "Only warn of what is said of QEMU's own names by this code, and of advice",
        Level::Deny => "Make errors of warnings of this code, or of all (`warnings`)",
    }
}

impl FromArgMatches for LevelArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut all = Self::default();
        all.update_from_arg_matches(matches)?;
        Ok(all)
    }

    /// Whatever their options, the last of two names holds.
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        let mut given = Vec::new();
        for level in Level::ALL {
            let names = matches.get_many::<String>(level.name()).into_iter().flatten();
            let places = matches.indices_of(level.name()).into_iter().flatten();
            given.extend(places.zip(names).map(|(place, name)| (place, level, name)));
        }
        given.sort_by_key(|(place, ..)| *place);
        for (_, level, name) in given {
            // Each has been looked at alone.
            let _ = self.0.set(level, name);
        }
        Ok(())
    }
}

/// Takes what can be set to a level, and tells shells what that is.
#[derive(Clone, Debug)]
struct Name(Level);

impl TypedValueParser for Name {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        let level = self.0;
        let check = move |name: String| -> Result<String, LevelError> {
            Levels::default().set(level, &name)?;
            Ok(name)
        };
        StringValueParser::new().try_map(check).parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Levels::names().map(PossibleValue::new)))
    }
}
