// A warning is the use of something deprecated: it can be denied and allowed.

#![deny(deprecated)]

use qemu_runtime::{Plan, vm};

static PLAN: Plan = vm! { disk file=/srv/a.img };

#[allow(deprecated)]
static ALLOWED: Plan = vm! { disk file=/srv/a.img };

fn main() {
    let plan = vm! {
        target 99.0
        disk file="/srv/a.img"
        netdev tap mac=01:00:00:12:34:56
    };
    println!("{} {} {}", plan.args().len(), PLAN.args().len(), ALLOWED.args().len());
}
