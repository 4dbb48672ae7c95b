//! Command lines become texts that say the same.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use std::fs;
use std::path::Path;

use qemu_dsl::import::{Import, Script, exact, of_script};
use qemu_dsl::plan::{Fd, Plan};
use qemu_dsl::table::{Kinds, Section, StatementSpec};
use qemu_dsl::{Options, TABLE, TargetSpec, Version, compile, import};

const TARGETS: [Version; 4] =
    [Version::new(5, 2), Version::new(7, 2), Version::new(10, 0), Version::new(11, 1)];

/// What has the file descriptors that QEMU gets.
const DESCRIPTORS: &str = r#"
machine q35
memory 1G fd
port socket path="/tmp/p.sock" fd
serial socket path="/tmp/s.sock" fd
tpm emulator socket="/tmp/t.sock" fd
fs virtiofs socket="/tmp/f.sock" fd tag=share
vsock cid=5 fd
disk file="/tmp/d.img" fd format=raw
netdev vhost-vdpa vhostdev="/dev/vhost-vdpa-0" fd mac=52:54:00:00:00:01
netdev stream fd addr.path="/tmp/c.sock" mac=52:54:00:00:00:02
netdev tap mq=2 vhost mac=52:54:00:00:00:03
crypto vhost-user socket="/tmp/k.sock" fd
qmp socket path="/tmp/early" fd
gdb socket path="/tmp/gdb" fd
monitor socket path="/tmp/m" fd
"#;

#[test]
fn descriptors_come_back() {
    let target = Version::new(10, 0).into();
    let first = plan(DESCRIPTORS, target).unwrap();
    let import = import(&first, target).unwrap();
    assert!(import.passed.is_empty() && import.errors.is_empty(), "{}", import.text);
    let keywords = |text: &str| {
        let words = text.lines().filter_map(|line| Some(line.split(' ').next()?.to_owned()));
        let mut words: Vec<_> = words.filter(|word| !word.is_empty() && word != "target").collect();
        words.sort();
        words
    };
    assert_eq!(keywords(&import.text), keywords(DESCRIPTORS), "{}", import.text);
    let sources = |plan: &Plan| {
        let mut sources: Vec<_> = plan.fds().map(|fd| format!("{:?}", fd.source)).collect();
        sources.sort();
        sources
    };
    assert_eq!(sources(&plan(&import.text, target).unwrap()), sources(&first));
}

/// A device that a statement prints, but not just so, is still a device.
#[test]
fn what_no_statement_says_is_passed_on_by_what_knows_most_of_it() {
    for (args, expected) in [
        ("-device virtio-serial-pci", "device virtio-serial-pci"),
        (
            "-device virtio-serial-pci -chardev pty,id=c0 -device virtconsole,chardev=c0,id=p0",
            "console pty id=p0 chardev=c0",
        ),
        ("-object memory-backend-ram,id=m,size=1G", "object memory-backend-ram id=m size=1G"),
    ] {
        let text = text_of(args);
        assert!(text.lines().any(|line| line == expected), "{text}");
        assert!(!text.contains("arg "), "{text}");
    }
}

/// The texts of the tests, the examples and the reference.
fn texts() -> Vec<(String, String)> {
    let mut texts: Vec<_> = TABLE
        .statements()
        .map(|spec| (format!("the example of {}", spec.keyword), spec.example.to_owned()))
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["examples", "tests/diagnostics", "tests/seed"] {
        files(&root.join(folder), &mut texts);
    }
    for file in ["README.md", "docs/language.md", "docs/tasks.md"] {
        let Ok(text) = fs::read_to_string(root.join(file)) else { continue };
        let blocks = text.split("```").skip(1).step_by(2);
        texts.extend(blocks.enumerate().map(|(number, block)| {
            let text = block.split_once('\n').map_or("", |(_, text)| text);
            (format!("{file} {number}"), text.to_owned())
        }));
    }
    texts
}

fn files(folder: &Path, texts: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "vm")
            && let Ok(text) = fs::read_to_string(&path)
        {
            texts.push((path.display().to_string(), text));
        }
    }
    texts.sort();
}

