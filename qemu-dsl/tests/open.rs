//! Parameters without a value: all is checked that doesn't hang on them, and nothing is said that might be untrue.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::fmt::Debug;
use std::fs;
use std::ops::Range;
use std::path::Path;

use qemu_dsl::bind::{BindError, Size, Value};
use qemu_dsl::plan::{Fd, Fragment, Pack, Plan, Unpack, pack};
use qemu_dsl::{Code, Compilation, Open, Options, Severity, TargetSpec, Version, compile, compile_devices};

#[path = "open/values.rs"]
mod values;

use values::{unquoted, values};

fn check(text: &str, target: Option<Version>) -> Compilation {
    compile(
        text,
        &Options {
            target: TargetSpec { version: target, arch: None },
            open: Open::Checked,
            ..Options::default()
        },
    )
}

fn codes(text: &str) -> Vec<Code> {
    check(text, None).diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// `-drive` reads no unit there.
#[test]
fn a_limit_in_bytes_is_printed_as_a_number() {
    let drive = |limit: &str, values: &[(&str, Value)]| {
        let text = format!("param limit: size\ndisk file=/a format=raw throttling.bps-read={limit}");
        let options = Options { open: Open::Parameters, ..Options::default() };
        let params = vec![("limit".to_owned(), "1G".to_owned())];
        let plan = match compile(&text, &options).open {
            Some(open) if !values.is_empty() => open.bind_named(values).unwrap(),
            _ => Plan::of(compile(&text, &Options { params, ..Options::default() }).template.unwrap()),
        };
        plan.args().last().unwrap().to_str().unwrap().to_owned()
    };
    let expected = "id=disk0,file=/a,format=raw,throttling.bps-read=2097152,if=none";
    assert_eq!(drive("2M", &[]), expected);
    assert_eq!(drive("{limit}", &[("limit", Size::mib(2).into())]), expected);
}

#[test]
fn what_does_not_hang_on_a_value_is_checked() {
    let text = "param a: string\n";
    let of = |rest: &str| codes(&format!("{text}{rest}"));
    assert_eq!(of("memory {a}"), []);
    // Beside it in a statement, and in another one.
    assert_eq!(of("disk file={a} format=raw aio=nativ"), [Code::WrongType]);
    assert_eq!(of("disk file={a} format=raw cache=none aoi=native"), [Code::UnknownOption]);
    assert_eq!(of("device virtio-rng-pci max-bytes={a} perod=1"), [Code::UnknownProperty]);
    assert_eq!(of("netdev tap ifname={a} mac=01:00:00:00:00:01"), [Code::MulticastMac]);
    assert_eq!(of("netdev tap ifname=\"x{a}\" vhostfds=1"), [Code::VhostFds]);
    assert_eq!(of("device {a} id=d\nmemory x"), [Code::WrongType]);
    assert_eq!(of("smp {a} cores=2\nmemory 2G max=1G"), [Code::MemoryMax]);
    assert_eq!(of("device virtio-rng-pci rng=r\nobject rng-random id=s filename={a}"), [Code::UnknownId]);
    // A parameter that nobody declares is still one.
    assert_eq!(of("memory {b}"), [Code::UnknownParameter]);
}

#[test]
fn nothing_is_said_of_what_hangs_on_one() {
    let text = "param a: string\n";
    for rest in [
        "memory 1G max={a} slots=2",
        "memory {a} max=1M",
        "memory 1G slots={a} max=4G\ndimm pc-dimm path=\"/x\" size=1G",
        "memory 1G share={a}\nnetdev vhost-user socket=\"/x\"",
        "smp 4 sockets={a} cores=3 threads=1",
        "machine {a}\ndisk file=\"/x\" format=raw bus=pcie.0",
        "machine q35 accel={a}\ncpu host",
        "machine q35 nvdimm={a}\nmemory 1G slots=1 max=4G\ndimm nvdimm path=\"/x\" size=1G",
        "device virtio-rng-pci rng=r\nobject rng-random id={a}",
        "device {a} id=x\ndevice virtio-rng-pci bus=x",
        "device {a}\ndevice scsi-hd drive=d\nblockdev null-co node-name=d",
        "device pcie-root-port id=p chassis={a}\ndevice pcie-root-port id=q chassis=0",
        "device virtio-rng-pci addr=5 bus={a}\ndevice virtio-balloon-pci addr=5",
        "device virtio-rng-pci addr=5.0 multifunction={a}\ndevice virtio-balloon-pci addr=5.1",
        "netdev tap mq={a} vhost vhostfds=3",
        "netdev tap mq=2 vhost={a} vhostfds=2",
        "qmp unix \"/q\" server={a} nowait",
        "name {a}\nnetdev user",
        "disk file=\"/x\" format={a} cache={a} aio=native",
        "rng egd chardev={a}",
    ] {
        let said = check(&format!("{text}{rest}"), None);
        let grave = said.diagnostics.iter().filter(|diagnostic| diagnostic.severity != Severity::Advice);
        assert_eq!(grave.count(), 0, "{rest}\n{:#?}", said.diagnostics);
        assert!(said.template.is_none(), "{rest}");
    }
}

#[test]
fn without_one_in_use_a_text_is_compiled() {
    let unused = check("param a: string\nmemory 1G", None);
    assert!(unused.template.is_some() && unused.diagnostics.is_empty());
    let refused = compile("param a: string\nname {a}", &Options::default());
    assert_eq!(refused.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::UnsetParameter]);
}

