//! What the seed program prints for a VM.
//!
//! Written from its behaviour, and compared with the Go program itself on 100,000 random VMs, sound and unsound, when
//! it was written. It knows nothing of the language: it is what the compiler is held to, whatever the seed does,
//! sensible or not. Where the compiler is meant to differ stands in `differences.rs`.
//!
//! The types carry the seed's names. An empty string, a zero, an empty list is what Go has for "absent".

/// A whole VM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) cpu_model: String,
    pub(crate) machine: Machine,
    pub(crate) qmp_sockets: Vec<QmpSocket>,
    pub(crate) devices: Vec<Device>,
    pub(crate) rtc: Rtc,
    pub(crate) vga: String,
    pub(crate) kernel: Kernel,
    pub(crate) memory: Memory,
    pub(crate) smp: Smp,
    pub(crate) global_param: String,
    pub(crate) knobs: Knobs,
    pub(crate) bios: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    pub(crate) kind: String,
    /// The accelerator, and behind commas whatever else the machine is told.
    pub(crate) acceleration: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct QmpSocket {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) server: bool,
    pub(crate) no_wait: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Rtc {
    pub(crate) base: String,
    pub(crate) clock: String,
    pub(crate) drift_fix: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Kernel {
    pub(crate) path: String,
    pub(crate) params: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) size: String,
    pub(crate) slots: u8,
    pub(crate) max_mem: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Smp {
    pub(crate) cpus: u32,
    pub(crate) cores: u32,
    pub(crate) threads: u32,
    pub(crate) sockets: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Knobs {
    pub(crate) no_user_config: bool,
    pub(crate) no_defaults: bool,
    pub(crate) no_graphic: bool,
    pub(crate) daemonize: bool,
    pub(crate) huge_pages: bool,
    pub(crate) mem_prealloc: bool,
    pub(crate) mlock: bool,
    pub(crate) realtime: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Device {
    Object(Object),
    Fs(FsDevice),
    Char(CharDevice),
    Net(NetDevice),
    Serial(SerialDevice),
    Block(BlockDevice),
    Vfio(VfioDevice),
    Bridge(BridgeDevice),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    pub(crate) driver: String,
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) device_id: String,
    pub(crate) mem_path: String,
    pub(crate) size: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct FsDevice {
    pub(crate) driver: String,
    pub(crate) fs_driver: String,
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) mount_tag: String,
    pub(crate) security_model: String,
    pub(crate) disable_modern: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct CharDevice {
    pub(crate) backend: String,
    pub(crate) driver: String,
    pub(crate) bus: String,
    pub(crate) device_id: String,
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) disable_modern: bool,
}

/// What a network device is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetKind {
    Tap,
    Macvtap,
    Ipvtap,
    Vethtap,
    Vfio,
    VhostUser,
}

#[derive(Clone, Debug)]
pub(crate) struct NetDevice {
    pub(crate) kind: NetKind,
    pub(crate) id: String,
    pub(crate) if_name: String,
    pub(crate) bus: String,
    /// A PCI slot, in decimal.
    pub(crate) addr: String,
    pub(crate) down_script: String,
    pub(crate) script: String,
    /// How many open queues are handed over.
    pub(crate) fds: u32,
    /// How many open `/dev/vhost-net` are handed over.
    pub(crate) vhost_fds: u32,
    pub(crate) vhost: bool,
    pub(crate) mac_address: String,
    pub(crate) disable_modern: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct SerialDevice {
    pub(crate) driver: String,
    pub(crate) id: String,
    pub(crate) disable_modern: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct BlockDevice {
    pub(crate) driver: String,
    pub(crate) id: String,
    pub(crate) file: String,
    pub(crate) interface: String,
    pub(crate) aio: String,
    pub(crate) format: String,
    pub(crate) scsi: bool,
    pub(crate) wce: bool,
    pub(crate) disable_modern: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct VfioDevice {
    pub(crate) bdf: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct BridgeDevice {
    pub(crate) pcie: bool,
    pub(crate) bus: String,
    pub(crate) id: String,
    pub(crate) chassis: i32,
    pub(crate) shpc: bool,
}

/// A file descriptor that QEMU is started with. The first has number 3, the others follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fd {
    pub(crate) kind: &'static str,
    pub(crate) device: String,
    pub(crate) queue: u32,
    /// The interface whose queue it is.
    pub(crate) ifname: Option<String>,
}

/// What QEMU is started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Printed {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) fds: Vec<Fd>,
}

const FIRST_FD: usize = 3;

impl Printed {
    fn option(&mut self, name: &str, value: impl Into<String>) {
        self.args.push(name.to_owned());
        self.args.push(value.into());
    }

    /// An option that is left out when there is nothing to say.
    fn option_unless_empty(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.option(name, value);
        }
    }

    fn flag(&mut self, name: &str, given: bool) {
        if given {
            self.args.push(name.to_owned());
        }
    }

    /// Hands over `count` fds and gives their numbers, joined as QEMU wants them.
    fn hand_over(&mut self, count: u32, kind: &'static str, netdev: &NetDevice) -> String {
        let mut numbers = Vec::new();
        for queue in 0..count {
            numbers.push((FIRST_FD + self.fds.len()).to_string());
            let ifname = (kind != "vhost-net").then(|| netdev.if_name.clone());
            self.fds.push(Fd { kind, device: netdev.id.clone(), queue, ifname });
        }
        numbers.join(":")
    }
}

/// `,name=value`, or nothing where there is no value.
fn unless_empty(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(",{name}={value}") }
}

fn unless_zero(name: &str, value: u32) -> String {
    if value == 0 { String::new() } else { format!(",{name}={value}") }
}

const fn disable_modern(given: bool) -> &'static str {
    if given { ",disable-modern=true" } else { "" }
}

