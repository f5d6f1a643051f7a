//! Two fresh databases for one test, and so a history of its own: caches and channels of other
//! tests, named by their histories, are out of reach.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, MySqlConnection};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Server, eventually};

/// Worlds at once, however many cores there are: the database has only so many connections.
static WORLDS: Semaphore = Semaphore::const_new(8);

pub struct World {
    name: String,
    /// Who may make and drop databases, and where: the URLs of both, as the settings have them.
    makers: [String; 2],
    pub database_url: String,
    pub users_database_url: String,
    pub redis_url: String,
    pub memcached_url: String,
    /// Servers that run and count statistics.
    pub(super) alive: Arc<AtomicUsize>,
    _permit: SemaphorePermit<'static>,
}

impl World {
    pub async fn new() -> World {
        World::on(setting).await
    }

    /// The same on other services than those of all tests.
    pub async fn on(setting: impl Fn(&str) -> String) -> World {
        let permit = WORLDS.acquire().await.expect("never closed");
        let name = format!("t_{:016x}", fastrand::u64(..));
        let makers = ["DATABASE_URL", "USERS_DATABASE_URL"].map(&setting);
        let world = World {
            database_url: in_database(&makers[0], &format!("{name}_interactions")),
            users_database_url: in_database(&makers[1], &format!("{name}_users")),
            makers,
            redis_url: setting("REDIS_URL"),
            memcached_url: setting("MEMCACHED_URL"),
            alive: Arc::default(),
            _permit: permit,
            name,
        };
        world.on_both("CREATE DATABASE").await;
        world
    }

    /// A server on this world, with the settings of the tests.
    pub async fn serve(&self) -> Server {
        self.serve_with(&[]).await
    }

    /// The same with other settings; an empty value is one that is not set.
    pub async fn serve_with(&self, settings: &[(&str, &str)]) -> Server {
        Server::start(self, settings).await
    }

    /// One on which people log in.
    pub async fn serve_accounts(&self) -> Server {
        self.serve_with(&[("AUTH", "accounts")]).await
    }

    /// The same at an address of its own.
    pub async fn serve_at(&self, address: &str) -> Server {
        self.serve_with(&[("LISTEN", address)]).await
    }

    /// Two servers that know each other through the databases and redis alone.
    pub async fn serve_two(&self) -> (Server, Server) {
        tokio::join!(self.serve(), self.serve())
    }

    /// The settings of every program of this world.
    pub fn settings(&self) -> Vec<(String, String)> {
        [
            ("LISTEN", "127.0.0.1:0"),
            ("DATABASE_URL", &self.database_url),
            ("USERS_DATABASE_URL", &self.users_database_url),
            ("REDIS_URL", &self.redis_url),
            ("MEMCACHED_URL", &self.memcached_url),
            ("SECRET_KEY", "the tests' own key, which is no secret at all"),
            ("RUST_BACKTRACE", "1"),
            // What limits do is shown where they are set.
            ("MAX_ORDERS_PER_DAY", "0"),
            ("MAX_ACCEPTS_PER_MINUTE", "0"),
            ("MAX_CHANGES_PER_MINUTE", "0"),
            ("MAX_ACTIVE_CONTRACTS", "0"),
            ("MAX_QUERIES_TO_MYSQL", "0"),
            ("MAX_REQUESTS_PER_SECOND", "0"),
            ("MAX_LOG_INS_PER_NAME", "0"),
            ("MAX_LOG_INS_PER_ADDRESS", "0"),
            ("MAX_SIGN_UPS_PER_ADDRESS", "0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// A connection to the database of orders and contracts, to look or to meddle.
    pub async fn interactions(&self) -> MySqlConnection {
        connect(&self.database_url).await
    }

    pub async fn users(&self) -> MySqlConnection {
        connect(&self.users_database_url).await
    }

    /// The head: history, revision and batch.
    pub async fn head(&self) -> (String, u64, String) {
        let mut connection = self.interactions().await;
        let query = sqlx::query_as("SELECT history, revision, batch FROM board WHERE id = 1");
        query.fetch_one(&mut connection).await.expect("the head can be read")
    }

    pub async fn revision(&self) -> u64 {
        self.head().await.1
    }

    /// One number out of the database of orders and contracts.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut connection = self.interactions().await;
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect(sql)
    }

    /// Waits until the statistics have counted everything.
    pub async fn counted(&self) {
        self.counted_to(self.revision().await).await;
    }

    /// Waits until the statistics have counted so far.
    pub async fn counted_to(&self, head: u64) {
        eventually("the statistics count everything", || async {
            let mut users = self.users().await;
            let query = sqlx::query_scalar("SELECT revision FROM positions");
            let counted: u64 = query.fetch_one(&mut users).await.expect("a position");
            (counted >= head).then_some(())
        })
        .await;
    }

    /// Demands that the books balance: the last line of every test. While a server runs, its
    /// statistics must have counted everything first.
    pub async fn audit(&self) {
        if self.alive.load(Ordering::Relaxed) > 0 {
            self.counted().await;
        }
        let (code, text) = self.run_audit().await;
        assert_eq!(code, Some(0), "the audit objects:\n{text}");
    }

    /// The audit's exit code and everything it wrote, as things stand; its report comes last.
    pub async fn run_audit(&self) -> (Option<i32>, String) {
        let mut command = self.command("audit");
        let output = tokio::task::spawn_blocking(move || command.output().expect("it starts"));
        let output = output.await.expect("the audit runs");
        let text = [output.stderr, output.stdout].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    }

    /// The program with one of its commands, in this world.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orderboard"));
        command.arg(name).env_clear().envs(self.settings());
        command
    }

    async fn on_both(&self, verb: &str) {
        for (maker, part) in self.makers.iter().zip(["interactions", "users"]) {
            let mut connection = connect(maker).await;
            let sql = format!("{verb} {}_{part}", self.name);
            connection.execute(AssertSqlSafe(sql)).await.expect(verb);
            let _ = connection.close().await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The test's own runtime may be unwinding: this takes one of its own.
        std::thread::scope(|scope| {
            let dropping = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(self.on_both("DROP DATABASE IF EXISTS"));
            });
            let _ = dropping.join();
        });
    }
}

async fn connect(url: &str) -> MySqlConnection {
    let options: MySqlConnectOptions = url.parse().expect("a database URL");
    options.disable_statement_logging().connect().await.expect("the database answers")
}

/// The same URL with another database.
fn in_database(url: &str, database: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("a URL ends with its database");
    format!("{server}/{database}")
}

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests by bin/test, which starts the services they need")
    })
}
