//! The servers under the demo, used in turn. One that does not answer is announced once, left out,
//! and asked now and then whether it is back.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::client::{Client, Failure, Who};
use super::tally::say;

const READY: Duration = Duration::from_secs(30);
const READY_AGAIN: Duration = Duration::from_millis(250);
/// How often a server that is away is asked by somebody.
const PROBE: Duration = Duration::from_secs(2);

/// A server, and since when it is away, if it is.
#[derive(Debug)]
pub struct Server {
    pub client: Client,
    away: Mutex<Option<Away>>,
}

#[derive(Debug)]
struct Away {
    since: Instant,
    probe: Instant,
}

/// All of them.
#[derive(Debug)]
pub struct Servers {
    all: Vec<Server>,
    turn: AtomicUsize,
}

impl Servers {
    /// Errors name the address that is not one.
    pub fn new(urls: &[String]) -> Result<Servers, String> {
        let all = urls
            .iter()
            .map(|url| {
                let client = Client::new(url)?;
                let away = Mutex::new(None);
                Ok(Server { client, away })
            })
            .collect::<Result<Vec<_>, String>>()?;
        if all.is_empty() {
            return Err("no server is given".to_owned());
        }
        let turn = AtomicUsize::new(0);
        Ok(Servers { all, turn })
    }

    /// The next one that is not away; when all are, simply the next.
    pub fn next(&self) -> &Server {
        let first = self.turn.fetch_add(1, Relaxed) % self.all.len();
        let mut turns = (first..self.all.len()).chain(0..first);
        let index = turns.find(|&index| self.all[index].may_be_asked());
        &self.all[index.unwrap_or(first)]
    }

    /// Waits until each of them says that it is ready; after 30 s, an error says which is not.
    pub async fn wait_until_ready(&self, who: Who<'_>) -> Result<(), String> {
        let end = Instant::now() + READY;
        for server in &self.all {
            let mut said = false;
            while let Err(why) = server.is_ready(who).await {
                let base = server.client.base();
                if Instant::now() > end {
                    let seconds = READY.as_secs();
                    return Err(format!("{base} is not ready after {seconds} s: {why}"));
                }
                if !said {
                    say(&format!("Waiting for {base}: {why}"));
                    said = true;
                }
                sleep(READY_AGAIN).await;
            }
        }
        Ok(())
    }
}

impl Server {
    /// Remembers whether it answered, and says so when that has changed.
    pub fn note<T>(&self, answer: &Result<T, Failure>) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let base = self.client.base();
        match answer {
            // A lone broken connection says nothing about the server: the next try will tell.
            Err(Failure::Malformed(_) | Failure::Lost(_)) => {}
            Err(failure @ (Failure::Unreachable(_) | Failure::TimedOut)) => {
                if away.is_none() {
                    say(&format!("{base} does not answer ({failure}); trying again."));
                    let since = Instant::now();
                    let probe = since + PROBE;
                    *away = Some(Away { since, probe });
                }
            }
            Ok(_) | Err(Failure::Later { .. } | Failure::NotJson) => {
                if let Some(Away { since, .. }) = away.take() {
                    let seconds = since.elapsed().as_secs();
                    say(&format!("{base} is back after {seconds} s."));
                }
            }
        }
    }

    fn may_be_asked(&self) -> bool {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *away {
            None => true,
            Some(Away { probe, .. }) if *probe <= Instant::now() => {
                // One asker is enough, the others go elsewhere meanwhile.
                *probe = Instant::now() + PROBE;
                true
            }
            Some(_) => false,
        }
    }

    async fn is_ready(&self, who: Who<'_>) -> Result<(), String> {
        match self.client.get(who, "/readyz").await {
            Ok((200, _)) => Ok(()),
            Ok((status, _)) => Err(format!("/readyz answers {status}")),
            Err(failure) => Err(failure.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_away_is_left_out() {
        let urls = ["http://a", "http://b", "http://c"].map(str::to_owned);
        let servers = Servers::new(&urls).unwrap();
        let bases = || -> [&str; 4] { std::array::from_fn(|_| servers.next().client.base()) };
        assert_eq!(bases(), ["http://a", "http://b", "http://c", "http://a"]);

        let refused = || Err::<(), _>(Failure::Unreachable("refused".to_owned()));
        servers.all[1].note(&refused());
        assert!(!bases().contains(&"http://b"));
        for server in &servers.all {
            server.note(&refused());
        }
        let all_away = bases();
        assert!(all_away.contains(&"http://b"), "{all_away:?}");
        servers.all[1].note(&Ok(()));
        assert_eq!(bases(), ["http://b"; 4]);
        assert!(Servers::new(&[]).is_err());
    }
}
