//! `msg`

use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::OnOff;

statement! {
    /// What stands before each of QEMU's messages.
    STATEMENT "msg" once settled Behaviour [Msg]
    example "msg timestamp guest-name"
}

form! {
    /// What stands before each of QEMU's messages.
    Msg {
        /// The time.
        timestamp "timestamp": Option<Val<OnOff>>,
        /// The VM's name.
        guest_name "guest-name": Option<Val<OnOff>> { change: Some(&changes::GUEST_NAME) },
    } needs option
}

impl Form for Msg {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-msg").set("timestamp", self.timestamp).set("guest-name", self.guest_name);
    }
}
