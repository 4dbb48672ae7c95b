//! Plans and templates as bytes: one literal is all that `vm!` writes, and is read when the program runs. What rustc takes to
//! check a literal doesn't hang on what is in it, as the types of static data would.
//!
//! Each type says once what it consists of ([`packed!`]): how it is written and how it is read both follow. Numbers have their
//! own width, the least byte first; a variant is its number; before a text stands its length, before a list also how many
//! there are, so that what lies behind is found without looking through it.
//!
//! Whatever the bytes are, reading them never panics: it goes on with what is least, and knows in the end that it has failed.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::{Arc, OnceLock};

/// What can be written as bytes.
pub trait Pack {
    /// Appends it.
    fn pack(&self, to: &mut Vec<u8>);
}

/// What can be read from them.
pub trait Unpack<'a>: Sized {
    /// Takes the next one.
    fn read(from: &mut Reader<'a>) -> Self;

    /// The value that these bytes are, and nothing else.
    fn unpack(bytes: &'a [u8]) -> Option<Self> {
        let mut from = Reader { bytes, failed: false };
        let value = Self::read(&mut from);
        (!from.failed && from.bytes.is_empty()).then_some(value)
    }
}

/// Bytes that are read from their beginning.
#[derive(Clone, Debug, Default)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    /// Whether they were not what was asked for. From then on there are none.
    failed: bool,
}

impl<'a> Reader<'a> {
    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        match self.bytes.split_first_chunk() {
            Some((array, rest)) => {
                self.bytes = rest;
                *array
            }
            None => {
                self.fail();
                [0; N]
            }
        }
    }

    /// Bytes that have their number before them.
    fn bytes(&mut self) -> &'a [u8] {
        let length = u32::read(self) as usize;
        self.bytes.split_off(..length).unwrap_or_else(|| {
            self.fail();
            &[]
        })
    }

    /// Says that this isn't what was asked for.
    pub(crate) fn fail(&mut self) {
        *self = Self { bytes: &[], failed: true };
    }
}

/// A value as bytes.
#[cfg(feature = "compiler")]
pub fn pack(value: &impl Pack) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.pack(&mut bytes);
    bytes
}

/// A value that a program has as a literal. It is read when it is first asked for.
pub struct Packed<T> {
    bytes: &'static [u8],
    /// What lends the value. Behind a trait it can be `Sync` without rustc's looking through all of `T` for each `static`.
    value: OnceLock<Box<dyn Deref<Target = T> + Send + Sync>>,
}

impl<T> Packed<T> {
    /// What these bytes are.
    pub const fn new(bytes: &'static [u8]) -> Self {
        Self { bytes, value: OnceLock::new() }
    }
}

/// The value: an empty one where the bytes are none, which no macro writes.
impl<T: Unpack<'static> + Default + Send + Sync + 'static> Deref for Packed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.get_or_init(|| Box::new(Box::new(T::unpack(self.bytes).unwrap_or_default())))
    }
}

