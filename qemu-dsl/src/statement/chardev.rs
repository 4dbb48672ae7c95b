//! `chardev`

use crate::lower::Lowering;
use crate::model::Checking;
use crate::model::ids::{Provides, Space};
use crate::qemu::changes;
use crate::read::Cx;
use crate::statement::form::{Form, form, statement};
use crate::statement::passthrough::{define, needs_id};
use crate::table::Bare;

statement! {
    /// Any character device's backend of QEMU.
    STATEMENT "chardev" many pluggable Devices [Chardev]
    example "chardev stdio id=serial0"
}

form! {
    /// Any character device's backend of QEMU.
    Chardev any "a backend, such as `stdio`, `file` or `socket`; `qemu-system-x86_64 -chardev help` lists them" {
    } open properties: Bare::Nothing, "Any property of the backend: `name=value`. `id=` is required."
}

impl Form for Chardev {
    fn register(&self, cx: &mut Cx<'_>) {
        define(&self.properties, "id", Space::Chardev, Provides::Nothing, cx);
        for change in [&changes::CHARDEV_TTY, &changes::CHARDEV_PARPORT] {
            if change.is_about(&self.kind) {
                cx.version(change, None, self.kind.span);
            }
        }
        if let Some(reconnect) = self.properties.iter().find(|property| property.name.value == "reconnect") {
            cx.version(&changes::RECONNECT, None, reconnect.name.span);
        }
    }

    fn check(&self, cx: &mut Checking<'_>) {
        needs_id(&self.properties, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        let becomes = [&changes::CHARDEV_TTY, &changes::CHARDEV_PARPORT]
            .into_iter()
            .find(|change| change.is_about(&self.kind))
            .and_then(|change| change.becomes_in(out.target()));
        out.option("-chardev").word(becomes.unwrap_or(&self.kind)).properties(&self.properties);
    }
}
