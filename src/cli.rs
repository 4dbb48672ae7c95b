//! The command line: what `qemu-dslc` understands.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::AnsiColor;
use clap::builder::{NonEmptyStringValueParser, OsStringValueParser, Styles, TypedValueParser as _};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use qemu_dsl::{TargetSpec, Version};

use crate::emit::Form;
use crate::explain::TopicParser;
use crate::failure::{Failure, status};
use crate::levels::LevelArgs;
use crate::output;
use crate::report::MessageFormat;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  qemu-dslc web.vm                      Print the command line that runs the VM of web.vm
  qemu-dslc check *.vm                  Look for mistakes, and print nothing else
  qemu-dslc run web.vm                  Run it
  qemu-dslc run web.vm --set disk=/x    Run it with another value for its parameter `disk`
  qemu-dslc run web.vm --wait-for ok    Run it until it says `ok`
  qemu-dslc web.vm --target host        Write for the QEMU that is installed here
  qemu-dslc import -- qemu-system-x86_64 -m 2G ...
                                        Print a command line as the text of a VM
  qemu-dslc params web.vm               List its parameters
  qemu-dslc explain netdev              Tell what `netdev` means and which options it has
  echo 'memory 1G' | qemu-dslc -        Read standard input

A file called like a command is written with its folder: ./check

Exit status:
  0    All is well; there may be warnings
  1    The source has errors
  2    Wrong usage, a file that can't be read, or output that can't be written
  123  The guest's system panicked (run)
  124  The guest's time was up (run --timeout)
  125  QEMU could not be started: by run, or to be asked for its version
  Otherwise run ends with QEMU's own status, or 128 plus the signal that killed it";

/// Compiles the description of a QEMU virtual machine to QEMU's command line.
///
/// FILE describes the VM in a small language: `memory 2G`, `disk file=root.qcow2`, `netdev user`. What is printed is
/// the command line that runs it, checked beforehand. `qemu-dslc explain` lists what the language has.
#[derive(Debug, Parser)]
#[command(
    name = "qemu-dslc",
    version,
    styles = STYLES,
    after_help = EXAMPLES,
    max_term_width = 110,
    arg_required_else_help = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) compile: Compile,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What there is beside compiling a file.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
    Run(Run),
    Import(Import),
    Params(Params),
    Explain(Explain),
    Completions(Completions),
}

/// Compiles a file and prints the result.
#[derive(Args, Debug)]
pub(crate) struct Compile {
    /// The description of the VM; `-` is standard input
    #[arg(required = true, value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// What to print
    #[arg(long, value_name = "FORM", default_value = "shell")]
    pub(crate) emit: Form,
    #[command(flatten)]
    pub(crate) language: Language,
}

/// Look for mistakes in files, and print nothing else
///
/// All mistakes of all files are reported. A parameter may be without a value: what hangs on it is not looked at. The exit status is 0 where there are none (warnings don't count), 1 where
/// there are, and 2 where a file can't be read.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The descriptions of VMs; `-` is standard input
    #[arg(required_unless_present = "command", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) language: Language,
    /// A command line of QEMU's, in which mistakes are shown as it is written
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "set")]
    pub(crate) command: Vec<OsString>,
}

/// Run a VM: open its file descriptors, start QEMU, wait for it
///
/// QEMU gets the standard input and output of this program, what it says on standard error is passed on, and what it
/// rejects is reported at its place in the source. Its exit status becomes this program's (128 plus the signal's
/// number where a signal killed it). It is 123 where the guest's system panicked and QEMU ended over that, 124 where the
/// guest's time was up, 125 where QEMU could not be started, 1 where the source has errors, and 2 where it can't be read.
///
/// Ctrl-C, SIGTERM and SIGHUP press the guest's power button, and where that doesn't end it, QEMU is told to quit; a second
/// one kills QEMU. Other signals are passed on. Where standard input is no terminal, QEMU has a process group of its own:
/// what `timeout` and `kill %1` send to the group is for this program. A unit of systemd needs `KillMode=mixed` for that.
///
/// Without `--target`, and without `target` in the file, the VM is compiled for the QEMU that is installed.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The description of the VM; `-` is standard input
    #[arg(required_unless_present = "command", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Print the command line that would be run, and run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Shut the guest down after this time, as Ctrl-C does, and end with status 124: `90`, `90s`, `5m`, `1.5h`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// How long the guest may take to power down before QEMU is told to quit
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    pub(crate) grace: Duration,
    /// Shut the guest down once it has written this text to its serial port, and end with status 0
    ///
    /// The serial port must be on standard output (`serial stdio`, `nographic`): another is refused. Where the guest ends
    /// without the text, the status is as without this option, or 1 where that is 0.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) wait_for: Option<String>,
    /// Let others manage the VM at this socket, which is made before QEMU starts and removed at the end
    ///
    /// It is as if `qmp unix "PATH" server nowait fd` were in the file. QEMU takes that from 2.12 on.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) qmp: Option<String>,
    /// Write the number of QEMU's process to this file once it runs, and remove the file at the end
    ///
    /// A file with the number of a process that has ended is replaced; any other is left alone, and nothing is started.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) pidfile: Option<PathBuf>,
    /// Give QEMU this program's file descriptor NUMBER in place of what it would open. May be repeated
    ///
    /// NAME is DEVICE.QUEUE, such as net0.0, or net0.vhost0 for what vhost-net has for that queue; --dry-run lists the
    /// names. What systemd passes (LISTEN_FDS) is taken by its names.
    #[arg(long, value_name = "NAME=NUMBER", value_parser = named_fd)]
    pub(crate) fd: Vec<(String, i32)>,
    #[command(flatten)]
    pub(crate) language: Language,
    /// A command line of QEMU's in place of a file: it is checked, and run with its arguments as they are
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["file", "set", "qemu"])]
    pub(crate) command: Vec<OsString>,
}

