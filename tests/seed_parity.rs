//! With `target 2.10`, the compiler prints byte for byte what the seed program prints for the same VM.
//!
//! Shown for all that the seed program can describe, and on random VMs over all of it. `QEMU_DSL_CASES` says how many,
//! and `QEMU_DSL_SEED` which: a failure prints the values that repeat it alone.

#![expect(clippy::panic, reason = "a test fails by panicking")]

mod seed {
    mod differences;
    mod oracle;
    mod shrink;
    mod source;
    mod vm;

    pub(crate) use differences::expected;
    pub(crate) use oracle::{Config, Fd, Printed};
    pub(crate) use shrink::shrink;
    pub(crate) use source::{Style, describe};
    pub(crate) use vm::{random, sound};
}

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::panic::catch_unwind;

use fastrand::Rng;
use qemu_dsl::plan::Plan;
use qemu_dsl::{Options, Severity};
use seed::{Config, Fd, Printed, Style, describe, expected, random, shrink, sound};

const DEFAULT_SEED: u64 = 0x5eed;
const DEFAULT_CASES: u64 = 3000;

#[test]
fn random_vms_print_as_the_seed_prints_them() {
    let first = from_environment("QEMU_DSL_SEED").unwrap_or(DEFAULT_SEED);
    let cases = from_environment("QEMU_DSL_CASES").unwrap_or(DEFAULT_CASES);
    println!("QEMU_DSL_SEED={first} QEMU_DSL_CASES={cases}");
    for seed in (0..cases).map(|case| first.wrapping_add(case)) {
        let config = random(&mut Rng::with_seed(seed));
        let Some(fault) = fault(&config, Style::Random(seed)) else {
            continue;
        };
        // The plain text is the easiest to read, where it shows the fault too.
        let styles = || [Style::Plain, Style::Random(seed)].into_iter().chain((0..16).map(Style::Random));
        let shows = |config: &Config| styles().find(|style| fault.is_shown_by(config, *style));
        let config = shrink(config, |smaller| shows(smaller).is_some());
        let style = shows(&config).unwrap_or(Style::Plain);
        panic!("QEMU_DSL_SEED={seed} QEMU_DSL_CASES=1 repeats this:\n{}", report(&config, style));
    }
}

/// Or else a refusal would say nothing about the compiler.
#[test]
fn random_vms_are_sound() {
    for seed in 0..2000 {
        let config = random(&mut Rng::with_seed(seed));
        assert!(sound(&config), "seed {seed}: {config:#?}");
    }
}

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value}: not a number")))
}

/// How the compiler fails a VM.
enum Fault {
    Panics,
    Refuses(Refusal),
    Prints { wanted: Printed, got: Printed },
}

/// The compiler's errors.
struct Refusal {
    codes: Vec<String>,
    report: String,
}

impl Fault {
    fn is_shown_by(&self, config: &Config, style: Style) -> bool {
        fault(config, style).is_some_and(|fault| fault.is_like(self))
    }

    /// Whether the two can have one cause, as far as one can tell from outside.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Panics, Self::Panics) => true,
            (Self::Refuses(one), Self::Refuses(other)) => {
                one.codes == other.codes || one.codes.iter().any(|code| other.codes.contains(code))
            }
            (Self::Prints { wanted, got }, Self::Prints { wanted: wanted_too, got: got_too }) => {
                first_difference(wanted, got) == first_difference(wanted_too, got_too)
            }
            _ => false,
        }
    }
}

/// The option in which two command lines differ first. `None`: in the program or the fds alone.
fn first_difference<'p>(one: &'p Printed, other: &Printed) -> Option<&'p str> {
    let mut option = "nothing";
    for (index, arg) in one.args.iter().enumerate() {
        if arg.starts_with('-') {
            option = arg;
        }
        if other.args.get(index) != Some(arg) {
            return Some(option);
        }
    }
    (one.args.len() < other.args.len()).then_some("too much")
}

fn fault(config: &Config, style: Style) -> Option<Fault> {
    let text = describe(config, style);
    let wanted = expected(config);
    match catch_unwind(|| compile(&text)) {
        Err(_) => Some(Fault::Panics),
        Ok(Err(refusal)) => Some(Fault::Refuses(refusal)),
        Ok(Ok(got)) => (got != wanted).then_some(Fault::Prints { wanted, got }),
    }
}

