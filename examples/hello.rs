//! Boots the guest of `examples/hello.vm` from a program: `cargo run --example hello`.

use qemu_runtime::{Guest, vm};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan = vm! {
        name hello
        machine pc accel=tcg
        memory 16M
        device isa-debug-exit iobase=0xf4 iosize=0x04
        blockdev file node-name=boot filename="examples/hello/hello.img" read-only=on
        device floppy drive=boot
        chardev stdio id=com1
        device isa-serial chardev=com1
        nodefaults
        display none
    };
    let exit = Guest::spawn(&plan)?.wait();
    println!("{exit}");
    Ok(())
}
