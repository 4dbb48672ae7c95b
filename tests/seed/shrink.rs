//! Makes a VM that shows a fault smaller, as long as it still shows it.

use crate::seed::oracle::{Config, Device, Kernel, Machine, Memory, Rtc, Smp};
use crate::seed::vm::sound;

/// The smallest VM that this finds for which `shows_fault` holds, as it does for `config`.
pub(crate) fn shrink(mut config: Config, shows_fault: impl Fn(&Config) -> bool) -> Config {
    while let Some(smaller) =
        smaller(&config).into_iter().find(|smaller| sound(smaller) && shows_fault(smaller))
    {
        config = smaller;
    }
    config
}

/// Each differs from `config`, and no chain of them comes back to it.
fn smaller(config: &Config) -> Vec<Config> {
    let mut found = Vec::new();
    // Half the devices at once first, so that most is gone after a few steps.
    let count = config.devices.len();
    for (from, to) in [(0, count / 2), (count / 2, count)] {
        if from < to {
            let mut smaller = config.clone();
            smaller.devices.drain(from..to);
            found.push(smaller);
        }
    }
    for index in 0..count {
        let mut smaller = config.clone();
        smaller.devices.remove(index);
        found.push(smaller);
    }
    for index in 0..config.qmp_sockets.len() {
        let mut smaller = config.clone();
        smaller.qmp_sockets.remove(index);
        found.push(smaller);
    }

    let mut try_change = |change: &dyn Fn(&mut Config) -> bool| {
        let mut smaller = config.clone();
        if change(&mut smaller) {
            found.push(smaller);
        }
    };
    try_change(&|vm| clear(&mut vm.path));
    try_change(&|vm| clear(&mut vm.name));
    try_change(&|vm| clear(&mut vm.uuid));
    try_change(&|vm| clear(&mut vm.cpu_model));
    try_change(&|vm| clear(&mut vm.vga));
    try_change(&|vm| clear(&mut vm.global_param));
    try_change(&|vm| clear(&mut vm.bios));
    try_change(&|vm| take_if(!vm.machine.kind.is_empty(), || vm.machine = Machine::default()));
    try_change(&|vm| drop_last_part(&mut vm.machine.acceleration));
    try_change(&|vm| drop_last_part(&mut vm.cpu_model));
    try_change(&|vm| take_if(!vm.memory.size.is_empty(), || vm.memory = Memory::default()));
    try_change(&|vm| {
        take_if(vm.memory.slots > 0, || {
            vm.memory.slots = 0;
            vm.memory.max_mem.clear();
        })
    });
    try_change(&|vm| clear(&mut vm.memory.max_mem));
    try_change(&|vm| take_if(vm.smp.cpus > 0, || vm.smp = Smp::default()));
    try_change(&|vm| zero(&mut vm.smp.cores));
    try_change(&|vm| zero(&mut vm.smp.threads));
    try_change(&|vm| zero(&mut vm.smp.sockets));
    try_change(&|vm| {
        let Rtc { base, clock, drift_fix } = &vm.rtc;
        take_if([base, clock, drift_fix].iter().any(|part| !part.is_empty()), || vm.rtc = Rtc::default())
    });
    try_change(&|vm| clear(&mut vm.rtc.base));
    try_change(&|vm| clear(&mut vm.rtc.clock));
    try_change(&|vm| clear(&mut vm.rtc.drift_fix));
    try_change(&|vm| take_if(!vm.kernel.path.is_empty(), || vm.kernel = Kernel::default()));
    try_change(&|vm| clear(&mut vm.kernel.params));
    try_change(&|vm| simplify(&mut vm.kernel.params));
    try_change(&|vm| simplify(&mut vm.kernel.path));
    try_change(&|vm| simplify(&mut vm.path));
    try_change(&|vm| simplify(&mut vm.name));
    try_change(&|vm| simplify(&mut vm.bios));
    try_change(&|vm| unset(&mut vm.knobs.no_user_config));
    try_change(&|vm| unset(&mut vm.knobs.no_defaults));
    try_change(&|vm| unset(&mut vm.knobs.no_graphic));
    try_change(&|vm| unset(&mut vm.knobs.daemonize));
    try_change(&|vm| unset(&mut vm.knobs.huge_pages));
    try_change(&|vm| unset(&mut vm.knobs.mem_prealloc));
    // Silent is what is neither: locked, and no word of real time.
    try_change(&|vm| {
        take_if(vm.knobs.realtime || !vm.knobs.mlock, || {
            vm.knobs.realtime = false;
            vm.knobs.mlock = true;
        })
    });
    for index in 0..config.qmp_sockets.len() {
        try_change(&|vm| vm.qmp_sockets.get_mut(index).is_some_and(|socket| simplify(&mut socket.name)));
        try_change(&|vm| vm.qmp_sockets.get_mut(index).is_some_and(|socket| unset(&mut socket.no_wait)));
    }
    for index in 0..count {
        for change in DEVICE_CHANGES {
            try_change(&|vm| vm.devices.get_mut(index).is_some_and(change));
        }
    }
    found
}

