//! Starts a guest, talks with QEMU over QMP, and shuts it down: `cargo run --example lifecycle`.

use std::time::Duration;

use qemu_runtime::{Guest, ShutdownPolicy, vm};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan = vm! {
        name lifecycle
        machine q35 accel=tcg
        memory 32M
        object rng-random id=entropy filename="/dev/urandom"
        device virtio-rng-pci rng=entropy
        nodefaults
        arg "-display" "none"
        arg "-S"
    };
    // It returns once QEMU has greeted: it has taken its arguments and made the machine. `-S` keeps it paused.
    let guest = Guest::start(&plan)?;
    let qmp = guest.qmp().ok_or("no QMP")?;
    if let Some(older) = guest.older_than_target() {
        println!("{older}");
    }
    println!("it is in the state {}", guest.status()?.status);

    // From here on no event is lost, however soon it comes.
    let mut events = qmp.events();
    guest.resume()?;
    println!("{}", events.wait_for("RESUME", Duration::from_secs(10))?.name);

    let source = qmp.execute_raw("qom-get", json!({ "path": "/objects/entropy", "property": "filename" }))?;
    println!("its entropy comes from {source}");

    // This guest has no system that would hear its power button: the second step ends it.
    let policy = ShutdownPolicy::new().powerdown(Some(Duration::from_millis(500)));
    let shutdown = guest.shutdown(&policy)?;
    println!("{:?} ended it: {:?}", shutdown.step, shutdown.exit.cause());
    Ok(())
}
