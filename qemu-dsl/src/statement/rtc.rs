//! `rtc`

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value::{ClockBase, choice};

statement! {
    /// The real-time clock that the guest sees.
    STATEMENT reserved "rtc" once settled Rtc [Rtc]
    example "rtc base=utc clock=host driftfix=slew"
}

choice! {
    /// Which clock drives the guest's.
    Clock { Host "host": "the host's wall clock", Rt "rt": "the host's monotonic clock", Vm "vm": "the guest's own time" }
}

choice! {
    /// How lost ticks are made up for.
    DriftFix { None "none": "not at all", Slew "slew": "by more ticks until the guest has caught up" }
}

form! {
    /// The real-time clock that the guest sees.
    Rtc {
        /// Where the clock starts. A date is in universal time.
        base "base": Option<Val<ClockBase>>,
        /// Which host clock drives it.
        clock "clock": Option<Val<Clock>>,
        /// How lost ticks are made up for.
        driftfix "driftfix": Option<Val<DriftFix>>,
    }
}

impl Form for Rtc {
    fn lower(&self, out: &mut Lowering<'_>) {
        if self.base.is_some() || self.driftfix.is_some() || self.clock.is_some() {
            out.option("-rtc")
                .set("base", &self.base)
                .set("driftfix", &self.driftfix)
                .set("clock", &self.clock);
        }
    }
}
