//! One request of somebody's: sent until its outcome is known, always with the same key.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::client::{Failure, Who, code};
use super::market::Market;

/// Tries after network errors and server errors, over about 20 s, before a request is given up.
const TRIES: u32 = 8;
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// Whoever is told to wait longer than this goes home instead.
const PATIENCE: Duration = Duration::from_secs(120);

/// One request, however often it is sent.
#[derive(Debug)]
pub struct Call<'a> {
    pub who: Who<'a>,
    pub path: &'a str,
    /// The body and the key, unless it only reads.
    pub post: Option<(&'a Value, &'a str)>,
}

/// Why there is no answer.
#[derive(Debug, PartialEq)]
pub enum NoAnswer {
    /// The daily limit, or the like: this person is done for now.
    GoHome,
    /// Tried often enough; what was done may never be known.
    GaveUp,
    Stopping,
}

/// What came of sending it once.
enum Outcome {
    Answered(u16, Value),
    /// Told to come back after this time.
    Later(Duration),
    Failed,
}

impl Call<'_> {
    /// Sends it until its outcome is known, or it is given up.
    pub async fn settle(&self, market: &Market) -> Result<(u16, Value), NoAnswer> {
        if market.is_stopping() {
            return Err(NoAnswer::Stopping);
        }
        // What is sent counts as unanswered until it is answered, also when this future is dropped.
        let unanswered = &market.tally.unanswered;
        let counted = u64::from(self.post.is_some());
        let mut in_doubt = false;
        let (mut tries, mut backoff) = (0, FIRST_BACKOFF);
        loop {
            if !in_doubt {
                unanswered.fetch_add(counted, Relaxed);
            }
            let (outcome, may_be_done) = self.send(market).await;
            in_doubt |= may_be_done;
            if !in_doubt || matches!(outcome, Outcome::Answered(..)) {
                unanswered.fetch_sub(counted, Relaxed);
            }
            let wait = match outcome {
                Outcome::Answered(status, body) => return Ok((status, body)),
                Outcome::Later(wait) if wait > PATIENCE => return Err(NoAnswer::GoHome),
                Outcome::Later(wait) => wait.max(FIRST_BACKOFF),
                Outcome::Failed => {
                    tries += 1;
                    if tries == TRIES {
                        market.tally.error("given_up");
                        return Err(NoAnswer::GaveUp);
                    }
                    let wait = backoff;
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                    wait
                }
            };
            market.pause(jittered(wait)).await;
            if market.is_stopping() {
                if !in_doubt {
                    return Err(NoAnswer::Stopping);
                }
                // The pause is over at once now, but a doubt is worth a few more tries.
                sleep(FIRST_BACKOFF).await;
            }
        }
    }

    /// Sends it once, and tells whether it may have been done although there is no answer.
    async fn send(&self, market: &Market) -> (Outcome, bool) {
        let server = market.servers.next();
        let answer = match self.post {
            None => server.client.get(self.who, self.path).await,
            Some((body, key)) => server.client.post(self.who, self.path, body, Some(key)).await,
        };
        server.note(&answer);
        let failure = match answer {
            Ok((status, body)) if status < 500 => return (Outcome::Answered(status, body), false),
            Ok((status, body)) => {
                market.tally.error(&code(status, &body));
                return (Outcome::Failed, true);
            }
            Err(failure) => failure,
        };
        market.tally.error(failure.kind());
        match failure {
            Failure::Later { wait, code } => (Outcome::Later(wait), code == "outcome_unknown"),
            Failure::Malformed(_) | Failure::Unreachable(_) => (Outcome::Failed, false),
            Failure::Lost(_) | Failure::TimedOut | Failure::NotJson => (Outcome::Failed, true),
        }
    }
}

/// Up to a quarter longer, so that those who were sent away together do not return together.
fn jittered(time: Duration) -> Duration {
    time.mul_f64(1.0 + fastrand::f64() / 4.0)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use serde_json::json;
    use tokio::sync::watch;
    use uuid::Uuid;

    use super::super::servers::Servers;
    use super::*;

    /// Answers one request per connection; returns the keys of the requests.
    fn serve(listener: TcpListener, answers: &[&str]) -> Vec<String> {
        let answer_one = |answer: &&str| {
            let mut stream = BufReader::new(listener.accept().expect("a connection").0);
            let (mut key, mut length, mut line) = (String::new(), 0, String::new());
            while stream.read_line(&mut line).expect("a header") > 2 {
                let header = line.trim_end().to_lowercase();
                if let Some(value) = header.strip_prefix("idempotency-key: ") {
                    value.clone_into(&mut key);
                } else if let Some(value) = header.strip_prefix("content-length: ") {
                    length = value.parse().expect("a length");
                }
                line.clear();
            }
            stream.read_exact(&mut vec![0; length]).expect("a body");
            stream.get_mut().write_all(answer.as_bytes()).expect("an open connection");
            key
        };
        answers.iter().map(answer_one).collect()
    }

    #[tokio::test]
    async fn a_request_is_repeated_with_its_key_until_it_is_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = thread::spawn(move || {
            let end = "Connection: close\r\nContent-Length:";
            let answers = [
                "",
                &format!("HTTP/1.1 503 Unavailable\r\nRetry-After: 0\r\n{end} 0\r\n\r\n"),
                &format!("HTTP/1.1 502 Bad Gateway\r\n{end} 9\r\n\r\n<h1>502</"),
                &format!("HTTP/1.1 201 Created\r\n{end} 8\r\n\r\n{{\"a\": 1}}"),
                &format!("HTTP/1.1 429 Slow\r\nRetry-After: 9999\r\n{end} 0\r\n\r\n"),
            ];
            serve(listener, &answers)
        });
        let (stop, stopping) = watch::channel(false);
        let market = Market::new(Servers::new(&[url]).expect("a URL"), true, stopping);
        let post = async || market.post(("customer", 1001), "/api/orders", &json!({})).await;
        assert_eq!(post().await, Ok((201, json!({"a": 1}))));
        assert_eq!(post().await, Err(NoAnswer::GoHome));
        assert_eq!(market.tally.unanswered.load(Relaxed), 0);
        stop.send_replace(true);
        assert_eq!(post().await, Err(NoAnswer::Stopping));

        let keys = server.join().expect("the server ends well");
        assert!(Uuid::parse_str(&keys[0]).is_ok(), "{keys:?}");
        assert!(keys[..4].iter().all(|key| *key == keys[0]), "{keys:?}");
        assert_ne!(keys[4], keys[0]);
    }
}
