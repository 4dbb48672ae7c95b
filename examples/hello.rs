//! Boots the guest of `examples/hello.vm` from a program: `cargo run --example hello`.

use qemu_runtime::{Guest, vm};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan = vm! {
        name hello
        machine pc accel=tcg
        memory 16M
        disk floppy file="examples/hello/hello.img" format=raw readonly
        serial stdio
        debug-exit iobase=0xf4 iosize=0x04
        nodefaults
        display none
    };
    let exit = Guest::spawn(&plan)?.wait();
    println!("{exit}");
    Ok(())
}
