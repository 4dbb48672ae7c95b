//! Runs an operating system's tests, each in a guest of its own with a disk of its own: `cargo run --example kernel_tests`.
//!
//! A kernel tells how a test went by the port of `isa-debug-exit`: 16 is written for success, with which QEMU ends with status 33.
//! The kernel here is the boot sector of `examples/hello.vm`, for which each test succeeds.

use std::error::Error;
use std::io::Read as _;
use std::path::Path;

use qemu_runtime::{Guest, Spawn, Stdio, vm};

const TESTS: [(&str, u64); 3] = [("boots", 0), ("reads_a_disk", 1 << 20), ("reads_a_large_disk", 64 << 20)];

fn main() -> Result<(), Box<dyn Error>> {
    let kernel = Path::new("examples/hello/hello.img");
    let mut failed = 0;
    for (test, size) in TESTS {
        let disk = tempfile::NamedTempFile::new()?;
        disk.as_file().set_len(size)?;
        let plan = vm! {
            name {test}
            machine pc accel=tcg
            memory 16M
            disk floppy file={kernel} format=raw readonly
            if {size > 0} { disk file={disk.path()} format=raw }
            serial stdio
            debug-exit iobase=0xf4 iosize=0x04
            nodefaults
            display none
        }?;
        let mut guest: Guest = Spawn::new(&plan).stdout(Stdio::Pipe).spawn()?;
        let mut said = String::new();
        guest.take_stdout().ok_or("its output is a pipe")?.read_to_string(&mut said)?;
        let passed = guest.wait().code() == Some(33);
        failed += u32::from(!passed);
        println!("test {test} ... {}: {}", if passed { "ok" } else { "FAILED" }, said.trim_end());
    }
    if failed > 0 { Err(format!("{failed} failed").into()) } else { Ok(()) }
}
