//! `throttle-group`

use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::{Property, PropertyValue, Val};
use crate::print::Lowering;
use crate::schema::Kind;
use crate::source::Node;
use crate::statement::form::{Form, form, statement};
use crate::table::Also;
use crate::value::{IdText, Size, UInt, ValueType as _};

statement! {
    /// How much a disk, or several together, may read and write.
    STATEMENT "throttle-group" many pluggable Devices [ThrottleGroup]
    example "throttle-group slow iops-total=100 bps-total=4M\nblockdev null-co node-name=n size=1G\nblockdev throttle node-name=t file=n throttle-group=slow"
}

/// A number in a second, or in what is read and written at once.
type Rate = Option<Val<UInt<0, 1_000_000_000_000_000>>>;
/// Bytes in a second.
type Bytes = Option<Val<Size>>;
/// Seconds.
type Seconds = Option<Val<UInt<1, { u32::MAX as u64 }>>>;

/// Declares the form, and for each limit its options: what it is called, and its type.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $base:ident $base_name:literal $max:ident $max_name:literal
        $length:ident $length_name:literal: $ty:ty;)+) => {
        form! {
            /// How much a disk, or several together, may read and write: `throttle-group=ID` of a `blockdev throttle`. A limit
            /// of all excludes one of reads or writes.
            ThrottleGroup {
                /// Its id.
                id "id": Val<IdText> { positional: true },
                $(
                    $(#[doc = $doc])+
                    $base $base_name: $ty,
                    /// The same for a short time.
                    $max $max_name: $ty,
                    /// How long that is, in seconds.
                    $length $length_name: Seconds,
                )+
                /// A request of so many bytes counts as one, a longer one as several.
                iops_size "iops-size": Bytes,
            }
            opens object [(Kind::Object, "throttle-group")]
        }

        impl ThrottleGroup {
            /// The limits: their names, and where the text has them.
            fn limits(&self) -> Vec<Limit> {
                vec![$(Limit {
                    name: $base_name,
                    base: self.$base.as_ref().map(Val::span),
                    max: self.$max.as_ref().map(Val::span),
                    length: self.$length.as_ref().map(Val::span),
                }),+]
            }
        }

        /// How much a drive may read and write, as `-drive` has it.
        pub(crate) const OF_DRIVES: Also = Also::new(
            &[
                $(
                    concat!("throttling.", $base_name),
                    concat!("throttling.", $max_name),
                    concat!("throttling.", $length_name),
                )+
                "throttling.iops-size",
                "throttling.group",
            ],
            "How much it may read and write: `throttling.bps-total`, `-read` and `-write` bytes in a second, \
             `throttling.iops-total`, `-read` and `-write` requests. The same with `-max` holds for a second, or for as many as \
             `-max-length` says. A request of more than `throttling.iops-size` bytes counts as several. Drives of one \
             `throttling.group` share all of it.",
        );

        /// Reports what is wrong with a drive's limits.
        pub(crate) fn check_drive(limits: &[&Property], cx: &mut Checking<'_>) {
            let own = |name: &str| limits.iter().find(|limit| limit.name.as_str().strip_prefix(PREFIX) == Some(name));
            for limit in limits {
                let PropertyValue::Text(value) = &limit.value else {
                    let message = format!("`{}` needs a value", limit.name.as_str());
                    let help = format!("write `{}=100`", limit.name.as_str());
                    cx.report(Diagnostic::error(Code::MissingValue, message).at(limit.name.span).help(help));
                    continue;
                };
                match limit.name.as_str().strip_prefix(PREFIX).unwrap_or_default() {
                    "group" => {}
                    $($length_name => cx.wants::<UInt<1, { u32::MAX as u64 }>>(value),)+
                    name if is_bytes(name) => cx.wants::<Size>(value),
                    _ => cx.wants::<UInt<0, 1_000_000_000_000_000>>(value),
                }
            }
            let at = |name: &str| own(name).map(|limit| limit.name.span);
            let all = [$(Limit {
                name: $base_name,
                base: at($base_name),
                max: at($max_name),
                length: at($length_name),
            }),+];
            check(&all, PREFIX, cx);
        }

        impl Form for ThrottleGroup {
            fn check(&self, cx: &mut Checking<'_>) {
                check(&self.limits(), "", cx);
            }

            // JSON has them without the `x-`, in a struct, which QEMU 5.2 doesn't take.
            fn lower(&self, out: &mut Lowering<'_>) {
                out.object("throttle-group")
                    .set("id", &self.id)
                    $(
                        .set(concat!("x-", $base_name), &self.$base)
                        .set(concat!("x-", $max_name), &self.$max)
                        .set(concat!("x-", $length_name), &self.$length)
                    )+
                    .set("x-iops-size", &self.iops_size)
                    .written_out(&self.object);
            }
        }
    };
}

