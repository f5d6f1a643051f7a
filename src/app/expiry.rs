//! What time does to orders by itself. Every server looks now and then, and asks the exchange for
//! what is due: like any other command that is done once, whoever asks first.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::MySqlPool;
use tokio::time::MissedTickBehavior;

use super::App;
use crate::exchange::command::{Command, ExpireOrder};
use crate::identity::User;
use crate::orders;

const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Orders that are asked for at once.
const TOGETHER: u32 = 100;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Looks for as long as the server runs. What was due while no server ran is done at once.
pub async fn run(app: Arc<App>, pool: MySqlPool) {
    let days = app.config.expire_after_days;
    if days == u32::MAX {
        return std::future::pending().await;
    }
    let mut timer = tokio::time::interval(LOOK_EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        // A database that is away is spoken of by whoever needs it more.
        while let Ok(due) = orders::store::list_due(&pool, days, TOGETHER).await
            && !due.is_empty()
            && expire(&app, days, &due).await
        {}
    }
}

/// Whether anything came of it: if not, the next look will do.
async fn expire(app: &App, days: u32, due: &[(u32, u32)]) -> bool {
    let after = days * DAY;
    let asked = due.iter().map(|&(order_id, customer_id)| {
        let command = Command::ExpireOrder(ExpireOrder { order_id, after });
        app.exchange.submit(User::customer(customer_id), command, None)
    });
    join_all(asked).await.iter().any(Result::is_ok)
}
