//! `run-with`

use crate::code::Code;
use crate::model::{Maybe, Val};
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::table::Refused;
use crate::value::{OnOff, Path, Text};

statement! {
    /// What QEMU's process is to the host.
    STATEMENT "run-with" once settled Behaviour [RunWith]
    example "run-with user=nobody chroot=\"/var/empty\""
}

form! {
    /// What QEMU's process is to the host. It opens its files first.
    RunWith {
        /// The user that it becomes: a name, or `UID:GID`. It must be root for it.
        user "user": Option<Val<Text>>,
        /// The folder that is all it sees of the host's files. It must be root for it.
        chroot "chroot": Option<Val<Path>>,
        /// The host's kernel takes back the guest's memory after QEMU has ended.
        async_teardown "async-teardown": Option<Val<OnOff>> { change: Some(&changes::ASYNC_TEARDOWN) },
        /// QEMU ends with the process that has started it.
        exit_with_parent "exit-with-parent": Option<Val<OnOff>> { change: Some(&changes::EXIT_WITH_PARENT) },
    } refuses [
        Refused::new("group", Code::UnknownOption, "takes the group with the user", "write `user=UID:GID`"),
    ] needs option
}

impl Form for RunWith {
    fn lower(&self, out: &mut Lowering<'_>) {
        let (has_user, has_others) = (out.has(&changes::RUN_WITH_USER), out.has(&changes::RUN_WITH));
        if !has_user {
            out.value("-runas", &self.user);
        }
        if !has_others {
            out.value("-chroot", &self.chroot);
            if self.async_teardown.is(|teardown| teardown.0) {
                out.flag("-async-teardown");
            }
            return;
        }
        if has_user
            || self.chroot.is_some()
            || self.async_teardown.is_some()
            || self.exit_with_parent.is_some()
        {
            out.option("-run-with")
                .set("user", self.user.as_ref().filter(|_| has_user))
                .set("chroot", &self.chroot)
                .set("async-teardown", self.async_teardown)
                .set("exit-with-parent", self.exit_with_parent);
        }
    }
}
