//! A drive: how the host has the file of a `disk` or a `cdrom`.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::{Maybe, Val};
use crate::plan::{FdSource, Piece, Show};
use crate::print::{As, Emit, FD_SETS, Lowering, text};
use crate::qemu::changes;
use crate::source::Node;
use crate::statement::form::{Group as _, group};
use crate::statement::passthrough::check_node_name;
use crate::value::{FdFlag, Format, OnOff, Path, choice, is_windows_path};

choice! {
    /// How the host's file is read and written.
    Aio { Threads "threads": "by threads", Native "native": "by Linux's own asynchronous I/O, past the cache", IoUring "io_uring": "by io_uring" }
}

choice! {
    /// How the host caches.
    Cache {
        Writeback "writeback": "reads and writes",
        None "none": "nothing on the host",
        Writethrough "writethrough": "reads only",
        Directsync "directsync": "nothing at all",
        Unsafe "unsafe": "everything, and ignores flushes"
    }
}

choice! {
    /// What becomes of blocks that the guest has no more use for.
    Discard { Ignore "ignore": "they stay", Unmap "unmap": "the file gives them back" }
}

choice! {
    /// What becomes of zeros that the guest writes.
    Zeroes {
        Off "off": "they are written",
        On "on": "they are written in the file's own way, which takes less time",
        Unmap "unmap": "the file gives these blocks back, where `discard=unmap` lets it",
    }
}

group! {
    /// How the host has a drive's file.
    Drive {
        /// The file is opened before QEMU starts, which gets it as a file descriptor: it needs no right of its own to open
        /// it. Whatever else the image refers to, such as a backing file, QEMU opens. A block device can't be had so, but by
        /// a guest that runs (`devices!`): QEMU would take it for a file, and refuse it.
        fd "fd": Option<Val<FdFlag>>,
        /// The format of the file, such as `raw` or `qcow2`. Without it QEMU guesses, and a guest can mislead it.
        format "format": Option<Val<Format>>,
        /// How the file is read and written. `native` needs a direct cache, which it switches on where `cache=` is
        /// absent.
        aio "aio": Option<Val<Aio>>,
        /// How the host caches.
        cache "cache": Option<Val<Cache>>,
        /// The guest can't write.
        readonly "readonly": Option<Val<OnOff>>,
        /// What becomes of blocks that the guest has no more use for.
        discard "discard": Option<Val<Discard>>,
        /// What becomes of zeros that the guest writes.
        detect_zeroes "detect-zeroes": Option<Val<Zeroes>>,
        /// What is read from the backing file is kept in the file.
        copy_on_read "copy-on-read": Option<Val<OnOff>>,
        /// What the guest writes goes to a file that is gone when QEMU ends: the drive's own stays as it is.
        snapshot "snapshot": Option<Val<OnOff>>,
    }
}

/// What a drive is called, and its file.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    pub(crate) drive: &'a dyn Emit,
    /// The device, after which a file descriptor is called.
    pub(crate) device: &'a dyn Emit,
    pub(crate) file: &'a Val<Path>,
    /// What holds where nothing is said of the format.
    pub(crate) format: Option<&'static str>,
    /// Whether the guest can't write, whatever is said.
    pub(crate) is_readonly: bool,
    pub(crate) interface: &'a dyn Emit,
}

impl Drive {
    fn is_native(&self) -> bool {
        self.aio.is(|aio| *aio == Aio::Native)
    }

    /// Whether the host caches in one of these ways.
    fn caches(&self, ways: &[Cache]) -> bool {
        self.cache.is(|cache| ways.contains(cache))
    }

    /// Whether writes go to the disk at once, which of a block node is the device's to say.
    pub(crate) fn writes_through(&self) -> bool {
        self.caches(&[Cache::Writethrough, Cache::Directsync])
    }

