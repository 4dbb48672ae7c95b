//! Where QEMU makes sockets.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::Value;

use super::options::Properties;
use crate::plan::Action;
use crate::plan::arguments::{Argument, is_connecting};

/// The paths at which QEMU makes sockets for an argument, those that it only connects to left out.
pub(super) fn listening(argument: &Argument<'_>) -> Vec<Vec<u8>> {
    let (Some(option), Some(value)) = (argument.option(), argument.value) else {
        return Vec::new();
    };
    let value = value.as_bytes();
    let paths: Vec<Cow<'_, [u8]>> = match option {
        "chardev" => socket_of_chardev(&Properties::of(value, "backend")).into_iter().collect(),
        option if is_connecting(option) => socket_of_device(value).into_iter().collect(),
        "vnc" => sockets_of_vnc(value),
        "display" => value.strip_prefix(b"vnc=").map(sockets_of_vnc).unwrap_or_default(),
        "spice" => {
            let spice = Properties::of(value, "");
            spice.get("addr").filter(|_| spice.is_on("unix")).into_iter().collect()
        }
        "incoming" => socket_of_migration(value).into_iter().collect(),
        "net" | "netdev" | "nic" => sockets_of_network(&Properties::of(value, "type")),
        _ => Vec::new(),
    };
    paths.into_iter().map(Cow::into_owned).filter(|path| !path.is_empty()).collect()
}

/// The same for a command that adds something to a QEMU that runs.
pub(super) fn listening_command(action: Action, arguments: &Value) -> Vec<Vec<u8>> {
    let properties = Properties::of_json(arguments);
    let paths: Vec<_> = match action {
        Action::Chardev => {
            let unix =
                properties.is("backend.type", "socket") && properties.is("backend.data.addr.type", "unix");
            // It listens unless it is told not to.
            let listens =
                unix && properties.get("backend.data.server").is_none_or(|server| *server == *b"on");
            properties.get("backend.data.addr.data.path").filter(|_| listens).into_iter().collect()
        }
        Action::Netdev => sockets_of_network(&properties),
        Action::FdSet | Action::Object | Action::Blockdev | Action::Device => Vec::new(),
    };
    paths.into_iter().map(Cow::into_owned).filter(|path| !path.is_empty()).collect()
}

fn socket_of_chardev<'a>(chardev: &Properties<'a>) -> Option<Cow<'a, [u8]>> {
    let listens = chardev.is("backend", "socket") && chardev.is_on("server");
    chardev.get("path").filter(|_| listens)
}

/// The short form of a character device, of a port or a monitor: `mon:unix:PATH,server=on`.
fn socket_of_device(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    let value = value.strip_prefix(b"mon:").unwrap_or(value);
    let device = Properties::of(value.strip_prefix(b"unix:")?, "path");
    device.get("path").filter(|_| device.is_on("server"))
}

fn sockets_of_vnc(value: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let vnc = Properties::of(value, "vnc");
    if vnc.is_on("reverse") {
        return Vec::new();
    }
    vnc.all("vnc").filter_map(|address| behind(address, b"unix:")).collect()
}

fn socket_of_migration(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    if let Some(path) = value.strip_prefix(b"unix:") {
        return Some(Cow::Borrowed(path));
    }
    let channel = Properties::of(value, "");
    channel.get("addr.path").filter(|_| channel.is("addr.type", "unix"))
}

fn sockets_of_network<'a>(network: &Properties<'a>) -> Vec<Cow<'a, [u8]>> {
    let unix = |address: &str| {
        let path = network.get(&format!("{address}.path"));
        path.filter(|_| network.is(&format!("{address}.type"), "unix"))
    };
    if network.is("type", "stream") {
        return unix("addr").filter(|_| network.is_on("server")).into_iter().collect();
    }
    if network.is("type", "dgram") {
        return unix("local").into_iter().collect();
    }
    if !network.is("type", "user") {
        return Vec::new();
    }
    // `unix:PATH-:22`, and `tcp:10.0.2.100:80-DEVICE`.
    let from_host = network.all("hostfwd").filter_map(|rule| {
        let rule = behind(rule, b"unix:")?;
        Some(Cow::Owned(rule.split(|byte| *byte == b'-').next()?.to_owned()))
    });
    let from_guest = network.all("guestfwd").filter_map(|rule| {
        let at = rule.iter().position(|byte| *byte == b'-')?;
        Some(Cow::Owned(socket_of_device(rule.get(at + 1..)?)?.into_owned()))
    });
    from_host.chain(from_guest).collect()
}

