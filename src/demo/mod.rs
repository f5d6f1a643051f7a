//! `orderboard demo`: simulated customers and executors, who use running servers through the public
//! API as people would, or with `--fast` as quickly as the servers go. Nothing here knows the
//! server's inside.

mod call;
mod client;
mod customer;
mod executor;
mod market;
mod orders;
mod servers;
mod tally;
mod work;

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use clap::builder::RangedI64ValueParser;
use fastrand::Rng;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use market::Market;
use servers::Servers;
use tally::{Reporter, say};

/// The first customer. Small numbers are left to the people who try the demo.
const CUSTOMERS: u32 = 1001;
/// The first executor: after all customers, since nobody may accept their own order.
const EXECUTORS: u32 = CUSTOMERS + CROWD;
/// The most people of one kind.
const CROWD: u32 = 1000;
/// How long requests on their way may take to be answered after the end.
const GRACE: Duration = Duration::from_secs(2);

/// Simulated customers and executors, who use running servers as people would.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A server; may be given several times: they are used in turn
    #[arg(long = "url", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    urls: Vec<String>,
    /// No pauses: as fast as the server goes
    #[arg(long)]
    fast: bool,
    /// Stop after so many seconds [default: at Ctrl-C]
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// How many place orders [default: 12, with --fast 32]
    #[arg(long, value_name = "N", value_parser = people())]
    customers: Option<u32>,
    /// How many accept them [default: 9, with --fast 32]
    #[arg(long, value_name = "N", value_parser = people())]
    executors: Option<u32>,
    /// Makes the same people and the same orders again (not the same timing)
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

fn people() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(..=i64::from(CROWD))
}

/// The numbers that people of one kind have.
#[derive(Debug)]
struct People {
    first: u32,
    count: u32,
    newcomers: AtomicU32,
}

impl People {
    fn new(first: u32, count: u32) -> People {
        People { first, count, newcomers: AtomicU32::new(0) }
    }

    fn nth(&self, number: u32) -> u32 {
        self.first + number % CROWD
    }

    /// Whoever has reached a daily limit goes home; somebody else comes after a while.
    async fn replace(&self, market: &Market) -> u32 {
        let seconds = if market.fast { 1 } else { 5 };
        market.pause(Duration::from_secs(seconds)).await;
        self.nth(self.count + self.newcomers.fetch_add(1, Relaxed) % CROWD)
    }
}

/// Runs the demo until its time is over, or Ctrl-C or SIGTERM. Errors are sentences: a wrong
/// address, or a server that does not get ready.
pub async fn run(options: Options) -> Result<(), String> {
    let mut interrupt = pin!(interrupt()?);
    let (stop, stopping) = watch::channel(false);
    let market = Arc::new(Market::new(Servers::new(&options.urls)?, options.fast, stopping));
    tokio::select! {
        ready = market.servers.wait_until_ready(("executor", EXECUTORS)) => ready?,
        () = &mut interrupt => return Ok(()),
    }

    let people = spawn(&options, &market);
    let mut end = pin!(async {
        match options.seconds {
            Some(seconds) => sleep(Duration::from_secs(seconds)).await,
            None => pending().await,
        }
    });
    let mut reporter = Reporter::start();
    let mut lines = interval(Duration::from_secs(if options.fast { 5 } else { 10 }));
    lines.tick().await;
    loop {
        tokio::select! {
            () = &mut interrupt => break,
            () = &mut end => break,
            _ = lines.tick() => say(&reporter.line(&market.tally)),
        }
    }
    stop.send_replace(true);
    // Whoever waits for an answer gets it counted; dropping the set ends everybody else.
    let _ = timeout(GRACE, people.join_all()).await;
    say(&reporter.summary(&market.tally));
    Ok(())
}

/// One task per person, one that puts the first orders on the board, and one that watches it.
fn spawn(options: &Options, market: &Arc<Market>) -> JoinSet<()> {
    let (customers, executors) = if options.fast { (32, 32) } else { (12, 9) };
    let customers = options.customers.unwrap_or(customers);
    let executors = options.executors.unwrap_or(executors);
    say(&format!(
        "{customers} customers and {executors} executors at {}.",
        options.urls.join(", ")
    ));

    let mut rng = options.seed.map_or_else(Rng::new, Rng::with_seed);
    let mut tasks = JoinSet::new();
    let people = Arc::new(People::new(CUSTOMERS, customers));
    if customers > 0 {
        tasks.spawn(customer::open_the_board(market.clone(), people.clone(), rng.fork()));
    }
    for id in (CUSTOMERS..).take(customers as usize) {
        tasks.spawn(customer::live(market.clone(), people.clone(), id, rng.fork()));
    }
    let people = Arc::new(People::new(EXECUTORS, executors));
    for id in (EXECUTORS..).take(executors as usize) {
        tasks.spawn(executor::live(market.clone(), people.clone(), id, rng.fork()));
    }
    tasks.spawn(watch_board(market.clone()));
    tasks
}

/// Keeps the size of the board known, also while no executor looks at it.
async fn watch_board(market: Arc<Market>) {
    let every = Duration::from_secs(if market.fast { 1 } else { 5 });
    while !market.is_stopping() {
        // Failures are counted where they happen.
        let _ = market.board(("executor", EXECUTORS), 1, 20).await;
        market.pause(every).await;
    }
}

/// Ends at Ctrl-C or SIGTERM; both are watched from the call on.
fn interrupt() -> Result<impl Future<Output = ()>, String> {
    let listen = |kind| signal(kind).map_err(|error| format!("cannot listen to signals: {error}"));
    let (mut control_c, mut terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = control_c.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
