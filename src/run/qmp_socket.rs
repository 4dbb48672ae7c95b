//! `run --qmp`: a socket by which others manage the VM. Its file goes with the guest.
//!
//! **`run --qmp` is the statement with `fd`**: that there is one listener at a path is seen to by whoever makes the
//! socket, and QEMU takes the path from another that has just bound it. The file of `--pidfile` comes to its place
//! whole, from a name that nobody knows before, and replaces none; who removes one has it locked: of two that run, one
//! has it.

use qemu_dsl::plan::{Fd, Piece, Plan, Template};
use qemu_dsl::{Options, Version};
use qemu_runtime::SpawnError;

use crate::failure::Failure;

/// The id of QEMU's end, by which the runtime calls the socket too.
const ID: &str = "qemu-dslc-qmp";

/// The plan with this socket: what a statement says becomes arguments as it does in a file. The runtime makes the socket,
/// as of two that start at once only one may have it, which QEMU doesn't see to.
pub(crate) fn add(plan: Plan, path: &str) -> Result<Plan, Failure> {
    const STATEMENT: &str = "param path: path\nqmp unix {path} server nowait fd chardev=qemu-dslc-qmp\n";
    let own = plan.target().map(|target| target.version);
    // A target that takes no socket so gets the next form that does: the QEMU that runs may be newer.
    let later = Version::KNOWN.into_iter().filter(|known| own.is_none_or(|own| *known > own));
    let mut reasons = Vec::new();
    for version in own.into_iter().chain(later) {
        let params = vec![("path".to_owned(), path.to_owned())];
        let compilation =
            qemu_dsl::compile(STATEMENT, &Options { target: version.into(), params, ..Options::default() });
        if let Some(added) = compilation.template {
            return Ok(join(plan, added));
        }
        reasons = compilation.diagnostics.into_iter().map(|error| error.message).collect();
    }
    Err(Failure::usage(format!("--qmp {path}: {}", reasons.join("; "))))
}

/// Why it could not be made, where that is what went wrong.
pub(crate) fn failure(error: &SpawnError) -> Option<Failure> {
    match error {
        SpawnError::Fd(error) if error.fd.device == ID => {
            Some(Failure::usage(format!("--qmp {}", error.problem)))
        }
        _ => None,
    }
}

/// A plan with the arguments and file descriptors of another, which generates no ids.
fn join(plan: Plan, mut added: Template) -> Plan {
    let taken = u32::try_from(plan.fds().len()).unwrap_or(u32::MAX);
    for piece in added.args.to_mut().iter_mut().flat_map(|arg| arg.text.to_mut()) {
        if let Piece::Fd(slot) = piece {
            *slot += taken;
        }
    }
    // Their spans are another text's: the arguments come from nowhere in this one.
    let added = Plan::of(added);
    plan.with_args(added.args()).with_fds(added.fds().map(Fd::from))
}
