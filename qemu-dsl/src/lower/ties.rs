//! What a part of a VM has to do with others: see [`Tie`].
//!
//! What it lacks is found by the checks of a whole VM, and their words are kept for the case that no other part has it.

use std::borrow::Cow;

use crate::Span;
use crate::bind::tie::{ANY, MACHINE, OF_BUS};
use crate::bind::{Lack, Relation, Sort, Tie};
use crate::check;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hardware::{Device, Hardware, QemuOption, defined_by};
use crate::plan::Piece;
use crate::print::{Item, piece};
use crate::schema::{self, Bus};
use crate::suggest::Suggestions;
use crate::value::{PciAddr, ValueType as _};

/// The ties of what these statements print.
pub(crate) fn ties(hardware: &Hardware<'_>) -> Vec<Tie> {
    let mut ties = Ties { hardware, all: Vec::new() };
    ties.machine();
    ties.statements();
    for option in hardware.options {
        ties.definitions(option);
        ties.host_ports(option);
    }
    for device in &hardware.devices {
        ties.provides(device);
        ties.takes(device);
    }
    for device in &hardware.devices {
        ties.bus(device);
    }
    ties.references();
    ties.memory();
    ties.all
}

struct Ties<'h> {
    hardware: &'h Hardware<'h>,
    all: Vec<Tie>,
}

/// Where a tie stands.
#[derive(Clone, Copy)]
struct At<'o> {
    statement: usize,
    /// The option that says so.
    option: Option<&'o QemuOption<'o>>,
    span: Span,
}

impl<'h> Ties<'h> {
    fn add(&mut self, sort: Sort, relation: Relation, name: Vec<Piece>, at: At<'_>) {
        let At { statement, option, span } = at;
        let block = self.hardware.vm.block_of(statement);
        let when = option.and_then(|option| option.when);
        let statement = statement as u32;
        self.all.push(Tie { sort, relation, name: name.into(), statement, span, when, block });
    }

    /// The place of an option's item, or of the statement.
    fn at<'o>(&self, option: &'o QemuOption<'_>, item: Option<&Item>) -> At<'o> {
        let span = item.and_then(|item| item.written).map(|written| written.value);
        let span = span.unwrap_or_else(|| self.hardware.head(option.statement));
        At { statement: option.statement, option: Some(option), span }
    }

    /// The buses of the machine's own.
    fn machine(&mut self) {
        if !self.hardware.vm.extent.has_machine() {
            return;
        }
        if !self.hardware.board.is_known() {
            self.on_board("", ANY);
        }
        for bus in self.hardware.board.buses() {
            self.on_board(bus.name, &sorts(bus.ty, self.hardware));
        }
        if self.hardware.has("usb") {
            self.on_board("usb-bus.0", "usb-bus");
        }
    }

    fn on_board(&mut self, name: &str, sorts: &str) {
        self.all.push(Tie {
            sort: Sort::Bus { of: sorts.to_owned().into() },
            relation: Relation::Has,
            name: vec![piece(name.to_owned())].into(),
            statement: MACHINE,
            span: Span::default(),
            when: None,
            block: 0,
        });
    }

    /// The statements that may stand once.
    fn statements(&mut self) {
        let vm = self.hardware.vm;
        // For which QEMU it is each part says itself.
        for once in vm.once.iter().filter(|once| once.keyword != "target") {
            let name = vec![piece(once.keyword)].into();
            let block = vm.rounds.block(once.round);
            let tie = Tie {
                sort: Sort::Statement,
                relation: Relation::Takes,
                name,
                statement: 0,
                span: once.span,
                when: None,
                block,
            };
            // A loop's stand there twice.
            if !self.all.contains(&tie) {
                self.all.push(tie);
            }
        }
    }

