use qemu_runtime::devices;

fn main() {
    let _ = devices! { memory 4G };
    let _ = devices! {
        disk file=/srv/data.img
        netdev tap ifnam=tap0
        netdev none
    };
    let _ = devices! { disk file={config.image} format=raw serial={5u8} bootindex={"1"} };
}
