//! What the replay remembers of an order and of a contract: small and of fixed size, the text as a
//! mark only.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::check::{Fields, or_none};
use super::super::facts::fee;
use crate::contracts::notes::Note;
use crate::contracts::{self, Contract, State};
use crate::exchange::event::Run;
use crate::identity::Role;
use crate::moment::Moment;
use crate::orders::{Order, Status, description};

/// Stands for a description: two that differ have the same mark once in 2⁶⁴.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    hash: u64,
    bytes: usize,
}

impl Mark {
    pub fn of(text: &str) -> Mark {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Mark { hash: hasher.finish(), bytes: text.len() }
    }
}

/// An order as the journal has it.
#[derive(Clone, PartialEq, Debug)]
pub struct OrderRecord {
    pub customer_id: u32,
    pub status: Status,
    pub text: Mark,
    /// Its excerpt, and whether the text goes on.
    pub excerpt: (Mark, bool),
    /// In hundredths of the minor unit.
    pub price: i64,
    pub percent: u8,
    pub currency: &'static str,
    pub parent_id: Option<u32>,
    pub version: u32,
    pub edited: Option<u64>,
    pub revision: u64,
    pub created: Moment,
    pub last_action: Moment,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ContractRecord {
    pub order_id: u32,
    pub executor_id: u32,
    pub status: contracts::Status,
    pub revision: u64,
    pub created: Moment,
    pub last_action: Moment,
}

impl OrderRecord {
    pub fn of(order: &Order) -> OrderRecord {
        OrderRecord {
            customer_id: order.customer_id,
            status: order.status,
            text: Mark::of(&order.description),
            excerpt: excerpt(order),
            price: order.price.hundredths(),
            percent: order.percent.get(),
            currency: order.currency.code(),
            parent_id: order.parent_id,
            version: order.version,
            edited: order.edited,
            revision: order.revision,
            created: order.created,
            last_action: order.last_action,
        }
    }

    /// Whether what closes this order is of this order; its text need not be whole.
    pub fn compare_closing(&self, found: &Order) -> Fields {
        let mut fields = self.compare_fixed(found);
        fields.compare_unseen("description", excerpt(found), self.excerpt);
        fields
    }

    fn compare_fixed(&self, found: &Order) -> Fields {
        let mut fields = Fields::default();
        fields.compare("customer_id", found.customer_id, self.customer_id);
        fields.compare("money_cost", found.price.hundredths(), self.price);
        fields.compare("commission_percent", found.percent.get(), self.percent);
        fields.compare("original_currency", found.currency.code(), self.currency);
        fields.compare("parent_id", or_none(found.parent_id), or_none(self.parent_id));
        fields.compare("version", found.version, self.version);
        fields.compare("edited", or_none(found.edited), or_none(self.edited));
        fields.compare("created", found.created.to_rfc3339(), self.created.to_rfc3339());
        fields
    }

    pub fn compare(&self, found: &Order) -> Fields {
        let mut fields = self.compare_fixed(found);
        fields.compare_unseen("description", Mark::of(&found.description), self.text);
        fields.compare("status", found.status.name(), self.status.name());
        fields.compare("revision", found.revision, self.revision);
        let (found, wanted) = (found.last_action, self.last_action);
        fields.compare("last_action", found.to_rfc3339(), wanted.to_rfc3339());
        fields
    }
}

impl ContractRecord {
    /// As it is made in this run.
    pub fn made(order_id: u32, executor_id: u32, run: &Run) -> ContractRecord {
        let (revision, created, last_action) = (run.revision, run.created, run.created);
        let status = contracts::Status::Accepted;
        ContractRecord { order_id, executor_id, status, revision, created, last_action }
    }

    /// `order` is the order that this contract was. Its terms are compared only in a contract that
    /// names it: which other orders are at hand depends on what else is wrong among their ids.
    pub fn compare(&self, found: &Contract, order: Option<&OrderRecord>) -> Fields {
        let order = order.filter(|_| found.order_id == self.order_id);
        let mut fields = self.compare_fixed(found, order);
        self.compare_state(&mut fields, found.state());
        if let Some(order) = order {
            fields.compare_unseen("description", Mark::of(&found.description), order.text);
        }
        fields
    }

    /// Whether what changes this contract is of this contract, and of the state it is in.
    pub fn compare_change(
        &self,
        found: &Contract,
        from: State,
        order: Option<&OrderRecord>,
    ) -> Fields {
        let order = order.filter(|_| found.order_id == self.order_id);
        let mut fields = self.compare_fixed(found, order);
        self.compare_state(&mut fields, from);
        fields
    }

    fn compare_state(&self, fields: &mut Fields, found: State) {
        fields.compare("status", found.status.name(), self.status.name());
        fields.compare("revision", found.revision, self.revision);
        let (found, wanted) = (found.last_action, self.last_action);
        fields.compare("last_action", found.to_rfc3339(), wanted.to_rfc3339());
    }

    fn compare_fixed(&self, found: &Contract, order: Option<&OrderRecord>) -> Fields {
        let mut fields = Fields::default();
        fields.compare("order_id", found.order_id, self.order_id);
        fields.compare("executor_id", found.executor_id, self.executor_id);
        fields.compare("created", found.created.to_rfc3339(), self.created.to_rfc3339());
        if let Some(order) = order {
            let fee = fee(order.price, order.percent);
            fields.compare("customer_id", found.customer_id, order.customer_id);
            fields.compare("money_cost", found.price.hundredths(), order.price);
            fields.compare("fee", i128::from(found.fee.hundredths()), fee);
            let payout = i128::from(order.price) - fee;
            fields.compare("payout", i128::from(found.payout.hundredths()), payout);
            fields.compare("commission_percent", found.percent.get(), order.percent);
            fields.compare("original_currency", found.currency.code(), order.currency);
        }
        fields
    }
}

/// A note as the journal has it.
#[derive(Clone, PartialEq, Debug)]
pub struct NoteRecord {
    pub author: Role,
    pub text: Mark,
    pub revision: u64,
    pub created: Moment,
}

impl NoteRecord {
    pub fn compare(&self, found: &Note) -> Fields {
        let mut fields = Fields::default();
        fields.compare("author", found.author.name(), self.author.name());
        fields.compare_unseen("text", Mark::of(&found.text), self.text);
        fields.compare("revision", found.revision, self.revision);
        fields.compare("created", found.created.to_rfc3339(), self.created.to_rfc3339());
        fields
    }
}

fn excerpt(order: &Order) -> (Mark, bool) {
    let (text, cut) = description::excerpt(&order.description);
    (Mark::of(text), cut || order.cut)
}
