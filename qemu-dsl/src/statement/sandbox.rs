//! `sandbox`

use crate::model::Val;
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::choice;

statement! {
    /// The system calls that QEMU may make (seccomp).
    STATEMENT "sandbox" once settled Behaviour [Sandbox]
    example "sandbox elevateprivileges=deny spawn=deny resourcecontrol=deny"
}

choice! {
    /// Whether system calls are allowed.
    Calls { Allow "allow": "they are allowed", Deny "deny": "QEMU is killed that makes one" }
}

choice! {
    /// Whether privileges can grow.
    Elevate {
        Allow "allow": "they can",
        Deny "deny": "QEMU's can't; those of what it starts can",
        Children "children": "neither QEMU's nor those of what it starts",
    }
}

form! {
    /// The system calls that QEMU may make (seccomp). Without an option those are refused that no QEMU makes.
    Sandbox {
        /// Calls that no program makes any more.
        obsolete "obsolete": Option<Val<Calls>> { default: "deny", change: Some(&changes::SANDBOX_SETS) },
        /// Calls by which a process gets more privileges, or another user.
        elevateprivileges "elevateprivileges": Option<Val<Elevate>> {
            default: "allow",
            change: Some(&changes::SANDBOX_SETS),
            words: &[("children", &changes::ELEVATE_CHILDREN)],
        },
        /// Calls that start other programs.
        spawn "spawn": Option<Val<Calls>> { default: "allow", change: Some(&changes::SANDBOX_SETS) },
        /// Calls that set priorities and bind to CPUs.
        resourcecontrol "resourcecontrol": Option<Val<Calls>> {
            default: "allow", change: Some(&changes::SANDBOX_SETS)
        },
    }
}

impl Form for Sandbox {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-sandbox")
            .word("on")
            .set("obsolete", &self.obsolete)
            .set("elevateprivileges", &self.elevateprivileges)
            .set("spawn", &self.spawn)
            .set("resourcecontrol", &self.resourcecontrol);
    }
}
