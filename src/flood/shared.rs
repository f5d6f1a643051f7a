//! What is counted for all servers, in redis.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::windows::{Untold, Windows};
use super::{Kind, Now, Party};
use crate::cache::Breaker;
use crate::cache::Measures;
use crate::cache::redis::{Connection, connect};

/// Counts one more under a key, unless there are so many already; gives the number, `FULL`, or
/// `UNKNOWN` where nothing is counted yet and nothing is given to begin with. What is given counts
/// where it is more than what is known. What is no number is the same as nothing.
const TAKE: &str = "\
    local count = tonumber(redis.call('GET', KEYS[1]) or '')
    local known = tonumber(ARGV[3])
    if not count and not known then return -2 end
    if not count or (known and known > count) then
      count = known
      redis.call('SET', KEYS[1], count, 'PX', ARGV[2])
    end
    if count >= tonumber(ARGV[1]) then return -1 end
    return redis.call('INCR', KEYS[1])";
const FULL: i64 = -1;
const UNKNOWN: i64 = -2;

/// Takes one back, if it is still counted.
const GIVE_BACK: &str = "\
    local count = tonumber(redis.call('GET', KEYS[1]) or '')
    if count and count > 0 then redis.call('DECR', KEYS[1]) end";

/// Counts that wait to be told; one more is not told: the limit is then kept by each server.
const WAITING: usize = 4096;
/// Telling is done together for so many, and so often.
const TOGETHER: usize = 256;
const GATHER: Duration = Duration::from_millis(10);

pub struct Shared {
    redis: Connection,
    breaker: Breaker,
    namespace: String,
    untold: mpsc::Sender<Untold>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Taken,
    Full,
    /// Nothing is counted yet.
    Unknown,
    /// Redis is away.
    Silent,
}

impl Shared {
    pub fn start(
        url: &str,
        namespace: &str,
        windows: &Arc<Windows>,
        measures: &Measures,
    ) -> redis::RedisResult<Shared> {
        let redis = connect(url)?;
        let (untold, waiting) = mpsc::channel(WAITING);
        let breaker =
            Breaker::new("redis", "each server keeps the limits for itself", measures.clone());
        let shared = Shared { redis, breaker, namespace: namespace.to_owned(), untold };
        let teller = Teller {
            redis: shared.redis.clone(),
            namespace: shared.namespace.clone(),
            windows: Arc::clone(windows),
        };
        // It ends with the sender.
        tokio::spawn(teller.run(waiting));
        Ok(shared)
    }

    pub fn key(&self, kind: Kind, party: Party, now: Now) -> String {
        key(&self.namespace, kind, party, now.number(kind))
    }

    /// Takes one of `most`; `begin` is what there is at least.
    pub async fn take(&self, key: &str, most: u32, ttl: Duration, begin: Option<u32>) -> Answer {
        let mut take = redis::cmd("EVAL");
        let begin = begin.map_or(String::new(), |begin| begin.to_string());
        take.arg(TAKE).arg(1).arg(key).arg(most).arg(millis(ttl)).arg(begin);
        match self.ask(&take).await {
            Some(FULL) => Answer::Full,
            Some(UNKNOWN) => Answer::Unknown,
            Some(_) => Answer::Taken,
            None => Answer::Silent,
        }
    }

    pub async fn give_back(&self, key: &str) {
        let mut give = redis::cmd("EVAL");
        give.arg(GIVE_BACK).arg(1).arg(key);
        self.ask::<()>(&give).await;
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Option<T> {
        if !self.breaker.is_closed() {
            return None;
        }
        match command.query_async(&mut self.redis.clone()).await {
            // Something strange under our key is no reason not to ask for others.
            Err(error) if error.code().is_some() => None,
            result => self.breaker.note(result),
        }
    }

    /// Tells the others, some time soon.
    pub fn tell(&self, untold: Untold) {
        let _ = self.untold.try_send(untold);
    }
}

/// Tells redis what was done here, and learns what was done elsewhere.
struct Teller {
    redis: Connection,
    namespace: String,
    windows: Arc<Windows>,
}

impl Teller {
    async fn run(mut self, mut waiting: mpsc::Receiver<Untold>) {
        let mut some = Vec::with_capacity(TOGETHER);
        while waiting.recv_many(&mut some, TOGETHER).await > 0 {
            let mut sums = HashMap::new();
            for Untold { key, number, count } in some.drain(..) {
                *sums.entry((key, number)).or_insert(0u32) += count;
            }
            let mut commands = redis::pipe();
            // A count that nothing ends would stay for ever.
            commands.atomic();
            for (((kind, party), number), count) in &sums {
                let key = key(&self.namespace, *kind, *party, *number);
                let ttl = millis(2 * kind.window());
                commands.cmd("INCRBY").arg(&key).arg(*count);
                commands.cmd("PEXPIRE").arg(&key).arg(ttl).ignore();
            }
            if let Ok(totals) = commands.query_async::<Vec<u32>>(&mut self.redis).await {
                for ((key, number), total) in sums.into_keys().zip(totals) {
                    self.windows.note(key, number, total);
                }
            }
            tokio::time::sleep(GATHER).await;
        }
    }
}

fn key(namespace: &str, kind: Kind, party: Party, number: u64) -> String {
    format!("{namespace}:flood:{}:{party}:{number}", kind.name())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
