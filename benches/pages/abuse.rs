//! What somebody who asks for far too much does to others: how long others wait for their pages
//! while one address sends 2,000 requests a second, beside how long they wait in quiet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::ours::Ours;
use super::talk::{Talk, get};

const SLICE: Duration = Duration::from_secs(2);
/// Others ask so often, all together.
const EVERY: Duration = Duration::from_millis(2);
/// From so many addresses in turn, so that none of them reaches its limit.
const OTHERS: u32 = 20;
/// The abuser's connections, and how often each of them asks: 2,000 requests a second.
const CONNECTIONS: u32 = 20;
const ABUSE_EVERY: Duration = Duration::from_millis(10);

/// What others waited, in microseconds.
#[derive(Default)]
pub struct Waits(Vec<f64>);

impl Waits {
    pub fn quantile(&self, part: f64) -> f64 {
        let mut waits = self.0.clone();
        waits.sort_by(f64::total_cmp);
        waits[((waits.len() - 1) as f64 * part) as usize]
    }

    fn to_line(&self, name: &str) -> String {
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|part| self.quantile(part));
        format!("{name:<22} p50 {p50:>5.0} µs   p99 {p99:>5.0} µs   slowest {most:>6.0} µs")
    }
}

/// Others in quiet and under abuse, slice by slice; `readers` are what they send of themselves.
pub fn alternate(ours: &Ours, readers: [String; 2], abuser: &str, rounds: usize) -> [Waits; 2] {
    let [mut quiet, mut abused] = [Waits::default(), Waits::default()];
    let (mut sent, mut refused, mut seconds) = (0, 0, 0.0);
    for _ in 0..rounds.max(2) {
        others(ours, &readers, &mut quiet);
        let abuse = Abuse::start(&ours.address, abuser);
        others(ours, &readers, &mut abused);
        let seen = abuse.stop();
        (sent, refused, seconds) = (sent + seen.0, refused + seen.1, seconds + seen.2);
    }
    println!("{}", quiet.to_line("others, in quiet"));
    println!("{}", abused.to_line("others, under abuse"));
    println!(
        "the abuser sent {:.0}/s, of which {:.1} % were refused",
        sent as f64 / seconds,
        100.0 * refused as f64 / sent as f64
    );
    [quiet, abused]
}

/// Board pages and personal pages in turn, at a steady pace.
fn others(ours: &Ours, readers: &[String; 2], waits: &mut Waits) {
    let mut talk = Talk::to(&ours.address);
    let began = Instant::now();
    for number in 0..(SLICE.as_micros() / EVERY.as_micros()) as u32 {
        let place = (number % 2) as usize;
        let path = ["/orders", "/my/orders"][place];
        let from = format!("X-Forwarded-For: 203.0.113.{}\r\n", 1 + number % OTHERS);
        let request = get(path, &(readers[place].clone() + &from));
        std::thread::sleep((began + number * EVERY).saturating_duration_since(Instant::now()));
        waits.0.push(talk.ask(&request).micros);
    }
}

struct Abuse {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
    began: Instant,
    threads: Vec<JoinHandle<()>>,
}

impl Abuse {
    /// Pages and orders in turn, all from one address and of one user.
    fn start(address: &str, who: &str) -> Abuse {
        let stop = Arc::new(AtomicBool::new(false));
        let (sent, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let headers = format!("{who}X-Forwarded-For: 198.51.100.1\r\n");
        let body = "description=x&price=1&currency=RUB";
        let order = format!(
            "POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let requests = Arc::new([
            get("/my/orders", &headers),
            order.into_bytes(),
            get("/my/orders?page=2", &headers),
            get("/", &headers),
        ]);
        let began = Instant::now();
        let thread = |place: u32| {
            let (stop, requests) = (Arc::clone(&stop), Arc::clone(&requests));
            let (sent, refused) = (Arc::clone(&sent), Arc::clone(&refused));
            let mut talk = Talk::to(address);
            let first = began + ABUSE_EVERY * place / CONNECTIONS;
            std::thread::spawn(move || {
                for number in 0.. {
                    let due = first + ABUSE_EVERY * number;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let answer = talk.ask_anything(&requests[number as usize % requests.len()]);
                    sent.fetch_add(1, Ordering::Relaxed);
                    refused.fetch_add(u64::from(answer.status == 429), Ordering::Relaxed);
                }
            })
        };
        let threads = (0..CONNECTIONS).map(thread).collect();
        Abuse { stop, sent, refused, began, threads }
    }

    /// How much was sent and refused, and in how many seconds.
    fn stop(self) -> (u64, u64, f64) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().expect("it ends"));
        (self.sent.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed), seconds)
    }
}
