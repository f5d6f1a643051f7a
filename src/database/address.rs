//! Where a database is found, and the pools of those who read there. Behind an address another server
//! may take over: who notices it first, a writer or a follower, tells all others to leave the old one.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{ConnectOptions, Connection, MySqlConnection, MySqlPool};

/// Where a database is, and since when nobody uses older sessions there; clones share that.
#[derive(Clone)]
pub struct Address {
    options: MySqlConnectOptions,
    handover: Arc<Mutex<Instant>>,
}

impl Address {
    /// A session at whichever server is found there now.
    pub async fn connect(&self) -> Result<MySqlConnection, sqlx::Error> {
        self.options.connect().await
    }

    /// The server had to be looked for anew, and may be another one by now. Sessions from before are
    /// not used again: one that was replaced may answer for long, and tell of the past.
    pub fn note_handover(&self) {
        *self.handover.lock().expect("nobody panics while holding it") = Instant::now();
    }

    /// Whether a session that began then may still be used.
    pub fn is_current(&self, began: Instant) -> bool {
        began.elapsed() <= self.since_handover()
    }

    fn since_handover(&self) -> Duration {
        self.handover.lock().expect("nobody panics while holding it").elapsed()
    }
}

/// Parses a database URL.
pub fn options(url: &str) -> Result<Address, sqlx::Error> {
    // `mariadb:` is the same protocol, which sqlx knows by one name.
    let url = url.replacen("mariadb://", "mysql://", 1);
    let options: MySqlConnectOptions = url.parse()?;
    let handover = Arc::new(Mutex::new(Instant::now()));
    Ok(Address { options: options.disable_statement_logging(), handover })
}

/// A pool for those who answer requests; it connects when it is first used.
pub fn pool(address: Address) -> MySqlPool {
    pool_of(16, address)
}

/// A pool for those who follow the journal: they must never wait behind requests.
pub fn followers_pool(address: Address) -> MySqlPool {
    pool_of(3, address)
}

fn pool_of(connections: u32, address: Address) -> MySqlPool {
    let options = address.options.clone();
    MySqlPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(3))
        // Ours comes first: a server that was left may never answer.
        .test_before_acquire(false)
        .before_acquire(move |connection, session| {
            let is_current = session.age <= address.since_handover();
            Box::pin(async move { Ok(is_current && connection.ping().await.is_ok()) })
        })
        .connect_lazy_with(options)
}
