//! Other processes that a guest needs, as far as it needs them to start.

use std::io::{self, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::host::proxy_helper;
use crate::outcome::{Outcome, Stop};
use crate::world::World;

/// It ends with the value.
pub(crate) enum StandIn {
    Thread { over: Arc<AtomicBool>, thread: Option<JoinHandle<io::Result<()>>> },
    Process(Child),
}

impl StandIn {
    /// A network of its own behind `{dir}/vhost-user.sock`, on which it listens, and another one that connects to
    /// `{dir}/vhost-user-server.sock` once somebody listens there. A device whose registers are its own is behind
    /// `{dir}/vhost-user-config.sock`.
    pub(crate) fn vhost_user(world: &World) -> Outcome<Self> {
        let listeners = ["vhost-user.sock", "vhost-user-config.sock"].map(|name| -> io::Result<_> {
            let listener = UnixListener::bind(world.file(name))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        let [network, device] = listeners;
        let listeners = [(network?, QUEUES), (device?, QUEUES | CONFIG)];
        let server = world.file("vhost-user-server.sock");
        let over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&over);
        let thread = thread::spawn(move || accept_and_connect(&listeners, server, &flag));
        Ok(Self::Thread { over, thread: Some(thread) })
    }

    /// A TPM behind `{dir}/tpm.sock` that says nothing but that it is one, as far as QEMU asks.
    pub(crate) fn tpm(world: &World) -> Outcome<Self> {
        let listener = UnixListener::bind(world.file("tpm.sock"))?;
        listener.set_nonblocking(true)?;
        let over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&over);
        let thread = thread::spawn(move || {
            while !flag.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => drop(thread::spawn(move || control(&stream))),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        thread::sleep(Duration::from_millis(5));
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        });
        Ok(Self::Thread { over, thread: Some(thread) })
    }

    /// QEMU's own helper, which serves `{dir}/share` on `{dir}/proxy.sock`.
    pub(crate) fn proxy(world: &World) -> Outcome<Self> {
        let socket = world.file("proxy.sock");
        let mut child = Command::new(proxy_helper()?)
            .args(["-n", "-u", "0", "-g", "0", "-p"])
            .arg(world.file("share"))
            .arg("-s")
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let deadline = Instant::now() + Duration::from_secs(30);
        while !socket.exists() {
            if let Some(status) = child.try_wait()? {
                return Err(Stop::lacking(format!("needs virtfs-proxy-helper to run: {status}")));
            }
            if Instant::now() > deadline {
                child.kill()?;
                child.wait()?;
                return Err(Stop::failed("virtfs-proxy-helper makes no socket"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(Self::Process(child))
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        match self {
            Self::Thread { over, thread } => {
                over.store(true, Ordering::Relaxed);
                if let Some(thread) = thread.take() {
                    // What goes wrong there, QEMU says.
                    let _ = thread.join();
                }
            }
            Self::Process(child) => {
                // It may have ended with its QEMU.
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// Features of the protocol: that there are several queues, and that the device's registers can be read.
const QUEUES: u64 = 1;
const CONFIG: u64 = 1 << 9;

fn accept_and_connect(
    listeners: &[(UnixListener, u64)],
    server: PathBuf,
    over: &AtomicBool,
) -> io::Result<()> {
    let mut server = Some(server);
    while !over.load(Ordering::Relaxed) {
        for (listener, features) in listeners {
            match listener.accept() {
                Ok((stream, _)) => serve(stream, *features),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(stream) = server.as_ref().and_then(|path| UnixStream::connect(path).ok()) {
            server = None;
            serve(stream, QUEUES);
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Answers on a thread that ends with QEMU's side of the connection.
fn serve(stream: UnixStream, features: u64) {
    thread::spawn(move || answer(stream, features));
}

fn answer(mut stream: UnixStream, features: u64) -> io::Result<()> {
    const GET_FEATURES: u32 = 1;
    const GET_VRING_BASE: u32 = 11;
    const GET_PROTOCOL_FEATURES: u32 = 15;
    const GET_QUEUE_NUM: u32 = 17;
    const GET_CONFIG: u32 = 24;
    /// The protocol's version 1, and that it is an answer.
    const ANSWER: u32 = 0b101;
    stream.set_nonblocking(false)?;
    loop {
        let mut header = [0; 12];
        stream.read_exact(&mut header)?;
        let [a, b, c, d, _, _, _, _, e, f, g, h] = header;
        let (request, size) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let mut payload = vec![0; size as usize];
        // The file descriptors that come along are closed by the kernel, as nobody takes them.
        stream.read_exact(&mut payload)?;
        let value: u64 = match request {
            // Virtio 1.0, and that there are features of the protocol.
            GET_FEATURES => 1 << 32 | 1 << 30,
            GET_PROTOCOL_FEATURES => features,
            GET_QUEUE_NUM => 8,
            GET_VRING_BASE | GET_CONFIG => 0,
            _ => continue,
        };
        let mut answer = Vec::new();
        answer.extend(request.to_le_bytes());
        answer.extend(ANSWER.to_le_bytes());
        // Registers come as they are asked for: all are 0.
        let content = if request == GET_CONFIG { payload } else { value.to_le_bytes().to_vec() };
        answer.extend((content.len() as u32).to_le_bytes());
        answer.extend(content);
        stream.write_all(&answer)?;
    }
}

/// Answers what QEMU asks on a TPM's control socket, until it closes that.
fn control(stream: &UnixStream) -> io::Result<()> {
    const GET_CAPABILITY: u32 = 0x01;
    const GET_ESTABLISHED: u32 = 0x04;
    const SET_BUFFER_SIZE: u32 = 0x11;
    stream.set_nonblocking(false)?;
    loop {
        let mut message = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let buffers = &mut [IoSliceMut::new(&mut message)];
        if recvmsg(stream, buffers, &mut ancillary, RecvFlags::empty())?.bytes < 4 {
            return Ok(());
        }
        // The socket for the TPM's own commands.
        for sent in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = sent {
                for fd in fds {
                    thread::spawn(move || commands(UnixStream::from(fd)));
                }
            }
        }
        let [a, b, c, d, ..] = message;
        // That it went well, and what else belongs to the answer.
        let more: &[u32] = match u32::from_be_bytes([a, b, c, d]) {
            GET_CAPABILITY => &[u32::MAX],
            GET_ESTABLISHED => &[0],
            SET_BUFFER_SIZE => &[4096, 1024, 4096],
            _ => &[],
        };
        let answer: Vec<u8> = [0].iter().chain(more).flat_map(|word| word.to_be_bytes()).collect();
        (&mut &*stream).write_all(&answer)?;
    }
}

/// Answers a TPM's commands: it is a TPM 2.0, and knows none of them.
fn commands(mut stream: UnixStream) -> io::Result<()> {
    let mut command = [0; 4096];
    while stream.read(&mut command)? > 0 {
        stream.write_all(&[0x80, 0x01, 0, 0, 0, 10, 0, 0, 1, 1])?;
    }
    Ok(())
}
