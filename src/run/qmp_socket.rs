//! `run --qmp`.

use std::borrow::Cow;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use qemu_dsl::plan::{Piece, Plan, Template};
use qemu_dsl::{Options, Version};
use qemu_runtime::SpawnError;

use crate::failure::Failure;

/// The file of the socket by which others manage the VM. It is removed when this is dropped: a QEMU that is killed leaves it.
pub(crate) struct QmpSocket {
    path: PathBuf,
    id: Option<(u64, u64)>,
}

impl QmpSocket {
    /// The id of QEMU's end, by which the runtime calls the socket too.
    const ID: &str = "qemu-dslc-qmp";

    /// The plan with this socket: what a statement says becomes arguments as it does in a file. The runtime makes the socket,
    /// as of two that start at once only one may have it, which QEMU doesn't see to.
    pub(crate) fn add(plan: Plan, path: &str) -> Result<Plan, Failure> {
        const STATEMENT: &str = "param path: path\nqmp unix {path} server nowait fd chardev=qemu-dslc-qmp\n";
        /// The first that takes a socket so.
        const SOCKET_FDS: Version = Version::new(2, 12);

        let target = plan.target().max(Some(SOCKET_FDS));
        let options = Options { target, params: vec![("path".to_owned(), path.to_owned())] };
        let compilation = qemu_dsl::compile(STATEMENT, &options);
        match (compilation.template, plan.template()) {
            (Some(added), Some(own)) => Ok(join(own, added)),
            _ => {
                let reasons: Vec<_> =
                    compilation.diagnostics.into_iter().map(|error| error.message).collect();
                Err(Failure::usage(format!("--qmp {path}: {}", reasons.join("; "))))
            }
        }
    }

    /// Why it could not be made, where that is what went wrong.
    pub(crate) fn failure(error: &SpawnError) -> Option<Failure> {
        match error {
            SpawnError::Fd(error) if error.fd.device.as_os_str() == Self::ID => {
                Some(Failure::usage(format!("--qmp {}", error.problem)))
            }
            _ => None,
        }
    }

    /// What is at the path by now.
    pub(crate) fn at(path: &str) -> Self {
        // QEMU may change its working directory, not this program.
        Self { path: path.into(), id: fs::symlink_metadata(path).ok().map(|file| id(&file)) }
    }
}

/// A plan with the arguments and file descriptors of another, which generates no ids.
fn join(own: &Template, mut added: Template) -> Plan {
    let taken = u32::try_from(own.fds.len()).unwrap_or(u32::MAX);
    for piece in added.args.to_mut().iter_mut().flat_map(|arg| arg.text.to_mut()) {
        if let Piece::Fd(slot) = piece {
            *slot += taken;
        }
    }
    let fds: Vec<_> = own.fds.iter().chain(&*added.fds).cloned().collect();
    added.fds = Cow::Owned(fds.clone());
    // Their spans are another text's: the arguments come from nowhere in this one.
    let args = added.render().args.into_owned();
    Plan::of(Template { fds: Cow::Owned(fds), ..own.clone() }).with_args(args)
}

fn id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl Drop for QmpSocket {
    fn drop(&mut self) {
        // Not what somebody else has put there since.
        if self.id.is_some() && fs::symlink_metadata(&self.path).ok().map(|file| id(&file)) == self.id {
            let _ = fs::remove_file(&self.path);
        }
    }
}
