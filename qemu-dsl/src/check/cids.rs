//! Addresses of vsock devices: no two have the same.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::bind::Sort;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Hardware;

/// Addresses that a guest can have.
const ADDRESSES: RangeInclusive<i128> = 3..=u32::MAX as i128 - 1;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashMap::new();
    for device in &hardware.devices {
        let Some(cid) = hardware.get(device, "guest-cid") else { continue };
        let span = cid.span_or(hardware.head(device.statement));
        let Ok(number) = cid.text.parse::<i128>() else { continue };
        if !ADDRESSES.contains(&number) {
            diagnostics.push(
                Diagnostic::error(Code::OutOfRange, format!("`{number}` is out of range"))
                    .at(span)
                    .help(format!("from {} to {}", ADDRESSES.start(), ADDRESSES.end())),
            );
            continue;
        }
        // A loop has two at one place.
        if let Some(first) = seen.get(&number) {
            let (code, message, help) = Sort::Cid.twice(&number.to_string());
            diagnostics.push(
                Diagnostic::error(code, message)
                    .label(span, "again here")
                    .label(*first, "first here")
                    .help(help),
            );
        } else {
            seen.insert(number, span);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use crate::{Code, Options, compile};

    #[test]
    fn both_places_are_shown() {
        let text = "vsock cid=3 fd\nvsock cid=4\nvsock id=v cid=3";
        let diagnostics = compile(text, &Options::default()).diagnostics;
        let diagnostic = diagnostics.first().unwrap();
        assert_eq!((diagnostics.len(), diagnostic.code), (1, Code::AddressInUse));
        let labels = diagnostic.labels.iter().map(|label| label.span.start as usize);
        assert_eq!(labels.collect::<Vec<_>>(), [text.rfind('3').unwrap(), text.find('3').unwrap()]);
        for wrong in ["2", "4294967295", "-1"] {
            let diagnostics = compile(&format!("vsock cid={wrong}"), &Options::default()).diagnostics;
            assert_eq!(diagnostics.first().unwrap().code, Code::OutOfRange, "{wrong}");
        }
    }
}
