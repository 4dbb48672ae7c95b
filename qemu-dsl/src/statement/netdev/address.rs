//! Addresses of sockets, as QEMU has them: a sort, and what that needs.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::Val;
use crate::print::OptionArg;
use crate::statement::form::group;
use crate::value::{SocketPath, Text, choice};

choice! {
    /// What sort of socket it is.
    Sort {
        Unix "unix": "a file of the host",
        Inet "inet": "TCP",
        Vsock "vsock": "between the host and its guests (AF_VSOCK)",
        Fd "fd": "a file descriptor that QEMU has"
    }
}

choice! {
    /// The same of datagrams.
    DatagramSort {
        Unix "unix": "a file of the host",
        Inet "inet": "UDP",
        Fd "fd": "a file descriptor that QEMU has"
    }
}

impl From<DatagramSort> for Sort {
    fn from(sort: DatagramSort) -> Self {
        match sort {
            DatagramSort::Unix => Self::Unix,
            DatagramSort::Inet => Self::Inet,
            DatagramSort::Fd => Self::Fd,
        }
    }
}

/// The address's parts, whichever options they are.
pub(super) struct Address<'a> {
    /// What the options' names begin with: `addr`.
    pub(super) prefix: &'static str,
    pub(super) sort: Option<Val<Sort>>,
    pub(super) path: &'a Option<Val<SocketPath>>,
    pub(super) host: &'a Option<Val<Text>>,
    pub(super) port: &'a Option<Val<Text>>,
    pub(super) cid: Option<&'a Val<Text>>,
    pub(super) str: &'a Option<Val<Text>>,
}

/// Declares an address's options, behind a prefix. Rust joins no literals where a macro wants one.
macro_rules! addresses {
    ($($(#[doc = $doc:literal])+ $name:ident $ty:ident $prefix:literal
        $sort:literal $path:literal $host:literal $port:literal $str:literal $(cid $cid:literal)?)+
    ) => {$(
        group! {
            $(#[doc = $doc])+
            $name {
                /// What sort of address it is. Without it: as the rest of it tells.
                sort $sort: Option<Val<$ty>>,
                /// The socket's path.
                path $path: Option<Val<SocketPath>>,
                /// The host's name or address.
                host $host: Option<Val<Text>>,
                /// The port: a number, or a service's name.
                port $port: Option<Val<Text>>,
                $(
                    /// The context id of the host or guest, as AF_VSOCK has it.
                    cid $cid: Option<Val<Text>>,
                )?
                /// The number of the file descriptor, or its name in the monitor.
                str $str: Option<Val<Text>>,
            }
        }

        impl $name {
            pub(super) fn address(&self) -> Address<'_> {
                Address {
                    prefix: $prefix,
                    sort: self.sort.map(|sort| sort.map(Sort::from)),
                    path: &self.path,
                    host: &self.host,
                    port: &self.port,
                    cid: addresses!(@cid self $($cid)?),
                    str: &self.str,
                }
            }
        }
    )+};
    (@cid $self:ident $cid:literal) => { $self.cid.as_ref() };
    (@cid $self:ident) => { None };
}

addresses! {
    /// Where a stream goes.
    Addr Sort "addr" "addr.type" "addr.path" "addr.host" "addr.port" "addr.str" cid "addr.cid"
    /// Where packets come in.
    Local DatagramSort "local" "local.type" "local.path" "local.host" "local.port" "local.str"
    /// Where packets go.
    Remote DatagramSort "remote" "remote.type" "remote.path" "remote.host" "remote.port" "remote.str"
}

impl Address<'_> {
    /// What sort it is: `None` where nothing tells, or where that comes later.
    pub(super) fn sort(&self) -> Option<Sort> {
        match &self.sort {
            Some(sort) => sort.known().map(|sort| sort.value),
            None if self.path.is_some() => Some(Sort::Unix),
            None if self.cid.is_some() => Some(Sort::Vsock),
            None if self.host.is_some() || self.port.is_some() => Some(Sort::Inet),
            None => self.str.as_ref().map(|_| Sort::Fd),
        }
    }

    pub(super) fn is_there(&self) -> bool {
        self.sort.is_some() || self.sort().is_some()
    }

    /// Where it is said.
    pub(super) fn span(&self) -> Option<crate::Span> {
        let Self { sort, path, host, port, cid, str, .. } = self;
        let sort = sort.as_ref().map(Val::span);
        let parts =
            [path.as_ref().map(Val::span), host.as_ref().map(Val::span), port.as_ref().map(Val::span)];
        let rest = [cid.map(Val::span), str.as_ref().map(Val::span)];
        sort.into_iter().chain(parts.into_iter().flatten()).chain(rest.into_iter().flatten()).next()
    }

    /// Reports what a sort lacks, and what it has no use for. It is there.
    pub(super) fn check(&self, cx: &mut Checking<'_>) {
        let Some(sort) = self.sort() else { return };
        let Self { prefix, path, host, port, cid, str, .. } = self;
        let parts = [
            ("path", path.as_ref().map(Val::span), &[Sort::Unix][..], "a file's path"),
            ("host", host.as_ref().map(Val::span), &[Sort::Inet], "the host's name or address"),
            ("cid", cid.map(Val::span), &[Sort::Vsock], "the context id: the host's is 2"),
            ("port", port.as_ref().map(Val::span), &[Sort::Inet, Sort::Vsock], "the port's number"),
            ("str", str.as_ref().map(Val::span), &[Sort::Fd], "the descriptor's number"),
        ];
        for (part, span, of, what) in parts {
            match span {
                None if of.contains(&sort) => {
                    let message = format!("an address of the sort `{sort}` needs `{prefix}.{part}=`");
                    let diagnostic = Diagnostic::error(Code::MissingOption, message).at(cx.entry.head);
                    let help = format!("add `{prefix}.{part}=` and {what}");
                    cx.missing(part, diagnostic.help(help));
                }
                Some(span) if !of.contains(&sort) => {
                    let message = format!("an address of the sort `{sort}` has no `{part}`");
                    let other = of.first().map_or("", |sort| sort.as_str());
                    let help = Remedy::new(format!("leave it out, or write `{prefix}.type={other}`"));
                    let written = self.sort.as_ref().map(Val::span);
                    let help = written.map_or_else(|| help.clone(), |at| help.clone().replace(at, other));
                    cx.report(Diagnostic::error(Code::ExclusiveOptions, message).at(span).help(help));
                }
                _ => {}
            }
        }
    }

    /// Prints it.
    pub(super) fn print<'o>(&self, option: OptionArg<'o>) -> OptionArg<'o> {
        let Self { prefix, sort, path, host, port, cid, str } = self;
        let name = |part: &str| format!("{prefix}.{part}");
        let told = self.sort().filter(|_| sort.is_none()).map(Sort::as_str);
        option
            .set(name("type"), sort)
            .set(name("type"), told)
            .set(name("path"), path)
            .set(name("host"), host)
            .set(name("port"), port)
            .set(name("cid"), *cid)
            .set(name("str"), str)
    }
}
