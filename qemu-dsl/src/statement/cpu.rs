//! `cpu`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::Lowering;
use crate::schema;
use crate::statement::form::{Form, form, statement};
use crate::table::Bare;
use crate::value::CpuText;

statement! {
    /// The CPU: its model, features and properties.
    STATEMENT reserved "cpu" once settled Cpu [Cpu]
    example "cpu qemu64 +aes -svm"
}

form! {
    /// The CPU: its model, features and properties.
    Cpu {
        /// The model, such as `host`, `max` or `qemu64`; `qemu-system-x86_64 -cpu help` lists them.
        model "model": Val<CpuText> { positional: true },
    } open properties: Bare::Feature(schema::Kind::Cpu),
        "Features switched on (`+aes`) or off (`-svm`), and any property, such as `migratable=off`."
}

impl Form for Cpu {
    fn check(&self, cx: &mut Checking<'_>) {
        for property in
            self.properties.iter().filter(|property| property.text().is_some_and(|text| text.contains(',')))
        {
            cx.report(
                Diagnostic::error(Code::Inexpressible, "QEMU's `-cpu` can't say a comma in a value")
                    .at(property.value_span())
                    .help("use a value without a comma, or `global` with the CPU's driver"),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-cpu").word(&self.model).properties(&self.properties);
    }
}
