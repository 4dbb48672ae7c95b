//! A value as the language writes it.

use std::borrow::Cow;

/// How a text is written as a value: bare where that is sure to read as it is, quoted otherwise.
pub(crate) fn spell(text: &str) -> Cow<'_, str> {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@');
    if text.starts_with(|c: char| is_bare(c) && !matches!(c, '-' | ':')) && text.chars().all(is_bare) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(quoted(text))
}

/// A text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '{' => out.push_str("{{"),
            '}' => out.push_str("}}"),
            '\'' => out.push(c),
            // Rust's escapes are the language's.
            _ => out.extend(c.escape_debug()),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::spell;
    use crate::plan::Plan;
    use crate::{Options, compile};

    #[test]
    fn what_is_spelt_is_read_as_it_was() {
        for text in [
            "q35",
            "a b",
            "",
            "-x",
            "x\"y\\",
            "{x}",
            "é'\t\u{1b}\u{202e}",
            "52:54:00:12:34:56",
            "/a//b",
            "a,b",
        ] {
            let source = format!("disk file=/a format=raw serial={0} name {0}", spell(text));
            let compiled = compile(&source.replace(" serial=\"\"", ""), &Options::default());
            let printed = compiled.template.map(|template| {
                Plan::of(template).args().any(|arg| {
                    arg.to_str()
                        .is_some_and(|arg| arg.contains(&format!("serial={}", text.replace(',', ",,"))))
                })
            });
            assert!(text.is_empty() || printed == Some(true), "{source}: {:?}", compiled.diagnostics);
        }
    }
}
