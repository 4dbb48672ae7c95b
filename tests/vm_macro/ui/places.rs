// What is wrong with a value is told together with what is wrong with the text, as long as it is known where the value stands.

use std::fs::File;

use qemu_runtime::{devices, part, vm};

fn main() {
    let (number, list) = (5, ["a"]);
    let file = File::open("/dev/null").unwrap();
    let _ = vm! {
        memory {number} bogus
        for image in {list} { disk file={image} format=raw readonly={image} bogus }
        if let Some(file) = {Some(file)} { disk file="/a" format=raw fd={file} bogus } else { smp {2.5} }
        netdev tap fds={number}
        kernel "/boot/{list}" append="{list.len()}"
        nonsense {number}
    };
    let _ = devices! { netdev user mac={number}; nonsense };
    let _ = part! { disk file={number} format=raw; nonsense };
}