/// What the compiler prints for `text`. Warnings are none of this test's business.
fn compile(text: &str) -> Result<Printed, Refusal> {
    let compilation = qemu_dsl::compile(text, &Options::default());
    let mut codes = Vec::new();
    let mut report = String::new();
    for diagnostic in
        compilation.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
    {
        let code = format!("{:?}", diagnostic.code);
        report += &format!("{code}: {}\n", diagnostic.message);
        for label in &diagnostic.labels {
            let place = text.get(label.span.start as usize..label.span.end as usize);
            report += &format!("    at {:?} {}\n", place.unwrap_or_default(), label.text);
        }
        codes.push(code);
    }
    match compilation.template {
        Some(template) if codes.is_empty() => Ok(printed(&Plan::of(template))),
        _ => Err(Refusal { codes, report }),
    }
}

fn printed(plan: &Plan) -> Printed {
    let text = |text: &OsStr| text.to_string_lossy().into_owned();
    Printed {
        program: text(plan.program()),
        args: plan.args().map(text).collect(),
        fds: plan
            .fds()
            .zip(qemu_dsl::plan::FIRST_FD..)
            .map(|(fd, number)| {
                assert_eq!(fd.number, number, "fds are numbered in order");
                let ifname = fd.source.ifname().copied().map(text);
                Fd { kind: fd.source.kind(), device: text(fd.device), queue: fd.queue, ifname }
            })
            .collect(),
    }
}

fn report(config: &Config, style: Style) -> String {
    let mut out = format!("{}\n", describe(config, style));
    match fault(config, style) {
        None => out += "(it fails now and then)",
        Some(Fault::Panics) => out += "the compiler panics",
        Some(Fault::Refuses(refusal)) => {
            out += "the compiler refuses it:\n";
            out += &refusal.report;
        }
        Some(Fault::Prints { wanted, got }) => {
            side_by_side(&mut out, "program", &[wanted.program], &[got.program]);
            side_by_side(&mut out, "argument", &wanted.args, &got.args);
            side_by_side(&mut out, "fd", &wanted.fds, &got.fds);
        }
    }
    out
}

fn side_by_side<T: PartialEq + std::fmt::Debug>(out: &mut String, what: &str, wanted: &[T], got: &[T]) {
    for index in 0..wanted.len().max(got.len()) {
        let (wanted, got) = (wanted.get(index), got.get(index));
        let show = |side: Option<&T>| side.map_or_else(|| "nothing".to_owned(), |side| format!("{side:?}"));
        let line = if wanted == got {
            format!("  {what} {index}: {}", show(wanted))
        } else {
            format!("! {what} {index}: wanted {}, got {}", show(wanted), show(got))
        };
        let _ = writeln!(out, "{line}");
    }
}

// ---- What the seed program can describe ----

/// What the compiler prints for a VM of these statements, which must please it.
#[track_caller]
fn print(statements: &str) -> Printed {
    match compile(&format!("target 2.10\n{statements}\n")) {
        Ok(printed) => printed,
        Err(refusal) => panic!("{statements}\nis refused:\n{}", refusal.report),
    }
}

/// Checks the arguments of a VM without fds. None of them has a space in it.
#[track_caller]
fn prints(statements: &str, args: &str) {
    prints_with_fds(statements, args, &[]);
}

