//! What the shell makes of the shell form: a stand-in for the program gets the plan's arguments, byte for byte.

use std::process::Command;

use fastrand::Rng;

use super::support::{Folder, dslc, outcome, quoted};

/// The words after the program, as every shell at hand passes them on.
fn arguments_by_shell(text: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Folder::new();
    // Its name wants quoting as well.
    let program = folder.script("it's a `stand-in` $HOME; name=größe", r#"printf '%s\0' "$@""#);
    let text = format!("qemu {}\n{text}", quoted(program.to_str().unwrap()));
    let printed = outcome(&mut dslc(["-"]), &text);
    assert_eq!(printed.status, Some(0), "{}", printed.stderr);
    let script = folder.file("script", &printed.stdout);
    let argv = outcome(dslc(["-", "--emit", "argv"]).env("LC_ALL", "C"), &text).stdout;
    let expected = argv.strip_prefix(&format!("{}\0", program.display())).unwrap();

    let mut seen = vec![("expected".to_owned(), expected.as_bytes().to_vec())];
    for shell in ["sh", "bash", "zsh", "fish"] {
        // sh is everywhere; the others are where they are installed.
        if let Ok(output) = Command::new(shell).arg(&script).output() {
            assert!(output.status.success(), "{shell}: {}", printed.stdout);
            seen.push((shell.to_owned(), output.stdout));
        }
    }
    assert!(seen.iter().any(|(shell, _)| shell == "sh"));
    seen
}

fn assert_the_same(text: &str) {
    let seen = arguments_by_shell(text);
    let (_, expected) = &seen[0];
    for (shell, arguments) in &seen {
        assert_eq!(
            String::from_utf8_lossy(arguments),
            String::from_utf8_lossy(expected),
            "{shell} reads something else"
        );
    }
}

#[test]
fn what_shells_find_special_stays_as_it_is() {
    let awkward = [
        "",
        " ",
        "two words",
        "it's",
        "\"double\"",
        "'single'",
        "\\back\\slash\\",
        "line\nend\n",
        "$HOME ${HOME} $(id) `id` $((1+1))",
        "a;b|c&d>e<f",
        "*.rs ?[a-z]",
        "~root",
        "=ls",
        "{a,b} {1..3}",
        "!! !x ^a^b",
        "#comment",
        "%1",
        "größe 日本語 \u{1f600}",
        "tab\tand\u{1}control\r\n",
        "-leading",
        "--",
    ];
    let arguments: String = awkward.iter().map(|text| format!("arg \"-x\" {}\n", quoted(text))).collect();
    let append = quoted(&awkward.join(" "));
    assert_the_same(&format!(
        "kernel \"/a b\" append={append}\ndisk file=\"/it's,here\" format=raw\n{arguments}"
    ));
}

#[test]
fn random_arguments_stay_as_they_are() {
    let seed = 0x5e11;
    let mut rng = Rng::with_seed(seed);
    let special: Vec<char> = "'\"\\$`!^*?[]{}()<>|&;#~=%,:@+-./ \t\nabcäß日\u{7f}\u{1}".chars().collect();
    let text: String = (0..400)
        .map(|_| {
            let word: String = (0..rng.usize(0..12)).map(|_| *rng.choice(&special).unwrap()).collect();
            format!("arg \"-x\" {}\n", quoted(&word))
        })
        .collect();
    assert_the_same(&text);
}
