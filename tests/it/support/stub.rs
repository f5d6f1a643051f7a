//! Something in place of a server, that writes down what it is asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

pub struct Stub {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    heads: Mutex<Vec<String>>,
    connections: AtomicU32,
    hangs_up: AtomicBool,
    goes_on: Notify,
}

impl Stub {
    pub async fn start() -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    shared.connections.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(answer(stream, Arc::clone(&shared)));
                }
            }
        });
        Stub { address, shared }
    }

    /// From now on takes requests and hangs up.
    pub fn hang_up(&self) {
        self.shared.hangs_up.store(true, Ordering::SeqCst);
    }

    /// Says the second half of a table (`GET /table`).
    pub fn go_on(&self) {
        self.shared.goes_on.notify_one();
    }

    /// The heads of requests since this was called last, in lower case.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.heads.lock().expect("heads"))
    }

    pub fn connections(&self) -> u32 {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

/// Bodies are as long as they say.
async fn answer(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(end) = end else {
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().expect("a length"));
        while bytes.len() < end + 4 + length {
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        }
        bytes.drain(..end + 4 + length);
        let is_table = head.starts_with("get /table");
        shared.heads.lock().expect("heads").push(head);
        if shared.hangs_up.load(Ordering::SeqCst) {
            return;
        }
        if is_table {
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/csv; charset=utf-8\r\n\
                x-accel-buffering: no\r\ntransfer-encoding: chunked\r\n\r\n";
            let _ = stream.write_all(head).await;
            let _ = stream.write_all(b"6\r\nfirst\n\r\n").await;
            shared.goes_on.notified().await;
            let _ = stream.write_all(b"7\r\nsecond\n\r\n0\r\n\r\n").await;
            continue;
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    }
}
