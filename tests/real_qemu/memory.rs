//! RAM that is preallocated, shared, in huge pages: it is the machine's own, neither doubled nor in need of slots.

use serde_json::{Value, json};

use crate::host;
use crate::outcome::{Outcome, ensure, equal};
use crate::qemu::{Qemu, Running};
use crate::world::{MIB, World};

/// What is said of the memory, and what its object then is.
pub(crate) const WAYS: &[(&str, bool, bool)] = &[
    // Options, preallocated, shared.
    ("", false, false),
    ("prealloc", true, false),
    ("share", false, true),
    ("share prealloc", true, true),
    ("hugepages", true, true),
    ("fd", false, true),
    ("fd prealloc", true, true),
    ("hugepages fd", true, true),
    ("prealloc slots=2 max=128M", true, false),
];

const MACHINES: &[&str] = &["machine pc accel=tcg", "machine q35 accel=tcg", ""];

pub(crate) fn is_not_doubled(qemu: &Qemu, (options, prealloc, share): (&str, bool, bool)) -> Outcome {
    if options.contains("hugepages") {
        host::has("hugepages")?;
    }
    for machine in MACHINES {
        let world = World::new()?;
        let running = qemu.start(&format!("nodefaults {machine} memory 32M {options}"), &world)?;
        running.explain(one(&running, prealloc, share))?;
        running.examine_and_quit()?;
    }
    Ok(())
}

fn one(qemu: &Running<'_>, prealloc: bool, share: bool) -> Outcome {
    let summary = qemu.ask("query-memory-size-summary", json!({}))?;
    equal("RAM", summary.get("base-memory"), Some(&json!(32 * MIB)))?;
    let plugged = summary.get("plugged-memory").and_then(Value::as_u64).unwrap_or(0);
    equal("modules", plugged, 0)?;
    equal("modules", qemu.ask("query-memory-devices", json!({}))?, json!([]))?;
    let backends = qemu.ask("query-memdev", json!({}))?;
    ensure!(backends.as_array().is_some_and(|backends| backends.len() == 1), "{backends}")?;
    for (name, value) in [("size", json!(32 * MIB)), ("prealloc", json!(prealloc)), ("share", json!(share))] {
        let own = backends.pointer(&format!("/0/{name}"));
        // Up to 5.2 QEMU doesn't tell of `share`.
        ensure!(own == Some(&value) || (own.is_none() && name == "share"), "{name}: {own:?}")?;
    }
    if prealloc {
        // All of it is there from the start.
        let status = std::fs::read_to_string(format!("/proc/{}/status", qemu.pid()))?;
        let pages = status.lines().filter(|line| line.starts_with("Rss") || line.starts_with("HugetlbPages"));
        let kib = pages.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum::<u64>();
        ensure!(kib >= 32 << 10, "resident: {kib} KiB")?;
    }
    Ok(())
}
