//! Options as QMP's commands, for a guest that runs: JSON of the types that QEMU's schema names.
//!
//! QEMU takes a number that is written as text on its command line, and refuses it in a command. What the schema doesn't
//! know (it may lag behind QEMU) is taken for what it looks like.
//!
//! **A plugged device is called as its drive or network backend** where its statement names no id for it: without one
//! QEMU can't unplug it, and the statement's id is the one that people know.

use std::borrow::Cow;

use crate::hardware::NAMING;
use crate::plan::{Action, GeneratedId, Json, Member, Piece, Step};
use crate::print::{Argument, FD_SETS, Item, Printed, piece};
use crate::qemu::changes;
use crate::schema::{self, Kind, Lookup, PropertyType, Schema, Type};
use crate::value::{Size, ValueType as _};
use crate::{Span, Target};

/// Objects that need what other statements make. QEMU makes all others first, for the same reason.
const LATE_OBJECTS: &[&str] = &["rng-egd", "cryptodev-vhost-user", "colo-compare"];

/// The commands that add what `arguments` say, in the order in which they can be carried out.
pub(super) fn steps(arguments: Vec<Argument>, target: Target, ids: &mut Vec<GeneratedId>) -> Vec<Step> {
    let mut writer = Writer { schema: schema::nearest(target), target, ids };
    let mut steps = Vec::new();
    for Argument { span, printed, .. } in arguments {
        let Printed::Option { flag, items, .. } = printed else { continue };
        if let Some((phase, step)) = writer.step(flag, items) {
            steps.push((phase, Step { span, ..step }));
        }
    }
    // Stable: what stands at one level keeps the order of the source, with the owners of buses before their users.
    steps.sort_by_key(|(phase, _)| *phase);
    steps.into_iter().map(|(_, step)| step).collect()
}

