//! The command line as its users see it: the program itself, run.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod cli {
    mod support;

    mod colour;
    mod emit;
    mod explain;
    mod files;
    mod import;
    mod include;
    mod levels;
    mod parameters;
    mod pipes;
    mod report;
    mod run;
    mod shell;
    mod supervise;
    mod target;
    mod terminal;
    mod usage;
}
