//! `qemu-dslc explain`.

use qemu_dsl::Code;

use super::support::run;

#[test]
fn every_statement_and_every_code_is_listed_and_explained() {
    let list = run(&["explain"], "");
    assert_eq!((list.status, list.stderr.as_str()), (Some(0), ""));
    let statements = qemu_dsl::reference::statements().chain(qemu_dsl::reference::words());
    let statements = statements.map(|(keyword, _)| keyword);
    for topic in statements.chain(Code::ALL.iter().map(|code| code.as_str())) {
        assert!(list.stdout.lines().any(|line| line.split_whitespace().next() == Some(topic)), "{topic}");
    }
    for topic in ["netdev", "memory", "param", "if", "else", "for", "include", "unknown-option", "pci-slot"] {
        let page = run(&["explain", topic], "");
        assert_eq!((page.status, page.stderr.as_str()), (Some(0), ""));
        assert!(page.stdout.contains(topic) && page.stdout.ends_with('\n'), "{}", page.stdout);
        assert!(page.stdout.lines().count() > 5, "{}", page.stdout);
    }
}

#[test]
fn a_code_s_page_tells_whether_its_level_can_be_set() {
    for code in Code::ALL {
        let page = run(&["explain", code.as_str()], "").stdout;
        let told =
            ["--allow", "--warn", "--deny"].map(|flag| page.contains(&format!("`{flag} {}`", code.as_str())));
        assert_eq!(told, [code.is_settable(); 3], "{page}");
    }
}

#[test]
fn a_kind_is_explained_alone() {
    let page = run(&["explain", "netdev", "tap"], "");
    assert_eq!(page.status, Some(0));
    assert!(page.stdout.contains("# netdev tap") && !page.stdout.contains("hostfwd"), "{}", page.stdout);
    assert_eq!(run(&["explain", "netdev tap"], ""), page);
}

#[test]
fn a_misspelt_topic_is_wrong_usage() {
    for (topic, help) in
        [("nedtev", "did you mean `netdev`?"), ("xyzzy", "`qemu-dslc explain` lists what there is")]
    {
        let told = run(&["explain", topic], "");
        assert_eq!((told.status, told.stdout.as_str()), (Some(2), ""));
        assert_eq!(
            told.stderr,
            format!("qemu-dslc: `{topic}` is neither a statement nor the code of a mistake: {help}\n")
        );
    }
}
