//! The kinds of mistake: one stable code each.

macro_rules! codes {
    ($($(#[doc = $title:literal])+ $name:ident = $code:literal $($settable:ident)?,)+) => {
        /// Which kind of mistake a diagnostic is about.
        ///
        /// Its text ([`Code::as_str`]) is stable: scripts may rely on it. `qemu-dslc explain CODE` prints its page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $title])+ $name,)+
        }

        impl Code {
            /// All of them, in the order of the pages.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// Whether there are warnings, advice or errors by QEMU's schema of this code, so that its
            /// [level](crate::Levels) can be set.
            pub const fn is_settable(self) -> bool {
                match self {
                    $(Self::$name => codes!(@ $($settable)?),)+
                }
            }

            /// Whether it is about how a text is written, whatever its values are.
            #[cfg(feature = "compiler")]
            pub(crate) const fn is_of_form(self) -> bool {
                matches!(
                    self,
                    Self::UnexpectedText
                        | Self::Comma
                        | Self::QuoteIt
                        | Self::BadHole
                        | Self::BadBlock
                        | Self::BadInclude
                        | Self::UnknownStatement
                        | Self::UnknownKind
                        | Self::MissingKind
                        | Self::UnknownOption
                        | Self::MissingOption
                        | Self::RepeatedOption
                        | Self::MissingValue
                        | Self::UnknownParameter
                        | Self::ParameterType
                )
            }

            /// What it is about, in a line.
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($title),+).trim_start(),)+
                }
            }
        }
    };
    (@) => { false };
    (@ settable) => { true };
}

