//! What events say of QEMU's end.

use super::Event;
use super::object::object;
use crate::supervisor::{Observed, ShutdownReason};

/// Notes what an event says of QEMU's end.
pub(super) fn observe(observed: &mut Observed, event: &Event) {
    /// What is read of them.
    #[derive(Default)]
    struct Says {
        reason: Option<String>,
        action: Option<String>,
    }

    object!(Says { reason: "reason" or default, action: "action" or default });

    let says = || event.data::<Says>().unwrap_or_default();
    match &*event.name {
        "SHUTDOWN" => {
            observed.reason = says().reason.as_deref().map(ShutdownReason::of);
            observed.panicked |= observed.reason == Some(ShutdownReason::GuestPanic);
        }
        // QEMU may have been told that a panic is the guest's own matter.
        "GUEST_PANICKED" => observed.panicked = says().action.as_deref() != Some("run"),
        "GUEST_CRASHLOADED" => observed.crashed = true,
        // It lives on after that.
        "RESET" => (observed.panicked, observed.crashed) = (false, false),
        _ => {}
    }
}
