// How grave warnings are taken stands before the text, and a warning is not lost among errors.

#![deny(deprecated)]

use qemu_runtime::vm;

fn main() {
    let _ = vm! {
        //! A comment may stand there too.
        #![allow(multicast-mac, guessed-format)]
        #![deny(guessed-format)]
        disk file=/srv/a.img
        netdev user mac=01:00:00:00:00:01
    };
    let _ = vm! {
        netdev user mac=01:00:00:00:00:01
        memry 1G
    };
    let _ = vm! { #![allow(duplicate-id)] memory 1G };
    let _ = vm! { #![warn(multicast-mac, unkown-device)] memory 1G };
    let _ = vm! { #![warnings] memory 1G };
    let _ = vm! { memory 1G #![allow(warnings)] };
}
