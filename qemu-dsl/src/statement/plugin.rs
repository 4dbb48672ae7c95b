//! `plugin`

use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::table::Bare;
use crate::value::Path;

statement! {
    /// A library that looks at the guest's instructions (TCG).
    STATEMENT "plugin" many settled Behaviour [Plugin]
    example "machine q35 accel=tcg\nplugin \"/usr/lib/qemu/libinsn.so\" inline=on"
}

form! {
    /// A library that looks at the guest's instructions (TCG).
    Plugin {
        /// The library.
        file "file": Val<Path> { positional: true },
    } open properties: Bare::Nothing, "What the library is told: `name=value`."
}

impl Form for Plugin {
    fn check(&self, cx: &mut Checking<'_>) {
        cx.version(&changes::PLUGINS, None, cx.entry.head);
        for property in &self.properties {
            cx.version(&changes::PLUGIN_ARGUMENTS, None, property.name.span);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-plugin").set("file", &self.file).properties(&self.properties);
    }
}
