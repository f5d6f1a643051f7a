//! The load: a process of its own with one thread, which asks the same thing over kept connections,
//! one request at a time on each. It speaks to the sockets itself: all it does for a request is to
//! write it, to read the answer and to look through the answer's head.

use std::io::Read;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

use super::cores::{Cores, busy};
use super::talk::{Head, Origins};

/// What is done before anything counts.
const WARM_UP: Duration = Duration::from_millis(100);

/// What the load saw.
#[derive(Default, Debug, Serialize, Deserialize)]
pub struct Seen {
    pub requests: u64,
    /// With those of the warm-up.
    pub asked: u64,
    pub seconds: f64,
    /// Of these, how long the load itself ran.
    pub busy_seconds: f64,
    /// All that `busy_seconds` are of: with the warm-up.
    pub wall_seconds: f64,
    pub p50_us: u32,
    pub p99_us: u32,
    pub slowest_us: u32,
    /// Bytes of one answer.
    pub bytes: usize,
    pub origins: Origins,
    /// Answers with a status other than 200.
    pub others: u64,
}

impl Seen {
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }
}

/// Has a process ask for so long; every connection once where no time is given.
pub fn ask(address: &str, connections: usize, time: Duration, request: &[u8]) -> Seen {
    let program = std::env::current_exe().expect("this program");
    let mut load = Cores::LOAD
        .command(program)
        .args(["--load", address, &connections.to_string(), &time.as_millis().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the load starts");
    let mut input = load.stdin.take().expect("piped");
    std::io::Write::write_all(&mut input, request).expect("the load reads");
    drop(input);
    let output = load.wait_with_output().expect("the load ends");
    assert!(output.status.success(), "the load failed");
    serde_json::from_slice(&output.stdout).expect("what it saw")
}

/// The process itself.
pub fn run(address: &str, connections: usize, millis: u64) {
    let mut request = Vec::new();
    std::io::stdin().read_to_end(&mut request).expect("a request");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let time = Duration::from_millis(millis);
    let seen = runtime.expect("a runtime").block_on(all(address, connections, time, request));
    println!("{}", serde_json::to_string(&seen).expect("numbers"));
}

async fn all(address: &str, connections: usize, time: Duration, request: Vec<u8>) -> Seen {
    let request: Arc<[u8]> = request.into();
    let ready = Arc::new(Barrier::new(connections));
    let each = (0..connections).map(|_| {
        let (request, ready) = (Arc::clone(&request), Arc::clone(&ready));
        let address = address.to_owned();
        // Connected one by one: a thousand at once would overrun the listener's queue.
        async move {
            let stream = TcpStream::connect(address).await.expect("it listens");
            stream.set_nodelay(true).expect("a socket");
            (stream, request, ready)
        }
    });
    let mut streams = Vec::with_capacity(connections);
    for connecting in each {
        streams.push(connecting.await);
    }
    let conversations = streams.into_iter().map(|(stream, request, ready)| {
        tokio::spawn(async move { converse(stream, &request, &ready, time).await })
    });
    let (mut times, mut seen) = (Vec::new(), Seen::default());
    let (started, before) = (Instant::now(), busy(std::process::id()));
    for one in join_all(conversations).await {
        let (its_times, its) = one.expect("a conversation");
        times.extend(its_times);
        seen.origins.add(&its.origins);
        seen.others += its.others;
        seen.asked += its.asked;
        seen.bytes = its.bytes;
        seen.seconds = its.seconds.max(seen.seconds);
    }
    seen.wall_seconds = started.elapsed().as_secs_f64();
    seen.busy_seconds = (busy(std::process::id()) - before).as_secs_f64();
    times.sort_unstable();
    seen.requests = times.len() as u64;
    if let Some(last) = times.len().checked_sub(1) {
        (seen.p50_us, seen.p99_us) = (times[last / 2], times[last * 99 / 100]);
        seen.slowest_us = times[last];
    }
    seen
}

async fn converse(
    mut stream: TcpStream,
    request: &[u8],
    ready: &Barrier,
    time: Duration,
) -> (Vec<u32>, Seen) {
    let mut buffer = vec![0; if time.is_zero() { 8 * 1024 } else { 128 * 1024 }];
    let (mut times, mut seen) = (Vec::new(), Seen::default());
    ready.wait().await;
    let warm_up = if time.is_zero() { Duration::ZERO } else { WARM_UP };
    let begin = Instant::now() + warm_up;
    loop {
        let start = Instant::now();
        stream.write_all(request).await.expect("it reads");
        let head = answer(&mut stream, &mut buffer).await;
        let end = Instant::now();
        seen.asked += 1;
        if start >= begin {
            times.push(u32::try_from((end - start).as_micros()).unwrap_or(u32::MAX));
            seen.origins.note(head.source);
            seen.others += u64::from(head.status != 200);
            seen.bytes = head.length;
        }
        if end >= begin + time {
            seen.seconds = (end - begin).as_secs_f64();
            return (times, seen);
        }
    }
}

async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Head {
    let (mut filled, mut known) = (0, None);
    loop {
        // Once the head is read, the body may overwrite itself.
        let from = if known.is_some() { 0 } else { filled };
        let read = stream.read(&mut buffer[from..]).await.expect("it answers");
        assert!(read > 0, "it closed the connection");
        filled += read;
        known = known.or_else(|| Head::read(&buffer[..filled.min(buffer.len())]));
        match known {
            Some(head) if filled >= head.length => return head,
            _ => {}
        }
    }
}
