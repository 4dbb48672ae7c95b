//! A guest with the disks and network cards of a configuration file: `cargo run --example from_toml`.
//!
//! It is started, asked over QMP what it has, and ended.

use std::error::Error;
use std::path::PathBuf;

use qemu_runtime::{Guest, Size, vm};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    name: String,
    ram: String,
    #[serde(default)]
    disks: Vec<Disk>,
    #[serde(default)]
    nics: Vec<Nic>,
}

#[derive(Deserialize)]
struct Disk {
    path: PathBuf,
    #[serde(default)]
    readonly: bool,
}

#[derive(Deserialize)]
struct Nic {
    /// Without one it gets an address that stays the same.
    mac: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let config: Config = toml::from_str(&std::fs::read_to_string("examples/from_toml.toml")?)?;
    let plan = vm! {
        name {&config.name}
        machine q35 accel=tcg
        memory {config.ram.parse::<Size>()?}
        for disk in {&config.disks} {
            disk file={&disk.path} format=raw readonly={disk.readonly}
        }
        for nic in {&config.nics} { netdev user mac={&nic.mac} }
        nodefaults
        display none
        paused
    }?;
    let guest = Guest::start(&plan)?;
    let qmp = guest.qmp().ok_or("no QMP")?;
    let blocks = qmp.execute_raw("query-block", serde_json::Value::Null)?;
    let disks = blocks.as_array().map_or(0, Vec::len);
    println!("{} has {disks} disks; its command line has {} arguments", config.name, plan.args().len());
    guest.kill()?;
    Ok(())
}
