//! Devices for a guest that runs: the commands that a text becomes, and what can't stand in one.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use qemu_dsl::plan::{FdSource, Filling, Fragment, Json};
use qemu_dsl::{Options, TargetSpec, Version, compile_devices};

fn fragment(text: &str, target: Option<Version>) -> Fragment {
    let compiled = compile_devices(
        text,
        &Options { target: TargetSpec { version: target, ..TargetSpec::default() }, ..Options::default() },
    );
    compiled.fragment.unwrap_or_else(|| panic!("{text}\n{:#?}", compiled.diagnostics))
}

/// The commands, a line each: ids begin with `&`.
fn commands_for(text: &str, target: Option<Version>) -> Vec<String> {
    let fragment = fragment(text, target);
    let filling = Filling {
        name: Some("web".to_owned()),
        fds: (0..fragment.fds.len()).map(|slot| format!("fd{slot}")).collect(),
        ids: fragment.ids.iter().map(ToString::to_string).collect(),
    };
    let commands = fragment.steps.iter().map(|step| {
        let arguments = shown(&Json::Object(step.arguments.clone()), &filling);
        format!("{} {arguments}", step.action.command())
    });
    commands.collect()
}

fn commands(text: &str) -> Vec<String> {
    commands_for(text, None)
}

fn shown(json: &Json, filling: &Filling) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Int(value) => value.to_string(),
        Json::Late(text, _) | Json::Text(text) => format!("'{}'", filling.text(text)),
        Json::Id(text) => format!("&{}", filling.text(text)),
        Json::FileDriver(text) => format!("driver of {}", filling.text(text)),
        Json::List(list) => {
            let list: Vec<_> = list.iter().map(|json| shown(json, filling)).collect();
            format!("[{}]", list.join(" "))
        }
        Json::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|member| format!("{}:{}", member.name, shown(&member.value, filling)))
                .collect();
            format!("{{{}}}", members.join(" "))
        }
    }
}

/// The codes of what is said of a text.
fn codes(text: &str) -> Vec<&'static str> {
    let compiled = compile_devices(text, &Options::default());
    compiled.diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect()
}

#[test]
fn a_network_device_has_its_queues_and_types() {
    assert_eq!(
        commands("netdev tap ifname=tap0 mq=2 vhost bus=rp0 addr=0"),
        [
            "netdev_add {type:'tap' id:'net0' vhost:true vhostfds:'fd0:fd1' fds:'fd2:fd3'}",
            "device_add {driver:'virtio-net-pci' id:'net0' netdev:&net0 mac:'0e:17:b4:72:4d:08' bus:'rp0' addr:'0' \
             mq:true vectors:6}",
        ]
    );
    let fragment = fragment("netdev tap ifname=tap0 mq=2 vhost", None);
    let kinds: Vec<_> = fragment.fds.iter().map(|fd| fd.source.kind()).collect();
    assert_eq!(kinds, ["vhost-net", "vhost-net", "tap", "tap"]);
    assert!(fragment.steps.iter().filter(|step| step.pci).count() == 1);
}

#[test]
fn lists_of_texts_are_objects() {
    assert_eq!(
        commands("netdev user id=n hostfwd=tcp::2222-:22 hostfwd=tcp::8080-:80 restrict ipv6=off")[0],
        "netdev_add {type:'user' id:'n' ipv6:false restrict:true hostfwd:[{str:'tcp::2222-:22'} {str:'tcp::8080-:80'}]}"
    );
}

#[test]
fn a_disk_is_a_node_and_a_device() {
    assert_eq!(
        commands(
            "disk id=d file=\"/a,b.img\" format=qcow2 cache=none aio=native readonly serial=12 wce=off bootindex=1"
        ),
        [
            "blockdev-add {driver:'qcow2' node-name:'d' read-only:true cache:{direct:true} file:{driver:driver of \
             /a,b.img filename:'/a,b.img' aio:'native'}}",
            "device_add {driver:'virtio-blk' id:'d' drive:&d config-wce:false serial:'12' bootindex:1}",
        ]
    );
    let nodes = |cache: &str| commands(&format!("disk file=/a format=raw {cache}")).join("\n");
    assert!(!nodes("").contains("cache"));
    assert!(nodes("aio=native").contains("cache:{direct:true}"));
    assert!(nodes("cache=unsafe").contains("cache:{no-flush:true}"));
    assert!(nodes("cache=writethrough").contains("write-cache:'off'"));
    let directsync = nodes("cache=directsync");
    assert!(directsync.contains("cache:{direct:true}") && directsync.contains("write-cache:'off'"));
}

