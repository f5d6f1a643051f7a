//! The obvious way: a transaction per accept, from a pool; with a head row and a journal on demand.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sqlx::mysql::MySqlPoolOptions;
use sqlx::{AssertSqlSafe, Executor, MySqlConnection, MySqlPool, Row};
use uuid::Uuid;

use super::contest::{Contestant, Times, Work, closed_loop};
use super::stage::Stage;

pub struct RowLock {
    name: &'static str,
    stage: Stage,
    pool: MySqlPool,
    journal: bool,
    upsert: String,
}

impl RowLock {
    pub async fn new(name: &'static str, journal: bool) -> RowLock {
        let stage = Stage::new(name).await;
        let pool = MySqlPoolOptions::new()
            .max_connections(64)
            .acquire_timeout(std::time::Duration::from_secs(30))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    let level = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
                    connection.execute(level).await.map(|_| ())
                })
            })
            .connect_lazy(&stage.interactions_url)
            .expect("a URL");
        let upsert = upsert(&stage);
        RowLock { name, stage, pool, journal, upsert }
    }

    async fn accept(&self, executor: u32) {
        let order = self.stage.next_order();
        let mut transaction = self.pool.begin().await.expect("begin");
        let connection = &mut *transaction;
        let mut contract = order;
        if self.journal {
            let head = "SELECT revision, contracts FROM board WHERE id = 1 FOR UPDATE";
            let head = sqlx::query(head).fetch_one(&mut *connection).await.expect("head");
            contract = head.get::<u32, _>("contracts") + 1;
        }
        accept_one(connection, order, contract, executor).await;
        if self.journal {
            write_journal(connection, order, contract, executor).await;
        }
        let upsert = sqlx::query(AssertSqlSafe(self.upsert.as_str().to_owned()));
        upsert.bind(executor).execute(&mut *connection).await.expect("upsert");
        transaction.commit().await.expect("commit");
    }
}

/// The statement that counts an accept for its executor.
pub fn upsert(stage: &Stage) -> String {
    format!(
        "INSERT INTO {}_users.executors (global_id, original_currency, orders_accepted, \
         money_received, gain, registered) VALUES (?, 'RUB', 1, 980000, 20000, UTC_TIMESTAMP(3)) \
         ON DUPLICATE KEY UPDATE orders_accepted = orders_accepted + 1, \
         money_received = money_received + 980000, gain = gain + 20000",
        stage.name
    )
}

/// Checks that the order is open and makes it a contract.
pub async fn accept_one(
    connection: &mut MySqlConnection,
    order: u32,
    contract: u32,
    executor: u32,
) {
    let row =
        sqlx::query("SELECT customer_id, status, description FROM orders WHERE id = ? FOR UPDATE")
            .bind(order)
            .fetch_one(&mut *connection)
            .await
            .expect("the order");
    assert_eq!(row.get::<&str, _>("status"), "open");
    sqlx::query(
        "INSERT INTO contracts VALUES (?, ?, ?, ?, 'accepted', ?, 1000000, 20000, 980000, 2, \
         'RUB', 0, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 0)",
    )
    .bind(contract)
    .bind(order)
    .bind(row.get::<u32, _>("customer_id"))
    .bind(executor)
    .bind(row.get::<&str, _>("description"))
    .execute(&mut *connection)
    .await
    .expect("the contract");
    sqlx::query("UPDATE orders SET status = 'taken', last_action = UTC_TIMESTAMP(3) WHERE id = ?")
        .bind(order)
        .execute(&mut *connection)
        .await
        .expect("the order");
}

async fn write_journal(connection: &mut MySqlConnection, order: u32, contract: u32, executor: u32) {
    let batch = Uuid::new_v4().to_string();
    let event = format!(
        "[{{\"type\":\"OrderAccepted\",\"order\":{order},\"contract_id\":{contract},\
         \"executor_id\":{executor}}}]"
    );
    sqlx::query(
        "INSERT INTO journal SELECT revision + 1, ?, batch, ?, UTC_TIMESTAMP(3) FROM board",
    )
    .bind(&batch)
    .bind(event)
    .execute(&mut *connection)
    .await
    .expect("the journal");
    sqlx::query(
        "UPDATE board SET revision = revision + 1, batch = ?, contracts = ?, \
         open_orders = open_orders - 1 WHERE id = 1",
    )
    .bind(&batch)
    .bind(contract)
    .execute(&mut *connection)
    .await
    .expect("the head");
}

impl Contestant for RowLock {
    fn name(&self) -> &'static str {
        self.name
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    fn run<'a>(&'a self, clients: usize, stop: Arc<AtomicBool>, times: &'a Times) -> Work<'a> {
        closed_loop(clients, stop, times, async |person| self.accept(person).await)
    }
}