#[test]
fn a_right_text_is_right_whichever_of_its_values_comes_later() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut tried = 0;
    for folder in ["tests/real_qemu/cases", "examples"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "vm") {
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            if text.contains("<") {
                // Nothing can follow the bracket at its end.
                continue;
            }
            for target in [None, Some(Version::new(7, 2))] {
                let errors = |text: &str| -> Vec<Code> {
                    let said = check(text, target).diagnostics.into_iter();
                    said.filter(|one| one.severity == Severity::Error).map(|one| one.code).collect()
                };
                let before = errors(&text);
                for value in values(&text) {
                    let mut open = text.clone();
                    open.replace_range(value.clone(), "{open_value}");
                    open += "\nparam open_value: string";
                    let mut expected = before.clone();
                    let after = errors(&open);
                    let mut is_new = |code: &Code| match expected.iter().position(|other| other == code) {
                        Some(known) => {
                            expected.swap_remove(known);
                            false
                        }
                        None => true,
                    };
                    let new: Vec<_> = after.iter().copied().filter(|code| is_new(code)).collect();
                    assert!(new.is_empty(), "{}: {}\n{new:?}", path.display(), text.get(value).unwrap());
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

/// The arguments and file descriptors of a plan.
fn printed(plan: &Plan) -> String {
    let args: Vec<_> = plan.args().map(|arg| arg.to_string_lossy()).collect();
    format!("{args:#?}{:#?}", plan.fds().collect::<Vec<_>>())
}

/// A text without the option whose value stands at `value`. A value without a name can't be left out.
fn without(text: &str, value: &Range<usize>) -> Option<String> {
    let before = text.get(..value.start)?;
    let name = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let mut shorter = text.to_owned();
    shorter.replace_range(name..value.end, "");
    before.ends_with('=').then_some(shorter)
}

/// What was compared.
#[derive(Default)]
struct Seen {
    equal: usize,
    different: Vec<String>,
}

impl Seen {
    /// What is bound is what the text gives that has the value. Where that is wrong, so is the value.
    fn compare(&mut self, what: &str, bound: Result<String, BindError>, expected: Option<String>) {
        match (bound, expected) {
            (Ok(bound), Some(expected)) if bound == expected => self.equal += 1,
            (Err(_), None) => self.equal += 1,
            (bound, expected) => self.different.push(format!("{what}\n{bound:?}\n{expected:?}")),
        }
    }

    fn all_equal(&self, least: usize) {
        let Self { equal, different } = self;
        assert!(different.is_empty(), "{}\n{} differ", different.join("\n----\n"), different.len());
        assert!(*equal > least, "{equal}");
    }
}

#[test]
fn a_value_that_comes_later_makes_the_plan_of_the_text_that_has_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut seen, mut refused) = (Seen::default(), Vec::new());
    for folder in ["tests/real_qemu/cases", "examples"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "vm") {
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            if text.contains(['<', '{']) {
                continue;
            }
            for target in [None, Some(Version::new(7, 2))] {
                let target = TargetSpec { version: target, arch: None };
                let closed = |text: &str| {
                    let options = Options { target, ..Options::default() };
                    compile(text, &options).template.map(|template| printed(&Plan::of(template)))
                };
                for value in values(&text) {
                    let written = text.get(value.clone()).unwrap();
                    let Some(given) = unquoted(written) else { continue };
                    let Some(expected) = closed(&text) else { continue };
                    let mut open = text.clone();
                    open.replace_range(value.clone(), "{later}");
                    open += "\nparam later: string";
                    let options = Options { target, open: Open::Parameters, ..Options::default() };
                    let compiled = compile(&open, &options);
                    let what = format!("{}: {}", path.file_name().unwrap().display(), written);
                    let Some(template) = compiled.open else {
                        let codes: Vec<_> =
                            compiled.diagnostics.iter().map(|one| one.code.as_str()).collect();
                        refused.push(format!("{what}: {codes:?}"));
                        continue;
                    };
                    // What is left out of `smp` QEMU works out from what is there.
                    let line = text.get(..value.start).unwrap().rsplit('\n').next().unwrap();
                    if line.starts_with("smp") {
                        continue;
                    }
                    comes_back(&template);
                    let bind = |value| template.bind_named(&[("later", value)]).map(|plan| printed(&plan));
                    seen.compare(&what, bind(Value::from(given)), Some(expected));
                    // A value that isn't there leaves `smbios 4` with nothing to say, which only a text may not; and what refers
                    // to an id or a bus that isn't there, or how nodes share out what there is, is known in a text alone.
                    let is_text = |text: &str| {
                        let said = compile(text, &Options { target, ..Options::default() }).diagnostics;
                        said.iter().any(|one| {
                            matches!(one.code, Code::UnknownId | Code::UnknownBus | Code::NumaNodes)
                                || one.message.ends_with("says nothing without an option")
                        })
                    };
                    if let Some(shorter) = without(&text, &value).filter(|shorter| !is_text(shorter)) {
                        seen.compare(&format!("without {what}"), bind(Value::NONE), closed(&shorter));
                    }
                }
            }
        }
    }
    // Machine types, kinds and targets.
    assert!(refused.len() < 400, "{refused:#?}");
    seen.all_equal(600);
}

