//! Files that include others: what stands where, and what is different.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

use qemu_dsl::plan::Plan;
use qemu_dsl::{Code, Diagnostic, Included, Open, Options, Sources};

/// The first of these files, with those that it includes.
fn sources(files: &[(&str, &str)]) -> Sources {
    let (name, text) = *files.first().unwrap();
    Sources::load(name, text, &mut |inclusion| {
        let found = files.iter().find(|(name, _)| *name == inclusion.path);
        let (name, text) = found.ok_or_else(|| format!("there is none beside {}", inclusion.from))?;
        Ok(Included { name: (*name).to_owned(), text: (*text).to_owned() })
    })
}

fn args(files: &[(&str, &str)]) -> Vec<String> {
    let compiled = sources(files).parse().compile(&Options::default());
    let template = compiled.template.unwrap_or_else(|| panic!("{files:?}\n{:#?}", compiled.diagnostics));
    Plan::of(template).args().map(|arg| arg.to_str().unwrap().to_owned()).collect()
}

fn said(files: &[(&str, &str)]) -> Vec<Diagnostic> {
    sources(files).parse().compile(&Options::default()).diagnostics
}

#[test]
fn what_is_included_stands_where_the_file_says_so() {
    let base = ("base", "disk file=/base format=raw\nif {on} { nographic }");
    let text = "param on: bool = on\ndisk file=/first format=raw\ninclude base\ndisk file=/last format=raw";
    let joined = args(&[("main", text), base]);
    let whole = text.replace("include base", base.1);
    assert_eq!(joined, args(&[("main", &whole)]));
    // In a block it is there as often as that is.
    let twice = "param l: list of path\nparam on: bool = off\nfor x in {l} { include base }";
    let options = Options {
        params: vec![("l".to_owned(), "a".to_owned()), ("l".to_owned(), "b".to_owned())],
        ..Options::default()
    };
    let sources = sources(&[("main", twice), base]);
    let plan = Plan::of(sources.parse().compile(&options).template.unwrap());
    assert_eq!(plan.args().filter(|arg| *arg == "-drive").count(), 2);
}

#[test]
fn the_includer_says_what_is_different() {
    let base = (
        "base",
        "param ram: size = 1G\nname base\nmachine q35 accel=tcg\nmemory {ram} share\n\
         disk id=root file=/base.img format=raw readonly cache=none\nnetdev user id=lan hostfwd=tcp::1-:1 hostfwd=tcp::2-:2",
    );
    let main = |text: &str| args(&[("main", text), base]);
    let same = |text: &str, whole: &str| assert_eq!(main(text), args(&[("whole", whole)]), "{text}");
    let whole = "name base\nmachine q35 accel=tcg\nmemory 1G share\n\
                 disk id=root file=/base.img format=raw readonly cache=none\nnetdev user id=lan hostfwd=tcp::1-:1 hostfwd=tcp::2-:2";
    same("include base", whole);
    // Before the `include` as behind it.
    same("name web\ninclude base", &whole.replace("name base", "name web"));
    same("include base\nname web", &whole.replace("name base", "name web"));
    same("include base\nmemory 2G", &whole.replace("1G", "2G"));
    same("include base\nparam ram: size = 3G", &whole.replace("1G", "3G"));
    same("include base\nmachine accel=kvm", &whole.replace("tcg", "kvm"));
    same(
        "include base\ndisk id=root readonly=off serial=x",
        &whole.replace("readonly cache=none", "cache=none readonly=off serial=x"),
    );
    // A list is one thing.
    same(
        "include base\nnetdev id=lan hostfwd=tcp::3-:3",
        &whole.replace("hostfwd=tcp::1-:1 hostfwd=tcp::2-:2", "hostfwd=tcp::3-:3"),
    );
    // Another kind takes the place of the whole.
    same(
        "include base\nnetdev tap id=lan ifname=tap0",
        &whole.replace(
            "netdev user id=lan hostfwd=tcp::1-:1 hostfwd=tcp::2-:2",
            "netdev tap id=lan ifname=tap0",
        ),
    );
    // Everything else is added.
    same(
        "include base\ndisk id=data file=/d format=raw",
        &format!("{whole}\ndisk id=data file=/d format=raw"),
    );
    // Through files between.
    assert_eq!(
        args(&[
            ("main", "include middle\nmemory 4G"),
            ("middle", "include base\nmemory 3G\nname middle"),
            base
        ]),
        args(&[("whole", &whole.replace("1G", "4G").replace("name base", "name middle"))])
    );
}

