//! Shared pages: the same for everybody, kept in memcached. Their keys name the revision, so what
//! is found under a key is right for ever.

use std::io::ErrorKind;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use memcache::exp::{AsyncMemcache, Error, Ttl};
use tokio::time::timeout;

use super::{Breaker, Lookups, Measures};

/// A page of an old revision is asked for by nobody; memcached would push it out by itself.
const TTL: Ttl = Ttl::secs(300);
const TIMEOUT: Duration = Duration::from_millis(100);

/// Finding out where it is.
const LOOKUP: Duration = Duration::from_millis(250);

pub struct SharedPages {
    address: Option<String>,
    /// Dropped with all its connections when one of them fails: those that wait in its pool may have
    /// died with it, and the name may stand for another machine by now.
    client: Mutex<Option<AsyncMemcache>>,
    breaker: Breaker,
    /// `None`: there is nothing to look into.
    lookups: Option<Lookups>,
}

impl SharedPages {
    /// A cache at `memcache://host:port`; without a URL nothing is ever found.
    pub fn new(url: Option<&str>, measures: Measures) -> SharedPages {
        let address = url.map(|url| {
            let host = url.split_once("://").map_or(url, |(_, host)| host);
            host.split(['/', '?']).next().unwrap_or(host).to_owned()
        });
        SharedPages {
            lookups: address.as_ref().map(|_| measures.lookups("memcached")),
            address,
            client: Mutex::new(None),
            breaker: Breaker::new("memcached", "pages come from the database", measures),
        }
    }

    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let client = self.client().await?;
        self.note(client.get::<Vec<u8>>(key).await)?
    }

    pub async fn set(&self, key: &str, value: Vec<u8>) {
        if let Some(client) = self.client().await {
            self.note(client.set(key, value, TTL).await);
        }
    }

    /// Counts a page that was looked for.
    pub fn note_lookup(&self, found: bool) {
        self.lookups.iter().for_each(|lookups| lookups.note(found));
    }

    /// What was found is nothing that we wrote.
    pub fn note_garbage(&self) {
        self.breaker.note_garbage();
    }

    /// Whether it answers; `None` when there is none to ask.
    pub async fn is_up(&self) -> Option<bool> {
        self.address.as_ref()?;
        let Some(client) = self.client().await else { return Some(false) };
        Some(self.note(client.get::<Vec<u8>>("readyz").await).is_some())
    }

    /// A full memcached refuses to store, and still gives what it has; what somebody else left under
    /// our key may be no page at all.
    fn note<T>(&self, result: Result<T, Error>) -> Option<T> {
        match result {
            Err(error) if is_refusal(&error) => {
                self.breaker.note_refusal(&error);
                None
            }
            result => {
                if result.is_err() {
                    *self.known() = None;
                }
                self.breaker.note(result)
            }
        }
    }

    async fn client(&self) -> Option<AsyncMemcache> {
        let address = self.address.as_ref()?;
        if !self.breaker.is_closed() {
            return None;
        }
        if let Some(client) = &*self.known() {
            return Some(client.clone());
        }
        // This resolves the name only, which may fail or hang while the network comes up.
        let builder = AsyncMemcache::builder().timeout(TIMEOUT).connect_timeout(TIMEOUT);
        let made = timeout(LOOKUP, builder.connect_async([address.as_str()])).await;
        match made.unwrap_or_else(|_| Err(Error::Io(ErrorKind::TimedOut.into()))) {
            Ok(client) => Some(self.known().get_or_insert(client).clone()),
            Err(error) => self.breaker.note(Err(error)),
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<AsyncMemcache>> {
        self.client.lock().expect("nobody panics while holding it")
    }
}

fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Server(_) | Error::Rejected(_) | Error::Decode(_) => true,
        // Nobody knows whether it was stored: no matter.
        Error::Ambiguous { source, .. } => is_refusal(source),
        _ => false,
    }
}
