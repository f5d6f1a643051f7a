//! The least there is: the same rows, in batches of the same size, by multi-row statements on one
//! connection; nothing is checked, queued, answered or published.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sqlx::{AssertSqlSafe, Executor, MySqlConnection};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::contest::{Contestant, Times, Work};
use super::stage::{Stage, connect};

pub struct Floor {
    stage: Stage,
    connection: Mutex<MySqlConnection>,
}

impl Floor {
    pub async fn new() -> Floor {
        let stage = Stage::new("floor").await;
        let connection = Mutex::new(connect(&stage.interactions).await);
        Floor { stage, connection }
    }

    fn batch(&self, orders: &[u32]) -> String {
        const NOW: &str = "'2026-01-01 00:00:00.000'";
        let uuid = Uuid::new_v4();
        let list = |row: &dyn Fn(u32) -> String| {
            orders.iter().map(|&order| row(order)).collect::<Vec<_>>().join(",")
        };
        let executor = |order: u32| 1 + order % orders.len() as u32;
        let description =
            |order: u32| format!("Paint the fence of house {order}, both sides, in green");
        let contracts = list(&|order| {
            format!(
                "({order},{order},{},{},'accepted','{}',1000000,20000,980000,2,'RUB',1,{NOW},{NOW},0)",
                500_000 + order % 1000,
                executor(order),
                description(order)
            )
        });
        let events = list(&|order| {
            format!(
                "{{\"type\":\"OrderAccepted\",\"order\":{{\"id\":{order},\"customer_id\":{},\
                 \"status\":\"taken\",\"description\":\"{}\",\"price\":1000000,\"percent\":2,\
                 \"currency\":\"RUB\",\"revision\":1,\"created\":\"2026-01-01T00:00:00.000Z\",\
                 \"last_action\":\"2026-01-01T00:00:00.000Z\"}},\"contract_id\":{order},\
                 \"executor_id\":{}}}",
                500_000 + order % 1000,
                description(order),
                executor(order)
            )
        });
        let ids = list(&|order| order.to_string());
        let requests = list(&|order| {
            format!(
                "('executor',{},'bench-{order}',x'{:064x}',\
                 '{{\"revision\":1,\"done\":{{\"accepted\":{{\"contract\":{order}}}}}}}',{NOW})",
                executor(order),
                order
            )
        });
        let people = list(&|order| format!("({},'RUB',1,0,980000,20000,{NOW})", executor(order)));
        let mut text = String::new();
        let count = orders.len();
        write!(
            text,
            "BEGIN; INSERT INTO contracts VALUES {contracts}; \
             UPDATE orders SET status = 'taken', revision = 1, last_action = {NOW} \
             WHERE id IN ({ids}); \
             INSERT INTO journal SELECT revision + 1, '{uuid}', batch, '[{events}]', {NOW} FROM board; \
             UPDATE board SET revision = revision + 1, batch = '{uuid}', \
             contracts = contracts + {count}, open_orders = open_orders - {count} WHERE id = 1; \
             INSERT INTO requests VALUES {requests}; \
             INSERT INTO {}_users.executors (global_id, original_currency, orders_accepted, \
             orders_completed, money_received, gain, registered) VALUES {people} \
             ON DUPLICATE KEY UPDATE orders_accepted = orders_accepted + VALUES(orders_accepted), \
             money_received = money_received + VALUES(money_received), gain = gain + VALUES(gain); \
             COMMIT",
            self.stage.name
        )
        .expect("writing to a string");
        text
    }
}

impl Contestant for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    fn run<'a>(&'a self, clients: usize, stop: Arc<AtomicBool>, times: &'a Times) -> Work<'a> {
        Box::pin(async move {
            let mut connection = self.connection.lock().await;
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                let orders: Vec<u32> =
                    (0..clients.min(256)).map(|_| self.stage.next_order()).collect();
                let batch = sqlx::raw_sql(AssertSqlSafe(self.batch(&orders)));
                connection.execute(batch).await.expect("batch");
                let each = start.elapsed().as_micros() as u64;
                times.add(&mut vec![each; orders.len()]);
            }
        })
    }
}
