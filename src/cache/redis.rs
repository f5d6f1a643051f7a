//! Personal pages: a redis hash per person, a field per table and page. A value says at which
//! revision it was read; whether that is still good is decided by whoever follows the journal, so a
//! flush that is lost or late does no harm.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use super::Breaker;
use crate::identity::User;

const TTL_SECONDS: u32 = 3600;
const TIMEOUT: Duration = Duration::from_millis(100);

/// A connection that mends itself, with time-outs fit for a cache.
pub fn connect(url: &str) -> redis::RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_millis(250)))
        .set_response_timeout(Some(TIMEOUT))
        .set_number_of_retries(0);
    ConnectionManager::new_lazy_with_config(redis::Client::open(url)?, config)
}

pub struct PersonalPages {
    connection: Option<ConnectionManager>,
    breaker: Breaker,
}

impl PersonalPages {
    /// A cache at this URL; without one nothing is ever found.
    pub fn new(url: Option<&str>) -> redis::RedisResult<PersonalPages> {
        let connection = url.map(connect).transpose()?;
        Ok(PersonalPages { connection, breaker: Breaker::new("redis") })
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
        self.breaker.note(commands.query_async::<()>(&mut connection).await);
    }

    /// Forgets all pages of one person, and of nobody else.
    pub async fn flush(&self, history: &str, user: User) {
        self.ask::<()>(redis::cmd("UNLINK").arg(key(history, user))).await;
    }

    /// Whether it answers; `None` when there is none to ask.
    pub async fn is_up(&self) -> Option<bool> {
        self.connection.as_ref()?;
        Some(self.ask::<()>(&redis::cmd("PING")).await.is_some())
    }

    fn connection(&self) -> Option<ConnectionManager> {
        self.connection.clone().filter(|_| self.breaker.is_closed())
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Option<T> {
        let mut connection = self.connection()?;
        self.breaker.note(command.query_async(&mut connection).await)
    }
}

fn key(history: &str, user: User) -> String {
    format!("{history}:({}, {})", user.role.name(), user.id)
}
