//! Ends a process together with what it has started, also what has gone to the background.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::host::is_ready;

/// Kills a process that has a session of its own, and what descends from it. Says whether it did: not where the process had
/// ended before.
///
/// QEMU's way to the background is a child that makes a session, and a child of that which stays in it. The first ends soon,
/// and is remembered for as long as its parent is there. So all are stopped before any is killed: nothing starts another
/// process then, or takes what connects the others along.
pub(crate) fn kill(pid: u32, pidfd: &OwnedFd) -> bool {
    let mut seen = BTreeSet::new();
    let mut stopped = Vec::new();
    loop {
        let family = family(pid, &Process::all());
        // Else its number may have been another's.
        if is_ready(pidfd) {
            break;
        }
        let new: Vec<_> = family.into_iter().filter(|process| seen.insert(process.identity())).collect();
        if new.is_empty() {
            break;
        }
        stopped.extend(new.iter().filter_map(Process::stop));
    }
    let ended_before = stopped.is_empty() && is_ready(pidfd);
    for each in stopped.iter().chain([pidfd]) {
        let _ = pidfd_send_signal(each, Signal::KILL);
    }
    !ended_before
}

/// Whether somebody in a process group has not ended.
pub(crate) fn lives_in(group: u32) -> bool {
    Process::all().iter().any(|process| process.group == group && !process.is_zombie)
}

/// A process as the kernel lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    /// Whether it has ended, and was not waited for. One whose first thread has ended alone is none: the others hold its files.
    is_zombie: bool,
    parent: u32,
    group: u32,
    session: u32,
    /// When it was started, in the kernel's ticks.
    started: u64,
}

impl Process {
    fn all() -> Vec<Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter_map(Self::of).collect()
    }

    fn of(pid: u32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(pid, &String::from_utf8_lossy(&stat))
    }

    fn parse(pid: u32, stat: &str) -> Option<Self> {
        // Its name stands in parentheses, and may have some itself.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        let has_ended = matches!(fields.next()?, "Z" | "X");
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let session = fields.next()?.parse().ok()?;
        let threads: u32 = fields.nth(13)?.parse().ok()?;
        let started = fields.nth(1)?.parse().ok()?;
        let is_zombie = has_ended && threads <= 1;
        Some(Self { pid, is_zombie, parent, group, session, started })
    }

    /// What no other process has, whatever becomes of this one.
    const fn identity(&self) -> (u32, u64) {
        (self.pid, self.started)
    }

    /// Gives what refers to it, unless it is gone.
    fn stop(&self) -> Option<OwnedFd> {
        let pidfd = pidfd_open(Pid::from_raw(self.pid.cast_signed())?, PidfdFlags::empty()).ok()?;
        let is_it = Self::of(self.pid).is_some_and(|now| now.identity() == self.identity());
        (is_it && pidfd_send_signal(&pidfd, Signal::STOP).is_ok()).then_some(pidfd)
    }
}

/// Who among `processes` is `ancestor` or descends from it, be it that only the session tells.
fn family(ancestor: u32, processes: &[Process]) -> Vec<Process> {
    let mut pids = BTreeSet::from([ancestor]);
    loop {
        let belongs = |process: &&Process| {
            [process.pid, process.parent, process.session].iter().any(|pid| pids.contains(pid))
        };
        let family: Vec<_> = processes.iter().filter(belongs).copied().collect();
        let before = pids.len();
        pids.extend(family.iter().map(|process| process.pid));
        if pids.len() == before {
            return family;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Process, family, lives_in};

    const fn process(pid: u32, parent: u32, session: u32) -> Process {
        Process { pid, is_zombie: false, parent, group: session, session, started: 0 }
    }

    #[test]
    fn who_descends_is_known_by_parent_or_session() {
        let processes = [
            // What went to the background is init's child, in the session of a child that has ended.
            process(5, 1, 12),
            process(1, 0, 1),
            process(2, 1, 2),
            process(10, 2, 10),
            process(12, 10, 12),
            process(13, 12, 2),
            process(14, 2, 2),
        ];
        let pids: Vec<_> = family(10, &processes).iter().map(|process| process.pid).collect();
        assert_eq!(pids, [5, 10, 12, 13]);
        assert_eq!(family(99, &processes), []);
    }

    #[test]
    fn names_may_have_parentheses() {
        let stat =
            "7 (a) R 9 (b) S 3 4 6 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1000 2 18446744073709551615";
        let process = Process { pid: 7, is_zombie: false, parent: 3, group: 4, session: 6, started: 4711 };
        assert_eq!(Process::parse(7, stat), Some(process));
        assert_eq!(Process::parse(7, "7 (a) S 3"), None);
    }

    #[test]
    fn a_process_has_ended_with_its_last_thread() {
        let is_zombie = |state, threads| {
            let stat = format!("7 (a) {state} 3 4 6 0 -1 4 1 2 3 4 5 6 7 8 20 0 {threads} 0 4711 1000");
            Process::parse(7, &stat).map(|process| process.is_zombie)
        };
        assert_eq!(is_zombie("Z", 1), Some(true));
        assert_eq!(is_zombie("Z", 3), Some(false));
        assert_eq!(is_zombie("S", 1), Some(false));
    }

    #[test]
    fn this_process_is_listed() {
        let pid = std::process::id();
        assert!(Process::all().iter().any(|process| process.pid == pid));
        let own = Process::of(pid);
        assert!(own.is_some_and(|process| process.started > 0 && lives_in(process.group)));
    }
}
