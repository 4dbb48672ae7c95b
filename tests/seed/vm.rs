//! Random VMs over all that the seed program can describe and the compiler has nothing against.

use std::collections::HashSet;

use fastrand::Rng;

use crate::seed::oracle::{
    BlockDevice, BridgeDevice, CharDevice, Config, Device, FsDevice, Kernel, Knobs, Machine, Memory,
    NetDevice, NetKind, Object, QmpSocket, Rtc, SerialDevice, Smp, VfioDevice,
};

/// A random VM. It is always [`sound`].
pub(crate) fn random(rng: &mut Rng) -> Config {
    let mut maker = Maker::new(rng);
    let machine = maker.machine();
    let devices = maker.devices();
    let memory = maker.memory(&devices);
    let rng = maker.rng;
    let kvm = machine.acceleration.split(',').next() == Some("kvm");
    Config {
        path: maybe(rng, 20, path),
        name: maybe(rng, 70, guest_name),
        uuid: maybe(rng, 40, uuid),
        cpu_model: maybe(rng, 60, |rng| cpu_model(rng, kvm)),
        machine,
        qmp_sockets: (0..rng.usize(..3)).map(|_| qmp_socket(rng)).collect(),
        devices,
        rtc: rtc(rng),
        vga: maybe(rng, 40, |rng| one_of(rng, &["none", "std", "virtio", "qxl", "cirrus"])),
        kernel: kernel(rng),
        smp: smp(rng),
        global_param: maybe(rng, 40, global),
        knobs: knobs(rng, &memory),
        bios: maybe(rng, 30, path),
        memory,
    }
}

/// Whether the compiler has nothing against a VM: what random VMs are, and what shrinking must leave them.
///
/// It covers what a part of a VM can lack when another part is taken away, no more.
pub(crate) fn sound(config: &Config) -> bool {
    let Config { machine, memory, kernel, knobs, .. } = config;
    let told = |what: &str| machine.acceleration.split(',').any(|part| part == what);
    let host_cpu = config.cpu_model.split(',').next() == Some("host");
    (!machine.kind.is_empty() || machine.acceleration.is_empty())
        && (!host_cpu || told("kvm"))
        && (!kernel.path.is_empty() || kernel.params.is_empty())
        && (!memory.size.is_empty() || memory.slots == 0 && memory.max_mem.is_empty())
        && (memory.slots == 0 || !memory.max_mem.is_empty())
        && (!memory.size.is_empty() || !knobs.huge_pages && !knobs.mem_prealloc)
        && dimms(&config.devices).count() <= memory.slots.into()
        && (told("nvdimm") || dimms(&config.devices).all(|dimm| dimm.driver != "nvdimm"))
        && sound_topology(&config.smp)
        && sound_buses(config)
        && ide_disks(&config.devices) <= ide_room(root_bus(machine))
}

fn ide_disks(devices: &[Device]) -> usize {
    devices.iter().filter(|device| matches!(device, Device::Block(disk) if disk.driver == IDE_DISK)).count()
}

const IDE_DISK: &str = "ide-hd";

/// How many disks the machine's first IDE bus takes, on which all of them come.
fn ide_room(root_bus: &str) -> usize {
    if root_bus == "pcie.0" { 1 } else { 2 }
}

fn dimms(devices: &[Device]) -> impl Iterator<Item = &Object> {
    devices.iter().filter_map(|device| match device {
        Device::Object(object) => Some(object),
        _ => None,
    })
}

fn sound_topology(smp: &Smp) -> bool {
    let levels = [smp.cores, smp.threads, smp.sockets];
    let product = levels.into_iter().filter(|level| *level > 0).product::<u32>();
    if levels.contains(&0) { smp.cpus.is_multiple_of(product) } else { smp.cpus == product }
}

