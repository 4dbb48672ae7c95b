//! `incoming` and `loadvm`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::Text;

statement! {
    /// From where the guest's state comes (migration).
    INCOMING "incoming" once settled Behaviour [Incoming]
    example "incoming \"unix:/run/web.migration\""
}

statement! {
    /// The snapshot in a disk's image with which the guest goes on.
    LOADVM "loadvm" once settled Behaviour [LoadVm]
    example "disk id=root file=\"/srv/web.qcow2\" format=qcow2\nloadvm before-update"
}

form! {
    /// From where the guest's state comes (migration).
    Incoming {
        /// `tcp:HOST:PORT`, `unix:PATH`, `fd:N`, `exec:COMMAND`, `rdma:HOST:PORT`, `file:PATH`, a channel as JSON, or `defer`:
        /// QMP or the monitor says it later.
        uri "uri": Val<Text> { positional: true },
    }
}

/// How an address begins, beside JSON and what needs no address.
const PROTOCOLS: &[&str] = &["tcp:", "unix:", "fd:", "exec:", "rdma:", "vsock:", "file:"];

impl Form for Incoming {
    fn check(&self, cx: &mut Checking<'_>) {
        let Some(uri) = self.uri.known() else { return };
        if uri.0.starts_with('{') || uri.0.starts_with("file:") {
            cx.version(&changes::INCOMING_FILE, None, uri.span);
        } else if uri.0 != "defer" && !PROTOCOLS.iter().any(|protocol| uri.0.starts_with(protocol)) {
            let diagnostic =
                Diagnostic::error(Code::WrongType, "QEMU takes no guest from there").at(uri.span);
            cx.report(diagnostic.help("write `tcp:HOST:PORT`, `unix:PATH`, `exec:COMMAND` or `defer`"));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-incoming", &self.uri);
    }
}

form! {
    /// The snapshot in a disk's image with which the guest goes on.
    LoadVm {
        /// The snapshot's name.
        tag "tag": Val<Text> { positional: true },
    }
}

impl Form for LoadVm {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-loadvm", &self.tag);
    }
}
