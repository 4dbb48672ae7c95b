//! The language's text for a VM of the seed program: what corresponds to what, as code.

use std::collections::{HashSet, VecDeque};

use fastrand::Rng;

use crate::seed::oracle::{
    BlockDevice, BridgeDevice, CharDevice, Config, Device, FsDevice, Knobs, Machine, Memory, NetDevice,
    NetKind, Object, QmpSocket, Rtc, SerialDevice, Smp,
};
use crate::seed::vm::VIRTIO_SERIAL;

/// A text that describes `config`: a plain one, or one of the many others, in what order and dress the language
/// allows.
pub(crate) fn describe(config: &Config, style: Style) -> String {
    let mut author = Author {
        rng: match style {
            Style::Plain => None,
            Style::Random(seed) => Some(Rng::with_seed(seed)),
        },
    };
    let statements = author.statements(config);
    author.file(&statements)
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Plain,
    Random(u64),
}

/// Words that can't stand unquoted where a statement could begin.
const KEYWORDS: &[&str] = &[
    "netdev",
    "fs",
    "port",
    "console",
    "bridge",
    "dimm",
    "device",
    "object",
    "chardev",
    "blockdev",
    "qmp",
    "name",
    "uuid",
    "machine",
    "cpu",
    "vga",
    "bios",
    "qemu",
    "memory",
    "smp",
    "vfio",
    "kernel",
    "target",
    "arg",
    "param",
    "disk",
    "virtio-serial",
    "rtc",
    "realtime",
    "global",
    "no-user-config",
    "nodefaults",
    "nographic",
    "daemonize",
    "if",
    "else",
    "for",
    "in",
    "include",
];

/// A statement as it will be written: its heads, then its items in any order or, where they are `ordered`, in this
/// one.
struct Statement {
    keyword: &'static str,
    kind: Option<String>,
    head: Option<Value>,
    items: Vec<Item>,
    ordered: bool,
}

enum Value {
    /// Text, quoted or not.
    Text(String),
    /// A number or a size.
    Number(String),
}

enum Item {
    Option(String, Value),
    Flag(String),
    /// With its sign.
    Feature(String),
}

impl Statement {
    const fn new(keyword: &'static str) -> Self {
        Self { keyword, kind: None, head: None, items: Vec::new(), ordered: false }
    }

    fn kind(mut self, kind: &str) -> Self {
        self.kind = Some(kind.to_owned());
        self
    }

    fn head(mut self, text: &str) -> Self {
        self.head = Some(Value::Text(text.to_owned()));
        self
    }

    fn number_head(mut self, number: impl ToString) -> Self {
        self.head = Some(Value::Number(number.to_string()));
        self
    }

    fn option(mut self, name: &str, value: &str) -> Self {
        self.items.push(Item::Option(name.to_owned(), Value::Text(value.to_owned())));
        self
    }

    fn number(mut self, name: &str, number: impl ToString) -> Self {
        self.items.push(Item::Option(name.to_owned(), Value::Number(number.to_string())));
        self
    }

    fn flag(mut self, name: &str) -> Self {
        self.items.push(Item::Flag(name.to_owned()));
        self
    }

    fn when(self, condition: bool, add: impl FnOnce(Self) -> Self) -> Self {
        if condition { add(self) } else { self }
    }

    fn option_unless_empty(self, name: &str, value: &str) -> Self {
        self.when(!value.is_empty(), |statement| statement.option(name, value))
    }

    fn number_unless_zero(self, name: &str, number: u32) -> Self {
        self.when(number > 0, |statement| statement.number(name, number))
    }

    fn flag_if(self, condition: bool, name: &str) -> Self {
        self.when(condition, |statement| statement.flag(name))
    }

    const fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }
}

/// Whether white space stands before a value, so that it could be taken for the next statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    BehindSpace,
    BehindEquals,
}

struct Author {
    /// Decides wherever there is a choice. Without one, the plainest is taken.
    rng: Option<Rng>,
}