/// Also checks the fd table, from number 3: kind, device, queue, interface.
#[track_caller]
fn prints_with_fds(statements: &str, args: &str, fds: &[(&'static str, &str, u32, Option<&str>)]) {
    let printed = print(statements);
    assert_eq!(printed.args.join(" "), args, "for {statements}");
    assert_eq!(printed.args.len(), args.split(' ').count() - usize::from(args.is_empty()));
    let fds: Vec<Fd> = fds
        .iter()
        .map(|(kind, device, queue, ifname)| Fd {
            kind,
            device: (*device).to_owned(),
            queue: *queue,
            ifname: ifname.map(str::to_owned),
        })
        .collect();
    assert_eq!(printed.fds, fds, "for {statements}");
}

#[test]
fn nothing_prints_nothing() {
    prints("", "");
}

#[test]
fn machine() {
    prints("machine pc accel=kvm kernel_irqchip nvdimm", "-machine pc,accel=kvm,kernel_irqchip,nvdimm");
    prints("machine q35", "-machine q35");
}

#[test]
fn name_uuid_cpu_vga_bios_and_path() {
    let printed = print(
        r#"
        qemu "/opt/qemu 2/bin/qemu-system-x86_64"
        bios "b" vga none
        machine pc accel=kvm
        cpu host
        uuid 8a5e2c1f-0b6d-4c2e-9f3a-5d7e1b2c3a4f
        name n
        "#,
    );
    assert_eq!(printed.program, "/opt/qemu 2/bin/qemu-system-x86_64");
    assert_eq!(
        printed.args,
        [
            "-name",
            "n",
            "-uuid",
            "8a5e2c1f-0b6d-4c2e-9f3a-5d7e1b2c3a4f",
            "-machine",
            "pc,accel=kvm",
            "-cpu",
            "host",
            "-vga",
            "none",
            "-bios",
            "b"
        ]
    );
    assert_eq!(print("name n").program, "qemu-system-x86_64");
}

#[test]
fn object() {
    prints(
        r#"
        machine pc accel=kvm nvdimm
        memory 2G slots=2 max=3G
        dimm nvdimm id=nv0 memdev=mem0 path="/root" size=64K
        "#,
        "-machine pc,accel=kvm,nvdimm -m 2G,slots=2,maxmem=3G \
         -device nvdimm,id=nv0,memdev=mem0 -object memory-backend-file,id=mem0,mem-path=/root,size=65536",
    );
}

#[test]
fn fs_device() {
    for kind in ["local", "handle", "proxy"] {
        prints(
            &format!(r#"fs {kind} id=w path="/p" tag=rootfs security=none disable-modern"#),
            &format!(
                "-device virtio-9p-pci,disable-modern=true,fsdev=w,mount_tag=rootfs \
                 -fsdev {kind},id=w,path=/p,security_model=none"
            ),
        );
    }
}

#[test]
fn char_device_port() {
    prints(
        r#"virtio-serial id=b; port socket id=channel0 chardev=char0 path="/tmp/c" name=channel.0 bus=b.0"#,
        "-device virtio-serial-pci,id=b \
         -device virtserialport,bus=b.0,chardev=char0,id=channel0,name=channel.0 \
         -chardev socket,id=char0,path=/tmp/c,server,nowait",
    );
    for kind in ["pipe", "console", "serial", "tty", "pty"] {
        prints(
            &format!("virtio-serial id=b; port {kind} id=channel0 chardev=char0 path=/tmp/c bus=b.0"),
            &format!(
                "-device virtio-serial-pci,id=b -device virtserialport,bus=b.0,chardev=char0,id=channel0 \
                 -chardev {kind},id=char0,path=/tmp/c"
            ),
        );
    }
}

#[test]
fn char_device_console() {
    prints(
        r#"virtio-serial id=b; console socket id=console0 chardev=char0 path="/tmp/c""#,
        "-device virtio-serial-pci,id=b \
         -device virtconsole,chardev=char0,id=console0 -chardev socket,id=char0,path=/tmp/c,server,nowait",
    );
}

#[test]
fn char_device_of_another_driver() {
    prints(
        "port socket driver=isa-serial id=com1 chardev=char0 path=/tmp/c",
        "-device isa-serial,chardev=char0,id=com1 -chardev socket,id=char0,path=/tmp/c,server,nowait",
    );
}

#[test]
fn net_device_tap() {
    prints(
        "bridge pci id=b bus=pci.0 chassis=1
         netdev tap id=t ifname=c0 script=no downscript=no vhost mac=02:02:de:ad:be:ef bus=b addr=1e disable-modern",
        "-device pci-bridge,bus=pci.0,id=b,chassis_nr=1,shpc=off \
         -netdev tap,id=t,vhost=on,ifname=c0,downscript=no,script=no \
         -device driver=virtio-net-pci,netdev=t,mac=02:02:de:ad:be:ef,bus=b,addr=1e,disable-modern=true",
    );
}

#[test]
fn net_device_address_is_hexadecimal() {
    for (written, printed) in
        [("3", "3"), ("9", "9"), ("a", "a"), ("10", "10"), ("1e", "1e"), ("\"1e\"", "1e")]
    {
        prints(
            &format!("netdev tap id=t ifname=c0 mac=02:02:de:ad:be:ef addr={written}"),
            &format!(
                "-netdev tap,id=t,ifname=c0 \
                 -device driver=virtio-net-pci,netdev=t,mac=02:02:de:ad:be:ef,addr={printed}"
            ),
        );
    }
}

#[test]
fn net_device_with_fds_and_vhost_fds() {
    for kind in ["tap", "macvtap"] {
        prints_with_fds(
            &format!("netdev {kind} id=t ifname=c0 mq=2 vhost mac=02:02:de:ad:be:ef"),
            "-netdev tap,id=t,vhost=on,vhostfds=3:4,fds=5:6 \
             -device driver=virtio-net-pci,netdev=t,mac=02:02:de:ad:be:ef,mq=on,vectors=6",
            &[
                ("vhost-net", "t", 0, None),
                ("vhost-net", "t", 1, None),
                (kind, "t", 0, Some("c0")),
                (kind, "t", 1, Some("c0")),
            ],
        );
    }
}

#[test]
fn net_device_with_fds_but_no_vhost_fds() {
    prints_with_fds(
        "netdev tap id=t ifname=c0 mq=2 vhost=qemu mac=02:02:de:ad:be:ef",
        "-netdev tap,id=t,vhost=on,fds=3:4 \
         -device driver=virtio-net-pci,netdev=t,mac=02:02:de:ad:be:ef,mq=on,vectors=6",
        &[("tap", "t", 0, Some("c0")), ("tap", "t", 1, Some("c0"))],
    );
}

#[test]
fn net_devices_share_one_fd_table() {
    prints_with_fds(
        "netdev tap id=a ifname=c0 mq=1 vhost mac=02:02:de:ad:be:01
         netdev tap id=b ifname=c1 mac=02:02:de:ad:be:02
         netdev macvtap id=c ifname=c2 mq=2 mac=02:02:de:ad:be:03",
        "-netdev tap,id=a,vhost=on,vhostfds=3,fds=4 \
         -device driver=virtio-net-pci,netdev=a,mac=02:02:de:ad:be:01,mq=on,vectors=4 \
         -netdev tap,id=b,ifname=c1 -device driver=virtio-net-pci,netdev=b,mac=02:02:de:ad:be:02 \
         -netdev tap,id=c,fds=5:6 \
         -device driver=virtio-net-pci,netdev=c,mac=02:02:de:ad:be:03,mq=on,vectors=6",
        &[
            ("vhost-net", "a", 0, None),
            ("tap", "a", 0, Some("c0")),
            ("macvtap", "c", 0, Some("c2")),
            ("macvtap", "c", 1, Some("c2")),
        ],
    );
}

/// The seed declares four more types and drops their devices. Here they are what QEMU accepts.
#[test]
fn net_device_ipvtap_and_vethtap() {
    for kind in ["ipvtap", "vethtap"] {
        let printed = print(&format!("netdev {kind} id=t ifname=c0 mq=2 vhost mac=02:02:de:ad:be:ef"));
        assert_eq!(
            printed.args.join(" "),
            "-netdev tap,id=t,vhost=on,vhostfds=3:4,fds=5:6 \
             -device driver=virtio-net-pci,netdev=t,mac=02:02:de:ad:be:ef,mq=on,vectors=6"
        );
        // How a vethtap's queues are opened is not the seed's to say.
        assert_eq!(printed.fds.len(), 4);
    }
}

#[test]
fn net_device_vfio() {
    prints("netdev vfio host=02:10.0", "-device vfio-pci,host=02:10.0");
}

#[test]
fn net_device_vhost_user() {
    let printed = print(
        r#"memory 2G hugepages
           netdev vhost-user id=u socket="/run/u" mq=2 mac=02:02:de:ad:be:ef"#,
    );
    let value_of = |option: &str| {
        let mut args = printed.args.iter();
        args.find(|arg| *arg == option);
        args.next().map(String::as_str).unwrap_or_default()
    };
    let (chardev, path) = value_of("-chardev").split_once(",path=").unwrap_or_default();
    let chardev = chardev.strip_prefix("socket,id=").unwrap_or_default();
    assert_eq!(path, "/run/u", "{printed:?}");
    assert_eq!(value_of("-netdev"), format!("vhost-user,id=u,chardev={chardev},queues=2"));
    let device = value_of("-device");
    assert!(device.starts_with("driver=virtio-net-pci,netdev=u,mac=02:02:de:ad:be:ef"), "{device}");
    assert_eq!(printed.fds, []);
}

#[test]
fn serial_device() {
    prints(
        "virtio-serial id=serial0 disable-modern",
        "-device virtio-serial-pci,disable-modern=true,id=serial0",
    );
}

#[test]
fn block_device() {
    prints(
        r#"disk id=hd0 file="/i" aio=threads format=qcow2 scsi=off wce=off disable-modern"#,
        "-device virtio-blk,disable-modern=true,drive=hd0,scsi=off,config-wce=off \
         -drive id=hd0,file=/i,aio=threads,format=qcow2,if=none",
    );
    prints(
        "disk file=/i aio=threads format=qcow2",
        "-device virtio-blk,drive=disk0 -drive id=disk0,file=/i,aio=threads,format=qcow2,if=none",
    );
}

#[test]
fn vfio_device() {
    prints("vfio 02:10.0", "-device vfio-pci,host=02:10.0");
}

#[test]
fn bridge_device() {
    prints(
        "bridge pci id=b bus=pci.0 chassis=1 shpc",
        "-device pci-bridge,bus=pci.0,id=b,chassis_nr=1,shpc=on",
    );
    prints("bridge pci id=b bus=pci.0 chassis=1", "-device pci-bridge,bus=pci.0,id=b,chassis_nr=1,shpc=off");
    prints("machine q35 bridge pcie id=b bus=pcie.0", "-machine q35 -device pcie-pci-bridge,bus=pcie.0,id=b");
}

#[test]
fn rtc() {
    prints("rtc base=utc driftfix=slew clock=host", "-rtc base=utc,driftfix=slew,clock=host");
}

#[test]
fn qmp_socket() {
    prints(r#"qmp unix "cc-qmp" server nowait"#, "-qmp unix:cc-qmp,server,nowait");
    prints("qmp unix a server qmp unix /b", "-qmp unix:a,server -qmp unix:/b");
}

#[test]
fn smp() {
    prints("smp 4 cores=1 threads=2 sockets=2", "-smp 4,cores=1,threads=2,sockets=2");
    prints("smp 4", "-smp 4");
}

#[test]
fn memory() {
    prints("memory 2G slots=2 max=3G", "-m 2G,slots=2,maxmem=3G");
}

#[test]
fn kernel() {
    let printed =
        print(r#"kernel "/k" append="root=/dev/pmem0p1 rootflags=dax,data=ordered,errors=remount-ro rw""#);
    assert_eq!(
        printed.args,
        ["-kernel", "/k", "-append", "root=/dev/pmem0p1 rootflags=dax,data=ordered,errors=remount-ro rw"]
    );
}

#[test]
fn global_param() {
    prints("global kvm-pit.lost_tick_policy=discard", "-global kvm-pit.lost_tick_policy=discard");
}

#[test]
fn knobs() {
    prints("no-user-config nodefaults nographic", "-no-user-config -nodefaults -nographic");
    prints("daemonize", "-daemonize");
    prints("realtime mlock=on", "-realtime mlock=on");
    prints("realtime mlock=off", "-realtime mlock=off");
    prints(
        "memory 2G hugepages",
        "-m 2G -object memory-backend-file,id=dimm1,size=2G,mem-path=/dev/hugepages,share=on,prealloc=on \
         -numa node,memdev=dimm1",
    );
    prints(
        "memory 2G prealloc",
        "-m 2G -object memory-backend-ram,id=dimm1,size=2G,prealloc=on -device pc-dimm,id=dimm1,memdev=dimm1",
    );
}

#[test]
fn everything_stands_in_the_seeds_order() {
    prints(
        "bios b
         kernel /k append=quiet
         realtime mlock=off
         memory 2G prealloc slots=2 max=8G
         no-user-config nodefaults nographic
         vga none
         global kvm-pit.lost_tick_policy=discard
         rtc base=utc
         disk id=hd0 file=/i aio=threads format=raw
         vfio 02:10.0
         smp 2
         qmp unix q server
         cpu qemu64
         machine pc accel=kvm
         uuid 8a5e2c1f-0b6d-4c2e-9f3a-5d7e1b2c3a4f
         name n",
        "-name n -uuid 8a5e2c1f-0b6d-4c2e-9f3a-5d7e1b2c3a4f -machine pc,accel=kvm -cpu qemu64 -qmp unix:q,server \
         -m 2G,slots=2,maxmem=8G -smp 2 \
         -device virtio-blk,drive=hd0 -drive id=hd0,file=/i,aio=threads,format=raw,if=none \
         -device vfio-pci,host=02:10.0 \
         -rtc base=utc -global kvm-pit.lost_tick_policy=discard -vga none \
         -no-user-config -nodefaults -nographic \
         -object memory-backend-ram,id=dimm1,size=2G,prealloc=on -device pc-dimm,id=dimm1,memdev=dimm1 \
         -realtime mlock=off -kernel /k -append quiet -bios b",
    );
}
