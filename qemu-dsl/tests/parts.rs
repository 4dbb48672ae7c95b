//! VMs of parts: what is joined is what one text says that has all of it, and is refused where that is.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fastrand::Rng;
use qemu_dsl::bind::{Base, BindError, Equipped, Part, Value};
use qemu_dsl::plan::Plan;
use qemu_dsl::{Diagnostic, Open, Options, Severity, compile, compile_base, compile_part};

fn base(text: &str) -> Base {
    let compiled = compile_base(text, &Options::default());
    assert_eq!(compiled.diagnostics, [], "{text}");
    compiled.open.unwrap().bind_named(&[]).unwrap()
}

fn part(text: &str) -> Part {
    let compiled = compile_part(text, &Options::default());
    assert_eq!(compiled.diagnostics, [], "{text}");
    compiled.open.unwrap().bind_named(&[]).unwrap()
}

fn args(plan: &Plan) -> Vec<String> {
    plan.args().map(|arg| arg.to_str().unwrap().to_owned()).collect()
}

fn whole(text: &str) -> Plan {
    let compiled = compile(text, &Options::default());
    Plan::of(compiled.template.unwrap_or_else(|| unreachable!("{text}\n{:#?}", compiled.diagnostics)))
}

fn assert_same(joined: &Plan, whole: &Plan, text: &str) {
    assert_eq!(joined.program(), whole.program());
    assert_eq!(args(joined), args(whole), "{text}");
    assert!(joined.fds().eq(whole.fds()), "{text}\n{joined:#?}\n{whole:#?}");
}

fn codes(error: &BindError) -> Vec<&str> {
    error.problems.iter().map(|problem| &*problem.code).collect()
}

#[test]
fn ids_macs_and_descriptors_go_on_from_part_to_part() {
    let base_text = "name web\nmachine q35\nmemory 1G\nnetdev tap ifname=a mq=2 vhost\n";
    let card = "netdev tap ifname=b vhost\ndisk file=\"/b.img\" format=raw fd\n";
    let plan = base(base_text).with_all([part(card), part(card)]).plan().unwrap();
    assert_same(&plan, &whole(&[base_text, card, card].concat()), card);
    let text = args(&plan).join(" ");
    assert!(text.contains("id=net2") && text.contains("id=disk1"), "{text}");
}

#[test]
fn what_two_parts_have_is_told_with_both_places() {
    let base = base("machine q35\nmemory 1G\nnetdev user id=lan mac=52:54:00:00:00:01");
    let parts = [
        part("rtc base=utc\nnetdev user id=lan\nvsock cid=3"),
        part("\nrtc base=utc\nnetdev user mac=52:54:00:00:00:01\nvsock cid=3"),
    ];
    let error = base.with_all(parts).plan().unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2, column 16: `lan` is already the id of a network backend [duplicate-id], first at line 3, column 16; \
         give each an id of its own\n\
         line 2, column 1: `rtc` stands twice [repeated-statement], first at line 1, column 1; \
         a VM has one: leave out one of them, or join them\n\
         line 3, column 17: two devices have the MAC address `52:54:00:00:00:01` [equal-macs], first at line 3, column 24; \
         leave out `mac=` for an address of its own\n\
         line 4, column 11: two vsock devices have the address 3 [address-in-use], first at line 3, column 11; \
         give each device an address of its own"
    );
}

#[test]
fn what_no_part_has_is_told() {
    let alone = base("machine q35\nmemory 1G\ndisk file=\"/a\" format=raw bus=rp0");
    let error = alone.plan().unwrap_err();
    assert_eq!(codes(&error), ["unknown-bus"]);
    let port = part("device pcie-root-port id=rp0 chassis=1");
    let plan = alone.clone().with(port).plan().unwrap();
    let args = args(&plan);
    let at = |what: &str| args.iter().position(|arg| arg.contains(what)).unwrap();
    assert!(at("pcie-root-port") < at("bus=rp0"), "{args:?}");
    let user = part("netdev vhost-user socket=\"/s\"");
    let error = base("machine q35\nmemory 1G").with(user.clone()).plan().unwrap_err();
    assert_eq!(codes(&error), ["unshared-memory"]);
    assert!(base("machine q35\nmemory 1G share").with(user).plan().is_ok());
    let error = base("machine pc\nmemory 1G").with(part("device virtio-blk-pci drive=d")).plan().unwrap_err();
    assert_eq!(codes(&error), ["unknown-id"]);
    let error = base("machine microvm\nmemory 1G").with(part("rng")).plan().unwrap_err();
    assert_eq!(codes(&error), ["unknown-bus"]);
}

