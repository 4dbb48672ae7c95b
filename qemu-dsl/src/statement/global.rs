//! `global`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::table::Bare;

statement! {
    /// A default for a property of all devices of a driver.
    STATEMENT reserved "global" many settled Global [Global]
    example "global kvm-pit.lost_tick_policy=discard"
}

form! {
    /// A default for a property of all devices of a driver.
    Global {} open properties: Bare::Nothing,
        "One `DRIVER.PROPERTY=VALUE`: the driver and the property part at the dot behind what is a driver, or at the last."
}

impl Form for Global {
    fn check(&self, cx: &mut Checking<'_>) {
        let help = "write one `global DRIVER.PROPERTY=VALUE` for each default";
        match self.properties.as_slice() {
            [] => {
                let place = cx.entry.head;
                cx.missing(
                    "",
                    Diagnostic::error(Code::MissingValue, "`global` needs its property").at(place).help(help),
                );
            }
            [property, more @ ..] => {
                for property in more {
                    cx.report(
                        Diagnostic::error(Code::RepeatedOption, "`global` sets one property")
                            .at(property.name.span)
                            .help(help),
                    );
                }
                let parts = property.name.rsplit_once('.');
                if parts.is_none_or(|(driver, name)| driver.is_empty() || name.is_empty()) {
                    cx.report(
                        Diagnostic::error(
                            Code::UnexpectedText,
                            format!("`{}` does not name a driver and its property", property.name.value),
                        )
                        .at(property.name.span)
                        .help(help),
                    );
                }
            }
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.globals(&self.properties);
    }
}
