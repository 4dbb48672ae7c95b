//! What the README of the compiler shows last: it takes the runtime, which the compiler's own tests are without.

use std::process::Command;

use crate::outcome::{Outcome, Stop};

fn runs() -> Result<(), Box<dyn std::error::Error>> {
    use qemu_dsl::plan::Plan;
    use qemu_dsl::{Options, compile};
    use qemu_runtime::Guest;

    let text = "machine q35 accel=tcg\nmemory 32M\nnodefaults\narg \"-display\" \"none\"\n";
    let compiled = compile(text, &Options::default());
    let template = compiled.template.ok_or("it has errors")?;
    let guest = Guest::start(&Plan::of(template.in_file("tiny.vm")))?; // "tiny.vm:1:1: QEMU rejects ..."
    guest.kill()?;
    println!("{}", guest.wait());
    Ok(())
}

/// Looks whether the README shows this program, and runs it.
pub(crate) fn is_true() -> Outcome {
    let readme = include_str!("../../qemu-dsl/README.md");
    let (_, shown) =
        readme.split_once("```rust,ignore\n").ok_or_else(|| Stop::failed("it shows no program"))?;
    let shown = shown.lines().take_while(|line| *line != "```");
    let indent = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") };
    let shown: String = shown.map(indent).collect();
    if !include_str!("readme.rs").contains(&shown) {
        return Err(Stop::failed(format!("it shows another program:\n{shown}")));
    }
    if Command::new("qemu-system-x86_64").arg("--version").output().is_err() {
        return Err(Stop::lacking("no qemu-system-x86_64"));
    }
    runs().map_err(|error| Stop::failed(error.to_string()))
}
