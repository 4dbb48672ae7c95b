//! The device `loader`: what it loads, or where a CPU begins. QEMU looks at what its properties are, not at whether they
//! are there.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Hardware, QemuOption};
use crate::value::whole_number;

/// The number of a CPU that is none: the default.
const NO_CPU: u64 = 0xffff_ffff;

/// How many bytes one can put into the guest's memory.
const MOST: u64 = 8;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for option in hardware.all("device").filter(|option| !option.is_arg) {
        let Some(head) =
            option.first().filter(|driver| driver.text == "loader").and_then(|driver| driver.written)
        else {
            continue;
        };
        diagnostics.extend(wrong(option, head.value));
    }
}

fn wrong(loader: &QemuOption<'_>, head: Span) -> Option<Diagnostic> {
    let names = ["file", "addr", "data", "data-len", "data-be", "force-raw", "cpu-num"];
    if names.into_iter().any(|name| loader.is_open(name)) {
        return None;
    }
    let number = |name: &str| whole_number(loader.get(name)?.text);
    let is_number = |name: &str| number(name).is_some_and(|number| number != 0);
    let is_on = |name: &str| loader.get(name).is_some_and(|value| value.is_on());
    let has_file = loader.get("file").is_some_and(|file| !file.text.is_empty());
    let at = |name: &str| loader.get(name).map_or(head, |value| value.span_or(head));
    let missing = |message: &str, help: &str| {
        Some(Diagnostic::error(Code::MissingOption, message).at(head).help(help.to_owned()))
    };
    if is_number("data") || is_number("data-len") || is_on("data-be") {
        let other =
            [("file", has_file), ("force-raw", is_on("force-raw"))].into_iter().find(|(_, is_set)| *is_set);
        if let Some((other, _)) = other {
            let message = format!("`data` and `{other}` exclude each other");
            let diagnostic = Diagnostic::error(Code::ExclusiveOptions, message).at(at(other));
            return Some(diagnostic.help("load a file, or a number, not both"));
        }
        return match number("data-len").unwrap_or(0) {
            0 => missing("`data` of the device `loader` needs its length", "add `data-len=`: up to 8 bytes"),
            length if length > MOST => Some(
                Diagnostic::error(Code::OutOfRange, "the device `loader` loads a number of at most 8 bytes")
                    .at(at("data-len"))
                    .help("put more into a file: `file=`"),
            ),
            _ => None,
        };
    }
    if has_file || is_on("force-raw") {
        return None;
    }
    if !is_number("addr") {
        return missing(
            "the device `loader` has nothing to do",
            "add `file=`, or `addr=` with `data=` and `data-len=`, or `addr=` with `cpu-num=`",
        );
    }
    match number("cpu-num").unwrap_or(NO_CPU) {
        NO_CPU => missing(
            "with `addr` alone the device `loader` says where a CPU begins, and needs that",
            "add `cpu-num=`, or what to load: `file=`, or `data=` and `data-len=`",
        ),
        _ => None,
    }
}
