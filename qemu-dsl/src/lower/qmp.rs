//! Options as QMP's commands, for a guest that runs.
//!
//! **A plugged device is called as its drive or network backend** where its statement names no id for it: without one
//! QEMU can't unplug it, and the statement's id is the one that people know.

use super::json::{self, Options, Scope, member, object, plain, text, typed};
use crate::hardware::NAMING;
use crate::plan::{Action, GeneratedId, Json, JsonType, Member, Piece, Step};
use crate::print::{Argument, FD_SETS, Item, Printed, piece};
use crate::qemu::changes;
use crate::schema::Kind;
use crate::{Span, Target};

/// Objects that need what other statements make. QEMU makes all others first, for the same reason.
const LATE_OBJECTS: &[&str] = &["rng-egd", "cryptodev-vhost-user", "colo-compare"];

/// The commands that add what `arguments` say, in the order in which they can be carried out.
pub(super) fn steps(
    arguments: Vec<Argument>,
    target: Target,
    ids: &mut Vec<GeneratedId>,
    block_of: impl Fn(usize) -> u32,
) -> Vec<Step> {
    let mut writer = Writer { json: json::Writer::new(target), target, ids, block: 0 };
    let mut steps = Vec::new();
    for Argument { statement, span, when, printed, .. } in arguments {
        writer.block = block_of(statement);
        let Printed::Option { flag, items, .. } = printed else { continue };
        if let Some((phase, step)) = writer.step(&flag, items) {
            steps.push(Step { span, when, block: writer.block, part: phase, ..step });
        }
    }
    // Stable: what stands at one level keeps the order of the source, with the owners of buses before their users.
    steps.sort_by_key(|step| step.part);
    steps
}

struct Writer<'i> {
    json: json::Writer,
    target: Target,
    ids: &'i mut Vec<GeneratedId>,
    /// The block of the statement whose options are written.
    block: u32,
}

impl Writer<'_> {
    /// The command for an option, and when it comes among the others.
    fn step(&mut self, flag: &str, items: Vec<Item>) -> Option<(u8, Step)> {
        let (phase, action, kind, what) = match flag {
            "-add-fd" => return Some((0, fd_set(items))),
            "-object" => (0, Action::Object, Kind::Object, "qom-type"),
            "-chardev" => (1, Action::Chardev, Kind::Chardev, "type"),
            "-blockdev" => (2, Action::Blockdev, Kind::Blockdev, "driver"),
            "-netdev" => (3, Action::Netdev, Kind::Netdev, "type"),
            "-device" => (5, Action::Device, Kind::Device, "driver"),
            // Nothing else is printed for devices: what has no command was refused.
            _ => return None,
        };
        let mut options = Options(items);
        let first = options.take_first(what);
        let name = plain(&first).unwrap_or_default().to_owned();
        let scope = self.json.scope(kind, &name);
        let id_name = if action == Action::Blockdev { "node-name" } else { "id" };
        let id = match (options.take(id_name), action) {
            (Some(id), _) => id,
            (None, Action::Device) => self.device_id(&options),
            (None, _) => Vec::new(),
        };
        let mut members =
            vec![member(what, Json::Text(first.into())), member(id_name, Json::Text(id.clone().into()))];
        match action {
            Action::Chardev => {
                members = vec![
                    member("id", Json::Text(id.clone().into())),
                    member("backend", self.backend(&name, options, &scope)),
                ];
            }
            Action::Object if !changes::FLAT_OBJECTS.is_in(self.target.version) => {
                members.push(member("props", object(self.json.members(&scope, options))));
            }
            Action::FdSet | Action::Object | Action::Blockdev | Action::Netdev | Action::Device => {
                members.extend(self.json.members(&scope, options));
            }
        }
        let late = LATE_OBJECTS.contains(&name.as_str()) || name.starts_with("filter-");
        let phase = if action == Action::Object && late { 4 } else { phase };
        let pci = action == Action::Device && scope.bus() == Some("PCI");
        Some((phase, step(action, id, pci, members)))
    }

    /// The id of a device that has none: without one it could not be unplugged. It is called as what connects it to the
    /// host.
    fn device_id(&mut self, options: &Options) -> Vec<Piece> {
        let backend =
            options.0.iter().find(|item| item.name.as_deref().is_some_and(|name| NAMING.contains(&name)));
        match backend {
            Some(item) => item.value.to_vec(),
            None => {
                let slot = self.ids.len() as u32;
                let prefix = "device";
                let number = self.ids.iter().filter(|id| id.prefix == prefix).count() as u32;
                self.ids.push(GeneratedId { prefix: prefix.into(), number, unless: None, block: self.block });
                vec![Piece::Id(slot)]
            }
        }
    }

    /// A character device's backend. QEMU's command wants it in another shape than its option.
    fn backend(&self, name: &str, mut options: Options, scope: &Scope) -> Json {
        let name = match name {
            "tty" => "serial",
            "parport" => "parallel",
            "memory" => "ringbuf",
            name => name,
        };
        let mut data = Vec::new();
        match name {
            "socket" => {
                data.push(member("addr", socket_address(&mut options)));
                // A server is the command's default, and not the option's. And QEMU would wait for a client before it
                // answers.
                for flag in ["server", "wait"] {
                    let is_server = options.text("server") == Some("on");
                    if options.get(flag).is_none() && (flag == "server" || is_server) {
                        data.push(member(flag, Json::Bool(false)));
                    }
                }
            }
            "udp" => {
                data.push(member("remote", address("inet", inet(&mut options, "host", "port"))));
                if options.get("localaddr").or(options.get("localport")).is_some() {
                    data.push(member("local", address("inet", inet(&mut options, "localaddr", "localport"))));
                }
            }
            "file" => {
                data.extend(options.take("path").map(|path| member("out", Json::Text(path.into()))));
                data.extend(options.take("input-path").map(|path| member("in", Json::Text(path.into()))));
            }
            "pipe" | "serial" | "parallel" => {
                data.extend(options.take("path").map(|path| member("device", Json::Text(path.into()))));
            }
            "spicevmc" | "spiceport" => {
                let inner = if name == "spicevmc" { "type" } else { "fqdn" };
                data.extend(options.take("name").map(|path| member(inner, Json::Text(path.into()))));
            }
            _ => {}
        }
        data.extend(options.0.into_iter().filter_map(|item| self.json.member(scope, item)));
        object(vec![member("type", text(name)), member("data", object(data))])
    }
}