impl Config {
    pub(crate) fn print(&self) -> Printed {
        let program = if self.path.is_empty() { "qemu-system-x86_64" } else { &self.path };
        let mut out = Printed { program: program.to_owned(), ..Printed::default() };
        out.option_unless_empty("-name", &self.name);
        out.option_unless_empty("-uuid", &self.uuid);
        self.machine.print(&mut out);
        out.option_unless_empty("-cpu", &self.cpu_model);
        for socket in &self.qmp_sockets {
            socket.print(&mut out);
        }
        self.memory.print(&mut out);
        self.smp.print(&mut out);
        for device in &self.devices {
            device.print(&mut out);
        }
        self.rtc.print(&mut out);
        out.option_unless_empty("-global", &self.global_param);
        out.option_unless_empty("-vga", &self.vga);
        self.knobs.print(&self.memory, &mut out);
        self.kernel.print(&mut out);
        out.option_unless_empty("-bios", &self.bios);
        out
    }
}

impl Machine {
    fn print(&self, out: &mut Printed) {
        if !self.kind.is_empty() {
            out.option("-machine", format!("{}{}", self.kind, unless_empty("accel", &self.acceleration)));
        }
    }
}

impl QmpSocket {
    fn print(&self, out: &mut Printed) {
        if self.kind != "unix" || self.name.is_empty() {
            return;
        }
        let mode = match (self.server, self.no_wait) {
            (false, _) => "",
            (true, false) => ",server",
            (true, true) => ",server,nowait",
        };
        out.option("-qmp", format!("unix:{}{mode}", self.name));
    }
}

impl Memory {
    fn print(&self, out: &mut Printed) {
        if !self.size.is_empty() {
            let slots = unless_zero("slots", self.slots.into());
            out.option("-m", format!("{}{slots}{}", self.size, unless_empty("maxmem", &self.max_mem)));
        }
    }
}

impl Smp {
    fn print(&self, out: &mut Printed) {
        if self.cpus > 0 {
            let cores = unless_zero("cores", self.cores);
            let threads = unless_zero("threads", self.threads);
            let sockets = unless_zero("sockets", self.sockets);
            out.option("-smp", format!("{}{cores}{threads}{sockets}", self.cpus));
        }
    }
}

