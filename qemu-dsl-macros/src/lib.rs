#![doc = include_str!("../README.md")]

mod attributes;
mod expand;
mod file;
mod report;
mod source;

/// A virtual machine, compiled with the program: an expression of the type `qemu_runtime::Plan`.
///
/// It allocates nothing, and can stand in a `static`.
///
/// ```
/// use qemu_runtime::vm;
///
/// let plan = vm! {
///     memory 512M
///     netdev tap ifname=tap0 mq=2 addr="1e"
/// };
/// assert_eq!(plan.args().next().unwrap(), "-m");
/// assert_eq!(plan.fds().len(), 2);
/// ```
///
#[doc = include_str!("language.md")]
///
/// # Values, blocks, file descriptors
///
/// Braces take values of the program, in strings by their names. With such a hole it is a `Result<Plan, BindError>`:
///
/// ```
/// use qemu_runtime::{Size, vm};
///
/// let (image, root) = (std::path::Path::new("/srv/a.img"), "/dev/vda");
/// let plan = vm! {
///     memory {Size::mib(512)}
///     disk file={image} format=raw serial={None::<&str>}
///     kernel "/boot/vmlinuz" append="root={root}"
/// }?;
/// assert!(plan.args().any(|arg| arg == "root=/dev/vda"));
/// # Ok::<(), qemu_runtime::BindError>(())
/// ```
///
/// A place takes what it is about, and an `Option` of it where it may be left out. The wrong type is an error at the expression:
///
/// | place | takes |
/// |---|---|
/// | a path | `AsRef<OsStr>`, also what isn't UTF-8 |
/// | a size | `qemu_runtime::Size` |
/// | a number | any integer; of several (`cpus=`) also a range such as `0..=3` |
/// | a switch | a `bool` |
/// | an id, a bus, an interface and other names | `AsRef<str>`: no number is one |
/// | one of some words | `AsRef<str>`, or a `bool` where it can be `on` or `off` |
/// | a MAC address, a UUID | `[u8; 6]`, `[u8; 16]`, or a text |
/// | a PCI address | `qemu_runtime::plan::PciAddr`, or a text, which is hexadecimal |
/// | an address of VNC | a `SocketAddr` with its port, or a text with a display's number |
/// | a property of QEMU's | what QEMU's schema says of it; where that doesn't tell, any of these |
/// | any other text | `Display`, or a path |
///
/// What is an error when it is written is a `BindError` then. What is only warned of isn't told of a value: a MAC address of a group.
///
/// Blocks are there or not, or repeat, as Rust's own:
///
/// ```
/// use qemu_runtime::vm;
///
/// let (debug, iso) = (true, None::<&str>);
/// let plan = vm! {
///     for (number, disk) in {["/a.img", "/b.img"].iter().enumerate()} {
///         disk id="data{number}" file={disk} format=raw
///     }
///     if let Some(iso) = {iso} { disk file={iso} format=raw readonly }
///     if {debug} { memory 512M } else { memory 2G }
/// }?;
/// assert_eq!(plan.args().next().unwrap(), "-m");
/// assert_eq!(plan.args().filter(|arg| *arg == "-drive").count(), 2);
/// # Ok::<(), qemu_runtime::BindError>(())
/// ```
///
/// File descriptors that are open already are given away by value: by `fd={file}` what has the flag `fd`, by `fds={queues}` and
/// `vhostfds={vhost}` the queues of a tap. It is then a `Result<Equipped<'static, Plan>, BindError>`, which owns them, and which
/// `Guest::start` takes as it does a `Plan`:
///
/// ```
/// use std::fs::File;
/// use qemu_runtime::vm;
///
/// let image = File::open("/proc/version").unwrap();
/// let equipped = vm! { disk file="/srv/a.img" format=raw readonly fd={image} }?;
/// assert_eq!(equipped.fds().len(), 1);
/// # Ok::<(), qemu_runtime::BindError>(())
/// ```
///
/// # Mistakes
///
/// What is wrong with the text is a compile error at its tokens, as is a value of the wrong type:
///
/// ```compile_fail
/// let plan = qemu_runtime::vm! { netdev tap ifnam=tap0 };
/// ```
///
/// A warning is the use of something deprecated to Rust. How grave warnings are taken can be said in front of the text,
/// by their codes, and of those errors too that only follow from what QEMU's schema has:
///
/// ```
/// let plan = qemu_runtime::vm! {
///     #![allow(unknown-device)]
///     #![deny(guessed-format)]
///     device acme-nic id=nic0
/// };
/// ```
///
/// Where `qemu-runtime` has another name, or comes by a facade, Rust could not find `qemu_runtime` in the list of imported crates:
/// the text then begins with its path, `#![crate = facade::vms]`.
///
/// Values that Rust's lexer can't read are quoted: a MAC address with a group such as `5e`, the PCI address `"1e.0"`,
/// some UUIDs, and whatever has a `//`, a `'`, a `\` or a backtick. The README of `qemu-dsl-macros` tells more.
#[proc_macro]
pub fn vm(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::expand::<qemu_dsl::plan::Template>(input.into()).into()
}

/// Devices for a guest that runs, compiled with the program, for `qemu_runtime::Guest::plug`: an expression of the type
/// `&'static qemu_runtime::plan::Packed<Fragment>`, which can stand in a `static` and is read when it is first asked for.
///
/// It takes the statements of devices and their backends, written as in [`vm!`].
///
/// ```
/// use qemu_runtime::devices;
///
/// let card = devices! { netdev tap ifname=tap0 mq=2 bus=rp0 };
/// let commands: Vec<_> = card.steps.iter().map(|step| step.action.command()).collect();
/// assert_eq!(commands, ["netdev_add", "device_add"]);
/// assert_eq!(card.fds.len(), 2);
/// ```
///
/// What is wrong with the text is a compile error at its tokens; what only the guest can tell is an error when the
/// devices join it.
///
/// ```compile_fail
/// let memory = qemu_runtime::devices! { memory 4G };
/// ```
#[proc_macro]
pub fn devices(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::expand::<qemu_dsl::plan::Fragment>(input.into()).into()
}

