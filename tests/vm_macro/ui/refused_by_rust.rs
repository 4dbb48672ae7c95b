// What Rust's lexer does to values: it says so, but not what to do.

use qemu_runtime::vm;

fn main() {
    let _ = vm! {
        netdev tap mac=52:54:00:5e:0b:12
        device virtio-rng-pci addr=1e.0
        memory 1G
    };
    let _ = vm! {
        device nbd uri=tcp://host id=a
        disk file=/srv//a.img format=raw
        memory 1G// one
    };
    let _ = vm! {
        kernel "/k" append="quiet
            panic=1"
        memry 1G
    };
}
