//! What every test stands on: databases of its own, real servers, and clients that speak HTTP and
//! the live feed as other programs do. Nothing in here sleeps for a fixed time: it waits for
//! conditions, and says which one did not come true.

mod browser;
mod client;
mod crowd;
mod door;
mod load;
mod memcached;
mod model;
mod page;
mod person;
mod print;
mod process;
mod proxy;
mod redis;
mod server;
mod statements;
mod stub;
mod trade;
mod watcher;
mod world;

use std::time::{Duration, Instant};

pub use self::redis::Redis;
pub use browser::{Browser, hidden_field};
pub use client::{Client, Reply};
pub use crowd::Member;
pub use door::Door;
pub use load::{Attempt, Load, assert_true, repeat};
pub use memcached::Memcached;
pub use model::Model;
pub use page::{Page, Places};
pub use person::{PASSWORD, Person, add_admin, admin, admin_with};
pub use print::{Truth, Who};
pub use proxy::Proxy;
pub use server::{Server, free_port};
pub use stub::Stub;
pub use trade::Trade;
pub use watcher::{Format, ReadBoard, Watcher, read_board};
pub use world::World;

/// How much of it: `short` in every run of the tests, `long` where that is asked for.
pub fn short_or_long<T>(short: T, long: T) -> T {
    if std::env::var("ORDERBOARD_FAULTS").is_ok_and(|form| form == "long") { long } else { short }
}

/// How long anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition outside is looked at.
pub const AGAIN: Duration = Duration::from_millis(20);

/// Waits until `probe` gives something; panics with `what` when it never does.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut probe: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {what}");
        tokio::time::sleep(AGAIN).await;
    }
}

/// Text as it must stand in a page.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
