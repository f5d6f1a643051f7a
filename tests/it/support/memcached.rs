//! A memcached of a test's own, which may do with it what it likes. It is spoken to in its text
//! protocol, so that anything may be put under any key.

use std::process::Command;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::eventually;
use super::process::Process;

pub struct Memcached(Process);

impl Memcached {
    pub async fn start() -> Memcached {
        Memcached::with(&[]).await
    }

    /// With further options.
    pub async fn with(options: &'static [&'static str]) -> Memcached {
        let memcached = Memcached(Process::start(command, options));
        memcached.is_up().await;
        memcached
    }

    pub fn url(&self) -> String {
        format!("memcache://127.0.0.1:{}", self.0.port)
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

    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut connection = self.connect().await.expect("memcached is up");
        connection.write_all(format!("get {key}\r\n").as_bytes()).await.expect("it is asked");
        let line = read_line(&mut connection).await;
        let size: usize = line.strip_prefix("VALUE ")?.split(' ').nth(2)?.parse().ok()?;
        let mut value = vec![0; size];
        connection.read_exact(&mut value).await.expect("the whole value");
        Some(value)
    }

    /// Stores a value; gives what memcached says to that.
    pub async fn set(&self, key: &str, value: &[u8]) -> String {
        let command = format!("set {key} 0 300 {}\r\n", value.len());
        self.ask(&[command.as_bytes(), value, b"\r\n"].concat()).await
    }

    /// Stores small values until there is no room for more, or room is made for them.
    pub async fn fill(&self) {
        let mut connection = self.connect().await.expect("memcached is up");
        for number in 0.. {
            let command = format!("set filling-{number} 0 300 60\r\n{:60}\r\n", "");
            connection.write_all(command.as_bytes()).await.expect("it is asked");
            let said = read_line(&mut connection).await;
            let looks = number % 500 == 0;
            if said != "STORED" || (looks && self.counts("evictions").await > 0) {
                return;
            }
        }
    }

    pub async fn delete(&self, key: &str) {
        self.ask(format!("delete {key}\r\n").as_bytes()).await;
    }

    /// Forgets everything.
    pub async fn flush_all(&self) {
        self.ask(b"flush_all\r\n").await;
    }

    /// One of its counters.
    pub async fn counts(&self, name: &str) -> u64 {
        let mut connection = self.connect().await.expect("memcached is up");
        connection.write_all(b"stats\r\n").await.expect("it is asked");
        let start = format!("STAT {name} ");
        loop {
            let line = read_line(&mut connection).await;
            if let Some(value) = line.strip_prefix(&start) {
                return value.parse().expect("a number");
            }
            assert_ne!(line, "END", "memcached counts {name}");
        }
    }

    async fn ask(&self, command: &[u8]) -> String {
        let mut connection = self.connect().await.expect("memcached is up");
        connection.write_all(command).await.expect("it is asked");
        read_line(&mut connection).await
    }

    async fn connect(&self) -> std::io::Result<BufReader<TcpStream>> {
        TcpStream::connect(("127.0.0.1", self.0.port)).await.map(BufReader::new)
    }

    async fn is_up(&self) {
        eventually("memcached is up", || async { self.connect().await.ok() }).await;
    }
}

async fn read_line(connection: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    connection.read_line(&mut line).await.expect("memcached answers");
    line.trim_end().to_owned()
}

fn command(port: u16) -> Command {
    let mut command = Command::new("memcached");
    command.args(["--listen=127.0.0.1", "--udp-port=0", "--port"]).arg(port.to_string());
    // Ignored by whoever is not root, and demanded of who is.
    command.args(["--user", "nobody"]);
    command
}
