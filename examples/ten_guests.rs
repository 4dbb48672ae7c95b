//! Runs ten guests at once and tells of their events: `cargo run --example ten_guests`.
//!
//! All are of one template, `examples/fleet.vm`, which is compiled with this program and bound ten times.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use qemu_runtime::{Guest, Spawn, Stdio, vm_file};

/// An error that one thread may hand to another.
type AnyError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    // All are started before the first one runs. One that goes wrong ends the others: they end with the value.
    let start = |number: u32| -> Result<Guest, AnyError> {
        let plan = vm_file!("fleet.vm", name = format!("guest{number}"), paused = true)?;
        Ok(Spawn::new(&plan).stdout(Stdio::Pipe).start()?)
    };
    let guests = (1..=10).map(start).collect::<Result<Vec<Guest>, _>>()?;
    let said = AtomicU32::new(0);
    thread::scope(|scope| {
        let runs: Vec<_> = guests.into_iter().map(|guest| scope.spawn(|| run(guest, &said))).collect();
        runs.into_iter()
            .try_for_each(|run| run.join().unwrap_or_else(|_| Err("a guest's thread panicked".into())))
    })?;
    println!("{} guests have said hello", said.into_inner());
    Ok(())
}

/// Lets one run, and waits for its end.
fn run(mut guest: Guest, said: &AtomicU32) -> Result<(), AnyError> {
    let id = guest.id();
    let stdout = guest.take_stdout().ok_or("its output is a pipe")?;
    let mut events = guest.qmp().ok_or("no QMP")?.events();
    guest.resume()?;
    let event = events.wait_for("RESUME", Duration::from_secs(30))?;
    let text = std::io::read_to_string(stdout)?;
    let exit = guest.wait();
    println!("guest {id}: {}, {:?}, {}", event.name, text.trim_end(), exit);
    if text.contains("hello from qemu-dsl") {
        said.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
