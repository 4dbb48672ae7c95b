#![doc = include_str!("../README.md")]

mod expand;
mod file;
mod levels;
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
