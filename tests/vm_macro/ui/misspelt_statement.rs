use qemu_runtime::vm;

fn main() {
    let _ = vm! {
        memory 1G
        dsik file=/srv/a.img format=raw readonly
        smp 4
    };
    // Here it begins no line.
    let _ = vm! { memory 1G dsik file=/srv/a.img };
}
