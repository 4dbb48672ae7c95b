//! MAC addresses: no two devices share one, unless on purpose.

use std::collections::HashMap;

use crate::Span;
use crate::bind::Sort;
use crate::diagnostic::Diagnostic;
use crate::hardware::{Device, Hardware};
use crate::plan::Mac;
use crate::source::Node;
use crate::value::{MacText, ValueType as _};

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut macs: Vec<_> = hardware.devices.iter().filter_map(|device| written(device, hardware)).collect();
    macs.sort_by_key(|mac| mac.span.start);
    let mut seen: HashMap<Mac, Span> = HashMap::new();
    for mac in macs {
        if let Some(first) = seen.get(&mac.value) {
            let (code, message, help) = Sort::Mac.twice(&mac.to_string());
            diagnostics.push(
                Diagnostic::warning(code, message)
                    .label(mac.span, "again here")
                    .label(*first, "first here")
                    .help(help),
            );
        } else {
            seen.insert(mac.value, mac.span);
        }
    }
}

/// The address that the text gives a device.
fn written(device: &Device<'_>, hardware: &Hardware<'_>) -> Option<Node<Mac>> {
    let mac = hardware.get(device, "mac")?;
    // A failover pair is a virtio device (`failover=on`) and the one that stands in for it (`failover_pair_id=`),
    // with one address on purpose.
    if ["failover", "failover_pair_id"].iter().any(|name| hardware.get(device, name).is_some()) {
        return None;
    }
    Some(Node::new(MacText::parse(mac.text).ok()?.mac, mac.written?.value))
}