impl Rtc {
    fn print(&self, out: &mut Printed) {
        let known =
            matches!(&*self.clock, "" | "host" | "vm") && matches!(&*self.drift_fix, "" | "slew" | "none");
        if known {
            let drift_fix = unless_empty("driftfix", &self.drift_fix);
            out.option(
                "-rtc",
                format!("base={}{drift_fix}{}", self.base, unless_empty("clock", &self.clock)),
            );
        }
    }
}

impl Knobs {
    fn print(&self, memory: &Memory, out: &mut Printed) {
        out.flag("-no-user-config", self.no_user_config);
        out.flag("-nodefaults", self.no_defaults);
        out.flag("-nographic", self.no_graphic);
        out.flag("-daemonize", self.daemonize);
        let size = &memory.size;
        if self.huge_pages && !size.is_empty() {
            let path = "mem-path=/dev/hugepages,share=on,prealloc=on";
            out.option("-object", format!("memory-backend-file,id=dimm1,size={size},{path}"));
            out.option("-numa", "node,memdev=dimm1");
        } else if self.mem_prealloc && !self.huge_pages && !size.is_empty() {
            out.option("-object", format!("memory-backend-ram,id=dimm1,size={size},prealloc=on"));
            out.option("-device", "pc-dimm,id=dimm1,memdev=dimm1");
        }
        // To say "don't lock" takes `-realtime` too, so that only (no real time, lock) is silent.
        match (self.realtime, self.mlock) {
            (true, true) => out.option("-realtime", "mlock=on"),
            (_, false) => out.option("-realtime", "mlock=off"),
            (false, true) => {}
        }
    }
}

impl Kernel {
    fn print(&self, out: &mut Printed) {
        if !self.path.is_empty() {
            out.option("-kernel", &self.path);
            out.option_unless_empty("-append", &self.params);
        }
    }
}

impl Device {
    /// Devices that lack something are left out without a word.
    fn print(&self, out: &mut Printed) {
        match self {
            Self::Object(object) => object.print(out),
            Self::Fs(fs) => fs.print(out),
            Self::Char(chardev) => chardev.print(out),
            Self::Net(netdev) => netdev.print(out),
            Self::Serial(serial) => serial.print(out),
            Self::Block(disk) => disk.print(out),
            Self::Vfio(vfio) => vfio.print(out),
            Self::Bridge(bridge) => bridge.print(out),
        }
    }
}

impl Object {
    fn print(&self, out: &mut Printed) {
        let Self { driver, kind, id, device_id, mem_path, size } = self;
        if kind != "memory-backend-file" || id.is_empty() || mem_path.is_empty() || *size == 0 {
            return;
        }
        out.option("-device", format!("{driver},id={device_id},memdev={id}"));
        out.option("-object", format!("{kind},id={id},mem-path={mem_path},size={size}"));
    }
}

impl FsDevice {
    fn print(&self, out: &mut Printed) {
        let Self { driver, fs_driver, id, path, mount_tag, security_model, .. } = self;
        if id.is_empty() || path.is_empty() || mount_tag.is_empty() {
            return;
        }
        let modern = disable_modern(self.disable_modern);
        out.option("-device", format!("{driver}{modern},fsdev={id},mount_tag={mount_tag}"));
        out.option("-fsdev", format!("{fs_driver},id={id},path={path},security_model={security_model}"));
    }
}

impl CharDevice {
    fn print(&self, out: &mut Printed) {
        let Self { backend, driver, device_id, id, path, .. } = self;
        if id.is_empty() || path.is_empty() {
            return;
        }
        let modern = disable_modern(self.disable_modern);
        let bus = unless_empty("bus", &self.bus);
        let name = unless_empty("name", &self.name);
        out.option("-device", format!("{driver}{modern}{bus},chardev={id},id={device_id}{name}"));
        let mode = if backend == "socket" { ",server,nowait" } else { "" };
        out.option("-chardev", format!("{backend},id={id},path={path}{mode}"));
    }
}

