//! `numa`

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::ids::{Id, id_kinds};
use crate::model::{Maybe as _, Val};
use crate::print::Lowering;
use crate::qemu::changes;
use crate::statement::form::{Form, Group as _, form, statement};
use crate::statement::ram::{Holder, Ram};
use crate::table::{Refused, Section};
use crate::value::{Numbers, Size, UInt, choice};

statement! {
    /// How near memory and CPUs are to each other (NUMA).
    STATEMENT "numa" many settled Numa [Node, Distance, Cpu, Bandwidth, Cache]
    example "memory 2G\nsmp 4\nnuma node cpus=0-1 size=1G\nnuma node cpus=2-3 size=1G\nnuma dist src=0 dst=1 val=20"
}

id_kinds! {
    /// The ids of what holds the memory of nodes.
    NodeId "node"
}

/// A node's number.
type NodeNumber = UInt<0, 127>;

form! {
    /// A node: CPUs, memory, or both. All of the memory is in nodes: their sizes make up that of `memory`.
    Node kinds ["node": "a node: CPUs, memory, or both"] {
        /// Its number. Without it: the first is 0, and so on.
        nodeid "nodeid": Option<Val<NodeNumber>>,
        /// Its CPUs, such as `0-3`. Where no node has any, QEMU shares them out.
        cpus "cpus": Vec<Val<Numbers>>,
        /// The id of the object that holds its memory. Without `size=` it is another statement's.
        memdev "memdev": Id<NodeId>,
        /// How much memory it has. Without it: none.
        size "size": Option<Val<Size>>,
        /// The number of the node from which its memory is reached best. The machine needs `hmat`.
        initiator "initiator": Option<Val<NodeNumber>> { change: Some(&changes::HMAT) },
    }
    groups [ram: Ram]
    refuses [Refused::new("mem", Code::UnknownOption, "says by `size=` how much memory it has", "write `size=` in its place")]
}

form! {
    /// How far one node is from another. The distance back is the same, where nothing else is said.
    Distance kinds ["dist": "how far one node is from another"] {
        /// The number of the node that reaches for memory.
        src "src": Val<NodeNumber>,
        /// The number of the node that has it.
        dst "dst": Val<NodeNumber>,
        /// How far it is: 10 within a node, 20 where it takes twice as long. 255 is out of reach.
        val "val": Val<UInt<10, 255>>,
    }
}

form! {
    /// The node of CPUs that are told by their place.
    Cpu kinds ["cpu": "the node of CPUs that are told by their place"] {
        /// The node's number.
        node_id "node-id": Val<NodeNumber>,
        /// The drawer in which they are, on s390x.
        drawer_id "drawer-id": Place { change: Some(&changes::NUMA_BOOK) },
        /// The book in which they are, on s390x.
        book_id "book-id": Place { change: Some(&changes::NUMA_BOOK) },
        /// The socket in which they are.
        socket_id "socket-id": Place,
        /// The die in which they are.
        die_id "die-id": Place { change: Some(&changes::NUMA_DIE) },
        /// The cluster in which they are.
        cluster_id "cluster-id": Place { change: Some(&changes::NUMA_CLUSTER) },
        /// The module in which they are.
        module_id "module-id": Place { change: Some(&changes::NUMA_MODULE) },
        /// The core.
        core_id "core-id": Place,
        /// The core's thread.
        thread_id "thread-id": Place,
    }
}

/// A number in the topology.
type Place = Option<Val<UInt<0, { u32::MAX as u64 }>>>;

form! {
    /// How fast one node reaches another one's memory (the table HMAT). The machine needs `hmat`.
    Bandwidth kinds ["hmat-lb": "how fast one node reaches another one's memory"] {
        /// The number of the node that reaches for memory.
        initiator "initiator": Val<NodeNumber>,
        /// The number of the node that has it.
        target "target": Val<NodeNumber>,
        /// Where it is.
        hierarchy "hierarchy": Val<Hierarchy>,
        /// What is said of it.
        data_type "data-type": Val<DataType>,
        /// How long it takes, in nanoseconds.
        latency "latency": Option<Val<UInt<0, { u64::MAX }>>> { excludes: &["bandwidth"] },
        /// How many bytes there are in a second.
        bandwidth "bandwidth": Option<Val<Size>>,
    }
}

choice! {
    /// Where memory is.
    Hierarchy {
        Memory "memory": "in the memory itself",
        First "first-level": "in the cache of the first level that memory has",
        Second "second-level": "in that of the second",
        Third "third-level": "in that of the third"
    }
}

choice! {
    /// What is said of a way to memory.
    DataType {
        Latency "access-latency": "how long it takes to read and write",
        ReadLatency "read-latency": "how long it takes to read",
        WriteLatency "write-latency": "how long it takes to write",
        Bandwidth "access-bandwidth": "how much is read and written",
        ReadBandwidth "read-bandwidth": "how much is read",
        WriteBandwidth "write-bandwidth": "how much is written"
    }
}

