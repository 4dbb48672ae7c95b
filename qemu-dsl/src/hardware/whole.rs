//! All that a VM consists of.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::Span;
use crate::model::{Entry, Extent, Vm};
use crate::plan::Piece;
use crate::print::{Output, Written};
use crate::qemu::board::Board;
use crate::schema::{self, Bus, Kind, Schema};

use super::device::Device;
use super::ids::{self, Definition, Namespace, Reference};
use super::option::{QemuOption, Value};

/// What a VM consists of.
pub(crate) struct Hardware<'p> {
    pub(crate) vm: &'p Vm,
    /// The program that runs it, where a statement names one.
    pub(crate) program: Option<&'p str>,
    pub(crate) board: Cow<'p, Board>,
    /// All options, in the order of the source.
    pub(crate) options: &'p [QemuOption<'p>],
    pub(crate) devices: Vec<Device<'p>>,
    /// For each device the number of the one on which it sits.
    pub(crate) owners: Vec<Option<usize>>,
    pub(crate) definitions: Vec<Definition<'p>>,
    pub(crate) references: Vec<Reference<'p>>,
    /// Those whose names come later.
    pub(crate) late: Vec<Reference<'p>>,
    /// The numbers of the options of each name.
    by_name: HashMap<&'p str, Vec<u32>>,
    /// The number of the first definition of each id.
    defined: HashMap<(Namespace, &'p str), usize>,
    /// What is known of the target, or of a QEMU much like it.
    schema: &'static Schema,
    /// The device that provides buses that take what plugs into a sort, the first one.
    first_offers: HashMap<&'static str, usize>,
    /// The device that provides a bus that is called so whatever the device is called, the first one.
    fixed_buses: HashMap<&'static str, usize>,
    /// Devices whose buses aren't known: the numbers of their options, and the sorts that they plug into. One that is not
    /// known at all is reported.
    unknown_buses: Vec<(usize, Option<&'static str>)>,
    /// Whether there is more than can be seen here: QEMU reads it from a file, or it hangs on a value that comes later.
    pub(crate) is_uncertain: bool,
}

impl<'p> Hardware<'p> {
    /// What these options of a VM make.
    pub(crate) fn new(vm: &'p Vm, output: &'p Output, options: &'p [QemuOption<'p>]) -> Self {
        let schema = schema::nearest(vm.target);
        let mut hardware = Self {
            vm,
            program: output.program.as_deref().and_then(|program| match program {
                [Piece::Text(program)] => Some(&**program),
                _ => None,
            }),
            board: board(options, vm),
            options,
            devices: Vec::with_capacity(options.len()),
            owners: Vec::new(),
            definitions: Vec::with_capacity(options.len()),
            references: Vec::with_capacity(options.len()),
            late: Vec::new(),
            by_name: HashMap::new(),
            defined: HashMap::new(),
            schema,
            first_offers: HashMap::new(),
            fixed_buses: HashMap::new(),
            unknown_buses: Vec::new(),
            is_uncertain: vm.shape_is_open || vm.target_is_open,
        };
        for (number, option) in options.iter().enumerate() {
            hardware.is_uncertain |= option.is_uncertain();
            hardware.by_name.entry(option.name).or_default().push(number as u32);
            if option.kind == Some(Kind::Device) {
                hardware.device(number, option);
            }
            hardware.ids(number, option);
        }
        for (number, global) in options.iter().enumerate().filter(|(_, option)| option.name == "global") {
            ids::refer_by_default(
                number,
                global,
                &hardware.devices,
                options,
                schema,
                &mut hardware.references,
            );
        }
        hardware.defined.reserve(hardware.definitions.len());
        for (number, definition) in hardware.definitions.iter().enumerate() {
            hardware.defined.entry((definition.namespace, definition.name)).or_insert(number);
        }
        for reference in &mut hardware.references {
            reference.definition = hardware.defined.get(&(reference.namespace, reference.name)).copied();
        }
        hardware.owners = hardware.devices.iter().map(|device| hardware.owner(device)).collect();
        hardware
    }

    fn device(&mut self, number: usize, option: &'p QemuOption<'p>) {
        let Some(driver) = option.made() else { return };
        let id = option.get("id").or_else(|| self.vm.is_fragment.then(|| ids::backend_of(option))?);
        let device = Device {
            option: number,
            statement: option.statement,
            is_arg: option.is_arg,
            driver: driver.text,
            id: id.map(|id| id.text),
            ty: option.ty,
        };
        let index = self.devices.len();
        match device.buses() {
            Some(buses) => {
                for sort in device.ty.iter().flat_map(|ty| ty.bus_sorts()) {
                    self.first_offers.entry(sort).or_insert(index);
                }
                for name in buses.filter_map(|bus| bus.fixed_name()) {
                    self.fixed_buses.entry(name).or_insert(index);
                }
            }
            // What sits on a bus of these sorts may provide others.
            None => {
                let sort = device.ty.as_ref().map(|ty| ty.bus());
                if let Some(sort @ (None | Some("PCI" | "CXL" | "virtio-bus" | "System" | "ISA"))) = sort {
                    self.unknown_buses.push((number, sort));
                }
            }
        }
        self.devices.push(device);
    }

    fn ids(&mut self, number: usize, option: &'p QemuOption<'p>) {
        let head = self.vm.statements.get(option.statement).map_or(Span::default(), |entry| entry.head);
        ids::define(number, option, head, self.vm.is_fragment, &mut self.definitions);
        ids::refer(number, option, head, self.schema, &mut self.references, &mut self.late);
    }

    /// The option that makes a device.
    pub(crate) fn option_of(&self, device: &Device<'_>) -> Option<&'p QemuOption<'p>> {
        self.options.get(device.option)
    }

    /// The value of a device's property.
    pub(crate) fn get(&self, device: &Device<'_>, name: &str) -> Option<Value<'p>> {
        self.option_of(device)?.get(name)
    }

    /// Whether a device's property has a value that comes later.
    pub(crate) fn is_open(&self, device: &Device<'_>, name: &str) -> bool {
        self.option_of(device).is_some_and(|option| option.is_open(name))
    }

    /// All options of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &'p QemuOption<'p>> {
        let numbers = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        numbers.iter().filter_map(|number| self.options.get(*number as usize))
    }

    /// Whether there is an option of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The accelerators that it may run by, the first that works. Without a word it is TCG, but for a QEMU that is called
    /// `kvm`.
    pub(crate) fn accelerators(&self) -> Vec<&'p str> {
        let named = self.machine("accel").into_iter().flat_map(|accel| accel.text.split(':'));
        let options = self.all("accel").filter_map(|accel| Some(accel.first()?.text));
        let flags = self.all("enable-kvm").map(|_| "kvm");
        let mut all: Vec<_> = named.chain(options).chain(flags).collect();
        if all.is_empty() {
            let program = self.program.unwrap_or_default().rsplit('/').next().unwrap_or_default();
            all.push(if matches!(program, "kvm" | "qemu-kvm") { "kvm" } else { "tcg" });
        }
        all
    }

    /// The value of a machine's property.
    pub(crate) fn machine(&self, name: &str) -> Option<Value<'p>> {
        let mut machines = self.options.iter().rev().filter(|option| is_machine(option));
        machines.find_map(|option| option.get(name))
    }

    /// Where the text sets a machine's property.
    pub(crate) fn written_machine(&self, name: &str) -> Option<Written> {
        let machines = self.options.iter().filter(|option| is_machine(option));
        let mut values = machines.flat_map(|option| option.named());
        // What another statement adds has a name of its own.
        values.find_map(|(property, value)| {
            value.written.filter(|written| property == name && written.name.is_some())
        })
    }

    /// Whether `nodefaults` or its like stands.
    pub(crate) fn is_bare(&self) -> bool {
        self.has("nodefaults")
    }

    /// The statement that prints something.
    pub(crate) fn entry(&self, statement: usize) -> Option<&'p Entry> {
        self.vm.statements.get(statement)
    }

    /// Keyword and kind of a statement.
    pub(crate) fn head(&self, statement: usize) -> Span {
        self.entry(statement).map_or(Span::default(), |entry| entry.head)
    }

    /// The first definition of an id.
    pub(crate) fn definition(&self, namespace: Namespace, id: &str) -> Option<&Definition<'p>> {
        self.definitions.get(*self.defined.get(&(namespace, id))?)
    }

    /// The ids that a statement defines.
    pub(crate) fn defined_by(&self, statement: usize) -> &[Definition<'p>] {
        let all = &self.definitions;
        // They stand in the order of their statements.
        let start = all.partition_point(|definition| definition.statement < statement);
        let own = all.get(start..).unwrap_or_default();
        let end = own.iter().take_while(|definition| definition.statement == statement).count();
        own.get(..end).unwrap_or_default()
    }

    /// The device with an id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Device<'p>> {
        self.devices.get(self.number(self.definition(Namespace::Device, id)?.option)?)
    }

    /// The number of the device that an option makes.
    fn number(&self, option: usize) -> Option<usize> {
        // They stand in the order of their options.
        self.devices.binary_search_by_key(&option, |device| device.option).ok()
    }

    /// The device that provides the bus of this name, and the bus.
    pub(crate) fn provider(&self, bus: &str) -> Option<(&Device<'p>, Bus)> {
        let fixed = || self.devices.get(*self.fixed_buses.get(bus)?);
        let mut candidates = self.named(bus).chain(fixed());
        candidates.find_map(|device| Some((device, device.bus_called(bus)?)))
    }

    /// The devices that a bus of this name may belong to by their ids: `b.0` is the first bus of the device `b`, unless a
    /// device is called just so.
    pub(crate) fn named(&self, bus: &str) -> impl Iterator<Item = &Device<'p>> {
        let is_number = |number: &str| number.parse::<u32>().is_ok();
        let before = bus.rsplit_once('.').filter(|(_, number)| is_number(number)).map(|(id, _)| id);
        [Some(bus), before].into_iter().flatten().filter_map(|id| self.by_id(id))
    }

    /// The number of the device on which one sits: the one that provides the bus that it names, or without a name the first
    /// one that provides a bus of its sort, where the machine has none.
    fn owner(&self, device: &Device<'_>) -> Option<usize> {
        match self.get(device, "bus") {
            Some(bus) => {
                let known = self.provider(bus.text).map(|(owner, _)| owner);
                let unknown = || self.named(bus.text).find(|owner| owner.buses().is_none());
                let owner = known.or_else(unknown).or_else(|| self.of_sort(bus.text, device))?;
                self.number(owner.option)
            }
            // The machine, which may have one, is the base's.
            None if self.vm.extent == Extent::Part => None,
            None => {
                let sort = device.bus_sort().filter(|sort| !self.board.has(sort))?;
                self.first_offers.get(sort).copied()
            }
        }
    }

    /// The device, other than `user`, whose bus QEMU calls by its type, as it does where the device has no id: `scsi.0`. A
    /// bus of the machine that is called so comes first.
    pub(crate) fn of_sort(&self, bus: &str, user: &Device<'_>) -> Option<&Device<'p>> {
        let (name, number) = bus.rsplit_once('.')?;
        number.parse::<u32>().ok()?;
        if self.board.buses().any(|own| own.name == bus) {
            return None;
        }
        let ty = self.schema.bus_called(name)?;
        self.devices
            .get(*self.first_offers.get(ty)?)
            .filter(|device| device.id.is_none() && device.option != user.option)
    }

    /// Whether what plugs into `sort` plugs into this bus.
    pub(crate) fn takes(&self, bus: &str, sort: &str) -> bool {
        self.schema.bus_is(bus, sort)
    }

    /// The names of the buses of a sort that a device with an id provides.
    pub(crate) fn buses_of(&self, device: &Device<'_>, sort: &str) -> Vec<String> {
        let Some(id) = device.id else { return Vec::new() };
        let buses = device.buses().into_iter().flatten().filter(|bus| self.takes(bus.ty(), sort));
        buses.map(|bus| bus.name(id).into_owned()).collect()
    }

    /// Whether some device provides a bus that takes what plugs into `sort`.
    pub(crate) fn offers(&self, sort: &str) -> bool {
        self.first_offers.contains_key(sort)
    }

    /// Whether there is, or may be, a bus that takes what plugs into `sort`, for a device that brings none itself.
    pub(crate) fn may_have(&self, sort: &str, device: &Device<'_>) -> bool {
        // Bridges of PCI apart, nothing provides what it sits on.
        let may_provide = |(option, on): &(usize, Option<&str>)| {
            *option != device.option && (*on != Some(sort) || matches!(sort, "PCI" | "CXL"))
        };
        // QEMU itself has the bus of what is soldered to the board.
        sort == "System"
            || self.unknown_buses.iter().any(may_provide)
            || self.is_uncertain
            || !self.board.is_known()
            || self.board.has(sort)
            || self.first_offers.contains_key(sort)
    }
}

fn is_machine(option: &QemuOption<'_>) -> bool {
    option.kind == Some(Kind::Machine)
}

fn machine_type<'o>(options: &'o [QemuOption<'_>]) -> Option<Value<'o>> {
    let mut machines = options.iter().rev().filter(|option| is_machine(option));
    machines.find_map(|option| option.first().or_else(|| option.get("type")))
}

/// The machine, also where an `arg` names it.
fn board<'p>(options: &[QemuOption<'_>], vm: &'p Vm) -> Cow<'p, Board> {
    if !options.iter().any(|option| option.is_arg && is_machine(option)) {
        return Cow::Borrowed(&vm.facts.board);
    }
    let is_on = |name: &str| {
        options
            .iter()
            .filter(|option| is_machine(option))
            .any(|option| option.get(name).is_some_and(|value| value.is_on()))
    };
    let name = machine_type(options).map_or_else(|| vm.facts.board.name.clone(), |name| name.text.to_owned());
    Cow::Owned(vm.facts.board.other(&name, is_on))
}
