//! `incoming` and `loadvm`

use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::{IncomingUri, Text};

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
        uri "uri": Val<IncomingUri> { positional: true },
    }
}

impl Form for Incoming {
    fn check(&self, cx: &mut Checking<'_>) {
        let Some(uri) = self.uri.known() else { return };
        if uri.0.starts_with('{') || uri.0.starts_with("file:") {
            cx.version(&changes::INCOMING_FILE, None, uri.span);
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
