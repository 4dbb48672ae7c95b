//! `smp`
//!
//! **Levels that `smp` leaves out are spelt out** from 5.2 on, cores first: what QEMU makes of them changed in 6.2.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::{Maybe, Val};
use crate::print::{Lowering, Shown};
use crate::qemu::changes;
use crate::statement::form::{Form, form, statement};
use crate::value::UInt;

statement! {
    /// How many CPUs there are, and how they are arranged.
    STATEMENT reserved "smp" once settled Smp [Smp]
    example "smp 4 sockets=1 cores=2 threads=2"
}

type Count = UInt<1, { u32::MAX as u64 }>;
type Level = Option<Val<Count>>;

form! {
    /// How many CPUs there are, and how they are arranged. The product of all levels is the number of CPUs, or
    /// `maxcpus` where it is given. Where only some levels are given, cores make up for the others, then sockets.
    Smp {
        /// The CPUs at the start.
        cpus "cpus": Val<Count> { positional: true },
        /// Cores in a module, cluster, die or socket: in the lowest of these levels that there is.
        cores "cores": Level,
        /// Threads in a core.
        threads "threads": Level,
        /// Sockets on the board, or in a book.
        sockets "sockets": Level,
        /// Dies in a socket.
        dies "dies": Level { change: Some(&changes::SMP_DIES) },
        /// Clusters in a die.
        clusters "clusters": Level { change: Some(&changes::SMP_CLUSTERS) },
        /// Modules in a cluster.
        modules "modules": Level { change: Some(&changes::SMP_MODULES) },
        /// Books in a drawer.
        books "books": Level { change: Some(&changes::SMP_BOOKS) },
        /// Drawers on the board.
        drawers "drawers": Level { change: Some(&changes::SMP_BOOKS) },
        /// The most CPUs there can be, with those added while the guest runs.
        maxcpus "maxcpus": Level,
    }
}

/// The levels in QEMU's order, each with what it becomes where it is not given.
struct Topology {
    sockets: u128,
    cores: u128,
    threads: u128,
    /// The product of the levels that are 1 unless they are given.
    others: u128,
}

impl Topology {
    fn product(&self) -> u128 {
        self.sockets.saturating_mul(self.cores).saturating_mul(self.threads).saturating_mul(self.others)
    }
}

fn count(level: Level) -> Option<u128> {
    level.known().map(|level| u128::from(level.0))
}

