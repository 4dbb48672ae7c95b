//! `qemu-dslc`: the command line of qemu-dsl.
//!
//! All that it knows about the language and about QEMU is in the crates `qemu-dsl` and `qemu-runtime`. This one reads
//! files, prints, and turns what happened into an exit status.

mod check;
mod cli;
mod compile;
mod emit;
mod explain;
mod failure;
mod host;
mod import;
mod levels;
mod line;
mod output;
mod params;
mod printable;
mod quote;
mod report;
mod run;
mod snippet;
mod source;
mod wording;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Some(Command::Check(command)) => check::check(&command),
        Some(Command::Run(command)) => run::run(&command),
        Some(Command::Import(command)) => import::import(&command),
        Some(Command::Params(command)) => params::params(&command),
        Some(Command::Explain(command)) => explain::explain(&command),
        Some(Command::Completions(command)) => cli::completions(&command),
        None => compile::print(&cli.compile),
    };
    ExitCode::from(done.unwrap_or_else(|failure: Failure| {
        output::complain(&failure.message);
        failure.status
    }))
}
