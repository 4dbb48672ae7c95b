//! Random VMs of pieces that a real QEMU can take: what goes wrong only together.

use std::fs::File;

use fastrand::Rng;

use crate::outcome::{Outcome, Stop};
use crate::qemu::Qemu;
use crate::world::{MIB, World, quoted};

const DEFAULT_SEED: u64 = 0x5eed;
const DEFAULT_CASES: u64 = 15;

pub(crate) fn are_taken(qemu: &Qemu) -> Outcome {
    let first = from_environment("QEMU_DSL_SEED")?.unwrap_or(DEFAULT_SEED);
    let cases = from_environment("QEMU_DSL_REAL_CASES")?.unwrap_or(DEFAULT_CASES);
    for seed in (0..cases).map(|case| first.wrapping_add(case)) {
        let pieces = Generator::new(seed).vm()?;
        if let Err(stop @ Stop::Failed(_)) = take(qemu, &pieces) {
            let stop = shrink(qemu, pieces, stop);
            return Err(stop_with(
                stop,
                &format!("QEMU_DSL_SEED={seed} QEMU_DSL_REAL_CASES=1 repeats this:\n"),
            ));
        }
    }
    Ok(())
}

fn stop_with(stop: Stop, before: &str) -> Stop {
    match stop {
        Stop::Failed(text) => Stop::Failed(format!("{before}{text}")),
        lacking @ Stop::Lacking(_) => lacking,
    }
}

pub(crate) fn from_environment(name: &str) -> Outcome<Option<u64>> {
    match std::env::var(name) {
        Ok(text) => text.parse().map(Some).map_err(|error| Stop::failed(format!("{name}={text}: {error}"))),
        Err(_) => Ok(None),
    }
}

fn take(qemu: &Qemu, pieces: &[String]) -> Outcome {
    let world = World::new()?;
    for disk in 0..DISKS {
        File::create(world.file(&format!("{disk}.img")))?.set_len(MIB)?;
    }
    let text = format!("param dir: path\n{}\n", pieces.join("\n"));
    qemu.start(&text, &world)?.examine_and_quit()
}

/// Leaves out what the failure doesn't need. That the compiler refuses what is left is another failure.
fn shrink(qemu: &Qemu, mut pieces: Vec<String>, mut stop: Stop) -> Stop {
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        // Without these it would be another VM.
        if piece.starts_with("machine ") || piece == "nodefaults" {
            at += 1;
            continue;
        }
        let mut fewer = pieces.clone();
        fewer.remove(at);
        let compiles = World::new().is_ok_and(|world| {
            let text = format!("param dir: path\n{}\n", fewer.join("\n"));
            !qemu.compile(&text, &world).has_errors()
        });
        match take(qemu, &fewer) {
            Err(failed @ Stop::Failed(_)) if compiles => {
                pieces = fewer;
                stop = failed;
            }
            _ => at += 1,
        }
    }
    stop
}

const DISKS: usize = 6;

/// A place on a bus of PCI.
struct Bus {
    name: String,
    /// The slots that nobody has.
    free: Vec<u32>,
}

struct Generator {
    rng: Rng,
    pieces: Vec<String>,
    buses: Vec<Bus>,
    disks: usize,
    ids: usize,
}

