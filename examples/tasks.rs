//! What `lifecycle` does, on tokio: `cargo run --example tasks`.

use std::time::Duration;

use qemu_runtime::tokio::Guest;
use qemu_runtime::{ShutdownPolicy, devices, vm};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan = vm! {
        name tasks
        machine q35 accel=tcg
        memory 32M
        object rng-random id=entropy filename="/dev/urandom"
        device virtio-rng-pci rng=entropy
        device pcie-root-port id=rp0 chassis=1
        device pcie-root-port id=rp1 chassis=2
        virtio-serial id=serial0
        nodefaults
        display none
        paused
    };
    let guest = Guest::start(&plan).await?;
    let qmp = guest.qmp().ok_or("no QMP")?;
    println!("it is in the state {}", guest.status().await?.status);

    let mut events = qmp.events();
    // Both at once, on one thread.
    let (event, resumed) = tokio::join!(events.wait_for("RESUME", Duration::from_secs(10)), guest.resume());
    resumed?;
    println!("{}", event?.name);

    let source = json!({ "path": "/objects/entropy", "property": "filename" });
    println!("its entropy comes from {}", qmp.execute_raw("qom-get", source).await?);

    let plugged = guest
        .plug(devices! {
            disk file="examples/hello/hello.img" format=raw readonly bus=rp0
            netdev user bus=rp1
            port pty bus=serial0.0 name=agent
        })
        .await?;
    println!("plugged: {}", plugged.devices.join(", "));
    guest.unplug("port0").await?;
    println!("unplugged: port0");

    let policy = ShutdownPolicy::new().powerdown(Some(Duration::from_millis(500)));
    let shutdown = guest.shutdown(&policy).await?;
    println!("{:?} ended it: {:?}", shutdown.step, shutdown.exit.cause());
    Ok(())
}