/// What a macro writes is read as it was. Bytes that nothing has written are read as something, or nothing.
fn comes_back<T: Pack + Unpack<'static> + PartialEq + Debug>(value: &T) {
    let bytes: &'static [u8] = pack(value).leak();
    assert_eq!(T::unpack(bytes).as_ref(), Some(value));
    let mut random = fastrand::Rng::with_seed(bytes.len() as u64);
    let short: &'static [u8] = bytes.get(..random.usize(..bytes.len())).unwrap();
    assert_eq!(T::unpack(short), None);
    let mut wrong = bytes.to_vec();
    for _ in 0..random.usize(1..4) {
        *random.choice(&mut wrong).unwrap() = random.u8(..);
    }
    let _ = T::unpack(wrong.leak());
}

/// A plan of any bytes says something, or nothing.
#[test]
fn a_plan_can_be_any_bytes() {
    let options = Options::default();
    let compiled =
        compile("name web\nmemory 1G\nnetdev tap mq=4 vhost\ndisk file=/a format=raw fd", &options);
    let template = compiled.template.unwrap();
    comes_back(&template);
    let plan = Plan::of(template);
    let mut random = fastrand::Rng::with_seed(7);
    for length in (0..plan.as_bytes().len()).chain([plan.as_bytes().len(); 2000]) {
        let mut bytes = plan.as_bytes().get(..length).unwrap().to_vec();
        for _ in 0..random.usize(..4) {
            if let Some(byte) = random.choice(&mut bytes) {
                *byte = random.u8(..);
            }
        }
        let read = Plan::packed(bytes.leak());
        let all = |plan: &Plan| {
            let places: Vec<_> = (0..20).map(|arg| (plan.arg_span(arg), plan.arg_place(arg))).collect();
            format!("{plan:?}{:?}{places:?}", plan.target())
        };
        assert!(!all(&read).is_empty());
        let more = read.clone().with_args(["-S"]).with_fds(plan.fds().take(1).map(Fd::from));
        assert_eq!(more.args().count(), read.args().count() + 1);
        assert_eq!(more.fds().count(), read.fds().count() + 1);
    }
}

