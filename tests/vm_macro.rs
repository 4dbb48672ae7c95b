//! `vm!` and `devices!`: they give what the compiler gives at run time, cost nothing there, and report mistakes where
//! they are.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::future::Future as _;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use qemu_dsl::{Options, compile, compile_devices};
use qemu_runtime::plan::{Mac, Packed, PciAddr};
use qemu_runtime::{
    Base, BindError, Equipped, Fragment, Part, Place, Plan, Size, base, base_file, devices, part, part_file,
    vm,
};

#[path = "vm_macro/facade.rs"]
mod facade;
#[path = "rustc/mod.rs"]
mod rustc;
#[path = "vm_macro/texts.rs"]
mod texts;

/// The plan of a text that is compiled here and now.
fn compiled(source: &str) -> Plan {
    let compiled = compile(source, &Options::default());
    Plan::of(compiled.template.unwrap_or_else(|| panic!("{source}\n{:#?}", compiled.diagnostics)))
}

/// All but the places in the text.
fn same(plan: &Plan, source: &str) {
    let expected = compiled(source);
    assert_eq!(plan.program(), expected.program());
    assert_eq!(plan.args().collect::<Vec<_>>(), expected.args().collect::<Vec<_>>());
    assert!(plan.fds().eq(expected.fds()));
    assert_eq!(plan.target(), expected.target());
}

/// `forty.rs` is `forty.vm` in a `vm!`.
#[test]
fn a_file_and_a_program_give_the_same() {
    let text = include_str!("vm_macro/forty.vm");
    assert_eq!(include_str!("vm_macro/forty.rs"), format!("vm! {{\n{text}}}\n"), "write forty.rs anew");
    let plan = include!("vm_macro/forty.rs");
    same(&plan, text);
    assert_eq!(plan.fds().len(), 19);
}

/// Without comments, which a program's text has not, even the places in the text are the same.
#[test]
fn arguments_know_their_places_in_the_text() {
    let plan = vm! { name web  netdev tap mq=2 vhost  disk file="/ä" format=raw };
    let expected = compiled(r#"name web  netdev tap mq=2 vhost  disk file="/ä" format=raw"#);
    let spans = |plan: &Plan| (0..plan.args().len()).map(|arg| plan.arg_span(arg)).collect::<Vec<_>>();
    assert_eq!(spans(&plan), spans(&expected));
    let place = |plan: &Plan| plan.arg_place(2).map(|place| place.to_string());
    assert_eq!(place(&expected).as_deref(), Some("line 1, column 11"));
}

#[test]
fn arguments_know_their_places_in_the_program() {
    let place = |plan: &Plan, arg: usize| plan.arg_place(arg).map(|place| place.to_string());
    let at = |line: u32, column: u32| Some(format!("{}:{line}:{column}", file!()));
    let line = line!();
    let plan = vm! {
        name web memory 1G
        disk file="/a"
            format=raw
        arg "-x" "y"
    };
    // -name, -m, -device and -drive, -x and its value.
    let places: Vec<_> = [0, 2, 4, 6, 8, 9].into_iter().map(|arg| place(&plan, arg)).collect();
    let expected = [(2, 9), (2, 18), (3, 9), (3, 9), (5, 13), (5, 18)];
    assert_eq!(places, expected.map(|(below, column)| at(line + below, column)));
    assert_eq!(place(&plan, 10), None);
}

/// What QEMU rejects is told with file and line.
#[test]
fn what_qemu_rejects_is_in_the_program() {
    let line = line!();
    let plan = vm! {
        machine pc accel=tcg
        disk id=root file="/no/such.img" format=raw
        nodefaults
        arg "-display" "none"
    };
    let error = qemu_runtime::Guest::start(&plan).err().map(|error| error.to_string());
    assert_eq!(
        error,
        Some(format!(
            "{}:{}:9: QEMU rejects `-drive id=root,file=/no/such.img,format=raw,if=none`: Could not open '/no/such.img': \
             No such file or directory: it must exist, or its folder where QEMU makes it; a relative path is read \
             from QEMU's working directory",
            file!(),
            line + 3
        ))
    );
}

#[test]
fn bare_values_come_through() {
    let plan = vm! {
        name web.example-1
        cpu max +aes -svm
        netdev tap ifname=tap0 mac=52:54:00:12:34:56 addr="1e"
        disk file=/var/lib/a-b_c.img format=raw addr=1f.2
        device virtio-rng-pci id=rng0
        memory 1.5G
        device isa-debug-exit iobase=0xf4 iosize=0x04
        smp 4 cores = 2 threads=
            2
        vfio 0000:02:10.0
        uuid 123e4567-e89b-12d3-a456-426614174000
    };
    same(
        &plan,
        "name web.example-1 cpu max +aes -svm netdev tap ifname=tap0 mac=52:54:00:12:34:56 addr=1e\n\
         disk file=/var/lib/a-b_c.img format=raw addr=1f.2 device virtio-rng-pci id=rng0 memory 1.5G\n\
         device isa-debug-exit iobase=0xf4 iosize=0x04 smp 4 cores=2 threads=2 vfio 0000:02:10.0\n\
         uuid 123e4567-e89b-12d3-a456-426614174000",
    );
}

#[test]
fn strings_come_through_as_written() {
    // The formatter would indent the string's second line.
    #[rustfmt::skip]
    let plan = vm! {
        fs local path=r#"/p"q"# tag=share security=none
        fs local path="/a b,\u{e9}\x41\\é" tag="t" security=none
        kernel "/k" append=r"root=/dev/vda, {{x}}
 second line"
    };
    same(
        &plan,
        "fs local path=r#\"/p\"q\"# tag=share security=none\n\
         fs local path=\"/a b,\\u{e9}\\x41\\\\é\" tag=\"t\" security=none\n\
         kernel \"/k\" append=r\"root=/dev/vda, {{x}}\n second line\"",
    );
}

#[test]
fn comments_of_all_sorts_are_left_out() {
    //! Not of this function only.
    let plan = vm! {
        //! A VM, and
        /*! its */
        /// documentation.
        name web // behind a statement
        /* before one, /* nested, */ */ smp 4 /* in one */ cores=2
        /** before one
            over two lines */
        memory 1G; // behind a semicolon
        disk file="/a"// behind a quote
             format=raw /// and behind an option
    };
    same(&plan, "name web smp 4 cores=2 memory 1G disk file=/a format=raw");
}

#[test]
fn the_whole_may_stand_in_any_brackets() {
    same(&vm!(< netdev tap mq=4 vhost >), "netdev tap mq=4 vhost");
    same(&vm![memory 1G], "memory 1G");
    same(&vm!(memory 1G;), "memory 1G");
    same(&vm! {}, "");
    #[rustfmt::skip]
    same(&vm! { memory 1G }, "memory 1G");
}

/// A program's own.
struct Machine {
    root: String,
    queues: u16,
}

#[test]
fn holes_take_what_people_have() -> Result<(), BindError> {
    let ram = Size::mib(512);
    let image = PathBuf::from("/srv/a,b.img");
    let machine = Machine { root: "/dev/vda".to_owned(), queues: 2 };
    let version = 6;
    let serial: Option<&str> = None;
    let plan = vm! {
        name {"web"}
        memory {ram} max={Size::gib(2)} slots={3u8}
        kernel "/boot/{version}/vmlinuz" append="root={machine.root} {{x}}"
        uuid {[0x12u8; 16]}
        disk file={&image} format=raw serial={serial} readonly={version > 5}
        netdev tap ifname="tap{version}" mac={[0x52, 0x54, 0, 1, 2, 3]} mq={machine.queues} vhost
        rtc base={if version > 5 { "utc" } else { "localtime" }}
        device virtio-rng-pci addr={PciAddr { slot: 17, function: None }}
    }?;
    let expected = compiled(
        "name web memory 512M max=2G slots=3 kernel \"/boot/6/vmlinuz\" append=\"root=/dev/vda {{x}}\"\n\
         uuid 12121212-1212-1212-1212-121212121212 disk file=\"/srv/a,b.img\" format=raw readonly\n\
         netdev tap ifname=tap6 mac=52:54:00:01:02:03 mq=2 vhost rtc base=utc device virtio-rng-pci addr=11",
    );
    let args = |plan: &Plan| {
        // What comes later is printed so that it is right whatever it is.
        let args = plan.args().map(|arg| arg.to_str().unwrap().replace("guest=", ""));
        args.collect::<Vec<_>>()
    };
    assert_eq!(args(&plan), args(&expected));
    assert!(plan.fds().eq(expected.fds()));
    // Nothing was taken away.
    assert_eq!((image.as_os_str().len(), machine.root.len()), (12, 8));
    Ok(())
}

/// A place takes what it is about, and prints it as QEMU reads it there.
#[test]
fn places_take_what_they_are_about() {
    let (on, off, none) = (true, false, None::<bool>);
    let slot = PciAddr { slot: 21, function: None };
    bound(
        vm! {
            machine q35 smm={on} vmport={"off"} hpet={Some(off)}
            cpu max vmx={off} model-id={"a b"} phys-bits={40}
            device virtio-rng-pci addr={slot} max-bytes={Size::mib(1)} period={1000} disable-legacy={on} romfile={""}
            device virtio-net-pci mq={on} mac={[0x52, 0x54, 0, 1, 2, 3]} vectors={4} page-per-vq={none}
            rng addr={&PciAddr { slot: 17, function: None }} max-bytes={1024}
            object memory-backend-ram id={"m"} size={Size::mib(16)} share={on} prealloc-threads={2}
            blockdev null-co node-name=n read-only={on} size={Size::kib(64)} cache.direct={&off}
            disk file="/a" format=raw cache={"none"} detect-zeroes={off} num-queues={2}
            memory 1G
            smp 2
            numa node cpus={0..=1} size=1G
        },
        "machine q35 smm=on vmport=off hpet=off cpu max vmx=off model-id=\"a b\" phys-bits=40\n\
         device virtio-rng-pci addr=15 max-bytes=1048576 period=1000 disable-legacy=on romfile=\"\"\n\
         device virtio-net-pci mq=on mac=52:54:00:01:02:03 vectors=4 rng addr=11 max-bytes=1024\n\
         object memory-backend-ram id=m size=16M share=on prealloc-threads=2\n\
         blockdev null-co node-name=n read-only=on size=64K cache.direct=off\n\
         disk file=\"/a\" format=raw cache=none detect-zeroes=off num-queues=2\n\
         memory 1G smp 2 numa node cpus=0-1 size=1G",
    );
    let vnc = vm! { display vnc {SocketAddr::from(([127, 0, 0, 1], 5931))} websocket={5701} }.unwrap();
    assert!(vnc.args().any(|arg| arg == "vnc=127.0.0.1:31,websocket=5701"), "{vnc:?}");
    let address = vm! { display vnc {SocketAddr::from(([127, 0, 0, 1], 80))} }.unwrap_err();
    assert_eq!(
        address.problems.first().map(|problem| &*problem.message),
        Some("`-5820` is no display of VNC")
    );
    // In a command JSON has what QEMU's schema says.
    let plugged = devices! { device virtio-net-pci id=a mq={on} vectors={4} disable-legacy={on} }.unwrap();
    let written =
        compile_devices("device virtio-net-pci id=a mq=on vectors=4 disable-legacy=on", &Options::default());
    assert_eq!(
        plugged.steps.first().map(|step| &step.arguments),
        written.fragment.unwrap().steps.first().map(|step| &step.arguments)
    );
}

/// Properties that are paths, and what `arg` passes on, need not be text either.
#[test]
fn a_path_of_a_property_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let path = OsStr::from_bytes(b"/srv/\xff");
    let plan = vm! {
        machine q35
        device virtio-rng-pci romfile={path}
        object memory-backend-file id=m size=1M mem-path={path}
        object tls-creds-x509 id=t dir={path} endpoint=server
        chardev socket id=c path={path} server=on wait=off
        blockdev file node-name=n filename={path}
        arg "-x" {path}
    }
    .unwrap();
    assert_eq!(
        plan.args().filter(|arg| arg.as_bytes().windows(6).any(|part| part == b"/srv/\xff")).count(),
        6
    );
    let error = vm! { machine q35; device virtio-rng-pci id={path} }.unwrap_err();
    assert_eq!(error.problems.first().map(|problem| &*problem.message), Some("this is no UTF-8"));
    let error = devices! { chardev socket id=c path={path} }.unwrap_err();
    assert_eq!(error.problems.first().map(|problem| &*problem.help), Some("a command can only say text"));
}

