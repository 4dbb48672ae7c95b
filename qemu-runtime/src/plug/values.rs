//! The arguments of a step, as QEMU gets them.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::guest::Guest;
use crate::plan::{Filling, Json, Member, Piece, Step};

use crate::plugged::Thing;

/// A step whose slots are filled.
pub(super) struct Ready {
    pub(super) thing: Thing,
    pub(super) arguments: Map<String, Value>,
}

impl Ready {
    pub(super) fn of(step: &Step, guest: &Guest, filling: &Filling, opened: &[OwnedFd]) -> Self {
        let mut values = Values { guest, filling, opened, needs: Vec::new() };
        let arguments = values.object(&step.arguments);
        let thing = Thing { action: step.action, id: filling.text(&step.id), needs: values.needs };
        Self { thing, arguments }
    }
}

/// Writes values as JSON.
struct Values<'v> {
    guest: &'v Guest,
    filling: &'v Filling,
    opened: &'v [OwnedFd],
    /// The ids that they refer to.
    needs: Vec<String>,
}

impl Values<'_> {
    fn object(&mut self, members: &[Member]) -> Map<String, Value> {
        members.iter().map(|member| (member.name.to_string(), self.value(&member.value))).collect()
    }

    fn value(&mut self, json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            // What is beyond 64 bits QEMU refuses in any form.
            Json::Int(value) => i64::try_from(*value)
                .map(Value::from)
                .or_else(|_| u64::try_from(*value).map(Value::from))
                .unwrap_or_else(|_| Value::from(value.to_string())),
            // What is late has been bound.
            Json::Late(text, _) | Json::Text(text) => Value::String(self.filling.text(text)),
            Json::Id(text) => {
                let id = self.filling.text(text);
                self.needs.push(id.clone());
                Value::String(id)
            }
            Json::FileDriver(path) => {
                let kind = fs::metadata(self.file(path));
                let is_device = kind.is_ok_and(|kind| kind.file_type().is_block_device());
                Value::from(if is_device { "host_device" } else { "file" })
            }
            Json::List(list) => list.iter().map(|json| self.value(json)).collect(),
            Json::Object(members) => Value::Object(self.object(members)),
        }
    }

    /// Where this process finds a file of QEMU's.
    fn file(&self, path: &[Piece]) -> PathBuf {
        let slot = path.iter().find_map(|piece| if let Piece::Fd(slot) = piece { Some(*slot) } else { None });
        match slot.and_then(|slot| self.opened.get(slot as usize)) {
            Some(fd) => format!("/proc/self/fd/{}", fd.as_raw_fd()).into(),
            // QEMU reads it from its own working directory.
            None => Path::new(&format!("/proc/{}/cwd", self.guest.id())).join(self.filling.text(path)),
        }
    }
}
