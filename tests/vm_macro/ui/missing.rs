use qemu_runtime::vm;

fn main() {
    let _ = vm! { disk format=raw };
    let _ = vm! { netdev };
    let _ = vm! { memory };
    let _ = vm! { disk file= };
    let _ = vm!(< memory 1G);
}
