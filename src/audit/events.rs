//! What each event of the journal must be whatever became of its order or contract before: this
//! takes no memory but the newest ids.

use super::check::{Check, Fields, or_none};
use crate::contracts::{self, Contract, State};
use crate::exchange::event::{Event, Run};
use crate::identity::Role;
use crate::orders::{Order, Status, description};

pub struct Events {
    /// The highest id so far, and that of contracts.
    placed: u32,
    made: u32,
    /// A contract was just given up: next its order comes back.
    given_up: Option<Contract>,
    check: Check,
}

impl Events {
    pub fn new() -> Events {
        let check = Check::new("every event can follow the ones before it");
        Events { placed: 0, made: 0, given_up: None, check }
    }

    /// Whether an order of this id can have been placed yet.
    pub fn knows_order(&self, id: u32) -> bool {
        id <= self.placed
    }

    /// Whether a contract of this id can have been made yet.
    pub fn knows_contract(&self, id: u32) -> bool {
        id <= self.made
    }

    /// A row of the journal, before its events.
    pub fn begin(&mut self, revision: u64, run: &Result<Run, sqlx::Error>) {
        self.expect_no_return();
        match run {
            Ok(run) => {
                let some = !run.events.is_empty();
                self.check.expect(some, || format!("revision {revision} has no events"));
            }
            Err(error) => {
                self.check.expect(false, || format!("revision {revision} is unreadable: {error}"));
            }
        }
    }

    pub fn add(&mut self, event: &Event, run: &Run) {
        if !matches!(event, Event::OrderReturned { .. }) {
            self.expect_no_return();
        }
        let wrong = self.wrong(event, run);
        self.check.expect(wrong.is_none(), || {
            let (subject, why) = (event.subject(), wrong.unwrap_or_default());
            format!("revision {}, {subject}: {why}", run.revision)
        });
    }

    pub fn finish(mut self) -> Check {
        self.expect_no_return();
        self.check
    }

    fn expect_no_return(&mut self) {
        let missing = self.given_up.take();
        self.check.expect(missing.is_none(), || {
            let id = missing.map_or(0, |contract| contract.id);
            format!("contract {id} was given up, and its order did not come back")
        });
    }

    fn wrong(&mut self, event: &Event, run: &Run) -> Option<String> {
        use contracts::Status::{Accepted, Cancelled, Completed, Delivered, Disputed};
        match event {
            Event::OrderPlaced { order } => self.place(order, run),
            Event::OrderReturned { order } => {
                let contract = self.given_up.take();
                self.place(order, run).or_else(|| came_back(order, contract.as_ref()))
            }
            Event::OrderEdited { order, from } => edit(order, from, run),
            Event::OrderWithdrawn { order } => close(order, Status::Withdrawn, run),
            Event::OrderExpired { order } => close(order, Status::Expired, run),
            Event::OrderRemoved { order, reason, .. } => {
                close(order, Status::Removed, run).or_else(|| without_reason("removed", reason))
            }
            Event::OrderAccepted { order, contract_id, executor_id } => {
                let next = self.made.saturating_add(1);
                self.made = self.made.max(*contract_id);
                close(order, Status::Taken, run).or_else(|| {
                    if *contract_id != next {
                        return Some(format!("contract {contract_id} is made, not {next}"));
                    }
                    let own = order.customer_id == *executor_id;
                    own.then(|| format!("customer {executor_id} accepted it themselves"))
                })
            }
            Event::ContractDelivered { contract, from } => {
                change(contract, *from, &[Accepted], &[Delivered], run)
            }
            Event::ContractCompleted { contract, from, .. } => {
                change(contract, *from, &[Delivered], &[Completed], run)
            }
            Event::ContractGivenUp { contract, from } => {
                self.given_up = Some(contract.clone());
                change(contract, *from, &[Accepted], &[Cancelled], run)
            }
            Event::ContractDisputed { contract, from, by, reason } => {
                change(contract, *from, &[Accepted, Delivered], &[Disputed], run)
                    .or_else(|| without_reason("disputed", reason))
                    .or_else(|| (*by == Role::Admin).then(|| "disputed by an admin".to_owned()))
            }
            Event::NoteWritten { contract_id, author, text, .. } => {
                if !self.knows_contract(*contract_id) {
                    return Some("written before there was the contract".to_owned());
                }
                if *author == Role::Admin {
                    return Some("written by an admin".to_owned());
                }
                text.trim().is_empty().then(|| "empty".to_owned())
            }
            Event::ContractRuled { contract, from, reason, .. } => {
                change(contract, *from, &[Disputed], &[Completed, Cancelled], run)
                    .or_else(|| without_reason("ruled", reason))
            }
        }
    }