impl Generator {
    fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), pieces: Vec::new(), buses: Vec::new(), disks: 0, ids: 0 }
    }

    /// The pieces of a VM, in any order.
    fn vm(mut self) -> Outcome<Vec<String>> {
        let q35 = self.rng.bool();
        self.machine(q35)?;
        let bus = if q35 { "pcie.0" } else { "pci.0" };
        // The machine's own devices are at both ends, those without an address at the beginning.
        self.buses.push(Bus { name: bus.into(), free: (0x10..0x1d).collect() });
        for _ in 0..self.rng.usize(0..3) {
            self.bridge(q35);
        }
        for _ in 0..self.rng.usize(0..7) {
            match self.rng.u8(0..8) {
                0 | 1 => self.disk()?,
                2 => self.network(),
                3 => self.file_system(),
                4 => self.serial(),
                5 => self.entropy(),
                6 => self.block_node(),
                _ => self.other(q35),
            }
        }
        self.rng.shuffle(&mut self.pieces);
        Ok(self.pieces)
    }

    fn machine(&mut self, q35: bool) -> Outcome {
        let kind = if q35 { "q35" } else { "pc" };
        let flag = self.pick(&["", " hpet=off", " nvdimm", " usb", " smm=off"]);
        self.pieces.push(format!("machine {kind} accel=tcg{flag}"));
        self.pieces.push("nodefaults".into());
        // Of Intel's make: QEMU warns of threads on those of AMD's.
        let cpu = self.pick(&["cpu kvm64", "cpu kvm64 +aes -mce", "cpu \"qemu32\""]);
        self.pieces.push(cpu.into());
        let sockets = self.rng.u32(1..3);
        let (cores, threads) = (self.rng.u32(1..4), self.rng.u32(1..3));
        let cpus = sockets * cores * threads;
        let level = |rng: &mut Rng, text: String| if rng.bool() { text } else { String::new() };
        // Any of the levels may be left out: what is left is what divides, or nothing is said of levels.
        match self.rng.u8(0..4) {
            0 => self.pieces.push(format!("smp {cpus} sockets={sockets} cores={cores} threads={threads}")),
            1 => {
                let dies = level(&mut self.rng, " dies=1".into());
                self.pieces.push(format!("smp 1 maxcpus={cpus} threads={threads}{dies}"));
            }
            2 => self.pieces.push(format!("smp {cpus} cores={cores}")),
            _ => {}
        }
        let slots = self.rng.bool();
        let options = self.pick(&["", " prealloc", " share", " share prealloc", " fd"]);
        let room = if slots { " slots=2 max=1G" } else { "" };
        let size = self.pick(&["32M", "64", "0.0625G", "65536K"]);
        self.pieces.push(format!("memory {size}{options}{room}"));
        for module in 0..self.rng.usize(0..if slots { 3 } else { 1 }) {
            let size = self.pick(&["128M", "0.125G", "134217728"]);
            self.pieces.push(format!("dimm pc-dimm size={size} path=\"{{dir}}/module{module}\""));
        }
        let name = self.text();
        let optional = [
            format!("name {}", quoted(name)?),
            "uuid 123e4567-e89b-12d3-a456-426614174000".into(),
            "no-user-config".into(),
            self.pick(&["rtc base=utc", "rtc base=2020-02-29 clock=vm", "rtc driftfix=slew"]).into(),
            self.pick(&["vga none", "vga std", "vga cirrus"]).into(),
            "realtime mlock=off".into(),
            format!("qmp unix {} server nowait", quoted(format!("qmp{}", self.text()))?),
            "kernel \"{dir}/kernel\" append=\"a=b,c\"".into(),
            "global virtio-rng-pci.max-bytes=512 device virtio-rng-pci".into(),
            "arg \"-boot\" \"menu=on\"".into(),
        ];
        for piece in optional {
            if self.rng.u8(0..3) == 0 {
                self.pieces.push(piece);
            }
        }
        Ok(())
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        self.rng.choice(of).copied().unwrap_or_default()
    }

    /// A text of characters that separate something somewhere.
    fn text(&mut self) -> String {
        let length = self.rng.usize(1..12);
        let characters = [',', '=', '"', '\\', ' ', 'a', 'é', '{', '}', '%', ';', ':', '\'', '\t'];
        (0..length).map(|_| self.rng.choice(characters).unwrap_or('a')).collect()
    }

    /// Nothing, or an id.
    fn id(&mut self) -> String {
        if self.rng.bool() {
            return String::new();
        }
        self.ids += 1;
        format!(" id=own-{}.x", self.ids)
    }

    /// Nothing, or a place on a bus of PCI. Behind a bridge it is always a slot.
    fn place(&mut self) -> String {
        let index = self.rng.usize(0..self.buses.len());
        let function =
            self.pick(&["", ".0", ".0 multifunction=on", " multifunction=on", " multifunction=off"]);
        let Some(bus) = self.buses.get_mut(index) else {
            return String::new();
        };
        if index == 0 && self.rng.bool() {
            return String::new();
        }
        let Some(slot) = bus.free.pop() else {
            return String::new();
        };
        format!(" bus={} addr={slot:x}{function}", bus.name)
    }

    fn bridge(&mut self, q35: bool) {
        let place = self.place();
        self.ids += 1;
        let name = format!("bridge{}", self.ids);
        // One to PCI Express can't sit on plain PCI.
        let piece = if q35 && self.rng.bool() && !place.contains("bridge") {
            format!("bridge pcie id={name}{place}")
        } else {
            let shpc = self.pick(&["", " shpc", " shpc=off"]);
            format!("bridge pci id={name} chassis={}{shpc}{place}", self.ids)
        };
        self.pieces.push(piece);
        self.buses.push(Bus { name, free: (1..8).collect() });
    }

    fn disk(&mut self) -> Outcome {
        if self.disks == DISKS {
            return Ok(());
        }
        let serial = if self.rng.bool() {
            let text: String = self.text().chars().filter(char::is_ascii).collect();
            format!(" serial={}", quoted(format!("s{text}"))?)
        } else {
            String::new()
        };
        let cache = self.pick(&["", " cache=none", " cache=unsafe", " aio=threads", " aio=native"]);
        let flags = self.pick(&["", " readonly", " wce=off", " disable-modern", " scsi=off", " wce"]);
        let fd = self.pick(&["", " fd"]);
        let (id, place) = (self.id(), self.place());
        self.pieces.push(format!(
            "disk file=\"{{dir}}/{}.img\" format=raw{id}{serial}{cache}{flags}{fd}{place}",
            self.disks
        ));
        self.disks += 1;
        Ok(())
    }

    fn network(&mut self) {
        let options = self.pick(&[
            "",
            " restrict",
            " hostfwd=tcp:127.0.0.1:0-:22 hostfwd=udp:127.0.0.1:0-:53",
            " mac=52:54:00:12:34:56",
            " driver=e1000",
            " ipv6=off hostname=\"a,b\"",
            " disable-modern",
        ]);
        let (id, place) = (self.id(), self.place());
        self.pieces.push(format!("netdev user{id}{options}{place}"));
    }

    fn file_system(&mut self) {
        let security = self.pick(&["none", "passthrough", "mapped-file", "mapped"]);
        let readonly = self.pick(&["", " readonly", " readonly=off"]);
        let (id, place) = (self.id(), self.place());
        self.ids += 1;
        self.pieces.push(format!(
            "fs local path=\"{{dir}}/share\" tag=\"t,{}\" security={security}{readonly}{id}{place}",
            self.ids
        ));
    }

    fn serial(&mut self) {
        self.ids += 1;
        let controller = format!("ctl{}", self.ids);
        let place = self.place();
        let modern = self.pick(&["", " disable-modern", " disable-modern=off"]);
        self.pieces.push(format!("virtio-serial id={controller}{modern}{place}"));
        for _ in 0..self.rng.usize(0..4) {
            self.ids += 1;
            let keyword = self.pick(&["port", "console"]);
            let backend = if self.rng.bool() {
                "pty".to_owned()
            } else {
                let fd = self.pick(&["", " fd"]);
                format!("socket path=\"{{dir}}/s,{}=\"{fd}", self.ids)
            };
            let name = if self.rng.bool() { format!(" name=n.{}", self.ids) } else { String::new() };
            let id = self.id();
            self.pieces.push(format!("{keyword} {backend} bus={controller}.0{name}{id}"));
        }
    }

    fn entropy(&mut self) {
        self.ids += 1;
        let (id, place) = (self.id(), self.place());
        let object = format!("rng{}", self.ids);
        self.pieces.push(format!(
            "object rng-random id={object} filename=\"/dev/urandom\" device virtio-rng-pci rng={object}{id}{place}"
        ));
    }

    fn block_node(&mut self) {
        self.ids += 1;
        let (id, place, node) = (self.id(), self.place(), format!("node{}", self.ids));
        self.pieces.push(format!(
            "blockdev null-co node-name={node} size=1048576 device virtio-blk-pci drive={node}{id}{place}"
        ));
    }

    fn other(&mut self, q35: bool) {
        self.ids += 1;
        let (id, place, number) = (self.id(), self.place(), self.ids);
        self.pieces.push(match self.rng.u8(0..4) {
            0 => format!("device virtio-tablet-pci{id}{place}"),
            1 => format!("device qemu-xhci{id}{place}"),
            2 => format!("chardev null id=null{number} device isa-serial chardev=null{number}{id}"),
            _ if q35 => format!("device pcie-root-port id=root{number} chassis={number} bus=pcie.0"),
            _ => format!("device virtio-keyboard-pci{id}{place}"),
        });
    }
}
