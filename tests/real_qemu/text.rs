//! The words of a text, read without the compiler: which statements and options it has.

use qemu_dsl::reference;

/// A statement's words, the keyword first.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) words: Vec<String>,
}

impl Statement {
    pub(crate) fn keyword(&self) -> &str {
        self.word(0)
    }

    /// The word at an index, or nothing.
    pub(crate) fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// How many `-device` QEMU gets of it.
    pub(crate) fn devices(&self) -> usize {
        let is_one = match (self.keyword(), self.word(1)) {
            // A bridge from USB comes with it.
            ("cdrom", "usb") => return 2,
            // Backends alone.
            ("object" | "chardev" | "blockdev", _) | ("netdev", "none") | ("input", "linux") => false,
            ("netdev", _) if self.words.iter().any(|word| word == "alone") => false,
            ("iothread" | "secret" | "tls-creds" | "throttle-group", _) => false,
            // Most are the machine's own.
            ("serial" | "parallel", _) => {
                let is_of_device =
                    |word: &String| ["driver=", "id="].iter().any(|name| word.starts_with(name));
                self.words.iter().any(is_of_device)
            }
            ("debugcon", _) => true,
            ("controller", "ich9-usb") => return 4,
            ("watchdog", kind) => kind != "itco",
            ("iommu", kind) => kind != "smmuv3",
            ("audio", _) => {
                let model = self.words.iter().find_map(|word| word.strip_prefix("model="));
                return match model {
                    None | Some("pcspk") => 0,
                    Some("hda" | "ich9-hda") => 2,
                    Some(_) => 1,
                };
            }
            ("vmgenid" | "vmcoreinfo" | "applesmc" | "debug-exit" | "loader" | "erst" | "tpm", _) => true,
            (keyword, _) => qemu_dsl::TABLE.find(keyword).is_some_and(|spec| spec.pluggable),
        };
        usize::from(is_one)
    }
}

/// The statements of a text without mistakes.
pub(crate) fn statements(text: &str) -> Vec<Statement> {
    let keywords: Vec<_> = reference::statements().map(|(keyword, _)| keyword).collect();
    let mut statements: Vec<Statement> = Vec::new();
    let mut words = words(text).into_iter().peekable();
    while let Some(word) = words.next() {
        // `machine q35 usb`
        let is_property = word == "usb"
            && words.peek().is_none_or(|next| reference::statement(&format!("usb {next}")).is_none());
        match statements.last_mut() {
            // A kind may be spelt like a keyword.
            Some(last) if is_property || !keywords.contains(&word.as_str()) || takes_kind(last, &word) => {
                last.words.push(word);
            }
            _ => statements.push(Statement { words: vec![word] }),
        }
    }
    statements
}

fn takes_kind(statement: &Statement, word: &str) -> bool {
    let takes = match statement.keyword() {
        "netdev" | "usb" | "vhost-user" | "name" | "device" | "object" | "chardev" => true,
        "crypto" | "vsock" => word == "vhost-user",
        "numa" => word == "cpu",
        keyword => {
            let spec = qemu_dsl::TABLE.find(keyword);
            spec.is_some_and(|spec| spec.forms.iter().any(|form| form.family.is_some()))
        }
    };
    takes && statement.words.len() == 1
}

/// The words: values in quotes belong to what stands before them.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let open = word.is_empty();
        let end = |closing: &str| rest.find(closing).map_or(rest.len(), |at| at + closing.len());
        let taken = if open && rest.starts_with("//") {
            end("\n")
        } else if open && rest.starts_with("/*") {
            end("*/")
        } else if c == '"' {
            let taken = string(rest);
            word.push_str(rest.get(..taken).unwrap_or_default());
            taken
        } else if c.is_whitespace() || matches!(c, ';' | '<' | '>') {
            words.extend((!open).then(|| std::mem::take(&mut word)));
            c.len_utf8()
        } else {
            word.push(c);
            c.len_utf8()
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// The length of the string at the beginning of `text`.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