impl Author {
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.as_mut().is_some_and(|rng| rng.u32(..100) < percent)
    }

    fn one_of<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        let first = choices.first().copied();
        self.rng.as_mut().and_then(|rng| rng.choice(choices).copied()).or(first).unwrap_or_default()
    }

    // ---- What there is to say ----

    /// The statements, in an order that leaves the devices (and the QMP sockets) in theirs.
    fn statements(&mut self, config: &Config) -> Vec<Statement> {
        let mut lanes: Vec<VecDeque<Statement>> = Vec::new();
        lanes.extend(self.single_statements(config).into_iter().map(|statement| [statement].into()));
        lanes.push(config.qmp_sockets.iter().map(qmp).collect());
        let unnamed = self.leave_out_ids(&config.devices);
        lanes.push(config.devices.iter().map(|device| self.device(device, &unnamed)).collect());

        let mut statements = Vec::new();
        loop {
            lanes.retain(|lane| !lane.is_empty());
            let lane = self.rng.as_mut().map_or(0, |rng| rng.usize(..lanes.len().max(1)));
            let Some(statement) = lanes.get_mut(lane).and_then(VecDeque::pop_front) else {
                return statements;
            };
            statements.push(statement);
        }
    }

    fn single_statements(&mut self, config: &Config) -> Vec<Statement> {
        let Config { smp, kernel, knobs, global_param, .. } = config;
        let mut statements = Vec::new();
        for (keyword, value) in [
            ("qemu", &config.path),
            ("name", &config.name),
            ("uuid", &config.uuid),
            ("vga", &config.vga),
            ("bios", &config.bios),
        ] {
            if !value.is_empty() {
                statements.push(Statement::new(keyword).head(value));
            }
        }
        statements.extend(machine(&config.machine));
        statements.extend(cpu(&config.cpu_model));
        statements.extend(memory(&config.memory, knobs));
        statements.extend(topology(smp));
        statements.extend(clock(&config.rtc));
        if let Some((property, value)) = global_param.split_once('=') {
            statements.push(Statement::new("global").option(property, value));
        }
        for (keyword, given) in [
            ("no-user-config", knobs.no_user_config),
            ("nodefaults", knobs.no_defaults),
            ("nographic", knobs.no_graphic),
            ("daemonize", knobs.daemonize),
        ] {
            if given {
                statements.push(Statement::new(keyword));
            }
        }
        statements.extend(self.realtime(knobs));
        if !kernel.path.is_empty() {
            statements.push(
                Statement::new("kernel").head(&kernel.path).option_unless_empty("append", &kernel.params),
            );
        }
        statements
    }

    fn realtime(&mut self, knobs: &Knobs) -> Option<Statement> {
        let realtime = Statement::new("realtime");
        match (knobs.realtime, knobs.mlock) {
            (true, true) if self.chance(30) => Some(realtime.flag("mlock")),
            (true, true) => Some(realtime.option("mlock", "on")),
            (_, false) => Some(realtime.option("mlock", "off")),
            (false, true) => None,
        }
    }

    /// Ids that need not be written, because the compiler gives the same: `net0`, `disk0`, the first that is free.
    fn leave_out_ids(&mut self, devices: &[Device]) -> HashSet<String> {
        let mut left_out = HashSet::new();
        for device in devices {
            let (Device::Net(NetDevice { id, .. }) | Device::Block(BlockDevice { id, .. })) = device else {
                continue;
            };
            if self.chance(50) {
                left_out.insert(id.clone());
                if !compiler_gives_the_same(devices, &left_out) {
                    left_out.remove(id);
                }
            }
        }
        left_out
    }

    fn device(&mut self, device: &Device, unnamed: &HashSet<String>) -> Statement {
        match device {
            Device::Object(object) => self.dimm(object),
            Device::Fs(fs) => self.fs(fs),
            Device::Char(chardev) => self.port(chardev),
            Device::Net(netdev) => {
                self.netdev(netdev).when(!unnamed.contains(&netdev.id), |s| s.option("id", &netdev.id))
            }
            Device::Serial(serial) => self.serial(serial),
            Device::Block(disk) => {
                self.disk(disk).when(!unnamed.contains(&disk.id), |s| s.option("id", &disk.id))
            }
            Device::Vfio(vfio) => Statement::new("vfio").head(&vfio.bdf),
            Device::Bridge(bridge) => self.bridge(bridge),
        }
    }

    /// A driver that is the statement's own need not be written.
    fn driver(&mut self, statement: Statement, own: &str, driver: &str) -> Statement {
        let needed = driver != own || self.chance(20);
        statement.when(needed, |statement| statement.option("driver", driver))
    }

    fn dimm(&mut self, object: &Object) -> Statement {
        let Object { driver, id, device_id, mem_path, .. } = object;
        let size = self.bytes(object.size);
        Statement::new("dimm")
            .kind(driver)
            .option("id", device_id)
            .option("memdev", id)
            .option("path", mem_path)
            .number("size", size)
    }

    /// A number of bytes, with a unit where one fits.
    fn bytes(&mut self, bytes: u64) -> String {
        for (unit, shift) in [('M', 20), ('K', 10)] {
            if bytes.is_multiple_of(1 << shift) && !self.chance(30) {
                return format!("{}{unit}", bytes >> shift);
            }
        }
        bytes.to_string()
    }

    fn fs(&mut self, fs: &FsDevice) -> Statement {
        let statement = Statement::new("fs")
            .kind(&fs.fs_driver)
            .option("id", &fs.id)
            .option("path", &fs.path)
            .option("tag", &fs.mount_tag)
            .option("security", &fs.security_model)
            .flag_if(fs.disable_modern, "disable-modern");
        self.driver(statement, "virtio-9p-pci", &fs.driver)
    }

    fn port(&mut self, chardev: &CharDevice) -> Statement {
        let console = chardev.driver == "virtconsole";
        let statement = Statement::new(if console { "console" } else { "port" })
            .kind(&chardev.backend)
            .option("id", &chardev.device_id)
            .option("chardev", &chardev.id)
            .option("path", &chardev.path)
            .option_unless_empty("name", &chardev.name)
            .option_unless_empty("bus", &chardev.bus)
            .flag_if(chardev.disable_modern, "disable-modern");
        if console { statement } else { self.driver(statement, "virtserialport", &chardev.driver) }
    }

    fn netdev(&mut self, netdev: &NetDevice) -> Statement {
        let kind = match netdev.kind {
            NetKind::Tap => "tap",
            NetKind::Macvtap => "macvtap",
            NetKind::Ipvtap => "ipvtap",
            NetKind::Vethtap => "vethtap",
            NetKind::Vfio => "vfio",
            NetKind::VhostUser => "vhost-user",
        };
        // The language takes an address as QEMU and lspci write it.
        let addr = netdev.addr.parse::<u32>().map_or_else(|_| String::new(), |slot| format!("{slot:x}"));
        let qemu_opens_vhost = netdev.vhost && netdev.fds > 0 && netdev.vhost_fds == 0;
        Statement::new("netdev")
            .kind(kind)
            .option("ifname", &netdev.if_name)
            .option_unless_empty("script", &netdev.script)
            .option_unless_empty("downscript", &netdev.down_script)
            .number_unless_zero("mq", netdev.fds)
            .flag_if(netdev.vhost && !qemu_opens_vhost, "vhost")
            .when(qemu_opens_vhost, |statement| statement.option("vhost", "qemu"))
            .option("mac", &netdev.mac_address)
            .option_unless_empty("bus", &netdev.bus)
            .option_unless_empty("addr", &addr)
            .flag_if(netdev.disable_modern, "disable-modern")
    }

    fn serial(&mut self, serial: &SerialDevice) -> Statement {
        let SerialDevice { driver, id, disable_modern } = serial;
        if driver == VIRTIO_SERIAL && !self.chance(15) {
            return Statement::new("virtio-serial")
                .option("id", id)
                .flag_if(*disable_modern, "disable-modern");
        }
        // For whatever the language has no word for, there is `device`.
        Statement::new("device")
            .kind(driver)
            .when(*disable_modern, |statement| statement.option("disable-modern", "true"))
            .option("id", id)
            .ordered()
    }

    fn disk(&mut self, disk: &BlockDevice) -> Statement {
        let interface = disk.interface != "none" || self.chance(20);
        let statement = Statement::new("disk")
            .option("file", &disk.file)
            .option_unless_empty("aio", &disk.aio)
            .option_unless_empty("format", &disk.format)
            .when(interface, |statement| statement.option("if", &disk.interface))
            .when(!disk.scsi, |statement| statement.option("scsi", "off"))
            .when(!disk.wce, |statement| statement.option("wce", "off"))
            .flag_if(disk.disable_modern, "disable-modern");
        self.driver(statement, "virtio-blk", &disk.driver)
    }

    fn bridge(&mut self, bridge: &BridgeDevice) -> Statement {
        let statement = Statement::new("bridge").option("id", &bridge.id).option("bus", &bridge.bus);
        if bridge.pcie {
            return statement.kind("pcie");
        }
        let say_off = !bridge.shpc && self.chance(20);
        statement
            .kind("pci")
            .number("chassis", bridge.chassis)
            .flag_if(bridge.shpc, "shpc")
            .when(say_off, |statement| statement.option("shpc", "off"))
    }

    // ---- How it is said ----

    fn file(&mut self, statements: &[Statement]) -> String {
        let mut text = String::new();
        if self.chance(5) {
            text += "#!/usr/bin/env -S qemu-dslc run\n";
        }
        let angles = self.chance(5);
        if angles {
            text += "<";
            text += &self.gap();
        }
        text += "target 2.10";
        for statement in statements {
            text += &self.between_statements();
            text += &self.statement(statement);
        }
        if angles {
            text += &self.gap();
            text += ">";
        }
        text + "\n"
    }

    fn between_statements(&mut self) -> String {
        if self.rng.is_none() {
            return "\n".into();
        }
        if self.chance(70) {
            return self.gap();
        }
        let before = if self.chance(30) { self.gap() } else { String::new() };
        let after = if self.chance(70) { self.gap() } else { String::new() };
        format!("{before};{after}")
    }

    fn statement(&mut self, statement: &Statement) -> String {
        let mut text = statement.keyword.to_owned();
        if let Some(kind) = &statement.kind {
            text += &self.gap();
            text += kind;
        }
        if let Some(head) = &statement.head {
            text += &self.gap();
            text += &self.value(head, Place::BehindSpace);
        }
        let mut items: Vec<&Item> = statement.items.iter().collect();
        if let Some(rng) = self.rng.as_mut().filter(|_| !statement.ordered) {
            rng.shuffle(&mut items);
        }
        for item in items {
            text += &self.gap();
            text += &self.item(item);
        }
        text
    }

    fn item(&mut self, item: &Item) -> String {
        match item {
            Item::Feature(feature) => feature.clone(),
            Item::Flag(name) if self.chance(15) && !BARE_ON_OLD_MACHINES.contains(&&**name) => {
                format!("{name}=on")
            }
            Item::Flag(name) => name.clone(),
            Item::Option(name, value) => {
                let before = if self.chance(5) { self.gap() } else { String::new() };
                if self.chance(5) {
                    let after = self.gap();
                    format!("{name}{before}={after}{}", self.value(value, Place::BehindSpace))
                } else {
                    format!("{name}{before}={}", self.value(value, Place::BehindEquals))
                }
            }
        }
    }

    fn value(&mut self, value: &Value, place: Place) -> String {
        match value {
            Value::Number(number) => number.clone(),
            Value::Text(text) if can_be_bare(text, place) && !self.chance(30) => text.clone(),
            Value::Text(text) if self.chance(40) => self.raw_string(text),
            Value::Text(text) => self.string(text),
        }
    }

    fn string(&mut self, text: &str) -> String {
        let escape_more = self.chance(10);
        let mut out = String::from('"');
        for character in text.chars() {
            match character {
                '"' => out += "\\\"",
                '\\' => out += "\\\\",
                '\n' => out += "\\n",
                '{' => out += "{{",
                '}' => out += "}}",
                '\t' if self.chance(50) => out += "\\t",
                '\'' if self.chance(50) => out += "\\'",
                ascii @ '\0'..='\x7f' if escape_more && self.chance(20) => {
                    out += &format!("\\x{:02x}", u32::from(ascii));
                }
                other if escape_more && self.chance(40) => out += &format!("\\u{{{:X}}}", u32::from(other)),
                other => out.push(other),
            }
        }
        out + "\""
    }

    fn raw_string(&mut self, text: &str) -> String {
        // As many as make no quote in the text the last one.
        let mut hashes = String::new();
        while text.contains(&format!("\"{hashes}")) {
            hashes.push('#');
        }
        if self.chance(20) {
            hashes.push('#');
        }
        let text = text.replace('{', "{{").replace('}', "}}");
        format!("r{hashes}\"{text}\"{hashes}")
    }

    /// White space and comments.
    fn gap(&mut self) -> String {
        if !self.chance(20) {
            return self.one_of(&[" ", " ", " ", "\n", "  ", "\t", "\n    ", "\r\n"]).to_owned();
        }
        let mut gap = String::new();
        for _ in 0..2 {
            gap += self.one_of(&[" ", "\n", "\t"]);
            let comment = self.one_of(&[
                "",
                "once",
                "netdev tap id=no",
                "\"not a string",
                "r#\"",
                "{hole}",
                "it's < > ; , = (",
                "a // b",
                "日本",
                "*",
            ]);
            gap += &match self.chance(50) {
                true => format!("// {comment}\n"),
                false => format!("/* {comment} */ "),
            };
        }
        gap
    }
}

