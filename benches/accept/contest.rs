//! Measuring contestants side by side: closed loops of many clients, alternating, medians.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::exchange::Ours;
use super::stage::Stage;

pub type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Some way to accept orders.
pub trait Contestant: Sync {
    fn name(&self) -> &'static str;
    fn stage(&self) -> &Stage;
    /// Accepts with so many clients until told to stop; how long each accept took.
    fn run<'a>(&'a self, clients: usize, stop: Arc<AtomicBool>, times: &'a Times) -> Work<'a>;
}

/// Latencies of one run, in microseconds.
#[derive(Default)]
pub struct Times(std::sync::Mutex<Vec<u64>>);

impl Times {
    pub fn add(&self, times: &mut Vec<u64>) {
        self.0.lock().expect("times").append(times);
    }
}

/// So many clients, each accepting one order after the other until told to stop.
pub fn closed_loop<'a>(
    clients: usize,
    stop: Arc<AtomicBool>,
    times: &'a Times,
    accept: impl AsyncFn(u32) + 'a,
) -> Work<'a> {
    Box::pin(async move {
        let (stop, accept) = (&stop, &accept);
        let all = (0..clients).map(|person| async move {
            client(stop, times, async || accept(1 + person as u32).await).await;
        });
        futures_util::future::join_all(all).await;
    })
}

/// A client's loop: one accept after the other until stopped.
pub async fn client(stop: &AtomicBool, times: &Times, accept: impl AsyncFn()) {
    let mut own = Vec::with_capacity(4096);
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        accept().await;
        own.push(start.elapsed().as_micros() as u64);
    }
    times.add(&mut own);
}

/// What all contestants did with one number of clients.
pub struct Runs(BTreeMap<&'static str, Vec<(f64, u64, u64)>>);

impl Runs {
    /// Accepts per second, median of the rounds.
    pub fn rate(&self, name: &str) -> f64 {
        median(self.0[name].iter().map(|run| run.0))
    }

    /// How many times as many accepts per second as the other: median of the rounds' ratios, since
    /// what ran side by side had the same machine.
    pub fn rate_ratio(&self, name: &str, other: &str) -> f64 {
        let rounds = self.0[name].iter().zip(&self.0[other]);
        median(rounds.map(|(run, other)| run.0 / other.0))
    }

    /// How many times as quick as the other the middle accept is, likewise.
    pub fn quickness_ratio(&self, name: &str, other: &str) -> f64 {
        let rounds = self.0[name].iter().zip(&self.0[other]);
        median(rounds.map(|(run, other)| other.1 as f64 / run.1 as f64))
    }

    /// Microseconds of the middle accept, median of the rounds.
    fn p50(&self, name: &str) -> f64 {
        median(self.0[name].iter().map(|run| run.1 as f64))
    }

    pub fn print(&self, clients: usize) {
        for (name, runs) in &self.0 {
            let p99 = median(runs.iter().map(|run| run.2 as f64));
            println!(
                "{clients:>4} clients  {name:<18} {:>7.0}/s   p50 {:>7.0} µs   p99 {p99:>7.0} µs",
                self.rate(name),
                self.p50(name),
            );
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Lets each contestant run once a round, one after the other.
pub async fn alternate(
    contestants: &[&dyn Contestant],
    clients: usize,
    rounds: usize,
    slice: Duration,
) -> Runs {
    let mut runs: BTreeMap<&'static str, Vec<_>> = BTreeMap::new();
    for _ in 0..rounds {
        for contestant in contestants {
            contestant.stage().refill(40_000).await;
            let run = measure(*contestant, clients, slice).await;
            runs.entry(contestant.name()).or_default().push(run);
        }
    }
    Runs(runs)
}

async fn measure(contestant: &dyn Contestant, clients: usize, slice: Duration) -> (f64, u64, u64) {
    let stop = Arc::new(AtomicBool::new(false));
    let times = Times::default();
    let start = Instant::now();
    let timer = {
        let stop = Arc::clone(&stop);
        async move {
            tokio::time::sleep(slice).await;
            stop.store(true, Ordering::Relaxed);
        }
    };
    tokio::join!(contestant.run(clients, Arc::clone(&stop), &times), timer);
    summarise(times, start.elapsed())
}

fn summarise(times: Times, elapsed: Duration) -> (f64, u64, u64) {
    let mut times = times.0.into_inner().expect("times");
    assert!(!times.is_empty(), "nothing was accepted");
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    (times.len() as f64 / elapsed.as_secs_f64(), at(0.5), at(0.99))
}

/// Many clients after few orders: nearly all are refused.
pub async fn hot_orders(ours: &Ours, clients: usize, hot: u32, slice: Duration) {
    ours.stage().refill(40_000).await;
    let start = Instant::now();
    let (mut answers, mut wins) = (0u64, 0u64);
    while start.elapsed() < slice {
        let orders: Vec<u32> = (0..hot).map(|_| ours.stage().next_order()).collect();
        let asks = (0..clients)
            .map(|client| ours.ask_for(orders[client % orders.len()], 1 + client as u32));
        let won = futures_util::future::join_all(asks).await;
        answers += won.len() as u64;
        wins += won.iter().filter(|&&won| won).count() as u64;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{clients:>4} clients on {hot} hot orders: {:.0} answers/s, {wins} winners of {} orders",
        answers as f64 / seconds,
        answers / clients as u64 * u64::from(hot),
    );
}

/// Placing instead of accepting.
pub async fn placing(ours: &Ours, clients: usize, slice: Duration) {
    let stop = Arc::new(AtomicBool::new(false));
    let times = Times::default();
    let start = Instant::now();
    let all = (0..clients).map(|person| {
        let (stop, times) = (&stop, &times);
        async move { client(stop, times, async || ours.place(person as u32).await).await }
    });
    let timer = async {
        tokio::time::sleep(slice).await;
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(futures_util::future::join_all(all), timer);
    let (rate, p50, p99) = summarise(times, start.elapsed());
    println!("{clients:>4} clients placing: {rate:.0}/s   p50 {p50} µs   p99 {p99} µs");
}

/// Arrivals at a fixed rate, measured from when each was due: a stall is not forgiven.
pub async fn fixed_rate(ours: &Ours, per_second: u32, time: Duration) {
    ours.stage().refill(40_000).await;
    let start = tokio::time::Instant::now();
    let total = per_second as u64 * time.as_millis() as u64 / 1000;
    let mut answers = Vec::with_capacity(total as usize);
    for number in 0..total {
        let due = start + time.mul_f64(number as f64 / total as f64);
        tokio::time::sleep_until(due).await;
        let answer = ours.spawn_accept();
        answers.push(async move {
            let done = answer.await.expect("the task ends");
            done.saturating_duration_since(due.into_std()).as_micros() as u64
        });
    }
    let mut times = futures_util::future::join_all(answers).await;
    let all = Times::default();
    all.add(&mut times);
    let (_, p50, p99) = summarise(all, time);
    println!("{per_second}/s arriving: p50 {p50} µs   p99 {p99} µs");
}
