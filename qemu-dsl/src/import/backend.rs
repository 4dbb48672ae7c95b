//! What `-serial`, `-monitor` and their like are connected to in words of old, `mon:telnet::4444,server`, as a `-chardev`.

use super::given::Given;
use crate::plan::arguments;

/// What the backend is called that an option makes which says what it is connected to.
pub(super) fn name_of(flag: &str) -> Option<&str> {
    let name = arguments::bare(flag);
    arguments::is_connecting(name).then(|| name.strip_suffix("-pretty").unwrap_or(name))
}

/// The options of today for one of old: its backend, called `id`, and what is connected to it.
pub(super) fn renewed(given: &Given, id: &str) -> Option<Vec<Given>> {
    let value = given.value.as_deref()?;
    let (is_shared, value) = match value.strip_prefix("mon:") {
        Some(value) => (true, value),
        None => (false, value),
    };
    let (kind, mut list) = backend(value)?;
    // What QEMU itself adds where gdb connects by TCP.
    if given.flag == "-gdb" && list.iter().any(|(name, _)| name == "host") {
        for (name, value) in [("nodelay", "on"), ("server", "on"), ("wait", "off")] {
            list.retain(|(own, _)| own != name);
            list.push((name.to_owned(), value.to_owned()));
        }
    }
    if is_shared {
        list.push(("mux".to_owned(), "on".to_owned()));
        if kind == "stdio" {
            list.push(("signal".to_owned(), "off".to_owned()));
        }
    }
    let mut all = vec![("", kind), ("id", id)];
    all.extend(list.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let to = format!("chardev:{id}");
    let user = match given.flag.as_str() {
        // It looks for a character device of its own.
        "-debugcon" => Given::of_list(given.at, "-device", &[("", "isa-debugcon"), ("chardev", id)]),
        flag => Given::new(given.at, flag, Some(to.clone())),
    };
    let mut new = vec![Given::of_list(given.at, "-chardev", &all), user];
    if is_shared && given.flag != "-monitor" {
        new.push(Given::new(given.at, "-monitor", Some(to)));
    }
    Some(new)
}

type List = Vec<(String, String)>;

/// A backend's type and options.
fn backend(value: &str) -> Option<(&'static str, List)> {
    let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let on = |name: &str| (name.to_owned(), "on".to_owned());
    Some(match value.split_once(':') {
        None => match value {
            "null" => ("null", Vec::new()),
            "pty" => ("pty", Vec::new()),
            "stdio" => ("stdio", Vec::new()),
            "vc" => ("vc", Vec::new()),
            "msmouse" => ("msmouse", Vec::new()),
            "wctablet" => ("wctablet", Vec::new()),
            "braille" => ("braille", Vec::new()),
            "testdev" => ("testdev", Vec::new()),
            path if path.starts_with("/dev/parport") => ("parallel", one("path", path)),
            path if path.starts_with("/dev/") => ("serial", one("path", path)),
            _ => return None,
        },
        Some(("vc", size)) => ("vc", screen(size)?),
        Some(("file", path)) => ("file", one("path", path)),
        Some(("pipe", path)) => ("pipe", one("path", path)),
        Some(("unix", rest)) => {
            let (path, options) = rest.split_once(',').unwrap_or((rest, ""));
            ("socket", [one("path", path), self::options(options)?].concat())
        }
        Some((protocol @ ("tcp" | "telnet" | "tn3270" | "websocket"), rest)) => {
            let (address, options) = rest.split_once(',').unwrap_or((rest, ""));
            let (host, port) = address.rsplit_once(':')?;
            let mut list = [one("host", host), one("port", port), self::options(options)?].concat();
            list.extend((protocol != "tcp").then(|| on(protocol)));
            ("socket", list)
        }
        Some(("udp", rest)) => {
            let (remote, local) =
                rest.split_once('@').map_or((rest, None), |(one, other)| (one, Some(other)));
            let (host, port) = remote.rsplit_once(':')?;
            let mut list = [one("host", host), one("port", port)].concat();
            if let Some(local) = local {
                let (host, port) = local.rsplit_once(':').unwrap_or(("", local));
                list.extend([one("localaddr", host), one("localport", port)].concat());
            }
            list.retain(|(_, value)| !value.is_empty());
            ("udp", list)
        }
        Some(_) => return None,
    })
}

/// `80Cx25C`, or `640x480` in pixels.
fn screen(size: &str) -> Option<List> {
    let (width, height) = size.split_once('x')?;
    let letters = width.strip_suffix('C').zip(height.strip_suffix('C'));
    let (names, width, height) = match letters {
        Some((width, height)) => (("cols", "rows"), width, height),
        None => (("width", "height"), width, height),
    };
    Some(vec![(names.0.to_owned(), width.to_owned()), (names.1.to_owned(), height.to_owned())])
}

/// The options behind an address: `server,nowait`.
fn options(list: &str) -> Option<List> {
    let words = list.split(',').filter(|word| !word.is_empty());
    let options = words.map(|word| match word.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), value.to_owned())),
        None if word == "nowait" => Some(("wait".to_owned(), "off".to_owned())),
        None if word == "nodelay"
            || word == "server"
            || word == "telnet"
            || word == "ipv4"
            || word == "ipv6" =>
        {
            Some((word.to_owned(), "on".to_owned()))
        }
        None => None,
    });
    options.collect()
}
