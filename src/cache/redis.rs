//! Personal pages: a redis hash per person, a field per table and page. A value says at which
//! revision it was read; whether that is still good is decided by whoever follows the journal, so a
//! flush that is lost or late does no harm.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, Pipeline, RedisFuture, RedisResult, Value};

use super::{Breaker, Lookups, Measures};
use crate::identity::User;

const TTL_SECONDS: u32 = 3600;
const TIMEOUT: Duration = Duration::from_millis(100);

/// A connection that mends itself, with time-outs fit for a cache. Clones share it.
///
/// redis-rs connects anew when a connection breaks, but not when its answers stay away: one that
/// died without a word would be asked in vain until TCP gives it up, a quarter of an hour later.
#[derive(Clone)]
pub struct Connection(Arc<Shared>);

struct Shared {
    client: Client,
    current: Mutex<Current>,
}

struct Current {
    manager: ConnectionManager,
    /// Goes up with each replacement.
    generation: u64,
}

/// Connects when it is first used.
pub fn connect(url: &str) -> RedisResult<Connection> {
    let client = Client::open(url)?;
    let manager = manage(&client)?;
    let current = Mutex::new(Current { manager, generation: 0 });
    Ok(Connection(Arc::new(Shared { client, current })))
}

fn manage(client: &Client) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_millis(250)))
        .set_response_timeout(Some(TIMEOUT))
        .set_number_of_retries(0);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

impl Connection {
    fn current(&self) -> MutexGuard<'_, Current> {
        self.0.current.lock().expect("nobody panics while holding it")
    }

    fn manager(&self) -> (ConnectionManager, u64) {
        let current = self.current();
        (current.manager.clone(), current.generation)
    }

    /// Replaces the connection when its answer stayed away, unless somebody else did so since it was
    /// asked. Those who still wait for an answer of the old one keep it.
    fn note<T>(&self, result: RedisResult<T>, generation: u64) -> RedisResult<T> {
        if result.as_ref().is_err_and(|error| error.is_timeout()) {
            let mut current = self.current();
            if current.generation == generation {
                current.manager = manage(&self.0.client)?;
                current.generation += 1;
            }
        }
        result
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let (mut manager, generation) = self.manager();
            self.note(manager.send_packed_command(command).await, generation)
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let (mut manager, generation) = self.manager();
            self.note(manager.send_packed_commands(commands, offset, count).await, generation)
        })
    }

    fn get_db(&self) -> i64 {
        self.current().manager.get_db()
    }
}

pub struct PersonalPages {
    connection: Option<Connection>,
    breaker: Breaker,
    /// `None`: there is nothing to look into.
    lookups: Option<Lookups>,
}

impl PersonalPages {
    /// A cache at this URL; without one nothing is ever found.
    pub fn new(url: Option<&str>, measures: Measures) -> RedisResult<PersonalPages> {
        let connection = url.map(connect).transpose()?;
        Ok(PersonalPages {
            lookups: url.map(|_| measures.lookups("redis")),
            connection,
            breaker: Breaker::new("redis", "pages come from the database", measures),
        })
    }

    pub async fn get(&self, history: &str, user: User, field: &str) -> Option<Vec<u8>> {
        let mut command = redis::cmd("HGET");
        self.ask::<Option<Vec<u8>>>(command.arg(key(history, user)).arg(field)).await?
    }

    pub async fn set(&self, history: &str, user: User, field: &str, value: &[u8]) {
        let key = key(history, user);
        let mut commands = redis::pipe();
        commands.hset(&key, field, value).ignore().expire(&key, i64::from(TTL_SECONDS)).ignore();
        let Some(mut connection) = self.connection() else { return };
        self.note(commands.query_async::<()>(&mut connection).await);
    }

    /// Forgets all pages of one person, and of nobody else.
    pub async fn flush(&self, history: &str, user: User) {
        self.ask::<()>(redis::cmd("UNLINK").arg(key(history, user))).await;
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
        self.connection.as_ref()?;
        Some(self.ask::<()>(&redis::cmd("PING")).await.is_some())
    }

    fn connection(&self) -> Option<Connection> {
        self.connection.clone().filter(|_| self.breaker.is_closed())
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &Cmd) -> Option<T> {
        let mut connection = self.connection()?;
        self.note(command.query_async(&mut connection).await)
    }

    /// A full redis refuses to store, and still gives what it has.
    fn note<T>(&self, result: RedisResult<T>) -> Option<T> {
        match result {
            Err(error) if matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension) => {
                self.breaker.note_refusal(&error);
                None
            }
            result => self.breaker.note(result),
        }
    }
}

fn key(history: &str, user: User) -> String {
    format!("{history}:({}, {})", user.role.name(), user.id)
}
