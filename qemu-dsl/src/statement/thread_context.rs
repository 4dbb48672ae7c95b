//! `thread-context`

use crate::model::Val;
use crate::statement::form::statement;
use crate::statement::single::object;
use crate::value::Text;

statement! {
    /// On which CPUs of the host threads run that take memory from it.
    STATEMENT "thread-context" many settled Devices [ThreadContext]
    example "target 10.0\nthread-context tc0 node-affinity=0\nobject memory-backend-ram id=m0 size=64M prealloc=on prealloc-context=tc0"
}

object! {
    /// On which CPUs of the host threads run that take memory from it: `prealloc-context=ID` of that.
    ThreadContext prints "thread-context" {
        /// The CPUs, such as `0-3`.
        cpu_affinity "cpu-affinity": Option<Val<Text>> { excludes: &["node-affinity"] },
        /// The NUMA nodes whose CPUs they are, such as `0`.
        node_affinity "node-affinity": Option<Val<Text>>,
    };
}
