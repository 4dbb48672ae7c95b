//! QEMU's arguments as it takes them apart.

use std::fmt;

use qemu_dsl::plan::{arguments, optlist};

/// One of QEMU's options with its value, or an image of a disk, which stands without an option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Argument<'a> {
    /// Its index among all.
    pub(super) at: usize,
    /// With its hyphen; empty for an image.
    pub(super) name: &'a str,
    pub(super) value: Option<&'a str>,
}

impl<'a> Argument<'a> {
    pub(super) fn fields(self) -> impl Iterator<Item = (&'a str, String)> {
        let fields = self.value.into_iter().flat_map(|value| optlist::fields(value.as_bytes()));
        // A part of a text, as it is between its commas.
        fields.map(|(key, own)| {
            (std::str::from_utf8(key).unwrap_or_default(), String::from_utf8_lossy(&own).into_owned())
        })
    }

    /// Whether a text is its value, or one of the values in it.
    pub(super) fn has(self, text: &str) -> bool {
        self.value == Some(text) || self.fields().any(|(_, own)| own == text)
    }

    pub(super) fn has_id(self, id: &str) -> bool {
        self.fields().any(|(key, own)| matches!(key, "id" | "node-name") && own == id)
    }
}

impl fmt::Display for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.name.is_empty() || self.value.is_none() { "" } else { " " };
        write!(f, "{}{space}{}", self.name, self.value.unwrap_or_default())
    }
}

/// All of them.
pub(super) fn arguments(args: &[String]) -> Vec<Argument<'_>> {
    let all = arguments::split(args.iter().map(String::as_str));
    all.map(|arguments::Argument { at, name, value }| Argument { at, name: name.unwrap_or_default(), value })
        .collect()
}
