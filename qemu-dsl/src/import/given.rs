//! QEMU's options as a command line gives them, and whether two say the same.
//!
//! **File descriptors.** Where a plan's table has the number that an option has, that isn't compared, but what it is a number
//! of: behind the item stand others that say so.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use super::json;
use crate::plan::{Fact, FdSource, arguments, optlist};
use crate::print::FD_SETS;

/// Stands for the number of a file descriptor, and in the names of items that tell of one.
pub(super) const FD: char = '\u{e003}';

/// What file descriptors are open on, by their numbers.
pub(super) type Fds = HashMap<String, FdSource<String, String>>;

/// One of QEMU's options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// Its place among the arguments.
    pub(super) at: usize,
    /// With one hyphen, whatever it is written with. Empty for an image, which has no option.
    pub(super) flag: String,
    /// As it is written.
    pub(super) written: String,
    pub(super) value: Option<String>,
    /// What its list has, where it is one.
    pub(super) items: Vec<Item>,
    /// The least number of the file descriptors of the plan's that it has.
    pub(super) fd: Option<u32>,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) value: String,
}

impl Item {
    pub(super) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// What the first value is called where it has no name.
const IMPLIED: &[(&str, &str)] = &[
    ("-accel", "accel"),
    ("-audiodev", "driver"),
    ("-blockdev", "driver"),
    ("-boot", "order"),
    ("-chardev", "backend"),
    ("-cpu", "model"),
    ("-device", "driver"),
    ("-display", "type"),
    ("-fsdev", "fsdriver"),
    ("-fw_cfg", "name"),
    ("-icount", "shift"),
    ("-m", "size"),
    ("-machine", "type"),
    ("-mon", "chardev"),
    ("-name", "guest"),
    ("-netdev", "type"),
    ("-numa", "type"),
    ("-object", "qom-type"),
    ("-plugin", "file"),
    ("-sandbox", "enable"),
    ("-smp", "cpus"),
    ("-tpmdev", "type"),
    ("-vnc", "vnc"),
];

/// Options whose value may be JSON.
const JSON: &[&str] = &["-audiodev", "-blockdev", "-device", "-display", "-machine", "-netdev", "-object"];

impl Given {
    pub(super) fn new(at: usize, flag: impl Into<String>, value: Option<String>) -> Self {
        let flag = flag.into();
        let items = value.as_deref().map(|value| items(&flag, value)).unwrap_or_default();
        Self { at, written: flag.clone(), flag, value, items, fd: None }
    }

    /// The option of these items, of which the first may have no name.
    pub(super) fn of_list(at: usize, flag: &str, list: &[(&str, &str)]) -> Self {
        let mut value = String::new();
        for (number, (name, text)) in list.iter().enumerate() {
            if number > 0 {
                value.push(',');
            }
            if !name.is_empty() {
                value.push_str(name);
                value.push('=');
            }
            value.push_str(&optlist::Escape::Comma.apply(text));
        }
        Self::new(at, flag, Some(value))
    }

    /// The place of its last argument.
    pub(super) fn last(&self) -> usize {
        self.at + usize::from(self.value.is_some() && !self.flag.is_empty())
    }

    /// The value of this name, the last one where there are several.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.items.iter().rev().find(|item| item.name == name).map(|item| item.value.as_str())
    }

    /// Whether it says the same as the other, which may leave out what QEMU works out.
    pub(super) fn says_as(&self, other: &Self) -> bool {
        let has_fds = self.items.iter().any(|item| item.name.contains(FD));
        self.flag == other.flag && (!has_fds && self.value == other.value || self.has_items_of(other))
    }

    /// Tells what the numbers of file descriptors in it are numbers of.
    fn tell(&mut self, fds: &Fds) {
        let is_address = self.get("addr.type") == Some("fd");
        let items = std::mem::take(&mut self.items);
        for item in items {
            let numbers = match item.name.as_str() {
                "fd" | "fds" | "set" | "vhostfd" | "vhostfds" => Some(("", item.value.as_str())),
                "addr.str" if is_address => Some(("", item.value.as_str())),
                _ => [FD_SETS, FD_PATHS]
                    .into_iter()
                    .find_map(|before| Some((before, item.value.strip_prefix(before)?))),
            };
            let sources = numbers.and_then(|(_, numbers)| {
                numbers.split(':').map(|number| fds.get(number)).collect::<Option<Vec<_>>>()
            });
            match (numbers, sources) {
                (Some((before, numbers)), Some(sources)) => {
                    let numbers = numbers.split(':').filter_map(|number| number.parse().ok());
                    self.fd = numbers.chain(self.fd).min();
                    self.items.extend(told(&item.name, before, &sources));
                }
                _ => self.items.push(item),
            }
        }
    }

