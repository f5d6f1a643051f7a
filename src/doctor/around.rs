//! What is around the databases: settings that go together, the address, and the caches.

use std::io::ErrorKind;
use std::time::Duration;

use redis::AsyncTypedCommands;
use tokio::net::TcpListener;
use tokio::time::timeout;
use uuid::Uuid;

use super::Findings;
use crate::cache::Measures;
use crate::cache::memcached::SharedPages;
use crate::config::{Auth, Config};
use crate::logs::Level;

const PATIENCE: Duration = Duration::from_secs(3);
/// Files that a server has open besides its connections.
const OTHER_FILES: usize = 200;

pub fn settings(config: &Config, findings: &mut Findings) {
    findings.well("the settings can be read");
    match config.auth {
        Auth::Demo if config.listen.ip().is_loopback() => {
            findings.note("AUTH=demo: whoever reaches it is who they say they are; for trying out");
        }
        Auth::Demo => findings.note(format!(
            "AUTH=demo and LISTEN={}: anybody who reaches that address may be anybody; see that \
             nobody but a proxy does",
            config.listen
        )),
        Auth::Accounts if config.is_https() => findings.well("AUTH=accounts: people log in"),
        Auth::Accounts => findings.note(
            "AUTH=accounts, and no https:// in ALLOWED_ORIGINS: passwords travel in the clear",
        ),
    }
    let is_set = |name| std::env::var(name).is_ok_and(|text| !text.trim().is_empty());
    if is_set("SECRET_KEY") || is_set("SECRET_KEY_FILE") {
        findings.well("SECRET_KEY is set");
    } else {
        findings.note(
            "SECRET_KEY is not set: a new one is made up at each start, which forgets who is \
             logged in, and no other server can read its cookies",
        );
    }
    match config.logs.level {
        Level::Debug => findings.note("LOG_LEVEL=debug: a line for every request; for looking"),
        Level::Error | Level::Warn => {
            findings.note("LOG_LEVEL hides what is back again, and that the books balance");
        }
        Level::Info => {}
    }
    let needed = config.max_connections + OTHER_FILES;
    match open_files() {
        Some(allowed) if allowed < needed => findings.wrong(format!(
            "{allowed} files may be open at once, and MAX_CONNECTIONS={} needs {needed}: raise it \
             (`ulimit -n`, or LimitNOFILE of its unit), or lower MAX_CONNECTIONS",
            config.max_connections
        )),
        Some(_) => findings.well("as many files may be open as there may be connections"),
        None => {}
    }
}

/// How many files this process may have open; `None` where that is not told.
fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

pub async fn address(config: &Config, findings: &mut Findings) {
    let listen = config.listen;
    match TcpListener::bind(listen).await {
        Ok(_) => findings.well(format!("LISTEN={listen} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            findings.note(format!("LISTEN={listen} is taken: by this board, if it runs already"));
        }
        Err(error) => {
            findings.wrong(format!("LISTEN={listen}: nothing can listen there: {error}"));
        }
    }
}

/// Something is kept, found and forgotten, and something said.
pub async fn redis(url: Option<&str>) -> Findings {
    let mut findings = Findings::default();
    let Some(url) = url else {
        findings.note("REDIS_URL is not set: one server alone, with limits of its own");
        return findings;
    };
    let told = async {
        let client = redis::Client::open(url)?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let (key, value) = (key(), Uuid::new_v4().to_string());
        connection.set_ex(&key, &value, 10).await?;
        let found = connection.get(&key).await?;
        connection.del(&key).await?;
        connection.publish(&key, "").await?;
        Ok::<_, redis::RedisError>(found.as_deref() == Some(value.as_str()))
    };
    match timeout(PATIENCE, told).await {
        Ok(Ok(true)) => findings.well("redis keeps what it is given, and passes on what is said"),
        Ok(Ok(false)) => findings.wrong("REDIS_URL: redis answers, and does not keep anything"),
        Ok(Err(error)) => findings.wrong(format!("REDIS_URL: {error}")),
        Err(_) => findings.wrong(format!("REDIS_URL: no answer in {PATIENCE:?}")),
    }
    findings
}

/// Something is kept and found.
pub async fn memcached(url: Option<&str>) -> Findings {
    let mut findings = Findings::default();
    if url.is_none() {
        findings.note("MEMCACHED_URL is not set: pages are kept in the server's memory alone");
        return findings;
    }
    let cache = SharedPages::new(url, Measures::default());
    let (key, value) = (key(), Uuid::new_v4().into_bytes().to_vec());
    cache.set(&key, value.clone()).await;
    if cache.get(&key).await == Some(value) {
        findings.well("memcached keeps what it is given");
    } else if cache.is_up().await == Some(true) {
        findings.wrong("MEMCACHED_URL: memcached answers, and does not keep anything");
    } else {
        findings.wrong("MEMCACHED_URL: memcached does not answer");
    }
    findings
}

fn key() -> String {
    format!("orderboard:doctor:{}", Uuid::new_v4())
}
