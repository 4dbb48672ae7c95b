//! Options as JSON of the types that QEMU's schema names: for commands, and where an option's own syntax can't say
//! something.
//!
//! QEMU takes a number that is written as text on its command line, and refuses it in JSON. What the schema doesn't
//! know (it may lag behind QEMU) is taken for what it looks like.

use std::borrow::Cow;

use crate::Target;
use crate::bind::json;
use crate::plan::{Json, JsonType, Member, Piece};
use crate::print::{FD_SETS, Item, piece};
use crate::schema::{self, Kind, Lookup, PropertyType, Schema, Type};
use crate::value::{Numbers, ValueType as _};

/// Writes the members of options' objects.
pub(super) struct Writer {
    schemas: Vec<&'static Schema>,
}

impl Writer {
    pub(super) fn new(target: Target) -> Self {
        Self { schemas: schema::at_hand(target).collect() }
    }

    /// What is known of the members of a device, an object, ...
    pub(super) fn scope(&self, kind: Kind, name: &str) -> Scope {
        let types = self.schemas.iter().filter_map(|schema| schema.find(kind, name)).collect();
        Scope { kind, types, within: String::new(), element: None }
    }

    /// The members of an object: names with dots in them reach into members.
    pub(super) fn members(&self, scope: &Scope, options: Options) -> Vec<Member> {
        let mut members: Vec<Member> = Vec::new();
        let mut nested: Vec<(String, Options)> = Vec::new();
        let mut lists: Vec<(String, Vec<Json>)> = Vec::new();
        for item in options.0 {
            let Some(name) = &item.name else { continue };
            if let Some((outer, inner)) = name.split_once('.').filter(|_| scope.reaches_into(name)) {
                let (outer, inner) = (outer.to_owned(), Item { name: Some(inner.to_owned().into()), ..item });
                match nested.iter_mut().find(|(name, _)| *name == outer) {
                    Some((_, options)) => options.0.push(inner),
                    None => nested.push((outer, Options(vec![inner]))),
                }
            } else if scope.is_list_of_strings(name) {
                let entry = object(vec![member("str", Json::Text(item.value.into_vec().into()))]);
                match lists.iter_mut().find(|(other, _)| other == name) {
                    Some((_, list)) => list.push(entry),
                    None => lists.push((name.to_string(), vec![entry])),
                }
            } else if let Some(PropertyType::List(element)) = scope.property(name) {
                let more = self.elements(element.ty(), name, item.value.into_vec());
                match lists.iter_mut().find(|(other, _)| other == name) {
                    Some((_, list)) => list.extend(more),
                    None => lists.push((name.to_string(), more)),
                }
            } else if scope.kind == Kind::Blockdev && is_null(&item) {
                members.push(Member { name: "backing".into(), value: Json::Null });
            } else {
                members.extend(self.member(scope, item));
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
    fn nested(&self, scope: &Scope, name: &str, mut options: Options) -> Json {
        let number = |item: &Item| item.name.as_deref()?.split('.').next()?.parse::<u32>().ok();
        if options.0.iter().all(|item| number(item).is_some()) {
            // Stable: what is in an element keeps its order.
            options.0.sort_by_key(number);
            let elements = self.members(&scope.of_list(name), options);
            return Json::List(elements.into_iter().map(|member| member.value).collect());
        }
        if scope.kind != Kind::Blockdev {
            return object(self.members(&scope.of_member(name), options));
        }
        // A block node within one: its own driver says what its members are.
        let driver = options.text("driver");
        let file = options.get("filename").filter(|_| name == "file" && options.get("driver").is_none());
        let file = file.map(|filename| member("driver", Json::FileDriver(filename.to_vec().into())));
        let driver = driver.or(file.as_ref().map(|_| "file"));
        let scope = driver.map_or_else(|| scope.of_member(name), |driver| self.scope(Kind::Blockdev, driver));
        object(file.into_iter().chain(self.members(&scope, options)).collect())
    }

    pub(super) fn member(&self, scope: &Scope, item: Item) -> Option<Member> {
        let name = item.name?;
        let value = self.value(scope.property(&name), &name, item.value.into_vec());
        Some(Member { name, value })
    }

    /// The elements of a list, of which one value can say several: `0-3`.
    fn elements(&self, ty: PropertyType, name: &str, value: Vec<Piece>) -> Vec<Json> {
        let numbers = plain(&value).and_then(|text| Numbers::parse(text).ok());
        match numbers.filter(|_| matches!(ty, PropertyType::Int { .. })) {
            Some(numbers) => (numbers.first..=numbers.last)
                .map(|number| self.value(Some(ty), name, vec![piece(number.to_string())]))
                .collect(),
            None => vec![self.value(Some(ty), name, value)],
        }
    }

    /// The value of the member `name`, of its type.
    fn value(&self, ty: Option<PropertyType>, name: &str, value: Vec<Piece>) -> Json {
        if let Some(PropertyType::List(element)) = ty {
            return Json::List(vec![self.value(Some(element.ty()), name, value)].into());
        }
        let refers = ty.is_some_and(|ty| self.is_reference(ty)) && plain(&value) != Some("");
        let json_type = match ty {
            Some(PropertyType::Bool) => JsonType::Bool,
            Some(PropertyType::Int { .. }) => JsonType::Int,
            Some(PropertyType::Number | PropertyType::Size) => JsonType::Number,
            Some(_) => JsonType::Text,
            // It is not known what it takes. A port is a text everywhere.
            None if name == "port" => JsonType::Text,
            None => JsonType::Guess,
        };
        // A number that is generated.
        let is_number = json_type == JsonType::Int && matches!(value.as_slice(), [Piece::Id(_)]);
        if is_number {
            return Json::Late(value.into(), json_type);
        }
        if !refers && (is_late(&value) || plain(&value).is_some()) {
            return typed(value, json_type);
        }
        let is_set = matches!(value.as_slice(), [Piece::Text(path), Piece::Fd(_)] if path == FD_SETS);
        let all_text = value.iter().any(|piece| matches!(piece, Piece::Fd(_) | Piece::Mac { .. }));
        if all_text && !is_set { Json::Text(value.into()) } else { Json::Id(value.into()) }
    }

    /// Whether it takes the id of something that a guest can be asked for: not of what it gets at its start only, such as an
    /// audio backend, nor of a part of its machine.
    fn is_reference(&self, ty: PropertyType) -> bool {
        let PropertyType::Id(what) = ty else { return false };
        matches!(what, "chardev" | "drive" | "netdev")
            || self.schemas.iter().any(|schema| schema.driver(what).is_some())
    }
}

/// Whether it says that a block node has no backing file, whatever the image names.
pub(super) fn is_null(item: &Item) -> bool {
    let name = item.name.as_deref().unwrap_or_default();
    name.rsplit('.').next() == Some("backing") && plain(&item.value) == Some("null")
}

/// What the schemas say of an object's members.
pub(super) struct Scope {
    kind: Kind,
    /// What it is in each schema that knows it, the nearest first.
    types: Vec<Type>,
    /// What stands before their names in the type.
    within: String,
    /// The type of all of them, where they are a list's elements.
    element: Option<PropertyType>,
}

impl Scope {
    /// The type of bus that a device plugs into.
    pub(super) fn bus(&self) -> Option<&'static str> {
        self.types.first()?.bus()
    }

    /// Whether `name` reaches into a property. A device's properties are its own, whatever dots are in their names, but
    /// for those that the schema knows to have members.
    pub(super) fn reaches_into(&self, name: &str) -> bool {
        let is_device = self.kind == Kind::Device && self.within.is_empty();
        name.contains('.') && (!is_device || self.knows_to_reach_into(name))
    }

    /// Whether a schema says so.
    pub(super) fn knows_to_reach_into(&self, name: &str) -> bool {
        self.types.iter().any(|ty| ty.reached_by(name).is_some())
    }

    fn of_member(&self, name: &str) -> Self {
        let within = format!("{}{name}.", self.within);
        Self { kind: self.kind, types: self.types.clone(), within, element: None }
    }

    fn of_list(&self, name: &str) -> Self {
        let element = match self.property(name) {
            Some(PropertyType::List(element)) => Some(element.ty()),
            _ => None,
        };
        Self { element, ..self.of_member(name) }
    }

    fn property(&self, name: &str) -> Option<PropertyType> {
        let known = |ty: &Type| match ty.property(&format!("{}{name}", self.within)) {
            Lookup::Known(property) => Some(property.ty()),
            Lookup::Unknown | Lookup::CannotTell => None,
        };
        self.element.or_else(|| self.types.iter().find_map(known))
    }

    /// Whether a network backend takes a list of texts by this name, which QEMU wraps in objects.
    fn is_list_of_strings(&self, name: &str) -> bool {
        self.kind == Kind::Netdev && matches!(self.property(name), Some(PropertyType::List(_)))
    }
}

/// An option's list of values.
pub(super) struct Options(pub(super) Vec<Item>);

impl Options {
    pub(super) fn take(&mut self, name: &str) -> Option<Vec<Piece>> {
        let index = self.0.iter().position(|item| item.name.as_deref() == Some(name))?;
        Some(self.0.remove(index).value.into_vec())
    }

    /// The first value, which may stand without its name.
    pub(super) fn take_first(&mut self, name: &str) -> Vec<Piece> {
        let unnamed = self.0.iter().position(|item| item.name.is_none());
        match unnamed {
            Some(index) => self.0.remove(index).value.into_vec(),
            None => self.take(name).unwrap_or_default(),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&[Piece]> {
        self.0.iter().find(|item| item.name.as_deref() == Some(name)).map(|item| &*item.value)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        plain(self.get(name)?)
    }
}

/// A text without slots.
pub(super) fn plain(value: &[Piece]) -> Option<&str> {
    match value {
        [Piece::Text(text)] => Some(text),
        _ => None,
    }
}

pub(super) fn member(name: &'static str, value: Json) -> Member {
    Member { name: Cow::Borrowed(name), value }
}

pub(super) fn object(members: Vec<Member>) -> Json {
    Json::Object(members.into())
}

pub(super) fn text(value: &str) -> Json {
    Json::Text(vec![piece(value.to_owned())].into())
}

/// A text that is of this type, where it is one.
pub(super) fn typed(value: Vec<Piece>, ty: JsonType) -> Json {
    if is_late(&value) {
        return Json::Late(value.into(), ty);
    }
    plain(&value).and_then(|text| json::read(ty, text)).unwrap_or(Json::Text(value.into()))
}

/// Whether a value in it comes later.
pub(super) fn is_late(value: &[Piece]) -> bool {
    value.iter().any(|piece| matches!(piece, Piece::Blank { .. }))
}
