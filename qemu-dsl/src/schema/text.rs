//! Finding sections and lines in a schema's text, by bisection over its bytes.
//!
//! A step is two or three searches for one character and a comparison, all of which the standard library brings
//! compiled with optimisation. What a macro calls isn't.

use std::cmp::Ordering;

/// One section of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    /// The second word in the brackets.
    pub(super) name: &'static str,
    attributes: &'static str,
    /// Each with a line end before it.
    properties: &'static str,
}

impl Section {
    /// Reads a section, of which `text` is all but the first bracket, and its kind.
    fn read(text: &'static str) -> Option<(&'static str, Self)> {
        let (head, properties) = text.split_at_checked(text.find('\n')?)?;
        let (kind, head) = head.strip_suffix(']')?.split_once(' ')?;
        let (name, attributes) = head.split_once(' ')?;
        Some((kind, Self { name, attributes, properties: properties.trim_end() }))
    }

    /// Whether the attribute `flag` stands behind the name.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.attributes.split(' ').any(|word| word == flag)
    }

    /// The value of the attribute that begins with `key` (and its `=`).
    pub(super) fn attribute(&self, key: &str) -> Option<&'static str> {
        self.attributes.split(' ').find_map(|word| word.strip_prefix(key))
    }

    /// The name of the property `name`, and what it takes, if it stands in this section.
    pub(super) fn property(&self, name: &str) -> Option<(&'static str, &'static str)> {
        let line = bisect(self.properties, '\n', |line| begins_with(line, &[name, " "]))?;
        line.split_once(' ').filter(|(found, _)| found.len() == name.len())
    }

    /// All properties of this section.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.properties.lines().filter_map(|line| line.split_once(' '))
    }
}

/// The section of kind `kind` whose name is `name` followed by `suffix`.
pub(super) fn section(text: &'static str, kind: &str, name: &str, suffix: &str) -> Option<Section> {
    let sections = text.get(text.find('[')?..)?;
    let found = bisect(sections, '[', |section| begins_with(section, &[kind, " ", name, suffix, " "]))?;
    let (_, section) = Section::read(found)?;
    (section.name.len() == name.len() + suffix.len()).then_some(section)
}

/// All sections of kind `kind`.
pub(super) fn sections(text: &'static str, kind: &'static str) -> impl Iterator<Item = Section> + use<> {
    let from = text.find(&["\n[", kind, " "].concat()).and_then(|start| text.get(start + 2..));
    from.unwrap_or_default()
        .split('[')
        .filter_map(Section::read)
        .map_while(move |(found, section)| (found == kind).then_some(section))
}

/// The one of `items` for which `order` is equal, without its first character. Each begins with `mark`, which occurs
/// nowhere else.
fn bisect(mut items: &'static str, mark: char, order: impl Fn(&str) -> Ordering) -> Option<&'static str> {
    while !items.is_empty() {
        let middle = items.len() / 2;
        let start = items.get(..=middle)?.rfind(mark)?;
        let order = order(items.get(start + 1..)?);
        if order == Ordering::Greater {
            items = items.get(..start)?;
            continue;
        }
        let end = items.get(middle + 1..)?.find(mark).map_or(items.len(), |next| middle + 1 + next);
        if order == Ordering::Equal {
            return items.get(start + 1..end);
        }
        items = items.get(end..)?;
    }
    None
}

/// How `text` compares with `words`, as far as they go. The space that ends them is less than all that a name is made
/// of, so a name comes before those that it begins.
fn begins_with(text: &str, words: &[&str]) -> Ordering {
    let mut rest = text.as_bytes();
    for word in words {
        let (start, end) = rest.split_at_checked(word.len()).unwrap_or((rest, &[]));
        match start.cmp(word.as_bytes()) {
            Ordering::Equal => rest = end,
            other => return other,
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use super::{section, sections};

    const TEXT: &str = "# A comment.\n\
        [a x parent=y]\n\
        [b m alias=n]\n\
        [b n flag parent=o]\n\
        one int\n\
        three a word and more\n\
        two bool\n\
        [b n-suffix flag]\n\
        [c z flag]\n\
        last str\n";

    #[test]
    fn finds_what_is_there() {
        let found = section(TEXT, "b", "n", "").unwrap();
        assert!(found.has("flag") && !found.has("parent") && !found.has("fla"));
        assert_eq!(found.attribute("parent="), Some("o"));
        assert_eq!(found.attribute("alias="), None);
        for (name, ty) in [("one", "int"), ("three", "a word and more"), ("two", "bool")] {
            assert_eq!(found.property(name), Some((name, ty)));
        }
        assert_eq!(found.properties().count(), 3);
        assert_eq!(section(TEXT, "c", "z", "").unwrap().property("last"), Some(("last", "str")));
        assert_eq!(section(TEXT, "b", "n", "-suffix").unwrap().name, "n-suffix");
    }

    #[test]
    fn finds_nothing_else() {
        for (kind, name, suffix) in
            [("b", "", ""), ("", "", ""), ("b", "o", ""), ("a", "n", ""), ("d", "n", ""), ("b", "n", "-s")]
        {
            assert!(section(TEXT, kind, name, suffix).is_none(), "{kind} {name}{suffix}");
        }
        let found = section(TEXT, "b", "n", "").unwrap();
        for name in ["", "o", "one ", "three a", "two\n", "zzz", "int", "last", "[c z"] {
            assert_eq!(found.property(name), None, "{name}");
        }
        assert_eq!(section(TEXT, "a", "x", "").unwrap().property("one"), None);
        assert!(section("", "a", "x", "").is_none() && section("# [", "a", "x", "").is_none());
    }

    #[test]
    fn lists_one_kind() {
        let names = |kind| sections(TEXT, kind).map(|section| section.name).collect::<Vec<_>>();
        assert_eq!(names("b"), ["m", "n", "n-suffix"]);
        assert_eq!(names("c"), ["z"]);
        assert!(names("d").is_empty());
    }
}
