//! Starts a guest, talks with QEMU over QMP, plugs devices into it, and shuts it down: `cargo run --example lifecycle`.

use std::time::Duration;

use qemu_runtime::{Guest, ShutdownPolicy, devices, vm};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan = vm! {
        name lifecycle
        machine q35 accel=tcg
        memory 32M
        object rng-random id=entropy filename="/dev/urandom"
        device virtio-rng-pci rng=entropy
        // A port for each PCI device to come.
        device pcie-root-port id=rp0 chassis=1
        device pcie-root-port id=rp1 chassis=2
        virtio-serial id=serial0
        nodefaults
        display none
        paused
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

    // All of them, or none. Ids that are not named are free ones.
    let plugged = guest.plug(devices! {
        disk file="examples/hello/hello.img" format=raw readonly bus=rp0
        netdev user bus=rp1
        port pty bus=serial0.0 name=agent
    })?;
    println!("plugged: {}", plugged.devices.join(", "));

    // A PCI device goes when the guest's system releases it, and this guest has none. A port goes at once, and its pty with it.
    guest.unplug("port0")?;
    println!("unplugged: port0");

    // This guest has no system that would hear its power button: the second step ends it.
    let policy = ShutdownPolicy::new().powerdown(Some(Duration::from_millis(500)));
    let shutdown = guest.shutdown(&policy)?;
    println!("{:?} ended it: {:?}", shutdown.step, shutdown.exit.cause());
    Ok(())
}
