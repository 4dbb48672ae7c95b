//! System calls that don't reach the kernel: devices that a machine lacks, and kernels that it doesn't have.

use std::{io, thread};

/// A system call that doesn't reach the kernel.
pub(crate) struct Refused {
    /// Its number.
    pub(crate) number: libc::c_long,
    /// What one of its arguments must be, counted from 0, and which bits of that count: of the lower 32.
    pub(crate) argument: Option<(u32, u32, u32)>,
    /// What it fails with. With 0 it succeeds, and does nothing.
    pub(crate) errno: i32,
}

/// Runs `test` where a system call is refused, to itself and to its children.
///
/// # Errors
///
/// Where the machine allows no filter.
pub(crate) fn refusing<T: Send>(refused: Refused, test: impl FnOnce() -> T + Send) -> io::Result<T> {
    // A filter stays with its thread.
    thread::scope(|scope| {
        let joined = scope.spawn(|| refuse(&refused).map(|()| test())).join();
        joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[expect(unsafe_code, reason = "a seccomp filter is installed by prctl")]
fn refuse(refused: &Refused) -> io::Result<()> {
    let jump = |code, k, jt, jf| libc::sock_filter { code: code as u16, jt, jf, k };
    let load = |at| jump(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at, 0, 0);
    let (index, value, mask) = refused.argument.unwrap_or_default();
    let mut filter = [
        // The number of the system call is the first field of `seccomp_data`; the arguments begin at 16.
        load(0),
        jump(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, refused.number as u32, 0, 4),
        load(16 + 8 * index + if cfg!(target_endian = "little") { 0 } else { 4 }),
        jump(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, mask, 0, 0),
        jump(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value, 0, 1),
        jump(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | refused.errno.unsigned_abs(), 0, 0),
        jump(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program and its filter live through the calls, which copy them.
    let failed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
            || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) < 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}