/// Print a command line of QEMU's as the text of a VM
///
/// What a statement says becomes that statement, what none says is passed on by `device`, `object` and the like, and what
/// is left by `arg`: a comment says so. The text is for the QEMU that `--target` names, or that is installed.
///
/// FILE is a shell's script, of which the first command that runs QEMU is taken: its variables become parameters, and nothing is
/// executed. It may also be a JSON array of the words, what `--emit json` prints, or the words with a NUL behind each, as
/// /proc/PID/cmdline has them. The exit status is 1 where the text has errors, which it then has from the command line.
#[derive(Args, Debug)]
#[command(override_usage = "qemu-dslc import [OPTIONS] <FILE | --pid <PID> | -- COMMAND...>")]
#[group(id = "line", required = true, args = ["file", "pid", "command"])]
pub(crate) struct Import {
    /// A file with the command line; `-` is standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// The command line of this process
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Option<u32>,
    /// Keep the arguments and their order, byte for byte: what a statement would say elsewhere is passed on by `arg`
    #[arg(long)]
    pub(crate) exact: bool,
    /// Write for this QEMU: `7.2`, `aarch64`, `aarch64-7.2`, or `host` for what is installed
    #[arg(long, value_name = "[ARCH-]VERSION|host", value_parser = target)]
    pub(crate) target: Option<Target>,
    /// The command line: the program and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// List the parameters of a file: their types, defaults, and what the lines `///` before them say
#[derive(Args, Debug)]
pub(crate) struct Params {
    /// The description of the VM; `-` is standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Print a JSON array: `name`, `type`, `count` (`one`, `maybe`, `list`), `default`, `doc`
    #[arg(long)]
    pub(crate) json: bool,
    /// Refuse a text that includes other files
    #[arg(long)]
    pub(crate) no_include: bool,
}

/// Tell what a statement or the code of a mistake means
///
/// Without an argument it lists them all.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// A statement such as `netdev` or `netdev tap`, or the code at the head of a report, such as `unknown-option`
    #[arg(value_name = "CODE|STATEMENT", value_parser = TopicParser, hide_possible_values = true)]
    pub(crate) topic: Vec<String>,
}

/// Print a script that completes qemu-dslc's commands and options in a shell
///
/// For bash: qemu-dslc completions bash > ~/.local/share/bash-completion/completions/qemu-dslc
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

/// What a compilation takes, whatever becomes of it.
#[derive(Args, Debug)]
pub(crate) struct Language {
    /// Give the parameter NAME of the file this value. May be repeated: of two values for one name the last holds, and a list
    /// has all
    #[arg(long, value_name = "NAME=VALUE", value_parser = OsStringValueParser::new().try_map(parameter))]
    pub(crate) set: Vec<(String, OsString)>,
    /// Write for this QEMU, whatever the file says: `7.2`, `aarch64`, `aarch64-7.2`, or `host` for what is installed
    ///
    /// That is the one that `--qemu` names; for `run`, the one that the file names; `qemu-system-x86_64` otherwise.
    #[arg(long, value_name = "[ARCH-]VERSION|host", value_parser = target)]
    pub(crate) target: Option<Target>,
    /// The QEMU of the VM, whatever the file says
    ///
    /// It is the program that is printed and run. Where no version is named, the output is for this one. What a file names
    /// is executed by `run` only; what `--qemu` names is asked for its version by all that take it.
    #[arg(long, value_name = "PATH", value_parser = NonEmptyStringValueParser::new(), value_hint = ValueHint::ExecutablePath)]
    pub(crate) qemu: Option<String>,
    /// Refuse a text that includes other files: one that you don't trust reads none then
    #[arg(long)]
    pub(crate) no_include: bool,
    #[command(flatten)]
    pub(crate) levels: LevelArgs,
    /// How mistakes are reported
    ///
    /// Reports for people go to standard error. JSON goes to standard output for `check`, to standard error otherwise.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) message_format: MessageFormat,
}

