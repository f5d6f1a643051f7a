//! Two fresh databases for one contestant, and open orders to accept.

use std::sync::atomic::{AtomicU32, Ordering};

use orderboard::database::{self, Address};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection};
use uuid::Uuid;

/// A contestant's databases. Order ids are handed out, each to one client.
pub struct Stage {
    pub name: String,
    pub interactions: Address,
    pub users: Address,
    pub interactions_url: String,
    pub users_url: String,
    next: AtomicU32,
    placed: AtomicU32,
}

impl Stage {
    pub async fn new(contestant: &str) -> Stage {
        let url = std::env::var("DATABASE_URL").expect("DATABASE_URL is set");
        let (server, database) = url.rsplit_once('/').expect("a database in the URL");
        let name = format!("t_{}_{}", contestant, &Uuid::new_v4().simple().to_string()[..8]);
        let mut connection = connect(&database::options(&url).expect("DATABASE_URL")).await;
        assert!(!database.is_empty());
        let [interactions_url, users_url] =
            ["interactions", "users"].map(|part| format!("{server}/{name}_{part}"));
        for part in ["interactions", "users"] {
            let create = format!("CREATE DATABASE {name}_{part} CHARACTER SET utf8mb4");
            connection.execute(sqlx::raw_sql(AssertSqlSafe(create))).await.expect("create");
        }
        let interactions = database::options(&interactions_url).expect("a URL");
        let users = database::options(&users_url).expect("a URL");
        database::prepare("interactions", &interactions, &database::INTERACTIONS)
            .await
            .expect("migrate");
        database::prepare("users", &users, &database::USERS).await.expect("migrate");
        Stage {
            name,
            interactions,
            users,
            interactions_url,
            users_url,
            next: AtomicU32::new(1),
            placed: AtomicU32::new(0),
        }
    }

    /// The next order that nobody has asked for.
    pub fn next_order(&self) -> u32 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        assert!(id <= self.placed.load(Ordering::Relaxed), "{} ran out of orders", self.name);
        id
    }

    /// Sees to it that at least `count` open orders wait.
    pub async fn refill(&self, count: u32) {
        let mut placed = self.placed.load(Ordering::Relaxed);
        let waiting = placed + 1 - self.next.load(Ordering::Relaxed);
        if waiting >= count {
            return;
        }
        let mut connection = connect(&self.interactions).await;
        // Whatever was placed through the exchange meanwhile has ids of its own.
        let head: u32 = sqlx::query_scalar("SELECT orders FROM board")
            .fetch_one(&mut connection)
            .await
            .expect("head");
        if head > placed {
            placed = head;
            self.next.store(head + 1, Ordering::Relaxed);
        }
        let until = placed + count;
        for first in (placed + 1..=until).step_by(2000) {
            let rows: Vec<String> = (first..=until.min(first + 1999))
                .map(|id| {
                    format!(
                        "({id},{},'open','Paint the fence of house {id}, both sides, in green',\
                         1000000,2,'RUB',NULL,0,UTC_TIMESTAMP(3),UTC_TIMESTAMP(3),1,NULL)",
                        500_000 + id % 1000
                    )
                })
                .collect();
            let text = format!("INSERT INTO orders VALUES {}", rows.join(","));
            connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.expect("orders");
        }
        let head =
            format!("UPDATE board SET orders = {until}, open_orders = open_orders + {count}");
        connection.execute(sqlx::raw_sql(AssertSqlSafe(head))).await.expect("head");
        self.placed.store(until, Ordering::Relaxed);
    }

    pub async fn drop_databases(&self) {
        let mut connection = connect(&self.interactions).await;
        for part in ["interactions", "users"] {
            let drop = format!("DROP DATABASE {}_{part}", self.name);
            connection.execute(sqlx::raw_sql(AssertSqlSafe(drop))).await.expect("drop");
        }
    }
}

pub async fn connect(address: &Address) -> MySqlConnection {
    address.connect().await.expect("the database answers")
}
