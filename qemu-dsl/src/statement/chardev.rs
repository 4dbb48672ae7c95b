//! `chardev`

use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::statement::passthrough::{check_id, needs_id, text};
use crate::table::Bare;
use crate::value::{SocketPath, ValueType as _};

statement! {
    /// Any character device's backend of QEMU.
    STATEMENT reserved "chardev" many pluggable Devices [Chardev]
    example "chardev stdio id=serial0"
}

form! {
    /// Any character device's backend of QEMU.
    Chardev any "a backend, such as `stdio`, `file` or `socket`; `qemu-system-x86_64 -chardev help` lists them" {
    } open properties: Bare::On, "Any property of the backend: `name=value`. `id=` is required."
}

impl Form for Chardev {
    fn check(&self, cx: &mut Checking<'_>) {
        check_id(&self.properties, "id", cx);
        for change in [&changes::CHARDEV_TTY, &changes::CHARDEV_PARPORT] {
            if change.is_about(&self.kind) {
                cx.version(change, None, self.kind.span);
            }
        }
        // While QEMU has it, nothing but a socket looks at it.
        if let Some(reconnect) = self.properties.iter().find(|property| property.name.value == "reconnect")
            && (self.kind.as_str() == "socket" || !cx.has(&changes::RECONNECT))
        {
            cx.version(&changes::RECONNECT, None, reconnect.name.span);
        }
        needs_id(&self.properties, cx);
        // The kernel's limit, whoever makes the socket.
        if self.kind.as_str() == "socket"
            && let Some(path) = text(&self.properties, "path").and_then(Val::known)
            && let Err(refusal) = SocketPath::parse(path)
        {
            let message = refusal.message.unwrap_or_default();
            cx.report(Diagnostic::error(refusal.code, message).at(path.span).maybe_help(refusal.help));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let becomes = [&changes::CHARDEV_TTY, &changes::CHARDEV_PARPORT]
            .into_iter()
            .find(|change| change.is_about(&self.kind))
            .and_then(|change| change.becomes_in(out.target()));
        let option = out.option("-chardev");
        let option = match becomes {
            Some(becomes) => option.word(becomes),
            None => option.word(&self.kind),
        };
        option.properties(&self.properties);
    }
}
