//! Blocks: what is wrong with them is told by the compiler at its place, and what is wrong with a value by Rust.

use qemu_runtime::{devices, vm};

fn main() {
    let debug = true;
    let disks = ["/a.img", "/b.img"];
    let _ = vm! {
        if debug { memory 1G }
        for disk in disks { disk file={disk} format=raw }
        else { vga none }
        if {debug}
        name web
    };
    let _ = vm! {
        for disk in {disks} {
            disk id=root file={disk} format=raw
            memory 1G
            netdev user mac={if disk.is_empty() { continue } else { [2; 6] }}
        }
        if {debug} { smp 2 } smp 4
        if {debug} { param x: int }
    };
    let _ = vm! {
        if {disks} { vga none }
        for disk in {debug} { disk file={disk} format=raw }
        for (number, disk) in {disks.iter().enumerate()} { disk file={number} format=raw }
    };
    let _ = vm! {
        if disks.len() == 2 { memory 1G }
        if {debug} && {debug} { vga none }
        if {debug} { smp 2 } elif {debug} { smp 4 }
        for disk in &disks { disk file={disk} format=raw }
    };
    let _ = devices! {
        for disk in {disks} { memory 1G }
    };
}
