//! NUMA: the nodes share out all that the machine has, and what else is said of nodes is of some that are there.

use crate::Span;
use crate::bind::{Sort, tie};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::{Hardware, QemuOption, Value};
use crate::print::Item;
use crate::qemu::changes;
use crate::value::{MemorySize, Numbers, Size, ValueType as _};

/// How much memory a machine has where nothing is said.
pub(crate) const DEFAULT_MEMORY: u64 = 128 << 20;

pub(super) fn check(hardware: &Hardware<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let all: Vec<_> = hardware.all("numa").collect();
    let is_open = |option: &&QemuOption<'_>| option.items().iter().any(|item| item.late.is_some());
    let is_told = all.iter().any(|option| !option.is_arg);
    if !is_told || !hardware.vm.complete || hardware.is_uncertain || all.iter().any(is_open) {
        return;
    }
    let numa = Numa { hardware, nodes: nodes(&all) };
    numa.numbers(diagnostics);
    numa.memory(diagnostics);
    // Other parts may have more nodes.
    if hardware.vm.extent.is_partial() {
        return;
    }
    numa.cpus(diagnostics);
    numa.relations(&all, diagnostics);
    numa.distances(&all, diagnostics);
    numa.hmat(&all, diagnostics);
    numa.caches(&all, diagnostics);
}

/// The nodes that have memory of their own, and how much. Nothing of those whose memory isn't seen.
pub(crate) fn sizes<'h>(
    hardware: &'h Hardware<'_>,
) -> impl Iterator<Item = (&'h QemuOption<'h>, Option<&'h Item>)> {
    let nodes = hardware.all("numa").filter(|option| is_a(option, "node"));
    nodes.filter(|node| node.mentions("memdev") || node.mentions("mem")).map(|node| {
        let memdev = node.item("memdev").filter(|memdev| memdev.late.is_none());
        let object = memdev.and_then(|memdev| {
            let mut objects = hardware.all("object");
            objects.find(|object| object.item("id").is_some_and(|id| id.value == memdev.value))
        });
        (node, object.and_then(|object| object.item("size")))
    })
}

struct Node<'p> {
    number: u64,
    option: &'p QemuOption<'p>,
}

struct Numa<'h, 'p> {
    hardware: &'h Hardware<'p>,
    nodes: Vec<Node<'p>>,
}

fn is_a(option: &QemuOption<'_>, sort: &str) -> bool {
    option.first().is_some_and(|first| first.text == sort)
}

fn nodes<'p>(all: &[&'p QemuOption<'p>]) -> Vec<Node<'p>> {
    let nodes = all.iter().filter(|option| is_a(option, "node"));
    (0..)
        .zip(nodes)
        .map(|(index, option)| Node { number: number(option, "nodeid").unwrap_or(index), option })
        .collect()
}

fn number(option: &QemuOption<'_>, name: &str) -> Option<u64> {
    option.get(name)?.text.parse().ok()
}