    /// The ids that an option defines.
    fn definitions(&mut self, option: &QemuOption<'_>) {
        for item in option.items() {
            let Some(namespace) = item.name.as_deref().and_then(|name| defined_by(option.name, name)) else {
                continue;
            };
            let of = namespace.what();
            let at = self.at(option, Some(item));
            self.add(Sort::Id { of: of.into() }, Relation::Defines, item.value.to_vec(), at);
            if option.get("mux").is_some_and(|mux| mux.is_on()) {
                self.add(Sort::User { of: of.into() }, Relation::Has, item.value.to_vec(), at);
            }
        }
    }

    fn host_ports(&mut self, option: &QemuOption<'_>) {
        if !matches!(option.name, "netdev" | "nic") {
            return;
        }
        let rules = option.items().iter().filter(|item| item.name.as_deref() == Some("hostfwd"));
        for rule in rules.filter(|rule| rule.late.is_none()) {
            let at = self.at(option, Some(rule));
            self.add(Sort::HostPort, Relation::Takes, rule.value.to_vec(), at);
        }
    }

    /// The buses that a device provides.
    fn provides(&mut self, device: &Device<'_>) {
        let Some(option) = self.hardware.option_of(device) else { return };
        let id = option.item("id");
        let Some(buses) = device.buses() else {
            // It may provide any, but of a sort that it sits on itself.
            let of: Cow<'static, str> = [ANY, device.bus_sort().unwrap_or("")].concat().into();
            let mut name = id.map_or_else(Vec::new, |id| id.value.to_vec());
            let at = self.at(option, id);
            self.add(Sort::Bus { of: of.clone() }, Relation::Has, name.clone(), at);
            if !name.is_empty() {
                name.push(piece(".0"));
                self.add(Sort::Bus { of }, Relation::Has, name, at);
            }
            return;
        };
        for bus in buses {
            let name = match (bus.fixed_name(), id) {
                (Some(name), _) => vec![piece(name)],
                (None, Some(id)) => {
                    let mut name = id.value.to_vec();
                    name.push(piece(bus.name("")));
                    name
                }
                // Without an id it is called by its type.
                (None, None) => vec![piece(format!("{}.0", bus.ty().to_ascii_lowercase()))],
            };
            let of = sorts(Bus::ty(&bus), self.hardware).into();
            let at = self.at(option, id);
            self.add(Sort::Bus { of }, Relation::Has, name, at);
        }
    }

    /// What a device has for itself.
    fn takes(&mut self, device: &Device<'_>) {
        let hardware = self.hardware;
        let Some(option) = hardware.option_of(device) else { return };
        let is_said = |item: &&Item| {
            item.value.iter().all(|piece| matches!(piece, Piece::Text(_) | Piece::Blank { .. }))
        };
        // Of a pair one stands in for the other.
        let is_pair = ["failover", "failover_pair_id"].iter().any(|name| option.mentions(name));
        if let Some(mac) = option.item("mac").filter(is_said).filter(|_| !is_pair) {
            let at = self.at(option, Some(mac));
            self.add(Sort::Mac, Relation::Takes, mac.value.to_vec(), at);
        }
        if let Some(cid) = option.item("guest-cid").filter(is_said) {
            let at = self.at(option, Some(cid));
            self.add(Sort::Cid, Relation::Takes, cid.value.to_vec(), at);
        }
        let is_open = |name| option.is_open(name);
        if let Some(addr) = option.item("addr").filter(is_said)
            && device.has_pci_address()
            && !is_open("bus")
            && !is_open("multifunction")
        {
            let known = option.get("addr").map(|addr| PciAddr::parse(addr.text));
            let mut name = match known {
                Some(Ok(addr)) => vec![piece(addr.to_string())],
                Some(Err(_)) => return,
                None => addr.value.to_vec(),
            };
            if let Some(bus) = option.item("bus") {
                name.push(piece(OF_BUS));
                name.extend(bus.value.iter().cloned());
            }
            let at = self.at(option, Some(addr));
            self.add(Sort::Address, Relation::Takes, name, at);
        }
        if let Some(name) = check::once::only(device) {
            let at = self.at(option, None);
            self.add(Sort::Device, Relation::Takes, vec![piece(name)], at);
        }
        if let Some((sort, name, span)) = check::chassis::numbers(device, hardware) {
            let at = At { span, ..self.at(option, None) };
            self.add(sort, Relation::Takes, vec![piece(name)], at);
        }
    }