/// Which QEMU the output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Spec(TargetSpec),
    /// The one that is installed.
    Host,
}

fn target(text: &str) -> Result<Target, String> {
    if text == "host" {
        return Ok(Target::Host);
    }
    match text.parse::<TargetSpec>() {
        Ok(TargetSpec { version: Some(version), .. }) if version < Version::OLDEST => {
            Err(format!("QEMU {version} is too old: output can be made for {} and newer", Version::OLDEST))
        }
        Ok(spec) => Ok(Target::Spec(spec)),
        Err(()) => Err(format!(
            "write a version of QEMU, such as `{0}`, an architecture, such as `aarch64`, both as `aarch64-{0}`, or `host`",
            Version::NEWEST
        )),
    }
}

/// Seconds, or a number with a unit.
fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)];
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(number.len()..).filter(|unit| !unit.is_empty()).unwrap_or("s");
    let seconds = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, seconds)| seconds);
    number
        .parse::<f64>()
        .ok()
        .zip(seconds)
        .and_then(|(number, seconds)| Duration::try_from_secs_f64(number * seconds).ok())
        .ok_or_else(|| "write seconds, or a number and `ms`, `s`, `m`, `h` or `d`: `90`, `1.5h`".to_owned())
}

/// A parameter's value may be a path, and need not be UTF-8.
fn parameter(text: OsString) -> Result<(String, OsString), String> {
    let bytes = text.as_bytes();
    let equals = bytes.iter().position(|byte| *byte == b'=').filter(|at| *at > 0);
    let parts = equals.and_then(|at| Some((bytes.get(..at)?, bytes.get(at + 1..)?)));
    parts
        .and_then(|(name, value)| {
            Some((str::from_utf8(name).ok()?.to_owned(), OsStr::from_bytes(value).into()))
        })
        .ok_or_else(|| "write the parameter's name, `=`, and its value: `--set disk=/x.img`".to_owned())
}

fn named_fd(text: &str) -> Result<(String, i32), String> {
    text.split_once('=')
        .and_then(|(name, number)| Some((name.to_owned(), number.parse().ok()?)))
        .filter(|(name, number)| !name.is_empty() && *number >= 0)
        .ok_or_else(|| "write the name, `=`, and a number: `--fd net0.0=7`".to_owned())
}

/// Prints the script that completes commands in a shell.
pub(crate) fn completions(command: &Completions) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut Cli::command(), "qemu-dslc", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if command.shell == Shell::Bash {
        // clap_complete spells the hyphen in the program's name in two ways, and finds no command (clap-rs/clap#6421).
        script = script.replace("qemu__subcmd__dslc", "qemu__dslc");
    }
    output::print(script.as_bytes())?;
    Ok(status::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use std::time::Duration;

    use qemu_dsl::{Arch, TargetSpec, Version};

    use super::{Cli, Target, duration, named_fd, parameter, target};

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn targets_are_versions_architectures_or_the_host() {
        assert_eq!(target("host"), Ok(Target::Host));
        let version = TargetSpec::from(Version::new(7, 2));
        assert_eq!(target("7.2.1"), Ok(Target::Spec(version)));
        assert_eq!(target("aarch64"), Ok(Target::Spec(Arch::Aarch64.into())));
        assert_eq!(target("aarch64-7.2"), Ok(Target::Spec(version.or(Arch::Aarch64.into()))));
        assert!(target("2.9").is_err_and(|error| error.contains("too old")));
        assert!(target("latest").is_err_and(|error| error.contains("`host`")));
    }

    #[test]
    fn times_have_units() {
        for (text, milliseconds) in
            [("0", 0), ("90", 90_000), ("1.5s", 1500), ("200ms", 200), ("2m", 120_000), ("1h", 3_600_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for wrong in ["", "s", "-1", "1 s", "1w", "inf", "nan", "1e30"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_value_may_be_anything_but_its_name_not() {
        assert_eq!(parameter("a=b=c".into()), Ok(("a".into(), "b=c".into())));
        assert_eq!(parameter("a=".into()), Ok(("a".into(), super::OsString::new())));
        assert!(parameter("a".into()).is_err());
        assert!(parameter("=b".into()).is_err());
    }

    #[test]
    fn a_file_descriptor_has_a_name_and_a_number() {
        assert_eq!(named_fd("net0.0=7"), Ok(("net0.0".into(), 7)));
        for wrong in ["net0.0", "=7", "net0.0=", "net0.0=-1", "net0.0=x", "net0.0=99999999999"] {
            assert!(named_fd(wrong).is_err(), "{wrong}");
        }
    }
}