/// The commands of devices, shown.
fn commands(fragment: &Fragment) -> String {
    let Fragment { steps, fds, ids, .. } = fragment;
    let steps: Vec<_> = steps.iter().map(|step| (step.action, &step.id, step.pci, &step.arguments)).collect();
    let fds: Vec<_> = fds.iter().map(|fd| (&fd.source, &fd.device, fd.queue)).collect();
    format!("{steps:#?}{fds:#?}{ids:#?}")
}

#[test]
fn a_value_that_comes_later_makes_the_devices_of_the_text_that_has_it() {
    let mut seen = Seen::default();
    for text in [
        "disk id=data file=\"/a,b\" format=raw bus=rp0 readonly=on fd=on serial=x",
        "disk file=\"/a\" format=raw cache=none aio=native bootindex=1 addr=3\ndisk file=\"/b\" format=qcow2",
        "netdev tap ifname=tap0 mq=4 vhost=on mac=52:54:00:12:34:56 id=a bus=rp0\nnetdev user",
        "netdev user hostfwd=tcp::1-:2 mac=52:54:00:12:34:56\nnetdev tap ifname=tap1",
        "object rng-random id=r filename=\"/dev/urandom\"\ndevice virtio-rng-pci rng=r max-bytes=16 period=1000 id=q",
        "chardev socket id=c path=\"/c\" server=on\nchardev udp id=u host=\"::1\" port=12 localaddr=1.2.3.4",
        "rng random filename=\"/dev/urandom\" max-bytes=16 period=5",
        "vsock cid=7 fd=on",
    ] {
        let closed =
            |text: &str| compile_devices(text, &Options::default()).fragment.map(|own| commands(&own));
        for value in values(text) {
            let Some(given) = unquoted(text.get(value.clone()).unwrap()) else { continue };
            let expected = closed(text).unwrap();
            let mut open = text.to_owned();
            open.replace_range(value.clone(), "{later}");
            open += "\nparam later: string";
            let options = Options { open: Open::Parameters, ..Options::default() };
            let compiled = compile_devices(&open, &options);
            let Some(open) = compiled.open else { panic!("{open}\n{:#?}", compiled.diagnostics) };
            comes_back(&open);
            let bind = |value| open.bind_named(&[("later", value)]).map(|own| commands(&own));
            let what = format!("{text}: {given}");
            seen.compare(&what, bind(Value::from(given)), Some(expected));
            if let Some(shorter) = without(text, &value) {
                seen.compare(&format!("without {what}"), bind(Value::NONE), closed(&shorter));
            }
        }
    }
    seen.all_equal(70);
}