#[test]
fn an_image_of_a_server_or_an_encrypted_one_is_a_node() {
    assert_eq!(
        commands("disk url=\"nbd://h/x\" format=raw")[0],
        "blockdev-add {driver:'raw' node-name:'disk0' file:{driver:'nbd' export:'x' server:{type:'inet' host:'h' \
         port:'10809'}}}",
    );
    assert_eq!(
        commands("disk file=/a format=luks key-secret=s\nsecret s file=/s")[1],
        "blockdev-add {driver:'luks' node-name:'disk0' key-secret:&s file:{driver:driver of /a filename:'/a'}}",
    );
    assert_eq!(codes("disk file=/a format=raw throttling.bps-read=5"), ["ignored-option"]);
}

#[test]
fn what_is_opened_before_goes_by_sets_and_names() {
    let disk = |options: &str| {
        let text = format!("disk file=/a format=raw fd {options}");
        let FdSource::File { readonly, direct, .. } = fragment(&text, None).fds[0].source else { panic!() };
        (commands(&text), readonly, direct)
    };
    let (commands, readonly, direct) = disk("");
    assert_eq!(
        commands,
        [
            "add-fd {opaque:'/a'}",
            "blockdev-add {driver:'raw' node-name:'disk0' file:{driver:driver of /dev/fdset/fd0 \
             filename:&/dev/fdset/fd0}}",
            "device_add {driver:'virtio-blk' id:'disk0' drive:&disk0}",
        ]
    );
    assert_eq!((readonly, direct), (false, false));
    // As QEMU would open it.
    for (options, readonly, is_direct) in
        [("readonly", true, false), ("cache=none", false, true), ("aio=native readonly", true, true)]
    {
        let (commands, own, direct) = disk(options);
        assert_eq!((own, direct), (readonly, is_direct), "{options}");
        assert_eq!(commands[1].contains("cache:{direct:true}"), is_direct, "{options}");
    }
    let set = &fragment("disk file=/a format=raw fd", None).steps[0];
    assert_eq!((set.fd(), set.action.removal()), (Some(0), ("remove-fd", "fdset-id")));

    assert_eq!(
        self::commands("port socket path=/p fd")[0],
        "chardev-add {id:'char0' backend:{type:'socket' data:{addr:{type:'fd' data:{str:'fd0'}} server:true wait:false}}}"
    );
    assert_eq!(
        self::commands("vsock cid=3 fd"),
        ["device_add {driver:'vhost-vsock-pci' id:'vsock0' guest-cid:3 vhostfd:'fd0'}"]
    );
    assert!(
        fragment("port socket path=/p fd\nvsock cid=3 fd", None).steps.iter().all(|step| step.fd().is_none())
    );
}

#[test]
fn a_source_of_random_numbers_is_plugged_by_the_name_of_its_backend() {
    assert_eq!(
        commands("rng\nrng random filename=/dev/hwrng max-bytes=1024 period=1000\nrng builtin id=b bus=rp0"),
        [
            "object-add {qom-type:'rng-random' id:'rng1' filename:'/dev/hwrng'}",
            "object-add {qom-type:'rng-builtin' id:'b'}",
            "device_add {driver:'virtio-rng-pci' id:'rng0'}",
            "device_add {driver:'virtio-rng-pci' id:'rng1' rng:&rng1 max-bytes:1024 period:1000}",
            "device_add {driver:'virtio-rng-pci' id:'b' rng:&b bus:'rp0'}",
        ]
    );
}

#[test]
fn what_others_need_comes_first() {
    let text = "device virtio-rng-pci rng=r\n\
                object filter-dump id=f netdev=n file=/dump\n\
                object rng-egd id=r chardev=c\n\
                netdev vhost-user id=n chardev=v socket=/run/v mac=52:54:00:12:34:56\n\
                blockdev null-co node-name=b size=1G read-zeroes=on\n\
                chardev socket id=c path=/run/c\n\
                object iothread id=i poll-max-ns=5";
    assert_eq!(
        commands(text),
        [
            "object-add {qom-type:'iothread' id:'i' poll-max-ns:5}",
            "chardev-add {id:'v' backend:{type:'socket' data:{addr:{type:'unix' data:{path:'/run/v'}} server:false}}}",
            "chardev-add {id:'c' backend:{type:'socket' data:{addr:{type:'unix' data:{path:'/run/c'}} server:false}}}",
            "blockdev-add {driver:'null-co' node-name:'b' size:1073741824 read-zeroes:true}",
            "netdev_add {type:'vhost-user' id:'n' chardev:&v}",
            "object-add {qom-type:'filter-dump' id:'f' netdev:&n file:'/dump'}",
            "object-add {qom-type:'rng-egd' id:'r' chardev:&c}",
            "device_add {driver:'virtio-rng-pci' id:'device0' rng:&r}",
            "device_add {driver:'virtio-net-pci' id:'n' netdev:&n mac:'52:54:00:12:34:56'}",
        ]
    );
}

