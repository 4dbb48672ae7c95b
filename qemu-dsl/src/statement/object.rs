//! `object`

use crate::lower::Lowering;
use crate::model::ids::{Provides, Space};
use crate::model::{Checking, Property};
use crate::read::Cx;
use crate::statement::form::{Form, form, statement};
use crate::statement::passthrough::{define, needs_id, text};
use crate::table::Bare;

statement! {
    /// Any object of QEMU.
    STATEMENT "object" many pluggable Devices [Object]
    example "object rng-random id=random0 filename=\"/dev/urandom\""
}

form! {
    /// Any object of QEMU.
    Object any "an object's type, such as `rng-random`; `qemu-system-x86_64 -object help` lists them" {
    } open properties: Bare::Nothing, "Any property of the object: `name=value`. `id=` is required."
}

impl Object {
    /// The property of this name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name.value == name)
    }

    /// The object's id.
    pub(crate) fn id(&self) -> Option<&str> {
        text(&self.properties, "id").map(|id| id.as_str())
    }
}

impl Form for Object {
    fn register(&self, cx: &mut Cx<'_>) {
        define(&self.properties, "id", Space::Object, Provides::Nothing, cx);
    }

    fn check(&self, cx: &mut Checking<'_>) {
        needs_id(&self.properties, cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.option("-object").word(&self.kind).properties(&self.properties);
    }
}
