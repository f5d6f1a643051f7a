//! What each event of the journal must be whatever became of its order before: this takes no memory
//! but the newest ids.

use super::check::{Check, Fields};
use crate::exchange::event::{Event, Run};
use crate::orders::{Order, Status, description};

pub struct Events {
    /// The highest id so far, and that of contracts.
    placed: u32,
    made: u32,
    check: Check,
}

impl Events {
    pub fn new() -> Events {
        let check = Check::new("every event can follow the ones before it");
        Events { placed: 0, made: 0, check }
    }

    /// Whether an order of this id can have been placed yet.
    pub fn knows(&self, order_id: u32) -> bool {
        order_id <= self.placed
    }

    /// A row of the journal, before its events.
    pub fn begin(&mut self, revision: u64, run: &Result<Run, sqlx::Error>) {
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
        let wrong = self.wrong(event, run);
        self.check.expect(wrong.is_none(), || {
            let (id, why) = (event.order().id, wrong.unwrap_or_default());
            format!("revision {}, order {id}: {why}", run.revision)
        });
    }

    pub fn finish(self) -> Check {
        self.check
    }

    fn wrong(&mut self, event: &Event, run: &Run) -> Option<String> {
        match event {
            Event::OrderPlaced { order } => self.place(order, run),
            Event::OrderWithdrawn { order } => close(order, Status::Withdrawn, run),
            Event::OrderExpired { order } => close(order, Status::Expired, run),
            Event::OrderRemoved { order, reason, .. } => {
                let no_reason = || reason.trim().is_empty().then(|| "removed for no reason".into());
                close(order, Status::Removed, run).or_else(no_reason)
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
        }
    }

    fn place(&mut self, order: &Order, run: &Run) -> Option<String> {
        let next = self.placed.saturating_add(1);
        self.placed = self.placed.max(order.id);
        if order.id != next {
            return Some(format!("placed, where {next} is the next id"));
        }
        if order.cut {
            return Some("placed without its whole description".to_owned());
        }
        let (price, percent) = (order.price.hundredths(), order.percent.get());
        if price <= 0 || i128::from(price) * i128::from(percent) % 100 != 0 {
            return Some(format!("placed for {price}, of which {percent} % is no whole amount"));
        }
        let mut fields = Fields::default();
        fields.compare("created", order.created.to_rfc3339(), run.created.to_rfc3339());
        state(order, Status::Open, run, fields)
    }
}

/// Closed with the revision and time of the run.
fn close(order: &Order, status: Status, run: &Run) -> Option<String> {
    if !order.cut && description::excerpt(&order.description).1 {
        return Some(format!("{} with more than an excerpt of its description", status.name()));
    }
    state(order, status, run, Fields::default())
}

fn state(order: &Order, status: Status, run: &Run, mut fields: Fields) -> Option<String> {
    fields.compare("status", order.status.name(), status.name());
    fields.compare("revision", order.revision, run.revision);
    let (found, wanted) = (order.last_action, run.created);
    fields.compare("last_action", found.to_rfc3339(), wanted.to_rfc3339());
    (!fields.is_empty()).then(|| fields.to_text())
}