#[test]
fn a_part_leaves_to_its_base_what_others_hang_on() {
    for text in ["machine q35", "memory 1G", "name x", "qemu \"/usr/bin/qemu\""] {
        let compiled = compile_part(text, &Options::default());
        let codes: Vec<_> = compiled.diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
        assert_eq!(codes, ["of-base"], "{text}");
    }
    let other = part("target 7.2\nrng");
    let error = base("target 10.0\nmemory 1G").with(other).plan().unwrap_err();
    assert_eq!(codes(&error), ["other-target"]);
}

#[test]
fn values_and_blocks_keep_to_their_part() {
    let text = "param disks: list of path\nparam fast: bool\nfor disk in {disks} { disk file={disk} format=raw }\n\
                if {fast} { netdev tap ifname=t mq=2 vhost } else { netdev user }\n";
    let options = Options { open: Open::Parameters, ..Options::default() };
    let open = compile_part(text, &options).open.unwrap();
    let bound = |disks: &[&str], fast: bool| {
        open.bind_named(&[("disks", Value::from(disks)), ("fast", Value::from(fast))]).unwrap()
    };
    let own = "machine q35\nmemory 1G\ndisk file=\"/own\" format=raw\n";
    let plan = base(own)
        .with(bound(&["/a", "/b"], true))
        .with(bound(&[], false))
        .with(bound(&["/c"], true))
        .plan()
        .unwrap();
    let disk = |path: &str| format!("disk file=\"{path}\" format=raw\n");
    let tap = "netdev tap ifname=t mq=2 vhost\n";
    let text = [own, &disk("/a"), &disk("/b"), tap, "netdev user\n", &disk("/c"), tap].concat();
    assert_same(&plan, &whole(&text), &text);
    let error = base(own).with(
        open.bind_named(&[("disks", Value::from("/a")), ("fast", "x".into())]).unwrap_or_else(|error| {
            assert_eq!(codes(&error), ["parameter-type"]);
            Part::default()
        }),
    );
    assert!(error.plan().is_ok());
}

#[test]
fn it_is_data() {
    fn is_data<T: Clone + Send + Sync + 'static>() {}
    is_data::<Base>();
    is_data::<Part>();
    let part = part("rng").with_all([part("rng")]).with_all(None::<Part>);
    let twice = base("machine q35\nmemory 1G").with(part.clone()).with(part);
    assert_eq!(args(&twice.plan().unwrap()).iter().filter(|arg| arg.contains("virtio-rng")).count(), 4);
    let equipped: Equipped<'static, Part> = Part::default().into();
    assert_eq!(twice.with(equipped).plan().unwrap().fds().len(), 0);
}

/// The codes of what is wrong with a base and a part, joined and as one text.
fn both(own: &str, more: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let joined = joined(own, &[more.to_owned()]).err().unwrap_or_default();
    (joined, errors(&compile(&[own, more].concat(), &Options::default()).diagnostics))
}