codes! {
    // The text.
    /// something stands where nothing can
    UnexpectedText = "unexpected-text",
    /// a comma where none can stand
    Comma = "comma",
    /// a value that must be quoted
    QuoteIt = "quote-it",
    /// a string without its closing quote
    UnterminatedString = "unterminated-string",
    /// a comment without its end
    UnterminatedComment = "unterminated-comment",
    /// a comment inside a comment
    NestedComment = "nested-comment",
    /// an escape that Rust doesn't have
    BadEscape = "bad-escape",
    /// a value that comes later where none can
    LateValue = "late-value",
    /// braces that are no hole
    BadHole = "bad-hole",
    /// a block that isn't written as one
    BadBlock = "bad-block",
    /// a file that can't be included
    BadInclude = "bad-include",
    /// an angle bracket without the other
    UnbalancedAngle = "unbalanced-angle",
    /// a text too long to be a VM
    TooLong = "too-long",

    // The words.
    /// a word that begins no statement
    UnknownStatement = "unknown-statement",
    /// a kind that the statement doesn't have
    UnknownKind = "unknown-kind",
    /// an option that the statement doesn't have
    UnknownOption = "unknown-option",
    /// a kind that is missing
    MissingKind = "missing-kind",
    /// a value that is missing
    MissingValue = "missing-value" settable,
    /// a keyword that is taken as a value
    ReadsAsValue = "reads-as-value" settable,
    /// an option that is required
    MissingOption = "missing-option" settable,
    /// an option given twice
    RepeatedOption = "repeated-option",
    /// a statement given twice
    RepeatedStatement = "repeated-statement",
    /// options that exclude each other
    ExclusiveOptions = "exclusive-options" settable,

    // The values.
    /// a value of the wrong type
    WrongType = "wrong-type" settable,
    /// a value out of its range
    OutOfRange = "out-of-range" settable,
    /// a value that QEMU's syntax can't say
    Inexpressible = "inexpressible",
    /// a word by which QEMU prints a list and ends
    AsksForHelp = "asks-for-help",
    /// a name that is too long for its place
    NameTooLong = "name-too-long",
    /// a file name that could be read as a protocol
    ProtocolInPath = "protocol-in-path" settable,
    /// a value that only a shell or Windows understands
    ForeignSyntax = "foreign-syntax" settable,

    // Parameters.
    /// a hole that names no parameter
    UnknownParameter = "unknown-parameter",
    /// a parameter without a value
    UnsetParameter = "unset-parameter",
    /// a parameter's value of the wrong type
    ParameterType = "parameter-type",
    /// a parameter declared twice
    RepeatedParameter = "repeated-parameter",

    // Ids and buses.
    /// an id used twice
    DuplicateId = "duplicate-id",
    /// an id that nothing has
    UnknownId = "unknown-id" settable,
    /// an id of another kind of thing
    WrongId = "wrong-id" settable,
    /// a second device for what has one
    InUse = "in-use",
    /// a bus that nothing provides
    UnknownBus = "unknown-bus" settable,
    /// devices that sit on each other's bus
    BusCycle = "bus-cycle",
    /// a PCI slot above 1f
    PciSlot = "pci-slot",
    /// a PCI function above 7
    PciFunction = "pci-function",
    /// two devices at one address
    AddressInUse = "address-in-use" settable,
    /// devices that share a slot of one device
    SingleFunction = "single-function",
    /// two bridges with one chassis number
    DuplicateChassis = "duplicate-chassis",
    /// what can't be plugged into a guest that runs
    NotPluggable = "not-pluggable" settable,
    /// what a part of a VM leaves to its base
    OfBase = "of-base",
    /// parts of a VM for different versions of QEMU
    OtherTarget = "other-target",

    // Devices.
    /// fewer or more vhost fds than queues
    VhostFds = "vhost-fds",
    /// queues on a device that has none
    MqUnsupported = "mq-unsupported",
    /// an interface that needs queues
    MissingQueues = "missing-queues",
    /// an option that has no effect
    IgnoredOption = "ignored-option" settable,
    /// a MAC address of a group
    MulticastMac = "multicast-mac" settable,
    /// a MAC address used twice
    EqualMacs = "equal-macs" settable,
    /// a generated MAC address that other VMs share
    SharedMac = "shared-mac" settable,
    /// a disk whose format QEMU guesses
    GuessedFormat = "guessed-format" settable,
    /// asynchronous I/O that needs a direct cache
    NativeAio = "native-aio",
    /// memory that must be shared and is not
    UnsharedMemory = "unshared-memory",
    /// `nowait` on a socket that waits for nobody
    NowaitWithoutServer = "nowait-without-server",

    // The machine.
    /// a machine that QEMU doesn't choose by itself
    MissingMachine = "missing-machine" settable,
    /// more CPUs than the machine takes
    TooManyCpus = "too-many-cpus" settable,
    /// a topology that doesn't give the CPUs
    Topology = "topology",
    /// nodes that don't share out the memory and CPUs
    NumaNodes = "numa-nodes" settable,
    /// more memory at the start than at most
    MemoryMax = "memory-max",
    /// memory slots without a maximum
    SlotsWithoutMax = "slots-without-max",
    /// a DIMM without a slot
    DimmWithoutSlots = "dimm-without-slots",
    /// an NVDIMM on a machine without them
    DimmWithoutNvdimm = "dimm-without-nvdimm",
    /// the host's CPU without KVM
    HostCpuWithoutKvm = "host-cpu-without-kvm" settable,
    /// a terminal and no terminal
    NographicDaemonize = "nographic-daemonize",
    /// a screen that anyone on the network can use
    OpenDisplay = "open-display" settable,
    /// a secret that anyone on the host can read
    VisibleSecret = "visible-secret" settable,
    /// kernel options without a kernel
    MissingKernel = "missing-kernel",

    // Versions of QEMU.
    /// a target that is newer than this compiler
    FutureTarget = "future-target" settable,
    /// a target that is not known
    UnknownTarget = "unknown-target",
    /// a program for another architecture
    WrongArchitecture = "wrong-architecture",
    /// an architecture whose names nobody checks
    Unchecked = "unchecked" settable,
    /// A statement says what the text passes on.
    HasStatement = "has-statement" settable,
    /// something that the target deprecates
    Deprecated = "deprecated" settable,
    /// something that the target has no more
    Removed = "removed" settable,
    /// something that the target has not yet
    NotYet = "not-yet",

    // QEMU's own names.
    /// a device, object or backend that the target doesn't know
    UnknownDevice = "unknown-device" settable,
    /// a device that no option creates
    NotCreatable = "not-creatable" settable,
    /// a property that a device or object doesn't have
    UnknownProperty = "unknown-property" settable,
    /// a property that only tells something
    ReadOnly = "read-only" settable,
    /// a machine type that the target doesn't know
    UnknownMachine = "unknown-machine" settable,
    /// a CPU model that the target doesn't know
    UnknownCpu = "unknown-cpu" settable,

    // QEMU itself.
    /// something that QEMU refuses when it is started
    Rejected = "rejected",
}
