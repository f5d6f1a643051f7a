//! Many watchers in a process of their own: they only count, so that the server is what is measured.
//! Told `N` on its input, it says when the first and the last of them had message number N.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// What a message says of its number.
pub const MARK: &str = "bench-";
const NUMBERS: usize = 4096;

pub fn now_micros() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_micros()).expect("a number")
}

/// Who has which message.
struct Count {
    seen: Vec<AtomicUsize>,
    first: Vec<AtomicU64>,
    last: Vec<AtomicU64>,
}

pub fn run(address: &str, path: &str, count: usize) {
    let tally = Arc::new(Count {
        seen: (0..NUMBERS).map(|_| AtomicUsize::new(0)).collect(),
        first: (0..NUMBERS).map(|_| AtomicU64::new(u64::MAX)).collect(),
        last: (0..NUMBERS).map(|_| AtomicU64::new(0)).collect(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (address, path) = (address.to_owned(), path.to_owned());
    let watching = Arc::clone(&tally);
    let (told, connected) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime.expect("a runtime").block_on(async move {
            let turns = Arc::new(Semaphore::new(64));
            let opened = Arc::new(AtomicUsize::new(0));
            for user in 0..count {
                let turn = Arc::clone(&turns).acquire_owned().await.expect("never closed");
                let (address, path, tally) = (address.clone(), path.clone(), watching.clone());
                let (opened, told) = (opened.clone(), told.clone());
                tokio::spawn(async move {
                    let mut socket = open(&address, &path, user).await;
                    drop(turn);
                    if opened.fetch_add(1, Ordering::SeqCst) + 1 == count {
                        told.send(()).expect("somebody waits");
                    }
                    watch(&mut socket, &tally).await;
                });
            }
            std::future::pending::<()>().await;
        });
    });
    connected.recv().expect("all connect");
    say("connected");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let number: usize = line.trim().parse().expect("a message's number");
        while tally.seen[number].load(Ordering::SeqCst) < count {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let [first, last] =
            [&tally.first, &tally.last].map(|times| times[number].load(Ordering::SeqCst));
        say(&format!("{first} {last}"));
    }
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("somebody listens");
}

pub async fn open(address: &str, path: &str, user: usize) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.expect("the server answers");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         X-User-Type: executor\r\nX-User-Id: {}\r\n\r\n",
        1000 + user
    );
    socket.write_all(request.as_bytes()).await.expect("it takes the request");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("an answer"));
    }
    let status = String::from_utf8_lossy(&head).into_owned();
    assert!(status.starts_with("HTTP/1.1 101"), "{status}");
    socket
}

/// Notes each message that comes, for as long as the connection lives.
async fn watch(socket: &mut TcpStream, tally: &Count) {
    let mut kept = 0;
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = socket.read(&mut buffer[kept..]).await {
        let now = now_micros();
        let text = &buffer[..kept + count];
        let mut read = 0;
        while let Some(place) = find(&text[read..], MARK.as_bytes()) {
            let digits = &text[read + place + MARK.len()..];
            let Some(end) = digits.iter().position(|byte| !byte.is_ascii_digit()) else { break };
            let number: usize = std::str::from_utf8(&digits[..end]).unwrap().parse().unwrap();
            tally.first[number].fetch_min(now, Ordering::SeqCst);
            tally.last[number].fetch_max(now, Ordering::SeqCst);
            tally.seen[number].fetch_add(1, Ordering::SeqCst);
            read += place + MARK.len() + end;
        }
        // A mark may be cut in two.
        let tail = text.len().saturating_sub(read).min(MARK.len() + 8);
        let start = text.len() - tail;
        buffer.copy_within(start..start + tail, 0);
        kept = tail;
    }
}

fn find(text: &[u8], mark: &[u8]) -> Option<usize> {
    text.windows(mark.len()).position(|window| window == mark)
}
