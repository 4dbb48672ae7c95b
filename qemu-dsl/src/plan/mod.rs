//! What a compiled VM is: a [`Template`], and the [`Plan`] that it becomes.
//!
//! A template holds QEMU's arguments in pieces: text, and slots for what is numbered late (file descriptors and
//! generated ids): values may decide these, or a guest that runs. A plan is complete: final arguments and a table of file
//! descriptors. It is bytes, in which what is asked for is found: those that `vm!` has compiled are a literal, which costs
//! nothing at run time, and next to nothing to build. A [`Fragment`] is devices for a guest that runs: commands in place of
//! arguments.
//!
//! These types depend on nothing. They know no language and no QEMU, they open nothing and start nothing.

mod arch;
pub mod arguments;
mod blank;
mod block;
mod escape;
mod fd;
mod filled;
mod firmware;
mod fragment;
mod json;
mod mac;
pub mod optlist;
pub(crate) mod packed;
mod pci;
mod place;
mod span;
mod target;
mod template;
mod version;
mod whole;

pub use arch::Arch;
pub use blank::{Number, Show, When};
pub use block::{Block, Condition, Guard};
pub use fd::{FIRST_FD, Fact, Fd, FdSource};
pub(crate) use filled::{Bound, Filled, PerRound, Round, Rounds};
pub use firmware::{
    Firmware, FirmwareCode, SLOT as FIRMWARE_SLOT, STATELESS_SLOT as STATELESS_FIRMWARE_SLOT,
};
pub use fragment::{Action, Filling, Fragment, Step};
pub use json::{Json, JsonType, Member};
pub use mac::Mac;
#[cfg(feature = "compiler")]
pub use packed::pack;
pub use packed::{Pack, Packed, Reader, Unpack};
pub use pci::PciAddr;
pub use place::Place;
pub use span::Span;
pub use target::{Target, TargetSpec};
pub(crate) use template::text_in;
pub use template::{Arg, FdSlot, GeneratedId, Piece, Template, Text};
pub use version::Version;
pub use whole::Plan;