impl<'p> Numa<'_, 'p> {
    fn at(&self, option: &QemuOption<'_>, value: Option<Value<'_>>) -> Span {
        let head = self.hardware.head(option.statement);
        value.map_or(head, |value| value.span_or(head))
    }

    fn wrong(&self, message: String, at: Span) -> Diagnostic {
        Diagnostic::error(Code::NumaNodes, message).at(at)
    }

    /// Each number is one node's, and none is missing.
    fn numbers(&self, diagnostics: &mut Vec<Diagnostic>) {
        for (index, node) in self.nodes.iter().enumerate() {
            let at = |node: &Node<'_>| self.at(node.option, node.option.get("nodeid"));
            let first = self.nodes.iter().take(index).find(|first| first.number == node.number);
            let count = self.nodes.len() as u64;
            if let Some(first) = first {
                diagnostics.push(
                    Diagnostic::error(Code::NumaNodes, format!("there are two nodes {}", node.number))
                        .label(at(node), "again here")
                        .label(at(first), "first here")
                        .help("number them from 0, or leave `nodeid` out"),
                );
            } else if node.number >= count && !self.hardware.vm.extent.is_partial() {
                let message = format!("node {} leaves a gap: there are {count} nodes", node.number);
                diagnostics
                    .push(self.wrong(message, at(node)).help("number them from 0, or leave `nodeid` out"));
            }
        }
    }

    /// All memory is in nodes, by objects of their own.
    fn memory(&self, diagnostics: &mut Vec<Diagnostic>) {
        let hardware = self.hardware;
        let with_memory: Vec<_> =
            self.nodes.iter().filter_map(|node| Some((node, node.option.get("memdev")?))).collect();
        // What older machines shared out, or had by the node's own word.
        if self.nodes.iter().any(|node| node.option.mentions("mem")) {
            return;
        }
        let by_memory = hardware.all("m").find(|memory| !memory.is_arg);
        let by_memory = by_memory.and_then(|memory| hardware.entry(memory.statement));
        if let (Some(backend), Some((node, _))) = (hardware.machine("memory-backend"), with_memory.first()) {
            let own = hardware.head(node.option.statement);
            let other = backend
                .written
                .map(|written| written.value)
                .filter(|_| hardware.written_machine("memory-backend").is_some());
            let other = other.or(by_memory.map(|memory| memory.head)).unwrap_or(own);
            diagnostics.push(
                Diagnostic::error(
                    Code::ExclusiveOptions,
                    "the memory is the machine's as a whole, or that of nodes",
                )
                .label(other, "here the machine's")
                .label(own, "here a node's")
                .help("say of the nodes how it is held, and of `memory` how much there is"),
            );
            return;
        }
        let mut sum = 0u64;
        for (index, (node, memdev)) in with_memory.iter().enumerate() {
            let at = self.at(node.option, Some(*memdev));
            let first = with_memory.iter().take(index).find(|(_, first)| first.text == memdev.text);
            if let Some((first, first_memdev)) = first {
                diagnostics.push(
                    Diagnostic::error(
                        Code::NumaNodes,
                        format!("two nodes have the memory of `{}`", memdev.text),
                    )
                    .label(at, "a second one")
                    .label(self.at(first.option, Some(*first_memdev)), "the first one")
                    .help("give each its own"),
                );
                return;
            }
            let mut objects = hardware.all("object");
            let object = objects.find(|object| object.get("id").is_some_and(|id| id.text == memdev.text));
            let size = object.and_then(|object| Size::parse(object.get("size")?.text).ok());
            // That of another text, or none that can be read.
            let Some(size) = size else { return };
            sum = sum.saturating_add(size.bytes);
        }
        let memory = hardware.all("m").last();
        let said = memory.and_then(|memory| memory.first().or_else(|| memory.get("size")));
        let all = match &said {
            Some(said) => MemorySize::parse(said.text).ok().map(|size| size.bytes),
            None => memory.is_none().then_some(DEFAULT_MEMORY),
        };
        let (Some(all), Some(last)) = (all, self.nodes.last()) else { return };
        if sum != all && !hardware.vm.extent.is_partial() {
            let at = self.hardware.head(last.option.statement);
            let (code, message, _) = Sort::Nodes.beyond("", all, sum);
            let wrong = Diagnostic::error(code, message).at(at);
            let wrong = match said.and_then(|said| said.written).filter(|_| sum > 0) {
                Some(said) => {
                    let sum = tie::bytes(sum).replace(" bytes", "B");
                    wrong.label(said.value, "the machine's").help(
                        Remedy::new(format!("share out all of it, or write `{sum}` here"))
                            .replace(said.value, sum),
                    )
                }
                None => wrong.help("add `size=` to the nodes, which make up all of the memory"),
            };
            diagnostics.push(wrong);
        }
    }

    /// Each CPU is in one node.
    fn cpus(&self, diagnostics: &mut Vec<Diagnostic>) {
        let smp = self.hardware.all("smp").last();
        let count = match smp {
            Some(smp) => smp
                .get("maxcpus")
                .or_else(|| smp.first())
                .or_else(|| smp.get("cpus"))
                .and_then(|count| count.text.parse::<u32>().ok()),
            None => Some(1),
        };
        let Some(count) = count.filter(|count| *count <= u32::from(u16::MAX)) else { return };
        let mut owners: Vec<Option<Span>> = vec![None; count as usize];
        let mut is_said = false;
        for node in &self.nodes {
            for (_, value) in node.option.named().filter(|(name, _)| *name == "cpus") {
                let Ok(cpus) = Numbers::parse(value.text) else { continue };
                is_said = true;
                let at = self.at(node.option, Some(value));
                if cpus.last >= count {
                    let message =
                        format!("there is no CPU {}: they are numbered from 0 to {}", cpus.last, count - 1);
                    diagnostics.push(
                        self.wrong(message, at)
                            .help("name those that `smp` has, with those that are plugged later"),
                    );
                }
                for cpu in cpus.first..=cpus.last {
                    let Some(owner) = owners.get_mut(cpu as usize) else { break };
                    if let Some(first) = *owner {
                        diagnostics.push(
                            Diagnostic::error(Code::NumaNodes, format!("CPU {cpu} is in two nodes"))
                                .label(at, "again here")
                                .label(first, "first here")
                                .help("name each CPU once"),
                        );
                        return;
                    }
                    *owner = Some(at);
                }
            }
        }
        let by_place = self.hardware.all("numa").any(|option| is_a(option, "cpu"));
        let left = owners.iter().position(Option::is_none);
        if let (Some(left), Some(last), true, false) = (left, self.nodes.last(), is_said, by_place) {
            let at = self.hardware.head(last.option.statement);
            let message = format!("CPU {left} is in no node");
            diagnostics.push(
                Diagnostic::warning(Code::NumaNodes, message)
                    .at(at)
                    .help("name all CPUs, or none: then QEMU shares them out"),
            );
        }
    }

    /// What refers to nodes refers to some that are there.
    fn relations(&self, all: &[&QemuOption<'_>], diagnostics: &mut Vec<Diagnostic>) {
        const REFERRING: &[(&str, &[&str])] = &[
            ("node", &["initiator"]),
            ("dist", &["src", "dst"]),
            ("cpu", &["node-id"]),
            ("hmat-lb", &["initiator", "target"]),
            ("hmat-cache", &["node-id"]),
        ];
        for option in all {
            let names =
                REFERRING.iter().find(|(sort, _)| is_a(option, sort)).map_or(&[][..], |(_, names)| names);
            for name in names {
                let Some(to) = number(option, name) else { continue };
                if !self.nodes.iter().any(|node| node.number == to) {
                    let at = self.at(option, option.get(name));
                    diagnostics.push(
                        self.wrong(format!("there is no node {to}"), at)
                            .help("add a `numa node`, or name another one"),
                    );
                }
            }
        }
    }

    /// All pairs have a distance, or none has.
    fn distances(&self, all: &[&QemuOption<'_>], diagnostics: &mut Vec<Diagnostic>) {
        let told: Vec<_> = all
            .iter()
            .filter(|option| is_a(option, "dist"))
            .filter_map(|option| {
                Some((number(option, "src")?, number(option, "dst")?, number(option, "val")?))
            })
            .collect();
        let Some(last) = all.iter().rfind(|option| is_a(option, "dist")) else { return };
        let distance = |src: u64, dst: u64| {
            let mut told = told.iter().rev();
            told.find(|(from, to, _)| (*from, *to) == (src, dst)).map(|(.., distance)| *distance)
        };
        let at = self.hardware.head(last.statement);
        let pairs = self.nodes.iter().flat_map(|src| self.nodes.iter().map(|dst| (src.number, dst.number)));
        let pairs: Vec<_> = pairs.filter(|(src, dst)| src < dst).collect();
        let lone =
            pairs.iter().find(|(src, dst)| distance(*src, *dst).or_else(|| distance(*dst, *src)).is_none());
        if let Some((src, dst)) = lone {
            let message = format!("nothing says how far node {src} is from node {dst}");
            let help = format!("add `numa dist src={src} dst={dst} val=20`");
            let line = format!("\nnuma dist src={src} dst={dst} val=20");
            diagnostics.push(self.wrong(message, at).help(self.behind(last, help, line)));
            return;
        }
        let is_asymmetric = pairs.iter().any(|(src, dst)| {
            matches!((distance(*src, *dst), distance(*dst, *src)), (Some(there), Some(back)) if there != back)
        });
        let ways = pairs.iter().flat_map(|(src, dst)| [(*src, *dst), (*dst, *src)]);
        let missing = ways.into_iter().find(|(src, dst)| distance(*src, *dst).is_none());
        if let (true, Some((src, dst))) = (is_asymmetric, missing) {
            let val = distance(dst, src).unwrap_or(20);
            let message = format!(
                "the way back of a pair is another one, and nothing says how far node {src} is from node {dst}"
            );
            let help = format!("add `numa dist src={src} dst={dst} val={val}`");
            let line = format!("\nnuma dist src={src} dst={dst} val={val}");
            diagnostics.push(self.wrong(message, at).help(self.behind(last, help, line)));
        }
    }

    /// A remedy that adds a line behind a statement.
    fn behind(&self, option: &QemuOption<'_>, help: String, line: String) -> Remedy {
        match self.hardware.entry(option.statement).filter(|_| !option.is_arg) {
            Some(entry) => Remedy::new(help).insert(entry.span.end, line),
            None => Remedy::new(help),
        }
    }

    /// The table HMAT is there, where something is said in it, and where it is each node with CPUs reaches its own memory.
    fn hmat(&self, all: &[&QemuOption<'_>], diagnostics: &mut Vec<Diagnostic>) {
        let has_cpus = |node: &Node<'_>| node.option.mentions("cpus");
        let says = |option: &&&QemuOption<'_>| {
            is_a(option, "hmat-lb") || is_a(option, "hmat-cache") || option.mentions("initiator")
        };
        let hardware = self.hardware;
        if !hardware.machine("hmat").is_some_and(|hmat| hmat.is_on()) {
            let Some(first) = all.iter().find(says).filter(|first| !first.is_arg) else { return };
            let diagnostic = Diagnostic::error(Code::MissingOption, "the machine has no table HMAT for this");
            let diagnostic =
                diagnostic.at(self.at(first, first.get("initiator").filter(|_| is_a(first, "node"))));
            let help = Remedy::new("add `hmat` to `machine`: `machine q35 hmat`");
            let off = hardware.written_machine("hmat");
            let mut machines = hardware.vm.statements.iter();
            let machine = machines.find(|entry| entry.spec.keyword == "machine");
            diagnostics.push(diagnostic.help(match (off, machine) {
                (Some(off), _) => help.replace(off.value, "on"),
                (None, Some(machine)) => help.insert(machine.span.end, " hmat=on"),
                (None, None) => help,
            }));
            return;
        }
        let target = hardware.vm.target.version;
        let is_old = !changes::OWN_INITIATOR.is_in(target);
        let mut later = self.nodes.iter().filter(|node| is_old && node.number > 0 && has_cpus(node));
        if let Some(node) = later.next() {
            let at = self.at(node.option, node.option.get("cpus"));
            let message =
                format!("for QEMU {target} node 0 alone can have CPUs where the machine has `hmat`");
            diagnostics.push(self.wrong(message, at).help("give node 0 all of them, or leave out `hmat`"));
        }
        let silent = self.nodes.iter().find(|node| !node.option.mentions("initiator"));
        if let Some(node) = silent.filter(|_| is_old) {
            let nearest = if has_cpus(node) {
                Some(node.number)
            } else {
                self.nodes.iter().find(|node| has_cpus(node)).map(|node| node.number)
            };
            let nearest = nearest.unwrap_or_default();
            let target = hardware.vm.target.version;
            let message =
                format!("for QEMU {target} each node must say from where its memory is reached best");
            let diagnostic =
                Diagnostic::error(Code::MissingOption, message).at(hardware.head(node.option.statement));
            let help = format!("add `initiator={nearest}`");
            diagnostics.push(diagnostic.help(match hardware.entry(node.option.statement) {
                Some(entry) if !node.option.is_arg => {
                    Remedy::new(help).insert(entry.span.end, format!(" initiator={nearest}"))
                }
                _ => help.into(),
            }));
        }
        for node in self.nodes.iter().filter(|node| has_cpus(node)) {
            let Some(initiator) = number(node.option, "initiator").filter(|other| *other != node.number)
            else {
                continue;
            };
            let value = node.option.get("initiator");
            let written = value.and_then(|value| value.written);
            let message = format!(
                "node {} has CPUs: it reaches its own memory best, not node {initiator}",
                node.number
            );
            let help = Remedy::new(format!("write `initiator={}`", node.number));
            diagnostics.push(self.wrong(message, self.at(node.option, value)).help(match written {
                Some(written) => help.replace(written.value, node.number.to_string()),
                None => help,
            }));
        }
    }

    /// Of a node whose memory has a cache it is told how it is reached.
    fn caches(&self, all: &[&QemuOption<'_>], diagnostics: &mut Vec<Diagnostic>) {
        for cache in all.iter().filter(|option| is_a(option, "hmat-cache") && !option.is_arg) {
            let Some(node) = number(cache, "node-id") else { continue };
            let is_told = |what: &str| {
                let mut ways = all.iter().filter(|way| is_a(way, "hmat-lb"));
                ways.any(|way| number(way, "target") == Some(node) && way.mentions(what))
            };
            if let Some(missing) = ["latency", "bandwidth"].into_iter().find(|what| !is_told(what)) {
                let message =
                    format!("nothing says the {missing} of node {node}'s memory, which has a cache");
                let example = match missing {
                    "latency" => "latency=10",
                    _ => "bandwidth=10G",
                };
                let help = format!(
                    "add `numa hmat-lb initiator={node} target={node} hierarchy=memory data-type=access-{missing} {example}`"
                );
                let at = self.at(cache, cache.get("node-id"));
                diagnostics.push(Diagnostic::error(Code::MissingOption, message).at(at).help(help));
            }
        }
    }
}
