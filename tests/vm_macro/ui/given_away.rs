// A file descriptor is given away once, and so is what holds it.

use std::fs::File;

use qemu_runtime::{Guest, vm};

fn open() -> File {
    File::open("/dev/null").unwrap()
}

fn main() {
    let file = open();
    let equipped = vm! {
        disk file="/a" format=raw fd={file}
        disk file="/b" format=raw fd={file}
    }
    .unwrap();
    let _ = Guest::start(equipped);
    let _ = Guest::start(equipped);
    let queues = vec![open()];
    let _ = vm! { for name in {["a", "b"]} { netdev tap ifname={name} fds={queues} } };
    println!("{file:?}");
}
