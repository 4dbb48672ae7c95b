//! What a text's tree is.

use super::{BlockForm, Head, Item, Statement, parse};
use crate::statement::TABLE;

/// A statement as a line: the block that it stands in, its head and its items.
fn line(statement: &Statement<'_>) -> String {
    let block = |number: u32| format!("{number}: ");
    let mut line = statement.block.map_or(String::new(), block);
    match &statement.head {
        Head::Orphan => line += "?",
        Head::Keyword(keyword) => {
            line += keyword.word.text;
            for value in keyword.kind.iter().chain(&keyword.values) {
                line += &format!(" <{}>", value.text().unwrap_or("{}"));
            }
        }
        Head::Declaration(word, parameter) => {
            line += word.text;
            if let Some(parameter) = parameter {
                let kind = parameter.kind.map_or("", |kind| kind.text);
                let default = parameter.defaults.first().and_then(|value| value.text());
                line += &format!(" {}:{kind}={}", parameter.name.text, default.unwrap_or_default());
            }
        }
        Head::Block(head) => {
            line += &match (head.form, head.variable) {
                (BlockForm::ElseIf, _) => "else if".to_owned(),
                (BlockForm::For, variable) => {
                    format!("for {}", variable.map_or("", |variable| variable.text))
                }
                (BlockForm::If | BlockForm::Else, _) => head.word.text.to_owned(),
            };
            if let Some(condition) = head.condition {
                line += &format!(" {}{}", if condition.negated { "!" } else { "" }, condition.name.text);
            }
            line += &head.block.map_or(String::new(), |number| format!(" -> {number}"));
            line += &head
                .chain
                .filter(|chain| Some(*chain) != head.block)
                .map_or(String::new(), |chain| format!(" of {chain}"));
        }
        Head::Include(inclusion) => {
            let file = inclusion.file.as_ref().and_then(|file| file.text());
            line += &format!("{} <{}>", inclusion.word.text, file.unwrap_or_default());
        }
        Head::Reserved(word) => line += word.text,
        Head::CommandLine(_) => line += "$",
    }
    for item in &statement.items {
        line += &match item {
            Item::Option { name, value } => {
                let value = value.as_ref().map_or("", |value| value.text().unwrap_or("{}"));
                format!(" {}={value}", name.text)
            }
            Item::Flag(name) => format!(" {}", name.text),
            Item::Feature { on, name } => format!(" {}{}", if *on { "+" } else { "-" }, name.text),
            Item::Loose(value) => format!(" ({})", value.text().unwrap_or("{}")),
        };
    }
    line
}

fn lines(source: &str) -> Vec<String> {
    parse(source, TABLE, &mut Vec::new()).statements.iter().map(line).collect()
}

#[test]
fn a_statement_goes_on_to_the_next_keyword_or_semicolon() {
    assert_eq!(
        lines("name web machine q35 usb; disk file=\"/a b\" id = d netdev user; x memory=1"),
        ["name <web>", "machine <q35> usb", "disk file=/a b id=d", "netdev <user>", "? x memory=1"]
    );
    assert_eq!(lines("cpu qemu64 +aes -3dnow -x=on"), ["cpu <qemu64> +aes -3dnow -x=on"]);
    assert_eq!(lines("smp -4"), ["smp <-4>"]);
}

#[test]
fn a_kind_may_be_spelt_like_a_keyword_but_not_where_the_next_statement_begins() {
    assert_eq!(
        lines("port console netdev memory device\nmemory 2G"),
        ["port <console>", "netdev <memory>", "device", "memory <2G>"]
    );
    assert_eq!(lines("port\nconsole id=a"), ["port <console> id=a"]);
}

