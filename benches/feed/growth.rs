//! What a board costs as it grows, as constants: how fast a server that was away catches up with the
//! journal, the statistics are computed anew and the audit runs, and how many bytes of disk a row
//! takes.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::fleet::{ask, busy_s, request};
use super::ours::{Api, Databases, Ours, order};

/// Orders placed by many at once, and how many of them are accepted.
const ORDERS: u64 = 100_000;
const ACCEPTED: u64 = 50_000;
/// Orders placed one after the other, each a revision of its own.
const ALONE: u64 = 5_000;

pub async fn run() {
    let databases = Databases::new().await;
    let busy = [Ours::start(&databases, "127.0.0.1:0")];
    // Nobody rings for it, and so all it knows is from the journal.
    let away = Ours::start_with(&databases, "127.0.0.1:0", &[("REDIS_URL", "")]);
    let place = |number: u64| {
        let text = format!("Paint the fence of house {number} on both sides, in dark green");
        request("POST", "/api/orders", "customer", 1 + number % 5000, &order(&text).to_string())
    };
    let accept = |number: u64| {
        let path = format!("/api/orders/{}/accept", 1 + 2 * number);
        request("POST", &path, "executor", 10_000 + number % 2000, "{}")
    };
    let address = &busy[0].address;
    let before = position(&away.api()).await;
    signal(&away, "STOP");
    let (alone, _) = ask(address, &busy, 1, ALONE, place, "201").await;
    println!("one client: {alone:.0} commits/s, each of one command");
    caught_up(&away, &busy[0].api(), before, "rows of one event").await;

    let before = position(&away.api()).await;
    signal(&away, "STOP");
    let (placed, place_us) = ask(address, &busy, 64, ORDERS, place, "201").await;
    let (accepted, accept_us) = ask(address, &busy, 64, ACCEPTED, accept, "201").await;
    let commits = position(&busy[0].api()).await - before;
    println!(
        "64 clients: {placed:.0} placed/s ({place_us:.0} µs of the server each), {accepted:.0} \
         accepted/s ({accept_us:.0} µs), {:.0} commands a commit",
        (ORDERS + ACCEPTED) as f64 / commits as f64
    );
    caught_up(&away, &busy[0].api(), before, "rows of many events").await;
    let ready = Instant::now();
    while databases.counted().await < position(&busy[0].api()).await {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(ready.elapsed() < Duration::from_secs(60), "the statistics count everything");
    }

    for (what, rows) in [("rebuild", ALONE + ORDERS + ACCEPTED), ("audit", databases.rows().await)]
    {
        let started = Instant::now();
        let mut command = databases.command(what);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.expect("it runs").success(), "{what}");
        let taken = started.elapsed().as_secs_f64();
        println!("{what}: {:.0} a second, {rows} in {taken:.2} s", rows as f64 / taken);
    }
    for (table, rows, bytes) in databases.sizes().await {
        println!("{table}: {rows} rows, {:.0} bytes each with indexes", bytes as f64 / rows as f64);
    }
}

async fn position(api: &Api) -> u64 {
    api.revision().await
}

/// Lets it go on, and waits until it is where the other one is.
async fn caught_up(away: &Ours, there: &Api, before: u64, what: &str) {
    let (head, api) = (position(there).await, away.api());
    let (pid, started) = (away.process().id(), Instant::now());
    let busy = busy_s(pid);
    signal(away, "CONT");
    while position(&api).await < head {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // It looks once a second, and begins with that.
    println!(
        "catch-up, {what}: {} rows within {:.0} ms, {:.0} µs of the server each",
        head - before,
        started.elapsed().as_secs_f64() * 1e3,
        (busy_s(pid) - busy) * 1e6 / (head - before) as f64
    );
}

fn signal(server: &Ours, name: &str) {
    let pid = server.process().id().to_string();
    let status = Command::new("kill").args([&format!("-{name}"), &pid]).status();
    assert!(status.expect("there is a program called kill").success());
}
