//! Diagnostics as they are printed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::{Folder, run};

#[test]
fn a_report_for_people() {
    let folder = Folder::new();
    folder.file("web.vm", "memory 1G\nmemroy 2G\ndisk file=\"a\" frmat=raw\n");
    let told = folder.run(&["web.vm"]);
    assert_eq!((told.status, told.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        told.stderr,
        "\
error: unknown-statement

  x unknown statement `memroy`
   ,-[web.vm:2:1]
 1 | memory 1G
 2 | memroy 2G
   : ^^^^^^
 3 | disk file=\"a\" frmat=raw
   `----
  help: did you mean `memory`?

error: unknown-option

  x `disk` has no option `frmat`
   ,-[web.vm:3:15]
 2 | memroy 2G
 3 | disk file=\"a\" frmat=raw
   :               ^^^^^
   `----
  help: did you mean `format`?

2 errors
"
    );
    assert_eq!(folder.run(&["check", "web.vm"]), told);
    assert_eq!(folder.run(&["run", "web.vm"]), told);
}

#[test]
fn warnings_are_told_and_change_nothing() {
    let text = "memory 1G\nnetdev user mac=01:00:00:00:00:01\n";
    for args in [&["-"][..], &["check", "-"], &["run", "--dry-run", "-"]] {
        let told = run(args, text);
        assert_eq!(told.status, Some(0));
        assert!(told.stderr.starts_with("warning: multicast-mac\n"), "{}", told.stderr);
        assert!(told.stderr.ends_with("\n1 warning\n"), "{}", told.stderr);
        assert_eq!(told.stdout.is_empty(), args.contains(&"check"));
    }
}

#[test]
fn json_for_programs_with_the_members_in_order() {
    let text = "memroy 2G\n";
    let expected = concat!(
        r#"{"code":"unknown-statement","severity":"error","message":"unknown statement `memroy`","#,
        r#""help":"did you mean `memory`?","labels":[{"start":0,"end":6,"text":"","line":1,"column":1,"file":"<stdin>"}],"#,
        r#""file":"<stdin>","remedies":[{"title":"write `memory` in place of `memroy`","#,
        r#""edits":[{"start":0,"end":6,"text":"memory","line":1,"column":1,"file":"<stdin>"}]}]}"#,
        "\n"
    );
    let checked = run(&["check", "--message-format", "json", "-"], text);
    assert_eq!((checked.status, checked.stdout.as_str(), checked.stderr.as_str()), (Some(1), expected, ""));
    for command in [&["-"][..], &["run", "-"], &["run", "--dry-run", "-"]] {
        let told = run(&[command, &["--message-format=json"]].concat(), text);
        assert_eq!((told.status, told.stdout.as_str(), told.stderr.as_str()), (Some(1), "", expected));
    }
}

#[test]
fn json_has_bytes_and_every_label() {
    let text = "name größe\ndisk id=a file=\"/x\" format=raw\ndisk id=a file=\"/y\" format=raw\n";
    let folder = Folder::new();
    folder.file("a.vm", text);
    let checked = folder.run(&["check", "--message-format=json", "a.vm"]);
    let object: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(object["code"], "duplicate-id");
    assert_eq!(object["file"], "a.vm");
    let labels = object["labels"].as_array().unwrap();
    assert_eq!(labels.len(), 2);
    for label in labels {
        let place = |key: &str| usize::try_from(label[key].as_u64().unwrap()).unwrap();
        assert_eq!(&text[place("start")..place("end")], "a");
        assert!(label["text"].as_str().is_some_and(|text| text.ends_with("here")));
    }
}

#[test]
fn json_has_no_label_where_there_is_no_place() {
    let checked = run(&["check", "--message-format=json", "--target=99.0", "-"], "");
    let object: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!((&object["severity"], &object["labels"]), (&json!("warning"), &json!([])));
    assert_eq!(checked.status, Some(0));
    // For people, the message says which file it is.
    assert!(run(&["check", "--target=99.0", "-"], "").stderr.contains("! <stdin>: QEMU 99.0 is newer"));
}

#[test]
fn check_without_mistakes_says_nothing() {
    let folder = Folder::new();
    folder.file("a.vm", "memory 1G");
    folder.file("b.vm", "memory 2G");
    for args in [&["check", "a.vm", "b.vm"][..], &["check", "--message-format=json", "a.vm"]] {
        let checked = folder.run(args);
        assert_eq!((checked.status, checked.stdout.as_str(), checked.stderr.as_str()), (Some(0), "", ""));
    }
}

#[test]
fn check_reports_on_all_files() {
    let folder = Folder::new();
    folder.file("a.vm", "oops");
    folder.file("b.vm", "memory 1G");
    folder.file("c.vm", "memory big");
    let checked = folder.run(&["check", "a.vm", "b.vm", "c.vm"]);
    assert_eq!(checked.status, Some(1));
    assert!(
        checked.stderr.contains("[a.vm:1:1]") && checked.stderr.contains("[c.vm:1:8]"),
        "{}",
        checked.stderr
    );
    assert!(checked.stderr.ends_with("\n2 errors\n"), "{}", checked.stderr);
}

/// 1 MB with 1,000 errors: lines of comment, and one long line.
#[test]
fn a_thousand_errors_are_counted_and_fifty_shown_in_no_time() {
    let lines = format!("netdev user oops=1\n// {}\n", "filler ".repeat(142)).repeat(1000);
    let line = format!("disk id=a oops=1 file=\"{}\" format=raw; ", "x".repeat(980)).repeat(1000);
    for text in [lines, line] {
        assert!(text.len() > 1_000_000);
        let started = Instant::now();
        let told = run(&["-"], &text);
        let took = started.elapsed();
        assert_eq!(told.status, Some(1));
        assert_eq!(told.stderr.lines().filter(|line| line.starts_with("error: ")).count(), 50);
        let last: Vec<_> = told.stderr.lines().rev().take(3).collect();
        let errors: usize = last[0].strip_suffix(" errors").unwrap().parse().unwrap();
        assert!(errors >= 1000);
        assert_eq!(last[2], format!("... and {} more errors", errors - 50));
        assert!(told.stderr.len() < 200_000, "{}", told.stderr.len());
        // The promise is for a release build.
        let limit = if cfg!(debug_assertions) { Duration::from_secs(30) } else { Duration::from_secs(1) };
        assert!(took < limit, "{took:?}");
        // Programs get them all.
        let checked = run(&["check", "--message-format=json", "-"], &text);
        assert_eq!(checked.stdout.lines().count(), errors);
    }
}

#[test]
fn what_the_text_holds_cannot_steer_the_terminal() {
    let told = run(&["-"], "memory 1G \u{1b}[2J\u{202e}oops\u{1b}]0;x\u{7}\n");
    assert_eq!(told.status, Some(1));
    assert!(!told.stderr.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{}", told.stderr);
}
