//! What happened to an order: who, what and when. Its row says nearly all of it; who removed it, and
//! why, is read back from the journal.

use super::{Order, Status};
use crate::database::Reads;
use crate::exchange::event::Event;
use crate::exchange::journal;
use crate::identity::{Role, User};
use crate::page::history::Step;

/// Everything that happened to an order, oldest first. `executor` is who accepted it.
pub async fn of(
    reads: Reads<'_>,
    order: &Order,
    executor: Option<u32>,
) -> Result<Vec<Step>, sqlx::Error> {
    let customer = Some(User::customer(order.customer_id));
    let words = if order.parent_id.is_none() { "history-placed" } else { "history-placed-again" };
    let (status, reason, returned) = (Status::Open.name(), None, None);
    let placed = Step { at: order.created, by: customer, status, words, reason, returned };
    let (by, words, reason) = match order.status {
        Status::Open => return Ok(vec![placed]),
        Status::Taken => (executor.map(User::executor), "history-taken", None),
        Status::Withdrawn => (customer, "history-withdrawn", None),
        Status::Expired => (None, "history-expired", None),
        Status::Removed => {
            let (admin, reason) = removal(reads, order).await?.unzip();
            (admin, "history-removed", reason)
        }
    };
    let (at, status) = (order.last_action, order.status.name());
    Ok(vec![placed, Step { at, by, status, words, reason, returned }])
}

async fn removal(reads: Reads<'_>, order: &Order) -> Result<Option<(User, String)>, sqlx::Error> {
    let run = journal::find(reads, order.revision).await?;
    let mut events = run.into_iter().flat_map(|run| run.events);
    Ok(events.find_map(|event| match event {
        Event::OrderRemoved { order: Order { id, .. }, admin_id, reason } if id == order.id => {
            Some((User { role: Role::Admin, id: admin_id }, reason))
        }
        _ => None,
    }))
}