#[test]
fn backends_of_character_devices_have_the_command_s_shape() {
    let backend = |text: &str| {
        let command = commands(&format!("chardev {text}")).remove(0);
        command.split_once("backend:").unwrap().1.to_owned()
    };
    assert_eq!(backend("null id=c"), "{type:'null' data:{}}}");
    assert_eq!(backend("file id=c path=/a append=on"), "{type:'file' data:{out:'/a' append:true}}}");
    assert_eq!(backend("serial id=c path=/dev/ttyS0"), "{type:'serial' data:{device:'/dev/ttyS0'}}}");
    assert_eq!(backend("ringbuf id=c size=64K"), "{type:'ringbuf' data:{size:65536}}}");
    assert_eq!(
        backend("socket id=c host=localhost port=1 server=on"),
        "{type:'socket' data:{addr:{type:'inet' data:{host:'localhost' port:'1'}} wait:false server:true}}}"
    );
    assert_eq!(
        backend("udp id=c host=h port=1 localport=2"),
        "{type:'udp' data:{remote:{type:'inet' data:{host:'h' port:'1'}} local:{type:'inet' data:{host:'' port:'2'}}}}}"
    );
}

#[test]
fn nodes_within_nodes_have_the_types_of_their_drivers() {
    assert_eq!(
        commands(
            "blockdev qcow2 node-name=q backing=base file.driver=nbd file.server.type=inet file.server.host=h \
             file.server.port=10809 cache.direct=on"
        ),
        [
            "blockdev-add {driver:'qcow2' node-name:'q' backing:&base file:{driver:'nbd' server:{type:'inet' host:'h' \
          port:'10809'}} cache:{direct:true}}"
        ]
    );
}

/// Whatever takes the id of something that a guest can be asked for, by QEMU's schema.
#[test]
fn references_are_known_by_their_types() {
    for (text, commanded) in [
        ("blockdev throttle node-name=n throttle-group=tg file=f", "throttle-group:&tg file:&f"),
        ("blockdev luks node-name=n key-secret=s file=f", "key-secret:&s file:&f"),
        (
            "blockdev qcow2 node-name=n file=f encrypt.format=luks encrypt.key-secret=s",
            "file:&f encrypt:{format:'luks' key-secret:&s}",
        ),
        ("blockdev raw node-name=n file.driver=luks file.key-secret=s file.file=f", "key-secret:&s file:&f"),
        (
            "blockdev nbd node-name=n server.type=inet server.host=h server.port=1 tls-creds=t",
            "tls-creds:&t server:{type:'inet' host:'h' port:'1'}",
        ),
        ("blockdev https node-name=n url=u password-secret=a cookie-secret=b", "secret:&a cookie-secret:&b"),
        ("blockdev host_device node-name=n filename=/f pr-manager=p", "filename:'/f' pr-manager:&p"),
        (
            "blockdev quorum node-name=n vote-threshold=1 children.0=a children.1.driver=raw children.1.file=b",
            "vote-threshold:1 children:[&a {driver:'raw' file:&b}]",
        ),
        ("object tls-creds-x509 id=o endpoint=server dir=/d passwordid=s", "dir:'/d' passwordid:&s"),
        ("object secret id=o data=x keyid=k", "data:'x' keyid:&k"),
        ("object filter-mirror id=o netdev=n outdev=c", "netdev:&n outdev:&c"),
        ("chardev socket id=c path=/p tls-creds=t tls-authz=z", "tls-creds:&t tls-authz:&z"),
        ("netdev vhost-user id=n chardev=c socket=/s", "chardev:&c"),
        ("device vhost-user-blk-pci chardev=c", "chardev:&c"),
        ("device pci-ipmi-kcs bmc=b", "bmc:&b"),
        // These a guest has from its start, or they are none.
        ("device AC97 audiodev=snd0", "audiodev:'snd0'"),
        ("device virtio-9p-pci fsdev=f mount_tag=t", "fsdev:'f' mount_tag:'t'"),
        ("blockdev qcow2 node-name=n file=f overlap-check=all", "overlap-check:'all'"),
        ("blockdev qcow2 node-name=n file=f backing=\"\"", "backing:''"),
        ("device virtio-blk drive=d serial=tg", "drive:&d serial:'tg'"),
    ] {
        for target in [(5, 2), (7, 2), (10, 0), (11, 1)] {
            let target = Version::new(target.0, target.1);
            let commands = commands_for(text, Some(target)).join("\n");
            assert!(commands.contains(commanded), "{target}: {commands}");
        }
    }
}

