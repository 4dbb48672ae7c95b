// What a command line's user would do, a program's author does otherwise.

use qemu_runtime::vm;

fn main() {
    let _ = vm! {
        param image: path
        disk file={image} format=raw
        m 2G
        machine: q35
        frobnicate
    };
    let _ = vm! { target host };
    let _ = vm! { netdev=user };
}
