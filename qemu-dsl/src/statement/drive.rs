//! A drive: how the host has the file of a `disk` or a `cdrom`.

use crate::Span;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hardware::Checking;
use crate::model::{Maybe, Property, Val};
use crate::plan::{FdSource, Piece, Show};
use crate::print::{As, Emit, FD_SETS, Lowering, text};
use crate::qemu::changes;
use crate::schema::{self, Kind};
use crate::source::Node;
use crate::statement::form::{Group as _, group};
use crate::statement::passthrough::check_node_name;
use crate::statement::throttle_group::{OF_DRIVES, check_drive, plain};
use crate::statement::url;
use crate::value::{FdFlag, Format, IdText, OnOff, Path, Text, choice, is_windows_path};

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
        /// The image is behind a URL: `nbd://HOST/EXPORT`, `nbd+unix:///EXPORT?socket=PATH`, `iscsi://HOST/TARGET/LUN`,
        /// `rbd:POOL/IMAGE`, `ssh://HOST/PATH`, `nfs://HOST/PATH`, or one of HTTP or FTP. Passwords are a `secret`'s:
        /// `file.password-secret=ID`.
        url "url": Option<Val<Text>> { excludes: &["file", "fd", "aio"] },
        /// The id of the `secret` that opens an encrypted image: `format=luks`, or a `qcow2` that is encrypted so.
        key_secret "key-secret": Option<Val<IdText>>,
    }
}

/// What a form's properties say of its image, and what only a block node can be given: its name, `backing.driver=` and the like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers<'a> {
    properties: Vec<&'a Property>,
    name: Option<Span>,
    /// [`OF_DRIVES`], which only a drive can be given.
    throttling: Vec<&'a Property>,
}

/// Formats whose images have properties.
const FORMATS: &[&str] = &["qcow2", "raw"];

impl<'a> Layers<'a> {
    /// Those among a form's properties, and the others: its device's.
    pub(crate) fn of(name: Option<Span>, properties: &'a [Property]) -> (Self, Vec<&'a Property>) {
        let is_images = |property: &&Property| {
            let types = schema::of_all()
                .iter()
                .flat_map(|schema| FORMATS.iter().filter_map(|format| schema.find(Kind::Blockdev, format)));
            types.into_iter().any(|ty| ty.takes(&property.name))
        };
        let is_throttling = |property: &&Property| OF_DRIVES.names.contains(&property.name.as_str());
        let (throttling, others): (Vec<_>, Vec<_>) = properties.iter().partition(is_throttling);
        let (images, devices) = others.into_iter().partition(is_images);
        (Self { properties: images, name, throttling }, devices)
    }

    /// Where the first of them stands.
    fn first(&self) -> Option<Span> {
        self.name.or_else(|| self.properties.first().map(|property| property.name.span))
    }

    fn has(&self, name: &str) -> bool {
        self.properties.iter().any(|property| property.name.as_str() == name)
    }
}

/// What has an image.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A file of the host, or a block device.
    File(&'a Val<Path>),
    /// A URL.
    Url(&'a Val<Text>),
    /// What the properties of its node say: `file.driver=`.
    Properties,
}

impl<'a> Source<'a> {
    const fn file(self) -> Option<&'a Val<Path>> {
        match self {
            Self::File(file) => Some(file),
            Self::Url(_) | Self::Properties => None,
        }
    }

    /// The properties of a URL's node.
    fn of_url(self) -> Vec<(&'static str, Node<String>)> {
        let Self::Url(url) = self else { return Vec::new() };
        let known = url.known().map(|url| url::properties(&url.0));
        // Of one that says nothing is told elsewhere.
        let all = known.and_then(Result::ok).unwrap_or_else(|| vec![("file.driver", "null-co".to_owned())]);
        all.into_iter().map(|(name, value)| (name, Node::new(value, url.span()))).collect()
    }
}