/// What one text refuses is refused where it stands in two.
#[test]
fn what_two_parts_say_goes_together_as_in_one() {
    const Q35: &str = "machine q35\nmemory 1G\n";
    for (own, more, code) in [
        (Q35, "disk scsi file=\"/x\" format=raw", "unknown-bus"),
        (Q35, "rng bus=rp7", "unknown-bus"),
        (Q35, "disk file=\"/x\" format=raw iothread=io9", "unknown-id"),
        (Q35, "input usb-tablet", "unknown-bus"),
        (Q35, "fs virtiofs socket=\"/s\" tag=t", "unshared-memory"),
        ("machine q35\nserial stdio\n", "chardev stdio id=c", "in-use"),
        ("machine q35\nmonitor stdio\n", "qmp stdio", "in-use"),
        ("machine q35\nserial stdio\n", "daemonize", "nographic-daemonize"),
        ("machine q35\ndaemonize\n", "serial stdio", "nographic-daemonize"),
        ("machine q35 accel=tcg\n", "cpu host", "host-cpu-without-kvm"),
        ("machine q35\ncpu host\n", "accel tcg", "host-cpu-without-kvm"),
        ("machine q35 accel=tcg\n", "accel kvm", "exclusive-options"),
        ("machine q35\nnographic\n", "daemonize", "nographic-daemonize"),
        (Q35, "dimm pc-dimm size=1G", "dimm-without-slots"),
        (
            "machine q35\nmemory 1G slots=1 max=4G\n",
            "dimm pc-dimm size=1G\ndimm pc-dimm size=1G",
            "dimm-without-slots",
        ),
        (
            "machine pc\nmemory 1G\ndisk ide file=\"/a\" format=raw bus=ide.0\ndisk ide file=\"/b\" format=raw bus=ide.0\n",
            "disk ide file=\"/c\" format=raw bus=ide.0",
            "address-in-use",
        ),
        (
            "machine q35\ndisk ide file=\"/a\" format=raw bus=ide.3\n",
            "disk ide file=\"/b\" format=raw bus=ide.3",
            "address-in-use",
        ),
        (
            "machine q35\ndisk ide file=\"/a\" format=raw\n",
            "disk ide file=\"/b\" format=raw",
            "address-in-use",
        ),
        ("machine q35\nrng addr=5\n", "balloon addr=5.1", "single-function"),
        ("machine q35\nballoon addr=5.1\n", "rng addr=5", "single-function"),
        ("machine q35\nserial null\nserial null\nserial null\nserial null\n", "serial null", "out-of-range"),
        ("machine microvm\n", "smp 300", "too-many-cpus"),
        ("machine q35\nmemory 2G\nnuma node size=1G\n", "numa node size=512M", "numa-nodes"),
        ("machine q35\nfw_cfg opt/a string=x\n", "fw_cfg opt/a string=y", "duplicate-id"),
        ("machine q35\ndisplay vnc \":1\"\n", "display vnc \":1\"", "repeated-statement"),
        (
            "machine q35\nrng id=r\nobject rng-random id=o filename=\"/r\"\n",
            "disk file=\"/x\" format=raw iothread=o",
            "wrong-id",
        ),
    ] {
        let (joined, whole) = both(own, more);
        assert_eq!(joined, BTreeSet::from([code.to_owned()]), "{own}----\n{more}");
        assert!(whole.contains(code), "{own}{more} {whole:?}");
    }
    for (own, more) in [
        ("machine q35\nmemory 1G slots=2 max=4G\ndimm pc-dimm size=1G\n", "dimm pc-dimm size=1G"),
        ("machine q35\ncpu host\n", "accel kvm"),
        ("machine q35 accel=kvm\n", "cpu host"),
        ("machine q35\nnographic\nnodefaults\n", "daemonize"),
        ("machine q35\nrng addr=5 multifunction=on\n", "balloon addr=5.1"),
        ("machine q35\nserial stdio\n", "serial null\nserial null\nserial null"),
        ("machine q35\nserial stdio mux\n", "monitor chardev=serial0"),
        ("machine q35\nnetdev user\n", "object filter-dump id=f netdev=net0 file=\"/f\"\nnetdev user"),
        ("machine q35\nmemory 2G\nnuma node size=1G\n", "numa node size=1G"),
        ("machine q35\nfw_cfg opt/a string=x\n", "fw_cfg opt/b string=y"),
        (
            "machine pc\ndisk ide file=\"/a\" format=raw bus=ide.0\n",
            "disk ide file=\"/b\" format=raw bus=ide.0",
        ),
        (Q35, "controller ich9-ahci id=s\ndisk ide file=\"/b\" format=raw bus=s.0"),
        (Q35, "smp 4"),
    ] {
        let (joined, whole) = both(own, more);
        assert_eq!((joined, whole), Default::default(), "{own}----\n{more}");
    }
}