/// A text without its beginning, where it has that.
fn behind<'a>(text: Cow<'a, [u8]>, beginning: &[u8]) -> Option<Cow<'a, [u8]>> {
    match text {
        Cow::Borrowed(text) => text.strip_prefix(beginning).map(Cow::Borrowed),
        Cow::Owned(text) => text.strip_prefix(beginning).map(|rest| Cow::Owned(rest.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use serde_json::json;

    use super::{Action, listening, listening_command};
    use crate::plan::arguments::split;

    fn of(option: &str, value: &str) -> Vec<String> {
        let argument = split([option, value].map(OsStr::new)).next();
        let paths = argument.map(|argument| listening(&argument)).unwrap_or_default();
        paths.into_iter().map(|path| String::from_utf8_lossy(&path).into_owned()).collect()
    }

    #[test]
    fn the_sockets_that_qemu_makes_are_found() {
        for (option, value) in [
            ("-chardev", "socket,id=c,path=/s,server=on,wait=off"),
            ("-chardev", "socket,server,nowait,path=/other,path=/s,id=c"),
            ("-chardev", "id=c,backend=socket,path=/s,server=yes"),
            ("--chardev", "socket,id=c,path=/s,server=off,server=true"),
            // QEMU removes a file of that name, though the socket has none.
            ("-chardev", "socket,id=c,path=/s,server=on,abstract=on"),
            ("-qmp", "unix:/s,server,nowait"),
            ("-qmp-pretty", "unix:/s,server=on"),
            ("-monitor", "unix:/s,server=on"),
            ("-serial", "mon:unix:/s,server=on"),
            ("-serial", "unix:path=/s,server=on"),
            ("-parallel", "unix:/s,server=on,telnet=on"),
            ("-debugcon", "unix:/s,server"),
            ("-gdb", "unix:/s,server,nowait"),
            ("-qtest", "unix:/s,server=y"),
            ("-vnc", "unix:/s"),
            ("-vnc", "unix:/s,password=on"),
            ("-vnc", ":1,vnc=unix:/s"),
            ("-display", "vnc=unix:/s,lossy=on"),
            ("-spice", "unix=on,addr=/s,disable-ticketing=on"),
            ("-spice", "addr=/s,unix"),
            ("-incoming", "unix:/s"),
            (
                "-incoming",
                r#"{"channel-type":"main","addr":{"transport":"socket","type":"unix","path":"/s"}}"#,
            ),
            ("-netdev", "stream,id=n,server=on,addr.type=unix,addr.path=/s"),
            ("-netdev", r#"{"type":"stream","id":"n","server":true,"addr":{"type":"unix","path":"/s"}}"#),
            ("-netdev", "dgram,id=n,local.type=unix,local.path=/s,remote.type=unix,remote.path=/r"),
            ("-netdev", "user,id=n,hostfwd=unix:/s-:22"),
            ("-netdev", r#"{"type":"user","id":"n","hostfwd":[{"str":"unix:/s-:22"}]}"#),
            ("-nic", "user,guestfwd=tcp:10.0.2.100:80-unix:/s,,server=on,,wait=off"),
        ] {
            assert_eq!(of(option, value), ["/s"], "{option} {value}");
        }
        assert_eq!(of("-chardev", "socket,path=/a,,b=c,server"), ["/a,b=c"]);
        assert_eq!(of("-incoming", "unix:/a,b"), ["/a,b"]);
        assert_eq!(of("-vnc", "unix:/a,vnc=unix:/b"), ["/a", "/b"]);
        assert_eq!(of("-net", "user,hostfwd=unix:/a-:1,hostfwd=tcp::1-:2,hostfwd=unix:/b-:2"), ["/a", "/b"]);
    }

    #[test]
    fn what_it_only_connects_to_is_none() {
        for (option, value) in [
            ("-chardev", "socket,id=c,path=/s"),
            ("-chardev", "socket,id=c,path=/s,server=on,server=off"),
            ("-chardev", "socket,id=c,path=/s,server,noserver"),
            ("-chardev", "socket,id=c,host=h,port=1,server=on"),
            ("-chardev", "socket,id=c,fd=3,server=on"),
            ("-chardev", "socket,id=c,path=,server=on"),
            ("-chardev", "pipe,id=c,path=/s"),
            ("-qmp", "unix:/s"),
            ("-qmp", "tcp::1,server=on"),
            ("-gdb", "tcp::1234"),
            ("-vnc", ":1"),
            ("-vnc", "unix:/s,reverse=on"),
            ("-spice", "addr=127.0.0.1,port=1"),
            ("-incoming", "defer"),
            (
                "-incoming",
                r#"{"channel-type":"main","addr":{"transport":"socket","type":"inet","host":"h","port":"1"}}"#,
            ),
            ("-netdev", "stream,id=n,addr.type=unix,addr.path=/s"),
            ("-netdev", "stream,id=n,server=on,addr.type=inet,addr.host=h,addr.port=1"),
            ("-netdev", "user,id=n,guestfwd=tcp:10.0.2.100:80-unix:/s"),
            ("-netdev", "user,id=n,hostfwd=tcp::1-:2"),
            ("-append", "unix:/s,server=on"),
        ] {
            assert_eq!(of(option, value), [""; 0], "{option} {value}");
        }
    }

    #[test]
    fn those_of_commands_are_found_too() {
        let of = |action, arguments| {
            let paths = listening_command(action, &arguments).into_iter();
            paths.map(|path| String::from_utf8_lossy(&path).into_owned()).collect::<Vec<_>>()
        };
        let chardev = |server| {
            let address = json!({ "type": "unix", "data": { "path": "/s" } });
            let mut data = json!({ "addr": address });
            if let (Some(server), Some(data)) = (server, data.as_object_mut()) {
                data.insert("server".to_owned(), server);
            }
            json!({ "id": "c", "backend": { "type": "socket", "data": data } })
        };
        for (action, arguments) in [
            (Action::Chardev, chardev(None)),
            (Action::Chardev, chardev(Some(true.into()))),
            (
                Action::Netdev,
                json!({ "type": "stream", "server": true, "addr": { "type": "unix", "path": "/s" } }),
            ),
            (Action::Netdev, json!({ "type": "user", "hostfwd": [{ "str": "unix:/s-:22" }] })),
        ] {
            assert_eq!(of(action, arguments.clone()), ["/s"], "{arguments}");
        }
        assert_eq!(of(Action::Chardev, chardev(Some(false.into()))), [""; 0]);
        let pipe = json!({ "id": "c", "backend": { "type": "pipe", "data": { "device": "/s" } } });
        assert_eq!(of(Action::Chardev, pipe), [""; 0]);
        assert_eq!(of(Action::Device, json!({ "driver": "x", "path": "/s" })), [""; 0]);
    }
}
