//! Values of JSON, of the types that QEMU wants.

use crate::plan::{Json, JsonType};
use crate::value::{Size, ValueType as _};

/// The value that a text is, if it is one of the type.
pub(crate) fn read(ty: JsonType, text: &str) -> Option<Json> {
    match ty {
        JsonType::Bool => boolean(text),
        JsonType::Int => whole(text),
        JsonType::Number => number(text),
        JsonType::Text => None,
        JsonType::Guess => guess(text),
    }
}

fn boolean(text: &str) -> Option<Json> {
    match text {
        "on" | "yes" | "true" | "y" => Some(Json::Bool(true)),
        "off" | "no" | "false" | "n" => Some(Json::Bool(false)),
        _ => None,
    }
}

/// What C's `strtoll` reads with base 0.
fn whole(text: &str) -> Option<Json> {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match digits.split_at_checked(2) {
        Some(("0x" | "0X", digits)) => (digits, 16),
        Some(("0b" | "0B", digits)) => (digits, 2),
        _ if digits.starts_with('0') => (digits, 8),
        _ => (digits, 10),
    };
    let number = u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))?;
    Some(Json::Int(sign * i128::from(number)))
}

fn number(text: &str) -> Option<Json> {
    whole(text).or_else(|| Some(Json::Int(i128::from(Size::parse(text).ok()?.bytes))))
}

fn guess(text: &str) -> Option<Json> {
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit());
    boolean(text).or_else(|| whole(text).filter(|_| decimal))
}