    /// What a block node needs beyond a drive.
    fn check_node(&self, id: Option<&Node<String>>, cx: &mut Checking<'_>) {
        if self.format.is_none() {
            let message =
                format!("`{}` needs its `format=` to be plugged into a guest", cx.entry.spec.keyword);
            let diagnostic = Diagnostic::error(Code::MissingOption, message)
                .at(cx.entry.head)
                .help("add `format=raw` or `format=qcow2`: QEMU guesses none here");
            cx.missing("format", diagnostic);
        }
        if let Some(id) = id {
            check_node_name(id, id.span, cx);
        }
        let flags = [("copy-on-read", self.copy_on_read), ("snapshot", self.snapshot)];
        for (name, flag) in flags {
            if let Some(flag) = flag.filter(|flag| flag.known().is_none_or(|flag| flag.0)) {
                let message = format!("a drive that is plugged into a guest has no `{name}`");
                let help = "leave it out, or put the drive into the VM's text";
                cx.report(Diagnostic::error(Code::IgnoredOption, message).at(flag.span()).help(help));
            }
        }
    }

    /// Reports what is said of a file where there is none: of what another statement makes, that says it.
    fn check_absent(&self, interface: Option<Span>, cx: &mut Checking<'_>) {
        for (name, at) in self.said().into_iter().chain(interface.map(|at| ("if", at))) {
            let message = format!("`{name}` is of a file, and none is in this drive");
            let help = "add `file=`, or leave it out: what `drive=` names has its own";
            cx.report(Diagnostic::error(Code::IgnoredOption, message).at(at).help(help));
        }
    }

    /// Reports what is wrong with a drive of this file, or of none. `guesses` tells whether QEMU guesses the format;
    /// `interface` stands where the text says what the drive is connected to.
    pub(crate) fn check(
        &self,
        file: &Option<Val<Path>>,
        id: Option<&Node<String>>,
        guesses: bool,
        interface: Option<Span>,
        cx: &mut Checking<'_>,
    ) {
        let Some(file) = file else { return self.check_absent(interface, cx) };
        if cx.vm.is_fragment {
            self.check_node(id, cx);
        } else if self.format.is_none() && guesses {
            let diagnostic = Diagnostic::warning(Code::GuessedFormat, "QEMU guesses the format of this disk")
                .at(file.span())
                .help("add `format=raw` or `format=qcow2`: a guest could write another format's header to a raw disk");
            cx.missing("format", diagnostic);
        }
        let is_taken = |path: &Path| Show::FilePath.text(&path.0) != path.0 && !is_windows_path(&path.0);
        if let Some(path) = file.known().filter(|path| is_taken(path) && !cx.vm.is_fragment) {
            cx.report(
                Diagnostic::warning(
                    Code::ProtocolInPath,
                    format!("`{}` is taken as the name of a file", path.0),
                )
                .at(path.span)
                .help("for a disk behind a protocol use `blockdev` and `device`; write `./` before a file's name"),
            );
        }
        if let (true, Some(cache)) = (self.is_native(), self.cache.known())
            && !matches!(cache.value, Cache::None | Cache::Directsync)
        {
            let aio = self.aio.map_or(cache.span, |aio| aio.span());
            cx.report(
                Diagnostic::error(Code::NativeAio, format!("`aio=native` can't go with `cache={cache}`"))
                    .label(aio, "needs a direct cache")
                    .label(cache.span, "is not")
                    .help("write `cache=none`, or `aio=threads`"),
            );
        }
        if let (Some(aio), false) =
            (self.aio.known().filter(|aio| aio.value == Aio::IoUring), cx.has(&changes::AIO_IO_URING))
        {
            let target = cx.target();
            cx.report(
                Diagnostic::error(Code::NotYet, format!("QEMU {target} has no `aio=io_uring` yet"))
                    .at(aio.span)
                    .help("write `aio=threads` or `aio=native`"),
            );
        }
        let unmaps = self.discard.is(|discard| *discard == Discard::Unmap) || self.discard.is_open();
        if let Some(zeroes) =
            self.detect_zeroes.known().filter(|zeroes| zeroes.value == Zeroes::Unmap && !unmaps)
        {
            let diagnostic =
                Diagnostic::error(Code::MissingOption, "`detect-zeroes=unmap` needs `discard=unmap`")
                    .at(zeroes.span)
                    .help("add `discard=unmap`, or write `detect-zeroes=on`");
            cx.missing("discard", diagnostic);
        }
    }

