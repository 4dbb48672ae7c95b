//! `applesmc`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::Val;
use crate::statement::form::statement;
use crate::statement::pci::OwnPlace;
use crate::statement::single::single;
use crate::value::Text;

statement! {
    /// The controller by which macOS knows a Mac (Apple SMC).
    STATEMENT "applesmc" once settled Devices [AppleSmc]
    example "applesmc osk=\"the 64 characters of a key that a Mac has, which are not in here\""
}

single! {
    /// The controller by which macOS knows a Mac (Apple SMC).
    AppleSmc prints "isa-applesmc" {
        /// The Mac's key, of 64 characters. Whoever sees the host's list of processes sees it.
        osk "osk": Val<Text>,
    } with OwnPlace check key;
}

/// How long a Mac's key is.
const KEY: usize = 64;

/// QEMU takes another key in the place of one that is too short or too long, which is none. No message shows it.
fn key(smc: &AppleSmc, cx: &mut Checking<'_>) {
    if let Some(osk) = smc.osk.known().filter(|osk| osk.0.len() != KEY) {
        let message = format!("the key has {} bytes, and QEMU ignores what isn't of {KEY}", osk.0.len());
        let diagnostic = Diagnostic::warning(Code::OutOfRange, message).at(osk.span);
        cx.report(diagnostic.help("write the whole key"));
    }
}
