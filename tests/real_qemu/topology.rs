//! The same text gives the same topology of CPUs, whatever a QEMU makes of levels that are left out.

use serde_json::json;

use crate::outcome::{Outcome, equal};
use crate::qemu::Qemu;
use crate::world::World;

/// A text, and the sockets, dies, cores and threads that it means.
pub(crate) const TEXTS: &[(&str, [u64; 4])] = &[
    ("smp 8 threads=2", [1, 1, 4, 2]),
    ("smp 8 cores=2", [4, 1, 2, 1]),
    ("smp 8 sockets=2", [2, 1, 4, 1]),
    ("smp 8 sockets=2 threads=2", [2, 1, 2, 2]),
    ("smp 8 sockets=2 cores=2", [2, 1, 2, 2]),
    ("smp 8 cores=2 threads=2", [2, 1, 2, 2]),
    ("smp 8 dies=2", [1, 2, 4, 1]),
    ("smp 8 dies=2 cores=2 sockets=1", [1, 2, 2, 2]),
    ("smp 1 maxcpus=8 sockets=2", [2, 1, 4, 1]),
    ("smp 3 maxcpus=6 cores=3", [2, 1, 3, 1]),
    ("smp 4 sockets=4", [4, 1, 1, 1]),
];

/// One of Intel's make: QEMU warns of threads on those of AMD's, as its default is.
const CPU: &str = "kvm64";

pub(crate) fn is(qemu: &Qemu, text: &str, expected: [u64; 4]) -> Outcome {
    for machine in ["pc", "q35"] {
        let world = World::new()?;
        let running =
            qemu.start(&format!("machine {machine} accel=tcg nodefaults cpu {CPU} {text}"), &world)?;
        let cpus = running.ask("query-hotpluggable-cpus", json!({}))?;
        let count = |level: &str| {
            let ids = cpus.as_array().into_iter().flatten();
            // Where there is one die, none is told.
            let ids = ids.filter_map(|cpu| cpu.pointer(&format!("/props/{level}"))?.as_u64());
            ids.max().unwrap_or(0) + 1
        };
        let own = ["socket-id", "die-id", "core-id", "thread-id"].map(count);
        running.explain(equal("sockets, dies, cores, threads", own, expected))?;
        let own = cpus.as_array().map(|cpus| cpus.iter().filter(|cpu| cpu.get("qom-path").is_some()).count());
        let first = text.split(' ').nth(1).and_then(|cpus| cpus.parse().ok());
        running.explain(equal("CPUs at the start", own, first))?;
        running.examine_and_quit()?;
    }
    Ok(())
}
