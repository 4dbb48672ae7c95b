//! Options as QEMU's arguments.
//!
//! **JSON where a property has members.** QEMU reads the lists of `-device` and `-object` without looking into a name:
//! `limits.bps-total` is a property that nothing has. It takes JSON there, of which it makes devices when those of
//! all lists are there. So behind the first such device all are JSON, and stay in their order.
//!
//! A block node without a backing file is JSON too: a list has no word for nothing.

use super::json::{self, Options, Writer};
use crate::plan::optlist::{self, Escape};
use crate::plan::{Arg, Json, Piece};
use crate::print::{Argument, Item, Output, Printed, piece};
use crate::qemu::changes;
use crate::schema::Kind;
use crate::{Span, Target};

/// The arguments, in their order. Where these are `joined` with others, it is not known yet which devices must be JSON.
pub(super) fn args(
    arguments: Vec<Argument>,
    target: Target,
    joined: bool,
    block_of: impl Fn(usize) -> u32,
) -> Vec<Arg> {
    let mut args = Vec::with_capacity(2 * arguments.len());
    let mut devices_are_json = false;
    let mut room = String::new();
    for Argument { statement, section, span, when, printed } in arguments {
        let (block, part) = (block_of(statement), section as u8);
        let mut as_json = None;
        let texts = match printed {
            Printed::Word(text) => [Some(text), None],
            Printed::Option { flag, escape, items } => {
                let list = match &*flag {
                    "-device" => {
                        let must_be = has_members(Kind::Device, &items, target);
                        devices_are_json |= must_be && !joined;
                        let can_be = joined && changes::DEVICE_JSON.is_in(target.version);
                        if can_be && !must_be && !items.iter().any(|item| item.late.is_some()) {
                            as_json = Some(json(Kind::Device, items.clone(), target).into());
                        }
                        if devices_are_json || must_be {
                            json(Kind::Device, items, target)
                        } else {
                            list(escape, items, &mut room)
                        }
                    }
                    "-object" if has_members(Kind::Object, &items, target) => {
                        json(Kind::Object, items, target)
                    }
                    "-blockdev" if items.iter().any(json::is_null) => json(Kind::Blockdev, items, target),
                    _ => list(escape, items, &mut room),
                };
                [Some(vec![piece(flag)]), Some(list)]
            }
        };
        args.extend(texts.into_iter().flatten().map(|text| Arg {
            text: text.into(),
            span,
            when,
            block,
            part,
            statement: statement as u32,
            json: None,
        }));
        if let Some(last) = args.last_mut() {
            last.json = as_json;
        }
    }
    args
}

/// The name of an option that comes later, which can't be: others hang on it.
pub(crate) fn late_option(output: &Output) -> Option<Span> {
    output.arguments.iter().find_map(|argument| match &argument.printed {
        Printed::Option { flag, items, .. } if flag.is_empty() => items.first()?.late_span(),
        Printed::Option { .. } | Printed::Word(_) => None,
    })
}

/// What of an option that is JSON comes later, which can't be said there: the type of a value would hang on it.
pub(crate) fn late_in_json(output: &Output, target: Target) -> Option<Span> {
    let options = || {
        output.arguments.iter().filter_map(|argument| match &argument.printed {
            Printed::Option { flag, items, .. } => Some((&**flag, items)),
            Printed::Word(_) => None,
        })
    };
    let devices_are_json =
        options().any(|(flag, items)| flag == "-device" && has_members(Kind::Device, items, target));
    let mut json = options().filter(|(flag, items)| match *flag {
        "-device" => devices_are_json,
        "-object" => has_members(Kind::Object, items, target),
        "-blockdev" => items.iter().any(json::is_null),
        _ => false,
    });
    json.find_map(|(_, items)| items.iter().find_map(Item::late_span))
}

/// An option's values as its argument has them.
fn list(escape: Escape, items: Vec<Item>, room: &mut String) -> Vec<Piece> {
    optlist::write(
        escape,
        items
            .into_iter()
            .map(|item| (item.given(), item))
            .map(|(given, item)| (item.name, item.value, given)),
        room,
    )
}

/// Whether a name reaches into a property.
fn has_members(kind: Kind, items: &[Item], target: Target) -> bool {
    let mut dotted = items.iter().filter_map(|item| item.name.as_deref()).filter(|name| name.contains('.'));
    let Some(first) = dotted.next() else { return false };
    let Some(driver) = items.first().filter(|item| item.name.is_none()) else { return false };
    let scope = Writer::new(target).scope(kind, json::plain(&driver.value).unwrap_or_default());
    std::iter::once(first).chain(dotted).any(|name| scope.knows_to_reach_into(name))
}

fn json(kind: Kind, items: Vec<Item>, target: Target) -> Vec<Piece> {
    let what = if kind == Kind::Object { "qom-type" } else { "driver" };
    let mut options = Options(items);
    let name = options.take_first(what);
    let writer = Writer::new(target);
    let scope = writer.scope(kind, json::plain(&name).unwrap_or_default());
    let mut members = vec![json::member(what, Json::Text(name.into()))];
    members.extend(writer.members(&scope, options));
    json::object(members).pieces()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use crate::plan::Plan;
    use crate::{Options, Version, compile};

    #[test]
    fn what_has_members_is_json_and_all_devices_behind_it() {
        let text = r#"
            machine q35
            object iothread id=i0
            object memory-backend-ram id=m size=16M host-nodes.1=2 host-nodes.0=0 policy=bind
            object memory-backend-ram id="n" size=16M
            blockdev null-co node-name=d size=1M
            device nvme-subsys id=s fdp.runs=96M
            device virtio-blk-pci drive=d serial="a\"b,c" iothread-vq-mapping.0.iothread=i0 iothread-vq-mapping.0.vqs.0=1
            netdev user mac=52:54:00:12:34:56 hostfwd=tcp::2222-:22
        "#;
        let target = Version::new(10, 0).into();
        let compiled = compile(text, &Options { target, ..Options::default() });
        assert_eq!(compiled.diagnostics, []);
        let plan = Plan::of(compiled.template.unwrap());
        let args: Vec<_> = plan.args().map(|arg| arg.to_str().unwrap()).collect();
        let of = |flag: &str| -> Vec<&str> {
            args.windows(2)
                .filter_map(|pair| Some(*pair.get(1)?).filter(|_| pair.first() == Some(&flag)))
                .collect()
        };
        assert_eq!(
            of("-object"),
            [
                "iothread,id=i0",
                r#"{"qom-type":"memory-backend-ram","id":"m","size":16777216,"policy":"bind","host-nodes":[0,2]}"#,
                "memory-backend-ram,id=n,size=16M",
            ]
        );
        assert_eq!(
            of("-device"),
            [
                "nvme-subsys,id=s,fdp.runs=96M",
                "{\"driver\":\"virtio-blk-pci\",\"drive\":\"d\",\"serial\":\"a\\\"b,c\",\
                 \"iothread-vq-mapping\":[{\"iothread\":\"i0\",\"vqs\":[1]}]}",
                r#"{"driver":"virtio-net-pci","netdev":"net0","mac":"52:54:00:12:34:56"}"#,
            ]
        );
        assert_eq!(of("-netdev"), ["user,id=net0,hostfwd=tcp::2222-:22"]);
    }
}
