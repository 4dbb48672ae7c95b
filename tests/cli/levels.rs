//! How grave diagnostics are taken: `--allow`, `--warn`, `--deny`.

use super::support::run;

/// A warning, a warning about QEMU's names, an error about them, and an error.
const TEXT: &str =
    "disk file=\"/a\"\ndevice acme-nic\ndevice virtio-rng-pci acme=1\ndisk file=\"/b\" format=raw oops\n";

/// What is reported of a text: each diagnostic's first line.
fn said(args: &[&str], text: &str) -> (Option<i32>, Vec<String>) {
    let told = run(&[&["check", "-"], args].concat(), text);
    let is_head =
        |line: &&str| ["error: ", "warning: ", "advice: "].iter().any(|head| line.starts_with(head));
    (told.status, told.stderr.lines().filter(is_head).map(str::to_owned).collect())
}

#[test]
fn codes_are_allowed_lowered_and_denied() {
    let all = [
        "warning: guessed-format",
        "warning: unknown-device",
        "error: unknown-property",
        "error: unknown-option",
    ];
    let [format, device, property, option] = all;
    for (args, expected) in [
        (&[][..], &all[..]),
        (&["--allow", "guessed-format"], &[device, property, option]),
        (
            &["--allow=unknown-device", "--warn=unknown-property"],
            &[format, "warning: unknown-property", option],
        ),
        (&["--deny=guessed-format"], &["error: guessed-format", device, property, option]),
        (&["--allow=warnings"], &[property, option]),
        (
            &["--deny=warnings", "--allow=unknown-property"],
            &["error: guessed-format", "error: unknown-device", option],
        ),
        (&["--deny=unknown-option"], &all),
    ] {
        assert_eq!(
            said(args, TEXT),
            (Some(1), expected.iter().map(ToString::to_string).collect()),
            "{args:?}"
        );
    }
}

#[test]
fn references_by_the_schema_have_a_level() {
    // What takes which type of object, and what plugs into which bus, is the schema's word.
    let text = "object iothread id=i\nmachine q35\ndevice virtio-rng-pci rng=i\ndevice virtio-rng-pci rng=no\n\
                device isa-serial bus=pcie.0\ndevice virtio-blk-pci drive=no\n";
    let all = ["error: wrong-id", "error: unknown-id", "error: unknown-bus", "error: unknown-id"];
    assert_eq!(said(&[], text), (Some(1), all.map(str::to_owned).to_vec()));
    let allowed = ["--allow=wrong-id", "--allow=unknown-id", "--allow=unknown-bus"];
    assert_eq!(said(&allowed, text), (Some(1), vec!["error: unknown-id".to_owned()]));
}

#[test]
fn the_last_of_two_levels_holds() {
    let text = "disk file=\"/a\"";
    let (allow, deny) = ("--allow=guessed-format", "--deny=guessed-format");
    assert_eq!(said(&[allow, deny], text), (Some(1), vec!["error: guessed-format".to_owned()]));
    assert_eq!(said(&[deny, allow], text), (Some(0), vec![]));
    assert_eq!(said(&["--deny=warnings", allow], text), (Some(0), vec![]));
    assert_eq!(said(&[allow, "--deny=warnings"], text), (Some(0), vec![]));
}

#[test]
fn advice_is_no_warning_until_it_is_made_one() {
    let text = "netdev tap";
    assert_eq!(said(&["--deny=warnings"], text), (Some(0), vec!["advice: shared-mac".to_owned()]));
    assert_eq!(said(&["--allow=warnings"], text), (Some(0), vec![]));
    let raised = said(&["--warn=shared-mac", "--deny=warnings"], text);
    assert_eq!(raised, (Some(1), vec!["error: shared-mac".to_owned()]));
}

/// Whoever has a vendor's QEMU is not stuck, whatever the command.
#[test]
fn what_is_allowed_is_printed_by_all_commands() {
    let text = "device virtio-rng-pci acme=1";
    for args in [&["-"][..], &["run", "--dry-run", "-"]] {
        let args = [args, &["--target=7.2"]].concat();
        assert_eq!(run(&args, text).status, Some(1), "{args:?}");
        let told = run(&[&args[..], &["--allow", "unknown-property"]].concat(), text);
        assert_eq!((told.status, told.stderr.as_str()), (Some(0), ""), "{args:?}");
        assert!(told.stdout.contains("-device virtio-rng-pci,acme=1"), "{}", told.stdout);
    }
}

#[test]
fn what_can_t_be_set_is_told() {
    for (args, expected) in [
        (&["--allow", "duplicate-id"], "`duplicate-id` is always an error"),
        (&["--warn", "comma"], "`comma` is always an error"),
        (
            &["--allow", "unkown-device"],
            "there is no diagnostic `unkown-device`: did you mean `unknown-device`?",
        ),
        (&["--deny", "everything"], "there is no diagnostic `everything`: write its code, or `warnings`"),
    ] {
        let told = run(&[&["check", "-"], &args[..]].concat(), "");
        assert_eq!((told.status, told.stderr.contains(expected)), (Some(2), true), "{}", told.stderr);
    }
}

/// What a statement says is told where somebody looks at the text, and nowhere else.
#[test]
fn what_has_a_statement_is_told_with_the_edit() {
    let text = "target 10.0\nmachine q35\ndevice qemu-xhci id=usb0\ndevice usb-tablet bus=usb0.0\nobject iothread id=io0\n\
                arg \"-rtc\" \"base=utc\"\narg \"-k\" \"de\"\ndevice virtio-gpu-pci xres=800\n";
    let told = run(&["check", "--message-format", "json", "-"], text);
    let edits = told.stdout.split("\"edits\":[").skip(1);
    let replacements: Vec<_> = edits
        .filter_map(|rest| Some(rest.split_once("\"text\":\"")?.1.split_once('"')?.0.to_owned()))
        .collect();
    let expected = [
        "controller qemu-xhci id=usb0",
        "input usb-tablet bus=usb0.0",
        "iothread io0",
        "rtc base=utc",
        "gpu virtio-gpu xres=800",
    ];
    assert_eq!(replacements, expected, "{}", told.stdout);
    assert_eq!(told.status, Some(0));
    assert_eq!(run(&["check", "--allow", "has-statement", "-"], text).stderr, "");
    assert_eq!(run(&["-", "--emit", "argv"], text).stderr, "");
    let parameter = "param d: string = i6300esb device {d}";
    assert_eq!(run(&["check", "-"], parameter).stderr, "");
}