impl<T> fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packed").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// Declares what types consist of, in their order. A type is read from what lives as long as the program, unless it says for
/// how long it borrows (`<'a>`); what is read so is part of a plan, and can be written at run time too.
macro_rules! packed {
    () => {};
    (struct $name:ident { $($field:ident),+ } $($rest:tt)*) => {
        #[cfg(feature = "compiler")]
        impl $crate::plan::packed::Pack for $name {
            $crate::plan::packed::packed!(@pack struct { $($field),+ });
        }

        impl $crate::plan::packed::Unpack<'static> for $name {
            $crate::plan::packed::packed!(@unpack 'static struct { $($field),+ });
        }

        $crate::plan::packed::packed!($($rest)*);
    };
    (struct $name:ident<'a $(, $param:ident)*> { $($field:ident),+ } $($rest:tt)*) => {
        impl<$($param: $crate::plan::packed::Pack),*> $crate::plan::packed::Pack for $name<$($param),*> {
            $crate::plan::packed::packed!(@pack struct { $($field),+ });
        }

        impl<'a, $($param: $crate::plan::packed::Unpack<'a>),*> $crate::plan::packed::Unpack<'a> for $name<$($param),*> {
            $crate::plan::packed::packed!(@unpack 'a struct { $($field),+ });
        }

        $crate::plan::packed::packed!($($rest)*);
    };
    (enum $name:ident { $($variant:ident $(($($item:ident),+))? $({ $($field:ident),+ })?),+ } $($rest:tt)*) => {
        #[cfg(feature = "compiler")]
        impl $crate::plan::packed::Pack for $name {
            $crate::plan::packed::packed!(@pack enum { $($variant $(($($item),+))? $({ $($field),+ })?),+ });
        }

        impl $crate::plan::packed::Unpack<'static> for $name {
            $crate::plan::packed::packed!(@unpack 'static enum { $($variant $(($($item),+))? $({ $($field),+ })?),+ });
        }

        $crate::plan::packed::packed!($($rest)*);
    };
    (enum $name:ident<'a $(, $param:ident)*> { $($variant:ident $({ $($field:ident),+ })?),+ } $($rest:tt)*) => {
        impl<$($param: $crate::plan::packed::Pack),*> $crate::plan::packed::Pack for $name<$($param),*> {
            $crate::plan::packed::packed!(@pack enum { $($variant $({ $($field),+ })?),+ });
        }

        impl<'a, $($param: $crate::plan::packed::Unpack<'a>),*> $crate::plan::packed::Unpack<'a> for $name<$($param),*> {
            $crate::plan::packed::packed!(@unpack 'a enum { $($variant $({ $($field),+ })?),+ });
        }

        $crate::plan::packed::packed!($($rest)*);
    };
    (@pack struct { $($field:ident),+ }) => {
        fn pack(&self, to: &mut Vec<u8>) {
            let Self { $($field),+ } = self;
            $($crate::plan::packed::Pack::pack($field, to);)+
        }
    };
    (@unpack $life:lifetime struct { $($field:ident),+ }) => {
        fn read(from: &mut $crate::plan::packed::Reader<$life>) -> Self {
            $(let $field = $crate::plan::packed::Unpack::read(from);)+
            Self { $($field),+ }
        }
    };
    (@pack enum { $($variant:ident $(($($item:ident),+))? $({ $($field:ident),+ })?),+ }) => {
        fn pack(&self, to: &mut Vec<u8>) {
            enum Variant { $($variant),+ }
            match self {
                $(Self::$variant $(($($item),+))? $({ $($field),+ })? => {
                    to.push(Variant::$variant as u8);
                    $($($crate::plan::packed::Pack::pack($item, to);)+)?
                    $($($crate::plan::packed::Pack::pack($field, to);)+)?
                })+
            }
        }
    };
    (@unpack $life:lifetime enum {
        $first:ident $(($($of_first:ident),+))? $({ $($in_first:ident),+ })?
        $(, $variant:ident $(($($item:ident),+))? $({ $($field:ident),+ })?)*
    }) => {
        fn read(from: &mut $crate::plan::packed::Reader<$life>) -> Self {
            #[expect(dead_code, reason = "the first is what is left")]
            enum Variant { $first $(, $variant)* }
            let number = from.byte();
            $(if number == Variant::$variant as u8 {
                $($(let $item = $crate::plan::packed::Unpack::read(from);)+)?
                $($(let $field = $crate::plan::packed::Unpack::read(from);)+)?
                return Self::$variant $(($($item),+))? $({ $($field),+ })?;
            })*
            if number > 0 {
                from.fail();
            }
            $($(let $of_first = $crate::plan::packed::Unpack::read(from);)+)?
            $($(let $in_first = $crate::plan::packed::Unpack::read(from);)+)?
            Self::$first $(($($of_first),+))? $({ $($in_first),+ })?
        }
    };
}
pub(crate) use packed;

macro_rules! numbers {
    ($($ty:ty)+) => {$(
        impl Pack for $ty {
            fn pack(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }
        }

        impl Unpack<'_> for $ty {
            fn read(from: &mut Reader<'_>) -> Self {
                Self::from_le_bytes(from.array())
            }
        }
    )+};
}
numbers!(u8 u16 u32 u64 i128);

impl Pack for bool {
    fn pack(&self, to: &mut Vec<u8>) {
        to.push(u8::from(*self));
    }
}

impl Unpack<'_> for bool {
    fn read(from: &mut Reader<'_>) -> Self {
        let number = from.byte();
        if number > 1 {
            from.fail();
        }
        number == 1
    }
}

impl<T: Pack> Pack for Option<T> {
    fn pack(&self, to: &mut Vec<u8>) {
        self.is_some().pack(to);
        if let Some(value) = self {
            value.pack(to);
        }
    }
}

impl<'a, T: Unpack<'a>> Unpack<'a> for Option<T> {
    fn read(from: &mut Reader<'a>) -> Self {
        bool::read(from).then(|| T::read(from))
    }
}

impl<T: Pack + ?Sized> Pack for &T {
    fn pack(&self, to: &mut Vec<u8>) {
        (**self).pack(to);
    }
}

/// Makes room for the number of the bytes that follow.
pub(super) fn begin(to: &mut Vec<u8>) -> usize {
    let place = to.len();
    0u32.pack(to);
    place
}

