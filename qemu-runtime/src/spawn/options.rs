//! What an option of QEMU's sets.
//!
//! **`exit-with-parent=on` only on request** (`Spawn::exit_with_parent`): with it QEMU 11.1 replaces the SIGKILL that
//! the runtime has set for the parent's death by SIGTERM (seen by strace), which a QEMU that hangs or was stopped
//! outlives. Its version stands outside `changes.rs`, as does 6.0, from which on a sandbox keeps QEMU from going to the
//! background: the runtime is without the compiler.

use std::borrow::Cow;

use qemu_dsl::plan::optlist::fields;
use serde_json::Value;

/// What an option's value sets, by key: written as a list, or as JSON, whose objects have dots in their keys.
pub(crate) struct Properties<'a>(Vec<Property<'a>>);

/// A key and its value.
type Property<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

impl<'a> Properties<'a> {
    /// `implied` is the key of the first, where that is written without one.
    pub(crate) fn of(value: &'a [u8], implied: &'static str) -> Self {
        if let Some(json) = value.starts_with(b"{").then(|| serde_json::from_slice(value).ok()).flatten() {
            return Self::of_json(&json);
        }
        let mut properties = Vec::new();
        for (index, (key, own)) in fields(value).enumerate() {
            match key {
                b"" if index == 0 && !implied.is_empty() => {
                    properties.push((Cow::Borrowed(implied.as_bytes()), own));
                }
                b"" => {
                    // `server`, `nowait`.
                    if let Some(denied) = own.strip_prefix(b"no") {
                        properties.push((Cow::Owned(denied.to_owned()), Cow::Borrowed(b"off")));
                    }
                    properties.push((own, Cow::Borrowed(b"on")));
                }
                _ => properties.push((Cow::Borrowed(key), own)),
            }
        }
        Self(properties)
    }

    /// The same of JSON.
    pub(crate) fn of_json(value: &Value) -> Self {
        let mut properties = Vec::new();
        flatten(String::new(), value, &mut properties);
        Self(properties)
    }

    /// All that are set for a key.
    pub(crate) fn all(&self, key: &str) -> impl DoubleEndedIterator<Item = Cow<'a, [u8]>> {
        self.0.iter().filter(move |(own, _)| **own == *key.as_bytes()).map(|(_, value)| value.clone())
    }

    /// The last that is set for a key, which is the one that QEMU takes.
    pub(crate) fn get(&self, key: &str) -> Option<Cow<'a, [u8]>> {
        self.all(key).next_back()
    }

    pub(crate) fn is(&self, key: &str, value: &str) -> bool {
        self.get(key).is_some_and(|own| *own == *value.as_bytes())
    }

    pub(crate) fn is_on(&self, key: &str) -> bool {
        ["on", "yes", "true", "y"].into_iter().any(|on| self.is(key, on))
    }
}

fn flatten<'a>(key: String, json: &Value, to: &mut Vec<Property<'a>>) {
    let under = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    let value = match json {
        Value::Object(members) => {
            return members.iter().for_each(|(name, member)| flatten(under(name), member, to));
        }
        Value::Array(list) => {
            for (index, member) in list.iter().enumerate() {
                // What a list has as a key that is set again and again.
                match member.get("str") {
                    Some(text) => flatten(key.clone(), text, to),
                    None => flatten(under(&index.to_string()), member, to),
                }
            }
            return;
        }
        Value::Bool(value) => if *value { "on" } else { "off" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Number(number) => number.to_string(),
    };
    to.push((Cow::Owned(key.into_bytes()), Cow::Owned(value.into_bytes())));
}

#[cfg(test)]
mod tests {
    use super::Properties;

    #[test]
    fn the_last_counts_and_flags_are_on_or_off() {
        let list = Properties::of(b"socket,path=/a,server,path=/b,,c,nowait,x=off,x=yes", "backend");
        assert!(list.is("backend", "socket") && list.is("path", "/b,c"));
        assert!(list.is_on("server") && list.is_on("x") && !list.is_on("wait") && list.is("wait", "off"));
        assert_eq!(list.all("path").count(), 2);
        assert!(Properties::of(b"server,path=/a", "").is_on("server"));
    }

    #[test]
    fn json_has_dots_in_its_keys() {
        let json = Properties::of(br#"{"a": {"b": ["x", true, null]}, "c": 1, "server": false}"#, "type");
        assert!(json.is("a.b.0", "x") && json.is_on("a.b.1") && json.is("a.b.2", "") && json.is("c", "1"));
        assert!(json.is("server", "off"));
        assert!(Properties::of(b"{", "type").is("type", "{"));
    }
}
