//! What changed in QEMU's command line, and when: `since(9, 1)`, `removed(9, 1)`. No other file of the compiler knows such a
//! version; which versions there are stands in `plan/version.rs` and `schema/mod.rs`. The runtime is without the compiler, and has two of its own:
//! `EXIT_WITH_PARENT` and `FILTERS_FIRST`.
//!
//! Measured on 5.2, 7.2, 10.0 and 11.1; what lies between is from QEMU's own `about/deprecated` and
//! `about/removed-features`.

use crate::Version;

/// Something that QEMU has from a version on, or up to one.
#[derive(Debug)]
pub(crate) struct Change {
    /// What it is about, as a message begins.
    pub(crate) what: &'static str,
    /// The first version that has it.
    pub(crate) since: Option<Version>,
    /// The first version that warns of it.
    pub(crate) deprecated: Option<Version>,
    /// The first version without it.
    pub(crate) removed: Option<Version>,
    /// What to write instead, as a help begins.
    pub(crate) instead: &'static str,
    /// The value that says what is the default where the option is gone: it is left out there, with advice.
    pub(crate) default: Option<&'static str>,
    /// What is printed in its place from the first warning on, where there is an equal.
    pub(crate) becomes: Option<&'static str>,
}

impl Change {
    const fn of(what: &'static str) -> Self {
        Self { what, since: None, deprecated: None, removed: None, instead: "", default: None, becomes: None }
    }

    const fn since(self, major: u16, minor: u16) -> Self {
        Self { since: Some(Version::new(major, minor)), ..self }
    }

    const fn deprecated(self, major: u16, minor: u16) -> Self {
        Self { deprecated: Some(Version::new(major, minor)), ..self }
    }

    const fn removed(self, major: u16, minor: u16) -> Self {
        Self { removed: Some(Version::new(major, minor)), ..self }
    }

    const fn instead(self, instead: &'static str) -> Self {
        Self { instead, ..self }
    }

    const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    const fn becomes(self, becomes: &'static str) -> Self {
        Self { becomes: Some(becomes), ..self }
    }

    /// Whether it is about this word, which it has in its description.
    pub(crate) fn is_about(&self, word: &str) -> bool {
        self.what.split('`').any(|part| part == word)
    }

    /// What is printed in its place for QEMU `version`.
    pub(crate) fn becomes_in(&self, version: Version) -> Option<&'static str> {
        self.becomes.filter(|_| self.deprecated.is_some_and(|deprecated| deprecated <= version))
    }

    /// Whether QEMU `version` has it.
    pub(crate) fn is_in(&self, version: Version) -> bool {
        self.since.is_none_or(|since| since <= version) && !self.is_removed(version)
    }

    /// Whether QEMU `version` has it no more.
    pub(crate) fn is_removed(&self, version: Version) -> bool {
        self.removed.is_some_and(|removed| removed <= version)
    }

    /// Whether QEMU `version` warns of it.
    pub(crate) fn is_deprecated(&self, version: Version) -> bool {
        self.deprecated.is_some_and(|deprecated| deprecated <= version) && !self.is_removed(version)
    }
}

