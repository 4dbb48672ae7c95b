//! What the language keeps words for that are no statements: what they do, for the reference.

use super::markdown::Markdown;

/// A word that stands before a block or a file.
pub(super) struct OwnWord {
    pub(super) word: &'static str,
    pub(super) meaning: &'static str,
    synopsis: &'static str,
    text: &'static str,
    example: &'static str,
}

/// Those that begin something.
pub(super) const WORDS: [OwnWord; 4] = [
    OwnWord {
        word: "if",
        meaning: "What is there only where a condition holds.",
        synopsis: "if {[!]NAME} { STATEMENT... } [else if {[!]NAME} { STATEMENT... }]... [else { STATEMENT... }]",
        text: "A condition is a parameter in braces: a `bool`, one that may be absent (`path?`), which holds where it has a value, \
               or a list, which holds where it isn't empty; `!` turns it round. In `vm!` it is any condition of Rust, and \
               `if let PATTERN = {EXPRESSION} { ... }`.",
        example: "param debug: bool = off\nif {debug} {\n    qmp unix \"/run/debug.qmp\" server nowait\n}",
    },
    OwnWord {
        word: "else",
        meaning: "What is there where the condition of the `if` before it doesn't hold.",
        synopsis: "else { STATEMENT... }\nelse if {[!]NAME} { STATEMENT... }",
        text: "It stands directly behind the block of an `if` or an `else if`. What may stand once may stand in both.",
        example: "param big: bool = off\nif {big} { memory 8G } else { memory 1G }",
    },
    OwnWord {
        word: "for",
        meaning: "What is there once for each value of a list.",
        synopsis: "for VARIABLE in {LIST} { STATEMENT... }",
        text: "The list is a parameter (`list of path`), and the variable a hole in the block. What may stand once can't stand \
               there, and an id hangs on the variable: `id=\"disk{n}\"`. In `vm!` it is any iterator and any pattern of Rust.",
        example: "param disks: list of path = \"/srv/a.img\" \"/srv/b.img\"\nfor disk in {disks} {\n    disk file={disk} format=raw\n}",
    },
    OwnWord {
        word: "include",
        meaning: "Another file, which stands where this does.",
        synopsis: "include PATH",
        text: "The path is relative to the file that has the `include`. A statement behind or before it that may stand once, one \
               with the same id, or a parameter of the same name says what is different of that in the other file, option by \
               option. Everything else is added.",
        example: "include \"base.vm\"\nmemory 4G\ndisk id=root cache=none",
    },
];

/// What there is to know of one.
pub(super) fn whole(own: &OwnWord, level: usize, out: &mut Markdown) {
    out.heading(level, own.word);
    out.code(own.synopsis);
    out.paragraph(&format!("{} {}", own.meaning, own.text));
    out.paragraph("Example:");
    out.code(own.example);
}