form! {
    /// A cache that a node's memory has (the table HMAT). The machine needs `hmat`, and two `numa hmat-lb` say how long a way to
    /// this memory takes, and how much goes there.
    Cache kinds ["hmat-cache": "a cache that a node's memory has"] {
        /// The node's number.
        node_id "node-id": Val<NodeNumber>,
        /// How large it is.
        size "size": Val<Size>,
        /// Its level, from 1.
        level "level": Val<UInt<1, 3>>,
        /// How it is found what it has.
        associativity "associativity": Val<Associativity>,
        /// When what is written goes to the memory.
        policy "policy": Val<WritePolicy>,
        /// How many bytes a line of it has.
        line "line": Val<UInt<0, 65535>>,
    }
}

choice! {
    /// How it is found what a cache has.
    Associativity {
        None "none": "nobody says",
        Direct "direct": "in one place for each address",
        Complex "complex": "in several places"
    }
}

choice! {
    /// When what is written to a cache goes to the memory.
    WritePolicy {
        None "none": "nobody says",
        WriteBack "write-back": "when the cache needs the place",
        WriteThrough "write-through": "at once"
    }
}

impl Node {
    const fn holder(&self) -> Holder<'_, NodeId> {
        Holder { memdev: &self.memdev, size: &self.size, ram: &self.ram }
    }

    /// Whether it has memory.
    fn has_memory(&self) -> bool {
        self.memdev.written().is_some() || self.size.is_some() || !self.ram.said().is_empty()
    }
}

impl Form for Node {
    fn check(&self, cx: &mut Checking<'_>) {
        if self.has_memory() {
            self.holder().check_size("`numa node`", cx);
        }
        self.ram.check(self.size.known().map(|size| size.bytes), cx);
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        if self.has_memory() {
            out.section(Section::Backends);
            self.holder().lower(self.ram.prealloc, out);
        }
        let mut option = out.section(Section::Numa).option("-numa").word("node").set("nodeid", self.nodeid);
        for cpus in &self.cpus {
            option = option.set("cpus", cpus);
        }
        option.set("memdev", self.has_memory().then_some(&self.memdev)).set("initiator", self.initiator);
    }
}

impl Form for Distance {
    fn check(&self, cx: &mut Checking<'_>) {
        let (Some(src), Some(dst), Some(val)) = (self.src.known(), self.dst.known(), self.val.known()) else {
            return;
        };
        if src.value == dst.value && val.0 != 10 {
            let diagnostic =
                Diagnostic::error(Code::OutOfRange, "a node's distance to itself is 10").at(val.span);
            cx.report(diagnostic.help("write `val=10`, or leave the statement out"));
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.section(Section::NumaRelations)
            .option("-numa")
            .word("dist")
            .set("src", self.src)
            .set("dst", self.dst)
            .set("val", self.val);
    }
}

impl Form for Cpu {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.section(Section::NumaRelations)
            .option("-numa")
            .word("cpu")
            .set("node-id", self.node_id)
            .set("drawer-id", self.drawer_id)
            .set("book-id", self.book_id)
            .set("socket-id", self.socket_id)
            .set("die-id", self.die_id)
            .set("cluster-id", self.cluster_id)
            .set("module-id", self.module_id)
            .set("core-id", self.core_id)
            .set("thread-id", self.thread_id);
    }
}

impl Form for Bandwidth {
    fn check(&self, cx: &mut Checking<'_>) {
        let Some(data) = self.data_type.known() else { return };
        let is_latency =
            matches!(data.value, DataType::Latency | DataType::ReadLatency | DataType::WriteLatency);
        let (needed, there) = if is_latency {
            ("latency", self.latency.is_some())
        } else {
            ("bandwidth", self.bandwidth.is_some())
        };
        if !there {
            let message = format!("`data-type={data}` needs `{needed}=`");
            let diagnostic = Diagnostic::error(Code::MissingOption, message).at(data.span);
            cx.missing(
                needed,
                diagnostic.help(match needed {
                    "latency" => "add `latency=` and nanoseconds",
                    _ => "add `bandwidth=` and bytes in a second, such as `10G`",
                }),
            );
        }
    }

    fn lower(&self, out: &mut Lowering<'_>) {
        out.section(Section::NumaRelations)
            .option("-numa")
            .word("hmat-lb")
            .set("initiator", self.initiator)
            .set("target", self.target)
            .set("hierarchy", self.hierarchy)
            .set("data-type", self.data_type)
            .set("latency", self.latency)
            .set("bandwidth", &self.bandwidth);
    }
}

impl Form for Cache {
    fn lower(&self, out: &mut Lowering<'_>) {
        out.section(Section::NumaCaches)
            .option("-numa")
            .word("hmat-cache")
            .set("node-id", self.node_id)
            .set("size", &self.size)
            .set("level", self.level)
            .set("associativity", self.associativity)
            .set("policy", self.policy)
            .set("line", self.line);
    }
}