/// Flags that 2.10 gets as they are written, so that the dress would show.
const BARE_ON_OLD_MACHINES: &[&str] = &["kernel_irqchip", "nvdimm"];

fn can_be_bare(text: &str, place: Place) -> bool {
    let ordinary = |character: char| {
        !character.is_whitespace() && !"\"'`{}()[]<>,;".contains(character) && !character.is_control()
    };
    let option = text
        .split_once('=')
        .is_some_and(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)));
    let mistaken = option
        || KEYWORDS.contains(&text)
        || ["//", "/*"].iter().any(|comment| text.starts_with(comment))
        || text.starts_with(['+', '-']);
    !text.is_empty() && text.chars().all(ordinary) && (place == Place::BehindEquals || !mistaken)
}

/// Whether the compiler, told none of the ids `left_out`, makes exactly these.
fn compiler_gives_the_same(devices: &[Device], left_out: &HashSet<String>) -> bool {
    let named = |device: &&Device| match device {
        Device::Net(NetDevice { id, .. }) | Device::Block(BlockDevice { id, .. }) => !left_out.contains(id),
        _ => false,
    };
    // Of the others, none has an id that looks as if it were generated.
    let mut taken: HashSet<String> = devices
        .iter()
        .filter(named)
        .map(|device| match device {
            Device::Net(NetDevice { id, .. }) | Device::Block(BlockDevice { id, .. }) => id.clone(),
            _ => String::new(),
        })
        .collect();
    devices.iter().all(|device| {
        let (prefix, id) = match device {
            Device::Net(netdev) => ("net", &netdev.id),
            Device::Block(disk) => ("disk", &disk.id),
            _ => return true,
        };
        if !left_out.contains(id) {
            return true;
        }
        let given = (0..).map(|number: u32| format!("{prefix}{number}")).find(|id| !taken.contains(id));
        taken.extend(given.clone());
        given.as_ref() == Some(id)
    })
}

