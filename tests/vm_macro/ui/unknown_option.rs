use qemu_runtime::vm;

fn main() {
    let _ = vm! { netdev tap ifnam=tap0 };
    let _ = vm! { machine q35 nvdim };
    let _ = vm! { fs local path=/p tag=t security=non };
}