#[test]
fn old_targets_have_an_object_s_properties_apart() {
    let text = "object rng-random id=r filename=/dev/urandom";
    let of = |minor| commands_for(text, Some(Version::new(minor, 2))).remove(0);
    assert_eq!(of(5), "object-add {qom-type:'rng-random' id:'r' filename:'/dev/urandom'}");
    assert_eq!(of(4), "object-add {qom-type:'rng-random' id:'r' props:{filename:'/dev/urandom'}}");
}

#[test]
fn only_devices_can_stand_there() {
    assert_eq!(codes("target 7.2\nparam f: path = \"/a\"\ndisk file={f} format=raw"), [""; 0]);
    for text in [
        "memory 1G",
        "machine q35",
        "qemu \"/q\"",
        "arg \"-S\"",
        "global a.b=c",
        "fs local path=/p tag=t security=none",
        "netdev none",
    ] {
        assert_eq!(codes(text), ["not-pluggable"], "{text}");
    }
    let said = compile_devices("disk file=/a format=raw\nnetdev none", &Options::default()).diagnostics;
    assert_eq!(said[0].span().map(|span| (span.start, span.end)), Some((24, 35)));
}

#[test]
fn a_disk_needs_its_format() {
    assert_eq!(codes("disk file=/a"), ["missing-option"]);
    assert_eq!(codes("disk id=a-name-that-is-longer-than-a-node-s file=/a format=raw"), ["name-too-long"]);
}

#[test]
fn what_the_guest_may_have_is_not_missed() {
    let text = "device virtio-rng-pci rng=entropy bus=rp0\ndevice virtio-blk drive=there bus=elsewhere.0\n\
                netdev tap mq=1\nport socket path=/p\ndimm pc-dimm path=/m size=1G\nblockdev raw node-name=r file=f";
    assert_eq!(codes(text), [""; 0]);
}

#[test]
fn what_is_wrong_among_the_devices_themselves_is_said() {
    assert_eq!(codes("object rng-random id=a\nobject rng-random id=a"), ["duplicate-id"]);
    // The device of a statement is called as its backend.
    assert_eq!(codes("netdev user id=a\ndevice virtio-rng-pci id=a"), ["duplicate-id"]);
    assert_eq!(codes("netdev user bus=rp0 addr=1\nnetdev user bus=rp0 addr=1"), ["address-in-use"]);
    assert_eq!(codes("device virtio-rng-pci no-such=1"), ["unknown-property"]);
    assert_eq!(codes("netdev tap ifnam=x"), ["unknown-option"]);
}

#[test]
fn each_command_knows_its_place() {
    let text = "// one\nobject rng-random id=r\n\n/* ü */ device virtio-rng-pci rng=r disk file=/a format=raw fd\nobject iothread id=i";
    let fragment = fragment(text, None);
    let places = fragment.steps.iter().map(|step| {
        let place = fragment.place(step.span).unwrap();
        assert_eq!(place.file, None);
        (step.action.command(), place.line, place.column)
    });
    let expected = [
        ("object-add", 2, 1),
        ("add-fd", 4, 37),
        ("object-add", 5, 1),
        ("blockdev-add", 4, 37),
        ("device_add", 4, 9),
        ("device_add", 4, 37),
    ];
    assert_eq!(places.collect::<Vec<_>>(), expected);
    assert_eq!(fragment.place(fragment.fds[0].span).unwrap().to_string(), "line 4, column 37");
}

#[test]
fn what_has_members_is_in_them() {
    let text =
        "device virtio-blk-pci drive=d id=x iothread-vq-mapping.0.iothread=i0 iothread-vq-mapping.0.vqs.0=1";
    for target in [Version::new(9, 1), Version::new(10, 0)] {
        assert_eq!(
            commands_for(text, Some(target)),
            ["device_add {driver:'virtio-blk-pci' id:'x' drive:&d \
                 iothread-vq-mapping:[{iothread:'i0' vqs:[1]}]}"]
        );
    }
    // Another's name has the dot in it.
    assert_eq!(
        commands("device nvme-ns id=x drive=d fdp.ruhs=1"),
        ["device_add {driver:'nvme-ns' id:'x' drive:&d fdp.ruhs:'1'}"]
    );
}