/// A text with parameters, of which each takes the value behind it.
fn bound(text: &str, values: &[(&str, &str)]) -> Result<Plan, BindError> {
    let params: String = values.iter().map(|(name, _)| format!("param {name}: string\n")).collect();
    let options = Options { open: Open::Parameters, ..Options::default() };
    let compiled = compile(&format!("{params}{text}"), &options);
    let open = compiled.open.unwrap_or_else(|| panic!("{text}\n{:#?}", compiled.diagnostics));
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, Value::from(*value))).collect();
    open.bind_named(&values)
}

/// What one text refuses that has the values written out is refused where they come later.
#[test]
fn what_concerns_several_statements_is_looked_at_with_the_values() {
    const DISK: &str = "disk file=\"/x\" format=raw";
    let q35 = |rest: &str| format!("machine q35\nmemory 1G\n{rest}");
    let port = "device pcie-root-port id=rp0 chassis=1\n";
    let nic = "netdev user hostfwd=\"tcp::2222-:22\"\n";
    for (text, wrong, right, code) in [
        (q35(&format!("{port}rng bus={{a}}")), "rp9", "rp0", "unknown-bus"),
        (q35(&format!("controller qemu-xhci id=u\n{DISK} bus={{a}}")), "u.0", "pcie.0", "unknown-bus"),
        (q35(&format!("iothread io0\n{DISK} iothread={{a}}")), "io9", "io0", "unknown-id"),
        (
            q35(&format!("iothread io0\nobject rng-builtin id=r\n{DISK} iothread={{a}}")),
            "r",
            "io0",
            "wrong-id",
        ),
        (q35("chardev null id=c0\nserial chardev={a}"), "c9", "c0", "unknown-id"),
        (q35("chardev null id=c0\nmonitor chardev={a}"), "c9", "c0", "unknown-id"),
        (
            q35("chardev null id=c0\nchardev null id=c1\nserial chardev=c0\nqmp chardev={a}"),
            "c0",
            "c1",
            "in-use",
        ),
        (q35(&format!("{nic}netdev user hostfwd={{a}}")), "tcp::2222-:80", "tcp::2223-:80", "address-in-use"),
        (q35(&format!("{nic}netdev user hostfwd=\"tcp::{{a}}-:80\"")), "2222", "2223", "address-in-use"),
        (q35("fw_cfg opt/a string=x\nfw_cfg {a} string=y"), "opt/a", "opt/b", "duplicate-id"),
        (q35("display vnc \":1\"\ndisplay vnc {a}"), ":1", ":2", "repeated-statement"),
        (q35(&format!("{port}device pcie-root-port id=rp1 chassis={{a}}")), "0x1", "2", "duplicate-chassis"),
        (
            q35("bridge pcie id=b\nbridge pci id=c bus=b chassis=1\nbridge pci id=d bus=b chassis={a}"),
            "1",
            "2",
            "duplicate-chassis",
        ),
        (q35("rng addr={a}\nballoon addr=5.1"), "5", "5.2", "single-function"),
        (q35("rng addr=5\nballoon addr={a}"), "5.1", "6.1", "single-function"),
        (q35("rng addr=5.0\nballoon addr={a}"), "5", "6", "address-in-use"),
        (q35("vsock cid=3\nvsock cid={a}"), "3", "4", "address-in-use"),
        (
            q35("netdev user mac=52:54:00:00:00:0a\nnetdev user mac={a}"),
            "52:54:00:00:00:0A",
            "52:54:00:00:00:0b",
            "equal-macs",
        ),
        (q35("netdev user id=n\nnetdev user id={a}"), "n", "m", "duplicate-id"),
        (
            "machine q35\nmemory 1G slots={a} max=4G\ndimm pc-dimm size=1G\ndimm pc-dimm size=1G".to_owned(),
            "1",
            "2",
            "dimm-without-slots",
        ),
        ("machine q35\nmemory {a} max=4G".to_owned(), "5G", "4096", "memory-max"),
        ("machine q35\nsmp 4 sockets={a} cores=2 threads=1".to_owned(), "3", "2", "topology"),
        ("machine q35\nsmp 4 cores={a}".to_owned(), "3", "2", "topology"),
        ("machine q35\nsmp {a} maxcpus=4".to_owned(), "5", "3", "topology"),
        ("machine microvm\nsmp {a}".to_owned(), "300", "3", "too-many-cpus"),
        (
            "machine q35\nmemory {a}\nnuma node size=1G\nnuma node size=1G".to_owned(),
            "1G",
            "2G",
            "numa-nodes",
        ),
    ] {
        let Err(error) = bound(&text, &[("a", wrong)]) else { panic!("{text}") };
        let codes: Vec<_> = error.problems.iter().map(|problem| &*problem.code).collect();
        assert_eq!(codes, [code], "{text}\n{error}");
        let [problem] = error.problems.as_slice() else { unreachable!() };
        assert_eq!(problem.hole, "a", "{text}\n{error}");
        let place = problem.place.as_ref().unwrap();
        let whole = format!("param a: string\n{text}");
        let line = whole.lines().nth(place.line as usize - 1).unwrap();
        // The place of what stands between the braces.
        let rest = line.get(place.column as usize - 1..).unwrap();
        assert!(rest.starts_with("a}") || line.contains("\"tcp::{a}"), "{error}");
        bound(&text, &[("a", right)]).unwrap_or_else(|error| panic!("{text}\n{error}"));
        // Written out it is the same.
        let written = compile(
            &text
                .replace("{a}", &format!("\"{wrong}\""))
                .replace("\"tcp::\"2222\"-:80\"", "\"tcp::2222-:80\""),
            &Options::default(),
        );
        let said = written.diagnostics.iter().find(|one| one.code.as_str() == code);
        assert!(said.is_some(), "{text}\n{:#?}", written.diagnostics);
    }
}

