//! The pages: what each kind of mistake is, why it is one, and how it is mended.
//!
//! One file each in `pages/`: what it is about, why, and two texts, a wrong and a right one. A test compiles both.
//!
#![cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/diagnostics.md"))]

use crate::code::Code;

impl Code {
    /// The code of this name, such as `unknown-option`.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }

    /// Its page, as Markdown that also reads well in a terminal: what the mistake is, why it is one, a text that has
    /// it and one that has not.
    pub fn page(self) -> String {
        format!("# {}\n\n{}.\n\n{}", self.as_str(), sentence(self.title()), text(self))
    }
}

/// With a capital letter.
fn sentence(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// All pages one behind the other, with a list of them: `docs/diagnostics.md`.
pub fn all() -> String {
    let mut out = String::from(
        "# Diagnostics\n\n\
         <!-- Generated from qemu-dsl/src/pages: `UPDATE_DOCS=1 cargo test -p qemu-dsl --test pages` writes it. -->\n\n\
         What the compiler has to say about a text, by code. `qemu-dslc explain CODE` prints a page. Where a page does not say\n\
         otherwise it is about an error: no output is made. A warning or advice leaves the output as it is.\n\n\
         Where a `*` stands behind a code, its level can be set: `--allow CODE` says nothing, `--warn CODE` warns, `--deny CODE`\n\
         makes it an error, and `warnings` stands for all warnings. In a program `#![allow(CODE)]` at the beginning of `vm!` does\n\
         the same. It is set for warnings and advice, and for errors that only follow from what QEMU's schema has.\n\n",
    );
    for code in Code::ALL {
        let settable = if code.is_settable() { "\\*" } else { "" };
        out += &format!("- [`{0}`](#{0}){settable}: {1}\n", code.as_str(), code.title());
    }
    for code in Code::ALL {
        out += &format!("\n#{}", code.page());
    }
    out
}

/// What stands below the heading.
fn text(code: Code) -> &'static str {
    match code {
        Code::UnexpectedText => include_str!("pages/unexpected-text.md"),
        Code::Comma => include_str!("pages/comma.md"),
        Code::QuoteIt => include_str!("pages/quote-it.md"),
        Code::UnterminatedString => include_str!("pages/unterminated-string.md"),
        Code::UnterminatedComment => include_str!("pages/unterminated-comment.md"),
        Code::NestedComment => include_str!("pages/nested-comment.md"),
        Code::BadEscape => include_str!("pages/bad-escape.md"),
        Code::LateValue => include_str!("pages/late-value.md"),
        Code::BadHole => include_str!("pages/bad-hole.md"),
        Code::BadBlock => include_str!("pages/bad-block.md"),
        Code::BadInclude => include_str!("pages/bad-include.md"),
        Code::UnbalancedAngle => include_str!("pages/unbalanced-angle.md"),
        Code::TooLong => include_str!("pages/too-long.md"),
        Code::UnknownStatement => include_str!("pages/unknown-statement.md"),
        Code::UnknownKind => include_str!("pages/unknown-kind.md"),
        Code::UnknownOption => include_str!("pages/unknown-option.md"),
        Code::MissingKind => include_str!("pages/missing-kind.md"),
        Code::MissingValue => include_str!("pages/missing-value.md"),
        Code::ReadsAsValue => include_str!("pages/reads-as-value.md"),
        Code::MissingOption => include_str!("pages/missing-option.md"),
        Code::RepeatedOption => include_str!("pages/repeated-option.md"),
        Code::RepeatedStatement => include_str!("pages/repeated-statement.md"),
        Code::ExclusiveOptions => include_str!("pages/exclusive-options.md"),
        Code::WrongType => include_str!("pages/wrong-type.md"),
        Code::OutOfRange => include_str!("pages/out-of-range.md"),
        Code::Inexpressible => include_str!("pages/inexpressible.md"),
        Code::AsksForHelp => include_str!("pages/asks-for-help.md"),
        Code::NameTooLong => include_str!("pages/name-too-long.md"),
        Code::ProtocolInPath => include_str!("pages/protocol-in-path.md"),
        Code::ForeignSyntax => include_str!("pages/foreign-syntax.md"),
        Code::UnknownParameter => include_str!("pages/unknown-parameter.md"),
        Code::UnsetParameter => include_str!("pages/unset-parameter.md"),
        Code::ParameterType => include_str!("pages/parameter-type.md"),
        Code::RepeatedParameter => include_str!("pages/repeated-parameter.md"),
        Code::DuplicateId => include_str!("pages/duplicate-id.md"),
        Code::UnknownId => include_str!("pages/unknown-id.md"),
        Code::WrongId => include_str!("pages/wrong-id.md"),
        Code::InUse => include_str!("pages/in-use.md"),
        Code::UnknownBus => include_str!("pages/unknown-bus.md"),
        Code::BusCycle => include_str!("pages/bus-cycle.md"),
        Code::PciSlot => include_str!("pages/pci-slot.md"),
        Code::PciFunction => include_str!("pages/pci-function.md"),
        Code::AddressInUse => include_str!("pages/address-in-use.md"),
        Code::SingleFunction => include_str!("pages/single-function.md"),
        Code::DuplicateChassis => include_str!("pages/duplicate-chassis.md"),
        Code::NotPluggable => include_str!("pages/not-pluggable.md"),
        Code::OfBase => include_str!("pages/of-base.md"),
        Code::OtherTarget => include_str!("pages/other-target.md"),
        Code::VhostFds => include_str!("pages/vhost-fds.md"),
        Code::MqUnsupported => include_str!("pages/mq-unsupported.md"),
        Code::MissingQueues => include_str!("pages/missing-queues.md"),
        Code::IgnoredOption => include_str!("pages/ignored-option.md"),
        Code::MulticastMac => include_str!("pages/multicast-mac.md"),
        Code::EqualMacs => include_str!("pages/equal-macs.md"),
        Code::SharedMac => include_str!("pages/shared-mac.md"),
        Code::GuessedFormat => include_str!("pages/guessed-format.md"),
        Code::NativeAio => include_str!("pages/native-aio.md"),
        Code::UnsharedMemory => include_str!("pages/unshared-memory.md"),
        Code::NowaitWithoutServer => include_str!("pages/nowait-without-server.md"),
        Code::MissingMachine => include_str!("pages/missing-machine.md"),
        Code::TooManyCpus => include_str!("pages/too-many-cpus.md"),
        Code::Topology => include_str!("pages/topology.md"),
        Code::NumaNodes => include_str!("pages/numa-nodes.md"),
        Code::MemoryMax => include_str!("pages/memory-max.md"),
        Code::SlotsWithoutMax => include_str!("pages/slots-without-max.md"),
        Code::DimmWithoutSlots => include_str!("pages/dimm-without-slots.md"),
        Code::DimmWithoutNvdimm => include_str!("pages/dimm-without-nvdimm.md"),
        Code::HostCpuWithoutKvm => include_str!("pages/host-cpu-without-kvm.md"),
        Code::NographicDaemonize => include_str!("pages/nographic-daemonize.md"),
        Code::OpenDisplay => include_str!("pages/open-display.md"),
        Code::VisibleSecret => include_str!("pages/visible-secret.md"),
        Code::MissingKernel => include_str!("pages/missing-kernel.md"),
        Code::FutureTarget => include_str!("pages/future-target.md"),
        Code::UnknownTarget => include_str!("pages/unknown-target.md"),
        Code::HasStatement => include_str!("pages/has-statement.md"),
        Code::WrongArchitecture => include_str!("pages/wrong-architecture.md"),
        Code::Unchecked => include_str!("pages/unchecked.md"),
        Code::Deprecated => include_str!("pages/deprecated.md"),
        Code::Removed => include_str!("pages/removed.md"),
        Code::NotYet => include_str!("pages/not-yet.md"),
        Code::UnknownDevice => include_str!("pages/unknown-device.md"),
        Code::NotCreatable => include_str!("pages/not-creatable.md"),
        Code::UnknownProperty => include_str!("pages/unknown-property.md"),
        Code::ReadOnly => include_str!("pages/read-only.md"),
        Code::UnknownMachine => include_str!("pages/unknown-machine.md"),
        Code::UnknownCpu => include_str!("pages/unknown-cpu.md"),
        Code::Rejected => include_str!("pages/rejected.md"),
    }
}
