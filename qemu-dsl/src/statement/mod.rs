//! The statements: one file each, with its options and their docs, its checks and how it is printed.
//!
//! To add a statement, copy a file such as `rtc.rs`, add a line to the list below, and its keyword to the grammar.

pub(crate) mod arg;
pub(crate) mod bridge;
pub(crate) mod cpu;
pub(crate) mod dimm;
pub(crate) mod directive;
pub(crate) mod disk;
pub(crate) mod firmware;
pub(crate) mod fs;
pub(crate) mod global;
pub(crate) mod hatch;
pub(crate) mod kernel;
pub(crate) mod knobs;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod name;
pub(crate) mod netdev;
pub(crate) mod pci;
pub(crate) mod port;
pub(crate) mod qmp;
pub(crate) mod realtime;
pub(crate) mod rtc;
pub(crate) mod smp;
pub(crate) mod socket;
pub(crate) mod vfio;
pub(crate) mod virtio_serial;
pub(crate) mod vsock;

use crate::lowering::Section;
use crate::spec::Spec;

macro_rules! statements {
    ($($(#[doc = $doc:literal])+ $keyword:literal $often:ident $section:ident [$($form:path),+] $example:literal;)+) => {
        /// The table of statements, in the order of the reference.
        pub(crate) static STATEMENTS: &[Spec] = &[$(
            Spec {
                keyword: $keyword,
                once: statements!(@ $often),
                section: Section::$section,
                doc: concat!($($doc, "\n"),+),
                example: $example,
                forms: &[$(<$form>::ENTRY),+],
            }
        ),+];
    };
    (@ once) => { true };
    (@ many) => { false };
}

statements! {
    /// Which QEMU the output is for. Without it: the newest that is known.
    "target" once Nowhere [directive::Target] "target 7.2";
    /// A value that is given from outside: `--set disk=/x.img`. It is used as `file={disk}` and inside strings.
    "param" many Nowhere [directive::Param] "param image: path = \"root.qcow2\"\ndisk file={image} format=qcow2";
    /// The program to run.
    "qemu" once Nowhere [firmware::Qemu] "qemu \"/opt/qemu/bin/qemu-system-x86_64\"";
    /// The VM's name.
    "name" once Name [name::Name] "name web";
    /// The VM's UUID, which the guest sees too.
    "uuid" once Uuid [name::Uuid] "uuid 123e4567-e89b-12d3-a456-426614174000";
    /// The machine: its type and its properties.
    "machine" once Machine [machine::Machine] "machine q35 accel=kvm:tcg kernel_irqchip";
    /// The CPU: its model, features and properties.
    "cpu" once Cpu [cpu::Cpu] "cpu qemu64 +aes -svm";
    /// How many CPUs there are, and how they are arranged.
    "smp" once Smp [smp::Smp] "smp 4 sockets=1 cores=2 threads=2";
    /// The guest's RAM.
    "memory" once Memory [memory::Memory] "memory 2G slots=2 max=4G";
    /// A memory module backed by a file.
    "dimm" many Devices [dimm::Dimm]
        "machine q35 nvdimm\nmemory 512M slots=1 max=2G\ndimm nvdimm path=\"/var/lib/nv0\" size=1G";
    /// The kernel to boot without a boot loader.
    "kernel" once Kernel [kernel::Kernel] "kernel \"/boot/vmlinuz\" initrd=\"/boot/initrd.img\" append=\"quiet\"";
    /// The firmware, in place of the machine's own.
    "bios" once Bios [firmware::Bios] "bios \"bios-256k.bin\"";
    /// A disk: a file and the device through which the guest sees it.
    "disk" many Devices [disk::Disk] "disk file=root.qcow2 format=qcow2 aio=threads";
    /// A network device and what connects it to the host.
    "netdev" many Devices [
        netdev::tap::Tap, netdev::tap::Macvtap, netdev::user::User, netdev::vhost_user::VhostUser,
        netdev::vfio::Vfio, netdev::none::Nothing
    ] "name web\nnetdev tap ifname=tap0 mq=4 vhost";
    /// A folder of the host that the guest can mount: `mount -t 9p TAG /mnt`.
    "fs" many Devices [fs::Fs] "fs local path=\"/srv/share\" tag=share security=mapped-xattr";
    /// A virtio-serial controller, which offers the bus `ID.0` to ports and consoles.
    "virtio-serial" many Devices [virtio_serial::VirtioSerial] "virtio-serial id=serial0";
    /// A virtio-serial port (or another serial device) and what it is connected to.
    "port" many Devices [port::Port]
        "virtio-serial id=serial0\nport socket bus=serial0.0 path=\"/run/agent\" name=agent.0";
    /// A virtio console and what it is connected to.
    "console" many Devices [port::Console] "virtio-serial id=serial0\nconsole socket path=\"/run/console\"";
    /// A bridge, which offers a PCI bus of its own name.
    "bridge" many Devices [bridge::Pci, bridge::Pcie] "machine pc\nbridge pci id=b0 bus=pci.0 chassis=1";
    /// A PCI device of the host that the guest has to itself.
    "vfio" many Devices [vfio::Vfio] "vfio 0000:02:10.0";
    /// A socket between the guest and the host (AF_VSOCK), which needs no network.
    "vsock" many Devices [vsock::Vsock] "vsock cid=3 fd";
    /// The real-time clock that the guest sees.
    "rtc" once Rtc [rtc::Rtc] "rtc base=utc clock=host driftfix=slew";
    /// The graphics adapter.
    "vga" once Vga [firmware::Vga] "vga none";
    /// A socket by which others can manage the VM (QMP).
    "qmp" many Qmp [qmp::Qmp] "qmp unix \"/run/qmp.sock\" server nowait";
    /// Reads no configuration file of the user.
    "no-user-config" once NoUserConfig [knobs::NoUserConfig] "no-user-config";
    /// Creates none of the devices that QEMU adds by itself: serial port, monitor, graphics, network, drives.
    "nodefaults" once NoDefaults [knobs::NoDefaults] "nodefaults";
    /// No window: the serial port and the monitor use the terminal.
    "nographic" once NoGraphic [knobs::NoGraphic] "nographic";
    /// QEMU goes to the background as soon as it is ready.
    "daemonize" once Daemonize [knobs::Daemonize] "daemonize";
    /// Whether QEMU's memory may be swapped out.
    "realtime" once Locking [realtime::Realtime] "realtime mlock=on";
    /// A default for a property of all devices of a driver.
    "global" many Global [global::Global] "global kvm-pit.lost_tick_policy=discard";
    /// Any device of QEMU.
    "device" many Devices [hatch::Device] "device virtio-rng-pci id=rng0";
    /// Any object of QEMU.
    "object" many Devices [hatch::Object] "object rng-random id=random0 filename=\"/dev/urandom\"";
    /// Any character device's backend of QEMU.
    "chardev" many Devices [hatch::Chardev] "chardev stdio id=serial0";
    /// Any block node of QEMU.
    "blockdev" many Devices [hatch::Blockdev] "blockdev null-co node-name=disk0 size=1G";
    /// Any argument of QEMU: one, or an option and its value. It stands behind all others and is not checked.
    "arg" many Args [arg::Arg] "arg \"-boot\" \"order=c\"";
}

/// The statement of this keyword.
pub(crate) fn find(keyword: &str) -> Option<&'static Spec> {
    STATEMENTS.iter().find(|spec| spec.keyword == keyword)
}

/// All keywords.
pub(crate) fn keywords() -> impl Iterator<Item = &'static str> {
    STATEMENTS.iter().map(|spec| spec.keyword)
}
