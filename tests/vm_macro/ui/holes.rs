// The wrong type is rustc's own error, at the expression; what is in the holes of a wrong text is looked at all the same.

use qemu_runtime::vm;

struct Config {
    image: String,
}

fn main() {
    let config = Config { image: "/srv/a.img".to_owned() };
    let unused_otherwise = 4;
    let maybe: Option<String> = None;
    let _ = vm! {
        memory {512}
        smp {"4"}
        uuid {[0u8; 15]}
        disk file={maybe} format=raw readonly={1}
        netdev tap ifname={vec![1]} mac={config.image.len()} mq={2.5}
        kernel "/boot/{config}/vmlinuz"
    };
    let _ = vm! {
        machine {config.image}
        disk file={config.imagee} format=raw bogus
        disk file=/srv/{name}.img format=raw
        disk file="/srv/{config.image.len()}.img" format=raw
        netdev {config.image}
        smp {unused_otherwise + 1}
        param image: path
    };
    let _: qemu_runtime::Plan = vm! { disk file={config.image} format=raw };
    println!("{}", config.image);
}
