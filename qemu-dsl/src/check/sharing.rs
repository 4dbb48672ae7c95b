//! Shared memory: what another process of the host does for the guest needs the guest's memory.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::model::Property;
use crate::model::Vm;
use crate::statement::machine::Machine;
use crate::statement::memory::Memory;
use crate::statement::netdev::vhost_user::VhostUser;
use crate::statement::object::Object;

pub(super) fn check(vm: &Vm, diagnostics: &mut Vec<Diagnostic>) {
    if !vm.complete || is_shared(vm) {
        return;
    }
    for (entry, _) in vm.all::<VhostUser>() {
        let diagnostic = Diagnostic::error(
            Code::UnsharedMemory,
            "the process behind `netdev vhost-user` can't reach the guest's memory",
        )
        .at(entry.head)
        .help("share it: `memory 2G share`, or `hugepages`");
        diagnostics.push(match vm.entry::<Memory>() {
            Some((memory, _)) => diagnostic.label(memory.head, "the guest's own"),
            None => diagnostic,
        });
    }
}

/// Whether the guest's RAM is shared with other processes of the host.
fn is_shared(vm: &Vm) -> bool {
    let backend =
        vm.get::<Machine>().and_then(|machine| machine.property("memory-backend")).map(Property::text);
    let shares = |object: &Object| {
        object.property("share").is_some_and(|share| matches!(share.text(), "on" | "yes" | "true"))
    };
    vm.get::<Memory>().is_some_and(Memory::is_shared)
        // By `-numa`, which only `arg` can say, any object can be the RAM.
        || vm.all::<Object>().any(|(_, object)| {
            shares(object) && backend.is_none_or(|id| object.id() == Some(id))
        })
}
