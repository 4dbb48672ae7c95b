//! What a plan says of the firmware in its machine's flash memory.
//!
//! **A slot is a file's name that stands for no file.** Which file a host has as UEFI's code, its descriptors tell; the
//! compiler reads none. So it prints [`SLOT`] in the place of the path, and whoever starts the plan looks for the descriptor and
//! [fills it in](Plan::with_firmware). All else that is to be known of it stands in the other arguments.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsString;

use super::arch::Arch;
use super::arguments::split;
use super::optlist::{self, Escape};
use super::whole::Plan;

/// What stands in the place of the path of UEFI's code that the host chooses.
pub const SLOT: &str = "uefi:code";

/// The same of a code that keeps no variables.
pub const STATELESS_SLOT: &str = "uefi:stateless";

/// What a plan says of its machine's firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Firmware {
    /// For which architecture it is, where the plan or its program tells.
    pub arch: Option<Arch>,
    /// The machine type, as the plan calls it. Nothing: that which QEMU takes by itself.
    pub machine: String,
    /// Its code.
    pub code: FirmwareCode,
    /// The format of the code's file.
    pub format: String,
    /// Whether System Management Mode alone can write its variables.
    pub is_secure: bool,
    /// The file with its variables, where it keeps any.
    pub vars: Option<String>,
    /// The index of the argument that names the code's file.
    arg: usize,
}

/// A firmware's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirmwareCode {
    /// The host chooses it.
    Slot {
        /// Whether it is one that keeps no variables.
        is_stateless: bool,
    },
    /// This file.
    File(String),
}

/// A file in flash memory.
struct Flash {
    arg: usize,
    format: String,
    file: String,
}

impl Plan {
    /// What it says of the firmware in its machine's flash memory, where it says something of it.
    ///
    /// ```
    /// use qemu_dsl::plan::{FirmwareCode, Plan};
    ///
    /// let code = "driver=raw,node-name=code,read-only=on,file.driver=file,file.filename=uefi:code";
    /// let plan = Plan::new("qemu-system-x86_64", ["-machine", "q35,pflash0=code", "-blockdev", code], vec![]);
    /// let firmware = plan.firmware().ok_or("it has some")?;
    /// assert_eq!((firmware.machine.as_str(), firmware.code), ("q35", FirmwareCode::Slot { is_stateless: false }));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn firmware(&self) -> Option<Firmware> {
        let mut machine: HashMap<String, String> = HashMap::new();
        let mut nodes: HashMap<String, Flash> = HashMap::new();
        let mut units: HashMap<String, Flash> = HashMap::new();
        let mut is_secure = false;
        for argument in split(self.args()) {
            let (Some(option), Some(value)) =
                (argument.option(), argument.value.and_then(|value| value.to_str()))
            else {
                continue;
            };
            let list = || {
                let first = if matches!(option, "machine" | "M") { "type" } else { "" };
                let items = optlist::read(value);
                items.map(move |(name, value)| (name.unwrap_or(first), value)).collect::<HashMap<_, _>>()
            };
            match option {
                "machine" | "M" => {
                    machine.extend(
                        list().into_iter().map(|(name, value)| (name.to_owned(), value.into_owned())),
                    );
                }
                "blockdev" => {
                    let mut list = list();
                    let mut take = |name: &str| list.remove(name).map(Cow::into_owned);
                    if let (Some(node), Some(format), Some("file"), Some(file)) = (
                        take("node-name"),
                        take("driver"),
                        take("file.driver").as_deref(),
                        take("file.filename"),
                    ) {
                        nodes.insert(node, Flash { arg: argument.last(), format, file });
                    }
                }
                "drive" => {
                    let mut list = list();
                    let mut take = |name: &str| list.remove(name).map(Cow::into_owned);
                    if let (Some("pflash"), Some(unit), Some(format), Some(file)) =
                        (take("if").as_deref(), take("unit"), take("format"), take("file"))
                    {
                        units.insert(unit, Flash { arg: argument.last(), format, file });
                    }
                }
                "global" => {
                    let list = list();
                    let is = |name: &str, value: &str| list.get(name).is_some_and(|own| own == value);
                    is_secure |=
                        is("driver", "cfi.pflash01") && is("property", "secure") && is("value", "on");
                }
                _ => {}
            }
        }
        let mut flash = |property: &str, unit: &str| match machine.get(property) {
            Some(node) => nodes.remove(node),
            None => units.remove(unit),
        };
        let (code, vars) = (flash("pflash0", "0")?, flash("pflash1", "1"));
        let by_program = || Arch::of_program(self.program().to_str()?);
        Some(Firmware {
            arch: self.target().map(|target| target.arch).or_else(by_program),
            machine: machine.remove("type").unwrap_or_default(),
            code: match code.file.as_str() {
                SLOT => FirmwareCode::Slot { is_stateless: false },
                STATELESS_SLOT => FirmwareCode::Slot { is_stateless: true },
                _ => FirmwareCode::File(code.file),
            },
            format: code.format,
            is_secure,
            vars: vars.map(|vars| vars.file),
            arg: code.arg,
        })
    }

    /// The plan with this file for its firmware's code.
    #[must_use]
    pub fn with_firmware(&self, firmware: &Firmware, file: &str) -> Self {
        let Some(list) = self.args().nth(firmware.arg).and_then(|arg| arg.to_str()) else {
            return self.clone();
        };
        let items = optlist::read(list).map(|(name, value)| {
            let value =
                if matches!(name, Some("file" | "file.filename")) { Cow::Borrowed(file) } else { value };
            let value = Escape::Comma.apply(&value).into_owned();
            name.map_or_else(|| value.clone(), |name| format!("{name}={value}"))
        });
        let filled = OsString::from(items.collect::<Vec<_>>().join(","));
        self.with_arg(firmware.arg, &filled)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use super::{FirmwareCode, Plan};

    fn plan(args: &[&str]) -> Plan {
        Plan::new("qemu-system-x86_64", args, vec![])
    }

    #[test]
    fn a_slot_is_filled_where_it_stands() {
        let node = "driver=raw,node-name=code,file.driver=file,file.filename=uefi:code";
        let of_nodes = plan(&["-M", "q35,pflash0=code", "-blockdev", node, "-S"]);
        let old = "if=pflash,unit=0,format=raw,readonly=on,file=uefi:stateless";
        let of_drives = plan(&["-drive", old, "-drive", "if=pflash,unit=1,format=raw,file=v,,1"]);
        let filled = |plan: &Plan| {
            let plan = plan.with_firmware(&plan.firmware().unwrap(), "/a,b");
            plan.args().map(|arg| arg.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            filled(&of_nodes),
            ["-M", "q35,pflash0=code", "-blockdev", &node.replace("uefi:code", "/a,,b"), "-S"]
        );
        assert_eq!(filled(&of_drives)[1], old.replace("uefi:stateless", "/a,,b"));
        let firmware = of_drives.firmware().unwrap();
        assert_eq!(firmware.code, FirmwareCode::Slot { is_stateless: true });
        assert_eq!((firmware.vars.as_deref(), firmware.is_secure), (Some("v,1"), false));
        assert_eq!(plan(&["-machine", "q35", "-bios", "a"]).firmware(), None);
    }
}
