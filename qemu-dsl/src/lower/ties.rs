//! What the statements of a VM, or of a part of one, have to do with each other: see [`Tie`].
//!
//! What one lacks is found by the checks of a whole VM, and their words are kept for the case that no other part has it.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::Span;
use crate::bind::tie::{ANY, MACHINE, OF_BUS};
use crate::bind::{Lack, Relation, Sort, Tie};
use crate::check;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hardware::{Device, Hardware, Namespace, QemuOption, Reference, defined_by};
use crate::plan::{Piece, Show, Text};
use crate::print::{Item, piece};
use crate::qemu::changes;
use crate::schema::{self, Bus, Type};
use crate::suggest::Suggestions;
use crate::value::{MemorySize, PciAddr, ValueType as _};

/// The ties of what these statements print.
pub(crate) fn ties(hardware: &Hardware<'_>) -> Vec<Tie> {
    let mut ties = Ties { hardware, all: Vec::new() };
    ties.machine();
    ties.statements();
    for option in hardware.options {
        ties.definitions(option);
        ties.host_ports(option);
        ties.named(option);
        ties.terminal(option);
        ties.accelerators(option);
    }
    for device in &hardware.devices {
        ties.provides(device);
        ties.takes(device);
    }
    for device in &hardware.devices {
        ties.bus(device);
    }
    ties.references();
    ties.shared_memory();
    ties.memory();
    ties.modules();
    ties.ports();
    ties.drives();
    ties.cpus();
    ties.all
}

/// Those that values decide: all of a sort of which one does.
pub(crate) fn late_ties(ties: Vec<Tie>) -> Vec<Tie> {
    // What is looked at together.
    let group = |sort: &Sort| match sort {
        Sort::User { .. } | Sort::Type { .. } => std::mem::discriminant(&Sort::Id { of: "".into() }),
        Sort::Slot => std::mem::discriminant(&Sort::Address),
        sort => std::mem::discriminant(sort),
    };
    let decides = |tie: &&Tie| {
        let lacks = matches!(tie.relation, Relation::Needs { lack: Some(_), .. });
        // What is always there is seen by the compiler.
        (tie.is_late() || lacks) && tie.sort != Sort::Statement
    };
    let mut groups: HashSet<_> = ties.iter().filter(decides).map(|tie| group(&tie.sort)).collect();
    // Where nothing is used, there is enough.
    let is_stock = |tie: &&Tie| matches!(tie.relation, Relation::Gives { .. });
    let is_used = |stock: &Tie| {
        ties.iter().any(|tie| {
            matches!(tie.relation, Relation::Uses { .. }) && group(&tie.sort) == group(&stock.sort)
        })
    };
    for stock in ties.iter().filter(is_stock).filter(|stock| !is_used(stock)) {
        groups.remove(&group(&stock.sort));
    }
    let needs_root = groups.contains(&std::mem::discriminant(&Sort::Address));
    let is_wanted = |tie: &Tie| groups.contains(&group(&tie.sort)) || needs_root && tie.sort == Sort::Root;
    ties.into_iter().filter(is_wanted).collect()
}