    /// The bus that a device needs.
    fn bus(&mut self, device: &Device<'_>) {
        let Some(option) = self.hardware.option_of(device) else { return };
        let bus = option.item("bus");
        let sort = device.bus_sort();
        let is_path = option.get("bus").is_some_and(|bus| bus.text.starts_with('/'));
        if is_path || bus.is_none() && sort.is_none_or(|sort| sort == "System") {
            return;
        }
        let lack = check::buses::wrong(device, self.hardware).and_then(lack);
        let relation = Relation::Needs { first: true, lack };
        let name = bus.map_or_else(Vec::new, |bus| bus.value.to_vec());
        let at = self.at(option, bus);
        self.add(Sort::Bus { of: sort.unwrap_or("").into() }, relation, name, at);
    }

    /// What is referred to.
    fn references(&mut self) {
        let hardware = self.hardware;
        let suggestions = Suggestions::default();
        for reference in &hardware.references {
            let Some(option) = hardware.options.get(reference.option) else { continue };
            let definition = reference.definition.and_then(|number| hardware.definitions.get(number));
            let block = |statement: usize| hardware.vm.block_of(statement);
            // What is always there where this is needs no words.
            let is_there = definition.is_some_and(|definition| {
                let of = block(definition.statement);
                of == 0 || of == block(reference.statement)
            });
            let wrong = (!is_there).then(|| check::ids::unknown(reference, &suggestions, hardware)).flatten();
            let first = reference.namespace.option() == Some(option.name);
            let item = option.item(reference.property).filter(|_| option.name != "global");
            let name =
                item.map_or_else(|| vec![piece(reference.name.to_owned())], |item| item.value.to_vec());
            let of = reference.namespace.what();
            let at = At { statement: reference.statement, option: Some(option), span: reference.span };
            if check::ids::is_use(reference, hardware)
                && reference.namespace.has_one_user()
                && definition.is_none_or(|definition| !check::ids::is_shared(definition, hardware))
            {
                let of_its_own = definition.is_some_and(|own| own.statement == reference.statement);
                let relation = if of_its_own { Relation::Defines } else { Relation::Takes };
                self.add(Sort::User { of: of.into() }, relation, name.clone(), at);
            }
            let relation = Relation::Needs { first, lack: wrong.and_then(lack) };
            self.add(Sort::Id { of: of.into() }, relation, name, at);
        }
    }

    /// Whether the guest's memory is shared, or must be.
    fn memory(&mut self) {
        let hardware = self.hardware;
        if check::sharing::is_shared(hardware) {
            let at = At { statement: 0, option: None, span: Span::default() };
            self.add(Sort::SharedMemory, Relation::Has, Vec::new(), at);
        }
        for (statement, wrong) in check::sharing::needing(hardware) {
            let at = At { statement, option: None, span: hardware.head(statement) };
            let relation = Relation::Needs { first: false, lack: lack(wrong) };
            self.add(Sort::SharedMemory, relation, Vec::new(), at);
        }
    }
}

/// The sorts of devices that a type of buses takes.
fn sorts(bus: &'static str, hardware: &Hardware<'_>) -> String {
    let sorts: Vec<_> = schema::nearest(hardware.vm.target).bus_sorts(bus).collect();
    if sorts.is_empty() { bus.to_owned() } else { sorts.join(",") }
}

/// What a check has said. A warning is none.
fn lack(wrong: Diagnostic) -> Option<Lack> {
    (wrong.severity == Severity::Error).then(|| Lack {
        code: wrong.code.as_str().into(),
        help: wrong.remedy.as_ref().map_or_else(String::new, |remedy| remedy.help.to_string()).into(),
        message: wrong.message.into(),
    })
}
