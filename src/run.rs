//! `qemu-dslc run`.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use qemu_runtime::{Spawn, Stdio, inherited_fd};

use crate::cli::Run;
use crate::compile::plan;
use crate::emit::{Form, emit};
use crate::failure::{Failure, reason, status};
use crate::output;

/// Runs a VM and waits for its end.
pub(crate) fn run(command: &Run) -> Result<u8, Failure> {
    let Some(plan) = plan(&command.file, &command.language)? else {
        return Ok(status::SOURCE_ERRORS);
    };
    if command.dry_run {
        output::print(&emit(&plan, Form::Shell))?;
        return Ok(status::SUCCESS);
    }
    let mut spawn = Spawn::new(&plan).stdin(Stdio::Inherit).stdout(Stdio::Inherit).stderr(Stdio::Inherit);
    for (name, number) in &command.fd {
        spawn = spawn.fd(name, inherited_fd(*number).map_err(Failure::not_started)?);
    }
    let spawn = spawn.listen_fds().map_err(Failure::not_started)?;
    let guest = spawn.spawn().map_err(Failure::not_started)?;
    let exit = guest
        .wait()
        .map_err(|error| Failure::usage(format!("QEMU's exit status is lost: {}", reason(&error))))?;
    Ok(exit_status(exit.status()))
}

/// As a shell has it.
fn exit_status(exit: ExitStatus) -> u8 {
    let signalled = || u8::try_from(exit.signal()?).ok()?.checked_add(status::SIGNALLED);
    exit.code().and_then(|code| u8::try_from(code).ok()).or_else(signalled).unwrap_or(u8::MAX)
}