/// What can be taken from a device. Each tells whether there was anything to take.
const DEVICE_CHANGES: &[fn(&mut Device) -> bool] = &[
    |device| match device {
        Device::Object(object) => simplify(&mut object.mem_path),
        Device::Fs(fs) => simplify(&mut fs.path),
        Device::Char(chardev) => simplify(&mut chardev.path),
        Device::Block(disk) => simplify(&mut disk.file),
        Device::Net(netdev) => clear(&mut netdev.script),
        Device::Serial(_) | Device::Vfio(_) | Device::Bridge(_) => false,
    },
    |device| match device {
        Device::Char(chardev) => clear(&mut chardev.bus),
        Device::Net(netdev) => clear(&mut netdev.bus),
        _ => false,
    },
    |device| match device {
        Device::Char(chardev) => clear(&mut chardev.name),
        Device::Net(netdev) => clear(&mut netdev.addr),
        Device::Block(disk) => clear(&mut disk.aio),
        _ => false,
    },
    |device| match device {
        Device::Fs(fs) => unset(&mut fs.disable_modern),
        Device::Char(chardev) => unset(&mut chardev.disable_modern),
        Device::Net(netdev) => unset(&mut netdev.disable_modern),
        Device::Serial(serial) => unset(&mut serial.disable_modern),
        Device::Block(disk) => unset(&mut disk.disable_modern),
        Device::Bridge(bridge) => unset(&mut bridge.shpc),
        Device::Object(_) | Device::Vfio(_) => false,
    },
    |device| match device {
        Device::Net(netdev) => clear(&mut netdev.down_script),
        Device::Block(disk) => clear(&mut disk.format),
        _ => false,
    },
    |device| match device {
        Device::Net(netdev) => take_if(netdev.vhost, || {
            netdev.vhost = false;
            netdev.vhost_fds = 0;
        }),
        // What is silent is `true`.
        Device::Block(disk) => take_if(!disk.scsi, || disk.scsi = true),
        _ => false,
    },
    |device| match device {
        Device::Net(netdev) => take_if(netdev.fds > 1, || {
            netdev.fds -= 1;
            netdev.vhost_fds = netdev.vhost_fds.min(netdev.fds);
        }),
        Device::Block(disk) => take_if(!disk.wce, || disk.wce = true),
        _ => false,
    },
];

fn take_if(condition: bool, take: impl FnOnce()) -> bool {
    if condition {
        take();
    }
    condition
}

fn clear(text: &mut String) -> bool {
    take_if(!text.is_empty(), || text.clear())
}

fn zero(number: &mut u32) -> bool {
    take_if(*number != 0, || *number = 0)
}

fn unset(flag: &mut bool) -> bool {
    take_if(*flag, || *flag = false)
}

/// A text without a character that could matter.
fn simplify(text: &mut String) -> bool {
    take_if(!text.is_empty() && text != "x", || *text = "x".into())
}

fn drop_last_part(list: &mut String) -> bool {
    let end = list.rfind(',');
    take_if(end.is_some(), || list.truncate(end.unwrap_or_default()))
}
