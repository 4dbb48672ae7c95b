//! What an editor looks at. Its one mistake is told at the expression in the hole.

use qemu_runtime::{Guest, Plan, Size, devices, vm, vm_file};

struct Disk {
    path: std::path::PathBuf,
    readonly: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let disks = vec![Disk { path: "/a.img".into(), readonly: true }];
    let ram = Size::gib(1);
    let debug = std::env::args().count() > 1;
    let plain: Plan = vm! { name web machine q35 accel=tcg netdev tap ifname=tap0 mq=2 vhost };
    let plan: Plan = vm! {
        name "web{ram}"
        memory {ram}
        for Disk { path, readonly } in {&disks} { disk file={path} format=raw readonly={*readonly} }
        if {debug} { nodefaults } else { daemonize }
        if let Some(first) = {disks.first()} { disk id=first file={&first.path} format=raw }
    }?;
    let more = devices! { for disk in {&disks} { disk file={&disk.path} format=raw } }?;
    let file = vm_file!("web.vm", ram, disks = ["/x"])?;
    let fixed = vm_file!("web.vm");
    let counts = [plain.args().len(), plan.args().len(), more.steps.len(), file.args().len(), fixed.args().len()];
    println!("{counts:?}");
    let file = std::fs::File::open("/proc/version")?;
    let guest = Guest::start(vm! { disk file="/a.img" format=raw fd={file} }?)?;
    guest.kill()?;
    let _ = vm! { name {{ let wrong: u32 = "x"; wrong }} }?;
    Ok(())
}