/// QEMU makes devices of JSON when all others are there: so those behind one are JSON, too.
#[test]
fn what_stands_behind_a_device_with_members_is_json() {
    let own = "machine q35\nmemory 1G\nobject iothread id=i0\nrng\n\
               device virtio-scsi-pci id=s iothread-vq-mapping.0.iothread=i0\n";
    let disk =
        "disk scsi file=\"/d\" format=raw bus=s.0 fd\nnetdev tap ifname=t mq=2 vhost\nbridge root-port\n";
    let plan = base(own).with(part(disk)).with(part(disk)).plan().unwrap();
    assert_same(&plan, &whole(&[own, disk, disk].concat()), disk);
    let (own, mapped) = own.split_at(own.find("device").unwrap());
    let rest = "rng\n";
    let plan = base(own).with(part(rest)).with(part(mapped)).with(part(disk)).plan().unwrap();
    assert_same(&plan, &whole(&[own, rest, mapped, disk].concat()), disk);
    let options = Options { open: Open::Parameters, ..Options::default() };
    let open = compile_part("param n: int\nvsock cid={n}", &options).open.unwrap();
    let late = open.bind_named(&[("n", "3".into())]).unwrap();
    let error = base(own).with(part(mapped)).with(late.clone()).plan().unwrap_err();
    assert_eq!(codes(&error), ["late-value"]);
    assert!(base(own).with(late).with(part(mapped)).plan().is_ok());
}

/// Of what a base says later no more is unknown than that.
#[test]
fn what_a_base_says_later_hides_nothing() {
    let options = Options { open: Open::Parameters, ..Options::default() };
    for own in ["param n: size\nmachine q35\nmemory {n}\n", "param n: int\nmachine q35\nmemory 1G\nsmp {n}\n"]
    {
        let base = compile_base(own, &options).open.unwrap();
        let base = base.bind_named(&[("n", "64".into())]).unwrap();
        for (more, code) in [
            ("disk scsi file=\"/x\" format=raw", "unknown-bus"),
            ("rng bus=rp7", "unknown-bus"),
            ("disk file=\"/x\" format=raw iothread=io9", "unknown-id"),
            ("input usb-tablet", "unknown-bus"),
            ("fs virtiofs socket=\"/s\" tag=t", "unshared-memory"),
        ] {
            let error = base.clone().with(part(more)).plan().unwrap_err();
            assert_eq!(codes(&error), [code], "{own}{more}");
        }
        assert!(base.with(part("rng\nnetdev user")).plan().is_ok());
    }
}

fn one<'t>(rng: &mut Rng, of: &[&'t str]) -> &'t str {
    rng.choice(of.iter().copied()).unwrap()
}

