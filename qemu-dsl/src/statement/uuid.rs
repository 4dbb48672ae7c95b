//! `uuid`

use crate::model::Val;
use crate::print::Lowering;
use crate::statement::form::{Form, form, statement};
use crate::value;

statement! {
    /// The VM's UUID, which the guest sees too.
    STATEMENT reserved "uuid" once settled Uuid [Uuid]
    example "uuid 123e4567-e89b-12d3-a456-426614174000"
}

form! {
    /// The VM's UUID, which the guest sees too.
    Uuid {
        /// The UUID.
        uuid "uuid": Val<value::Uuid> { positional: true },
    }
}

impl Form for Uuid {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.value("-uuid", &self.uuid);
    }
}