/// What a text compiles to, if it does.
fn plan(text: &str, target: TargetSpec) -> Option<Plan> {
    let template = compile(text, &Options { target, ..Options::default() }).template?;
    Some(Plan::of(template))
}

fn args(plan: &Plan) -> Vec<String> {
    plan.args().map(|arg| arg.to_str().unwrap().to_owned()).collect()
}

fn fds(plan: &Plan) -> Vec<Fd> {
    plan.fds().map(Fd::from).collect()
}

/// What came of a plan's way to a text and back, where that isn't the same plan.
fn difference(plan: &Plan) -> Option<String> {
    let target = plan.target().unwrap();
    let is_same = |import: &Import| {
        let again = self::plan(&import.text, TargetSpec::default());
        again.is_some_and(|again| args(&again) == args(plan) && fds(&again) == fds(plan))
    };
    let mut import = import(plan, target.into()).unwrap();
    // What stood in an `arg` may be a statement now, and stand elsewhere.
    if !is_same(&import) {
        assert_eq!(import.errors, [""; 0], "{}", import.text);
        import = exact(plan, target.into()).unwrap();
    }
    let again = self::plan(&import.text, TargetSpec::default());
    (!is_same(&import)).then(|| {
        let again = again.as_ref().map(|again| (args(again), fds(again)));
        let Import { text, errors, .. } = import;
        format!("for {target}:\n{:?}\nbecomes\n{text}\n{again:?}\n{errors:?}\n", (args(plan), fds(plan)))
    })
}

/// The text of a command line on the machine `pc`.
fn text_of(args: &str) -> String {
    let args = args.split(' ').filter(|arg| !arg.is_empty());
    let import =
        import(&Plan::new("qemu-system-x86_64", args, Vec::new()), Version::new(7, 2).into()).unwrap();
    assert_eq!(import.errors, [""; 0], "{}", import.text);
    import.text
}

/// The statements of a text without comments.
fn statements(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("//")).skip(1).collect()
}

#[test]
fn a_monitor_that_has_a_name_is_one() {
    let chardev = "-chardev null,id=c0 -mon";
    let last = |args: &str| statements(&text_of(&format!("{chardev} {args}"))).last().unwrap().to_string();
    assert_eq!(last("chardev=c0,id=m0,mode=control"), "qmp null id=c0");
    assert_eq!(last("c0,mode=control,pretty=on"), "qmp null id=c0 pretty");
    assert_eq!(last("c0"), "monitor null id=c0");
    // Its name is told.
    let text = text_of("-chardev null,id=c0 -mon chardev=c0,id=m0,mode=readline");
    let note = "// `-mon chardev=c0,id=m0,mode=readline` is `-monitor chardev:c0` today.";
    assert!(text.contains(note), "{text}");
    // QEMU takes `pretty` for QMP alone.
    assert_eq!(last("c0,pretty=on"), "option \"-mon\" chardev=c0 pretty=on");
    // Two can't be called like their character device.
    let text = text_of("-chardev stdio,id=c,mux=on -mon chardev=c,mode=control -mon chardev=c,mode=readline");
    assert_eq!(
        statements(&text).iter().filter(|line| line.starts_with("option \"-mon\"")).count(),
        2,
        "{text}"
    );
}