#[test]
fn a_path_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let image = OsStr::from_bytes(b"/srv/\xff,.img");
    let plan = vm! { disk file={image} format=raw fd  kernel "/boot/{image}" }.unwrap();
    let wanted: &[u8] = b"/boot//srv/\xff,.img";
    assert!(plan.args().any(|arg| arg.as_bytes() == wanted));
    assert_eq!(plan.fds().next().unwrap().source.path(), Some(&image));
    let error = vm! { name {image.to_string_lossy()} disk file={image} format={image} }.unwrap_err();
    assert_eq!(error.problems.len(), 1);
}

#[test]
fn what_is_absent_is_not_written() {
    let with = |mac: Option<Mac>, id: Option<&str>, readonly: Option<bool>, mq: Option<u8>| {
        vm! {
            netdev tap ifname=tap0 mac={mac} id={id} mq={mq} vhost
            disk file=/a format=raw readonly={readonly} fd
            netdev user
        }
        .unwrap()
    };
    same(
        &with(None, None, None, None),
        "netdev tap ifname=tap0 vhost disk file=/a format=raw fd netdev user",
    );
    let mac = Mac([0x52, 0x54, 0, 0, 0, 1]);
    same(
        &with(Some(mac), Some("net0"), Some(true), Some(2)),
        "netdev tap ifname=tap0 mac=52:54:00:00:00:01 id=net0 mq=2 vhost disk file=/a format=raw readonly fd netdev user",
    );
    same(
        &with(None, Some("a"), Some(false), Some(1)),
        "netdev tap ifname=tap0 id=a mq=1 vhost disk file=/a format=raw readonly=off fd netdev user",
    );
}

#[test]
fn each_is_evaluated_once_and_in_order() {
    let mut seen = Vec::new();
    let mut note = |what: &'static str| {
        seen.push(what);
        what
    };
    let plan = vm! {
        disk id={note("b")} file={note("a")} format=raw
        name {note("c")}
    };
    assert!(plan.is_ok());
    assert_eq!(seen, ["b", "a", "c"]);
}