#[test]
fn a_change_may_stand_in_the_block_that_includes() {
    let base = ("base", "memory 1G share\ndisk id=root file=/base.img format=raw readonly");
    let text = "param a: bool = on\nif {a} { include base memory 4G disk id=root readonly=off name x }";
    let whole = "param a: bool = on\nif {a} { memory 4G share disk id=root file=/base.img format=raw readonly=off name x }";
    assert_eq!(args(&[("main", text), base]), args(&[("whole", whole)]));
    // What is declared there holds for the whole text, behind what the text itself has declared.
    let with_param = ("base", "param m: size = {ram}\nmemory {m}");
    let text = "param ram: size = 2G\nparam a: bool = on\nname x\nif {a} { include base smp 2 } else { smp 3 }\nnodefaults";
    assert_eq!(
        args(&[("main", text), with_param]),
        args(&[("whole", "name x\nmemory 2G\nsmp 2\nnodefaults")])
    );
}

/// Of what varies in some cases alone, nobody could say what holds in the others.
#[test]
fn a_change_in_another_block_is_none() {
    let base = ("base", "param big: bool = on\nmemory 1G\niothread io0\nif {big} { smp 2 }");
    let helps = |text: &str| -> Vec<String> {
        let said = said(&[("main", text), base]);
        said.iter().map(|one| one.remedy.as_ref().unwrap().help.to_string()).collect()
    };
    for text in ["if {big} { memory 4G }", "if {big} { iothread io0 poll-max-ns=5 }", "smp 4"] {
        for text in [format!("include base\n{text}"), format!("{text}\ninclude base")] {
            let helps = helps(&text);
            assert!(helps.len() == 1 && helps[0].contains("`param`"), "{text}: {helps:?}");
        }
    }
    // One that excludes the other is no change.
    let base = ("base", "param big: bool = on\nif {big} { memory 1G }");
    assert_eq!(said(&[("main", "include base\nif {!big} { memory 4G }"), base]), []);
    // Of what files side by side say nobody knows which holds.
    let twice = said(&[("main", "include a include b"), ("a", "memory 1G"), ("b", "memory 2G")]);
    assert_eq!(twice.len(), 1);
    assert!(!twice[0].remedy.as_ref().unwrap().help.to_string().contains("`param`"));
}

#[test]
fn an_id_without_its_name_is_one_too() {
    let base = ("base", "iothread io0 poll-max-ns=1\nthrottle-group slow iops-total=100 bps-total=4M");
    assert_eq!(
        args(&[("main", "include base\niothread io0 poll-max-ns=7\nthrottle-group slow iops-total=5"), base]),
        args(&[("whole", "iothread io0 poll-max-ns=7\nthrottle-group slow bps-total=4M iops-total=5")])
    );
}

#[test]
fn what_a_file_says_twice_is_no_change_of_a_change() {
    let base = ("base", "param n: string = x\nmemory 1G\nobject rng-random id=r filename=\"/a\"");
    let codes =
        |text: &str| -> Vec<Code> { said(&[("main", text), base]).iter().map(|one| one.code).collect() };
    assert_eq!(codes("include base memory 2G memory 3G"), [Code::RepeatedStatement]);
    assert_eq!(codes("memory 2G include base memory 3G"), [Code::RepeatedStatement]);
    assert_eq!(codes("include base param n: string = y\nparam n: string = z"), [Code::RepeatedParameter]);
    let twice = "include base object rng-random id=r filename=\"/b\" object rng-random id=r filename=\"/c\"";
    assert_eq!(codes(twice), [Code::DuplicateId]);
}

