//! What holds memory: the object of `memory`, of a `dimm`, of a `numa node`. What is said of it says which object it is.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Remedy};
use crate::hardware::Checking;
use crate::model::ids::{Id, IdKind};
use crate::model::{Maybe as _, Val};
use crate::print::{Emit, Lowering, OptionArg};
use crate::qemu::changes;
use crate::statement::form::{Group as _, group};
use crate::value::{IdText, Numbers, OnOff, Path, PowerSize, Size, SomeSize, UInt, ValueType as _, choice};

group! {
    /// What holds memory.
    Ram {
        /// It is this file. In a folder QEMU makes a file without a name, whose contents are lost at the end.
        path "path": Option<Val<Path>> { excludes: ELSEWHERE },
        /// It is a file in memory (memfd), which QEMU makes. It is shared, unless `share=off` says otherwise.
        memfd "memfd": Option<Val<OnOff>> { change: Some(&changes::MEMFD), excludes: &["shm"] },
        /// It is in huge pages of the host.
        hugetlb "hugetlb": Option<Val<OnOff>> { change: Some(&changes::MEMFD), excludes: &["shm"] },
        /// How large these are, such as `2M` or `1G`. Without it the host says it.
        hugetlbsize "hugetlbsize": Option<Val<Size>> { change: Some(&changes::MEMFD), excludes: &["shm"] },
        /// Its size is for good.
        seal "seal": Option<Val<OnOff>> { change: Some(&changes::MEMFD), excludes: &["shm"], default: "on" },
        /// It is POSIX' shared memory, which QEMU makes.
        shm "shm": Option<Val<OnOff>> { change: Some(&changes::MEMORY_SHM) },
        /// Other processes of the host can have it too, which vhost-user devices need.
        share "share": Option<Val<OnOff>>,
        /// All of it is taken from the host at once.
        prealloc "prealloc": Option<Val<OnOff>>,
        /// By so many threads.
        prealloc_threads "prealloc-threads": Option<Val<UInt<1, { u32::MAX as u64 }>>> {
            change: Some(&changes::PREALLOC_THREADS),
        },
        /// The id of the `thread-context` that says where these threads run.
        prealloc_context "prealloc-context": Option<Val<IdText>> { change: Some(&changes::PREALLOC_CONTEXT) },
        /// The NUMA nodes of the host from which it is taken, such as `0-1`.
        host_nodes "host-nodes": Vec<Val<Numbers>>,
        /// How it is taken from them.
        policy "policy": Option<Val<Policy>>,
        /// The host may keep equal pages once (KSM).
        merge "merge": Option<Val<OnOff>>,
        /// It is in the host's core dumps of QEMU.
        dump "dump": Option<Val<OnOff>>,
        /// The host's swap space is reserved for it.
        reserve "reserve": Option<Val<OnOff>> { change: Some(&changes::MEMORY_RESERVE) },
        /// QEMU can't write the file.
        readonly "readonly": Option<Val<OnOff>> { change: Some(&changes::MEMORY_READONLY) },
        /// Whether the guest can't write what is read from such a file.
        rom "rom": Option<Val<Rom>> { change: Some(&changes::MEMORY_ROM) },
        /// The file is in persistent memory of the host.
        pmem "pmem": Option<Val<OnOff>> { change: Some(&changes::MEMORY_PMEM) },
        /// It begins at an address that is a multiple of this power of two.
        align "align": Option<Val<Size>> { change: Some(&changes::MEMORY_ALIGN) },
        /// The contents of the file need not be written back when QEMU ends.
        discard_data "discard-data": Option<Val<OnOff>> { change: Some(&changes::DISCARD_DATA) },
        /// Where in the file it begins.
        offset "offset": Option<Val<Size>> { change: Some(&changes::MEMORY_OFFSET) },
        /// How it is called in a stream of migration: by its path in QEMU's tree of objects, as QEMU before 4.0 did, or by its
        /// id alone.
        canonical_path "x-use-canonical-path-for-ramblock-id": Option<Val<OnOff>> {
            change: Some(&changes::CANONICAL_PATH),
        },
    }
}

/// What says that it is no file of the host's with a path.
pub(crate) const ELSEWHERE: &[&str] = &["memfd", "hugetlb", "hugetlbsize", "seal", "shm"];

choice! {
    /// From which of the host's nodes memory is taken.
    Policy {
        Default "default": "as the host does by itself",
        Preferred "preferred": "from that node, while it has some",
        Bind "bind": "from those alone",
        Interleave "interleave": "from all of those in turn"
    }
}

choice! {
    /// Whether the guest can't write.
    Rom bare "on" {
        Auto "auto": "as `readonly` says",
        On "on": "it can't",
        Off "off": "it can: what it writes is lost",
    }
}

/// The objects that hold memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Ram,
    File,
    Memfd,
    Shm,
}

