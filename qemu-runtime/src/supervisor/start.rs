//! Starts guests, each by a thread that lasts as long as it.
//!
//! **The main thread clones guests itself**: it is a parent that lasts, and any other costs: to be woken, and to be
//! waited for on a processor that QEMU has just taken, which on a busy machine is milliseconds. **For any other thread
//! one is made for each guest**, and not one for all that lives as long as the process: it inherits what the caller's
//! thread has of its own (network namespace, user, capabilities, processors), and so does QEMU, as with any other
//! spawn.
//!
//! **A task's guest is started by a thread for blocking work** (`tokio::Guest::start`): to open what a plan names, or
//! to go to the background, may take seconds. So what the task's thread has of its own doesn't count, which is no loss:
//! tasks share their threads. `tokio::Guest::spawn` starts it where it is called, and blocks.
//!
//! Whoever clones a guest lasts as long as it: the main thread, or a thread of the guest's own. So the kernel's "parent
//! has died" signal, which really means the parent's thread, is right. Some thread attends to each guest, so none is
//! ever a zombie: that of its own, or the common one, which is there while it is needed.

use std::io::{self, Read, Write};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use super::attendant::{Attended, Place};
use super::incoming::Incoming;
use super::shared::Shared;
use crate::process::{self, Command, Step};

/// The thread that a guest has of its own, if it has one.
pub(crate) type OwnThread = Option<JoinHandle<()>>;

/// Starts `command`. The file descriptors in it are closed when this returns.
///
/// In the kernel's eyes a guest's parent is the thread that starts it: when that ends, what is to die with its parent dies.
/// The main thread lasts as long as the process. In place of any other one is made for the guest, which lasts as long as
/// that. It inherits what the calling thread has of its own, and so does the guest.
///
/// A writer of the caller's may take its time: the guest whose standard error is captured on its way to one, too, has a thread
/// of its own. What is only passed on has one for itself, as the guest never waits for what is captured.
pub(crate) fn start(
    command: Command,
    incoming: Vec<Incoming>,
) -> Result<(Arc<Shared>, OwnThread), (Step, io::Error)> {
    let has_tee = incoming.iter().any(|incoming| incoming.captured && incoming.sink.is_some());
    if has_tee || !process::is_main_thread() {
        return start_on_own_thread(command, incoming).map(|(shared, thread)| (shared, Some(thread)));
    }
    let place = Place::common().map_err(|error| (Step::Thread, error))?;
    let attended = start_here(command, incoming)?;
    let shared = Arc::clone(&attended.shared);
    if let Err(error) = place.take(attended) {
        shared.give_up();
        return Err((Step::Attend, error));
    }
    Ok((shared, None))
}

/// Starts it on the calling thread.
fn start_here(command: Command, incoming: Vec<Incoming>) -> Result<Attended, (Step, io::Error)> {
    let process = process::spawn(&command)?;
    // What is to live on without its parent lives on without its leader, too, until somebody kills it.
    let group_ends = (command.own_group || command.detached).then_some(!command.detached);
    drop(command);
    let (captured, passed_on): (Vec<_>, Vec<_>) =
        incoming.into_iter().partition(|incoming| incoming.captured);
    let shared = Arc::new(Shared::new(process, group_ends, passed_on.len()));
    if let Err(error) = passed_on.into_iter().try_for_each(|output| pass_on(&shared, output)) {
        shared.give_up();
        return Err((Step::Attend, error));
    }
    Ok(Attended { shared, stderr: captured.into_iter().next() })
}

/// Passes on what a guest writes, by a thread of its own, which ends with the guest.
fn pass_on(shared: &Arc<Shared>, output: Incoming) -> io::Result<()> {
    let shared = Arc::clone(shared);
    let pass_on = move || {
        process::block_signals();
        output.take_all(&shared);
        shared.passed_on();
    };
    thread::Builder::new().name("qemu-output".into()).spawn(pass_on).map(drop)
}

fn start_on_own_thread(
    command: Command,
    incoming: Vec<Incoming>,
) -> Result<(Arc<Shared>, JoinHandle<()>), (Step, io::Error)> {
    let (sender, receiver) = mpsc::sync_channel(1);
    // Who is woken by a write to a pipe runs at once, in place of the writer. By the channel alone it would wait for
    // its own processor, on which QEMU has just begun: for milliseconds.
    let (mut told, mut tell) = io::pipe().map_err(|error| (Step::Thread, error))?;
    let thread = thread::Builder::new()
        .name("qemu-guest".into())
        .spawn(move || {
            process::block_signals();
            let (started, attended) = match start_here(command, incoming) {
                Ok(attended) => (Ok(Arc::clone(&attended.shared)), Some(attended)),
                Err(failure) => (Err(failure), None),
            };
            // The owner waits for this and nothing else.
            let _ = sender.send(started);
            let _ = tell.write(&[0]);
            drop(tell);
            if let Some(attended) = attended {
                attended.attend();
            }
        })
        .map_err(|error| (Step::Thread, error))?;
    // Whatever comes of it, the channel says.
    let _ = told.read(&mut [0]);
    match receiver.recv() {
        Ok(Ok(shared)) => Ok((shared, thread)),
        Ok(Err(failure)) => {
            let _ = thread.join();
            Err(failure)
        }
        Err(mpsc::RecvError) => Err((Step::Thread, io::Error::other("the guest's thread ended early"))),
    }
}