/// What is referred to by a value comes first.
#[test]
fn what_a_value_names_comes_first() {
    let text = "machine q35\nmemory 1G\nrng bus={a}\nnetdev tap ifname=t bus={b} vhost\n\
                device pcie-root-port id=rp0 chassis=1 bus=up\ndevice pcie-root-port id=rp1 chassis=2\n\
                device pcie-root-port id=up chassis=3\ndisk file=\"/d\" format=raw fd\n";
    let plan = bound(text, &[("a", "rp0"), ("b", "rp1")]).unwrap();
    let written = compile(&text.replace("{a}", "rp0").replace("{b}", "rp1"), &Options::default());
    let written = Plan::of(written.template.unwrap());
    assert!(plan.args().eq(written.args()), "{plan:#?}\n{written:#?}");
    assert!(plan.fds().eq(written.fds()), "{plan:#?}\n{written:#?}");
}

/// There are as many as a loop repeats.
#[test]
fn what_loops_repeat_is_counted() {
    let text = "param all: list of string\nmachine q35\nmemory 1G slots=2 max=8G\nfor one in {all} { dimm pc-dimm size=1G\nserial null }";
    let options = Options { open: Open::Parameters, ..Options::default() };
    let open = compile(text, &options).open.unwrap();
    let codes = |count: usize| -> Vec<String> {
        let all: Vec<_> = (0..count).map(|one| one.to_string()).collect();
        let bound = open.bind_named(&[("all", all.into())]);
        bound.err().into_iter().flat_map(|error| error.problems).map(|problem| problem.code).collect()
    };
    assert_eq!(codes(2), [""; 0]);
    assert_eq!(codes(3), ["dimm-without-slots"]);
    assert_eq!(codes(5), ["dimm-without-slots", "out-of-range"]);
}

