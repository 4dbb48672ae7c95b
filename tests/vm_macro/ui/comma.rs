use qemu_runtime::vm;

fn main() {
    let _ = vm! { netdev tap, ifname=tap0, mq=4 };
}
