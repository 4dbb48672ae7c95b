//! Cases that are texts: `cases/*.vm`.
//!
//! Lines that begin with `//:` say what a case is about beside the text:
//!
//! - `//: needs WHAT`: the machine must have it, or else the case is ignored;
//! - `//: ip ARGUMENTS`: it runs in a network namespace of its own, where this was run before;
//! - `//: says CODE [from VERSION] [before VERSION]`: the compiler says this for these targets, and nothing else.
//!   Where it is an error, no QEMU is started.
//!
//! The parameters that they may declare, and the files that they find, are in `world.rs`.

use std::fs;
use std::path::Path;

use qemu_dsl::Version;

use crate::host;
use crate::outcome::{Outcome, Stop, equal, some};
use crate::qemu::{Qemu, compile};
use crate::stand_in::StandIn;
use crate::world::World;

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) text: String,
    needs: Vec<String>,
    ip: Vec<String>,
    says: Vec<Says>,
}

#[derive(Clone, Debug)]
struct Says {
    code: String,
    from: Option<Version>,
    before: Option<Version>,
}

impl Says {
    fn in_version(&self, version: Version) -> bool {
        self.from.is_none_or(|from| from <= version) && self.before.is_none_or(|before| version < before)
    }
}

impl Case {
    /// All of them, by name.
    pub(crate) fn all() -> Outcome<Vec<Self>> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_qemu/cases");
        let mut cases = Vec::new();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "vm") {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let case = Self::read(&name, fs::read_to_string(&path)?);
                cases.push(case.map_err(|stop| stop.with(&format!("--- {}", path.display())))?);
            }
        }
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(cases)
    }

    fn read(name: &str, text: String) -> Outcome<Self> {
        let mut case = Self { name: name.into(), text, needs: vec![], ip: vec![], says: vec![] };
        for line in case.text.lines().filter_map(|line| line.strip_prefix("//: ")) {
            let (word, rest) = some(line.split_once(' '), format!("rest of `{line}`"))?;
            match word {
                "needs" => case.needs.push(rest.to_owned()),
                "ip" => case.ip.push(rest.to_owned()),
                "says" => case.says.push(says(rest)?),
                _ => return Err(Stop::failed(format!("`{line}`"))),
            }
        }
        Ok(case)
    }

    /// What it needs before it can run on any QEMU, by name.
    pub(crate) fn needs(&self, need: &str) -> bool {
        self.needs.iter().any(|own| own == need)
    }

    /// Whether it says the same to each version, and needs nothing of the machine.
    pub(crate) fn is_timeless(&self) -> bool {
        self.says.is_empty() && self.needs.is_empty() && self.ip.is_empty()
    }

    /// The codes that the compiler should say for a target, in the order of their names.
    fn codes(&self, version: Version) -> Vec<&str> {
        let said = self.says.iter().filter(|says| says.in_version(version));
        let mut codes: Vec<_> = said.map(|says| says.code.as_str()).collect();
        codes.sort_unstable();
        codes
    }

    /// Whether the compiler takes it for a target, saying what it should and no more.
    pub(crate) fn compiles(&self, version: Version) -> Outcome<bool> {
        let world = World::new()?;
        let compiled = compile(&self.text, version, &world);
        let mut codes = compiled.codes();
        codes.sort_unstable();
        equal("what the compiler says", codes, self.codes(version))
            .map_err(|stop| stop.with(&format!("--- target {version}\n{:#?}", compiled.diagnostics)))?;
        Ok(!compiled.has_errors())
    }

    /// Runs it.
    pub(crate) fn run(&self, qemu: &Qemu) -> Outcome {
        if self.compiles(qemu.version)? { self.run_on(qemu) } else { Ok(()) }
    }

    /// The same case with another text.
    pub(crate) fn with_text(&self, text: String) -> Self {
        Self { text, ..self.clone() }
    }

    /// Runs it, whatever the compiler says of it beside errors.
    pub(crate) fn run_on(&self, qemu: &Qemu) -> Outcome {
        for need in &self.needs {
            match need.as_str() {
                "kvm" => host::kvm(&qemu.program)?,
                "io-uring" => host::io_uring(&qemu.program)?,
                "spice" => host::spice(&qemu.program)?,
                // These are started below, or are no needs of every QEMU.
                "vhost-user" | "proxy" | "tpm" | "daemon" | "fake-vhost-vsock" => {}
                need => host::has(need)?,
            }
        }
        match self.ip.as_slice() {
            _ if self.needs("fake-vhost-vsock") => host::with_fake_vhost(|| self.run_here(qemu)),
            [] => self.run_here(qemu),
            ip => host::in_network_namespace(ip, || self.run_here(qemu)),
        }
    }

    fn run_here(&self, qemu: &Qemu) -> Outcome {
        let mut world = World::new()?;
        if self.needs("fake-vhost-vsock") {
            world.fake_vhost_vsock()?;
        }
        let _vhost_user = self.needs("vhost-user").then(|| StandIn::vhost_user(&world)).transpose()?;
        let _tpm = self.needs("tpm").then(|| StandIn::tpm(&world)).transpose()?;
        let _proxy = self.needs("proxy").then(|| StandIn::proxy(&world)).transpose()?;
        if self.needs("daemon") {
            return crate::daemon::run(qemu, &self.text, &world);
        }
        qemu.start(&self.text, &world)?.examine_and_quit()
    }
}

fn says(text: &str) -> Outcome<Says> {
    let mut words = text.split_whitespace();
    let code = some(words.next(), "code")?.to_owned();
    let mut says = Says { code, from: None, before: None };
    while let Some(word) = words.next() {
        let version = words.next().and_then(|version| version.parse().ok());
        let version = some(version, format!("version behind `{word}` in `{text}`"))?;
        match word {
            "from" => says.from = Some(version),
            "before" => says.before = Some(version),
            _ => return Err(Stop::failed(format!("`{word}` in `{text}`"))),
        }
    }
    Ok(says)
}
