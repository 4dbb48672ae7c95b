//! What is right and looked wrong: nothing is said about it.

use std::ffi::OsStr;

use qemu_dsl::plan::Plan;
use qemu_dsl::{Options, compile};

#[track_caller]
fn right(text: &str) {
    let compilation = compile(text, &Options::default());
    assert!(compilation.diagnostics.is_empty(), "{text}\n{:#?}", compilation.diagnostics);
    assert!(compilation.template.is_some(), "{text}");
}

#[test]
fn a_function_that_the_machine_leaves_free() {
    right("target 7.2 machine pc device piix3-usb-uhci addr=\"1.2\"");
}

#[test]
fn an_address_in_memory() {
    right(
        "target 7.2 memory 1G slots=2 max=4G object memory-backend-ram id=m size=1G
         device pc-dimm memdev=m addr=0x100000000",
    );
}

#[test]
fn what_an_arg_defines() {
    right(
        "target 7.2 arg \"-netdev\" \"socket,id=n0,udp=127.0.0.1:1,localaddr=127.0.0.1:0\"
         device e1000 netdev=n0 arg \"-readconfig\" \"/etc/vm.cfg\" device e1000 netdev=elsewhere",
    );
}

#[test]
fn a_controller_below_its_disk() {
    right("target 7.2 disk driver=scsi-hd file=\"/a\" format=raw device virtio-scsi-pci");
}

#[test]
fn a_chardev_that_several_share() {
    right("target 7.2 chardev null id=c mux=on device isa-serial chardev=c device isa-serial chardev=c");
}

#[test]
fn no_terminal_in_use() {
    right("target 7.2 nodefaults nographic daemonize");
}

#[test]
fn kvm_by_the_programs_name() {
    right("target 7.2 qemu kvm cpu host");
    right("target 7.2 qemu \"/usr/libexec/qemu-kvm\" cpu host");
}

#[test]
fn ids_that_come_from_elsewhere_are_taken() {
    right(
        "target 7.2 param d: string = \"disk0\" disk file=\"/a\" format=raw disk id={d} file=\"/b\" format=raw
         name web arg \"-netdev\" \"user,id=net0\" netdev user
         memory 1G share backend=mem0 slots=1 max=2G dimm pc-dimm path=\"/m\" size=1G",
    );
}

#[test]
fn a_controller_stands_before_its_disk() {
    let text =
        "disk driver=scsi-hd file=\"/a\" format=raw fd device virtio-scsi-pci id=s netdev tap mq=1 ifname=t0";
    let plan = compile(text, &Options::default()).template.map(Plan::of);
    let plan = plan.as_ref();
    let args: Vec<_> = plan.into_iter().flat_map(Plan::args).filter_map(|arg| arg.to_str()).collect();
    let place = |driver: &str| args.iter().position(|arg| arg.starts_with(driver) || arg.contains(driver));
    assert!(place("virtio-scsi-pci") < place("scsi-hd"), "{args:?}");
    // The numbers follow the order of the source, where nothing moves that has one.
    assert!(
        args.iter().any(|arg| arg.contains("set=3")) && args.iter().any(|arg| arg.contains("fds=4")),
        "{args:?}"
    );
}

#[test]
fn microvm_attaches_by_mmio() {
    let plan = |text: &str| {
        let compilation = compile(text, &Options::default());
        assert!(compilation.diagnostics.is_empty(), "{:#?}", compilation.diagnostics);
        let plan = compilation.template.map(Plan::of);
        plan.iter().flat_map(Plan::args).filter_map(OsStr::to_str).collect::<Vec<_>>().join(" ")
    };
    let devices = "name web disk file=\"/a\" format=raw netdev tap mq=2 virtio-serial vsock cid=3";
    let mmio = plan(&format!("target 7.2 machine microvm {devices}"));
    assert!(
        mmio.contains("virtio-blk-device") && mmio.contains("virtio-net-device") && !mmio.contains("pci"),
        "{mmio}"
    );
    assert!(mmio.contains("mq=on") && !mmio.contains("vectors"), "{mmio}");
    let pci = plan(&format!("target 7.2 machine microvm pcie=on {devices}"));
    assert!(
        pci.contains("virtio-net-pci") && pci.contains("vectors=6") && !pci.contains("-device,"),
        "{pci}"
    );
}

