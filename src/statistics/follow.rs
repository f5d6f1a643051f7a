//! The follower itself: a round whenever there is news, until the server stops.

use std::time::Duration;

use sqlx::MySqlPool;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::health::{Health, Standing};
use super::round::{Follower, Trouble};
use crate::database::Address;

const ROUND_LIMIT: Duration = Duration::from_secs(30);
/// Between rounds for each batch that the last one counted, up to so many: the busier the board, the
/// more batches a round counts. A round has a commit of its own, which the exchange's commits pay for.
const COALESCE: Duration = Duration::from_millis(20);
const COALESCE_AT_MOST: u32 = 5;
/// While nothing new is known; also keeps the session alive.
const IDLE: Duration = Duration::from_secs(1);

/// Counts what the journal says until `shutdown`, and never ends before. Spawned once per server:
/// the servers take turns by the lock on the position. `head` is the newest revision that this
/// server knows; `standing` is told how it goes.
pub async fn follow(
    interactions: MySqlPool,
    users: Address,
    mut head: watch::Receiver<u64>,
    mut shutdown: watch::Receiver<bool>,
    standing: Standing,
) {
    let mut follower = Follower::new(interactions, users, standing.counted.clone());
    let mut health = Health::Counting;
    let work = async {
        loop {
            let before = follower.counted();
            let outcome = match timeout(ROUND_LIMIT, follower.round()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Trouble::Slow),
            };
            let pause = health.after(&outcome);
            standing.note(health);
            match pause {
                Some(pause) => sleep(pause).await,
                None => {
                    let counted = follower.counted();
                    let batches = u32::try_from(counted - before.min(counted)).unwrap_or(u32::MAX);
                    sleep(COALESCE * batches.clamp(1, COALESCE_AT_MOST)).await;
                    let news = timeout(IDLE, head.wait_for(|head| *head > counted));
                    let nobody_brings_news = matches!(news.await, Ok(Err(_)));
                    if nobody_brings_news {
                        sleep(IDLE).await;
                    }
                }
            }
        }
    };
    // A round that is dropped half-way takes its session along, and so leaves nothing behind.
    tokio::select! {
        () = work => {}
        _ = shutdown.wait_for(|stop| *stop) => {}
    }
}
