//! Our server on databases of its own, and how they are filled.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use orderboard::database;
use sqlx::{AssertSqlSafe, Executor, Row};
use tokio::runtime::Runtime;

use super::cores::Cores;

/// Open orders, and as many that were taken and became contracts, one between any two open ones.
pub const ORDERS: u32 = 1_000_000;
/// People who placed them, and who took them.
pub const CUSTOMERS: u32 = 20_000;
const EXECUTORS: u32 = 5_000;

/// What stands in an order, with 140 characters as many have.
pub const DESCRIPTION: &str = "Paint the fence around the garden on both sides, in dark green, and \
                               mend the three boards next to the gate; paint and brushes are here";

/// Two databases, dropped in the end.
pub struct Databases {
    maker: String,
    name: String,
    runtime: Runtime,
}

impl Databases {
    pub fn new() -> Databases {
        let maker = std::env::var("DATABASE_URL").expect("DATABASE_URL is set");
        let name = format!("t_pages_{:08x}", fastrand::u32(..));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let databases = Databases { maker, name, runtime: runtime.expect("a runtime") };
        databases.on_both("CREATE DATABASE");
        databases
    }

    fn on_both(&self, verb: &str) {
        let parts = ["interactions", "users"];
        let statements = parts.map(|part| format!("{verb} {}_{part}", self.name));
        self.execute(&self.maker, &statements);
    }

    fn execute(&self, url: &str, statements: &[String]) {
        let options = database::options(url).expect("a URL");
        self.runtime.block_on(async {
            let mut connection = options.connect().await.expect("the database answers");
            for sql in statements {
                let done = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.as_str()))).await;
                done.unwrap_or_else(|error| panic!("{error}: {sql}"));
            }
        });
    }

    pub fn url(&self, part: &str) -> String {
        let (server, _) = self.maker.rsplit_once('/').expect("a database in the URL");
        format!("{server}/{}_{part}", self.name)
    }

    /// The memory that the database keeps pages of tables in, in MiB.
    pub fn buffer_pool_mib(&self) -> u64 {
        let options = database::options(&self.maker).expect("a URL");
        let bytes: u64 = self.runtime.block_on(async {
            let mut connection = options.connect().await.expect("the database answers");
            let row = connection.fetch_one("SELECT @@innodb_buffer_pool_size").await;
            row.expect("a setting").get(0)
        });
        bytes / 1024 / 1024
    }

    /// A big board, as if it had always been there: it begins at revision 0, as an empty one does.
    /// (The audit would miss the journal of how it came to be; the server reads only what follows.)
    pub fn fill(&self) {
        let (all, last) = (2 * ORDERS, 2 * ORDERS);
        let cost = "1000000 + 10000 * (seq MOD 500)";
        let now = "UTC_TIMESTAMP(3)";
        let statements = [
            // MariaDB sorts what comes into an empty table once, instead of each row on its way.
            "SET unique_checks = 0, foreign_key_checks = 0".to_owned(),
            format!(
                "INSERT INTO orders SELECT seq, 1 + seq DIV 2 MOD {CUSTOMERS}, \
                 IF(seq MOD 2, 'taken', 'open'), '{DESCRIPTION}', {cost}, 2, 'RUB', NULL, 0, {now}, \
                 {now}, 1, NULL FROM seq_1_to_{all}"
            ),
            format!(
                "INSERT INTO contracts SELECT seq, 2 * seq - 1, 1 + (2 * seq - 1) DIV 2 MOD \
                 {CUSTOMERS}, {CUSTOMERS} + 1 + seq MOD {EXECUTORS}, 'accepted', '{DESCRIPTION}', \
                 {cost}, ({cost}) DIV 50, {cost} - ({cost}) DIV 50, 2, 'RUB', 0, {now}, {now}, 0 \
                 FROM seq_1_to_{ORDERS}"
            ),
            format!(
                "UPDATE board SET orders = {last}, contracts = {ORDERS}, open_orders = {ORDERS}"
            ),
            "ANALYZE TABLE orders, contracts".to_owned(),
        ];
        self.execute(&self.url("interactions"), &statements);
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        self.on_both("DROP DATABASE");
    }
}

/// A running server.
pub struct Ours {
    server: Child,
    pub address: String,
    /// From its start until it listens.
    pub start: Duration,
}

impl Ours {
    pub fn start(databases: &Databases) -> Ours {
        Ours::start_with(databases, &[])
    }

    /// The same with other limits than none.
    pub fn start_with(databases: &Databases, limits: &[(&str, &str)]) -> Ours {
        let started = Instant::now();
        let mut server = Cores::SERVER
            .command(env!("CARGO_BIN_EXE_orderboard"))
            .arg("serve")
            .env("LISTEN", "127.0.0.1:0")
            .env("DATABASE_URL", databases.url("interactions"))
            .env("USERS_DATABASE_URL", databases.url("users"))
            // One address asks for everything here, and as few people.
            .env("MAX_ORDERS_PER_DAY", "0")
            .env("MAX_ACCEPTS_PER_MINUTE", "0")
            .env("MAX_CHANGES_PER_MINUTE", "0")
            .env("MAX_ACTIVE_CONTRACTS", "0")
            .env("MAX_QUERIES_TO_MYSQL", "0")
            .env("MAX_REQUESTS_PER_SECOND", "0")
            .envs(limits.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let stdout = server.stdout.take().expect("piped");
        let line = BufReader::new(stdout).lines().map_while(Result::ok);
        let line = line.into_iter().find(|line| line.contains("listening on"));
        let line = line.expect("it says where it listens");
        let (_, address) = line.trim().rsplit_once("http://").expect("an address");
        Ours { address: address.to_owned(), start: started.elapsed(), server }
    }

    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// Its memory now, and the most it ever had, in MiB.
    pub fn memory_mib(&self) -> [f64; 2] {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).expect("it runs");
        ["VmRSS:", "VmHWM:"].map(|name| {
            let line = status.lines().find(|line| line.starts_with(name)).expect("its memory");
            let kib: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("KiB");
            kib / 1024.0
        })
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