/// Each type of Rust's that is a value.
#[test]
fn values_are_what_people_have() {
    use std::net::{IpAddr, Ipv6Addr, SocketAddr};

    let bound = |text: &str, values: &[(&str, Value)]| {
        let options = Options { open: Open::Parameters, ..Options::default() };
        compile(text, &options).open.unwrap().bind_named(values)
    };
    let args = |text: &str, values: &[(&str, Value)]| {
        let plan = bound(text, values).unwrap();
        plan.args().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    };
    let owned = "web".to_owned();
    let numbers = [Value::from(3u8), 3u16.into(), 3i64.into(), 3u128.into(), (&"3".to_owned()).into()];
    for number in numbers {
        assert_eq!(args("param n: int\nsmp {n}", &[("n", number)]), "-smp 3");
    }
    assert_eq!(args("param n: string\nname {n}", &[("n", (&owned).into())]), "-name guest=web");
    assert_eq!(
        args("param u: uuid\nuuid {u}", &[("u", [0x12u8; 16].into())]),
        "-uuid 12121212-1212-1212-1212-121212121212"
    );
    let mac = args("param m: mac\nnetdev user mac={m}", &[("m", [2, 0, 0, 0, 0, 1u8].into())]);
    assert!(mac.contains("mac=02:00:00:00:00:01"), "{mac}");
    let vnc =
        args("param a: string\ndisplay vnc {a}", &[("a", SocketAddr::from(([127, 0, 0, 1], 1)).into())]);
    assert!(vnc.contains("127.0.0.1:1"), "{vnc}");
    let host = IpAddr::from(Ipv6Addr::LOCALHOST);
    let serial = args("param h: string\nserial udp host={h} port=1", &[("h", host.into())]);
    assert!(serial.contains("host=::1"), "{serial}");
    let list = args("param l: list of int\nfor n in {l} { arg \"-x\" \"{n}\" }", &[("l", [1u16, 2].into())]);
    assert_eq!(list, "-x 1 -x 2");
}

/// `512` would be as many bytes to one, and megabytes to another.
#[test]
fn a_number_is_no_size() {
    let text = "param ram: size\nparam sizes: list of size\nparam n: int\nmemory {ram} max=2G slots=2 name \"{ram}{n}\"\n\
                for size in {sizes} { dimm pc-dimm path=\"/m\" size={size} }";
    let options = Options { open: Open::Parameters, ..Options::default() };
    let template = compile(text, &options).open.unwrap();
    let problems = |ram: Value, size: Value| {
        let bound = template.bind_named(&[("ram", ram), ("sizes", [size].into()), ("n", 5.into())]);
        bound.err().map_or(Vec::new(), |error| error.problems.into_iter().map(|one| one.message).collect())
    };
    let said = |number: u32| format!("`{number}` is a number without a unit, and here stands a size");
    assert_eq!(problems(512u32.into(), 1u64.into()), [said(512), said(1)]);
    assert_eq!(problems(Size::mib(512).into(), "1M".into()), [""; 0]);
    assert_eq!(problems("512".into(), Size::mib(1).into()), [""; 0]);
}

/// A text with a value written out, and with one that comes later.
fn written_and_later(text: &str, value: &str) -> (Vec<String>, Vec<String>) {
    let written = compile(&text.replace("VALUE", &format!("{value:?}")), &Options::default());
    let errors = written.diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let errors = errors.map(|one| one.code.as_str().to_owned()).collect();
    let options = Options { open: Open::Parameters, ..Options::default() };
    let open = compile(&format!("{}\nparam later: string", text.replace("VALUE", "{later}")), &options);
    let Some(open) = open.open else { panic!("{text}\n{:#?}", open.diagnostics) };
    let bound = open.bind_named(&[("later", Value::from(value))]);
    let problems = bound.map_or_else(|error| error.problems, |_| Vec::new());
    (errors, problems.into_iter().map(|problem| problem.code).collect())
}