fn machine(machine: &Machine) -> Option<Statement> {
    if machine.kind.is_empty() {
        return None;
    }
    let mut statement = Statement::new("machine").head(&machine.kind).ordered();
    let mut told = machine.acceleration.split(',');
    statement = statement.option_unless_empty("accel", told.next().unwrap_or_default());
    Some(told.fold(statement, |statement, told| match told.split_once('=') {
        Some((name, value)) => statement.option(name, value),
        None => statement.flag(told),
    }))
}

fn cpu(model: &str) -> Option<Statement> {
    let mut parts = model.split(',');
    let statement = Statement::new("cpu").head(parts.next().filter(|model| !model.is_empty())?).ordered();
    Some(parts.fold(statement, |mut statement, part| match part.split_once('=') {
        Some((name, value)) => statement.option(name, value),
        None => {
            statement.items.push(Item::Feature(part.to_owned()));
            statement
        }
    }))
}

fn qmp(socket: &QmpSocket) -> Statement {
    Statement::new("qmp")
        .kind(&socket.kind)
        .head(&socket.name)
        .flag_if(socket.server, "server")
        .flag_if(socket.no_wait, "nowait")
}

fn memory(memory: &Memory, knobs: &Knobs) -> Option<Statement> {
    let statement = Statement::new("memory")
        .number_head(&memory.size)
        .number_unless_zero("slots", memory.slots.into())
        .when(!memory.max_mem.is_empty(), |statement| statement.number("max", &memory.max_mem))
        .flag_if(knobs.huge_pages, "hugepages")
        .flag_if(knobs.mem_prealloc, "prealloc");
    (!memory.size.is_empty()).then_some(statement)
}

fn topology(smp: &Smp) -> Option<Statement> {
    let statement = Statement::new("smp")
        .number_head(smp.cpus)
        .number_unless_zero("cores", smp.cores)
        .number_unless_zero("threads", smp.threads)
        .number_unless_zero("sockets", smp.sockets);
    (smp.cpus > 0).then_some(statement)
}

fn clock(rtc: &Rtc) -> Option<Statement> {
    let statement = Statement::new("rtc")
        .option_unless_empty("base", &rtc.base)
        .option_unless_empty("driftfix", &rtc.drift_fix)
        .option_unless_empty("clock", &rtc.clock);
    (!statement.items.is_empty()).then_some(statement)
}
