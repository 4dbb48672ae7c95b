//! Plans and templates as bytes: one literal is all that `vm!` writes, and is read when the program runs. What rustc takes to
//! check a literal doesn't hang on what is in it, as the types of static data would.
//!
//! Each type says once what it consists of ([`packed!`]): how it is written and how it is read both follow. Numbers have their
//! own width, the least byte first; a variant is its number; before a text stands its length, before a list also how many
//! there are, so that what lies behind is found without looking through it.
//!
//! Whatever the bytes are, reading them never panics: what is nothing of the sort is none.

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
    /// Takes it from the beginning. None where there is nothing of the sort.
    fn unpack(from: &mut &'a [u8]) -> Option<Self>;
}

/// A value as bytes.
#[cfg(feature = "compiler")]
pub fn pack(value: &impl Pack) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.pack(&mut bytes);
    bytes
}

/// A value that a program has as a literal. It is read when it is first asked for.
#[derive(Debug)]
pub struct Packed<T> {
    bytes: &'static [u8],
    value: OnceLock<T>,
}

impl<T: Unpack<'static> + Default> Packed<T> {
    /// What these bytes are.
    pub const fn new(bytes: &'static [u8]) -> Self {
        Self { bytes, value: OnceLock::new() }
    }
}

/// The value: an empty one where the bytes are none, which no macro writes.
impl<T: Unpack<'static> + Default> Deref for Packed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.get_or_init(|| T::unpack(&mut { self.bytes }).unwrap_or_default())
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
        fn unpack(from: &mut &$life [u8]) -> Option<Self> {
            Some(Self { $($field: $crate::plan::packed::Unpack::unpack(from)?),+ })
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
    (@unpack $life:lifetime enum { $($variant:ident $(($($item:ident),+))? $({ $($field:ident),+ })?),+ }) => {
        fn unpack(from: &mut &$life [u8]) -> Option<Self> {
            enum Variant { $($variant),+ }
            let number = *from.split_off_first()?;
            $(if number == Variant::$variant as u8 {
                $($(let $item = $crate::plan::packed::Unpack::unpack(from)?;)+)?
                $($(let $field = $crate::plan::packed::Unpack::unpack(from)?;)+)?
                return Some(Self::$variant $(($($item),+))? $({ $($field),+ })?);
            })+
            None
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
            fn unpack(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*bytes))
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
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        match from.split_off_first()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
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
    fn unpack(from: &mut &'a [u8]) -> Option<Self> {
        Some(if bool::unpack(from)? { Some(T::unpack(from)?) } else { None })
    }
}

impl<T: Pack + ?Sized> Pack for &T {
    fn pack(&self, to: &mut Vec<u8>) {
        (**self).pack(to);
    }
}

/// Appends bytes with their number before them.
pub(super) fn with_length(to: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let place = to.len();
    0u32.pack(to);
    let start = to.len();
    write(to);
    let length = u32::try_from(to.len() - start).unwrap_or(u32::MAX);
    if let Some(place) = to.get_mut(place..start) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// Bytes that have their number before them.
fn bytes<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::unpack(from)?;
    from.split_off(..length as usize)
}

impl Pack for OsStr {
    fn pack(&self, to: &mut Vec<u8>) {
        with_length(to, |to| to.extend_from_slice(self.as_bytes()));
    }
}

impl<'a> Unpack<'a> for &'a OsStr {
    fn unpack(from: &mut &'a [u8]) -> Option<Self> {
        bytes(from).map(OsStr::from_bytes)
    }
}

impl Pack for str {
    fn pack(&self, to: &mut Vec<u8>) {
        OsStr::new(self).pack(to);
    }
}

impl<'a> Unpack<'a> for &'a str {
    fn unpack(from: &mut &'a [u8]) -> Option<Self> {
        str::from_utf8(bytes(from)?).ok()
    }
}

impl Pack for Cow<'_, str> {
    fn pack(&self, to: &mut Vec<u8>) {
        str::pack(self, to);
    }
}

impl Unpack<'static> for Cow<'static, str> {
    fn unpack(from: &mut &'static [u8]) -> Option<Self> {
        <&str>::unpack(from).map(Cow::Borrowed)
    }
}

impl Pack for Arc<str> {
    fn pack(&self, to: &mut Vec<u8>) {
        str::pack(self, to);
    }
}

impl Unpack<'_> for Arc<str> {
    fn unpack(from: &mut &[u8]) -> Option<Self> {
        <&str>::unpack(from).map(Self::from)
    }
}

/// A list that is to be written.
pub(super) struct Items<I>(pub(super) I);

impl<I: Iterator<Item: Pack> + Clone> Pack for Items<I> {
    fn pack(&self, to: &mut Vec<u8>) {
        with_length(to, |to| {
            let place = to.len();
            0u32.pack(to);
            let mut count: u32 = 0;
            for item in self.0.clone() {
                item.pack(to);
                count += 1;
            }
            if let Some(place) = to.get_mut(place..place + size_of::<u32>()) {
                place.copy_from_slice(&count.to_le_bytes());
            }
        });
    }
}

/// A list that is read item by item.
pub(super) struct List<'a, T> {
    left: usize,
    bytes: &'a [u8],
    items: PhantomData<fn() -> T>,
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self { left: 0, bytes: &[], items: PhantomData }
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'a, T: Unpack<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a, T> Unpack<'a> for List<'a, T> {
    fn unpack(from: &mut &'a [u8]) -> Option<Self> {
        let mut bytes = bytes(from)?;
        let left = u32::unpack(&mut bytes)? as usize;
        // No item is without a byte: what is made for so many is never much more than there is.
        (left <= bytes.len()).then_some(Self { left, bytes, items: PhantomData })
    }
}

impl<T> Pack for List<'_, T> {
    fn pack(&self, to: &mut Vec<u8>) {
        with_length(to, |to| {
            (self.left as u32).pack(to);
            to.extend_from_slice(self.bytes);
        });
    }
}

impl<'a, T: Unpack<'a>> Iterator for List<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let left = self.left.checked_sub(1)?;
        let item = T::unpack(&mut self.bytes);
        self.left = if item.is_some() { left } else { 0 };
        item
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
    fn unpack(from: &mut &'a [u8]) -> Option<Self> {
        let list = List::<T>::unpack(from)?;
        let count = list.len();
        let items: Vec<T> = list.collect();
        (items.len() == count).then_some(Self::Owned(items))
    }
}
