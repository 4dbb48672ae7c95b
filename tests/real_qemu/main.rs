//! Real QEMU takes what the compiler prints: the greeting comes, the devices are there, standard error stays empty.
//!
//! It runs on the installed QEMU, and on those that `scripts/qemus DIR` has prepared where `QEMU_DSL_QEMUS=DIR`. Without
//! any QEMU it fails.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};
use qemu_dsl::{Options, Severity, Version, compile};
use serde_json::{Value, json};

/// A QEMU and its version.
#[derive(Clone)]
struct Qemu {
    program: PathBuf,
    version: Version,
}

impl Qemu {
    fn ask(program: &Path) -> Option<Self> {
        let output = Command::new(program).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.split_whitespace().nth(3)?;
        Some(Self { program: program.to_owned(), version: version.parse().ok()? })
    }
}

fn qemus() -> Vec<Qemu> {
    let mut programs = vec![PathBuf::from("qemu-system-x86_64")];
    if let Some(dir) = std::env::var_os("QEMU_DSL_QEMUS") {
        let entries = std::fs::read_dir(Path::new(&dir).join("bin")).unwrap();
        programs.extend(entries.map(|entry| entry.unwrap().path()));
    }
    let mut found: Vec<_> = programs.iter().filter_map(|program| Qemu::ask(program)).collect();
    found.sort_by_key(|qemu| qemu.version);
    found.dedup_by_key(|qemu| qemu.version);
    found
}