/// Statements, of which many refer to each other, or get into each other's way.
fn statement(rng: &mut Rng) -> String {
    let mut text = String::new();
    let n = |rng: &mut Rng, most: u32| rng.u32(0..most);
    let bus = |rng: &mut Rng| {
        if rng.u32(0..3) == 0 { format!(" bus=rp{}", rng.u32(0..3)) } else { String::new() }
    };
    match n(rng, 19) {
        0 => {
            let _ = write!(text, "disk file=\"/d{}.img\" format=raw{}", n(rng, 9), bus(rng));
            if n(rng, 3) == 0 {
                let _ = write!(text, " id=disk{}", n(rng, 4));
            }
            if n(rng, 3) == 0 {
                text += " fd";
            }
        }
        1 => {
            text += "netdev user";
            if n(rng, 3) == 0 {
                let _ = write!(text, " id=net{}", n(rng, 3));
            }
            if n(rng, 3) == 0 {
                let _ = write!(text, " mac=52:54:00:00:00:0{}", n(rng, 4));
            }
            if n(rng, 3) == 0 {
                let host = one(rng, &["", "127.0.0.1", "127.0.0.2"]);
                let _ = write!(text, " hostfwd=\"tcp:{host}:222{}-:22\"", n(rng, 3));
            }
        }
        2 => {
            let _ = write!(text, "netdev tap ifname=tap{} mq={} vhost{}", n(rng, 9), 1 + n(rng, 3), bus(rng));
        }
        3 | 4 => {
            let _ = write!(text, "device pcie-root-port id=rp{} chassis={}", n(rng, 3), n(rng, 6));
        }
        5 => {
            let _ = write!(text, "device virtio-balloon-pci addr=\"{:x}\"{}", 8 + n(rng, 6), bus(rng));
        }
        6 => {
            let _ = write!(text, "vsock cid={}", 3 + n(rng, 6));
        }
        7 => text += "rng",
        8 => {
            let _ = write!(text, "chardev null id=c{}", n(rng, 4));
            if n(rng, 3) == 0 {
                text += " mux=on";
            }
        }
        9 => {
            let _ = write!(text, "device isa-serial chardev=c{}", n(rng, 4));
        }
        10 => {
            let _ = write!(text, "object iothread id=io{}", n(rng, 4));
        }
        11 => {
            let _ = write!(
                text,
                "blockdev null-co node-name=n{0}\ndevice virtio-blk-pci drive=n{0} iothread=io{1}",
                n(rng, 5),
                n(rng, 4)
            );
        }
        12 => text += one(rng, &["rtc base=utc", "kernel \"/k\" append=\"a\"", "smp 2", "vga none"]),
        13 => text += "device usb-kbd",
        14 => {
            let _ = write!(text, "device qemu-xhci id=usb{}", n(rng, 2));
        }
        15 => {
            let _ = write!(text, "netdev vhost-user socket=\"/s{}\"", n(rng, 5));
        }
        16 => {
            text += "bridge root-port";
            if n(rng, 3) == 0 {
                let _ = write!(text, " chassis={}", n(rng, 4));
            }
        }
        17 => text += "bridge root-port",
        _ => text += "virtio-serial",
    }
    text.push('\n');
    text
}

fn errors(diagnostics: &[Diagnostic]) -> BTreeSet<String> {
    let errors = diagnostics.iter().filter(|one| one.severity == Severity::Error);
    errors.map(|diagnostic| diagnostic.code.as_str().to_owned()).collect()
}

/// What is joined, or the codes of what is wrong.
fn joined(own: &str, parts: &[String]) -> Result<Plan, BTreeSet<String>> {
    let options = Options::default();
    let compiled = compile_base(own, &options);
    let mut wrong = errors(&compiled.diagnostics);
    let base = compiled.open;
    let mut all = Vec::new();
    for part in parts {
        let compiled = compile_part(part, &options);
        wrong.extend(errors(&compiled.diagnostics));
        all.extend(compiled.open.map(|part| part.bind_named(&[]).unwrap()));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let base = base.unwrap().bind_named(&[]).unwrap();
    base.with_all(all)
        .plan()
        .map_err(|error| error.problems.into_iter().map(|problem| problem.code).collect())
}

#[test]
fn random_vms_are_what_one_text_says() {
    let cases = std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3000);
    let (mut planned, mut refused) = (0, 0);
    for seed in 0..cases {
        let mut rng = Rng::with_seed(seed);
        let machine =
            one(&mut rng, &["machine q35\n", "machine pc\n", "name web\nmachine q35\n", "name x\n"]);
        let memory = one(&mut rng, &["memory 1G\n", "memory 1G share\n"]);
        let mut texts = vec![format!("{machine}{memory}")];
        for _ in 0..rng.usize(0..4) {
            texts.push(String::new());
        }
        for text in &mut texts {
            for _ in 0..rng.usize(0..4) {
                *text += &statement(&mut rng);
            }
        }
        let text = texts.concat();
        let (own, parts) = texts.split_first().unwrap();
        let compiled = compile(&text, &Options::default());
        let joined = joined(own, parts);
        let mut wrong = errors(&compiled.diagnostics);
        let shown = || texts.join("----\n");
        match (&compiled.template, joined) {
            (Some(template), Ok(plan)) => {
                assert_same(&plan, &Plan::of(template.clone()), &shown());
                planned += 1;
            }
            // A program has no warnings.
            (Some(_), Err(codes)) => {
                let is_warned = compiled.diagnostics.iter().any(|one| one.code.as_str() == "equal-macs");
                assert!(
                    is_warned && codes.len() == 1 && codes.contains("equal-macs"),
                    "{seed} {codes:?}\n{}",
                    shown()
                );
            }
            (None, Ok(_)) => unreachable!("{seed} {wrong:?}\n{}", shown()),
            (None, Err(codes)) => {
                wrong.insert("equal-macs".to_owned());
                assert!(codes.is_subset(&wrong), "{seed} {codes:?} {wrong:?}\n{}", shown());
                refused += 1;
            }
        }
    }
    assert!(planned > cases / 10 && refused > cases / 10, "{planned} {refused}");
}

