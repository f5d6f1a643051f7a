//! How fast orders are accepted: our exchange beside the obvious ways to do it and beside the least
//! that must be written, alternating in one run on one database with durable commits.
//!
//! Needs `DATABASE_URL` of a server on which databases named `t_…` may be made:
//! `bin/services up && source .services/env && cargo bench --bench accept`.
//! After `--`: `--quick` is one round instead of five, `--profile` runs our exchange alone.

mod contest;
mod exchange;
mod floor;
mod http;
mod lock_tables;
mod row_lock;
mod stage;

use std::time::Duration;

use contest::{Contestant, Runs, alternate};

/// One measurement of one contestant.
const SLICE: Duration = Duration::from_millis(1000);
const ROUNDS: usize = 5;
const CLIENTS: [usize; 4] = [1, 16, 64, 512];

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rounds = if arguments.iter().any(|argument| argument == "--quick") { 1 } else { ROUNDS };
    if arguments.iter().any(|argument| argument == "--profile") {
        return profile().await;
    }
    println!("fsync of 4 KiB: {} µs (median of 200)", fsync_micros());

    let ours = exchange::Ours::new("exchange").await;
    let row_lock = row_lock::RowLock::new("row_lock", false).await;
    let row_lock_journal = row_lock::RowLock::new("row_lock_journal", true).await;
    let lock_tables = lock_tables::LockTables::new().await;
    let floor = floor::Floor::new().await;
    let all: [&dyn Contestant; 5] = [&ours, &row_lock, &row_lock_journal, &lock_tables, &floor];

    let mut at: Vec<Runs> = Vec::new();
    for clients in CLIENTS {
        let runs = alternate(&all, clients, rounds, SLICE).await;
        runs.print(clients);
        at.push(runs);
    }
    let [at_1, at_16, at_64, at_512] = &at[..] else { unreachable!("four numbers of clients") };

    contest::hot_orders(&ours, 512, 8, SLICE).await;
    contest::placing(&ours, 64, SLICE).await;
    contest::fixed_rate(&ours, 2000, SLICE * 3).await;

    let http = http::Http::new().await;
    let both: [&dyn Contestant; 2] = [&ours, &http];
    let over_http = alternate(&both, 64, rounds, SLICE).await;
    over_http.print(64);
    ours.counted().await;

    let versus = |rival| at_64.rate_ratio("exchange", rival);
    ratio("accept_vs_row_lock_64", versus("row_lock"));
    ratio("accept_vs_row_lock_journal_64", versus("row_lock_journal"));
    ratio("accept_vs_lock_tables_64", versus("lock_tables"));
    ratio("accept_512_vs_16", at_512.rate("exchange") / at_16.rate("exchange"));
    ratio("accept_1_vs_row_lock_1", at_1.quickness_ratio("exchange", "row_lock"));
    ratio("accept_vs_floor", versus("floor"));
    ratio("accept_http_vs_exchange_64", over_http.rate_ratio("http", "exchange"));
    for contestant in
        [&ours as &dyn Contestant, &row_lock, &row_lock_journal, &lock_tables, &floor, &http]
    {
        contestant.stage().drop_databases().await;
    }
}

/// Our exchange alone, for a profiler to look at.
async fn profile() {
    let ours = exchange::Ours::new("exchange").await;
    alternate(&[&ours], 64, 10, SLICE).await.print(64);
    ours.stage().drop_databases().await;
}

fn ratio(name: &str, value: f64) {
    println!("ratio {name} {value:.2}");
}

fn fsync_micros() -> u128 {
    use std::io::Write;
    let path = std::env::current_dir().expect("a directory").join("target/fsync-probe");
    let mut file = std::fs::File::create(&path).expect("target/ can be written to");
    let mut times: Vec<u128> = (0..200)
        .map(|_| {
            let start = std::time::Instant::now();
            file.write_all(&[7; 4096]).and_then(|()| file.sync_data()).expect("fsync");
            start.elapsed().as_micros()
        })
        .collect();
    let _ = std::fs::remove_file(path);
    times.sort_unstable();
    times[times.len() / 2]
}
