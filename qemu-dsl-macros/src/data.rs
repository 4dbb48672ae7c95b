//! The plan types as the source code of their values, fit for a `static`.

use std::borrow::Cow;

use proc_macro2::TokenStream;
use qemu_dsl::plan::{
    Fd, FdSlot, FdSource, Fragment, GeneratedId, Json, Member, Origin, OsText, Piece, Place, Rendered, Step,
};
use qemu_dsl::{Arch, Span, Target, Version};
use quote::{format_ident, quote};

/// Writes itself as an expression. What it names is in `qemu`, which the expansion imports.
pub(crate) trait Data {
    fn data(&self) -> TokenStream;
}

impl Data for Origin {
    fn data(&self) -> TokenStream {
        let Self { target, spans, places } = self;
        let (target, spans, places) = (target.data(), spans.data(), places.data());
        quote!(qemu::Origin { target: #target, spans: #spans, places: #places })
    }
}

impl Data for FdSlot {
    fn data(&self) -> TokenStream {
        let Self { source, device, queue, span } = self;
        let (source, device, span) = (source.data(), device.data(), span.data());
        quote!(qemu::FdSlot { source: #source, device: #device, queue: #queue, span: #span })
    }
}

impl Data for GeneratedId {
    fn data(&self) -> TokenStream {
        let Self { prefix, number } = self;
        let prefix = prefix.data();
        quote!(qemu::GeneratedId { prefix: #prefix, number: #number })
    }
}

impl Data for Place {
    fn data(&self) -> TokenStream {
        let Self { span, file, line, column } = self;
        let (span, file) = (span.data(), file.data());
        quote!(qemu::Place { span: #span, file: #file, line: #line, column: #column })
    }
}

impl Data for Piece {
    fn data(&self) -> TokenStream {
        match self {
            Self::Text(text) => {
                let text = text.data();
                quote!(qemu::Piece::Text(#text))
            }
            Self::Fd(slot) => quote!(qemu::Piece::Fd(#slot)),
            Self::Id(slot) => quote!(qemu::Piece::Id(#slot)),
            Self::VmName { otherwise } => {
                let otherwise = otherwise.data();
                quote!(qemu::Piece::VmName { otherwise: #otherwise })
            }
            Self::Mac { vm, device } => {
                let (vm, device) = (vm.data(), device.data());
                quote!(qemu::Piece::Mac { vm: #vm, device: #device })
            }
        }
    }
}

impl Data for Fragment {
    fn data(&self) -> TokenStream {
        let Self { target, steps, fds, ids, places } = self;
        let (target, steps, fds) = (target.data(), steps.data(), fds.data());
        let (ids, places) = (ids.data(), places.data());
        quote! {
            qemu::Fragment {
                target: #target,
                steps: #steps,
                fds: #fds,
                ids: #ids,
                places: #places,
            }
        }
    }
}

impl Data for Step {
    fn data(&self) -> TokenStream {
        let Self { action, id, pci, arguments, span } = self;
        let action = format_ident!("{action:?}");
        let (id, arguments, span) = (id.data(), arguments.data(), span.data());
        quote! {
            qemu::Step {
                action: qemu::Action::#action,
                id: #id,
                pci: #pci,
                arguments: #arguments,
                span: #span,
            }
        }
    }
}

impl Data for Member {
    fn data(&self) -> TokenStream {
        let Self { name, value } = self;
        let (name, value) = (name.data(), value.data());
        quote!(qemu::Member { name: #name, value: #value })
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
            Self::List(list) => ("List", list.data()),
            Self::Object(members) => ("Object", members.data()),
        };
        let variant = format_ident!("{variant}");
        quote!(qemu::Json::#variant(#value))
    }
}

impl Data for Rendered {
    fn data(&self) -> TokenStream {
        let Self { program, args, fds } = self;
        let (program, args, fds) = (program.data(), args.data(), fds.data());
        quote!(qemu::Rendered { program: #program, args: #args, fds: #fds })
    }
}

impl Data for Fd {
    fn data(&self) -> TokenStream {
        let Self { number, source, device, queue } = self;
        let (source, device) = (source.data(), device.data());
        quote!(qemu::Fd { number: #number, source: #source, device: #device, queue: #queue })
    }
}

impl<S: Data> Data for FdSource<S> {
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
            Self::VhostVsock { cid } => quote!(qemu::FdSource::VhostVsock { cid: #cid }),
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

impl Data for Target {
    fn data(&self) -> TokenStream {
        let (arch, version) = (self.arch.data(), self.version.data());
        quote!(qemu::Target { arch: #arch, version: #version })
    }
}

impl Data for Arch {
    fn data(&self) -> TokenStream {
        let variant = format_ident!("{}", format!("{self:?}"));
        quote!(qemu::Arch::#variant)
    }
}

impl Data for Version {
    fn data(&self) -> TokenStream {
        let Self { major, minor } = self;
        quote!(qemu::Version { major: #major, minor: #minor })
    }
}

impl Data for Span {
    fn data(&self) -> TokenStream {
        let Self { start, end } = self;
        quote!(qemu::Span { start: #start, end: #end })
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
