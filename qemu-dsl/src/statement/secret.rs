//! `secret`

use crate::model::Val;
use crate::statement::form::statement;
use crate::statement::single::object;
use crate::value::{IdText, Path, Text, choice};

statement! {
    /// A password or a key, to which others refer.
    STATEMENT "secret" many pluggable Devices [Secret]
    example "secret pw file=\"/etc/vnc.pw\"\ndisplay vnc \"127.0.0.1:7\" password-secret=pw"
}

choice! {
    /// How a secret is written.
    Format { Raw "raw": "as it is", Base64 "base64": "in base64, so that it can be any bytes" }
}

object! {
    /// A password or a key, to which others refer: `password-secret=ID` of `display`, `key-secret=ID` of LUKS.
    Secret prints "secret" {
        /// The file that has it. Its last line end counts, too.
        file "file": Option<Val<Path>>,
        /// The secret itself, which anyone on the host can read in the list of processes.
        data "data": Option<Val<Text>>,
        /// How it is written.
        format "format": Option<Val<Format>> { default: "raw" },
        /// The id of the `secret` by which this one is encrypted.
        keyid "keyid": Option<Val<IdText>>,
        /// What that encryption began with, in base64.
        iv "iv": Option<Val<Text>>,
    };
}
