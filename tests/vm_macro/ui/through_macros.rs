use qemu_runtime::vm;

macro_rules! machine {
    ($type:ident, $size:literal, $($option:tt)*) => {
        vm! {
            machine $type accl=kvm
            memory $size
            disk $($option)*
            memry 2G
        }
    };
}

macro_rules! passed_on {
    ($($text:tt)*) => {
        vm! { $($text)* }
    };
}

fn main() {
    let _ = machine!(q35, "2X", fil="/srv/a.img" format=raw);
    let _ = passed_on! {
        memory 1G
        dsik file=/srv/a.img
        blockdev nbd server=tcp://host
    };
}
