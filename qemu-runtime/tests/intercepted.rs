//! A program in which something intercepts libc's `clone`, as ThreadSanitizer does, which takes any for a fork.
#![expect(clippy::unwrap_used, reason = "these are tests")]
#![expect(unsafe_code, reason = "to intercept a function is to have one of its name")]

use qemu_runtime::{Plan, Spawn, SpawnError};

/// Takes the place of libc's.
// SAFETY: nothing calls it and lives on.
#[unsafe(no_mangle)]
extern "C" fn clone() -> ! {
    std::process::abort()
}

#[test]
fn guests_start_beside_it() {
    let plan = Plan::new("/bin/sh", ["-c", "echo here >&2"], vec![]);
    for _ in 0..10 {
        let exit = Spawn::new(&plan).spawn().unwrap().wait();
        assert!(exit.success() && exit.stderr() == b"here\n", "{exit}");
    }
    let missing = Plan::new("/no/such/program", ["x"], vec![]);
    assert!(matches!(Spawn::new(&missing).spawn(), Err(SpawnError::Exec { .. })));
}
