// Parts: what is wrong within one is told where it stands, and each is of its type in any case.

use std::fs::File;

use qemu_runtime::{Base, Equipped, Part, base, part};

fn main() {
    let base: Base = base! { machine q35; memory 1G disk fil="/a" };
    let of_base: Part = part! { machine q35; disk file="/a" format=raw };
    let wrong: Part = part! { memory 1G fd={File::open("/a").unwrap()} };
    let size: Part = part! { object memory-backend-ram id=m size={5} };
    let queues: Equipped<'static, Part> = part! { netdev tap fds={"a"} };
    let twice = part! { rtc base=utc rtc base=utc };
    let plan = base.with(of_base).with(size).with(wrong).with(queues).with(twice).plan();
    drop(plan);
}
