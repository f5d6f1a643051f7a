//! A crowd at our server alone: whether everybody is exact after a restart, and whether nobody misses
//! anything of a hundred revisions a second.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::contestant::{Group, PROCESSES};
use super::followers::{STEP_MICROS, sum_of};
use super::ours::{Api, Databases, Ours, order};
use super::ratio;
use super::watchers::now_micros;

/// Orders on the board before anything happens.
const ORDERS: u64 = 100;
/// Orders placed while the watchers are away; to as many something else happens.
const MISSED: u64 = 100;
/// Watchers of the stream, and its revisions: 10 s of one every 10 ms.
const STREAM_WATCHERS: usize = 1000;
const STREAM_REVISIONS: u64 = 1000;
const STREAM_EVERY: Duration = Duration::from_millis(10);

/// The server dies with all its watchers, another one goes on, and when it is back all of them
/// connect again at once, as fast as they can.
pub async fn resume(watchers: usize) {
    let databases = Databases::new().await;
    let listen = format!("127.0.0.1:{}", fastrand::u16(20_000..32_000));
    let mut one = Ours::start(&databases, &listen);
    let other = Ours::start(&databases, "127.0.0.1:0");
    let history = one.api().history().await;
    let watchers = watchers / PROCESSES * PROCESSES;
    let mut groups = follow(&one, &history, watchers);
    for number in 0..ORDERS {
        one.api().place(&format!("Paint the fence of house {number}")).await;
    }
    assert_eq!(exact(&mut groups, &one.api()).await.0, watchers, "before anything happened");
    one.end();
    groups.iter_mut().for_each(|group| group.tell("cut"));
    groups.iter_mut().for_each(|group| assert_eq!(group.hear(), "cut"));
    let api = other.api();
    let (known, _) = api.board().await;
    for number in 0..MISSED {
        let id = api.place(&format!("Mow the lawn of house {number}")).await;
        match number % 4 {
            0 => api.act("executor", 9, &format!("/api/orders/{id}/accept"), json!({})).await,
            1 => api.act("customer", 1, &format!("/api/orders/{id}/withdraw"), json!({})).await,
            2 => api.act("executor", 9, &format!("/api/orders/{}/accept", id - 9), json!({})).await,
            _ => api.act("customer", 1, "/api/orders", order("Once more")).await,
        };
    }
    one = Ours::start(&databases, &listen);
    let started = now_micros();
    groups.iter_mut().for_each(|group| group.tell("again"));
    let (right, last) = exact(&mut groups, &one.api()).await;
    println!(
        "resume     {right} of {watchers} exact, the last after {:.0} ms, having missed {} revisions",
        last.saturating_sub(started) as f64 / 1000.0,
        api.board().await.0 - known,
    );
    ratio("feed_resumes_exact", right as f64 / watchers as f64);
}

/// Commands evenly spaced in time, however long each takes, and what came of them at each watcher.
pub async fn stream() {
    let databases = Databases::new().await;
    let server = Ours::start(&databases, "127.0.0.1:0");
    let api = server.api();
    let mut groups = follow(&server, &api.history().await, STREAM_WATCHERS);
    let (started, revision) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut timer = interval(STREAM_EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut commands = JoinSet::new();
    for number in 0..STREAM_REVISIONS {
        timer.tick().await;
        let (api, revision) = (api.clone(), Arc::clone(&revision));
        commands.spawn(async move {
            let body = order(&format!("Paint the fence of house {number}"));
            let reply = api.act("customer", 1, "/api/orders", body).await;
            let made = reply["revision"].as_u64().expect("a revision");
            revision.fetch_max(made, Ordering::Relaxed);
        });
    }
    commands.join_all().await;
    let taken = started.elapsed();
    let revisions = revision.load(Ordering::Relaxed);
    let (right, _) = exact(&mut groups, &api).await;
    let (mut seen, mut merged, mut delays) = (0, 0, HashMap::<u64, u64>::new());
    for group in &mut groups {
        group.tell("seen");
        let line = group.hear();
        let parts: Vec<&str> = line.split(' ').collect();
        seen += parts[0].parse::<u64>().expect("a number");
        merged += parts[1].parse::<u64>().expect("a number");
        for delay in parts[2].split(',') {
            let (steps, count) = delay.split_once(':').expect("a delay and how often");
            *delays.entry(steps.parse().expect("steps")).or_default() +=
                count.parse::<u64>().expect("a number");
        }
    }
    println!(
        "stream     {right} of {STREAM_WATCHERS} exact after {:.0} revisions a second for {:.1} s; commit \
         to receipt {}; {merged} messages were of several revisions",
        revisions as f64 / taken.as_secs_f64(),
        taken.as_secs_f64(),
        describe(&delays),
    );
    ratio("feed_runs_seen", seen as f64 / (revisions * STREAM_WATCHERS as u64) as f64);
}

fn follow(server: &Ours, history: &str, watchers: usize) -> Vec<Group> {
    let start = |_| Group::follow(&server.address, history, watchers / PROCESSES);
    let mut groups: Vec<Group> = (0..PROCESSES).map(start).collect();
    groups.iter_mut().for_each(|group| assert_eq!(group.hear(), "connected"));
    groups
}

/// How many watchers come to the board as the server has it now, and when the last of them did.
async fn exact(groups: &mut [Group], api: &Api) -> (usize, u64) {
    let (revision, ids) = api.board().await;
    let open = sum_of(ids);
    groups.iter_mut().for_each(|group| group.tell(&format!("exact {revision} {open}")));
    let answers = groups.iter_mut().map(|group| group.times());
    answers.fold((0, 0), |(exact, last), [count, at]| (exact + count as usize, last.max(at)))
}

fn describe(delays: &HashMap<u64, u64>) -> String {
    let mut delays: Vec<(u64, u64)> =
        delays.iter().map(|(steps, count)| (*steps, *count)).collect();
    delays.sort_unstable();
    let all: u64 = delays.iter().map(|(_, count)| count).sum();
    let at = |share: f64| {
        let mut left = (all as f64 * share) as u64;
        let found = delays.iter().find(|(_, count)| {
            let here = left < *count;
            left = left.saturating_sub(*count);
            here
        });
        found.or(delays.last()).map_or(0.0, |(steps, _)| (steps * STEP_MICROS) as f64 / 1000.0)
    };
    format!("median {:.1} ms, p99 {:.1} ms, last {:.1} ms", at(0.5), at(0.99), at(1.0))
}
