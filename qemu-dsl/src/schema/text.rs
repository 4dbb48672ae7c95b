//! Finding sections in a schema's text, by bisection.

use std::sync::OnceLock;

/// One section of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    /// Its number among all.
    pub(super) number: usize,
    /// The second word in the brackets.
    pub(super) name: &'static str,
    attributes: &'static str,
    /// Each with a line end before it.
    properties: &'static str,
}

impl Section {
    /// Reads a section, of which `text` is all but the first bracket, and its kind.
    fn read(number: usize, text: &'static str) -> Option<(&'static str, Self)> {
        let (head, properties) = text.split_at_checked(text.find('\n')?)?;
        let (kind, head) = head.strip_suffix(']')?.split_once(' ')?;
        let (name, attributes) = head.split_once(' ')?;
        Some((kind, Self { number, name, attributes, properties: properties.trim_end() }))
    }

    /// Whether the attribute `flag` stands behind the name.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.attributes.split(' ').any(|word| word == flag)
    }

    /// The value of the attribute that begins with `key` (and its `=`).
    pub(super) fn attribute(&self, key: &str) -> Option<&'static str> {
        self.attributes.split(' ').find_map(|word| word.strip_prefix(key))
    }

    /// All properties of this section.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.properties.lines().filter_map(|line| line.split_once(' '))
    }
}

/// A schema's text, and where its sections begin: looked for when it is asked for the first time.
#[derive(Debug)]
pub(super) struct Sections {
    text: &'static str,
    starts: OnceLock<Vec<u32>>,
}

impl Sections {
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, starts: OnceLock::new() }
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &'static str {
        self.text
    }

    /// Where each begins, behind its bracket, which occurs nowhere else behind the comment at the beginning.
    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| {
            let mut starts = Vec::new();
            let mut rest = self.text;
            let mut at = 0;
            while let Some(bracket) = rest.find('[') {
                at += bracket as u32 + 1;
                starts.push(at);
                rest = rest.get(bracket + 1..).unwrap_or_default();
            }
            starts
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.starts().len()
    }

    /// The section of this number.
    fn from(&self, number: usize) -> &'static str {
        let starts = self.starts();
        let start = starts.get(number).map_or(self.text.len(), |start| *start as usize);
        let end = starts.get(number + 1).map_or(self.text.len(), |next| *next as usize - 1);
        self.text.get(start..end).unwrap_or_default()
    }

    /// The number of the first section that doesn't come before `words`, as far as they go. The space that ends them is
    /// less than all that a name is made of, so a name comes before those that it begins.
    fn first(&self, words: &str) -> usize {
        let words = words.as_bytes();
        let rest = |start: u32| self.text.as_bytes().get(start as usize..).unwrap_or_default();
        let begin = |text: &'static [u8]| text.get(..words.len()).unwrap_or(text);
        self.starts().partition_point(|start| begin(rest(*start)) < words)
    }

    /// The section of kind `kind` whose name is `name`.
    pub(super) fn find(&self, kind: &str, name: &str) -> Option<Section> {
        let number = self.first(&[kind, " ", name, " "].concat());
        let (found, section) = Section::read(number, self.from(number))?;
        (found == kind && section.name == name).then_some(section)
    }

    /// All sections of kind `kind`.
    pub(super) fn of(&'static self, kind: &'static str) -> impl Iterator<Item = Section> + use<> {
        let numbers = self.first(&[kind, " "].concat())..self.starts().len();
        numbers
            .filter_map(|number| Section::read(number, self.from(number)))
            .map_while(move |(found, section)| (found == kind).then_some(section))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use super::Sections;

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

    static SECTIONS: Sections = Sections::new(TEXT);

    #[test]
    fn finds_what_is_there() {
        let found = SECTIONS.find("b", "n").unwrap();
        assert!(found.has("flag") && !found.has("parent") && !found.has("fla"));
        assert_eq!(found.attribute("parent="), Some("o"));
        assert_eq!(found.attribute("alias="), None);
        let properties: Vec<_> = found.properties().collect();
        assert_eq!(properties, [("one", "int"), ("three", "a word and more"), ("two", "bool")]);
        let last: Vec<_> = SECTIONS.find("c", "z").unwrap().properties().collect();
        assert_eq!(last, [("last", "str")]);
        assert_eq!(SECTIONS.find("b", "n-suffix").unwrap().name, "n-suffix");
    }

    #[test]
    fn finds_nothing_else() {
        for (kind, name) in [("b", ""), ("", ""), ("b", "o"), ("a", "n"), ("d", "n"), ("b", "n-s")] {
            assert!(SECTIONS.find(kind, name).is_none(), "{kind} {name}");
        }
        assert_eq!(SECTIONS.find("a", "x").unwrap().properties().count(), 0);
        for nothing in ["", "# [", "[a x", "[a\n["] {
            assert!(Sections::new(nothing).find("a", "x").is_none(), "{nothing}");
        }
    }

    #[test]
    fn lists_one_kind() {
        let names = |kind| SECTIONS.of(kind).map(|section| section.name).collect::<Vec<_>>();
        assert_eq!(names("b"), ["m", "n", "n-suffix"]);
        assert_eq!(names("c"), ["z"]);
        assert!(names("d").is_empty());
    }
}