    fn has_items_of(&self, other: &Self) -> bool {
        let values = |given: &Self, name: &str| -> Vec<String> {
            let of_name = given.items.iter().filter(|item| item.name == name);
            of_name.map(|item| item.value.clone()).collect()
        };
        let is_same = |name: &str| {
            let (own, others) = (values(self, name), values(other, name));
            let is_left_out = others.is_empty() && is_derived(&self.flag, name);
            is_left_out
                || (own.len() == others.len()
                    && own.iter().zip(&others).all(|(own, other)| same(&self.flag, name, own, other)))
        };
        !self.items.is_empty()
            && self.items.iter().all(|item| is_same(&item.name))
            && other.items.iter().all(|item| is_same(&item.name))
    }
}

/// Whether QEMU works out this item where it is left out, and the statement prints what comes of it.
pub(super) fn is_derived(flag: &str, name: &str) -> bool {
    flag == "-smp" && name != "cpus"
}

/// What stands before the number of a file descriptor where it is a path.
const FD_PATHS: &str = "/proc/self/fd/";

/// An item of file descriptors, and what they are open on.
pub(super) fn told(name: &str, before: &str, sources: &[&FdSource<String, String>]) -> Vec<Item> {
    let numbers = vec![FD.to_string(); sources.len()].join(":");
    let mut items = vec![Item::new(name, format!("{before}{numbers}"))];
    // A set is called like its member.
    if name == "set" {
        return items;
    }
    items.push(Item::new(format!("{name}{FD}count"), sources.len().to_string()));
    for source in sources {
        let mut tell = |what: &str, value: &dyn fmt::Display| {
            items.push(Item::new(format!("{name}{FD}{what}"), value.to_string()));
        };
        tell("kind", &source.kind());
        // How large a file in memory is, the object that it holds says as well.
        for (what, fact) in source.facts().filter(|(what, _)| *what != "size") {
            match fact {
                Fact::Name(text) | Fact::Number(text) => tell(what, text),
                Fact::Switch(is_on) => tell(what, &is_on),
            }
        }
    }
    items
}

/// The options of a command line. Where they may be `merged`, what can be given several times and adds up is one option:
/// `-machine`.
pub(super) fn read(args: &[String], fds: &Fds, merged: bool) -> Vec<Given> {
    let mut all: Vec<Given> = Vec::new();
    for argument in arguments::split(args.iter().map(String::as_str)) {
        let name = argument.name.map(arguments::bare);
        let flag = match name {
            Some("M") => "-machine".to_owned(),
            Some(name) => format!("-{name}"),
            None => String::new(),
        };
        let mut given = Given::new(argument.at, flag, argument.value.map(str::to_owned));
        given.tell(fds);
        given.written = argument.name.unwrap_or_default().to_owned();
        let is_added = |other: &&mut Given| merged && other.flag == "-machine" && given.flag == "-machine";
        match all.iter_mut().find(is_added) {
            Some(machine) => merge(machine, &given),
            None => all.push(given),
        }
    }
    all
}

/// Adds the items of an option to those of another: of two of one name the last holds.
pub(super) fn merge(into: &mut Given, more: &Given) {
    for item in &more.items {
        match into.items.iter_mut().find(|other| other.name == item.name) {
            Some(other) => other.value.clone_from(&item.value),
            None => into.items.push(item.clone()),
        }
    }
    let list: Vec<_> = into
        .items
        .iter()
        .map(|item| (if item.name == "type" { "" } else { item.name.as_str() }, item.value.as_str()))
        .collect();
    // The type has no name, and stands first.
    let (unnamed, named): (Vec<_>, Vec<_>) = list.into_iter().partition(|(name, _)| name.is_empty());
    let list = [unnamed, named].concat();
    *into = Given::of_list(into.at, &into.flag, &list);
}

/// Lists of numbers that follow each other, each as one item: `host-nodes=0-3`.
fn as_ranges(items: &mut Vec<Item>) {
    let mut at = 0;
    while let Some(item) = items.get(at) {
        if let Some((name, first)) = item.name.strip_suffix(".0").zip(item.value.parse::<u64>().ok()) {
            let (name, rest) = (name.to_owned(), items.get(at..).unwrap_or_default());
            let is_next = |(number, item): &(u64, &Item)| {
                item.name == format!("{name}.{number}")
                    && first.checked_add(*number).is_some_and(|value| item.value == value.to_string())
            };
            let count = (0..).zip(rest).take_while(is_next).count();
            let is_all = rest.get(count).is_none_or(|next| next.name != format!("{name}.{count}"));
            if is_all {
                let last = first + (count as u64 - 1);
                let value = if last == first { first.to_string() } else { format!("{first}-{last}") };
                items.splice(at..at + count, [Item::new(name, value)]);
            }
        }
        at += 1;
    }
}

