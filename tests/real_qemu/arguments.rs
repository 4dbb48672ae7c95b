//! QEMU's arguments, read as QEMU reads them.

use serde_json::{Map, Value};

/// An option such as `-device virtio-rng-pci,rng=r`.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    pub(crate) flag: String,
    pub(crate) value: String,
    pub(crate) list: List,
}

/// The list in an option's value: what comes first without a name, and what has names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) first: String,
    pub(crate) items: Vec<(String, String)>,
}

impl List {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.items.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn read(text: &str) -> Self {
        if let Ok(Value::Object(members)) = serde_json::from_str(text) {
            return Self::of(members);
        }
        let mut parts = vec![String::new()];
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == ',' && chars.next_if_eq(&',').is_none() {
                parts.push(String::new());
            } else if let Some(last) = parts.last_mut() {
                last.push(c);
            }
        }
        let mut list = Self::default();
        for (index, part) in parts.into_iter().enumerate() {
            match part.split_once('=') {
                Some((name, value)) => list.items.push((name.to_owned(), value.to_owned())),
                None if index == 0 => list.first = part,
                // A feature of a CPU.
                None => list.items.push((part, String::new())),
            }
        }
        list
    }

    /// The same of JSON: what has members stands in it as JSON.
    fn of(members: Map<String, Value>) -> Self {
        let mut list = Self::default();
        for (name, value) in members {
            let text = match value {
                Value::String(text) => text,
                Value::Bool(on) => if on { "on" } else { "off" }.to_owned(),
                value => value.to_string(),
            };
            match name.as_str() {
                "driver" | "qom-type" => list.first = text,
                _ => list.items.push((name, text)),
            }
        }
        list
    }
}

/// The options among `args`.
pub(crate) fn read(args: &[String]) -> Vec<Argument> {
    const ALONE: &[&str] = &[
        "-S",
        "-async-teardown",
        "-daemonize",
        "-no-reboot",
        "-no-shutdown",
        "-no-user-config",
        "-nodefaults",
        "-nographic",
    ];
    let mut options = Vec::new();
    let mut args = args.iter();
    while let Some(flag) = args.next() {
        let value = if ALONE.contains(&flag.as_str()) { None } else { args.next() };
        let value = value.cloned().unwrap_or_default();
        options.push(Argument { flag: flag.clone(), list: List::read(&value), value });
    }
    options
}

/// The number that a text with a suffix means: powers of 1024.
pub(crate) fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)? {
        "" | "B" | "b" => 0,
        "K" | "k" => 10,
        "M" | "m" => 20,
        "G" | "g" => 30,
        "T" | "t" => 40,
        _ => return None,
    };
    match digits.parse::<u64>() {
        Ok(number) => number.checked_mul(1 << unit),
        Err(_) => Some((digits.parse::<f64>().ok()? * (1u64 << unit) as f64) as u64),
    }
}

/// Whether a property that was set to a text has come to have this value.
pub(crate) fn is(text: &str, value: &Value) -> bool {
    match value {
        Value::Bool(on) => matches!(text, "on" | "yes" | "true") == *on,
        Value::Number(number) => {
            let hex = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
            number.as_u64() == hex.or_else(|| size(text)) || number.to_string() == text
        }
        Value::String(own) if matches!(text, "true" | "yes") => own == text || own == "on",
        // MAC addresses and UUIDs come back in small letters.
        Value::String(own) => own == text || (own.len() == text.len() && own.eq_ignore_ascii_case(text)),
        // `0-2`
        Value::Array(own) if text.contains('-') => {
            let numbers = text
                .split_once('-')
                .and_then(|(first, last)| Some(first.parse::<u64>().ok()?..=last.parse::<u64>().ok()?));
            numbers.is_some_and(|numbers| own.iter().filter_map(Value::as_u64).eq(numbers))
        }
        Value::Array(own) if !text.starts_with('[') && matches!(own.as_slice(), [Value::Number(_)]) => {
            own.iter().all(|own| is(text, own))
        }
        Value::Array(_) | Value::Object(_) => {
            serde_json::from_str(text).is_ok_and(|wanted| has(value, &wanted))
        }
        Value::Null => false,
    }
}

/// Whether all is in `value` that is wanted. QEMU tells members that nobody set, too.
fn has(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(own), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| own.get(name).is_some_and(|own| has(own, wanted)))
        }
        (Value::Array(own), Value::Array(wanted)) => {
            own.len() == wanted.len() && own.iter().zip(wanted).all(|(own, wanted)| has(own, wanted))
        }
        _ => value == wanted,
    }
}