/// Where a backend and its device have an id each, the statement of both has them.
#[test]
fn things_with_an_id_each_are_one_statement() {
    for (args, expected) in [
        ("-chardev pty,id=c0 -device isa-serial,chardev=c0,id=serial0", "serial pty id=serial0 chardev=c0"),
        (
            "-netdev user,id=hostnet0 -device virtio-net-pci,netdev=hostnet0,id=net0,mac=52:54:00:11:22:33",
            "netdev user id=net0 netdev=hostnet0 mac=52:54:00:11:22:33",
        ),
        (
            "-object rng-random,id=o,filename=/dev/urandom -device virtio-rng-pci,rng=o,id=rng0",
            "rng random id=rng0 rng=o filename=/dev/urandom",
        ),
        (
            "-drive file=/a.img,format=qcow2,if=none,id=drive-v0 -device ide-hd,drive=drive-v0,id=v0",
            "disk ide id=v0 drive=drive-v0 file=/a.img format=qcow2",
        ),
        (
            "-chardev socket,id=chrtpm,path=/x/t -tpmdev emulator,id=tpm0,chardev=chrtpm -device tpm-tis,tpmdev=tpm0",
            "tpm emulator chardev=chrtpm socket=/x/t",
        ),
        (
            "-device virtio-serial-pci,id=vs -chardev socket,id=ga,path=/ga,server=on,wait=off \
             -device virtserialport,chardev=ga,name=org.qemu.guest_agent.0,id=port7",
            "port socket id=port7 chardev=ga name=org.qemu.guest_agent.0 path=/ga",
        ),
        // It is no serial port.
        ("-chardev null,id=c -device vhost-user-rng-pci,chardev=c", "device vhost-user-rng-pci chardev=c"),
    ] {
        let args =
            format!("-machine q35,memory-backend=m -m 1G -object memory-backend-memfd,id=m,size=1G {args}");
        let text = text_of(&args);
        assert!(statements(&text).contains(&expected), "{text}");
        assert!(!text.contains("arg "), "{text}");
    }
}

#[test]
fn numbers_of_a_list_are_one_value_of_an_object() {
    let of = |nodes: &str| {
        let object = r#"{"qom-type":"memory-backend-ram","id":"m","size":1073741824,"host-nodes":NODES,"policy":"bind"}"#;
        let object = object.replace("NODES", nodes);
        text_of(&format!("-m 1G,slots=1,maxmem=4G -object {object} -device pc-dimm,id=d,memdev=m"))
    };
    for (nodes, said) in [("[3]", "3"), ("[0,1,2]", "0-2")] {
        let expected = format!("dimm pc-dimm id=d memdev=m size=1073741824 host-nodes={said} policy=bind");
        let text = of(nodes);
        assert!(statements(&text).contains(&expected.as_str()), "{text}");
    }
    assert!(
        text_of(&format!(
            "-object {{\"qom-type\":\"memory-backend-ram\",\"id\":\"m\",\"size\":1,\"host-nodes\":[{}]}}",
            u64::MAX
        ))
        .contains(&format!("host-nodes={}", u64::MAX))
    );
    // What has gaps stays a list.
    let text = of("[0,2]");
    assert!(text.contains("host-nodes.0=0 host-nodes.1=2"), "{text}");
}

#[test]
fn disks_are_disks() {
    let shared = "-object memory-backend-memfd,id=m,size=1G,share=on -m 1G";
    for (args, expected) in [
        (
            "-chardev socket,id=c,path=/x -device vhost-user-blk-pci,id=b,chardev=c,num-queues=2,bootindex=2",
            "disk \"vhost-user\" id=b chardev=c socket=/x bootindex=2 num-queues=2",
        ),
        (
            "-drive if=none,id=d0,file=/a,discard=on,format=raw,throttling.iops-total=5 -device virtio-blk,drive=d0",
            "disk drive=d0 file=/a format=raw discard=unmap throttling.iops-total=5",
        ),
    ] {
        let text = text_of(&format!("-machine q35,memory-backend=m {shared} {args}"));
        assert!(statements(&text).contains(&expected), "{text}");
    }
}

