#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

use super::{Source, is_refused};

/// The tokens of `text`, as a macro gets them that was given them by another one.
fn read(text: &str) -> Source {
    Source::read(text.parse().unwrap(), Span::call_site())
}

/// The tokens of `text`, as a macro gets them whose call they stand in.
fn read_call(text: &str) -> Source {
    read_body(text, |tree| vec![tree])
}

/// The same with each token replaced, as `macro_rules!` does with its `$x`.
fn read_body(text: &str, replace: impl FnMut(TokenTree) -> Vec<TokenTree>) -> Source {
    let tokens: TokenStream = format!("{{{text}\n}}").parse().unwrap();
    let Some(TokenTree::Group(body)) = tokens.into_iter().next() else {
        panic!("a group");
    };
    Source::read(body.stream().into_iter().flat_map(replace).collect(), body.span())
}

/// A macro's body, in which `x1`, `x2`, ... stand for what it is called with. (`$x` has as many characters.)
fn substitute(body: &str, arguments: &[&str], in_groups: bool) -> Source {
    read_body(body, |tree| {
        let name = tree.to_string();
        let Some(argument) = name.strip_prefix('x').and_then(|number| number.parse::<usize>().ok()) else {
            return vec![tree];
        };
        let tokens: TokenStream = arguments.get(argument - 1).unwrap().parse().unwrap();
        if !in_groups {
            return tokens.into_iter().collect();
        }
        let mut group = Group::new(Delimiter::None, tokens);
        group.set_span(tree.span());
        vec![group.into()]
    })
}

fn flaws(source: &Source) -> Vec<(String, &str)> {
    let at = |span: qemu_dsl::Span| source.text.get(span.start as usize..span.end as usize).unwrap();
    source.flaws.iter().map(|flaw| (flaw.message.clone(), at(flaw.span().unwrap()))).collect()
}

const CUT_OFF: &str = "Rust reads what follows this as a comment";

#[test]
fn the_text_is_that_of_the_file() {
    for text in [
        "netdev tap id=net0 ifname=tap0 mq=4 vhost mac=52:54:00:12:34:56",
        "device virtio-net-pci\n    addr=1f.2 host=0000:02:10.0",
        "cpu host +aes -svm,x\nmemory 1.5G\n\n\nsmp 4",
        "disk file=/var/lib/a.img id=é0 format=raw; disk file=b@c%d~e",
        r####"arg "-x" "a\"b\n" kernel r#"/p"q"# bios r"\\" "####.trim_end(),
        "fs local path=\"{x} {{\" kernel {kernel} initrd={a.b.0}",
        "< netdev tap mq = 4 vhost >",
        "hostfwd=tcp::2222-:22 uuid 123e4567-e89b-12d3-a456-426614174000",
        "a () [b {}] <c> ,,, != => .. ... #x",
        "raw r\"two\nlines\" end",
    ] {
        for source in [read(text), read_call(text)] {
            assert_eq!(source.text, text);
            assert_eq!(flaws(&source), []);
            assert!(source.has_places());
        }
    }
}

#[test]
fn an_empty_text_is_one() {
    let source = read_call("  // nothing\n ");
    assert_eq!(source.text, "");
    assert!(source.has_places());
    assert!(source.blame(qemu_dsl::Span::default()).is_none());
}

#[test]
fn comments_are_blank() {
    let text = "name /* a */ web // b\n/// c\n    //! d\nsmp 4 /** e */ cores=2 /*! f */";
    for source in [read(text), read_call(text)] {
        assert_eq!(source.text, "name         web\n\n\nsmp 4          cores=2");
        assert_eq!(flaws(&source), []);
    }
}

#[test]
fn an_attribute_is_no_comment() {
    assert_eq!(read("#[doc = \"a\"] #[x]").text, "#[doc = \"a\"] #[x]");
}

#[test]
fn a_macro_s_group_touches_what_its_variable_touches() {
    let source = substitute("file=/a/x1.img smp x2\n-x3 mac=00:x2", &["foo", "12", "a - b"], true);
    assert_eq!(source.text, "file=/a/foo.img smp 12\n-a - b mac=00:12");
}

#[test]
fn without_a_group_that_is_guessed() {
    let source = substitute("file=/a/x1.img x2=kvm cpu x1 -x2 +x2", &["foo", "bar"], false);
    assert_eq!(source.text, "file=/a/foo.img bar=kvm cpu foo -bar +bar");
    // A string joins nothing.
    assert_eq!(substitute("file=x1 .img", &["\"/a\""], false).text, "file= \"/a\" .img");
}

#[test]
fn a_macro_s_lines_stay_lines() {
    let source = substitute("disk file=x1\nmemry x2\nsmp 4", &["\"/a\"", "2G"], false);
    assert_eq!(source.text, "disk file= \"/a\"\nmemry 2G\nsmp 4");
}

