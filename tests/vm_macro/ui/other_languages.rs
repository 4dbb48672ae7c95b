// What is of Rust, of a shell or of a command line is one mistake, and says what to do.

use qemu_runtime::vm;

macro_rules! with {
    ($kind:ident) => {
        vm! { device virtio-$kind-pci }
    };
}

fn main() {
    let _ = vm! {
        disk file=concat!("/srv/", "x") format=raw
        kernel env!("HOME")
        #[cfg(unix)]
        memory 1G
    };
    let _ = vm! {
        qemu-system-x86_64 -m 2G -drive file=/a.img,format=raw -nographic
    };
    let _ = vm! {
        name web # the name
        memory 2 GB
        machine: q35,
    };
    let _ = vm! { disk file=r"C:\VMs\a.qcow2" format=qcow2 };
    let _ = vm! { disk file=$HOME/a.img format=raw };
    let _ = with!(net);
}