#[test]
fn what_another_part_needs_comes_first() {
    let own = "machine q35\nmemory 1G\nnetdev tap ifname=a bus=rp0 vhost\n";
    let port = "netdev tap ifname=b mq=2\ndevice pcie-root-port id=rp0 chassis=1 bus=up\n";
    let up = "netdev tap ifname=c\ndevice pcie-root-port id=up chassis=2\n";
    let plan = base(own).with(part(port)).with(part(up)).plan().unwrap();
    assert_same(&plan, &whole(&[own, port, up].concat()), up);
}

/// What a value decides of a part's shape hides nothing of the rest.
#[test]
fn what_hangs_on_values_is_looked_at_with_them() {
    let options = Options { open: Open::Parameters, ..Options::default() };
    let text = "param cached: bool\nparam id: string?\nparam mac: mac?\n\
                disk file=\"/a\" format=raw bus=rp0 fd={cached}\nnetdev user id={id} mac={mac}\n";
    let open = compile_part(text, &options).open.unwrap();
    let card = |id: &str, mac: Value| {
        open.bind_named(&[("cached", false.into()), ("id", id.into()), ("mac", mac)]).unwrap()
    };
    let own = base("machine q35\nmemory 1G\n");
    let error = own.clone().with(card("a", Value::NONE)).with(card("a", Value::NONE)).plan().unwrap_err();
    assert_eq!(codes(&error), ["unknown-bus", "unknown-bus", "duplicate-id"]);
    let port = part("device pcie-root-port id=rp0 chassis=1\n");
    let mac = || Value::from("52:54:00:00:00:01");
    let two = own.with(port).with(card("a", mac()));
    let error = two.clone().with(card("b", "52:54:0:0:0:1".into())).plan().unwrap_err();
    assert_eq!(codes(&error), ["wrong-type"]);
    let error = two.clone().with(card("b", mac())).plan().unwrap_err();
    assert_eq!(codes(&error), ["equal-macs"]);
    let plan = two.with(card("b", Value::NONE)).plan().unwrap();
    let text = "machine q35\nmemory 1G\ndevice pcie-root-port id=rp0 chassis=1\n\
                disk file=\"/a\" format=raw bus=rp0\nnetdev user id=a mac=52:54:00:00:00:01\n\
                disk file=\"/a\" format=raw bus=rp0\nnetdev user id=b\n";
    assert_same(&plan, &whole(text), text);
}