/// Every bus that is named exists, and its owner stands before whoever uses it.
fn sound_buses(config: &Config) -> bool {
    let root = root_bus(&config.machine);
    let mut pci = vec![root.to_owned()];
    let mut serial = Vec::new();
    for device in &config.devices {
        let sound = match device {
            Device::Bridge(bridge) => {
                let fits = pci.contains(&bridge.bus) && (!bridge.pcie || bridge.bus == "pcie.0");
                pci.push(bridge.id.clone());
                fits
            }
            Device::Serial(device) => {
                if device.driver == VIRTIO_SERIAL {
                    serial.push(serial_bus(&device.id));
                }
                true
            }
            Device::Char(device) if on_virtio_serial(&device.driver) => {
                if device.bus.is_empty() {
                    !serial.is_empty()
                } else {
                    serial.contains(&device.bus)
                }
            }
            Device::Char(device) => device.bus.is_empty() || pci.contains(&device.bus),
            Device::Net(netdev) => netdev.bus.is_empty() || pci.contains(&netdev.bus),
            Device::Object(_) | Device::Fs(_) | Device::Block(_) | Device::Vfio(_) => true,
        };
        if !sound {
            return false;
        }
    }
    true
}

pub(crate) const VIRTIO_SERIAL: &str = "virtio-serial-pci";

fn on_virtio_serial(driver: &str) -> bool {
    matches!(driver, "virtserialport" | "virtconsole")
}

fn serial_bus(id: &str) -> String {
    format!("{id}.0")
}

/// Without a machine, QEMU's default is a `pc`.
fn root_bus(machine: &Machine) -> &'static str {
    if machine.kind.contains("q35") { "pcie.0" } else { "pci.0" }
}

fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(..100) < percent
}

fn maybe(rng: &mut Rng, percent: u32, make: impl FnOnce(&mut Rng) -> String) -> String {
    if chance(rng, percent) { make(rng) } else { String::new() }
}

fn one_of(rng: &mut Rng, choices: &[&str]) -> String {
    rng.choice(choices).copied().unwrap_or_default().to_owned()
}

/// Text of the characters that lexers and quoting trip over. No comma: the seed doesn't escape it, so that QEMU would
/// read another VM.
fn odd_text(rng: &mut Rng) -> String {
    const PIECES: &[&str] = &[
        "a", "B", "7", "-", ".", "_", " ", "  ", "\t", "'", "\"", "\"#", "\\", "\\n", "{", "}", "{{",
        "{disk}", "(", ")", "[", "]", "<", ">", ";", "#", "%", "$HOME", "&", "|", "~", "*", "?", "!", "@",
        "^", "`", "+", "//", "/*", "*/", "/", "é", "日本", "🦀", "\u{200D}", "r\"", "r#", "on", "disk",
    ];
    (0..rng.usize(1..12)).map(|_| one_of(rng, PIECES)).collect()
}

fn path(rng: &mut Rng) -> String {
    if chance(rng, 25) {
        let line_end = if chance(rng, 5) { "\n" } else { "" };
        let equals = if chance(rng, 20) { "=" } else { "" };
        return format!("/{}{equals}{line_end}{}", odd_text(rng), odd_text(rng));
    }
    let folder =
        one_of(rng, &["/", "/var/lib/images/", "/tmp/", "./", "", "//srv/", "/dev/disk/by-id/wwn-0x5:"]);
    let file = one_of(rng, &["root", "a", "Disk_1", "vmlinuz-4.14.0", "memory", "initrd"]);
    format!("{folder}{file}{}", one_of(rng, &["", ".img", ".qcow2", ".sock", ".0"]))
}

/// `=` means something in `-name` and in `-qmp unix:`.
fn path_without_equals(rng: &mut Rng) -> String {
    path(rng).replace('=', "")
}

fn guest_name(rng: &mut Rng) -> String {
    if chance(rng, 20) {
        return format!("x{}", odd_text(rng));
    }
    one_of(rng, &["n", "web-1", "vm.example.org", "memory", "q35", "7", "in", "rtc", "1.5G", "r", "Größe"])
}

fn hex(rng: &mut Rng, digits: usize) -> String {
    (0..digits).map(|_| rng.digit(16)).collect()
}