/// A hole is Rust as it stands elsewhere.
#[test]
fn holes_return_move_and_wait() {
    fn size(text: &str) -> Result<Plan, Box<dyn std::error::Error>> {
        Ok(vm! { memory {text.parse::<Size>()?} }?)
    }
    assert!(size("lots").unwrap_err().to_string().contains("lots"));
    same(&size("1G").unwrap(), "memory 1G");

    async fn waits() -> Result<Plan, BindError> {
        let name = async { String::from("web") };
        vm! { memory 1G disk id={name.await} file=/a format=raw }
    }
    let mut waiting = std::pin::pin!(waits());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(plan) = waiting.as_mut().poll(&mut context) else {
        panic!("it waits for nothing")
    };
    same(&plan.unwrap(), "memory 1G disk id=web file=/a format=raw");

    // Names that the expansion has itself are the caller's.
    let (values, qemu) = ("v", "q");
    same(
        &vm! { disk id={values} serial={qemu} file=/a format=raw }.unwrap(),
        "disk id=v serial=q file=/a format=raw",
    );
}

#[test]
fn all_that_is_wrong_with_values_is_told_at_once() {
    let (interface, id, size) = ("x".repeat(20), "disk0", Size::gib(4));
    let line = line!();
    let error = vm! {
        memory {size} max=2G slots=1
        netdev tap ifname={interface} mq={300} mac="52:54:00:12:34:zz{size}"
        cpu max vendor={"a,b"}
        disk id={id} file={"/a\0b"} format=raw
        disk id={id} file=/b format=raw
    }
    .unwrap_err();
    let expected = [
        (
            1,
            16,
            "{size}: 4G at the start is more than at most (2G) [memory-max]; raise `max`, or lower the size",
        ),
        (
            2,
            27,
            "{interface}: the interface's name has 20 bytes, 5 too many [name-too-long]; at most 15 bytes",
        ),
        (2, 42, "{300}: `300` is out of range [out-of-range]; from 1 to 256"),
        (
            2,
            52,
            "{size}: `52:54:00:12:34:zz4G` is not a MAC address [wrong-type]; give a MAC address such as `52:54:00:12:34:56`",
        ),
        (
            3,
            24,
            "{\"a,b\"}: QEMU's `-cpu` can't say a comma [inexpressible]; write features as options: `cpu host +vmx`",
        ),
        (
            4,
            27,
            "{\"/a\\0b\"}: no argument of a program can contain a zero byte [inexpressible]; leave it out",
        ),
    ];
    let told: Vec<_> = error.problems.iter().map(ToString::to_string).collect();
    let expected =
        expected.map(|(below, column, text)| format!("{}:{}:{column}: {text}", file!(), line + 1 + below));
    let (last, others) = told.split_last().unwrap();
    assert_eq!(others, expected);
    assert!(last.contains("`disk0` is already the id of a device [duplicate-id]"), "{last}");
}

#[test]
fn the_target_is_the_text_s() {
    same(&vm! { target 7.2 qmp unix "/q" server nowait }, "target 7.2 qmp unix \"/q\" server nowait");
}

static STATIC: Plan = vm! { name web memory 512M };
const CONST: Plan = vm! { name web memory 512M };

const fn in_a_const_function() -> Plan {
    vm! { name web memory 512M }
}

mod elsewhere {
    // Names that the expansion must not mean.
    #![expect(dead_code, reason = "they only stand in the way")]
    struct Plan;
    struct Template;
    struct Some;
    mod core {}
    mod std {}
    mod qemu_runtime {}

    pub(super) fn plan<T>(_: T) -> ::qemu_runtime::Plan {
        ::qemu_runtime::vm! { name web memory 512M }
    }
}

#[test]
fn it_is_an_expression_anywhere() {
    for plan in [&STATIC, &CONST, &in_a_const_function(), &elsewhere::plan(0)] {
        same(plan, "name web memory 512M");
    }
    let [first, second] = [vm! { memory 1G }, vm! { memory 2G }];
    same(&first, "memory 1G");
    same(&second, "memory 2G");
}

/// A program may be as strict with itself as it likes.
#[deny(
    warnings,
    unused,
    unused_qualifications,
    unused_results,
    missing_docs,
    unreachable_pub,
    clippy::pedantic
)]
#[deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::allow_attributes)]
mod strict {
    use qemu_runtime::{BindError, Plan, Size, vm};

    pub(super) static PLAN: Plan = vm! { name web netdev tap mq=2 vhost };

    pub(super) fn with_values(image: &str, readonly: bool) -> Result<Plan, BindError> {
        vm! {
            name {image.trim_start_matches('/')}
            memory {(Size::mib(512))}
            disk file={image} format=raw readonly={readonly} serial="s{readonly}"
        }
    }

    pub(super) fn plan() -> Plan {
        vm! {
            target 10.0
            netdev tap
            disk file="/srv/a.img" format=raw
        }
    }
}

macro_rules! with_device {
    ($driver:literal) => {
        vm! { device $driver id=a }
    };
}

#[test]
fn a_macro_takes_a_device_as_a_literal() {
    same(&with_device!("virtio-net-pci"), "device virtio-net-pci id=a");
}

#[deny(warnings)]
#[test]
fn levels_are_set_in_front_of_the_text() {
    let plan = vm! {
        #![allow(unknown-device, guessed-format)]
        //! A comment.
        #![allow(unknown-property)]
        device acme-nic id=nic0
        disk file=/a
        device virtio-rng-pci acme=1
    };
    let printed = |wanted: &str| plan.args().any(|arg| arg == wanted);
    assert!(
        printed("acme-nic,id=nic0")
            && printed("virtio-rng-pci,acme=1")
            && printed("id=disk0,file=/a,if=none")
    );
}

#[test]
fn it_offends_no_lint() {
    same(&strict::PLAN, "name web netdev tap mq=2 vhost");
    assert!(strict::with_values("/srv/a.img", true).is_ok());
    same(&strict::plan(), "target 10.0 netdev tap disk file=/srv/a.img format=raw");
}

macro_rules! substituted {
    ($file:literal, $size:tt, $driver:ident, $last:literal, $number:expr, $($feature:ident)*) => {
        vm! {
            cpu max $(+$feature)*
            memory $size
            disk file=$file format=raw
            device $driver id=x.$driver
            netdev tap ifname=tap0 mac=52:54:00:12:34:$last
            smp $number
        }
    };
}

macro_rules! repeated {
    ($($name:ident: $file:literal),*) => {
        vm! { memory 1G $(disk id=$name file=$file format=raw)* }
    };
}

macro_rules! passed_on {
    ($($text:tt)*) => {
        vm! { $($text)* }
    };
}

macro_rules! named {
    ($option:ident = $value:tt) => {
        vm! { machine q35 $option=$value }
    };
}

#[test]
fn other_macros_may_write_it() {
    same(
        &substituted!("/srv/a b.img", 1.5G, pvpanic, 56, 4, aes avx),
        "cpu max +aes +avx memory 1.5G disk file=\"/srv/a b.img\" format=raw device pvpanic id=x.pvpanic\n\
         netdev tap ifname=tap0 mac=52:54:00:12:34:56 smp 4",
    );
    same(&repeated!(a: "/a", b: "/b"), "memory 1G disk id=a file=/a format=raw disk id=b file=/b format=raw");
    let plan = passed_on! {
        /// A comment.
        name web-1 // another
        disk file=/srv/a-b.img format=raw cpu max -svm
    };
    same(&plan, "name web-1 disk file=/srv/a-b.img format=raw cpu max -svm");
    same(&named!(accel = kvm), "machine q35 accel=kvm");
}