/// A statement with parameters, whose names end in `n`, and what declares them. Gives values for them, too.
fn open_statement(rng: &mut Rng, n: usize, values: &mut Vec<(String, Value)>) -> String {
    let mut give = |name: &str, value: Value| values.push((format!("{name}{n}"), value));
    match rng.u32(0..9) {
        0 => {
            let disks: Vec<_> = (0..rng.u32(0..3)).map(|disk| format!("/{n}-{disk}.img")).collect();
            give("disks", disks.into());
            format!(
                "param disks{n}: list of path\nfor disk in {{disks{n}}} {{ disk file={{disk}} format=raw fd }}\n"
            )
        }
        1 => {
            give("on", rng.bool().into());
            give("q", rng.u32(1..4).into());
            format!(
                "param on{n}: bool\nparam q{n}: int\n\
                 if {{on{n}}} {{ netdev tap ifname=t{n} mq={{q{n}}} vhost }} else {{ netdev user }}\n"
            )
        }
        2 => {
            let mac = rng.bool().then(|| format!("52:54:00:00:00:0{}", rng.u32(0..4)));
            give("mac", mac.into());
            format!("param mac{n}: mac?\nnetdev user mac={{mac{n}}}\n")
        }
        3 => {
            let id = rng.bool().then(|| format!("disk{}", rng.u32(0..4)));
            give("id", id.into());
            give("fd", rng.bool().into());
            format!(
                "param id{n}: string?\nparam fd{n}: bool\ndisk id={{id{n}}} file=\"/{n}\" format=raw fd={{fd{n}}}\n"
            )
        }
        4 => {
            give("cid", rng.u32(3..8).into());
            format!("param cid{n}: int\nvsock cid={{cid{n}}} fd\n")
        }
        5 => {
            give("iso", rng.bool().then(|| format!("/{n}.iso")).into());
            format!("param iso{n}: path?\nif {{iso{n}}} {{ disk file={{iso{n}}} format=raw readonly }}\n")
        }
        6 => {
            let ports: Vec<_> = (0..rng.u32(0..3)).map(|port| port.to_string()).collect();
            give("ports", ports.into());
            format!("param ports{n}: list of string\nfor _ in {{ports{n}}} {{ bridge root-port }}\n")
        }
        7 => {
            give("chassis", rng.bool().then(|| rng.u32(0..4).to_string()).into());
            format!("param chassis{n}: int?\nbridge root-port chassis={{chassis{n}}}\n")
        }
        _ => statement(rng),
    }
}

fn lent(values: &[(String, Value)]) -> Vec<(&str, Value)> {
    values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
}

#[test]
fn random_vms_with_values_are_what_one_text_says() {
    let options = Options { open: Open::Parameters, ..Options::default() };
    let cases = std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2000);
    let (mut planned, mut refused) = (0, 0);
    for seed in 0..cases {
        let mut rng = Rng::with_seed(seed);
        let mut texts = vec!["name web\nmachine q35\nmemory 1G share\n".to_owned()];
        texts.resize(rng.usize(1..5), String::new());
        let mut values: Vec<Vec<(String, Value)>> = texts.iter().map(|_| Vec::new()).collect();
        let mut n = 0;
        for (text, values) in texts.iter_mut().zip(&mut values) {
            for _ in 0..rng.usize(0..4) {
                *text += &open_statement(&mut rng, n, values);
                n += 1;
            }
        }
        let text = texts.concat();
        let compiled = compile(&text, &options);
        let all = values.concat();
        let whole = match (compiled.template, compiled.open) {
            (Some(template), _) => Ok(Plan::of(template)),
            (None, Some(open)) => open.bind_named(&lent(&all)).map_err(|error| error.to_string()),
            (None, None) => Err(format!("{:?}", errors(&compiled.diagnostics))),
        };
        let base = compile_base(texts.first().unwrap(), &options).open;
        let parts: Option<Vec<_>> =
            texts.iter().skip(1).map(|text| compile_part(text, &options).open).collect();
        let joined = base.zip(parts).ok_or_else(String::new).and_then(|(base, parts)| {
            let base = base.bind_named(&lent(values.first().unwrap())).unwrap();
            let parts = parts.iter().zip(values.iter().skip(1));
            let parts = parts.map(|(part, values)| part.bind_named(&lent(values)).unwrap());
            base.with_all(parts).plan().map_err(|error| error.to_string())
        });
        let shown = || format!("{seed}\n{}{values:#?}", texts.join("----\n"));
        match (whole, joined) {
            (Ok(whole), Ok(joined)) => {
                assert_same(&joined, &whole, &shown());
                planned += 1;
            }
            // A program has no warnings.
            (Ok(_), Err(wrong)) => {
                assert!(wrong.contains("[equal-macs]"), "{wrong}\n{}", shown());
                refused += 1;
            }
            (Err(_), Err(_)) => refused += 1,
            (Err(wrong), Ok(_)) => unreachable!("{wrong}\n{}", shown()),
        }
    }
    assert!(planned > cases / 10 && refused > cases / 10, "{planned} {refused}");
}
