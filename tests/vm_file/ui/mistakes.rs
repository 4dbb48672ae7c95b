//! What is wrong with a file, and with what it is given.

use qemu_runtime::{Size, vm_file};

fn main() {
    // The file's own mistakes, and a parameter without its value.
    let _ = vm_file!("wrong.vm");
    // Values that it doesn't have, or that are of another type.
    let _ = vm_file!("../web.vm", name = "a", ran = Size::gib(1), name = "b");
    let _ = vm_file!("../web.vm", name = "a", ram = "1G", disks = "/a.img", debug = 1);
    let _ = vm_file!("../web.vm", ram = Size::gib(1));
    let _ = vm_file!("nowhere.vm", ram = Size::gib(1));
    let _ = vm_file!(wrong);
    let _ = vm_file!("../web.vm", name "a");
    // A text in a program includes files likewise.
    let _ = qemu_runtime::vm! { include "broken.vm" include "nowhere.vm" vga none };
}
