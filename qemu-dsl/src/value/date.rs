//! Moments at which a clock starts.

use super::kind::Kind;
use super::types::{Refusal, Type, ValueType};

/// Where the clock starts.
#[derive(Debug)]
pub(crate) struct ClockBase(String);

impl ValueType for ClockBase {
    const TYPE: &'static Type = &Type {
        name: "word",
        expects: "`utc`, `localtime`, or a date such as `2006-06-17T16:01:21`",
        choices: &[("utc", "universal time"), ("localtime", "the host's local time")],
        bare: None,
        free: false,
    };
    const KIND: Kind = Kind::ClockBase;

    fn parse(text: &str) -> Result<Self, Refusal> {
        if matches!(text, "utc" | "localtime") || is_date(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Refusal::expected())
    }
}

impl std::fmt::Display for ClockBase {
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
