//! Objects of JSON, read as structs.
//!
//! serde's derive does the same. A program that has it for nothing else would build it, and syn, for a few structs.

/// Reads a struct: `object!(Type { field: "name", other: "other-name" or default })`. The fields that it doesn't know are
/// skipped, whatever they take, and one that is there twice is an error.
macro_rules! object {
    ($type:ident { $($field:ident: $name:literal $(or $default:ident)?),* }) => {
        impl<'de> ::serde_core::Deserialize<'de> for $type {
            fn deserialize<D: ::serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use ::serde_core::de::{Error, IgnoredAny, MapAccess, Visitor};

                struct Fields;

                impl<'de> Visitor<'de> for Fields {
                    type Value = $type;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(concat!("an object with ", $("`", $name, "` ",)* "and others"))
                    }

                    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<$type, M::Error> {
                        $(let mut $field = None;)*
                        while let Some(name) = map.next_key::<String>()? {
                            match name.as_str() {
                                $($name if $field.is_some() => return Err(Error::duplicate_field($name)),
                                $name => $field = Some(map.next_value()?),)*
                                _ => _ = map.next_value::<IgnoredAny>()?,
                            }
                        }
                        Ok($type {
                            $($field: match $field {
                                Some(value) => value,
                                None => $crate::qmp::object!(absent $name $(or $default)?),
                            }),*
                        })
                    }
                }

                deserializer.deserialize_map(Fields)
            }
        }
    };
    (absent $name:literal) => {
        return Err(Error::missing_field($name))
    };
    (absent $name:literal or default) => {
        Default::default()
    };
}

pub(crate) use object;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    #[derive(Debug, PartialEq)]
    struct Thing {
        fd_set: i64,
        names: Vec<String>,
        path: Option<String>,
    }

    object!(Thing { fd_set: "fd-set", names: "names" or default, path: "path" or default });

    fn read(text: &str) -> Result<Thing, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_struct_is_read_from_an_object() {
        let thing = Thing { fd_set: -3, names: vec!["a".to_owned()], path: Some("/p".to_owned()) };
        let text = r#"{"path": "/p", "fd-set": -3, "more": [{"fd-set": "x"}], "names": ["a"]}"#;
        assert_eq!(read(text).unwrap(), thing);
        // A name may be written with escapes.
        assert_eq!(read(r#"{"fd\u002dset": 1}"#).unwrap(), Thing { fd_set: 1, names: vec![], path: None });
        assert_eq!(read(r#"{"fd-set": 1, "path": null}"#).unwrap().path, None);
    }

    #[test]
    fn what_is_no_such_object_is_an_error() {
        let starts = |text: &str, with: &str| {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(with), "{text}: {error}");
        };
        starts("{}", "missing field `fd-set`");
        starts(r#"{"fd-set": 1, "fd-set": 2}"#, "duplicate field `fd-set`");
        starts(r#"{"fd-set": "1"}"#, "invalid type: string");
        starts("[1]", "invalid type: sequence, expected an object with `fd-set` `names` `path` and others");
        starts("null", "invalid type: null");
    }
}