struct Writer<'i> {
    schema: &'static Schema,
    target: Target,
    ids: &'i mut Vec<GeneratedId>,
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
        let name = options.take_first(what);
        let ty = self.schema.find(kind, &name);
        let scope = Scope::of(ty.as_ref());
        let id_name = if action == Action::Blockdev { "node-name" } else { "id" };
        let id = match (options.take(id_name), action) {
            (Some(id), _) => id,
            (None, Action::Device) => self.device_id(&options),
            (None, _) => Vec::new(),
        };
        let mut members = vec![member(what, text(&name)), member(id_name, Json::Text(id.clone().into()))];
        match action {
            Action::Chardev => {
                members = vec![
                    member("id", Json::Text(id.clone().into())),
                    member("backend", self.backend(&name, options, &scope)),
                ];
            }
            Action::Object if !changes::FLAT_OBJECTS.is_in(self.target.version) => {
                members.push(member("props", object(self.members(&scope, options))));
            }
            // A device's properties are its own, whatever dots are in their names.
            Action::Device => {
                members.extend(options.0.into_iter().filter_map(|item| self.member(&scope, item)));
            }
            Action::FdSet | Action::Object | Action::Blockdev | Action::Netdev => {
                members.extend(self.members(&scope, options));
            }
        }
        let late = LATE_OBJECTS.contains(&name.as_str()) || name.starts_with("filter-");
        let phase = if action == Action::Object && late { 4 } else { phase };
        let pci = action == Action::Device && ty.is_some_and(|ty| ty.bus() == Some("PCI"));
        let span = Span::default();
        Some((phase, Step { action, id: id.into(), pci, arguments: members.into(), span }))
    }

    /// The id of a device that has none: without one it could not be unplugged. It is called as what connects it to the
    /// host.
    fn device_id(&mut self, options: &Options) -> Vec<Piece> {
        let backend =
            options.0.iter().find(|item| item.name.as_deref().is_some_and(|name| NAMING.contains(&name)));
        match backend {
            Some(item) => item.value.clone(),
            None => {
                let slot = self.ids.len() as u32;
                let prefix = "device";
                let number = self.ids.iter().filter(|id| id.prefix == prefix).count() as u32;
                self.ids.push(GeneratedId { prefix: prefix.into(), number });
                vec![Piece::Id(slot)]
            }
        }
    }

    /// The members of an object: names with dots in them reach into members.
    fn members(&self, scope: &Scope<'_>, options: Options) -> Vec<Member> {
        let mut members: Vec<Member> = Vec::new();
        let mut nested: Vec<(String, Options)> = Vec::new();
        let mut lists: Vec<(String, Vec<Json>)> = Vec::new();
        for Item { name, value, is_open, written } in options.0 {
            let Some(name) = name else { continue };
            if let Some((outer, inner)) = name.split_once('.') {
                let item = Item { name: Some(inner.to_owned().into()), value, is_open, written };
                match nested.iter_mut().find(|(name, _)| name == outer) {
                    Some((_, options)) => options.0.push(item),
                    None => nested.push((outer.to_owned(), Options(vec![item]))),
                }
            } else if scope.is_list_of_strings(&name) {
                let entry = object(vec![member("str", Json::Text(value.into()))]);
                match lists.iter_mut().find(|(other, _)| *other == name) {
                    Some((_, list)) => list.push(entry),
                    None => lists.push((name.into_owned(), vec![entry])),
                }
            } else {
                members.extend(self.member(scope, Item { name: Some(name), value, is_open, written }));
            }
        }
        for (name, options) in nested {
            members.push(Member { value: self.nested(scope, &name, options), name: name.into() });
        }
        members.extend(
            lists
                .into_iter()
                .map(|(name, list)| Member { name: name.into(), value: Json::List(list.into()) }),
        );
        members
    }

    /// An object within one, or a list.
    fn nested(&self, scope: &Scope<'_>, name: &str, options: Options) -> Json {
        let is_list = options.0.iter().all(|item| {
            let number = item.name.as_deref().and_then(|name| name.split('.').next());
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        });
        if is_list {
            let elements = self.members(&scope.of_list(name), options);
            return Json::List(elements.into_iter().map(|member| member.value).collect());
        }
        // A block node within one: its own driver says what its members are.
        let driver = options.text("driver");
        let file = options.get("filename").filter(|_| name == "file" && driver.is_none());
        let file = file.map(|filename| member("driver", Json::FileDriver(filename.to_vec().into())));
        let driver = driver.or(file.as_ref().map(|_| "file"));
        let ty = driver.and_then(|driver| self.schema.find(Kind::Blockdev, driver));
        let scope = if driver.is_some() { Scope::of(ty.as_ref()) } else { scope.of_member(name) };
        object(file.into_iter().chain(self.members(&scope, options)).collect())
    }

    fn member(&self, scope: &Scope<'_>, item: Item) -> Option<Member> {
        let name = item.name?;
        let value = self.value(scope.property(&name), &name, item.value);
        Some(Member { name, value })
    }

    /// The value of the member `name`, of its type.
    fn value(&self, ty: Option<PropertyType>, name: &str, value: Vec<Piece>) -> Json {
        if let Some(PropertyType::List(element)) = ty {
            return Json::List(vec![self.value(Some(element.ty()), name, value)].into());
        }
        let refers = ty.is_some_and(|ty| self.is_reference(ty)) && plain(&value) != Some("");
        let Some(plain) = plain(&value).filter(|_| !refers) else {
            let is_set = matches!(value.as_slice(), [Piece::Text(path), Piece::Fd(_)] if path == FD_SETS);
            let all_text = value.iter().any(|piece| matches!(piece, Piece::Fd(_) | Piece::Mac { .. }));
            return if all_text && !is_set { Json::Text(value.into()) } else { Json::Id(value.into()) };
        };
        let typed = match ty {
            Some(PropertyType::Bool) => boolean(plain),
            Some(PropertyType::Int { .. }) => whole(plain),
            Some(PropertyType::Number | PropertyType::Size) => number(plain),
            Some(_) => None,
            // It is not known what it takes. A port is a text everywhere.
            None if name == "port" => None,
            None => guess(plain),
        };
        typed.unwrap_or_else(|| Json::Text(value.into()))
    }

    /// Whether it takes the id of something that a guest can be asked for: not of what it gets at its start only, such as an
    /// audio backend, nor of a part of its machine.
    fn is_reference(&self, ty: PropertyType) -> bool {
        let PropertyType::Id(what) = ty else { return false };
        matches!(what, "chardev" | "drive" | "netdev") || self.schema.driver(what).is_some()
    }

    /// A character device's backend. QEMU's command wants it in another shape than its option.
    fn backend(&self, name: &str, mut options: Options, scope: &Scope<'_>) -> Json {
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
                    if options.get(flag).is_none()
                        && (flag == "server" || options.text("server") == Some("on"))
                    {
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
        data.extend(options.0.into_iter().filter_map(|item| self.member(scope, item)));
        object(vec![member("type", text(name)), member("data", object(data))])
    }
}

