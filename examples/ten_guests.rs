//! Runs ten guests at once and tells of their events: `cargo run --example ten_guests`.
//!
//! Each is the boot sector of `examples/hello.vm`, which says a line and leaves.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use qemu_runtime::{Guest, Spawn, Stdio, vm};

/// An error that one thread may hand to another.
type AnyError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let plan = vm! {
        machine pc accel=tcg
        memory 16M
        device isa-debug-exit iobase=0xf4 iosize=0x04
        blockdev file node-name=boot filename="examples/hello/hello.img" read-only=on
        device floppy drive=boot
        chardev stdio id=com1
        device isa-serial chardev=com1
        nodefaults
        arg "-display" "none"
        arg "-S"
    };
    // All are started before the first one runs. One that goes wrong ends the others: they end with the value.
    let start = || Spawn::new(&plan).stdout(Stdio::Pipe).start();
    let guests = (1..=10).map(|_| start()).collect::<Result<Vec<Guest>, _>>()?;
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
