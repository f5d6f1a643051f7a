//! The way of the program that this one replaces: lock both tables, check, write, unlock; then
//! count it for the executor.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sqlx::mysql::MySqlPoolOptions;
use sqlx::{AssertSqlSafe, Executor, MySqlPool};

use super::contest::{Contestant, Times, Work, closed_loop};
use super::row_lock::{accept_one, upsert};
use super::stage::Stage;

pub struct LockTables {
    stage: Stage,
    pool: MySqlPool,
    upsert: String,
}

impl LockTables {
    pub async fn new() -> LockTables {
        let stage = Stage::new("lock_tables").await;
        let pool = MySqlPoolOptions::new()
            .max_connections(64)
            .acquire_timeout(std::time::Duration::from_secs(30))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute("SET SESSION autocommit = 0").await.map(|_| ())
                })
            })
            .connect_lazy(&stage.interactions_url)
            .expect("a URL");
        let upsert = upsert(&stage);
        LockTables { stage, pool, upsert }
    }

    async fn accept(&self, executor: u32) {
        let order = self.stage.next_order();
        let mut connection = self.pool.acquire().await.expect("a connection");
        // The text protocol: LOCK TABLES cannot be prepared.
        let run = async |connection: &mut sqlx::MySqlConnection, text: &'static str| {
            sqlx::raw_sql(text).execute(connection).await.expect(text);
        };
        run(&mut connection, "LOCK TABLES orders WRITE, contracts WRITE").await;
        accept_one(&mut connection, order, order, executor).await;
        run(&mut connection, "COMMIT").await;
        run(&mut connection, "UNLOCK TABLES").await;
        let upsert = sqlx::query(AssertSqlSafe(self.upsert.clone()));
        upsert.bind(executor).execute(&mut *connection).await.expect("upsert");
        run(&mut connection, "COMMIT").await;
    }
}

impl Contestant for LockTables {
    fn name(&self) -> &'static str {
        "lock_tables"
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    fn run<'a>(&'a self, clients: usize, stop: Arc<AtomicBool>, times: &'a Times) -> Work<'a> {
        closed_loop(clients, stop, times, async |person| self.accept(person).await)
    }
}