#[test]
fn in_which_order_files_are_included_makes_no_difference_to_what_is_changed() {
    let files = |main| {
        [
            ("main", main),
            ("a", "include b\nmemory 2G\ndisk id=root cache=none"),
            ("b", "memory 1G share\ndisk id=root file=/b format=raw"),
        ]
    };
    let whole = args(&[("whole", "memory 2G share\ndisk id=root file=/b format=raw cache=none")]);
    for main in ["include a", "include a include b", "include b include a"] {
        assert_eq!(args(&files(main)), whole, "{main}");
    }
    let of_main = args(&files("memory 3G include b disk id=root cache=unsafe include a"));
    assert_eq!(of_main, args(&[("whole", "memory 3G share\ndisk id=root file=/b format=raw cache=unsafe")]));
}

#[test]
fn what_several_include_is_there_once() {
    let files = [
        ("main", "include a\ninclude b\ninclude common"),
        ("a", "include common\ndisk file=/a format=raw"),
        ("b", "include common\ndisk file=/b format=raw"),
        ("common", "nodefaults\ndisk file=/c format=raw"),
    ];
    assert_eq!(
        args(&files),
        args(&[(
            "whole",
            "nodefaults\ndisk file=/c format=raw\ndisk file=/a format=raw\ndisk file=/b format=raw"
        )])
    );
}

#[test]
fn what_may_not_be_there_is_included_once() {
    let of = |main: &str| {
        let files = [
            ("main", &*format!("param on: bool = off\n{main}")),
            ("a", "include common"),
            ("common", "disk file=/c format=raw"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
        let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        said(&files).iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>()
    };
    assert_eq!(of("if {on} { include common }"), []);
    // Whichever comes first, and by way of another file.
    assert_eq!(of("if {on} { include common } include common"), [Code::BadInclude]);
    assert_eq!(of("include common if {on} { include common }"), [Code::BadInclude]);
    assert_eq!(of("if {on} { include a } include common"), [Code::BadInclude]);
    assert_eq!(of("if {on} { include a } else { include common }"), [Code::BadInclude]);
}

/// A program's text has Rust in its holes, what it includes has parameters.
#[test]
fn what_a_program_includes_has_parameters_of_its_own() {
    let options = Options { open: Open::Holes, ..Options::default() };
    let compiled =
        |main: &str, base: &str| sources(&[("main", main), ("base", base)]).parse().compile(&options);
    let base = "param ram: size = 1G\nparam l: list of path = \"/a\" \"/b\"\nmemory {ram}\n\
                for d in {l} { disk file={d} format=raw }";
    let closed = compiled("include base name x", base);
    assert!(closed.template.is_some(), "{:#?}", closed.diagnostics);
    let open = compiled("include base name {x} if {y} { include base }", base);
    assert_eq!(open.diagnostics.len(), 1, "it is included twice: {:#?}", open.diagnostics);
    let open = compiled("for x in {xs} { include base }", "disk file={x} format=raw");
    assert_eq!(open.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::UnknownParameter]);
    // A list without a value is empty, and what goes through it is never there.
    let loops = "param l: list of path\nfor x in {l} { if {x} { disk file=\"{x}\" format=raw } }";
    for main in [
        "include base name n",
        "for x in {xs} { include base }",
        "include base for x in {xs} { disk file={x} format=raw }",
    ] {
        assert_eq!(compiled(main, loops).diagnostics, [], "{main}");
    }
    let open = compiled("if {x} { include base }", "param n: string\nname {n}");
    assert_eq!(open.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::UnsetParameter]);
    // Only the program's own is bound.
    let open = compiled("if {x} { include base } name {n}", base).open.unwrap();
    assert_eq!((open.open.holes.len(), open.open.blocks.len()), (1, 1));
}

