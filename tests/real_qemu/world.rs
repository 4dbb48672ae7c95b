//! What a case finds on its host: a folder with files, sockets, a terminal, free ports.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use qemu_runtime::HostPaths;
use rustix::fs::{CWD, Mode};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use tempfile::TempDir;

use crate::outcome::{Outcome, Stop, ensure};
use crate::qemu::PATIENCE;

pub(crate) const MIB: u64 = 1 << 20;

/// It ends, with all that is in it, with the value.
pub(crate) struct World {
    dir: TempDir,
    /// Takes the connections of a QEMU that is a client of `{dir}/client.sock`.
    client: UnixListener,
    /// The other side of `{terminal}`.
    _master: OwnedFd,
    terminal: String,
    ports: [u16; 2],
    /// Values for parameters of a text's own.
    own: Vec<(String, String)>,
    /// Where the host has its devices.
    pub(crate) host_paths: HostPaths,
}

impl World {
    pub(crate) fn new() -> Outcome<Self> {
        let dir = tempfile::Builder::new().prefix("real_qemu").tempdir()?;
        let path = |name: &str| dir.path().join(name);
        for name in ["disk.img", "other.img", "a:b.img", "other,1.img", "other,2.img", "other,3.img"] {
            File::create(path(name))?.set_len(MIB)?;
        }
        File::create(path("memory.img"))?.set_len(64 * MIB)?;
        fs::write(path("disk.qcow2"), qcow2())?;
        fs::write(path("kernel"), kernel())?;
        fs::write(path("initrd"), b"070701")?;
        fs::write(path("fw.bin"), [0x90; 16])?;
        fs::write(path("secret"), "geheim")?;
        fs::create_dir(path("tls"))?;
        fs::write(path("tls/keys.psk"), "qemu:0123456789abcdef0123456789abcdef\n")?;
        for name in ["flash.img", "vars.img"] {
            fs::write(path(name), vec![0xff; 1 << 16])?;
        }
        fs::write(path("splash.bmp"), picture())?;
        fs::write(path("events"), "usb_ehci_reset\n")?;
        fs::write(path("q35.cfg"), "[memory]\n  size = \"64\"\n")?;
        // An ACPI table that is its header.
        let header = [b"TEST\x24\0\0\0\x01\0OWNER\0TABLE\0\0\0".as_slice(), &[0; 12]].concat();
        fs::write(path("acpi.bin"), header)?;
        // An SMBIOS table of a type that is nobody's.
        fs::write(path("table.bin"), [0x80, 4, 0, 1, 0, 0])?;
        fs::create_dir(path("share"))?;
        for name in ["pipe.in", "pipe.out", "pipe2.in", "pipe2.out"] {
            rustix::fs::mknodat(CWD, path(name), rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
        }
        let client = UnixListener::bind(path("client.sock"))?;
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let terminal = ptsname(&master, Vec::new())?.into_string()?;
        // Both are free at once, so that they differ.
        let listeners = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
        let [first, second] = &listeners;
        let ports = [first.local_addr()?.port(), second.local_addr()?.port()];
        Ok(Self {
            dir,
            client,
            _master: master,
            terminal,
            ports,
            own: Vec::new(),
            host_paths: HostPaths::default(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The values of the parameters that a text may declare.
    pub(crate) fn params(&self) -> Vec<(String, String)> {
        let [first, second] = self.ports;
        let params = [
            ("dir", self.path().display().to_string()),
            ("terminal", self.terminal.clone()),
            ("port", first.to_string()),
            ("port2", second.to_string()),
            ("nic", crate::host::vfio_device().unwrap_or_else(|| "0000:02:10.0".into())),
        ];
        let params = params.map(|(name, value)| (name.to_owned(), value));
        params.into_iter().chain(self.own.iter().cloned()).collect()
    }

    /// Has a file in place of the kernel's vsock device.
    pub(crate) fn fake_vhost_vsock(&mut self) -> Outcome {
        self.host_paths.vhost_vsock = self.file("vhost-vsock");
        File::create(&self.host_paths.vhost_vsock)?;
        Ok(())
    }

    /// Gives a parameter its value.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.own.push((name.to_owned(), value.to_owned()));
    }

    /// The greeting of a QEMU that connects to `{dir}/client.sock`.
    pub(crate) fn greeting(&self) -> Outcome<Value> {
        self.client.set_nonblocking(true)?;
        let deadline = Instant::now() + PATIENCE;
        let stream = loop {
            match self.client.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(error.into()),
            }
        };
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        let greeting: Value = serde_json::from_str(&line)?;
        ensure!(greeting.get("QMP").is_some(), "{line}")?;
        Ok(greeting)
    }
}

/// An empty disk of 1 MiB in the format qcow2, version 2.
fn qcow2() -> Vec<u8> {
    const CLUSTER: u64 = 1 << 16;
    let mut header = b"QFI\xfb".to_vec();
    let mut words = |words: &[u32]| header.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    // Version, no backing file, bits of a cluster, size, no encryption.
    words(&[2, 0, 0, 0, 16, 0, MIB as u32, 0]);
    // One entry of the first table of clusters; the table of reference counts, of one cluster; no snapshots.
    words(&[1, 0, 3 * CLUSTER as u32, 0, CLUSTER as u32, 1, 0, 0, 0]);
    let mut image = vec![0; 4 * CLUSTER as usize];
    let mut put = |at: u64, bytes: &[u8]| {
        let places = image.iter_mut().skip(at as usize);
        places.zip(bytes).for_each(|(place, byte)| *place = *byte);
    };
    put(0, &header);
    put(CLUSTER, &(2 * CLUSTER).to_be_bytes());
    // These four clusters are in use, once.
    put(2 * CLUSTER, &[0, 1, 0, 1, 0, 1, 0, 1]);
    image
}

/// As much of a BMP file of 24 bits a dot as QEMU looks at.
fn picture() -> Vec<u8> {
    let mut picture = vec![0; 64];
    let bytes = [(0, b'B'), (1, b'M'), (28, 24)];
    for (at, byte) in bytes {
        picture.iter_mut().skip(at).take(1).for_each(|place| *place = byte);
    }
    picture
}

/// What QEMU takes for a Linux kernel: a header of the boot protocol.
fn kernel() -> Vec<u8> {
    let mut image = vec![0; 8192];
    let mut put = |at: usize, bytes: &[u8]| {
        let places = image.iter_mut().skip(at);
        places.zip(bytes).for_each(|(place, byte)| *place = *byte);
    };
    // One sector of set-up code, the signature, version 2.12, loaded high, the highest address of the initrd.
    put(0x1f1, &[1]);
    put(0x202, b"HdrS\x0c\x02");
    put(0x211, &[1]);
    put(0x22c, &0x7fff_ffffu32.to_le_bytes());
    image
}

/// A text as the language writes it in quotes, whatever it is.
pub(crate) fn quoted(text: impl AsRef<OsStr>) -> Outcome<String> {
    let text = text.as_ref().to_str().ok_or_else(|| Stop::failed("no text"))?;
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '{' | '}' => out.extend([c, c]),
            // Rust's escapes: these are in the language too.
            '"' | '\\' | '\n' | '\r' | '\t' | '\0' => out.extend(c.escape_default()),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}