fn uuid(rng: &mut Rng) -> String {
    let uuid = [8, 4, 4, 4, 12].map(|digits| hex(rng, digits)).join("-");
    if chance(rng, 20) { uuid.to_uppercase() } else { uuid }
}

/// The address of one station: QEMU takes no other for a device.
fn mac(rng: &mut Rng) -> String {
    let first = format!("{:02x}", rng.u8(..) & !1);
    let mac = [first].into_iter().chain((0..5).map(|_| hex(rng, 2))).collect::<Vec<_>>().join(":");
    if chance(rng, 20) { mac.to_uppercase() } else { mac }
}

fn cpu_model(rng: &mut Rng, kvm: bool) -> String {
    let mut model = if kvm && chance(rng, 60) {
        "host".to_owned()
    } else {
        one_of(rng, &["qemu64", "kvm64", "Haswell", "Skylake-Client", "core2duo"])
    };
    let mut features = ["+vmx", "-svm", "+x2apic", "-rtm", "pmu=off", "level=13"];
    rng.shuffle(&mut features);
    let count = if chance(rng, 50) { 0 } else { rng.usize(1..=3) };
    for feature in features.iter().take(count) {
        model += ",";
        model += feature;
    }
    model
}

fn qmp_socket(rng: &mut Rng) -> QmpSocket {
    let server = chance(rng, 70);
    QmpSocket { kind: "unix".into(), name: path_without_equals(rng), server, no_wait: server && rng.bool() }
}

fn rtc(rng: &mut Rng) -> Rtc {
    if chance(rng, 20) {
        return Rtc::default();
    }
    Rtc {
        base: maybe(rng, 85, |rng| one_of(rng, &["utc", "localtime", "2006-06-17T16:01:21", "2006-06-17"])),
        clock: maybe(rng, 60, |rng| one_of(rng, &["host", "vm"])),
        drift_fix: maybe(rng, 60, |rng| one_of(rng, &["slew", "none"])),
    }
}

fn kernel(rng: &mut Rng) -> Kernel {
    if chance(rng, 50) {
        return Kernel::default();
    }
    let params = |rng: &mut Rng| {
        let words =
            ["quiet", "root=/dev/pmem0p1", "rw", "console=hvc0", "console=ttyS0,115200n8", "--", "init=/a,b"];
        let mut params = (0..rng.usize(1..6)).map(|_| one_of(rng, &words)).collect::<Vec<_>>().join(" ");
        if chance(rng, 20) {
            params += &odd_text(rng);
        }
        params
    };
    // Whole arguments, where commas need no escaping.
    let comma = if chance(rng, 10) { ",x=y" } else { "" };
    Kernel { path: path(rng) + comma, params: maybe(rng, 70, params) }
}

fn smp(rng: &mut Rng) -> Smp {
    if chance(rng, 30) {
        return Smp::default();
    }
    let [cores, threads, sockets] = [rng.u32(1..=4), rng.u32(1..=2), rng.u32(1..=4)];
    let mut given = |level: u32| if rng.bool() { level } else { 0 };
    Smp {
        cpus: cores * threads * sockets,
        cores: given(cores),
        threads: given(threads),
        sockets: given(sockets),
    }
}

fn global(rng: &mut Rng) -> String {
    one_of(
        rng,
        &[
            "kvm-pit.lost_tick_policy=discard",
            "PIIX4_PM.disable_s3=1",
            "ICH9-LPC.disable_s4=1",
            "virtio-net-pci.romfile=/usr/share/a b.rom",
            "virtio-blk-pci.serial=a,b",
        ],
    )
}

fn knobs(rng: &mut Rng, memory: &Memory) -> Knobs {
    let [no_graphic, daemonize] = match rng.u32(..4) {
        0 => [true, false],
        1 => [false, true],
        _ => [false, false],
    };
    let backend = if memory.size.is_empty() { 0 } else { rng.u32(..4) };
    Knobs {
        no_user_config: rng.bool(),
        no_defaults: rng.bool(),
        no_graphic,
        daemonize,
        huge_pages: backend == 1,
        mem_prealloc: backend == 2,
        mlock: rng.bool(),
        realtime: rng.bool(),
    }
}

