//! A redis of a test's own, which may do with it what it likes.

use std::process::Command;

use redis::aio::MultiplexedConnection;

use super::eventually;
use super::process::Process;

pub struct Redis(Process);

impl Redis {
    pub async fn start() -> Redis {
        Redis::with(&[]).await
    }

    /// With further options.
    pub async fn with(options: &'static [&'static str]) -> Redis {
        let redis = Redis(Process::start(command, options));
        redis.is_up().await;
        redis
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.0.port)
    }

    pub fn kill(&mut self) {
        self.0.kill();
    }

    pub async fn start_again(&mut self) {
        self.0.start_again();
        self.is_up().await;
    }

    pub fn pause(&self) {
        self.0.pause();
    }

    pub fn resume(&self) {
        self.0.resume();
    }

    pub async fn connect(&self) -> redis::RedisResult<MultiplexedConnection> {
        redis::Client::open(self.url())?.get_multiplexed_async_connection().await
    }

    /// Has a command done, given as its words.
    pub async fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut connection = self.connect().await.expect("redis is up");
        let mut command = redis::cmd(words[0]);
        words[1..].iter().for_each(|word| {
            command.arg(*word);
        });
        command.query_async(&mut connection).await.expect(words[0])
    }

    async fn is_up(&self) {
        eventually("redis is up", || async {
            let mut connection = self.connect().await.ok()?;
            redis::cmd("PING").query_async::<()>(&mut connection).await.ok()
        })
        .await;
    }
}

fn command(port: u16) -> Command {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
    command.arg(port.to_string());
    command
}
