//! Commands as types.

use std::iter;

use serde_core::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::object::object;

/// A command of QMP: the value is its arguments, its type says the rest. It has the shape of `qapi_spec::Command`.
///
/// ```
/// use qemu_runtime::qmp::Command;
///
/// /// What a property of an object is.
/// #[derive(serde::Serialize)]
/// struct QomGet {
///     path: String,
///     property: String,
/// }
///
/// impl Command for QomGet {
///     type Ok = serde_json::Value;
///     const NAME: &'static str = "qom-get";
///     const ALLOW_OOB: bool = false;
/// }
/// ```
pub trait Command: Serialize {
    /// What QEMU returns.
    type Ok: DeserializeOwned;
    /// Its name.
    const NAME: &'static str;
    /// Whether QEMU takes it [out of band](super::Call::out_of_band).
    const ALLOW_OOB: bool;
}

/// The commands of the crate qapi-spec, such as those that qapi-qmp has for all that QEMU knows.
#[cfg(feature = "qapi")]
impl<C: qapi_spec::Command> Command for C {
    type Ok = C::Ok;
    const NAME: &'static str = C::NAME;
    const ALLOW_OOB: bool = C::ALLOW_OOB;
}

/// What a command returns that returns nothing: `{}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

macro_rules! commands {
    ($($(#[$doc:meta])* $type:ident = $name:literal -> $ok:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $type {}

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(iter::empty::<(&str, ())>())
            }
        }

        impl Command for $type {
            type Ok = $ok;
            const NAME: &'static str = $name;
            const ALLOW_OOB: bool = false;
        }
    )*};
}

commands! {
    /// `query-status`: whether the guest runs, and if not, why.
    QueryStatus = "query-status" -> Status;
    /// `stop`: pauses the guest.
    Stop = "stop" -> Nothing;
    /// `cont`: lets the guest run.
    Cont = "cont" -> Nothing;
    /// `system_powerdown`: asks the guest to power down, as its power button does.
    SystemPowerdown = "system_powerdown" -> Nothing;
    /// `quit`: ends QEMU, whatever the guest does.
    Quit = "quit" -> Nothing;
    /// `query-version`: which QEMU it is.
    QueryVersion = "query-version" -> RunningVersion;
}

/// `getfd`: gives QEMU a file descriptor under a name, which then stands wherever a command takes a file descriptor. To be
/// [called with](super::Call::fds) one.
#[derive(Clone, Debug)]
pub struct GetFd {
    /// Its name. One that begins with a digit is refused; one that is taken closes the file descriptor that had it.
    pub fdname: String,
}

impl Serialize for GetFd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("fdname", &self.fdname)])
    }
}

impl Command for GetFd {
    type Ok = Nothing;
    const NAME: &'static str = "getfd";
    const ALLOW_OOB: bool = false;
}

/// `closefd`: closes a file descriptor that QEMU was given a name for, and has not used.
#[derive(Clone, Debug)]
pub struct CloseFd {
    /// Its name.
    pub fdname: String,
}

impl Serialize for CloseFd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("fdname", &self.fdname)])
    }
}

impl Command for CloseFd {
    type Ok = Nothing;
    const NAME: &'static str = "closefd";
    const ALLOW_OOB: bool = false;
}

/// `add-fd`: adds a file descriptor to a set of QEMU's, which stands as `/dev/fdset/N` wherever a path does. To be [called
/// with](super::Call::fds) one.
#[derive(Clone, Debug, Default)]
pub struct AddFd {
    /// The set's number; without it, a new set.
    pub fdset_id: Option<i64>,
    /// A free text, which `query-fdsets` shows.
    pub opaque: Option<String>,
}

impl Serialize for AddFd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = self.fdset_id {
            map.serialize_entry("fdset-id", &id)?;
        }
        if let Some(opaque) = &self.opaque {
            map.serialize_entry("opaque", opaque)?;
        }
        map.end()
    }
}

impl Command for AddFd {
    type Ok = AddedFd;
    const NAME: &'static str = "add-fd";
    const ALLOW_OOB: bool = false;
}

/// What `add-fd` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddedFd {
    /// The set's number: the N of `/dev/fdset/N`.
    pub fdset_id: i64,
    /// The file descriptor's number in QEMU.
    pub fd: i64,
}

object!(AddedFd { fdset_id: "fdset-id", fd: "fd" });

/// Whether a guest runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Whether its processors run.
    pub running: bool,
    /// QEMU's word for its state: `running`, `paused`, `prelaunch`, `shutdown`, `guest-panicked`, `io-error`, ...
    pub status: String,
}

object!(Status { running: "running", status: "status" });

/// Which QEMU runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningVersion {
    /// Its three numbers.
    pub qemu: Numbers,
    /// What its packager adds: `Debian 1:7.2+dfsg-7`, or nothing.
    pub package: String,
}

object!(RunningVersion { qemu: "qemu", package: "package" or default });

/// The numbers of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Numbers {
    /// The first: 7 of 7.2.22.
    pub major: u16,
    /// The second: 2 of 7.2.22.
    pub minor: u16,
    /// The third: 22 of 7.2.22.
    pub micro: u16,
}

object!(Numbers { major: "major", minor: "minor", micro: "micro" });

/// What QEMU says first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Greeting {
    /// Which QEMU it is.
    pub version: RunningVersion,
    /// What it can do beyond the protocol's beginnings: `oob`.
    pub capabilities: Vec<String>,
}

object!(Greeting { version: "version", capabilities: "capabilities" or default });