/// A fact: that an accelerator has the CPU of the host.
const HOST: &str = "the host's CPU";

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
        // A QEMU that is called so runs by it.
        if self.hardware.accelerators().into_iter().any(check::accel::has_host_cpu) {
            self.of_machine(Sort::Fact, Relation::Has, HOST);
        }
        if let Some(root) = self.hardware.board.root() {
            self.of_machine(Sort::Root, Relation::Has, root);
        }
    }

    fn on_board(&mut self, name: &str, sorts: &str) {
        self.of_machine(Sort::Bus { of: sorts.to_owned().into() }, Relation::Has, name);
    }

    fn of_machine(&mut self, sort: Sort, relation: Relation, name: &str) {
        self.all.push(Tie {
            sort,
            relation,
            name: vec![piece(name.to_owned())].into(),
            statement: MACHINE,
            span: Span::default(),
            when: None,
            block: 0,
        });
    }

    /// What is said here, and others need or exclude.
    fn fact(&mut self, name: &'static str, relation: Relation, at: At<'_>) {
        self.add(Sort::Fact, relation, vec![piece(name)], at);
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
        for rule in rules {
            let at = self.at(option, Some(rule));
            self.add(Sort::HostPort, Relation::Takes, rule.value.to_vec(), at);
        }
    }

    /// The names that an option gives to what has no id.
    fn named(&mut self, option: &QemuOption<'_>) {
        let (sort, name) = match option.name {
            "fw_cfg" => (Sort::File, "name"),
            "vnc" if check::display::listens(option) => (Sort::Vnc, "vnc"),
            _ => return,
        };
        let first = || option.items().first().filter(|item| item.name.is_none());
        if let Some(item) = option.item(name).or_else(first) {
            let at = self.at(option, Some(item));
            self.add(sort, Relation::Takes, item.value.to_vec(), at);
        }
    }

    /// Who uses QEMU's terminal, and who leaves it.
    fn terminal(&mut self, option: &QemuOption<'_>) {
        let at = self.at(option, None);
        if check::terminal::uses(option) {
            self.add(Sort::Terminal, Relation::Takes, Vec::new(), at);
        }
        match option.name {
            "nographic" => self.fact("nographic", Relation::Has, at),
            // Without default devices nothing is left that would use it.
            "nodefaults" => self.fact("nodefaults", Relation::Has, at),
            "daemonize" => {
                let wrong = check::terminal::leaves();
                let clash = lack(wrong).map(|clash| (Sort::Terminal, Vec::new(), clash, ""));
                let wrong = check::terminal::without_screen();
                let other =
                    lack(wrong).map(|clash| (Sort::Fact, vec![piece("nographic")], clash, "nodefaults"));
                for (sort, name, clash, unless) in clash.into_iter().chain(other) {
                    self.add(sort, Relation::Bars { clash, unless: unless.into() }, name, at);
                }
            }
            _ => {}
        }
    }

    /// By what the CPUs run, and what only some of that has.
    fn accelerators(&mut self, option: &QemuOption<'_>) {
        const OF_MACHINE: &str = "machine accel=";
        let item = match option.name {
            "machine" | "M" => option.item("accel"),
            "accel" => option.items().first(),
            _ => None,
        };
        let at = self.at(option, item);
        let may_be_host = item.is_some_and(|item| {
            item.late.is_some() || item.plain().split(':').any(check::accel::has_host_cpu)
        });
        if may_be_host || option.name == "enable-kvm" {
            self.fact(HOST, Relation::Has, at);
        }
        match option.name {
            "machine" | "M" if item.is_some_and(|item| item.written.is_some()) => {
                self.fact(OF_MACHINE, Relation::Has, at);
            }
            "accel" => {
                if let Some(clash) = lack(check::accel::twice()) {
                    self.fact(OF_MACHINE, Relation::Bars { clash, unless: "".into() }, self.at(option, None));
                }
            }
            "cpu" if !option.is_arg && option.first().is_some_and(|model| model.text == "host") => {
                let at = self.at(option, option.items().first());
                self.fact(
                    HOST,
                    Relation::Needs { first: false, lack: lack(check::accel::without_host()) },
                    at,
                );
            }
            _ => {}
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
            if !check::address::sets_multifunction(hardware) {
                let shares = option.get("multifunction").is_some_and(|value| value.is_on());
                let bars = (!shares).then(|| Relation::Bars { clash: unsaid(), unless: "".into() });
                // What it is hangs on its function.
                for relation in bars.into_iter().chain([Relation::Has]) {
                    self.add(Sort::Slot, relation, name.clone(), at);
                }
            }
            self.add(Sort::Address, Relation::Takes, name, at);
        }
        if let Some(name) = check::once::only(device) {
            let at = self.at(option, None);
            self.add(Sort::Device, Relation::Takes, vec![piece(name)], at);
        }
        if let Some((sort, name, span)) = check::chassis::numbers(device, hardware) {
            let at = At { span, ..self.at(option, None) };
            self.add(sort, Relation::Takes, name, at);
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
        let lack = match bus.filter(|bus| bus.late.is_some()) {
            Some(bus) => check::buses::unknown_late(device, bus, self.hardware),
            None => check::buses::wrong(device, self.hardware),
        };
        let lack = lack.and_then(self::lack);
        let relation = Relation::Needs { first: true, lack };
        let name = bus.map_or_else(Vec::new, |bus| bus.value.to_vec());
        let at = self.at(option, bus);
        self.add(Sort::Bus { of: sort.unwrap_or("").into() }, relation, name, at);
    }

    /// What is referred to.
    fn references(&mut self) {
        let hardware = self.hardware;
        let suggestions = Suggestions::default();
        for definition in &hardware.definitions {
            let Some(option) = hardware.options.get(definition.option) else { continue };
            let (Some(ty), Some(id)) = (option.ty, option.item("id")) else { continue };
            if matches!(definition.namespace, Namespace::Object | Namespace::Device) {
                self.is_a(definition.namespace, ty, id, self.at(option, Some(id)));
            }
        }
        for reference in hardware.references.iter().chain(&hardware.late) {
            let Some(option) = hardware.options.get(reference.option) else { continue };
            let definition = reference.definition.and_then(|number| hardware.definitions.get(number));
            let block = |statement: usize| hardware.vm.block_of(statement);
            // What is always there where this is needs no words.
            let is_there = definition.is_some_and(|definition| {
                let of = block(definition.statement);
                of == 0 || of == block(reference.statement)
            });
            // Of a name that comes later its own statement may make what it is of.
            let is_own = reference.late.is_some_and(|late| self.makes(reference, late));
            let wrong = (!is_there && !is_own)
                .then(|| check::ids::unknown(reference, &suggestions, hardware))
                .flatten();
            let first = reference.namespace.option() == Some(option.name);
            let item = option.item(reference.property).filter(|_| option.name != "global");
            let name = match (reference.late, item) {
                (Some(late), _) => late.to_vec(),
                (None, Some(item)) => item.value.to_vec(),
                (None, None) => vec![piece(reference.name.to_owned())],
            };
            let of = reference.namespace.what();
            let at = At { statement: reference.statement, option: Some(option), span: reference.span };
            if check::ids::is_use(reference, hardware)
                && reference.namespace.has_one_user()
                && definition.is_none_or(|definition| !check::ids::is_shared(definition, hardware))
            {
                let of_its_own = definition.is_some_and(|own| own.statement == reference.statement) || is_own;
                let relation = if of_its_own { Relation::Defines } else { Relation::Takes };
                self.add(Sort::User { of: of.into() }, relation, name.clone(), at);
            }
            if definition.is_none() {
                self.must_be(reference, name.clone(), at);
            }
            let relation = Relation::Needs { first, lack: wrong.and_then(lack) };
            self.add(Sort::Id { of: of.into() }, relation, name, at);
        }
    }

    /// Whether the statement that refers to something makes it.
    fn makes(&self, reference: &Reference<'_>, name: &[Piece]) -> bool {
        let own = self.hardware.options.iter().filter(|option| option.statement == reference.statement);
        own.flat_map(|option| option.items().iter().map(move |item| (option.name, item))).any(
            |(option, item)| {
                let namespace = item.name.as_deref().and_then(|name| defined_by(option, name));
                namespace == Some(reference.namespace) && *item.value == *name
            },
        )
    }

    /// All that something with an id is.
    fn is_a(&mut self, namespace: Namespace, ty: Type, id: &Item, at: At<'_>) {
        let all: Vec<_> = ty.is().collect();
        let sort =
            Sort::Type { of: namespace.what().into(), ty: all.join(",").into(), by: Cow::Borrowed("") };
        self.add(sort, Relation::Has, id.value.to_vec(), at);
    }

    /// Of what type that is which is referred to.
    fn must_be(&mut self, reference: &Reference<'_>, name: Vec<Piece>, at: At<'_>) {
        let Some(ty) = reference.wants.filter(|_| check::ids::is_known(reference, self.hardware)) else {
            return;
        };
        let by = reference.property.to_owned().into();
        let sort = Sort::Type { of: reference.namespace.what().into(), ty: ty.into(), by };
        self.add(sort, Relation::Needs { first: false, lack: Some(unsaid()) }, name, at);
    }

    /// Whether the guest's memory is shared, or must be.
    fn shared_memory(&mut self) {
        let hardware = self.hardware;
        for option in check::sharing::sharing(hardware) {
            let at = self.at(option, None);
            self.add(Sort::SharedMemory, Relation::Has, Vec::new(), at);
        }
        for (statement, wrong) in check::sharing::needing(hardware) {
            let at = At { statement, option: None, span: hardware.head(statement) };
            let relation = Relation::Needs { first: false, lack: lack(wrong) };
            self.add(Sort::SharedMemory, relation, Vec::new(), at);
        }
    }

    /// How much memory there is, can be, and is in nodes.
    fn memory(&mut self) {
        let hardware = self.hardware;
        let own = hardware.all("m").last();
        if let Some(memory) = own
            && let Some(size) = memory.items().first()
            && let Some(max) = memory.item("maxmem")
        {
            let at = self.at(memory, Some(max));
            self.add(Sort::Memory, Relation::Gives { amount: in_bytes(max) }, Vec::new(), at);
            let at = self.at(memory, Some(size));
            self.add(Sort::Memory, uses(in_bytes(size)), Vec::new(), at);
        }
        if hardware.vm.extent.has_machine() {
            let size = own.and_then(|memory| memory.items().first());
            let amount = match (own, size) {
                (_, Some(size)) => in_bytes(size),
                (Some(_), None) => Text::default(),
                (None, None) => vec![piece(check::numa::DEFAULT_MEMORY.to_string())].into(),
            };
            self.of_machine(Sort::Nodes, Relation::Gives { amount }, "");
        }
        for (node, size) in check::numa::sizes(hardware) {
            // What can't be seen may be any.
            let amount = size.map_or_else(Text::default, |size| size.value.to_vec().into());
            let at = self.at(node, None);
            self.add(Sort::Nodes, uses(amount), Vec::new(), at);
        }
    }

    /// Memory modules, and slots for them.
    fn modules(&mut self) {
        let hardware = self.hardware;
        if hardware.vm.extent.has_machine() && !hardware.all("m").any(|memory| memory.is_arg) {
            let slots = hardware.all("m").find_map(|memory| Some((memory, memory.item("slots")?)));
            match slots {
                Some((memory, slots)) => {
                    let at = self.at(memory, Some(slots));
                    let amount = slots.value.to_vec().into();
                    self.add(Sort::Slots, Relation::Gives { amount }, Vec::new(), at);
                }
                None => {
                    let none = vec![piece("0")].into();
                    self.of_machine(Sort::Slots, Relation::Gives { amount: none }, "");
                }
            }
        }
        for option in check::dimms::modules(hardware).filter_map(|device| hardware.option_of(device)) {
            let at = self.at(option, None);
            self.add(Sort::Slots, uses(one()), Vec::new(), at);
        }
    }

    /// The ports that the machine has, and those that are connected.
    fn ports(&mut self) {
        let hardware = self.hardware;
        let board = &hardware.board;
        for (flag, has) in [("serial", board.serial_ports()), ("parallel", board.parallel_ports())] {
            let sort = Sort::Ports { of: flag.into() };
            if let Some(has) = has.filter(|_| hardware.vm.extent.has_machine()) {
                let amount = vec![piece(has.to_string())].into();
                self.of_machine(sort.clone(), Relation::Gives { amount }, &board.name);
            }
            for option in hardware.all(flag) {
                // QEMU takes what an argument says without a word.
                let is_none = option.is_arg || option.first().is_some_and(|first| first.text == "none");
                let name = if is_none { vec![piece("none")] } else { Vec::new() };
                let at = self.at(option, None);
                self.add(sort.clone(), uses(one()), name, at);
            }
        }
    }

    /// Places for drives of IDE, and drives.
    fn drives(&mut self) {
        let hardware = self.hardware;
        if hardware.vm.extent.has_machine() {
            for (bus, room) in check::units::own(hardware) {
                let amount = vec![piece(room.to_string())].into();
                self.of_machine(Sort::Drives, Relation::Gives { amount }, bus);
            }
        }
        for device in &hardware.devices {
            let Some(option) = hardware.option_of(device) else { continue };
            if let Some(id) = option.item("id") {
                let room = check::units::room(device);
                let buses = device.buses().into_iter().flatten();
                for bus in buses.filter(|bus| hardware.takes(bus.ty(), check::units::IDE)) {
                    let mut name = id.value.to_vec();
                    name.push(piece(bus.name("").into_owned()));
                    let amount = vec![piece(room.to_string())].into();
                    let at = self.at(option, Some(id));
                    self.add(Sort::Drives, Relation::Gives { amount }, name, at);
                }
            }
            if device.bus_sort() == Some(check::units::IDE) {
                let bus = option.item("bus");
                let name = bus.map_or_else(Vec::new, |bus| bus.value.to_vec());
                let at = self.at(option, bus);
                self.add(Sort::Drives, uses(one()), name, at);
            }
        }
    }

    /// How many CPUs there are, can be, and the machine takes.
    fn cpus(&mut self) {
        let hardware = self.hardware;
        if let Some(limit) = check::machine::max_cpus(hardware).filter(|_| hardware.vm.extent.has_machine()) {
            let amount = vec![piece(limit.to_string())].into();
            self.of_machine(Sort::Cpus, Relation::Gives { amount }, &hardware.board.name);
        }
        // Of a statement with several shapes each says it.
        let last = hardware.all("smp").last().filter(|smp| !smp.is_arg && smp.when.is_none());
        let shapes = hardware.all("smp").filter(|smp| smp.when.is_some());
        last.into_iter().chain(shapes).for_each(|smp| self.levels(smp));
    }

    fn levels(&mut self, smp: &QemuOption<'_>) {
        let hardware = self.hardware;
        let Some(cpus) = smp.item("cpus").or_else(|| smp.items().first()) else { return };
        let amount = |item: &Item| -> Text { item.value.to_vec().into() };
        // What may be left away is not known.
        let max = match smp.item("maxcpus") {
            Some(max) if max.given().is_some() => None,
            max => Some(max.unwrap_or(cpus)),
        };
        let Some(max) = max else { return };
        let at = self.at(smp, Some(max));
        self.add(Sort::Cpus, uses(amount(max)), Vec::new(), at);
        let start = Sort::Topology { levels: None };
        self.add(start.clone(), Relation::Gives { amount: amount(max) }, Vec::new(), at);
        self.add(start, uses(amount(cpus)), Vec::new(), self.at(smp, Some(cpus)));
        if changes::FULL_TOPOLOGY.is_in(hardware.vm.target.version) {
            const LEVELS: [&str; 8] =
                ["drawers", "books", "sockets", "dies", "clusters", "modules", "cores", "threads"];
            let levels: Vec<_> = LEVELS.iter().filter_map(|name| smp.item(name)).collect();
            if levels.is_empty() {
                return;
            }
            let is_said = |name| smp.item(name).is_some();
            let all = ["sockets", "cores", "threads"].into_iter().all(is_said);
            let sort = Sort::Topology { levels: Some(all) };
            self.add(sort.clone(), Relation::Gives { amount: amount(max) }, Vec::new(), at);
            let amount = levels.iter().map(|level| amount(level)).collect();
            let late = levels.iter().find(|level| level.late.is_some());
            let at = self.at(smp, late.copied().or(Some(cpus)));
            self.add(sort, Relation::Uses { amount }, Vec::new(), at);
        }
    }
}

/// The words hang on what is there.
fn unsaid() -> Lack {
    Lack { code: "".into(), message: "".into(), help: "".into() }
}

/// One.
fn one() -> Text {
    Cow::Borrowed(&[Piece::Text(Cow::Borrowed("1"))])
}

/// That so much is used up.
fn uses(amount: Text) -> Relation {
    Relation::Uses { amount: vec![amount].into() }
}

/// A size of memory, of which a bare number counts MiB.
fn in_bytes(item: &Item) -> Text {
    match &*item.value {
        [Piece::Blank { blank, escape, .. }] => {
            vec![Piece::Blank { blank: *blank, escape: *escape, show: Show::MemoryBytes }].into()
        }
        _ => match MemorySize::parse(item.plain()) {
            Ok(size) => vec![piece(size.bytes.to_string())].into(),
            Err(_) => Text::default(),
        },
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
