use qemu_runtime::vm;

fn main() {
    let _ = vm! {
        disk id=a file=/srv/a.img format=raw
        disk id=a file=/srv/b.img format=raw
    };
    let _ = vm! { name a; name b };
}