#[test]
fn a_repetition_begins_a_line() {
    let source = read_body("disk file=a;", |tree| vec![tree]);
    assert_eq!(source.text, "disk file=a;");
    let tokens: Vec<TokenTree> = "disk file=a".parse::<TokenStream>().unwrap().into_iter().collect();
    let twice = tokens.iter().chain(&tokens).cloned().collect();
    assert_eq!(Source::read(twice, Span::call_site()).text, "disk file=a\ndisk file=a");
}

#[test]
fn without_places_words_are_glued() {
    // As rust-analyzer has it, and `quote!` in another procedural macro.
    let text = "device virtio-net-pci mac=52:54:00:12:34:56 file=/a.img id=\"x\" smp 4 +aes {x} 'a";
    let tokens: TokenStream = text.parse().unwrap();
    let lost = tokens.into_iter().map(|mut tree| {
        tree.set_span(Span::call_site());
        tree
    });
    let source = Source::read(lost.collect(), Span::call_site());
    assert_eq!(source.text, text.replace("id=", "id= "));
    assert!(!source.has_places());
}

#[test]
fn a_place_in_the_text_is_a_token() {
    let text = "netdev tap\n  id=net0 mac=52:54:00:12:34:56 {a b} \"q\"";
    let source = read_call(text);
    let blamed = |start: usize, end: usize| {
        let span = qemu_dsl::Span::new(u32::try_from(start).unwrap(), u32::try_from(end).unwrap());
        let (first, last) = source.blame(span).unwrap();
        (first.source_text().unwrap(), last.source_text().unwrap())
    };
    let find = |what: &str| {
        let at = source.text.find(what).unwrap();
        blamed(at, at + what.len())
    };
    let pair = |first: &str, last: &str| (first.to_owned(), last.to_owned());
    assert_eq!(find("netdev"), pair("netdev", "netdev"));
    assert_eq!(find("netdev tap"), pair("netdev", "tap"));
    assert_eq!(find("52:54:00:12:34:56"), pair("52", "56"));
    assert_eq!(find("\"q\""), pair("\"q\"", "\"q\""));
    // A part of a token is the token; what has no token is blamed on the one before, or the first.
    assert_eq!(blamed(2, 3), pair("netdev", "netdev"));
    assert_eq!(find("{"), pair("{a b}", "{a b}"));
    assert_eq!(blamed(6, 6), pair("netdev", "netdev"));
    assert_eq!(blamed(9999, 9999), pair("\"q\"", "\"q\""));
    assert_eq!(blamed(0, 0), pair("netdev", "netdev"));
    assert_eq!(blamed(0, 9999), pair("netdev", "\"q\""));
}

#[test]
fn what_a_macro_brings_ends_a_range() {
    let source = substitute("netdev x1 id=a", &["tap"], false);
    let (first, last) = source.blame(qemu_dsl::Span::new(0, 17)).unwrap();
    assert_eq!((first.source_text(), last.source_text()), (Some("netdev".into()), Some("netdev".into())));
}

#[test]
fn holes_keep_their_code() {
    let source = read("a={x} b={ x.y.0.1 } c={f(1)} d={} e={é}");
    assert_eq!(source.text, "a={x} b={x.y.0.1} c={rust} d={} e={rust}");
    let holes: Vec<_> = source
        .holes
        .iter()
        .map(|hole| {
            let text = source.text.get(hole.span.start as usize..hole.span.end as usize).unwrap();
            (text, hole.reference.to_string().replace(' ', ""))
        })
        .collect();
    assert_eq!(
        holes,
        [
            ("{x}", "&(x)".into()),
            ("{x.y.0.1}", "&(x.y.0.1)".into()),
            ("{rust}", "&(f(1))".into()),
            ("{rust}", "&(é)".into()),
        ]
    );
}

#[test]
fn a_value_that_a_comment_cuts_off_is_seen() {
    for (text, value) in [
        ("path=tcp://host id=a\nsmp 4", "tcp:"),
        ("path=a//b", "a"),
        ("path=/a/* b */ id=a", "/a"),
        ("a path=//server/share\nid=a", "path="),
        ("smp 4// four", "4"),
        ("é path=é//ü\nid=a", "é"),
        ("smp 4/// four\n", "4"),
    ] {
        assert_eq!(flaws(&read_call(text)), [(CUT_OFF.to_owned(), value)], "{text}");
    }
    for text in ["a; // b", "a=\"b\"// c", "a;// b", "a // b", "a=1 /* b */ c", "a={b}// c", "a=r#\"b\"#// c"]
    {
        assert_eq!(flaws(&read_call(text)), [], "{text}");
    }
}

#[test]
fn without_the_program_s_text_a_url_is_seen() {
    for (text, value) in
        [("path=tcp://host\nid=a", "tcp:"), ("path=tcp://host", "tcp:"), ("path=b/// doc\nid=a", "b")]
    {
        assert_eq!(flaws(&read(text)), [(CUT_OFF.to_owned(), value)], "{text}");
    }
    for text in ["param disk:\npath", "path=a: b", "path=\"tcp://host\"\nid=a", "path=a\nid=a"] {
        assert_eq!(flaws(&read(text)), [], "{text}");
    }
}

