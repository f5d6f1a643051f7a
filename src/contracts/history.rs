//! What happened to a contract: who, what and when, read back from the journal. Each change says
//! from which state it went, so that a contract's last one leads to all before it.

use super::{Contract, State, Status};
use crate::database::Reads;
use crate::exchange::event::{Event, Run};
use crate::exchange::journal;
use crate::identity::{Role, User};
use crate::page::history::Step;

/// Everything that happened to a contract, oldest first.
pub async fn of(reads: Reads<'_>, contract: &Contract) -> Result<Vec<Step>, sqlx::Error> {
    let mut steps = Vec::new();
    let mut state = contract.state();
    // There are a few at most: states never come again.
    while state.status != Status::Accepted
        && steps.len() < Status::ALL.len()
        && let Some(run) = journal::find(reads, state.revision).await?
        && let Some((step, from)) = step(&run, contract, state.status)
    {
        steps.push(step);
        state = from;
    }
    steps.push(Step {
        at: contract.created,
        by: Some(User::executor(contract.executor_id)),
        status: Status::Accepted.name(),
        words: "history-accepted",
        reason: None,
        returned: None,
    });
    steps.reverse();
    Ok(steps)
}

/// The change by which the contract came into this state, and the state before.
fn step(run: &Run, contract: &Contract, status: Status) -> Option<(Step, State)> {
    let is_it = |event: &&Event| {
        event
            .changed()
            .is_some_and(|(changed, _)| (changed.id, changed.status) == (contract.id, status))
    };
    let event = run.events.iter().find(is_it)?;
    let (customer, executor) =
        (User::customer(contract.customer_id), User::executor(contract.executor_id));
    let (by, words, reason) = match event {
        Event::ContractDelivered { .. } => (Some(executor), "history-delivered", None),
        Event::ContractCompleted { by_time: true, .. } => (None, "history-completed-by-time", None),
        Event::ContractCompleted { .. } => (Some(customer), "history-completed", None),
        Event::ContractGivenUp { .. } => (Some(executor), "history-given-up", None),
        Event::ContractDisputed { by, reason, .. } => {
            let by = if *by == Role::Customer { customer } else { executor };
            (Some(by), "history-disputed", Some(reason.clone()))
        }
        Event::ContractRuled { admin_id, reason, .. } => {
            let words = match status {
                Status::Completed => "history-ruled-completed",
                _ => "history-ruled-cancelled",
            };
            (Some(User { role: Role::Admin, id: *admin_id }), words, Some(reason.clone()))
        }
        _ => return None,
    };
    let given_up = matches!(event, Event::ContractGivenUp { .. });
    let returned = run.events.iter().find_map(|event| match event {
        Event::OrderReturned { order } if order.parent_id == Some(contract.order_id) => {
            Some(order.id)
        }
        _ => None,
    });
    let returned = returned.filter(|_| given_up);
    let (_, from) = event.changed()?;
    let (at, status) = (run.created, status.name());
    Some((Step { at, by, status, words, reason, returned }, from))
}