#[test]
fn what_others_refer_to_stands_before_them() {
    let text = "target 7.2 chardev mux id=m chardev=c chardev null id=c device pci-ipmi-kcs bmc=b device ipmi-bmc-sim id=b
                object memory-backend-ram id=r size=1M prealloc-context=t object thread-context id=t";
    let compilation = compile(text, &Options::default());
    assert!(compilation.diagnostics.is_empty(), "{:#?}", compilation.diagnostics);
    let plan = compilation.template.map(Plan::of);
    let args: Vec<_> = plan.iter().flat_map(Plan::args).filter_map(|arg| arg.to_str()).collect();
    let place = |wanted: &str| args.iter().position(|arg| arg.contains(wanted));
    for (first, second) in [
        ("null,id=c", "mux,id=m"),
        ("ipmi-bmc-sim", "pci-ipmi-kcs"),
        ("thread-context,", "memory-backend-ram"),
    ] {
        assert!(place(first).is_some() && place(first) < place(second), "{args:?}");
    }
}

#[test]
fn what_guests_of_xen_have() {
    right("target 10.0 machine q35 accel=xen device xen-disk drive=d blockdev null-co node-name=d");
}

#[test]
fn names_that_look_odd() {
    right("target 7.2 machine pc cpu qemu64 -3dnow +3dnowext device nvme serial=x legacy-cmb=on");
    right("target 5.2 machine pc cpu EPYC legacy-cache=off");
    right("target 10.0 machine pc cpu EPYC legacy-multi-node=on");
    right("target 7.2 machine pc device \"e1000\"");
    right("target 7.2 param d: string = \"e1000\" machine pc device {d}");
}

#[test]
fn what_args_of_all_sorts_define() {
    right(
        "target 7.2 machine pc arg \"-drive\" \"id=d0,file=/x,if=none,format=raw\" device virtio-blk-pci drive=d0
         arg \"-fsdev\" \"local,id=f0,path=/,security_model=none\" device virtio-9p-pci fsdev=f0 mount_tag=x
         arg \"-chardev\" \"null,id=c0\" device isa-serial chardev=c0",
    );
    right(
        "target 7.2 machine pc arg \"-netdev\" r#\"{{\"type\":\"user\",\"id\":\"n0\"}}\"# device e1000 netdev=n0",
    );
}

#[test]
fn addresses_of_memory_and_of_other_languages() {
    right(
        "target 11.1 machine q35 nvdimm=on memory 1G slots=2 max=4G object memory-backend-ram id=m size=1G
         device nvdimm memdev=m addr=0x100000000",
    );
    right(
        "target 11.1 machine q35 object memory-backend-ram id=m size=1G device sp-mem memdev=m addr=0x100000000",
    );
    right("target 7.2 machine pc netdev user addr=0x4.0x1 device e1000 addr=0x12 device e1000 addr=4.2");
}

/// What one of the versions on both sides of the target has may be there.
#[test]
fn names_of_a_target_between() {
    right("target 9.1 machine pc-i440fx-9.1");
    right("target 8.0 machine pc cpu EPYC fsrs");
    right("target 8.2 machine pc device virtio-sound-pci audiodev=a arg \"-audiodev\" \"none,id=a\"");
}

#[test]
fn options_that_qemu_has() {
    right(
        "target 7.2 netdev tap ifname=t vnet_hdr=on poll-us=50 vhost
         netdev user ipv6-prefixlen=64 domainname=x tftp-server-name=y smb=\"/srv\"",
    );
    right("target 7.2 chardev stdio id=c mux device isa-serial chardev=c arg \"-mon\" \"chardev=c\"");
    right("target 7.2 qemu \"qemu-system-aarch64\" machine versatilepb device e1000 bus=pci");
    right("name web netdev macvtap ifname=mv0 mq=1 driver=e1000");
}