impl Object {
    /// QEMU's name for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ram => "memory-backend-ram",
            Self::File => "memory-backend-file",
            Self::Memfd => "memory-backend-memfd",
            Self::Shm => "memory-backend-shm",
        }
    }

    /// Whether others can have it where nothing is said of that.
    const fn is_shared(self) -> bool {
        matches!(self, Self::Memfd | Self::Shm)
    }
}

/// The object of a statement that may as well refer to another one's.
pub(crate) struct Holder<'h, K> {
    pub(crate) memdev: &'h Id<K>,
    pub(crate) size: &'h Option<Val<Size>>,
    pub(crate) ram: &'h Ram,
}

impl<K: IdKind> Holder<'_, K> {
    /// Whether another statement has it.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.memdev.written().is_some() && self.size.is_none() && self.ram.said().is_empty()
    }

    /// Reports that `what` lacks its size, or has none at all.
    pub(crate) fn check_size(&self, what: &str, cx: &mut Checking<'_>) {
        if self.size.is_none() && !self.is_elsewhere() {
            let diagnostic = Diagnostic::error(Code::MissingOption, format!("{what} needs `size=`"));
            let help = format!("add `size=` and {}", Size::TYPE.expects);
            cx.missing("size", diagnostic.at(cx.entry.head).help(help));
        }
        if let Some(size) = self.size {
            cx.wants::<SomeSize>(size);
        }
    }

    /// Prints it, unless another statement does.
    pub(crate) fn lower(&self, prealloc: impl Emit, out: &mut Lowering<'_>) {
        if self.is_elsewhere() {
            return;
        }
        let object = self.ram.object(out);
        let option = out
            .option("-object")
            .word(object.name())
            .set("id", self.memdev)
            .set("mem-path", self.ram.path(object))
            .set("size", self.size);
        self.ram.print(option, self.ram.share, prealloc);
    }
}

/// Whether a switch is on.
pub(crate) fn on(flag: Option<Val<OnOff>>) -> bool {
    flag.is(|flag| flag.0)
}

/// Switches that say nothing where they are off.
const SWITCHES: &[&str] = &["share", "prealloc", "memfd", "hugetlb", "shm"];

/// What a file alone has.
const OF_FILES: &[&str] = &["readonly", "rom", "pmem", "align", "discard-data", "offset"];

impl Ram {
    /// What says that an object holds it, with its place.
    pub(crate) fn asks_for_object(&self) -> Option<(&'static str, Span)> {
        let switches = [self.share, self.prealloc, self.memfd, self.hugetlb, self.shm];
        let is_on = |name: &str| {
            let switch = SWITCHES.iter().zip(switches).find(|(switch, _)| **switch == name);
            switch.is_none_or(|(_, switch)| on(switch))
        };
        self.said().into_iter().find(|(name, _)| is_on(name))
    }

    /// Whether more is said of it than those options, if they are on.
    pub(crate) fn says_more_than(&self, options: &[&str]) -> bool {
        self.said().into_iter().any(|(name, _)| !options.contains(&name))
    }

    /// The object that holds it.
    pub(crate) fn object(&self, out: &Lowering<'_>) -> Object {
        if self.path.is_some() {
            Object::File
        } else if on(self.shm) {
            Object::Shm
        } else if on(self.memfd) || self.is_huge() || self.seal.is_some() {
            Object::Memfd
        } else if on(self.share) {
            // Before there were files in memory, one of `/dev/shm` did.
            if out.has(&changes::MEMFD) { Object::Memfd } else { Object::File }
        } else {
            Object::Ram
        }
    }

    /// Whether it is in huge pages.
    fn is_huge(&self) -> bool {
        on(self.hugetlb) || (self.hugetlbsize.is_some() && self.hugetlb.is_none())
    }

    /// The file's path, if it is a file.
    pub(crate) fn path(&self, object: Object) -> Option<&dyn Emit> {
        match &self.path {
            Some(path) => Some(path),
            None => (object == Object::File).then_some(&"/dev/shm"),
        }
    }