impl NetDevice {
    fn print(&self, out: &mut Printed) {
        let source = match self.kind {
            NetKind::Tap => "tap",
            // Known to QEMU by its queues alone.
            NetKind::Macvtap if self.fds > 0 => "macvtap",
            NetKind::Macvtap => return,
            NetKind::Ipvtap | NetKind::Vethtap | NetKind::Vfio | NetKind::VhostUser => return,
        };
        if self.id.is_empty() || self.if_name.is_empty() {
            return;
        }
        let mut netdev = format!("tap,id={}", self.id);
        if self.vhost {
            netdev += ",vhost=on";
            if self.vhost_fds > 0 {
                netdev += &format!(",vhostfds={}", out.hand_over(self.vhost_fds, "vhost-net", self));
            }
        }
        if self.fds > 0 {
            netdev += &format!(",fds={}", out.hand_over(self.fds, source, self));
        } else {
            netdev += &format!(",ifname={}", self.if_name);
            netdev += &unless_empty("downscript", &self.down_script);
            netdev += &unless_empty("script", &self.script);
        }
        out.option("-netdev", netdev);

        let mut device = format!("driver=virtio-net-pci,netdev={},mac={}", self.id, self.mac_address);
        device += &unless_empty("bus", &self.bus);
        if let Ok(slot @ 0..) = self.addr.parse::<i64>() {
            device += &format!(",addr={slot:x}");
        }
        device += disable_modern(self.disable_modern);
        if self.fds > 0 {
            // One vector a queue and direction, one for configuration, one for the control queue.
            device += &format!(",mq=on,vectors={}", 2 * self.fds + 2);
        }
        out.option("-device", device);
    }
}

impl SerialDevice {
    fn print(&self, out: &mut Printed) {
        if !self.driver.is_empty() && !self.id.is_empty() {
            let modern = disable_modern(self.disable_modern);
            out.option("-device", format!("{}{modern},id={}", self.driver, self.id));
        }
    }
}

impl BlockDevice {
    fn print(&self, out: &mut Printed) {
        let Self { driver, id, file, interface, aio, format, .. } = self;
        if driver.is_empty() || id.is_empty() || file.is_empty() {
            return;
        }
        let modern = disable_modern(self.disable_modern);
        let scsi = if self.scsi { "" } else { ",scsi=off" };
        let wce = if self.wce { "" } else { ",config-wce=off" };
        out.option("-device", format!("{driver}{modern},drive={id}{scsi}{wce}"));
        out.option("-drive", format!("id={id},file={file},aio={aio},format={format},if={interface}"));
    }
}

impl VfioDevice {
    fn print(&self, out: &mut Printed) {
        if !self.bdf.is_empty() {
            out.option("-device", format!("vfio-pci,host={}", self.bdf));
        }
    }
}

impl BridgeDevice {
    fn print(&self, out: &mut Printed) {
        let Self { bus, id, chassis, .. } = self;
        if bus.is_empty() || id.is_empty() {
            return;
        }
        let driver = if self.pcie { "pcie-pci-bridge" } else { "pci-bridge" };
        let shpc = if self.shpc { "on" } else { "off" };
        out.option("-device", format!("{driver},bus={bus},id={id},chassis_nr={chassis},shpc={shpc}"));
    }
}

/// What random VMs don't show, because no QEMU accepts it: each line is what the Go program printed.
mod tests {
    use super::*;

    fn args(config: &Config) -> String {
        config.print().args.join(" ")
    }

    fn device_args(device: Device) -> String {
        // Everything else is silent then, but the real-time clock: that of Go's zero value is `base=`.
        let knobs = Knobs { mlock: true, ..Knobs::default() };
        let args = args(&Config { devices: vec![device], knobs, ..Config::default() });
        args.strip_suffix("-rtc base=").unwrap_or(&args).trim_end().to_owned()
    }

