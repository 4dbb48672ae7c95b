//! `rtc`

use crate::print::Lowering;
use crate::model::Val;
use crate::statement::form::{Form, form, statement};
use crate::value::{Refusal, Type, ValueType, choice};

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

/// Where the clock starts.
#[derive(Debug)]
pub(crate) struct Base(String);

impl ValueType for Base {
    const TYPE: &'static Type = &Type {
        name: "word",
        expects: "`utc`, `localtime`, or a date such as `2006-06-17T16:01:21`",
        choices: &[("utc", "universal time"), ("localtime", "the host's local time")],
        bare: None,
        free: false,
    };

    fn parse(text: &str) -> Result<Self, Refusal> {
        if matches!(text, "utc" | "localtime") || is_date(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Refusal::expected())
    }
}

impl std::fmt::Display for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// `2006-06-17` or `2006-06-17T16:01:21`: whether there is such a moment.
fn is_date(text: &str) -> bool {
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let numbers = |text: &str, separator: char| -> Option<Vec<u32>> {
        text.split(separator)
            .map(|part| {
                let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
                part.parse().ok().filter(|_| digits)
            })
            .collect()
    };
    let (Some(date), Some(time)) = (numbers(date, '-'), numbers(time, ':')) else {
        return false;
    };
    let (&[year, month, day], &[hour, minute, second]) = (date.as_slice(), time.as_slice()) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1900..=9999).contains(&year) && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60
}

form! {
    /// The real-time clock that the guest sees.
    Rtc {
        /// Where the clock starts. A date is in universal time.
        base "base": Option<Val<Base>>,
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

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates_exist() {
        for right in ["2006-06-17", "2006-06-17T16:01:21", "2024-02-29"] {
            assert!(is_date(right), "{right}");
        }
        for wrong in ["2006", "2023-02-29", "2006-13-01", "2006-06-17T25:00:00", "2006-06-17T", "x-y-z", ""] {
            assert!(!is_date(wrong), "{wrong}");
        }
    }
}