#[test]
fn a_string_of_several_lines_is_refused_and_stays_a_string() {
    let source = read_call("kernel \"/a\n  disk\" smp 4");
    assert_eq!(source.text, "kernel \"/a   disk\" smp 4");
    assert_eq!(flaws(&source), [("this string goes on in the next line".into(), "\"/a   disk\"")]);
}

#[test]
fn numbers_that_rust_refuses_are_known() {
    for number in [
        "5e", "0b", "0o", "0x", "1e", "1.0e", "5e_", "5e+", "1e-x", "0x1f.2", "0b3", "0o8", "0b1.0", "0b1e5",
        "0x_", "5E", "1_0e",
    ] {
        assert!(is_refused(number), "{number}");
    }
    for number in [
        "5",
        "1f",
        "5e1",
        "0b1",
        "0x5e",
        "1.5G",
        "123e4567",
        "12345e-9abc",
        "1_000",
        "0o17",
        "0xff",
        "1.",
        "2G",
        "00",
        "5e_1",
        "9p",
        "word",
        "\"5e\"",
        "-",
    ] {
        assert!(!is_refused(number), "{number}");
    }
}

/// Whatever the documentation shows means the same in a program.
#[test]
fn documented_texts_survive() {
    // Examples are indented.
    let document = qemu_dsl::reference::language() + &qemu_dsl::pages::all();
    let paragraphs =
        document.split("\n\n").filter(|paragraph| paragraph.lines().all(|line| line.starts_with("    ")));
    let mut compared = 0;
    for example in paragraphs {
        // How a word is written is no text.
        if example.contains("STATEMENT...") {
            continue;
        }
        // Some show what can't be read: Rust says so itself.
        let Ok(tokens) = example.parse() else { continue };
        let source = Source::read(tokens, Span::call_site());
        if !source.flaws.is_empty() || source.text.contains(super::PLACEHOLDER) {
            continue;
        }
        let seen = |text: &str| {
            let compiled = qemu_dsl::compile(text, &qemu_dsl::Options::default());
            let rendered =
                compiled.template.map(|template| format!("{:?}", qemu_dsl::plan::Plan::of(template)));
            let messages: Vec<_> = compiled
                .diagnostics
                .into_iter()
                .map(|found| (found.code, found.message, found.remedy.map(|remedy| remedy.help)))
                .collect();
            (rendered, messages)
        };
        assert_eq!(seen(&source.text), seen(example), "{example}\n---\n{}", source.text);
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
}

/// Whatever tokens there are, the text is theirs, to the last space.
#[test]
fn any_text_survives() {
    const PARTS: &[&str] = &[
        " ",
        " ",
        " ",
        "  ",
        "\n",
        "\n\n  ",
        "netdev",
        "tap",
        "virtio",
        "é",
        "r",
        "e",
        "-",
        "+",
        "=",
        ":",
        "::",
        ".",
        "..",
        "/",
        ",",
        ";",
        "<",
        ">",
        "#",
        "!",
        "'",
        "%",
        "@",
        "~",
        "5",
        "1f",
        "2G",
        "0x1f",
        "5e",
        "1.5",
        "\"a b\"",
        "\"\\n\"",
        "r#\"a\"#",
        "()",
        "[1f.2]",
        "{x}",
        "{}",
        "({a.b} -c)",
    ];
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut compared = 0;
    for _ in 0..20_000 {
        let text: String = (0..random.usize(1..12)).filter_map(|_| random.choice(PARTS)).copied().collect();
        // Behind the last token of a line there is nothing to measure.
        let lines: Vec<_> = text.trim().split('\n').map(str::trim_end).collect();
        let text = lines.join("\n");
        if text.is_empty() || text.contains("//") || format!("{{{text}}}").parse::<TokenStream>().is_err() {
            continue;
        }
        for source in [read(&text), read_call(&text)] {
            assert_eq!(source.text, text);
        }
        compared += 1;
    }
    assert!(compared > 1_000, "{compared}");
}

#[test]
fn the_names_of_options_tell_whether_file_descriptors_are_taken() {
    for text in [
        "disk fd={a}",
        "netdev tap fds = {a.b()}",
        "netdev tap vhostfds={x} mq=1",
        "for x in {y} { qmp fd={x} }",
    ] {
        assert!(read_call(text).takes_fds, "{text}");
        // Also where nothing has a place.
        assert!(read(text).takes_fds, "{text}");
    }
    for text in [
        "disk fd",
        "device d x-fd={a} fdset={b}",
        "if let Some(fd) = {a} { disk file={fd} }",
        "disk fd=\"{a}\"",
    ] {
        assert!(!read_call(text).takes_fds, "{text}");
        assert!(!read(text).takes_fds, "{text}");
    }
}