#[test]
fn what_qemu_works_out_may_be_left_out() {
    for (args, expected) in [
        ("-smp 4,cores=2", "smp 4 cores=2"),
        ("-smp cores=2,threads=2,sockets=1", "smp 4 cores=2 threads=2 sockets=1"),
        ("-smp maxcpus=8,cores=4", "smp 8 cores=4 maxcpus=8"),
        ("-m 2G -mem-path /dev/hugepages -mem-prealloc", "memory 2G path=/dev/hugepages prealloc"),
        ("-m 512 -mem-prealloc", "memory 512 prealloc"),
        ("-snapshot -hda /x.qcow2", "disk ide drive=ide0-hd0 file=/x.qcow2 bus=ide.0 snapshot"),
        ("-cdrom /x.iso", "cdrom drive=ide2-cd0 file=/x.iso bus=ide.2"),
        ("-rtc base=2006-06-17", "rtc base=2006-06-17"),
        ("-debugcon null", "debugcon null"),
        ("-vnc vnc=unix:/tmp/a.sock", "display vnc unix:/tmp/a.sock"),
        ("-nic user,model=virtio-net-pci", "netdev user netdev=nic0 mac=52:54:00:12:34:56 vectors=0"),
        (
            "-gdb tcp::1234,server,nowait",
            "chardev socket id=gdb0 host=\"\" port=1234 nodelay=on server=on wait=off",
        ),
    ] {
        let text = text_of(&format!("-machine q35 {args}"));
        assert!(statements(&text).contains(&expected), "{text}");
        assert!(!text.contains("arg "), "{text}");
    }
}

/// A list can say nothing of what is empty: the whole stays as it is.
#[test]
fn json_that_no_list_says_is_passed_on() {
    let json = r#"{"driver":"null-co","node-name":"n","read-only":null}"#;
    assert!(text_of(&format!("-blockdev {json}")).contains("arg \"-blockdev\""));
    // But for a backing file.
    let json = r#"{"driver":"qcow2","node-name":"n","file":"f","backing":null}"#;
    let text = text_of(&format!("-blockdev driver=file,filename=/a,node-name=f -blockdev {json}"));
    assert_eq!(statements(&text).last(), Some(&"blockdev qcow2 node-name=n file=f backing=null"), "{text}");
    let json = r#"{"driver":"null-co","node-name":"n","read-only":{}}"#;
    let text = text_of(&format!("-blockdev {json}"));
    assert!(text.contains("arg \"-blockdev\"") && text.contains("{}"), "{text}");
}

/// What another option needs by its id has that written, wherever in a text it stands.
#[test]
fn an_id_within_a_value_is_written() {
    let text = text_of("-audiodev none,id=audio1 -vnc vnc=unix:/tmp/a=b.sock,audiodev=audio1");
    assert!(text.contains("audio1"), "{text}");
}

#[test]
fn flash_of_other_machines_is_theirs() {
    let args = ["-machine", "virt", "-drive", "if=pflash,file=/c.fd,format=raw,readonly=on,unit=0"];
    let plan = Plan::new("qemu-system-aarch64", args, Vec::new());
    let text = import(&plan, Version::new(7, 2).into()).unwrap().text;
    assert!(text.contains("firmware uefi code=/c.fd"), "{text}");
}

/// A keyword behind `cpu` is a feature's name where nothing of its own follows.
#[test]
fn a_monitor_stands_behind_a_cpu() {
    for (text, option) in [
        ("cpu host\nmonitor stdio", "-monitor"),
        ("cpu host monitor chardev=c\nchardev stdio id=c", "-monitor"),
    ] {
        let plan = plan(&format!("machine pc accel=kvm\n{text}"), Version::new(7, 2).into()).unwrap();
        assert!(args(&plan).iter().any(|arg| arg == option), "{text}");
    }
    let plan = plan("machine pc accel=kvm\ncpu host monitor", Version::new(7, 2).into()).unwrap();
    assert!(args(&plan).contains(&"host,monitor=on".to_owned()), "{:?}", args(&plan));
}

#[test]
fn what_qemu_connects_by_itself_is_written_out() {
    // Without an index it has the first place that is free, whatever it is.
    let text = text_of("-drive file=a.iso,media=cdrom,format=raw -hdc b");
    assert!(text.contains("cdrom drive=ide0-cd0 ") && text.contains("bus=ide.0"), "{text}");
    assert!(text.contains("disk ide drive=ide1-hd0 ") && text.contains("bus=ide.1"), "{text}");
    // That drive has a backend, if an empty one.
    let text = text_of("-drive file=a,format=raw,index=0");
    assert!(text.contains("id=ide1-cd0") && text.contains("drive=ide1-cd0"), "{text}");
    // What a port is connected to is a backend of its own.
    let text = text_of(
        "-serial mon:stdio -parallel null -qmp tcp:127.0.0.1:4444,server,nowait -monitor telnet::5,server",
    );
    for statement in [
        "serial stdio signal=off mux",
        "monitor chardev=serial0",
        "parallel null",
        "qmp socket host=127.0.0.1 port=4444",
    ] {
        assert!(text.contains(statement), "{text}");
    }
    // An option without its value says nothing of drives.
    assert!(text_of("-drive").contains("arg \"-drive\""));
}