/// A virtual machine that stands in a file, compiled with the program.
///
/// The path is relative to the source file, as that of `include_str!`. Behind it stand values for the file's parameters, each of
/// the type that its `param` says; `name` alone is `name = name`. With a value it is a `Result<Plan, BindError>`, without
/// any a `Plan`. What needs a value and has none is an error, as is one that the file doesn't declare; what the file has wrong is
/// shown with its lines. When it changes, or what it includes, the program is built again.
///
/// ```
/// use qemu_runtime::{Size, vm_file};
///
/// // param ram: size = 1G
/// // param disks: list of path
/// let ram = Size::gib(2);
/// let plan = vm_file!("../../tests/vm_file/web.vm", name = "web", ram, disks = ["/a.img", "/b.img"])?;
/// assert_eq!(plan.args().filter(|arg| *arg == "-drive").count(), 2);
/// # Ok::<(), qemu_runtime::BindError>(())
/// ```
#[proc_macro]
pub fn vm_file(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    file::expand::<qemu_dsl::plan::Template>(input.into()).into()
}

/// Devices for a guest that runs, which stand in a file: as [`vm_file!`] is to [`vm!`], so is this to [`devices!`].
#[proc_macro]
pub fn devices_file(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    file::expand::<qemu_dsl::plan::Fragment>(input.into()).into()
}

/// A VM to which parts are added, compiled with the program: an expression of the type `qemu_runtime::Base`.
///
/// It has the machine, the memory, and what else every such VM has; functions add the rest by [`part!`]. Whatever order of
/// texts makes one VM, these make the same: ids, MAC addresses and numbers of file descriptors come out as if all stood in one
/// text, one part behind the other. It is data, which can be cloned: a fleet has one base.
///
/// ```
/// use qemu_runtime::{Part, Size, base, part};
///
/// fn disk(path: &str) -> Part {
///     part! { disk file={path} format=raw }
/// }
///
/// fn lan(cards: u32) -> Part {
///     part! { for _ in {0..cards} { netdev user } }
/// }
///
/// let base = base! { machine q35; memory {Size::gib(1)} };
/// let plan = base.clone().with(lan(2)).with_all(["/a.img", "/b.img"].map(disk)).plan()?;
/// assert_eq!(plan.args().filter(|arg| *arg == "-drive").count(), 2);
///
/// // What parts have twice, or lack, is told when the plan is made, with the places of both.
/// let card = || part! { netdev user id=lan };
/// let error = base.with(card()).with(card()).plan().unwrap_err();
/// assert_eq!(error.problems[0].code, "duplicate-id");
/// # Ok::<(), qemu_runtime::BindError>(())
/// ```
///
/// With a hole it is no `Result`: values are checked by `plan`, with all else. With open file descriptors in it, a base or a part
/// is an `Equipped` one, and so are their sum and its plan.
#[proc_macro]
pub fn base(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::expand::<qemu_dsl::bind::OpenBase>(input.into()).into()
}

/// Statements that are added to a VM, compiled with the program: an expression of the type `qemu_runtime::Part`. See [`base!`].
///
/// There can be all statements but those on which others hang: `machine`, `memory`, `name` and `qemu` are the base's. It may
/// refer to what another part has, by its id.
///
/// ```
/// use qemu_runtime::{base, part};
///
/// let base = base! { machine q35; memory 1G; device pcie-root-port id=rp0 chassis=1 };
/// let plan = base.with(part! { disk file="/srv/a.img" format=raw bus=rp0 }).plan()?;
/// # assert!(plan.args().any(|arg| arg == "virtio-blk,drive=disk0,bus=rp0"));
/// # Ok::<(), qemu_runtime::BindError>(())
/// ```
///
/// ```compile_fail
/// let part = qemu_runtime::part! { machine q35 };
/// ```
#[proc_macro]
pub fn part(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::expand::<qemu_dsl::bind::OpenPart>(input.into()).into()
}

/// A VM to which parts are added, which stands in a file: as [`vm_file!`] is to [`vm!`], so is this to [`base!`].
#[proc_macro]
pub fn base_file(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    file::expand::<qemu_dsl::bind::OpenBase>(input.into()).into()
}

/// Statements that are added to a VM, which stand in a file: as [`vm_file!`] is to [`vm!`], so is this to [`part!`].
#[proc_macro]
pub fn part_file(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    file::expand::<qemu_dsl::bind::OpenPart>(input.into()).into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// What the documentation of `vm!` lists is what there is.
    #[test]
    fn the_documentation_has_all_statements() {
        let rows =
            include_str!("language.md").lines().filter(|line| line.starts_with('|') && line.contains('`'));
        let listed: BTreeSet<_> = rows
            .flat_map(|row| row.split('`').skip(1).step_by(2))
            .filter(|word| !is_structure(word))
            .collect();
        let all: BTreeSet<_> = qemu_dsl::reference::statements()
            .map(|(keyword, _)| keyword)
            .filter(|word| *word != "param")
            .collect();
        assert_eq!(listed, all);
    }

    /// Whether a word is none of the table's: it takes other statements, or texts.
    fn is_structure(word: &str) -> bool {
        ["include", "if", "for"].contains(&word)
    }
}