/// What a drive is called, and its image.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    pub(crate) layers: &'a Layers<'a>,
    pub(crate) drive: &'a dyn Emit,
    /// The device, after which a file descriptor is called.
    pub(crate) device: &'a dyn Emit,
    pub(crate) source: Source<'a>,
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

    /// Whether it is a block node, which `-drive` can't make, and where the text says so.
    pub(crate) fn node(&self, layers: &Layers<'_>) -> Option<Span> {
        let own = self.url.as_ref().map(Val::span).or_else(|| self.key_secret.as_ref().map(Val::span));
        layers.first().or(own)
    }

    /// What has the image, if there is one.
    pub(crate) fn source<'a>(
        &'a self,
        file: &'a Option<Val<Path>>,
        layers: &Layers<'_>,
    ) -> Option<Source<'a>> {
        let of_url = || self.url.as_ref().map(Source::Url);
        let of_properties = || layers.has("file.driver").then_some(Source::Properties);
        file.as_ref().map(Source::File).or_else(of_url).or_else(of_properties)
    }

    /// Reports a URL that says nothing.
    fn check_url(&self, cx: &mut Checking<'_>) {
        let Some(url) = &self.url else { return };
        let (code, message, help) = match url.known() {
            Some(known) => match url::properties(&known.0) {
                Ok(_) => return,
                Err((message, help)) => (Code::WrongType, message, help),
            },
            None => {
                let help = "write it out, or name the driver and its properties: `blockdev`";
                (
                    Code::LateValue,
                    "a URL can't come later: it says which driver has the image".to_owned(),
                    help,
                )
            }
        };
        cx.report(Diagnostic::error(code, message).at(url.span()).help(help));
    }

    /// What a block node needs beyond a drive. `guesses` tells whether its format is to be written.
    fn check_node(
        &self,
        id: Option<&Node<String>>,
        guesses: bool,
        layers: &Layers<'_>,
        cx: &mut Checking<'_>,
    ) {
        let plugs = cx.vm.is_fragment;
        if self.format.is_none() && (guesses || plugs) {
            let what = if plugs { "to be plugged into a guest" } else { "to be a block node" };
            let message = format!("`{}` needs its `format=` {what}", cx.entry.spec.keyword);
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
                let (message, help) = if plugs {
                    let message = format!("a drive that is plugged into a guest has no `{name}`");
                    (message, "leave it out, or put the drive into the VM's text".to_owned())
                } else {
                    let help = match name {
                        "snapshot" => "leave it out: what the guest writes, a node's file gets".to_owned(),
                        _ => format!("leave it out, or put a `blockdev {name}` above the node"),
                    };
                    (format!("a block node has no `{name}`"), help)
                };
                cx.report(Diagnostic::error(Code::IgnoredOption, message).at(flag.span()).help(help));
            }
        }
        if let Some(limit) = layers.throttling.first() {
            let message = format!("a block node has no `{}`", limit.name.as_str());
            let help = "leave it out, or put a `blockdev throttle` with its `throttle-group` above the node";
            cx.report(Diagnostic::error(Code::IgnoredOption, message).at(limit.name.span).help(help));
        }
    }

    /// Reports a secret of an image that isn't encrypted, and an encrypted one without.
    fn check_secret(&self, cx: &mut Checking<'_>) {
        let Some(format) = &self.format else { return };
        let Some(secret) = &self.key_secret else {
            if let Some(format) = format.known().filter(|format| format.0 == "luks") {
                let message = "an image of the format `luks` needs `key-secret=`";
                let help = "add `key-secret=` and the id of a `secret`";
                let diagnostic = Diagnostic::error(Code::MissingOption, message).at(format.span).help(help);
                cx.missing("key-secret", diagnostic);
            }
            return;
        };
        let diagnostic = match format.known() {
            Some(known) if matches!(known.0.as_str(), "luks" | "qcow2") => return,
            Some(known) => {
                let message = format!("an image of the format `{}` has no `key-secret`", known.0);
                let help = "leave it out, or write `format=luks` or `format=qcow2`";
                Diagnostic::error(Code::IgnoredOption, message).at(secret.span()).help(help)
            }
            None => {
                let message = "the format of an encrypted image can't come later";
                let help = "write `format=luks` or `format=qcow2`";
                Diagnostic::error(Code::LateValue, message).at(format.span()).help(help)
            }
        };
        cx.report(diagnostic);
    }

    /// Reports what is said of a file where there is none: of what another statement makes, that says it.
    fn check_absent(&self, interface: Option<Span>, layers: &Layers<'_>, cx: &mut Checking<'_>) {
        let named = layers.name.map(|at| ("node-name", at));
        let of_image = layers.properties.iter().chain(&layers.throttling);
        let of_image = of_image.map(|property| (property.name.as_str(), property.name.span));
        let all = self.said().into_iter().chain(interface.map(|at| ("if", at))).chain(named).chain(of_image);
        for (name, at) in all {
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
        layers: &Layers<'_>,
        cx: &mut Checking<'_>,
    ) {
        if self.source(file, layers).is_none() {
            return self.check_absent(interface, layers, cx);
        }
        self.check_url(cx);
        check_drive(&layers.throttling, cx);
        self.check_secret(cx);
        let is_node = self.node(layers).is_some();
        if let Some(interface) = interface.filter(|_| is_node && !cx.vm.is_fragment) {
            let message = "a block node is connected by its device alone";
            let help = "leave out `if=`";
            cx.report(Diagnostic::error(Code::IgnoredOption, message).at(interface).help(help));
        }
        if cx.vm.is_fragment || is_node {
            self.check_node(id, guesses, layers, cx);
        } else if self.format.is_none() && guesses {
            let diagnostic = Diagnostic::warning(Code::GuessedFormat, "QEMU guesses the format of this disk")
                .at(file.as_ref().map_or(cx.entry.head, Val::span))
                .help("add `format=raw` or `format=qcow2`: a guest could write another format's header to a raw disk");
            cx.missing("format", diagnostic);
        }
        let is_taken = |path: &Path| Show::FilePath.text(&path.0) != path.0 && !is_windows_path(&path.0);
        if let Some(path) = file.known().filter(|path| is_taken(path) && !cx.vm.is_fragment && !is_node) {
            cx.report(
                Diagnostic::warning(
                    Code::ProtocolInPath,
                    format!("`{}` is taken as the name of a file", path.0),
                )
                .at(path.span)
                .help(if url::properties(&path.0).is_ok() {
                    format!("for what is behind a URL write `url=\"{}\"`; write `./` before a file's name", path.0)
                } else {
                    "for a disk behind a protocol write `url=`, or `file.driver=`; write `./` before a file's name".to_owned()
                }),
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
        let file = of.source.file()?;
        let source = FdSource::File { path: text(file), readonly, direct: self.is_direct(out) };
        let fd = out.fd(self.fd, source, of.device);
        if let Some(fd) = &fd {
            // A set for each, called like its one member. QEMU takes from it what is open as it would open the file.
            out.option("-add-fd").set("fd", fd).set("set", fd).set("opaque", file);
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
        if out.plugs() || self.node(of.layers).is_some() {
            return self.lower_node(of, fd, out);
        }
        let native = self.makes_direct(out);
        let throttling: Vec<_> = of.layers.throttling.iter().map(|limit| plain(limit)).collect();
        // QEMU would look for one that can only be read at first.
        let readonly = of.is_readonly || self.readonly.is(|readonly| readonly.0);
        let at_once = fd.is_some() && !readonly && out.has(&changes::AUTO_READ_ONLY);
        let option = out
            .option("-drive")
            .set("id", of.drive)
            .set("file", of.source.file().filter(|_| fd.is_none()).map(|file| As(Show::FilePath, file)))
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
            .properties(&throttling)
            .set("if", of.interface)
            .set("snapshot", self.snapshot);
    }

    /// Prints it as block nodes, which a guest that runs can be given. The file's node has from the other what is not its
    /// own.
    fn lower_node(&self, of: Of<'_>, fd: Option<Piece>, out: &mut Lowering<'_>) {
        let direct = self.is_direct(out);
        // In a guest that runs, what the file is tells.
        let file = of.source.file();
        let of_file = file.filter(|_| !out.plugs() && !of.layers.has("file.driver")).map(file_driver);
        let secret = self.key_secret.as_ref();
        let own = secret.filter(|_| self.format.is(|format| format.0 == "luks"));
        let inner = secret.filter(|_| self.format.is(|format| format.0 == "qcow2"));
        let option = out.option("-blockdev");
        let option = match of.format.filter(|_| self.format.is_none()) {
            Some(format) => option.set("driver", format),
            None => option.set("driver", &self.format),
        };
        let option = option.set("node-name", of.drive);
        let option =
            if of.is_readonly { option.on("read-only") } else { option.set("read-only", self.readonly) };
        let option = option
            .set("cache.direct", direct.then_some("on"))
            .set("cache.no-flush", self.caches(&[Cache::Unsafe]).then_some("on"))
            .set("discard", self.discard)
            .set("detect-zeroes", self.detect_zeroes)
            .set("key-secret", own)
            .set("encrypt.format", inner.map(|_| "luks"))
            .set("encrypt.key-secret", inner)
            .set("file.driver", of_file)
            .set("file.filename", file.filter(|_| fd.is_none()))
            .set_prefixed("file.filename", FD_SETS, fd)
            .set("file.aio", self.aio);
        let option =
            of.source.of_url().into_iter().fold(option, |option, (name, value)| option.set(name, value));
        option.written_out(of.layers.properties.iter().copied());
    }
}

/// The block driver of a file: one that is no regular file has another.
fn file_driver(file: &Val<Path>) -> &'static str {
    let is_device = |path: &Path| {
        let others = ["/dev/shm/", "/dev/fd/", "/dev/fdset/"];
        path.0.starts_with("/dev/") && !others.iter().any(|other| path.0.starts_with(other))
    };
    if file.known().is_some_and(|path| is_device(&path.value)) { "host_device" } else { "file" }
}
