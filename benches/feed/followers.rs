//! Watchers in a process of their own who follow every message: each keeps its revision and the open
//! orders' ids, comes back with them when it was cut off, and notes how late each run was.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chrono::DateTime;
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use super::watchers::now_micros;

/// How long all of them may take to come to a revision.
const PATIENCE: Duration = Duration::from_secs(60);
/// Connections that a process opens at once.
const TURNS: usize = 64;
/// Delays are counted in steps of this many microseconds.
pub const STEP_MICROS: u64 = 100;

/// A sum of some ids, in which their order plays no part.
pub fn sum_of(ids: impl IntoIterator<Item = u64>) -> u64 {
    let hash = |id: u64| {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish()
    };
    ids.into_iter().map(hash).fold(0, |sum, hash| sum ^ hash)
}

/// What a message says, of any kind.
#[derive(Deserialize)]
struct Message<'a> {
    from: Option<u64>,
    #[serde(default)]
    to: u64,
    batch: Option<&'a str>,
    #[serde(default)]
    opened: Vec<Row>,
    #[serde(default)]
    closed: Vec<Row>,
    #[serde(default)]
    more: bool,
    #[serde(default)]
    sent: &'a str,
}

#[derive(Deserialize)]
struct Row {
    id: u64,
}

#[derive(Default)]
struct Follower {
    revision: u64,
    batch: String,
    open: HashSet<u64>,
    /// When the last run was closed.
    at: u64,
    /// Revisions that came once, in order.
    seen: u64,
    /// Messages that said so many revisions at once that the chain was told in fewer pieces.
    merged: u64,
}

struct Crowd {
    followers: Vec<Mutex<Follower>>,
    connected: AtomicUsize,
    /// By steps: how many runs were so late.
    delays: Mutex<HashMap<u64, u64>>,
}

/// `count` of them, who know the beginning of a history and nothing else.
pub fn run(address: &str, history: &str, count: usize) {
    let crowd = Arc::new(Crowd {
        followers: (0..count).map(|_| Mutex::default()).collect(),
        connected: AtomicUsize::new(0),
        delays: Mutex::default(),
    });
    let (again, times) = watch::channel(0);
    let (address, history) = (address.to_owned(), history.to_owned());
    let following = Arc::clone(&crowd);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async move {
            let turns = Arc::new(Semaphore::new(TURNS));
            for place in 0..count {
                let (crowd, turns, times) = (following.clone(), turns.clone(), times.clone());
                let (address, history) = (address.clone(), history.clone());
                tokio::spawn(async move {
                    crowd.follow(place, &address, &history, &turns, times).await;
                });
            }
            std::future::pending::<()>().await;
        });
    });
    crowd.wait(|| crowd.connected.load(Ordering::SeqCst) == count);
    say("connected");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["again"] => again.send_modify(|times| *times += 1),
            ["cut"] => {
                crowd.wait(|| crowd.connected.load(Ordering::SeqCst) == 0);
                say("cut");
            }
            ["exact", revision, open] => {
                let [revision, open] = [revision, open].map(|number| number.parse().unwrap());
                crowd.wait(|| crowd.all().all(|follower| follower.revision >= revision));
                let is_exact =
                    |f: &Follower| (f.revision, sum_of(f.open.iter().copied())) == (revision, open);
                let exact = crowd.all().filter(|follower| is_exact(follower)).count();
                say(&format!("{exact} {}", crowd.all().map(|f| f.at).max().unwrap_or(0)));
            }
            ["seen"] => {
                let [seen, merged] = [|f: &Follower| f.seen, |f: &Follower| f.merged]
                    .map(|count| crowd.all().map(|follower| count(&follower)).sum::<u64>());
                let delays = crowd.delays.lock().expect("delays");
                let delays = delays.iter().map(|(steps, count)| format!("{steps}:{count}"));
                say(&format!("{seen} {merged} {}", delays.collect::<Vec<_>>().join(",")));
            }
            _ => panic!("{line}"),
        }
    }
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("somebody listens");
}

impl Crowd {
    fn all(&self) -> impl Iterator<Item = MutexGuard<'_, Follower>> {
        self.followers.iter().map(|follower| follower.lock().expect("a follower"))
    }

    /// Waits, but not for ever: who then has not come is counted as missing.
    fn wait(&self, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    async fn follow(
        &self,
        place: usize,
        address: &str,
        history: &str,
        turns: &Semaphore,
        mut times: watch::Receiver<u32>,
    ) {
        loop {
            let turn = turns.acquire().await.expect("never closed");
            let socket = self.open(place, address, history).await;
            drop(turn);
            self.connected.fetch_add(1, Ordering::SeqCst);
            self.read(place, socket).await;
            self.connected.fetch_sub(1, Ordering::SeqCst);
            times.changed().await.expect("it ends later");
        }
    }

    async fn open(&self, place: usize, address: &str, history: &str) -> TcpStream {
        let path = {
            let follower = self.followers[place].lock().expect("a follower");
            let Follower { revision, batch, .. } = &*follower;
            let batch = if batch.is_empty() { String::new() } else { format!("&batch={batch}") };
            format!("/live?history={history}&since={revision}{batch}")
        };
        super::watchers::open(address, &path, place).await
    }

    /// Takes frames for as long as the connection lives.
    async fn read(&self, place: usize, mut socket: TcpStream) {
        let mut bytes: Vec<u8> = Vec::new();
        loop {
            let mut start = 0;
            while let Some((text, end)) = frame(&bytes[start..]) {
                let delay = self.followers[place].lock().expect("a follower").take(text);
                if let Some(delay) = delay {
                    let mut delays = self.delays.lock().expect("delays");
                    *delays.entry(delay / STEP_MICROS).or_default() += 1;
                }
                start += end;
            }
            bytes.drain(..start);
            if let Ok(0) | Err(_) = socket.read_buf(&mut bytes).await {
                return;
            }
        }
    }
}

impl Follower {
    /// How late a run was that this message closed, in microseconds.
    fn take(&mut self, text: &[u8]) -> Option<u64> {
        let message: Message = serde_json::from_slice(text).ok()?;
        let from = message.from?;
        if message.to <= self.revision || from > self.revision {
            return None;
        }
        self.open.extend(message.opened.iter().map(|row| row.id));
        message.closed.iter().for_each(|row| _ = self.open.remove(&row.id));
        if message.more {
            return None;
        }
        if from == self.revision {
            self.seen += message.to - from;
            self.merged += u64::from(message.to - from > 1);
        }
        self.revision = message.to;
        self.batch = message.batch?.to_owned();
        self.at = now_micros();
        let sent = DateTime::parse_from_rfc3339(message.sent).ok()?;
        Some(self.at.saturating_sub(u64::try_from(sent.timestamp_micros()).ok()?))
    }
}

/// The first frame's content, and where it ends; a server's frames are not masked.
fn frame(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (start, length) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => panic!("a message beyond 64 KiB"),
        length => (2, usize::from(length)),
    };
    Some((bytes.get(start..start + length)?, start + length))
}