macro_rules! changes {
    ($($(#[doc = $doc:literal])+ $name:ident = $change:expr;)+) => {
        $($(#[doc = $doc])+ pub(crate) static $name: Change = $change;)+

        /// All of them, for the language reference.
        pub(crate) static ALL: &[&Change] = &[$(&$name),+];
    };
}

changes! {
    /// `server` instead of `server=on`. QEMU warns later than here, but has always understood the long form.
    SHORT_BOOLEANS = Change::of("a boolean without `=on`").removed(2, 11);

    /// `-name NAME` instead of `-name guest=NAME`, which reads a name with `=` too.
    BARE_NAME = Change::of("`-name` without `guest=`").removed(2, 11);

    /// `-realtime mlock=`, before `-overcommit mem-lock=`.
    REALTIME = Change::of("`-realtime`").removed(3, 0);

    /// RAM from an object by `-machine memory-backend=`, instead of by `-numa` or as a DIMM.
    MEMORY_BACKEND = Change::of("`memory-backend=`").since(5, 0);

    /// `object-add` with an object's properties beside its type, instead of in `props`.
    FLAT_OBJECTS = Change::of("`object-add` without `props`").since(5, 0);

    /// `-chardev socket,server=on` without an address.
    ANY_ADDRESS = Change::of("a socket that listens at any address").since(6, 0);

    /// What objects must have, in `query-qmp-schema`.
    TOLD_MEMBERS = Change::of("word of what an object must have").since(6, 0);

    /// `-object` with JSON, in which a property can have members.
    OBJECT_JSON = Change::of("lists and structs in `-object`").since(6, 0);

    /// `-device` with JSON.
    DEVICE_JSON = Change::of("lists and structs in `-device`").since(6, 2);

    /// `-object memory-backend-memfd`
    MEMFD = Change::of("`memory-backend-memfd`").since(2, 12);

    /// `-object memory-backend-shm`
    MEMORY_SHM = Change::of("`memory-backend-shm`").since(9, 1);

    /// `-object memory-backend-file,discard-data=`
    DISCARD_DATA = Change::of("`discard-data=`").since(2, 11);

    /// `-object memory-backend-file,align=`
    MEMORY_ALIGN = Change::of("`align=`").since(2, 12);

    /// `-object memory-backend-file,pmem=`
    MEMORY_PMEM = Change::of("`pmem=`").since(3, 1);

    /// `-object memory-backend-ram,x-use-canonical-path-for-ramblock-id=`
    CANONICAL_PATH = Change::of("`x-use-canonical-path-for-ramblock-id=`").since(4, 0);

    /// `-object memory-backend-ram,prealloc-threads=`
    PREALLOC_THREADS = Change::of("`prealloc-threads=`").since(5, 0);

    /// `-object memory-backend-file,readonly=`
    MEMORY_READONLY = Change::of("`readonly` of memory").since(6, 0);

    /// `-object memory-backend-ram,reserve=`
    MEMORY_RESERVE = Change::of("`reserve=`").since(6, 1);

    /// `-object memory-backend-ram,prealloc-context=`
    PREALLOC_CONTEXT = Change::of("`prealloc-context=`").since(7, 2);

    /// `-object memory-backend-file,offset=`
    MEMORY_OFFSET = Change::of("`offset=` of memory").since(8, 1);

    /// `-numa node,initiator=`, `hmat-lb` and `hmat-cache`.
    HMAT = Change::of("what the table HMAT says of nodes").since(5, 0);

    /// `-numa cpu,die-id=`
    NUMA_DIE = Change::of("`die-id=`").since(4, 1);

    /// `-numa cpu,cluster-id=`
    NUMA_CLUSTER = Change::of("`cluster-id=`").since(7, 1);

    /// `-numa cpu,book-id=` and `drawer-id=`
    NUMA_BOOK = Change::of("`book-id=` and `drawer-id=`").since(8, 2);

    /// `-numa cpu,module-id=`
    NUMA_MODULE = Change::of("`module-id=`").since(9, 1);

    /// `-device virtio-mem-pci,prealloc=`
    VIRTIO_MEM_PREALLOC = Change::of("`prealloc=` of virtio-mem").since(7, 0);

    /// That the way from a node to its own memory is known without a word, and that others than the first have CPUs.
    OWN_INITIATOR = Change::of("a node without `initiator=`").since(7, 2);

    /// `-machine confidential-guest-support=`, before `memory-encryption=`.
    CONFIDENTIAL = Change::of("`confidential-guest-support=`").since(6, 0);

    /// `-object sev-snp-guest`
    SEV_SNP = Change::of("SEV-SNP").since(9, 1);

    /// `-object tdx-guest`
    TDX = Change::of("TDX").since(10, 1);

    /// `-object memory-backend-file,rom=`
    MEMORY_ROM = Change::of("`rom=`").since(8, 2);

    /// `-chardev socket,fd=` on the command line.
    CHARDEV_FD = Change::of("`fd=` of a socket").since(2, 12);

    /// `-chardev socket,wait=` without `server=on`.
    CHARDEV_WAIT = Change::of("`wait=` of a socket that connects")
        .deprecated(4, 0)
        .removed(6, 0)
        .instead("leave it out, or add `server=on`");

    /// `-drive auto-read-only=`, with which QEMU opens a file for writing no sooner than it needs to.
    AUTO_READ_ONLY = Change::of("`auto-read-only=`").since(3, 1);

    /// `-netdev user,domainname=`
    USER_DOMAINNAME = Change::of("`domainname=`").since(3, 0);

    /// `-netdev user,tftp-server-name=`
    USER_TFTP_SERVER_NAME = Change::of("`tftp-server-name=`").since(3, 1);

    /// The product of the topology's levels must be the (maximum) number of CPUs, level by level as given.
    FULL_TOPOLOGY = Change::of("a complete topology").since(5, 2);

    /// No level of the topology is passed over in silence that the machine doesn't have.
    SMP_LEVELS = Change::of("that a machine must have the levels of `smp`").since(6, 2);

    /// `-smp dies=`
    SMP_DIES = Change::of("`dies=`").since(4, 1);

    /// `-smp clusters=`
    SMP_CLUSTERS = Change::of("`clusters=`").since(7, 0);

    /// `-smp drawers=` and `books=`
    SMP_BOOKS = Change::of("`drawers=` and `books=`").since(8, 2);

    /// `-smp modules=`
    SMP_MODULES = Change::of("`modules=`").since(9, 1);

    /// SCSI commands on a virtio-blk device.
    VIRTIO_BLK_SCSI = Change::of("`scsi=` of virtio-blk")
        .removed(9, 1)
        .instead("use virtio-scsi: `controller virtio-scsi`, `disk scsi-block`")
        .default("off");

    /// The chardev `tty`, an alias of `serial`.
    CHARDEV_TTY = Change::of("the chardev `tty`").deprecated(6, 0).removed(8, 0).becomes("serial");

    /// The chardev `parport`, an alias of `parallel`.
    CHARDEV_PARPORT =
        Change::of("the chardev `parport`").deprecated(6, 0).removed(8, 0).becomes("parallel");

    /// A drive with an interface of its own behind a device, which QEMU refuses.
    DRIVE_INTERFACE = Change::of("`if=scsi` of a drive that has its device")
        .removed(2, 11)
        .instead("leave it out, or use `device scsi-hd`");

    /// The chardev `console`, which Debian's and most others' QEMU for Linux don't have.
    CHARDEV_CONSOLE = Change::of("the chardev `console`, which exists on Windows only,")
        .removed(2, 11)
        .instead("use `serial`, `pty` or `socket`");

    /// `-fsdev handle`
    FSDEV_HANDLE = Change::of("the file system `handle`").removed(4, 0).instead("write `local`");

    /// `-fsdev proxy`
    FSDEV_PROXY = Change::of("the file system `proxy`")
        .deprecated(8, 1)
        .removed(9, 2)
        .instead("write `local`, or use virtiofs");

    /// `-fsdev proxy` with `path=`, which never worked.
    FSDEV_PROXY_PATH =
        Change::of("`path=` of the file system `proxy`").removed(2, 11).instead("write `socket=`");

    /// `-fsdev local,multidevs=`
    FSDEV_MULTIDEVS = Change::of("`multidevs=` of a file system").since(4, 2);

    /// `aio=io_uring`
    AIO_IO_URING = Change::of("`aio=io_uring`").since(5, 0);

    /// That a character device without a screen takes no size of one.
    CHARDEV_SCREEN = Change::of("that only `vc` takes `width=`").since(11, 1);

    /// Sizes of nearly 2^64.
    SIZES_TO_THE_LAST = Change::of("a size of nearly 2^64").since(6, 0);

    /// `-audiodev dbus`
    AUDIO_DBUS = Change::of("audio backend `dbus`").since(7, 0);

    /// `-audiodev pipewire`
    AUDIO_PIPEWIRE = Change::of("audio backend `pipewire`").since(8, 1);

    /// `-audiodev sndio`
    AUDIO_SNDIO = Change::of("audio backend `sndio`").since(7, 2);

    /// A SCSI controller's work by several threads.
    SCSI_IOTHREADS = Change::of("virtio-scsi with several `iothread=`").since(10, 0);

    /// `virtio-iommu-pci` on a PC.
    VIRTIO_IOMMU_PC = Change::of("`virtio-iommu-pci` on a PC").since(7, 0);

    /// `-sandbox on` with the sets of system calls.
    SANDBOX_SETS = Change::of("options of `-sandbox`").since(2, 11);

    /// That QEMU filters its system calls before it goes to the background.
    SANDBOX_FIRST = Change::of("a filter of system calls before `-daemonize`").since(6, 0);

    /// `-sandbox elevateprivileges=children`
    ELEVATE_CHILDREN = Change::of("`elevateprivileges=children`").since(6, 0);

    /// `-overcommit`, of which `-realtime` had a part.
    OVERCOMMIT = Change::of("`cpu-pm=`").since(3, 0);

    /// `-overcommit mem-lock=on-fault`
    LOCK_ON_FAULT = Change::of("`mem-lock=on-fault`").since(10, 0);

    /// `-msg guest-name=`
    GUEST_NAME = Change::of("`guest-name=`").since(5, 1);

    /// `-action`, for parts of which there are older options.
    ACTION = Change::of("`-action`").since(6, 0);

    /// What QEMU does where the guest panics.
    ACTION_PANIC = Change::of("`panic=`").since(6, 0);

    /// `-action panic=exit-failure`
    EXIT_FAILURE = Change::of("`panic=exit-failure`").since(7, 1);

    /// That the device of an SMBIOS table must be there. Later tables are built twice, and this is lost.
    SMBIOS_DEVICES = Change::of("a look at the devices of SMBIOS tables").removed(9, 0);

    /// OpenGL of a certain sort.
    GL_MODES = Change::of("`gl=core` and `gl=es`").since(3, 0);

    /// SMBIOS tables of type 11.
    SMBIOS_11 = Change::of("SMBIOS tables of type `11`").since(2, 12);

    /// `-smbios` of RISC-V.
    SMBIOS_RISCV = Change::of("`-smbios` of RISC-V").since(9, 0);

    /// `-smbios type=11,path=`
    SMBIOS_PATH = Change::of("`path=` of SMBIOS tables").since(5, 2);

    /// `-smbios type=4,max-speed=` and `current-speed=`
    SMBIOS_SPEED = Change::of("`max-speed=` and `current-speed=`").since(5, 0);

    /// SMBIOS tables of type 8.
    SMBIOS_8 = Change::of("SMBIOS tables of type `8`").since(7, 2);

    /// SMBIOS tables of type 9.
    SMBIOS_9 = Change::of("SMBIOS tables of type `9`").since(9, 0);

    /// SMBIOS tables of type 41.
    SMBIOS_41 = Change::of("SMBIOS tables of type `41`").since(6, 1);

    /// `-smbios type=4,processor-id=`
    SMBIOS_PROCESSOR_ID = Change::of("`processor-id=`").since(7, 0);

    /// `-smbios type=4,processor-family=`
    SMBIOS_PROCESSOR_FAMILY = Change::of("`processor-family=`").since(9, 0);

    /// `-display egl-headless`
    DISPLAY_EGL = Change::of("`-display egl-headless`").since(2, 11);

    /// `-display dbus`
    DISPLAY_DBUS = Change::of("`-display dbus`").since(7, 0);

    /// `-display spice-app`
    DISPLAY_SPICE_APP = Change::of("`-display spice-app`").since(4, 0);

    /// `-display sdl` with the options of other windows.
    SDL_OPTIONS = Change::of("`window-close=` of `-display sdl`").since(6, 1);

    /// `-display ...,show-cursor=`
    SHOW_CURSOR = Change::of("`show-cursor=`").since(5, 0);

    /// `-display gtk,zoom-to-fit=`
    ZOOM_TO_FIT = Change::of("`zoom-to-fit=`").since(3, 1);

    /// `-display gtk,show-tabs=`
    SHOW_TABS = Change::of("`show-tabs=`").since(7, 1);

    /// `-display gtk,show-menubar=`
    SHOW_MENUBAR = Change::of("`show-menubar=`").since(7, 2);

    /// `-display sdl,grab-mod=`
    GRAB_MOD = Change::of("`grab-mod=`").since(7, 1);

    /// `-display curses,charset=`
    CURSES_CHARSET = Change::of("`charset=`").since(4, 0);

    /// A password of VNC's or SPICE's by an object.
    PASSWORD_SECRET = Change::of("`password-secret=`").since(6, 0);

    /// SPICE's password on the command line.
    SPICE_PASSWORD = Change::of("`password=` of SPICE")
        .deprecated(6, 0)
        .removed(8, 0)
        .instead("write `password-secret=` and the id of a `secret`");

    /// `-spice gl=on` with a port.
    SPICE_GL_REMOTE = Change::of("`gl` of SPICE over the network").since(10, 1);

    /// `-vnc tls-authz=` and `sasl-authz=`
    VNC_AUTHZ = Change::of("`tls-authz=` and `sasl-authz=`").since(4, 0);

    /// `-vnc power-control=`
    POWER_CONTROL = Change::of("`power-control=`").since(6, 0);

    /// `-fw_cfg gen_id=`
    FW_CFG_GEN_ID = Change::of("`gen_id=`").since(5, 1);

    /// `-shim`
    SHIM = Change::of("`shim=`").since(10, 0);

    /// `-accel` with the properties that `-machine` had.
    ACCEL_PROPERTIES = Change::of("a property of `-accel` in the machine's place").since(5, 0);

    /// `-accel tcg,split-wx=`
    SPLIT_WX = Change::of("`split-wx=`").since(6, 0);

    /// `-accel tcg,one-insn-per-tb=`
    ONE_INSN_PER_TB = Change::of("`one-insn-per-tb=`").since(8, 1);

    /// `-accel kvm,dirty-ring-size=`
    DIRTY_RING_SIZE = Change::of("`dirty-ring-size=`").since(6, 1);

    /// `-accel kvm,notify-vmexit=` and `notify-window=`
    NOTIFY_VMEXIT = Change::of("`notify-vmexit=`").since(7, 2);

    /// `-accel kvm,device=`
    KVM_DEVICE = Change::of("`device=` of KVM").since(9, 2);

    /// `-accel kvm,xen-version=` and what belongs to it.
    XEN_VERSION = Change::of("`xen-version=`").since(8, 0);

    /// `-accel kvm,rapl=`
    RAPL = Change::of("`rapl=`").since(9, 1);

    /// `-accel kvm,honor-guest-pat=`
    HONOR_GUEST_PAT = Change::of("`honor-guest-pat=`").since(10, 1);

    /// `-run-with`, for parts of which there were options.
    RUN_WITH = Change::of("`-run-with`").since(8, 1);

    /// `-run-with user=`, which was `-runas`.
    RUN_WITH_USER = Change::of("`-run-with user=`").since(9, 1);

    /// `-run-with async-teardown=`, which was `-async-teardown`.
    ASYNC_TEARDOWN = Change::of("`async-teardown=`").since(7, 2);

    /// `-run-with exit-with-parent=`
    EXIT_WITH_PARENT = Change::of("`exit-with-parent=`").since(10, 2);

    /// `-plugin` with what it is told under its own names.
    PLUGIN_ARGUMENTS = Change::of("arguments of plugins").since(6, 1);

    /// What a thread logs, in a file of its own: `-d tid`.
    LOG_TID = Change::of("`-d tid`").since(7, 1);

    /// `-d invalid_mem`
    LOG_INVALID_MEM = Change::of("`-d invalid_mem`").since(10, 0);

    /// `-d op_plugin`
    LOG_OP_PLUGIN = Change::of("`-d op_plugin`").since(8, 0);

    /// `-d vpu`
    LOG_VPU = Change::of("`-d vpu`").since(8, 0);

    /// Plugins of TCG.
    PLUGINS = Change::of("plugins").since(4, 2);

    /// `-incoming` from a file, or with a channel.
    INCOMING_FILE = Change::of("`incoming` from a file or a channel").since(8, 2);

    /// `reconnect-ms=` of a socket.
    RECONNECT_MS = Change::of("`reconnect-ms=` as it is, before that as `reconnect=`, in whole seconds,").since(9, 2);

    /// `-chardev file,input-path=`
    CHARDEV_INPUT = Change::of("`input-path=`").since(8, 0);

    /// `-chardev qemu-vdagent`
    CHARDEV_VDAGENT = Change::of("the chardev `qemu-vdagent`").since(6, 1);

    /// `-chardev dbus`
    CHARDEV_DBUS = Change::of("the chardev `dbus`").since(7, 0);

    /// `-chardev hub`
    CHARDEV_HUB = Change::of("the chardev `hub`").since(10, 0);

    /// `-chardev socket,nodelay=`, before `delay=`.
    CHARDEV_NODELAY = Change::of("`nodelay=` as it is, before that as `delay=`,").since(6, 0);

    /// `-chardev socket,abstract=`
    CHARDEV_ABSTRACT = Change::of("`abstract=` and `tight=`").since(5, 1);

    /// `-netdev stream` and `dgram`
    NETDEV_STREAM = Change::of("`netdev stream` or `netdev dgram`").since(7, 2);

    /// `-netdev stream,reconnect=`, in seconds, before `reconnect-ms=`.
    STREAM_RECONNECT = Change::of("`reconnect-ms=` of a stream").since(8, 0);

    /// `-netdev vhost-vdpa`
    NETDEV_VHOST_VDPA = Change::of("`netdev vhost-vdpa`").since(5, 1);

    /// `-netdev vhost-vdpa,vhostfd=`
    VHOST_VDPA_FD = Change::of("file descriptor of `netdev vhost-vdpa`").since(7, 1);

    /// `-netdev af-xdp`
    NETDEV_AF_XDP = Change::of("`netdev af-xdp`").since(8, 2);

    /// `-netdev af-xdp,map-path=`
    AF_XDP_MAP = Change::of("`map-path=` of AF_XDP").since(10, 1);

    /// `-netdev passt`
    NETDEV_PASST = Change::of("`netdev passt`").since(10, 1);

    /// `-netdev vmnet-host`, `vmnet-shared` and `vmnet-bridged`
    NETDEV_VMNET = Change::of("network of vmnet").since(7, 1);

    /// `-device pxb-cxl`
    PXB_CXL = Change::of("`bridge pxb-cxl`").since(7, 1);

    /// `-object iommufd`
    IOMMUFD = Change::of("`iommufd`").since(9, 0);

    /// `-machine pflash0=`, instead of `-drive if=pflash`.
    FLASH_NODES = Change::of("`pflash0=` of a machine").since(5, 0);

    /// `reconnect=` of a stream, in seconds.
    RECONNECT = Change::of("`reconnect=`")
        .deprecated(9, 2)
        .removed(10, 2)
        .instead("write `reconnect-ms=`, in milliseconds");
}

#[cfg(test)]
mod tests {
    use super::{ALL, CHARDEV_TTY, MEMORY_BACKEND};
    use crate::Version;

    #[test]
    fn each_change_happens_in_order() {
        for change in ALL {
            let times = [change.since, change.deprecated, change.removed];
            let times: Vec<_> = times.into_iter().flatten().collect();
            assert!(times.is_sorted(), "{change:?}");
            assert!(!times.is_empty(), "{change:?}");
        }
    }

    #[test]
    fn a_version_is_before_within_or_after() {
        assert!(!MEMORY_BACKEND.is_in(Version::new(4, 2)));
        assert!(MEMORY_BACKEND.is_in(Version::new(5, 0)));
        assert!(CHARDEV_TTY.is_in(Version::new(7, 2)) && CHARDEV_TTY.is_deprecated(Version::new(7, 2)));
        assert!(!CHARDEV_TTY.is_in(Version::new(8, 0)) && !CHARDEV_TTY.is_deprecated(Version::new(8, 0)));
    }
}