    fn netdev(kind: NetKind) -> NetDevice {
        NetDevice {
            kind,
            id: "t".into(),
            if_name: "c0".into(),
            bus: String::new(),
            addr: String::new(),
            down_script: String::new(),
            script: String::new(),
            fds: 0,
            vhost_fds: 0,
            vhost: false,
            mac_address: String::new(),
            disable_modern: false,
        }
    }

    #[test]
    fn an_empty_config_is_not_silent() {
        assert_eq!(args(&Config::default()), "-rtc base= -realtime mlock=off");
    }

    #[test]
    fn an_unknown_clock_silences_the_rtc() {
        let rtc = Rtc { base: "utc".into(), clock: "rt".into(), drift_fix: String::new() };
        assert_eq!(args(&Config { rtc, ..Config::default() }), "-realtime mlock=off");
    }

    #[test]
    fn huge_pages_win_over_preallocation() {
        let knobs =
            Knobs { huge_pages: true, mem_prealloc: true, mlock: true, realtime: true, ..Knobs::default() };
        let memory = Memory { size: "1G".into(), ..Memory::default() };
        assert_eq!(
            args(&Config { knobs, memory, ..Config::default() }),
            "-m 1G -rtc base= \
             -object memory-backend-file,id=dimm1,size=1G,mem-path=/dev/hugepages,share=on,prealloc=on \
             -numa node,memdev=dimm1 -realtime mlock=on"
        );
    }

    #[test]
    fn four_kinds_of_network_are_dropped() {
        for kind in [NetKind::Ipvtap, NetKind::Vethtap, NetKind::Vfio, NetKind::VhostUser] {
            assert_eq!(device_args(Device::Net(NetDevice { fds: 2, ..netdev(kind) })), "");
        }
        assert_eq!(device_args(Device::Net(netdev(NetKind::Macvtap))), "");
    }

    #[test]
    fn an_address_is_read_in_decimal() {
        for (addr, printed) in
            [("30", ",addr=1e"), ("40", ",addr=28"), ("1e", ""), ("-1", ""), ("007", ",addr=7")]
        {
            assert_eq!(
                device_args(Device::Net(NetDevice { addr: addr.into(), ..netdev(NetKind::Tap) })),
                format!("-netdev tap,id=t,ifname=c0 -device driver=virtio-net-pci,netdev=t,mac={printed}")
            );
        }
    }

    #[test]
    fn vhost_fds_count_only_with_vhost() {
        assert_eq!(
            device_args(Device::Net(NetDevice { fds: 1, vhost_fds: 2, ..netdev(NetKind::Tap) })),
            "-netdev tap,id=t,fds=3 -device driver=virtio-net-pci,netdev=t,mac=,mq=on,vectors=4"
        );
        assert_eq!(
            device_args(Device::Net(NetDevice { fds: 1, vhost_fds: 2, vhost: true, ..netdev(NetKind::Tap) })),
            "-netdev tap,id=t,vhost=on,vhostfds=3:4,fds=5 -device driver=virtio-net-pci,netdev=t,mac=,mq=on,vectors=4"
        );
    }

    #[test]
    fn a_pcie_bridge_gets_what_it_does_not_have() {
        let bridge =
            BridgeDevice { pcie: true, bus: "pcie.0".into(), id: "b".into(), chassis: 1, shpc: true };
        assert_eq!(
            device_args(Device::Bridge(bridge)),
            "-device pcie-pci-bridge,bus=pcie.0,id=b,chassis_nr=1,shpc=on"
        );
    }

    #[test]
    fn a_disk_of_which_little_is_said_gets_empty_values() {
        let disk = BlockDevice {
            driver: "virtio-blk".into(),
            id: "hd0".into(),
            file: "/i".into(),
            ..BlockDevice::default()
        };
        assert_eq!(
            device_args(Device::Block(disk)),
            "-device virtio-blk,drive=hd0,scsi=off,config-wce=off -drive id=hd0,file=/i,aio=,format=,if="
        );
    }
}