impl Smp {
    fn levels(&self) -> [(&'static str, Level); 8] {
        [
            ("drawers", self.drawers),
            ("books", self.books),
            ("sockets", self.sockets),
            ("dies", self.dies),
            ("clusters", self.clusters),
            ("modules", self.modules),
            ("cores", self.cores),
            ("threads", self.threads),
        ]
    }

    fn cpus(&self) -> u128 {
        count(Some(self.cpus)).unwrap_or(1)
    }

    fn max(&self) -> u128 {
        count(self.maxcpus).unwrap_or(self.cpus())
    }

    /// The levels as QEMU completes them where cores come first. Of what divides with a rest, the rest is lost: the
    /// check finds that the product is not what it must be.
    fn complete(&self) -> Topology {
        let others = [self.drawers, self.books, self.dies, self.clusters, self.modules]
            .into_iter()
            .filter_map(count)
            .fold(1u128, u128::saturating_mul);
        let (sockets, cores, threads) = (count(self.sockets), count(self.cores), count(self.threads));
        let max = self.max();
        let rest = |known: u128| (max / known.saturating_mul(others).max(1)).max(1);
        match (sockets, cores, threads) {
            (_, None, _) => {
                let (sockets, threads) = (sockets.unwrap_or(1), threads.unwrap_or(1));
                Topology { sockets, cores: rest(sockets.saturating_mul(threads)), threads, others }
            }
            (None, Some(cores), _) => {
                let threads = threads.unwrap_or(1);
                Topology { sockets: rest(cores.saturating_mul(threads)), cores, threads, others }
            }
            (Some(sockets), Some(cores), None) => {
                Topology { sockets, cores, threads: rest(sockets.saturating_mul(cores)), others }
            }
            (Some(sockets), Some(cores), Some(threads)) => Topology { sockets, cores, threads, others },
        }
    }

    /// The product as QEMU computed it before topologies had to be complete, and the least that it may be.
    fn lenient(&self) -> (u128, u128) {
        let (sockets, cores, threads) = (count(self.sockets), count(self.cores), count(self.threads));
        let cpus = self.cpus();
        let product = |a: u128, b: u128, c: u128| a.saturating_mul(b).saturating_mul(c);
        match (sockets, cores, threads) {
            (None, cores, threads) => (product(1, cores.unwrap_or(1), threads.unwrap_or(1)), 0),
            (Some(sockets), None, threads) => {
                let threads = threads.unwrap_or(1);
                (product(sockets, (cpus / sockets.saturating_mul(threads)).max(1), threads), 0)
            }
            (Some(sockets), Some(cores), None) => {
                (product(sockets, cores, (cpus / sockets.saturating_mul(cores)).max(1)), 0)
            }
            (Some(sockets), Some(cores), Some(threads)) => (product(sockets, cores, threads), cpus),
        }
    }

    /// Reports levels that the machine doesn't have.
    fn check_levels(&self, cx: &mut Checking<'_>) {
        let board = &cx.hardware.board;
        let Some(own) = board.levels().filter(|_| cx.has(&changes::SMP_LEVELS)) else { return };
        let machine = board.name.clone();
        for (name, level) in self.levels() {
            let is_general = matches!(name, "sockets" | "cores" | "threads");
            if let Some(level) =
                level.known().filter(|level| level.0 > 1 && !is_general && !own.contains(&name))
            {
                let own: Vec<_> = own.iter().map(|own| format!(", `{own}`")).collect();
                cx.report(
                    Diagnostic::error(Code::Topology, format!("the machine `{machine}` has no {name}"))
                        .at(level.span)
                        .help(format!(
                            "leave out `{name}=`: it has `sockets`, `cores`, `threads`{}",
                            own.concat()
                        )),
                );
            }
        }
    }

    fn has_levels(&self) -> bool {
        self.levels().iter().any(|(_, level)| level.is_some())
    }
}

impl Form for Smp {
    fn check(&self, cx: &mut Checking<'_>) {
        self.check_levels(cx);
        let levels = self.levels().into_iter().map(|(_, level)| level);
        let is_open = levels.chain([self.maxcpus]).any(|level| level.is_open());
        let Some(cpus) = self.cpus.known().filter(|_| !is_open && !cx.is_flawed()) else { return };
        let max = self.max();
        if let Some(maxcpus) = self.maxcpus.known().filter(|_| max < self.cpus()) {
            let diagnostic = Diagnostic::error(
                Code::Topology,
                format!("{cpus} CPUs at the start are more than at most ({max})"),
            )
            .label(maxcpus.span, "at most")
            .label(cpus.span, "at the start")
            .help("raise `maxcpus`, or leave it out");
            cx.report(diagnostic);
            return;
        }
        if !self.has_levels() {
            return;
        }
        let (product, wrong) = if cx.has(&changes::FULL_TOPOLOGY) {
            let product = self.complete().product();
            (product, product != max)
        } else {
            let (product, least) = self.lenient();
            (product, product < least || product > max)
        };
        if wrong {
            let given: Vec<_> = self
                .levels()
                .into_iter()
                .filter_map(|(name, level)| level.known().map(|level| format!("{name}={level}")))
                .collect();
            let what = if self.maxcpus.is_some() { "`maxcpus`" } else { "the number of CPUs" };
            let all_given = self.sockets.is_some() && self.cores.is_some() && self.threads.is_some();
            let message = if all_given {
                format!("{} makes {product} CPUs, not {max}", given.join(" "))
            } else {
                format!("{} can't make {max} CPUs", given.join(" "))
            };
            let mut diagnostic =
                Diagnostic::error(Code::Topology, message).label(cpus.span, format!("{cpus} CPUs")).help(
                    format!("the product of all levels is {what}: write `smp {product}`, or change a level"),
                );
            for (name, level) in self.levels() {
                if let Some(level) = level.known() {
                    diagnostic = diagnostic.label(level.span, name);
                }
            }
            cx.report(diagnostic);
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        // What is left out where a number comes later, QEMU works out from that.
        let is_open = self
            .levels()
            .into_iter()
            .map(|(_, level)| level)
            .chain([self.maxcpus, Some(self.cpus)])
            .any(|level| level.is_open());
        let complete = out.has(&changes::FULL_TOPOLOGY) && self.has_levels() && !is_open;
        let topology = self.complete();
        // What the target would make up by itself depends on its version: it is spelt out.
        let made = |given: Level, made: u128| {
            (complete && given.is_none()).then_some(Shown(u64::try_from(made).unwrap_or(u64::MAX)))
        };
        out.option("-smp")
            .word(&self.cpus)
            .set("cores", self.cores)
            .set("cores", made(self.cores, topology.cores))
            .set("threads", self.threads)
            .set("threads", made(self.threads, topology.threads))
            .set("sockets", self.sockets)
            .set("sockets", made(self.sockets, topology.sockets))
            .set("dies", &self.dies)
            .set("clusters", &self.clusters)
            .set("modules", &self.modules)
            .set("books", &self.books)
            .set("drawers", &self.drawers)
            .set("maxcpus", &self.maxcpus);
    }
}
