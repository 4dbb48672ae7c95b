//! Other processes that a guest needs, as far as it needs them to start.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

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
    /// `{dir}/vhost-user-server.sock` once somebody listens there.
    pub(crate) fn vhost_user(world: &World) -> Outcome<Self> {
        let listener = UnixListener::bind(world.file("vhost-user.sock"))?;
        listener.set_nonblocking(true)?;
        let server = world.file("vhost-user-server.sock");
        let over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&over);
        let thread = thread::spawn(move || accept_and_connect(&listener, server, &flag));
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

fn accept_and_connect(listener: &UnixListener, server: PathBuf, over: &AtomicBool) -> io::Result<()> {
    let mut server = Some(server);
    while !over.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => serve(stream),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if let Some(stream) = server.as_ref().and_then(|path| UnixStream::connect(path).ok()) {
            server = None;
            serve(stream);
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Answers on a thread that ends with QEMU's side of the connection.
fn serve(stream: UnixStream) {
    thread::spawn(move || answer(stream));
}

fn answer(mut stream: UnixStream) -> io::Result<()> {
    const GET_FEATURES: u32 = 1;
    const GET_VRING_BASE: u32 = 11;
    const GET_PROTOCOL_FEATURES: u32 = 15;
    const GET_QUEUE_NUM: u32 = 17;
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
            // Several queues.
            GET_PROTOCOL_FEATURES => 1,
            GET_QUEUE_NUM => 8,
            GET_VRING_BASE => 0,
            _ => continue,
        };
        let mut answer = Vec::new();
        answer.extend(request.to_le_bytes());
        answer.extend(ANSWER.to_le_bytes());
        answer.extend(8u32.to_le_bytes());
        answer.extend(value.to_le_bytes());
        stream.write_all(&answer)?;
    }
}
