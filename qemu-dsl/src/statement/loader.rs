//! `loader`

use crate::model::Val;
use crate::statement::form::statement;
use crate::statement::pci::OwnPlace;
use crate::statement::single::single;
use crate::value::{OnOff, Path, UInt};

statement! {
    /// Something that is in the guest's memory when it starts: a file, or a number. Or where a CPU starts.
    STATEMENT "loader" many settled Devices [Loader]
    example "loader file=\"fw.bin\" addr=0x1000 force-raw"
}

single! {
    /// Something that is in the guest's memory when it starts: a file, or a number. Or where a CPU starts.
    Loader prints "loader" {
        /// The file: an ELF executable, a U-Boot image, one in Intel's hex format, or any other.
        file "file": Option<Val<Path>>,
        /// Where in memory it begins. An ELF executable says that itself.
        addr "addr": Option<Val<UInt<0, { u64::MAX }>>>,
        /// The CPU in whose memory it is, and which starts there.
        cpu_num "cpu-num": Option<Val<UInt<0, { u32::MAX as u64 }>>>,
        /// It is taken as it is, whatever its format.
        force_raw "force-raw": Option<Val<OnOff>>,
        /// The number.
        data "data": Option<Val<UInt<0, { u64::MAX }>>>,
        /// How many bytes the number has.
        data_len "data-len": Option<Val<UInt<1, 8>>>,
        /// The first of these is the one that counts most.
        data_be "data-be": Option<Val<OnOff>>,
    } with OwnPlace;
}