    /// Adds the drive's file descriptor, where it has one, and calls it as QEMU is to find it. Its device comes between that
    /// and the drive.
    pub(crate) fn fd(&self, of: Of<'_>, out: &mut Lowering<'_>) -> Option<Piece> {
        let readonly = of.is_readonly || self.readonly.is(|readonly| readonly.0);
        let source = FdSource::File { path: text(of.file), readonly, direct: self.is_direct(out) };
        let fd = out.fd(self.fd, source, of.device);
        if let Some(fd) = &fd {
            // A set for each, called like its one member. QEMU takes from it what is open as it would open the file.
            out.option("-add-fd").set("fd", fd).set("set", fd).set("opaque", of.file);
        }
        fd
    }

    /// Whether `aio=native` switches on the direct cache that it needs.
    fn makes_direct(&self, out: &Lowering<'_>) -> bool {
        // The seed's QEMU fell back to threads where it could not, as that of no guest does that runs.
        self.is_native() && self.cache.is_none() && (out.plugs() || !out.has(&changes::SHORT_BOOLEANS))
    }

    fn is_direct(&self, out: &Lowering<'_>) -> bool {
        self.makes_direct(out) || self.caches(&[Cache::None, Cache::Directsync])
    }

    /// Prints it, by its file descriptor where it has one.
    pub(crate) fn lower(&self, of: Of<'_>, fd: Option<Piece>, out: &mut Lowering<'_>) {
        if out.plugs() {
            return self.lower_node(of, fd, out);
        }
        let native = self.makes_direct(out);
        // QEMU would look for one that can only be read at first.
        let readonly = of.is_readonly || self.readonly.is(|readonly| readonly.0);
        let at_once = fd.is_some() && !readonly && out.has(&changes::AUTO_READ_ONLY);
        let option = out
            .option("-drive")
            .set("id", of.drive)
            .set("file", fd.is_none().then_some(As(Show::FilePath, of.file)))
            .set_prefixed("file", FD_SETS, fd)
            .set("aio", &self.aio);
        let option = match of.format.filter(|_| self.format.is_none()) {
            Some(format) => option.set("format", format),
            None => option.set("format", &self.format),
        };
        let option = option.set("cache", &self.cache).set("cache.direct", native.then_some("on"));
        let option =
            if of.is_readonly { option.on("readonly") } else { option.set("readonly", self.readonly) };
        option
            .set("auto-read-only", at_once.then_some("off"))
            .set("discard", self.discard)
            .set("detect-zeroes", self.detect_zeroes)
            .set("copy-on-read", self.copy_on_read)
            .set("if", of.interface)
            .set("snapshot", self.snapshot);
    }

    /// Prints it as block nodes, which a guest that runs can be given. The file's node has from the other what is not its
    /// own.
    fn lower_node(&self, of: Of<'_>, fd: Option<Piece>, out: &mut Lowering<'_>) {
        let direct = self.is_direct(out);
        let option = out.option("-blockdev");
        let option = match of.format.filter(|_| self.format.is_none()) {
            Some(format) => option.set("driver", format),
            None => option.set("driver", &self.format),
        };
        let option = option.set("node-name", of.drive);
        let option =
            if of.is_readonly { option.on("read-only") } else { option.set("read-only", self.readonly) };
        option
            .set("cache.direct", direct.then_some("on"))
            .set("cache.no-flush", self.caches(&[Cache::Unsafe]).then_some("on"))
            .set("discard", self.discard)
            .set("detect-zeroes", self.detect_zeroes)
            .set("file.filename", fd.is_none().then_some(of.file))
            .set_prefixed("file.filename", FD_SETS, fd)
            .set("file.aio", self.aio);
    }
}
