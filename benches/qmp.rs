//! How many commands a second go over one conversation with QEMU. `cargo bench --bench qmp`.
//!
//! By one thread, by several at once, and by as many tasks on one thread (feature `tokio`); and how fast a long answer is
//! read. It prints medians. `QMP_ROUNDS` says how often each is done, `QEMU` with which program.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use qemu_runtime::qmp::QueryStatus;
use qemu_runtime::{Guest, Plan, tokio as tasks};
use serde_json::Value;

const COMMANDS: usize = 4_000;

fn main() {
    let rounds = std::env::var("QMP_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(7);
    let qemu = std::env::var("QEMU").unwrap_or_else(|_| "qemu-system-x86_64".to_owned());
    let plan = Plan::new(qemu, ["-machine", "none", "-S", "-nodefaults", "-display", "none"], vec![]);
    println!("commands a second, medians of {rounds}");
    for threads in [1, 2, 4, 8, 16] {
        let guest = Guest::start(&plan).unwrap();
        show(&format!("{threads} threads"), rounds, COMMANDS, || by_threads(&guest, threads));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for count in [1, 8] {
        let guest = Arc::new(runtime.block_on(tasks::Guest::start(&plan)).unwrap());
        show(&format!("{count} tasks"), rounds, COMMANDS, || runtime.block_on(by_tasks(&guest, count)));
    }
    let guest = Guest::start(&plan).unwrap();
    show("`query-qmp-schema`", rounds, 20, || {
        for _ in 0..20 {
            let schema = guest.qmp().unwrap().execute_raw("query-qmp-schema", Value::Null).unwrap();
            assert!(schema.is_array());
        }
    });
}

fn by_threads(guest: &Guest, threads: usize) {
    let qmp = guest.qmp().unwrap();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..COMMANDS / threads {
                    qmp.execute(&QueryStatus {}).unwrap();
                }
            });
        }
    });
}

async fn by_tasks(guest: &Arc<tasks::Guest>, count: usize) {
    let mut set = tokio::task::JoinSet::new();
    let local = tokio::task::LocalSet::new();
    for _ in 0..count {
        let guest = Arc::clone(guest);
        set.spawn_local_on(
            async move {
                for _ in 0..COMMANDS / count {
                    guest.qmp().unwrap().execute(&QueryStatus {}).await.unwrap();
                }
            },
            &local,
        );
    }
    local.run_until(async { while set.join_next().await.is_some() {} }).await;
}

/// What `work` does in a second, where it does so much at once.
fn show(name: &str, rounds: usize, amount: usize, mut work: impl FnMut()) {
    let mut rates: Vec<f64> = (0..=rounds)
        .map(|_| {
            let begin = Instant::now();
            work();
            amount as f64 / begin.elapsed().as_secs_f64()
        })
        // The first finds cold caches.
        .skip(1)
        .collect();
    rates.sort_unstable_by(f64::total_cmp);
    println!("{name:<20} {:>9.0}", rates.get(rates.len() / 2).copied().unwrap_or_default());
}