/// A running QEMU that answers over QMP. It ends with the value.
struct Running {
    child: Child,
    reader: BufReader<UnixStream>,
    argv: Vec<String>,
    // Its files last as long as QEMU.
    _dir: tempfile::TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Compiles `source` for `qemu` and starts it, paused. `{dir}` is a folder of its own.
    fn start(qemu: &Qemu, source: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        for name in ["a.img", "a,b=c \"d\" é.img"] {
            std::fs::File::create(dir.path().join(name)).unwrap().set_len(1 << 20).unwrap();
        }
        let source = format!("param dir: path\n{source}");
        let options =
            Options { target: Some(qemu.version), params: vec![("dir".to_owned(), path.to_owned())] };
        let compiled = compile(&source, &options);
        let Some(template) = compiled.template else {
            let errors = compiled.diagnostics.iter().filter(|d| d.severity == Severity::Error);
            panic!("{source}\n{:#?}", errors.collect::<Vec<_>>());
        };
        let mut argv: Vec<String> =
            template.render().args.iter().map(|arg| arg.to_str().unwrap().to_owned()).collect();
        let socket = dir.path().join("test.sock");
        argv.extend(["-S".into(), "-display".into(), "none".into()]);
        argv.extend(["-qmp".into(), format!("unix:{},server=on,wait=off", socket.display())]);
        let mut child = Command::new(&qemu.program)
            .args(&argv)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let stream = loop {
            if let Ok(stream) = UnixStream::connect(&socket) {
                break stream;
            }
            if child.try_wait().unwrap().is_some() || Instant::now() > deadline {
                let _ = child.kill();
                let mut stderr = String::new();
                child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
                panic!("QEMU {} ended: {stderr}\n{argv:#?}", qemu.version);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut running = Self { child, reader: BufReader::new(stream), argv, _dir: dir };
        let greeting = running.line();
        assert!(greeting.get("QMP").is_some(), "{greeting}");
        running.ask("qmp_capabilities", json!({}));
        running
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn ask(&mut self, command: &str, arguments: Value) -> Value {
        let request = json!({ "execute": command, "arguments": arguments });
        // In one piece: QEMU acts on `quit` at its last brace.
        self.reader.get_mut().write_all(format!("{request}\n").as_bytes()).unwrap();
        loop {
            let answer = self.line();
            if let Some(value) = answer.get("return") {
                return value.clone();
            }
            assert!(answer.get("error").is_none(), "{command}: {answer}\n{:#?}", self.argv);
        }
    }

    fn get(&mut self, path: &str, property: &str) -> Value {
        self.ask("qom-get", json!({ "path": path, "property": property }))
    }

    /// Ends QEMU: it must not have said a word.
    fn quit(mut self) {
        self.ask("quit", json!({}));
        let status = self.child.wait().unwrap();
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(stderr, "", "{:#?}", self.argv);
        assert!(status.success(), "{status}");
    }
}

/// Texts that every QEMU takes without a word.
const TEXTS: &[(&str, &str)] = &[
    ("nothing", "machine none nodefaults"),
    (
        "pc",
        "name pc uuid 123e4567-e89b-12d3-a456-426614174000 machine pc accel=tcg nvdimm nodefaults no-user-config\n\
         cpu qemu64 +aes -svm smp 4 cores=2 threads=1 sockets=2 memory 128M slots=2 max=1G vga none\n\
         dimm pc-dimm path={dir} size=128M rtc base=utc clock=host driftfix=slew\n\
         global kvm-pit.lost_tick_policy=discard global virtio-blk-pci.scsi-x=1",
    ),
    (
        "devices",
        "machine q35 accel=tcg nodefaults memory 128M\n\
         port socket bus=s.0 path=\"{dir}/port\" name=agent.0\nconsole pty\nvirtio-serial id=s\n\
         fs local path={dir} tag=share security=none\n\
         disk id=d file=\"{dir}/a.img\" format=raw aio=threads scsi=off wce=off bus=b addr=4\n\
         bridge pci id=b bus=pcie.0 chassis=1 shpc\nbridge pcie id=c bus=pcie.0 addr=1e\n\
         netdev user hostname=a hostfwd=tcp:127.0.0.1:0-:22 addr=1d.0\n\
         object rng-random id=r filename=\"/dev/urandom\" device virtio-rng-pci rng=r bus=c addr=3\n\
         chardev null id=n device isa-serial chardev=n qmp unix \"{dir}/qmp,=1\" server nowait",
    ),
    (
        "old bridge order",
        "machine pc accel=tcg nodefaults bridge pci id=b bus=pci.0 chassis=2 device virtio-rng-pci bus=b addr=1",
    ),
    ("none of the network", "machine pc accel=tcg nodefaults netdev none"),
    ("locked", "machine pc accel=tcg nodefaults memory 16M realtime mlock=off"),
    (
        "native",
        "machine pc accel=tcg nodefaults disk file=\"{dir}/a.img\" format=raw aio=native cache=none readonly",
    ),
    ("terminal", "machine pc accel=tcg nodefaults console tty path=\"/dev/ptmx\" virtio-serial"),
];

fn text(qemu: &Qemu, source: &str) {
    // A default for what this QEMU doesn't have is no part of what is tested.
    let source = source.replace(" global virtio-blk-pci.scsi-x=1", "");
    Running::start(qemu, &source).quit();
}

fn values_come_back(qemu: &Qemu) {
    let name = "a,b=c \"d\" \\ é";
    let mut qemu = Running::start(
        qemu,
        "name \"a,b=c \\\"d\\\" \\\\ é\" machine q35 accel=tcg nodefaults\n\
         disk id=d file=\"{dir}/a,b=c \\\"d\\\" é.img\" format=raw serial=\"x,y=z \\\"\"\n\
         fs local path={dir} tag=\"t,u=v w\" security=none\n\
         netdev user id=n mac=52:54:00:12:34:56",
    );
    assert_eq!(qemu.ask("query-name", json!({})), json!({ "name": name }));
    let blocks = qemu.ask("query-block", json!({}));
    assert!(blocks.to_string().contains("a,b=c \\\"d\\\" é.img"), "{blocks}");
    let mut found = Vec::new();
    let children = qemu.ask("qom-list", json!({ "path": "/machine/peripheral-anon" }));
    for child in children.as_array().unwrap() {
        let Some(device) =
            child.get("name").and_then(Value::as_str).filter(|name| name.starts_with("device"))
        else {
            continue;
        };
        let path = format!("/machine/peripheral-anon/{device}");
        let kind = qemu.get(&path, "type");
        match kind.as_str().unwrap() {
            "virtio-blk-pci" => found.push(qemu.get(&path, "serial")),
            "virtio-9p-pci" => found.push(qemu.get(&path, "mount_tag")),
            "virtio-net-pci" => found.push(qemu.get(&path, "mac")),
            other => panic!("{other}"),
        }
    }
    assert_eq!(found, [json!("x,y=z \""), json!("t,u=v w"), json!("52:54:00:12:34:56")]);
    qemu.quit();
}

/// Preallocated RAM is the machine's own: it is not doubled, and needs no slots.
fn memory_is_not_doubled(qemu: &Qemu) {
    for flags in ["prealloc", "share"] {
        let mut qemu = Running::start(qemu, &format!("machine q35 accel=tcg nodefaults memory 64M {flags}"));
        let summary = qemu.ask("query-memory-size-summary", json!({}));
        assert_eq!(summary.get("base-memory"), Some(&json!(64 << 20)), "{summary}");
        let backends = qemu.ask("query-memdev", json!({}));
        assert_eq!(backends.as_array().map(Vec::len), Some(1), "{backends}");
        assert_eq!(qemu.ask("query-memory-devices", json!({})), json!([]));
        qemu.quit();
    }
}

/// What an older and a newer QEMU make up by themselves is spelt out: the same text gives the same topology.
fn topology_is_the_same(qemu: &Qemu) {
    let mut qemu = Running::start(qemu, "machine q35 accel=tcg nodefaults memory 16M smp 8 sockets=2");
    let cpus = qemu.ask("query-hotpluggable-cpus", json!({}));
    let highest = |level: &str| {
        let of = |cpu: &Value| cpu.get("props").and_then(|props| props.get(level)).and_then(Value::as_u64);
        cpus.as_array().unwrap().iter().filter_map(of).max()
    };
    assert_eq!(
        [highest("socket-id"), highest("core-id"), highest("thread-id")],
        [Some(1), Some(3), Some(0)],
        "{cpus}"
    );
    qemu.quit();
}

fn main() {
    let arguments = Arguments { test_threads: Some(2), ..Arguments::from_args() };
    let qemus = qemus();
    let mut trials = vec![Trial::test("there is a QEMU", {
        let none = qemus.is_empty();
        move || if none { Err("no qemu-system-x86_64: scripts/install installs it".into()) } else { Ok(()) }
    })];
    for qemu in &qemus {
        let mut trial = |name: &str, test: Box<dyn Fn(&Qemu) + Send>| {
            let qemu = qemu.clone();
            trials.push(Trial::test(format!("{} {name}", qemu.version), move || {
                test(&qemu);
                Ok(())
            }));
        };
        for (name, source) in TEXTS {
            trial(name, Box::new(|qemu| text(qemu, source)));
        }
        trial("values come back", Box::new(values_come_back));
        trial("memory is not doubled", Box::new(memory_is_not_doubled));
        trial("topology is the same", Box::new(topology_is_the_same));
    }
    libtest_mimic::run(&arguments, trials).exit();
}
