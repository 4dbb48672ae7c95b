//! A guest's process that is held between its clone and its program.
#![expect(unsafe_code, reason = "ptrace has no safe form")]

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::host::{Lacking, need};

/// A launcher, whose guest's process has done nothing yet.
pub(crate) struct Held {
    pub(crate) launcher: Child,
    pub(crate) guest: u32,
}

impl Held {
    /// Starts a launcher that becomes a user for its guest, 0 for none.
    pub(crate) fn new(user: u32) -> Result<Self, Lacking> {
        let mut launcher = Command::new(env::current_exe().unwrap());
        launcher.args(["stand-in", "launcher-when-told", &user.to_string()]);
        let launcher = launcher.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut held = Self { launcher, guest: 0 };
        let pid = held.launcher.id().cast_signed();
        let traced = trace(libc::PTRACE_SEIZE, pid, libc::PTRACE_O_TRACEFORK | libc::PTRACE_O_TRACEVFORK);
        need(traced.is_ok(), "needs to be allowed to trace")?;
        held.launcher.stdin.take().unwrap().write_all(b"go\n").unwrap();
        // Where it has made a process it stops, and that begins so.
        wait_for_stop(pid);
        let mut guest: libc::c_ulong = 0;
        let null = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: the request writes the number to what it is given.
        assert_eq!(unsafe { libc::ptrace(libc::PTRACE_GETEVENTMSG, pid, null, &raw mut guest) }, 0);
        held.guest = u32::try_from(guest).unwrap();
        wait_for_stop(held.guest.cast_signed());
        trace(libc::PTRACE_DETACH, pid, 0).unwrap();
        Ok(held)
    }

    /// What refers to it, whoever has its number by then.
    pub(crate) fn pidfd(&self) -> OwnedFd {
        pidfd_open(Pid::from_raw(self.guest.cast_signed()).unwrap(), PidfdFlags::empty()).unwrap()
    }

    /// What the launcher says: the number of its guest, or why it has none.
    pub(crate) fn said(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.launcher.stdout.take().unwrap()).read_line(&mut line).unwrap();
        line
    }

    /// Lets the process go on.
    pub(crate) fn release(&self) {
        trace(libc::PTRACE_DETACH, self.guest.cast_signed(), 0).unwrap();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.launcher.kill();
        let _ = self.launcher.wait();
    }
}

/// A request that takes a number.
fn trace(request: libc::c_uint, pid: i32, data: libc::c_int) -> io::Result<()> {
    let (null, data) = (std::ptr::null_mut::<libc::c_void>(), libc::c_long::from(data));
    // SAFETY: these requests take numbers.
    let done = unsafe { libc::ptrace(request, pid, null, data) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn wait_for_stop(pid: i32) {
    let mut status = 0;
    // SAFETY: it takes numbers, and writes to what is given.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL) }, pid);
    assert!(libc::WIFSTOPPED(status), "{status:x}");
}
