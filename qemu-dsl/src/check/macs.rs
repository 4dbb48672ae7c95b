//! MAC addresses: no two devices share one, unless on purpose.

use std::collections::HashMap;

use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::Vm;
use crate::plan::Mac;
use crate::source::Node;
use crate::statement::device::Device;
use crate::statement::netdev::{tap::Macvtap, tap::Tap, user::User, vhost_user::VhostUser};
use crate::value::{MacText, ValueType as _};

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    let mac = |mac: &Option<Node<MacText>>| mac.as_ref().map(|mac| Node::new(mac.mac, mac.span));
    let mut macs: Vec<Node<Mac>> = Vec::new();
    macs.extend(vm.all::<Tap>().filter_map(|(_, tap)| mac(&tap.mac)));
    macs.extend(vm.all::<Macvtap>().filter_map(|(_, tap)| mac(&tap.mac)));
    macs.extend(vm.all::<User>().filter_map(|(_, user)| mac(&user.mac)));
    macs.extend(vm.all::<VhostUser>().filter_map(|(_, user)| mac(&user.mac)));
    // A failover pair is a virtio device (`failover=on`) and the one that stands in for it (`failover_pair_id=`),
    // with one address on purpose.
    for (_, device) in vm.all::<Device>() {
        let text = |name: &str| device.properties.iter().find(|property| property.name.value == name);
        if text("failover").is_some() || text("failover_pair_id").is_some() {
            continue;
        }
        macs.extend(
            text("mac")
                .and_then(|mac| Some(Node::new(MacText::parse(mac.text()).ok()?.mac, mac.value_span()))),
        );
    }
    macs.sort_by_key(|mac| mac.span.start);
    let mut seen: HashMap<Mac, Span> = HashMap::new();
    for mac in macs {
        if let Some(first) = seen.get(&mac.value) {
            diagnostics.push(
                Diagnostic::warning(Code::EqualMacs, format!("two devices have the MAC address `{mac}`"))
                    .label(mac.span, "again here")
                    .label(*first, "first here")
                    .help("leave out `mac=` for an address of its own"),
            );
        } else {
            seen.insert(mac.value, mac.span);
        }
    }
}