#[test]
fn what_is_wrong_is_at_its_place_in_its_file() {
    let files = [
        ("main", "include a\nmemory 1G\ninclude none\ninclude \"\""),
        ("a", "\n\nsmp x\ninclude b"),
        ("b", "include a\nname \"b\" wrong=1"),
    ];
    let sources = sources(&files);
    let said = sources.parse().compile(&Options::default()).diagnostics;
    let shown: Vec<_> = said
        .iter()
        .map(|diagnostic| {
            let places: Vec<_> = diagnostic
                .labels
                .iter()
                .map(|label| {
                    let (file, at) = sources.map().locate(label.span).unwrap();
                    let text = sources.map().text(label.span).unwrap();
                    format!("{}:{}:{} {text}", file.name(), at.line, at.column)
                })
                .collect();
            format!("{} {}", diagnostic.code.as_str(), places.join(", "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "bad-include main:3:9 none",
            "bad-include main:4:1 include",
            "wrong-type a:3:5 x",
            "bad-include b:1:9 a, a:4:9 b, main:1:9 a",
            "unknown-option b:2:10 wrong",
        ]
    );
}

#[test]
fn nothing_can_follow_the_file() {
    let wrong = |text: &str| -> Vec<(Code, u32)> {
        let said = said(&[("main", text), ("base.vm", "memory 1G")]);
        said.iter().map(|one| (one.code, one.span().unwrap().start)).collect()
    };
    assert_eq!(wrong("include \"base.vm\"\nmemry 4G"), [(Code::UnknownStatement, 18)]);
    assert_eq!(wrong("include \"base.vm\"\n  memory=4G foo"), [(Code::UnknownStatement, 20)]);
    assert_eq!(wrong("include \"base.vm\" \"a.vm\" {x} foo=1"), [(Code::UnexpectedText, 18)]);
    assert_eq!(
        wrong("include \"base.vm\" foo=1\nmemry"),
        [(Code::UnexpectedText, 18), (Code::UnknownStatement, 24)]
    );
    assert_eq!(
        wrong("include \"base.vm\" foo; +x"),
        [(Code::UnexpectedText, 18), (Code::UnknownStatement, 23)]
    );
    assert_eq!(wrong("include \"base.vm\", \"a.vm\""), [(Code::Comma, 17)]);
    assert_eq!(wrong("include \"base.vm\"x"), [(Code::QuoteIt, 17)]);
    // As behind a parameter.
    assert_eq!(wrong("param x: path\nmemry 4G"), [(Code::UnknownStatement, 14)]);
    let said = said(&[("main", "include base.vm other.vm"), ("base.vm", "memory 1G")]);
    let help = said[0].remedy.as_ref().unwrap().help.to_string();
    assert!(help.contains("`include other.vm`"), "{help}");
}

#[test]
fn what_is_compiled_alone_includes_nothing() {
    let compiled = qemu_dsl::compile("include \"x.vm\"\nmemory 1G", &Options::default());
    assert_eq!(compiled.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::BadInclude]);
    assert!(compiled.template.is_none());
    // A value may be called so, and an option.
    assert_eq!(said(&[("main", "name \"include\"\nkernel /k append=include")]), []);
}

#[test]
fn files_may_include_each_other_deep_but_not_without_end() {
    let chain = |count: usize| {
        let name = |number: usize| format!("f{number}");
        Sources::load(name(0), "include f1", &mut |inclusion| {
            let number: usize = inclusion.path.trim_start_matches('f').parse().unwrap();
            let text =
                if number < count { format!("include f{}", number + 1) } else { "memory 1G".to_owned() };
            Ok(Included { name: name(number), text })
        })
    };
    let codes = |sources: &Sources| -> Vec<Code> {
        let compiled = sources.parse().compile(&Options::default());
        compiled.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    };
    assert_eq!(codes(&chain(50)), []);
    assert_eq!(codes(&chain(1_000_000)), [Code::BadInclude]);
}
