// Every mistake in one run, each at its tokens, and none that follows from them.

use qemu_runtime::{Plan, vm};

static PLAN: Plan = vm! { memory 1G slots=2 };

const fn plan() -> Plan {
    vm! { cpu }
}

fn main() {
    let plan: Plan = vm! {
        name web
        memry 2G slots=2
        disk fil="/srv/a.img" format=raw
        netdev tap mac=52:54:00:12:34 ifnam=tap0
        netdev tapp
        device virtio-net-pci id=a, bus=pci.0
        vfio 02:20.0
    };
    println!("{}", plan.args().len() + PLAN.args().len() + self::plan().args().len());
}
