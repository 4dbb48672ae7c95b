//! `qemu-dslc run`.
//!
//! `qemu-dslc run` and its QEMU are one process group where standard input is a terminal, as that and a shell's job
//! control want it; SIGINT and SIGHUP are blocked in QEMU (`Spawn::shielded`), so that Ctrl-C is ours to act on.
//! Otherwise QEMU has a group of its own (`Spawn::own_group`), so that what is sent to the group is ours too; the
//! signals that stop and continue are passed on in any case. What restores the terminal is dropped last, and restores
//! it before Ctrl-Z stops us. Standard error is written by a thread of its own: signals reach QEMU though nobody reads.

mod messages;
mod pid_file;
mod qmp_socket;
mod rejected;
mod serial;
mod signals;
mod supervise;
mod terminal;

use std::io::{self, IsTerminal as _};

use qemu_runtime::{Cause, Exit, Plan, Spawn, SpawnError, Stderr, Stdio, daemonizes, inherited_fd};

use crate::cli::Run;
use crate::compile::{Purpose, compile};
use crate::emit::shell;
use crate::failure::{Failure, status};
use crate::line::Line;
use crate::output;
use crate::report::{JsonTo, Reporter};
use crate::source::Source;

use messages::Messages;
use pid_file::PidFile;
use signals::Signals;
use supervise::{End, Stop, Supervisor};
use terminal::Terminal;

/// Runs a VM and waits for its end.
pub(crate) fn run(command: &Run) -> Result<u8, Failure> {
    let mut reporter = Reporter::new(command.language.message_format, JsonTo::Stderr);
    let (source, plan) = match &command.file {
        Some(file) => {
            let source = Source::read(file, command.language.no_include)?;
            let purpose = if command.dry_run { Purpose::Rehearsal } else { Purpose::Run };
            let plan = compile(&source, &command.language, purpose, &mut reporter)?;
            (source, plan)
        }
        None => {
            let mut line = Line::of(&command.command);
            line.check(&command.language, &mut reporter)?;
            (line.source, Some(line.plan).filter(|_| !reporter.failed()))
        }
    };
    reporter.finish();
    let Some(mut plan) = plan else {
        return Ok(status::SOURCE_ERRORS);
    };
    if let Some(path) = &command.qmp {
        plan = qmp_socket::add(plan, path)?;
    }
    if command.dry_run {
        output::print(&shell(&plan))?;
        return Ok(status::SUCCESS);
    }
    let goes_away = daemonizes(&plan);
    if goes_away {
        refuse_what_stays(command)?;
    }
    if command.wait_for.is_some() {
        serial::refuse_elsewhere(&plan)?;
    }

    // In this order, so that they end in the other: whatever ends this, the terminal comes back last.
    let terminal = Terminal::save();
    command.pidfile.as_deref().map(PidFile::make_way).transpose()?;
    let messages = Messages::held();
    let stdout = if command.wait_for.is_some() { Stdio::Pipe } else { Stdio::Inherit };
    let mut spawn =
        Spawn::new(&plan).stdin(Stdio::Inherit).stdout(stdout).stderr(Stderr::tee(messages.clone()));
    for (name, number) in &command.fd {
        spawn = spawn.fd(name, inherited_fd(*number).map_err(Failure::not_started)?);
    }
    spawn = spawn.listen_fds().map_err(Failure::not_started)?;
    spawn = if goes_away { spawn.detached() } else { spawn.shielded().qmp() };
    if !io::stdin().is_terminal() {
        // What is sent to the group, as `timeout` does, is ours to act on. From a terminal QEMU can read in this group only.
        spawn = spawn.own_group();
    }
    let mut guest = match spawn.spawn() {
        Ok(guest) => guest,
        Err(SpawnError::Daemon { exit }) => {
            explain(&exit, &plan, &source, command, &messages)?;
            return Ok(exit_status(&exit));
        }
        Err(SpawnError::DaemonTimeout { timeout, .. }) => {
            messages.release();
            let reason =
                format!("it was not ready in the background within {timeout:?}, and was killed for that");
            return Err(Failure::not_started(reason));
        }
        Err(SpawnError::Path(error)) if error.span.is_some() => {
            rejected::report_path(&error, &source, command)?;
            return Ok(status::NOT_STARTED);
        }
        Err(error) => {
            return Err(qmp_socket::failure(&error).unwrap_or_else(|| Failure::not_started(error)));
        }
    };
    if goes_away {
        messages.release();
        return Ok(status::SUCCESS);
    }
    // Until here a signal ends this program, as it may wait for what it opens, and the kernel ends QEMU with it.
    let signals = Signals::new()?;
    let _pid_file = command.pidfile.as_deref().map(|path| PidFile::write(path, guest.id())).transpose()?;

    let serial = guest.take_stdout().zip(command.wait_for.clone());
    let end = Supervisor::new(&guest, command, &messages, &terminal, signals).run(serial);
    let End { exit, stop, said, greeted } = end;
    let explained = if greeted || stop.is_some() {
        messages.release();
        false
    } else {
        explain(&exit, &plan, &source, command, &messages)?
    };
    complain(&exit, stop);
    let own = exit_status(&exit);
    Ok(match (stop, &command.wait_for) {
        (Some(Stop::Timeout), _) => status::TIMEOUT,
        (_, Some(_)) if said => status::SUCCESS,
        (_, Some(text)) => {
            if !explained {
                output::complain(&format!("the guest ended without `{text}` on its serial port"));
            }
            if own == status::SUCCESS { status::UNSAID } else { own }
        }
        _ => own,
    })
}