macro_rules! with_values {
    ($path:expr, $name:ident, $($serial:tt)*) => {
        vm! { /* é */ name {$name} disk file={$path} format=raw serial={$($serial)*} }
    };
}

macro_rules! named_outside {
    ($plan:ident) => {
        // Names in a string are the macro's own, as they are for `format!`.
        let root = "/dev/vdb";
        let $plan = vm! { kernel "/k" append="root={root}" };
    };
}

struct On {
    on: bool,
}

#[test]
fn holes_come_through_other_macros() {
    let name = "n";
    let plan = with_values!(["/a"].concat(), name, On { on: true }.on.then_some("x")).unwrap();
    assert!(plan.args().any(|arg| arg == "guest=n"), "{plan:?}");
    assert!(plan.args().any(|arg| arg == "virtio-blk,drive=disk0,serial=x"), "{plan:?}");
    let root = "/dev/vda";
    named_outside!(plan);
    same(&plan.unwrap(), "kernel \"/k\" append=\"root=/dev/vdb\"");
    assert_eq!(root, "/dev/vda");
}

static DEVICES: &Packed<Fragment> = devices! { netdev tap mq=2 };

/// But for their places, which are the program's.
#[test]
fn devices_are_what_the_compiler_makes_of_them() {
    let line = line!() + 2;
    let fragment = devices! {
        netdev tap mq=2 vhost  disk file="/ä" format=raw fd
        object rng-random id=r  device virtio-rng-pci rng=r max-bytes=0x10
        netdev user hostfwd="tcp::1-:2"  chardev socket id=c path=/c
    };
    let mut expected = compile_devices(
        "netdev tap mq=2 vhost  disk file=\"/ä\" format=raw fd\n        \
         object rng-random id=r  device virtio-rng-pci rng=r max-bytes=0x10\n        \
         netdev user hostfwd=\"tcp::1-:2\"  chardev socket id=c path=/c",
        &Options::default(),
    )
    .fragment
    .unwrap();
    for place in expected.places.to_mut() {
        // The text's first line begins with its first word.
        place.column += if place.line == 1 { 8 } else { 0 };
        place.line += line - 1;
        place.file = Some(file!().into());
    }
    assert_eq!(**fragment, expected);
    assert_eq!(fragment.places.get(1).unwrap().to_string(), format!("{}:{line}:32", file!()));
    assert_eq!(DEVICES.fds.len(), 2);
}

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator can't be written without")]
// SAFETY: all is left to the system's allocator; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise, handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn it_allocates_nothing() {
    let before = ALLOCATIONS.get();
    let plan = vm! {
        name web
        netdev tap mq=4 vhost
        disk file=/srv/a.img format=raw
    };
    let bytes: usize = plan.args().map(|argument| argument.len()).sum();
    let queues = plan.fds().filter(|fd| fd.source.kind() == "tap").count();
    let target = plan.target();
    assert_eq!(ALLOCATIONS.get(), before);
    assert!(bytes > 0 && queues == 4 && target.is_some());
    drop(plan);
    // The count counts.
    drop(std::hint::black_box(String::from("x")));
    assert_eq!(ALLOCATIONS.get(), before + 1);
}

/// Cargo builds again when the variable changes: the compiler has said that this program depends on it.
#[test]
fn a_change_of_the_target_variable_builds_again() {
    let dependencies = std::env::current_exe().unwrap().with_extension("d");
    let text = std::fs::read_to_string(dependencies).unwrap();
    assert!(text.lines().any(|line| line.starts_with("# env-dep:QEMU_DSL_TARGET")), "{text}");
}

/// What rustc prints, for each kind of mistake.
#[test]
fn mistakes_are_reported_at_their_tokens() {
    rustc::tells_what_is_expected("tests/vm_macro/ui");
}

#[test]
fn devices_take_values_too() {
    let (image, maybe) = (PathBuf::from("/srv/a,b.img"), None::<&str>);
    let bound = |queues: u32, readonly: bool| {
        devices! {
            disk id=data file={&image} format=raw bus=rp0 serial={maybe} readonly={readonly}
            netdev tap ifname="tap{queues}" mq={queues} vhost
        }
    };
    let expected = compile_devices(
        "disk id=data file=\"/srv/a,b.img\" format=raw bus=rp0 readonly netdev tap ifname=tap2 mq=2 vhost",
        &Options::default(),
    );
    let expected = expected.fragment.unwrap();
    let fragment = bound(2, true).unwrap();
    let commands = |fragment: &Fragment| {
        let steps = fragment.steps.iter().map(|step| (step.action, step.id.clone(), step.arguments.clone()));
        (
            steps.collect::<Vec<_>>(),
            fragment.fds.iter().map(|fd| (fd.source.clone(), fd.queue)).collect::<Vec<_>>(),
        )
    };
    assert_eq!(commands(&fragment), commands(&expected));
    assert_eq!(bound(1, false).unwrap().fds.len(), 2);
    assert_eq!(bound(300, false).unwrap_err().problems.len(), 1);
}

#[test]
#[expect(deprecated, reason = "the machine type is")]
fn what_is_deprecated_is_a_warning() {
    same(&vm! { machine pc-q35-6.1 }, "machine pc-q35-6.1");
}

#[test]
fn buses_that_come_late_are_not_compared() {
    let (first, second) = ("b0", "b1");
    let plan = vm! {
        machine pc
        bridge pci id=b0 chassis=1
        bridge pci id=b1 chassis=2
        rng bus={first} addr={"5"}
        rng bus={second} addr={"5"}
    };
    assert!(plan.is_ok(), "{plan:?}");
    let all = |on: bool| vm! { memory 1G hugepages={on} prealloc={on} share={on} fd={on} };
    same(all(false).unwrap().plan(), "memory 1G");
    same(all(true).unwrap().plan(), "memory 1G hugepages prealloc share fd");
}

