//! Devices for a guest that runs: QEMU's commands, with slots for what is known when they join it.

use std::borrow::Cow;
use std::sync::Arc;

use super::packed::packed;
use super::{FdSlot, GeneratedId, Member, Piece, Place, Span, Target, Text, When, template};

/// Compiled devices, to be plugged into a guest that runs.
///
/// What the guest decides is left open: the names of file descriptors, the numbers of generated ids, the VM's name. And
/// so is what only the whole VM can tell: whether its ids are free, its buses there, its addresses not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// The version of QEMU that the commands are for.
    pub target: Target,
    /// The commands, in their order: what connects devices to the host before the devices.
    pub steps: Cow<'static, [Step]>,
    /// The file descriptors that they need.
    pub fds: Cow<'static, [FdSlot]>,
    /// The ids that were generated. Their numbers are the first that are free among the fragment's own.
    pub ids: Cow<'static, [GeneratedId]>,
    /// Where the source has what became the steps, in the order of the spans: for `devices!` the program's.
    pub places: Cow<'static, [Place]>,
}

impl Fragment {
    /// Says which file the text is from, as [`Template::in_file`](super::Template::in_file) does.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<Arc<str>>) -> Self {
        Place::in_file(&mut self.places, file.into());
        self
    }

    /// The place of what stands at `span`.
    pub fn place(&self, span: Span) -> Option<&Place> {
        Place::find(&self.places, span)
    }
}

/// A command that adds one thing to the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is added.
    pub action: Action,
    /// The id that it then has.
    pub id: Text,
    /// Whether it is a device that sits on a PCI bus.
    pub pci: bool,
    /// The command's arguments.
    pub arguments: Cow<'static, [Member]>,
    /// Where the source says so.
    pub span: Span,
    /// When it is there, if not always.
    pub when: Option<When>,
    /// The number of the block in which it stands, from 1; 0 is the whole text.
    pub block: u32,
    /// Its part of the commands. What a block has in different parts isn't repeated together.
    pub part: u8,
}

packed! {
    struct Fragment { target, steps, fds, ids, places }
    struct Step { action, id, pci, arguments, span, when, block, part }
    enum Action { FdSet, Chardev, Object, Blockdev, Netdev, Device }
}

impl Step {
    /// The slot of the file descriptor that goes with the command, in [`Fragment::fds`]. QEMU has all others, under names,
    /// before the first step.
    pub fn fd(&self) -> Option<u32> {
        let slot = |piece: &Piece| if let Piece::Fd(slot) = piece { Some(*slot) } else { None };
        self.id.iter().find_map(slot).filter(|_| self.action == Action::FdSet)
    }
}

/// What a command adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A set of one file descriptor, whose id is the path that it stands for: `/dev/fdset/N`. A number that is free
    /// in the guest fills the descriptor's slot.
    FdSet,
    /// A character device's backend.
    Chardev,
    /// An object.
    Object,
    /// A block node.
    Blockdev,
    /// A network backend.
    Netdev,
    /// A device.
    Device,
}

impl Action {
    /// QEMU's command that adds it.
    pub const fn command(self) -> &'static str {
        match self {
            Self::FdSet => "add-fd",
            Self::Chardev => "chardev-add",
            Self::Object => "object-add",
            Self::Blockdev => "blockdev-add",
            Self::Netdev => "netdev_add",
            Self::Device => "device_add",
        }
    }

    /// QEMU's command that removes it, and what the id is called there.
    pub const fn removal(self) -> (&'static str, &'static str) {
        match self {
            Self::FdSet => ("remove-fd", "fdset-id"),
            Self::Chardev => ("chardev-remove", "id"),
            Self::Object => ("object-del", "id"),
            Self::Blockdev => ("blockdev-del", "node-name"),
            Self::Netdev => ("netdev_del", "id"),
            Self::Device => ("device_del", "id"),
        }
    }
}

/// What fills a fragment's slots.
#[derive(Clone, Debug, Default)]
pub struct Filling {
    /// The VM's name, where it has one.
    pub name: Option<String>,
    /// The names of the file descriptors in QEMU, or the numbers of their sets.
    pub fds: Vec<String>,
    /// The generated ids.
    pub ids: Vec<String>,
}

impl Filling {
    /// A text with its slots filled.
    pub fn text(&self, text: &[Piece]) -> String {
        let slots = template::Slots {
            name: self.name.as_deref(),
            fd: &|slot, out| out.extend(self.fds.get(slot as usize).iter().flat_map(|name| name.bytes())),
            id: &|slot, out| out.extend(self.ids.get(slot as usize).iter().flat_map(|id| id.bytes())),
            blank: &|_| None,
        };
        slots.text(text).to_string_lossy().into_owned()
    }
}
