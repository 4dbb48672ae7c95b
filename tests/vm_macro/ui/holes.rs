// Holes come with the next part; what stands in them is checked even now.

use qemu_runtime::vm;

struct Config {
    image: String,
}

fn main() {
    let config = Config { image: "/srv/a.img".to_owned() };
    let unused_otherwise = 4;
    let _ = vm! {
        param image: path = "/srv/b.img"
        disk file={image} format=raw
        disk file={config.image} format=raw bogus
        disk file={format!("{}.img", config.image)} format=raw
        disk file="/srv/{name}.img" format=raw
        disk file={imagee} format=raw
        smp {unused_otherwise + 1}
        memory {config.size}
        disk file=/srv/{name}.img format=raw
    };
    println!("{}", config.image);
}