/// What QEMU itself does hangs on values as a device does, also for a QEMU that says it by other options.
#[test]
fn behaviour_takes_values() {
    let plan = |order: Option<&str>, panic: &str, is_timed: bool, spawn: Option<&str>| {
        vm! {
            name web process={order}
            machine q35
            boot order={order} menu={is_timed}
            smbios 1 serial={panic} uuid={"c7a5fdbd-edaf-9455-926a-d65c16db1809"}
            smbios 11 value={panic} value="{panic}, too"
            action panic={panic}
            sandbox spawn={spawn}
            msg timestamp={is_timed}
            overcommit mem-lock={is_timed}
            pidfile "/run/{panic}"
        }
    };
    bound(
        plan(Some("dc"), "pause", true, Some("deny")),
        "name web process=dc machine q35 boot order=dc menu smbios 1 serial=pause uuid=c7a5fdbd-edaf-9455-926a-d65c16db1809\n\
         smbios 11 value=pause value=\"pause, too\" action panic=pause sandbox spawn=deny msg timestamp\n\
         overcommit mem-lock pidfile \"/run/pause\"",
    );
    bound(
        plan(None, "none", false, None),
        "name web machine q35 boot menu=off smbios 1 serial=none uuid=c7a5fdbd-edaf-9455-926a-d65c16db1809\n\
         smbios 11 value=none value=\"none, too\" action panic=none sandbox msg timestamp=off\n\
         overcommit mem-lock=off pidfile \"/run/none\"",
    );
    let wrong = plan(Some("cc"), "explode", true, None).map_err(|error| error.to_string());
    let wrong = wrong.err().unwrap_or_default();
    assert!(wrong.contains("`cc` is no order") && wrong.contains("`explode`"), "{wrong}");
    let any = |timeout: u16, name: &str| {
        vm! { option "-iscsi" timeout={timeout} initiator-name={name} display vnc "127.0.0.1:5" to={timeout} password }
    };
    bound(
        any(5, "a,b"),
        "option \"-iscsi\" timeout=5 initiator-name=\"a,b\" display vnc \"127.0.0.1:5\" to=5 password",
    );
    let older = |shutdown: &str, watchdog: Option<&str>| {
        vm! { target 5.2 machine q35 action reboot="shutdown" shutdown={shutdown} watchdog={watchdog} }
    };
    bound(
        older("pause", Some("none")),
        "target 5.2 machine q35 action reboot=shutdown shutdown=pause watchdog=none",
    );
    bound(older("poweroff", None), "target 5.2 machine q35 action reboot=shutdown shutdown=poweroff");
}

