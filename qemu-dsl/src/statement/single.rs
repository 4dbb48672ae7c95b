//! Forms that print one device of QEMU's, and nothing beside it: their options are its properties.

use crate::model::ids::id_kinds;

id_kinds! {
    /// The ids of devices that may have one.
    DeviceId "device"
}

/// Declares such forms. `prints "usb-{}"` is the device's name, in which `{}` stands for the kind; that of a virtio device
/// is the one without its transport. Each option is called as the property that it is.
macro_rules! single {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident $(kinds [$($kinds:tt)+])? $(settled $settled:literal)? prints $driver:literal {
            $(
                $(#[doc = $field_doc:literal])+
                $field:ident $option:literal : $ty:ty $({ $($more:tt)+ })?
            ),* $(,)?
        } with $place:ident $(check $check:path)?;
    )+) => {$(
        $crate::statement::form::form! {
            $(#[doc = $doc])+
            $name $(kinds [$($kinds)+])? $(settled $settled)? {
                /// Its id.
                id "id": $crate::model::ids::OptionalId<$crate::statement::single::DeviceId>,
                $($(#[doc = $field_doc])+ $field $option: $ty $({ $($more)+ })?,)*
            } with $place
            opens device [(
                $crate::schema::Kind::Device,
                $crate::statement::single::single!(@made $place $driver)
            )]
        }

        impl $crate::statement::form::Form for $name {
            $(fn check(&self, cx: &mut $crate::hardware::Checking<'_>) {
                $check(self, cx);
            })?

            fn lower(&self, out: &mut $crate::print::Lowering<'_>) {
                use $crate::statement::pci::Place as _;
                let kind = $crate::statement::single::single!(@kind self $($($kinds)+)?);
                let driver = self.pci.driver(&$crate::table::printed($driver, kind), out);
                let device = out.device(&driver).set("id", &self.id.0) $(.set($option, &self.$field))*;
                self.pci.print(device).written_out(&self.device);
            }
        }
    )+};
    (@made Virtio $driver:literal) => { concat!($driver, "-pci") };
    (@made $place:ident $driver:literal) => { $driver };
    (@kind $form:ident) => { "" };
    (@kind $form:ident $($kinds:tt)+) => { &$form.kind };
}
pub(crate) use single;

/// Declares forms that print one object of QEMU's and nothing beside it. What it is for refers to it, so that its id stands
/// first.
macro_rules! object {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident prints $object:literal {
            $(
                $(#[doc = $field_doc:literal])+
                $field:ident $option:literal : $ty:ty $({ $($more:tt)+ })?
            ),* $(,)?
        } $(check $check:path)?;
    )+) => {$(
        $crate::statement::form::form! {
            $(#[doc = $doc])+
            $name {
                /// Its id.
                id "id": $crate::model::Val<$crate::value::IdText> { positional: true },
                $($(#[doc = $field_doc])+ $field $option: $ty $({ $($more)+ })?,)*
            }
            opens object [($crate::schema::Kind::Object, $object)]
        }

        impl $crate::statement::form::Form for $name {
            $(fn check(&self, cx: &mut $crate::hardware::Checking<'_>) {
                $check(self, cx);
            })?

            fn lower(&self, out: &mut $crate::print::Lowering<'_>) {
                let object = out.object($object).set("id", &self.id) $(.set($option, &self.$field))*;
                object.written_out(&self.object);
            }
        }
    )+};
}
pub(crate) use object;
