//! The signals that come in while a guest runs.

use std::ffi::c_int;
use std::fs;
use std::io;
use std::thread;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals as Hooked;

use crate::failure::{Failure, reason};

/// Those that ask for the guest's end.
const ENDING: [c_int; 3] = [SIGHUP, SIGINT, SIGTERM];
/// Those that are QEMU's business. One that would kill this program is among them, so that the terminal comes back.
const FORWARDED: [c_int; 5] = [SIGCONT, SIGQUIT, SIGTSTP, SIGUSR1, SIGUSR2];

/// From its making on, no signal is lost, and none ends this program.
pub(crate) struct Signals(Hooked);

/// What a signal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The guest is to end.
    End,
    /// QEMU is to get it.
    Forward(c_int),
}

impl Signals {
    pub(crate) fn new() -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::not_started(format!("handling signals: {}", reason(&error)));
        // What whoever started this program made it ignore stays so: `nohup`, or a shell's `&`.
        let ignored = ignored(&fs::read_to_string("/proc/self/status").unwrap_or_default());
        let wanted = ENDING.into_iter().chain(FORWARDED);
        let hooked =
            Hooked::new(wanted.filter(|signal| ignored & (1 << (signal - 1)) == 0)).map_err(failed)?;
        Ok(Self(hooked))
    }

    /// Calls `handle` with each, on a thread of its own.
    pub(crate) fn listen(mut self, handle: impl Fn(Signal) + Send + 'static) {
        thread::spawn(move || {
            for signal in self.0.forever() {
                handle(if ENDING.contains(&signal) { Signal::End } else { Signal::Forward(signal) });
            }
        });
    }
}

/// The ignored signals in the kernel's description of a process, the first as the lowest bit.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::ignored;

    #[test]
    fn the_ignored_signals_are_read() {
        assert_eq!(ignored("SigBlk:\t0000000000000001\nSigIgn:\t0000000000001002\n"), 0x1002);
        assert_eq!(ignored(""), 0);
    }
}