/// What an option's list has.
pub(super) fn items(flag: &str, value: &str) -> Vec<Item> {
    if JSON.contains(&flag)
        && value.starts_with('{')
        && let Some(members) = json::members(value)
    {
        let mut items = members.into_iter().map(|(name, value)| Item { name, value }).collect();
        // Of an object, QEMU reads such a list in a text too.
        if flag == "-object" {
            as_ranges(&mut items);
        }
        return items;
    }
    let list = optlist::read(value).map(|(name, value)| (name.map(str::to_owned), value));
    canonical(flag, list)
}

/// Items as they are compared: the first has its name, a switch without a value is on, and `nowait` is `wait=off`.
pub(super) fn canonical<'v>(
    flag: &str,
    list: impl Iterator<Item = (Option<String>, Cow<'v, str>)>,
) -> Vec<Item> {
    let implied = IMPLIED.iter().find(|(own, _)| *own == flag).map(|(_, name)| *name);
    let named = list.enumerate().map(|(at, (name, value))| match name {
        Some(name) => Item::new(name, value),
        None if at == 0 => match implied {
            Some(name) => Item::new(name, value),
            None => Item::new("", value),
        },
        None if value == "nowait" => Item::new("wait", "off"),
        None if value.starts_with(['+', '-']) => Item::new(value, ""),
        None => Item::new(value, "on"),
    });
    let mut items: Vec<_> = named.collect();
    if flag == "-global"
        && let [driver, property, value] = items.as_slice()
        && (driver.name.as_str(), property.name.as_str(), value.name.as_str())
            == ("driver", "property", "value")
    {
        items = vec![Item::new(format!("{}.{}", driver.value, property.value), value.value.clone())];
    }
    items
}

/// Whether two values of an option's property are the same to QEMU.
pub(super) fn same(flag: &str, name: &str, a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    if let (Some(a), Some(b)) = (switch(a), switch(b)) {
        return a == b;
    }
    if flag == "-device" && name == "addr" {
        return address(a) == address(b);
    }
    if name == "discard" {
        return discards(a).is_some_and(|a| discards(b) == Some(a));
    }
    // Without a unit it is one of MiB, and that of others isn't.
    let is_memory = flag == "-m";
    number(a).is_some_and(|a| !is_memory && number(b) == Some(a))
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "on" | "yes" | "true" | "y" => Some(true),
        "off" | "no" | "false" | "n" => Some(false),
        _ => None,
    }
}

/// Whether a drive's file gets back what the guest has no more use for.
fn discards(text: &str) -> Option<bool> {
    match text {
        "on" | "unmap" => Some(true),
        "off" | "ignore" => Some(false),
        _ => None,
    }
}

/// The place of a device on its bus: hexadecimal, whatever stands before it.
fn address(text: &str) -> (Option<u32>, Option<u32>) {
    let hex = |text: &str| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    match text.split_once('.') {
        Some((slot, function)) => (hex(slot), hex(function)),
        None => (hex(text), Some(0)),
    }
}

/// A number, also one of bytes with a unit.
fn number(text: &str) -> Option<u128> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u128::from_str_radix(hex, 16).ok();
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text.get(digits.len()..)?.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        "P" => 50,
        "E" => 60,
        _ => return None,
    };
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| is_number).map(|number| u128::from(number) << shift)
}

#[cfg(test)]
mod tests {
    use super::{Fds, Given, read, same};

    fn given(flag: &str, value: &str) -> Given {
        Given::new(0, flag, Some(value.to_owned()))
    }

    #[test]
    fn options_say_the_same_in_several_ways() {
        for (flag, a, b) in [
            ("-chardev", "socket,id=a,path=/x,server,nowait", "socket,wait=off,server=on,path=/x,id=a"),
            ("-device", "driver=e1000,netdev=n", "e1000,netdev=n"),
            ("-device", r#"{"driver":"e1000","addr":"0x3"}"#, "e1000,addr=3.0"),
            ("-global", "driver=a.b,property=c,value=d", "a.b.c=d"),
            ("-object", "memory-backend-ram,id=r,size=1G", "memory-backend-ram,size=1073741824,id=r"),
        ] {
            assert!(given(flag, a).says_as(&given(flag, b)), "{a} {b}");
        }
        for (flag, a, b) in [
            ("-device", "e1000,addr=10", "e1000,addr=16"),
            ("-netdev", "user,hostfwd=a,hostfwd=b", "user,hostfwd=b,hostfwd=a"),
            ("-m", "1G", "1073741824"),
            ("-device", "e1000", "e1000,mac=a"),
        ] {
            assert!(!given(flag, a).says_as(&given(flag, b)), "{a} {b}");
        }
        assert!(!same("-device", "x", "1.5", "1"));
    }

    #[test]
    fn machines_add_up() {
        let args = ["-machine", "accel=kvm", "-M", "q35,usb", "-machine", "usb=off"].map(str::to_owned);
        let values: Vec<_> = read(&args, &Fds::new(), true).into_iter().map(|given| given.value).collect();
        assert_eq!(values, [Some("q35,accel=kvm,usb=off".to_owned())]);
    }
}