/// A size in MiB as the seed takes it, which prints it as it stands.
fn memory_size(rng: &mut Rng, mib: u32) -> String {
    let halves_of_gib = mib / 512;
    if !mib.is_multiple_of(512) || chance(rng, 40) {
        format!("{mib}M")
    } else if halves_of_gib.is_multiple_of(2) {
        format!("{}G", halves_of_gib / 2)
    } else {
        format!("{}.5G", halves_of_gib / 2)
    }
}

/// Makes what must fit together.
struct Maker<'r> {
    rng: &'r mut Rng,
    root_bus: &'static str,
    nvdimm: bool,
    /// Buses that have an owner by now.
    pci_buses: Vec<String>,
    serial_buses: Vec<String>,
    taken_ids: HashSet<String>,
    taken_slots: HashSet<(String, u32)>,
    taken_chassis: HashSet<i32>,
    taken_hosts: HashSet<String>,
    ide_disks: usize,
}

impl<'r> Maker<'r> {
    fn new(rng: &'r mut Rng) -> Self {
        // Names that QEMU gives to buses of its own, and to the backend of the machine's memory.
        let taken_ids = ["pci", "pcie", "ide", "isa", "dimm1"].map(str::to_owned).into();
        Self {
            rng,
            root_bus: "",
            nvdimm: false,
            pci_buses: Vec::new(),
            serial_buses: Vec::new(),
            taken_ids,
            taken_slots: HashSet::new(),
            taken_chassis: HashSet::new(),
            taken_hosts: HashSet::new(),
            ide_disks: 0,
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        chance(self.rng, percent)
    }

    fn one_of(&mut self, choices: &[&str]) -> String {
        one_of(self.rng, choices)
    }

    fn maybe(&mut self, percent: u32, make: impl FnOnce(&mut Rng) -> String) -> String {
        maybe(self.rng, percent, make)
    }

    fn machine(&mut self) -> Machine {
        let mut machine = Machine::default();
        if self.chance(90) {
            machine.kind =
                self.one_of(&["pc", "q35", "pc-i440fx-2.9", "pc-q35-2.9", "pc-i440fx-2.10", "pc-q35-2.10"]);
            if self.chance(80) {
                machine.acceleration = self.one_of(&["kvm", "kvm", "tcg", "kvm:tcg"]);
                let mut told =
                    ["kernel_irqchip", "nvdimm", "usb=off", "mem-merge=off", "dump-guest-core=off"];
                self.rng.shuffle(&mut told);
                let count = self.rng.usize(..=told.len());
                for told in told.iter().take(count) {
                    machine.acceleration += ",";
                    machine.acceleration += told;
                    self.nvdimm |= *told == "nvdimm";
                }
            }
        }
        self.root_bus = root_bus(&machine);
        self.pci_buses.push(self.root_bus.into());
        machine
    }

    fn devices(&mut self) -> Vec<Device> {
        let mut devices = Vec::new();
        // Ports need a bus, and it must come before them.
        if self.chance(50) {
            devices.push(Device::Serial(self.serial()));
        }
        let count = self.rng.usize(..=12);
        devices.extend((0..count).map(|_| self.device()));
        devices
    }

    fn device(&mut self) -> Device {
        match self.rng.u32(..14) {
            0 => Device::Object(self.dimm()),
            1 | 2 => Device::Fs(self.fs()),
            3 | 4 => Device::Char(self.chardev()),
            5..=8 => Device::Net(self.netdev()),
            9 => Device::Serial(self.serial()),
            10 | 11 => Device::Block(self.disk()),
            12 => Device::Vfio(self.vfio()),
            _ => Device::Bridge(self.bridge()),
        }
    }

    fn memory(&mut self, devices: &[Device]) -> Memory {
        let dimms = dimms(devices).count() as u8;
        if dimms == 0 && self.chance(30) {
            return Memory::default();
        }
        let mib = if self.rng.bool() { 512 * self.rng.u32(1..=16) } else { self.rng.u32(64..=9000) };
        let mut memory = Memory { size: memory_size(self.rng, mib), slots: 0, max_mem: String::new() };
        if dimms > 0 || self.chance(50) {
            // Room for the DIMMs, and for one as large as the machine's memory: that is how the seed preallocates.
            let max_mib = 2 * mib + 512 * self.rng.u32(8..=64);
            memory.max_mem = memory_size(self.rng, max_mib);
            memory.slots = match dimms {
                0 if self.chance(20) => 0,
                _ => self.rng.u8(dimms + 1..=dimms + 20),
            };
        }
        memory
    }

    /// A new id. Some are spelt like keywords.
    fn id(&mut self) -> String {
        let stems = [
            "a",
            "serial",
            "hd",
            "w",
            "char",
            "chan.1-",
            "My_dev",
            "memory",
            "in",
            "kernel",
            "virtio-serial",
        ];
        let mut id = self.one_of(&stems);
        while !self.taken_ids.insert(id.clone()) {
            id += &self.rng.u32(..10).to_string();
        }
        id
    }

    /// A new id, often of those that the compiler gives by itself.
    fn id_like(&mut self, prefix: &str) -> String {
        let id = format!("{prefix}{}", self.rng.u32(..4));
        if self.chance(60) && self.taken_ids.insert(id.clone()) { id } else { self.id() }
    }

    fn pci_bus(&mut self) -> String {
        self.rng.choice(&self.pci_buses).cloned().unwrap_or_default()
    }

    /// A free slot on `bus`, in decimal. The low ones are left to the devices that name none.
    fn slot(&mut self, bus: &str) -> String {
        let bus = if bus.is_empty() { self.root_bus } else { bus };
        let first = if bus == self.root_bus { 0x10 } else { 6 };
        let slot = self.rng.u32(first..=0x1e);
        let free = self.taken_slots.insert((bus.to_owned(), slot));
        if free { slot.to_string() } else { String::new() }
    }

    fn dimm(&mut self) -> Object {
        let driver = if self.nvdimm { self.one_of(&["nvdimm", "pc-dimm"]) } else { "pc-dimm".into() };
        let unit = self.rng.choice([1 << 12, 1 << 16, 1 << 20]).unwrap_or(1 << 12);
        Object {
            driver,
            kind: "memory-backend-file".into(),
            id: self.id(),
            device_id: self.id(),
            mem_path: path(self.rng),
            size: unit * self.rng.u64(1..=128),
        }
    }

    fn fs(&mut self) -> FsDevice {
        FsDevice {
            driver: self.one_of(&["virtio-9p-pci", "virtio-9p-pci", "virtio-9p-pci", "virtio-9p"]),
            fs_driver: self.one_of(&["local", "local", "handle", "proxy"]),
            id: self.id(),
            path: path(self.rng),
            mount_tag: self.one_of(&[
                "rootfs",
                "host0",
                "my tag",
                "9p",
                "fs",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZ-1234",
            ]),
            security_model: self.one_of(&["none", "passthrough", "mapped-xattr", "mapped-file"]),
            disable_modern: self.rng.bool(),
        }
    }

    fn chardev(&mut self) -> CharDevice {
        let drivers = ["virtserialport", "virtserialport", "virtconsole", "isa-serial", "pci-serial"];
        let mut driver = self.one_of(&drivers);
        if on_virtio_serial(&driver) && self.serial_buses.is_empty() {
            driver = "isa-serial".into();
        }
        let port = on_virtio_serial(&driver);
        let bus = match &*driver {
            "isa-serial" => String::new(),
            _ if self.rng.bool() => String::new(),
            "pci-serial" => self.pci_bus(),
            _ => self.rng.choice(&self.serial_buses).cloned().unwrap_or_default(),
        };
        CharDevice {
            backend: self.one_of(&["pipe", "socket", "socket", "console", "serial", "tty", "pty"]),
            driver,
            bus,
            device_id: self.id(),
            id: self.id(),
            path: path(self.rng),
            name: if port {
                self.maybe(60, |rng| {
                    one_of(rng, &["channel.0", "org.qemu.guest_agent.0", "agent", "port", "a b"])
                })
            } else {
                String::new()
            },
            disable_modern: port && self.chance(20),
        }
    }

    fn netdev(&mut self) -> NetDevice {
        let kind = if self.chance(70) { NetKind::Tap } else { NetKind::Macvtap };
        let fds = if kind == NetKind::Tap && self.chance(40) { 0 } else { self.rng.u32(1..=4) };
        let vhost = self.rng.bool();
        let bus = if self.rng.bool() { self.pci_bus() } else { String::new() };
        // With queues of its own, QEMU runs no scripts.
        let script = |rng: &mut Rng| match rng.u32(..3) {
            0 => "no".to_owned(),
            1 => path(rng),
            _ => String::new(),
        };
        NetDevice {
            kind,
            id: self.id_like("net"),
            if_name: self.one_of(&[
                "tap0",
                "c0",
                "veth1.2",
                "macvtap-1",
                "abcdefghijklmno",
                "disk",
                "in",
                "7",
            ]),
            down_script: if fds == 0 { script(self.rng) } else { String::new() },
            script: if fds == 0 { script(self.rng) } else { String::new() },
            addr: if self.chance(40) { self.slot(&bus) } else { String::new() },
            bus,
            fds,
            vhost_fds: if vhost && self.chance(60) { fds } else { 0 },
            vhost,
            mac_address: mac(self.rng),
            disable_modern: self.chance(40),
        }
    }

    fn serial(&mut self) -> SerialDevice {
        let drivers = [VIRTIO_SERIAL, VIRTIO_SERIAL, VIRTIO_SERIAL, "virtio-rng-pci", "virtio-scsi-pci"];
        let device =
            SerialDevice { driver: self.one_of(&drivers), id: self.id(), disable_modern: self.rng.bool() };
        if device.driver == VIRTIO_SERIAL {
            self.serial_buses.push(serial_bus(&device.id));
        }
        device
    }

    fn disk(&mut self) -> BlockDevice {
        let virtio = self.chance(85) || self.ide_disks == ide_room(self.root_bus);
        self.ide_disks += usize::from(!virtio);
        BlockDevice {
            driver: if virtio {
                self.one_of(&["virtio-blk", "virtio-blk", "virtio-blk-pci"])
            } else {
                IDE_DISK.into()
            },
            id: self.id_like("disk"),
            file: path(self.rng),
            interface: self.one_of(&["none", "none", "scsi"]),
            aio: self.maybe(80, |rng| one_of(rng, &["threads", "native"])),
            format: self.maybe(90, |rng| one_of(rng, &["qcow2", "raw", "vmdk"])),
            // An IDE disk knows none of these.
            scsi: !virtio || self.rng.bool(),
            wce: !virtio || self.rng.bool(),
            disable_modern: virtio && self.rng.bool(),
        }
    }

    fn vfio(&mut self) -> VfioDevice {
        loop {
            let domain = self.maybe(20, |_| "0000:".into());
            let address = format!("{:02x}:{:02x}.{}", self.rng.u8(..), self.rng.u8(..32), self.rng.u8(..8));
            if self.taken_hosts.insert(address.clone()) {
                return VfioDevice { bdf: domain + &address };
            }
        }
    }

    fn bridge(&mut self) -> BridgeDevice {
        let pcie = self.root_bus == "pcie.0" && self.rng.bool();
        let bus = if pcie { self.root_bus.to_owned() } else { self.pci_bus() };
        let id = self.id();
        self.pci_buses.push(id.clone());
        let chassis = loop {
            let chassis = self.rng.i32(1..=255);
            if self.taken_chassis.insert(chassis) {
                break chassis;
            }
        };
        BridgeDevice { pcie, bus, id, chassis, shpc: self.rng.bool() }
    }
}
