//! Images that are behind a URL: the block driver and its properties that say the same.

/// What is wrong with a URL: a message and a remedy.
pub(super) type Wrong = (String, &'static str);

/// Properties of a block driver, by their names.
type Properties = Vec<(&'static str, String)>;

/// The properties of the node that has the image at `url`.
pub(super) fn properties(url: &str) -> Result<Properties, Wrong> {
    let unknown =
        || (format!("`{url}` is no URL of an image"), "see `qemu-dslc explain disk` for the schemes");
    let (scheme, rest) = url.split_once(':').ok_or_else(unknown)?;
    let behind = || rest.strip_prefix("//").ok_or_else(unknown);
    match scheme {
        "nbd" => {
            let Place { user: _, host, port, path } = Place::of(behind()?, url)?;
            let server = [("file.driver", "nbd".to_owned()), ("file.server.type", "inet".to_owned())];
            let mut all = Vec::from(server);
            all.push(("file.server.host", host));
            all.push(("file.server.port", port.unwrap_or_else(|| "10809".to_owned())));
            all.extend(path.filter(|export| !export.is_empty()).map(|export| ("file.export", export)));
            Ok(all)
        }
        "nbd+unix" => {
            let (export, query) = behind()?.split_once('?').ok_or_else(unknown)?;
            let socket =
                query.strip_prefix("socket=").filter(|path| path.starts_with('/')).ok_or_else(unknown)?;
            let export = export.strip_prefix('/').ok_or_else(unknown)?;
            let mut all = vec![
                ("file.driver", "nbd".to_owned()),
                ("file.server.type", "unix".to_owned()),
                ("file.server.path", decoded(socket, url)?),
            ];
            if !export.is_empty() {
                all.push(("file.export", decoded(export, url)?));
            }
            Ok(all)
        }
        "iscsi" => {
            let Place { user, host, port, path } = Place::of(behind()?, url)?;
            let path = path.ok_or_else(unknown)?;
            let (target, lun) = path.rsplit_once('/').ok_or_else(unknown)?;
            if lun.is_empty() || !lun.bytes().all(|byte| byte.is_ascii_digit()) || target.is_empty() {
                return Err(unknown());
            }
            // An address with colons in it stands in brackets.
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            let mut all = vec![
                ("file.driver", "iscsi".to_owned()),
                ("file.transport", "tcp".to_owned()),
                ("file.portal", format!("{host}:{}", port.as_deref().unwrap_or("3260"))),
                ("file.target", target.to_owned()),
                ("file.lun", lun.to_owned()),
            ];
            all.extend(user.map(|user| ("file.user", user)));
            Ok(all)
        }
        "rbd" => {
            let (pool, image) = rest.split_once('/').ok_or_else(unknown)?;
            let (image, snapshot) =
                image.split_once('@').map_or((image, None), |(image, snapshot)| (image, Some(snapshot)));
            let is_name = |name: &str| !name.is_empty() && !name.contains([':', '/']);
            if !is_name(pool) || !is_name(image) || !snapshot.is_none_or(is_name) {
                return Err(unknown());
            }
            let mut all = vec![
                ("file.driver", "rbd".to_owned()),
                ("file.pool", pool.to_owned()),
                ("file.image", image.to_owned()),
            ];
            all.extend(snapshot.map(|snapshot| ("file.snapshot", snapshot.to_owned())));
            Ok(all)
        }
        "http" | "https" | "ftp" | "ftps" => {
            Place::of(behind()?, url)?;
            Ok(vec![("file.driver", scheme.to_owned()), ("file.url", url.to_owned())])
        }
        "ssh" | "nfs" => {
            let Place { user, host, port, path } = Place::of(behind()?, url)?;
            let path = path.filter(|path| !path.is_empty()).ok_or_else(unknown)?;
            let mut all = vec![("file.driver", scheme.to_owned())];
            if scheme == "ssh" {
                all.push(("file.server.host", host));
                all.push(("file.server.port", port.unwrap_or_else(|| "22".to_owned())));
            } else {
                let other = user.is_some() || port.is_some();
                if other {
                    return Err(unknown());
                }
                all.push(("file.server.type", "inet".to_owned()));
                all.push(("file.server.host", host));
            }
            all.push(("file.path", format!("/{path}")));
            all.extend(user.filter(|_| scheme == "ssh").map(|user| ("file.user", user)));
            Ok(all)
        }
        _ => Err(unknown()),
    }
}

/// What stands behind a scheme: `[USER@]HOST[:PORT][/PATH]`.
struct Place {
    user: Option<String>,
    host: String,
    port: Option<String>,
    /// Without the slash before it.
    path: Option<String>,
}

impl Place {
    fn of(text: &str, url: &str) -> Result<Self, Wrong> {
        let wrong = || (format!("`{url}` is no URL of an image"), "write `SCHEME://HOST:PORT/PATH`");
        // What HTTP has behind it is the server's, and what QEMU would read there is a property.
        if !url.starts_with("http") && !url.starts_with("ftp") && text.contains(['?', '#']) {
            let message = format!("`{url}` has something behind its path");
            return Err((
                message,
                "say it by a property, such as `file.host-key-check.mode=`; `%3F` is a `?`",
            ));
        }
        let (authority, path) = match text.split_once('/') {
            Some((authority, path)) => (authority, Some(decoded(path, url)?)),
            None => (text, None),
        };
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, authority),
        };
        if user.is_some_and(|user| user.contains([':', '%'])) {
            let message = "a password in a URL is visible in the list of the host's processes".to_owned();
            return Err((message, "leave it out, and name a `secret`: `file.password-secret=ID`"));
        }
        // In brackets an address may have colons in it.
        let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(wrong)?)),
            None => match address.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            },
        };
        let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
        if host.is_empty() || !port.is_none_or(is_port) {
            return Err(wrong());
        }
        Ok(Self { user: user.map(str::to_owned), host: host.to_owned(), port: port.map(str::to_owned), path })
    }
}

