//! The runtime on this machine: real interfaces, real processes, a real QEMU.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod confine;
mod daemon;
mod equipped;
mod fds;
mod firmware;
mod guest;
mod handed;
mod held;
mod host;
mod hostile;
mod memory;
mod plug;
mod preflight;
mod qemu;
mod qmp;
mod seccomp;
mod sources;
mod stand_in;
mod taking;
mod taps;
#[cfg(feature = "tokio")]
mod tokio;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

use crate::host::Lacking;

/// A test, which ends early where the machine lacks what it needs.
type Test = fn() -> Result<(), Lacking>;

/// The tests among the functions of a module, by name.
macro_rules! tests {
    ($($name:ident)*) => {
        pub(crate) const TESTS: &[(&str, crate::Test)] = &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}
pub(crate) use tests;

fn main() -> ExitCode {
    if let Some(code) = stand_in::main() {
        return code;
    }
    let mut arguments = Arguments::from_args();
    // They compare what the whole process has open, and change its limits.
    arguments.test_threads = Some(1);
    let tests = [
        confine::TESTS,
        daemon::TESTS,
        equipped::TESTS,
        fds::TESTS,
        firmware::TESTS,
        handed::TESTS,
        sources::TESTS,
        taps::TESTS,
        guest::TESTS,
        qemu::TESTS,
        qmp::TESTS,
        hostile::TESTS,
        plug::TESTS,
        preflight::TESTS,
        #[cfg(feature = "qapi")]
        qmp::qapi::TESTS,
        #[cfg(feature = "tokio")]
        tokio::TESTS,
    ]
    .concat();
    let trials = tests.into_iter().map(|(name, test)| {
        let name = name.trim_start_matches("runtime::");
        Trial::ignorable_test(name, move || {
            host::settle();
            match test() {
                Ok(()) => Ok(Completion::Completed),
                Err(Lacking(what)) => Ok(Completion::ignored_with(what)),
            }
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
