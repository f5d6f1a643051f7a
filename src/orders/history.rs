//! What happened to an order: who, what and when. Its row says nearly all of it; who removed it, and
//! why, is read back from the journal.

use super::{Order, Status};
use crate::database::Reads;
use crate::exchange::event::Event;
use crate::exchange::journal;
use crate::identity::{Role, User};
use crate::page::history::Step;

/// How many edits are told.
const EDITS: usize = 20;

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
    let mut steps = vec![placed];
    steps.extend(edits(reads, order).await?);
    let (by, words, reason) = match order.status {
        Status::Open => return Ok(steps),
        Status::Taken => (executor.map(User::executor), "history-taken", None),
        Status::Withdrawn => (customer, "history-withdrawn", None),
        Status::Expired => (None, "history-expired", None),
        Status::Removed => {
            let (admin, reason) = removal(reads, order).await?.unzip();
            (admin, "history-removed", reason)
        }
    };
    let (at, status) = (order.last_action, order.status.name());
    steps.push(Step { at, by, status, words, reason, returned });
    Ok(steps)
}

/// The newest edits, oldest first: each says from which state it went.
async fn edits(reads: Reads<'_>, order: &Order) -> Result<Vec<Step>, sqlx::Error> {
    let mut steps = Vec::new();
    let (mut revision, mut version) = (order.edited, order.version);
    while let Some(edited) = revision
        && steps.len() < EDITS
        && let Some(run) = journal::find(reads, edited).await?
    {
        let is_it = |event: &&Event| {
            event.order().is_some_and(|known| (known.id, known.version) == (order.id, version))
        };
        let mut events = run.events.iter().filter(is_it);
        let Some(from) = events.find_map(|event| match event {
            Event::OrderEdited { from, .. } => Some(from),
            _ => None,
        }) else {
            break;
        };
        steps.push(Step {
            at: run.created,
            by: Some(User::customer(order.customer_id)),
            status: Status::Open.name(),
            words: "history-edited",
            reason: None,
            returned: None,
        });
        (revision, version) = (from.edited, from.version);
    }
    steps.reverse();
    Ok(steps)
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