/// The step to a set of one file descriptor. On the command line it has the descriptor's number, here a free one.
fn fd_set(items: Vec<Item>) -> Step {
    let mut options = Options(items);
    let mut id = vec![piece(FD_SETS)];
    id.extend(options.take("set").unwrap_or_default());
    let opaque = options.take("opaque").map(|opaque| member("opaque", Json::Text(opaque.into())));
    let arguments = opaque.into_iter().collect();
    step(Action::FdSet, id, false, arguments)
}

fn step(action: Action, id: Vec<Piece>, pci: bool, arguments: Vec<Member>) -> Step {
    let arguments = arguments.into();
    Step { action, id: id.into(), pci, arguments, span: Span::default(), when: None, block: 0, part: 0 }
}

fn socket_address(options: &mut Options) -> Json {
    let (kind, data) = if let Some(path) = options.take("path") {
        let mut data = vec![member("path", Json::Text(path.into()))];
        for flag in ["abstract", "tight"] {
            data.extend(options.take(flag).map(|value| member(flag, typed_flag(value))));
        }
        ("unix", object(data))
    } else if let Some(fd) = options.take("fd") {
        ("fd", object(vec![member("str", Json::Text(fd.into()))]))
    } else {
        ("inet", inet(options, "host", "port"))
    };
    address(kind, data)
}

fn address(kind: &str, data: Json) -> Json {
    object(vec![member("type", text(kind)), member("data", data)])
}

fn inet(options: &mut Options, host: &str, port: &str) -> Json {
    let host = options.take(host).map_or_else(|| text(""), |host| Json::Text(host.into()));
    let port = options.take(port).map_or_else(|| text("0"), |port| Json::Text(port.into()));
    let mut data = vec![member("host", host), member("port", port)];
    for flag in ["ipv4", "ipv6"] {
        data.extend(options.take(flag).map(|value| member(flag, typed_flag(value))));
    }
    data.extend(options.take("to").map(|to| member("to", typed(to, JsonType::Int))));
    object(data)
}

fn typed_flag(value: Vec<Piece>) -> Json {
    typed(value, JsonType::Bool)
}
