//! All that a VM consists of.

use std::collections::HashMap;

use crate::Span;
use crate::model::{Entry, Vm};
use crate::print::{Output, Written};
use crate::qemu::board::Board;
use crate::schema::{self, Bus, Kind, Schema};

use super::device::Device;
use super::ids::{self, Definition, Reference};
use super::option::{self, QemuOption, Value};

/// What a VM consists of.
pub(crate) struct Hardware<'p> {
    pub(crate) vm: &'p Vm,
    /// The program that runs it, where a statement names one.
    pub(crate) program: Option<&'p str>,
    pub(crate) board: Board,
    /// All options, in the order of the source.
    pub(crate) options: Vec<QemuOption<'p>>,
    pub(crate) devices: Vec<Device>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) references: Vec<Reference>,
    /// The device of an id, by its number.
    by_id: HashMap<String, usize>,
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
    pub(crate) fn new(vm: &'p Vm, output: &'p Output) -> Self {
        let options = option::options(&output.arguments, vm);
        let schema = schema::nearest(vm.target);
        let mut hardware = Self {
            vm,
            program: output.program.as_deref(),
            board: board(&options, vm),
            options: Vec::new(),
            devices: Vec::new(),
            definitions: Vec::new(),
            references: Vec::new(),
            by_id: HashMap::new(),
            schema,
            first_offers: HashMap::new(),
            fixed_buses: HashMap::new(),
            unknown_buses: Vec::new(),
            is_uncertain: vm.shape_is_open || vm.target_is_open,
        };
        for (number, option) in options.iter().enumerate() {
            hardware.is_uncertain |= option.name == "readconfig" || option.is_json() || option.is_uncertain();
            if option.name == "device" {
                hardware.device(number, option);
            }
            hardware.ids(number, option);
        }
        for (number, global) in options.iter().enumerate().filter(|(_, option)| option.name == "global") {
            ids::refer_by_default(
                number,
                global,
                &hardware.devices,
                &options,
                schema,
                &mut hardware.references,
            );
        }
        hardware.options = options;
        hardware
    }

    fn device(&mut self, number: usize, option: &QemuOption<'_>) {
        let Some(driver) = option.first().or_else(|| option.get("driver")) else { return };
        let ty = self.schema.find(Kind::Device, &driver.text);
        let id = option.get("id").or_else(|| self.vm.is_fragment.then(|| ids::backend_of(option))?);
        let device = Device {
            option: number,
            statement: option.statement,
            is_arg: option.is_arg,
            driver: driver.text.clone().into_owned(),
            id: id.map(|id| id.text.into_owned()),
            ty,
        };
        let index = self.devices.len();
        if let Some(id) = &device.id {
            self.by_id.entry(id.clone()).or_insert(index);
        }
        match device.buses() {
            Some(buses) => buses.for_each(|bus| self.provide(bus, index)),
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

    fn provide(&mut self, bus: Bus, device: usize) {
        for sort in self.schema.bus_sorts(bus.ty()) {
            self.first_offers.entry(sort).or_insert(device);
        }
        if let Some(name) = bus.fixed_name() {
            self.fixed_buses.entry(name).or_insert(device);
        }
    }

    fn ids(&mut self, number: usize, option: &QemuOption<'_>) {
        let head = self.vm.statements.get(option.statement).map_or(Span::default(), |entry| entry.head);
        ids::define(number, option, head, self.vm.is_fragment, &mut self.definitions);
        ids::refer(number, option, head, self.schema, &mut self.references);
    }

    /// The option that makes a device.
    pub(crate) fn option_of(&self, device: &Device) -> Option<&QemuOption<'p>> {
        self.options.get(device.option)
    }

    /// The value of a device's property.
    pub(crate) fn get(&self, device: &Device, name: &str) -> Option<Value<'_>> {
        self.option_of(device)?.get(name)
    }

    /// Whether a device's property has a value that comes later.
    pub(crate) fn is_open(&self, device: &Device, name: &str) -> bool {
        self.option_of(device).is_some_and(|option| option.is_open(name))
    }

    /// All options of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &QemuOption<'p>> {
        self.options.iter().filter(move |option| option.name == name)
    }

    /// Whether there is an option of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The accelerators that it may run by, the first that works. Without a word it is TCG, but for a QEMU that is called
    /// `kvm`.
    pub(crate) fn accelerators(&self) -> Vec<String> {
        let machine = self.machine("accel").map(|accel| accel.text.into_owned());
        let named = machine.iter().flat_map(|accel| accel.split(':')).map(str::to_owned);
        let options = self.all("accel").filter_map(|accel| Some(accel.first()?.text.into_owned()));
        let flags = self.all("enable-kvm").map(|_| "kvm".to_owned());
        let mut all: Vec<_> = named.chain(options).chain(flags).collect();
        if all.is_empty() {
            let program = self.program.unwrap_or_default().rsplit('/').next().unwrap_or_default();
            let by_name = if matches!(program, "kvm" | "qemu-kvm") { "kvm" } else { "tcg" };
            all.push(by_name.to_owned());
        }
        all
    }

    /// The value of a machine's property.
    pub(crate) fn machine(&self, name: &str) -> Option<Value<'_>> {
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

    /// The device with an id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Device> {
        self.devices.get(*self.by_id.get(id)?)
    }

    /// The device that provides the bus of this name, and the bus.
    pub(crate) fn provider(&self, bus: &str) -> Option<(&Device, Bus)> {
        let fixed = || self.devices.get(*self.fixed_buses.get(bus)?);
        let mut candidates = self.named(bus).chain(fixed());
        candidates.find_map(|device| Some((device, device.bus_called(bus)?)))
    }

    /// The devices that a bus of this name may belong to by their ids: `b.0` is the first bus of the device `b`, unless a
    /// device is called just so.
    pub(crate) fn named(&self, bus: &str) -> impl Iterator<Item = &Device> {
        let is_number = |number: &str| number.parse::<u32>().is_ok();
        let before = bus.rsplit_once('.').filter(|(_, number)| is_number(number)).map(|(id, _)| id);
        [Some(bus), before].into_iter().flatten().filter_map(|id| self.by_id(id))
    }

    /// The device on which one sits: the one that provides the bus that it names, or without a name the first one that
    /// provides a bus of its sort, where the machine has none.
    pub(crate) fn owner(&self, device: &Device) -> Option<&Device> {
        match self.get(device, "bus") {
            Some(bus) => {
                let known = self.provider(&bus.text).map(|(owner, _)| owner);
                let unknown = || self.named(&bus.text).find(|owner| owner.buses().is_none());
                known.or_else(unknown).or_else(|| self.of_sort(&bus.text, device))
            }
            None => {
                let sort = device.bus_sort().filter(|sort| !self.board.has(sort))?;
                self.devices.get(*self.first_offers.get(sort)?)
            }
        }
    }

    /// The device, other than `user`, whose bus QEMU calls by its type, as it does where the device has no id: `scsi.0`. A
    /// bus of the machine that is called so comes first.
    pub(crate) fn of_sort(&self, bus: &str, user: &Device) -> Option<&Device> {
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
    pub(crate) fn buses_of(&self, device: &Device, sort: &str) -> Vec<String> {
        let Some(id) = &device.id else { return Vec::new() };
        let buses = device.buses().into_iter().flatten().filter(|bus| self.takes(bus.ty(), sort));
        buses.map(|bus| bus.name(id).into_owned()).collect()
    }

    /// The number of a device.
    pub(crate) fn number(&self, device: &Device) -> usize {
        // They stand in the order of their options.
        self.devices.partition_point(|other| other.option < device.option)
    }

    /// Whether some device provides a bus that takes what plugs into `sort`.
    pub(crate) fn offers(&self, sort: &str) -> bool {
        self.first_offers.contains_key(sort)
    }

    /// Whether there is, or may be, a bus that takes what plugs into `sort`, for a device that brings none itself.
    pub(crate) fn may_have(&self, sort: &str, device: &Device) -> bool {
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
    matches!(&*option.name, "machine" | "M")
}

fn machine_type<'o>(options: &'o [QemuOption<'_>]) -> Option<Value<'o>> {
    let mut machines = options.iter().rev().filter(|option| is_machine(option));
    machines.find_map(|option| option.first().or_else(|| option.get("type")))
}

/// The machine, also where an `arg` names it.
fn board(options: &[QemuOption<'_>], vm: &Vm) -> Board {
    let by_arg = options.iter().filter(|option| option.is_arg && is_machine(option)).collect::<Vec<_>>();
    if by_arg.is_empty() {
        return vm.facts.board.clone();
    }
    let is_on = |name: &str| {
        options
            .iter()
            .filter(|option| is_machine(option))
            .any(|option| option.get(name).is_some_and(|value| value.is_on()))
    };
    let name =
        machine_type(options).map_or_else(|| vm.facts.board.name.clone(), |name| name.text.into_owned());
    vm.facts.board.other(&name, is_on)
}