/// Each way to be a value that people have.
#[test]
fn values_may_be_borrowed() {
    let macs = [[2u8, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];
    for mac in &macs {
        assert!(vm! { netdev user mac={mac} }.is_ok());
        assert!(vm! { netdev user mac={Some(mac)} }.is_ok());
    }
    let text = String::from_utf8_lossy(b"02:00:00:00:00:01");
    assert!(vm! { netdev user mac={text} name {&&text} }.is_ok());
    // As iterators over slices have it, and what filters them.
    let (mac, uuid) = (["02:00:00:00:00:01"], ["12121212-1212-1212-1212-121212121212".to_owned()]);
    let (on, count, path) = ([true], [2], [PathBuf::from("/a")]);
    for ((mac, uuid), (on, (count, path))) in
        mac.iter().zip(&uuid).zip(on.iter().zip(count.iter().zip(&path))).filter(
            |((mac, uuid), (on, (count, path)))| {
                let plan = vm! {
                    netdev user mac={mac} uuid {uuid}
                    disk file={path} format=raw readonly={on}
                    kernel "/k" append={path}
                    smp {count}
                };
                plan.is_ok()
            },
        )
    {
        bound(
            vm! { netdev user mac={&mac} uuid {&&uuid} smp {&count} kernel "/k" append={&path} disk file={&path} format=raw readonly={&&on} },
            "netdev user mac=\"02:00:00:00:00:01\" uuid \"12121212-1212-1212-1212-121212121212\" smp 2 \
             kernel \"/k\" append=\"/a\" disk file=\"/a\" format=raw readonly",
        );
    }
    // An `Option` may be borrowed wherever one may stand.
    let (path, text, mac) = (Some(PathBuf::from("/a")), None::<String>, Some(Mac([2, 0, 0, 0, 0, 1])));
    bound(
        vm! { kernel "/k" initrd={&path} append={&path} netdev user mac={&mac} id={&text} },
        "kernel \"/k\" initrd=\"/a\" append=\"/a\" netdev user mac=\"02:00:00:00:00:01\"",
    );
}

/// As in `format!`: there, too, a name in a string is the variable of that name.
#[test]
fn a_keyword_in_a_string_is_a_name() {
    struct Kind {
        r#type: &'static str,
    }
    let (r#type, r#in) = ("a", Kind { r#type: "b" });
    assert_eq!(format!("{type}"), "a");
    bound(vm! { name "{type}-{in.type}" }, "name a-b");
    bound(vm! { name {r#type} }, "name a");
}

/// What the documentation says of values, on real QEMU: the VM starts, has them, and takes devices with values.
#[test]
fn a_guest_has_its_values() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let image = folder.path().join("a,readonly=on.img");
    std::fs::write(&image, [0; 512])?;
    let (ram, n, queues) = (Size::mib(64), 7, None::<u8>);
    let plan = vm! {
        machine pc accel=tcg; nodefaults; nographic
        memory {ram}; disk id=data file={&image} format=raw serial="s{n}"
        netdev user id="net{n}"; cpu {"max"}; smp {queues.map_or(1, u32::from)}
        arg "-S"
    }?;
    let guest = qemu_runtime::Guest::start(&plan)?;
    let qmp = guest.qmp().ok_or("no QMP")?;
    let ask = |command: &str| qmp.execute_raw(command, serde_json::json!({}));
    let blocks = ask("query-block")?;
    assert_eq!(blocks.pointer("/0/inserted/file").and_then(|file| file.as_str()), image.to_str());
    assert_eq!(blocks.pointer("/0/inserted/ro"), Some(&serde_json::json!(false)));
    let memory = ask("query-memory-size-summary")?;
    assert_eq!(memory.get("base-memory"), Some(&serde_json::json!(64 << 20)));
    let other = folder.path().join("b.img");
    std::fs::write(&other, [0; 512])?;
    let device = devices! { disk id="more{n}" file={&other} format=raw readonly={true} }?;
    guest.plug(&device)?;
    // As many as there are in one step, all or none.
    let nodes = || -> Result<usize, Box<dyn std::error::Error>> {
        let nodes = ask("query-named-block-nodes")?;
        Ok(nodes.as_array().map_or(0, |nodes| {
            let named = |node: &&serde_json::Value| {
                node.get("node-name").and_then(|name| name.as_str()).is_some_and(|name| name.starts_with('x'))
            };
            nodes.iter().filter(named).count()
        }))
    };
    let nowhere = PathBuf::from("/nowhere");
    for (images, expected) in [(vec![&other, &image, &nowhere], 0), (vec![&other; 3], 3)] {
        let devices = devices! {
            for (number, image) in {images.iter().enumerate()} {
                disk id="x{number}" file={image} format=raw readonly={true}
            }
        }?;
        assert_eq!(guest.plug(&devices).is_ok(), expected > 0);
        assert_eq!(nodes()?, expected);
    }
    guest.kill()?;
    Ok(())
}

#[test]
fn values_cost_little() {
    let (image, ram) = (PathBuf::from("/srv/a.img"), Size::gib(2));
    let made = || {
        let before = ALLOCATIONS.get();
        let plan = vm! {
            memory {ram}
            netdev tap ifname=tap0 mq=4 vhost
            disk file={&image} format=raw
            device virtio-rng-pci
        };
        (plan.unwrap(), ALLOCATIONS.get() - before)
    };
    // What the macro has written is read once.
    made();
    let (plan, allocations) = made();
    let with_values =
        plan.args().filter(|arg| arg.to_str().is_some_and(|arg| arg.contains("2G") || arg.contains("a.img")));
    assert_eq!(with_values.count(), 2);
    // The values' texts, and where each stands; the blanks; the list of arguments, two of file descriptors; and the plan, however
    // many arguments it has.
    assert!(allocations <= 7, "{allocations}");
    let alone = || {
        let before = ALLOCATIONS.get();
        let plan = vm! { memory {ram} };
        (plan.unwrap(), ALLOCATIONS.get() - before)
    };
    alone();
    let (_, allocations) = alone();
    assert!(allocations <= 5, "{allocations}");
}

#[test]
fn a_uuid_is_one_of_the_crate_of_that_name() {
    let id = uuid::Uuid::from_bytes([0x12; 16]);
    bound(vm! { uuid {id} }, "uuid 12121212-1212-1212-1212-121212121212");
    bound(vm! { uuid {&id} }, "uuid 12121212-1212-1212-1212-121212121212");
}

/// A plan of values, and the text that has them written out.
fn bound(plan: Result<Plan, BindError>, source: &str) {
    same(&plan.unwrap_or_else(|error| panic!("{source}\n{error}")), source);
}

#[derive(Clone, Debug)]
struct Disk {
    path: PathBuf,
    readonly: bool,
}

fn disks(count: usize) -> Vec<Disk> {
    (0..count)
        .map(|number| Disk { path: format!("/srv/{number},x.img").into(), readonly: number == 1 })
        .collect()
}

#[test]
fn blocks_are_rusts_own() {
    for count in [0, 1, 3] {
        for debug in [false, true] {
            let (disks, size) = (disks(count), Size::gib(count as u64 + 1));
            let iso: Option<&str> = debug.then_some("/cd.iso");
            let plan = vm! {
                name web
                machine q35
                if {debug} { memory {size} } else if {count == 1} { memory 128M } else { memory 64M }
                for Disk { path, readonly } in {&disks} {
                    disk file={path} format=raw readonly={*readonly}
                    if {!debug} { netdev user }
                }
                netdev tap ifname=tap0 mq=2 vhost
                if let Some(path) = {iso} { disk id="cd{count}" file={path} format=raw readonly }
                for (number, disk) in {disks.iter().enumerate().filter(|(_, disk)| { !disk.readonly })} {
                    netdev tap id="n{number}" ifname={format!("t{number}")} mq={disk.path.components().count() as u32} vhost
                    for port in {[80_u16, 443]} { arg "-set" "n{number}.{port}=x" }
                }
            };
            let mut text = "name web machine q35\n".to_owned();
            text += &match (debug, count) {
                (true, _) => format!("memory {size}\n"),
                (false, 1) => "memory 128M\n".to_owned(),
                (false, _) => "memory 64M\n".to_owned(),
            };
            for disk in &disks {
                let on = if disk.readonly { "on" } else { "off" };
                text += &format!("disk file=\"{}\" format=raw readonly={on}\n", disk.path.display());
                text += if debug { "" } else { "netdev user\n" };
            }
            text += "netdev tap ifname=tap0 mq=2 vhost\n";
            if debug {
                text += &format!("disk id=cd{count} file=/cd.iso format=raw readonly\n");
            }
            for (number, _) in disks.iter().enumerate().filter(|(_, disk)| !disk.readonly) {
                text += &format!("netdev tap id=n{number} ifname=t{number} mq=3 vhost\n");
                for port in [80, 443] {
                    text += &format!("arg \"-set\" \"n{number}.{port}=x\"\n");
                }
            }
            bound(plan, &text);
        }
    }
}

#[test]
fn what_is_in_a_block_does_what_rust_does() {
    /// `?` and `return` leave the function, and an expression is evaluated when it is its turn, once.
    fn sizes(texts: &[&str], log: &mut Vec<String>) -> Result<Plan, Box<dyn std::error::Error>> {
        let mut note = |what: &str| {
            log.push(what.to_owned());
            what.to_owned()
        };
        Ok(vm! {
            name {note("name")}
            for text in {{ note("list"); texts.iter() }} {
                dimm pc-dimm path="/m" size={text.parse::<Size>()?} id={format!("d{}", note(text))}
            }
            if {note("if").len() == 2} { bios {note("bios")} } else { kernel {note("kernel")} }
            memory 1G max=8G slots=4
        }?)
    }
    let mut log = Vec::new();
    let plan = sizes(&["1G", "512M"], &mut log).unwrap();
    assert_eq!(log, ["name", "list", "1G", "512M", "if", "bios"]);
    assert!(plan.args().any(|arg| arg == "bios"));
    let mut log = Vec::new();
    assert_eq!(sizes(&["1G", "x", "2G"], &mut log).unwrap_err().to_string().lines().count(), 1);
    assert_eq!(log, ["name", "list", "1G"]);

    // A loop of the program is its own, and may be left by a hole outside of ours.
    let mut plans = Vec::new();
    for name in ["a", "b", "", "c"] {
        plans.push(vm! { name {if name.is_empty() { break } else { name }} }.unwrap());
    }
    assert_eq!(plans.len(), 2);
    // One in a hole is the hole's.
    let plan = vm! {
        for number in {[1, 5]} { arg "-set" {loop { if number > 0 { break format!("{number}") } }} }
    };
    bound(plan, "arg \"-set\" \"1\" arg \"-set\" \"5\"");
}

#[test]
fn values_of_a_block_are_checked_where_they_stand() {
    let line = line!() + 4;
    let names = ["eth0", "much-too-long-for-one", "a/b"];
    let error = vm! {
        for name in {names} {
            netdev tap ifname={name}
        }
    }
    .unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");
    for problem in &error.problems {
        assert_eq!(problem.place.as_ref().map(|place| place.line), Some(line));
        assert_eq!(problem.hole, "name");
    }
}

#[test]
fn devices_are_plugged_by_loops() {
    let disks = disks(3);
    let fragment = devices! {
        for disk in {&disks} { disk file={&disk.path} format=raw }
        if {disks.len() > 5} { netdev user }
    }
    .unwrap();
    let text: String =
        disks.iter().map(|disk| format!("disk file=\"{}\" format=raw\n", disk.path.display())).collect();
    let expected = compile_devices(&text, &Options::default()).fragment.unwrap();
    let shown = |fragment: &Fragment| {
        let steps: Vec<_> = fragment.steps.iter().map(|step| (step.action, step.arguments.clone())).collect();
        format!("{steps:?} {:?}", fragment.ids.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(shown(&fragment), shown(&expected));
}

/// Also through a macro, where `if` and `for` are the macro's, or the caller's.
#[test]
fn blocks_come_through_macros() {
    macro_rules! with {
        ($condition:expr, $list:expr; $($body:tt)*) => {
            vm! { name web if { $condition } { memory 2G } for x in { $list } { disk file={x} format=raw } $($body)* }
        };
    }
    let plan = with!(true, ["/a", "/b"]; if {true} { vga none });
    bound(plan, "name web memory 2G disk file=/a format=raw disk file=/b format=raw vga none");
}

/// A file that is told from others by its name, and counted where it is open.
fn marked(folder: &tempfile::TempDir, name: &str) -> File {
    File::create(folder.path().join(name)).unwrap()
}

/// The marked files that this process has open.
fn open_marks(folder: &tempfile::TempDir) -> usize {
    let links =
        fs::read_dir("/proc/self/fd").unwrap().filter_map(|fd| fs::read_link(fd.unwrap().path()).ok());
    links.filter(|link| link.starts_with(folder.path())).count()
}

/// What is handed over for the lines of the table: each line's number and the file's name.
fn given<T: Clone>(equipped: &Equipped<'_, T>) -> Vec<(u32, String)> {
    let name = |fd: i32| {
        let path = fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
        path.file_name().unwrap().to_string_lossy().split(':').next().unwrap_or_default().to_owned()
    };
    equipped.fds().map(|(line, fd)| (line, name(fd.as_raw_fd()))).collect()
}

fn lines(lines: &[(u32, &str)]) -> Vec<(u32, String)> {
    lines.iter().map(|(line, name)| (*line, (*name).to_owned())).collect()
}

#[test]
fn file_descriptors_are_values() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| marked(&folder, name);
    let taps = vec![file("t0"), file("t1")];
    let vhost: [OwnedFd; 2] = [file("v0").into(), file("v1").into()];
    let equipped = vm! {
        name web
        netdev tap fds={taps} vhostfds={vhost}
        disk file="/srv/a.img" format=raw fd={file("disk")}
        netdev tap ifname=tap9 mq=1 vhost
        netdev tap fds={file("one")} mq=1
    }?;
    let text = "name web netdev tap mq=2 vhost disk file=/srv/a.img format=raw fd \
                netdev tap ifname=tap9 mq=1 vhost netdev tap mq=1";
    same(equipped.plan(), text);
    let expected = [(0, "v0"), (1, "v1"), (2, "t0"), (3, "t1"), (4, "disk"), (7, "one")];
    assert_eq!(given(&equipped), lines(&expected));
    assert_eq!(open_marks(&folder), 6);
    // Never spawned.
    drop(equipped);
    assert_eq!(open_marks(&folder), 0);

    // Each place of a flag, and each sort of owner.
    let (here, there) = UnixStream::pair()?;
    let equipped = vm! {
        memory 64M fd={Some(file("memory"))}
        qmp unix "/run/a" server nowait fd={UnixListener::bind(folder.path().join("listener"))?}
        qmp unix "/run/b" fd={here}
        virtio-serial id=s
        port socket path="/run/c" fd={file("port")}
        console socket path="/run/d" fd={file("console")}
        vsock cid=3 fd={file("vsock")}
        disk file="/e" format=raw fd={None::<File>}
        disk file="/f" format=raw fd={true}
        disk file="/g" format=raw fd={Some(false)}
        disk file="/h" format=raw fd={OwnedFd::from(file("last"))}
    }?;
    let text = "memory 64M fd qmp unix \"/run/a\" server nowait fd qmp unix \"/run/b\" fd virtio-serial id=s \
                port socket path=\"/run/c\" fd console socket path=\"/run/d\" fd vsock cid=3 fd \
                disk file=/e format=raw disk file=/f format=raw fd disk file=/g format=raw fd=off \
                disk file=/h format=raw fd";
    same(equipped.plan(), text);
    let found = given(&equipped);
    let sources: Vec<_> = equipped.plan().fds().map(|fd| fd.source.kind()).collect();
    for (line, name) in &found {
        let kind = match name.as_str() {
            "memory" => "memfd",
            "vsock" => "vhost-vsock",
            "last" => "file",
            "port" | "console" => "unix-listen",
            "socket" => continue,
            other => panic!("{other}"),
        };
        assert_eq!(sources.get(*line as usize), Some(&kind), "{name}: {sources:?}");
    }
    assert_eq!(found.len(), 7, "{found:?}");
    drop((equipped, there));
    assert_eq!(open_marks(&folder), 0);
    Ok(())
}

#[test]
fn absent_file_descriptors_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let bound = |queues: Option<u32>, taps: Option<Vec<File>>, vhost: Option<[File; 2]>| {
        vm! { name x netdev tap mq={queues} fds={taps} vhostfds={vhost} }
    };
    let two = || vec![marked(&folder, "a"), marked(&folder, "b")];
    let pair = || [marked(&folder, "c"), marked(&folder, "d")];
    for (plan, text, given) in [
        (bound(None, None, None), "name x netdev tap", 0),
        (bound(Some(2), None, None), "name x netdev tap mq=2", 0),
        (bound(None, Some(two()), None), "name x netdev tap mq=2", 2),
        (bound(Some(2), Some(two()), None), "name x netdev tap mq=2", 2),
        (bound(Some(2), None, Some(pair())), "name x netdev tap mq=2 vhost", 2),
        (bound(None, Some(two()), Some(pair())), "name x netdev tap mq=2 vhost", 4),
    ] {
        let plan = plan.unwrap_or_else(|error| panic!("{text}: {error}"));
        same(plan.plan(), text);
        assert_eq!(plan.fds().len(), given, "{text}");
    }
    assert_eq!(open_marks(&folder), 0);
    // Vhost's alone have no queues to go with.
    let error = bound(None, None, Some(pair())).unwrap_err();
    assert_eq!(error.problems.iter().map(|problem| &*problem.code).collect::<Vec<_>>(), ["vhost-fds"]);
    assert_eq!(open_marks(&folder), 0);
}

#[test]
fn file_descriptors_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let files =
        |count: usize| (0..count).map(|number| marked(&folder, &number.to_string())).collect::<Vec<_>>();
    let line = line!() + 4;
    let bound = |mq: u32, first: usize, vhost: usize, second: usize| {
        vm! {
            name x
            netdev tap id=a mq={mq} fds={files(first)} vhostfds={files(vhost)}
            netdev tap id=b fds={files(second)}
        }
    };
    let said = |error: &BindError| {
        let at = |place: &qemu_runtime::Place| place.line - line;
        let problems = error.problems.iter();
        problems
            .map(|problem| format!("{} {}", problem.place.as_ref().map(at).unwrap(), problem.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(bound(2, 2, 2, 1).unwrap().fds().len(), 5);
    let error = bound(2, 3, 1, 1).unwrap_err();
    assert_eq!(
        said(&error),
        [
            "0 `fds` has 3 of the file descriptors, and there are 2 queues",
            "0 `vhostfds` has 1 of the file descriptors, and there are 2 queues"
        ]
    );
    assert_eq!(error.problems.first().map(|problem| &*problem.hole), Some("files(first)"));
    let error = bound(2, 2, 0, 257).unwrap_err();
    assert_eq!(said(&error), ["0 there is no file descriptor in it", "1 257 file descriptors are too many"]);
    assert_eq!(open_marks(&folder), 0);
    // Known queues are no other.
    let error = vm! { name x netdev tap mq=3 fds={files(2)} vhostfds={files(4)} }.unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");
    // What another value breaks closes them too.
    let error = vm! { name x netdev tap ifname={"much-too-long-for-one"} fds={files(2)} }.unwrap_err();
    assert_eq!((error.problems.len(), open_marks(&folder)), (1, 0));
}

/// Also where the program leaves before it has all values.
#[test]
fn file_descriptors_are_closed_where_a_value_fails() {
    fn early(first: File, size: &str) -> Result<Equipped<'static, Plan>, Box<dyn std::error::Error>> {
        Ok(vm! { disk file="/a" format=raw fd={first} memory {size.parse::<Size>()?} }?)
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(early(marked(&folder, "a"), "lots").is_err());
    assert_eq!(open_marks(&folder), 0);
    let kept = early(marked(&folder, "a"), "1G").unwrap();
    assert_eq!(open_marks(&folder), 1);
    let (plan, fds) = kept.into_parts();
    assert_eq!((plan.fds().len(), fds.len(), open_marks(&folder)), (1, 1, 1));
}

#[test]
fn each_round_of_a_loop_has_its_own_file_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    for count in [0, 1, 3] {
        let cards: Vec<_> = (0..count)
            .map(|card| {
                (
                    card,
                    (0..=card).map(|queue| marked(&folder, &format!("q{card}{queue}"))).collect::<Vec<_>>(),
                )
            })
            .collect();
        let last = (count > 1).then(|| marked(&folder, "last"));
        let equipped = vm! {
            netdev tap ifname=tap0 mq=1
            for (card, queues) in {cards} {
                if {card != 1} { disk id="d{card}" file="/a" format=raw fd={marked(&folder, &format!("d{card}"))} }
                netdev tap id="n{card}" ifname="t{card}" fds={queues}
            }
            if let Some(last) = {last} { disk id=last file="/last" format=raw fd={last} }
        }
        .unwrap();
        let names: Vec<_> = equipped
            .plan()
            .fds()
            .map(|fd| match (fd.device.to_str().unwrap(), fd.source.kind()) {
                ("net0", _) => String::new(),
                (device, "tap") => format!("{}{}", device.replace('n', "q"), fd.queue),
                (device, _) => device.to_owned(),
            })
            .collect();
        let expected: Vec<_> = (0..).zip(names).filter(|(_, name)| !name.is_empty()).collect();
        assert_eq!(given(&equipped), expected);
        assert_eq!(open_marks(&folder), expected.len());
    }
    assert_eq!(open_marks(&folder), 0);
}

#[test]
fn devices_take_file_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let equipped = devices! {
        netdev tap ifname=tap0 mq=1
        for name in {["a", "b"]} { disk file="/x" format=raw readonly fd={marked(&folder, name)} }
        netdev tap fds={[marked(&folder, "q0"), marked(&folder, "q1")]}
    }
    .unwrap();
    let expected = compile_devices(
        "netdev tap ifname=tap0 mq=1 disk file=/x format=raw readonly fd disk file=/x format=raw readonly fd netdev tap mq=2",
        &Options::default(),
    );
    let sources =
        |fragment: &Fragment| fragment.fds.iter().map(|fd| (fd.source.kind(), fd.queue)).collect::<Vec<_>>();
    assert_eq!(sources(equipped.fragment()), sources(&expected.fragment.unwrap()));
    assert_eq!(given(&equipped), lines(&[(1, "a"), (2, "b"), (3, "q0"), (4, "q1")]));
}

/// One function takes a plan with file descriptors and one without.
#[test]
fn a_plan_without_file_descriptors_stays_data() {
    fn data<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn start<'a>(plan: impl Into<Equipped<'a, Plan>>) -> usize {
        plan.into().plan().args().len()
    }
    let plan = vm! { memory {Size::gib(1)} }.unwrap();
    data(&plan);
    let folder = tempfile::tempdir().unwrap();
    let equipped = vm! { memory 1G fd={marked(&folder, "a")} }.unwrap();
    assert_eq!(start(&plan), 2);
    assert!(start(equipped) > start(plan));
}

fn drives(paths: &[&str]) -> Part {
    part! { for path in {paths} { disk file={path} format=raw } }
}

fn lan(name: &str, queues: u32) -> Part {
    part! { netdev tap ifname={name} mq={queues} vhost bus="rp-{name}" device pcie-root-port id="rp-{name}" chassis={queues} }
}

/// What functions give is joined as if all stood in one text.
#[test]
fn a_base_takes_parts() {
    let base = base! { name {"web"} machine q35; memory {Size::gib(1)} };
    let plan = base.with(drives(&["/a", "/b"])).with_all([lan("x", 2), lan("y", 3)]).plan().unwrap();
    let text = r#"
        name web machine q35 memory 1G
        disk file=/a format=raw disk file=/b format=raw
        netdev tap ifname=x mq=2 vhost bus="rp-x" device pcie-root-port id="rp-x" chassis=2
        netdev tap ifname=y mq=3 vhost bus="rp-y" device pcie-root-port id="rp-y" chassis=3
    "#;
    same(&plan, text);
    assert_eq!(plan.fds().len(), 10);
}

/// What is wrong with values and between parts is told at once, with the places of both.
#[test]
fn what_parts_have_wrong_is_told_in_the_program() {
    let card = |name: &str| part! { netdev tap ifname={name} id=lan };
    let base = base! { machine q35; memory 1G };
    let line = line!() - 2;
    let error = base.clone().with(card("a")).with(card("b")).plan().unwrap_err();
    let told: Vec<_> = error.problems.iter().map(|problem| (&*problem.code, &*problem.message)).collect();
    assert_eq!(told, [("duplicate-id", "`lan` is already the id of a network backend")]);
    let at = |place: &Option<Place>| {
        place.as_ref().map(|place| (place.file.clone().unwrap(), place.line, place.column))
    };
    let expected = Some((file!().into(), line, 65));
    assert!(
        error.problems.iter().all(|problem| at(&problem.place) == expected && at(&problem.first) == expected)
    );
    let error = base.with(card("an-interface-that-is-too-long")).with(card("")).plan().unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");
}

/// Each file descriptor finds its line, whatever part it is of and wherever its statement comes to stand.
#[test]
fn parts_with_file_descriptors_are_consumed() {
    let folder = tempfile::tempdir().unwrap();
    let queues = |names: [&str; 2]| names.map(|name| marked(&folder, name));
    let base = || base! { machine q35; memory 1G; disk file="/s" format=raw fd={marked(&folder, "s")} };
    let card = |own: [&str; 2]| part! { netdev tap fds={queues(own)} bus=rp0 mac={None::<&str>} };
    let port = part! { device pcie-root-port id=rp0 chassis=1 };
    let late = part! {
        netdev tap ifname=t mq=2 bus=late
        device pcie-root-port id=late chassis=2 bus=up
        device pcie-root-port id=up chassis=3
        disk file="/d" format=raw fd={marked(&folder, "d")}
    };
    let equipped =
        base().with(card(["a0", "a1"])).with(port).with_all([card(["b0", "b1"]), late]).plan().unwrap();
    assert_eq!(given(&equipped), lines(&[(0, "s"), (1, "a0"), (2, "a1"), (3, "b0"), (4, "b1"), (7, "d")]));
    drop(equipped);
    // A base without any takes them, too, and they are closed where it has no plan.
    let part = part! { disk file="/d" format=raw fd={marked(&folder, "d")} };
    let own = base! { machine q35; memory 1G };
    assert!(own.with(part).with(part! { disk bus=none file="/e" format=raw }).plan().is_err());
    assert_eq!(open_marks(&folder), 0);
    let equipped: Equipped<'static, Base> = base();
    drop(equipped.with_all([part! { netdev tap fds={queues(["x", "y"])} }]));
    assert_eq!(open_marks(&folder), 0);
}

/// Whoever needs a base of his own, or parts from files, has them.
#[test]
fn parts_stand_in_files_too() {
    let disks = ["/a.img", "/b.img"];
    let own: Base = base_file!("vm_file/fixed.vm");
    let own = own.with(part! { device pcie-root-port id=rp0 chassis=1 });
    let plan = own.with(part_file!("vm_file/disks.vm", disks).unwrap()).with(part_file!("vm_file/card.vm"));
    let plan = plan.plan().unwrap();
    assert_eq!(plan.args().filter(|arg| *arg == "-drive").count(), 3);
}
