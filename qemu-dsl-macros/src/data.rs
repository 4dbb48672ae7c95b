//! The plan types as the source code of their values, fit for a `static`.

use std::borrow::Cow;

use proc_macro2::TokenStream;
use qemu_dsl::bind::{
    Blank, Blanks, Choice, Hole, OpenFragment, OpenTemplate, Operand, Part, RefusedShape, Rule,
};
use qemu_dsl::plan::{
    Arg, Fd, FdSlot, FdSource, Fragment, GeneratedId, Json, Member, Number, Origin, OsText, Piece, Place,
    Rendered, Step, Template, When,
};
use qemu_dsl::{Arch, Kind, Span, Target, Version};
use quote::{ToTokens as _, format_ident, quote};

/// Writes itself as an expression. What it names is in `qemu`, which the expansion imports.
pub(crate) trait Data {
    fn data(&self) -> TokenStream;
}

/// Declares structs that are written field by field.
macro_rules! structs {
    ($($name:ident { $($field:ident),+ })+) => {$(
        impl Data for $name {
            fn data(&self) -> TokenStream {
                let Self { $($field),+ } = self;
                $(let $field = $field.data();)+
                // The macro's own fields are written by their names.
                let fields: TokenStream = [$((stringify!($field), $field)),+]
                    .into_iter()
                    .map(|(name, value)| {
                        let name = format_ident!("{name}");
                        quote!(#name: #value,)
                    })
                    .collect();
                let name = format_ident!("{}", stringify!($name));
                quote!(qemu::#name { #fields })
            }
        }
    )+};
}

structs! {
    Origin { target, spans, places }
    Rendered { program, args, fds }
    Fd { number, source, device, queue }
    Template { target, program, args, fds, ids, places }
    Arg { text, span, when }
    FdSlot { source, device, queue, span, when, count }
    GeneratedId { prefix, number, unless }
    When { choice, shape }
    Place { span, file, line, column }
    Fragment { target, steps, fds, ids, places }
    Member { name, value }
    Target { arch, version }
    Version { major, minor }
    Span { start, end }
    OpenTemplate { template, open }
    OpenFragment { fragment, open }
    Blanks { holes, blanks, choices, rules, taken, order }
    Hole { name, span }
    Blank { kind, parts, name, optional, is_id, span }
    Choice { blanks, refused }
    RefusedShape { shape, code, message, help }
}

/// Declares what Rust writes as it is.
macro_rules! literals {
    ($($ty:ty)+) => {$(
        impl Data for $ty {
            fn data(&self) -> TokenStream {
                self.to_token_stream()
            }
        }
    )+};
}
literals!(bool u16 u32 u64);

/// A variant of an enum with values in parentheses.
fn variant(ty: &str, name: &str, values: &[TokenStream]) -> TokenStream {
    let (ty, name) = (format_ident!("{ty}"), format_ident!("{name}"));
    if values.is_empty() { quote!(qemu::#ty::#name) } else { quote!(qemu::#ty::#name(#(#values),*)) }
}

impl Data for Piece {
    fn data(&self) -> TokenStream {
        match self {
            Self::Text(text) => variant("Piece", "Text", &[text.data()]),
            Self::Fd(slot) => variant("Piece", "Fd", &[slot.data()]),
            Self::Id(slot) => variant("Piece", "Id", &[slot.data()]),
            Self::VmName { otherwise } => {
                let otherwise = otherwise.data();
                quote!(qemu::Piece::VmName { otherwise: #otherwise })
            }
            Self::Mac { vm, device } => {
                let (vm, device) = (vm.data(), device.data());
                quote!(qemu::Piece::Mac { vm: #vm, device: #device })
            }
            Self::Blank { blank, escape, show } => {
                let escape = variant("Escape", &format!("{escape:?}"), &[]);
                let show = variant("Show", &format!("{show:?}"), &[]);
                quote!(qemu::Piece::Blank { blank: #blank, escape: #escape, show: #show })
            }
            Self::Given { blank, text } => {
                let text = text.data();
                quote!(qemu::Piece::Given { blank: #blank, text: #text })
            }
        }
    }
}

impl Data for Number {
    fn data(&self) -> TokenStream {
        match self {
            Self::Known(number) => variant("Number", "Known", &[number.data()]),
            Self::Blank(blank) => variant("Number", "Blank", &[blank.data()]),
        }
    }
}

impl Data for Kind {
    fn data(&self) -> TokenStream {
        match self {
            Self::Integer { min, max } => quote!(qemu::Kind::Integer { min: #min, max: #max }),
            Self::Word(words) => quote!(qemu::Kind::Word(&[#(#words),*])),
            // The others have no values.
            kind => variant("Kind", &format!("{kind:?}"), &[]),
        }
    }
}

impl Data for Part {
    fn data(&self) -> TokenStream {
        match self {
            Self::Text(text) => variant("Part", "Text", &[text.data()]),
            Self::Hole(hole) => variant("Part", "Hole", &[hole.data()]),
        }
    }
}

impl Data for Rule {
    fn data(&self) -> TokenStream {
        match self {
            Self::Distinct { what, blanks, written } => {
                let (what, blanks, written) = (what.data(), blanks.data(), written.data());
                quote!(qemu::Rule::Distinct { what: #what, blanks: #blanks, written: #written })
            }
            Self::AtMost(size, most) => variant("Rule", "AtMost", &[size.data(), most.data()]),
        }
    }
}

impl Data for Operand {
    fn data(&self) -> TokenStream {
        match self {
            Self::Written(text) => variant("Operand", "Written", &[text.data()]),
            Self::Blank(blank) => variant("Operand", "Blank", &[blank.data()]),
        }
    }
}

impl Data for Step {
    fn data(&self) -> TokenStream {
        let Self { action, id, pci, arguments, span, when } = self;
        let action = variant("Action", &format!("{action:?}"), &[]);
        let (id, arguments, span, when) = (id.data(), arguments.data(), span.data(), when.data());
        quote! {
            qemu::Step { action: #action, id: #id, pci: #pci, arguments: #arguments, span: #span, when: #when }
        }
    }
}

impl Data for Json {
    fn data(&self) -> TokenStream {
        let (variant, value) = match self {
            Self::Bool(value) => ("Bool", quote!(#value)),
            Self::Int(value) => ("Int", quote!(#value)),
            Self::Text(text) => ("Text", text.data()),
            Self::Id(text) => ("Id", text.data()),
            Self::FileDriver(text) => ("FileDriver", text.data()),
            Self::Late(text, ty) => {
                let (text, ty) = (text.data(), variant("JsonType", &format!("{ty:?}"), &[]));
                ("Late", quote!(#text, #ty))
            }
            Self::List(list) => ("List", list.data()),
            Self::Object(members) => ("Object", members.data()),
        };
        let variant = format_ident!("{variant}");
        quote!(qemu::Json::#variant(#value))
    }
}

impl<S: Data, N: Data> Data for FdSource<S, N> {
    fn data(&self) -> TokenStream {
        match self {
            Self::Tap { ifname } => {
                let ifname = ifname.data();
                quote!(qemu::FdSource::Tap { ifname: #ifname })
            }
            Self::Macvtap { ifname } => {
                let ifname = ifname.data();
                quote!(qemu::FdSource::Macvtap { ifname: #ifname })
            }
            Self::Ipvtap { ifname } => {
                let ifname = ifname.data();
                quote!(qemu::FdSource::Ipvtap { ifname: #ifname })
            }
            Self::VhostNet => quote!(qemu::FdSource::VhostNet),
            Self::VhostVsock { cid } => {
                let cid = cid.data();
                quote!(qemu::FdSource::VhostVsock { cid: #cid })
            }
            Self::File { path, readonly, direct } => {
                let path = path.data();
                quote!(qemu::FdSource::File { path: #path, readonly: #readonly, direct: #direct })
            }
            Self::UnixListen { path } => {
                let path = path.data();
                quote!(qemu::FdSource::UnixListen { path: #path })
            }
            Self::UnixConnect { path } => {
                let path = path.data();
                quote!(qemu::FdSource::UnixConnect { path: #path })
            }
            Self::Memfd { size, hugetlb, seal } => {
                let size = size.data();
                quote!(qemu::FdSource::Memfd { size: #size, hugetlb: #hugetlb, seal: #seal })
            }
        }
    }
}

impl Data for OsText {
    fn data(&self) -> TokenStream {
        // What the compiler makes is UTF-8, as the program's text is.
        let text = self.as_os_str().to_string_lossy();
        quote!(qemu::OsText::Static(#text))
    }
}

impl Data for Arch {
    fn data(&self) -> TokenStream {
        let variant = format_ident!("{}", format!("{self:?}"));
        quote!(qemu::Arch::#variant)
    }
}

impl<T: Data> Data for Option<T> {
    fn data(&self) -> TokenStream {
        match self {
            Some(value) => {
                let value = value.data();
                quote!(qemu::Some(#value))
            }
            None => quote!(qemu::None),
        }
    }
}

impl Data for Cow<'_, str> {
    fn data(&self) -> TokenStream {
        let text: &str = self;
        quote!(qemu::Cow::Borrowed(#text))
    }
}

impl<T: Data + Clone> Data for Cow<'_, [T]> {
    fn data(&self) -> TokenStream {
        let items = self.iter().map(T::data);
        quote!(qemu::Cow::Borrowed(&[#(#items),*]))
    }
}
