//! A customer: places an order now and then, and sometimes takes one back.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;

use super::call::NoAnswer;
use super::market::Market;
use super::tally::one_more;
use super::{People, orders, work};

/// In a hundred turns.
const WITHDRAWALS: u8 = 7;
/// More than this on the board, and people take longer to place the next.
const CROWDED: f64 = 22.0;
/// With `--fast`, nobody places another above this, until some are taken.
const FULL: u64 = 200;
const FULL_PAUSE: Duration = Duration::from_millis(10);
/// How many orders make a board that is worth looking at.
const FIRST_ORDERS: u32 = 10;

/// Lives until the market stops. `id` is the first person; others follow when one goes home.
pub async fn live(market: Arc<Market>, people: Arc<People>, mut id: u32, mut rng: Rng) {
    market.linger(&mut rng, 0.0..25.0).await;
    while !market.is_stopping() {
        let open = market.tally.open.load(Relaxed);
        if market.fast && open > FULL {
            market.pause(FULL_PAUSE).await;
            continue;
        }
        let turn = match rng.u8(..100) {
            ..WITHDRAWALS => withdraw(&market, id, &mut rng).await,
            _ => place(&market, id, &mut rng).await,
        };
        // What was delivered meanwhile is looked at, too; with `--fast` nobody has the time.
        let turn = match turn {
            Ok(()) if !market.fast => work::confirm(&market, id, &mut rng).await,
            turn => turn,
        };
        if turn == Err(NoAnswer::GoHome) {
            id = people.replace(&market).await;
        }
        let slower = (open as f64 / CROWDED).max(1.0);
        market.linger(&mut rng, 10.0 * slower..40.0 * slower).await;
    }
}

/// Puts some orders on an empty board, so that there is something to see at once.
pub async fn open_the_board(market: Arc<Market>, people: Arc<People>, mut rng: Rng) {
    let Ok(Some(board)) = market.board(("executor", super::EXECUTORS), 1, 20).await else {
        return;
    };
    if board.open_orders > 0 {
        return;
    }
    for number in 0..FIRST_ORDERS {
        if place(&market, people.nth(number % people.count), &mut rng).await.is_err() {
            return;
        }
        market.linger(&mut rng, 0.1..0.6).await;
    }
}

async fn place(market: &Market, id: u32, rng: &mut Rng) -> Result<(), NoAnswer> {
    let draft = orders::draft(rng);
    let body = json!({
        "description": draft.description,
        "price": draft.price,
        "currency": draft.currency,
    });
    match market.post(("customer", id), "/api/orders", &body).await? {
        (201, _) => one_more(&market.tally.placed),
        (status, body) => market.refused(status, &body).await,
    }
    Ok(())
}

/// Withdraws one of the open orders on the first page of one's own, if there is any.
async fn withdraw(market: &Market, id: u32, rng: &mut Rng) -> Result<(), NoAnswer> {
    let who = ("customer", id);
    let (status, mine) = market.get(who, "/api/my/orders?page=1&per_page=20").await?;
    if status != 200 {
        market.refused(status, &mine).await;
        return Ok(());
    }
    let rows = mine["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let open = rows.iter().filter(|order| order["status"] == "open");
    let open: Vec<u64> = open.filter_map(|order| order["id"].as_u64()).collect();
    let Some(order) = rng.choice(open) else {
        return Ok(());
    };
    market.linger(rng, 1.0..4.0).await;
    let path = format!("/api/orders/{order}/withdraw");
    match market.post(who, &path, &json!({})).await? {
        (200, _) => one_more(&market.tally.withdrawn),
        (409, body) if body["code"] == "order_not_open" => one_more(&market.tally.kept),
        (status, body) => market.refused(status, &body).await,
    }
    Ok(())
}
