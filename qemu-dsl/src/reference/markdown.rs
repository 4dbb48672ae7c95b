//! Markdown for a terminal: paragraphs and lists are wrapped, examples indented.

/// The width of a line.
const WIDTH: usize = 80;

/// An item of a list, and the list below it.
pub(super) struct Item {
    text: String,
    pub(super) children: Vec<String>,
}

impl From<String> for Item {
    fn from(text: String) -> Self {
        Self { text, children: Vec::new() }
    }
}

/// A text that is being written: blocks, each apart from the next by an empty line.
#[derive(Default)]
pub(super) struct Markdown(String);

impl Markdown {
    pub(super) fn finish(self) -> String {
        self.0
    }

    /// A text that is Markdown already.
    pub(super) fn text(&mut self, text: &str) {
        self.block();
        self.0 += text;
    }

    pub(super) fn heading(&mut self, level: usize, heading: &str) {
        self.block();
        self.0 += &format!("{} {heading}\n", "#".repeat(level));
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.block();
            self.wrap("", "", text);
        }
    }

    pub(super) fn code(&mut self, code: &str) {
        self.block();
        for line in code.lines() {
            self.0 += &format!("    {line}\n");
        }
    }

    pub(super) fn list(&mut self, items: Vec<Item>) {
        if !items.is_empty() {
            self.block();
        }
        for item in items {
            self.wrap("- ", "  ", &item.text);
            for child in item.children {
                self.wrap("  - ", "    ", &child);
            }
        }
    }

    pub(super) fn table<const N: usize>(
        &mut self,
        heads: [&str; N],
        rows: impl Iterator<Item = [String; N]>,
    ) {
        self.block();
        self.0 += &format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(N));
        for row in rows {
            self.0 += &format!("| {} |\n", row.join(" | "));
        }
    }

    fn block(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }

    /// Appends lines of at most [`WIDTH`], of which the first begins with `first` and the others with `others`.
    fn wrap(&mut self, first: &str, others: &str, text: &str) {
        self.0 += first;
        let mut width = first.len();
        let mut empty = true;
        for word in words(text) {
            let length = word.chars().count();
            if !empty && width + 1 + length > WIDTH {
                self.0.push('\n');
                self.0 += others;
                width = others.len();
                empty = true;
            }
            if !empty {
                self.0.push(' ');
                width += 1;
            }
            self.0 += &word;
            width += length;
            empty = false;
        }
        self.0.push('\n');
    }
}

/// The words of a text. What stands in backticks stays together.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for word in text.split_whitespace() {
        match words.last_mut().filter(|_| open) {
            Some(last) => *last += &format!(" {word}"),
            None => words.push(word.to_owned()),
        }
        open ^= word.matches('`').count() % 2 == 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::Markdown;

    #[test]
    fn lines_are_wrapped_and_code_is_not_broken() {
        let mut out = Markdown::default();
        let word = "a".repeat(70);
        out.paragraph(&format!("{word} `disk file=a` b"));
        assert_eq!(out.finish(), format!("{word}\n`disk file=a` b\n"));
    }
}