/// A text of a URL, whose `%41` is an `A`.
fn decoded(text: &str, url: &str) -> Result<String, Wrong> {
    let wrong = || (format!("`{url}` has a `%` that stands for no character"), "write `%25` for `%`");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, behind) = rest.split_at_checked(2).ok_or_else(wrong)?;
        let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        bytes.push(u8::from_str_radix(digits, 16).ok().filter(|byte| is_hex && *byte > 0).ok_or_else(wrong)?);
        rest = behind;
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "these are tests")]

    use super::properties;

    fn said(url: &str) -> String {
        let all = properties(url).unwrap();
        let all: Vec<_> =
            all.iter().map(|(name, value)| format!("{}={value}", name.replace("file.", ""))).collect();
        all.join(" ")
    }

    #[test]
    fn urls_are_properties() {
        for (url, expected) in [
            ("nbd://h/x%20y", "driver=nbd server.type=inet server.host=h server.port=10809 export=x y"),
            ("nbd://[::1]:7", "driver=nbd server.type=inet server.host=::1 server.port=7"),
            (
                "nbd+unix:///web?socket=/run/n.sock",
                "driver=nbd server.type=unix server.path=/run/n.sock export=web",
            ),
            ("nbd+unix:///?socket=/n", "driver=nbd server.type=unix server.path=/n"),
            (
                "iscsi://u@10.0.0.1/iqn.x:y/0",
                "driver=iscsi transport=tcp portal=10.0.0.1:3260 target=iqn.x:y lun=0 user=u",
            ),
            ("rbd:pool/image@snap", "driver=rbd pool=pool image=image snapshot=snap"),
            ("https://h:8443/a.iso?x=1", "driver=https url=https://h:8443/a.iso?x=1"),
            ("ssh://me@h/srv/a.img", "driver=ssh server.host=h server.port=22 path=/srv/a.img user=me"),
            ("nfs://h/srv/a.img", "driver=nfs server.type=inet server.host=h path=/srv/a.img"),
        ] {
            assert_eq!(said(url), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in [
            "",
            "a.img",
            "/a.img",
            "file:///a.img",
            "nbd:h:1",
            "nbd://",
            "nbd://h:0",
            "nbd://h:x",
            "nbd://h/%zz",
            "nbd://h/%00",
            "nbd+unix:///x",
            "nbd+unix:///x?socket=n",
            "iscsi://h",
            "iscsi://h/iqn",
            "iscsi://h/iqn/a",
            "rbd:pool",
            "rbd:pool/a:conf=/x",
            "ssh://h",
            "nfs://h:1/x",
            "http://u:p@h/x",
            "ssh://h/x?host_key_check=no",
            "nfs://h/x#1",
            "iscsi://u%25p@h/i/0",
        ] {
            assert!(properties(url).is_err(), "{url}");
        }
    }
}