/// What the schema says of an object's members.
struct Scope<'t> {
    ty: Option<&'t Type>,
    /// What stands before their names in the type.
    within: String,
    /// The type of all of them, where they are a list's elements.
    element: Option<PropertyType>,
}

impl<'t> Scope<'t> {
    fn of(ty: Option<&'t Type>) -> Self {
        Self { ty, within: String::new(), element: None }
    }

    fn of_member(&self, name: &str) -> Self {
        Self { ty: self.ty, within: format!("{}{name}.", self.within), element: None }
    }

    fn of_list(&self, name: &str) -> Self {
        let element = match self.property(name) {
            Some(PropertyType::List(element)) => Some(element.ty()),
            _ => None,
        };
        Self { element, ..self.of_member(name) }
    }

    fn property(&self, name: &str) -> Option<PropertyType> {
        if self.element.is_some() {
            return self.element;
        }
        match self.ty?.property(&format!("{}{name}", self.within)) {
            Lookup::Known(property) => Some(property.ty()),
            Lookup::Unknown | Lookup::CannotTell => None,
        }
    }

    /// Whether a network backend takes a list of texts by this name, which QEMU wraps in objects.
    fn is_list_of_strings(&self, name: &str) -> bool {
        self.ty.is_some_and(|ty| ty.kind() == Kind::Netdev)
            && matches!(self.property(name), Some(PropertyType::List(_)))
    }
}

/// The step to a set of one file descriptor. On the command line it has the descriptor's number, here a free one.
fn fd_set(items: Vec<Item>) -> Step {
    let mut options = Options(items);
    let mut id = vec![piece(FD_SETS)];
    id.extend(options.take("set").unwrap_or_default());
    let opaque = options.take("opaque").map(|opaque| member("opaque", Json::Text(opaque.into())));
    let arguments = opaque.into_iter().collect();
    Step { action: Action::FdSet, id: id.into(), pci: false, arguments, span: Span::default() }
}

/// An option's list of values.
struct Options(Vec<Item>);

impl Options {
    fn take(&mut self, name: &str) -> Option<Vec<Piece>> {
        let index = self.0.iter().position(|item| item.name.as_deref() == Some(name))?;
        Some(self.0.remove(index).value)
    }

    /// The text of the first value, which may stand without its name.
    fn take_first(&mut self, name: &str) -> String {
        let unnamed = self.0.iter().position(|item| item.name.is_none());
        let value = match unnamed {
            Some(index) => self.0.remove(index).value,
            None => self.take(name).unwrap_or_default(),
        };
        plain(&value).unwrap_or_default().to_owned()
    }

    fn get(&self, name: &str) -> Option<&[Piece]> {
        self.0.iter().find(|item| item.name.as_deref() == Some(name)).map(|item| item.value.as_slice())
    }

    fn text(&self, name: &str) -> Option<&str> {
        plain(self.get(name)?)
    }
}

/// A text without slots.
fn plain(value: &[Piece]) -> Option<&str> {
    match value {
        [Piece::Text(text)] => Some(text),
        _ => None,
    }
}

fn member(name: &'static str, value: Json) -> Member {
    Member { name: Cow::Borrowed(name), value }
}

fn object(members: Vec<Member>) -> Json {
    Json::Object(members.into())
}

fn text(value: &str) -> Json {
    Json::Text(vec![piece(value)].into())
}

fn boolean(text: &str) -> Option<Json> {
    match text {
        "on" | "yes" | "true" | "y" => Some(Json::Bool(true)),
        "off" | "no" | "false" | "n" => Some(Json::Bool(false)),
        _ => None,
    }
}

/// What C's `strtoll` reads with base 0.
fn whole(text: &str) -> Option<Json> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match digits.split_at_checked(2) {
        Some(("0x" | "0X", digits)) => (digits, 16),
        _ if digits.starts_with('0') => (digits, 8),
        _ => (digits, 10),
    };
    let number = u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))?;
    Some(Json::Int(sign * i128::from(number)))
}

fn number(text: &str) -> Option<Json> {
    whole(text).or_else(|| Some(Json::Int(i128::from(Size::parse(text).ok()?.bytes))))
}

fn guess(text: &str) -> Option<Json> {
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit());
    boolean(text).or_else(|| whole(text).filter(|_| decimal))
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
    data.extend(
        options
            .take("to")
            .map(|to| member("to", plain(&to).and_then(whole).unwrap_or(Json::Text(to.into())))),
    );
    object(data)
}

fn typed_flag(value: Vec<Piece>) -> Json {
    plain(&value).and_then(boolean).unwrap_or(Json::Text(value.into()))
}