/// Says of an end what neither QEMU says nor anybody knows who asked for it.
fn complain(exit: &Exit, stop: Option<Stop>) {
    match exit.cause() {
        Cause::GuestPanicked => output::complain("the guest's system panicked"),
        Cause::Signal(number) if stop.is_none() => {
            let name = signal_hook::low_level::signal_name(number).unwrap_or("a signal without a name");
            output::complain(&format!("{name} killed QEMU"));
        }
        // It has said so itself, or was asked to end.
        Cause::Signal(_)
        | Cause::Shutdown(_)
        | Cause::GuestCrashed
        | Cause::Failed(_)
        | Cause::Ended
        | Cause::Unknown => {}
    }
}

/// Says why QEMU ended before its guest began: at the source, where that has it. Whether QEMU had said why.
fn explain(
    exit: &Exit,
    plan: &Plan,
    source: &Source,
    command: &Run,
    messages: &Messages,
) -> Result<bool, Failure> {
    match exit.rejection(plan) {
        Some(rejection) if rejection.span.is_some() => {
            messages.release_without(&exit.stderr_text(), &rejection.said);
            rejected::report(&rejection, source, command)?;
        }
        _ => messages.release(),
    }
    Ok(!exit.stderr().is_empty())
}

/// Refuses the options for which QEMU must stay, where it goes into the background.
fn refuse_what_stays(command: &Run) -> Result<(), Failure> {
    let options = [
        ("--timeout", command.timeout.is_some()),
        ("--wait-for", command.wait_for.is_some()),
        ("--qmp", command.qmp.is_some()),
        ("--pidfile", command.pidfile.is_some()),
    ];
    match options.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(Failure::usage(format!(
            "{name}: this VM goes into the background, where nothing looks after it: leave out `daemonize`"
        ))),
        None => Ok(()),
    }
}

/// QEMU's own as a shell has it, unless that would hide the guest's panic.
fn exit_status(exit: &Exit) -> u8 {
    if exit.cause() == Cause::GuestPanicked {
        return status::PANICKED;
    }
    let signalled = || u8::try_from(exit.signal()?).ok()?.checked_add(status::SIGNALLED);
    exit.code().and_then(|code| u8::try_from(code).ok()).or_else(signalled).unwrap_or(u8::MAX)
}
