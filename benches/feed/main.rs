//! How light and how fast the live feed is: our server beside others that send the same messages to
//! as many watchers, alternating in one run. Time is until the last watcher has a message, from just
//! before it was published; memory is what the server's process grows by for each watcher.
//! Then our server alone: whether every watcher is exact after a restart, and whether a thousand of
//! them miss nothing of a hundred revisions a second.
//!
//! Needs the services: `bin/services up && source .services/env && cargo bench --bench feed`.
//! After `--`: a number of watchers (10,000 unless told) and `--quick` for one round instead of
//! three; `--fleet` is one, two and four servers behind nginx instead, `--growth` what rows cost. Each watcher is a file descriptor here and in a server: see `ulimit -n`.

mod contestant;
mod crowd;
mod fleet;
mod followers;
mod growth;
mod node;
mod ours;
mod rivals;
mod watchers;

use contestant::{Contestant, Figures};

const ROUNDS: usize = 3;
/// Messages published one after the other in a round.
const MESSAGES: u32 = 30;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--watch", address, path, count] => watchers::run(address, path, count.parse().unwrap()),
        ["--follow", address, history, count] => {
            followers::run(address, history, count.parse().unwrap());
        }
        ["--rival", name] => rivals::run(name),
        _ => {
            let count = arguments.iter().find_map(|argument| argument.parse().ok());
            let rounds = if arguments.contains(&"--quick") { 1 } else { ROUNDS };
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            let count = count.unwrap_or(10_000);
            match arguments[..] {
                ["--fleet", ..] => return runtime.block_on(fleet::run(rounds)),
                ["--growth"] => return runtime.block_on(growth::run()),
                _ => {}
            }
            runtime.block_on(async {
                compare(count, rounds).await;
                crowd::resume(count).await;
                crowd::stream().await;
            });
        }
    }
}

async fn compare(watchers: usize, rounds: usize) {
    let mut figures: Vec<(&'static str, Figures)> = Vec::new();
    for round in 0..rounds {
        let ours = Contestant::ours().await;
        let message = ours.message.clone();
        let mut all = vec![ours];
        all.push(Contestant::rival("warp_ws", &message).await);
        all.push(Contestant::rival("bare_loop", &message).await);
        match node::start(&message).await {
            Ok(node) => all.push(node),
            Err(why) if round == 0 => println!("node_ws is skipped: {why}"),
            Err(_) => {}
        }
        if round == 0 {
            println!("{watchers} watchers, messages of {} bytes", message.len());
        }
        for contestant in all {
            let name = contestant.name;
            let measured = contestant.measure(watchers, MESSAGES).await;
            match figures.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => known.extend(measured),
                None => figures.push((name, measured)),
            }
        }
    }
    for (name, figures) in &figures {
        println!("{name:<10} {}", figures.to_line());
    }
    let of = |name: &str| figures.iter().find(|(known, _)| *known == name).map(|(_, known)| known);
    let ours = of("orderboard").expect("ours was measured");
    for (name, rival) in [("warp_ws", of("warp_ws")), ("bare_loop", of("bare_loop"))] {
        if let (Some(rival), "warp_ws") = (rival, name) {
            ratio("feed_rss_vs_warp_ws", ours.connected_kib() / rival.connected_kib());
        }
        if let Some(rival) = rival {
            ratio(&format!("feed_last_vs_{name}"), ours.last_ms() / rival.last_ms());
        }
    }
    if let Some(rival) = of("node_ws") {
        ratio("feed_last_vs_node_ws", ours.last_ms() / rival.last_ms());
    }
}

fn ratio(name: &str, value: f64) {
    println!("ratio {name} {value:.3}");
}
