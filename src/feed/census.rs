//! How many watch, over all servers: each tells redis how many it has and hears how many the others
//! have. Who has not told for a while has died, and is not counted any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use super::hub::Hub;
use crate::cache::redis::Connection;

const TELL_EVERY: Duration = Duration::from_secs(2);
/// Whoever was silent for so long is taken for dead, the servers' clocks playing no part.
const FORGET_AFTER_MS: u64 = 7_000;

/// One hash per history, a field per server: how many, and when it was told, by redis's clock.
/// Tells ours (or that we leave, by a negative number) and gives the sum of the others'.
const SCRIPT: &str = "\
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    if tonumber(ARGV[2]) < 0 then
      redis.call('HDEL', KEYS[1], ARGV[1])
    else
      redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. now)
      redis.call('PEXPIRE', KEYS[1], ARGV[3])
    end
    local others = 0
    local all = redis.call('HGETALL', KEYS[1])
    for i = 1, #all, 2 do
      local count, told = string.match(all[i + 1], '^(%d+) (%d+)$')
      if not told or now - told > tonumber(ARGV[3]) then
        redis.call('HDEL', KEYS[1], all[i])
      elseif all[i] ~= ARGV[1] then
        others = others + count
      end
    end
    return others";

/// Tells and asks for as long as the server runs. Without redis it counts for itself alone.
pub async fn run(hub: Arc<Hub>, mut redis: Connection) {
    let server = Uuid::new_v4().to_string();
    let mut timer = tokio::time::interval(TELL_EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut beat = hub.subscribe();
    let mut silent = Duration::ZERO;
    loop {
        tokio::select! {
            _ = timer.tick() => {}
            _ = beat.wait_for(|beat| beat.leaving) => {}
        }
        let (history, leaving) = {
            let now = beat.borrow_and_update();
            (Arc::clone(&now.history), now.leaving)
        };
        let ours = if leaving { -1 } else { i64::from(hub.watchers_here()) };
        let mut told = redis::cmd("EVAL");
        let told = told.arg(SCRIPT).arg(1).arg(format!("{history}:watchers"));
        let told = told.arg(&server).arg(ours).arg(FORGET_AFTER_MS);
        match told.query_async::<u32>(&mut redis).await {
            Ok(others) => {
                silent = Duration::ZERO;
                hub.note_watchers_elsewhere(others);
            }
            Err(_) => {
                // The feed says once that redis is away. What it said last stands for as long as
                // the others would believe it of us.
                silent += TELL_EVERY;
                if silent.as_millis() >= u128::from(FORGET_AFTER_MS) {
                    hub.note_watchers_elsewhere(0);
                }
            }
        }
        if leaving {
            return std::future::pending().await;
        }
    }
}