/// Writes a number where there is room for it.
fn fill_in(to: &mut [u8], place: usize, number: usize) {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    if let Some(place) = to.get_mut(place..place + size_of::<u32>()) {
        place.copy_from_slice(&number.to_le_bytes());
    }
}

/// Writes how many bytes have followed.
pub(super) fn end(to: &mut [u8], place: usize) {
    fill_in(to, place, to.len() - place - size_of::<u32>());
}

impl Pack for OsStr {
    fn pack(&self, to: &mut Vec<u8>) {
        let place = begin(to);
        to.extend_from_slice(self.as_bytes());
        end(to, place);
    }
}

impl<'a> Unpack<'a> for &'a OsStr {
    fn read(from: &mut Reader<'a>) -> Self {
        OsStr::from_bytes(from.bytes())
    }
}

impl Pack for str {
    fn pack(&self, to: &mut Vec<u8>) {
        OsStr::new(self).pack(to);
    }
}

impl<'a> Unpack<'a> for &'a str {
    fn read(from: &mut Reader<'a>) -> Self {
        str::from_utf8(from.bytes()).unwrap_or_else(|_| {
            from.fail();
            ""
        })
    }
}

impl Pack for Cow<'_, str> {
    fn pack(&self, to: &mut Vec<u8>) {
        str::pack(self, to);
    }
}

impl Unpack<'static> for Cow<'static, str> {
    fn read(from: &mut Reader<'static>) -> Self {
        Cow::Borrowed(<&str>::read(from))
    }
}

impl Pack for Arc<str> {
    fn pack(&self, to: &mut Vec<u8>) {
        str::pack(self, to);
    }
}

impl<T: Pack> Pack for Arc<T> {
    fn pack(&self, to: &mut Vec<u8>) {
        T::pack(self, to);
    }
}

impl<'a, T: Unpack<'a>> Unpack<'a> for Arc<T> {
    fn read(from: &mut Reader<'a>) -> Self {
        Arc::new(T::read(from))
    }
}

impl Unpack<'_> for Arc<str> {
    fn read(from: &mut Reader<'_>) -> Self {
        <&str>::read(from).into()
    }
}

/// A list that is to be written.
pub(super) struct Items<I>(pub(super) I);

impl<I: Iterator<Item: Pack> + Clone> Pack for Items<I> {
    fn pack(&self, to: &mut Vec<u8>) {
        let place = begin(to);
        let count_place = begin(to);
        let mut count = 0;
        for item in self.0.clone() {
            item.pack(to);
            count += 1;
        }
        fill_in(to, count_place, count);
        end(to, place);
    }
}

/// A list that is read item by item.
pub(super) struct List<'a, T> {
    left: usize,
    from: Reader<'a>,
    items: PhantomData<fn() -> T>,
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self { left: 0, from: Reader::default(), items: PhantomData }
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        Self { from: self.from.clone(), ..*self }
    }
}

impl<'a, T: Unpack<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a, T> Unpack<'a> for List<'a, T> {
    fn read(from: &mut Reader<'a>) -> Self {
        let mut own = Reader { bytes: from.bytes(), failed: false };
        let left = u32::read(&mut own) as usize;
        // No item is without a byte: what is made for so many is never much more than there is.
        if own.failed || left > own.bytes.len() {
            from.fail();
            return Self::default();
        }
        Self { left, from: own, items: PhantomData }
    }
}

impl<T> Pack for List<'_, T> {
    fn pack(&self, to: &mut Vec<u8>) {
        let place = begin(to);
        (self.left as u32).pack(to);
        to.extend_from_slice(self.from.bytes);
        end(to, place);
    }
}

impl<'a, T: Unpack<'a>> Iterator for List<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let left = self.left.checked_sub(1)?;
        let item = T::read(&mut self.from);
        self.left = if self.from.failed { 0 } else { left };
        (!self.from.failed).then_some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'a, T: Unpack<'a>> ExactSizeIterator for List<'a, T> {}

impl<T: Pack + Clone> Pack for Cow<'_, [T]> {
    fn pack(&self, to: &mut Vec<u8>) {
        Items(self.iter()).pack(to);
    }
}

impl<'a, T: Unpack<'a> + Clone> Unpack<'a> for Cow<'static, [T]> {
    fn read(from: &mut Reader<'a>) -> Self {
        let List { left, from: mut own, .. } = List::<T>::read(from);
        let mut items = Vec::with_capacity(left);
        for _ in 0..left {
            items.push(T::read(&mut own));
            if own.failed {
                break;
            }
        }
        if own.failed || !own.bytes.is_empty() {
            from.fail();
        }
        Self::Owned(items)
    }
}
