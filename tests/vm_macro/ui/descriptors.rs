// What holds file descriptors isn't copied, and what is no file descriptor is rustc's own error at the expression.

use std::fs::File;

use qemu_runtime::{Guest, Plan, vm};

fn open() -> File {
    File::open("/dev/null").unwrap()
}

fn main() {
    let equipped = vm! { disk file="/a" format=raw fd={open()} }.unwrap();
    let _ = equipped.clone();
    let _ = Guest::start(&equipped);
    let borrowed = open();
    let _ = vm! {
        disk file="/a" format=raw fd={&borrowed}
        netdev tap fds={3}
        netdev tap fds={vec![&borrowed]}
    };
    let _: Plan = vm! { netdev tap fds={[open()]} }.unwrap();
    let name = "3";
    let _ = vm! { netdev tap fds="{name}" vhostfds="{name}:4"; disk file="/a" format=raw fd="{name}" };
    let _ = vm! { netdev tap fds="3:4" };
    let _ = vm! { netdev tap vhostfds={[open()]} };
    let _ = vm! { netdev tap mq=1 vhost=off vhostfds={[open()]} };
}