    fn place(&mut self, order: &Order, run: &Run) -> Option<String> {
        let next = self.placed.saturating_add(1);
        self.placed = self.placed.max(order.id);
        if order.id != next {
            return Some(format!("placed, where {next} is the next id"));
        }
        if let Some(wrong) = offered("placed", order) {
            return Some(wrong);
        }
        let mut fields = Fields::default();
        fields.compare("version", order.version, 1);
        fields.compare("edited", or_none(order.edited), or_none(None::<u64>));
        fields.compare("created", order.created.to_rfc3339(), run.created.to_rfc3339());
        state(order, Status::Open, run, fields)
    }
}

/// What stands on the board does so with its whole text, and for a price that can be divided.
fn offered(what: &str, order: &Order) -> Option<String> {
    if order.cut {
        return Some(format!("{what} without its whole description"));
    }
    let (price, percent) = (order.price.hundredths(), order.percent.get());
    let odd = price <= 0 || i128::from(price) * i128::from(percent) % 100 != 0;
    odd.then(|| format!("{what} for {price}, of which {percent} % is no whole amount"))
}

/// From one version to the next one, of which some things never differ.
fn edit(order: &Order, from: &Order, run: &Run) -> Option<String> {
    if let Some(wrong) = offered("edited", order).or_else(|| offered("edited from one", from)) {
        return Some(wrong);
    }
    if from.status != Status::Open {
        return Some(format!("edited, and was {} before", from.status.name()));
    }
    if from.revision > run.revision || from.last_action > run.created {
        return Some("edited, and comes from a later state".to_owned());
    }
    if (&order.description, order.price) == (&from.description, from.price) {
        return Some("edited without a difference".to_owned());
    }
    let mut fields = Fields::default();
    fields.compare("id", from.id, order.id);
    fields.compare("version", order.version, from.version.saturating_add(1));
    fields.compare("edited", or_none(order.edited), run.revision.to_string());
    fields.compare("customer_id", order.customer_id, from.customer_id);
    fields.compare("commission_percent", order.percent.get(), from.percent.get());
    fields.compare("original_currency", order.currency.code(), from.currency.code());
    fields.compare("parent_id", or_none(order.parent_id), or_none(from.parent_id));
    fields.compare("created", order.created.to_rfc3339(), from.created.to_rfc3339());
    state(order, Status::Open, run, fields)
}

/// Closed with the revision and time of the run.
fn close(order: &Order, status: Status, run: &Run) -> Option<String> {
    if !order.cut && description::excerpt(&order.description).1 {
        return Some(format!("{} with more than an excerpt of its description", status.name()));
    }
    state(order, status, run, Fields::default())
}

/// From one of these states into one of those, with the revision and time of the run.
fn change(
    contract: &Contract,
    from: State,
    allowed: &[contracts::Status],
    next: &[contracts::Status],
    run: &Run,
) -> Option<String> {
    let status = contract.status.name();
    if !next.contains(&contract.status) {
        return Some(format!("this does not make it {status}"));
    }
    if !allowed.contains(&from.status) {
        return Some(format!("{status}, and was {} before", from.status.name()));
    }
    if from.revision > run.revision || from.last_action > run.created {
        return Some(format!("{status}, and comes from a later state"));
    }
    if !contract.cut && description::excerpt(&contract.description).1 {
        return Some(format!("{status} with more than an excerpt of its description"));
    }
    let mut fields = Fields::default();
    fields.compare("revision", contract.revision, run.revision);
    let (found, wanted) = (contract.last_action, run.created);
    fields.compare("last_action", found.to_rfc3339(), wanted.to_rfc3339());
    (!fields.is_empty()).then(|| fields.to_text())
}

/// On the terms of the contract that was given up right before.
fn came_back(order: &Order, contract: Option<&Contract>) -> Option<String> {
    let Some(contract) = contract else {
        return Some("came back, and no contract was given up".to_owned());
    };
    let mut fields = Fields::default();
    fields.compare("parent_id", or_none(order.parent_id), contract.order_id.to_string());
    fields.compare("customer_id", order.customer_id, contract.customer_id);
    fields.compare("money_cost", order.price.hundredths(), contract.price.hundredths());
    fields.compare("commission_percent", order.percent.get(), contract.percent.get());
    fields.compare("original_currency", order.currency.code(), contract.currency.code());
    let (found, wanted) = (order.to_excerpt(), contract.to_excerpt());
    let wanted = (wanted.description, wanted.cut);
    fields.compare_unseen("description", (found.description, found.cut), wanted);
    (!fields.is_empty()).then(|| fields.to_text())
}

fn without_reason(what: &str, reason: &str) -> Option<String> {
    reason.trim().is_empty().then(|| format!("{what} for no reason"))
}

fn state(order: &Order, status: Status, run: &Run, mut fields: Fields) -> Option<String> {
    fields.compare("status", order.status.name(), status.name());
    fields.compare("revision", order.revision, run.revision);
    let (found, wanted) = (order.last_action, run.created);
    fields.compare("last_action", found.to_rfc3339(), wanted.to_rfc3339());
    (!fields.is_empty()).then(|| fields.to_text())
}