#[test]
fn a_keyword_that_is_not_reserved_leaves_other_texts_as_they_are() {
    // `rng` can stand alone.
    assert_eq!(
        lines("name rng kernel rng append= rng device rng id=rng param rng: string = rng uuid {rng}"),
        ["name <rng>", "kernel <rng> append=rng", "device <rng> id=rng", "param rng:string=rng", "uuid <{}>"]
    );
    assert_eq!(
        lines("memory rng rng machine q35 rng cpu max +aes rng random rng rng id=a"),
        ["memory <rng>", "rng", "machine <q35>", "rng", "cpu <max> +aes", "rng <random>", "rng", "rng id=a"]
    );
    // `usb` is a machine's property, too.
    assert_eq!(
        lines("machine q35 usb smm machine q35 usb usb hub machine q35 accel=tcg\nusb hub"),
        ["machine <q35> usb smm", "machine <q35> usb", "usb <hub>", "machine <q35> accel=tcg", "usb <hub>"]
    );
    // What may have a kind, and a statement that is called like it.
    assert_eq!(
        lines("crypto vhost-user socket=a crypto\nvhost-user i2c"),
        ["crypto <vhost-user> socket=a", "crypto", "vhost-user <i2c>"]
    );
    // Where a text can be no value and a line begins, the statement is meant.
    assert_eq!(lines("memory\nrng"), ["memory", "rng"]);
    assert_eq!(lines("memory\nsmp 2"), ["memory", "smp <2>"]);
    assert_eq!(lines("name\nrng"), ["name <rng>"]);
}

#[test]
fn a_declaration_is_not_the_next_statement_s() {
    assert_eq!(
        lines("param disk: path = \"a\" param n:int=4 param k"),
        ["param disk:path=a", "param n:int=4", "param k:="]
    );
    assert_eq!(
        lines("param memory 2G param param x: int"),
        ["param", "memory <2G>", "param", "param x:int="]
    );
    assert_eq!(lines("param x: path = memory 1G"), ["param x:path= (=)", "memory <1G>"]);
}

#[test]
fn braces_behind_a_condition_are_a_block_s_and_others_a_hole_s() {
    assert_eq!(
        lines(
            "if {a} { nographic } else if {!b}{disk file={c} format={ nographic }} else { name {d} } vga none"
        ),
        [
            "if a -> 0",
            "0: nographic",
            "else if !b -> 1 of 0",
            "1: disk file={} format={}",
            "else -> 2 of 0",
            "2: name <{}>",
            "vga <none>",
        ]
    );
    assert_eq!(
        lines("for disk in {disks} { if {x} { bios b } uuid u } name n"),
        ["for disk disks -> 0", "0: if x -> 1", "1: bios <b>", "0: uuid <u>", "name <n>"]
    );
    assert_eq!(
        lines("if {a} { if {b} {} else {} } else {}"),
        ["if a -> 0", "0: if b -> 1", "0: else -> 2 of 1", "else -> 3 of 0"]
    );
    // What is forgotten changes nothing about the rest.
    assert_eq!(
        lines("if a { vga none } for x { bios b } if {a > b} { uuid u } else {} else { memory 1G } smp 2"),
        [
            "if -> 0",
            "0: vga <none>",
            "for x -> 1",
            "1: bios <b>",
            "if -> 2",
            "2: uuid <u>",
            "else -> 3 of 2",
            "else -> 4",
            "4: memory <1G>",
            "smp <2>",
        ]
    );
    assert_eq!(lines("for {a} in {b} { smp 2 }"), ["for a b -> 0", "0: smp <2>"]);
    assert_eq!(lines("if {a} smp 2"), ["if a", "smp <2>"]);
}

#[test]
fn the_grammar_knows_no_keyword_of_the_table() {
    let grammar = include_str!("vm.pest");
    let mut seen = std::collections::HashSet::new();
    for keyword in TABLE.keywords() {
        assert!(seen.insert(keyword), "{keyword} stands twice");
        assert!(keyword == "param" || !grammar.contains(&format!("\"{keyword}\"")), "{keyword}");
    }
}
