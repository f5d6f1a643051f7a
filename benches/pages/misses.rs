//! Pages that are in no cache: each of a new revision, made by an order that is placed right before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::load;
use super::ours::{CUSTOMERS, DESCRIPTION};
use super::rounds::{median, quantile};
use super::talk::{Origins, Talk, get};

/// How many requests for one missing page there are at once.
pub const STAMPEDE: usize = 1000;

/// How long the pages of one kind took, in µs.
pub struct Times {
    name: &'static str,
    micros: Vec<f64>,
}

impl Times {
    pub fn median(&self) -> f64 {
        median(self.micros.iter().copied())
    }

    pub fn to_line(&self) -> String {
        let p99 = quantile(self.micros.iter().copied(), 0.99);
        format!("{:<32} p50 {:>6.0} µs   p99 {:>6.0} µs", self.name, self.median(), p99)
    }
}

/// Asks for kinds of pages in turn. `path` says which page it is this time.
pub fn alternate(
    address: &str,
    reader: &str,
    kinds: &[(&'static str, &dyn Fn() -> String)],
    times: usize,
) -> Vec<Times> {
    let mut talk = Talk::to(address);
    let mut all: Vec<Times> =
        kinds.iter().map(|(name, _)| Times { name, micros: Vec::with_capacity(times) }).collect();
    for number in 0..times {
        for place in 0..kinds.len() {
            let place = (place + number) % kinds.len();
            place_order(&mut talk, number as u32);
            // Until the statistics have counted it, and nothing else is under way.
            std::thread::sleep(Duration::from_millis(15));
            let answer = talk.ask(&get(&(kinds[place].1)(), reader));
            assert_eq!(answer.source, "mysql", "{} is no miss: {}", all[place].name, answer.head);
            all[place].micros.push(answer.micros);
        }
    }
    all
}

pub fn place_order(talk: &mut Talk, number: u32) {
    let body =
        format!(r#"{{"description":"{DESCRIPTION}","price":"{number}.00","currency":"RUB"}}"#);
    let body = body.replace("\"0.00\"", "\"100.00\"");
    let customer = 1 + number % CUSTOMERS;
    let head = format!(
        "POST /api/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nX-User-Type: customer\r\n\
         X-User-Id: {customer}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    talk.ask(format!("{head}{body}").as_bytes());
}

/// A thousand requests at once for a page that is missing: where their answers came from, and when
/// the last one was there, in µs.
pub fn stampede(address: &str, number: u32, request: &[u8]) -> (Origins, u32) {
    place_order(&mut Talk::to(address), number);
    let seen = load::ask(address, STAMPEDE, Duration::ZERO, request);
    assert_eq!((seen.requests, seen.others), (STAMPEDE as u64, 0));
    (seen.origins, seen.slowest_us)
}

/// Places orders at a steady rate until it is dropped.
pub struct Writes {
    stop: Arc<AtomicBool>,
    placed: Arc<AtomicU64>,
    started: Instant,
    writers: Vec<std::thread::JoinHandle<()>>,
}

/// Writers that take turns, so that one that waits for its commit does not delay the next order.
const WRITERS: u32 = 16;

impl Writes {
    pub fn start(address: &str, per_second: u32) -> Writes {
        let (stop, placed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let started = Instant::now();
        let writers = (0..WRITERS).map(|writer| {
            let (stop, placed) = (Arc::clone(&stop), Arc::clone(&placed));
            let mut talk = Talk::to(address);
            std::thread::spawn(move || {
                for number in (writer..).step_by(WRITERS as usize) {
                    let due = started + Duration::from_secs(1) * number / per_second;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    place_order(&mut talk, number);
                    placed.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        let writers = writers.collect();
        Writes { stop, placed, started, writers }
    }

    /// Stops, and says how many were placed in a second.
    pub fn stop(self) -> f64 {
        let rate =
            self.placed.load(Ordering::Relaxed) as f64 / self.started.elapsed().as_secs_f64();
        self.stop.store(true, Ordering::Relaxed);
        self.writers.into_iter().for_each(|writer| writer.join().expect("all were placed"));
        rate
    }
}