limits! {
    /// So many reads and writes in a second at most.
    iops_total "iops-total" iops_total_max "iops-total-max" iops_total_max_length "iops-total-max-length": Rate;
    /// So many reads.
    iops_read "iops-read" iops_read_max "iops-read-max" iops_read_max_length "iops-read-max-length": Rate;
    /// So many writes.
    iops_write "iops-write" iops_write_max "iops-write-max" iops_write_max_length "iops-write-max-length": Rate;
    /// So many bytes that are read and written in a second.
    bps_total "bps-total" bps_total_max "bps-total-max" bps_total_max_length "bps-total-max-length": Bytes;
    /// So many bytes that are read.
    bps_read "bps-read" bps_read_max "bps-read-max" bps_read_max_length "bps-read-max-length": Bytes;
    /// So many bytes that are written.
    bps_write "bps-write" bps_write_max "bps-write-max" bps_write_max_length "bps-write-max-length": Bytes;
}

/// A limit: its name, and where the text has it, its peak, and how long that may last.
struct Limit {
    name: &'static str,
    base: Option<Span>,
    max: Option<Span>,
    length: Option<Span>,
}

/// What `-drive` puts before the names.
const PREFIX: &str = "throttling.";

fn is_bytes(name: &str) -> bool {
    name.starts_with("bps-") || name == "iops-size"
}

/// A drive's limit as QEMU reads it, which takes no unit.
pub(crate) fn plain(limit: &Property) -> Property {
    let mut plain = limit.clone();
    let is_size = limit
        .name
        .as_str()
        .strip_prefix(PREFIX)
        .is_some_and(|name| is_bytes(name) && !name.ends_with("length"));
    if let (true, PropertyValue::Text(Val::Known(text))) = (is_size, &limit.value)
        && let Ok(size) = Size::parse(text)
    {
        plain.value = PropertyValue::Text(Val::Known(Node::new(size.bytes.to_string(), text.span)));
    }
    plain
}

/// Reports what is wrong with limits that have this before their names.
fn check(limits: &[Limit], prefix: &str, cx: &mut Checking<'_>) {
    for limit in limits {
        let name = format!("{prefix}{}", limit.name);
        let needed = match limit {
            Limit { base: None, max: Some(max), .. } => Some((*max, format!("{name}-max"), name.clone())),
            Limit { max: None, length: Some(length), .. } => {
                Some((*length, format!("{name}-max-length"), format!("{name}-max")))
            }
            _ => None,
        };
        if let Some((at, what, needed)) = needed {
            let diagnostic = Diagnostic::error(Code::MissingOption, format!("`{what}` needs `{needed}=`"));
            cx.report(diagnostic.at(at).help(format!("add `{needed}=`")));
        }
    }
    for sort in ["iops", "bps"] {
        let at = |which: &str| {
            let name = format!("{sort}-{which}");
            limits.iter().find(|limit| limit.name == name).and_then(|limit| limit.base)
        };
        let part = ["read", "write"].into_iter().find_map(|which| Some((which, at(which)?)));
        if let (Some(total), Some((which, part))) = (at("total"), part) {
            cx.report(
                Diagnostic::error(
                    Code::ExclusiveOptions,
                    format!("`{prefix}{sort}-total` and `{prefix}{sort}-{which}` exclude each other"),
                )
                .label(total, "this")
                .label(part, "and this")
                .help("leave out one of them"),
            );
        }
    }
}