    /// Whether others can have it, if the text says so, or something else than QEMU would do.
    pub(crate) fn shares(&self, object: Object) -> Option<&'static str> {
        match on(self.share) {
            true => Some("on"),
            false => (object.is_shared() && self.share.is_some()).then_some("off"),
        }
    }

    /// Prints all that is said but the path, and whether it is shared and taken at once.
    pub(crate) fn print<'o>(
        &self,
        option: OptionArg<'o>,
        share: impl Emit,
        prealloc: impl Emit,
    ) -> OptionArg<'o> {
        let hugetlb = self.hugetlb.is_none().then_some("on").filter(|_| self.hugetlbsize.is_some());
        let mut option = option
            .set("hugetlb", hugetlb)
            .set("hugetlb", self.hugetlb)
            .set("hugetlbsize", &self.hugetlbsize)
            .set("seal", self.seal)
            .set("share", share)
            .set("prealloc", prealloc)
            .set("prealloc-threads", self.prealloc_threads)
            .set("prealloc-context", &self.prealloc_context);
        for nodes in &self.host_nodes {
            option = option.set("host-nodes", nodes);
        }
        option
            .set("policy", self.policy)
            .set("merge", self.merge)
            .set("dump", self.dump)
            .set("reserve", self.reserve)
            .set("readonly", self.readonly)
            .set("rom", self.rom)
            .set("pmem", self.pmem)
            .set("align", &self.align)
            .set("discard-data", self.discard_data)
            .set("offset", &self.offset)
            .set("x-use-canonical-path-for-ramblock-id", self.canonical_path)
    }

    /// Reports what is wrong with what is said of it. `size` is how much there is.
    pub(crate) fn check(&self, size: Option<u64>, cx: &mut Checking<'_>) {
        let of_file = self.said().into_iter().find(|(name, _)| OF_FILES.contains(name));
        if let (Some((name, at)), None) = (of_file, &self.path) {
            let diagnostic = Diagnostic::error(
                Code::MissingOption,
                format!("`{name}` is about a file, and there is none"),
            )
            .at(at)
            .help("add `path=` and the file's path");
            cx.missing("path", diagnostic);
        }
        let policy = self.policy.known().filter(|policy| policy.value != Policy::Default);
        match (policy, self.host_nodes.first()) {
            (Some(policy), None) => {
                let message = format!("`policy={policy}` needs the host's nodes");
                let diagnostic = Diagnostic::error(Code::MissingOption, message).at(policy.span);
                cx.missing(
                    "host-nodes",
                    diagnostic.help(
                        Remedy::new("add `host-nodes=` and their numbers: `host-nodes=0`")
                            .insert(policy.span.end, " host-nodes=0"),
                    ),
                );
            }
            (None, Some(nodes)) if !self.policy.is_open() => {
                let diagnostic =
                    Diagnostic::error(Code::MissingOption, "`host-nodes` needs a `policy`").at(nodes.span());
                let help =
                    Remedy::new("say how it is taken from them: `policy=bind`, `preferred` or `interleave`");
                cx.missing(
                    "policy",
                    diagnostic.help(match self.policy.known() {
                        Some(default) => help.replace(default.span, "bind"),
                        None => help.insert(nodes.span().end, " policy=bind"),
                    }),
                );
            }
            _ => {}
        }
        for number in [&self.hugetlbsize, &self.align].into_iter().flatten() {
            cx.wants::<PowerSize>(number);
        }
        if let (Some(page), Some(size)) = (self.hugetlbsize.known(), size)
            && page.bytes.is_power_of_two()
            && size % page.bytes != 0
        {
            let message = format!("{size} bytes are no whole number of pages of {} bytes", page.bytes);
            let help = match size.checked_next_multiple_of(page.bytes) {
                Some(whole) => format!("make it `{}M`, or take smaller pages", whole >> 20),
                None => "take smaller pages".to_owned(),
            };
            cx.report(Diagnostic::error(Code::OutOfRange, message).at(page.span).help(help));
        }
        if let (Some(hugetlb), Some(page)) =
            (self.hugetlb.known().filter(|hugetlb| !hugetlb.0), &self.hugetlbsize)
        {
            cx.report(
                Diagnostic::error(
                    Code::ExclusiveOptions,
                    "`hugetlbsize` is about huge pages, and there are none",
                )
                .label(page.span(), "their size")
                .label(hugetlb.span, "none")
                .help(Remedy::new("write `hugetlb=on`").replace(hugetlb.span, "on")),
            );
        }
        if let (Some(prealloc), Some(reserve)) =
            (self.prealloc.known().filter(|flag| flag.0), self.reserve.known().filter(|flag| !flag.0))
        {
            cx.report(
                Diagnostic::error(Code::ExclusiveOptions, "what is taken at once is reserved")
                    .label(prealloc.span, "taken at once")
                    .label(reserve.span, "not reserved")
                    .help("leave out one of them"),
            );
        }
        let threads = self.said().into_iter().find(|(name, _)| name.starts_with("prealloc-"));
        if let (Some((name, at)), None) = (threads, &self.prealloc) {
            let diagnostic =
                Diagnostic::warning(Code::IgnoredOption, format!("`{name}` does nothing without `prealloc`"));
            cx.report(diagnostic.at(at).help(Remedy::new("add `prealloc`").insert(at.end, " prealloc")));
        }
        if let Some(rom) = self.rom.known().filter(|rom| rom.value == Rom::On)
            && !on(self.readonly)
            && !self.readonly.is_open()
        {
            let diagnostic = Diagnostic::error(Code::MissingOption, "`rom=on` needs `readonly`").at(rom.span);
            cx.missing(
                "readonly",
                diagnostic.help(Remedy::new("add `readonly`").insert(rom.span.end, " readonly")),
            );
        }
    }
}
