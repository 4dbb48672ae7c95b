//! Writes down all that the compiler says of a corpus of texts, so that two trees can be compared:
//!
//!     cargo run -p qemu-dsl --example outputs -- FROM TO
//!
//! FROM is a tree of this repository: its tests, examples, docs and pages have the texts. TO is a folder that gets a file
//! for each of its folders, with each text and what comes of it for each target: the program, its arguments and file
//! descriptors with their places, the commands of a fragment, the diagnostics. The same tree always gives the same bytes.
//!
//! Two versions of the compiler, built from two trees, read the same FROM and write to different folders, and
//! `diff -r` shows what the change between them does to users. An empty difference is what a change inside should give.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

mod corpus;
mod mutate;
mod output;
/// Helps are written down as the command line words them.
#[path = "../../../src/wording.rs"]
mod wording;

fn main() -> ExitCode {
    let args: Vec<_> = env::args_os().skip(1).collect();
    let [from, to] = args.as_slice() else {
        eprintln!("usage: outputs FROM TO\nFROM is a tree of the repository, TO a folder that is written");
        return ExitCode::from(2);
    };
    match write(Path::new(from), Path::new(to)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("outputs: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    let groups = corpus::read(from)?;
    let mutants = mutate::mutants(&groups);
    for (name, texts) in
        groups.iter().map(|group| (&group.name, &group.texts)).chain([(&"mutants".into(), &mutants)])
    {
        let mut written = String::new();
        for text in texts {
            output::write(text, &mut written);
        }
        fs::write(to.join(format!("{name}.txt")), written)?;
        println!("{name}: {} texts", texts.len());
    }
    Ok(())
}
