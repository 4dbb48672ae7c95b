//! From QEMU's command line to a text that says the same.
//!
//! **The table of statements, read backwards.** No list here says which statement an option is: `shape.rs` learns from the
//! table what each prints, `fit.rs` finds the statements that print what there is, and what they print is compared with it.
//! A statement that is added to the table is imported without a line here.

mod advice;
mod backend;
mod draft;
mod fit;
mod given;
mod holes;
mod importer;
mod json;
mod old;
mod readconfig;
mod script;
mod shape;
mod variables;

pub use advice::advise;
pub use importer::{Import, ImportError, Passed, Place, exact, import, with_errors};
pub use readconfig::{BadConfig, readconfig};
pub use script::{NoCommand, Script, Segment, Word};
pub use variables::of_script;