#[test]
fn what_is_wrong_when_it_is_written_is_wrong_when_it_comes_later() {
    let long = "x".repeat(120);
    for (text, value) in [
        // What QEMU's schema says of a property.
        ("machine q35\ndevice virtio-rng-pci max-bytes=VALUE", "abc"),
        ("machine q35\ndevice virtio-net-pci mq=VALUE", "abc"),
        ("machine q35\ndevice virtio-net-pci mac=VALUE", "zz"),
        ("machine q35\ndevice VGA vgamem_mb=VALUE", "-1"),
        ("machine q35\ndevice virtio-rng-pci addr=VALUE", "20"),
        ("machine q35\ndevice virtio-rng-pci disable-legacy=VALUE", "true"),
        ("machine q35 vmport=VALUE", "maybe"),
        ("machine q35 smm=VALUE", "true"),
        ("cpu max vmx=VALUE", "maybe"),
        ("cpu max model-id=VALUE", "a,b"),
        ("object memory-backend-ram id=m size=VALUE", "abc"),
        ("object memory-backend-ram id=m size=1M prealloc-threads=VALUE", "-1"),
        ("blockdev file node-name=n filename=\"/x\" read-only=VALUE", "abc"),
        ("machine q35\ndisk file=\"/a\" format=raw num-queues=VALUE", "abc"),
        ("machine q35\nrng page-per-vq=VALUE", "abc"),
        ("machine q35\nnetdev user rx_queue_size=VALUE", "abc"),
        ("machine q35\ndevice virtio-rng-pci\nglobal virtio-rng-pci.max-bytes=VALUE", "abc"),
        ("machine q35\ndevice virtio-rng-pci romfile=VALUE", ""),
        // What a statement says of an option.
        ("machine q35\ndisk file=\"/a\" format=raw serial=VALUE", "0123456789012345678901234"),
        ("machine q35\nboot order=VALUE", "z"),
        ("machine pc\nboot once=VALUE", "nnnn"),
        ("incoming VALUE", "ftp:x"),
        ("serial ringbuf size=VALUE", "3000"),
        ("serial socket path=VALUE server", &long),
        ("memory 1G max=2G slots=1\ndimm pc-dimm size=VALUE", "0"),
        ("memory 1G hugetlbsize=VALUE", "3M"),
        ("machine pc usb=on\nusb mtp rootdir=VALUE", "a/b"),
        ("display vnc VALUE", "127.0.0.1:60000"),
        ("machine q35\nnetdev tap ifname=a driver=e1000e mq=VALUE", "2"),
    ] {
        let (written, later) = written_and_later(text, value);
        let is_right = value.is_empty();
        assert_eq!(
            (written.is_empty(), later.is_empty()),
            (is_right, is_right),
            "{text}: {value}\n{written:?}\n{later:?}"
        );
    }
}

#[test]
fn all_that_is_wrong_with_values_is_told_at_once() {
    let text = "param name: string\nparam ram: size\nparam dir: string\nparam on: bool\n\
                machine q35\nnetdev tap ifname={name}\nmemory {ram} max=2G\nname {dir}\nif {on} { uuid {dir} }";
    let options = Options { open: Open::Parameters, ..Options::default() };
    let template = compile(text, &options).open.unwrap();
    let bind = |values: &[(&str, Value)]| {
        let problems = template.bind_named(values).unwrap_err().problems;
        let mut codes: Vec<_> = problems.into_iter().map(|problem| problem.code).collect();
        codes.sort();
        codes
    };
    let long = Value::from("a name that is far too long");
    let (large, on) = (Value::from("3G"), Value::from(true));
    assert_eq!(
        bind(&[("name", long.clone()), ("ram", large.clone()), ("other", "x".into()), ("on", on)]),
        ["memory-max", "name-too-long", "unknown-parameter", "unset-parameter"]
    );
    assert_eq!(
        bind(&[("name", long), ("ram", large), ("dir", "x".into()), ("on", "perhaps".into())]),
        ["memory-max", "name-too-long", "parameter-type"]
    );
}
