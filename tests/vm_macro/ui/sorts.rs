// What a place wants: names, words, addresses and properties of QEMU's are no bare numbers.

use qemu_runtime::{Size, vm};

fn main() {
    let _ = vm! {
        machine q35 smm={1}
        rng addr={17}
        bridge root-port id={true} slot={12}
        disk file="/a" format=raw cache={5} aio={2.5}
        netdev tap ifname={5u8}
        display vnc {5900}
        numa node cpus={2.5}
    };
    let _ = vm! {
        machine q35
        device virtio-rng-pci max-bytes={"abc"} disable-legacy={1} romfile={1}
        device virtio-net-pci mq={"on"} mac={5} netdev={5} bus={vec![1]}
        object memory-backend-ram id=m size={512}
        memory {Size::mib(512)}
    };
}
