//! Files that include others, and what a file says of itself.

use super::support::{Folder, Outcome, dslc, outcome, run};

fn run_in(folder: &Folder, args: &[&str], text: &str) -> Outcome {
    outcome(dslc(args).current_dir(folder.path()), text)
}

const BASE: &str = "/// How much RAM.\nparam ram: size = 1G\nparam disks: list of path\nname base\nmemory {ram}\n\
                    for disk in {disks} { disk file={disk} format=raw }\n";

fn folder() -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("parts")).unwrap();
    folder.file("parts/base.vm", BASE);
    folder.file("web.vm", "include \"parts/base.vm\"\nname web\n");
    folder
}

#[test]
fn a_path_is_relative_to_the_file_that_has_it() {
    let folder = folder();
    let web = folder.path().join("web.vm").display().to_string();
    let printed = run(&[&web, "--set", "disks=/a", "--set", "disks=/b"], "");
    assert_eq!(printed.status, Some(0), "{printed:?}");
    assert!(printed.stdout.contains("guest=web") && printed.stdout.contains("file=/b,"), "{printed:?}");
    // From standard input it is relative to the working directory.
    let printed = run_in(&folder, &["-"], "include \"web.vm\"");
    assert!(printed.stdout.contains("guest=web"), "{printed:?}");
}

#[test]
fn what_is_wrong_is_shown_in_its_file() {
    let folder = folder();
    folder.file("parts/base.vm", "name base\nmemory 2Q\n");
    let wrong = run_in(&folder, &["check", "web.vm"], "");
    assert_eq!(wrong.status, Some(1));
    assert!(wrong.stderr.contains("parts/base.vm:2:8"), "{wrong:?}");
    folder.file("parts/base.vm", "include \"../web.vm\"");
    let round = run_in(&folder, &["check", "web.vm"], "");
    assert!(round.stderr.contains("`web.vm` includes itself"), "{round:?}");
    for (file, reason) in [("nowhere.vm", "No such file"), ("parts", "no regular file")] {
        let wrong = run(&["-"], &format!("include \"{}\"", folder.path().join(file).display()));
        assert!(wrong.status == Some(1) && wrong.stderr.contains(reason), "{wrong:?}");
    }
    let refused = run_in(&folder, &["--no-include", "web.vm"], "");
    assert!(refused.status == Some(1) && refused.stderr.contains("--no-include"), "{refused:?}");
}

#[test]
fn a_text_is_printed_with_all_of_it_written_out() {
    let folder = folder();
    let printed = run_in(&folder, &["web.vm", "--emit", "vm", "--set", "disks=/a b"], "");
    let expected = "name web  // web.vm:2:1\nmemory \"1G\"  // parts/base.vm:5:1\n\
                    disk file=\"/a b\" format=raw  // parts/base.vm:6:23\n";
    assert_eq!((printed.status, printed.stdout.as_str()), (Some(0), expected), "{printed:?}");
    // It is a text that says the same.
    let again = run(&["-"], &printed.stdout);
    assert_eq!(again, run_in(&folder, &["web.vm", "--set", "disks=/a b"], ""));
}

/// A file's name may have anything in it, and the comment with it ends where the line does.
#[test]
fn no_name_leaves_its_comment() {
    let folder = folder();
    let name = "parts/a\nmemory 9G.vm";
    folder.file(name, "smp 3\n");
    folder.file("web.vm", "include \"parts/a\\nmemory 9G.vm\"\n");
    let printed = run_in(&folder, &["web.vm", "--emit", "vm"], "");
    assert_eq!(printed.stdout, "smp 3  // parts/a\\nmemory 9G.vm:1:1\n", "{printed:?}");
}

#[test]
fn labels_tell_their_files() {
    let folder = folder();
    folder.file("parts/base.vm", "param big: bool = on\nmemory 1G\n");
    folder.file("web.vm", "include \"parts/base.vm\"\nif {big} { memory 2G }\n");
    let told = run_in(&folder, &["check", "--message-format", "json", "web.vm"], "");
    let json: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let file = |label: usize| json["labels"][label]["file"].as_str().unwrap().to_owned();
    let mut files = [file(0), file(1)];
    files.sort();
    assert_eq!(files, ["parts/base.vm", "web.vm"], "{told:?}");
}

#[test]
fn parameters_are_listed() {
    let folder = folder();
    let listed = run_in(&folder, &["params", "web.vm"], "");
    let expected = "ram: size = 1G\n    How much RAM.\ndisks: list of path\n";
    assert_eq!((listed.status, listed.stdout.as_str()), (Some(0), expected), "{listed:?}");
    let json = run_in(&folder, &["params", "--json", "web.vm"], "");
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json[0]["default"], "1G");
    assert_eq!(json[1]["count"], "list");
    assert_eq!(run(&["params", "-"], "param x: nosuch").status, Some(1));
}
