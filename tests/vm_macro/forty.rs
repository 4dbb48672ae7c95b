vm! {
// More than forty statements, compiled from this file and by `vm!`.
target 10.0

qemu /usr/bin/qemu-system-x86_64
name web.example
uuid "0b9c2e70-5e11-4b6e-9e1d-5e0b1c2d3e4f"   // Rust reads 0b9c as a binary number.
machine q35 accel=kvm nvdimm
cpu host +aes -svm
memory 2G share fd slots=4 max=8G
smp 4 sockets=1 cores=2 threads=2
rtc base=utc driftfix=slew clock=host

/* Storage,
   on lines of its own. */
disk file="/var/lib/web.qcow2" format=qcow2 cache=none aio=native serial="a,b=c" bootindex=1
disk id=data file="/srv//data.img" format=raw readonly addr="1e"
disk file="/srv/passed,1.img" format=raw cache=none fd
disk file=r#"/srv/it's "here".img"# format=raw
blockdev file node-name=backing filename=/srv/backing.img
device floppy drive=backing
dimm nvdimm id=nv0 memdev=mem0 path="/srv/nv" size=64K

// Buses and what sits on them.
bridge pcie id=root0
device virtio-rng-pci id=rng0 bus=pcie.0
device usb-ehci id=usb0
device usb-tablet bus=usb0.0
object rng-random id=entropy filename=/dev/urandom

// Network.
netdev tap ifname=tap0 mq=4 vhost mac=52:54:00:12:34:56
netdev tap id=net9 ifname=tap9 mq=2 vhost=qemu
netdev macvtap ifname=macvtap0 mq=2 vhost
netdev user hostfwd=tcp::2222-:22 hostfwd=tcp::8080-:80
netdev vhost-user id=u socket="/run/u" mq=2
vsock cid=3 fd
vfio 0000:02:10.0

// Files and characters.
fs local id=work path=/srv/share tag=rootfs security=none
virtio-serial id=serial0
port socket id=channel0 chardev=char0 path="/tmp/c" name=channel.0 bus=serial0.0
console socket id=console0 chardev=char1 path="/tmp/d"; chardev stdio id=com1
device isa-serial chardev=com1
qmp unix "/run/qmp, or not" server nowait
qmp unix "/run/early" server nowait fd; qmp unix "/run/other" fd

global kvm-pit.lost_tick_policy=discard
no-user-config nodefaults
kernel /boot/vmlinuz initrd=/boot/initrd append="root=/dev/vda1 quiet {{x}} \u{e9}\x41 ü"
arg "-msg" "timestamp=on"
}
