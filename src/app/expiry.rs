//! What time does by itself: orders that nobody took expire, and contracts that were delivered long
//! ago count as completed. Every server looks now and then, and asks the exchange for what is due:
//! like any other command that is done once, whoever asks first.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::MySqlPool;
use tokio::time::MissedTickBehavior;

use super::App;
use crate::exchange::command::{Command, CompleteContract, ExpireOrder};
use crate::identity::User;
use crate::logs::Trouble;
use crate::{contracts, orders};

const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Orders or contracts that are asked for at once.
const TOGETHER: u32 = 100;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Days after which something never happens.
const NEVER: u32 = u32::MAX;

/// Looks for as long as the server runs. What was due while no server ran is done at once.
pub async fn run(app: Arc<App>, pool: MySqlPool) {
    let (expire, complete) = (app.config.expire_after_days, app.config.complete_after_days);
    let mut orders_trouble = Trouble::with("looking for orders that expire");
    let mut contracts_trouble = Trouble::with("looking for contracts that complete by themselves");
    let mut timer = tokio::time::interval(LOOK_EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        while expire != NEVER
            && let Some(due) =
                orders_trouble.note(orders::store::list_due(&pool, expire, TOGETHER).await)
            && ask(&app, &due, |order_id| {
                Command::ExpireOrder(ExpireOrder { order_id, after: expire * DAY })
            })
            .await
        {}
        while complete != NEVER
            && let Some(due) =
                contracts_trouble.note(contracts::store::list_due(&pool, complete, TOGETHER).await)
            && ask(&app, &due, |contract_id| {
                let after = Some(complete * DAY);
                Command::CompleteContract(CompleteContract { contract_id, after })
            })
            .await
        {}
    }
}

/// Asks, in the customers' names, for what is due: ids, each with its customer. Returns whether
/// anything came of it: if not, the next look will do.
async fn ask(app: &App, due: &[(u32, u32)], command: impl Fn(u32) -> Command) -> bool {
    let asked = due
        .iter()
        .map(|&(id, customer)| app.exchange.submit(User::customer(customer), command(id), None));
    join_all(asked).await.iter().any(Result::is_ok)
}
