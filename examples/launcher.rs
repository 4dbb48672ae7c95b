//! A VM whose taps a privileged process opens, and hands to one without rights, which starts QEMU with them.
//!
//! `cargo build --example launcher`, then `sudo unshare --net target/debug/examples/launcher`: it is root who opens taps, and the
//! network namespace is one of its own.

use std::error::Error;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::{env, fs};

use qemu_runtime::{
    Equipped, Fd, FdSource, Guest, InheritedFdError, Part, Plan, Spawn, User, base, inherited_fd, part,
};
use serde_json::json;

const TAPS: [&str; 2] = ["tap0", "tap1"];
const QUEUES: usize = 2;
const NOBODY: User = User::new(65534, 65534);

fn main() -> Result<(), Box<dyn Error>> {
    if env::args().nth(1).as_deref() == Some("unprivileged") { unprivileged() } else { privileged() }
}

/// Opens the taps, and starts this program once more, as somebody else. A plan can be one of any program: it gets what the table
/// says, from 3 on, and nothing else.
fn privileged() -> Result<(), Box<dyn Error>> {
    let queue = |tap: &str, queue| {
        let source = FdSource::Tap { ifname: Some(tap.into()) };
        Fd { number: 0, source, device: tap.into(), queue }
    };
    let queues = TAPS.iter().flat_map(|tap| (0..QUEUES as u32).map(move |number| queue(tap, number)));
    let plan = Plan::new(env::current_exe()?, ["unprivileged"], vec![]).with_fds(queues);
    let exit = Spawn::new(&plan).user(NOBODY).spawn()?.wait();
    if exit.success() { Ok(()) } else { Err(exit.to_string().into()) }
}

/// Starts the VM with what it was given.
fn unprivileged() -> Result<(), Box<dyn Error>> {
    let mut given = (3..).map(inherited_fd);
    let cards: Vec<_> = TAPS.iter().map(|_| card(given.by_ref().take(QUEUES))).collect::<Result<_, _>>()?;
    let base = base! {
        name launched
        machine q35 accel=tcg
        memory 64M
        nodefaults
        display none
        paused
    };
    let guest = Guest::start(base.with_all(cards).plan()?)?;
    let user = fs::metadata(format!("/proc/{}", guest.id()))?.uid();
    let qmp = guest.qmp().ok_or("no QMP")?;
    let network = qmp.execute_raw("human-monitor-command", json!({ "command-line": "info network" }))?;
    let queues = network.as_str().map_or(0, |network| network.matches("type=tap").count());
    println!("QEMU runs as user {user}, with {queues} queues");
    guest.kill()?;
    Ok(())
}

/// A card with these queues.
fn card(
    queues: impl Iterator<Item = Result<OwnedFd, InheritedFdError>>,
) -> Result<Equipped<'static, Part>, InheritedFdError> {
    let queues: Vec<OwnedFd> = queues.collect::<Result<_, _>>()?;
    Ok(part! { netdev tap fds={queues} })
}