#[test]
fn networks_of_old_keep_their_ids_and_their_order() {
    let text = text_of("-device rtl8139,mac=52:54:00:00:00:01 -net nic -net user");
    let (card, other) = (text.find("e1000").unwrap(), text.find("rtl8139").unwrap());
    assert!(card < other, "{text}");
    let text = text_of("-netdev user,id=nic0 -device e1000,netdev=nic0,mac=52:54:00:00:00:01 -nic user");
    assert!(text.contains("netdev=nic1") || text.contains("id=nic1"), "{text}");
    let text = text_of("-nic user,id=x");
    assert!(text.contains("=x") && !text.contains("nic0"), "{text}");
    let text = text_of("-nic none");
    assert_eq!(text, "target 7.2\n// `-nic none` is `-net none` today.\nnetdev none\n");
    // They share a hub.
    let text = text_of("-net nic -net user -net nic -net user");
    assert_eq!(statements(&text).iter().filter(|line| line.starts_with("arg \"-net\"")).count(), 4, "{text}");
}

#[test]
fn a_variable_is_where_it_stood() {
    let of = |text: &str| of_script(&Script::read(text).unwrap(), Version::new(7, 2).into()).unwrap().text;
    let text = of("N=web; kvm -name $N,process=web");
    assert!(text.contains("name {n} process=web"), "{text}");
    let text = of("N=web; kvm -name web,process=$N");
    assert!(text.contains("name web process={n}"), "{text}");
    let text = of("MEM=2G; kvm -m ${MEM%G} -name $(conf a) -bios $(conf-a)");
    for said in ["`${MEM%G}` of the script\nparam mem_g", "param conf_a: string\n", "param conf_a_: string\n"]
    {
        assert!(text.contains(said), "{said}\n{text}");
    }
    // What stands in for a variable isn't seen.
    let text = of("kvm -k $KEYS -hda $DISK -foo$BAR");
    for said in ["\"-foo{bar}\"", "No statement says `-foo$BAR`", "`-hda $DISK` is", "file={disk}"] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

/// VMs of statements of the texts, as they come.
#[test]
fn random_plans_come_back() {
    random(number("QEMU_DSL_SEED").unwrap_or(1), number("QEMU_DSL_INPUTS").unwrap_or(40));
}

#[test]
#[ignore = "it takes minutes"]
fn ten_thousand_random_plans_come_back() {
    random(1, 10_000);
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn random(seed: u64, count: u64) {
    let texts = texts();
    let mut statements: Vec<_> = texts.iter().flat_map(|(_, text)| lines(text)).collect();
    statements.sort();
    statements.dedup();
    let mut wrong = Vec::new();
    let mut done = 0;
    for seed in seed.. {
        if done == count {
            break;
        }
        let mut random = fastrand::Rng::with_seed(seed);
        let mut text = String::new();
        for _ in 0..random.usize(1..12) {
            let line = random.choice(&statements).unwrap();
            let more = format!("{text}{line}\n");
            // What makes an error is left out.
            if plan(&more, Version::NEWEST.into()).is_some() {
                text = more;
            }
        }
        let target = *random.choice(&TARGETS).unwrap();
        let Some(plan) = plan(&text, target.into()).filter(|plan| plan.args().len() > 0) else { continue };
        done += 1;
        wrong.extend(difference(&plan).map(|difference| format!("QEMU_DSL_SEED={seed}\n{text}{difference}")));
    }
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong.join("\n"));
}

/// The statements of a text that stand on a line each.
fn lines(text: &str) -> Vec<String> {
    let is_statement = |line: &&str| {
        let keyword = line.split(' ').next().unwrap();
        let spec = TABLE.find(keyword);
        spec.is_some_and(|spec| spec.section != Section::Nowhere) && !line.contains('{')
    };
    text.lines().map(str::trim).filter(is_statement).map(str::to_owned).collect()
}

/// Each text for one of the targets, by turns.
#[test]
fn plans_come_back() {
    come_back(|number| vec![TARGETS[number % TARGETS.len()]]);
}

#[test]
#[ignore = "it takes minutes"]
fn plans_of_all_targets_come_back() {
    come_back(|_| TARGETS.to_vec());
}

fn come_back(targets: impl Fn(usize) -> Vec<Version>) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (number, (name, text)) in texts().into_iter().enumerate() {
        for target in targets(number) {
            let Some(plan) = plan(&text, target.into()) else { continue };
            count += 1;
            wrong.extend(
                difference(&plan).map(|difference| format!("{name}:\n{}\n{difference}", text.trim())),
            );
        }
    }
    println!("{count} plans");
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_statement_comes_back_as_itself() {
    let mut wrong = Vec::new();
    let passes_on = |spec: &StatementSpec| {
        spec.forms.iter().any(|form| matches!(form.kinds, Kinds::Any(_)))
            || matches!(spec.section, Section::Nowhere | Section::Options | Section::Args)
    };
    for spec in TABLE.statements().filter(|spec| !passes_on(spec)) {
        for target in TARGETS {
            let Some(plan) = plan(spec.example, target.into()) else { continue };
            let args = args(&plan);
            let import = import(&plan, plan.target().unwrap().into()).unwrap();
            let keywords: Vec<_> = import.text.lines().filter_map(|line| line.split(' ').next()).collect();
            // Or as another that says the same: `realtime` as `overcommit`.
            let is_said = keywords.contains(&spec.keyword)
                || keywords
                    .iter()
                    .all(|word| TABLE.find(word).is_none_or(|spec| *word == "target" || !passes_on(spec)));
            if !args.is_empty() && !is_said {
                wrong.push(format!("{target}: {}\n{:?}\n{}", spec.example, args, import.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Whatever the arguments are, nothing panics, and none is dropped.
#[test]
fn fuzzed_command_lines_come_back() {
    fuzz(number("QEMU_DSL_SEED").unwrap_or(1), number("QEMU_DSL_INPUTS").unwrap_or(20));
}

#[test]
#[ignore = "it takes hours"]
fn a_million_fuzzed_command_lines_come_back() {
    fuzz(1, 1_000_000);
}

fn fuzz(seed: u64, count: u64) {
    let mut words: Vec<String> = texts()
        .iter()
        .filter_map(|(_, text)| plan(text, Version::new(7, 2).into()))
        .flat_map(|plan| args(&plan))
        .collect();
    words.sort();
    words.dedup();
    let junk = [
        "",
        "-",
        "--",
        "=",
        ",",
        ",,",
        "a=",
        "=b",
        "{",
        "{}",
        "{\"driver\":\"e1000\",\"addr\":\"0x3\"}",
        "help",
        "?",
        "-device",
        "-machine",
        "q35",
        "-M",
        "accel=kvm",
        "-hda",
        "-net",
        "nic",
        "user",
        "-nic",
        "-usbdevice",
        "tablet",
        "-enable-kvm",
        "-drive",
        "file=a,if=virtio",
        "file=a,index=9",
        "if=pflash,file=a,format=raw",
        "-soundhw",
        "hda,ac97",
        "-cdrom",
        "\u{e000}0\u{e001}",
        "\u{e003}",
        "é\n\t\"\\",
        "{x}",
        "+x",
        "-cpu",
        "host,+a,-b,c=d",
        "-global",
        "a.b=c",
        "driver=a,property=b,value=c",
        "-virtfs",
        "local,path=/x,mount_tag=t,security_model=none",
        "-k",
        "-m",
        "-smp",
        "-name",
        "disk",
        "machine",
        "-chardev",
    ];
    words.extend(junk.map(str::to_owned));
    for seed in seed..seed + count {
        let mut random = fastrand::Rng::with_seed(seed);
        let args: Vec<String> = (0..random.usize(..14))
            .map(|_| {
                let mut word = random.choice(&words).unwrap().clone();
                if random.u8(..4) == 0 {
                    let cut: Vec<_> = word.char_indices().map(|(at, _)| at).collect();
                    word.truncate(random.choice(&cut).copied().unwrap_or_default());
                    word.push_str(random.choice(&words).unwrap());
                }
                word
            })
            .collect();
        let plan = Plan::new("qemu-system-x86_64", &args, Vec::new());
        let target: TargetSpec = random.choice(&TARGETS).copied().unwrap().into();
        let exact = exact(&plan, target).unwrap();
        let again = self::plan(&exact.text, TargetSpec::default());
        match again {
            Some(again) => assert_eq!(self::args(&again), args, "QEMU_DSL_SEED={seed}\n{}", exact.text),
            None => assert_ne!(exact.errors, [""; 0], "QEMU_DSL_SEED={seed} {args:?}\n{}", exact.text),
        }
        let import = import(&plan, target).unwrap();
        let again = self::plan(&import.text, TargetSpec::default());
        let is_told = again.is_some() || !import.errors.is_empty();
        assert!(is_told, "QEMU_DSL_SEED={seed} {args:?}\n{}", import.text);
        let _ = qemu_dsl::import::with_errors(&plan, target).unwrap();
    }
}

/// How much of a folder of scripts with command lines is said by statements: of the names of which each ends so.
#[test]
#[ignore = "it needs QEMU_DSL_CORPUS, and QEMU_DSL_TARGET"]
fn a_corpus_comes_in() {
    let folder = std::env::var("QEMU_DSL_CORPUS").unwrap();
    let ends = std::env::var("QEMU_DSL_CORPUS_ENDS").unwrap_or_default();
    let target: TargetSpec = std::env::var("QEMU_DSL_TARGET").unwrap().parse().unwrap();
    let mut tally: std::collections::BTreeMap<String, (usize, String)> = Default::default();
    let (mut files, mut wholly, mut wrong, mut options, mut passed, mut hatches) = (0, 0, 0, 0, 0, 0);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.to_string_lossy().ends_with(&ends)) {
        let Ok(script) = Script::read(&fs::read_to_string(path).unwrap()) else { continue };
        let import = of_script(&script, target).unwrap();
        files += 1;
        let all = script.words.iter().filter(|word| {
            matches!(word.first(), Some(qemu_dsl::import::Segment::Text(text)) if text.starts_with('-'))
        });
        options += all.count();
        passed += import.passed.len();
        let is_hatch = |line: &&str| {
            ["device ", "object ", "chardev ", "blockdev ", "global ", "option "]
                .iter()
                .any(|word| line.starts_with(word))
        };
        hatches += import.text.lines().filter(is_hatch).count();
        for line in import.text.lines().filter(is_hatch) {
            let what = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
            tally.entry(what).or_insert((0, path.display().to_string())).0 += 1;
        }
        for option in &import.passed {
            let what = format!("arg {} ({})", option.words[0], option.reason);
            tally.entry(what).or_insert((0, path.display().to_string())).0 += 1;
        }
        if import.passed.is_empty() && import.errors.is_empty() {
            wholly += 1;
        }
        if !import.errors.is_empty() {
            wrong += 1;
            for error in &import.errors {
                tally.entry(format!("error {error}")).or_insert((0, path.display().to_string())).0 += 1;
            }
        }
    }
    let mut tally: Vec<_> = tally.into_iter().collect();
    tally.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (what, (count, path)) in tally.iter().take(150) {
        println!("{count:5} {what} {path}");
    }
    println!(
        "{files} files, {wholly} without `arg`, {wrong} with errors; {options} options, {passed} by `arg`, {hatches} by `device` and its like"
    );
}
